"""What there is once in England follows demand, with a lag: hearings, independent places and fees, training."""

from sendcycle.calendar import APRIL
from sendcycle.engine.compilation import inlined, rule
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import TRAINING_MONTHS, DriverRecord, NationRecord
from sendcycle.state.world import World
from sendcycle.units import MONTHS_PER_YEAR

NO_CAP = 1e6  # pounds a year, cap on the price of an independent place: the default, which is none
HIGHEST_CLOSING = 0.05  # a month, of independent places, for want of a price that pays; an assumption
HIGHEST_ALLOWANCE = 1000.0  # independent places kept open to one authority at a time; an assumption
NATION_SMOOTHING_MONTHS = 12.0  # over which appeals and the shortage of psychologists are smoothed; an assumption
LEAST_HEARINGS, LEAST_CHILDREN, LEAST_HOURS = 1e-9, 1e-9, 1e-9  # a month; they guard divisions by none


# ---------------------------------------------------------------------- the tribunal


@inlined
def measure_appeals(w: World, nation: NationRecord) -> None:
    """Count the appeals that wait in England, and smooth those registered."""
    registered, waiting = 0.0, 0.0
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        registered += la.weight * w.tallies[a].appeals_registered
        waiting += la.weight * w.docket[a].sum()
    nation.appeals_open = waiting
    nation.appeals_smoothed += (registered - nation.appeals_smoothed) / NATION_SMOOTHING_MONTHS


@inlined
def hearings_follow_appeals(w: World, nation: NationRecord, p: ParameterRecord) -> None:
    """Let hearing capacity follow appeals, with a lag and a limit to growth; so long is then the wait."""
    measure_appeals(w, nation)
    wanted = nation.appeals_smoothed * p.hearings_adequacy + p.share_docket_staffed * nation.appeals_open
    change = (wanted - nation.hearings_capacity) / p.dur_hearings_lag_months
    nation.hearings_capacity += min(change, p.growth_hearings_limit * nation.hearings_capacity)
    nation.tribunal_wait_months = nation.appeals_open / max(nation.hearings_capacity, LEAST_HEARINGS)


# ---------------------------------------------------------------------- the independent sector


@inlined
def count_independent_pupils(w: World) -> float:
    """Return how many children of England are in independent special schools."""
    pupils = 0.0
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        pupils += la.weight * la.plans_in_setting[Setting.INDEPENDENT_SPECIAL]
    return pupils


@inlined
def share_closing(nation: NationRecord, p: ParameterRecord) -> float:
    """Return the share of places that close this month because a cap, not the market's price, is paid."""
    unpaid = nation.independent_market_gbp / nation.independent_price_gbp - 1.0
    return min(p.response_places_to_cap * unpaid, HIGHEST_CLOSING)


@inlined
def price_rise(gap: float, p: ParameterRecord) -> float:
    """Return by what share fees rise this month where occupancy is a gap above the usual."""
    dearer = p.response_independent_price * gap
    return max(min(dearer, p.limit_independent_price), -p.limit_independent_price)


@inlined
def independent_sector_follows_demand(nation: NationRecord, p: ParameterRecord) -> None:
    """Let independent places and their market price follow occupancy (R5)."""
    gap = nation.independent_pupils / nation.independent_places - p.occupancy_reference
    nation.independent_places *= 1.0 + p.response_independent_places * gap
    nation.independent_places *= 1.0 - share_closing(nation, p)
    nation.independent_market_gbp *= 1.0 + price_rise(gap, p)


@inlined
def offer_independent_places(w: World, nation: NationRecord, p: ParameterRecord) -> None:
    """Offer part of the free places to authorities by their waiting lists; a fraction left over is kept."""
    seekers = 0.0
    for a in range(w.authorities.shape[0]):
        seekers += w.authorities[a].weight * w.authorities[a].waiting_special
    free = max(nation.independent_places - nation.independent_pupils, 0.0)
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        offered = p.share_free_places_offered * free * la.waiting_special / max(seekers, LEAST_CHILDREN)
        la.independent_allowance = min(la.independent_allowance % 1.0 + offered, HIGHEST_ALLOWANCE)


@rule
def independent_prices_change(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """In April uprate independent fees by inflation; pay the market's price, or a cap that lies below it."""
    nation = w.nation[0]
    if d.month_of_year == APRIL and t >= 0:
        nation.independent_market_gbp *= 1.0 + d.inflation
    nation.independent_price_gbp = nation.independent_market_gbp
    if p.cap_independent_gbp < NO_CAP:
        nation.independent_price_gbp = min(nation.independent_market_gbp, p.cap_independent_gbp * d.price_index)


# ---------------------------------------------------------------------- overspend and training


@inlined
def measure_overspend(w: World, nation: NationRecord) -> None:
    """Measure by what share the nation's spending is above its settlement, both smoothed (B2)."""
    spending_gbp, settlement_gbp = 0.0, 0.0
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        spending_gbp += la.weight * la.spending_smoothed_gbp
        settlement_gbp += la.weight * la.settlement_smoothed_gbp
    nation.overspend = spending_gbp / settlement_gbp - 1.0


@inlined
def measure_shortage(w: World, nation: NationRecord) -> None:
    """Smooth the statutory share of psychologists' hours; those of specialists in extra posts are left out."""
    statutory, hours = 0.0, 0.0
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        statutory += la.weight * la.statutory_hours
        hours += la.weight * (la.statutory_hours + (la.early_hours - la.specialist_hours))
    nation.shortage += (statutory / max(hours, LEAST_HOURS) - nation.shortage) / NATION_SMOOTHING_MONTHS


@inlined
def training_intake(nation: NationRecord, p: ParameterRecord) -> float:
    """Return how many psychologists begin training this month: more in a shortage (B7)."""
    shortage = nation.shortage_carried / nation.shortage_start - 1.0
    return max(p.psychologist_trainees / MONTHS_PER_YEAR * (1.0 + p.response_training * shortage), 0.0)


@inlined
def psychologists_train(w: World, nation: NationRecord, p: ParameterRecord, t: int) -> None:
    """Let those at the end of training qualify, and others begin."""
    slot = t % TRAINING_MONTHS
    nation.psychologists_trained = w.training[slot]
    w.training[slot] = 0.0
    w.training[(t + int(p.dur_training_months)) % TRAINING_MONTHS] += training_intake(nation, p)


@rule
def national_capacity_changes(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """Let hearing capacity, the independent sector and psychologist training follow demand, each with its lag."""
    nation = w.nation[0]
    hearings_follow_appeals(w, nation, p)
    nation.independent_pupils = count_independent_pupils(w)
    independent_sector_follows_demand(nation, p)
    offer_independent_places(w, nation, p)
    measure_overspend(w, nation)
    measure_shortage(w, nation)
    psychologists_train(w, nation, p, t)
