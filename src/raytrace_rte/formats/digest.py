"""The hash of what a field was read from."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

PIECE = 1 << 20
"""Bytes that are hashed in one go."""


@contextmanager
def hashing(*paths: Path) -> Iterator[Callable[[], str]]:
    """Hash the bytes of files (SHA-256) on a thread while the block reads them; yield what waits for it.

    Several files are taken one after the other. A block that ends early ends the hashing.
    """
    ended = threading.Event()

    def digest() -> str:
        found, piece = hashlib.sha256(), memoryview(bytearray(PIECE))
        for path in paths:
            with open(path, "rb", buffering=0) as file:
                while not ended.is_set() and (n := file.readinto(piece)):
                    found.update(piece[:n])
        return found.hexdigest()

    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(digest).result
        finally:
            ended.set()
