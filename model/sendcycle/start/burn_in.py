"""The opening of a run: the year before September 2014, that month's accounts, and the signals taken as reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sendcycle.calendar import BURN_IN_MONTHS
from sendcycle.inputs.parameters import Parameters
from sendcycle.rules.census import children_receive_support
from sendcycle.rules.confidence import school_reputations_change
from sendcycle.rules.signals import (
    LOWEST_STATUTORY_SHARE,
    carry_authority_signals,
    carry_national_signals,
    measure_authority_signals,
)
from sendcycle.rules.support import schools_allocate_support
from sendcycle.rules.transitions import list_over_16s_in_education
from sendcycle.start import initial_state
from sendcycle.start.population import Filling, Sample, fill
from sendcycle.state.records import LOOP_SIGNALS
from sendcycle.state.world import World
from sendcycle.units import PENCE_PER_GBP, PER_CENT

if TYPE_CHECKING:
    from sendcycle.send_model import SendModel

SCHOOLS_GRANT_2020_GBP = 47.4e9  # dedicated schools grant, all blocks, 2020-21 (other_series.csv)
REPUTATION_START = 0.5  # of every school, 0 to 1; an assumption
SETTLING_ROUNDS = 3  # rounds after which need met, unmet need and severity no longer move (an assumption)
LEAST_EARLY_HOURS = 1e-9  # a month; the reference by which a signal is divided stays above 0


def open_run(model: SendModel, filling: Filling) -> None:
    """Fill the world, run the year before September 2014, and take that month's signals as reference."""
    fill_world(model, filling)
    settle_support(model)
    take_reference_signals(model)
    while model.t < 0:
        model._advance_month()
        take_reference_signals(model)
    open_accounts(model.world, model.sample, model.parameters)
    take_reference_signals(model)


def fill_world(model: SendModel, filling: Filling) -> None:
    """Give children their properties, plans, SEN support and places, and the system its staff and budgets."""
    w, p, t = model.world, model.parameters, model.t
    model.run_in_parts(lambda part: fill(w, model.p, part, filling))
    model.run_in_parts(lambda part: initial_state.assign_initial_schools(w, model.p, part, t))
    w.schools["reputation"] = w.schools["carried_reputation"] = w.schools["reputation_start"] = REPUTATION_START
    model._enrol_pupils()
    initial_state.assign_initial_sen_status(w, model.sample, p, t)
    initial_state.assign_initial_settings(w, model.sample, p, t)
    model.run_in_parts(lambda part: initial_state.name_initial_provision(w, model.p, part, t))
    model.run_in_parts(lambda part: list_over_16s_in_education(w, part, t))
    model._each(children_receive_support)
    settlement = float(model.inputs.drivers[0].settlement_gbp)
    initial_state.initialise_staff_and_budgets(w, p, settlement, BURN_IN_MONTHS)


def settle_support(model: SendModel) -> None:
    """Let need met, remembered need and severity settle together, and reputations follow."""
    w = model.world
    for _ in range(SETTLING_ROUNDS):
        w.schools["carried_load_gbp_k"] = demand_gbp_k_per_pupil(w)
        model._each(schools_allocate_support)
        model._each(children_receive_support)
        model.run_in_parts(lambda part: initial_state.initialise_unmet_need(w, model.p, part, model.t))
    model._each(children_receive_support)
    model._each(school_reputations_change)


def demand_gbp_k_per_pupil(w: World) -> NDArray[np.float64]:
    """Return what each school must pay for a pupil on its roll, thousand pounds a year."""
    return np.asarray(w.schools["demand_gbp_k"] / np.maximum(w.schools["pupils"], 1.0))


def open_accounts(w: World, sample: Sample, p: Parameters) -> None:
    """In September 2014 staff casework for the work there is, and open the accounts with each authority's reserves.

    Nobody has been strict yet for want of money: the burn-in's own balance means nothing.
    """
    las = w.authorities
    las["gatekeeping"] = 0.0
    las["caseworkers"] = initial_state.caseworkers_for_arrivals(las, p)
    for stage in ("requests", "assessments", "drafts"):
        las[f"{stage}_backlog"] = 0.0
    for stage in ("decision", "psychologist", "draft"):
        las[f"wait_{stage}"] = 0.0
    block = las["settlement_share"] * las["share_simulated"]
    deficit = sample.rows["deficit_pct_of_dsg_2020"].to_numpy() / PER_CENT
    deficit = deficit - np.average(deficit, weights=las["settlement_share"])
    balance_gbp = block * (p["balance_2014_gbp"] - p["share_balance_known"] * deficit * SCHOOLS_GRANT_2020_GBP)
    las["balance_pence"] = np.round(PENCE_PER_GBP * balance_gbp).astype(np.int64)


def take_reference_signals(model: SendModel) -> None:
    """Take the present signals of the loops as those of September 2014, from which loops measure change."""
    w = model.world
    las, nation, schools = (records.view(np.ndarray) for records in (w.authorities, w.nation, w.schools))
    children = np.maximum(las["sen_support"], 1.0)
    las["hours_per_child_start"] = np.maximum(las["early_hours"], LEAST_EARLY_HOURS) / children
    las["support_gbp_per_child_start"] = las["support_budget_gbp"] / children
    las["plans_2014"] = np.maximum(las["plans"], 1.0)
    las["statutory_share_start"] = np.maximum(las["statutory_share"], LOWEST_STATUTORY_SHARE)
    nation["independent_pupils_start"] = np.maximum(nation["independent_pupils"], 1.0)
    las["topup_index"] = 1.0
    model._each(measure_authority_signals)
    for name in LOOP_SIGNALS:
        las[f"{name}_start"] = las[name]
    nation["overspend_start"] = nation["overspend"]
    nation["shortage_start"] = nation["shortage"]
    schools["reputation_start"] = schools["reputation"]
    schools["incentive_start"] = schools["incentive"]
    schools["relative_load_start"] = schools["relative_load"]
    schools["load_gbp_k_start"] = demand_gbp_k_per_pupil(w)
    carry_authority_signals(w, model.p, model.everywhere)
    carry_national_signals(w, model.p)
