"""Money: every pound of the high-needs block is spent on a named line, carried as balance, or returned.

The account is kept in whole pence a month (`_pence`); rules reckon in pounds a year (`_gbp`); what schools give and
children need is in thousand pounds a year (`_gbp_k`).
"""

from sendcycle.calendar import APRIL
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import LINES, LINES_INSIDE, AuthorityRecord, DriverRecord, NationRecord
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR, OFF, ON, PENCE_PER_GBP

# Places of the lines in `spend_pence`, in the order of `LINES`.
N_INSIDE, N_LINES = len(LINES_INSIDE), len(LINES)
TOPUPS, UNITS, STATE, INDEPENDENT_LINE, ALTERNATIVE_LINE, POST_16_LINE, SERVICES, POOLED, OTHER = range(N_INSIDE)
CASEWORK, TRIBUNAL, TRANSPORT, CAPITAL, NOTIONAL, PROGRAMMES = range(N_INSIDE, N_LINES)

ACCOUNT_SMOOTHING_MONTHS = 12.0  # over which settlement and spending are smoothed; an assumption
LOWEST_SUPPORT_KEPT = 0.5  # share of the support services' real budget that a year's cut leaves; an assumption
LOWEST_UPRATING = 0.9  # of top-ups, on the year before: no cut in a year is larger; an assumption
LOWEST_GROWTH = 0.9  # of the national block, on the year before: no cut in a year is larger; an assumption


# ---------------------------------------------------------------------- units and shares


@inlined
def month_pence(gbp_a_year: float) -> int:
    """Return a month's twelfth of pounds a year, in whole pence."""
    return round(gbp_a_year * PENCE_PER_GBP / MONTHS_PER_YEAR)


@inlined
def gbp(pence: int) -> float:
    """Return pence as pounds."""
    return pence / PENCE_PER_GBP


@inlined
def year_gbp(pence_a_month: int) -> float:
    """Return pounds a year from pence a month."""
    return pence_a_month * MONTHS_PER_YEAR / PENCE_PER_GBP


@inlined
def local_share(amount: float, la: AuthorityRecord) -> float:
    """Return what an amount for England comes to in the simulated part of the authority, by its share of the block."""
    return amount * la.settlement_share * la.share_simulated


@inlined
def pooled_share(p: ParameterRecord) -> float:
    """Return the share of funding for other than severe needs that goes to schools or clusters, not to children."""
    return min(p.share_throughput_funding + p.share_cluster_funding, 1.0)


