"""Builds England as it stood: authorities from their published rows, schools, clusters, and children with families.

Below full scale whole clusters are sampled (docs/design.md). Everything random is keyed, so that the same seed gives
the same people at any number of threads, and one cluster more changes nobody in the others.
"""

import math
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.ages import AGE_LIMIT_MONTHS, FIRST_AGE_MONTHS
from sendcycle.calendar import BURN_IN_MONTHS, N_MONTHS
from sendcycle.engine.compilation import compiled, rule
from sendcycle.engine.randomness import Decision, draw, draw_normal, key_of, scramble, stream
from sendcycle.errors import ScaleError
from sendcycle.inputs.data_files import data_file
from sendcycle.inputs.drivers import births_by_month
from sendcycle.inputs.parameters import Parameters
from sendcycle.rules.assessment import STATUTORY_WEEKS
from sendcycle.rules.transitions import PHASES
from sendcycle.state.children import NEVER, Children, Need, empty_children
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import (
    DOCKET_MONTHS,
    PLACE_PIPELINE_MONTHS,
    TRAINING_MONTHS,
    AuthorityRecord,
    NationRecord,
    SchoolRecord,
    records,
)
from sendcycle.state.tally_record import TallyRecord
from sendcycle.state.world import Part, World
from sendcycle.units import PER_CENT

PRIMARIES, SECONDARIES = 16_780, 3_400  # state-funded schools, January 2015 and 2016 (other_series.csv)
SCHOOLS_PER_CLUSTER = 9  # 8-10 schools of mixed phase (Yue, ISBL 2025)
SMALLEST_SCALE = 0.0005  # share of England; less would hold no whole cluster
# How far rates of small authorities are drawn to the nation's, in expected cases: about one over the variance between
# authorities, but for appeals, which are few (docs/odd.md, section 5).
SHRINKAGE_REQUESTS, SHRINKAGE_APPEALS, SHRINKAGE_REFUSALS = 11.0, 15.0, 3.0
# How far published shares of an authority are believed: lowest and highest. Assumptions.
REFUSED_LIMITS, ON_TIME_LIMITS, SPECIAL_LIMITS, FSM_LIMITS = (0.03, 0.7), (0.1, 0.95), (0.1, 0.8), (0.02, 0.6)
SEN_LIMITS = (0.5, 2.0)  # of the share on SEN support over the nation's, as it raises need; an assumption
ON_TIME_UNKNOWN = 0.59  # share within 20 weeks where an authority's is not published; about the nation's
SPECIAL_HABIT_KEPT = 0.5  # part of the difference in special plans that is the authority's own habit; an assumption
ISSUED_BY_PIPELINE = 5.0 / 12.0  # of a year's new plans, by the pipeline, which the burn-in has yet to fill
LOWEST_PROFOUND_NEED_GBP_K = 8.0  # thousand pounds a year at 2014-15 prices; an assumption
DISADVANTAGED_SHARE = 0.3  # at which advocacy has its middle; an assumption
# Age at which a need shows, months, assumptions: profound and physical at birth; others from ONSET_FIRST on, up to so
# much later, the earlier the more they cost.
ONSET_PROFOUND, ONSET_FIRST, ONSET_RANGE_AUTISM_SEMH, ONSET_RANGE_OTHER = 24.0, 18.0, 132.0, 96.0
ONSET_EARLIER_A_GBP_K, ONSET_HIGHEST_GBP_K = 0.25, 12.0  # by the cost of a need, up to the highest
EARLIEST_BIRTH = -AGE_LIMIT_MONTHS - BURN_IN_MONTHS + 1  # month of birth of the oldest simulated, from September 2014
KEY_BYTES = 8  # of an authority's code that key its draws
SCHOOL_KEYS, PHASE_KEYS, CLUSTER_KEY, CHILD_KEYS = 97, 131, 7, 65_536  # hold keys of each kind apart
FEWEST_PRIMARIES = 2  # of an authority, however small; an assumption
EARLY_YEARS = (2014, 2015, 2016)  # of which an authority's habits are read
SAMPLES_KEPT = 64  # in memory
MIDDLE = 0.5  # of an interval
FEWEST_CALIBRATED = 12  # authorities in a sample from which on plans are calibrated as well; an assumption
LOWEST_WEIGHT, HIGHEST_WEIGHT = 0.2, 5.0  # of an authority over the equal one; an assumption


