"""Authorities report at month end what is read off their records, beside what the rules tallied as they went."""

from sendcycle.rules.money import (
    ALTERNATIVE_LINE,
    CAPITAL,
    CASEWORK,
    INDEPENDENT_LINE,
    N_INSIDE,
    NOTIONAL,
    OTHER,
    POOLED,
    POST_16_LINE,
    PROGRAMMES,
    SERVICES,
    STATE,
    TOPUPS,
    TRANSPORT,
    TRIBUNAL,
    UNITS,
)
from sendcycle.rules.support import isp_writing_gbp_k
from sendcycle.state.children import Setting
from sendcycle.state.world import Part, Record, World, rule


@rule
def children_are_reported(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Report plans by setting, queues, places and schools."""
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        here = la.in_setting
        seen.plans_early_years = here[Setting.EARLY_YEARS]
        seen.plans_mainstream_school = here[Setting.MAINSTREAM]
        seen.plans_unit = here[Setting.UNIT]
        seen.plans_mainstream = here[Setting.MAINSTREAM] + here[Setting.UNIT]
        seen.plans_state_special = here[Setting.STATE_SPECIAL]
        seen.plans_independent_special = here[Setting.INDEPENDENT_SPECIAL]
        seen.plans_special = here[Setting.STATE_SPECIAL] + here[Setting.INDEPENDENT_SPECIAL]
        seen.plans_ap = here[Setting.ALTERNATIVE]
        seen.plans_post_16 = here[Setting.POST_16]
        seen.plans_home = here[Setting.HOME]
        seen.plans_elsewhere = here[Setting.ELSEWHERE]
        seen.plans_of_pupils = seen.plans_mainstream + seen.plans_special + seen.plans_ap
        seen.pupils = la.pupils
        seen.unmet_child_years = seen.unmet_children / 12.0
        seen.appeals_open = w.docket[a].sum()
        seen.waiting_special = la.waiting_special
        seen.special_places = la.special_places
        seen.unit_places = la.unit_places
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            seen.school_pupils += school.pupils
            seen.school_skill_pupils += school.pupils * school.skill
            seen.school_coverage_pupils += school.pupils * school.coverage
            if school.assured > 0.0:
                seen.isp_pupils += school.support_pupils
                seen.isp_assured_gbp_k += school.assured * school.support_load_gbp_k
                seen.isp_writing_gbp_k += isp_writing_gbp_k(p) * school.support_pupils


@rule
def authorities_are_reported(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Report people, signals and money."""
    for a in part:
        la = w.authorities[a]
        seen = w.tallies[a]
        seen.psychologists = la.psychologists
        seen.caseworkers = la.caseworkers
        seen.specialists_extra = la.specialist_psychologists + la.specialists_other
        seen.specialist_psychologists = la.specialist_psychologists
        seen.psychologist_hours_statutory = la.statutory_hours
        seen.psychologist_hours_early = la.early_hours
        seen.psychologist_hours_bought = la.bought_hours
        seen.specialist_hours = la.specialist_hours
        seen.therapy_waiting = la.therapy_waiting
        children = la.sen_support + la.plans
        seen.sen_children = children
        seen.belief_children = children * la.contest_belief
        seen.strictness_children = children * la.gatekeeping
        seen.anticipation_children = children * la.anticipation
        seen.authorities = 1.0
        seen.balance_gbp = la.balance_pence / 100.0
        if la.balance_pence < 0:
            seen.authorities_in_deficit = 1.0
            seen.deficit_gbp = -la.balance_pence / 100.0
        seen.settlement_gbp = la.settlement_pence / 100.0
        seen.deficit_grant_gbp = la.granted_pence / 100.0
        seen.surplus_spent_gbp = la.surplus_spent_gbp / 12.0
        seen.independent_pupils = la.in_setting[Setting.INDEPENDENT_SPECIAL]
        seen.independent_price_gbp = la.in_setting[Setting.INDEPENDENT_SPECIAL] * w.nation[0].independent_price_gbp
        seen.independent_market_gbp = la.in_setting[Setting.INDEPENDENT_SPECIAL] * w.nation[0].independent_market_gbp
        spend = la.spend_pence
        for line in range(N_INSIDE):
            seen.spend_inside_gbp += spend[line] / 100.0
        seen.spend_mainstream_topups_gbp = spend[TOPUPS] / 100.0
        seen.spend_units_and_bases_gbp = spend[UNITS] / 100.0
        seen.spend_state_special_gbp = spend[STATE] / 100.0
        seen.spend_independent_special_gbp = spend[INDEPENDENT_LINE] / 100.0
        seen.spend_alternative_provision_gbp = spend[ALTERNATIVE_LINE] / 100.0
        seen.spend_post_16_gbp = spend[POST_16_LINE] / 100.0
        seen.spend_support_services_gbp = spend[SERVICES] / 100.0
        seen.spend_school_and_cluster_funding_gbp = spend[POOLED] / 100.0
        seen.spend_therapies_and_other_gbp = spend[OTHER] / 100.0
        seen.spend_assessment_and_casework_gbp = spend[CASEWORK] / 100.0
        seen.spend_tribunal_and_mediation_gbp = spend[TRIBUNAL] / 100.0
        seen.spend_transport_gbp = spend[TRANSPORT] / 100.0
        seen.spend_capital_gbp = spend[CAPITAL] / 100.0
        seen.spend_notional_sen_gbp = spend[NOTIONAL] / 100.0
        seen.spend_programmes_gbp = spend[PROGRAMMES] / 100.0
