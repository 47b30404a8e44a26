"""The comparison of scales finds a true difference, and reports none where there is none."""

import numpy as np
import pandas as pd
import pytest

from sendcycle_experiments.studies import e08_scales as scales


def drawn(mean: float, sd: float, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"year": 2025, "plans_in_force": rng.normal(mean, sd, n)})


def test_scatter_gives_the_number_of_replicates_needed() -> None:
    table = scales.compared({0.01: drawn(100.0, 5.0, 400, 1), 1.0: drawn(100.0, 0.5, 400, 2)}).set_index("scale")
    assert table.loc[0.01, "relative_sd"] == pytest.approx(0.05, rel=0.15)
    assert table.loc[0.01, "replicates_for_1_percent"] == pytest.approx(25, abs=8)
    assert table.loc[1.0, "replicates_for_1_percent"] == 1
    assert table.loc[0.01, "agrees"]
    assert np.isnan(table.loc[1.0, "agrees"])


def test_a_scale_that_changes_results_is_reported() -> None:
    table = scales.compared({0.01: drawn(110.0, 5.0, 30, 1), 1.0: drawn(100.0, 0.5, 30, 2)}).set_index("scale")
    assert not table.loc[0.01, "agrees"]
    assert table.loc[0.01, "difference"] == pytest.approx(0.1, abs=0.03)


def test_equal_scales_are_seldom_called_different() -> None:
    pairs = ((drawn(50.0, 2.0, 12, 2 * k), drawn(50.0, 2.0, 12, 2 * k + 1)) for k in range(300))
    wrong = sum(not scales.compared({0.01: small, 1.0: large})["agrees"].dropna().all() for small, large in pairs)
    assert wrong <= 10  # 3 are expected; more than 10 with a chance below 0.001


def test_one_run_gives_no_scatter() -> None:
    table = scales.compared({0.01: drawn(1.0, 0.1, 5, 1), 1.0: drawn(1.0, 0.1, 1, 2)}).set_index("scale")
    assert np.isnan(table.loc[1.0, "sd"])
    assert np.isnan(table.loc[0.01, "p"])
