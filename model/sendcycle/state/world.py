"""The state of the model as one object that holds arrays: what every compiled rule reads and writes.

Families are columns (`children.Children`). Schools, authorities and the nation are records (`records`). A rule is
called with the world, the parameters of the month, the drivers of the month and a part: the rows of the authorities it
may touch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sendcycle.engine.by_reference import ByReference
from sendcycle.state.children import Children
from sendcycle.state.parameter_record import ParameterRecord
from sendcycle.state.records import AuthorityRecord, DriverRecord, NationRecord, Records, SchoolRecord
from sendcycle.state.tally_record import TallyRecord

Part = NDArray[np.int64]  # rows of authorities


@dataclass(frozen=True, eq=False)
class World(ByReference):
    """All state. `children.Children` and the record types in `records` give the units."""

    children: Children
    rows: NDArray[np.int64]  # (authority, month of birth): first row of each month of birth
    births_from: int  # month of birth of column 0 of `rows`
    # Lists of rows, shaped (children); an authority writes only where its own rows stand.
    drawn_rows: NDArray[np.uint32]  # scratch
    going_on_rows: NDArray[np.uint32]  # the over-16s of last September who had not left education
    plan_rows: NDArray[np.uint32]  # children with a plan at the last month end, and those given one since
    case_rows: NDArray[np.uint32]  # children with a case at the last month end, and those asked for since
    schools: Records[SchoolRecord]
    cluster_schools: NDArray[np.int32]  # (cluster + 1): first school row of each cluster; primaries first
    cluster_secondary: NDArray[np.int32]  # (cluster): first secondary row
    authorities: Records[AuthorityRecord]
    docket: NDArray[np.int32]  # (authority, month of registration modulo DOCKET_MONTHS): appeals waiting
    place_pipeline: NDArray[np.float64]  # (authority, PLACE_PIPELINE_MONTHS): special places opening
    training: NDArray[np.float64]  # (TRAINING_MONTHS,): psychologists finishing training
    nation: Records[NationRecord]
    tallies: Records[TallyRecord]  # (authority): what observables are made of, this month
    seed: int


@dataclass(frozen=True, eq=False)
class Inputs(ByReference):
    """What is given to the run from outside, by month: place 0 is the first month of the burn-in."""

    parameters: Records[ParameterRecord]
    drivers: Records[DriverRecord]
