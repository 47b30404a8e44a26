"""e06: who gains and who loses under four ways of funding moderate needs.

The funding models are scenarios of the library: by child (input), by pupils (throughput), by cluster, and mixed. Each
costs on its first day what it replaces; later cost is an outcome. Beside national series, every run leaves how unmet
need, labels and special places divide by kind of need, disadvantage and school in the January of `LOOKED_AT`, against
no change on the same draws.

What is known of such changes elsewhere is declared in `EVIDENCE` and set beside what comes out: the Dutch, for one,
found that neither lump sums nor budgets of pupils lowered the share in special schools. Authorities are compared by
quarters of plans a pupil in 2015.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sendcycle import Parameters, simulate
from sendcycle.outputs.results import Result
from sendcycle_experiments.analysis.comparison import design, differences, outcomes_with_costs
from sendcycle_experiments.analysis.evidence import LEVELS, verdict
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.figures.style import COLOURS, save_figure, style_axes
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.studies.registry import Funding
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import write_outcomes
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.resuming import resume_or_refuse
from sendcycle_experiments.sweeps.runner import counted

PAGE = ("funding.pdf", "funding.png")
FIRST_JANUARY = "2015-01"
QUARTERS = {
    "school": ("schools: least need", "second", "third", "schools: most need"),
    "authority": ("authorities: fewest plans", "second quarter", "third quarter", "authorities: most plans"),
}
MODELS = ("no_change", "funding_input", "funding_throughput", "funding_cluster", "funding_mixed_by_severity")
FORMULA = "funding_throughput"
LOOKED_AT = 2035
UNTIL = f"{LOOKED_AT}-03"
KINDS = {  # by what a need of the kind usually costs to meet
    "learning": "mild", "slcn": "mild", "semh": "mild", "autism": "moderate", "physical": "moderate",
    "profound": "severe",
}  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What was found elsewhere: how a funding model moves a measure; for `expected` see `evidence.verdict`."""

    found: str
    source: str
    reform_scenario: str
    group: str
    measure: str
    expected: str


ALL = "all children with a need"
GAP = "most less least need"
PIJL, DHUEY = "Pijl 2016, Discourse 37(4)", "Dhuey and Lipscomb 2011, Education Finance and Policy 6(2)"
EVIDENCE = (
    Evidence("lump sums did not lower segregation", PIJL, "funding_throughput", ALL, "special", "not lower"),
    Evidence("budgets of pupils did not lower segregation", PIJL, "funding_input", ALL, "special", "not lower"),
    Evidence("nor did a mixture", PIJL, "funding_mixed_by_severity", ALL, "special", "not lower"),
    Evidence("capitation lowers rates of mild needs", DHUEY, "funding_throughput", "mild", "labelled", "lower"),
    Evidence("and, later, of severe ones", DHUEY, "funding_throughput", "severe", "labelled", "lower"),
    Evidence("severe needs leave the school more often", DHUEY, "funding_throughput", "severe", "special", "higher"),
    Evidence(
        "money for labels brings labels", "Cullen 2003, Journal of Public Economics 87", "funding_input", ALL, "plan",
        "higher",
    ),
)  # fmt: skip
NOTHING = 0.05  # percentage points: a change that is smaller is none
GROUPED_AT = "2027-01"  # schools are sorted before anything is announced, so that groups are the same in all runs


