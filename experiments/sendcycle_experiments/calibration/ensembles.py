"""Calibrated ensembles: kept by name, each with what it was fitted to, and ready to be the points of a design."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from sendcycle.errors import ResultsError
from sendcycle.inputs.parameters import declared
from sendcycle.inputs.user_text import parse_json, read_text
from sendcycle_experiments.sweeps.designs import REFORMS, Design
from sendcycle_experiments.sweeps.ensemble_files import MISFIT, ensemble_file, read_members
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.output_folder import writing_into

CURRENT = "england_2025-01"  # what scenarios use unless another is named


@dataclass(frozen=True)
class Ensemble:
    """Numbers that are not implausible beside what was published up to a month.

    Attributes
    ----------
    name
        Names its files.
    members
        A row a member, a column a parameter, in no order of merit: the first so many are a fair sample.
    misfit
        Of each member, shape (members,): mean square of its standardised errors; 1 where these are as large as
        what is allowed.
    about
        What it was fitted to and how, and the state of the model in which it was made.
    """

    name: str
    members: pd.DataFrame
    misfit: NDArray[np.float64]
    about: dict[str, Any]

    def first(self, n: int) -> "Ensemble":
        """Return the first n members."""
        return Ensemble(self.name, self.members.iloc[:n], self.misfit[:n], self.about)

    def every(self, n: int, start: int = 0) -> "Ensemble":
        """Return every n-th member from `start` on."""
        return Ensemble(self.name, self.members.iloc[start::n], self.misfit[start::n], self.about)

    def values(self, member: int) -> dict[str, float]:
        """Return the parameters of a member, with what a rival structure holds. Raises IndexError if there is none."""
        drawn = {str(name): float(value) for name, value in self.members.iloc[member].items()}
        return drawn | self.constants

    @property
    def nearest(self) -> int:
        """The member that misses the figures by least."""
        return int(np.nanargmin(self.misfit))

    @property
    def of_another_state(self) -> bool:
        """Whether the model has changed since the ensemble was made."""
        return bool(self.about.get("model", {}) != model_state())

    @property
    def constants(self) -> dict[str, float]:
        """What a rival structure holds at another value; nothing for the model itself."""
        return {str(name): float(value) for name, value in self.about.get("constants", {}).items()}

    def design(self, base: Design) -> Design:
        """Return a design whose points are the members; what `base` draws or holds otherwise is left as it is there."""
        return base.with_members(self.members, self.name)

    def with_reforms(self, seed: int = 0) -> "Ensemble":
        """Return the members with numbers that say how reforms act, drawn from their priors: no figure knows them."""
        acting = {name: p for name, p in declared().items() if p.group == REFORMS and p.prior.dist != "none"}
        shares = qmc.LatinHypercube(len(acting), seed=seed).random(len(self.members))
        drawn = {name: p.prior.quantiles(shares[:, k]) for k, (name, p) in enumerate(acting.items())}
        members = pd.concat([self.members, pd.DataFrame(drawn, index=self.members.index)], axis=1)
        return Ensemble(self.name, members, self.misfit, self.about)

    def write(self, folder: str | Path) -> None:
        """Write NAME.csv and NAME.json into a folder. Raises ResultsError if it cannot be written."""
        folder = Path(folder)
        misfit = pd.Series(self.misfit, index=self.members.index, name=MISFIT)
        table = pd.concat([self.members, misfit], axis=1)
        with writing_into(folder):
            table.to_csv(folder / f"{self.name}.csv", index=False, float_format="%.8g")
            (folder / f"{self.name}.json").write_text(json.dumps(self.about, indent=2) + "\n", encoding="utf-8")


def read_ensemble(name: str) -> Ensemble:
    """Return a kept ensemble by name, or one in a file NAME.csv with NAME.json beside it.

    Raises
    ------
    DesignError, ResultsError
        If there is none of that name, or it cannot be read, or it names parameters that are not declared.
    """
    path = ensemble_file(name)
    members, misfit = read_members(path)
    beside = path.with_suffix(".json")
    about = parse_json(read_text(beside, "ensemble", ResultsError), f"ensemble {beside}", ResultsError)
    return Ensemble(path.stem, members, np.asarray(misfit, dtype=float), about)
