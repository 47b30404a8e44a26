"""e10: the paper's claims as tests of the world: what it says follows from what, and what comes out over the ensemble.

`claims.toml` declares causal claims in our words, how each is examined, and what of it the model takes for
granted; those that the model cannot examine are listed as well. A claim is supported or contradicted if the middle nine
tenths of the members lie on one side, member by member on the same draws; otherwise it is undecided. How much reforms
achieve differs between members as other numbers do. Beside the verdict stand the numbers that decide how large the
effect is.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from sendcycle import Change, Reform, Scenario
from sendcycle.errors import ResultsError, ScenarioError, reason
from sendcycle.outputs.columns import Column, of_unit
from sendcycle_experiments.analysis.comparison import ADDED, outcomes_by_size, unit_of
from sendcycle_experiments.analysis.evidence import CONTRADICTED, EXPECTED, LEVELS, SUPPORTED, UNDECIDED, verdict
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.scenario_files import read_scenario
from sendcycle_experiments.studies import registry
from sendcycle_experiments.studies.study import Context, Findings
from sendcycle_experiments.sweeps.columns import of_outcome
from sendcycle_experiments.sweeps.csv_files import write_csv
from sendcycle_experiments.sweeps.manifests import reporting
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.stored_results import StoredResults

SEED = 700
DECIDE = 3  # numbers that decide, at most
WRONG = 0.05  # chance that a number without any effect is named at all
TABLE, PAGE = "claims.csv", "claims.md"
NOT_RUN, NOT_IN_MODEL = "not examined", "not in the model"
MARK = {SUPPORTED: "**supported**", CONTRADICTED: "**contradicted**"}
COLUMNS = ("claim", "verdict", "effect (90 % of members)", "taken for granted", "decided by", "examined by")


@dataclass(frozen=True)
class Claim:
    """A claim as declared in `claims.toml`, which explains the fields."""

    name: str
    says: str
    where: str
    assumes: str
    expected: str = ""
    treat: str = ""
    base: str = "no_change"
    also: str = ""
    also_base: str = "no_change"
    outcome: str = ""
    minus: str = ""
    year: int = 0
    since: int = 0
    at_most: float = 0.0
    table: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)
    effect: str = "median"
    low: str = "q05"
    high: str = "q95"
    share: str = ""
    unit: str = ""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios that are run for it."""
        return tuple(name for name in (self.treat, self.base, self.also, self.also and self.also_base) if name)

    @property
    def in_unit(self) -> str:
        """The unit of the effect, a difference: of the outcome, or of the table."""
        if self.unit or not self.outcome:
            return self.unit
        unit = unit_of(self.outcome)
        return "percentage points" if unit == "percent" else unit

    @property
    def measured(self) -> Column:
        """What is known of the outcome, or of a table's column by its unit: price base and period among it."""
        return of_outcome(self.outcome) if self.outcome else of_unit("", self.unit)

    def check(self) -> None:
        """Refuse a declaration that says too much or too little."""
        ways = bool(self.table) + bool(self.treat)
        if ways > 1 or bool(self.table) != bool(self.unit) or (ways == 1) != (self.expected in EXPECTED):
            raise ScenarioError(
                f"claim '{self.name}': scenarios, or a table with a unit, with what is expected; or none."
            )


@cache
def claims() -> dict[str, Claim]:
    """Return the claims by name. Raises ScenarioError if a declaration is wrong."""
    declared = tomllib.loads((Path(__file__).with_name("claims.toml")).read_text(encoding="utf-8"))
    known = {f.name for f in fields(Claim)}
    found = {}
    for name, entry in declared.items():
        if not set(entry) <= known:
            raise ScenarioError(f"claim '{name}': unknown key '{min(set(entry) - known)}'.")
        found[name] = Claim(name=name, **entry)
        found[name].check()
    return found


def scenario_of(text: str, size: float = 1.0) -> Scenario:
    """Return what a claim compares: a scenario by name, "reforms:A+B" at their own dates, or "cut:GAIN".

    `size` multiplies what is assumed to follow from reforms of the library.
    """
    kind, colon, rest = text.partition(":")
    if not colon:
        return read_scenario(text, size=size)
    if kind == "cut":
        return Scenario(text, (Reform(text, (Change(rest, 0.0, "2014-09"),)),))
    return Scenario(text, tuple(library()[name].reform(size=size) for name in rest.split("+")))


