"""Authorities decide whether to assess (6 weeks), assess (16 weeks) and issue plans (20 weeks), as hours allow."""

import math

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import (
    has_waited,
    issue_plan,
    listed_cases,
    natural_month,
    odds_against,
    refuse,
    start_assessment,
    strictness_now,
)
from sendcycle.state.children import Appeal, Case
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import ARRIVALS_KEPT, AuthorityRecord, DriverRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World


@compiled
def fixed_statutory_hours(la: AuthorityRecord, tally: TallyRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the psychologist hours a month that annual reviews, transfers of statements and appeals take."""
    reviews = la.plans * p.hours_annual_review / 12.0
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
            return k + left / max(month, 1e-9)
        left -= month
    return ARRIVALS_KEPT - 1.0


@rule
def authorities_allocate_hours(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spend psychologists' and caseworkers' hours on statutory work; psychologists' other hours reach children early.

    What their own psychologists cannot serve, authorities buy from those in private practice, as far as these sell.
    The hours there are meet the smoothed flow of cases, so that a sampled authority queues as a whole one would;
    what is not served adds to the backlog, and the backlog is the wait. Reassessments queue with the other cases.
    Specialists in extra posts do nothing but early help.
    """
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        total = la.psychologists * p.hours_psychologist / 12.0
        limit = p.share_statutory_limit * total
        fixed = min(fixed_statutory_hours(la, tally, p, d), limit)
        arriving = la.assessments_arriving + p.share_reassessment_advice * la.reassessments_arriving
        served = min(arriving + la.assessments_backlog, (limit - fixed) / p.hours_assessment)
        la.assessments_backlog += arriving - served
        for_sale = p.share_private_for_advice * la.psychologists_private * p.hours_psychologist / 12.0
        bought = min(max(la.assessments_backlog, 0.0), for_sale / p.hours_assessment)
        la.assessments_backlog -= bought
        la.bought_hours = bought * p.hours_assessment
        arrived = la.arrived
        arrived[1, t % ARRIVALS_KEPT] = arriving
        la.wait_psychologist = wait_of_oldest(arrived[1], la.assessments_backlog, t)
        la.statutory_hours = fixed + served * p.hours_assessment
        la.specialist_hours = (la.specialist_psychologists + la.specialists_other) * p.hours_psychologist / 12.0
        la.early_hours = total - la.statutory_hours + la.specialist_hours
        la.statutory_share = la.statutory_hours / total

        hours = la.caseworkers * p.hours_caseworker / 12.0
        arriving = la.requests_arriving + la.reassessments_arriving
        decided = min(arriving + la.requests_backlog, hours / p.hours_decision)
        la.requests_backlog += arriving - decided
        arrived[0, t % ARRIVALS_KEPT] = arriving
        la.wait_decision = wait_of_oldest(arrived[0], la.requests_backlog, t)
        drafted = min(la.drafts_arriving + la.drafts_backlog, (hours - decided * p.hours_decision) / p.hours_draft)
        la.drafts_backlog += la.drafts_arriving - drafted
        arrived[2, t % ARRIVALS_KEPT] = la.drafts_arriving
        la.wait_draft = wait_of_oldest(arrived[2], la.drafts_backlog, t)


@rule
def case_flows_change(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Smooth the flow of cases into each stage over half a year."""
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        la.requests_arriving += (tally.requests - la.requests_arriving) / 6.0
        la.assessments_arriving += (tally.assessments_begun - la.assessments_arriving) / 6.0
        la.drafts_arriving += (tally.drafts_begun - la.drafts_arriving) / 6.0
        la.reassessments_arriving += (tally.reassessments - la.reassessments_arriving) / 6.0


@rule
def authorities_assess(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Move every case whose turn has come one stage on; refuse, agree, issue."""
    c = w.children
    agree = stream(w.seed, Decision.AGREE_TO_ASSESS, t)
    issue = stream(w.seed, Decision.AGREE_TO_ISSUE, t)
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        strictness = strictness_now(la, p)
        log_threshold = math.log(p.severity_threshold) + strictness
        prob_not_issued = p.prob_not_issued * math.exp(p.effect_strictness_on_issue * strictness)
        for i in listed_cases(w, a):
            case = c.case[i]
            if case == Case.NONE or case > Case.DRAFTING or c.may_move_on_from[i] > t:
                continue
            refused = Appeal.NONE.value
            if case == Case.DRAFTING:
                if not has_waited(w, i, t, Decision.DRAFT_TURN, la.wait_draft):
                    continue
                won = c.appeal[i] == Appeal.REFUSAL_TO_ISSUE
                tally.assessments_completed += not won
                if not won and draw(c.key[i], issue) < prob_not_issued:
                    tally.assessments_not_issued += 1.0
                    refused = Appeal.REFUSAL_TO_ISSUE.value
                else:
                    issue_plan(w, p, d, a, i, t)
            elif case == Case.ASSESSING:
                if not has_waited(w, i, t, Decision.PSYCHOLOGIST_TURN, la.wait_psychologist):
                    continue
                tally.drafts_begun += 1.0
                c.case[i] = Case.DRAFTING
                c.may_move_on_from[i] = max(t + 1, natural_month(w, p, a, i))
            else:
                if not has_waited(w, i, t, Decision.DECIDE_TURN, la.wait_decision):
                    continue
                tally.request_decisions += 1.0
                if draw(c.key[i], agree) * (1.0 + odds_against(w, p, i, log_threshold)) < 1.0:
                    tally.assessments_agreed += 1.0
                    start_assessment(w, a, i, t)
                else:
                    tally.requests_refused += 1.0
                    refused = Appeal.REFUSAL_TO_ASSESS.value
            if refused != Appeal.NONE:
                refuse(w, p, a, i, t, refused)
