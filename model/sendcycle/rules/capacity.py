"""Capacity follows money, workload and time: specialists, caseworkers, schools' skill, places, therapies, hearings."""

import math

from sendcycle.calendar import APRIL, SEPTEMBER
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.rules.money import pool_a_pupil, pooled_share
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import (
    PLACE_PIPELINE_MONTHS,
    TRAINING_MONTHS,
    AuthorityRecord,
    DriverRecord,
    NationRecord,
    Records,
    SchoolRecord,
)
from sendcycle.state.world import Part, World

NO_CAP = 1e6  # of the price of an independent place, the default
UNIT_SIZE = 12.0  # places of a new unit: the assumption is one class
FILLED = 0.9  # occupancy of units from which another opens
HIGHEST_HIRING = 0.02  # a month, of psychologists in authorities and of those in private practice
HIGHEST_CLOSING = 0.05  # a month, of independent places, for want of a price that pays


@inlined
def fill_specialist_posts(la: AuthorityRecord, nation: NationRecord, p: ParameterRecord) -> None:
    """Fill the posts for specialists that a reform creates, in time; who is in a post that is closed leaves at once.

    Psychologists come from the authority and from private practice, by their numbers, and go back to the authority.
    """
    posts = p.specialists_extra * la.psychologists_start / nation.psychologists_start
    open_posts = p.share_specialists_psychologists * posts
    if la.specialist_psychologists > open_posts:
        la.psychologists += la.specialist_psychologists - open_posts
        la.specialist_psychologists = open_posts
    there = la.psychologists + la.psychologists_private
    wanted = (open_posts - la.specialist_psychologists) / p.dur_specialists_recruited_months
    hired = min(wanted / max(there, 1e-9), HIGHEST_HIRING)
    la.specialist_psychologists += hired * there
    la.psychologists -= hired * la.psychologists
    la.psychologists_private -= hired * la.psychologists_private
    open_posts = posts - open_posts
    wanted = (open_posts - la.specialists_other) / p.dur_specialists_recruited_months
    la.specialists_other = min(la.specialists_other + wanted, open_posts)


