"""All studies in their order: question, sizes, tables and figures.

The command line, `make experiments` and docs/experiments.md derive from this list.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from sendcycle_experiments.studies.study import ENSEMBLE, RESUME, SCHEDULER, WORKERS, Sizes, Study, option, size

ON_MACHINES = (SCHEDULER, WORKERS)
SMOKE_SCALE = 0.0005  # share of England: the smallest that can be run
MEMBERS = "Members of the ensemble."
SCALE = "Share of England simulated, 0.0005 to 1."
SEED = "Keys every random draw."
YEARS, UNTIL = "Years of the tables.", "Last month of the runs."
IS_SMOKE = "Calibrate in the smallest setting, in which every member stays."
LARGEST_SEED = 2**31 - 1  # of NumPy's older generators, which SALib uses


# ---------------------------------------------------------------------- e01 to e04: the model as it is


@dataclass(frozen=True)
class BaselineFan(Sizes):
    """Sizes of e01."""

    n: int = option(100, "Runs with parameter uncertainty.", minimum=4)
    replicates: int = option(20, "Runs at the declared values.", minimum=2)
    scale: float = option(0.1, SCALE)
    seed: int = option(0, SEED, minimum=0, maximum=LARGEST_SEED)
    years: tuple[int, ...] = size(tuple(range(2014, 2041)), YEARS)
    until: str = size("2040-08", UNTIL)


E01 = Study(
    "e01", "e01_baseline_fan",
    "How far do runs of the baseline spread from 2014 to 2040, beside the published series?",
    full=BaselineFan(),
    smoke=BaselineFan(n=4, replicates=3, scale=SMOKE_SCALE, years=(2014, 2015, 2016), until="2016-12"),
    tables={"fan.csv": "quantiles over runs by what spreads, outcome and year, and the published value"},
    figures={"fan": "medians and bands of twelve series, and published points"},
    shares=(RESUME, *ON_MACHINES),
    example="--n 100 --scale 0.1",
)  # fmt: skip


@dataclass(frozen=True)
class Backtest(Sizes):
    """Sizes of e02."""

    origins: str = option("2018-01,2019-01,2020-01,2021-01,2022-01,2023-01", "Januaries, with commas.", metavar="LIST")
    members: int = size(100, "Members of each ensemble that are run on.")
    scale: float = size(0.1, SCALE)
    is_smoke: bool = size(False, IS_SMOKE)


E02 = Study(
    "e02", "e02_backtest",
    "Fitted to what was known at an origin, how well does the model predict what came after, beside simple forecasts?",
    full=Backtest(),
    smoke=Backtest(origins="2017-01", scale=SMOKE_SCALE, is_smoke=True),
    tables={
        "backtest.csv": "every held-out figure beside what the model and simple forecasts said of it",
        "scores.csv": "errors and coverage by origin and series",
        "backtest_recognition_held.csv": "the same figures, with recognition of needs held at the origin",
        "scores_recognition_held.csv": "their scores",
        "summary.csv": "by origin: series won, errors, coverage",
    },
    figures={"backtest": "what was known, what was predicted and what came, from the main origin"},
    shares=ON_MACHINES,
    example="--origins 2020-01",
    own_parameters="members of ensembles that are calibrated to each origin",
)  # fmt: skip


@dataclass(frozen=True)
class Recovery(Sizes):
    """Sizes of e02_recovery."""

    truths: int = option(4, "How many known worlds are looked for.", minimum=1)
    until: str = size("2025-01", "Month after which nothing published is used.")
    true_scale: float = size(0.5, "Of the runs whose figures are looked for: sampling errors below the declared ones.")
    is_smoke: bool = size(False, IS_SMOKE)


E02_RECOVERY = Study(
    "e02_recovery", "e02_recovery",
    "Does calibration find parameters that are known, and how does a second method do with as many runs?",
    full=Recovery(),
    smoke=Recovery(truths=1, true_scale=0.002, is_smoke=True),
    tables={
        "recovery.csv": "by truth, method and parameter: where it lay and what was found",
        "summary.csv": "by method and truth: coverage and error, over all parameters and over those that figures see",
    },
    figures={},
    shares=(ENSEMBLE, WORKERS),
    example="--truths 4",
    former="recovery",
)  # fmt: skip


@dataclass(frozen=True)
class Rivals(Sizes):
    """Sizes of e02_rivals."""

    members: int = size(60, "Members of each structure that are run on.")
    scale: float = size(0.1, SCALE)
    until: str = size("2040-08", UNTIL)
    is_smoke: bool = size(False, IS_SMOKE)


E02_RIVALS = Study(
    "e02_rivals", "e02_rivals",
    "How do the model and its rival structures fit when each is calibrated on as many runs, and what do they forecast?",
    full=Rivals(),
    smoke=Rivals(scale=SMOKE_SCALE, until="2026-03", is_smoke=True),
    tables={
        "fit.csv": "by structure: members not implausible, and errors of headline series",
        "forecast.csv": "quantiles over members by structure, series and year",
    },
    figures={"rivals": "four series under the model and its rivals"},
    shares=ON_MACHINES,
    example="--smoke",
    former="rivals",
    own_parameters="members of ensembles that are calibrated here, one a structure",
)  # fmt: skip


@dataclass(frozen=True)
class LoopShares(Sizes):
    """Sizes of e03."""

    members: int = option(12, "Members of the calibrated ensemble, each with all combinations.", minimum=2)
    defaults: bool = option(False, "The declared values instead, in replicates.")
    replicates: int = option(5, "Runs of every combination at the declared values.", minimum=2)
    scale: float = option(0.01, SCALE)
    seed: int = option(0, SEED, minimum=0, maximum=2**63 - 1)
    years: tuple[int, ...] = size((2020, 2025, 2030, 2035), "Years up to which growth is counted, from 2015.")


E03 = Study(
    "e03", "e03_loop_shares",
    "Which loop carries the growth of plans? Shapley shares over all combinations of loops on and off.",
    full=LoopShares(),
    smoke=LoopShares(defaults=True, replicates=2, scale=SMOKE_SCALE, years=(2016, 2017)),
    tables={
        "shares.csv": "by year and loop: what it adds on average, alone and last",
        "interactions.csv": "by year and pair of loops: what two add together beyond what each adds",
    },
    figures={"waterfall": "from growth without loops to growth with all of them"},
    shares=(ENSEMBLE, RESUME, *ON_MACHINES),
    example="--members 12",
)  # fmt: skip


@dataclass(frozen=True)
class Sensitivity(Sizes):
    """Sizes of e04."""

    trajectories: int = option(30, "Morris trajectories of the screening.", minimum=2)
    factors: int = option(12, "How many parameters Sobol' indices are asked for.", minimum=2)
    n: int = option(256, "Base samples of the Sobol' step, a power of two.", minimum=2)
    scale: float = option(0.01, SCALE)
    seed: int = option(0, "Keys points, runs and bootstrap.", minimum=0, maximum=LARGEST_SEED)
    groups: tuple[str, ...] = size((), "Groups of parameters; all if none is named.")
    outcomes: tuple[str, ...] = size((), "Outcomes; the ten of docs/sensitivity.md if none is named.")
    years: tuple[int, ...] = size((), "Years of outcomes; 2020, 2025, 2030 and 2034 if none is named.")
    until: str = size("2035-08", UNTIL)


E04 = Study(
    "e04", "e04_sensitivity",
    "Which parameters matter most, and how much of the variance do those on top cause, alone and in pairs?",
    full=Sensitivity(),
    smoke=Sensitivity(
        trajectories=2, factors=2, n=8, scale=SMOKE_SCALE, groups=("confidence",),
        outcomes=("plans_in_force", "requests"), years=(2015,), until="2015-12",
    ),
    tables={
        "screening/indices.csv": "Morris indices by outcome, year and parameter",
        "variance/indices.csv": "Sobol' indices of the parameters on top, alone and in pairs",
    },
    figures={
        "screening/sensitivity": "which parameters matter for which outcome and year",
        "variance/sensitivity": "shares of variance of those on top",
    },
    shares=(RESUME, *ON_MACHINES),
    example="--trajectories 30 --factors 12 --n 256",
)  # fmt: skip


# ---------------------------------------------------------------------- e05 to e10: reforms


@dataclass(frozen=True)
class Sequencing(Sizes):
    """Sizes of e05."""

    members: int = option(20, "Members of the ensemble for orders and choices.", minimum=2)
    trials: int = option(480, "Sets of dates tried for the front.", minimum=2)
    rivals: Path | None = option(None, "Folder with ensembles of rival structures (experiment e02_rivals).")  # noqa: RUF009
    scale: float = option(0.01, SCALE)
    members_tree: int = size(100, "Members for the tree that tells where the claim holds.")
    members_front: int = size(6, "Members for the front.")
    members_rival: int = size(8, "Members of each rival structure.")
    arms: tuple[str, ...] = size(("equal_money", "equal_exposure", "unequal"), "What is kept equal between orders.")
    every: int = size(1, "One in so many of the orders is run.")


E05 = Study(
    "e05", "e05_sequencing",
    "Does the order of five groups of reforms matter, with the same money, beside the choice of reforms?",
    full=Sequencing(),
    smoke=Sequencing(
        members=2, trials=4, scale=SMOKE_SCALE, members_tree=3, members_front=1, members_rival=1,
        arms=("equal_money",), every=10,
    ),
    tables={
        "summary.csv": "by arm and outcome: order beside choice, dates, regret and the paper's claim",
        "levels.csv": "medians by arm, order, outcome and year",
        "precedence.csv": "by pair of groups: what changes if one comes before the other",
        "regret.csv": "by order: how much worse than the best order of the same member",
        "claim.csv": "orders that agree with the paper less reversed orders",
        "variance.csv": "spread between orders, between choices, and what dates alone explain",
        "interaction.csv": "what a group does among the others less what it does alone",
        "boxes.csv": "boxes of a tree in which the paper's claim holds or fails",
        "where_it_holds.csv": "by outcome: how often the claim holds, and how well a tree tells which",
        "front.csv": "sets of dates that were tried: cost, unmet need, and whether they are Pareto-efficient",
        "claim_rivals.csv": "the claim under rival structures (with --rivals)",
        "regret_rivals.csv": "regret under rival structures (with --rivals)",
    },
    figures={"order": "order beside choice, regret, and which group should come first"},
    shares=(ENSEMBLE, *ON_MACHINES),
    example="--members 20",
    module="e05_sequencing.study",
)  # fmt: skip


@dataclass(frozen=True)
class Funding(Sizes):
    """Sizes of e06."""

    members: int = option(20, MEMBERS, minimum=2)
    scale: float = option(0.02, SCALE)


E06 = Study(
    "e06", "e06_funding",
    "Who gains and who loses under four ways of funding moderate needs?",
    full=Funding(),
    smoke=Funding(members=2, scale=SMOKE_SCALE),
    tables={
        "national.csv": "differences of national series from no change",
        "groups.csv": "differences by kind of need, disadvantage, school and authority",
        "groups_against_throughput.csv": "the same against the formula by pupils",
        "beside_evidence.csv": "what was found elsewhere beside what comes out",
    },
    figures={"funding": "need met by group under each way of funding"},
    shares=(ENSEMBLE, *ON_MACHINES),
    example="--members 20",
)  # fmt: skip


@dataclass(frozen=True)
class DoubleFunding(Sizes):
    """Sizes of e07."""

    members: int = option(50, MEMBERS, minimum=2)
    scale: float = option(0.01, SCALE)


E07 = Study(
    "e07", "e07_double_funding",
    "What is paid twice while a new system is built beside the old one, and when is that paid back?",
    full=DoubleFunding(),
    smoke=DoubleFunding(members=2, scale=SMOKE_SCALE),
    tables={
        "double_funding.csv": "by scenario, payer and prices: peak, years above, sum, break-even",
        "extra_cost.csv": "by scenario, prices and year: quantiles of extra cost",
    },
    figures={"double_funding": "extra public cost of each year, and cumulated"},
    shares=(ENSEMBLE, *ON_MACHINES),
    example="--members 50",
)  # fmt: skip


@dataclass(frozen=True)
class Scales(Sizes):
    """Sizes of e08."""

    replicates: tuple[tuple[float, int], ...] = size(
        ((0.002, 16), (0.01, 16), (0.1, 6), (1.0, 2)), "Replicates at each scale, a share of England."
    )
    years: tuple[int, ...] = size((2020, 2025, 2030), YEARS)
    until: str = size("2031-03", UNTIL)


E08 = Study(
    "e08", "e08_scales",
    "Does the scale of a sample change national results, and how many replicates suffice?",
    full=Scales(),
    smoke=Scales(replicates=((SMOKE_SCALE, 3), (0.001, 2)), years=(2015,), until="2016-03"),
    tables={"scales.csv": "by outcome, year and scale: scatter, difference from the largest, replicates needed"},
    figures={},
    shares=(RESUME, *ON_MACHINES),
    example="--smoke",
)  # fmt: skip


@dataclass(frozen=True)
class Priorities(Sizes):
    """Sizes of e09."""

    members: int = option(50, MEMBERS, minimum=2)
    scale: float = option(0.01, SCALE)


E09 = Study(
    "e09", "e09_priorities",
    "What does each of the twelve priorities and each statutory lever do alone, and what is lost without it?",
    full=Priorities(),
    smoke=Priorities(members=2, scale=SMOKE_SCALE),
    tables={
        "alone.csv": "differences from no change of every priority and lever alone, and of the twelve together",
        "left_out.csv": "differences from the twelve when one is left out",
        "together.csv": "what the twelve change together, and their parts one by one",
    },
    figures={"priorities": "what each changes alone, and within the whole"},
    shares=(ENSEMBLE, *ON_MACHINES),
    example="--members 50",
    former="priorities",
)  # fmt: skip


@dataclass(frozen=True)
class Claims(Sizes):
    """Sizes of e10."""

    members: int = option(100, MEMBERS, minimum=2)
    results: Path = option(Path("results"), "Folder that holds the results of e05, e06 and e07.")  # noqa: RUF009
    scale: float = option(0.02, SCALE)


E10 = Study(
    "e10", "e10_claims",
    "Which causal claims of the source paper does the model support or contradict, and what decides that?",
    full=Claims(),
    smoke=Claims(members=2, scale=SMOKE_SCALE),
    tables={"claims.csv": "by claim: verdict, effect, what decides it and what is taken for granted"},
    figures={},
    shares=(ENSEMBLE, *ON_MACHINES),
    example="--results results",
    module="e10_claims.study",
    former="claims",
)  # fmt: skip


# ---------------------------------------------------------------------- e11: what comes


@dataclass(frozen=True)
class Forecast(Sizes):
    """Sizes of e11."""

    members: int = option(100, "How many members are run.", minimum=2)
    scale: float = option(0.1, "Share of England simulated.")
    until: str = option("2040-08", "Last month, YYYY-MM.", metavar="MONTH")
    authorities: int = option(0, "Members run at full scale for the authorities kept back.", minimum=0)


E11 = Study(
    "e11", "e11_forecast",
    "What comes in England without reform, beside what others have forecast? Dated, so that it can be checked.",
    full=Forecast(),
    smoke=Forecast(members=4, scale=SMOKE_SCALE, until="2027-03"),
    tables={
        "forecast.csv": "quantiles of every series by year",
        "beside_others.csv": "forecasts that others have published, beside the model's",
        "unseen.csv": "parameters that go with later outcomes, and whether figures have narrowed them",
        "authorities.csv": "quantiles for the authorities kept back (with --authorities)",
        "authorities_check.csv": "how such predictions do for authorities that are published (with --authorities)",
    },
    figures={"forecast": "eight series with bands, and what others have said"},
    shares=(ENSEMBLE, RESUME, *ON_MACHINES),
    example="--members 100 --authorities 20",
    module="e11_forecast.study",
    former="forecast",
)  # fmt: skip


STUDIES = {
    study.name: study
    for study in (E01, E02, E02_RECOVERY, E02_RIVALS, E03, E04, E05, E06, E07, E08, E09, E10, E11)
}  # fmt: skip


def main(names: list[str]) -> None:
    """Print name and folder of the studies that are named, or of all, a line each: `make experiments` reads them."""
    unknown = sorted(set(names) - set(STUDIES))
    if unknown:
        sys.exit(f"there is no experiment {unknown[0]}; sendcycle list experiments names them.")
    print("\n".join(f"{name} {study.folder}" for name, study in STUDIES.items() if not names or name in names))


if __name__ == "__main__":
    main(sys.argv[1:])
