"""The executor that the command line asks for, and the local cluster that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from ..execution.executors import Executor, Serial, Threads

SENT = ".cluster"
"""Folder in the output folder where a cluster's workers find the medium."""


@contextmanager
def chosen(
    name: str, threads: int | None, workers: int | None, scheduler: str | None, directory: Path
) -> Iterator[Executor]:
    """Yield the executor of a name; a cluster that is started here ends with the context.

    Raises InputError on options that do not belong to it.
    """
    if name not in ("threads", "serial", "dask"):
        raise InputError(f"--executor: found '{name}'; expected threads, serial or dask")
    for option, given, owner in (
        ("--threads", threads, "threads"), ("--workers", workers, "dask"), ("--scheduler", scheduler, "dask"),
    ):  # fmt: skip
        if given is not None and name != owner:
            raise InputError(f"{option}: belongs to --executor {owner}, found --executor {name}; drop one")
    if name == "dask":
        with _cluster(workers, scheduler, directory) as engine:
            yield engine
    else:
        yield Serial() if name == "serial" else Threads(threads)


@contextmanager
def _cluster(workers: int | None, scheduler: str | None, directory: Path) -> Iterator[Executor]:
    """Yield an executor on the cluster at an address, or on a local one with so many processes."""
    if (workers is None) == (scheduler is None):
        raise InputError(
            "--executor dask: give --workers N for a local cluster, or --scheduler ADDRESS of one"
        )
    if workers is not None and workers < 1:
        raise InputError(f"--workers: found {workers}; expected at least 1")
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError(
            "--executor dask: needs dask.distributed: pip install 'raytrace-rte[cluster]'"
        ) from None
    from ..execution.dask import Dask

    if scheduler is None:
        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield Dask(client)
        return
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no cluster answers ({error}); check the address"
        ) from None
    with client:
        yield Dask(client, directory / SENT)
