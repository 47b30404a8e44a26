"""Keyed random draws: (seed, decision, child, month), never an order of calls.

A draw is a hash, so the same child facing the same decision in the same month draws the same number whatever
else happens: on any number of threads, with one child more or less, in two scenarios side by side.
"""

from enum import IntEnum

import numpy as np

from sendcycle.engine.compilation import compiled, inlined


class Decision(IntEnum):
    """What a draw decides. A number, once given, is never used for another decision."""

    PEOPLE = 1
    NEED = 2
    SEVERITY = 3
    DISADVANTAGE = 4
    ADVOCACY = 5
    ONSET = 6
    SCHOOL = 8
    START_SEN_STATUS = 9
    START_SETTING = 10
    SEN_STATUS_CHANGES = 11
    REQUEST = 13
    REQUEST_DAY = 15
    PROCESS_TIME = 17
    DECIDE_TURN = 18
    AGREE_TO_ASSESS = 19
    PSYCHOLOGIST_TURN = 20
    AGREE_TO_ISSUE = 21
    DRAFT_TURN = 22
    ISSUE_DAY = 23
    CONTEST_REFUSAL = 24
    MEDIATE = 25
    MEDIATION_OUTCOME = 26
    CONTEST_CONTENTS = 27
    HEARING_TURN = 28
    CONCEDE = 29
    UPHOLD = 30
    WANT_SPECIALIST = 31
    BREAKDOWN = 32
    STATE_PLACE = 33
    INDEPENDENT_PLACE = 34
    UNIT_PLACE = 35
    PLAN_CEASES = 36
    LEAVES_EDUCATION = 37
    CHANGES_SETTING = 38
    SCHOOL_CHOICE = 41
    POST_16 = 42
    ELSEWHERE_PLACE = 43
    START_PLACE = 44
    PRACTICE = 45
    REASSESSED = 46
    KEEPS_PLAN = 47
    SUPPORT_AT_TRANSFER = 48


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_S33 = np.uint64(33)
SHIFT = np.uint64(11)
DRAWS = 9007199254740992.0  # 2**53: how many different draws there are
_TO_UNIT = 1.0 / DRAWS


@inlined
def scramble(x: np.uint64) -> np.uint64:
    """Scramble 64 bits so that every input bit moves every output bit (the finaliser of MurmurHash3)."""
    x ^= x >> _S33
    x *= _MIX_1
    x ^= x >> _S33
    x *= _MIX_2
    x ^= x >> _S33
    return x


@compiled
def stream(seed: int, decision: int, month: int) -> np.uint64:
    """Return the key that all draws of one decision in one month share."""
    x = scramble(np.uint64(seed) + _GOLDEN)
    x = scramble(x + np.uint64(decision) * _GOLDEN)
    return scramble(x + np.uint64(month + 4096) * _GOLDEN)


def key_of(seed: int, decision: int, month: int) -> np.uint64:
    """Return `stream` as a NumPy number, for use outside compiled code."""
    return np.uint64(stream(seed, int(decision), month))


@inlined
def draw(key: np.uint64, stream_key: np.uint64) -> float:
    """Return the uniform number in [0, 1) of one child (or school) in one stream."""
    return float(scramble(key + stream_key) >> SHIFT) * _TO_UNIT


@compiled
def draw_normal(key: np.uint64, stream_key: np.uint64) -> float:
    """Return a standard normal number: the inverse normal distribution of the keyed uniform number.

    Acklam's rational approximation, relative error below 1.2e-9.
    """
    u = min(max(draw(key, stream_key), 1e-12), 1.0 - 1e-12)
    if u < 0.02425 or u > 1.0 - 0.02425:
        tail = u if u < 0.5 else 1.0 - u
        q = np.sqrt(-2.0 * np.log(tail))
        top = (
            ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e00) * q
              - 2.549732539343734e00) * q + 4.374664141464968e00) * q + 2.938163982698783e00
        )  # fmt: skip
        low = (
            (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e00) * q
             + 3.754408661907416e00) * q + 1.0
        )  # fmt: skip
        return top / low if u < 0.5 else -top / low
    q = u - 0.5
    r = q * q
    top = (
        ((((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02) * r
          + 1.383577518672690e02) * r - 3.066479806614716e01) * r + 2.506628277459239e00
    ) * q  # fmt: skip
    low = (
        ((((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r
          + 6.680131188771972e01) * r - 1.328068155288572e01) * r + 1.0
    )  # fmt: skip
    return top / low
