"""Sweep a design on a Slurm cluster: python slurm_sweep.py DESIGN OUT --jobs N."""

import argparse

from dask_jobqueue import SLURMCluster

from sendcycle_experiments import Design, Progress, sweep

CORES = 32  # of a job; each runs one worker


def tell(now: Progress) -> None:
    """Print a line a batch, for the log of a job."""
    print(f"{now.done} of {now.total} runs, {now.failed} failed", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("design")
    parser.add_argument("out")
    parser.add_argument("--jobs", type=int, default=4)
    arguments = parser.parse_args()
    cluster = SLURMCluster(
        queue="compute",  # the partition
        cores=CORES,
        processes=CORES,
        memory="64GB",
        walltime="04:00:00",
        job_script_prologue=["export NUMBA_CACHE_DIR=$TMPDIR/sendcycle"],
    )
    cluster.adapt(minimum_jobs=1, maximum_jobs=arguments.jobs)
    design = Design.from_toml(arguments.design)
    sweep(design, arguments.out, resume=True, scheduler=cluster.scheduler_address, progress=tell)
