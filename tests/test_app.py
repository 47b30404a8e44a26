"""The window: what is drawn is what the model recorded, and a child's story is that of its columns."""

import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sendcycle import NO_CHANGE, Parameters, Scenario, SendModel, simulate
from sendcycle.calendar import N_MONTHS, month_index, month_label
from sendcycle.errors import DateError, ScenarioError, SendcycleError
from sendcycle.inputs.parameters import declared as parameters_declared
from sendcycle.outputs.observables import declared
from sendcycle.state.children import Case, SenStatus, Setting
from sendcycle.structure.causal_map import causal_map
from sendcycle_experiments.app import charts
from sendcycle_experiments.app.choices import FIRST, Choices, ensemble
from sendcycle_experiments.app.drafts import Draft
from sendcycle_experiments.app.inputs import STEPS, off_slider, on_slider
from sendcycle_experiments.app.loops import loop_strengths
from sendcycle_experiments.app.stories import story, telling_children
from sendcycle_experiments.app.watched_model import WatchedModel
from sendcycle_experiments.figures.panels import PANELS
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.scenario_files import named_scenarios, read_scenario

SCALE, UNTIL = 0.004, "2017-03"
EARLY = Scenario("early", (library()["outreach_teams"].reform("2016-01", "2015-09"),))


def test_a_watched_model_shows_what_a_run_records() -> None:
    values = {"rate_family_request": 0.004}
    with closing(WatchedModel(values, EARLY, NO_CHANGE, seed=4, scale=SCALE, until=UNTIL)) as watched:
        while watched.running:
            watched.step()
        watched.step()  # nothing more happens
        assert watched.month == UNTIL
        assert tuple(watched.runs) == ("early", "no_change")
        names = ["plans_in_force", "requests", "within_20_weeks", "support_hours_per_child"]
        for life, scenario in zip(watched.runs.values(), (EARLY, NO_CHANGE), strict=True):
            result = simulate(Parameters(**values), scenario, seed=4, scale=SCALE, until=UNTIL)
            assert life.series(names).equals(result.national[names])
            yearly = result.yearly()
            lines = life.lines(names)
            at_end_of_2016 = lines["requests"].index[-4]  # the twelve months to December, in their middle
            assert at_end_of_2016 == pytest.approx(2016.5)
            for name in ("requests", "within_20_weeks"):
                assert lines[name].iloc[-4] == pytest.approx(yearly.loc[2016, name])
            assert lines["plans_in_force"].index[-1] == pytest.approx(2017 + 3 / 12)
            last = result.authorities[result.authorities["month"] > "2016-03-15"].groupby("la_code")["new_plans"].sum()
            las = life.model.world.authorities
            part = pd.Series(las["weight"] * las["share_simulated"], index=[*watched.authorities])
            local = life.by_authority("new_plans")
            np.testing.assert_allclose(local * part, last.reindex(local.index), rtol=1e-9)
            share = life.by_authority("within_20_weeks")
            assert share.dropna().between(0.0, 100.0).all()
            code = str(local.index[0])
            there = result.schools
            there = there[(there["la_code"] == code) & (there["month"] == "2017-01")]
            assert life.schools(code)["pupils_with_plan"].tolist() == there["pupils_with_plan"].tolist()
        ours, theirs = (life.series(names) for life in watched.runs.values())
        assert ours.loc[:"2015-08"].equals(theirs.loc[:"2015-08"])
        assert not ours.loc["2016-06":].equals(theirs.loc["2016-06":])


def test_the_page_starts_from_the_declared_values_and_says_so() -> None:
    assert Choices().values() == {}
    assert Choices().numbers == f"parameters: {Parameters().in_words()}"
    member = Choices(base="member 3", changed={"gain_r1_crowding_out": 0.5})
    assert member.values() == {**ensemble().values(3), "gain_r1_crowding_out": 0.5}
    assert member.numbers == f"parameters: member 3 of {ensemble().name}; changed: gain_r1_crowding_out = 0.5"


def test_before_its_first_month_nothing_is_shown() -> None:
    with closing(WatchedModel(scale=SCALE, until=UNTIL)) as watched:
        assert len(watched.main.series(["requests"])) == 0
        assert not len(watched.main.lines(["requests", "plans_in_force"])["plans_in_force"])
        assert watched.main.by_authority("requests").isna().all()
        assert watched.main.schools(next(iter(watched.authorities))).empty
        assert watched.beside is None
        assert watched.month == "2014-08"


