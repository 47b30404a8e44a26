"""Rival structures: other versions of the mechanisms of which least is known, each calibrated anew.

A rival holds some parameters at other values than the rest of the model would let them take, so that a mechanism is
gone or works otherwise. Conclusions that do not survive all of them are conclusions of one mechanism.
"""

from experiments.designs import DesignError
from model.errors import nearest

RIVALS: dict[str, tuple[str, dict[str, float]]] = {
    "private_confidence": (
        "How confidence spreads: families learn from their own child alone. Neither neighbours' experience nor how "
        "common plans are in the area reaches them.",
        {"gain_r7_confidence": 0.0},
    ),
    "blind_gatekeeping": (
        "How authorities gatekeep: thresholds do not move with deficits; money does not make anyone stricter.",
        {"gain_b1_gatekeeping": 0.0},
    ),
    "indifferent_schools": (
        "How schools respond to incentives: what a plan would bring a school in money changes nothing in what it asks.",
        {"gain_r3_funding_incentive": 0.0},
    ),
    "lost_psychologists": (
        "What becomes of specialists who leave: in private practice they sell no advice to authorities, so their work "
        "is lost to assessments.",
        {"share_private_for_advice": 0.0},
    ),
}


def constants_of(rival: str | None) -> dict[str, float]:
    """Return the parameters that a rival holds; none for the model itself.

    Raises
    ------
    DesignError
        If there is no such rival.
    """
    if rival is None:
        return {}
    if rival not in RIVALS:
        raise DesignError(f"unknown rival '{rival}'.{nearest(rival, RIVALS)} Rivals: {', '.join(RIVALS)}.")
    return dict(RIVALS[rival][1])
