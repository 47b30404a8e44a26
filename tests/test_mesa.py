"""SendModel is a Mesa model as Mesa users know it: it ends, collects, and runs in Mesa's own batches."""

import ast
import gc
import inspect
import pickle
import weakref
from contextlib import closing
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pytest

from sendcycle import (
    Child,
    Government,
    IndependentSector,
    LocalAuthority,
    Parameters,
    School,
    SendcycleError,
    SendModel,
    Tribunal,
    simulate,
)
from sendcycle.calendar import month_label
from sendcycle.errors import ParameterError, ScaleError, ScenarioError
from sendcycle.outputs.headlines import HEADLINES
from sendcycle.outputs.observables import declared

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, Any] = {"scale": 0.001, "threads": 1}


def test_run_model_runs_to_the_end_and_stops() -> None:
    model = SendModel(seed=0, n_months=5, **SMALL)
    assert model.running
    model.run_model()
    assert not model.running
    assert model.t == model.steps == 5


def test_running_ends_with_the_last_month_and_no_sooner() -> None:
    model = SendModel(seed=0, n_months=3, **SMALL)
    running = []
    for _ in model.months():
        running.append(model.running)
    assert running == [True, True, False]


def test_every_step_past_the_end_raises_one_line() -> None:
    model = SendModel(seed=0, n_months=2, **SMALL)
    model.run_model()
    plans = int(model.world.tallies["plans_in_force"].sum())
    for _ in range(3):
        with pytest.raises(SendcycleError, match=r"^the run has ended with 2014-10: .*n_months=2\.$"):
            model.step()
    assert model.t == model.steps == 2
    assert int(model.world.tallies["plans_in_force"].sum()) == plans


def test_burn_in_is_not_counted_by_mesa() -> None:
    model = SendModel(seed=0, n_months=2, **SMALL)
    assert model.steps == 0
    assert getattr(model, "time", 0) == 0  # Mesa 3.5 has a clock
    assert len(model.datacollector.get_model_vars_dataframe()) == 0


def test_datacollector_holds_a_row_a_month_equal_to_simulate() -> None:
    model = SendModel(seed=2, n_months=16, **SMALL)
    model.run_model()
    collected = model.datacollector.get_model_vars_dataframe()
    assert isinstance(model.datacollector, mesa.DataCollector)
    assert list(collected.columns) == list(HEADLINES)
    national = simulate(seed=2, scale=0.001, until="2015-12").national
    np.testing.assert_allclose(collected.to_numpy(), national[list(HEADLINES)].to_numpy(), rtol=1e-12)


def test_headlines_are_declared_observables_without_a_median() -> None:
    known = declared().observables
    assert {known[name].kind for name in HEADLINES} <= {"stock", "flow", "share", "mean"}


def test_nothing_is_collected_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SendModel(seed=0, n_months=2, collect=False, **SMALL)
    model.run_model()
    assert len(model.datacollector.get_model_vars_dataframe()) == 0
    monkeypatch.delattr(mesa.DataCollector, "collect")  # simulate() does not pay for it
    simulate(scale=0.001, until="2014-10")


