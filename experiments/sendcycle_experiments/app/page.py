"""The page: Mesa's controller on the left, and what happened in the model in tabs.

`sendcycle app` serves `Page` with Solara. Every visitor has a model of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import solara
import solara.lab
from mesa.visualization.solara_viz import ModelController
from mesa.visualization.utils import update_counter

from sendcycle.calendar import month_index, month_label
from sendcycle.errors import ScenarioError
from sendcycle.outputs import observables
from sendcycle.structure.causal_diagram import svg
from sendcycle.structure.causal_map import causal_map
from sendcycle_experiments.app import charts
from sendcycle_experiments.app.charts import Chart
from sendcycle_experiments.app.choices import NO_SCENARIO, SCALES, Choices, bases, seed_checked
from sendcycle_experiments.app.drafts import Draft
from sendcycle_experiments.app.inputs import Checked, Chosen, Numbers, Refused, use_refusal
from sendcycle_experiments.app.loops import MONTHS, SHOWN, loop_strengths
from sendcycle_experiments.app.stories import Story, story, telling_children
from sendcycle_experiments.app.watched_model import WatchedModel
from sendcycle_experiments.figures.panels import PANELS
from sendcycle_experiments.reforms.library import library
from sendcycle_experiments.reforms.scenario_files import named_scenarios

FIRST_SHOWN = month_index("2022-09")  # of the timeline, unless a reform starts earlier
STYLE = """
.chart { width: 100%; }
.said { font-size: 13px; line-height: 1.45; max-width: 75em; }
.wrong-input { color: #b00020; font-size: 13px; }
.number { margin: 8px 0 20px; }
.number .v-text-field { padding-top: 0; margin-top: 0; }
.v-tooltip__content { max-width: 340px; }
.theme--dark .wrong-input { color: #ff8a80; }
.watch { display: grid; gap: 14px; grid-template-columns: 340px minmax(0, 1fr); }
.watch-side { position: sticky; top: 0; align-self: start; max-height: calc(100vh - 76px); overflow-y: auto; }
.watch-run { position: sticky; top: 0; z-index: 3; margin-bottom: 12px; }
.watch-main { min-width: 0; }
@media (max-width: 960px) {
  .watch { display: flex; flex-direction: column; }
  .watch-side { display: contents; }
  .watch-run { order: 1; position: static; margin: 0; }
  .watch-main { order: 2; }
  .watch-options { order: 3; }
  .solara-content-main { padding: 4px !important; }
}
"""


@dataclass(frozen=True)
class ShownStory:
    """Which children were looked for in which run and month, and the story of the one that was picked."""

    of: WatchedModel | None = None
    month: str = ""
    children: dict[int, str] = field(default_factory=dict)
    who: str | None = None
    story: Story | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """What loops carried over the months ahead, when they were last measured in this run."""

    month: str = ""
    ahead: int = 0
    table: pd.DataFrame = field(default_factory=pd.DataFrame)


@solara.component_vue("timeline.vue")
def Timeline(
    bars: list[dict[str, Any]], first: int, last: int, now: int, event_move: Callable[[dict[str, Any]], None]
) -> None:
    """Reforms as bars; a start is dragged, or moved by the arrow keys, and then reported as {name, start}."""


@solara.component_vue("upload.vue")
def Upload(label: str, event_chosen: Callable[[dict[str, Any]], None]) -> None:
    """A field that reads a file and tells it as {name, text}; text is None beyond a megabyte."""


@solara.component
def Page() -> None:
    """The whole page."""
    choices, set_choices = solara.use_state_or_update(solara.use_memo(Choices.at_first, []))
    first = solara.use_memo(lambda: WatchedModel(**choices.arguments()), [])
    model = solara.use_reactive(first)
    arguments = solara.use_reactive(first.asked)
    tab = solara.use_reactive(0)

    measured, shown = solara.use_reactive(Measured()), solara.use_reactive(ShownStory())

    def change(**parts: Any) -> None:
        """Take other choices. Raises SendcycleError if they cannot be run; the old ones then stay."""
        new = replace(choices, **parts)
        set_choices(new)
        arguments.set(new.arguments())

    def another_run_begins() -> Callable[[], None]:
        measured.set(Measured())
        shown.set(ShownStory())
        close: Callable[[], None] = model.value.close
        return close

    solara.use_effect(another_run_begins, [model.value])
    solara.Title("sendcycle")
    solara.Style(STYLE)
    with solara.AppBar():
        solara.AppBarTitle("sendcycle: the SEND vicious cycle in England")
        solara.lab.ThemeToggle()
    with solara.Div(classes=["watch"]):
        Side(choices, change, model, arguments)
        with solara.Div(classes=["watch-main"]), solara.lab.Tabs(value=tab, lazy=True):
            with solara.lab.Tab("England"):
                England(model.value)
            with solara.lab.Tab("Reforms"):
                Reforms(choices, change, model.value)
            with solara.lab.Tab("Authorities"):
                Authorities(model.value)
            with solara.lab.Tab("A child"):
                OneChild(model.value, shown)
            with solara.lab.Tab("Loops"):
                Loops(model.value, measured)
            with solara.lab.Tab("About"):
                solara.HTML("div", unsafe_innerHTML=ABOUT, classes=["said"])


@solara.component
def Side(
    choices: Choices, change: Callable[..., None], model: solara.Reactive[WatchedModel],
    arguments: solara.Reactive[dict[str, Any]],
) -> None:  # fmt: skip
    """The column at the left: Mesa's controller, what is run, and the numbers of the model."""
    interval, together = solara.use_reactive(20), solara.use_reactive(3)
    plainly = solara.use_reactive(False)  # Mesa draws in the thread that steps
    with solara.Div(classes=["watch-side"]):
        with solara.Div(classes=["watch-run"]), solara.Card("Run", margin=0):
            ModelController(
                model, model_parameters=arguments, play_interval=interval, render_interval=together, use_threads=plainly
            )
            Where(model.value)
            solara.SliderInt("months between pictures", value=together, min=1, max=12)
            solara.SliderInt("pause between steps, ms", value=interval, min=0, max=500, step=10)
            if arguments.value != model.value.asked:
                solara.Warning("What you changed holds for the next run: press Reset, then play.", dense=True)
        with solara.Div(classes=["watch-options"]):
            with solara.Card("What is run", margin=0):
                RunOptions(choices, change)
            with solara.Card("Numbers of the model", margin=0, style={"margin-top": "12px"}):
                Numbers(choices.value, choices.changed, lambda changed: change(changed=changed))


@solara.component
def ChartView(chart: Chart, height: int = 270, on_click: Callable[[Any], None] | None = None) -> None:
    """A chart that follows the width of the page."""
    solara.FigureEcharts(
        chart.option, on_click=on_click, responsive=True,
        attributes={"style": f"height: {height}px; width: 100%", "class": "chart"},
    )  # fmt: skip


@solara.component
def InWords(words: list[str]) -> None:
    """What there is to see, in words, for those who cannot see it."""
    with solara.Details("In words"):
        for text in words:  # one below the other
            solara.HTML("div", unsafe_innerHTML=escape(text), classes=["said"])


@solara.component
def Where(watched: WatchedModel) -> None:
    """Where the run stands."""
    update_counter.get()
    asked = watched.asked
    beside = f" beside {asked['beside'].name}" if asked["beside"] is not None else ""
    solara.Text(
        f"{watched.month} of {asked['until']}: {asked['reforms'].name}{beside}, {100 * asked['scale']:g} % of England "
        f"({len(watched.authorities)} authorities), seed {asked['seed']}; {asked['numbers']}."
    )


@solara.component
def RunOptions(choices: Choices, change: Callable[..., None]) -> None:
    """Scenarios, whose parameters, size, seed and length of the next run."""
    named = named_scenarios()
    drafted = choices.draft.name
    Chosen(
        "scenario", drafted, [*named, *([] if drafted in named else [drafted])],
        lambda name: change(draft=Draft.named(name)) if name in named else None,
    )  # fmt: skip
    Chosen("beside it, on the same draws", choices.beside, [NO_SCENARIO, *named], lambda name: change(beside=name))
    Chosen("parameters of", choices.base, bases(), lambda base: change(base=base))
    Chosen("share of England", choices.scale, [*SCALES], lambda scale: change(scale=scale))
    Checked("seed", str(choices.seed), seed_checked, lambda seed: change(seed=seed))
    Checked("last month, YYYY-MM", choices.until, str, lambda month: change(until=month))


# ---------------------------------------------------------------------- tabs


@solara.component
def England(watched: WatchedModel) -> None:
    """Headline series as the run goes, with published points and the scenario beside."""
    update_counter.get()
    difference, set_difference = solara.use_state(False)
    two = watched.beside is not None
    with watched.turn:
        drawn = [] if watched.closed else [charts.england(p, watched, difference=difference and two) for p in PANELS]
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Switch(label="show the difference", value=difference and two, on_value=set_difference, disabled=not two)
        names = list(watched.runs)
        drawn_as = (
            f"Solid: {names[0]}" + (f"; dashed: {names[1]}" if two else "") + "; points: published, to January 2025"
        )
        shown = f"{names[0]} less {names[1]}" if difference and two else drawn_as
        solara.Text(f"{shown}. All but levels: the last twelve months.")
    with solara.ColumnsResponsive(12, medium=6, large=4, gutters_dense=True):
        for chart, panel in zip(drawn, PANELS, strict=False):
            ChartView(chart).key(panel.title)
    InWords([chart.words for chart in drawn])


@solara.component
def Reforms(choices: Choices, change: Callable[..., None], watched: WatchedModel) -> None:
    """The timeline of the scenario, what is in it, and its file."""
    update_counter.get()
    draft = choices.draft
    wrong_dates, _, dated = use_refusal(draft)
    wrong_file, _, filed = use_refusal(draft)
    wrong_text, _, written = use_refusal(draft)
    sized, set_sized = solara.use_state("")

    def read(file: dict[str, Any]) -> None:
        if file["text"] is None:
            raise ScenarioError(f"{file['name']} is larger than a scenario file can be.")
        change(draft=Draft.of_text(file["text"], Path(file["name"])))

    bars = draft.bars()
    begin = min([FIRST_SHOWN, *(bar.announced for bar in bars)])
    solara.HTML("strong", unsafe_innerHTML=escape(draft.name))
    solara.Text(
        f"{draft.mapping.get('text', '')} Drag a start, or move it with the arrow keys (a month) and page keys (a "
        "year). Blue: at work, paler while it ramps up; dashes: announced, not begun.", classes=["said"],
    )  # fmt: skip
    if bars:
        Timeline(
            bars=[vars(bar) for bar in bars], first=begin, last=month_index(choices.until),
            now=watched.main.months_run - 1,
            event_move=lambda to: dated(lambda: change(draft=draft.moved(to["name"], month_label(int(to["start"]))))),
        )  # fmt: skip
    else:
        solara.Text("No reform: nothing changes. Put one in below.")
    Refused(wrong_dates)
    there = [*draft.used]
    with solara.ColumnsResponsive(12, medium=6):
        with solara.Column():
            outside = {entry.label: name for name, entry in library().items() if name not in there}
            Chosen(
                "put in a reform of the library", None, [*outside],
                lambda label: change(draft=draft.with_reform(outside[label])),
            )  # fmt: skip
            inside = {library()[name].label: name for name in there}
            Chosen("take out a reform", None, [*inside], lambda label: change(draft=draft.without(inside[label])))
            sizable = {library()[name].label: name for name in there if library()[name].has_effect}
            solara.Select("size of the effects of", value=sized or None, values=[*sizable], on_value=set_sized)
            if sized in sizable:
                name = sizable[sized]
                Checked(
                    "times what the library says, above 0, at most 3", f"{draft.used[name].get('size', 1.0):g}", float,
                    lambda size: change(draft=draft.sized(name, size)),
                )  # fmt: skip
        with solara.Column():
            Checked("name of the scenario", draft.name, draft.renamed_if_other, lambda new: change(draft=new))
            solara.FileDownload(draft.toml, filename=f"{draft.name}.toml", label="Save as a scenario file")
            Upload(label="Open a scenario file", event_chosen=lambda file: filed(lambda: read(file)))
            Refused(wrong_file)
            with solara.Details("The file as text"):
                solara.InputTextArea(
                    "scenario, TOML", value=draft.toml, rows=12,
                    on_value=lambda text: written(lambda: change(draft=Draft.of_text(text, Path("the text")))),
                )  # fmt: skip
                Refused(wrong_text)


@solara.component
def Authorities(watched: WatchedModel) -> None:
    """Authorities as tiles coloured by an observable, and the schools of one of them."""
    update_counter.get()
    known = {f"{o.label}, {o.unit_in_words}": o for o in observables.declared().observables.values()}
    first = observables.declared().observables["pupils_with_plan_share"]
    label, set_label = solara.use_state(f"{first.label}, {first.unit_in_words}")
    codes = {name: code for code, name in watched.authorities.items()}
    authority, set_authority = solara.use_state(next(iter(codes)))
    shown = authority if authority in codes else next(iter(codes))
    solara.v.Autocomplete(  # a hundred of them: to be searched
        label="colour by", v_model=label, on_v_model=lambda new: new in known and set_label(new), items=sorted(known)
    )
    with watched.turn:
        if watched.closed:
            return
        values = watched.main.by_authority(known[label].name)
        schools = watched.main.schools(codes[shown])
        month, months_run = watched.month, watched.main.months_run

    def choose(event: dict[str, Any] | None) -> None:
        if event and event.get("name") in codes:
            set_authority(event["name"])

    tiles = charts.authorities_map(values, known[label], month, months_run)
    points = charts.schools_of(schools, shown)
    solara.Text(
        f"Coloured: the {len(watched.authorities)} authorities of this sample; dashed: not in it. A larger share of "
        "England holds more of them."
    )
    with solara.ColumnsResponsive(12, large=6):
        ChartView(tiles, 560, on_click=choose)
        with solara.Column():
            solara.Select("schools of", value=shown, values=sorted(codes), on_value=set_authority)
            ChartView(points, 460)
    InWords([tiles.words, points.words])
    with solara.Details("As a table"):
        table = pd.DataFrame(
            {"authority": [watched.authorities[str(code)] for code in values.index], label: values.round(3)}
        )
        solara.DataFrame(table.sort_values(label, ascending=False, ignore_index=True), items_per_page=25)


@solara.component
def OneChild(watched: WatchedModel, shown: solara.Reactive[ShownStory]) -> None:
    """One child's story: picked from those who have much to tell."""

    def sought() -> None:
        with watched.turn:
            if not watched.closed:
                shown.set(ShownStory(watched, watched.month, telling_children(watched.main.model)))

    def first_sought() -> None:
        if shown.value.of is not watched:
            sought()

    solara.use_effect(first_sought, [watched])

    def tell(words: str) -> None:
        row = next(row for row, text in shown.value.children.items() if text == words)
        with watched.turn:
            if not watched.closed:
                shown.set(replace(shown.value, who=words, story=story(watched.main.model, row)))

    solara.Text(
        f"Children with a plan, or in the statutory pipeline, in {shown.value.month or 'some month'}. A story is run "
        "again from the beginning, on the same draws. Children of the model are not real children."
    )
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Button("Look for children now", on_click=sought, outlined=True)
        solara.Select(
            "child", value=shown.value.who, values=[*shown.value.children.values()], on_value=tell,
            style={"min-width": "320px"},
        )  # fmt: skip
    if shown.value.story is not None:
        chart = charts.child_of(shown.value.story)
        solara.Text(shown.value.story.who, classes=["said"])
        with solara.ColumnsResponsive(12, large=6):
            ChartView(chart, 340)
            listed = shown.value.story.events.to_html(index=False, border=0, escape=True)
            solara.HTML("div", classes=["story"], unsafe_innerHTML=listed)


@solara.component
def Loops(watched: WatchedModel, measured: solara.Reactive[Measured]) -> None:
    """The causal diagram, and what each loop carried when it was measured."""
    labels = {observables.declared().observables[name].label: name for name in SHOWN}
    outcome, set_outcome = solara.use_state(next(iter(labels)))
    loops = {f"{loop.name} {loop.label}": loop.name for loop in causal_map().loops.values()}
    chosen, set_chosen = solara.use_state("the whole map")

    def measure() -> None:
        with watched.turn:
            if not watched.closed:
                ahead = min(MONTHS, watched.main.model.n_months - watched.main.model.t)
                measured.set(Measured(watched.month, ahead, loop_strengths(watched.main.model)))

    last = measured.value
    solara.Text(
        "A loop is as strong as what would be missing without it: each is cut in a copy of the model as it is now, and "
        f"the next {MONTHS} months are run with and without it on the same draws."
    )
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Button("Measure the loops now", on_click=measure, color="primary")
        solara.Select("in terms of", value=outcome, values=[*labels], on_value=set_outcome)
        solara.Select("show", value=chosen, values=["the whole map", *loops], on_value=set_chosen)
    carried: dict[str, float] = {}
    if not last.table.empty:
        known = last.table.dropna(subset=labels[outcome])
        carried = dict(zip(known["loop"], 100.0 * known[labels[outcome]], strict=True))
        bars = charts.strengths_of(last.table, labels[outcome], last.month, last.ahead)
        ChartView(bars, 440)
        InWords([bars.words])
    elif last.month:
        solara.Text("No month is left to look ahead.")
    shown = loops.get(chosen)
    if shown:
        loop = causal_map().loops[shown]
        then = f" In {last.month} it carried {{:+.1f}} percent of {charts.inside(outcome)} over {last.ahead} months."
        carries = then.format(carried[shown]) if shown in carried else ""
        solara.Text(f"{loop.name} {loop.label}: {loop.story}{carries}", classes=["said"])
    solara.HTML("div", classes=["causal-map"], unsafe_innerHTML=svg(shown, carried))


ABOUT = """
<h3>What this is</h3>
<p>One run of an agent-based model of England's special-needs system, and a second beside it that differs in its reforms
alone: both have the same random draws, so that what differs follows from the reforms.</p>
<h3>What it is not</h3>
<p>A forecast. One run at 1 % of England has a sampling error of several percent; authorities' balances spread by
billions; plans without reform grow faster than in anybody's forecast. Conclusions are drawn from many members of the
calibrated ensemble: <code>sendcycle compare</code>, and the experiments under <code>results/</code>.</p>
<h3>How to use it</h3>
<p>Press the play button. Change a number on the left, or a date under Reforms; both hold from the next Reset on. Save
your scenario as a file and run it with <code>sendcycle run my_scenario.toml</code>, or over the ensemble with
<code>sendcycle compare no_change my_scenario.toml</code>.</p>
"""
