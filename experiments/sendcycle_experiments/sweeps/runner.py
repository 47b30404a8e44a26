"""Runs a design on Dask, batch by batch, and writes every batch as it finishes.

By default workers are processes of this machine; any running Dask scheduler will do (docs/cluster.md). What a run
brings depends on the design alone, not on who computes it, nor on the order in which batches come back.
"""

import asyncio
import gc
import itertools
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from sendcycle import Parameters, Result, Scenario, simulate, simulate_each
from sendcycle.errors import ResultsError, SendcycleError
from sendcycle_experiments.sweeps.designs import DELAY, Design, Run, delayed
from sendcycle_experiments.sweeps.interruption import interruptible
from sendcycle_experiments.sweeps.model_state import changed_entries, model_state
from sendcycle_experiments.sweeps.store import Store

IN_FLIGHT = 3  # batches sent ahead for each worker: enough that none waits, few enough that memory stays flat
LONGEST_ERROR = 300
KEPT = "what was finished is kept, --resume goes on from there."
LOOPBACK = "127.0.0.1"  # nothing of a sweep on this machine can be reached from another
ASKED_AFTER = 20.0  # seconds without a finished batch, after which workers are asked whether they have memory
ASKED_IN_VAIN = 4  # times, one after the other, after which a sweep ends
ONE_THREAD = 16 * 2**20  # bytes of address space that a worker needs for a thread
LOOP_STARTS = 4  # times that a client of a scheduler is begun


@dataclass(frozen=True)
class Progress:
    """Where a sweep stands: runs finished, of how many, how many were there before, and how many have failed."""

    done: int
    total: int
    before: int
    failed: int


ProgressCallback = Callable[[str, Progress], None]  # gets the name of a step, and where it stands


def labelled(progress: ProgressCallback | None, name: str) -> Callable[[Progress], None] | None:
    """Return the callback of a sweep that passes its progress on as that of a step of this name."""
    return None if progress is None else lambda now: progress(name, now)


def counted(progress: ProgressCallback | None, name: str) -> Callable[[int, int], None] | None:
    """Return a callback of (done, total) that passes progress on as that of a step of this name."""
    return None if progress is None else lambda done, total: progress(name, Progress(done, total, 0, 0))


@dataclass(frozen=True)
class Finished:
    """What a sweep did: its store, runs computed now, and runs of all that failed."""

    store: Store
    computed: int
    failed: int


# ---------------------------------------------------------------------- what a worker does


def run_batch(runs: list[Run], common: dict[str, Any], state: dict[str, str]) -> pd.DataFrame:
    """Return the outcomes of some runs: a row a run and year; one row with the error of a run that fails.

    Raises
    ------
    ResultsError
        If this worker has another state of the model than the one that asks.
    """
    changed = changed_entries(state, model_state())
    if changed:
        raise ResultsError(
            f"a worker has another state of the model than this one ({', '.join(changed)} differ): "
            "install the same on all of them."
        )
    found = pd.concat([table for group in _with_one_past(runs) for table in _tables(group, **common)])
    return found.sort_values("run", kind="stable", ignore_index=True)


def _with_one_past(runs: list[Run]) -> list[list[Run]]:
    """Return the runs in groups that differ by their scenarios alone: what these share is run once."""
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.seed, *run.values.items()), []).append(run)
    return list(groups.values())


def _tables(
    group: list[Run], scenarios: list[Scenario], outcomes: list[str], years: list[int], scale: float, until: str
) -> list[pd.DataFrame]:
    """Return the outcomes of runs with one past; should one of them fail, those of halves of them, down to it alone."""
    values = {name: value for name, value in group[0].values.items() if not name.startswith(DELAY)}

    found, words = [], ""
    try:
        those = [delayed(scenarios[run.scenario], run.values) for run in group]
        futures = simulate_each(Parameters(**values), those, group[0].seed, scale, until, threads=1)
        with closing(cast(Generator[tuple[int, Result]], futures)):
            for k, result in futures:
                table = result.yearly(outcomes).reindex(years).astype(np.float64)
                found.append(_framed(group[k], table, None))
    except Exception as error:  # whatever a run may raise: it is kept beside its parameters, and the others go on
        words = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_ERROR]
    if not words:
        return found
    if len(group) == 1:
        return [_framed(group[0], pd.DataFrame(np.nan, index=years[:1], columns=outcomes), words)]
    half = len(group) // 2
    return [
        table for part in (group[:half], group[half:])
        for table in _tables(part, scenarios, outcomes, years, scale, until)
    ]  # fmt: skip


