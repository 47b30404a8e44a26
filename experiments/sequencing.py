"""e05: whether the order of reform matters, and how much beside the choice of reforms.

Five groups of reforms of the library start a year apart, in every order: the same reforms, the same money, only the
order differs. Every member of the ensemble lives through every order on the same random draws. Three arms say what "the
same" means for what lasts:

- `equal_money`: posts, grants, places and programmes last eight years from their start, in every order; rules and
  effects stay.
- `equal_exposure`: they last to the end of the run, weaker the earlier they start, so that totals are equal.
- `unequal`: they last to the end; who starts earlier has more. Reported, but no claim rests on it.

Beside the orders stand the choices: sets of groups, each in several orders, so that no group looks weak for being late.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from experiments.comparison import OUTCOMES, PUBLIC_COST, SPENDING
from experiments.designs import Design
from experiments.ensembles import Ensemble
from experiments.programme_money import MODEL_PAYS, programme_money
from experiments.reform_library import is_lasting_amount, library
from model import Scenario
from model.calendar import N_MONTHS, month_index, month_label
from model.errors import ScenarioError

GROUPS: dict[str, tuple[str, ...]] = {
    "people": ("national_standards", "workforce", "co_production"),
    "capacity": ("outreach_teams", "best_start", "health_integration", "bases", "place_planning"),
    "funding": ("inclusive_mainstream_fund", "cluster_funding"),
    "accountability": ("curriculum", "transitions", "inclusion_accountability"),
    "statute": ("individual_support_plans", "plan_threshold", "reassessment", "tribunal_last_resort"),
}
PAPER = tuple(GROUPS)
SLOTS = ("2026-09", "2027-09", "2028-09", "2029-09", "2030-09")
NOTICE = 7  # months between announcement and start, in every order
LASTS = 96  # months that amounts last where money is equal
ARMS = ("equal_money", "equal_exposure", "unequal")
TOLERANCE = 0.005
CHOICE_ORDERS = 4  # orders in which each choice of groups is run
AFTER = tuple(range(2026, 2040))
REPORTED = (2030, 2035, 2039)
GOOD_WHEN_HIGH = {"cumulative_balance": True, "confidence": True, "within_20_weeks": True, "outcome_index": True}
COMPARED = (
    "unmet_need_share", "plans_in_force", "requests", "appeals_registered", "cumulative_balance", "confidence",
    "outcome_index", PUBLIC_COST,
)  # fmt: skip


def orders() -> list[tuple[str, ...]]:
    """Return every order of the groups."""
    return list(permutations(GROUPS))


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
    return _of_groups(dates, name, size, LASTS if arm == "equal_money" else N_MONTHS, amounts)


def _of_groups(
    dates: Mapping[str, str], name: str, size: float = 1.0, months: int = N_MONTHS,
    amounts: Mapping[str, float] | None = None,
) -> Scenario:  # fmt: skip
    reforms = []
    for group, start in dates.items():
        announced = month_label(month_index(start) - NOTICE)
        for name_of in GROUPS[group]:
            factor = (amounts or {}).get(group, 1.0)
            entry = library()[name_of]
            if factor > 0.0 or not all(is_lasting_amount(change) for change in entry.changes):
                reforms.append(entry.reform(start, announced, size=size, months=months, amounts=factor))
    return Scenario(name, tuple(reforms))


def _amounts(group: str, start: str) -> float:
    """Return the factor by which amounts that last to the end come to as much as those of `LASTS` months."""
    wanted = _model_pays(group, SLOTS[0], LASTS, 1.0)
    ending, all_of_it = _model_pays(group, start, N_MONTHS, 0.0), _model_pays(group, start, N_MONTHS, 1.0)
    return (wanted - ending) / (all_of_it - ending) if all_of_it > ending else 1.0


def _model_pays(group: str, start: str, months: int, amounts: float) -> float:
    """Return what posts, grants and places of a group come to, million pounds at prices of 2026-27."""
    scenario = _of_groups({group: start}, group, months=months, amounts={group: amounts})
    return float(programme_money(scenario)[list(MODEL_PAYS)].sum(axis=None))


def total(scenario: Scenario) -> float:
    """Return all discretionary money of a scenario, million pounds at prices of 2026-27."""
    return float(programme_money(scenario, lasts=LASTS).sum(axis=None))


def ordered(order: Sequence[str], arm: str, slots: Sequence[str] = SLOTS) -> Scenario:
    """Return the scenario in which these groups start one after another."""
    return scenario_of(dict(zip(order, slots, strict=False)), arm, f"{arm}:{label(order)}")


def order_scenarios(arm: str) -> list[Scenario]:
    """Return all orders of an arm, having checked that their money is equal where it must be.

    Raises
    ------
    ScenarioError
        If the totals of two orders differ by more than `TOLERANCE`, with the group and the excess.
    """
    found = [ordered(order, arm) for order in orders()]
    if arm != "unequal":
        for group in GROUPS:
            totals = {slot: total(scenario_of({group: slot}, arm, group)) for slot in SLOTS}
            least, most = min(totals.values()), max(totals.values())
            if most > least * (1.0 + TOLERANCE):
                raise ScenarioError(
                    f"{arm}: the money of '{group}' depends on its start: £{most - least:,.0f} million more from "
                    f"{max(totals, key=totals.__getitem__)} than from {min(totals, key=totals.__getitem__)}."
                )
    return found


def choice_scenarios(seed: int = 5) -> list[Scenario]:
    """Return every set of groups, each in `CHOICE_ORDERS` random orders of all groups, where money is equal."""
    rng = np.random.default_rng(seed)
    found = [Scenario("choice:none:0")]
    for size in range(1, len(PAPER) + 1):
        for chosen in combinations(PAPER, size):
            for k in range(CHOICE_ORDERS):
                order = [str(group) for group in rng.permutation(PAPER)]
                dates = {group: slot for group, slot in zip(order, SLOTS, strict=True) if group in chosen}
                found.append(scenario_of(dates, "equal_money", f"choice:{label(chosen)}:{k}"))
    return found


def runs(
    name: str, scenarios: Sequence[Scenario], ensemble: Ensemble, *, scale: float, until: str = "2040-08",
    seed: int = 500,
) -> Design:  # fmt: skip
    """Return the runs: every member in every scenario, on draws that scenarios share."""
    years = tuple(year for year in AFTER if year <= int(until[:4]))
    base = Design(
        name, outcomes=(*OUTCOMES, *SPENDING), years=years, scenarios=tuple(scenarios), scale=scale, until=until,
        seed=seed, constants=ensemble.constants, own_seeds=True,
    )  # fmt: skip
    return ensemble.design(base)


# ---------------------------------------------------------------------- analysis


def worth(values: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return an outcome so that more is better."""
    return values if GOOD_WHEN_HIGH.get(outcome, False) else -values


