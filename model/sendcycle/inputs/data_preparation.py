"""Rebuild the tables of ``model/sendcycle/inputs/data`` which are derived from published ones.

``python -m sendcycle.inputs.data_preparation`` reads ``authorities.csv`` and ``national_series.csv`` and writes
``authorities_start.csv``: the 153 upper-tier authorities there are since April 2023 as they stood near September 2014,
each from the published rows of itself or of its forerunners; nothing published for years after 2022 goes into it. With
``--released FOLDER`` it first copies the released files and corrects them: the corrections are listed below.
``docs/data.md`` says what was done and why.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

DATA = Path(__file__).parent / "data"
LAST_YEAR_USED = 2022
# Below this a line of spending on special schools was not reported: zeros, and Dorset 2018 at 3 pounds a head.
LEAST_SPEND_PER_HEAD_GBP = 5.0


ANSWER_TRIBUNAL = "Written answer 183449 (Ministry of Justice), 29 October 2018"
ANSWER_HIGH_NEEDS = "Written answer 129210 (DfE), 7 March 2022"
CENSUS = "DfE Schools, pupils and their characteristics"
JUNGLE = "Special Needs Jungle on the tribunal statistics of "
ANSWER_TRIBUNAL_URL = "https://www.parallelparliament.co.uk/question/183449/special-educational-needs"
ANSWER_HIGH_NEEDS_URL = "https://www.parallelparliament.co.uk/question/129210/special-educational-needs-finance"
CENSUS_URL = (
    "https://explore-education-statistics.service.gov.uk/find-statistics/school-pupils-and-their-characteristics"
)
JUNGLE_URL = "https://www.specialneedsjungle.com/"


class Correction(NamedTuple):
    """A figure of ``national_series.csv`` that was checked against its source, changed or added."""

    series: str
    year: int
    value: float
    unit: str
    source_title: str
    source_url: str
    note: str


REGISTERED, UPHELD, FUNDING = "appeals_registered_academic_year", "appeals_upheld_share", "high_needs_funding"
ACADEMIC_YEAR = "academic year starting in the year given"
FINANCIAL_YEAR = "financial year starting in the year given, cash, before deductions"
CORRECTIONS = [
    *(
        Correction(REGISTERED, year, value, "appeals", ANSWER_TRIBUNAL, ANSWER_TRIBUNAL_URL, ACADEMIC_YEAR)
        for year, value in [(2014, 3147), (2015, 3712), (2016, 4725), (2017, 5679)]
    ),
    Correction(REGISTERED, 2018, 7002, "appeals", f"{JUNGLE}2018/19", JUNGLE_URL, ACADEMIC_YEAR),
    Correction(REGISTERED, 2019, 7917, "appeals", f"{JUNGLE}2019/20", JUNGLE_URL, ACADEMIC_YEAR),
    *(
        Correction(
            UPHELD,
            year,
            round(100 * won / decided, 1),
            "percent",
            ANSWER_TRIBUNAL,
            ANSWER_TRIBUNAL_URL,
            f"of cases decided at hearing: {won} of {decided}, {ACADEMIC_YEAR}",
        )
        for year, won, decided in [(2014, 680, 788), (2015, 780, 883), (2016, 1418, 1599), (2017, 2035, 2298)]
    ),
    *(
        Correction(UPHELD, year, value, "percent", title, JUNGLE_URL, f"of cases decided at hearing, {ACADEMIC_YEAR}")
        for year, value, title in [
            (2019, 95, f"{JUNGLE}2019/20"),
            (2020, 96, f"{JUNGLE}2021/22: 96 percent in both years"),
            (2021, 96, f"{JUNGLE}2021/22: 3.7 percent for the authority"),
        ]
    ),
    *(
        Correction(FUNDING, year, value, "GBP million", ANSWER_HIGH_NEEDS, ANSWER_HIGH_NEEDS_URL, FINANCIAL_YEAR)
        for year, value in [(2015, 5247), (2016, 5300), (2017, 5827), (2018, 6115)]
    ),
    Correction(
        FUNDING,
        2023,
        9954.0,
        "GBP million",
        "DfE dedicated schools grant allocations, March 2024",
        "https://www.gov.uk/government/collections/dedicated-schools-grant-dsg",
        f"{FINANCIAL_YEAR}; an earlier version has 9,952.2",
    ),
    *(
        Correction("pupils", year, value, "pupils", CENSUS, CENSUS_URL, "all schools, January")
        for year, value in [
            (2016, 8559540),
            (2017, 8669080),
            (2018, 8735098),
            (2021, 8911887),
            (2023, 9073829),
        ]
    ),
    Correction(
        "pupils_with_plan",
        2022,
        355566,
        "pupils",
        "HCB Group on DfE Special educational needs in England, January 2022",
        "https://hcbgroup.com/site/blog/how-have-special-educational-statistics-changed-20212022",
        "all schools, January; the page drops the first digit but gives the rise, 9.2 percent on 325,618",
    ),
]
NOT_CONFIRMED = {
    (REGISTERED, 2020): "not confirmed: MoJ rounds to 8,600",
    (UPHELD, 2018): "not confirmed in a source that could be read",
    (FUNDING, 2024): "not confirmed: sources give 10,300 to 11,000; 11,900 less almost 1,000 announced for 2025-26",
    ("pupils", 2025): "DfE gives just over 9 million, 59,600 fewer than in 2024, which agrees to the hundred",
}
# Observations of periods that end after the data are sealed (January 2025, or the financial year 2024-25).
SEALED_NATIONAL = {("cumulative_deficit", 2025)}
SEALED_PERIODS = {"2024/25", "2025"}
SEALED_OTHER = {("high_needs_in_year_deficit", "2025-26"), ("tribunal_open_caseload_growth", "2024-25")}


class Column(NamedTuple):
    """A column of the starting table: where it is read, and how it is filled when the authority has none."""

    name: str
    source: str
    year: int | None  # None: the first year published for that authority, kept in a column of its own
    kind: str  # "count" is split and added when authorities are reorganised; "rate" is averaged
    weight: str  # rates are averaged over this; counts are filled as a regional ratio to it


class Origin(NamedTuple):
    """One former authority and the share of it that belongs to an authority of 2022."""

    la_code: str
    share: float


class Successor(NamedTuple):
    """One of the authorities that followed a county after 2022, and its residents of all ages in the 2021 census."""

    la_code: str
    la_name: str
    residents: int


# Cumbria divided in April 2023. What its successors published themselves is sealed, so residents give their shares.
# The two figures were read at A Vision of Britain through Time, total population, Census of Population 2021.
DIVIDED_AFTER_2022 = {
    "E10000006": [
        Successor("E06000063", "Cumberland", 273_135),
        Successor("E06000064", "Westmorland and Furness", 226_869),
    ]
}

COLUMNS = [
    Column("plans_2014", "plans_in_force", 2014, "count", "mainstream_pupils"),
    Column("plans_2015", "plans_in_force", 2015, "count", "mainstream_pupils"),
    Column("plans_2016", "plans_in_force", 2016, "count", "mainstream_pupils"),
    Column("plans_mainstream", "plans_mainstream", 2015, "count", "plans_2015"),
    Column("plans_special", "plans_special", 2015, "count", "plans_2015"),
    Column("plans_ap", "plans_ap", 2015, "count", "plans_2015"),
    Column("plans_further_education", "plans_further_education", 2015, "count", "plans_2015"),
    Column("plans_elsewhere", "plans_elsewhere", 2015, "count", "plans_2015"),
    Column("plans_early_years", "plans_early_years", 2015, "count", "plans_2015"),
    Column("plans_further_education_2016", "plans_further_education", 2016, "count", "plans_2015"),
    Column("plans_further_education_2017", "plans_further_education", 2017, "count", "plans_2015"),
    Column("new_plans_2014", "new_plans", 2014, "count", "plans_2015"),
    Column("new_plans_2015", "new_plans", 2015, "count", "plans_2015"),
    Column("new_plans_2016", "new_plans", 2016, "count", "plans_2015"),
    Column("requests_2016", "requests", 2016, "count", "plans_2015"),
    Column("requests_refused_2014", "requests_refused", 2014, "count", "plans_2015"),
    Column("requests_refused_2015", "requests_refused", 2015, "count", "plans_2015"),
    Column("requests_refused_2016", "requests_refused", 2016, "count", "plans_2015"),
    Column("assessments_not_issued_2015", "assessments_not_issued", 2015, "count", "plans_2015"),
    Column("assessments_not_issued_2016", "assessments_not_issued", 2016, "count", "plans_2015"),
    Column("within_20_weeks_2015", "within_20_weeks", 2015, "rate", "new_plans_2015"),
    Column("within_20_weeks_2016", "within_20_weeks", 2016, "rate", "new_plans_2016"),
    Column("appeals_2014", "appeals_registered", 2014, "count", "plans_2015"),
    Column("appeals_2015", "appeals_registered", 2015, "count", "plans_2015"),
    Column("appeals_2016", "appeals_registered", 2016, "count", "plans_2015"),
    Column("appealable_decisions_2014", "appealable_decisions", 2014, "count", "plans_2015"),
    Column("appealable_decisions_2015", "appealable_decisions", 2015, "count", "plans_2015"),
    Column("appealable_decisions_2016", "appealable_decisions", 2016, "count", "plans_2015"),
    Column("population_2_to_18", "population_2_to_18", None, "count", "mainstream_pupils"),
    Column("mainstream_pupils", "mainstream_pupils", None, "count", "plans_2015"),
    Column("sen_support_pct", "census_pct_sen_support", None, "rate", "mainstream_pupils"),
    Column("fsm_pct", "fsm_pct", None, "rate", "mainstream_pupils"),
    Column("permanent_exclusion_pct", "permanent_exclusion_pct", None, "rate", "mainstream_pupils"),
    Column("suspension_pct", "suspension_pct", None, "rate", "mainstream_pupils"),
    Column("special_independent_share", "special_independent_share", None, "rate", "plans_special"),
    Column("special_spend_independent_gbp", "special_spend_independent_gbp", None, "count", "population_2_to_18"),
    Column("special_spend_state_gbp", "special_spend_state_gbp", None, "count", "population_2_to_18"),
    Column("high_needs_block_gbp", "high_needs_block_gbp", None, "count", "mainstream_pupils"),
    Column("deficit_pct_of_dsg_2020", "deficit_pct_of_dsg", 2020, "rate", "mainstream_pupils"),
]

# The tribunal's authority table leaves out Bournemouth, Dorset and Poole before 2019 while the national total holds
# them: what is missing from the total is theirs, and is shared between their successors by plans.
NATIONAL_REMAINDER = {"appeals_registered", "appealable_decisions"}


def mean_of_phases(rows: pd.DataFrame) -> pd.Series:
    """Return free-school-meal eligibility: the mean of the primary and the secondary figure, or the one published."""
    return rows[["fsm_primary_pct", "fsm_secondary_pct"]].mean(axis=1, skipna=True)


def independent_share(rows: pd.DataFrame) -> pd.Series:
    """Return plans in independent and non-maintained special schools, as a share of plans in special schools."""
    outside = rows[["plans_special_independent", "plans_special_non_maintained"]].sum(axis=1, min_count=2)
    share: pd.Series[float] = outside / rows["plans_special"].replace(0, np.nan)
    return share.round(5)


def reorganised(panel: pd.DataFrame) -> dict[str, list[Origin]]:
    """Return the origins of each authority created between 2014 and 2022, with shares measured on later published rows.

    Christchurch left Dorset in April 2019: its share of old Dorset is the fall in Dorset's mainstream pupils between
    January 2019 and January 2020. Northamptonshire divided in April 2021: shares of plans in January 2022.
    """

    def value(la_code: str, year: int, column: str) -> float:
        return float(panel[column].loc[(la_code, year)])

    bournemouth, poole, old_dorset, northamptonshire = "E06000028", "E06000029", "E10000009", "E10000021"
    bcp, dorset, north, west = "E06000058", "E06000059", "E06000061", "E06000062"
    # the pupils of old Dorset in 2019 stand in the row of the new code
    kept = value(dorset, 2020, "mainstream_pupils") / value(dorset, 2019, "mainstream_pupils")
    plans = [value(code, 2022, "plans_in_force") for code in (north, west)]
    return {
        bcp: [Origin(bournemouth, 1.0), Origin(poole, 1.0), Origin(old_dorset, 1.0 - kept)],
        dorset: [Origin(old_dorset, kept)],
        north: [Origin(northamptonshire, plans[0] / sum(plans))],
        west: [Origin(northamptonshire, plans[1] / sum(plans))],
    }


def whole_numbers(values: pd.Series) -> pd.Series:
    """Round to whole numbers by largest remainder, so that the sum stays what it was."""
    floor: pd.Series[float] = np.floor(values + 1e-9)
    short = round(float((values - floor).sum()))
    order = (values - floor).sort_values(ascending=False, kind="stable").index[:short]
    floor.loc[order] += 1
    return floor


def read_column(
    panel: pd.DataFrame, codes: list[str], origins: dict[str, list[Origin]], column: Column
) -> pd.DataFrame:
    """Read one column for each authority, and the year it stands for; missing where nothing is published."""
    source = panel[column.source]
    value = pd.Series(np.nan, index=codes)
    year_of = pd.Series(np.nan, index=codes)
    years = [column.year] if column.year is not None else sorted(panel.index.get_level_values("year").unique())
    for year in years:
        now = source.xs(year, level="year")
        own = now.reindex(codes)
        for code, parts in origins.items():
            there = now.reindex([part.la_code for part in parts])
            if np.isnan(own[code]) and there.notna().all():
                shares = np.array([part.share for part in parts])
                if column.kind == "count":
                    own[code] = float((there.to_numpy() * shares).sum())
                else:
                    size = panel["plans_in_force"].xs(year, level="year").reindex(there.index).to_numpy() * shares
                    own[code] = float(np.average(there, weights=size))
        fresh = value.isna() & own.notna()
        value[fresh] = own[fresh]
        year_of[fresh] = year
    if column.kind == "count":
        mapped = [code for code in origins if not np.isnan(value[code])]
        value[mapped] = whole_numbers(value[mapped])
    return pd.DataFrame({"value": value, "year": year_of})


def fill(table: pd.DataFrame, column: Column) -> list[str]:
    """Fill one column from the region, weighted, and return the codes of the authorities that needed it."""
    values, weight = table[column.name], table[column.weight]
    missing = table.index[values.isna()]
    for code in missing:
        known = (table["region"] == table.loc[code, "region"]) & values.notna() & (weight > 0)
        if column.kind == "count":
            ratio = values[known].sum() / weight[known].sum()
            table.loc[code, column.name] = round(ratio * weight[code])
        else:
            table.loc[code, column.name] = round(float(np.average(values[known], weights=weight[known])), 5)
    return list(missing)


def fill_from_nation(table: pd.DataFrame, column: Column, total: float) -> list[str]:
    """Share what the national total holds beyond the published rows among the authorities without one."""
    missing = table.index[table[column.name].isna()]
    if len(missing):
        plans = table.loc[missing, "plans_2015"]
        remainder = max(total - table[column.name].sum(), 0.0)
        table.loc[missing, column.name] = whole_numbers(plans / plans.sum() * remainder)
    return list(missing)


def divided(table: pd.DataFrame) -> pd.DataFrame:
    """Put the successors in the place of each county that divided after 2022: counts by share, rates as they are."""
    pieces = [table[~table["la_code"].isin(list(DIVIDED_AFTER_2022))]]
    for la_code, successors in DIVIDED_AFTER_2022.items():
        parts = pd.concat([table[table["la_code"] == la_code]] * len(successors), ignore_index=True)
        residents = pd.Series([float(successor.residents) for successor in successors])
        shares = residents / residents.sum()
        for column in COLUMNS:
            if column.kind == "count":
                parts[column.name] = whole_numbers(parts[column.name] * shares).astype("int64")
        parts["la_code"] = [successor.la_code for successor in successors]
        parts["la_name"] = [successor.la_name for successor in successors]
        parts["origins"] = [f"{la_code}:{share:.4f}" for share in shares]
        pieces.append(parts)
    return pd.concat(pieces).sort_values("la_code", ignore_index=True)


def starting_rows(authorities: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """Return one row per authority there is since April 2023, as near to September 2014 as published rows allow."""
    return divided(rows_of_2022(authorities, national))


def rows_of_2022(authorities: pd.DataFrame, national: pd.DataFrame) -> pd.DataFrame:
    """Return one row per authority of 2022, as near to September 2014 as its published rows allow."""
    authorities = authorities[authorities["year"] <= LAST_YEAR_USED].copy()
    authorities["fsm_pct"] = mean_of_phases(authorities)
    authorities["special_independent_share"] = independent_share(authorities)
    for name in ("special_spend_independent_gbp", "special_spend_state_gbp"):
        plausible = authorities[name] > LEAST_SPEND_PER_HEAD_GBP * authorities["population_2_to_18"]
        authorities[name] = authorities[name].where(plausible)
    panel = authorities.set_index(["la_code", "year"]).sort_index()
    names = authorities[authorities["year"] == LAST_YEAR_USED].set_index("la_code").sort_index()
    codes = list(names.index)
    origins = reorganised(panel)

    table = names[["la_name", "region"]].copy()
    for column in COLUMNS:
        read = read_column(panel, codes, origins, column)
        table[column.name] = read["value"]
        if column.year is None:
            table[f"{column.name}_year"] = read["year"]

    totals = national.set_index(["series", "year"])["value"]
    filled: dict[str, list[str]] = {code: [] for code in codes}
    weights_first = sorted(COLUMNS, key=lambda column: column.name != "mainstream_pupils")
    for column in weights_first:
        if column.source in NATIONAL_REMAINDER and column.year is not None:
            done = fill_from_nation(table, column, float(totals[column.source, column.year]))
        else:
            done = fill(table, column)
        for code in done:
            filled[code].append(column.name)
    for column in COLUMNS:
        if column.kind == "count":
            table[column.name] = table[column.name].round().astype("int64")
        else:
            table[column.name] = table[column.name].round(5)
        if column.year is None:
            table[f"{column.name}_year"] = table[f"{column.name}_year"].astype("Int64")
    order = [column.name for column in COLUMNS]
    table["filled"] = [" ".join(sorted(filled[code], key=order.index)) for code in codes]
    table["origins"] = [" ".join(f"{o.la_code}:{o.share:.4f}" for o in origins.get(code, [])) for code in codes]
    return table.reset_index()


def repaired(authorities: pd.DataFrame) -> pd.DataFrame:
    """Return one row per authority and year, with Buckinghamshire, published under two codes, under its present one."""
    table = authorities.copy()
    table["la_code"] = table["la_code"].replace({"E10000002": "E06000060"})
    columns = list(table.columns)
    return table.groupby(["la_code", "year"], as_index=False, sort=True).first()[columns]


def corrected_national(national: pd.DataFrame) -> pd.DataFrame:
    """Return the national series with checked figures put in, and the sealed observation left out."""
    table: dict[tuple[str, int], dict[str, Any]] = {}
    for row in national.to_dict("records"):
        table[str(row["series"]), int(row["year"])] = {str(name): value for name, value in row.items()}
    for sealed in SEALED_NATIONAL:
        del table[sealed]
    for correction in CORRECTIONS:
        table[correction.series, correction.year] = {**correction._asdict(), "status": "read"}
    for key, remark in NOT_CONFIRMED.items():
        table[key] |= {"status": "recalled", "note": f"{table[key]['note']}; {remark}"}
    return pd.DataFrame([table[key] for key in sorted(table)], columns=national.columns)


def corrected_other(other: pd.DataFrame) -> pd.DataFrame:
    """Return the collected series with the high needs block corrected, origins named, sealed periods left out."""
    keys = pd.Series(list(zip(other["series"], other["year"], strict=True)), index=other.index)
    table = other[~other["year"].isin(SEALED_PERIODS) & ~keys.isin(SEALED_OTHER)].copy()
    block = table["series"] == "high_needs_block_before_deductions"
    for row in CORRECTIONS:
        if row.series == FUNDING and row.source_title == ANSWER_HIGH_NEEDS:
            here = block & (table["year"] == f"{row.year}-{(row.year + 1) % 100}")
            table.loc[here, "value"] = str(round(row.value * 1e6))
            table.loc[here, ["unit", "status", "note"]] = ["GBP cash", "read", FINANCIAL_YEAR]
            table.loc[here, ["source_title", "source_url"]] = [row.source_title, row.source_url]
    shown = (table["series"] == "sen_unit_place_funding") & table["year"].isin(["2022-23", "2023-24"])
    table.loc[shown, "status"] = "read"
    secondary = table["source_title"].str.startswith("REPORT.md")
    table.loc[secondary, "source_title"] = "secondary report of the source named in the address"
    table.loc[table["note"].fillna("").str.contains("REPORT.md"), "note"] = np.nan
    unnamed = table["source_url"].fillna("").str.contains("repo id")
    table.loc[unnamed, "source_url"] = "NAO, October 2024, quoted at second hand"
    return table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table the same way on every machine."""
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.10g")


def main(arguments: list[str] | None = None) -> None:
    """Rebuild ``authorities_start.csv``, after correcting the released files when their folder is given."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--released", type=Path, help="folder of the published files, before repair")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder to write into (default: model/sendcycle/inputs/data)"
    )
    options = parser.parse_args(arguments)
    if options.released is not None:
        released = options.released
        write_csv(repaired(pd.read_csv(released / "authorities.csv")), options.data / "authorities.csv")
        national = corrected_national(pd.read_csv(released / "national_series.csv"))
        write_csv(national, options.data / "national_series.csv")
        other = corrected_other(pd.read_csv(released / "other_series.csv", dtype={"value": str, "year": str}))
        write_csv(other, options.data / "other_series.csv")
        for name in ("national_breakdowns.csv", "forecasts.csv"):
            (options.data / name).write_bytes((released / name).read_bytes())
    authorities = pd.read_csv(options.data / "authorities.csv")
    national = pd.read_csv(options.data / "national_series.csv")
    write_csv(starting_rows(authorities, national), options.data / "authorities_start.csv")


if __name__ == "__main__":
    main()
