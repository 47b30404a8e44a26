"""Parameters are declared once, are frozen and refuse invalid values; the calendar converts months."""

import copy
import json
import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.sample import latin

from sendcycle import calendar
from sendcycle.engine.source_files import source_files
from sendcycle.errors import DateError, ParameterError, SendcycleError, nearest
from sendcycle.inputs.parameters import (
    Parameter,
    Parameters,
    Prior,
    as_records,
    declared,
    markdown_table,
    parse_setting,
)
from sendcycle.outputs.results import NOT_READ

SAMPLE = """
[rate_request]
default = 0.25
unit = "per year"
low = 0.1
high = 0.9
source = "DfE | 2024"
grade = "B"
group = "requests"
text = "requests a year"

[dur_wait_months]
default = 6
unit = "months"
low = 1
high = 24
prior = { dist = "triangular", low = 2, high = 10 }
source = "assumed"
grade = "assumption"
group = "appeals"
text = "wait"

[cost_gbp]
default = 100
unit = "GBP"
low = 1
high = 10000
prior = { dist = "loguniform", low = 10, high = 1000 }
source = "assumed"
grade = "assumption"
group = "money"
text = "cost"

[prob_win]
default = 0.8
unit = "per appeal"
low = 0
high = 1
prior = { dist = "normal", sd = 0.3 }
source = "MoJ"
grade = "A"
group = "appeals"
text = "success"

[on_cluster]
default = 0
unit = "switch"
low = 0
high = 1
kind = "switch"
source = "none"
grade = "assumption"
group = "money"
text = "clusters"

[n_terms]
default = 3
unit = "terms"
low = 1
high = 6
kind = "integer"
source = "none"
grade = "assumption"
group = "requests"
text = "terms"
"""
NAMES = ["rate_request", "dur_wait_months", "cost_gbp", "prob_win", "on_cluster", "n_terms"]


@pytest.fixture
def declare(tmp_path: Path) -> Callable[[str], Mapping[str, Parameter]]:
    def write(text: str) -> Mapping[str, Parameter]:
        path = tmp_path / f"{abs(hash(text))}.toml"
        path.write_text(text, encoding="utf-8")
        return declared(path)

    return write


@pytest.fixture
def known(declare: Callable[[str], Mapping[str, Parameter]]) -> Mapping[str, Parameter]:
    return declare(SAMPLE)


def test_parameters_follow_the_order_of_the_file(known: Mapping[str, Parameter]) -> None:
    assert list(known) == NAMES
    assert list(Parameters.of(known, {"n_terms": 2, "rate_request": 0.3})) == NAMES


def test_default_parameters_equal_their_declarations() -> None:
    parameters = Parameters()
    assert len(parameters) > 0
    assert parameters.as_dict() == {name: parameter.default for name, parameter in declared().items()}
    assert parameters.changed() == {}
    first = next(iter(parameters))
    assert Parameters(**{first: declared()[first].high})[first] == declared()[first].high
    assert any(parameter.prior.dist != "none" for parameter in declared().values())


def test_every_parameter_is_read_by_a_rule() -> None:
    sources = "\n".join(
        source.read_text(encoding="utf-8")
        for name, source in source_files(".py").items()
        if not name.startswith(NOT_READ)
    )
    read = set(re.findall(r"\bp\.([a-z0-9_]+)", sources)) | set(re.findall(r"\[\"([a-z0-9_]+)\"\]", sources))
    families = tuple(re.findall(r"\bp\[f\"([a-z_]+_)\{", sources))  # one a kind of need, say
    assert [name for name in declared() if name not in read and not name.startswith(families)] == []


def test_values_replace_defaults_and_nothing_else(known: Mapping[str, Parameter]) -> None:
    base = Parameters.of(known, {"rate_request": 0.5})
    other = base.replace(n_terms=4)
    assert base.changed() == {"rate_request": 0.5}
    assert other.changed() == {"rate_request": 0.5, "n_terms": 4.0}
    assert other.n_terms == other["n_terms"] == 4.0
    assert all(type(value) is float for value in other.as_dict().values())


def test_parameters_are_frozen_hashable_and_equal_by_value(known: Mapping[str, Parameter]) -> None:
    base = Parameters.of(known, {})
    with pytest.raises(AttributeError):
        base.rate_request = 0.2  # type: ignore[misc]
    with pytest.raises(TypeError):
        base["rate_request"] = 0.2  # type: ignore[index]
    base.as_dict()["rate_request"] = 0.9
    assert base.rate_request == 0.25
    assert base == base.replace()
    assert hash(base) == hash(base.replace())
    assert base != base.replace(n_terms=4)


