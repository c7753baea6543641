"""What every public door asks of its arguments: each check returns the value, or raises one InputError.

The message names the argument, what was found (with its type) and what is expected. NumPy is imported only
where arrays are looked at, so that settings can be checked without it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import InputError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Thing = TypeVar("Thing")
LONGEST = 60
"""Characters of a value that a message shows."""


def shown(value: object) -> str:
    """Return a value for a message: numbers and None as they are, others shortened and with their type."""
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    kind, shape = type(value).__name__, getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {shape} ({kind})"
    text = " ".join(repr(value).split())
    return f"{text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'} ({kind})"


def wrong(name: str, value: object, expected: str) -> InputError:
    """Return the error that says that `name` is `value` where `expected` was."""
    return InputError(f"{name} is {shown(value)}; expected {expected}")


def number(
    name: str,
    value: object,
    *,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> float:
    """Return a finite real number with low <= value, above < value and value <= high."""
    x = _scalar(value)
    expected = _range("a number", low, above, high, unit)
    if not isinstance(x, Real) or isinstance(x, bool):
        raise wrong(name, value, expected)
    x = float(x)
    inside = (low is None or x >= low) and (above is None or x > above) and (high is None or x <= high)
    if not math.isfinite(x) or not inside:
        raise wrong(name, value, expected)
    return x


def whole(name: str, value: object, *, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number with low <= value <= high; 3.0 is not one."""
    x, expected = _scalar(value), _range("a whole number", low, None, high, "")
    if not isinstance(x, int) or isinstance(x, bool):
        raise wrong(name, value, expected)
    if (low is not None and x < low) or (high is not None and x > high):
        raise wrong(name, value, expected)
    return x


def text(name: str, value: object, expected: str = "text") -> str:
    """Return text."""
    if not isinstance(value, str):
        raise wrong(name, value, expected)
    return value


def path(name: str, value: object) -> Path:
    """Return a path from text or a path."""
    if not isinstance(value, str | os.PathLike):
        raise wrong(name, value, "a path, as text or a Path")
    return Path(value)


def choice(name: str, value: object, known: Iterable[str]) -> str:
    """Return one of the known words."""
    words = list(known)
    if not isinstance(value, str) or value not in words:
        hint = nearest(value, words) if isinstance(value, str) else ""
        raise wrong(name, value, f"one of {', '.join(words)}{hint}")
    return value


def instance(name: str, value: object, type_: type[Thing] | tuple[type[Thing], ...], expected: str) -> Thing:
    """Return an object of a type; `expected` says which, and how it is made."""
    if not isinstance(value, type_):
        raise wrong(name, value, expected)
    return value


def sequence(name: str, value: object, expected: str) -> Sequence[Any]:
    """Return a list, tuple or array; text is none."""
    if isinstance(value, str | bytes) or not (hasattr(value, "__len__") and hasattr(value, "__getitem__")):
        raise wrong(name, value, expected)
    if hasattr(value, "keys"):
        raise wrong(name, value, expected)
    return value  # type: ignore[return-value]


def real(name: str, value: object, expected: str = "real numbers") -> NDArray[Any]:
    """Return an array of any shape and type of real numbers (float, int, unsigned), without copying one."""
    import numpy as np

    try:
        a = np.asarray(value)
    except (ValueError, TypeError):  # lists of unequal lengths
        raise wrong(name, value, f"{expected}, in rows of equal length") from None
    if a.dtype.kind not in "fiu":
        if a.dtype.kind == "O" or not a.ndim:
            raise wrong(name, value, expected)
        raise InputError(f"{name}: found data of type {a.dtype}; expected {expected}")
    return a


def array(
    name: str,
    value: object,
    shape: tuple[int | None, ...] | None = None,
    *,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> NDArray[np.float64]:
    """Return finite numbers as a new or the given float64 array.

    shape: what is expected, None for an axis of any length; None altogether takes any shape.
    """
    import numpy as np

    wanted = _range("numbers", low, above, high, unit)
    if shape is not None:
        wanted = f"{wanted} of shape ({', '.join('n' if n is None else str(n) for n in shape)})"
    a = real(name, value, wanted).astype(np.float64, copy=False)
    if shape is not None and (
        a.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, a.shape, strict=True))
    ):
        raise wrong(name, value, wanted)
    bad = ~np.isfinite(a)
    bad |= (a < low) if low is not None else False
    bad |= (a <= above) if above is not None else False
    bad |= (a > high) if high is not None else False
    if bad.any():
        where = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(bad)))
        entry = f"{name}[{', '.join(map(str, where))}]" if a.ndim else name
        raise wrong(entry, float(np.atleast_1d(a)[where]), wanted)
    return a


def vector(name: str, value: object, unit: str = "m") -> NDArray[np.float64]:
    """Return three finite numbers, shape (3,)."""
    return array(name, value, (3,), unit=unit)


def _scalar(value: object) -> object:
    """Return what a NumPy scalar or an array without axes holds; other things as they are."""
    return value.item() if getattr(value, "ndim", None) == 0 else value  # type: ignore[attr-defined]


def _range(what: str, low: float | None, above: float | None, high: float | None, unit: str) -> str:
    limits = [f"{sign} {x:g}" for sign, x in ((">=", low), (">", above), ("<=", high)) if x is not None]
    return " ".join((what, " and ".join(limits) or "(finite)", f"[{unit}]" if unit else "")).strip()
