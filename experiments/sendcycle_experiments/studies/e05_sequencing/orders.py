"""e05: whether the order of reform matters, and how much beside the choice of reforms.

Five groups of reforms of the library start a year apart, in every order: the same reforms, the same money, only the
order differs. Every member of the ensemble runs every order on the same random draws, and again on others.
Three arms say what "the same" means for what lasts:

- `equal_money`: posts, grants and programmes last eight years from their start, or less where the library says so;
  rules and effects stay. Only means over all years are compared: in a single year some posts have closed, others not.
- `equal_exposure`: posts and grants last to the end of the run, weaker the earlier they start: totals are equal.
- `unequal`: they last to the end; who starts earlier has more. Reported, but no claim rests on it.

Beside the orders stand the choices: every set of groups, each in five orders, in which a group has each place once.

The paper's claim is of classes: people, capacity and school funding before accountability and statute. Twelve orders
agree with it and twelve are reversed: the last two come first. That what helps looks better the earlier it comes is not
yet order: the classes differ even in a world without any order, because agreeing orders start what helps first. So an
additive model of start dates says how much of the variance between orders dates alone explain, pairs say what they
leave beyond that, and choices say whether a group does something else where the others are there.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from sendcycle import Scenario
from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import ScenarioError
from sendcycle_experiments.analysis.comparison import OUTCOMES, PUBLIC_COST, REAL_BALANCE, SPENDING
from sendcycle_experiments.analysis.evidence import LEVELS
from sendcycle_experiments.calibration.ensembles import Ensemble
from sendcycle_experiments.reforms.library import is_lasting_amount, library
from sendcycle_experiments.reforms.programme_cost import MODEL_PAYS, programme_money
from sendcycle_experiments.sweeps.designs import Design

GROUPS: dict[str, tuple[str, ...]] = {
    "people": ("national_standards", "workforce", "co_production", "curriculum"),
    "capacity": ("outreach_teams", "best_start", "health_integration", "bases", "place_planning", "transitions"),
    "funding": ("core_funding", "cluster_funding"),
    "accountability": ("inclusion_accountability",),
    "statute": ("individual_support_plans", "plan_threshold", "reassessment", "tribunal_last_resort"),
}
PAPER = tuple(GROUPS)
FIRST = frozenset({"people", "capacity", "funding"})  # what the paper puts before the rest
SLOTS = ("2026-09", "2027-09", "2028-09", "2029-09", "2030-09")
NOTICE = 7  # months between announcement and start, in every order
LASTS = 96  # months that money lasts where it is equal
ARMS = ("equal_money", "equal_exposure", "unequal")
TOLERANCE = 0.005
# Runs in a batch, up to a share of England: the more of a member's scenarios stand in one, the more of their past is
# run once.
BATCH, BATCH_SCALE = 60, 0.01
REPLICATES = 2
AFTER = tuple(range(2026, 2040))
MEAN = "mean"  # over the years of AFTER
REPORTED = (2030, 2035, 2039)
GOOD_WHEN_HIGH = {REAL_BALANCE, "confidence", "within_20_weeks", "outcome_index"}
COMPARED = (
    "unmet_need_share", "plans_in_force", "requests", "appeals_registered", REAL_BALANCE, "confidence",
    "outcome_index", PUBLIC_COST,
)  # fmt: skip


def orders() -> list[tuple[str, ...]]:
    """Return every order of the groups."""
    return list(permutations(GROUPS))


def class_of(order: Sequence[str]) -> str:
    """Return how an order stands to the paper's claim: "agrees", "reversed" or "mixed"."""
    first = frozenset(order[: len(FIRST)])
    return "agrees" if first == FIRST else "reversed" if frozenset(order[-len(FIRST) :]) == FIRST else "mixed"


def label(order: Sequence[str]) -> str:
    """Return the name of an order or choice: the groups' first letters, in order of their start."""
    return "none" if not order else "".join(group[0].upper() for group in order)


def scenario_of(dates: Mapping[str, str], arm: str, name: str, size: float = 1.0) -> Scenario:
    """Return the scenario in which groups start at these months.

    Parameters
    ----------
    dates
        Month of the start, YYYY-MM, of each group that is chosen.
    arm
        One of `ARMS`.
    size
        Multiplies what is assumed to follow from reforms.
    """
    amounts = {group: _amounts(group, start) for group, start in dates.items()} if arm == "equal_exposure" else {}
    return _of_groups(dates, name, size, N_MONTHS if arm == "unequal" else LASTS, amounts)


