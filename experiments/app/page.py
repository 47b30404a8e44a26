"""The page: Mesa's controller on the left, and what the model lived through in tabs.

`sendcycle app` serves `Page` with Solara. Every visitor has a model of their own.
"""

from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import solara
import solara.lab
from mesa.visualization.solara_viz import ModelController
from mesa.visualization.utils import update_counter

from experiments.app import charts
from experiments.app.charts import Chart
from experiments.app.choices import NO_SCENARIO, SCALES, Choices, bases, seed_checked
from experiments.app.drafts import Draft
from experiments.app.inputs import Checked, Numbers
from experiments.app.loops import MONTHS, SHOWN, loop_strengths
from experiments.app.stories import Story, story, telling_children
from experiments.app.watched import Watched
from experiments.figures import PANELS
from experiments.reform_library import library
from experiments.scenario_files import named_scenarios
from model import observables
from model.calendar import month_index, month_label
from model.causal_diagram import svg
from model.causal_map import causal_map
from model.errors import ScenarioError, SendcycleError

FIRST_SHOWN = month_index("2022-09")  # of the timeline, unless a reform starts earlier
STYLE = """
.chart { width: 100%; }
.said { font-size: 13px; line-height: 1.45; max-width: 75em; }
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


@solara.component_vue("timeline.vue")
def Timeline(
    bars: list[dict[str, Any]], first: int, last: int, now: int, event_move: Callable[[dict[str, Any]], None]
) -> None:
    """Reforms as bars; a start is dragged, or moved by the arrow keys, and then told as {name, start}."""


@solara.component_vue("upload.vue")
def Upload(label: str, event_chosen: Callable[[dict[str, Any]], None]) -> None:
    """A field that reads a file and tells it as {name, text}; text is None beyond a megabyte."""


@solara.component
def Page() -> None:
    """The whole page."""
    choices, set_choices = solara.use_state_or_update(solara.use_memo(Choices, []))
    first = solara.use_memo(lambda: Watched(**choices.arguments()), [])
    model = solara.use_reactive(first)
    arguments = solara.use_reactive(first.asked)
    interval, together = solara.use_reactive(20), solara.use_reactive(3)
    plainly = solara.use_reactive(False)  # Mesa draws in the thread that steps
    tab = solara.use_reactive(0)

    def chosen(new: Choices) -> None:
        set_choices(new)
        arguments.set(new.arguments())

    def old_ones_are_closed() -> Callable[[], None]:
        watched = model.value
        return watched.close

    def side() -> None:
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
                RunOptions(choices, chosen)
            with solara.Card("Numbers of the model", margin=0, style={"margin-top": "12px"}):
                Numbers(choices.value, choices.changed, lambda changed: chosen(replace(choices, changed=changed)))

    solara.use_effect(old_ones_are_closed, [model.value])
    solara.Title("sendcycle")
    solara.Style(STYLE)
    with solara.AppBar():
        solara.AppBarTitle("sendcycle: the SEND vicious cycle in England")
        solara.lab.ThemeToggle()
    with solara.Div(classes=["watch"]):
        with solara.Div(classes=["watch-side"]):
            side()
        with solara.Div(classes=["watch-main"]), solara.lab.Tabs(value=tab, lazy=True):
            with solara.lab.Tab("England"):
                England(model.value)
            with solara.lab.Tab("Reforms"):
                Reforms(choices, chosen, model.value)
            with solara.lab.Tab("Authorities"):
                Authorities(model.value)
            with solara.lab.Tab("A child"):
                OneChild(model.value)
            with solara.lab.Tab("Loops"):
                Loops(model.value)
            with solara.lab.Tab("About"):
                solara.HTML("div", unsafe_innerHTML=ABOUT, classes=["said"])


@solara.component
def Drawn(chart: Chart, height: int = 270, on_click: Callable[[Any], None] | None = None) -> None:
    """A chart that follows the width of the page."""
    solara.FigureEcharts(
        chart.option, on_click=on_click, responsive=True,
        attributes={"style": f"height: {height}px; width: 100%", "class": "chart"},
    )  # fmt: skip


@solara.component
def InWords(words: list[str]) -> None:
    """What there is to see, in words, for those who cannot see it."""
    with solara.Details("In words"):
        for text in words:
            solara.Text(text, classes=["said"])


@solara.component
def Where(watched: Watched) -> None:
    """Where the run stands."""
    update_counter.get()
    asked = watched.asked
    beside = f" beside {asked['beside'].name}" if asked["beside"] is not None else ""
    solara.Text(
        f"{watched.month} of {asked['until']}: {asked['reforms'].name}{beside}, {100 * asked['scale']:g} % of England "
        f"({len(watched.authorities)} authorities), seed {asked['seed']}."
    )


@solara.component
def RunOptions(choices: Choices, chosen: Callable[[Choices], None]) -> None:
    """Scenarios, whose parameters, size, seed and length of the next run."""
    named = named_scenarios()
    drafted = choices.draft.name

    def scenario(name: str) -> None:
        if name in named:
            chosen(replace(choices, draft=Draft.named(name)))

    solara.Select(
        "scenario", value=drafted, values=[*named, *([] if drafted in named else [drafted])], on_value=scenario
    )
    solara.Select(
        "beside it, on the same draws", value=choices.beside, values=[NO_SCENARIO, *named],
        on_value=lambda name: chosen(replace(choices, beside=name)),
    )  # fmt: skip
    solara.Select(
        "parameters of", value=choices.base, values=bases(), on_value=lambda base: chosen(replace(choices, base=base))
    )
    solara.Select(
        "share of England", value=choices.scale, values=[*SCALES],
        on_value=lambda scale: chosen(replace(choices, scale=scale)),
    )  # fmt: skip
    Checked("seed", str(choices.seed), seed_checked, lambda seed: chosen(replace(choices, seed=seed)))
    Checked(
        "last month, YYYY-MM", choices.until, choices.until_checked, lambda month: chosen(replace(choices, until=month))
    )


# ---------------------------------------------------------------------- tabs


@solara.component
def England(watched: Watched) -> None:
    """Headline series as the run goes, with published points and the scenario beside."""
    update_counter.get()
    difference, set_difference = solara.use_state(False)
    two = watched.beside is not None
    with watched.turn:
        drawn = [] if watched.closed else [charts.england(p, watched, difference=difference and two) for p in PANELS]
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Switch(label="show the difference", value=difference and two, on_value=set_difference, disabled=not two)
        names = list(watched.lives)
        solara.Text(
            f"Solid: {names[0]}"
            + (f"; dashed: {names[1]}" if two else "")
            + "; points: published, up to January 2025. "
            "All but levels: the last twelve months."
        )
    with solara.ColumnsResponsive(12, medium=6, large=4, gutters_dense=True):
        for chart, panel in zip(drawn, PANELS, strict=False):
            Drawn(chart).key(panel.title)
    InWords([chart.words for chart in drawn])


@solara.component
def Reforms(choices: Choices, chosen: Callable[[Choices], None], watched: Watched) -> None:
    """The timeline of the scenario, what is in it, and its file."""
    update_counter.get()
    draft = choices.draft
    wrong, set_wrong = solara.use_state("")
    sized, set_sized = solara.use_state("")

    def edited(change: Callable[[], Draft]) -> None:
        try:
            new = change()
            ready = replace(choices, draft=new)
            ready.until_checked(choices.until)
        except SendcycleError as error:
            set_wrong(str(error))
        else:
            set_wrong("")
            chosen(ready)

    def renamed(text: str) -> Draft:
        return draft if text == draft.name else _as_mine(draft).renamed(text)

    def read(file: dict[str, Any]) -> None:
        def opened() -> Draft:
            if file["text"] is None:
                raise ScenarioError(f"{file['name']} is larger than a scenario file can be.")
            return Draft.of_text(file["text"], Path(file["name"]))

        edited(opened)

    bars = draft.bars()
    begin = min([FIRST_SHOWN, *(bar.announced for bar in bars)])
    solara.HTML("strong", unsafe_innerHTML=escape(draft.name))
    solara.Text(
        f"{draft.mapping.get('text', '')} Drag a start, or move it with the arrow keys (a month) and page keys (a "
        "year). Blue: at work, paler while it ramps up; dashes: announced, not begun.", classes=["said"],
    )  # fmt: skip
    if wrong:
        solara.Error(wrong, classes=["reform-error"])
    if bars:
        Timeline(
            bars=[vars(bar) for bar in bars], first=begin, last=month_index(choices.until),
            now=watched.main.lived - 1,
            event_move=lambda to: edited(lambda: _as_mine(draft).moved(to["name"], month_label(int(to["start"])))),
        )  # fmt: skip
    else:
        solara.Text("No reform: nothing changes. Put one in below.")
    there = [*draft.used]
    with solara.ColumnsResponsive(12, medium=6):
        with solara.Column():
            outside = {entry.label: name for name, entry in library().items() if name not in there}
            solara.Select(
                "put in a reform of the library", value=None, values=[*outside],
                on_value=lambda label: label and edited(lambda: _as_mine(draft).with_reform(outside[label])),
            )  # fmt: skip
            inside = {library()[name].label: name for name in there}
            solara.Select(
                "take out a reform", value=None, values=[*inside],
                on_value=lambda label: label and edited(lambda: _as_mine(draft).without(inside[label])),
            )  # fmt: skip
            sizable = {library()[name].label: name for name in there if library()[name].has_effect}
            solara.Select("size of the effects of", value=sized or None, values=[*sizable], on_value=set_sized)
            if sized in sizable:
                name = sizable[sized]
                solara.SliderFloat(
                    "times what the library says", value=float(draft.used[name].get("size", 1.0)), min=0.5, max=1.5,
                    step=0.1, on_value=lambda size: edited(lambda: _as_mine(draft).sized(name, round(size, 2))),
                )  # fmt: skip
        with solara.Column():
            solara.InputText(
                "name of the scenario", value=draft.name, on_value=lambda text: edited(lambda: renamed(text))
            )
            solara.FileDownload(draft.toml, filename=f"{draft.name}.toml", label="Save as a scenario file")
            Upload(label="Open a scenario file", event_chosen=read)
            with solara.Details("The file as text"):
                solara.InputTextArea(
                    "scenario, TOML", value=draft.toml, rows=12,
                    on_value=lambda text: edited(lambda: Draft.of_text(text, Path("the text"))),
                )  # fmt: skip


def _as_mine(draft: Draft) -> Draft:
    """Return a scenario of the project under a name of one's own, so that it is not taken for the project's."""
    return draft.renamed(f"my_{draft.name}") if draft.name in named_scenarios() else draft


@solara.component
def Authorities(watched: Watched) -> None:
    """Authorities as tiles coloured by an observable, and the schools of one of them."""
    update_counter.get()
    known = {o.label: o for o in observables.declared().observables.values() if o.denominator or o.kind == "median"}
    label, set_label = solara.use_state(observables.declared().observables["pupils_with_plan_share"].label)
    codes = {name: code for code, name in watched.authorities.items()}
    authority, set_authority = solara.use_state(next(iter(codes)))
    shown = authority if authority in codes else next(iter(codes))
    solara.Select("colour by", value=label, values=sorted(known), on_value=set_label)
    with watched.turn:
        if watched.closed:
            return
        values = watched.main.by_authority(known[label].name)
        schools = watched.main.schools(codes[shown])
    tiles = charts.authorities_map(values, known[label], watched.month)
    points = charts.schools_of(schools, shown)
    with solara.ColumnsResponsive(12, large=6):
        Drawn(tiles, 560, on_click=lambda event: event and event.get("name") in codes and set_authority(event["name"]))
        with solara.Column():
            solara.Select("schools of", value=shown, values=sorted(codes), on_value=set_authority)
            Drawn(points, 460)
    InWords([tiles.words, points.words])
    with solara.Details("As a table"):
        table = pd.DataFrame(
            {"authority": [watched.authorities[str(code)] for code in values.index], label: values.round(3)}
        )
        solara.DataFrame(table.sort_values(label, ascending=False, ignore_index=True), items_per_page=25)


@solara.component
def OneChild(watched: Watched) -> None:
    """One child's story: picked from those who have much to tell."""
    who, set_who = solara.use_state("")
    told, set_told = solara.use_state(dict[int, str]())
    found: solara.Reactive[Story | None] = solara.use_reactive(None)

    def sought() -> None:
        with watched.turn:
            set_told({} if watched.closed else telling_children(watched.main.model))

    solara.use_effect(sought, [watched])

    def tell(words: str) -> None:
        set_who(words)
        row = next((row for row, text in told.items() if text == words), None)
        if row is not None:
            with watched.turn:
                if not watched.closed:
                    found.set(story(watched.main.model, row))

    solara.Text(
        "Children with a plan, or in the statutory pipeline, in the month when they were looked for. A story is lived "
        "again from the beginning, on the same draws. Children of the model are not real children."
    )
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Button("Look for children now", on_click=sought, outlined=True)
        solara.Select(
            "child", value=who or None, values=list(told.values()), on_value=tell, style={"min-width": "320px"}
        )
    if found.value is not None:
        chart = charts.child_of(found.value)
        solara.Text(found.value.who, classes=["said"])
        with solara.ColumnsResponsive(12, large=6):
            Drawn(chart, 340)
            solara.HTML(
                "div",
                classes=["story"],
                unsafe_innerHTML=found.value.events.to_html(index=False, border=0, escape=True),
            )


