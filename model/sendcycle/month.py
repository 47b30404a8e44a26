"""The month in order: the verbs of the model, compiled into one sweep over the authorities.

No verb reads another authority. What is national comes before the sweep (the settlement, fees, the tribunal's list) or
after it (what follows the sums of all authorities), see `SendModel._run_month`.
"""

from sendcycle.calendar import BURN_IN_MONTHS
from sendcycle.engine.compilation import rule
from sendcycle.rules.appeals import families_contest, tribunal_decides, tribunal_lists_hearings
from sendcycle.rules.assessment import authorities_assess
from sendcycle.rules.census import children_receive_support
from sendcycle.rules.confidence import areas_learn_from_contests, school_reputations_change
from sendcycle.rules.exclusion import schools_exclude_and_families_withdraw
from sendcycle.rules.local_practice import local_practice_drifts
from sendcycle.rules.money import authorities_set_budgets, authorities_spend, government_sets_settlement
from sendcycle.rules.national_capacity import independent_prices_change, national_capacity_changes
from sendcycle.rules.needs import closures_deepen_needs, schools_identify_needs
from sendcycle.rules.placement import authorities_place_children
from sendcycle.rules.places import authorities_build_places
from sendcycle.rules.reporting import report_authorities, report_children
from sendcycle.rules.requests import families_request
from sendcycle.rules.school_capacity import schools_build_skill
from sendcycle.rules.signals import (
    carry_authority_signals,
    carry_national_signals,
    measure_authority_signals,
    norm_and_gatekeeping_change,
)
from sendcycle.rules.support import schools_allocate_support
from sendcycle.rules.transitions import children_change_phase
from sendcycle.rules.workforce import workforce_changes
from sendcycle.rules.workload import authorities_allocate_hours, case_flows_change
from sendcycle.state.world import Inputs, Part, World


@rule
def month_opens(w: World, inputs: Inputs, t: int) -> None:
    """Set the nation's settlement and fees, and list the appeals to be heard, before any authority acts."""
    p, d = inputs.parameters[t + BURN_IN_MONTHS], inputs.drivers[t + BURN_IN_MONTHS]
    government_sets_settlement(w, p, d, t)
    independent_prices_change(w, p, d, t)
    tribunal_lists_hearings(w, p, t)


@rule
def authorities_act(w: World, inputs: Inputs, part: Part, t: int) -> None:
    """Take one authority after another through the month, so that its children stay in the processor's cache."""
    p, d = inputs.parameters[t + BURN_IN_MONTHS], inputs.drivers[t + BURN_IN_MONTHS]
    for k in range(part.shape[0]):
        one = part[k : k + 1]
        authorities_set_budgets(w, p, d, one, t)  # in April
        local_practice_drifts(w, p, d, one, t)  # in September
        children_change_phase(w, p, d, one, t)  # cohorts enter, transfer and leave
        closures_deepen_needs(w, p, d, one, t)
        schools_identify_needs(w, p, d, one, t)  # needs emerge and are identified
        families_request(w, p, d, one, t)  # families ask, schools back them
        authorities_allocate_hours(w, p, d, one, t)
        authorities_assess(w, p, d, one, t)  # authorities decide, assess and issue, as hours allow
        families_contest(w, p, d, one, t)  # families contest, authorities settle
        tribunal_decides(w, p, d, one, t)
        authorities_place_children(w, p, d, one, t)  # children are placed where there are places
        schools_exclude_and_families_withdraw(w, p, d, one, t)
        authorities_spend(w, p, d, one, t)  # budgets settle
        schools_allocate_support(w, p, d, one, t)  # schools support with what they have
        children_receive_support(w, p, d, one, t)  # and families learn from it
        school_reputations_change(w, p, d, one, t)
        areas_learn_from_contests(w, p, d, one, t)
        case_flows_change(w, p, d, one, t)  # capacity follows money, workload and time
        workforce_changes(w, p, d, one, t)
        schools_build_skill(w, p, d, one, t)
        authorities_build_places(w, p, d, one, t)
        report_children(w, p, d, one, t)  # for observables: no rule reads what is reported
        report_authorities(w, p, d, one, t)


@rule
def month_closes(w: World, inputs: Inputs, everywhere: Part, t: int) -> None:
    """Let the nation follow what its authorities did, and the loops carry all of it into the next month."""
    p, d = inputs.parameters[t + BURN_IN_MONTHS], inputs.drivers[t + BURN_IN_MONTHS]
    national_capacity_changes(w, p, d, t)
    norm_and_gatekeeping_change(w, p, d, everywhere, t)
    measure_authority_signals(w, p, d, everywhere, t)
    carry_authority_signals(w, p, everywhere)
    carry_national_signals(w, p)
