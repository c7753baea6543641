"""[absorption]: the model that makes a medium of a field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from ... import checks
from .section import Section


class AbsorptionSection(Section):
    """An absorption model by its name in `rte.absorption`."""

    model: str

    def inputs(self, resolve: Callable[[str], Path]) -> dict[str, Any]:
        """The keys given, with the files that they name read. resolve: makes a path of a name in the config."""
        return self.arguments()


class GivenSection(AbsorptionSection):
    """rte.absorption.given."""

    model: Literal["given"]


class PlanckMeanSection(AbsorptionSection):
    """rte.absorption.planck_mean."""

    model: Literal["planck_mean"]
    species: list[str] | None = None
    soot: bool = True
    soot_constant: float = 1817.0


class SootSection(AbsorptionSection):
    """rte.absorption.soot."""

    model: Literal["soot"]
    soot_constant: float = 1817.0


class WsggSection(AbsorptionSection):
    """rte.absorption.wsgg."""

    model: Literal["wsgg"]
    coefficients: str = "bordbar2014"
    soot: bool = True
    soot_constant: float = 1817.0


class SootBandsSection(AbsorptionSection):
    """rte.absorption.soot_bands; units: of the edges."""

    model: Literal["soot_bands"]
    edges: list[float] | list[list[float]]
    units: str
    E_m: float | str = "chang_charalampopoulos"

    def inputs(self, resolve: Callable[[str], Path]) -> dict[str, Any]:
        """The keys given, with the edges in metres. InputError on an unknown unit, and on ragged edges."""
        from ...units import to_si

        given = self.arguments()
        name, units = "[absorption]: edges", given.pop("units")
        return given | {"edges": to_si(checks.real(name, given["edges"]), units, "length", name)}


class BandsSection(AbsorptionSection):
    """rte.absorption.bands; the table is a file."""

    model: Literal["bands"]
    table: str
    species: list[str] | None = None
    soot: bool = True
    E_m: float | str = "chang_charalampopoulos"

    def inputs(self, resolve: Callable[[str], Path]) -> dict[str, Any]:
        """The keys given, with the table read."""
        from ...formats.bandtable import read_band_table

        return self.arguments() | {"table": read_band_table(resolve(self.table))}
