"""What can happen to a case: it starts, waits its turn, ends in a plan, or is contested."""

import math

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined
from sendcycle.engine.randomness import Decision, draw, draw_normal, stream
from sendcycle.rules.needs import severity
from sendcycle.state.children import Appeal, Case, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DOCKET_MONTHS, AuthorityRecord, DriverRecord
from sendcycle.state.world import World

WEEKS_PER_MONTH = 365.25 / 7.0 / 12.0
STATUTORY_WEEKS = 20.0
STEPS_OF_THREE_STAGES = 4  # months that the three stages take at the least in monthly steps, however quick the case
MONTHS_BEFORE_NEW_REQUEST = 6  # the law lets an authority decline a request within six months of the last


@inlined
def listed_plans(w: World, a: int) -> NDArray[np.uint32]:
    """Return the rows of authority a's children with a plan at the last month end, and of those given one since."""
    first = w.rows[a, 0]
    return w.plan_rows[first : first + w.authorities[a].n_plan_rows]


@inlined
def listed_cases(w: World, a: int) -> NDArray[np.uint32]:
    """Return the rows of authority a's children with a case at the last month end, and of those asked for since."""
    first = w.rows[a, 0]
    return w.case_rows[first : first + w.authorities[a].n_case_rows]


@inlined
def list_plan(w: World, a: int, i: int) -> None:
    """Add a child to the list of those with a plan."""
    la = w.authorities[a]
    w.plan_rows[w.rows[a, 0] + la.n_plan_rows] = i
    la.n_plan_rows += 1


@inlined
def list_case(w: World, a: int, i: int) -> None:
    """Add a child to the list of those with a case."""
    la = w.authorities[a]
    w.case_rows[w.rows[a, 0] + la.n_case_rows] = i
    la.n_case_rows += 1


@compiled
def turn(queue: NDArray[np.float64], t: int, capacity: float) -> tuple[int, float]:
    """Return (cutoff, share): the oldest months are served first, all before `cutoff`, `share` of that month's.

    `queue` holds the cases by month of arrival; `capacity` is how many can be served.
    """
    left = capacity
    for month in range(t - DOCKET_MONTHS + 8, t + 1):
        waiting = queue[month % DOCKET_MONTHS]
        if waiting > left:
            return month, max(left, 0.0) / waiting
        left -= waiting
    return t + 1, 0.0


@inlined
def has_turn(arrived: int, u: float, cutoff: int, share: float) -> bool:
    """Say whether an appeal registered in a month is disposed of now."""
    return arrived < cutoff or (arrived == cutoff and u < share)


@inlined
def has_waited(w: World, i: int, t: int, decision: int, wait: float) -> bool:
    """Say whether the case's turn has come: it has been in its stage for as long as cases now wait."""
    c = w.children
    return t - c.may_move_on_from[i] + draw(c.key[i], stream(w.seed, decision, c.opened[i])) >= wait


@inlined
def weeks_without_queue(w: World, p: ParameterRecord, a: int, i: int) -> float:
    """Return the weeks from request to plan that the case takes when nobody has to wait for hours."""
    c = w.children
    z = draw_normal(c.key[i], stream(w.seed, Decision.PROCESS_TIME, c.opened[i]))
    return max(w.authorities[a].process_weeks * math.exp(p.spread_process * z) + p.process_weeks_extra, 8.0)


@inlined
def request_day(w: World, i: int) -> float:
    """Return the day of the request as a share of its month."""
    return draw(w.children.key[i], stream(w.seed, Decision.REQUEST_DAY, w.children.opened[i]))


@inlined
def natural_month(w: World, p: ParameterRecord, a: int, i: int) -> int:
    """Return the month in which the plan is due when nobody has to wait for hours."""
    return w.children.opened[i] + int(request_day(w, i) + weeks_without_queue(w, p, a, i) / WEEKS_PER_MONTH)


