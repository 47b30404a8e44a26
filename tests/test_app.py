"""The window: what is drawn is what the model lived through, and a child's story is that of its columns."""

from contextlib import closing

import numpy as np
import pytest

from experiments.app.stories import story, telling_children
from experiments.app.watched import Watched
from experiments.reform_library import library
from model import NO_CHANGE, Parameters, Scenario, SendModel, simulate
from model.calendar import month_index
from model.children import Case, Label

SCALE, UNTIL = 0.004, "2017-03"
EARLY = Scenario("early", (library()["outreach_teams"].reform("2016-01", "2015-09"),))


def test_a_watched_model_shows_what_a_run_records() -> None:
    values = {"rate_family_request": 0.004}
    with closing(Watched(values, EARLY, NO_CHANGE, seed=4, scale=SCALE, until=UNTIL)) as watched:
        while watched.running:
            watched.step()
        watched.step()  # nothing more happens
        assert watched.t == month_index(UNTIL) + 1
        names = ["plans_in_force", "requests", "within_20_weeks", "support_hours_per_child"]
        assert watched.remembered is not None
        assert watched.beside is not None
        for remembered, scenario in ((watched.remembered, EARLY), (watched.beside, NO_CHANGE)):
            result = simulate(Parameters(**values), scenario, seed=4, scale=SCALE, until=UNTIL)
            shown = remembered.series(names)
            assert shown.equals(result.national[names])
            assert remembered.january is not None
            local = remembered.authorities("requests")
            last = result.authorities[result.authorities["month"] > "2016-03-15"].groupby("la_code")["requests"].sum()
            np.testing.assert_allclose(local.reindex(last.index), last)
        ours = watched.remembered.series(names)
        theirs = watched.beside.series(names)
        assert ours.loc[:"2015-12"].equals(theirs.loc[:"2015-12"])
        assert not ours.loc["2016-06":].equals(theirs.loc["2016-06":])


def test_before_its_first_month_nothing_is_shown() -> None:
    with closing(Watched(scale=SCALE, until=UNTIL)) as watched:
        assert watched.remembered is not None
        assert len(watched.remembered.series(["requests"])) == 0
        assert watched.remembered.authorities("requests").isna().all()
        assert watched.beside is None


def test_a_story_is_what_the_columns_went_through() -> None:
    until = month_index(UNTIL) + 1
    with closing(SendModel(scale=SCALE, seed=2, n_months=until)) as model:
        for _ in model.months():
            pass
        c = model.world.children
        new = [i for i in telling_children(model, 200) if c.label[i] == Label.PLAN and c.planned[i] > 6]
        row = new[len(new) // 2]
        told = story(model.parameters, NO_CHANGE, 2, SCALE, until, row)
        assert "an EHC plan is issued" in set(told.events["event"])
        issued = told.events.loc[told.events["event"] == "an EHC plan is issued", "month"].iloc[-1]
        assert month_index(issued) == c.planned[row]
        assert told.months["unmet"].iloc[-1] == pytest.approx(float(c.unmet[row]), abs=1e-6)
        assert told.events["month"].is_monotonic_increasing
        asked = [i for i in telling_children(model, 200) if c.case[i] == Case.REQUESTED]
        waiting = story(model.parameters, NO_CHANGE, 2, SCALE, until, asked[0])
        assert waiting.events["event"].iloc[-1] == "an EHC needs assessment is requested"
    with pytest.raises(IndexError, match="there is no child 99999999"):
        story(Parameters(), NO_CHANGE, 2, SCALE, 3, 99_999_999)