def cube(found: pd.DataFrame, outcome: str, when: int | str) -> pd.DataFrame:
    """Return an outcome of a year, or its mean over all years ("mean"): a row a member, a column a scenario."""
    if when == "mean":
        return found.groupby(["point", "scenario"])[outcome].mean().unstack("scenario")
    return found[found["year"] == when].pivot(index="point", columns="scenario", values=outcome)


def shares(values: pd.DataFrame) -> dict[str, float]:
    """Return how the variance of a table (members, scenarios) divides: members, scenarios, and both together."""
    table = values.to_numpy()
    grand, by_member, by_scenario = table.mean(), table.mean(axis=1), table.mean(axis=0)
    total = float(((table - grand) ** 2).mean())
    member, scenario = float(((by_member - grand) ** 2).mean()), float(((by_scenario - grand) ** 2).mean())
    return {"members": member, "scenarios": scenario, "together": total - member - scenario, "total": total}


def order_beside_choice(orders_of: pd.DataFrame, choices_of: pd.DataFrame) -> dict[str, float]:
    """Return what order and choice explain of the variance that is not of members, and the ratio of their spreads.

    Parameters
    ----------
    orders_of, choices_of
        An outcome: a row a member, a column a scenario. Columns of choices are named `choice:SET:ORDER`.

    Returns
    -------
    dict
        `sd_order` and `sd_choice`: standard deviations between orders of all groups, and between sets of groups (each
        averaged over the orders it was run in), averaged over members; `ratio` of the first to the second.
    """
    by_set = choices_of.T.groupby(lambda name: name.split(":")[1]).mean().T
    sd_order = float(orders_of.std(axis=1, ddof=0).mean())
    sd_choice = float(by_set.std(axis=1, ddof=0).mean())
    return {"sd_order": sd_order, "sd_choice": sd_choice, "ratio": sd_order / sd_choice if sd_choice > 0.0 else np.nan}


