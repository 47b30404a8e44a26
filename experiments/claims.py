"""The paper's claims as tests of the world: what it says follows from what, and what comes out over the ensemble.

`library/claims.toml` declares every causal claim in our words, how it is examined, and what of it the model takes for
granted. A claim is supported or contradicted if nine tenths of the members say so, member by member on the same draws;
otherwise it is undecided. Beside it stand the numbers that decide how large the effect is.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from experiments.designs import Design
from experiments.ensembles import Ensemble
from experiments.output import cannot_write
from experiments.reform_library import home, library
from experiments.runner import Progress, sweep
from experiments.scenario_files import read_scenario
from model import Change, Reform, Scenario
from model.errors import ResultsError, ScenarioError, reason
from model.observables import declared as declared_observables
from model.results import MANIFEST

SCALE, MEMBERS = 0.02, 100
LEVELS = (0.05, 0.5, 0.95)
DECIDE = 3  # numbers that decide, at most
WRONG = 0.05  # chance that a number without any effect is named at all
TABLE, PAGE = "claims.csv", "claims.md"
COLUMNS = ("claim", "examined by", "verdict", "effect (90 % of members)", "decided by", "taken for granted")
MARK = {"supported": "**supported**", "contradicted": "**contradicted**"}


@dataclass(frozen=True)
class Claim:
    """A claim as declared in `claims.toml`, which explains the fields."""

    name: str
    says: str
    where: str
    expected: str
    assumes: str
    treat: str = ""
    base: str = "no_change"
    outcome: str = ""
    minus: str = ""
    year: int = 0
    since: int = 0
    table: str = ""
    where_: Mapping[str, str] = field(default_factory=dict)
    effect: str = ""
    share: str = ""
    unit: str = ""
    at_most: float = 0.0

    @property
    def in_unit(self) -> str:
        """The unit of the effect: that of the outcome, or of the table."""
        return self.unit or declared_observables().observables[self.outcome].unit


@cache
def claims() -> dict[str, Claim]:
    """Return the claims by name. Raises ScenarioError if a declaration is wrong."""
    declared = tomllib.loads((home() / "claims.toml").read_text(encoding="utf-8"))
    known = {f.name for f in fields(Claim)}
    found = {}
    for name, entry in declared.items():
        if not set(entry) <= known:
            raise ScenarioError(f"claim '{name}': unknown key '{min(set(entry) - known)}'.")
        claim = Claim(name=name, **entry)
        if bool(claim.table) != bool(claim.unit):
            raise ScenarioError(f"claim '{name}' gives a unit if it reads a table, and only then.")
        if claim.expected not in ("lower", "higher", "none") or bool(claim.table) == bool(claim.treat):
            raise ScenarioError(f"claim '{name}' expects lower, higher or none, of scenarios or of a table.")
        found[name] = claim
    return found


def scenario_of(text: str) -> Scenario:
    """Return what a claim compares: a scenario by name, "reforms:A+B" at their own dates, or "cut:GAIN"."""
    kind, colon, rest = text.partition(":")
    if not colon:
        return read_scenario(text)
    if kind == "cut":
        return Scenario(text, (Reform(text, (Change(rest, 0.0, "2014-09"),)),))
    return Scenario(text, tuple(library()[name].reform() for name in rest.split("+")))


def design(chosen: Sequence[Claim], ensemble: Ensemble, *, scale: float = SCALE, seed: int = 700) -> Design:
    """Return the runs that the claims about scenarios need: every member in every scenario, on shared draws."""
    of_runs = [claim for claim in chosen if claim.treat]
    names = dict.fromkeys(name for claim in of_runs for name in (claim.base, claim.treat))
    outcomes = dict.fromkeys(name for claim in of_runs for name in (claim.outcome, claim.minus) if name)
    years = sorted({year for claim in of_runs for year in (claim.year, claim.since) if year})
    base = Design(
        "claims", outcomes=tuple(outcomes), years=tuple(years), scenarios=tuple(scenario_of(name) for name in names),
        scale=scale, until=f"{max(years) + 1}-03", seed=seed, constants=ensemble.constants, own_seeds=True,
    )  # fmt: skip
    return ensemble.design(base)


def effects(claim: Claim, table: pd.DataFrame) -> "pd.Series[float]":
    """Return what a claim's scenario changes in its outcome, by member.

    Parameters
    ----------
    table
        Runs of `design`: columns `point`, `scenario`, `year` and the outcomes.
    """
    values = table[claim.outcome] - (table[claim.minus] if claim.minus else 0.0)
    wide = table.assign(value=values).pivot(index="point", columns=["scenario", "year"], values="value")
    treated = wide[claim.treat, claim.year]
    return treated - (wide[claim.treat, claim.since] if claim.since else wide[claim.base, claim.year])


def verdict(expected: str, low: float, high: float, at_most: float = 0.0) -> str:
    """Return whether 90 % of members, from low to high, support or contradict a claim, or it is undecided.

    A claim that nothing changes is supported by effects within `at_most` and contradicted by larger ones.
    """
    if expected == "none":
        if -at_most <= low and high <= at_most:
            return "supported"
        return "contradicted" if low > at_most or high < -at_most else "undecided"
    if low <= 0.0 <= high:
        return "undecided"
    return "supported" if (high < 0.0) == (expected == "lower") else "contradicted"


def decide(gaps: "pd.Series[float]", ensemble: Ensemble) -> str:
    """Return in words which numbers of the members go with a larger or smaller effect, beyond chance."""
    members = ensemble.members.iloc[gaps.index].reset_index(drop=True)
    members = members.loc[:, members.nunique() > 1]
    ranks = members.corrwith(gaps.reset_index(drop=True), method="spearman").dropna()
    limit = norm.isf(WRONG / 2.0 / max(len(ranks), 1)) / np.sqrt(max(len(members) - 1, 1))
    found = ranks[ranks.abs() > limit].sort_values(key=np.abs, ascending=False)
    return "; ".join(f"{name} {value:+.2f}" for name, value in found.head(DECIDE).items())


def from_table(claim: Claim, results: Path) -> dict[str, Any]:
    """Return the effect of a claim that another experiment examined; no verdict if that has not been run.

    Raises
    ------
    ResultsError
        If the table is there and does not hold the row.
    """
    path = results / claim.table
    if not path.exists():
        return {"verdict": "not examined"}
    try:
        table = pd.read_csv(path, dtype={name: str for name in claim.where_})
        rows = table.loc[np.logical_and.reduce([table[key] == value for key, value in claim.where_.items()])]
        if len(rows) != 1:
            raise ResultsError(f"{path} holds {len(rows)} rows for claim '{claim.name}', not one.")
        row = rows.iloc[0]
        if claim.share:
            value = float(row[claim.share])
            never = value >= 1.0 - claim.at_most
            said = "supported" if value <= claim.at_most else "contradicted" if never else "undecided"
            return {"median": value, "verdict": said}
        low, high = float(row["q05"]), float(row["q95"])
        return {"median": float(row[claim.effect]), "q05": low, "q95": high,
                "verdict": verdict(claim.expected, low, high)}  # fmt: skip
    except (KeyError, ValueError, OSError) as error:
        raise ResultsError(f"cannot read {path} for claim '{claim.name}': {reason(error)}.") from error


def examined(chosen: Sequence[Claim], table: pd.DataFrame, ensemble: Ensemble, results: Path) -> pd.DataFrame:
    """Return a row a claim: what it says, the effect (`median`, `q05`, `q95`), `verdict`, `decided_by`, `assumes`."""
    rows = []
    for claim in chosen:
        row: dict[str, Any] = {
            "claim": claim.name, "says": claim.says, "where": claim.where,
            "examined_by": claim.table or f"{claim.treat} against {claim.base}",
            "outcome": claim.outcome or claim.where_.get("outcome") or claim.where_.get("measure") or claim.share,
            "year": claim.year or None, "unit": claim.in_unit, "expected": claim.expected,
        }  # fmt: skip
        if claim.table:
            row |= from_table(claim, results)
        else:
            gaps = effects(claim, table)
            low, middle, high = gaps.quantile(list(LEVELS))
            base = table.loc[(table["scenario"] == claim.base) & (table["year"] == claim.year), claim.outcome].median()
            row |= {"median": middle, "q05": low, "q95": high, "base": base,
                    "verdict": verdict(claim.expected, low, high, claim.at_most),
                    "decided_by": decide(gaps, ensemble)}  # fmt: skip
        rows.append(row | {"assumes": claim.assumes})
    columns = ["claim", "says", "where", "examined_by", "outcome", "year", "unit", "expected", "base", "median", "q05",
               "q95", "verdict", "decided_by", "assumes"]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=columns)


def page(found: pd.DataFrame) -> str:
    """Return the claims as a table in Markdown."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for row in found.to_dict("records"):
        size = "" if pd.isna(row["median"]) else f"{row['median']:,.3g}"
        if not pd.isna(row["q05"]):
            size += f" ({row['q05']:,.3g} to {row['q95']:,.3g})"
        when = "" if pd.isna(row["year"]) else f", {row['year']:.0f}"
        cells = (
            f"{row['says']} ({row['where']})", f"{row['examined_by']}: {row['outcome']}{when}",
            MARK.get(row["verdict"], row["verdict"]), f"{size} {row['unit']}".strip(),
            row["decided_by"] if isinstance(row["decided_by"], str) else "", row["assumes"],
        )  # fmt: skip
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def experiment(
    ensemble: Ensemble, folder: Path, results: Path, *, scale: float = SCALE, scheduler: str | None = None,
    workers: int | None = None, told: Callable[[str, Progress], None] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run what the claims need, go on with what the folder holds, and write the table; return it."""
    members, chosen = ensemble.with_reforms(), list(claims().values())
    store = sweep(
        design(chosen, members, scale=scale), folder / "runs", resume=True, scheduler=scheduler, workers=workers,
        progress=(lambda now: told("claims", now)) if told is not None else None,
    ).store  # fmt: skip
    found = examined(chosen, store.table(), members, results)
    about = {"ensemble": ensemble.name, "members": len(ensemble.members), **store.manifest()}
    try:
        found.to_csv(folder / TABLE, index=False, float_format="%.5g")
        (folder / PAGE).write_text(page(found), encoding="utf-8")
        (folder / MANIFEST).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return found
