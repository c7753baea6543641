"""A text that may still be worked out when the object that holds it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import checks


class Later:
    """An attribute that is text, "" where it is not given, or a function that gives it when it is first asked for.

    Raises InputError on anything else.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> str:
        if instance is None:
            return ""
        known = vars(instance)[self.name]
        if callable(known):
            known = vars(instance)[self.name] = known()
        return str(known)

    def __set__(self, instance: Any, value: str | Callable[[], str]) -> None:
        vars(instance)[self.name] = value if callable(value) else checks.text(self.name, value)
