"""Families contest refusals and the contents of plans; authorities settle or defend; the tribunal decides.

Refusals are decided in `assessment`, and by a reassessment in `transitions`; a placement is named in `family_wins`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import (
    close_case,
    family_means,
    listed_cases,
    listed_plans,
    start_assessment,
    start_draft,
)
from sendcycle.rules.moves import move_to
from sendcycle.state.children import Appeal, Case, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DOCKET_MONTHS, AuthorityRecord, DriverRecord, NationRecord
from sendcycle.state.world import Part, World
from sendcycle.units import ON

MONTHS_BEFORE_NEW_REQUEST = 6  # the law lets an authority decline a request within six months of the last
MONTHS_BEFORE_NEW_CONTEST = 12  # after a contest is decided nothing is asked or contested for a year: an assumption
MONTHS_OF_MEDIATION = 2  # an assumption
HIGHEST_OVER_USUAL = 25.0  # no family contests the contents of a plan more often than this many times the usual
NEWEST_MONTHS = 8  # of the docket, a ring, kept for appeals not yet to be heard: more than dur_tribunal_minimum_months
LEAST_CASEWORK_LOAD = 1e-9  # casework load; guards a division by none


# ---------------------------------------------------------------------- who contests


@inlined
def contest_factor(w: World, p: ParameterRecord, a: int, i: int) -> float:
    """Return how much likelier than the reference family this one contests: means, belief, the tribunal's wait."""
    la = w.authorities[a]
    means = family_means(w.children.advocacy[i]) ** p.elasticity_advocacy_contest
    belief = math.exp(p.effect_belief * (la.contest_belief_carried - la.contest_belief_start))
    deterred = math.exp(-p.effect_tribunal_wait * (la.tribunal_wait_carried - la.tribunal_wait_start))
    return float(la.contest_level * means * belief * deterred)


@inlined
def register_appeal(w: World, a: int, i: int, t: int) -> None:
    """Register the appeal on the tribunal's docket."""
    c = w.children
    tally = w.tallies[a]
    c.case[i] = Case.APPEALING
    c.registered[i] = t
    w.docket[a, t % DOCKET_MONTHS] += 1
    tally.appeals_registered += 1.0
    tally.appeals_refusal_to_assess += c.appeal[i] == Appeal.REFUSAL_TO_ASSESS
    tally.appeals_refusal_to_issue += c.appeal[i] == Appeal.REFUSAL_TO_ISSUE
    tally.appeals_contents += c.appeal[i] == Appeal.CONTENTS
    tally.appeals_disadvantaged += c.disadvantaged[i]


@inlined
def contest(w: World, p: ParameterRecord, a: int, i: int, t: int, kind: int) -> None:
    """Take the decision to mediation, or straight to the tribunal."""
    c = w.children
    c.appeal[i] = kind
    if draw(c.key[i], stream(w.seed, Decision.MEDIATE, t)) < p.share_mediation:
        c.case[i] = Case.MEDIATING
        c.may_move_on_from[i] = t + MONTHS_OF_MEDIATION
        w.tallies[a].mediations += 1.0
    else:
        register_appeal(w, a, i, t)


@compiled
def refuse_case(w: World, p: ParameterRecord, a: int, i: int, t: int, kind: int) -> None:
    """Close a refused case, or let the family contest the refusal."""
    close_case(w, i, t + MONTHS_BEFORE_NEW_REQUEST)
    u = draw(w.children.key[i], stream(w.seed, Decision.CONTEST_REFUSAL, t))
    if u < p.prob_contest_refusal * contest_factor(w, p, a, i):
        contest(w, p, a, i, t, kind)


@inlined
def names_placement(p: ParameterRecord) -> bool:
    """Say whether a contest can name a specialist place: a switch."""
    return p.contest_names_placement == ON


@inlined
def contest_contents(w: World, p: ParameterRecord, a: int, i: int, t: int, u: float) -> None:
    """Let the family contest what the plan says, or the placement that it names: the more unmet, the oftener."""
    c = w.children
    highest = p.rate_contest_contents * HIGHEST_OVER_USUAL
    if u >= highest:
        return
    rate = p.rate_contest_contents * contest_factor(w, p, a, i) * c.unmet[i] / p.unmet_reference
    if c.wants_special[i] == 1 and names_placement(p):
        rate *= p.factor_contest_placement
    if u < min(rate, highest):
        contest(w, p, a, i, t, Appeal.CONTENTS.value)


# ---------------------------------------------------------------------- what follows


@inlined
def give_special_place(w: World, a: int, i: int) -> None:
    """Give the child a state special place if one is vacant, and an independent one if not."""
    la = w.authorities[a]
    if la.special_places - la.special_pupils >= 1.0:
        w.tallies[a].placed_state_special += 1.0
        move_to(w, a, i, Setting.STATE_SPECIAL.value)
    else:
        w.tallies[a].placed_independent += 1.0
        move_to(w, a, i, Setting.INDEPENDENT_SPECIAL.value)


@compiled
def family_wins(w: World, p: ParameterRecord, a: int, i: int, t: int) -> None:
    """Give the family what it contested for; a place only where the law lets a contest name one."""
    c = w.children
    w.tallies[a].contests_won += 1.0
    if c.appeal[i] == Appeal.REFUSAL_TO_ASSESS:
        c.appeal[i] = Appeal.NONE
        c.opened[i] = t
        start_assessment(w, a, i, t)
    elif c.appeal[i] == Appeal.REFUSAL_TO_ISSUE:  # the kind of appeal stays on the case until the plan is written
        c.opened[i] = t
        start_draft(w, a, i, t + 1)
    else:
        close_case(w, i, t + MONTHS_BEFORE_NEW_CONTEST)
        c.provision_gbp[i] *= 1.0 + p.gain_provision_appeal
        if c.wants_special[i] == 1 and names_placement(p):
            give_special_place(w, a, i)


