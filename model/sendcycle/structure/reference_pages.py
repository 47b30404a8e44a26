"""Write the two documents that are made from declarations: ``docs/parameters.md`` and ``docs/observables.md``.

``python -m sendcycle.structure.reference_pages`` writes both. With ``--check`` it writes nothing and ends with status 1
if one of them is not what the declarations say.
"""

import argparse
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sendcycle.inputs import parameters
from sendcycle.outputs import observables

DOCS = Path(__file__).resolve().parents[3] / "docs"
WRITTEN_BY = (
    "<!-- Written by `python -m sendcycle.structure.reference_pages`: change the declarations, not this file. -->\n"
)

GRADE_MEANS = {
    "A": "official statistic or law",
    "B": "peer-reviewed or official research",
    "C": "press, survey or a single authority",
    "D": "derived by arithmetic from published figures, or a definition",
    "assumption": "the modeller's choice, to be varied",
}
PRIOR_MEANS = {
    "none": "never varied: a definition, a law, a switch or the lever of a reform",
    "uniform": "every value of the range is equally likely",
    "loguniform": "equal ratios are equally likely: for rates known only to their order of magnitude",
    "triangular": "likeliest at its mode, falling in straight lines to both ends of the range",
    "normal": "a normal distribution, cut off at the ends of the range",
    "lognormal": "a normal distribution of the logarithm, cut off at the ends of the range",
    "beta": "a beta distribution stretched over the range",
}
PARAMETER_GROUPS = {
    "loops": "Gains of the loops",
    "needs": "Needs, and how they are identified",
    "support": "Support in schools and other settings",
    "requests": "Requests",
    "statutory": "The statutory process",
    "appeals": "Appeals",
    "placement": "Placement",
    "confidence": "Confidence and advocacy",
    "people": "People: psychologists, caseworkers, schools' staff, therapists",
    "money": "Money",
    "reforms": "Reforms: levers, and how they act",
}
OBSERVABLE_GROUPS = {
    "statutory": "The statutory process",
    "pupils": "Pupils",
    "appeals": "Appeals",
    "placement": "Placement",
    "money": "Money",
    "people": "People",
    "outcomes": "Outcomes",
    "gaps": "Gaps by disadvantage",
}
KIND_MEANS = {
    "stock": "a level at month end",
    "flow": "an amount a month",
    "share": "one tally over another, in percent or as a share",
    "mean": "a sum over the number of those it is summed over",
    "median": "weeks within which half of the cases were done, interpolated between tallies of those done by then",
}
YEAR_MEANS = {
    "january": "the month of January, as in the census",
    "calendar": "January to December",
    "financial": "April to March, labelled by the year in which it begins",
    "school": "September to August, labelled by the year in which it begins",
}


def parameters_document() -> str:
    """Return ``docs/parameters.md``: every declared parameter, by group."""
    known = parameters.declared()
    whole = [f"`{p.name}`" for p in known.values() if p.kind == "integer"]
    switches = [f"`{p.name}`" for p in known.values() if p.kind == "switch"]
    calibrated = sum(p.prior.dist != "none" and p.group != "reforms" for p in known.values())
    text = [
        WRITTEN_BY,
        "# Parameters\n",
        _paragraph(
            f"Every number that a run can change, {len(known)} in all, declared once in "
            "`model/sendcycle/inputs/parameters.toml`. What each one does in the rules is in `docs/odd.md`. "
            "`sendcycle run --set NAME=VALUE` runs the model with another value; a value outside the range is refused."
        ),
        _paragraph(
            "**Default** is the declared value, from which every run starts that names no other. Of "
            f"{calibrated} parameters it is calibrated: the value of the nearest member of the ensemble "
            f"`{parameters.calibrated_to()}`, to four digits ([calibration](calibration.md)). **Range** and **source** "
            "say what is thought possible and why; a source may name a figure from which calibration has moved the "
            "default away."
        ),
        "**Grade** says what the range rests on, and a default that was not calibrated.\n",
        _words(GRADE_MEANS, (p.grade for p in known.values()), "parameter"),
        _paragraph(
            "A grade is about the number, not about the shape of the rule that uses it. The shapes of the rules are "
            "assumptions, and `docs/odd.md` states them."
        ),
        _paragraph(
            "**Prior** is what is believed before calibration. Sensitivity analysis and calibration draw from it, "
            "within the range."
        ),
        _words(PRIOR_MEANS, (p.prior.dist for p in known.values()), "parameter"),
        _paragraph(f"Whole numbers: {', '.join(whole)}. Switches: {', '.join(switches)}. Neither is ever varied."),
        _paragraph(
            "Pounds are of the year unless the unit says 2014-15 prices. Rates are per month unless the unit says "
            "otherwise. Where the unit is log points, a change multiplies by the exponential of parameter times change."
        ),
        _paragraph(
            "These set how the run begins, so that no reform can change them: "
            f"{', '.join(f'`{p.name}`' for p in known.values() if p.read == 'start')}."
        ),
        _counts_by_group(),
    ]
    for group, title in _groups((p.group for p in known.values()), PARAMETER_GROUPS):
        within = {name: p for name, p in known.items() if p.group == group}
        text += [f"## {title}\n", parameters.markdown_table(within)]
    return "\n".join(text)


