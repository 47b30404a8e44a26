"""Authorities report at month end what is read off their records, beside what the rules tallied as they went."""

from sendcycle.engine.compilation import inlined, rule
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
    gbp,
)
from sendcycle.rules.support import isp_writing_gbp_k
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, NationRecord, SchoolRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

# ---------------------------------------------------------------------- children and schools


@inlined
def report_plans(la: AuthorityRecord, tally: TallyRecord) -> None:
    """Report plans in force by setting."""
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


@inlined
def report_school(school: SchoolRecord, tally: TallyRecord, p: ParameterRecord) -> None:
    """Add a school to its authority's sums."""
    tally.school_pupils += school.pupils
    tally.school_skill_pupils += school.pupils * school.skill
    tally.school_coverage_pupils += school.pupils * school.coverage
    if school.assured > 0.0:
        tally.isp_pupils += school.support_pupils
        tally.isp_assured_gbp_k += school.assured * school.support_load_gbp_k
        tally.isp_writing_gbp_k += isp_writing_gbp_k(p) * school.support_pupils


@rule
def report_children(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Report plans by setting, queues, places and schools."""
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        report_plans(la, tally)
        tally.pupils = la.pupils
        tally.unmet_child_years = tally.unmet_children / MONTHS_PER_YEAR
        tally.appeals_open = w.docket[a].sum()
        tally.waiting_special = la.waiting_special
        tally.special_places = la.special_places
        tally.unit_places = la.unit_places
        for s in range(la.first_school, la.last_school):
            report_school(w.schools[s], tally, p)


# ---------------------------------------------------------------------- people, signals and money


@inlined
def report_people(la: AuthorityRecord, tally: TallyRecord) -> None:
    """Report who works for children, and for how many hours."""
    tally.psychologists = la.psychologists
    tally.caseworkers = la.caseworkers
    tally.specialists_extra = la.specialist_psychologists + la.specialists_other
    tally.specialist_psychologists = la.specialist_psychologists
    tally.psychologist_hours_statutory = la.statutory_hours
    tally.psychologist_hours_early = la.early_hours
    tally.psychologist_hours_bought = la.bought_hours
    tally.specialist_hours = la.specialist_hours
    tally.therapy_waiting = la.therapy_waiting


@inlined
def report_signals(la: AuthorityRecord, tally: TallyRecord) -> None:
    """Report what the area believes and how strict it is, weighted by children with SEN."""
    children = la.sen_support + la.plans
    tally.sen_children = children
    tally.belief_children = children * la.contest_belief
    tally.strictness_children = children * la.gatekeeping
    tally.anticipation_children = children * la.anticipation


@inlined
def report_account(la: AuthorityRecord, tally: TallyRecord) -> None:
    """Report the balance, the settlement and what a deficit or a surplus brings."""
    tally.authorities = 1.0
    tally.balance_gbp = gbp(la.balance_pence)
    if la.balance_pence < 0:
        tally.authorities_in_deficit = 1.0
        tally.deficit_gbp = gbp(-la.balance_pence)
    tally.settlement_gbp = gbp(la.settlement_pence)
    tally.deficit_grant_gbp = gbp(la.granted_pence)
    tally.surplus_spent_gbp = la.surplus_spent_gbp / MONTHS_PER_YEAR


@inlined
def report_independent_fees(la: AuthorityRecord, nation: NationRecord, tally: TallyRecord) -> None:
    """Report pupils of independent schools, and their fees as paid and as the market has them."""
    pupils = la.plans_in_setting[Setting.INDEPENDENT_SPECIAL]
    tally.independent_pupils = pupils
    tally.independent_price_gbp = pupils * nation.independent_price_gbp
    tally.independent_market_gbp = pupils * nation.independent_market_gbp


@inlined
def report_spending(la: AuthorityRecord, tally: TallyRecord) -> None:
    """Report the month's spending by line."""
    spend_pence = la.spend_pence
    for line in range(N_INSIDE):
        tally.spend_inside_gbp += gbp(spend_pence[line])
    tally.spend_mainstream_topups_gbp = gbp(spend_pence[TOPUPS])
    tally.spend_units_and_bases_gbp = gbp(spend_pence[UNITS])
    tally.spend_state_special_gbp = gbp(spend_pence[STATE])
    tally.spend_independent_special_gbp = gbp(spend_pence[INDEPENDENT_LINE])
    tally.spend_alternative_provision_gbp = gbp(spend_pence[ALTERNATIVE_LINE])
    tally.spend_post_16_gbp = gbp(spend_pence[POST_16_LINE])
    tally.spend_support_services_gbp = gbp(spend_pence[SERVICES])
    tally.spend_school_and_cluster_funding_gbp = gbp(spend_pence[POOLED])
    tally.spend_therapies_and_other_gbp = gbp(spend_pence[OTHER])
    tally.spend_assessment_and_casework_gbp = gbp(spend_pence[CASEWORK])
    tally.spend_tribunal_and_mediation_gbp = gbp(spend_pence[TRIBUNAL])
    tally.spend_transport_gbp = gbp(spend_pence[TRANSPORT])
    tally.spend_capital_gbp = gbp(spend_pence[CAPITAL])
    tally.spend_notional_sen_gbp = gbp(spend_pence[NOTIONAL])
    tally.spend_programmes_gbp = gbp(spend_pence[PROGRAMMES])


@rule
def report_authorities(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Report people, signals and money."""
    nation = w.nation[0]
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        report_people(la, tally)
        report_signals(la, tally)
        report_account(la, tally)
        report_independent_fees(la, nation, tally)
        report_spending(la, tally)
