"""Authorities decide: whether to assess (6 weeks), after the assessment (16 weeks) whether to issue a plan (20 weeks).

A refusal is decided here; what the family makes of it stands in `appeals`.
"""

import math

from numba import literal_unroll

from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.appeals import refuse_case
from sendcycle.rules.cases import (
    MIDDLE_ADVOCACY,
    close_case,
    list_plan,
    listed_cases,
    may_leave_queue,
    month_without_queue,
    request_day,
    start_assessment,
    start_draft,
    weeks_without_queue,
)
from sendcycle.rules.moves import join_waiting_list
from sendcycle.rules.needs import severity_gbp_k
from sendcycle.rules.requests import confidence_acted_on
from sendcycle.state.children import Appeal, Case, Children, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import GBP_PER_GBP_K, WEEKS_PER_MONTH

STATUTORY_WEEKS = 20  # from request to plan: SEND Regulations 2014
WEEKS_IN_A_YEAR = 52  # as SEN2 counts plans that took longer than a year
WEEKS_COUNTED = (12, 16, STATUTORY_WEEKS, 26, 32, 40, WEEKS_IN_A_YEAR, 78)  # within which new plans are counted
NEW_PLANS_WITHIN = tuple([f"new_plans_within_{weeks}_weeks" for weeks in WEEKS_COUNTED])
STEPS_OF_THREE_STAGES = 4  # months that the three stages take at the least in monthly steps, however quick the case