def effects(claim: Claim, table: pd.DataFrame) -> pd.DataFrame:
    """Return, by member, the `base` of a claim's outcome and the `effect` of its scenario.

    Parameters
    ----------
    table
        Runs: columns `point`, `reform_scenario`, `year` and the outcomes.
    """
    values = table[claim.outcome] - (table[claim.minus] if claim.minus else 0.0)
    wide = table.assign(value=values).pivot(index="point", columns=["reform_scenario", "year"], values="value")
    base = wide[claim.treat, claim.since] if claim.since else wide[claim.base, claim.year]
    effect = wide[claim.treat, claim.year] - base
    if claim.also:
        effect = effect - (wide[claim.also, claim.year] - wide[claim.also_base, claim.year])
    return pd.DataFrame({"base": base, "effect": effect})


def decide(gaps: "pd.Series[float]", numbers: pd.DataFrame) -> str:
    """Return in words which numbers (a row a member) go with a larger or smaller effect, beyond chance."""
    varied = numbers.loc[:, numbers.nunique() > 1]
    ranks = varied.corrwith(gaps, method="spearman").dropna()
    limit = norm.isf(WRONG / 2.0 / max(len(ranks), 1)) / np.sqrt(max(len(varied) - 1, 1))
    found = ranks[ranks.abs() > limit].sort_values(key=np.abs, ascending=False)
    return "; ".join(f"{name} {value:+.2f}" for name, value in found.head(DECIDE).items())


def from_table(claim: Claim, results: Path) -> dict[str, Any]:
    """Return the effect of a claim that another experiment examined; no verdict if that has not been run.

    What was made with another state of the model, or cannot be checked, is said so.

    Raises
    ------
    ResultsError
        If the table is there and does not hold the row.
    """
    path = results / claim.table
    if not path.exists():
        return {"verdict": NOT_RUN}
    try:
        stored = StoredResults(path.parent)
        table = stored.table(path.name, dtype={name: str for name in claim.rows})
        there = table.loc[np.logical_and.reduce([table[key] == value for key, value in claim.rows.items()])]
        if len(there) != 1:
            raise ResultsError(f"{path} holds {len(there)} rows for claim '{claim.name}', not one.")
        row = there.iloc[0]
        words = ["another state of the model"] if stored.manifest().get("model") != model_state() else []
        words += [stored.checked] if "not checked" in stored.checked else []
        found: dict[str, Any] = {"state": "; ".join(words)} if words else {}
        if claim.share:
            value = float(row[claim.share])
            never = value >= 1.0 - claim.at_most
            said = SUPPORTED if value <= claim.at_most else CONTRADICTED if never else UNDECIDED
            return found | {"median": value, "verdict": said}
        low, high = float(row[claim.low]), float(row[claim.high])
        said = verdict(claim.expected, low, high, claim.at_most)
        return found | {"median": float(row[claim.effect]), "q05": low, "q95": high, "verdict": said}
    except (KeyError, ValueError, OSError) as error:
        raise ResultsError(f"cannot read {path} for claim '{claim.name}': {reason(error)}.") from error