@compiled
def family_loses(w: World, i: int, t: int) -> None:
    """Close the case; nothing changes for a year."""
    close_case(w, i, t + MONTHS_BEFORE_NEW_CONTEST)


@inlined
def end_mediation(w: World, p: ParameterRecord, a: int, i: int, t: int, u: float) -> None:
    """End a mediation: the authority agrees, the family goes on to the tribunal, or it gives up."""
    if u < p.prob_mediation_agrees:
        w.tallies[a].mediations_agreed += 1.0
        family_wins(w, p, a, i, t)
    elif u < p.prob_mediation_agrees + p.prob_mediation_to_appeal:
        register_appeal(w, a, i, t)
    else:
        family_loses(w, i, t)


@rule
def families_contest(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let mediations end, and families contest the contents of plans."""
    c = w.children
    contests = stream(w.seed, Decision.CONTEST_CONTENTS, t)
    outcome = stream(w.seed, Decision.MEDIATION_OUTCOME, t)
    for a in part:
        for i in listed_cases(w, a):
            if c.case[i] == Case.MEDIATING and c.may_move_on_from[i] <= t:
                end_mediation(w, p, a, i, t, draw(c.key[i], outcome))
        for i in listed_plans(w, a):
            if c.sen_status[i] == SenStatus.PLAN and c.case[i] == Case.NONE and c.may_ask_from[i] <= t:
                contest_contents(w, p, a, i, t, draw(c.key[i], contests))


# ---------------------------------------------------------------------- the tribunal


@compiled
def months_served(docket: NDArray[np.float64], t: int, capacity: float) -> tuple[int, float]:
    """Return (cutoff, share): all appeals of the months before `cutoff` are heard, and `share` of that month's.

    The oldest are served first. `docket` holds the appeals by month of registration, `t` is the last of these months
    that may be heard; `capacity` is how many appeals can be served.
    """
    left = capacity
    for month in range(t - DOCKET_MONTHS + NEWEST_MONTHS, t + 1):
        waiting = docket[month % DOCKET_MONTHS]
        if waiting > left:
            return month, max(left, 0.0) / waiting
        left -= waiting
    return t + 1, 0.0


@rule
def tribunal_lists_hearings(w: World, p: ParameterRecord, t: int) -> None:
    """Share this month's hearing capacity over the national docket, the oldest appeals first."""
    nation = w.nation[0]
    docket = np.zeros(DOCKET_MONTHS)
    for a in range(w.authorities.shape[0]):
        docket += w.docket[a] * w.authorities[a].weight
    cutoff, share = months_served(docket, t - int(p.dur_tribunal_minimum_months), nation.hearings_capacity)
    nation.hearing_cutoff = cutoff
    nation.hearing_share = share


@inlined
def is_heard(registered: int, u: float, cutoff: int, share: float) -> bool:
    """Say whether an appeal registered in this month is disposed of now."""
    return registered < cutoff or (registered == cutoff and u < share)


@inlined
def prob_settled_now(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the chance that the authority settles before the hearing: overloaded authorities settle less."""
    eased = (p.casework_reference / max(la.casework_load, LEAST_CASEWORK_LOAD)) ** p.elasticity_settle
    return float(p.prob_settle * min(1.0, eased))


@inlined
def prob_upheld_now(nation: NationRecord, p: ParameterRecord) -> float:
    """Return the chance that a decided appeal is upheld where contesting is not believed to pay.

    A law that asks for severer needs than when the run began binds the tribunal as well, in part.
    """
    followed = (nation.severity_threshold_start / p.severity_threshold) ** p.response_upheld_to_threshold
    return float(p.prob_upheld * min(followed, 1.0))


@inlined
def prob_upheld_here(prob_upheld: float, la: AuthorityRecord) -> float:
    """Return the chance that a decided appeal is upheld: it rises with the belief that contesting pays (R4)."""
    return prob_upheld + (1.0 - prob_upheld) * la.contest_belief_carried


@inlined
def dispose_of_appeal(w: World, p: ParameterRecord, a: int, i: int, t: int, is_settled: bool, is_upheld: bool) -> None:
    """Take the appeal off the docket: settled before the hearing, or decided."""
    tally = w.tallies[a]
    registered = w.children.registered[i]
    w.docket[a, registered % DOCKET_MONTHS] -= 1
    tally.appeals_disposed += 1.0
    tally.appeal_wait_months += t - registered
    tally.appeals_settled += is_settled
    tally.appeals_decided += not is_settled
    tally.appeals_upheld += is_upheld and not is_settled
    if is_settled or is_upheld:
        family_wins(w, p, a, i, t)
    else:
        family_loses(w, i, t)


@rule
def tribunal_decides(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Dispose of the appeals that are heard this month; overloaded authorities settle fewer."""
    c = w.children
    nation = w.nation[0]
    cutoff, share = int(nation.hearing_cutoff), nation.hearing_share
    heard = stream(w.seed, Decision.HEARING_TURN, t)
    conceded = stream(w.seed, Decision.CONCEDE, t)
    upheld = stream(w.seed, Decision.UPHOLD, t)
    for a in part:
        la = w.authorities[a]
        prob_settled = prob_settled_now(la, p)
        prob_upheld = prob_upheld_here(prob_upheld_now(nation, p), la)
        for i in listed_cases(w, a):
            if c.case[i] == Case.APPEALING and is_heard(c.registered[i], draw(c.key[i], heard), cutoff, share):
                is_settled = draw(c.key[i], conceded) < prob_settled
                is_upheld = draw(c.key[i], upheld) < prob_upheld
                dispose_of_appeal(w, p, a, i, t, is_settled, is_upheld)
