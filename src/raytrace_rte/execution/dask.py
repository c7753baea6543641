"""Batches on the workers of a Dask cluster (extra [cluster]).

A Dask task carries the recipe of the work (a folder and a hash) and some batches, never a field: each worker
process opens the folder once and builds what its batches read once. Parts are added in their order, so the bits
are those of Serial.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from .. import checks
from ..errors import InputError
from .executors import AHEAD, Executor, Parts
from .task import Arrays, Batch, Recipe, Task

if TYPE_CHECKING:
    from distributed import Client, Future

PER_WORKER = 8
"""Dask tasks that a round gives to each thread of a worker: few enough that 2 ms for each do not count."""
KEPT = 2
"""Recipes whose tasks a worker process keeps ready."""


class Dask(Executor):
    """The threads of all workers of a Dask client.

    client: a `distributed.Client`; folder: where the medium is written for the workers, on a file system that all
    of them see; None is a temporary folder of this machine, which does for a LocalCluster.
    Raises InputError when client is none, or has no workers.
    """

    def __init__(self, client: Client, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else str(checks.path("Dask: folder", folder))
        try:
            from distributed import Client
        except ImportError:
            raise InputError("Dask needs dask.distributed: pip install 'raytrace-rte[cluster]'") from None
        if not isinstance(client, Client):
            raise InputError(f"Dask: client is {client!r}; expected a distributed.Client")
        self.client = client
        self.workers = sum(client.nthreads().values())
        if self.workers == 0:
            raise InputError("Dask: the client has no workers; start some, or wait for them")

    @contextmanager
    def mapping(self, task: Task[Any]) -> Iterator[Parts]:
        """Send batches to the workers, some at a time."""
        with task.recipe(self.folder) as recipe:
            waiting: deque[Future] = deque()

            def parts(batches: Sequence[Batch]) -> Iterator[Arrays]:
                size = max(1, len(batches) // (PER_WORKER * self.workers))
                for first in range(0, len(batches), size):
                    some = batches[first : first + size]
                    waiting.append(self.client.submit(work, recipe, some, pure=False))
                    if len(waiting) >= self.workers + AHEAD:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()

            try:
                yield parts
            finally:
                self.client.cancel(list(waiting))

    def __repr__(self) -> str:
        return f"Dask({self.client.scheduler.address}, {self.workers} threads)"


_tasks: OrderedDict[str, Task[Any]] = OrderedDict()
_lock = Lock()


def work(recipe: Recipe[Any], batches: Sequence[Batch]) -> list[Arrays]:
    """Run batches of the task of a recipe; called on a worker."""
    with _lock:
        if recipe.key not in _tasks:
            task = recipe.task()
            task.prepare(1)
            _tasks[recipe.key] = task
            while len(_tasks) > KEPT:
                _tasks.popitem(last=False)
        task = _tasks[recipe.key]
    return [task.run(batch) for batch in batches]
