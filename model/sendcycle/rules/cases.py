"""A case and its queues: who has one, how long its stages take, how it starts, is withdrawn, and how a plan ends."""

import math

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import inlined
from sendcycle.engine.randomness import Decision, draw, draw_normal, stream
from sendcycle.rules.moves import leave_waiting_list
from sendcycle.state.children import Appeal, Case, SenStatus
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DOCKET_MONTHS
from sendcycle.state.world import World
from sendcycle.units import WEEKS_PER_MONTH

FEWEST_WEEKS = 8.0  # from request to plan, however quick the case: an assumption
MIDDLE_ADVOCACY = 0.5  # advocacy lies between 0 and 1; in its middle a family is neither better nor worse heard
MEANS_WITHOUT_ADVOCACY = 0.5  # means are this and advocacy, so that they are 1 in its middle; an assumption


@inlined
def family_means(advocacy: float) -> float:
    """Return the means with which a family asks and contests, 1 for the middle of advocacy."""
    return MEANS_WITHOUT_ADVOCACY + advocacy


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


@inlined
def may_leave_queue(w: World, i: int, t: int, decision: int, wait: float) -> bool:
    """Say whether the case has been in its stage for as long as cases now wait, months."""
    c = w.children
    return t - c.may_move_on_from[i] + draw(c.key[i], stream(w.seed, decision, c.opened[i])) >= wait


@inlined
def request_day(w: World, i: int) -> float:
    """Return the day of the request as a share of its month."""
    return draw(w.children.key[i], stream(w.seed, Decision.REQUEST_DAY, w.children.opened[i]))


@inlined
def weeks_without_queue(w: World, p: ParameterRecord, a: int, i: int) -> float:
    """Return the weeks from request to plan that the case takes when nobody has to wait for hours."""
    c = w.children
    z = draw_normal(c.key[i], stream(w.seed, Decision.PROCESS_TIME, c.opened[i]))
    return max(w.authorities[a].process_weeks * math.exp(p.spread_process * z) + p.process_weeks_extra, FEWEST_WEEKS)


@inlined
def month_without_queue(w: World, p: ParameterRecord, a: int, i: int) -> int:
    """Return the month in which the plan would be ready when nobody has to wait for hours."""
    return w.children.opened[i] + int(request_day(w, i) + weeks_without_queue(w, p, a, i) / WEEKS_PER_MONTH)


@inlined
def start_assessment(w: World, a: int, i: int, t: int) -> None:
    """Put the case into the psychologists' queue."""
    w.children.case[i] = Case.ASSESSING
    w.children.may_move_on_from[i] = t
    w.tallies[a].assessments_begun += 1.0


@inlined
def start_draft(w: World, a: int, i: int, month: int) -> None:
    """Put the case into the queue of drafts, which it may leave from this month on."""
    w.children.case[i] = Case.DRAFTING
    w.children.may_move_on_from[i] = month
    w.tallies[a].drafts_begun += 1.0


@inlined
def close_case(w: World, i: int, may_ask_from: int) -> None:
    """Close the case; from this month on the family may ask or contest again."""
    c = w.children
    c.case[i] = Case.NONE
    c.appeal[i] = Appeal.NONE
    c.may_ask_from[i] = may_ask_from


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
def end_plan(w: World, a: int, i: int) -> None:
    """End the plan and every case about it."""
    c = w.children
    withdraw_case(w, a, i)
    leave_waiting_list(w, a, i)
    c.sen_status[i] = SenStatus.NONE
    c.provision_gbp[i] = 0.0
    w.tallies[a].plans_ceased += 1.0
