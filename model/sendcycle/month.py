"""The month in order: the verbs of the model, compiled into one sweep over the authorities.

No verb reads another authority. What is national, the tribunal's listing and what follows the sums of all authorities,
comes before and after the sweep (`SendModel.step`).
"""

from sendcycle.calendar import BURN_IN_MONTHS
from sendcycle.rules.appeals import families_contest, tribunal_decides, tribunal_lists_hearings
from sendcycle.rules.assessment import authorities_assess, hours_are_shared_out, work_arrives
from sendcycle.rules.capacity import (
    independent_prices_follow_inflation,
    nation_follows,
    places_are_built,
    schools_build_skill,
    workforce_follows,
)
from sendcycle.rules.census import children_are_supported_and_counted
from sendcycle.rules.confidence import area_learns, reputations_follow
from sendcycle.rules.local_practice import practice_drifts
from sendcycle.rules.money import budgets_are_set, budgets_are_spent, government_settles
from sendcycle.rules.needs import closures_leave_marks, needs_are_identified
from sendcycle.rules.placement import children_are_excluded_or_withdrawn, children_are_placed, children_change_phase
from sendcycle.rules.reporting import authorities_are_reported, children_are_reported
from sendcycle.rules.requests import families_request
from sendcycle.rules.signals import (
    authority_signals_are_carried,
    authority_signals_are_measured,
    nation_signals_are_carried,
    norm_and_gatekeeping_follow,
)
from sendcycle.rules.support import schools_spread_support
from sendcycle.state.world import Given, Part, World, rule


@rule
def month_opens(w: World, given: Given, t: int) -> None:
    """Before any authority acts the nation settles its money, and the tribunal says which appeals are heard."""
    p, d = given.parameters[t + BURN_IN_MONTHS], given.drivers[t + BURN_IN_MONTHS]
    government_settles(w, p, d, t)
    independent_prices_follow_inflation(w, p, d, t)
    tribunal_lists_hearings(w, p, t)


@rule
def authorities_live(w: World, given: Given, part: Part, t: int) -> None:
    """Take one authority after another through the month, so that its children stay in the processor's cache."""
    p, d = given.parameters[t + BURN_IN_MONTHS], given.drivers[t + BURN_IN_MONTHS]
    for k in range(part.shape[0]):
        one = part[k : k + 1]
        budgets_are_set(w, p, d, one, t)
        practice_drifts(w, p, d, one, t)
        children_change_phase(w, p, d, one, t)  # cohorts enter, transfer and leave
        closures_leave_marks(w, p, d, one, t)
        needs_are_identified(w, p, d, one, t)  # needs emerge and are identified
        families_request(w, p, d, one, t)  # families ask, schools back them
        hours_are_shared_out(w, p, d, one, t)
        authorities_assess(w, p, d, one, t)  # authorities decide, assess and issue, as hours allow
        families_contest(w, p, d, one, t)  # families contest, authorities settle
        tribunal_decides(w, p, d, one, t)
        children_are_placed(w, p, d, one, t)  # children are placed where there are places
        children_are_excluded_or_withdrawn(w, p, d, one, t)
        budgets_are_spent(w, p, d, one, t)  # budgets settle
        schools_spread_support(w, p, d, one, t)  # schools support with what they have
        children_are_supported_and_counted(w, p, d, one, t)  # and families learn from it
        reputations_follow(w, p, d, one, t)
        area_learns(w, p, d, one, t)
        work_arrives(w, p, d, one, t)  # capacity follows money, workload and time
        workforce_follows(w, p, d, one, t)
        schools_build_skill(w, p, d, one, t)
        places_are_built(w, p, d, one, t)
        children_are_reported(w, p, d, one, t)
        authorities_are_reported(w, p, d, one, t)


@rule
def month_closes(w: World, given: Given, everywhere: Part, t: int) -> None:
    """The nation follows what its authorities did, and the loops carry all of it into the next month."""
    p, d = given.parameters[t + BURN_IN_MONTHS], given.drivers[t + BURN_IN_MONTHS]
    nation_follows(w, p, d, t)
    norm_and_gatekeeping_follow(w, p, d, everywhere, t)
    authority_signals_are_measured(w, p, d, everywhere, t)
    authority_signals_are_carried(w, p, everywhere)
    nation_signals_are_carried(w, p)