@inlined
def strictness_now(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return how strict the authority is, log points: its habit, its want of money, and what it fears of contests."""
    strictness = la.strictness + la.gatekeeping_carried
    return strictness - p.effect_belief_on_strictness * (la.contest_belief_carried - la.contest_belief_start)


@inlined
def odds_against(w: World, p: ParameterRecord, i: int, log_threshold: float) -> float:
    """Return the odds that a child is not found to need a plan: its need, how well that is put, the threshold."""
    c = w.children
    merit = math.log(severity(c, i, p)) + p.effect_advocacy_on_merit * (c.advocacy[i] - 0.5)
    return math.exp((log_threshold - merit) / p.spread_decision)


@inlined
def start_assessment(w: World, a: int, i: int, t: int) -> None:
    """Put the case into the psychologists' queue."""
    w.children.case[i] = Case.ASSESSING
    w.children.may_move_on_from[i] = t
    w.tallies[a].assessments_begun += 1.0


@inlined
def issue_plan(w: World, p: ParameterRecord, d: DriverRecord, a: int, i: int, t: int) -> None:
    """Issue the plan: name the provision, note the time it took, and hear which placement the family wants."""
    c = w.children
    tally = w.tallies[a]
    late = t > max(natural_month(w, p, a, i), c.opened[i] + STEPS_OF_THREE_STAGES)
    weeks = weeks_without_queue(w, p, a, i)
    if late or c.appeal[i] == Appeal.REFUSAL_TO_ISSUE:  # what was won only has to be written
        waited = t + draw(c.key[i], stream(w.seed, Decision.ISSUE_DAY, t)) - c.opened[i] - request_day(w, i)
        weeks = waited * WEEKS_PER_MONTH
    tally.new_plans += 1.0
    tally.weeks_to_plan += weeks
    tally.new_plans_within_12_weeks += weeks <= 12.0
    tally.new_plans_within_16_weeks += weeks <= 16.0
    tally.new_plans_within_20_weeks += weeks <= STATUTORY_WEEKS
    tally.new_plans_within_26_weeks += weeks <= 26.0
    tally.new_plans_within_32_weeks += weeks <= 32.0
    tally.new_plans_within_40_weeks += weeks <= 40.0
    tally.new_plans_within_52_weeks += weeks <= 52.0
    tally.new_plans_within_78_weeks += weeks <= 78.0
    tally.new_plans_over_52_weeks += weeks > 52.0
    tally.new_plans_disadvantaged += c.disadvantaged[i]
    list_plan(w, a, i)
    c.sen_status[i] = SenStatus.PLAN
    c.case[i] = Case.NONE
    c.appeal[i] = Appeal.NONE
    c.planned[i] = t
    c.may_ask_from[i] = t
    c.provision_gbp[i] = severity(c, i, p) * 1000.0
    if c.setting[i] <= Setting.UNIT or c.setting[i] == Setting.ALTERNATIVE:
        la = w.authorities[a]
        pull = (math.log(severity(c, i, p) / p.severity_special) + la.special_level) / p.spread_special
        pull -= p.effect_confidence_on_special * (c.confidence[i] + la.confidence_shift - p.confidence_reference)
        if draw(c.key[i], stream(w.seed, Decision.WANT_SPECIALIST, t)) * (1.0 + math.exp(-pull)) < 1.0:
            join_waiting_list(w, a, i)


@inlined
def join_waiting_list(w: World, a: int, i: int) -> None:
    """Put the child on the waiting list for a specialist place."""
    if w.children.wants_special[i] == 0:
        w.children.wants_special[i] = 1
        w.authorities[a].waiting_special += 1.0
        w.tallies[a].specialist_places_sought += 1.0


@inlined
def move_to(w: World, a: int, i: int, setting: int) -> None:
    """Move a plan holder, and keep the counts of places and waiting lists right."""
    c = w.children
    la = w.authorities[a]
    if c.wants_special[i] == 1 and setting != Setting.ALTERNATIVE and setting != Setting.MAINSTREAM:
        c.wants_special[i] = 0
        la.waiting_special -= 1.0
    if c.setting[i] == Setting.STATE_SPECIAL:
        la.special_pupils -= 1.0
    elif c.setting[i] == Setting.UNIT:
        w.schools[c.school[i]].unit_pupils -= 1.0
        la.unit_pupils -= 1.0
    if setting == Setting.STATE_SPECIAL:
        la.special_pupils += 1.0
    elif setting == Setting.UNIT:
        w.schools[c.school[i]].unit_pupils += 1.0
        la.unit_pupils += 1.0
    c.setting[i] = setting


@inlined
def end_plan(w: World, a: int, i: int) -> None:
    """End the plan and every case about it."""
    c = w.children
    withdraw_case(w, a, i)
    if c.wants_special[i] == 1:
        c.wants_special[i] = 0
        w.authorities[a].waiting_special -= 1.0
    c.sen_status[i] = 0
    c.provision_gbp[i] = 0.0
    w.tallies[a].plans_ceased += 1.0


@inlined
def withdraw_case(w: World, a: int, i: int) -> None:
    """Take the case out of the queue in which it waits."""
    c = w.children
    if c.case[i] == Case.NONE:
        return
    if c.case[i] == Case.APPEALING:
        w.docket[a, c.registered[i] % DOCKET_MONTHS] -= 1
    w.tallies[a].cases_withdrawn += 1.0
    c.case[i] = Case.NONE
    c.appeal[i] = Appeal.NONE


@inlined
def register_appeal(w: World, a: int, i: int, t: int) -> None:
    """Register the appeal on the tribunal's docket."""
    c = w.children
    tally = w.tallies[a]
    c.case[i] = Case.APPEALING
    c.registered[i] = t
    w.docket[a, t % DOCKET_MONTHS] += 1
    tally.appeals_registered += 1.0
    if c.appeal[i] == Appeal.REFUSAL_TO_ASSESS:
        tally.appeals_refusal_to_assess += 1.0
    elif c.appeal[i] == Appeal.REFUSAL_TO_ISSUE:
        tally.appeals_refusal_to_issue += 1.0
    else:
        tally.appeals_contents += 1.0
    if c.disadvantaged[i] == 1:
        tally.appeals_disadvantaged += 1.0


@inlined
def contest_factor(w: World, p: ParameterRecord, a: int, i: int) -> float:
    """Return how much likelier than the reference family this one contests: means, belief, the tribunal's wait."""
    la = w.authorities[a]
    means = (0.5 + w.children.advocacy[i]) ** p.elasticity_advocacy_contest
    belief = math.exp(p.effect_belief * (la.contest_belief_carried - la.contest_belief_start))
    deterred = math.exp(-p.effect_tribunal_wait * (la.tribunal_wait_carried - la.tribunal_wait_start))
    return la.contest_level * means * belief * deterred


@inlined
def refuse(w: World, p: ParameterRecord, a: int, i: int, t: int, kind: int) -> None:
    """Close a refused case, or let the family take it to mediation or straight to the tribunal."""
    c = w.children
    c.case[i] = Case.NONE
    c.appeal[i] = Appeal.NONE
    c.may_ask_from[i] = t + MONTHS_BEFORE_NEW_REQUEST
    if draw(c.key[i], stream(w.seed, Decision.CONTEST_REFUSAL, t)) < p.prob_contest_refusal * contest_factor(
        w, p, a, i
    ):
        c.appeal[i] = kind
        contest(w, p, a, i, t)


@inlined
def contest(w: World, p: ParameterRecord, a: int, i: int, t: int) -> None:
    """Send a family that contests to mediation, or register its appeal."""
    c = w.children
    if draw(c.key[i], stream(w.seed, Decision.MEDIATE, t)) < p.share_mediation:
        c.case[i] = Case.MEDIATING
        c.may_move_on_from[i] = t + 2
        w.tallies[a].mediations += 1.0
    else:
        register_appeal(w, a, i, t)