def examined(chosen: Sequence[Claim], table: pd.DataFrame, members: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Return a row a claim: what it says, the effect (`median`, `q05`, `q95`), `verdict`, `decided_by`, `assumes`.

    Parameters
    ----------
    table
        As `comparison.outcomes_by_size` returns it.
    members
        A row a member, a column a number that may decide.
    results
        Folder that holds the results of the experiments whose tables are read.
    """
    sizes = table.groupby("point")["size"].first() if len(table) else pd.Series(dtype=float)
    rows = []
    for claim in chosen:
        row: dict[str, Any] = {
            "claim": claim.name, "says": claim.says, "where": claim.where, "examined_by": _examined_by(claim),
            "outcome": claim.outcome or claim.rows.get("outcome") or claim.rows.get("measure") or claim.share,
            "year": claim.year or None, "unit": claim.in_unit, "prices": claim.measured.prices,
            "period": claim.measured.period, "expected": claim.expected,
        }  # fmt: skip
        if claim.table:
            row |= from_table(claim, results)
        elif claim.treat:
            gaps = effects(claim, table)
            low, middle, high = gaps["effect"].quantile(list(LEVELS))
            some = members.iloc[gaps.index].set_index(gaps.index)
            numbers = pd.concat([some, sizes.rename("size_of_reforms")], axis=1, join="inner")
            row |= {"base": gaps["base"].median(), "median": middle, "q05": low, "q95": high,
                    "verdict": verdict(claim.expected, low, high, claim.at_most),
                    "decided_by": decide(gaps["effect"], numbers)}  # fmt: skip
        else:
            row["verdict"] = NOT_IN_MODEL
        rows.append(row | {"assumes": claim.assumes})
    columns = ["claim", "says", "where", "examined_by", "outcome", "year", "unit", "prices", "period", "expected",
               "base", "median", "q05", "q95", "verdict", "state", "decided_by", "assumes"]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=columns)


def _examined_by(claim: Claim) -> str:
    if not claim.treat:
        return claim.table
    first = (
        f"{claim.treat} in {claim.year} against {claim.since}" if claim.since else f"{claim.treat} against {claim.base}"
    )
    return first + (f", less {claim.also} against {claim.also_base}" if claim.also else "")


def page(found: pd.DataFrame) -> str:
    """Return the claims as a page in Markdown: how many hold, and a table of all."""
    counts = found["verdict"].value_counts()
    said = ", ".join(
        f"{counts[name]} {name}" for name in (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_IN_MODEL) if name in counts
    )
    lines = [
        "# The paper's claims, examined in the model\n",
        f"Of {len(found)} claims: {said}. Supported or contradicted: the middle nine tenths of the members lie on one "
        "side. BUILT IN marks what is true by construction: support for it is no evidence. A verdict is about the "
        "model, and becomes one about England only as far as one believes what is taken for granted.\n",
        "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS),
    ]  # fmt: skip
    for row in found.astype(object).where(found.notna(), "").to_dict("records"):
        effect = "" if row["median"] == "" else number(row["median"])
        if row["q05"] != "":
            effect += f" ({number(row['q05'])} to {number(row['q95'])})"
        when = f", {row['year']:.0f}" if row["year"] != "" else ""
        said = MARK.get(row["verdict"], row["verdict"]) + (f" ({row['state']})" if row["state"] else "")
        by = f"{row['examined_by']}: {row['outcome']}{when}" if row["examined_by"] else ""
        cells = (f"{row['says']} ({row['where']})", said, f"{effect} {row['unit']}".strip(), row["assumes"],
                 row["decided_by"], by)  # fmt: skip
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Return a number for reading: whole from 100 on, three digits below."""
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"


def run(sizes: registry.Claims, context: Context) -> Findings:
    """Run what the claims need, and write the table, the page and the manifest."""
    ensemble, folder = context.ensemble().first(sizes.members), context.folder
    members, chosen = ensemble.with_reforms(), list(claims().values())
    of_runs = [claim for claim in chosen if claim.treat]
    names = dict.fromkeys(name for claim in of_runs for name in claim.scenarios)
    wanted = dict.fromkeys(name for claim in of_runs for name in (claim.outcome, claim.minus) if name)
    more = [name for name in wanted if name not in ADDED]
    table, manifests = outcomes_by_size(
        lambda size: [scenario_of(name, size) for name in names], members, folder / "runs", scale=sizes.scale,
        seed=SEED, more=more, **context.machines,
    )  # fmt: skip
    found = examined(chosen, table, members.members, sizes.results)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), "runs": manifests}
    with reporting(folder, about):
        write_csv(found, folder / TABLE, index=False, float_format="%.5g")
        (folder / PAGE).write_text(page(found), encoding="utf-8")
    counts = ", ".join(f"{n} {word}" for word, n in found["verdict"].value_counts().items())
    return Findings((found[["claim", "verdict", "median", "q05", "q95", "unit"]], counts), "the table and runs")