def who(result: Result) -> pd.DataFrame:
    """Return what groups of children and schools have in January `LOOKED_AT`.

    Returns
    -------
    pandas.DataFrame
        Columns `by`, `group`, `measure` and `value`. Of children aged under 16 with a need, percent: `unmet` need, with
        a label (`labelled`), with a `plan`, in `special` schools; all, by kind, disadvantage and need. Of quarters
        of schools by load of need in `GROUPED_AT`: `coverage` of need, its `GAP`, and `labelled` of all pupils. Of
        quarters of authorities by plans a pupil of mainstream schools in `FIRST_JANUARY`: `coverage` of their schools.
    """
    month = f"{LOOKED_AT}-01"
    children = result.breakdowns
    children = children[(children["month"] == month) & (children["age"].isin(["under 5", "5 to 10", "11 to 15"]))]
    children = children.assign(
        kind=children["need"].map(KINDS),
        all=ALL,
        disadvantage=np.where(children["disadvantaged"], "free school meals", "no free school meals"),
    )
    rows: list[tuple[str, str, str, float]] = []
    for by in ("all", "kind", "disadvantage", "need"):
        for group, part in children.groupby(by):
            whole = part["children"].sum()
            counted = {
                "unmet": part["unmet"].sum(),
                "labelled": part.loc[part["label"] != "none", "children"].sum(),
                "plan": part.loc[part["label"] == "plan", "children"].sum(),
                "special": part.loc[part["setting"].isin(["state_special", "independent_special"]), "children"].sum(),
            }
            rows += [(by, str(group), measure, 100.0 * count / whole) for measure, count in counted.items()]
    schools = result.schools
    before = schools[schools["month"] == GROUPED_AT].set_index("school")
    now = schools[schools["month"] == month].set_index("school")
    now = now[now["pupils"] > 0.0]
    load = (before["need_load"] / before["pupils"].where(before["pupils"] > 0.0)).reindex(now.index)
    first = schools[schools["month"] == FIRST_JANUARY].groupby("la_code")[["pupils_with_plan", "pupils"]].sum()
    rate = (first["pupils_with_plan"] / first["pupils"]).reindex(now["la_code"]).to_numpy()
    rates: dict[str, list[float]] = {"school": [], "authority": []}
    for by, values in (("school", load.to_numpy()), ("authority", rate)):
        quarter = quarters(values, (now["weight"] * now["pupils"]).to_numpy())
        for k, group in enumerate(QUARTERS[by]):
            part = now[quarter == k]
            weights = part["weight"] * part["pupils"]
            if not len(part):
                continue
            rows.append((by, group, "coverage", 100.0 * float(np.average(part["coverage"], weights=weights))))
            rates[by].append(rows[-1][-1])
            if by == "school":
                sen = (part["pupils_sen_support"] + part["pupils_with_plan"]) * part["weight"]
                rows.append((by, group, "labelled", 100.0 * float(sen.sum() / weights.sum())))
    if len(rates["school"]) == len(QUARTERS["school"]):
        rows.append(("gap", GAP, "coverage", rates["school"][-1] - rates["school"][0]))
    return pd.DataFrame(rows, columns=["by", "group", "measure", "value"])


def quarters(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return in which quarter of the weight each value lies, 0 to 3, from the lowest; -1 where it is not known."""
    order = np.argsort(np.where(np.isnan(values), np.inf, values), kind="stable")
    known = weights * ~np.isnan(values)
    below = np.cumsum(known[order]) - 0.5 * known[order]
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.minimum(4.0 * below / max(known.sum(), 1e-9), 3.0).astype(int)
    return np.where(np.isnan(values), -1, found)


def _one(scenario: str, values: dict[str, float], scale: float, seed: int, path: Path) -> None:
    result = simulate(Parameters(**values), read_scenario(scenario), seed, scale, UNTIL, threads=1)
    found = who(result).assign(reform_scenario=scenario)
    partial = path.with_suffix(".part")
    found.to_parquet(partial)
    partial.replace(path)


def run_by_group(
    ensemble: Ensemble, folder: Path, *, scale: float = 0.02, seed: int = 600, workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run every member under every funding model; goes on with the runs the folder holds.

    Returns
    -------
    pandas.DataFrame
        Columns `member`, `reform_scenario` and those of `who`.
    """
    key = {
        "ensemble": ensemble.name,
        "members": ensemble.members.round(9).to_dict("list"),
        "scale": scale,
        "seed": seed,
    }
    resume_or_refuse(folder, key | {"reform_scenarios": [asdict(read_scenario(name)) for name in MODELS]})
    jobs = {
        folder / f"{model}_{member}.parquet": (model, ensemble.values(member), scale, seed + member)
        for member in range(len(ensemble.members))
        for model in MODELS
    }
    missing = {path: job for path, job in jobs.items() if not path.is_file()}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_one, *job, path) for path, job in missing.items()]
        for k, future in enumerate(waiting):
            future.result()
            if progress is not None:
                progress(len(jobs) - len(missing) + k + 1, len(jobs))
    tables = [pd.read_parquet(path).assign(member=int(path.stem.rsplit("_", 1)[1])) for path in jobs]
    return pd.concat(tables, ignore_index=True)


def gains(table: pd.DataFrame, first: str = MODELS[0]) -> pd.DataFrame:
    """Return what each funding model changes for each group, member by member.

    Returns
    -------
    pandas.DataFrame
        Columns `reform_scenario`, `by`, `group`, `measure`, `level` (median under the first), `median`, `q05`, `q95` of
        the difference, percentage points, and `lower` (share of members in which it is lower).
    """
    keys = ["member", "by", "group", "measure"]
    base = table[table["reform_scenario"] == first].set_index(keys)["value"].rename("base")
    pairs = table[table["reform_scenario"] != first].join(base, on=keys)
    pairs["gap"] = pairs["value"] - pairs["base"]
    groups = pairs.groupby(["reform_scenario", "by", "group", "measure"], sort=False)
    found = groups["gap"].quantile(np.asarray(LEVELS)).unstack()
    found.columns = pd.Index(["q05", "median", "q95"])
    found = found.join(groups["base"].median().rename("level")).join(
        groups["gap"].agg(lower=lambda g: (g < 0.0).mean())
    )
    return found.reset_index()[["reform_scenario", "by", "group", "measure", "level", "median", "q05", "q95", "lower"]]


