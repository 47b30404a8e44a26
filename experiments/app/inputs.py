"""Fields of the page: each says beside itself what is wrong with what was typed, and passes on only what is right."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import solara

from model.errors import SendcycleError
from model.parameters import Parameter, declared

T = TypeVar("T")
STEPS = 200  # of a slider
ALL = "all groups"


@solara.component
def Checked(label: str, value: str, checked: Callable[[str], T], on_value: Callable[[T], None]) -> None:
    """A text field: what `checked` returns is passed on, the error it raises is shown beneath."""
    typed, set_typed = solara.use_state_or_update(value)
    wrong, set_wrong = solara.use_state("")

    def taken(text: str) -> None:
        set_typed(text)
        try:
            right = checked(text)
        except (SendcycleError, ValueError) as error:
            set_wrong(str(error))
        else:
            set_wrong("")
            on_value(right)

    solara.InputText(label, value=typed, on_value=taken, error=wrong or False, continuous_update=False)


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
        f"{parameter.text} Unit: {parameter.unit}; {parameter.low:g} to {parameter.high:g}, default "
        f"{parameter.default:g}. Source: {parameter.source} (grade {parameter.grade})."
    )


@solara.component
def Number(parameter: Parameter, value: float, on_value: Callable[[float], None]) -> None:
    """A slider or switch for a parameter with a field beside it, explained when pointed at."""
    with solara.Tooltip(explained(parameter)), solara.Column(gap="0px", classes=["number"]):
        if parameter.kind == "switch":
            solara.Switch(label=parameter.name, value=bool(value), on_value=lambda on: on_value(float(on)))
            return
        with solara.Row(gap="8px", style={"align-items": "center"}):
            step = 1.0 if parameter.kind == "integer" else (parameter.high - parameter.low) / STEPS
            solara.v.Slider(
                v_model=value, on_v_model=lambda v: on_value(min(max(float(v), parameter.low), parameter.high)),
                min=parameter.low, max=parameter.high, step=step, hide_details=True, dense=True,
                attributes={"aria-label": f"{parameter.name}, {parameter.unit}"},
            )  # fmt: skip
        Checked(
            f"{parameter.name} ({parameter.unit})", f"{value:.6g}", lambda text: number_of(parameter, text), on_value
        )


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
    solara.InputText("search in names and meanings", value=sought, on_value=set_sought, continuous_update=True)
    for name in changed:
        left = {other: v for other, v in changed.items() if other != name}
        solara.Button(
            f"{name} = {changed[name]:.4g}: undo", on_click=lambda left=left: on_changed(left), text=True, small=True,
            icon_name="mdi-undo",
        )  # fmt: skip
    words = sought.lower().split()
    shown = [
        p for p in known.values()
        if group in (ALL, p.group) and all(word in f"{p.name} {p.text}".lower() for word in words)
    ]  # fmt: skip
    for parameter in shown[:LONGEST]:
        name = parameter.name
        Number(
            parameter, value(name), lambda v, name=name: on_changed({**changed, name: v})
        ).key(name)  # fmt: skip
    if len(shown) > LONGEST:
        solara.Text(f"{len(shown) - LONGEST} more: search for them.")
    elif not shown:
        solara.Text("no parameter of that group has these words.")


LONGEST = 30  # fields shown at once
