"""How the run begins: who has a plan or SEN support, where they learn, and what people, places and money there are."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle.ages import (
    AGE_3_MONTHS,
    AGE_5_MONTHS,
    AGE_11_MONTHS,
    AGE_12_MONTHS,
    AGE_16_MONTHS,
    AGE_17_MONTHS,
    FIRST_AGE_MONTHS,
    SCHOOL_AGE_LIMIT_MONTHS,
)
from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, key_of, stream
from sendcycle.inputs.parameters import Parameters
from sendcycle.rules.rows import has_emerged, rows_of_ages
from sendcycle.rules.transitions import choose_school
from sendcycle.start.population import Sample
from sendcycle.state.children import Children, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, NationRecord, Records
from sendcycle.state.world import Part, World
from sendcycle.units import GBP_PER_GBP_K, MONTHS_PER_YEAR

# Statements and plans by age: SEN2 of January 2010 to 2014 (national_breakdowns.csv), age bands in months.
PLAN_AGE_BANDS = (
    (AGE_3_MONTHS, AGE_5_MONTHS, 0.04),
    (AGE_5_MONTHS, AGE_11_MONTHS, 0.345),
    (AGE_11_MONTHS, AGE_16_MONTHS, 0.525),
    (AGE_16_MONTHS, SCHOOL_AGE_LIMIT_MONTHS, 0.09),
)
# SEN support by age: state primary, nursery and secondary schools, January 2018 (pupils_by_provision.csv).
SUPPORT_AGE_BANDS = ((AGE_3_MONTHS, AGE_11_MONTHS, 0.629), (AGE_11_MONTHS, AGE_16_MONTHS, 0.371))
TOO_OLD_MONTHS = SCHOOL_AGE_LIMIT_MONTHS + 300  # older than anyone
# How far chance, a logistic number times this, mixes up an order by log need. Assumptions.
NOISE_OF_PLANS, NOISE_OF_SEN_SUPPORT, NOISE_OF_SPECIAL = 0.15, 0.35, 0.25
PLANS_2015 = 240_183.0  # statements and plans in January 2015 (SEN2, docs/data.md)
HIGHEST_INDEPENDENT_SHARE = 0.6  # of plan holders in special schools, in any authority; an assumption
INDEPENDENT_OF_2014 = 0.9  # share of special pupils in independent schools over that of the row; an assumption
SMALLEST_UNIT = 2  # pupils; an assumption

# Where the burn-in begins, which moves all of these on: assumptions.
THERAPY_FACTOR = 1.25  # therapy capacity over referrals of children with SEN, at an adequacy of 1
THERAPY_WAIT_MONTHS = 3.0  # therapy capacity that waits, months
THERAPY_COVERAGE = 0.7  # share of those in need who get therapy
REQUESTS_A_PLAN = 1.45  # requests for each new plan
ASSESSMENTS_A_PLAN = 1.05  # assessments for each new plan
WINS_A_THOUSAND = 0.2  # contests won a month per 1,000 children with SEN
STATUTORY_SHARE = 0.25  # of psychologists' time
OVERFLOW = 0.5  # share of specialist demand that state places cannot take
SHORTAGE = 0.3  # of psychologists, as the nation sees it
PLACE_GROWTH = 0.03  # a year, of special places commissioned before the run
TRIBUNAL_WAIT_MONTHS = 1.0  # beyond the shortest
CERTAIN = 1e-9  # how near to 0 and 1 a draw may come
LEAST_SHARE = 1e-12  # simulated share, or psychologists, of an authority; guards a division by none


@rule
def assign_initial_schools(w: World, p: ParameterRecord, part: Part, t: int) -> None:
    """Put every child where its age puts it before the run begins."""
    c = w.children
    choice = stream(w.seed, Decision.SCHOOL_CHOICE, t)
    for a in part:
        low, high = rows_of_ages(w, a, t, 0, TOO_OLD_MONTHS)
        for i in range(low, high):
            age = t - c.born[i]
            if age >= SCHOOL_AGE_LIMIT_MONTHS:
                c.setting[i] = Setting.LEFT
            elif age > AGE_5_MONTHS:  # in September 2013: 5 on 31 August, as 12 and 17 below
                c.setting[i] = Setting.MAINSTREAM if age <= AGE_17_MONTHS else Setting.POST_16
                k = c.cluster[i]
                first, last = w.cluster_schools[k], w.cluster_secondary[k]
                if age > AGE_12_MONTHS:
                    first, last = last, w.cluster_schools[k + 1]
                c.school[i] = choose_school(w.schools, first, last, 0.0, draw(c.key[i], choice))


def _highest(score: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the places of the `count` highest scores."""
    count = min(count, score.size)
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    return np.argpartition(-score, count - 1)[:count]