def beside_evidence(groups: pd.DataFrame) -> pd.DataFrame:
    """Return what was found elsewhere beside what comes out, and whether they agree.

    Parameters
    ----------
    groups
        As `gains` returns it.

    Returns
    -------
    pandas.DataFrame
        The columns of `Evidence`, then `median`, `q05`, `q95` (percentage points) and `verdict`. A lowering of up to
        `NOTHING` is none.
    """
    found = pd.DataFrame([asdict(evidence) for evidence in EVIDENCE])
    table = found.merge(groups, on=["reform_scenario", "group", "measure"], how="left")
    rows = zip(table["expected"], table["q05"], table["q95"], strict=True)
    table["verdict"] = [verdict(expected, low, high, NOTHING) for expected, low, high in rows]
    return table[[*found.columns, "median", "q05", "q95", "verdict"]]


def run(sizes: Funding, context: Context) -> Findings:
    """Run all funding models, and write national differences, gains by group, the figure and the manifest."""
    ensemble, folder = context.ensemble().first(sizes.members), context.folder
    scenarios, members = [read_scenario(name) for name in MODELS], ensemble.with_reforms()
    store = context.sweep(design(scenarios, members, scale=sizes.scale, until=UNTIL), "national")
    national = differences(outcomes_with_costs(store, scenarios), MODELS[0])
    table = run_by_group(
        members, folder / "groups", scale=sizes.scale, workers=context.workers,
        progress=counted(context.progress, "groups"),
    )  # fmt: skip
    groups, beside_formula = gains(table), gains(table, FORMULA)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), **store.manifest()}
    with reporting(folder, about):
        write_outcomes(national, folder / "national.csv", float_format="%.5g")
        write_csv(groups, folder / "groups.csv", index=False, float_format="%.5g")
        write_csv(beside_formula, folder / "groups_against_throughput.csv", index=False, float_format="%.5g")
        write_csv(beside_evidence(groups), folder / "beside_evidence.csv", index=False, float_format="%.4g")
        page = figure(groups, len(ensemble.members))
        save_figure(page, [folder / name for name in PAGE], "sendcycle e06: funding models", ensemble.name)
    shown = groups["by"].isin(["kind", "disadvantage", "school"]) & groups["measure"].isin(
        ["unmet", "coverage", "plan"]
    )
    table = groups.loc[shown, ["reform_scenario", "group", "measure", "level", "median", "q05", "q95"]]
    return Findings((table,), "tables, the figure and runs")


def figure(groups: pd.DataFrame, members: int) -> Figure:
    """Return a panel a funding model: what it changes in unmet need by kind, disadvantage, school and authority."""
    page = Figure(figsize=(14.0, 6.0))
    page.subplots_adjust(left=0.16, right=0.985, top=0.8, bottom=0.12, wspace=0.08)
    rows = groups[
        (groups["by"].isin(["kind", "disadvantage"]) & (groups["measure"] == "unmet"))
        | (groups["by"].isin(["school", "authority"]) & (groups["measure"] == "coverage"))
    ].copy()
    sign = np.where(rows["measure"] == "unmet", -1.0, 1.0)  # more is better
    rows["gain"], rows["low"], rows["high"] = sign * rows["median"], sign * rows["q05"], sign * rows["q95"]
    names = list(dict.fromkeys(zip(rows["by"], rows["group"], strict=True)))
    places = {name: k for k, name in enumerate(names)}
    axes = page.subplots(1, len(MODELS) - 1, sharex=True)
    for k, (ax, model) in enumerate(zip(axes, MODELS[1:], strict=True)):
        here = rows[rows["reform_scenario"] == model]
        y = [places[name] for name in zip(here["by"], here["group"], strict=True)]
        ax.hlines(y, here["low"], here["high"], color=COLOURS[0], linewidth=2.2, alpha=0.5)
        ax.plot(here["gain"], y, "o", color=COLOURS[0], markersize=6)
        ax.axvline(0.0, color="0.3", linewidth=1.0)
        ax.set_yticks(range(len(names)), [name[1] for name in names] if k == 0 else [""] * len(names))
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_title(model.removeprefix("funding_").replace("_", " "), loc="left", fontsize=11, fontweight="bold")
        ax.set_xlabel("percentage points of need met")
        style_axes(ax)
    page.suptitle("Who gains from how moderate needs are funded", x=0.02, y=0.97, ha="left", fontsize=16,
                  fontweight="bold")  # fmt: skip
    text = f"Need met in January {LOOKED_AT} against no change on the same draws; median and 90 % of {members} members."
    page.text(0.02, 0.875, text, fontsize=10, color="0.25")
    return page
