"""e06: who gains and who loses under four ways of funding moderate needs, at the same money on the first day.

The funding models are scenarios of the library: by child (input), by pupils (throughput), by cluster, and mixed by
severity. Beside national series, every run leaves how unmet need and labels divide by severity of need, disadvantage,
school and authority in the January of `LOOKED_AT`, against no change on the same draws.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.comparison import design, differences, outcomes
from experiments.ensembles import Ensemble
from experiments.output import cannot_write
from experiments.runner import Progress, sweep
from experiments.scenario_files import read_scenario
from model import Parameters, simulate
from model.results import MANIFEST

MODELS = ("no_change", "funding_input", "funding_throughput", "funding_cluster", "funding_mixed_by_severity")
LOOKED_AT = 2035
UNTIL = f"{LOOKED_AT}-03"
SEVERE = ("learning", "profound", "physical")  # needs that cost most to meet; the others are mild or moderate
LEVELS = (0.05, 0.5, 0.95)


def who(result: "object") -> pd.DataFrame:
    """Return what groups of children, schools and authorities have in January `LOOKED_AT`.

    Returns
    -------
    pandas.DataFrame
        Columns `by`, `group`, `measure` and `value`: share of need unmet (percent), with a label, and with a plan
        (percent of the children with a need), by need, disadvantage, quarter of schools by load of need, and quarter of
        authorities by plans in 2014; and the coefficient of variation between authorities.
    """
    month = f"{LOOKED_AT}-01"
    children = result.breakdowns  # type: ignore[attr-defined]
    children = children[(children["month"] == month) & (children["age"].isin(["under 5", "5 to 10", "11 to 15"]))]
    children = children.assign(
        kind=np.where(children["need"].isin(SEVERE), "severe", "moderate"),
        disadvantage=np.where(children["disadvantaged"], "free school meals", "no free school meals"),
    )
    rows = []
    for by in ("kind", "disadvantage", "need"):
        for group, part in children.groupby(by):
            total = part["children"].sum()
            labelled = part.loc[part["label"] != "none", "children"].sum()
            plans = part.loc[part["label"] == "plan", "children"].sum()
            rows.append((by, str(group), "unmet", 100.0 * part["unmet"].sum() / total))
            rows.append((by, str(group), "labelled", 100.0 * labelled / total))
            rows.append((by, str(group), "plan", 100.0 * plans / total))
            special = part.loc[part["setting"].isin(["state_special", "independent_special"]), "children"].sum()
            rows.append((by, str(group), "special", 100.0 * special / total))
    schools = result.schools  # type: ignore[attr-defined]
    schools = schools[(schools["month"] == month) & (schools["pupils"] > 0.0)]
    load = schools["need_load"] / schools["pupils"]
    quarter = pd.qcut(load.rank(method="first"), 4, labels=["least need", "second", "third", "most need"])
    for group, part in schools.groupby(quarter, observed=True):
        weights = part["weight"] * part["pupils"]
        rows.append(("school", str(group), "coverage", 100.0 * float(np.average(part["coverage"], weights=weights))))
        sen = (part["pupils_sen_support"] + part["pupils_with_plan"]) * part["weight"]
        rows.append(
            ("school", str(group), "labelled", 100.0 * float(sen.sum() / (part["weight"] * part["pupils"]).sum()))
        )
    by_authority = (schools["coverage"] * schools["pupils"]).groupby(schools["la_code"]).sum()
    by_authority = by_authority / schools.groupby("la_code")["pupils"].sum()
    rows.append(("authority", "all", "coverage_cv", 100.0 * float(by_authority.std() / by_authority.mean())))
    return pd.DataFrame(rows, columns=["by", "group", "measure", "value"])


def _one(scenario: str, values: dict[str, float], scale: float, seed: int, path: Path) -> None:
    result = simulate(Parameters(**values), read_scenario(scenario), seed, scale, UNTIL, threads=1)
    found = who(result).assign(scenario=scenario)
    partial = path.with_suffix(".part")
    found.to_parquet(partial)
    partial.replace(path)


def run(
    ensemble: Ensemble, folder: Path, *, scale: float = 0.02, seed: int = 600, workers: int | None = None,
    told: Callable[[int, int], None] | None = None, models: Sequence[str] = MODELS,
) -> pd.DataFrame:  # fmt: skip
    """Run every member under every funding model; goes on with the runs the folder holds.

    Returns
    -------
    pandas.DataFrame
        Columns `member`, `scenario` and those of `who`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    jobs = {
        folder / f"{model}_{member}.parquet": (model, ensemble.values(member), scale, seed + member)
        for member in range(len(ensemble.members))
        for model in models
    }
    missing = {path: job for path, job in jobs.items() if not path.exists()}
    with ProcessPoolExecutor(workers) as pool:
        waiting = [pool.submit(_one, *job, path) for path, job in missing.items()]
        for k, future in enumerate(waiting):
            future.result()
            if told is not None:
                told(len(jobs) - len(missing) + k + 1, len(jobs))
    tables = [pd.read_parquet(path).assign(member=int(path.stem.rsplit("_", 1)[1])) for path in jobs]
    return pd.concat(tables, ignore_index=True)


def gains(table: pd.DataFrame, first: str = MODELS[0]) -> pd.DataFrame:
    """Return what each funding model changes for each group, member by member.

    Returns
    -------
    pandas.DataFrame
        Columns `scenario`, `by`, `group`, `measure`, `level` (median under the first), `median`, `q05`, `q95` of the
        difference, percentage points, and `lower` (share of members in which it is lower).
    """
    keys = ["member", "by", "group", "measure"]
    base = table[table["scenario"] == first].set_index(keys)["value"].rename("base")
    pairs = table[table["scenario"] != first].join(base, on=keys)
    pairs["gap"] = pairs["value"] - pairs["base"]
    groups = pairs.groupby(["scenario", "by", "group", "measure"], sort=False)
    found = groups["gap"].quantile(list(LEVELS)).unstack()
    found.columns = pd.Index(["q05", "median", "q95"])
    found = found.join(groups["base"].median().rename("level")).join(
        groups["gap"].agg(lower=lambda g: (g < 0.0).mean())
    )
    return found.reset_index()[["scenario", "by", "group", "measure", "level", "median", "q05", "q95", "lower"]]


def experiment(
    ensemble: Ensemble, folder: Path, *, scale: float = 0.02, scheduler: str | None = None,
    workers: int | None = None, told: Callable[[str, Progress], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run all funding models, write national differences, gains by group and a manifest; return the main gains."""
    scenarios = [read_scenario(name) for name in MODELS]
    progress = (lambda now: told("national", now)) if told is not None else None
    store = sweep(
        design(scenarios, ensemble, scale=scale, until=UNTIL), folder / "national", resume=True, scheduler=scheduler,
        workers=workers, progress=progress,
    ).store  # fmt: skip
    national = differences(outcomes(store, scenarios), MODELS[0])
    groups = gains(run(ensemble, folder / "groups", scale=scale, workers=workers))
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), **store.manifest()}
    try:
        national.to_csv(folder / "national.csv", index=False, float_format="%.5g")
        groups.to_csv(folder / "groups.csv", index=False, float_format="%.5g")
        (folder / MANIFEST).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    shown = groups["by"].isin(["kind", "disadvantage", "school"]) & groups["measure"].isin(
        ["unmet", "coverage", "plan"]
    )
    return groups.loc[shown, ["scenario", "group", "measure", "level", "median", "q05", "q95"]]