def _noise(w: World, rows: NDArray[np.int64], decision: int) -> NDArray[np.float64]:
    """Return one keyed logistic number a child."""
    u = np.clip(_draws(w.children.key[rows], key_of(w.seed, decision, 0)), CERTAIN, 1.0 - CERTAIN)
    return np.log(u / (1.0 - u))


@rule
def _draws(keys: NDArray[np.uint64], key: np.uint64) -> NDArray[np.float64]:
    """Return the draws of many children in one stream."""
    out = np.empty(keys.shape[0])
    for i in range(keys.shape[0]):
        out[i] = draw(keys[i], key)
    return out


def _rows(w: World, a: int, t: int, from_age: int, to_age: int) -> NDArray[np.int64]:
    """Return the rows of an authority's children of these ages, months."""
    low, high = rows_of_ages(w, a, t, from_age, to_age)
    return np.arange(int(low), int(high))


def _rows_emerged(w: World, a: int, t: int, from_age: int, to_age: int) -> NDArray[np.int64]:
    """Return those of them whose need shows."""
    rows = _rows(w, a, t, from_age, to_age)
    return rows[t >= w.children.born[rows] + w.children.onset[rows]]


def _score(w: World, rows: NDArray[np.int64], noise: float, decision: int) -> NDArray[np.float64]:
    """Return what children are ordered by: the log of their need, mixed up by chance."""
    return np.asarray(np.log(w.children.base_need_gbp_k[rows]) + noise * _noise(w, rows, decision))


def assign_initial_sen_status(w: World, drawn: Sample, p: Parameters, t: int) -> None:
    """Give plans (or statements) to as many children as each authority's row says, and SEN support to the nation's.

    Those with the severest needs come first, with noise: who had a statement is not published child by child.
    """
    c = w.children
    sen = np.sqrt(
        drawn.rows["sen_support_pct"] / np.average(drawn.rows["sen_support_pct"], weights=drawn.rows["share"])
    )
    total_share = float((drawn.rows["share"] * sen * w.authorities["share_simulated"] * w.authorities["weight"]).sum())
    for a, la in enumerate(w.authorities):
        for low_age, high_age, share in PLAN_AGE_BANDS:
            rows = _rows_emerged(w, a, t, low_age, high_age)
            score = _score(w, rows, NOISE_OF_PLANS, Decision.START_SEN_STATUS)
            chosen = rows[_highest(score, round(share * la.plans_2014))]
            c.sen_status[chosen] = SenStatus.PLAN
            if low_age >= AGE_16_MONTHS:  # they wait there until they are placed
                c.setting[chosen] = Setting.MAINSTREAM
        count = p["sen_support_2014"] * drawn.rows["share"][a] * sen[a] * la.share_simulated / total_share
        for low_age, high_age, share in SUPPORT_AGE_BANDS:
            rows = _rows_emerged(w, a, t, low_age, high_age)
            rows = rows[c.sen_status[rows] == SenStatus.NONE]
            score = _score(w, rows, NOISE_OF_SEN_SUPPORT, Decision.START_SEN_STATUS)
            c.sen_status[rows[_highest(score, round(share * count))]] = SenStatus.SEN_SUPPORT


