"""One table of a config: a concept, whose keys are the arguments of the public function that its kind names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Vector = Annotated[list[float], Field(min_length=3, max_length=3)]
Shape = Annotated[list[int], Field(min_length=2, max_length=2)]
Cells = Annotated[list[int], Field(min_length=3, max_length=3)]
PUBLIC = {
    "rays": "Rays",
    "open": "open_",
    "auto": "Auto",
    "march": "March",
    "threshold": "Threshold",
    "thick": "Thick",
    "thin": "Thin",
}
"""The public name that a kind stands for, where it is not the kind itself."""


class Section(BaseModel):
    """One table of a config; its fields are the keys allowed there."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    def arguments(self) -> dict[str, Any]:
        """The keys given, without those that only choose the function."""
        return self.model_dump(exclude={"kind", "model"}, exclude_none=True)

    def build(self) -> Any:
        """Call the public function that the kind names with these keys."""
        import raytrace_rte

        kind = self.kind  # type: ignore[attr-defined]
        return getattr(raytrace_rte, PUBLIC.get(kind, kind))(**self.arguments())