@dataclass(frozen=True)
class Sample:
    """Which clusters are simulated: the authorities' published rows, and how much of each is in the sample."""

    rows: pd.DataFrame  # starting rows of the sampled authorities
    clusters: NDArray[np.int64]  # (authority): clusters simulated
    clusters_all: NDArray[np.int64]  # (authority): clusters there are
    weights: NDArray[np.float64]  # (authority): what one simulated child stands for

    @cached_property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns of `rows`."""
        return _columns(self.rows)


def _columns(table: pd.DataFrame) -> dict[str, NDArray[Any]]:
    return {str(name): table[name].to_numpy() for name in table}


@cache
def authority_rows() -> pd.DataFrame:
    """Return the starting rows of all authorities, sorted by region and plan rate, with the sizes used here."""
    with data_file("authorities_start.csv").open(encoding="utf-8") as handle:
        rows = pd.read_csv(handle)
    rows["share"] = rows["population_2_to_18"] / rows["population_2_to_18"].sum()
    schools = np.maximum(np.round(rows["share"] * PRIMARIES), FEWEST_PRIMARIES) + np.maximum(
        np.round(rows["share"] * SECONDARIES), 1
    )
    rows["clusters"] = np.maximum(np.round(schools / SCHOOLS_PER_CLUSTER), 1).astype(int)
    rows["appeals_early"] = rows[[f"appeals_{year}" for year in EARLY_YEARS]].sum(axis=1)
    rows["appealable_early"] = rows[[f"appealable_decisions_{year}" for year in EARLY_YEARS]].sum(axis=1)
    rows["refused_early"] = rows["requests_refused_2015"] + rows["requests_refused_2016"]
    rows["asked_early"] = rows["new_plans_2015"] + rows["new_plans_2016"] + rows["refused_early"]
    rows["on_time_early"] = rows[["within_20_weeks_2015", "within_20_weeks_2016"]].mean(axis=1) / PER_CENT
    rows["plan_rate"] = rows["plans_2015"] / rows["population_2_to_18"]
    return rows.sort_values(["region", "plan_rate", "la_code"], ignore_index=True)


@cache
def _authority_columns() -> dict[str, NDArray[Any]]:
    return _columns(authority_rows())


def sample(scale: float, seed: int) -> Sample:
    """Draw clusters systematically, with probability proportional to size, from the sorted list of authorities.

    Raises
    ------
    ScaleError
        If `scale` is not from 0.0005 to 1: less would hold no whole cluster.
    """
    if not (isinstance(scale, int | float) and SMALLEST_SCALE <= scale <= 1.0):
        raise ScaleError(f"scale {scale!r} is out of range: give a share of England from {SMALLEST_SCALE} to 1.")
    return _sample(scale, seed)


@lru_cache(maxsize=SAMPLES_KEPT)
def _sample(scale: float, seed: int) -> Sample:
    rows = authority_rows()
    ends = np.cumsum(rows["clusters"].to_numpy())
    wanted = max(1, round(scale * ends[-1]))
    step = ends[-1] / wanted
    start = draw(np.uint64(seed), key_of(seed, Decision.PEOPLE, 0)) if wanted < ends[-1] else MIDDLE
    picked = np.minimum(((np.arange(wanted) + start) * step).astype(int), ends[-1] - 1)
    counts = np.bincount(np.searchsorted(ends, picked, side="right"), minlength=len(rows))
    kept = counts > 0
    chosen = rows[kept].reset_index(drop=True)
    clusters = counts[kept]
    simulated = clusters / chosen["clusters"].to_numpy()
    return Sample(chosen, clusters, chosen["clusters"].to_numpy(), _calibrated_weights(chosen, simulated, rows))


def _calibrated_weights(chosen: pd.DataFrame, simulated: NDArray[Any], rows: pd.DataFrame) -> NDArray[np.float64]:
    """Weight the sampled authorities so that population, plans and new plans add up to England's.

    This is linear calibration; no weight moves beyond a fifth or five times the equal one.
    """
    names = ["population_2_to_18", "plans_2015", "new_plans_2015"][: None if len(chosen) >= FEWEST_CALIBRATED else 1]
    totals = rows[names].sum().to_numpy(dtype=float)
    x = chosen[names].to_numpy(dtype=float) * simulated[:, None] / totals
    base = np.full(len(chosen), 1.0 / x[:, 0].sum())
    correction = np.linalg.lstsq((x * base[:, None]).T @ x, 1.0 - base @ x, rcond=None)[0]
    weights: NDArray[np.float64] = np.clip(base * (1.0 + x @ correction), LOWEST_WEIGHT * base, HIGHEST_WEIGHT * base)
    return weights


def _relative(
    rows: dict[str, NDArray[Any]], every: dict[str, NDArray[Any]], names: tuple[str, str], weight: float
) -> NDArray[np.float64]:
    """Return each authority's rate over the nation's, small authorities drawn to 1 by `weight` expected cases."""
    count, size = rows[names[0]], rows[names[1]]
    national = every[names[0]].sum() / every[names[1]].sum()
    return np.asarray((count + weight) / (size * national + weight))


def _logit(share: Any) -> Any:
    return np.log(share / (1.0 - share))


def _authorities(drawn: Sample, p: Parameters) -> NDArray[Any]:
    """Return the authorities' records with what their published rows say."""
    rows, every = drawn.columns, _authority_columns()
    las = np.zeros(len(drawn.rows), dtype=AuthorityRecord.dtype())
    las["key"] = [int.from_bytes(code.encode()[-KEY_BYTES:], "big") for code in rows["la_code"]]
    las["share_simulated"] = drawn.clusters / drawn.clusters_all
    las["weight"] = drawn.weights
    pairs = ("asked_early", "population_2_to_18")
    las["request_level"] = _relative(rows, every, pairs, SHRINKAGE_REQUESTS)
    pairs = ("appeals_early", "appealable_early")
    las["contest_level"] = _relative(rows, every, pairs, SHRINKAGE_APPEALS)
    pairs = ("refused_early", "asked_early")
    national = every[pairs[0]].sum() / every[pairs[1]].sum()
    refused = np.clip(national * _relative(rows, every, pairs, SHRINKAGE_REFUSALS), *REFUSED_LIMITS)
    las["strictness"] = p["spread_decision"] * (_logit(refused) - _logit(national))
    on_time = np.clip(np.nan_to_num(rows["on_time_early"], nan=ON_TIME_UNKNOWN), *ON_TIME_LIMITS)
    quantile = np.sqrt(2.0) * np.asarray([_inverse_erf(2.0 * share - 1.0) for share in on_time])
    las["process_weeks"] = STATUTORY_WEEKS * np.exp(-p["spread_process"] * quantile)
    las["process_weeks_usual"] = np.exp(np.average(np.log(las["process_weeks"]), weights=rows["new_plans_2015"]))
    special = np.clip(rows["plans_special"] / rows["plans_2015"], *SPECIAL_LIMITS)
    las["special_level"] = SPECIAL_HABIT_KEPT * p["spread_special"] * (_logit(special) - np.mean(_logit(special)))
    las["settlement_share"] = rows["high_needs_block_gbp"] / every["high_needs_block_gbp"].sum()
    issued_before = ISSUED_BY_PIPELINE * rows["new_plans_2015"]
    las["plans_2014"] = ((rows["plans_2014"] + rows["plans_2015"]) * MIDDLE + issued_before) * las["share_simulated"]
    las["psychologists_start"] = p["psychologists_2014"] * rows["share"] * las["share_simulated"]
    return las