def _framed(run: Run, table: pd.DataFrame, error: str | None) -> pd.DataFrame:
    keys = {
        "run": np.full(len(table), run.run, dtype=np.int64),
        "year": np.asarray(table.index, dtype=np.int16),
        "error": pd.array([error] * len(table), dtype="string"),
    }
    return pd.DataFrame(keys | {name: table[name].to_numpy() for name in table})


# ---------------------------------------------------------------------- what the caller does


def sweep(
    design: Design,
    out: str | Path,
    *,
    resume: bool = False,
    retry_failed: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    announce: Callable[[str], None] | None = None,
) -> Finished:
    """Compute every run of a design that is not there yet, and write it into `out`.

    Parameters
    ----------
    resume
        Go on with what `out` holds of the same design and the same state of the model.
    retry_failed
        Compute batches in which a run failed once more, when going on.
    scheduler
        Address of a running Dask scheduler, such as "tcp://10.0.0.1:8786"; workers of this machine if not given.
    workers
        How many processes of this machine, one a core if not given; not with a scheduler.
    progress
        Called after every batch.
    announce
        Called with the address of Dask's dashboard.

    Raises
    ------
    SendcycleError
        One line about what kept it from being done; what was finished is kept, and `resume` goes on from there.
    """
    if scheduler is not None:
        _client(scheduler).close()  # before anything is written
    store = Store(out)
    with store.alone():
        store.begin(design, resume=resume)
        there = store.finished()
        if retry_failed:
            store.forget_failures()
            there = store.finished()
        return _completed(store, design, there, scheduler, workers or os.cpu_count() or 1, progress, announce)


def _completed(
    store: Store, design: Design, there: set[int], scheduler: str | None, workers: int,
    progress: Callable[[Progress], None] | None, announce: Callable[[str], None] | None,
) -> Finished:  # fmt: skip
    """Compute the batches that are not there, write them and the manifest."""
    began = time.perf_counter()
    missing = [(k, first, last) for k, (first, last) in enumerate(design.batches()) if k not in there]
    before = design.n_runs - sum(last - first for _, first, last in missing)
    done, failed = before, 0

    def tell() -> None:
        if progress is not None:
            progress(Progress(done, design.n_runs, before, failed))

    tell()
    if missing:
        store.continues()
        with interruptible() as check, _cluster(scheduler, workers) as client:
            if announce is not None:
                announce(str(client.dashboard_link))
            for batch, rows in _computed(client, design, missing, check):
                store.add(batch, rows)
                done += rows["run"].nunique()
                failed += int(rows["error"].notna().sum())
                tell()
    failed = store.note_failures()
    if not missing and store.is_finished:
        return Finished(store, 0, failed)  # its manifest says how it was computed
    store.finish({"computed": done - before, "failed": failed, "wall_seconds": round(time.perf_counter() - began, 3)})
    return Finished(store, done - before, failed)


