"""Seeds differ where runs should: members, sizes of reforms, replicates. Arms of one member share theirs."""

from collections.abc import Callable, Sequence

import pytest

from sendcycle import NO_CHANGE, Scenario
from sendcycle_experiments.analysis import comparison
from sendcycle_experiments.calibration.ensembles import CURRENT, Ensemble, read_ensemble
from sendcycle_experiments.reforms.library import SIZES
from sendcycle_experiments.studies import e02_backtest, e03_loop_shares, e08_scales
from sendcycle_experiments.studies.e05_sequencing import orders
from sendcycle_experiments.studies.registry import LoopShares, Scales
from sendcycle_experiments.sweeps.designs import Design

TWO = (NO_CHANGE, Scenario("other"))


def by_size(ensemble: Ensemble) -> list[Design]:
    """Return the runs of priorities and of claims, whose reforms have another size from member to member."""
    return list(comparison.designs_by_size(lambda _: TWO, ensemble, scale=0.01).values())


DESIGNS: dict[str, tuple[Callable[[Ensemble], Sequence[Design]], int]] = {  # and runs of a member in one scenario
    "compare": (lambda of: [comparison.design(TWO, of)], 1),
    "e02": (lambda of: [e02_backtest.member_design(of, "x", "2025-03", 0.01)], 1),
    "e03": (lambda of: [e03_loop_shares.design(LoopShares(), of)], 1),
    "e05": (lambda of: [orders.runs("x", TWO, of, scale=0.01, replicates=2)], 2),
    "e09 and e10": (by_size, 1),
}


@pytest.mark.parametrize("study", DESIGNS)
def test_every_member_size_and_replicate_has_a_seed_of_its_own(study: str) -> None:
    ensemble, (designs_of, runs_of_a_member) = read_ensemble(CURRENT), DESIGNS[study]
    n = len(ensemble.members)
    plans = [design.plan() for design in designs_of(ensemble)]
    seeds = [seed for plan in plans for seed in plan.drop_duplicates(["point", "replicate"])["seed"]]
    assert len(seeds) == n * runs_of_a_member
    assert len(set(seeds)) == len(seeds)
    for plan in plans:
        assert (plan.groupby(["point", "replicate"])["seed"].nunique() == 1).all()  # arms share their draws


def test_every_size_is_run_with_a_third_of_the_members() -> None:
    ensemble = read_ensemble(CURRENT)
    designs = comparison.designs_by_size(lambda _: TWO, ensemble, scale=0.01)
    assert list(designs) == list(SIZES)
    assert sum(design.n for design in designs.values()) == len(ensemble.members)
    assert list(comparison.designs_by_size(lambda _: TWO, ensemble.first(2), scale=0.01)) == list(SIZES[:2])


def test_every_scale_has_its_own_seeds() -> None:
    designs = e08_scales.designs(Scales())
    seeds = [seed for design in designs.values() for seed in design.plan()["seed"]]
    assert len(set(seeds)) == len(seeds) == sum(design.n_runs for design in designs.values())