def _inverse_erf(x: float) -> float:
    """Return the inverse error function (Winitzki's approximation, polished by two Newton steps)."""
    a = 0.147
    log = math.log(1.0 - x * x)
    y = math.copysign(
        math.sqrt(math.sqrt((2 / (math.pi * a) + log / 2) ** 2 - log / a) - (2 / (math.pi * a) + log / 2)), x
    )
    for _ in range(2):
        y -= (math.erf(y) - x) / (2.0 / math.sqrt(math.pi) * math.exp(-y * y))
    return y


def _schools(drawn: Sample, las: NDArray[Any], p: Parameters, seed: int) -> tuple[Any, Any, Any, Any]:
    """Return the schools' records, and of each cluster its authority, first school and first secondary."""
    skills, sizes = key_of(seed, Decision.SCHOOL, 0), key_of(seed, Decision.SCHOOL, 1)
    made: list[tuple[Any, ...]] = []
    cluster_authority: list[int] = []
    cluster_first: list[int] = []
    cluster_secondary: list[int] = []
    for a, (n, share, all_clusters) in enumerate(
        zip(drawn.clusters, drawn.rows["share"], drawn.clusters_all, strict=True)
    ):
        las[a]["first_school"], las[a]["first_cluster"] = len(made), len(cluster_first)
        per_cluster = [max(total * share / all_clusters, 1.0) for total in (PRIMARIES, SECONDARIES)]
        for k in range(n):
            key = np.uint64(scramble(np.uint64(scramble(las[a]["key"])) + np.uint64(k)))
            cluster_authority.append(a)
            cluster_first.append(len(made))
            counts = [max(1, int(total * (k + 1)) - int(total * k)) for total in per_cluster]
            for secondary, count in enumerate(counts):
                if secondary:
                    cluster_secondary.append(len(made))
                for j in range(count):
                    school_key = np.uint64(scramble(key ^ np.uint64(SCHOOL_KEYS + PHASE_KEYS * secondary + j)))
                    log_skill = p["spread_skill"] * draw_normal(school_key, skills) - MIDDLE * p["spread_skill"] ** 2
                    size = math.exp(p["spread_school_size"] * draw_normal(school_key, sizes))
                    made.append((school_key, a, len(cluster_first) - 1, secondary, math.exp(log_skill), size))
        las[a]["last_school"], las[a]["last_cluster"] = len(made), len(cluster_first)
    cluster_first.append(len(made))
    schools = np.zeros(len(made), dtype=SchoolRecord.dtype())
    for name, column in zip(
        ("key", "authority", "cluster", "secondary", "skill", "roll_as_built"), zip(*made, strict=True), strict=True
    ):
        schools[name] = column
    group = schools["cluster"] * PHASES + schools["secondary"]
    schools["roll_as_built"] /= np.bincount(group, weights=schools["roll_as_built"])[
        group
    ]  # share of the phase in the cluster
    schools["roll"] = schools["roll_as_built"]
    schools["skill_start"] = schools["skill"]
    return schools, np.asarray(cluster_authority), np.asarray(cluster_first, "i4"), np.asarray(cluster_secondary, "i4")


