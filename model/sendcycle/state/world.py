"""The state of the model as one object that holds arrays: what every compiled rule reads and writes.

Families are columns (`children.Children`). Schools, authorities and the nation are records. A rule is called with the
world, the parameters of the month, the drivers of the month and a part: the rows of the authorities it may touch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sendcycle.engine.by_reference import ByReference
from sendcycle.state.children import Children

F = TypeVar("F", bound=Callable[..., Any])
Record = Any  # one record of a structured array: fields are attributes
Part = NDArray[np.int64]  # rows of authorities

DOCKET_MONTHS = 128  # the docket remembers the month of registration for this long
ARRIVALS_KEPT = 64  # months of arrivals remembered, and so the longest wait for an assessment that is told apart
PLACE_PIPELINE_MONTHS = 64  # longest planning delay of a special place, and more
TRAINING_MONTHS = 64  # longest training pipeline, and more

SCHOOL = np.dtype(
    [
        ("key", "u8"),
        ("authority", "i4"),  # row of the authority
        ("cluster", "i4"),  # row of the cluster
        ("secondary", "i1"),  # 1 = secondary, 0 = primary
        ("pupils", "f8"),  # pupils on roll, with and without need
        ("size", "f8"),  # share of its neighbourhood's children of the phase, as built
        ("roll", "f8"),  # and now: families without need leave an overloaded school (R6)
        ("skill_start", "f8"),  # inclusive skill in September 2014, 1 = national mean
        ("skill", "f8"),  # inclusive skill now: built slowly, lost by turnover
        ("capacity_gbp_k", "f8"),  # support the school can give, thousand pounds a year at 2014-15 prices
        ("demand_gbp_k", "f8"),  # need of identified pupils without a plan, and first £6,000 of those with one
        ("coverage", "f8"),  # share of that need which is met, 0 to 1
        ("support_load_gbp_k", "f8"),  # of it, need of pupils on SEN support
        ("support_pupils", "f8"),  # pupils on SEN support
        ("assured", "f8"),  # part of their need that individual support plans assure
        ("coverage_of_rest", "f8"),  # share met of what no such plan assures
        ("need_load", "f8"),  # all need on roll, thousand pounds a year
        ("confidence_sum", "f8"),  # of pupils with need
        ("confidence_count", "f8"),
        ("relative_load", "f8"),  # need a pupil over the authority's mean
        ("relative_load_start", "f8"),
        ("carried_relative_load", "f8"),
        ("load_start", "f8"),  # demand a pupil, thousand pounds a year
        ("carried_load", "f8"),  # and as R6 carries it
        ("reputation_start", "f8"),
        ("reputation", "f8"),  # what families with need believe of the school's inclusion (R6)
        ("carried_reputation", "f8"),
        ("incentive_start", "f8"),
        ("incentive", "f8"),  # relief a plan brings the school (R3)
        ("carried_incentive", "f8"),
        ("cluster_funding_gbp_k", "f8"),  # throughput and cluster money received, thousand pounds a year
        ("unit_places", "f8"),
        ("unit_pupils", "f8"),
    ]
)

LOOP_SIGNALS = (
    "support_hours",  # R1  specialist hours reaching children without plans, per child on SEN support, 1 = Sept 2014
    "inclusion_budget",  # R2  support-service budget and real top-up value, 1 = Sept 2014
    "contest_belief",  # R4  belief that contesting pays, 0 to 1
    "statutory_advice",  # R1  assessments a month that take therapists' time
    "overflow",  # R5  share of specialist demand that state places cannot take, 0 to 1
    "confidence",  # R7  mean confidence in mainstream, 0 to 1
    "plan_norm",  # R7  share of children with SEN in the area who have a plan: "a plan is the only way"
    "drain",  # R8  pull of statutory workload and independent pay on specialists, 1 = Sept 2014
    "anticipation",  # R9  awareness of announced restrictions, 0 to 1
    "gatekeeping",  # B1  strictness added by deficit, log points
    "plan_bonus",  # B3  what plan holders' confidence adds to the mean, 0 to 1
    "place_shortage",  # B4  state special places wanted and neither open nor being built, share of places
    "wait",  # B5  mean wait for a plan, months
    "tribunal_wait",  # B5  mean wait for the tribunal, months
    "stock",  # B6  plans in force, 1 = Sept 2014
)

_signal_fields = [(f"{name}{suffix}", "f8") for name in LOOP_SIGNALS for suffix in ("", "_start", "_carried")]

# Money lines: inside the high-needs block first, then outside it.
LINES_INSIDE = (
    "mainstream_topups",
    "units_and_bases",
    "state_special",
    "independent_special",
    "alternative_provision",
    "post_16",
    "support_services",
    "school_and_cluster_funding",
    "therapies_and_other",
)
LINES_OUTSIDE = (
    "assessment_and_casework",
    "tribunal_and_mediation",
    "transport",
    "capital",
    "notional_sen",
    "programmes",  # what reforms pay for outside the block
)
LINES = LINES_INSIDE + LINES_OUTSIDE

AUTHORITY = np.dtype(
    [
        ("key", "u8"),
        ("share_simulated", "f8"),  # children simulated of all the authority's children
        ("weight", "f8"),  # what one simulated child stands for in national sums
        ("first_school", "i4"),
        ("last_school", "i4"),  # one past the last row
        ("first_cluster", "i4"),
        ("last_cluster", "i4"),
        ("pupils", "f8"),
        # heterogeneity, from the authority's own rows of 2014-2016
        ("request_level", "f8"),
        ("strictness", "f8"),
        ("contest_level", "f8"),
        ("process_weeks", "f8"),
        ("process_weeks_usual", "f8"),  # the nation's geometric mean
        ("special_level", "f8"),
        # people
        ("psychologists", "f8"),  # full-time equivalents
        ("psychologists_start", "f8"),
        ("psychologists_private", "f8"),  # in private practice since the run began, a year before September 2014
        ("specialist_psychologists", "f8"),  # in posts that a reform created for children without plans
        ("specialists_other", "f8"),  # and those of other professions
        ("caseworkers", "f8"),
        ("requests_arriving", "f8"),  # cases a month that reach each stage, smoothed over half a year
        ("assessments_arriving", "f8"),
        ("drafts_arriving", "f8"),
        ("reassessments_arriving", "f8"),  # plan holders reassessed, smoothed likewise
        ("requests_backlog", "f8"),  # cases beyond what the hours so far could serve
        ("assessments_backlog", "f8"),
        ("drafts_backlog", "f8"),
        ("arrived", "f8", (3, ARRIVALS_KEPT)),  # arrivals of past months by stage, ring of months
        ("wait_decision", "f8"),  # months the case now served has waited
        ("wait_psychologist", "f8"),
        ("wait_draft", "f8"),
        ("statutory_hours", "f8"),  # psychologist hours on statutory work this month
        ("bought_hours", "f8"),  # of psychologists in private practice, for advice, this month
        ("early_hours", "f8"),  # specialist hours reaching children without plans this month
        ("specialist_hours", "f8"),  # of them, of specialists in extra posts
        ("statutory_share", "f8"),
        ("statutory_share_start", "f8"),
        ("casework_load", "f8"),  # casework hours needed over hours there are
        ("appeals_last_month", "f8"),
        ("outreach", "f8"),  # share of the specialist help that children without plans need which they get
        ("outreach_start", "f8"),
        ("therapy_waiting", "f8"),  # children waiting for therapy or CAMHS
        ("therapy_capacity", "f8"),  # children seen a month
        ("therapy_coverage", "f8"),
        ("requests_usual", "f8"),  # a month, over three years
        # places
        ("special_places", "f8"),
        ("special_pupils", "f8"),
        ("special_places_opened", "f8"),
        ("waiting_special", "f8"),
        ("independent_allowance", "f8"),
        # experience
        ("wins_smoothed", "f8"),  # contests won a month per 1,000 children with SEN
        ("mean_confidence", "f8"),
        ("confidence_shift", "f8"),  # what cutting R7 or B3 adds to what each child sees
        ("sen_support", "f8"),  # children on SEN support
        ("plans", "f8"),  # plans in force
        ("plans_2014", "f8"),
        ("n_plan_rows", "i8"),  # children listed in `plan_rows`, `case_rows`, `going_on_rows`
        ("n_case_rows", "i8"),
        ("n_going_on_rows", "i8"),
        ("in_setting", "f8", (10,)),  # plan holders by Setting
        ("topup_other_gbp", "f8"),  # top-ups named in mainstream plans, pounds a year: moderate needs
        ("topup_severe_gbp", "f8"),  # and severe needs
        ("unit_places", "f8"),
        ("unit_pupils", "f8"),
        ("unit_places_opened", "f8"),  # this month
        ("units_wanted", "f8"),
        ("units_granted", "f8"),  # places of units that a reform grants, not yet opened
        ("alternative_pupils", "f8"),
        # money
        ("settlement_share", "f8"),  # of the national high-needs block
        ("balance_pence", "i8"),
        ("settlement_pence", "i8"),  # this month
        ("spend_pence", "i8", (len(LINES),)),  # this month, by line
        ("year_settlement_pence", "i8"),  # since April
        ("year_spend_pence", "i8", (len(LINES),)),
        ("granted_pence", "i8"),  # deficit grant received this month
        ("year_granted_pence", "i8"),
        ("settlement_smoothed", "f8"),  # pounds a year
        ("spending_smoothed", "f8"),  # pounds a year, inside the block, less what a surplus pays for
        ("support_budget_gbp", "f8"),  # a year
        ("support_budget_start_gbp", "f8"),
        ("surplus_spent_gbp", "f8"),  # of its surplus, put into support services this year
        ("support_per_child_start", "f8"),  # real pounds a year per child on SEN support, September 2014
        ("hours_per_child_start", "f8"),  # early specialist hours a month per child on SEN support, September 2014
        ("topup_index", "f8"),  # nominal uprating of top-ups, 1 = 2014-15
        ("pooling", "f8"),  # 1 = part of the top-ups went to schools or clusters last month
        ("pooled_gbp_per_pupil", "f8"),  # other top-ups a pupil, 2014-15 prices, when that began
        ("first_part_gbp", "f8"),  # what schools pay first for plans, a year: the top-ups it would add
        ("input_funding", "f8"),  # share of it that top-ups held at the end of last month
        ("input_gbp_per_pupil", "f8"),  # it a pupil, in cash, as the £6,000 are, when that began
        *_signal_fields,
    ]
)

NATION = np.dtype(
    [
        ("hearings_capacity", "f8"),  # appeals disposed of a month
        ("appeals_smoothed", "f8"),
        ("appeals_open", "f8"),
        ("hearing_cutoff", "f8"),  # appeals registered before this month are disposed of now
        ("hearing_share", "f8"),  # and this share of those registered in that month
        ("tribunal_wait_months", "f8"),
        ("independent_places", "f8"),
        ("independent_pupils", "f8"),
        ("independent_pupils_start", "f8"),
        ("independent_price_gbp", "f8"),  # paid
        ("independent_market_gbp", "f8"),  # the market's price, above the one paid while a cap holds
        ("independent_price_start_gbp", "f8"),
        ("psychologists_trained", "f8"),  # qualifying this month
        ("shortage", "f8"),  # statutory share of psychologists' time (B7)
        ("shortage_start", "f8"),
        ("shortage_carried", "f8"),
        ("settlement_base_gbp", "f8"),  # national high-needs block of the year before any reform adds to it
        ("settlement_gbp", "f8"),  # national high-needs block this year
        ("psychologists_start", "f8"),
        ("overspend", "f8"),  # national overspend ratio (B2)
        ("overspend_start", "f8"),
        ("overspend_carried", "f8"),
        ("severity_threshold_start", "f8"),  # in law, when the run began
    ]
)

DRIVERS = np.dtype(
    [
        ("month_of_year", "i4"),
        ("price_index", "f8"),  # GDP deflator, 2014-15 = 1
        ("inflation", "f8"),  # of it since the month before: in April the year's, else 0
        ("pay_index", "f8"),  # school costs, 2014-15 = 1
        ("school_funding", "f8"),  # real school funding per pupil, 2014-15 = 1
        ("settlement_gbp", "f8"),  # observed or announced national high-needs block of the financial year; 0 = none
        ("recognition", "f8"),  # of autism and ADHD, September 2014 = 1
        ("recognition_years", "f8"),  # of growth since recognition was last measured, later ones counting less
        ("closure", "f8"),  # share of the month in which schools were closed by the pandemic
        ("act", "f8"),  # phase-in of the 2014 Act's extension to age 25, 0 to 1
        ("transfers", "f8"),  # share of the statements of 2014 reviewed for transfer this month
    ]
)


@dataclass(frozen=True, eq=False)
class World(ByReference):
    """All state. See the record types above for units."""

    children: Children
    rows: NDArray[np.int64]  # (authority, month of birth): first row of each month of birth
    births_from: int  # month of birth of column 0 of `rows`
    # Lists of rows, shaped (children); an authority writes only where its own rows stand.
    drawn_rows: NDArray[np.uint32]  # scratch
    going_on_rows: NDArray[np.uint32]  # the over-16s of last September who had not left education
    plan_rows: NDArray[np.uint32]  # children with a plan at the last month end, and those given one since
    case_rows: NDArray[np.uint32]  # children with a case at the last month end, and those asked for since
    schools: NDArray[Any]
    cluster_schools: NDArray[np.int32]  # (cluster + 1): first school row of each cluster; primaries first
    cluster_secondary: NDArray[np.int32]  # (cluster): first secondary row
    authorities: NDArray[Any]
    docket: NDArray[np.int32]  # (authority, month of registration modulo DOCKET_MONTHS): appeals waiting
    place_pipeline: NDArray[np.float64]  # (authority, PLACE_PIPELINE_MONTHS): special places opening
    training: NDArray[np.float64]  # (TRAINING_MONTHS,): psychologists finishing training
    nation: NDArray[Any]
    tallies: NDArray[Any]  # (authority): what observables are made of, this month
    seed: int


@dataclass(frozen=True, eq=False)
class Given(ByReference):
    """What is given to the run from outside, by month: place 0 is the first month of the burn-in."""

    parameters: NDArray[Any]  # a field for each declared parameter
    drivers: NDArray[Any]  # DRIVERS


def rule(function: F) -> F:
    """Compile a rule. It runs uncompiled as well when NUMBA_DISABLE_JIT is set."""
    return njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)  # type: ignore[no-any-return]
