"""Places: authorities build state special places after the shortage, and open units in mainstream schools."""

from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import local_share
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import PLACE_PIPELINE_MONTHS, AuthorityRecord, DriverRecord, Records, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

UNIT_SIZE = 12.0  # places of a new unit: the assumption is one class
ROUNDED_UP = 0.5 * UNIT_SIZE  # places granted for which a whole unit opens: to the nearest, or small areas get none
FILLED = 0.9  # occupancy of units from which another opens; an assumption


@inlined
def open_finished_places(w: World, la: AuthorityRecord, a: int, t: int) -> None:
    """Open the special places that are finished this month."""
    slot = t % PLACE_PIPELINE_MONTHS
    opened = w.place_pipeline[a, slot]
    w.place_pipeline[a, slot] = 0.0
    la.special_places += opened
    la.special_places_opened = opened


@inlined
def places_commissioned(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the special places commissioned this month: after the shortage (B4), and those of a reform."""
    by_shortage = p.rate_place_building * la.place_shortage_carried * la.special_places
    return by_shortage + local_share(p.special_places_extra / MONTHS_PER_YEAR, la)


@inlined
def commission_places(w: World, la: AuthorityRecord, p: ParameterRecord, a: int, t: int) -> None:
    """Commission special places, which open after the time it takes to build them."""
    ready = (t + int(p.dur_place_building_months)) % PLACE_PIPELINE_MONTHS
    w.place_pipeline[a, ready] += places_commissioned(la, p)


@compiled
def most_skilled_without_unit(schools: Records[SchoolRecord], la: AuthorityRecord) -> int:
    """Return the authority's school of the highest inclusive skill that has no unit, or -1."""
    best = -1
    for s in range(la.first_school, la.last_school):
        if schools[s].unit_places == 0.0 and (best < 0 or schools[s].skill > schools[best].skill):
            best = s
    return best


@inlined
def units_are_full(la: AuthorityRecord) -> bool:
    """Say whether units are so full that another may open."""
    return la.unit_pupils >= FILLED * la.unit_places


@inlined
def open_units(w: World, la: AuthorityRecord) -> None:
    """Open the units that a reform grants, whether there is demand or not, and then those that demand calls for."""
    in_demand = units_are_full(la)
    while la.units_granted >= ROUNDED_UP or (in_demand and la.units_wanted >= UNIT_SIZE):
        host = most_skilled_without_unit(w.schools, la)
        if host < 0:
            break
        w.schools[host].unit_places = UNIT_SIZE
        la.unit_places += UNIT_SIZE
        la.unit_places_opened += UNIT_SIZE
        if la.units_granted >= ROUNDED_UP:
            la.units_granted -= UNIT_SIZE
            in_demand = units_are_full(la)
        else:
            la.units_wanted -= UNIT_SIZE


@rule
def authorities_build_places(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Open the special places that are finished and commission new ones after the shortage (B4); open units."""
    for a in part:
        la = w.authorities[a]
        open_finished_places(w, la, a, t)
        commission_places(w, la, p, a, t)
        la.units_wanted += p.rate_unit_building * la.waiting_special
        la.units_granted += local_share(p.unit_places_extra / MONTHS_PER_YEAR, la)
        la.unit_places_opened = 0.0
        if d.month_of_year == SEPTEMBER:
            open_units(w, la)
        if la.unit_pupils < FILLED * la.unit_places:
            la.units_wanted = 0.0  # no school opens a base while there are free places
