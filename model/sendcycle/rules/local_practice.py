"""How authorities differ in practice: differences in requests, refusals and pace are wide, but do not last."""

import math

from sendcycle.calendar import SEPTEMBER
from sendcycle.engine.compilation import rule
from sendcycle.engine.randomness import Decision, draw_normal, stream
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World

TRAITS = 3  # requests, strictness, pace: each with draws of its own


@rule
def local_practice_drifts(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Each September let an authority's ways move: panels, heads of service and advice to schools change.

    Requests, strictness and pace keep `persistence_practice` of their distance from the nation's and are moved by
    chance, so that differences between authorities stay as large as they were published, but not with the same ones.
    """
    if d.month_of_year != SEPTEMBER or t <= 0:
        return
    kept = p.persistence_practice
    moved = math.sqrt(1.0 - kept * kept)
    requests = stream(w.seed, Decision.PRACTICE, TRAITS * t)
    strictness = stream(w.seed, Decision.PRACTICE, TRAITS * t + 1)
    pace = stream(w.seed, Decision.PRACTICE, TRAITS * t + 2)
    for a in part:
        la = w.authorities[a]
        centre = -0.5 * p.spread_practice_requests**2  # so that the mean level stays 1
        level = centre + kept * (math.log(la.request_level) - centre)
        la.request_level = math.exp(level + moved * p.spread_practice_requests * draw_normal(la.key, requests))
        spread = p.spread_decision * p.spread_practice_refusals
        la.strictness = kept * la.strictness + moved * spread * draw_normal(la.key, strictness)
        spread = p.spread_process * p.spread_practice_pace
        weeks = math.log(la.process_weeks / la.process_weeks_usual)
        weeks = kept * weeks + moved * spread * draw_normal(la.key, pace)
        la.process_weeks = la.process_weeks_usual * math.exp(weeks)