def test_closing_a_watched_model_stops_it() -> None:
    watched = WatchedModel(scale=SCALE, until=UNTIL)
    watched.step()
    watched.close()
    watched.step()
    assert not watched.running
    watched.close()


def test_loop_strength_is_the_share_of_requests_lost_without_the_loop() -> None:
    with closing(SendModel(scale=SCALE, seed=1, n_months=40)) as model:
        for _ in range(30):
            model.step()
        before = model.world.authorities["balance_pence"].copy()
        found = loop_strengths(model, months=24).set_index("loop")  # ten months are left
        assert np.array_equal(model.world.authorities["balance_pence"], before)
        assert model.t == 30
        assert list(found.index) == [*causal_map().loops]
        assert found.loc["R7", "polarity"] == "reinforcing"
        assert found.loc["B1", "polarity"] == "balancing"
        cut = model.copy()
        cut.inputs.parameters["gain_r7_confidence"][42:] = 0.0
        requests = {name: 0.0 for name in ("with", "without")}
        for _ in range(10):
            model.step()
            cut.step()
            for name, one in (("with", model), ("without", cut)):
                requests[name] += float(one.world.authorities["weight"] @ one.world.tallies["requests"])
        assert found.loc["R7", "requests"] == pytest.approx(1.0 - requests["without"] / requests["with"])
        assert found.loc["R7", "requests"] != 0.0
        assert loop_strengths(model).empty