@solara.component
def Loops(watched: Watched) -> None:
    """The causal diagram, and what each loop carries at this moment."""
    labels = {observables.declared().observables[name].label: name for name in SHOWN}
    outcome, set_outcome = solara.use_state(next(iter(labels)))
    loops = {f"{loop.name} {loop.label}": loop.name for loop in causal_map().loops.values()}
    chosen, set_chosen = solara.use_state("the whole map")
    measured, set_measured = solara.use_state((pd.DataFrame(), "", 0))

    def measure() -> None:
        with watched.turn:
            if not watched.closed:
                ahead = min(MONTHS, watched.main.model.n_months - watched.main.model.t)
                set_measured((loop_strengths(watched.main.model), watched.month, ahead))

    table, month, ahead = measured
    solara.Text(
        "A loop is as strong as what would be missing without it: each is cut in a copy of the model as it is now, and "
        f"the next {MONTHS} months are lived with and without it on the same draws."
    )
    with solara.Row(style={"align-items": "center", "flex-wrap": "wrap"}):
        solara.Button("Measure the loops now", on_click=measure, color="primary")
        solara.Select("in terms of", value=outcome, values=[*labels], on_value=set_outcome)
        solara.Select("show", value=chosen, values=["the whole map", *loops], on_value=set_chosen)
    carried = {} if table.empty else dict(zip(table["loop"], 100.0 * table[labels[outcome]], strict=True))
    if not table.empty:
        bars = charts.strengths_of(table, labels[outcome], month, ahead)
        Drawn(bars, 440)
        InWords([bars.words])
    elif month:
        solara.Text("No month is left to look ahead.")
    shown = loops.get(chosen)
    if shown:
        loop = causal_map().loops[shown]
        now = f" It carries {carried[shown]:+.1f} percent of {charts.inside(outcome)} now." if shown in carried else ""
        solara.Text(f"{loop.name} {loop.label}: {loop.story}{now}", classes=["said"])
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