@pytest.mark.parametrize("again", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy, copy.copy])
def test_copies_of_parameters_are_equal(
    known: Mapping[str, Parameter], again: Callable[[Parameters], Parameters]
) -> None:
    for parameters in (Parameters.of(known, {"rate_request": 0.5}), Parameters()):
        assert again(parameters) == parameters
        assert list(again(parameters).declarations) == list(parameters.declarations)


def test_unknown_names_get_the_nearest_as_a_hint(known: Mapping[str, Parameter]) -> None:
    base = Parameters.of(known, {})
    with pytest.raises(ParameterError, match=r"unknown parameter 'rate_requests'. Did you mean 'rate_request'\?"):
        base.replace(rate_requests=0.5)
    with pytest.raises(ParameterError, match="Did you mean 'n_terms'"):
        base["n_term"]
    with pytest.raises(AttributeError, match="Did you mean 'n_terms'"):
        base.n_term  # noqa: B018
    assert nearest("zzz", known) == ""
    assert nearest("wait", known) == " Did you mean 'dur_wait_months'?"
    assert not hasattr(base, "n_term")
    assert "n_term" not in base
    assert base.get("n_term") is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rate_request", 0.95, r"out of range: 0.1 to 0.9 per year \(source: DfE | 2024\)"),
        ("rate_request", 0.0999, "out of range"),
        ("rate_request", float("nan"), "not a finite number"),
        ("rate_request", float("inf"), "not a finite number"),
        ("rate_request", "0.5", "not a finite number"),
        ("rate_request", None, "not a number"),
        pytest.param("rate_request", 10**400, "beyond", id="huge"),
        ("cost_gbp", True, "not a number"),
        ("on_cluster", 0.5, "a switch is 0 or 1"),
        ("n_terms", 2.5, "whole number"),
        ("n_terms", 7, "out of range"),
    ],
)
def test_values_out_of_range_are_refused(known: Mapping[str, Parameter], name: str, value: float, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        Parameters.of(known, {name: value})
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)
    assert isinstance(caught.value, SendcycleError)
    assert isinstance(caught.value, ValueError)


def test_bounds_belong_to_the_range(known: Mapping[str, Parameter]) -> None:
    assert Parameters.of(known, {"rate_request": 0.1, "n_terms": 6, "on_cluster": True}).on_cluster == 1.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("default = 0.25", "default = 0.95", "default 0.95 is not within"),
        ('unit = "per year"', 'unit = " "', "'unit' must be a text"),
        ('unit = "per year"', "", "'unit' is missing"),
        ('grade = "B"', 'grade = "E"', "unknown grade"),
        ('grade = "B"', 'grades = "B"', "unknown key 'grades'. Did you mean 'grade'"),
        ("default = 0.25", "default = nan", "not a finite number"),
        ("low = 2, high = 10", "low = 0, high = 10", "must lie within 1 to 24"),
        ("low = 2, high = 10", "low = 5, high = 5", "have a width"),
        ("low = 2, high = 10", "mode = 30", "mode must lie"),
        ("loguniform", "loguniforms", "unknown prior 'loguniforms'. Did you mean 'loguniform'"),
        ("sd = 0.3", "sd = 0", "above 0"),
        (", sd = 0.3", "", "'sd' is missing"),
        ("low = 2, high = 10", "sd = 2", "unknown key 'sd'"),
        ('kind = "switch"', 'kind = "switch"\nprior = { dist = "uniform" }', "not sampled"),
        ('kind = "switch"', 'kind = "toggle"', "unknown kind"),
        ("[n_terms]", "[replace]", "cannot name a parameter"),
        ("[n_terms]", "[rate_request]", "cannot read"),
        ("[n_terms]", "n_terms = 3\n[x]", "unknown key 'n_terms'"),
    ],
)
def test_wrong_declarations_are_refused(
    declare: Callable[[str], Mapping[str, Parameter]], old: str, new: str, message: str
) -> None:
    assert SAMPLE.count(old) >= 1
    with pytest.raises(ParameterError, match=message):
        declare(SAMPLE.replace(old, new, 1))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"cannot read .*none\.toml"):
        declared(tmp_path / "none.toml")


def test_settings_are_parsed_and_malformed_ones_refused() -> None:
    assert parse_setting(" rate_request = 5e-1") == ("rate_request", 0.5)
    for text in ("rate_request", "=3", "rate_request=", "rate_request=many", "a=nan", "a=1=2", ""):
        with pytest.raises(ParameterError):
            parse_setting(text)


def test_records_are_json(known: Mapping[str, Parameter]) -> None:
    records = as_records(known)
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert set(records[0]) == {
        *("name", "default", "unit", "low", "high", "prior", "source", "grade", "group", "text", "kind", "read")
    }
    assert records[1]["prior"] == {"dist": "triangular", "low": 2.0, "high": 10.0, "mode": 6.0}
    assert [record["prior"]["dist"] for record in records[-2:]] == ["none", "none"]