def test_a_childs_story_agrees_with_the_columns() -> None:
    until = month_index(UNTIL) + 1
    with closing(SendModel(scale=SCALE, seed=2, n_months=until)) as model:
        for _ in model.months():
            pass
        c = model.world.children
        new = [i for i in telling_children(model, 400) if c.sen_status[i] == SenStatus.PLAN and c.planned[i] > 6]
        row = new[len(new) // 2]
        found = story(model, row)
        assert "an EHC plan is issued" in set(found.events["event"])
        issued = found.events.loc[found.events["event"] == "an EHC plan is issued", "month"].iloc[-1]
        assert month_index(issued) == c.planned[row]
        assert found.months["unmet"].iloc[-1] == pytest.approx(float(c.unmet[row]), abs=1e-6)
        assert found.events["month"].is_monotonic_increasing
        asked = [
            i for i, words in telling_children(model, 400).items() if c.case[i] == Case.DECIDING and "waits" in words
        ]
        waiting = story(model, asked[0])
        assert waiting.events["event"].iloc[-1] == "an EHC needs assessment is requested"
        with pytest.raises(IndexError, match="there is no child 99999999"):
            story(model, 99_999_999)


def test_a_childs_story_is_available_before_reforms_start() -> None:
    later = Scenario("later", (library()["outreach_teams"].reform("2016-09", "2016-01"),))
    with closing(SendModel(scenario=later, seed=0, scale=SCALE, n_months=30)) as model:
        for _ in range(8):
            model.step()
        c = model.world.children
        in_education = [row for row in telling_children(model, 400) if c.setting[row] != Setting.LEFT]
        assert c.born[in_education[0]] + c.onset[in_education[0]] < 0  # its need shows all the time
        found = story(model, in_education[0])
        assert len(found.events) > 1
        assert found.events["month"].max() <= "2015-04"
        assert found.months["month"].tolist() == [month_label(t) for t in range(8)]


def test_a_childs_story_follows_the_scenario_of_its_model() -> None:
    now = Scenario("now", (library()["outreach_teams"].reform("2014-10", "2014-09"),))
    with (
        closing(SendModel(scenario=now, seed=0, scale=SCALE, n_months=40)) as model,
        closing(SendModel(seed=0, scale=SCALE, n_months=40)) as without,
    ):
        for _ in range(36):
            model.step()
            without.step()
        met, other = np.asarray(model.world.children.met), np.asarray(without.world.children.met)
        rows = [row for row in telling_children(model, 400) if abs(met[row] - other[row]) > 1e-4]
        found = story(model, rows[0])
        assert found.months["met"].iloc[-1] == pytest.approx(met[rows[0]], abs=1e-6)
        assert story(without, rows[0]).months["met"].iloc[-1] == pytest.approx(other[rows[0]], abs=1e-6)


# ---------------------------------------------------------------------- what is drawn


def test_charts_draw_what_was_recorded_and_the_difference_of_two_runs() -> None:
    panel = next(panel for panel in PANELS if panel.title == "Requests and new plans")
    often = {"rate_family_request": 0.02}  # so that the scenarios differ in requests
    with closing(WatchedModel(often, EARLY, NO_CHANGE, seed=4, scale=SCALE, until="2017-08")) as watched:
        while watched.running:
            watched.step()
        ours, theirs = (life.lines(["requests"])["requests"] for life in watched.runs.values())
        drawn = {(s["name"], s["type"], s.get("lineStyle", {}).get("type")): s["data"]
                 for s in charts.england(panel, watched).option["series"]}  # fmt: skip
        main = drawn["requests for assessment", "line", "solid"]
        beside = drawn["requests for assessment", "line", "dashed"]
        assert [point[1] for point in main] == pytest.approx((ours / 1000).tolist(), rel=1e-4)
        assert [point[1] for point in beside] == pytest.approx((theirs / 1000).tolist(), rel=1e-4)
        assert main[0][0] == "2015-03-01"  # the twelve months to August 2015, in their middle
        published = drawn["requests for assessment", "scatter", None]
        assert published[-1] == ["2024-07-01", pytest.approx(154.489, rel=1e-4)]
        gap = charts.england(panel, watched, difference=True)
        (line,) = [s for s in gap.option["series"] if s["name"] == "requests for assessment"]
        assert [point[1] for point in line["data"]] == pytest.approx(((ours - theirs) / 1000).tolist(), abs=1e-4)
        assert any(point[1] != 0.0 for point in line["data"])
        assert re.search(r"requests for assessment [+-][0-9.e-]+ against no_change", gap.words)
        assert not [s for s in gap.option["series"] if s["type"] == "scatter"]


def test_the_map_has_153_tiles_and_values_for_sampled_authorities() -> None:
    places = charts.tiles()
    assert len(places) == 153
    assert not places.duplicated(["column", "row"]).any()
    observable = declared().observables["confidence"]
    some = places["la_code"].iloc[[3, 50]]
    drawn = charts.authorities_map(pd.Series([0.2, 0.6], index=some), observable, "2016-01", 17)
    others, known, _ = drawn.option["series"]
    assert len(others["data"]) == 151
    assert [(tile["name"], tile["value"][2]) for tile in known["data"]] == [
        (places["la_name"].iloc[3], 0.2), (places["la_name"].iloc[50], 0.6),
    ]  # fmt: skip
    assert "2 of 153 authorities" in drawn.words
    flow = charts.authorities_map(pd.Series([0.2, 0.6], index=some), declared().observables["within_20_weeks"], "m", 5)
    assert "last 5 months" in flow.option["title"]["subtext"]


def test_a_loop_without_a_value_is_left_out_of_the_chart() -> None:
    table = pd.DataFrame({"loop": ["R1", "R2"], "label": ["a", "b"], "polarity": ["reinforcing"] * 2,
                          "requests": [0.0123, np.nan]})  # fmt: skip
    drawn = charts.strengths_of(table, "requests", "2020-01", 36)
    assert [bar["value"] for bar in drawn.option["series"][0]["data"]] == [None, 1.2]
    assert "R1 +1.2" in drawn.words
    assert "R2" not in drawn.words
    json.dumps(drawn.option, allow_nan=False)


# ---------------------------------------------------------------------- what is chosen


def test_sliders_span_each_range_and_many_values_lie_between_steps() -> None:
    known = parameters_declared()
    values = {name: Choices().value(name) for name in known}
    off_grid = [n for n, v in values.items() if abs(off_slider(known[n], on_slider(known[n], v)) - v) > 1e-9]
    assert len(off_grid) > 100  # so the slider must not say what it shows
    for name, parameter in known.items():
        assert off_slider(parameter, 0) == pytest.approx(parameter.low, rel=1e-3)
        assert off_slider(parameter, STEPS) == pytest.approx(parameter.high, rel=1e-3)
        parameter.checked(off_slider(parameter, STEPS // 3)) if parameter.kind == "real" else None
        assert on_slider(parameter, values[name]) in range(STEPS + 1)


def test_choices_that_cannot_run_are_refused() -> None:
    first = Choices()
    for parts, said in (
        ({"until": "2027-08"}, "never starts"),
        ({"until": "2020-13"}, "not a month"),
        ({"draft": Draft.named("no_change"), "beside": "paper_sequence", "until": "2027-08"}, "never starts"),
        ({"changed": {"statutory_override": 0.0}}, "changes nothing"),
        ({"changed": {"escalation": 99.0}}, "out of range"),
    ):
        with pytest.raises(SendcycleError, match=said):
            replace(first, **parts)
    with closing(WatchedModel(**replace(first, scale="0.2 %", until="2031-08").arguments())) as watched:
        watched.step()
        assert tuple(watched.runs) == ("white_paper_2026", "no_change")


def test_the_page_starts_with_the_scenario_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "late.toml"
    path.write_text('name = "late"\n[[use]]\nreform = "workforce"\nstart = "2037-09"\n')
    monkeypatch.setenv(FIRST, str(path))
    assert Choices.at_first().draft.name == "late"
    assert Choices.at_first().until == "2040-08"
    monkeypatch.delenv(FIRST)
    assert Choices.at_first().until == "2035-08"


# ---------------------------------------------------------------------- scenarios in the making


def test_a_saved_draft_reads_back_as_the_same_scenario() -> None:
    for name in named_scenarios():
        draft = Draft.named(name)
        assert draft.scenario == read_scenario(name)
        again = Draft.of_text(draft.toml, Path("saved.toml"))
        assert again == draft


def test_moving_a_reform_moves_its_announcement_and_nothing_else() -> None:
    draft = Draft.named("paper_sequence")
    moved = draft.moved("plan_threshold", "2027-03")
    before, after = ({r.name: r for r in d.scenario.reforms} for d in (draft, moved))
    assert after["plan_threshold"].announced == "2026-08"  # seven months before, as it was
    assert min(change.start for change in after["plan_threshold"].changes) == "2027-03"
    assert {name for name in before if before[name] != after[name]} == {"plan_threshold"}
    assert moved.name == "my_paper_sequence"
    back = moved.moved("plan_threshold", "2030-09")
    assert back.scenario.reforms == draft.scenario.reforms
    assert "plan_threshold" not in {bar.name for bar in moved.without("plan_threshold").bars()}
    assert moved.without("plan_threshold").with_reform("plan_threshold").used["plan_threshold"] == {
        "reform": "plan_threshold"
    }
    bars = [bar.start for bar in moved.bars()]
    assert bars == sorted(bars)


def test_the_bar_of_a_temporary_reform_ends() -> None:
    bars = {bar.name: bar for bar in Draft.named("white_paper_2026").bars()}
    assert bars["deficit_grant"].end - bars["deficit_grant"].start == 1
    assert bars["plan_threshold"].end == N_MONTHS
    assert all(bar.announced <= bar.start <= bar.full <= bar.end for bar in bars.values())


def test_a_changed_scenario_gets_a_name_of_its_own() -> None:
    text = Draft.named("paper_sequence").toml
    assert Draft.of_text(text, Path("same.toml")).name == "paper_sequence"
    other = text.replace("2030-09", "2031-09")
    assert Draft.of_text(other, Path("other.toml")).name == "my_paper_sequence"


def test_drafts_that_cannot_run_are_refused() -> None:
    draft = Draft.named("paper_sequence")
    with pytest.raises(DateError, match="2041-01 lies outside the run"):
        draft.moved("plan_threshold", "2041-01")
    with pytest.raises(ScenarioError, match="holds reform 'workforce' twice"):
        draft.with_reform("workforce")
    with pytest.raises(ScenarioError, match="'reversed' is a scenario of the project"):
        draft.renamed("reversed")
    with pytest.raises(ScenarioError, match="needs a name"):
        draft.renamed(" ")
    with pytest.raises(ScenarioError, match="at most 3"):
        draft.sized("workforce", 4.0)
    with pytest.raises(ScenarioError, match=r"mine\.toml, line 3: unknown reform 'wrkforce'"):
        Draft.of_text('name = "mine"\n[[use]]\nreform = "wrkforce"\n', Path("mine.toml"))
    assert draft.sized("workforce", 0.5).used["workforce"]["size"] == 0.5
    assert "size" not in draft.sized("workforce", 0.5).sized("workforce", 1.0).used["workforce"]
