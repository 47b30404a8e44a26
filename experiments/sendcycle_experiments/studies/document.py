"""Write docs/experiments.md from the registry: ``python -m sendcycle_experiments.studies.document``."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from sendcycle_experiments.studies.registry import STUDIES
from sendcycle_experiments.studies.study import Study

PAGE = Path(__file__).resolve().parents[3] / "docs" / "experiments.md"
WRITTEN_BY = (
    "<!-- Written by `python -m sendcycle_experiments.studies.document`: change the registry, not this file. -->\n"
)
PACKAGE = "experiments/sendcycle_experiments/studies"


def as_records() -> list[dict[str, Any]]:
    """Return the studies as plain dictionaries."""
    return [
        {
            "name": study.name, "question": study.question, "folder": f"results/{study.folder}",
            "options": {name: _plain(getattr(study.full, name)) for name in study.options},
            "full": _sizes(study, "full"), "smoke": _sizes(study, "smoke"),
            "tables": dict(study.tables), "figures": dict(study.figures),
        }
        for study in STUDIES.values()
    ]  # fmt: skip


def document() -> str:
    """Return the page: every study with its question, sizes, tables and figures."""
    text = [
        WRITTEN_BY,
        "# Experiments\n",
        _paragraph(
            "Every experiment asks one question and has two sizes: the full one, whose results are kept in `results/`, "
            "and `--smoke`, which shows in seconds whether all works. What an option names overrides both. "
            "`sendcycle list experiments` lists them; `make experiments` runs them into results/my_experiments/ "
            "(`STUDIES=\"e05 e07\"` some of them, `SMOKE=--smoke` in small). How one of your own is added is in "
            "[extending](extending.md)."
        ),
        _table([
            ("name", "question"), ("---", "---"),
            *((f"[{study.name}](#{study.folder})", study.question) for study in STUDIES.values()),
        ]),
    ]  # fmt: skip
    for study in STUDIES.values():
        text += [_section(study)]
    return "\n".join(text)


def _section(study: Study) -> str:
    """Return what the page says of one study."""
    rows: list[Sequence[str]] = [("size", "full", "smoke", "meaning"), ("---",) * 4]
    for f in fields(study.full):
        name = f"`--{f.name.replace('_', '-')}`" if f.name in study.options else f"`{f.name}`"
        sizes = [_in_words(getattr(each, f.name)) for each in (study.full, study.smoke)]
        rows.append((name, *sizes, f.metadata["help"]))
    module = (study.module or study.folder).replace(".", "/")
    files: list[Sequence[str]] = [("file", "what it holds"), ("---", "---")]
    files += [(f"`{name}`", text) for name, text in study.tables.items()]
    files += [(f"`{name}.pdf`, `.png`", text) for name, text in study.figures.items()]
    command = f"sendcycle experiment {study.name} {study.example}"
    return "\n".join([
        f"## {study.folder}\n", _paragraph(study.question), f"```sh\n{command}\n```\n",
        f"Code: `{PACKAGE}/{module}.py`; results: `results/{study.folder}/`.\n", _table(rows), _table(files),
    ])  # fmt: skip


def _sizes(study: Study, which: str) -> dict[str, Any]:
    sizes = getattr(study, which)
    return {f.name: _plain(getattr(sizes, f.name)) for f in fields(sizes)}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _in_words(value: Any) -> str:
    """Return a size as a reader would write it: a run of years by its ends, nothing for what is not set."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == ():
        return "–"
    if isinstance(value, tuple):
        if len(value) > 4 and value == tuple(range(value[0], value[-1] + 1)):
            return f"{value[0]} to {value[-1]}"
        return ", ".join(f"{part[1]} at {part[0]:g}" if isinstance(part, tuple) else str(part) for part in value)
    return str(value).replace(",", ", ")


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _table(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def main() -> None:
    """Write the page."""
    PAGE.write_text(document(), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
