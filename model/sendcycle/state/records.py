"""The records of schools, authorities, the nation and what drives them: every field with its type and unit.

A record is declared as a class with annotated fields, so that editors and type checkers know them. The array that holds
such records has the type `Class.dtype()`; rules read and write one record of it at a time.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast, get_type_hints, overload

import numpy as np
from numpy.typing import NDArray

Real = Annotated[float, "f8"]
Whole = Annotated[int, "i4"]
Whole64 = Annotated[int, "i8"]
Flag = Annotated[int, "i1"]
Key = Annotated[np.uint64, "u8"]

DOCKET_MONTHS = 128  # the docket remembers the month of registration for this long
ARRIVALS_KEPT = 64  # months of arrivals remembered, and so the longest wait for an assessment that is told apart
PLACE_PIPELINE_MONTHS = 64  # longest planning delay of a special place, and more
TRAINING_MONTHS = 64  # longest training pipeline, and more

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


class Record:
    """Base of all record types: a class whose annotated fields are those of a structured array."""

    @classmethod
    def dtype(cls) -> np.dtype[np.void]:
        """Return the NumPy type of such a record, its fields in declared order."""
        hints = get_type_hints(cls, include_extras=True)
        return np.dtype([(name, *kind.__metadata__) for name, kind in hints.items()])


R = TypeVar("R", bound=Record)


if TYPE_CHECKING:

    class Records(np.ndarray[tuple[int], np.dtype[np.void]], Generic[R]):
        """How a type checker sees an array of records: by number a record, by name a column."""

        @overload  # type: ignore[override]
        def __getitem__(self, place: int | np.integer[Any]) -> R: ...
        @overload
        def __getitem__(self, place: str) -> NDArray[Any]: ...
        @overload
        def __getitem__(self, place: slice) -> "Records[R]": ...
        def __getitem__(self, place: Any) -> Any: ...
        def __iter__(self) -> Iterator[R]: ...  # type: ignore[override]

else:

    class Records(Generic[R]):
        """An array of records; at run time it is a `numpy.recarray`, see `records`."""


def records(array: NDArray[Any], kind: type[R]) -> Records[R]:
    """Return a structured array as an array of records of a kind: fields are attributes."""
    return cast("Records[R]", array.view(np.recarray))


class SchoolRecord(Record):
    """A mainstream school."""

    key: Key
    authority: Whole  # row of the authority
    cluster: Whole  # row of the cluster
    secondary: Flag  # 1 = secondary, 0 = primary
    pupils: Real  # pupils on roll, with and without need
    roll_as_built: Real  # share of its neighbourhood's children of the phase, as built
    roll: Real  # and now: families without need leave an overloaded school (R6)
    skill_start: Real  # inclusive skill in September 2014, 1 = national mean
    skill: Real  # inclusive skill now: built slowly, lost by turnover
    capacity_gbp_k: Real  # support the school can give, thousand pounds a year at 2014-15 prices
    demand_gbp_k: Real  # a year: need of identified pupils without a plan, and first £6,000 of those with one
    coverage: Real  # share of that need which is met, 0 to 1
    support_load_gbp_k: Real  # a year: of it, need of pupils on SEN support
    support_pupils: Real  # pupils on SEN support
    assured: Real  # part of their need that individual support plans assure
    coverage_of_rest: Real  # share met of what no such plan assures
    need_load_gbp_k: Real  # all need on roll, thousand pounds a year
    confidence_sum: Real  # of pupils with need
    confidence_count: Real
    relative_load: Real  # need a pupil over the authority's mean
    relative_load_start: Real
    carried_relative_load: Real
    load_gbp_k_start: Real  # demand a pupil, thousand pounds a year
    carried_load_gbp_k: Real  # a year: and as R6 carries it
    reputation_start: Real
    reputation: Real  # what families with need believe of the school's inclusion (R6)
    carried_reputation: Real
    incentive_start: Real
    incentive: Real  # relief a plan brings the school (R3)
    carried_incentive: Real
    cluster_funding_gbp_k: Real  # throughput and cluster money received, thousand pounds a year
    unit_places: Real
    unit_pupils: Real


class LoopSignals(Record):
    """What the loops carry: each signal as it is now, as it was in September 2014, and as its loop carries it on."""

    support_hours: Real  # R1  specialist hours reaching children without plans, per child on SEN support, 1 = Sept 2014
    support_hours_start: Real
    support_hours_carried: Real
    inclusion_budget: Real  # R2  support-service budget and real top-up value, 1 = Sept 2014
    inclusion_budget_start: Real
    inclusion_budget_carried: Real
    contest_belief: Real  # R4  belief that contesting pays, 0 to 1
    contest_belief_start: Real
    contest_belief_carried: Real
    statutory_advice: Real  # R1  assessments a month that take therapists' time
    statutory_advice_start: Real
    statutory_advice_carried: Real
    overflow: Real  # R5  share of specialist demand that state places cannot take, 0 to 1
    overflow_start: Real
    overflow_carried: Real
    confidence: Real  # R7  mean confidence in mainstream, 0 to 1
    confidence_start: Real
    confidence_carried: Real
    plan_norm: Real  # R7  share of children with SEN in the area who have a plan: "a plan is the only way"
    plan_norm_start: Real
    plan_norm_carried: Real
    drain: Real  # R8  pull of statutory workload and independent pay on specialists, 1 = Sept 2014
    drain_start: Real
    drain_carried: Real
    anticipation: Real  # R9  awareness of announced restrictions, 0 to 1
    anticipation_start: Real
    anticipation_carried: Real
    gatekeeping: Real  # B1  strictness added by deficit, log points
    gatekeeping_start: Real
    gatekeeping_carried: Real
    plan_bonus: Real  # B3  what plan holders' confidence adds to the mean, 0 to 1
    plan_bonus_start: Real
    plan_bonus_carried: Real
    place_shortage: Real  # B4  state special places wanted and neither open nor being built, share of places
    place_shortage_start: Real
    place_shortage_carried: Real
    wait: Real  # B5  mean wait for a plan, months
    wait_start: Real
    wait_carried: Real
    tribunal_wait: Real  # B5  mean wait for the tribunal, months
    tribunal_wait_start: Real
    tribunal_wait_carried: Real
    stock: Real  # B6  plans in force, 1 = Sept 2014
    stock_start: Real
    stock_carried: Real


LOOP_SIGNALS = tuple(name for name in LoopSignals.__annotations__ if not name.endswith(("_start", "_carried")))


class AuthorityRecord(LoopSignals):
    """A local authority: the part of it that is simulated."""

    key: Key
    share_simulated: Real  # children simulated of all the authority's children
    weight: Real  # what one simulated child stands for in national sums
    first_school: Whole
    last_school: Whole  # one past the last row
    first_cluster: Whole
    last_cluster: Whole
    pupils: Real
    # heterogeneity, from the authority's own rows of 2014-2016
    request_level: Real
    strictness: Real
    contest_level: Real
    process_weeks: Real
    process_weeks_usual: Real  # the nation's geometric mean
    special_level: Real
    # people
    psychologists: Real  # full-time equivalents
    psychologists_start: Real
    psychologists_private: Real  # in private practice since the run began, a year before September 2014
    specialist_psychologists: Real  # in posts that a reform created for children without plans
    specialists_other: Real  # and those of other professions
    caseworkers: Real
    requests_arriving: Real  # cases a month that reach each stage, smoothed over half a year
    assessments_arriving: Real
    drafts_arriving: Real
    reassessments_arriving: Real  # plan holders reassessed, smoothed likewise
    requests_backlog: Real  # cases beyond what the hours so far could serve
    assessments_backlog: Real
    drafts_backlog: Real
    arrived: Annotated[
        NDArray[np.float64],
        "f8",
        (
            3,
            ARRIVALS_KEPT,
        ),
    ]  # arrivals of past months by stage, ring of months
    wait_decision: Real  # months the case now served has waited
    wait_psychologist: Real
    wait_draft: Real
    statutory_hours: Real  # psychologist hours on statutory work this month
    bought_hours: Real  # of psychologists in private practice, for advice, this month
    early_hours: Real  # specialist hours reaching children without plans this month
    specialist_hours: Real  # of them, of specialists in extra posts
    statutory_share: Real
    statutory_share_start: Real
    casework_load: Real  # casework hours needed over hours there are
    appeals_last_month: Real
    outreach: Real  # share of the specialist help that children without plans need which they get
    outreach_start: Real
    therapy_waiting: Real  # children waiting for therapy or CAMHS
    therapy_capacity: Real  # children seen a month
    therapy_coverage: Real
    requests_usual: Real  # a month, over three years
    # places
    special_places: Real
    special_pupils: Real
    special_places_opened: Real
    waiting_special: Real
    independent_allowance: Real
    # experience
    wins_smoothed: Real  # contests won a month per 1,000 children with SEN
    confidence_shift: Real  # what cutting R7 or B3 adds to what each child sees
    sen_support: Real  # children on SEN support
    plans: Real  # plans in force
    plans_2014: Real
    n_plan_rows: Whole64  # children listed in `plan_rows`, `case_rows`, `going_on_rows`
    n_case_rows: Whole64
    n_going_on_rows: Whole64
    plans_in_setting: Annotated[NDArray[np.float64], "f8", (10,)]  # plan holders by Setting
    topup_other_gbp: Real  # top-ups named in mainstream plans, pounds a year: moderate needs
    topup_severe_gbp: Real  # pounds a year: and severe needs
    unit_places: Real
    unit_pupils: Real
    unit_places_opened: Real  # this month
    units_wanted: Real
    units_granted: Real  # places of units that a reform grants, not yet opened
    alternative_pupils: Real
    # money
    settlement_share: Real  # of the national high-needs block
    balance_pence: Whole64
    settlement_pence: Whole64  # this month
    spend_pence: Annotated[NDArray[np.int64], "i8", (len(LINES),)]  # this month, by line
    granted_pence: Whole64  # deficit grant received this month
    settlement_smoothed_gbp: Real  # pounds a year
    spending_smoothed_gbp: Real  # pounds a year, inside the block, less what a surplus pays for
    support_budget_gbp: Real  # pounds a year
    support_budget_start_gbp: Real  # pounds a year
    surplus_spent_gbp: Real  # pounds a year: of its surplus, put into support services
    support_gbp_per_child_start: Real  # real pounds a year per child on SEN support, September 2014
    hours_per_child_start: Real  # early specialist hours a month per child on SEN support, September 2014
    topup_index: Real  # nominal uprating of top-ups, 1 = 2014-15
    pooling: Real  # 1 = part of the top-ups went to schools or clusters last month
    pooled_gbp_per_pupil: Real  # pounds a year at 2014-15 prices: other top-ups a pupil, when that began
    first_part_gbp: Real  # pounds a year: what schools pay first for plans, the top-ups it would add
    input_funding: Real  # share of it that top-ups held at the end of last month
    input_gbp_per_pupil: Real  # pounds a year: it a pupil, in cash, as the £6,000 are, when that began


class NationRecord(Record):
    """What there is once in England: the tribunal, the independent sector, training, the settlement."""

    hearings_capacity: Real  # appeals disposed of a month
    appeals_smoothed: Real
    appeals_open: Real
    hearing_cutoff: Real  # appeals registered before this month are disposed of now
    hearing_share: Real  # and this share of those registered in that month
    tribunal_wait_months: Real
    independent_places: Real
    independent_pupils: Real
    independent_pupils_start: Real
    independent_price_gbp: Real  # pounds a year: the fee paid
    independent_market_gbp: Real  # pounds a year: the market's price, above the one paid while a cap holds
    psychologists_trained: Real  # qualifying this month
    shortage: Real  # statutory share of psychologists' time (B7)
    shortage_start: Real
    shortage_carried: Real
    settlement_base_gbp: Real  # pounds a year: national high-needs block of the year before any reform adds to it
    settlement_gbp: Real  # pounds a year: national high-needs block this year
    psychologists_start: Real
    overspend: Real  # national overspend ratio (B2)
    overspend_start: Real
    overspend_carried: Real
    severity_threshold_start: Real  # in law, when the run began


class DriverRecord(Record):
    """What comes from outside the model in one month."""

    month_of_year: Whole
    price_index: Real  # GDP deflator, 2014-15 = 1
    inflation: Real  # of it since the month before: in April the year's, else 0
    pay_index: Real  # school costs, 2014-15 = 1
    school_funding: Real  # real school funding per pupil, 2014-15 = 1
    settlement_gbp: Real  # pounds a year: observed or announced national high-needs block; 0 = none
    recognition: Real  # of autism and ADHD, September 2014 = 1
    recognition_years: Real  # of growth since recognition was last measured, later ones counting less
    closure: Real  # share of the month in which schools were closed by the pandemic
    act: Real  # phase-in of the 2014 Act's extension to age 25, 0 to 1
    transfers: Real  # share of the statements of 2014 reviewed for transfer this month