@contextmanager
def _cluster(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Yield a client of a running scheduler, or of workers of this machine that end with the block."""
    import dask
    from distributed import Client, LocalCluster

    dask.config.set(
        {
            "distributed.logging.distributed": "critical",
            "distributed.comm.timeouts.connect": "15s",
            "distributed.worker.profile.enabled": False,  # it would look at a worker's stack a hundred times a second
        }
    )
    if scheduler is not None:
        client = _client(scheduler)
        try:
            yield client
        finally:
            client.close(timeout=5)
        return
    _compile()
    with _without_interruption():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            silence_logs="CRITICAL",
            memory_limit=0,
        )
    with cluster, Client(cluster) as client:
        yield client


def _client(scheduler: str) -> Any:
    """Return a client of a running scheduler."""
    from distributed import Client

    def connected() -> Client:
        gc.collect()  # a client that failed locks up the next one if it is let go of while that one starts
        return Client(scheduler, timeout=15)

    try:
        for _ in range(LOOP_STARTS - 1):
            with suppress(AssertionError):  # Distributed gives its event loop ten seconds to start: too few when busy
                return connected()
        return connected()
    except Exception as error:  # an address may ask for what is not installed, not declared or not there
        why = " ".join((str(error) or type(error).__name__).split())[:LONGEST_ERROR]
        if scheduler.startswith("tls://") and "ssl_context" in why:
            why = "it asks for a certificate, and none is configured (docs/cluster.md)"
        raise SendcycleError(f"no Dask scheduler answers at {scheduler}: {why}.") from error


@contextmanager
def _without_interruption() -> Iterator[None]:
    """Start processes that leave Ctrl-C to this one: what is blocked here when they start, is blocked in them.

    A Ctrl-C that comes meanwhile is not lost: it waits for the end of the block.
    """
    resource_tracker.ensure_running()  # starting it later would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _compile() -> None:
    """Compile the rules once, before workers would each do so."""
    simulate(scale=0.0005, until="2014-10", threads=1)


def _computed(
    client: Any, design: Design, missing: list[tuple[int, int, int]], check: Callable[[], None]
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield batches as they finish, sending others after them."""
    from distributed import as_completed

    common = {
        "scenarios": list(design.scenarios), "outcomes": list(design.outcomes), "years": [int(y) for y in design.years],
        "scale": design.scale, "until": design.until,
    }  # fmt: skip
    state = model_state()
    waiting = iter(missing)
    batch_of: dict[str, int] = {}

    def sent() -> list[Any]:
        """Send as many batches as keep all workers busy that there are now."""
        with _scheduler_answers():
            wanted = IN_FLIGHT * max(sum(client.nthreads().values()), 1) - len(batch_of)
        futures = []
        for batch, first, last in itertools.islice(waiting, max(wanted, 0)):
            future = client.submit(run_batch, design.runs(first, last), common, state, pure=False, retries=3)
            batch_of[future.key] = batch
            futures.append(future)
        return futures

    futures = as_completed(sent())
    try:
        while batch_of:
            future = _next_finished(client, futures, check)
            check()
            rows = _result(future, batch_of[future.key], missing)
            yield batch_of.pop(future.key), rows
            future.release()
            for another in sent():
                futures.add(another)
    except StopIteration:
        raise ResultsError(f"the Dask scheduler is gone; {KEPT}") from None
    finally:
        with suppress(Exception):  # the scheduler may be gone
            client.cancel([future for future in futures.futures if not future.done()])


def _next_finished(client: Any, futures: Any, check: Callable[[], None]) -> Any:
    """Return the next batch that has finished.

    Raises
    ------
    ResultsError
        If meanwhile workers have no memory left, or do not answer, time and again: such a one cannot even fail.
    StopIteration
        If there is none, because the scheduler is gone.
    """
    asked, in_vain, alone = time.monotonic(), 0, 0
    while not (futures.has_ready() or futures.is_empty()):
        with futures.thread_condition:
            futures.thread_condition.wait(timeout=0.1)
        check()
        if time.monotonic() - asked > ASKED_AFTER:
            answers = _answers_of_workers(client)
            in_vain = in_vain + 1 if any(lacks is not False for lacks in answers.values()) else 0
            if in_vain == ASKED_IN_VAIN:
                raise ResultsError(f"a worker can get no more memory (ulimit -v), or does not answer any more; {KEPT}")
            alone += not answers
            if alone == ASKED_IN_VAIN:  # of a cluster more may come, hours later
                print("the scheduler has no worker: waiting for one; Ctrl-C keeps what is finished", file=sys.stderr)
            asked = time.monotonic()
    return next(futures)


def _answers_of_workers(client: Any) -> dict[str, Any]:
    """Return of each worker whether it lacks memory, or the error in place of an answer; "all" if one says nothing."""
    try:
        return dict(client.sync(client._run, _lacks_memory, on_error="return", callback_timeout=ASKED_AFTER))
    except TimeoutError:
        return {"all": None}
    except (OSError, RuntimeError):  # the scheduler is gone, which is noticed elsewhere
        return {"scheduler": False}


def _lacks_memory() -> bool:
    """Say whether this process could not start a thread for want of memory."""
    try:
        mmap.mmap(-1, ONE_THREAD).close()
    except (OSError, MemoryError):
        return True
    return False


def _result(future: Any, batch: int, missing: list[tuple[int, int, int]]) -> pd.DataFrame:
    """Return what a batch brought, or say why nothing did."""
    from distributed import KilledWorker

    try:
        with _scheduler_answers():
            return pd.DataFrame(future.result(timeout=60))
    except KilledWorker:
        _, first, last = next(entry for entry in missing if entry[0] == batch)
        raise ResultsError(
            f"workers died again and again over runs {first} to {last - 1}, for want of memory perhaps; {KEPT}"
        ) from None


@contextmanager
def _scheduler_answers() -> Iterator[None]:
    """Say in one line if the scheduler has gone meanwhile."""
    from distributed import CancelledError

    try:
        yield
    except (CancelledError, asyncio.CancelledError, OSError, TimeoutError) as error:
        raise ResultsError(f"the Dask scheduler is gone ({type(error).__name__}); {KEPT}") from error