def _disadvantage(drawn: Sample, cluster_authority: NDArray[Any], keys: NDArray[Any], p: Parameters, seed: int) -> Any:
    """Return the free-school-meal share of each cluster, spread around its authority's."""
    fsm = np.clip(drawn.columns["fsm_pct"] / PER_CENT, *FSM_LIMITS)[cluster_authority]
    key = key_of(seed, Decision.DISADVANTAGE, 1)
    noise = np.asarray([draw_normal(k, key) for k in keys])
    return 1.0 / (1.0 + np.exp(-(_logit(fsm) + p["spread_disadvantage"] * noise)))


@compiled
def _count_children(expected: NDArray[np.float64], keys: NDArray[np.uint64], names: np.uint64) -> NDArray[np.int32]:
    """Round expected numbers of children (cluster, month) up or down by a keyed draw."""
    counts = np.zeros(expected.shape, dtype=np.int32)
    for k in range(expected.shape[0]):
        for b in range(expected.shape[1]):
            counts[k, b] = int(expected[k, b] + draw(keys[k] + np.uint64(b), names))
    return counts


@rule
def _fill_children(
    w: World,
    p: ParameterRecord,
    part: Part,
    counts: NDArray[np.int32],
    keys: NDArray[np.uint64],
    fsm: NDArray[np.float64],
    birth_month: NDArray[np.int64],
    need_shares: NDArray[np.float64],
    log_severity: NDArray[np.float64],
) -> None:
    """Give every child its lasting properties."""
    c = w.children
    seed = w.seed
    needs, severities = stream(seed, Decision.NEED, 0), stream(seed, Decision.SEVERITY, 0)
    poor, advocates = stream(seed, Decision.DISADVANTAGE, 0), stream(seed, Decision.ADVOCACY, 0)
    onsets = stream(seed, Decision.ONSET, 0)
    for a in part:
        la = w.authorities[a]
        i = w.rows[a, 0]
        for b in range(birth_month.shape[0]):
            for k in range(la.first_cluster, la.last_cluster):
                share = fsm[k] * p.factor_need_disadvantage
                share /= share + 1.0 - fsm[k]
                for j in range(counts[k, b]):
                    key = scramble(keys[k] + np.uint64(b * CHILD_KEYS + j + 1))
                    c.key[i] = key
                    c.born[i] = birth_month[b]
                    c.cluster[i] = k
                    u = draw(key, needs)
                    need = 0
                    while need < Need.PHYSICAL and u >= need_shares[need]:
                        u -= need_shares[need]
                        need += 1
                    c.need[i] = need
                    c.base_need_gbp_k[i] = math.exp(
                        log_severity[need] + p.spread_severity * draw_normal(key, severities)
                    )
                    if need == Need.PROFOUND:
                        c.base_need_gbp_k[i] = max(c.base_need_gbp_k[i], LOWEST_PROFOUND_NEED_GBP_K)
                    c.disadvantaged[i] = 1 if draw(key, poor) < share else 0
                    logit = p.spread_advocacy * draw_normal(key, advocates)
                    logit -= p.advocacy_gap * (c.disadvantaged[i] - DISADVANTAGED_SHARE)
                    c.advocacy[i] = 1.0 / (1.0 + math.exp(-logit))
                    c.onset[i] = onset_age(need, c.base_need_gbp_k[i], draw(key, onsets))
                    c.planned[i] = NEVER
                    c.may_move_on_from[i] = NEVER
                    c.registered[i] = NEVER
                    c.may_ask_from[i] = NEVER
                    c.confidence[i] = p.confidence_at_onset
                    c.school[i] = -1
                    i += 1


