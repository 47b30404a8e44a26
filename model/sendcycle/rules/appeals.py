"""Families contest; authorities settle or defend; the tribunal decides."""

import numpy as np

from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.cases import (
    contest,
    contest_factor,
    has_turn,
    listed_cases,
    listed_plans,
    move_to,
    register_appeal,
    start_assessment,
    turn,
)
from sendcycle.state.children import MONTHS_PER_YEAR, Appeal, Case, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DOCKET_MONTHS, DriverRecord, NationRecord
from sendcycle.state.world import Part, World

HIGHEST_OVER_USUAL = 25.0  # no family contests the contents of a plan more often than this many times the usual


@compiled
def family_wins(w: World, p: ParameterRecord, a: int, i: int, t: int) -> None:
    """Give the family what it contested for; a place only where the law lets a contest name one."""
    c = w.children
    la = w.authorities[a]
    kind = c.appeal[i]
    w.tallies[a].contests_won += 1.0
    if kind == Appeal.REFUSAL_TO_ASSESS:
        c.appeal[i] = Appeal.NONE
        c.opened[i] = t
        start_assessment(w, a, i, t)
    elif kind == Appeal.CONTENTS:
        c.case[i] = Case.NONE
        c.appeal[i] = Appeal.NONE
        c.may_ask_from[i] = t + MONTHS_PER_YEAR
        c.provision_gbp[i] *= 1.0 + p.gain_provision_appeal
        if c.wants_special[i] == 1 and p.contest_names_placement > 0.5:
            destination = Setting.INDEPENDENT_SPECIAL.value
            if la.special_places - la.special_pupils >= 1.0:
                destination = Setting.STATE_SPECIAL.value
                w.tallies[a].placed_state_special += 1.0
            else:
                w.tallies[a].placed_independent += 1.0
            move_to(w, a, i, destination)
    else:  # the plan refused is now written; the kind of appeal stays on the case until then
        c.case[i] = Case.DRAFTING
        c.opened[i] = t
        c.may_move_on_from[i] = t + 1
        w.tallies[a].drafts_begun += 1.0


@compiled
def family_loses(w: World, p: ParameterRecord, a: int, i: int, t: int) -> None:
    """Close the case; nothing changes for a year."""
    c = w.children
    c.case[i] = Case.NONE
    c.appeal[i] = Appeal.NONE
    c.may_ask_from[i] = t + MONTHS_PER_YEAR


@rule
def families_contest(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let families contest the contents of plans, and let mediations end."""
    c = w.children
    contests = stream(w.seed, Decision.CONTEST_CONTENTS, t)
    outcome = stream(w.seed, Decision.MEDIATION_OUTCOME, t)
    for a in part:
        tally = w.tallies[a]
        for i in listed_cases(w, a):
            if c.case[i] == Case.MEDIATING and c.may_move_on_from[i] <= t:
                u = draw(c.key[i], outcome)
                if u < p.prob_mediation_agrees:
                    tally.mediations_agreed += 1.0
                    family_wins(w, p, a, i, t)
                elif u < p.prob_mediation_agrees + p.prob_mediation_to_appeal:
                    register_appeal(w, a, i, t)
                else:
                    family_loses(w, p, a, i, t)
        for i in listed_plans(w, a):
            if c.sen_status[i] == SenStatus.PLAN and c.case[i] == Case.NONE and c.may_ask_from[i] <= t:
                u = draw(c.key[i], contests)
                if u >= p.rate_contest_contents * HIGHEST_OVER_USUAL:
                    continue
                rate = p.rate_contest_contents * contest_factor(w, p, a, i) * c.unmet[i] / p.unmet_reference
                if c.wants_special[i] == 1 and p.contest_names_placement > 0.5:
                    rate *= p.factor_contest_placement
                if u < min(rate, p.rate_contest_contents * HIGHEST_OVER_USUAL):
                    c.appeal[i] = Appeal.CONTENTS
                    contest(w, p, a, i, t)


@rule
def tribunal_lists_hearings(w: World, p: ParameterRecord, t: int) -> None:
    """Share this month's hearing capacity over the national docket, the oldest appeals first."""
    nation = w.nation[0]
    docket = np.zeros(DOCKET_MONTHS)
    for a in range(w.authorities.shape[0]):
        docket += w.docket[a] * w.authorities[a].weight
    cutoff, share = turn(docket, t - int(p.dur_tribunal_minimum_months), nation.hearings_capacity)
    nation.hearing_cutoff = cutoff
    nation.hearing_share = share


@inlined
def prob_upheld_now(nation: NationRecord, p: ParameterRecord) -> float:
    """Return the chance that a decided appeal is upheld where contesting is not believed to pay.

    A law that asks for severer needs than when the run began binds the tribunal as well, in part.
    """
    followed = (nation.severity_threshold_start / p.severity_threshold) ** p.response_upheld_to_threshold
    return float(p.prob_upheld * min(followed, 1.0))


@rule
def tribunal_decides(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Dispose of the appeals that have their turn: settled before the hearing, or decided."""
    c = w.children
    nation = w.nation[0]
    cutoff = int(nation.hearing_cutoff)
    share = nation.hearing_share
    heard = stream(w.seed, Decision.HEARING_TURN, t)
    conceded = stream(w.seed, Decision.CONCEDE, t)
    upheld = stream(w.seed, Decision.UPHOLD, t)
    prob_upheld = prob_upheld_now(nation, p)
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        settle = p.prob_settle * min(1.0, (p.casework_reference / max(la.casework_load, 1e-9)) ** p.elasticity_settle)
        for i in listed_cases(w, a):
            if c.case[i] != Case.APPEALING or not has_turn(c.registered[i], draw(c.key[i], heard), cutoff, share):
                continue
            w.docket[a, c.registered[i] % DOCKET_MONTHS] -= 1
            tally.appeals_disposed += 1.0
            tally.appeal_wait_months += t - c.registered[i]
            if draw(c.key[i], conceded) < settle:
                tally.appeals_settled += 1.0
                family_wins(w, p, a, i, t)
                continue
            tally.appeals_decided += 1.0
            if draw(c.key[i], upheld) < prob_upheld + (1.0 - prob_upheld) * la.contest_belief_carried:
                tally.appeals_upheld += 1.0
                family_wins(w, p, a, i, t)
            else:
                family_loses(w, p, a, i, t)