@inlined
def pool_gbp_per_pupil(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return what the funding regime pays to schools and clusters, pounds a pupil a year at 2014-15 prices.

    It is what the other top-ups came to when the regime began, so that this costs nothing on that day.
    """
    return pooled_share(p) * p.factor_pool * la.pooled_gbp_per_pupil


@inlined
def school_pays_first_gbp(p: ParameterRecord) -> float:
    """Return what a school pays first for a pupil with a plan: nothing where all money comes with the child."""
    return float(p.notional_sen_threshold_gbp * (1.0 - p.share_input_funding))


@inlined
def input_funding_gbp_per_pupil(la: AuthorityRecord) -> float:
    """Return what schools give up for input funding, pounds a pupil a year, in cash.

    It is what the first part of plans would have added to top-ups when the regime began, so that this costs nothing on
    that day. Like the £6,000 it does not rise with prices.
    """
    return float(la.input_funding * la.input_gbp_per_pupil)


@inlined
def local_support_grant_gbp(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the authority's part of a grant for support services, pounds a year at 2014-15 prices."""
    return local_share(p.support_grant_gbp, la)


# ---------------------------------------------------------------------- lines inside the block, pounds a year


@compiled
def individual_topups_gbp(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the top-ups paid child by child: all to severe needs, the rest by funding regime."""
    return la.topup_severe_gbp + la.topup_other_gbp * (1.0 - pooled_share(p))


@inlined
def units_gbp(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the cost of places in units, whether filled or not."""
    return la.unit_places * p.cost_unit_place_gbp


@inlined
def state_special_gbp(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the cost of state special schools: places, filled or not, and a top-up a pupil."""
    return la.special_places * p.cost_special_place_gbp + la.special_pupils * p.topup_special_gbp * la.topup_index


@inlined
def independent_special_gbp(la: AuthorityRecord, nation: NationRecord) -> float:
    """Return the fees of independent special schools."""
    return la.plans_in_setting[Setting.INDEPENDENT_SPECIAL] * nation.independent_price_gbp


@inlined
def alternative_provision_gbp(la: AuthorityRecord, p: ParameterRecord, price: float) -> float:
    """Return the cost of alternative provision, for children followed and for others in it."""
    return (la.alternative_pupils + local_share(p.alternative_unsimulated, la)) * p.cost_alternative_gbp * price


@inlined
def post_16_gbp(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the cost of further education: plan holders, and those assessed under the law before the Act."""
    without_plan = local_share((1.0 - d.act) * p.post_16_without_plan_2014, la)
    return (la.plans_in_setting[Setting.POST_16] + without_plan) * p.cost_post_16_gbp * d.price_index


@inlined
def therapies_and_other_gbp(la: AuthorityRecord, p: ParameterRecord, price: float) -> float:
    """Return the cost of therapies and other services, and of plan holders elsewhere."""
    return (
        local_share(p.other_gbp_2014, la) * price
        + la.plans_in_setting[Setting.ELSEWHERE] * p.cost_elsewhere_gbp * price
    )


# ---------------------------------------------------------------------- lines outside the block, pounds a year


@inlined
def casework_gbp(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the cost of assessment and casework: psychologists, caseworkers, and hours bought of psychologists."""
    staff_gbp = la.psychologists * p.cost_psychologist_gbp + la.caseworkers * p.cost_caseworker_gbp
    hour_gbp = p.cost_psychologist_gbp / p.hours_psychologist * p.factor_price_bought_advice
    return (staff_gbp + MONTHS_PER_YEAR * la.bought_hours * hour_gbp) * d.pay_index


@inlined
def tribunal_gbp(tally: TallyRecord, p: ParameterRecord, price: float) -> float:
    """Return the cost of appeals settled, appeals heard, and mediation."""
    appeals_gbp = tally.appeals_settled * p.cost_appeal_settled_gbp + tally.appeals_decided * p.cost_appeal_heard_gbp
    return MONTHS_PER_YEAR * price * (appeals_gbp + tally.mediations * p.cost_mediation_gbp)


@inlined
def transport_gbp(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the cost of taking pupils there: more of those in special schools, to independent ones over more miles."""
    here = la.plans_in_setting
    special = la.special_pupils + here[Setting.INDEPENDENT_SPECIAL] * p.factor_distance_independent
    other = here[Setting.MAINSTREAM] + here[Setting.UNIT] + here[Setting.POST_16]
    carried = p.share_transport_special * special + p.share_transport_other * other
    return carried * p.cost_transport_gbp * d.pay_index


@inlined
def capital_gbp(la: AuthorityRecord, p: ParameterRecord, price: float) -> float:
    """Return the cost of the places that opened last."""
    built_gbp = la.special_places_opened * p.cost_new_place_gbp + la.unit_places_opened * p.cost_new_unit_place_gbp
    return MONTHS_PER_YEAR * built_gbp * price


@inlined
def notional_sen_gbp(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the money for SEN in schools' budgets, before input funding takes its part."""
    return p.notional_sen_gbp_per_pupil * la.pupils * d.school_funding * d.price_index


@inlined
def programmes_gbp(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the cost of reforms: specialists in extra posts, and grants for support services and for inclusion."""
    hired_gbp = (la.specialist_psychologists + la.specialists_other) * p.cost_specialist_gbp * d.pay_index
    grants_gbp = local_support_grant_gbp(la, p) + p.inclusion_grant_gbp_per_pupil * la.pupils
    return hired_gbp + grants_gbp * d.price_index


# ---------------------------------------------------------------------- the month's account


@inlined
def size_pools(la: AuthorityRecord, p: ParameterRecord, d: DriverRecord) -> None:
    """Size the pool and the input funding by today's top-ups, until the month in which each begins."""
    if la.pooling == 0.0:
        la.pooled_gbp_per_pupil = la.topup_other_gbp / max(la.pupils, 1.0) / d.price_index
    la.pooling = 1.0 if pooled_share(p) > 0.0 else 0.0
    if la.input_funding == 0.0:
        la.input_gbp_per_pupil = la.first_part_gbp / max(la.pupils, 1.0)


@inlined
def spend_inside_block(la: AuthorityRecord, nation: NationRecord, p: ParameterRecord, d: DriverRecord) -> None:
    """Spend on the lines inside the high-needs block."""
    spend_pence, price = la.spend_pence, d.price_index
    spend_pence[TOPUPS] = month_pence(individual_topups_gbp(la, p))
    spend_pence[UNITS] = month_pence(units_gbp(la, p))
    spend_pence[STATE] = month_pence(state_special_gbp(la, p))
    spend_pence[INDEPENDENT_LINE] = month_pence(independent_special_gbp(la, nation))
    spend_pence[ALTERNATIVE_LINE] = month_pence(alternative_provision_gbp(la, p, price))
    spend_pence[POST_16_LINE] = month_pence(post_16_gbp(la, p, d))
    spend_pence[SERVICES] = month_pence(la.support_budget_gbp) + month_pence(la.surplus_spent_gbp)
    spend_pence[POOLED] = month_pence(pool_gbp_per_pupil(la, p) * la.pupils * price)
    spend_pence[OTHER] = month_pence(therapies_and_other_gbp(la, p, price))


@inlined
def spend_outside_block(
    la: AuthorityRecord, tally: TallyRecord, p: ParameterRecord, d: DriverRecord, given_up_pence: int
) -> None:
    """Count what others pay for, or other budgets; schools have given up part of their notional SEN money."""
    spend_pence, price = la.spend_pence, d.price_index
    spend_pence[CASEWORK] = month_pence(casework_gbp(la, p, d))
    spend_pence[TRIBUNAL] = month_pence(tribunal_gbp(tally, p, price))
    spend_pence[TRANSPORT] = month_pence(transport_gbp(la, p, d))
    spend_pence[CAPITAL] = month_pence(capital_gbp(la, p, price))
    spend_pence[NOTIONAL] = month_pence(notional_sen_gbp(la, p, d)) - given_up_pence
    spend_pence[PROGRAMMES] = month_pence(programmes_gbp(la, p, d))


@inlined
def deficit_grant_pence(la: AuthorityRecord, p: ParameterRecord) -> int:
    """Return the grant that pays off part of a deficit."""
    granted = p.share_deficit_granted > 0.0 and la.balance_pence < 0
    return round(-la.balance_pence * p.share_deficit_granted) if granted else 0


@inlined
def smooth_account(la: AuthorityRecord, inside_pence: int) -> None:
    """Let the smoothed settlement and spending follow the month; a surplus that is spent is no overspend."""
    usual_pence = inside_pence - month_pence(la.surplus_spent_gbp)
    settlement_gbp, spending_gbp = year_gbp(la.settlement_pence), year_gbp(usual_pence)
    la.settlement_smoothed_gbp += (settlement_gbp - la.settlement_smoothed_gbp) / ACCOUNT_SMOOTHING_MONTHS
    la.spending_smoothed_gbp += (spending_gbp - la.spending_smoothed_gbp) / ACCOUNT_SMOOTHING_MONTHS


@rule
def authorities_spend(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spend this month's money, line by line, and carry what the block leaves as balance."""
    nation = w.nation[0]
    for a in part:
        la, tally = w.authorities[a], w.tallies[a]
        size_pools(la, p, d)
        given_up_pence = month_pence(input_funding_gbp_per_pupil(la) * la.pupils)
        spend_inside_block(la, nation, p, d)
        spend_outside_block(la, tally, p, d, given_up_pence)
        inside_pence = 0
        for line in range(N_INSIDE):
            inside_pence += la.spend_pence[line]
        la.settlement_pence = month_pence(local_share(nation.settlement_gbp, la)) + given_up_pence
        la.granted_pence = deficit_grant_pence(la, p)
        la.balance_pence += la.settlement_pence + la.granted_pence - inside_pence
        smooth_account(la, inside_pence)


# ---------------------------------------------------------------------- budgets and the settlement, in April


@inlined
def deficit_share(la: AuthorityRecord) -> float:
    """Return the deficit carried, as a share of a year's settlement; 0 where there is none."""
    return max(0.0, gbp(-la.balance_pence) / la.settlement_smoothed_gbp)


@inlined
def overspend_share(la: AuthorityRecord) -> float:
    """Return by how much spending is above the settlement, as a share of it; 0 where it is not."""
    return max(0.0, la.spending_smoothed_gbp / la.settlement_smoothed_gbp - 1.0)


@inlined
def budget_pressure(overspend: float, deficit: float, p: ParameterRecord) -> float:
    """Return what presses on budgets, a share of the settlement; without the override all of a deficit does."""
    pressure = overspend + p.weight_deficit * deficit
    return pressure + deficit if p.statutory_override == OFF else pressure


@inlined
def surplus_to_spend_gbp(la: AuthorityRecord, overspend: float, p: ParameterRecord) -> float:
    """Return the part of a surplus that goes into the support services of the year, if there is no overspend."""
    may_spend = overspend == 0.0 and la.balance_pence > 0
    return p.share_surplus_spent * la.balance_pence / PENCE_PER_GBP if may_spend else 0.0


@inlined
def squeezed_budget_gbp(la: AuthorityRecord, kept_up_gbp: float, pressure: float, p: ParameterRecord) -> float:
    """Return the support services' budget after pressure has cut it."""
    cut = p.effect_pressure_on_support * pressure
    floor_gbp = p.share_support_protected * la.support_budget_start_gbp
    return max(kept_up_gbp * max(1.0 - cut, LOWEST_SUPPORT_KEPT), floor_gbp)


@inlined
def restored_budget_gbp(la: AuthorityRecord, kept_up_gbp: float, p: ParameterRecord, d: DriverRecord) -> float:
    """Return the support services' budget on its way back to the real budget of September 2014."""
    full_gbp = la.support_budget_start_gbp * d.price_index
    return max(min(kept_up_gbp * (1.0 + p.rate_support_restored), full_gbp), la.support_budget_gbp)


@rule
def authorities_set_budgets(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """In April decide what the support services get and how far top-ups are uprated, given the overspend (R2).

    Without overspend an authority may put part of a surplus into the support services of the year.
    """
    if d.month_of_year != APRIL or t < 0:  # in the burn-in nothing answers money
        return
    for a in part:
        la = w.authorities[a]
        overspend = overspend_share(la)
        pressure = budget_pressure(overspend, deficit_share(la), p)
        la.surplus_spent_gbp = surplus_to_spend_gbp(la, overspend, p)
        kept_up_gbp = la.support_budget_gbp * (1.0 + d.inflation)
        la.support_budget_gbp = squeezed_budget_gbp(la, kept_up_gbp, pressure, p)
        if pressure == 0.0:
            la.support_budget_gbp = restored_budget_gbp(la, kept_up_gbp, p, d)
        uprating = d.inflation * p.share_topup_uprated - p.effect_pressure_on_topups * pressure
        la.topup_index *= max(1.0 + uprating, LOWEST_UPRATING)


@rule
def government_sets_settlement(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """In April set the national high-needs block: as announced, or following national overspend with a lag (B2)."""
    if d.month_of_year != APRIL or t < 0:
        return
    nation = w.nation[0]
    if d.settlement_gbp > 0.0 and p.use_published_settlement == ON:
        nation.settlement_base_gbp = d.settlement_gbp
    else:
        growth = d.inflation + p.settlement_growth_real + p.response_settlement * nation.overspend_carried
        nation.settlement_base_gbp *= max(1.0 + growth, LOWEST_GROWTH)
    nation.settlement_gbp = nation.settlement_base_gbp * (1.0 + p.settlement_extra_share)