@compiled
def _order_by_need(base_need_gbp_k: NDArray[np.float32], low: int, size: int, order: NDArray[np.int64]) -> None:
    """Write into `order` the places of `size` children from row `low`, the severest need first (insertion sort)."""
    for j in range(size):
        k = j
        while k > 0 and base_need_gbp_k[low + order[k - 1]] < base_need_gbp_k[low + j]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = j


@compiled
def _reorder(column: NDArray[Any], low: int, size: int, order: NDArray[np.int64]) -> None:
    """Put the rows of a column in order."""
    before = column[low : low + size].copy()
    for j in range(size):
        column[low + j] = before[order[j]]


@rule
def _sort_children(w: World, part: Part) -> None:
    """Within each month of birth put severe needs first: those who meet the same rules then stand side by side."""
    c = w.children
    for a in part:
        for b in range(w.rows.shape[1] - 1):
            low = w.rows[a, b]
            size = w.rows[a, b + 1] - low
            if size <= 1:
                continue
            order = np.empty(size, np.int64)
            _order_by_need(c.base_need_gbp_k, low, size, order)
            _reorder(c.key, low, size, order)
            _reorder(c.onset, low, size, order)
            _reorder(c.need, low, size, order)
            _reorder(c.disadvantaged, low, size, order)
            _reorder(c.advocacy, low, size, order)
            _reorder(c.base_need_gbp_k, low, size, order)
            _reorder(c.cluster, low, size, order)


@compiled
def onset_age(need: int, cost_gbp_k: float, u: float) -> int:
    """Return the age in months at which a need shows: profound and physical at birth, others at 2 to 12 years.

    The assumption is that severe needs show earlier.
    """
    if need >= Need.PROFOUND:
        return int(ONSET_PROFOUND * u)
    late = ONSET_RANGE_AUTISM_SEMH if need <= Need.SEMH else ONSET_RANGE_OTHER
    earlier = 1.0 + ONSET_EARLIER_A_GBP_K * min(cost_gbp_k, ONSET_HIGHEST_GBP_K)
    return int(ONSET_FIRST + late * u**earlier)


Filling = tuple[Any, ...]  # what `_fill_children` needs beside the world


