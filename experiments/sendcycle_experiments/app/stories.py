"""One child's story: what happened to it month by month, from a run of the same world on the same draws."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sendcycle import SendModel
from sendcycle.calendar import month_label
from sendcycle.state.children import Appeal, Case, Need, SenStatus, Setting

SETTINGS = {
    Setting.EARLY_YEARS: "early years",
    Setting.MAINSTREAM: "a mainstream school",
    Setting.UNIT: "a unit in a mainstream school",
    Setting.STATE_SPECIAL: "a state special school",
    Setting.INDEPENDENT_SPECIAL: "an independent special school",
    Setting.ALTERNATIVE: "alternative provision",
    Setting.POST_16: "further education",
    Setting.HOME: "home education",
    Setting.ELSEWHERE: "no school place",
    Setting.LEFT: "no education",
}
LABELS = {SenStatus.NONE: "no label", SenStatus.SEN_SUPPORT: "on SEN support", SenStatus.PLAN: "with a plan"}
CASES = {
    Case.DECIDING: "an EHC needs assessment is requested",
    Case.ASSESSING: "the assessment is agreed and waits for advice",
    Case.DRAFTING: "the plan waits to be written",
    Case.MEDIATING: "the family goes to mediation",
    Case.APPEALING: "the family appeals to the tribunal",
}
CONTESTED = {
    Appeal.REFUSAL_TO_ASSESS: "the refusal to assess",
    Appeal.REFUSAL_TO_ISSUE: "the refusal to issue a plan",
    Appeal.CONTENTS: "what the plan says",
}
NEEDS = {
    Need.AUTISM: "autism",
    Need.SEMH: "social, emotional and mental health",
    Need.SLCN: "speech, language and communication",
    Need.LEARNING: "a moderate or specific learning difficulty",
    Need.PROFOUND: "a severe or profound learning difficulty",
    Need.PHYSICAL: "a physical or sensory need",
}


@dataclass(frozen=True)
class Story:
    """A child's life in the model.

    Attributes
    ----------
    who
        In a sentence: need, birth, family, place.
    events
        Columns `month` (YYYY-MM), `age` (years) and `event`, in order.
    months
        A row a month: `met`, `unmet` and `confidence`, 0 to 1, from the month the need shows.
    """

    who: str
    events: pd.DataFrame
    months: pd.DataFrame


def story(of: SendModel, row: int) -> Story:
    """Return the story of the child in a row of a model, as far as the model has come, run again in another.

    Raises
    ------
    IndexError
        If there is no such row.
    """
    again: dict[str, Any] = {"seed": of.world.seed, "scale": of.scale, "n_months": of.n_months}
    with closing(SendModel(of.parameters, of.reform_scenario, **again)) as model:
        c = model.world.children
        if not 0 <= row < len(c.key):
            raise IndexError(f"there is no child {row}: rows go from 0 to {len(c.key) - 1}.")
        born, shows = int(c.born[row]), int(c.born[row] + c.onset[row])
        events, months = [], []

        def state() -> tuple[int, int, int, int, int]:
            return (
                int(c.sen_status[row]),
                int(c.setting[row]),
                int(c.case[row]),
                int(c.school[row]),
                int(c.appeal[row]),
            )

        before = state()
        for t in range(max(of.t, 0)):
            model.step()
            if t == 0 and shows < 0:
                events.append(
                    (t, f"at the beginning: {LABELS[SenStatus(before[0])]}, in {SETTINGS[Setting(before[1])]}")
                )
            if t == shows:
                events.append((t, f"the need shows: {NEEDS[Need(int(c.need[row]))]}"))
            now = state()
            events += [(t, words) for words in _changes(before, now, t)]
            before = now
            if t >= shows and now[1] != Setting.LEFT:
                months.append((t, float(c.met[row]), float(c.unmet[row]), float(c.confidence[row])))
        authority = model.authorities[int(model.world.schools["authority"][_any_school(model, row)])].name
        family = "with free school meals" if c.disadvantaged[row] else "without free school meals"
        who = (
            f"A child with {NEEDS[Need(int(c.need[row]))]}, born {_month_of(born)}, {family}, in {authority}; "
            f"meeting the need costs about £{1000.0 * float(c.base_need_gbp_k[row]):,.0f} a year at prices of 2014-15."
        )
    dated = pd.DataFrame(events, columns=["t", "event"])
    dated.insert(0, "month", [month_label(t) for t in dated["t"]])
    dated.insert(1, "age", (dated["t"] - born) // 12)
    table = pd.DataFrame(months, columns=["t", "met", "unmet", "confidence"])
    table.insert(0, "month", [month_label(int(t)) for t in table["t"]])
    return Story(who, dated.drop(columns="t"), table.drop(columns="t"))


def _moved(setting: Setting) -> str:
    """Return in words that a child has come into a setting."""
    if setting == Setting.LEFT:
        return "leaves education"
    return f"{'has' if setting == Setting.ELSEWHERE else 'is now in'} {SETTINGS[setting]}"


def _changes(before: tuple[int, ...], now: tuple[int, ...], t: int) -> list[str]:
    """Return in words what has changed between two months."""
    words = []
    if now[0] != before[0]:
        if now[0] == SenStatus.PLAN:
            words.append("an EHC plan is issued")
        elif before[0] == SenStatus.PLAN:
            words.append("the plan ceases")
        else:
            words.append("goes on SEN support" if now[0] == SenStatus.SEN_SUPPORT else "comes off SEN support")
    if now[2] != before[2]:
        if now[2] == Case.NONE:
            words += ["the case ends"] if now[0] == before[0] else []
        else:
            about = CONTESTED.get(Appeal(now[4]), "")
            words.append(CASES[Case(now[2])] + (f" over {about}" if about and now[2] >= Case.MEDIATING else ""))
    if now[1] != before[1]:
        words.append(_moved(Setting(now[1])))
    elif now[3] != before[3] and now[3] >= 0:
        words.append("goes on to another school")
    return words


def _any_school(model: SendModel, row: int) -> int:
    """Return a school of the child's neighbourhood."""
    return int(model.world.cluster_schools[int(model.world.children.cluster[row])])


def _month_of(born: int) -> str:
    """Return the month of birth as YYYY-MM, which may lie before the run."""
    year, month = divmod(2014 * 12 + 8 + born, 12)
    return f"{year}-{month + 1:02d}"


def telling_children(model: SendModel, n: int = 30) -> dict[int, str]:
    """Return rows of children whose story has much in it, spread over the sample, and each child in a few words.

    Half of them are in the statutory pipeline now, as far as there are so many, the others have a plan.
    """
    c = model.world.children
    cases, plans = (np.asarray(column) for column in (c.case, c.sen_status))
    issued = (plans == SenStatus.PLAN) & (cases == Case.NONE)
    new = issued & (np.asarray(c.planned) > 0)  # since September 2014
    waiting, settled = np.flatnonzero(cases != Case.NONE), np.flatnonzero(new if new.any() else issued)
    rows = sorted({*_spread(waiting, n // 2), *_spread(settled, n - n // 2)})
    return {row: _in_short(model, row) for row in rows}


def _spread(rows: NDArray[np.int64], n: int) -> list[int]:
    """Return at most n of the rows, evenly spread."""
    return [int(row) for row in rows[:: max(len(rows) // max(n, 1), 1)][:n]]


def _in_short(model: SendModel, row: int) -> str:
    child = model.child(row)
    state = "waits" if child.case != Case.NONE else "has a plan"
    return (
        f"{row}: {NEEDS[child.need]}, aged {int(child.age_years)}, {state}, {SETTINGS.get(child.setting, 'has left')}"
    )
