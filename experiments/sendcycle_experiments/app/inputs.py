"""Fields of the page: each says beside itself what is wrong with what was typed, and passes on only what is right."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TypeVar

import solara

from sendcycle.errors import SendcycleError
from sendcycle.inputs.parameters import Parameter, declared

T = TypeVar("T")
STEPS = 200  # of a slider
ALL = "all groups"


def use_refusal(value: object) -> tuple[str, int, Callable[[Callable[[], None]], None]]:
    """Return what was said against the last attempt, how many were refused, and a way to attempt something.

    What was said is gone as soon as the value that the field stands for is another.
    """
    wrong, set_wrong = solara.use_state("")
    refused, set_refused = solara.use_state(0)
    solara.use_effect(lambda: set_wrong(""), [value])

    def attempt(change: Callable[[], None]) -> None:
        try:
            change()
        except (SendcycleError, ValueError) as error:
            set_wrong(str(error))
            set_refused(refused + 1)
        else:
            set_wrong("")

    return wrong, refused, attempt


@solara.component
def Refused(wrong: str) -> None:
    """What is wrong, beside the field that it is about."""
    if wrong:
        solara.HTML("div", unsafe_innerHTML=escape(wrong), classes=["wrong-input"], attributes={"role": "alert"})


@solara.component
def Checked(label: str, value: str, checked: Callable[[str], T], on_value: Callable[[T], None]) -> None:
    """A text field: what `checked` returns is passed on; what either of the two raises is shown beneath."""
    typed, set_typed = solara.use_state_or_update(value)
    wrong, _, attempt = use_refusal(value)

    def taken(text: str) -> None:
        set_typed(text)
        attempt(lambda: on_value(checked(text)))

    solara.InputText(label, value=typed, on_value=taken, error=wrong or False, continuous_update=False)


@solara.component
def Chosen(label: str, value: str | None, values: Sequence[str], on_value: Callable[[str], None]) -> None:
    """A list to choose from; a choice that cannot be taken is refused beneath it, and the old one stays."""
    wrong, refused, attempt = use_refusal(value)
    solara.Select(
        label, value=value, values=list(values), on_value=lambda chosen: chosen and attempt(lambda: on_value(chosen))
    ).key(f"{label} {refused}")
    Refused(wrong)


def number_of(parameter: Parameter, text: str) -> float:
    """Return the value of a parameter that was typed. Raises ParameterError if it cannot be its value."""
    try:
        number: object = float(text)
    except ValueError:
        number = text
    return parameter.checked(number)


def explained(parameter: Parameter) -> str:
    """Return in words what a parameter is: meaning, unit, range, source and grade."""
    return (
        f"{parameter.text} Unit: {parameter.unit}; {parameter.low:g} to {parameter.high:g}, declared value "
        f"{parameter.default:g}. Source: {parameter.source} (grade {parameter.grade})."
    )


def on_slider(parameter: Parameter, value: float) -> int:
    """Return where on a slider of `STEPS` a value stands."""
    return round((value - parameter.low) / (parameter.high - parameter.low) * STEPS)


def off_slider(parameter: Parameter, step: int) -> float:
    """Return the value at a step of a slider, with four digits, within the range."""
    value = parameter.low + (parameter.high - parameter.low) * step / STEPS
    value = round(value) if parameter.kind == "integer" else float(f"{value:.4g}")
    return float(min(max(value, parameter.low), parameter.high))


@solara.component
def Number(parameter: Parameter, value: float, on_value: Callable[[float], None]) -> None:
    """A slider or switch for a parameter with a field beside it, explained when pointed at.

    Most values lie between two steps of the slider: it changes nothing unless it is moved to another step.
    """
    wrong, refused, attempt = use_refusal(value)
    now = on_slider(parameter, value)

    def slid(step: int) -> None:
        if int(step) != now:
            attempt(lambda: on_value(off_slider(parameter, int(step))))

    with solara.Column(gap="0px", classes=["number"]):
        if parameter.kind != "switch":  # what is typed is not covered by what explains it
            Checked(
                f"{parameter.name} ({parameter.unit})", f"{value:.6g}", lambda text: number_of(parameter, text),
                on_value,
            )  # fmt: skip
        with solara.Tooltip(explained(parameter)), solara.Column(gap="0px"):
            if parameter.kind == "switch":
                solara.Switch(
                    label=parameter.name, value=bool(value), on_value=lambda on: attempt(lambda: on_value(float(on)))
                ).key(f"{parameter.name} {refused}")
            else:
                solara.v.Slider(
                    v_model=now, on_v_model=slid, min=0, max=STEPS, step=1, hide_details=True, dense=True,
                    attributes={"aria-label": f"{parameter.name}, {parameter.unit}", "aria-valuetext": f"{value:.4g}"},
                ).key(f"{parameter.name} {refused}")  # fmt: skip
        Refused(wrong)


@solara.component
def Numbers(
    value: Callable[[str], float], changed: Mapping[str, float], on_changed: Callable[[dict[str, float]], None]
) -> None:
    """All parameters by group, with what was changed by hand on top.

    Parameters
    ----------
    value
        Returns the value that a parameter would have.
    changed, on_changed
        What was set by hand, by name.
    """
    known = declared()
    group, set_group = solara.use_state("loops")
    sought, set_sought = solara.use_state("")
    groups = list(dict.fromkeys(parameter.group for parameter in known.values()))
    solara.Select("group", value=group, values=[*groups, ALL], on_value=set_group)
    solara.InputText("search in all names and meanings", value=sought, on_value=set_sought, continuous_update=True)
    for name in changed:
        left = {other: v for other, v in changed.items() if other != name}
        solara.Button(
            f"{name} = {changed[name]:.4g}: undo", on_click=lambda left=left: on_changed(left), text=True, small=True,
            icon_name="mdi-undo",
        )  # fmt: skip
    words = sought.lower().split()
    shown = [
        p for p in known.values()
        if (words or group in (ALL, p.group)) and all(word in f"{p.name} {p.text}".lower() for word in words)
    ]  # fmt: skip
    for parameter in shown[:LONGEST]:
        name = parameter.name
        Number(
            parameter, value(name), lambda v, name=name: on_changed({**changed, name: v})
        ).key(name)  # fmt: skip
    if len(shown) > LONGEST:
        solara.Text(f"{len(shown) - LONGEST} more: search for them.")
    elif not shown:
        solara.Text("no parameter has these words.")


LONGEST = 30  # fields shown at once