@inlined
def strictness_now(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return how strict the authority is, log points: its habit, its want of money, and what it fears of contests."""
    strictness = la.strictness + la.gatekeeping_carried
    return strictness - p.effect_belief_on_strictness * (la.contest_belief_carried - la.contest_belief_start)


@inlined
def log_threshold_now(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the log of the severity from which the authority gives plans."""
    return math.log(p.severity_threshold) + strictness_now(la, p)


@inlined
def odds_against_plan(c: Children, i: int, p: ParameterRecord, log_threshold: float) -> float:
    """Return the odds that a child is not found to need a plan: its need, how well that is put, the threshold."""
    merit = math.log(severity_gbp_k(c, i, p)) + p.effect_advocacy_on_merit * (c.advocacy[i] - MIDDLE_ADVOCACY)
    return math.exp((log_threshold - merit) / p.spread_decision)


@inlined
def prob_no_plan_issued(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the chance that an assessment ends without a plan: the stricter the authority, the likelier."""
    return p.prob_not_issued * math.exp(p.effect_strictness_on_issue * strictness_now(la, p))


@inlined
def decide_request(w: World, p: ParameterRecord, a: int, i: int, t: int, u: float, log_threshold: float) -> None:
    """Agree to assess, or refuse: the stronger the case reads against the threshold, the likelier a yes."""
    tally = w.tallies[a]
    tally.request_decisions += 1.0
    if u * (1.0 + odds_against_plan(w.children, i, p, log_threshold)) < 1.0:
        tally.assessments_agreed += 1.0
        start_assessment(w, a, i, t)
    else:
        tally.requests_refused += 1.0
        refuse_case(w, p, a, i, t, Appeal.REFUSAL_TO_ASSESS.value)


@inlined
def decide_issue(w: World, p: ParameterRecord, a: int, i: int, t: int, u: float, prob_not_issued: float) -> None:
    """Issue the plan, or refuse to; what was won at the tribunal is not refused again."""
    tally = w.tallies[a]
    won = w.children.appeal[i] == Appeal.REFUSAL_TO_ISSUE
    tally.assessments_completed += not won
    if not won and u < prob_not_issued:
        tally.assessments_not_issued += 1.0
        refuse_case(w, p, a, i, t, Appeal.REFUSAL_TO_ISSUE.value)
    else:
        issue_plan(w, p, a, i, t)


@inlined
def issue_plan(w: World, p: ParameterRecord, a: int, i: int, t: int) -> None:
    """Issue the plan: name the provision, note the time it took, and hear which placement the family wants."""
    c = w.children
    tally_new_plan(w.tallies[a], weeks_to_plan(w, p, a, i, t), c.disadvantaged[i])
    list_plan(w, a, i)
    close_case(w, i, t)
    c.sen_status[i] = SenStatus.PLAN
    c.planned[i] = t
    c.provision_gbp[i] = severity_gbp_k(c, i, p) * GBP_PER_GBP_K
    u = draw(c.key[i], stream(w.seed, Decision.WANT_SPECIALIST, t))
    in_reach = c.setting[i] <= Setting.UNIT or c.setting[i] == Setting.ALTERNATIVE
    if in_reach and wants_special_place(c, i, w.authorities[a], p, u):
        join_waiting_list(w, a, i)


@inlined
def wants_special_place(c: Children, i: int, la: AuthorityRecord, p: ParameterRecord, u: float) -> bool:
    """Say whether the family wants a specialist place: severe need, habit of the area, want of confidence (R7)."""
    pull = (math.log(severity_gbp_k(c, i, p) / p.severity_special) + la.special_level) / p.spread_special
    pull -= p.effect_confidence_on_special * (confidence_acted_on(c, i, la) - p.confidence_reference)
    return u * (1.0 + math.exp(-pull)) < 1.0


@inlined
def weeks_to_plan(w: World, p: ParameterRecord, a: int, i: int, t: int) -> float:
    """Return the weeks the plan took: those of the process, or more if the case had to wait."""
    c = w.children
    won = c.appeal[i] == Appeal.REFUSAL_TO_ISSUE  # what was won only has to be written
    if won or t > max(month_without_queue(w, p, a, i), c.opened[i] + STEPS_OF_THREE_STAGES):
        waited = t + draw(c.key[i], stream(w.seed, Decision.ISSUE_DAY, t)) - c.opened[i] - request_day(w, i)
        return waited * WEEKS_PER_MONTH
    return weeks_without_queue(w, p, a, i)


@inlined
def tally_new_plan(tally: TallyRecord, weeks: float, disadvantaged: int) -> None:
    """Count the new plan and the weeks it took."""
    tally.new_plans += 1.0
    tally.weeks_to_plan += weeks
    k = 0
    for name in literal_unroll(NEW_PLANS_WITHIN):
        tally[name] += weeks <= WEEKS_COUNTED[k]  # type: ignore[index]
        k += 1  # noqa: SIM113 (numba unrolls no enumeration)
    tally.new_plans_over_52_weeks += weeks > WEEKS_IN_A_YEAR
    tally.new_plans_disadvantaged += disadvantaged


@rule
def authorities_assess(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Move every case on that may leave its queue; refuse, agree, issue."""
    c = w.children
    agree = stream(w.seed, Decision.AGREE_TO_ASSESS, t)
    issue = stream(w.seed, Decision.AGREE_TO_ISSUE, t)
    for a in part:
        la = w.authorities[a]
        log_threshold = log_threshold_now(la, p)
        prob_not_issued = prob_no_plan_issued(la, p)
        for i in listed_cases(w, a):
            case = c.case[i]
            if case == Case.NONE or case > Case.DRAFTING or c.may_move_on_from[i] > t:
                continue
            if case == Case.DRAFTING:
                if may_leave_queue(w, i, t, Decision.DRAFT_TURN, la.wait_draft):
                    decide_issue(w, p, a, i, t, draw(c.key[i], issue), prob_not_issued)
            elif case == Case.ASSESSING:
                if may_leave_queue(w, i, t, Decision.PSYCHOLOGIST_TURN, la.wait_psychologist):
                    start_draft(w, a, i, max(t + 1, month_without_queue(w, p, a, i)))
            elif may_leave_queue(w, i, t, Decision.DECIDE_TURN, la.wait_decision):
                decide_request(w, p, a, i, t, draw(c.key[i], agree), log_threshold)