def precedence(values: pd.DataFrame, known: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return, for each pair of groups, what it changes that the one comes before the other.

    Parameters
    ----------
    values
        An outcome: a row a member, a column an order.
    known
        The groups of each order, by its name.

    Returns
    -------
    pandas.DataFrame
        Columns `first`, `then`, `difference` (median over members of the mean over orders with `first` before `then`,
        less that over the others), `q05`, `q95`, and `lower` (share of members in which it is below 0).
    """
    rows = []
    for one, other in combinations(GROUPS, 2):
        before = [name for name in values if known[name].index(one) < known[name].index(other)]
        gap = values[before].mean(axis=1) - values.drop(columns=before).mean(axis=1)
        low, middle, high = np.quantile(gap, (0.05, 0.5, 0.95))
        rows.append((one, other, middle, low, high, float((gap < 0.0).mean())))
    return pd.DataFrame(rows, columns=["first", "then", "difference", "q05", "q95", "lower"])


def regret(values: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return how much worse each order is than the best order of the same member.

    Returns
    -------
    pandas.DataFrame
        Columns `order`, `mean`, `q95` (in the outcome's unit), `best` (share of members in which none is better), and
        `share_of_spread` (mean, over the mean distance from the worst to the best order).
    """
    good = worth(values, outcome)
    lost = good.max(axis=1).to_numpy()[:, None] - good.to_numpy()
    table = pd.DataFrame(lost, index=values.index, columns=values.columns)
    spread = float(table.max(axis=1).mean())
    found = pd.DataFrame({"mean": table.mean(), "q95": table.quantile(0.95), "best": (table == 0.0).mean()})
    found["share_of_spread"] = found["mean"] / spread if spread > 0.0 else np.nan
    return found.sort_values("mean").rename_axis("order").reset_index()


def orders_of(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the groups, in order of their start, of scenarios named ARM:ORDER."""
    known = {label(order): order for order in orders()}
    return {name: known[name.split(":")[1]] for name in names}


def analysed(found: pd.DataFrame, choices: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Return all tables of one arm: levels, precedence, regret, and the variance of order beside choice.

    Parameters
    ----------
    found, choices
        As `comparison.outcomes` returns them, of the orders of one arm and of the choices.
    """
    levels, pairs, regrets, variance = [], [], [], []
    for outcome in COMPARED:
        for when in (*REPORTED, "mean"):
            values = cube(found, outcome, when)
            if values.isna().all(axis=None):
                continue
            at = {"outcome": outcome, "when": str(when)}
            middle = values.median()
            levels += [at | {"order": name.split(":")[1], "median": float(middle[name])} for name in values]
            pairs.append(precedence(values, orders_of(values)).assign(**at))
            regrets.append(regret(values, outcome).assign(**at))
            row = at | shares(values)
            if choices is not None:
                row |= order_beside_choice(values, cube(choices, outcome, when))
            variance.append(row)
    return {
        "levels": pd.DataFrame(levels), "precedence": pd.concat(pairs, ignore_index=True),
        "regret": pd.concat(regrets, ignore_index=True), "variance": pd.DataFrame(variance),
    }  # fmt: skip
