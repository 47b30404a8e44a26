"""Authorities report at month end what is read off their records, beside what the rules tallied as they went."""

from sendcycle.engine.compilation import rule
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
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import DriverRecord
from sendcycle.state.world import Part, World


@rule
def report_children(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Report plans by setting, queues, places and schools."""
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        here = la.plans_in_setting
        tally.plans_early_years = here[Setting.EARLY_YEARS]
        tally.plans_mainstream_school = here[Setting.MAINSTREAM]
        tally.plans_unit = here[Setting.UNIT]
        tally.plans_mainstream = here[Setting.MAINSTREAM] + here[Setting.UNIT]
        tally.plans_state_special = here[Setting.STATE_SPECIAL]
        tally.plans_independent_special = here[Setting.INDEPENDENT_SPECIAL]
        tally.plans_special = here[Setting.STATE_SPECIAL] + here[Setting.INDEPENDENT_SPECIAL]
        tally.plans_ap = here[Setting.ALTERNATIVE]
        tally.plans_post_16 = here[Setting.POST_16]
        tally.plans_home = here[Setting.HOME]
        tally.plans_elsewhere = here[Setting.ELSEWHERE]
        tally.plans_of_pupils = tally.plans_mainstream + tally.plans_special + tally.plans_ap
        tally.pupils = la.pupils
        tally.unmet_child_years = tally.unmet_children / 12.0
        tally.appeals_open = w.docket[a].sum()
        tally.waiting_special = la.waiting_special
        tally.special_places = la.special_places
        tally.unit_places = la.unit_places
        for s in range(la.first_school, la.last_school):
            school = w.schools[s]
            tally.school_pupils += school.pupils
            tally.school_skill_pupils += school.pupils * school.skill
            tally.school_coverage_pupils += school.pupils * school.coverage
            if school.assured > 0.0:
                tally.isp_pupils += school.support_pupils
                tally.isp_assured_gbp_k += school.assured * school.support_load_gbp_k
                tally.isp_writing_gbp_k += isp_writing_gbp_k(p) * school.support_pupils


@rule
def report_authorities(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Report people, signals and money."""
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        tally.psychologists = la.psychologists
        tally.caseworkers = la.caseworkers
        tally.specialists_extra = la.specialist_psychologists + la.specialists_other
        tally.specialist_psychologists = la.specialist_psychologists
        tally.psychologist_hours_statutory = la.statutory_hours
        tally.psychologist_hours_early = la.early_hours
        tally.psychologist_hours_bought = la.bought_hours
        tally.specialist_hours = la.specialist_hours
        tally.therapy_waiting = la.therapy_waiting
        children = la.sen_support + la.plans
        tally.sen_children = children
        tally.belief_children = children * la.contest_belief
        tally.strictness_children = children * la.gatekeeping
        tally.anticipation_children = children * la.anticipation
        tally.authorities = 1.0
        tally.balance_gbp = la.balance_pence / 100.0
        if la.balance_pence < 0:
            tally.authorities_in_deficit = 1.0
            tally.deficit_gbp = -la.balance_pence / 100.0
        tally.settlement_gbp = la.settlement_pence / 100.0
        tally.deficit_grant_gbp = la.granted_pence / 100.0
        tally.surplus_spent_gbp = la.surplus_spent_gbp / 12.0
        tally.independent_pupils = la.plans_in_setting[Setting.INDEPENDENT_SPECIAL]
        tally.independent_price_gbp = (
            la.plans_in_setting[Setting.INDEPENDENT_SPECIAL] * w.nation[0].independent_price_gbp
        )
        tally.independent_market_gbp = (
            la.plans_in_setting[Setting.INDEPENDENT_SPECIAL] * w.nation[0].independent_market_gbp
        )
        spend = la.spend_pence
        for line in range(N_INSIDE):
            tally.spend_inside_gbp += spend[line] / 100.0
        tally.spend_mainstream_topups_gbp = spend[TOPUPS] / 100.0
        tally.spend_units_and_bases_gbp = spend[UNITS] / 100.0
        tally.spend_state_special_gbp = spend[STATE] / 100.0
        tally.spend_independent_special_gbp = spend[INDEPENDENT_LINE] / 100.0
        tally.spend_alternative_provision_gbp = spend[ALTERNATIVE_LINE] / 100.0
        tally.spend_post_16_gbp = spend[POST_16_LINE] / 100.0
        tally.spend_support_services_gbp = spend[SERVICES] / 100.0
        tally.spend_school_and_cluster_funding_gbp = spend[POOLED] / 100.0
        tally.spend_therapies_and_other_gbp = spend[OTHER] / 100.0
        tally.spend_assessment_and_casework_gbp = spend[CASEWORK] / 100.0
        tally.spend_tribunal_and_mediation_gbp = spend[TRIBUNAL] / 100.0
        tally.spend_transport_gbp = spend[TRANSPORT] / 100.0
        tally.spend_capital_gbp = spend[CAPITAL] / 100.0
        tally.spend_notional_sen_gbp = spend[NOTIONAL] / 100.0
        tally.spend_programmes_gbp = spend[PROGRAMMES] / 100.0