def assign_initial_settings(w: World, drawn: Sample, p: Parameters, t: int) -> None:
    """Place plan holders in the settings that each authority's row of January 2015 gives."""
    c = w.children
    for a, la in enumerate(w.authorities):
        row = drawn.rows.iloc[a]
        rows = _rows(w, a, t, FIRST_AGE_MONTHS, SCHOOL_AGE_LIMIT_MONTHS)
        rows = rows[c.sen_status[rows] == SenStatus.PLAN]
        rest = _place_in_special_schools(w, rows, row)
        in_schools = _place_out_of_school(w, rest, row, rows.size)
        _place_in_units(w, la, in_schools, round(rows.size * (p["unit_pupils_2014"] / PLANS_2015)))
        la.special_pupils = float(np.count_nonzero(c.setting[rows] == Setting.STATE_SPECIAL))
        la.special_places = max(round(p["places_over_pupils_2014"] * la.special_pupils), la.special_pupils)


def _place_in_special_schools(w: World, rows: NDArray[np.int64], row: pd.Series) -> NDArray[np.int64]:
    """Place plan holders of the severest needs in special schools; return the rows of the others in mainstream."""
    c = w.children
    order = rows[np.argsort(-_score(w, rows, NOISE_OF_SPECIAL, Decision.START_SETTING))]
    n_special = round(rows.size * float(row["plans_special"] / row["plans_2015"]))
    special, others = order[:n_special], order[n_special:]
    independent_share = min(float(row["special_independent_share"]), HIGHEST_INDEPENDENT_SHARE)
    lottery = _noise(w, special, Decision.START_PLACE)
    independent = special[_highest(lottery, round(INDEPENDENT_OF_2014 * independent_share * n_special))]
    c.setting[special] = Setting.STATE_SPECIAL
    c.setting[independent] = Setting.INDEPENDENT_SPECIAL
    in_mainstream: NDArray[np.int64] = others[c.setting[others] == Setting.MAINSTREAM]
    return in_mainstream


def _place_out_of_school(w: World, rest: NDArray[np.int64], row: pd.Series, n_plans: int) -> NDArray[np.int64]:
    """Place some of the others, at random, in alternative provision or elsewhere; return the rows of the rest."""
    lottery = _noise(w, rest, Decision.START_PLACE)
    ranked = rest[np.argsort(-lottery)]
    n_ap = round(n_plans * float(row["plans_ap"] / row["plans_2015"]))
    n_out = round(n_plans * float(row["plans_elsewhere"] / row["plans_2015"]))
    w.children.setting[ranked[:n_ap]] = Setting.ALTERNATIVE
    w.children.setting[ranked[n_ap : n_ap + n_out]] = Setting.ELSEWHERE
    return ranked[n_ap + n_out :]


def _place_in_units(w: World, la: AuthorityRecord, in_schools: NDArray[np.int64], wanted: int) -> None:
    """Open units, school by school, for plan holders who learn there, until as many as wanted have a place."""
    c = w.children
    schools = np.arange(la.first_school, la.last_school)
    by_key = schools[np.argsort(w.schools["key"][schools])]
    for s in by_key:
        if wanted < 1:
            break
        here = in_schools[c.school[in_schools] == s][: max(wanted, 0)]
        if here.size >= SMALLEST_UNIT:
            c.setting[here] = Setting.UNIT
            w.schools["unit_places"][s] = w.schools["unit_pupils"][s] = here.size
            wanted -= here.size
    la.unit_places = la.unit_pupils = w.schools["unit_places"][schools].sum()


@inlined
def is_supported(c: Children, i: int, t: int) -> bool:
    """Say whether a child's support is followed: in further education only that of plan holders is."""
    return bool(has_emerged(c, i, t) and (c.setting[i] != Setting.POST_16 or c.sen_status[i] == SenStatus.PLAN))


