"""How authorities differ in practice: differences in requests, refusals and pace are wide, but do not last."""

import math

from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw_normal, stream
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World

TRAITS = 3  # each with draws of its own
REQUESTS, STRICTNESS, PACE = range(TRAITS)
MEAN_LEVEL_1 = -0.5  # times the variance of a level's logarithm: its mean, if the mean of the level is to be 1


@inlined
def distance_left(distance: float, p: ParameterRecord) -> float:
    """Return what is left after a year of an authority's distance from the nation."""
    return p.persistence_practice * distance


@inlined
def yearly_shock(chance: float, spread: float, p: ParameterRecord) -> float:
    """Return what chance, a normal draw, adds in a year, so that differences stay as large as they were published."""
    return math.sqrt(1.0 - p.persistence_practice * p.persistence_practice) * spread * chance


@rule
def local_practice_drifts(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Each September let an authority's practice change: panels, heads of service and advice to schools change.

    Requests, strictness and pace keep `persistence_practice` of their distance from the nation's and are moved by
    chance, so that differences between authorities stay as large as they were published, but lie with others.
    """
    if d.month_of_year != SEPTEMBER or t <= 0:
        return
    requests = stream(w.seed, Decision.PRACTICE, TRAITS * t + REQUESTS)
    strictness = stream(w.seed, Decision.PRACTICE, TRAITS * t + STRICTNESS)
    pace = stream(w.seed, Decision.PRACTICE, TRAITS * t + PACE)
    spread_refusals = p.spread_decision * p.spread_practice_refusals
    spread_pace = p.spread_process * p.spread_practice_pace
    for a in part:
        la = w.authorities[a]
        centre = MEAN_LEVEL_1 * p.spread_practice_requests**2
        level = centre + distance_left(math.log(la.request_level) - centre, p)
        la.request_level = math.exp(level + yearly_shock(draw_normal(la.key, requests), p.spread_practice_requests, p))
        la.strictness = distance_left(la.strictness, p)
        la.strictness += yearly_shock(draw_normal(la.key, strictness), spread_refusals, p)
        weeks = distance_left(math.log(la.process_weeks / la.process_weeks_usual), p)
        weeks += yearly_shock(draw_normal(la.key, pace), spread_pace, p)
        la.process_weeks = la.process_weeks_usual * math.exp(weeks)
