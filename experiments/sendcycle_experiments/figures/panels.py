"""The panels of headline observables, as the figure page and the page in a browser show them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One observable of a panel; `yearly` draws it by year in the published convention, else by month."""

    observable: str
    label: str
    yearly: bool = False
    factor: float = 1.0


@dataclass(frozen=True)
class Panel:
    """Lines that share an axis in `unit`; with `high` the axis ends there, with `signed` it may go below zero."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    high: float | None = None
    signed: bool = False
    as_index: bool = False  # every line is divided by its value in September 2014


PANELS = (
    Panel("EHC plans in force", "thousand", (Line("plans_in_force", "plans", factor=1e-3),)),
    Panel(
        "Requests and new plans",
        "thousand a year",
        (
            Line("requests", "requests for assessment", yearly=True, factor=1e-3),
            Line("new_plans", "new plans", yearly=True, factor=1e-3),
        ),
    ),
    Panel("New plans within 20 weeks", "percent", (Line("within_20_weeks", "within 20 weeks", yearly=True),), high=100),
    Panel("Pupils on SEN support", "million", (Line("pupils_sen_support", "pupils", factor=1e-6),)),
    Panel(
        "Appeals",
        "thousand a year",
        (
            Line("appeals_registered", "registered", yearly=True, factor=1e-3),
            Line("appeals_decided", "decided", yearly=True, factor=1e-3),
        ),
    ),
    Panel(
        "High-needs spending and settlement",
        "£ billion a year, cash",
        (
            Line("high_needs_spending", "spending", yearly=True, factor=1e-3),
            Line("high_needs_funding", "settlement", yearly=True, factor=1e-3),
        ),
    ),
    Panel(
        "Balance carried forward",
        "£ billion, cash",
        (
            Line("cumulative_balance", "net balance, all authorities", factor=1e-3),
            Line("cumulative_deficit", "deficits of those in deficit", factor=-1e-3),
        ),
        signed=True,
    ),
    Panel(
        "Placements of plan holders",
        "percent of plans",
        (
            Line("plans_in_mainstream_share", "mainstream, units included"),
            Line("plans_in_special_share", "special schools"),
            Line("plans_in_further_education_share", "further education"),
            Line("plans_in_ap_share", "alternative provision"),
        ),
    ),
    Panel(
        "Support without a plan",
        "index, September 2014 = 1",
        (
            Line("support_hours_per_child", "psychologist hours per child on SEN support"),
            Line("school_coverage", "need covered by schools’ own means"),
            Line("inclusive_capacity", "inclusive skill of schools"),
        ),
        as_index=True,
    ),
    Panel(
        "Confidence and unmet need",
        "percent",
        (
            Line("confidence", "families’ confidence in mainstream", factor=100),
            Line("unmet_need_share", "need that is unmet"),
        ),
        high=100,
    ),
    Panel(
        "Work of educational psychologists",
        "million hours a year",
        (
            Line("psychologist_hours_statutory", "statutory", yearly=True, factor=1e-6),
            Line("psychologist_hours_early", "early, without a plan", yearly=True, factor=1e-6),
        ),
    ),
    Panel(
        "Waiting at month end",
        "thousand children",
        (
            Line("waiting_decision", "for the decision to assess", factor=1e-3),
            Line("waiting_psychologist", "for a psychologist", factor=1e-3),
            Line("waiting_draft", "for the plan to be written", factor=1e-3),
            Line("waiting_special", "for a specialist place", factor=1e-3),
        ),
    ),
)
