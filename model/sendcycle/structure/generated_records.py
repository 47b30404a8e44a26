"""Write the record types that follow from declarations: ``parameter_record.py`` and ``tally_record.py`` in ``state``.

``python -m sendcycle.structure.generated_records`` writes both, so that editors and type checkers know each parameter
and each tally by name. A test holds them against the declarations.
"""

from collections.abc import Mapping
from pathlib import Path

from sendcycle.inputs import parameters
from sendcycle.outputs import observables

STATE = Path(__file__).resolve().parents[1] / "state"
LONGEST_LINE = 120


def generated() -> dict[str, str]:
    """Return the text of each file, by its name."""
    of_parameters = {p.name: p.unit for p in parameters.declared().values()}
    of_tallies = dict(observables.declared().tallies)
    return {
        "parameter_record.py": _module(
            "ParameterRecord", "All parameters of one month, with their units.", "parameters.toml", of_parameters
        ),
        "tally_record.py": _module(
            "TallyRecord", "What is counted of one authority in one month, with units.", "observables.toml", of_tallies
        ),
    }


def _module(name: str, text: str, source: str, units: Mapping[str, str]) -> str:
    """Return a module that declares a record of real numbers."""
    fields = (_field(field, unit) for field, unit in units.items())
    return (
        f'"""{text}\n\nWritten by `python -m sendcycle.structure.generated_records` from `{source}`.\n"""\n\n'
        f"from sendcycle.state.records import Real, Record\n\n\n"
        f'class {name}(Record):\n    """{text}"""\n\n' + "\n".join(fields) + "\n"
    )


def _field(name: str, unit: str) -> str:
    line = f"    {name}: Real  # {unit}"
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 4] + " ..."


def main() -> None:
    """Write both files."""
    for name, text in generated().items():
        (STATE / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {STATE / name}")


if __name__ == "__main__":
    main()
