"""Top-ups: what a plan in mainstream brings, and what its school must find itself."""

from sendcycle.engine.compilation import inlined
from sendcycle.rules.money import pooled_share
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord
from sendcycle.units import GBP_PER_GBP_K


@inlined
def topup_of(provision_gbp: float, school_pays_first_gbp: float, la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the top-up paid for a plan in mainstream, pounds a year: what its provision costs beyond the threshold."""
    beyond = provision_gbp * la.topup_index - school_pays_first_gbp
    return max(beyond, p.topup_floor_gbp) * p.share_topup_named


@inlined
def first_part_of(provision_gbp: float, topup: float, la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return what the school pays first, pounds a year: what the top-up would gain without the threshold."""
    return topup_of(provision_gbp, 0.0, la, p) - topup


@inlined
def count_topup_before_school(provision_gbp: float, la: AuthorityRecord, p: ParameterRecord) -> None:
    """Count the top-up of a plan holder in the early years, which no school has to find."""
    topup = topup_of(provision_gbp, p.notional_sen_threshold_gbp, la, p)
    if topup > p.topup_severe_above_gbp:
        la.topup_severe_gbp += topup
    else:
        la.topup_other_gbp += topup


@inlined
def count_topup_in_school(
    demand_gbp_k: float, provision_gbp: float, la: AuthorityRecord, p: ParameterRecord, d: DriverRecord
) -> float:
    """Count the top-up of a plan holder in a mainstream school; return the school's demand after it.

    Under input funding part of what the school pays first comes with the child, so that the school need not find it.
    What is pooled is not paid child by child, so that the school must.
    """
    topup = topup_of(provision_gbp, p.notional_sen_threshold_gbp, la, p)
    first_part = first_part_of(provision_gbp, topup, la, p)
    la.first_part_gbp += first_part
    if p.share_input_funding > 0.0:
        topup += p.share_input_funding * first_part
        demand_gbp_k -= p.share_input_funding * first_part / d.price_index / GBP_PER_GBP_K
    if topup > p.topup_severe_above_gbp:
        la.topup_severe_gbp += topup
    else:
        la.topup_other_gbp += topup
        demand_gbp_k += pooled_share(p) / d.price_index / GBP_PER_GBP_K * topup
    return demand_gbp_k