def _of_groups(
    dates: Mapping[str, str], name: str, size: float = 1.0, months: int = LASTS,
    amounts: Mapping[str, float] | None = None,
) -> Scenario:  # fmt: skip
    """Return groups at dates; what `amounts` scales lasts to the end, all other money `months` months."""
    reforms = []
    for group, start in dates.items():
        announced = month_label(month_index(start) - NOTICE)
        factor = (amounts or {}).get(group)
        for of_group in GROUPS[group]:
            entry = library()[of_group]
            if factor is None or not any(is_lasting_amount(change) for change in entry.changes):
                reforms.append(entry.reform(start, announced, size=size, months=months))
            elif factor > 0.0 or len(entry.changes) > 1:
                reforms.append(entry.reform(start, announced, size=size, amounts=factor))
    return Scenario(name, tuple(reforms))


def _amounts(group: str, start: str) -> float:
    """Return the factor by which amounts that last to the end come to as much as those of `LASTS` months."""
    wanted = _model_pays(_of_groups({group: SLOTS[0]}, group))
    ending = _model_pays(_of_groups({group: start}, group, amounts={group: 0.0}))
    all_of_it = _model_pays(_of_groups({group: start}, group, amounts={group: 1.0}))
    return (wanted - ending) / (all_of_it - ending) if all_of_it > ending else 1.0


def _model_pays(scenario: Scenario) -> float:
    """Return what posts, grants and places come to, million pounds at prices of 2026-27."""
    return float(programme_money(scenario)[list(MODEL_PAYS)].to_numpy().sum())


def total(scenario: Scenario) -> float:
    """Return all discretionary money of a scenario, million pounds at prices of 2026-27."""
    return float(programme_money(scenario).to_numpy().sum())


def ordered(order: Sequence[str], arm: str, slots: Sequence[str] = SLOTS, size: float = 1.0) -> Scenario:
    """Return the scenario in which these groups start one after another."""
    return scenario_of(dict(zip(order, slots, strict=True)), arm, f"{arm}:{label(order)}", size)


def order_scenarios(arm: str) -> list[Scenario]:
    """Return all orders of an arm, having checked that their money is equal where it must be.

    Raises
    ------
    ScenarioError
        If the money of a group depends on its start by more than `TOLERANCE`, with the group and the excess.
    """
    if arm != "unequal":
        for group in GROUPS:
            totals = {slot: total(scenario_of({group: slot}, arm, group)) for slot in SLOTS}
            least, most = min(totals.values()), max(totals.values())
            if most > least * (1.0 + TOLERANCE):
                raise ScenarioError(
                    f"{arm}: the money of '{group}' depends on its start: £{most - least:,.0f} million more from "
                    f"{max(totals, key=totals.__getitem__)} than from {min(totals, key=totals.__getitem__)}."
                )
    return [ordered(order, arm) for order in orders()]


def choice_scenarios() -> list[Scenario]:
    """Return every set of groups, with equal money, in each of the orders in which a group has each place once."""
    found = [Scenario("choice:none:0")]
    for size in range(1, len(PAPER) + 1):
        for chosen in combinations(PAPER, size):
            for k in range(len(PAPER)):
                order = PAPER[k:] + PAPER[:k]
                dates = {group: slot for group, slot in zip(order, SLOTS, strict=True) if group in chosen}
                found.append(scenario_of(dates, "equal_money", f"choice:{label(chosen)}:{k}"))
    return found


def runs(
    name: str, scenarios: Sequence[Scenario], ensemble: Ensemble, *, scale: float, replicates: int = REPLICATES,
    seed: int = 500,
) -> Design:  # fmt: skip
    """Return the runs: every member in every scenario, on draws that scenarios share."""
    base = Design(
        name, outcomes=(*OUTCOMES, *SPENDING), years=AFTER, scenarios=tuple(scenarios), scale=scale,
        until="2040-08", seed=seed, replicates=replicates, constants=ensemble.constants, own_seeds=True,
        batch=BATCH if scale <= BATCH_SCALE else None,
    )  # fmt: skip
    return ensemble.design(base)


# ---------------------------------------------------------------------- analysis