def test_markdown_table_has_a_row_for_each_parameter(known: Mapping[str, Parameter]) -> None:
    lines = markdown_table(known).splitlines()
    assert len(lines) == 2 + len(known)
    assert all(line.replace("\\|", "").count("|") == 10 for line in lines)


def test_quantiles_of_priors_match_samples_of_salib(known: Mapping[str, Parameter]) -> None:
    names = NAMES[:4]
    priors = [known[name].prior for name in names]
    assert [prior.dist for prior in priors] == ["uniform", "triangular", "loguniform", "normal"]
    bounds = [[prior.low, prior.high] for prior in priors]
    triangular, normal = priors[1], priors[3]
    assert triangular.mode is not None
    assert normal.mean is not None
    assert normal.sd is not None
    bounds[1].append((triangular.mode - triangular.low) / (triangular.high - triangular.low))
    bounds[3] += [normal.mean, normal.sd]
    dists = ["unif", "triang", "logunif", "truncnorm"]
    problem = {"num_vars": len(names), "names": names, "bounds": bounds, "dists": dists}
    sample = latin.sample(problem, 2000, seed=1)
    for column, name, prior in zip(sample.T, names, priors, strict=True):
        assert column.min() >= prior.low
        assert column.max() <= prior.high
        assert column.max() - column.min() > 0.9 * (prior.high - prior.low)
        for share in (0.1, 0.5, 0.9):
            assert np.quantile(column, share) == pytest.approx(prior.quantile(share), rel=0.01)
        Parameters.of(known, {name: float(column[0])})


@pytest.mark.parametrize(
    "prior",
    [
        Prior("uniform", 1, 3),
        Prior("loguniform", 0.1, 10),
        Prior("triangular", 0, 5, mode=4),
        Prior("normal", 0, 1, mean=0.9, sd=0.5),
        Prior("lognormal", 0, 4, mean=0.0, sd=1.0),
        Prior("beta", 2, 4, a=2, b=5),
    ],
)
def test_quantiles_rise_from_low_to_high(prior: Prior) -> None:
    quantiles = [prior.quantile(share) for share in np.linspace(0, 1, 21)]
    assert quantiles[0] == pytest.approx(prior.low, abs=1e-9)
    assert quantiles[-1] == pytest.approx(prior.high)
    assert np.all(np.diff(quantiles) > 0)


def test_quantiles_match_hand_calculation() -> None:
    assert Prior("loguniform", 0.1, 10).quantile(0.5) == pytest.approx(1)
    assert Prior("normal", -1, 3, mean=1, sd=0.5).quantile(0.5) == pytest.approx(1)
    assert Prior("beta", 2, 4, a=3, b=3).quantile(0.5) == pytest.approx(3)
    assert Prior("triangular", 0, 2, mode=1).quantile(0.125) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("label", "t", "month", "calendar_year", "financial_year", "school_year"),
    [
        ("2014-09", 0, 9, 2014, 2014, 2014),
        ("2014-12", 3, 12, 2014, 2014, 2014),
        ("2015-01", 4, 1, 2015, 2014, 2014),
        ("2015-03", 6, 3, 2015, 2014, 2014),
        ("2015-04", 7, 4, 2015, 2015, 2014),
        ("2015-08", 11, 8, 2015, 2015, 2014),
        ("2015-09", 12, 9, 2015, 2015, 2015),
        ("2040-08", 311, 8, 2040, 2040, 2039),
    ],
)
def test_months_have_their_labels_and_calendar_financial_and_school_years(
    label: str, t: int, month: int, calendar_year: int, financial_year: int, school_year: int
) -> None:
    assert calendar.month_index(label) == t
    assert calendar.month_label(t) == label
    assert calendar.month_of_year(t) == month
    years = calendar.calendar_year(t), calendar.financial_year(t), calendar.school_year(t)
    assert years == (calendar_year, financial_year, school_year)
    assert str(calendar.months(calendar.N_MONTHS)[t]) == label


@given(st.integers(0, calendar.N_MONTHS - 1))
def test_month_and_label_are_inverse(t: int) -> None:
    assert calendar.month_index(calendar.month_label(t)) == t


@pytest.mark.parametrize(
    "text",
    ["2014-08", "2040-09", "2015-13", "2015-1", "2015", "15-01", "2015-01-01", "", "\u0662\u0660\u0662\u0660-01"],
)
def test_wrong_months_are_refused_with_the_valid_range(text: str) -> None:
    with pytest.raises(DateError, match="2014-09 to 2040-08"):
        calendar.month_index(text)


def test_months_outside_the_run_have_no_label() -> None:
    for t in (-1, calendar.N_MONTHS):
        with pytest.raises(DateError, match="outside the run"):
            calendar.month_label(t)
