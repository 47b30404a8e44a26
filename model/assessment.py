"""Authorities decide whether to assess (6 weeks), assess (16 weeks) and issue plans (20 weeks), as hours allow."""

import math

from numba import njit

from model.cases import (
    arrivals,
    decision_is_contested,
    has_turn,
    natural_month,
    plan_is_issued,
    starts_assessment,
    turn,
)
from model.children import AGE_LIMIT, FIRST_AGE, Appeal, Case
from model.needs import rows_of_ages, severity
from model.randomness import Decision, draw, stream
from model.world import QUEUE_MONTHS, rule


@njit(cache=True)
def fixed_statutory_hours(la, seen, p, d):
    """Return the psychologist hours a month that annual reviews, transfers of statements and appeals take."""
    reviews = la.plans * p.hours_annual_review / 12.0
    transfers = d.transfers * la.plans_2014 * p.hours_transfer
    return reviews + transfers + la.appeals_last_month * p.hours_appeal


@rule
def authorities_assess(w, p, d, part, t):
    """Move every case that has its turn one stage on; refuse, agree, issue."""
    c = w.children
    decide_turn = stream(w.seed, Decision.DECIDE_TURN, t)
    psychologist_turn = stream(w.seed, Decision.PSYCHOLOGIST_TURN, t)
    draft_turn = stream(w.seed, Decision.DRAFT_TURN, t)
    agree = stream(w.seed, Decision.AGREE_TO_ASSESS, t)
    issue = stream(w.seed, Decision.AGREE_TO_ISSUE, t)
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        queues = w.queues
        total = la.psychologists * p.hours_psychologist / 12.0
        limit = p.share_statutory_limit * total
        fixed = min(fixed_statutory_hours(la, seen, p, d), limit)
        hours = limit - fixed + la.hours_carried
        assess_cutoff, assess_share = turn(queues.psychologist[a], t, max(hours, 0.0) / p.hours_assessment)
        case_hours = la.caseworkers * p.hours_caseworker / 12.0 + la.case_hours_carried
        decide_cutoff, decide_share = turn(queues.decision[a], t, max(case_hours, 0.0) / p.hours_decision)
        left = case_hours - min(arrivals(queues.decision[a], t), case_hours / p.hours_decision) * p.hours_decision
        draft_cutoff, draft_share = turn(queues.draft[a], t, max(left, 0.0) / p.hours_draft)
        strictness = la.strictness + la.gatekeeping_carried
        strictness -= p.effect_belief_on_strictness * (la.contest_belief_carried - la.contest_belief_start)
        log_threshold = math.log(p.severity_threshold) + strictness
        n_assessed = 0
        worked = 0.0
        low, high = rows_of_ages(w, a, t, FIRST_AGE, AGE_LIMIT)
        for i in range(low, high):
            case = c.case[i]
            if case == Case.NONE or case > Case.DRAFTED or c.due[i] > t:
                continue
            if case == Case.DRAFTED:
                if not has_turn(c.due[i], draw(c.key[i], draft_turn), draft_cutoff, draft_share):
                    continue
                queues.draft[a, c.due[i] % QUEUE_MONTHS] -= 1
                worked += p.hours_draft
                seen.assessments_completed += 1.0
                refuse = p.prob_not_issued * math.exp(p.effect_strictness_on_issue * strictness)
                if c.appeal[i] != Appeal.REFUSAL_TO_ISSUE and draw(c.key[i], issue) < refuse:
                    seen.assessments_not_issued += 1.0
                    decision_is_contested(w, p, a, i, t, Appeal.REFUSAL_TO_ISSUE)
                else:
                    plan_is_issued(w, p, d, a, i, t)
            elif case == Case.ASSESSED:
                if not has_turn(c.due[i], draw(c.key[i], psychologist_turn), assess_cutoff, assess_share):
                    continue
                queues.psychologist[a, c.due[i] % QUEUE_MONTHS] -= 1
                n_assessed += 1
                c.case[i] = Case.DRAFTED
                c.due[i] = max(t + 1, natural_month(w, p, a, i))
                queues.draft[a, c.due[i] % QUEUE_MONTHS] += 1
            else:
                if not has_turn(c.due[i], draw(c.key[i], decide_turn), decide_cutoff, decide_share):
                    continue
                queues.decision[a, c.due[i] % QUEUE_MONTHS] -= 1
                worked += p.hours_decision
                seen.request_decisions += 1.0
                merit = math.log(severity(c, i, p)) + p.effect_advocacy_on_merit * (c.advocacy[i] - 0.5)
                if draw(c.key[i], agree) * (1.0 + math.exp((log_threshold - merit) / p.spread_decision)) < 1.0:
                    seen.assessments_agreed += 1.0
                    starts_assessment(w, a, i, t)
                else:
                    seen.requests_refused += 1.0
                    decision_is_contested(w, p, a, i, t, Appeal.REFUSAL_TO_ASSESS)
        spent = n_assessed * p.hours_assessment
        la.hours_carried = min(hours - spent, 0.0)
        la.case_hours_carried = min(case_hours - worked, 0.0)
        la.statutory_hours = fixed + spent
        la.early_hours = max(total - la.statutory_hours, 0.0)
        la.statutory_share = la.statutory_hours / total
        seen.psychologist_hours_statutory += la.statutory_hours
        seen.psychologist_hours_early += la.early_hours
