"""Who runs the batches of a task: the calling thread, or several Python threads."""

from __future__ import annotations

import os
import signal
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from .. import checks
from .stores import Store
from .task import Arrays, Batch, Task

R = TypeVar("R")
Item = TypeVar("Item")
Out = TypeVar("Out")
Progress = Callable[[int, int], None]
"""Called with (done, total) after each batch."""
AHEAD = 2
"""Parts that may wait to be added, beyond one for each worker: memory stays bounded."""
Parts = Callable[[Sequence[Batch]], Iterable[Arrays]]
Each = Callable[[Callable[[Any], None], Iterable[Any]], None]
"""Calls a function with each of some items."""


class Executor(ABC):
    """The loop over rounds; what differs between executors is how a round is mapped onto workers."""

    workers: int
    """How many batches run at a time."""

    @abstractmethod
    def mapping(self, task: Task[Any]) -> AbstractContextManager[Parts]:
        """A context that yields a function from the batches of a round to their parts, in order."""

    def run(self, task: Task[R], progress: Progress | None = None, store: Store | None = None) -> R:
        """Return the answer of a task, from where the store left it.

        What has been added when the run ends early, by Ctrl-C for instance, is kept in the store.
        """
        if store is not None and (kept := store.load()) is not None:
            task.restore(kept)
        task.workers = self.workers
        say = progress if progress is not None else _silent
        told = task.done, task.total
        say(*told)
        whole = True
        try:
            with self.mapping(task) as parts, _ending(task):
                while batches := task.batches():
                    for batch, part in zip(batches, parts(batches), strict=True):
                        with nullcontext() if store is None else _undisturbed():
                            whole = False
                            task.add(batch, part)
                            whole = True
                        if store is not None:
                            store.offer(task.state)
                        told = task.done, task.total
                        say(*told)
            if told != (task.done, task.total):  # the last stages needed no batch
                say(task.done, task.total)
        except BaseException:
            if store is not None and whole:
                store.save(task.state())
            raise
        return task.result()


class Serial(Executor):
    """Everything on the thread that calls."""

    workers = 1

    @contextmanager
    def mapping(self, task: Task[Any]) -> Iterator[Parts]:
        """Run one batch after the other."""
        task.prepare(1)
        yield lambda batches: map(task.run, batches)

    def __repr__(self) -> str:
        return "Serial()"


class Threads(Executor):
    """Python threads; the compiled kernels run outside the interpreter's lock. The bits are those of Serial.

    n: how many; None as many as NUMBA_NUM_THREADS or the process' CPU affinity allow. Each solve has threads of
    its own, so that processes may fork between solves and several threads may solve at once.
    Raises InputError unless n is a positive whole number.
    """

    def __init__(self, n: int | None = None) -> None:
        self.workers = thread_count(n)

    @contextmanager
    def mapping(self, task: Task[Any]) -> Iterator[Parts]:
        """Run as many batches at a time as there are threads."""
        task.prepare(self.workers)
        with _pool(self.workers) as mapped:
            yield lambda batches: mapped(task.run, batches)

    def __repr__(self) -> str:
        return f"Threads({self.workers})"


def thread_count(n: int | None) -> int:
    """Return how many threads n asks for: at most the machine's; InputError unless positive and whole."""
    wanted = None if n is None else checks.whole("threads: n", n, low=1)
    given = os.environ.get("NUMBA_NUM_THREADS", "")
    usable = int(given) if given.isdigit() and int(given) > 0 else _affinity()
    return usable if wanted is None else min(wanted, usable)


def _affinity() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(workers: int) -> Each:
    """Return a function that calls another with each of some items, so many at a time."""

    def run(function: Callable[[Any], None], items: Iterable[Any]) -> None:
        for _ in ordered(function, items, workers):
            pass

    return run


def ordered(function: Callable[[Item], Out], items: Iterable[Item], workers: int) -> Iterator[Out]:
    """Yield what a function makes of each item, in their order; at most workers + 2 wait at a time."""
    with _pool(workers) as mapped:
        yield from mapped(function, items)


@contextmanager
def _pool(workers: int) -> Iterator[Any]:
    """Yield an ordered map over so many threads, which end with the block."""
    if workers == 1:
        yield lambda function, items: map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="raytrace_rte")

    def mapped(function: Callable[[Item], Out], items: Iterable[Item]) -> Iterator[Out]:
        waiting: deque[Future[Out]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= workers + AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    try:
        yield mapped
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _ending(task: Task[Any]) -> Iterator[None]:
    """Tell batches that still run when the block ends early."""
    task.ended = False
    try:
        yield
    except BaseException:
        task.ended = True
        raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block: a part that is half added would be kept."""
    foreign = signal.getsignal(signal.SIGINT) is None  # not Python's to put back
    if foreign or threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[tuple[int, Any]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed and callable(before):
            before(*pressed[0])
        elif pressed:
            signal.raise_signal(signal.SIGINT)


def _silent(done: int, total: int) -> None:
    """Progress that nobody wants to see."""
