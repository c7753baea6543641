"""[walls]: how rays end at the faces of the grid."""

from __future__ import annotations

from typing import Any, Literal

from ...errors import InputError
from .section import Section


class FaceSection(Section):
    """What is at one face, when it is not black: kind and, for grey, temperature and emissivity."""

    kind: Literal["black", "open", "grey", "mirror", "periodic"]
    temperature: float | None = None
    emissivity: float | None = None

    def build(self) -> Any:
        """Return these walls."""
        try:
            return super().build()
        except TypeError:
            takes = {
                "black": "temperature",
                "open": "an optional temperature",
                "grey": "temperature and emissivity",
            }
            raise InputError(
                f"a face of kind '{self.kind}' takes {takes.get(self.kind, 'no other key')}; "
                f"found {', '.join(self.arguments()) or 'none'}"
            ) from None


class FacesSection(Section):
    """Keys of all walls whose faces may differ: a temperature of a black face, or a table."""

    x_min: float | FaceSection | None = None
    x_max: float | FaceSection | None = None
    y_min: float | FaceSection | None = None
    y_max: float | FaceSection | None = None
    z_min: float | FaceSection | None = None
    z_max: float | FaceSection | None = None

    def arguments(self) -> dict[str, Any]:
        """The keys given, faces built."""
        given = {k: getattr(self, k) for k in type(self).model_fields if k != "kind"}
        return {k: v.build() if isinstance(v, FaceSection) else v for k, v in given.items() if v is not None}


class BlackSection(FacesSection):
    """rte.black."""

    kind: Literal["black"]
    temperature: float


class GreySection(FacesSection):
    """rte.grey."""

    kind: Literal["grey"]
    temperature: float
    emissivity: float


class OpenSection(FacesSection):
    """rte.open_."""

    kind: Literal["open"] = "open"
    temperature: float | None = None
    intensity: float | list[float] | None = None
