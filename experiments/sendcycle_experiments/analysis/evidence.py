"""What an effect says of an expectation: supported, contradicted or undecided, by the middle nine tenths of members."""

LEVELS = (0.05, 0.5, 0.95)
SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
EXPECTED = ("lower", "higher", "none", "not lower")


def verdict(expected: str, low: float, high: float, at_most: float = 0.0) -> str:
    """Return what the middle nine tenths of members, from low to high, say.

    Parameters
    ----------
    expected
        "lower" or "higher": supported if all of them lie on that side of zero, contradicted if all lie on the other.
        "none": supported by effects no larger than `at_most`, contradicted by larger ones. "not lower": contradicted
        if all are lower by more than `at_most`, supported if none is.
    """
    if expected not in EXPECTED:
        raise ValueError(f"expected is one of {', '.join(EXPECTED)}, not '{expected}'.")
    if expected == "not lower":
        return CONTRADICTED if high < -at_most else SUPPORTED if low >= -at_most else UNDECIDED
    if expected == "none":
        within, beyond = -at_most <= low and high <= at_most, low > at_most or high < -at_most
        return SUPPORTED if within else CONTRADICTED if beyond else UNDECIDED
    if low <= 0.0 <= high:
        return UNDECIDED
    return SUPPORTED if (high < 0.0) == (expected == "lower") else CONTRADICTED
