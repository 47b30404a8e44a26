"""The month in order: the verbs of the model, compiled into two sweeps over the authorities.

Each sweep takes one authority after another through all its verbs, so that its children stay in the processor's
cache; between the two the tribunal, which is national, lists its hearings. No verb reads another authority.
"""

from model.appeals import families_contest, tribunal_decides
from model.assessment import authorities_assess, hours_are_shared_out, work_arrives
from model.capacity import places_are_built, schools_build_skill, workforce_follows
from model.confidence import area_learns, pupils_are_counted, reputations_follow
from model.money import budgets_are_spent
from model.needs import needs_are_identified
from model.placement import children_are_excluded_or_withdrawn, children_are_placed, children_change_phase
from model.reports import authorities_are_reported, children_are_reported
from model.requests import cases_are_listed, families_request
from model.signals import authority_signals_are_carried, authority_signals_are_measured
from model.support import children_are_supported, schools_spread_support
from model.world import Part, Record, World, rule


@rule
def until_the_tribunal(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """Needs emerge, schools support, families request, authorities assess, families contest."""
    for k in range(part.shape[0]):
        one = part[k : k + 1]
        children_change_phase(w, p, d, one, t)  # cohorts enter, transfer and leave
        needs_are_identified(w, p, d, one, t)  # needs emerge and are identified
        schools_spread_support(w, p, d, one, t)  # schools support with what they have
        children_are_supported(w, p, d, one, t)  # and families learn from it
        families_request(w, p, d, one, t)  # families ask, schools back them
        cases_are_listed(w, p, d, one, t)
        hours_are_shared_out(w, p, d, one, t)
        authorities_assess(w, p, d, one, t)  # authorities decide, assess and issue, as hours allow
        families_contest(w, p, d, one, t)  # families contest, authorities settle


@rule
def from_the_tribunal(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """The tribunal decides, children are placed, budgets settle, confidence and capacity follow, loops carry on."""
    for k in range(part.shape[0]):
        one = part[k : k + 1]
        tribunal_decides(w, p, d, one, t)
        children_are_placed(w, p, d, one, t)  # children are placed where there are places
        children_are_excluded_or_withdrawn(w, p, d, one, t)
        budgets_are_spent(w, p, d, one, t)  # budgets settle
        pupils_are_counted(w, p, d, one, t)
        reputations_follow(w, p, d, one, t)  # confidence follows experience
        area_learns(w, p, d, one, t)
        work_arrives(w, p, d, one, t)  # capacity follows money, workload and time
        workforce_follows(w, p, d, one, t)
        schools_build_skill(w, p, d, one, t)
        places_are_built(w, p, d, one, t)
        children_are_reported(w, p, d, one, t)
        authorities_are_reported(w, p, d, one, t)


@rule
def loops_carry(w: World, p: Record, d: Record, part: Part, t: int) -> None:
    """What has happened becomes the signals of the next month, through the gain of each loop."""
    authority_signals_are_measured(w, p, d, part, t)
    authority_signals_are_carried(w, p, part)