@rule
def initialise_unmet_need(w: World, p: ParameterRecord, part: Part, t: int) -> None:
    """Let unmet need and confidence begin where this month's support would settle them."""
    c = w.children
    for a in part:
        low, high = rows_of_ages(w, a, t, FIRST_AGE_MONTHS, SCHOOL_AGE_LIMIT_MONTHS)
        total, count = 0.0, 0
        for i in range(low, high):
            if is_supported(c, i, t):
                c.unmet[i] = 1.0 - c.met[i]
                total += c.met[i]
                count += 1
        mean = total / max(count, 1)
        for i in range(low, high):
            if is_supported(c, i, t):
                c.confidence[i] = (1.0 - p.weight_neighbours) * c.met[i] + p.weight_neighbours * mean


@rule
def name_initial_provision(w: World, p: ParameterRecord, part: Part, t: int) -> None:
    """Name the provision of every plan holder by what the need costs."""
    c = w.children
    for a in part:
        low, high = rows_of_ages(w, a, t, FIRST_AGE_MONTHS, SCHOOL_AGE_LIMIT_MONTHS)
        for i in range(low, high):
            if c.sen_status[i] == SenStatus.PLAN:
                c.provision_gbp[i] = c.base_need_gbp_k[i] * GBP_PER_GBP_K
                c.planned[i] = t - MONTHS_PER_YEAR


# ---------------------------------------------------------------------- people, places and money


def initialise_staff_and_budgets(w: World, p: Parameters, settlement_gbp: float, months_before: int) -> None:
    """Set the authorities' and the nation's stocks before the burn-in, which lasts so many months."""
    las, nation = w.authorities, w.nation
    nation["psychologists_start"] = (las["weight"] * las["psychologists_start"]).sum()
    initialise_budgets(las, nation, p, settlement_gbp)
    initialise_psychologists(las, nation, p)
    initialise_therapies(las, p)
    initialise_casework(las, nation, p)
    initialise_contests(las, nation, p)
    initialise_signals(las)
    initialise_independent_sector(las, nation, p)
    fill_pipelines(w, p, months_before)


def initialise_budgets(
    las: Records[AuthorityRecord], nation: Records[NationRecord], p: Parameters, settlement_gbp: float
) -> None:
    """Share out the national block, pounds a year, and the budget of support services; top-ups begin at index 1."""
    nation["settlement_base_gbp"] = nation["settlement_gbp"] = settlement_gbp
    las["settlement_smoothed_gbp"] = las["spending_smoothed_gbp"] = _local_share(las, settlement_gbp)
    las["support_budget_gbp"] = las["support_budget_start_gbp"] = _local_share(las, p["support_budget_gbp_2014"])
    las["topup_index"] = 1.0


def initialise_psychologists(las: Records[AuthorityRecord], nation: Records[NationRecord], p: Parameters) -> None:
    """Let psychologists begin in their posts, and part of their hours reach children early."""
    las["psychologists"] = las["psychologists_start"]
    las["statutory_share"] = STATUTORY_SHARE
    las["early_hours"] = (1.0 - STATUTORY_SHARE) * las["psychologists"] * p["hours_psychologist"] / MONTHS_PER_YEAR
    las["outreach_start"] = las["outreach"] = p["outreach_2014"]
    nation["shortage"] = nation["shortage_start"] = nation["shortage_carried"] = SHORTAGE


def initialise_therapies(las: Records[AuthorityRecord], p: Parameters) -> None:
    """Size therapies by the children with SEN."""
    sen = np.maximum(las["sen_support"] + las["plans"], 1.0)
    las["therapy_capacity"] = p["therapy_adequacy_2014"] * p["rate_therapy_referral"] * THERAPY_FACTOR * sen
    las["therapy_waiting"] = THERAPY_WAIT_MONTHS * las["therapy_capacity"]
    las["therapy_coverage"] = THERAPY_COVERAGE


