"""One number of all bits of an array, so that a change is noticed: the lanes of Y. Collet's XXH64.

It covers every bit and depends on positions; a change goes unnoticed by chance once in 2e19 times.
"""

from __future__ import annotations

import numpy as np

from .jit import driver

P1 = np.uint64(0x9E3779B185EBCA87)
P2 = np.uint64(0xC2B2AE3D27D4EB4F)
LEFT, RIGHT = np.uint64(31), np.uint64(33)


@driver
def _mixed(words):
    """Mix 64-bit words (n,) into one, in four lanes that do not wait for each other."""
    a, b, c, d = P1, P2, P1 ^ P2, P1 + P2
    whole = words.size - words.size % 4
    for i in range(0, whole, 4):
        a += words[i] * P2
        b += words[i + 1] * P2
        c += words[i + 2] * P2
        d += words[i + 3] * P2
        a = (a << LEFT | a >> RIGHT) * P1
        b = (b << LEFT | b >> RIGHT) * P1
        c = (c << LEFT | c >> RIGHT) * P1
        d = (d << LEFT | d >> RIGHT) * P1
    for i in range(whole, words.size):
        a += words[i] * P2
        a = (a << LEFT | a >> RIGHT) * P1
    for lane in (b, c, d):
        a = (a ^ lane) * P1 + P2
    return a ^ a >> RIGHT


def fingerprint(values: np.ndarray) -> tuple[int, bytes]:
    """Return what a contiguous array of any type holds, shortened: equal for equal bytes."""
    raw = values.reshape(-1).view(np.uint8)
    whole = raw.size - raw.size % 8
    words = raw[:whole].view(np.uint64)
    words.flags.writeable = False
    with np.errstate(over="ignore"):  # where Python runs this text itself, it warns of what is meant
        return int(_mixed(words)), raw[whole:].tobytes()
