"""Ages, in one place: in months, as children are counted, and in whole years on 31 August, by which school years go."""

from sendcycle.units import MONTHS_PER_YEAR

# Ages in months.
FIRST_AGE_MONTHS = 2 * MONTHS_PER_YEAR  # no decision about a younger child is simulated
AGE_3_MONTHS, AGE_5_MONTHS, AGE_9_MONTHS, AGE_11_MONTHS, AGE_12_MONTHS, AGE_16_MONTHS, AGE_17_MONTHS = (
    years * MONTHS_PER_YEAR for years in (3, 5, 9, 11, 12, 16, 17)
)
SCHOOL_AGE_LIMIT_MONTHS = 19 * MONTHS_PER_YEAR  # from here on nobody goes on in school
AGE_LIMIT_MONTHS = 25 * MONTHS_PER_YEAR  # from here on nobody is in education: the 2014 Act ends plans at 25
# Ages in months in September of the youngest of those who were 4, 11 and 16 on 31 August.
AFTER_4_MONTHS, AFTER_11_MONTHS, AFTER_16_MONTHS = (years * MONTHS_PER_YEAR + 1 for years in (4, 11, 16))

# Ages in whole years on 31 August.
YEARS_16, YEARS_17, YEARS_18, YEARS_19 = 16, 17, 18, 19  # at which a plan ends with a chance of its own
SCHOOL_AGE_LIMIT_YEARS = SCHOOL_AGE_LIMIT_MONTHS // MONTHS_PER_YEAR  # from here on nobody goes on in school
# From and below: the phases of schools in England.
NURSERY_YEARS, PRIMARY_YEARS, SECONDARY_YEARS, SIXTH_FORM_YEARS = (3, 4), (4, 11), (11, 16), (16, 18)
