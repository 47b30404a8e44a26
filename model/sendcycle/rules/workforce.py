"""Who works for children: psychologists, specialists in extra posts, caseworkers, and therapists."""

import math

from sendcycle.engine.compilation import inlined, rule
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, NationRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

HIGHEST_HIRING = 0.02  # a month, of psychologists in authorities and of those in private practice; an assumption
HIGHEST_LEAVING = 0.2  # a month, of psychologists in authorities, for private practice; an assumption
LEAST_PEOPLE = 1e-9  # people; guards a division by none


# ---------------------------------------------------------------------- psychologists and specialists


@inlined
def share_by_psychologists(amount: float, la: AuthorityRecord, nation: NationRecord) -> float:
    """Return the authority's part of an amount for England, by its share of the nation's psychologists in 2014."""
    return amount * la.psychologists_start / nation.psychologists_start


@inlined
def leaving_for_private_practice(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return how many psychologists the pull of private practice takes this month (R8)."""
    return min(p.rate_psychologist_leaves * la.drain_carried, HIGHEST_LEAVING) * la.psychologists


@inlined
def psychologists_come_and_go(la: AuthorityRecord, nation: NationRecord, p: ParameterRecord) -> None:
    """Let those who qualify begin (B7), some leave for private practice (R8), and all retire alike."""
    trained = share_by_psychologists(nation.psychologists_trained, la, nation)
    leaving = leaving_for_private_practice(la, p)
    la.psychologists += p.share_trained_to_authorities * trained - leaving
    la.psychologists -= p.rate_psychologist_retires * la.psychologists
    la.psychologists_private += (1.0 - p.share_trained_to_authorities) * trained + leaving
    la.psychologists_private -= p.rate_psychologist_retires * la.psychologists_private
    la.specialist_psychologists -= p.rate_psychologist_retires * la.specialist_psychologists


@inlined
def fill_psychologist_posts(la: AuthorityRecord, posts: float, p: ParameterRecord) -> None:
    """Fill extra posts from the authority and from private practice, by their numbers.

    Who is in a post that closes goes back to the authority at once.
    """
    if la.specialist_psychologists > posts:
        la.psychologists += la.specialist_psychologists - posts
        la.specialist_psychologists = posts
    there = la.psychologists + la.psychologists_private
    wanted = (posts - la.specialist_psychologists) / p.dur_specialists_recruited_months
    hired = min(wanted / max(there, LEAST_PEOPLE), HIGHEST_HIRING)
    la.specialist_psychologists += hired * there
    la.psychologists -= hired * la.psychologists
    la.psychologists_private -= hired * la.psychologists_private


@inlined
def fill_other_posts(la: AuthorityRecord, posts: float, p: ParameterRecord) -> None:
    """Fill extra posts of other professions from outside the model; who is in a post that closes leaves at once."""
    wanted = (posts - la.specialists_other) / p.dur_specialists_recruited_months
    la.specialists_other = min(la.specialists_other + wanted, posts)


@inlined
def fill_specialist_posts(la: AuthorityRecord, nation: NationRecord, p: ParameterRecord) -> None:
    """Fill the posts for specialists that a reform creates, in time."""
    posts = share_by_psychologists(p.specialists_extra, la, nation)
    psychologist_posts = p.share_specialists_psychologists * posts
    fill_psychologist_posts(la, psychologist_posts, p)
    fill_other_posts(la, posts - psychologist_posts, p)


# ---------------------------------------------------------------------- caseworkers


@inlined
def casework_hours_needed(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the casework hours that a month's arrivals need."""
    decisions = la.requests_arriving + la.reassessments_arriving
    return decisions * p.hours_decision + la.drafts_arriving * p.hours_draft


@inlined
def backlog_hours(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the casework hours that the backlog needs."""
    return la.requests_backlog * p.hours_decision + la.drafts_backlog * p.hours_draft


@inlined
def caseworkers_follow_work(la: AuthorityRecord, p: ParameterRecord) -> None:
    """Measure the load of casework, and hire or let go of caseworkers after it, with a lag."""
    needed = casework_hours_needed(la, p)
    hours_each = p.hours_caseworker / MONTHS_PER_YEAR
    la.casework_load = needed / (la.caseworkers * hours_each)
    wanted = (needed * p.casework_adequacy + p.share_backlog_staffed * backlog_hours(la, p)) / hours_each
    la.caseworkers += (wanted - la.caseworkers) / p.dur_casework_lag_months


# ---------------------------------------------------------------------- the health partner


@inlined
def therapy_wanted(la: AuthorityRecord, tally: TallyRecord, p: ParameterRecord) -> float:
    """Return the children referred to therapy this month: some of all with SEN, more of those just identified."""
    return p.rate_therapy_referral * (la.sen_support + la.plans) + p.factor_therapy_identified * tally.identified


@inlined
def therapy_left_by_assessments(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return how many children therapists can see beside their advice for assessments (R1)."""
    return max(la.therapy_capacity - p.therapy_per_assessment * max(la.statutory_advice_carried, 0.0), 0.0)


@inlined
def therapy_coverage(waiting: float, treated: float, wanted: float, p: ParameterRecord) -> float:
    """Return how well therapy meets need, 0 to 1: the share seen, worth less after a wait of `waiting / treated`."""
    return min(1.0, treated / max(wanted, LEAST_PEOPLE)) * math.exp(
        -p.effect_therapy_wait * waiting / max(treated, LEAST_PEOPLE) / MONTHS_PER_YEAR
    )


@inlined
def therapists_treat(la: AuthorityRecord, tally: TallyRecord, p: ParameterRecord) -> None:
    """Let therapists see whom they can; the others wait, and some give up."""
    wanted = therapy_wanted(la, tally, p)
    la.therapy_capacity *= 1.0 + p.growth_therapy / MONTHS_PER_YEAR
    treated = min(therapy_left_by_assessments(la, p), la.therapy_waiting + wanted)
    la.therapy_waiting += wanted - treated - p.rate_therapy_gives_up * la.therapy_waiting
    la.therapy_coverage = therapy_coverage(la.therapy_waiting, treated, wanted, p)


@rule
def workforce_changes(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let psychologists come and go, reforms fill their posts, caseworkers follow the work, and therapists treat."""
    nation = w.nation[0]
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        psychologists_come_and_go(la, nation, p)
        fill_specialist_posts(la, nation, p)
        caseworkers_follow_work(la, p)
        la.appeals_last_month = tally.appeals_registered  # psychologists give evidence on them next month
        therapists_treat(la, tally, p)
