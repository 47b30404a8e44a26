"""Hours meet cases: psychologists' and caseworkers' time, the queues at the three stages, and the wait in each."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import ARRIVALS_KEPT, AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

DECISIONS, ASSESSMENTS, DRAFTS = 0, 1, 2  # the three stages, as rows of `arrived`
CASE_FLOW_SMOOTHING_MONTHS = 6.0  # over which the flow of cases is smoothed: an assumption
LEAST_CASES = 1e-9  # cases; guards a division by none


@inlined
def fixed_statutory_hours(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the psychologist hours a month that annual reviews, transfers of statements and appeals take."""
    reviews = la.plans * p.hours_annual_review / MONTHS_PER_YEAR
    transfers = d.transfers * la.plans_2014 * p.hours_transfer
    return reviews + transfers + la.appeals_last_month * p.hours_appeal


@compiled
def wait_of_oldest(arrived: NDArray[np.float64], backlog: float, t: int) -> float:
    """Return how long the case now served has waited, months: first in, first out.

    The backlog holds the last arrivals; going back over the months until they add up to it finds the oldest. So the
    wait never grows by more than a month in a month.
    """
    left = backlog
    for k in range(ARRIVALS_KEPT - 1):
        month = arrived[(t - k) % ARRIVALS_KEPT]
        if left <= month:
            return float(k + left / max(month, LEAST_CASES))
        left -= month
    return ARRIVALS_KEPT - 1.0


@inlined
def cases_served(arriving: float, backlog: float, hours: float, hours_each: float) -> float:
    """Return the cases of a queue that the hours serve this month."""
    return min(arriving + backlog, hours / hours_each)


@inlined
def wait_in_queue(la: AuthorityRecord, stage: int, arriving: float, backlog: float, t: int) -> float:
    """Note this month's arrivals at a stage; return the wait there, months."""
    arrived = la.arrived
    arrived[stage, t % ARRIVALS_KEPT] = arriving
    return wait_of_oldest(arrived[stage], backlog, t)


@inlined
def assessments_bought(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the assessments of the backlog that psychologists in private practice do, as far as these sell."""
    for_sale = p.share_private_for_advice * la.psychologists_private * p.hours_psychologist / MONTHS_PER_YEAR
    return min(max(la.assessments_backlog, 0.0), for_sale / p.hours_assessment)


@inlined
def psychologists_assess(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """Serve the queue for assessments up to the limit of statutory work; what is left of the hours is early help."""
    total = la.psychologists * p.hours_psychologist / MONTHS_PER_YEAR
    limit = p.share_statutory_limit * total
    fixed = min(fixed_statutory_hours(la, p, d), limit)
    arriving = la.assessments_arriving + p.share_reassessment_advice * la.reassessments_arriving
    served = cases_served(arriving, la.assessments_backlog, limit - fixed, p.hours_assessment)
    la.assessments_backlog += arriving - served
    bought = assessments_bought(la, p)
    la.assessments_backlog -= bought
    la.bought_hours = bought * p.hours_assessment
    la.wait_psychologist = wait_in_queue(la, ASSESSMENTS, arriving, la.assessments_backlog, t)
    la.statutory_hours = fixed + served * p.hours_assessment
    la.specialist_hours = (la.specialist_psychologists + la.specialists_other) * p.hours_psychologist / MONTHS_PER_YEAR
    la.early_hours = total - la.statutory_hours + la.specialist_hours
    la.statutory_share = la.statutory_hours / total


@inlined
def caseworkers_decide_and_draft(la: AuthorityRecord, p: ParameterRecord, t: int) -> None:
    """Serve the queue for decisions, then with the hours left the queue of drafts."""
    hours = la.caseworkers * p.hours_caseworker / MONTHS_PER_YEAR
    arriving = la.requests_arriving + la.reassessments_arriving
    decided = cases_served(arriving, la.requests_backlog, hours, p.hours_decision)
    la.requests_backlog += arriving - decided
    la.wait_decision = wait_in_queue(la, DECISIONS, arriving, la.requests_backlog, t)
    left = hours - decided * p.hours_decision
    drafted = cases_served(la.drafts_arriving, la.drafts_backlog, left, p.hours_draft)
    la.drafts_backlog += la.drafts_arriving - drafted
    la.wait_draft = wait_in_queue(la, DRAFTS, la.drafts_arriving, la.drafts_backlog, t)


@rule
def authorities_allocate_hours(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spend psychologists' and caseworkers' hours on statutory work; psychologists' other hours reach children early.

    What their own psychologists cannot serve, authorities buy from those in private practice, as far as these sell.
    The hours there are meet the smoothed flow of cases, so that a sampled authority queues as a whole one would;
    what is not served adds to the backlog, and the backlog is the wait. Reassessments queue with the other cases.
    Specialists in extra posts do nothing but early help.
    """
    for a in part:
        psychologists_assess(w.authorities[a], p, d, t)
        caseworkers_decide_and_draft(w.authorities[a], p, t)


@inlined
def smoothed(flow: float, now: float) -> float:
    """Return a flow of cases a month, moved towards this month's."""
    return flow + (now - flow) / CASE_FLOW_SMOOTHING_MONTHS


@rule
def case_flows_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Smooth the flow of cases into each stage over half a year."""
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        la.requests_arriving = smoothed(la.requests_arriving, tally.requests)
        la.assessments_arriving = smoothed(la.assessments_arriving, tally.assessments_begun)
        la.drafts_arriving = smoothed(la.drafts_arriving, tally.drafts_begun)
        la.reassessments_arriving = smoothed(la.reassessments_arriving, tally.reassessments)
