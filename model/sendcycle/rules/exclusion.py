"""Schools exclude, families withdraw to home education, and both groups come back."""

import numpy as np
from numpy.typing import NDArray

from sendcycle.ages import AFTER_4_MONTHS, AFTER_16_MONTHS
from sendcycle.engine.compilation import inlined, rule
from sendcycle.engine.randomness import Decision, draw, stream
from sendcycle.rules.moves import join_waiting_list, leave_waiting_list
from sendcycle.rules.requests import confidence_acted_on
from sendcycle.rules.rows import has_emerged, rows_drawn
from sendcycle.state.children import N_SETTINGS, Children, Need, SenStatus, Setting
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, SchoolRecord
from sendcycle.state.world import Part, World
from sendcycle.units import MONTHS_PER_YEAR

HIGHEST_LEAVING_RATE = (
    0.02  # a month, exclusion and withdrawal together: no child leaves mainstream faster; an assumption
)
COVERAGE_WITHOUT_EXCLUSION = 1.5  # of need, at which a school would exclude nobody; at 0.5 it does as the rate says


@inlined
def rate_of_exclusion(c: Children, i: int, school: SchoolRecord, p: ParameterRecord, open_share: float) -> float:
    """Return the monthly rate of exclusion: unmet need, in a school that cannot cover the need on its roll."""
    rate = p.rate_exclusion * open_share * c.unmet[i] * (COVERAGE_WITHOUT_EXCLUSION - school.coverage)
    rate *= p.factor_exclusion_semh if c.need[i] == Need.SEMH else 1.0
    rate *= 1.0 if school.secondary == 1 else p.factor_exclusion_primary
    return float(rate)


@inlined
def rate_of_withdrawal(c: Children, i: int, la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the monthly rate of withdrawal to home education: unmet need, and confidence lost."""
    lost = max(0.0, 1.0 - confidence_acted_on(c, i, la))
    return float(p.rate_home_education * lost * lost * c.unmet[i])


@inlined
def highest_rate_of_leaving(la: AuthorityRecord, p: ParameterRecord) -> float:
    """Return the rate that none exceeds: with no need met, in a secondary school, and with no confidence."""
    excluded = p.rate_exclusion * (COVERAGE_WITHOUT_EXCLUSION * p.factor_exclusion_semh)
    withdrawn = p.rate_home_education * (1.0 + abs(la.confidence_shift)) ** 2
    return min(HIGHEST_LEAVING_RATE, excluded + withdrawn)


@inlined
def highest_rates_by_setting(p: ParameterRecord) -> NDArray[np.float64]:
    """Return, by setting, the monthly rate of coming back to mainstream; that of leaving it differs by authority."""
    highest = np.zeros(N_SETTINGS)
    highest[Setting.ALTERNATIVE] = highest[Setting.ELSEWHERE] = p.rate_return_alternative
    highest[Setting.HOME] = p.rate_return_home
    return highest


@inlined
def exclude_child(w: World, a: int, i: int) -> None:
    """Move the child to alternative provision; with a plan it waits for a specialist place, else it is on support."""
    c = w.children
    w.tallies[a].exclusions += 1.0
    c.setting[i] = Setting.ALTERNATIVE
    if c.sen_status[i] == SenStatus.PLAN:
        join_waiting_list(w, a, i)
    else:
        c.sen_status[i] = SenStatus.SEN_SUPPORT


@inlined
def withdraw_child(w: World, a: int, i: int) -> None:
    """Let the family educate the child at home; it waits for a specialist place no longer."""
    leave_waiting_list(w, a, i)
    w.children.setting[i] = Setting.HOME
    w.tallies[a].home_educations += 1.0


@rule
def schools_exclude_and_families_withdraw(w: World, p: ParameterRecord, d: DriverRecord, part: Part, t: int) -> None:
    """Let schools exclude, families withdraw to home education, and both groups come back."""
    c = w.children
    changes = stream(w.seed, Decision.CHANGES_SETTING, t)
    highest = highest_rates_by_setting(p)
    open_share = 1.0 - d.closure
    for a in part:
        la = w.authorities[a]
        highest[Setting.MAINSTREAM] = highest_rate_of_leaving(la, p)
        for i in rows_drawn(w, a, t, AFTER_4_MONTHS + MONTHS_PER_YEAR, AFTER_16_MONTHS, changes, c.setting, highest):
            if c.setting[i] != Setting.MAINSTREAM:  # the draw lies below the rate of coming back
                c.setting[i] = Setting.MAINSTREAM
            elif has_emerged(c, i, t):
                u = draw(c.key[i], changes)
                excluded = rate_of_exclusion(c, i, w.schools[c.school[i]], p, open_share)
                if u < excluded:
                    exclude_child(w, a, i)
                elif u < excluded + rate_of_withdrawal(c, i, la, p):
                    withdraw_child(w, a, i)
