"""The Mesa agents one can look at: each is a view on its row of the columns, so that looking costs nothing until done.

Schools, authorities, the tribunal, the independent sector and the government are agents of the model; a child becomes
one when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import mesa

from sendcycle.state.children import Appeal, Case, Need, SenStatus, Setting
from sendcycle.state.records import LINES
from sendcycle.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from sendcycle.send_model import SendModel


class IdsByModel(WeakKeyDictionary[mesa.Model, Iterator[int]]):
    """Counters of agent ids, which vanish with their model: Mesa 3.3 keeps every model in its own table for ever."""

    def __getitem__(self, model: mesa.Model) -> Iterator[int]:
        """Return the counter of a model, a new one when it has none."""
        return self.setdefault(model, count(1))


class SendAgent(mesa.Agent):
    """An agent of a `SendModel`."""

    _ids = IdsByModel()  # read by Mesa 3.3 alone


class RecordAgent(SendAgent):
    """An agent that is one record of the world: every field of the record is an attribute.

    Units stand beside the fields in `sendcycle/state/records.py`. Raises AttributeError for a field that is not there.
    """

    records = ""  # name of the array in World

    def __init__(self, model: SendModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    def __getattr__(self, name: str) -> Any:
        """Return a field of the record. Raises AttributeError for anything else."""
        if name.startswith("_") or name in ("model", "row"):
            raise AttributeError(name)
        records = getattr(self.model.world, self.records)
        if name not in records.dtype.names:
            raise AttributeError(f"{type(self).__name__} has no '{name}'")
        return records[name][self.row]

    def __setattr__(self, name: str, value: Any) -> None:
        """Write a field of the record, so that the model goes on with it; any other name is the agent's own."""
        world = getattr(self.__dict__.get("model"), "world", None)
        records = None if world is None else getattr(world, self.records)
        if records is not None and name in records.dtype.names:
            records[name][self.row] = value
        else:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        """List the fields of the record too."""
        return [*super().__dir__(), *getattr(self.model.world, self.records).dtype.names]

    def as_dict(self) -> dict[str, Any]:
        """Return all fields of the record by name."""
        records = getattr(self.model.world, self.records)
        return {name: records[name][self.row] for name in records.dtype.names}


class School(RecordAgent):
    """A mainstream school: identifies, supports at its own cost, backs requests, excludes, opens a unit."""

    records = "schools"

    @property
    def local_authority(self) -> LocalAuthority:
        """The authority in which the school stands."""
        found: LocalAuthority = self.model.authorities[int(self.authority)]
        return found


class LocalAuthority(RecordAgent):
    """A local authority: decides, assesses, issues, names placements, defends, spends, builds."""

    records = "authorities"

    def __init__(self, model: SendModel, row: int, code: str, name: str) -> None:
        super().__init__(model, row)
        self.code, self.name = code, name

    @property
    def balance_gbp(self) -> float:
        """Cumulative balance of the high-needs block, pounds; negative is deficit.

        It is that of the part simulated: divided by `share_simulated` it is that of the whole authority.
        """
        return float(self.balance_pence) / 100.0

    @property
    def spending_gbp(self) -> dict[str, float]:
        """Spending of the last month by line, pounds, of the part simulated (see `balance_gbp`)."""
        return {line: float(amount) / 100.0 for line, amount in zip(LINES, self.spend_pence, strict=True)}

    @property
    def schools(self) -> list[School]:
        """The authority's mainstream schools that are simulated."""
        return list(self.model.schools[int(self.first_school) : int(self.last_school)])


class NationAgent(RecordAgent):
    """One of the agents of which the nation has one; they share the nation's record."""

    records = "nation"

    def __init__(self, model: SendModel) -> None:
        super().__init__(model, 0)


class Tribunal(NationAgent):
    """The tribunal: a docket of appeals and the capacity to hear them."""


class IndependentSector(NationAgent):
    """Independent and non-maintained special schools: places, price, and the pull on staff."""


class Government(NationAgent):
    """National government: the settlement, the threshold, the override, reforms."""


class Child(SendAgent):
    """A child with its family, looked at: reads its row of the columns as they are now."""

    def __init__(self, model: SendModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    def _read(self, column: str) -> Any:
        return getattr(self.model.world.children, column)[self.row]

    @property
    def key(self) -> int:
        """What keys all the child's draws; stays the same whatever else is simulated."""
        return int(self._read("key"))

    @property
    def age_years(self) -> float:
        """Age in years."""
        return (self.model.t - int(self._read("born"))) / MONTHS_PER_YEAR

    @property
    def need(self) -> Need:
        """Primary need."""
        return Need(int(self._read("need")))

    @property
    def sen_status(self) -> SenStatus:
        """Whether the child is on SEN support, or has a plan."""
        return SenStatus(int(self._read("sen_status")))

    @property
    def setting(self) -> Setting:
        """Where the child learns."""
        return Setting(int(self._read("setting")))

    @property
    def case(self) -> Case:
        """Where the child stands in the statutory pipeline."""
        return Case(int(self._read("case")))

    @property
    def appeal(self) -> Appeal:
        """What is contested."""
        return Appeal(int(self._read("appeal")))

    @property
    def disadvantaged(self) -> bool:
        """Whether the family has free school meals."""
        return bool(self._read("disadvantaged"))

    @property
    def advocacy(self) -> float:
        """The family's capacity to work the system, 0 to 1."""
        return float(self._read("advocacy"))

    @property
    def base_need_gbp(self) -> float:
        """Cost of meeting the need without escalation, pounds a year at 2014-15 prices."""
        return 1000.0 * float(self._read("base_need_gbp_k"))

    @property
    def met(self) -> float:
        """Share of the need met this month."""
        return float(self._read("met"))

    @property
    def unmet(self) -> float:
        """Memory of unmet need, 0 to 1."""
        return float(self._read("unmet"))

    @property
    def confidence(self) -> float:
        """Confidence in mainstream, 0 to 1."""
        return float(self._read("confidence"))

    @property
    def provision_gbp(self) -> float:
        """Cost of the provision the plan names, pounds a year at 2014-15 prices."""
        return float(self._read("provision_gbp"))

    @property
    def school(self) -> School | None:
        """The mainstream school attended, or last attended."""
        row = int(self._read("school"))
        return self.model.schools[row] if row >= 0 else None