def initialise_casework(las: Records[AuthorityRecord], nation: Records[NationRecord], p: Parameters) -> None:
    """Let cases arrive as the new plans of 2014 say, and caseworkers be as many as these need."""
    plans_a_month = p["new_plans_2014"] / MONTHS_PER_YEAR
    new_plans = plans_a_month * las["request_level"] * las["share_simulated"] * _shares(las, nation)
    las["requests_arriving"] = las["requests_usual"] = REQUESTS_A_PLAN * new_plans
    las["assessments_arriving"] = las["drafts_arriving"] = ASSESSMENTS_A_PLAN * new_plans
    las["caseworkers"] = caseworkers_for_arrivals(las, p)
    las["casework_load"] = 1.0 / p["casework_adequacy"]


def initialise_contests(las: Records[AuthorityRecord], nation: Records[NationRecord], p: Parameters) -> None:
    """Let contests, what families believe of them, and hearings be those of 2014."""
    las["wins_smoothed"] = WINS_A_THOUSAND * las["contest_level"]
    las["contest_belief"] = las["wins_smoothed"] / (las["wins_smoothed"] + p["wins_half_belief"])
    nation["severity_threshold_start"] = p["severity_threshold"]
    nation["hearings_capacity"] = nation["appeals_smoothed"] = p["appeals_2014"] / MONTHS_PER_YEAR
    nation["tribunal_wait_months"] = p["dur_tribunal_minimum_months"] + TRIBUNAL_WAIT_MONTHS


def initialise_signals(las: Records[AuthorityRecord]) -> None:
    """Let signals that are ratios to September 2014 begin at 1, and specialist demand overflow."""
    las["overflow"] = OVERFLOW
    for name in ("support_hours", "inclusion_budget", "drain", "stock"):
        for suffix in ("", "_start", "_carried"):
            las[name + suffix] = 1.0


def initialise_independent_sector(las: Records[AuthorityRecord], nation: Records[NationRecord], p: Parameters) -> None:
    """Let independent schools have the pupils they have, places for these, and the fees of 2014."""
    independent = float((las["weight"] * las["plans_in_setting"][:, Setting.INDEPENDENT_SPECIAL]).sum())
    nation["independent_pupils"] = nation["independent_pupils_start"] = max(independent, 1.0)
    nation["independent_places"] = max(independent, 1.0) / p["occupancy_reference"]
    nation["independent_market_gbp"] = nation["independent_price_gbp"] = p["cost_independent_gbp_2014"]


def fill_pipelines(w: World, p: Parameters, months_before: int) -> None:
    """Put psychologists in training, and special places that are being built, into the months in which they come."""
    slots = np.arange(int(p["dur_training_months"]))
    w.training[(slots - months_before) % w.training.size] = p["psychologist_trainees"] / MONTHS_PER_YEAR
    for k in range(int(p["dur_place_building_months"])):
        opening = (k - months_before) % w.place_pipeline.shape[1]
        w.place_pipeline[:, opening] = w.authorities["special_places"] * PLACE_GROWTH / MONTHS_PER_YEAR


def caseworkers_for_arrivals(las: Records[AuthorityRecord], p: Parameters) -> NDArray[np.float64]:
    """Return the caseworkers that an authority aims at for the cases that arrive (see `casework_hours_needed`)."""
    decisions = las["requests_arriving"] + las["reassessments_arriving"]
    needed = decisions * p["hours_decision"] + las["drafts_arriving"] * p["hours_draft"]
    return np.asarray(p["casework_adequacy"] * needed * MONTHS_PER_YEAR / p["hours_caseworker"])


def _local_share(las: Records[AuthorityRecord], amount: float) -> NDArray[np.float64]:
    """Return what an amount for England comes to in the simulated part of each authority (see `local_share`)."""
    return np.asarray(amount * las["settlement_share"] * las["share_simulated"])


def _shares(las: Records[AuthorityRecord], nation: Records[NationRecord]) -> NDArray[np.float64]:
    """Return each authority's share of England's psychologists, which stands for its share of children."""
    per_head = las["psychologists_start"] / np.maximum(las["share_simulated"], LEAST_SHARE)
    return np.asarray(per_head / np.maximum(nation["psychologists_start"], LEAST_SHARE))