def batch(parameters: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return mesa.batch_run(SendModel, parameters=SMALL | parameters, display_progress=False, **more)


@pytest.mark.filterwarnings("ignore:The `iterations` keyword:DeprecationWarning")
def test_iterations_of_batch_run_differ() -> None:
    rows = batch({"n_months": 6}, iterations=3)
    assert [row["iteration"] for row in rows] == [0, 1, 2]
    assert len({row["plans_in_force"] for row in rows}) == 3


def seeds(*values: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how seeds are handed to batch_run: as a parameter in Mesa 3.3, as `rng` in Mesa 3.5."""
    if "rng" in inspect.signature(mesa.batch_run).parameters:
        return {}, {"rng": list(values)}
    return {"seed": list(values)}, {}


def test_batch_run_keeps_the_last_month_of_each_seed() -> None:
    parameters, more = seeds(4, 5)
    rows = batch({"n_months": 8} | parameters, **more)
    assert [row["seed"] for row in rows] == [4, 5]
    for row in rows:
        last = simulate(seed=row["seed"], scale=0.001, until="2015-04").national.iloc[-1]
        np.testing.assert_allclose([row[name] for name in HEADLINES], last[list(HEADLINES)], rtol=1e-12)


def test_batch_run_gives_every_month_when_asked() -> None:
    parameters, more = seeds(1)
    rows = batch({"n_months": 5} | parameters, data_collection_period=1, **more)
    national = simulate(seed=1, scale=0.001, until="2015-01").national
    assert [row["requests"] for row in rows] == pytest.approx(national["requests"].tolist())


def test_batch_run_varies_single_parameters() -> None:
    parameters, more = seeds(1)
    rows = batch({"n_months": 6, "rate_family_request": [0.005, 0.02]} | parameters, **more)
    assert [row["rate_family_request"] for row in rows] == [0.005, 0.02]
    assert rows[0]["requests"] < rows[1]["requests"]


def test_single_parameters_replace_those_given() -> None:
    given = Parameters(rate_family_request=0.02, severity_threshold=7.0)
    with closing(SendModel(given, seed=0, n_months=1, rate_family_request=0.01, **SMALL)) as model:
        assert model.parameters == given.replace(rate_family_request=0.01)
    with pytest.raises(ParameterError, match="Did you mean 'rate_family_request'"):
        SendModel(seed=0, rate_family_requests=0.01)


@pytest.mark.parametrize(("name", "meant"), [("thread", "threads"), ("scenarios", "scenario"), ("month", "n_months")])
def test_a_misspelt_argument_names_the_one_that_is_meant(name: str, meant: str) -> None:
    with pytest.raises(ParameterError, match=f"unknown argument or parameter '{name}'. Did you mean '{meant}'"):
        SendModel(**{name: 1})


def test_a_generator_is_refused_by_naming_the_seed() -> None:
    with pytest.raises(ParameterError, match="SendModel takes no rng: use seed"):
        SendModel(rng=1)


def test_rows_of_the_collector_count_months_from_september_2014() -> None:
    model = SendModel(seed=2, n_months=5, **SMALL)
    model.run_model()
    collected = model.datacollector.get_model_vars_dataframe()
    assert [month_label(t) for t in collected.index] == ["2014-09", "2014-10", "2014-11", "2014-12", "2015-01"]


def test_batch_run_pairs_runs_of_the_same_seed() -> None:
    parameters, more = seeds(0, 1)
    rows = batch({"n_months": 3, "outreach_extra": [1.0, 1.5]} | parameters, **more)
    requests = {(row["seed"], row["outreach_extra"]): row["requests"] for row in rows}
    assert set(requests) == {(0, 1.0), (0, 1.5), (1, 1.0), (1, 1.5)}
    assert requests[0, 1.0] != requests[1, 1.0]


def test_without_a_seed_another_is_drawn_and_kept() -> None:
    first, second = (SendModel(n_months=1, **SMALL) for _ in range(2))
    assert first.seed != second.seed
    again = SendModel(seed=first.seed, n_months=1, **SMALL)
    assert again.world.children.confidence.tobytes() == first.world.children.confidence.tobytes()
    with pytest.raises(ScaleError, match="seed"):
        SendModel(seed=-1)


def test_agents_are_authorities_and_the_nations_four_kinds() -> None:
    model = SendModel(seed=0, n_months=1, **SMALL)
    kinds = {LocalAuthority, Tribunal, IndependentSector, Government}
    assert set(model.agents_by_type) == kinds
    assert list(model.agents_by_type[LocalAuthority]) == model.authorities
    assert len(model.agents) == len(model.authorities) + 3


def test_schools_become_agents_when_first_read_and_children_when_asked_for() -> None:
    model = SendModel(seed=0, n_months=1, **SMALL)
    assert School not in model.agents_by_type
    assert list(model.agents_by_type[School] if model.schools else ()) == model.schools
    assert len(model.schools) == len(model.world.schools)
    assert model.agents_by_type[School].get("pupils") == [float(n) for n in model.world.schools["pupils"]]
    child = model.child(10)
    assert child is model.child(10)
    assert list(model.agents_by_type[Child]) == [child]
    assert len({agent.unique_id for agent in model.agents}) == len(model.agents)


def test_a_copy_stands_where_its_model_stands() -> None:
    model = SendModel(seed=3, n_months=6, **SMALL)
    for _ in range(4):
        model.step()
    copied = model.copy()
    assert (copied.t, copied.steps, copied.running, copied.seed) == (4, 4, True, 3)
    assert getattr(copied, "time", None) == getattr(model, "time", None)
    copied.run_model()
    assert (model.t, copied.t, copied.steps, copied.running) == (4, 6, 6, False)
    model.run_model()
    ours, theirs = (each.datacollector.get_model_vars_dataframe() for each in (model, copied))
    assert ours.equals(theirs)
    assert len(ours) == 6
    assert not copied.copy().running


class Lottery(SendModel):
    """A user's model, which draws from Mesa's generators and keeps something of its own."""

    def step(self) -> None:
        super().step()
        self.drawn = [*getattr(self, "drawn", []), self.random.random(), float(self.rng.random())]


@pytest.mark.parametrize(("scale", "threads"), [(0.001, 1), (0.01, 2)])
def test_a_pickled_model_goes_on_as_the_model_does(scale: float, threads: int) -> None:
    model = Lottery(seed=3, n_months=4, scale=scale, threads=threads)
    assert (model._pool is not None) == (threads > 1)
    for _ in range(2):
        model.step()
    assert model.schools
    assert model.child(5)
    first = model.authorities[0]
    again, of_agent = pickle.loads(pickle.dumps(model)), pickle.loads(pickle.dumps(first)).model
    models = (model, again, of_agent, model.copy())
    for each in models:
        each.run_model()
        assert (each.t, each.steps, each.running, type(each)) == (4, 4, False, Lottery)
        assert each.world.children.confidence.tobytes() == model.world.children.confidence.tobytes()
        assert each.world.tallies.tobytes() == model.world.tallies.tobytes()
        assert each.datacollector.get_model_vars_dataframe().equals(model.datacollector.get_model_vars_dataframe())
        assert each.drawn == model.drawn
        assert (each._pool is not None) == (threads > 1)
        assert each.authorities[0].model is each
    for each in models:
        each.close()


@pytest.mark.parametrize(("scale", "threads"), [(0.001, 1), (0.01, 2)])
def test_a_model_is_let_go_without_close(scale: float, threads: int) -> None:
    model = SendModel(seed=0, n_months=1, scale=scale, threads=threads)
    assert (model._pool is not None) == (threads > 1)
    model.run_model()
    assert model.schools
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("folder", ["model", "experiments", "tests", "notebooks"])
def test_everything_of_ours_names_its_seed(folder: str) -> None:
    """A model without a seed is another England each time: right for Mesa's batches, wrong for a test or a study."""
    unseeded = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or path.name == Path(__file__).name:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "SendModel" and not {"seed", None} & {keyword.arg for keyword in node.keywords}:
                unseeded.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert unseeded == []


@pytest.mark.parametrize("seed", [True, 1.5, 1.0, "a", -1, 2**63])
def test_a_seed_that_is_no_whole_number_is_one_line(seed: Any) -> None:
    for start in (lambda: SendModel(seed=seed, scale=0.0005), lambda: simulate(seed=seed, scale=0.0005)):
        with pytest.raises(ScaleError, match="seed"):
            start()


def test_a_seed_of_numpy_is_a_seed() -> None:
    model = SendModel(seed=np.uint32(1), scale=0.0005, n_months=1)
    assert type(model.seed) is int
    model.close()


def test_things_that_are_no_parameters_or_scenario_are_one_line() -> None:
    for wrong in (0.002, {"gain_r1_crowding_out": 0}):
        with pytest.raises(ParameterError, match="must be a Parameters"):
            SendModel(wrong, seed=0)  # type: ignore[arg-type]
    for wrong in ("white_paper_2026", None):
        with pytest.raises(ScenarioError, match="must be a Scenario"):
            simulate(scenario=wrong)  # type: ignore[arg-type]


def test_writing_a_field_of_an_agent_writes_the_record_that_rules_read() -> None:
    with closing(SendModel(scale=0.003, seed=1)) as model:
        authority, school = model.authorities[0], model.schools[0]
        authority.psychologists = 9.0
        school.note = "visited"
        assert model.world.authorities["psychologists"][0] == 9.0 == authority.psychologists
        assert "psychologists" in dir(authority)
        assert "note" not in model.world.schools.dtype.names