def build(p: Parameters, scale: float, seed: int, n_months: int) -> tuple[World, Sample, NDArray[np.float64], Filling]:
    """Build the world of August 2013 (burn-in comes before September 2014), for a run of n_months.

    Returns
    -------
    world, sample, born, filling
        `born` has the shape (cluster, month of birth + 1) and counts all children born before each month, with and
        without need; `filling` is what `fill` still needs to give the children their lasting properties.
    """
    drawn = sample(scale, seed)
    las = _authorities(drawn, p)
    schools, cluster_authority, cluster_first, cluster_secondary = _schools(drawn, las, p, seed)
    keys = np.asarray(
        [scramble(schools["key"][s] + np.uint64(CLUSTER_KEY)) for s in cluster_first[:-1]], dtype=np.uint64
    )
    fsm = _disadvantage(drawn, cluster_authority, keys, p, seed)

    months = np.arange(EARLIEST_BIRTH, N_MONTHS)
    national = births_by_month(N_MONTHS, EARLIEST_BIRTH)
    share = (drawn.columns["share"] / drawn.clusters_all)[cluster_authority]
    born = (share[:, None] * national[None, :]).astype(np.float32)
    simulated = months <= n_months - 1 - FIRST_AGE_MONTHS + 1
    expected = born[:, simulated] * p["share_latent_need"] * _relative_need(drawn, cluster_authority, fsm, p)[:, None]
    counts = _count_children(expected, keys, key_of(seed, Decision.PEOPLE, 1))
    per_authority = np.zeros((len(las), counts.shape[1]), dtype=np.int64)
    np.add.at(per_authority, cluster_authority, counts)
    world = _empty_world(_first_rows(per_authority), schools, cluster_first, cluster_secondary, las, seed)
    shares = np.asarray([p[f"share_need_{n}"] for n in ("autism", "semh", "slcn", "learning", "profound")])
    severities = np.log([p[f"severity_{n}"] for n in ("autism", "semh", "slcn", "learning", "profound", "physical")])
    born_before = np.zeros((len(born), len(months) + 1))
    np.cumsum(born, axis=1, dtype=np.float64, out=born_before[:, 1:])
    return world, drawn, born_before, (counts, keys, fsm, months[simulated], shares, severities)


def _relative_need(
    drawn: Sample, cluster_authority: NDArray[Any], fsm: NDArray[np.float64], p: Parameters
) -> NDArray[np.float64]:
    """Return how many more children of each cluster have a need than the nation's, by disadvantage and SEN support."""
    every = _authority_columns()
    mean_fsm = float(np.average(np.clip(every["fsm_pct"] / PER_CENT, *FSM_LIMITS), weights=every["share"]))
    need = (1.0 + fsm * (p["factor_need_disadvantage"] - 1.0)) / (
        1.0 + mean_fsm * (p["factor_need_disadvantage"] - 1.0)
    )
    sen = drawn.columns["sen_support_pct"] / np.average(every["sen_support_pct"], weights=every["share"])
    need *= np.sqrt(np.clip(sen, *SEN_LIMITS))[cluster_authority]
    return np.asarray(need)


def _first_rows(per_authority: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each authority and month of birth, from how many children there are of each."""
    born_in = per_authority.shape[1]
    rows = np.zeros((len(per_authority), N_MONTHS - EARLIEST_BIRTH + AGE_LIMIT_MONTHS), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(per_authority.sum(axis=1))])
    rows[:, 0] = starts[:-1]
    rows[:, 1 : born_in + 1] = starts[:-1, None] + np.cumsum(per_authority, axis=1)
    rows[:, born_in + 1 :] = starts[1:, None]
    return rows


def _empty_world(
    rows: NDArray[np.int64],
    schools: NDArray[Any],
    cluster_schools: NDArray[np.int32],
    cluster_secondary: NDArray[np.int32],
    las: NDArray[Any],
    seed: int,
) -> World:
    """Return the world with its authorities and schools, and children without properties."""
    n_children = int(rows[-1, -1])
    return World(
        children=empty_children(n_children),
        rows=rows,
        births_from=EARLIEST_BIRTH,
        drawn_rows=np.zeros(n_children, dtype=np.uint32),
        going_on_rows=np.zeros(n_children, dtype=np.uint32),
        plan_rows=np.zeros(n_children, dtype=np.uint32),
        case_rows=np.zeros(n_children, dtype=np.uint32),
        schools=records(schools, SchoolRecord),
        cluster_schools=cluster_schools,
        cluster_secondary=cluster_secondary,
        authorities=records(las, AuthorityRecord),
        docket=np.zeros((len(las), DOCKET_MONTHS), dtype=np.int32),
        place_pipeline=np.zeros((len(las), PLACE_PIPELINE_MONTHS)),
        training=np.zeros(TRAINING_MONTHS),
        nation=records(np.zeros(1, dtype=NationRecord.dtype()), NationRecord),
        tallies=records(np.zeros(len(las), dtype=TallyRecord.dtype()), TallyRecord),
        seed=seed,
    )


def fill(world: World, p_row: Any, part: NDArray[np.int64], filling: Any) -> None:
    """Give the children of some authorities their lasting properties."""
    _fill_children(world, p_row, part, *filling)
    _sort_children(world, part)


__all__ = ["Children", "Sample", "authority_rows", "build", "fill", "sample"]
