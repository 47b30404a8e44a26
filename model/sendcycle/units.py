"""Units, and how one becomes another: in this one place."""

MONTHS_PER_YEAR = 12
WEEKS_PER_MONTH = 365.25 / 7.0 / 12.0  # of a year of 365.25 days
PENCE_PER_GBP = 100.0
GBP_PER_GBP_K = 1000.0  # pounds in a thousand pounds, in which needs are kept
PER_CENT = 100.0  # percent in a whole
OFF, ON = 0.0, 1.0  # a parameter that is a switch
