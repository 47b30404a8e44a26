"""Money: every pound of the high-needs block is spent on a named line, carried as balance, or returned."""

from sendcycle.calendar import APRIL
from sendcycle.engine.compilation import compiled, inlined, rule
from sendcycle.state.children import Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import LINES, LINES_INSIDE, AuthorityRecord, DriverRecord
from sendcycle.state.world import Part, World

N_INSIDE, N_LINES = len(LINES_INSIDE), len(LINES)
TOPUPS, UNITS, STATE, INDEPENDENT_LINE, ALTERNATIVE_LINE, POST_16_LINE, SERVICES, POOLED, OTHER = range(N_INSIDE)
CASEWORK, TRIBUNAL, TRANSPORT, CAPITAL, NOTIONAL, PROGRAMMES = range(N_INSIDE, N_LINES)
PENCE = 100.0


@inlined
def pence(pounds_a_year: float) -> int:
    """Return a month's twelfth of pounds a year, in whole pence."""
    return round(pounds_a_year * PENCE / 12.0)


@inlined
def pooled_share(p: ParameterRecord) -> float:
    """Return the share of funding for other than severe needs that goes to schools or clusters, not to children."""
    return min(p.share_throughput_funding + p.share_cluster_funding, 1.0)


@compiled
def individual_topups(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the top-ups paid child by child, pounds a year: all to severe needs, the rest by funding regime."""
    return la.topup_severe_gbp + la.topup_other_gbp * (1.0 - pooled_share(p))


@inlined
def pool_a_pupil(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return what the funding regime pays to schools and clusters, pounds a pupil a year at 2014-15 prices.

    It is what the other top-ups came to when the regime began, so that this costs nothing on that day.
    """
    return pooled_share(p) * p.factor_pool * la.pooled_gbp_per_pupil


@inlined
def school_pays_first_gbp(p: ParameterRecord) -> float:
    """Return what a school pays first for a pupil with a plan: nothing where all money comes with the child."""
    return float(p.notional_sen_threshold_gbp * (1.0 - p.share_input_funding))


@inlined
def input_a_pupil(la: AuthorityRecord) -> float:
    """Return what schools give up for input funding, pounds a pupil a year, in cash.

    It is what the first part of plans would have added to top-ups when the regime began, so that this costs nothing on
    that day. Like the £6,000 it does not rise with prices.
    """
    return float(la.input_funding * la.input_gbp_per_pupil)


@inlined
def support_grant(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the authority's part of a grant for support services, pounds a year at 2014-15 prices."""
    return p.support_grant_gbp * la.settlement_share * la.share_simulated


@rule
def authorities_spend(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Spend this month's money, line by line."""
    nation = w.nation[0]
    for a in part:
        la = w.authorities[a]
        tally = w.tallies[a]
        spend = la.spend_pence
        price = d.price_index
        lda = (1.0 - d.act) * p.post_16_without_plan_2014 * la.settlement_share * la.share_simulated
        if la.pooling == 0.0:
            la.pooled_gbp_per_pupil = la.topup_other_gbp / max(la.pupils, 1.0) / price
        la.pooling = 1.0 if pooled_share(p) > 0.0 else 0.0
        if la.input_funding == 0.0:
            la.input_gbp_per_pupil = la.first_part_gbp / max(la.pupils, 1.0)
        spend[TOPUPS] = pence(individual_topups(la, p))
        spend[UNITS] = pence(la.unit_places * p.cost_unit_place_gbp)
        spend[STATE] = pence(
            la.special_places * p.cost_special_place_gbp + la.special_pupils * p.topup_special_gbp * la.topup_index
        )
        spend[INDEPENDENT_LINE] = pence(la.plans_in_setting[Setting.INDEPENDENT_SPECIAL] * nation.independent_price_gbp)
        spend[ALTERNATIVE_LINE] = pence(
            (la.alternative_pupils + p.alternative_unsimulated * la.settlement_share * la.share_simulated)
            * p.cost_alternative_gbp * price
        )  # fmt: skip
        spend[POST_16_LINE] = pence((la.plans_in_setting[Setting.POST_16] + lda) * p.cost_post_16_gbp * price)
        spend[SERVICES] = pence(la.support_budget_gbp) + pence(la.surplus_spent_gbp)
        spend[POOLED] = pence(pool_a_pupil(la, p) * la.pupils * price)
        spend[OTHER] = pence(
            p.other_gbp_2014 * la.settlement_share * la.share_simulated * price
            + la.plans_in_setting[Setting.ELSEWHERE] * p.cost_elsewhere_gbp * price
        )
        casework = la.psychologists * p.cost_psychologist_gbp + la.caseworkers * p.cost_caseworker_gbp
        hour = p.cost_psychologist_gbp / p.hours_psychologist * p.factor_price_bought_advice
        casework += 12.0 * la.bought_hours * hour
        spend[CASEWORK] = pence(casework * d.pay_index)
        appeals = tally.appeals_settled * p.cost_appeal_settled_gbp + tally.appeals_decided * p.cost_appeal_heard_gbp
        spend[TRIBUNAL] = pence(12.0 * price * (appeals + tally.mediations * p.cost_mediation_gbp))
        far = la.special_pupils + la.plans_in_setting[Setting.INDEPENDENT_SPECIAL] * p.factor_distance_independent
        near = (
            la.plans_in_setting[Setting.MAINSTREAM]
            + la.plans_in_setting[Setting.UNIT]
            + la.plans_in_setting[Setting.POST_16]
        )
        spend[TRANSPORT] = pence(
            (p.share_transport_special * far + p.share_transport_other * near) * p.cost_transport_gbp * d.pay_index
        )
        built = la.special_places_opened * p.cost_new_place_gbp + la.unit_places_opened * p.cost_new_unit_place_gbp
        spend[CAPITAL] = pence(12.0 * built * price)
        given_up = pence(input_a_pupil(la) * la.pupils)
        spend[NOTIONAL] = pence(p.notional_sen_gbp_per_pupil * la.pupils * d.school_funding * price) - given_up
        hired = (la.specialist_psychologists + la.specialists_other) * p.cost_specialist_gbp * d.pay_index
        grants = support_grant(la, p) + p.inclusion_grant_gbp_per_pupil * la.pupils
        spend[PROGRAMMES] = pence(hired + grants * price)
        la.settlement_pence = pence(nation.settlement_gbp * la.settlement_share * la.share_simulated) + given_up
        inside = 0
        for line in range(N_INSIDE):
            inside += spend[line]
        granted = 0
        if p.share_deficit_granted > 0.0 and la.balance_pence < 0:
            granted = round(-la.balance_pence * p.share_deficit_granted)
        if d.month_of_year == APRIL:
            la.year_settlement_pence = 0
            la.year_granted_pence = 0
            for line in range(N_LINES):
                la.year_spend_pence[line] = 0
        la.granted_pence = granted
        la.balance_pence += la.settlement_pence + granted - inside
        la.year_settlement_pence += la.settlement_pence
        la.year_granted_pence += granted
        for line in range(N_LINES):
            la.year_spend_pence[line] += spend[line]
        la.settlement_smoothed_gbp += (la.settlement_pence * 12.0 / PENCE - la.settlement_smoothed_gbp) / 12.0
        usual = inside - pence(la.surplus_spent_gbp)  # a surplus that is spent is no overspend
        la.spending_smoothed_gbp += (usual * 12.0 / PENCE - la.spending_smoothed_gbp) / 12.0


@rule
def authorities_set_budgets(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """In April decide what the support services get and how far top-ups are uprated, given the overspend (R2).

    Without overspend an authority may put part of a surplus into the support services of the year.
    """
    if d.month_of_year != APRIL or t < 0:  # in the burn-in nothing answers money
        return
    for a in part:
        la = w.authorities[a]
        deficit = max(0.0, -la.balance_pence / PENCE / la.settlement_smoothed_gbp)
        overspend = max(0.0, la.spending_smoothed_gbp / la.settlement_smoothed_gbp - 1.0)
        la.surplus_spent_gbp = 0.0
        if overspend == 0.0 and la.balance_pence > 0:
            la.surplus_spent_gbp = p.share_surplus_spent * la.balance_pence / PENCE
        pressure = overspend + p.weight_deficit * deficit
        if p.statutory_override < 0.5:
            pressure += deficit
        cut = p.effect_pressure_on_support * pressure
        floor = p.share_support_protected * la.support_budget_start_gbp
        kept_up = la.support_budget_gbp * (1.0 + d.inflation)
        la.support_budget_gbp = max(kept_up * max(1.0 - cut, 0.5), floor)
        if pressure == 0.0:  # what was cut comes back, up to the real budget of September 2014
            full = la.support_budget_start_gbp * d.price_index
            la.support_budget_gbp = max(min(kept_up * (1.0 + p.rate_support_restored), full), la.support_budget_gbp)
        uprating = d.inflation * p.share_topup_uprated - p.effect_pressure_on_topups * pressure
        la.topup_index *= max(1.0 + uprating, 0.9)


@rule
def government_sets_settlement(w: World, p: ParameterRecord, d: DriverRecord, t: int) -> None:
    """In April set the national high-needs block: as announced, or following national overspend with a lag (B2)."""
    if d.month_of_year != APRIL or t < 0:
        return
    nation = w.nation[0]
    if d.settlement_gbp > 0.0 and p.use_published_settlement > 0.5:
        nation.settlement_base_gbp = d.settlement_gbp
    else:
        growth = d.inflation + p.settlement_growth_real + p.response_settlement * nation.overspend_carried
        nation.settlement_base_gbp *= max(1.0 + growth, 0.9)
    nation.settlement_gbp = nation.settlement_base_gbp * (1.0 + p.settlement_extra_share)