@rule
def workforce_changes(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let psychologists train, retire, and leave for private practice (R8, B7); caseworkers follow the workload.

    Posts that a reform creates are filled.
    """
    nation = w.nation[0]
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        trained = nation.psychologists_trained * la.psychologists_start / nation.psychologists_start
        leaving = min(p.rate_psychologist_leaves * la.drain_carried, 0.2) * la.psychologists
        la.psychologists += p.share_trained_to_authorities * trained - leaving
        la.psychologists -= p.rate_psychologist_retires * la.psychologists
        la.psychologists_private += (1.0 - p.share_trained_to_authorities) * trained + leaving
        la.psychologists_private -= p.rate_psychologist_retires * la.psychologists_private
        la.specialist_psychologists -= p.rate_psychologist_retires * la.specialist_psychologists
        fill_specialist_posts(la, nation, p)
        decisions = la.requests_arriving + la.reassessments_arriving
        needed = decisions * p.hours_decision + la.drafts_arriving * p.hours_draft
        backlog = la.requests_backlog * p.hours_decision + la.drafts_backlog * p.hours_draft
        monthly = p.hours_caseworker / 12.0
        la.casework_load = needed / (la.caseworkers * monthly)
        wanted = (needed * p.casework_adequacy + p.share_backlog_staffed * backlog) / monthly
        la.caseworkers += (wanted - la.caseworkers) / p.dur_casework_lag_months
        la.appeals_last_month = tally.appeals_registered
        therapy_wanted = (
            p.rate_therapy_referral * (la.sen_support + la.plans) + p.factor_therapy_identified * tally.identified
        )
        la.therapy_capacity *= 1.0 + p.growth_therapy / 12.0
        freed = max(la.therapy_capacity - p.therapy_per_assessment * max(la.statutory_advice_carried, 0.0), 0.0)
        treated = min(freed, la.therapy_waiting + therapy_wanted)
        la.therapy_waiting += therapy_wanted - treated - p.rate_therapy_gives_up * la.therapy_waiting
        la.therapy_coverage = min(1.0, treated / max(therapy_wanted, 1e-9)) * math.exp(
            -p.effect_therapy_wait * la.therapy_waiting / max(treated, 1e-9) / 12.0
        )


@compiled
def pupils_paid_for(w: World, p: ParameterRecord, s: int) -> float:
    """Return for how many pupils a school gets pooled money: its own, or by need of those of its cluster."""
    school = w.schools[s]
    first, last = w.cluster_schools[school.cluster], w.cluster_schools[school.cluster + 1]
    need, pupils = 0.0, 0.0
    for other in range(first, last):
        need += w.schools[other].need_load_gbp_k
        pupils += w.schools[other].pupils
    by_need = pupils * school.need_load_gbp_k / need if need > 0.0 else school.pupils
    both = p.share_throughput_funding + p.share_cluster_funding
    return float((p.share_throughput_funding * school.pupils + p.share_cluster_funding * by_need) / both)


@rule
def schools_build_skill(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let each school's inclusive skill follow, slowly, the money, staff and pressure it works under (R2, R6, R8)."""
    for a in part:
        la = w.authorities[a]
        budget = la.inclusion_budget_carried**p.elasticity_skill_budget
        staff = la.drain_carried ** (-p.elasticity_skill_drain)
        pupils = 0.0
        need = 0.0
        for s in range(la.first_school, la.last_school):
            pupils += w.schools[s].pupils
            need += w.schools[s].need_load_gbp_k
        mean_load = need / max(pupils, 1.0)
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            school.relative_load = school.need_load_gbp_k / max(school.pupils, 1.0) / max(mean_load, 1e-9)
            marked_down = math.exp(-p.effect_load_on_skill * max(school.carried_relative_load - 1.0, 0.0))
            target = school.skill_start * budget * staff * marked_down * p.inclusion_support
            rate = p.rate_skill_build if target > school.skill else p.rate_skill_lost
            school.skill += rate * (target - school.skill)
            school.cluster_funding_gbp_k = 0.0
            if pooled_share(p) > 0.0:
                school.cluster_funding_gbp_k = pool_a_pupil(la, p) / 1000.0 * pupils_paid_for(w, p, s)


@compiled
def most_skilled_without_unit(schools: Records[SchoolRecord], la: AuthorityRecord) -> int:
    """Return the authority's school of the highest inclusive skill that has no unit, or -1."""
    best = -1
    for s in range(la.first_school, la.last_school):
        if schools[s].unit_places == 0.0 and (best < 0 or schools[s].skill > schools[best].skill):
            best = s
    return best


@rule
def authorities_build_places(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Open the special places that are finished and commission new ones after the shortage (B4); open units.

    Units that are granted open whether there is demand or not, and before those that it calls for.
    """
    for a in part:
        la = w.authorities[a]
        slot = t % PLACE_PIPELINE_MONTHS
        opened = w.place_pipeline[a, slot]
        w.place_pipeline[a, slot] = 0.0
        la.special_places += opened
        la.special_places_opened = opened
        commissioned = p.rate_place_building * la.place_shortage_carried * la.special_places
        commissioned += p.special_places_extra / 12.0 * la.settlement_share * la.share_simulated
        ready = (t + int(p.dur_place_building_months)) % PLACE_PIPELINE_MONTHS
        w.place_pipeline[a, ready] += commissioned
        la.units_wanted += p.rate_unit_building * la.waiting_special
        la.units_granted += p.unit_places_extra / 12.0 * la.settlement_share * la.share_simulated
        la.unit_places_opened = 0.0
        if d.month_of_year == SEPTEMBER:
            local = la.unit_pupils >= FILLED * la.unit_places
            while la.units_granted >= 0.5 * UNIT_SIZE or (local and la.units_wanted >= UNIT_SIZE):
                host = most_skilled_without_unit(w.schools, la)
                if host < 0:
                    break
                w.schools[host].unit_places = UNIT_SIZE
                la.unit_places += UNIT_SIZE
                la.unit_places_opened += UNIT_SIZE
                if la.units_granted >= 0.5 * UNIT_SIZE:  # whole units, rounded to the nearest, or small areas get none
                    la.units_granted -= UNIT_SIZE
                    local = la.unit_pupils >= FILLED * la.unit_places
                else:
                    la.units_wanted -= UNIT_SIZE
        if la.unit_pupils < FILLED * la.unit_places:
            la.units_wanted = 0.0  # no school opens a base while there are free places


@rule
def national_capacity_changes(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """Let hearing capacity, the independent sector and psychologist training follow demand, each with its lag."""
    nation = w.nation[0]
    registered, waiting, independent, seekers = 0.0, 0.0, 0.0, 0.0
    spending, settlement, statutory, hours = 0.0, 0.0, 0.0, 0.0
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        registered += la.weight * w.tallies[a].appeals_registered
        waiting += la.weight * w.docket[a].sum()
        independent += la.weight * la.plans_in_setting[Setting.INDEPENDENT_SPECIAL]
        seekers += la.weight * la.waiting_special
        spending += la.weight * la.spending_smoothed_gbp
        settlement += la.weight * la.settlement_smoothed_gbp
        statutory += la.weight * la.statutory_hours
        hours += la.weight * (la.statutory_hours + (la.early_hours - la.specialist_hours))
    nation.appeals_open = waiting
    nation.appeals_smoothed += (registered - nation.appeals_smoothed) / 12.0
    wanted = nation.appeals_smoothed * p.hearings_adequacy + p.share_docket_staffed * nation.appeals_open
    change = (wanted - nation.hearings_capacity) / p.dur_hearings_lag_months
    nation.hearings_capacity += min(change, p.growth_hearings_limit * nation.hearings_capacity)
    nation.tribunal_wait_months = nation.appeals_open / max(nation.hearings_capacity, 1e-9)

    nation.independent_pupils = independent
    full = independent / nation.independent_places
    nation.independent_places *= 1.0 + p.response_independent_places * (full - p.occupancy_reference)
    unpaid = nation.independent_market_gbp / nation.independent_price_gbp - 1.0
    nation.independent_places *= 1.0 - min(p.response_places_to_cap * unpaid, HIGHEST_CLOSING)
    dearer = p.response_independent_price * (full - p.occupancy_reference)
    nation.independent_market_gbp *= 1.0 + max(min(dearer, p.limit_independent_price), -p.limit_independent_price)
    free = max(nation.independent_places - independent, 0.0)
    for a in range(w.authorities.shape[0]):
        la = w.authorities[a]
        offered = p.share_free_places_offered * free * la.waiting_special / max(seekers, 1e-9)
        la.independent_allowance = min(la.independent_allowance % 1.0 + offered, 1000.0)

    nation.overspend = spending / settlement - 1.0
    nation.shortage += (statutory / max(hours, 1e-9) - nation.shortage) / 12.0
    slot = t % TRAINING_MONTHS
    nation.psychologists_trained = w.training[slot]
    w.training[slot] = 0.0
    intake = (
        p.psychologist_trainees
        / 12.0
        * (1.0 + p.response_training * (nation.shortage_carried / nation.shortage_start - 1.0))
    )
    w.training[(t + int(p.dur_training_months)) % TRAINING_MONTHS] += max(intake, 0.0)


@rule
def independent_prices_change(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """In April uprate independent fees by inflation; pay the market's price, or a cap that lies below it."""
    nation = w.nation[0]
    if d.month_of_year == APRIL and t >= 0:
        nation.independent_market_gbp *= 1.0 + d.inflation
    nation.independent_price_gbp = nation.independent_market_gbp
    if p.cap_independent_gbp < NO_CAP:
        nation.independent_price_gbp = min(nation.independent_market_gbp, p.cap_independent_gbp * d.price_index)