def worth(values: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return an outcome so that more is better."""
    return values if outcome in GOOD_WHEN_HIGH else -values


def cube(found: pd.DataFrame, outcome: str, when: int | str) -> pd.DataFrame:
    """Return an outcome of a year, or its mean over all years: a row a member and replicate, a column a scenario."""
    here = found if when == MEAN else found[found["year"] == when]
    return here.groupby(["point", "replicate", "reform_scenario"])[outcome].mean().unstack("reform_scenario")


def spread(values: pd.DataFrame) -> float:
    """Return the standard deviation between scenarios without what chance adds to it, averaged over members.

    Where each member was run twice it is the covariance between the two, which chance does not enter; otherwise chance
    is in it.
    """
    gaps = values.sub(values.mean(axis=1), axis=0)
    halves = [half.to_numpy() for _, half in gaps.groupby(level="replicate")]
    other = halves[1] if len(halves) > 1 else halves[0]
    return float(np.sqrt(max(float((halves[0] * other).mean()), 0.0)))


def order_beside_choice(orders_of: pd.DataFrame, choices_of: pd.DataFrame) -> dict[str, float]:
    """Return the spread between orders of all groups, that between sets of groups, and the ratio of the two.

    Parameters
    ----------
    orders_of, choices_of
        An outcome as `cube` gives it. Columns of choices are named `choice:SET:ORDER`; a set is averaged over orders.
    """
    by_set = choices_of.T.groupby(lambda name: name.split(":")[1]).mean().T
    of_order, of_choice = spread(orders_of), spread(by_set)
    return {"of_order": of_order, "of_choice": of_choice, "ratio": of_order / of_choice if of_choice > 0.0 else np.nan}


def known_orders(names: Iterable[Hashable]) -> dict[str, tuple[str, ...]]:
    """Return the groups, in order of their start, of scenarios named ARM:ORDER."""
    known = {label(order): order for order in orders()}
    return {name: known[name.split(":")[1]] for name in map(str, names)}


def by_dates(values: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Return what an additive model of start dates leaves of each order, and the share of variance it explains.

    Every group has an effect of its place, whatever the others do. If orders differ by dates alone, nothing is left.
    The share is of the mean over members.
    """
    known = known_orders(values)
    places = np.asarray([[order.index(group) for group in GROUPS] for order in known.values()])
    columns = [places[:, g] == place for g in range(len(GROUPS)) for place in range(1, len(SLOTS))]
    design = np.stack([np.ones(len(places)), *columns], axis=1).astype(float)
    hat = design @ np.linalg.pinv(design)
    left = values @ (np.eye(len(places)) - hat)
    left.columns = values.columns
    mean = values.mean().to_numpy()
    rest, whole = float((left.mean() ** 2).mean()), float(((mean - mean.mean()) ** 2).mean())
    return left, 1.0 - rest / whole if whole > 0.0 else np.nan


def precedence(values: pd.DataFrame) -> pd.DataFrame:
    """Return, for each pair of groups, what it changes that the one comes before the other.

    Returns
    -------
    pandas.DataFrame
        Columns `first`, `then`, `difference` (median over members of the mean over orders with `first` before `then`,
        less that over the others), `q05`, `q95`, `lower` (share of members in which it is below 0), and the same of
        what dates alone do not explain (`by_dates`): `beyond_dates`, `beyond_q05`, `beyond_q95`.
    """
    known = known_orders(values)
    left, _ = by_dates(values)
    rows = []
    for one, other in combinations(GROUPS, 2):
        before = [name for name, order in known.items() if order.index(one) < order.index(other)]
        row: dict[str, object] = {"first": one, "then": other}
        for key, q05, q95, table in (
            ("difference", "q05", "q95", values), ("beyond_dates", "beyond_q05", "beyond_q95", left),
        ):  # fmt: skip
            gap = table[before].mean(axis=1) - table.drop(columns=before).mean(axis=1)
            gap = gap.groupby(level="point").mean()
            row[q05], row[key], row[q95] = np.quantile(gap, LEVELS)
            if key == "difference":
                row["lower"] = float((gap < 0.0).mean())
        rows.append(row)
    columns = ["first", "then", "difference", "q05", "q95", "lower", "beyond_dates", "beyond_q05", "beyond_q95"]
    return pd.DataFrame(rows)[columns]


def interaction(choices: pd.DataFrame) -> pd.DataFrame:
    """Return, for each group, what it changes where the others are there less what it changes alone.

    Parameters
    ----------
    choices
        An outcome as `cube` gives it, columns `choice:SET:ORDER`; a set is averaged over orders.

    Returns
    -------
    pandas.DataFrame
        Columns `group`, `alone`, `with_others` (medians over members), `difference`, `q05` and `q95`.
    """
    sets = choices.T.groupby(lambda name: name.split(":")[1]).mean().T.groupby(level="point").mean()
    whole, rows = label(PAPER), []
    for group in GROUPS:
        rest = [other for other in PAPER if other != group]
        alone = sets[label((group,))] - sets[label(())]
        among = sets[whole] - sets[label(rest)]
        low, middle, high = np.quantile(among - alone, LEVELS)
        rows.append(
            {"group": group, "alone": alone.median(), "with_others": among.median(), "difference": middle, "q05": low,
             "q95": high}
        )  # fmt: skip
    return pd.DataFrame(rows)


def regret(values: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return how much worse each order is than the best order of the same member.

    The best of many is best by chance as well. Where each member was run twice, the best is taken from one of the runs
    and the distance to it from the other, both ways.

    Returns
    -------
    pandas.DataFrame
        Columns `order`, `class`, `mean`, `q95` (over members, in the outcome's unit), and `share_of_spread` (the mean,
        over the mean distance between the best and the worst order).
    """
    good = worth(values, outcome)
    halves = {key: half.droplevel("replicate") for key, half in good.groupby(level="replicate")}
    ways = [(a, b) for a in halves for b in halves if a != b] or [(a, a) for a in halves]
    lost, ranges = [], []
    for chooses, scores in ways:
        choice, score = halves[chooses], halves[scores]
        row = np.arange(len(score))
        best = score.to_numpy()[row, choice.to_numpy().argmax(axis=1)]
        worst = score.to_numpy()[row, choice.to_numpy().argmin(axis=1)]
        lost.append(pd.DataFrame(best[:, None] - score.to_numpy(), index=score.index, columns=score.columns))
        ranges.append(float((best - worst).mean()))
    mean = sum(lost[1:], lost[0]) / len(lost)
    whole = float(np.mean(ranges))
    found = pd.DataFrame({"mean": mean.mean(), "q95": mean.quantile(0.95)})
    found["share_of_spread"] = found["mean"] / whole if whole > 0.0 else np.nan
    found["class"] = [class_of(order) for order in known_orders(values).values()]
    return found.sort_values("mean").rename_axis("order").reset_index()


def claim(values: pd.DataFrame) -> dict[str, float]:
    """Return how orders that agree with the paper differ from reversed orders, member by member.

    Returns
    -------
    dict
        `difference` (median over members of the mean of the agreeing less that of the reversed orders), `q05`, `q95`
        and `lower` (share of members in which it is below 0).
    """
    classes = {name: class_of(order) for name, order in known_orders(values).items()}
    agrees = values[[name for name in classes if classes[name] == "agrees"]].mean(axis=1)
    reverse = values[[name for name in classes if classes[name] == "reversed"]].mean(axis=1)
    gap = (agrees - reverse).groupby(level="point").mean()
    low, middle, high = np.quantile(gap, LEVELS)
    return {"difference": middle, "q05": low, "q95": high, "lower": float((gap < 0.0).mean())}


def analysed(found: pd.DataFrame, arm: str, choices: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Return all tables of one arm: levels, precedence, regret, the paper's claim, order beside choice, interactions.

    Parameters
    ----------
    found, choices
        As `comparison.outcomes_with_costs` returns them, of the orders of one arm and of the choices in
        the same arm; without choices there is neither `ratio` nor a table `interaction`.
    """
    levels, pairs, regrets, claims, variance, together = [], [], [], [], [], []
    for outcome in COMPARED:
        for when in (MEAN,) if arm == "equal_money" else (MEAN, *REPORTED):
            values = cube(found, outcome, when)
            at = {"outcome": outcome, "when": str(when)}
            middle = values.median()
            levels += [at | {"order": name.split(":")[1], "median": float(middle[name])} for name in map(str, values)]
            pairs.append(precedence(values).assign(**at))
            regrets.append(regret(values, outcome).assign(**at))
            claims.append(at | claim(values))
            row = at | {"explained_by_dates": by_dates(values)[1]}
            if choices is not None:
                of_choices = cube(choices, outcome, when)
                row |= order_beside_choice(values, of_choices)
                together.append(interaction(of_choices).assign(**at))
            variance.append(row)
    tables = {
        "levels": pd.DataFrame(levels), "precedence": pd.concat(pairs, ignore_index=True),
        "regret": pd.concat(regrets, ignore_index=True), "claim": pd.DataFrame(claims),
        "variance": pd.DataFrame(variance),
    }  # fmt: skip
    return tables | ({"interaction": pd.concat(together, ignore_index=True)} if together else {})
