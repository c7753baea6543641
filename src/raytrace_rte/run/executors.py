"""The executor that the command line asks for, and the local cluster that goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from ..execution.executors import Executor, Serial, Threads, thread_count

SENT = ".cluster"
"""Folder in the output folder where a cluster's workers find the medium."""


class Choice(NamedTuple):
    """What the options say: the executor's name, and what belongs to one of them."""

    name: str
    threads: int | None
    workers: int | None
    scheduler: str | None

    def checked(self) -> Choice:
        """Return self; InputError on an unknown name, or options that do not go together."""
        if self.name not in ("threads", "serial", "dask"):
            raise InputError(f"--executor: found '{self.name}'; expected threads, serial or dask")
        for option, given, owner in (
            ("--threads", self.threads, "threads"), ("--workers", self.workers, "dask"),
            ("--scheduler", self.scheduler, "dask"),
        ):  # fmt: skip
            if given is not None and self.name != owner:
                raise InputError(f"{option} belongs to --executor {owner}, found {self.name}; drop one")
        if self.name == "dask" and (self.workers is None) == (self.scheduler is None):
            raise InputError(
                "--executor dask: give --workers N for a local cluster, or --scheduler ADDRESS of one that runs"
            )
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers: found {self.workers}; expected at least 1")
        thread_count(self.threads)
        return self

    @contextmanager
    def started(self, directory: Path) -> Iterator[Executor]:
        """Yield the executor; a cluster that is started for it ends with the context."""
        if self.name == "dask":
            with _cluster(self.workers, self.scheduler, directory) as engine:
                yield engine
        else:
            yield Serial() if self.name == "serial" else Threads(self.threads)


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