def observables_document() -> str:
    """Return ``docs/observables.md``: every declared observable, by group, and the tallies they are read from."""
    known = observables.declared()
    recorded = known.observables.values()
    compared = sum(o.published is not None for o in recorded)
    text = [
        WRITTEN_BY,
        "# Observables\n",
        _paragraph(
            f"What a run records: {len(known.tallies)} tallies for each authority and month, and "
            f"{len(known.observables)} observables read from them, {compared} with a published series beside them. "
            "Both are declared once, in `model/sendcycle/outputs/observables.toml`. Where the published series come "
            "from is in `docs/data.md`."
        ),
        _paragraph(
            "An observable is the tally `numerator`, brought to its unit and divided by the tally `denominator` where "
            "there is one. National figures weight the tallies of each authority before they are divided."
        ),
        _paragraph(
            "**Prices** is the price base of money; cash is pounds of the time. `columns.csv`, beside every table of "
            "results, gives label, unit, prices and period of each column."
        ),
        "**Kind** says what is recorded each month.\n",
        _words(KIND_MEANS, (o.kind for o in recorded), "observable"),
        "**Year** says how months become the figure of a year.\n",
        _words(YEAR_MEANS, (o.yearly for o in recorded), "observable"),
        _paragraph(
            "Over a year flows are summed, and so are both tallies of a share or mean before they are divided. A stock "
            "is that of the year's last month. Where months are summed, a year that the run does not cover whole has "
            "no figure."
        ),
        _paragraph(
            "**Published series**: a name alone stands in `national_series.csv`; `other_series:` and `spending:` name "
            "the other two files."
        ),
    ]
    for group, title in _groups((o.group for o in recorded), OBSERVABLE_GROUPS):
        within = {name: o for name, o in known.observables.items() if o.group == group}
        text += [f"## {title}\n", observables.markdown_table(observables.Declarations(known.tallies, within))]
    rows: list[Sequence[str]] = [("tally", "unit", "meaning"), ("---",) * 3]
    for name, description in known.tallies.items():
        unit, _, meaning = description.partition(":")
        rows.append((f"`{name}`", unit.strip(), meaning.strip()))
    text += ["## Tallies\n", _table(rows)]
    return "\n".join(text)


def documents() -> dict[str, str]:
    """Return the text of each document, by file name."""
    return {"parameters.md": parameters_document(), "observables.md": observables_document()}


def not_current(folder: Path = DOCS) -> list[str]:
    """Return the names of the documents in `folder` that are missing or not what the declarations say."""

    def written(name: str) -> str | None:
        path = folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return [name for name, text in documents().items() if written(name) != text]


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _words(meanings: dict[str, str], used: Iterable[str], what: str) -> str:
    """Return a list of the words in use, what each means, and how many entries have it."""
    counts = Counter(used)
    words = [word for word in meanings if counts[word]] + [word for word in counts if word not in meanings]
    return "".join(
        f"- **{word}**: {meanings.get(word, 'not described')} ({counts[word]} {what}{'s' * (counts[word] != 1)})\n"
        for word in words
    )


def _groups(used: Iterable[str], titles: dict[str, str]) -> list[tuple[str, str]]:
    """Return each group in use with its title, in declared order."""
    return [(group, titles.get(group, group.capitalize())) for group in dict.fromkeys(used)]


def _counts_by_group() -> str:
    """Return a table of how many parameters of each group have each grade."""
    known = parameters.declared().values()
    counts = Counter((p.group, p.grade) for p in known)
    rows: list[Sequence[str]] = [("group", *parameters.GRADES), ("---",) * (1 + len(parameters.GRADES))]
    for group, title in _groups((p.group for p in known), PARAMETER_GROUPS):
        rows.append((title, *(str(counts[group, grade] or "") for grade in parameters.GRADES)))
    return _table(rows)


def _table(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def main(arguments: list[str] | None = None) -> int:
    """Write the documents made from declarations, or check that they are current."""
    parser = argparse.ArgumentParser(prog="python -m sendcycle.structure.reference_pages", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a document is not current")
    parser.add_argument("--folder", type=Path, default=DOCS, help="folder of the documents (default: docs)")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}.")
    stale = not_current(options.folder)
    if options.check:
        for name in stale:
            print(
                f"{options.folder / name} is not current: run python -m sendcycle.structure.reference_pages.",
                file=sys.stderr,
            )
        return 1 if stale else 0
    for name in stale:
        (options.folder / name).write_text(documents()[name], encoding="utf-8", newline="\n")
        print(f"wrote {options.folder / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
