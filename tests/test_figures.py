"""The figure page: every panel has its lines, its unit and the published points that belong there."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sendcycle import Result, simulate
from sendcycle.inputs import published
from sendcycle.outputs import observables
from sendcycle.outputs.results import manifest_id
from sendcycle_experiments.figures.baseline_page import baseline_page, model_line, published_points
from sendcycle_experiments.figures.panels import PANELS, Line
from sendcycle_experiments.figures.style import LAST_POINT, position


@pytest.fixture(scope="module")
def result() -> Result:
    return simulate(scale=0.001, until="2027-08", seed=1)


@pytest.fixture(scope="module")
def page(result: Result) -> Figure:
    return baseline_page(result)


def panel_of(page: Figure, title: str) -> Axes:
    (ax,) = [ax for ax in page.axes if ax.get_title(loc="left") == title]
    return ax


def points_of(ax: Axes) -> list[tuple[float, float]]:
    """Return the published points drawn: of lines that have markers and no stroke."""
    drawn = [line for line in ax.lines if line.get_linestyle() == "None"]
    return [point for line in drawn for point in zip(*line.get_data(), strict=True)]


def test_every_panel_has_a_unit_and_its_lines(page: Figure) -> None:
    assert len(page.axes) == len(PANELS)
    for ax, panel in zip(page.axes, PANELS, strict=True):
        assert ax.get_title(loc="left") == panel.title
        assert ax.get_ylabel() == panel.unit
        strokes = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2]
        assert len(strokes) == len(panel.lines)


def test_every_line_is_a_declared_observable() -> None:
    known = observables.declared().observables
    assert [line.observable for panel in PANELS for line in panel.lines if line.observable not in known] == []


def test_axes_start_at_zero_unless_they_are_signed(page: Figure) -> None:
    for ax, panel in zip(page.axes, PANELS, strict=True):
        low, high = ax.get_ylim()
        assert panel.signed or low == 0.0
        assert panel.high is None or high == panel.high


def test_plans_are_drawn_at_the_end_of_january(page: Figure) -> None:
    points = points_of(panel_of(page, "EHC plans in force"))
    series = published.published_series("plans_in_force")
    assert points[-1] == pytest.approx((2025 + 1 / 12, series[2025] / 1000))
    assert len(points) == len(series)


def test_no_point_is_later_than_january_2025(page: Figure) -> None:
    times = [x for ax in page.axes for x, _ in points_of(ax)]
    assert len(times) > 100
    assert max(times) <= LAST_POINT + 1e-6


def test_published_points_after_january_2025_are_not_drawn(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = result.beside_published()
    row = beside[beside["observable"] == "plans_in_force"].iloc[[-1]].assign(year=2026)
    monkeypatch.setattr(type(result), "beside_published", lambda _: row)
    assert len(published_points(result, "plans_in_force")[0]) == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plans_in_force", 2020 + 1 / 12),  # January
        ("new_plans", 2020.5),  # calendar year
        ("high_needs_spending", 2020.75),  # April to March
        ("cumulative_balance", 2021.25),  # a stock, end of March
        ("appeals_decided", 2020 + 8 / 12 + 0.5),  # September to August
    ],
)
def test_yearly_figures_are_drawn_at_their_reference_date(name: str, expected: float) -> None:
    years = np.asarray([2020])
    assert position(observables.declared().observables[name], years)[0] == pytest.approx(expected)


def test_monthly_and_yearly_lines_agree_in_january(result: Result) -> None:
    x, values = model_line(result, Line("plans_in_force", ""))
    yearly_x, yearly_values = model_line(result, Line("plans_in_force", "", yearly=True))
    at = {round(time, 6): value for time, value in zip(x, values, strict=True)}
    assert len(yearly_x) == 13
    assert [at[round(time, 6)] for time in yearly_x] == list(yearly_values)


def test_page_says_what_was_run_and_that_it_is_no_forecast(page: Figure, result: Result) -> None:
    texts = " ".join(text.get_text() for text in page.texts) + page.get_suptitle()
    parts = ("seed 1", "0.1 % of England", "no_change", manifest_id(result.manifest), "not a forecast", "docs/data.md")
    assert [part for part in parts if part not in texts] == []
    assert (result.manifest["commit"] or "without a commit")[:7] in texts


def test_one_legend_names_model_and_published(page: Figure) -> None:
    (legend,) = page.legends
    assert [text.get_text() for text in legend.get_texts()][:2] == ["model", "published"]


def test_manifest_id_depends_on_the_run_and_not_on_its_files(result: Result) -> None:
    assert manifest_id(result.manifest) == manifest_id(result.manifest | {"id": "x", "files": {}})
    assert manifest_id(result.manifest) != manifest_id(result.manifest | {"seed": 2})


def test_a_run_too_short_for_any_year_still_has_a_page() -> None:
    assert len(baseline_page(simulate(scale=0.001, until="2014-10")).axes) == len(PANELS)
