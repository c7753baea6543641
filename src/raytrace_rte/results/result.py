"""What `solve` returns: a table of named variables, and what every answer can do with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import InputError, nearest
from ..media.spectrum import Spectrum
from ..table import BAND, TOTAL, Table, Variable
from .building import BAND_EDGES, bands_of, figure, like, variables_of
from .words import label, largest, mean, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset


class Result:
    """The answer of one `solve`: thin over its table, `result["name"]` being the values of a variable.

    A subclass adds names for what its table holds, and is found again by its own name when a file is loaded.
    Sensors without a class of their own return a plain Result, made by `Result.build`.
    """

    kinds: ClassVar[dict[str, type[Result]]] = {}
    old_names: ClassVar[Mapping[str, str]] = {}
    """Names of earlier versions and what they are now; they still work, with a warning."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Result.kinds[cls.__name__] = cls
        for old, new in cls.old_names.items():
            setattr(cls, old, _renamed(cls.__name__, old, new))

    def __init__(self, table: Table, spectrum: Spectrum | None = None) -> None:
        self.table = checks.instance("table", table, Table, "a Table of variables").with_totals()
        if spectrum is not None:
            checks.instance("spectrum", spectrum, Spectrum, "a Spectrum")
        self._spectrum = spectrum

    @classmethod
    def build(
        cls,
        name: str,
        value: ArrayLike,
        unit: str,
        long_name: str,
        *,
        dims: Sequence[str] = (),
        coordinates: Sequence[Variable] = (),
        error_bound: ArrayLike | None = None,
        error_estimate: ArrayLike | None = None,
        more: Sequence[Variable] = (),
        stats: Mapping[str, Any],
        config: Mapping[str, Any],
        spectrum: Spectrum,
    ) -> Self:
        """Return the result of a sensor: its answer `value` and what else is known.

        name, unit, long_name: of the answer; dims: one name for each of its axes, "band" last if there is one
        coordinates: where the entries along the dims are; dims without are numbered
        error_bound, error_estimate: certified and not certified errors, numbers or of value's shape
        more: further variables; stats, config: JSON-able, how it was made

        Raises InputError when shapes, dims or names do not fit together.
        """
        axes = tuple(checks.sequence("dims", dims, "a name for each axis"))
        main = Variable(name, axes, checks.real("value", value), unit, long_name)
        errors = [
            Variable(kind, axes, like(main.values, checks.real(kind, given)), unit, text, kind)
            for kind, given, text in (
                ("error_bound", error_bound, f"bound of the error of {name}"),
                ("error_estimate", error_estimate, f"estimated error of {name}, no bound"),
            )
            if given is not None
        ]
        main = replace(main, trust=errors[0].trust if errors else "")
        before, after = variables_of("coordinates", coordinates), variables_of("more", more)
        variables = [*before, main, *errors, *after]
        return cls.assemble(long_name, name, variables, stats=stats, config=config, spectrum=spectrum)

    @classmethod
    def assemble(
        cls,
        title: str,
        main: str,
        variables: Iterable[Variable],
        *,
        stats: Mapping[str, Any],
        config: Mapping[str, Any],
        spectrum: Spectrum,
        **more: Any,
    ) -> Self:
        """Return the result of these variables; what bands are is added from the spectrum, `more` is kept."""
        checks.instance("spectrum", spectrum, Spectrum, "the Spectrum of the medium, e.g. medium.spectrum")
        for name, mapping in (("stats", stats), ("config", config)):
            checks.instance(name, mapping, Mapping, "a mapping")
        attributes = {"kind": cls.__name__, "title": title, "main": main, "stats": stats, "config": config}
        table = Table(tuple(variables), attributes | more)
        return cls(table.with_variables(bands_of(spectrum)) if BAND in table.dims else table, spectrum)

    @classmethod
    def of(cls, table: Table) -> Result:
        """Return the result that a table holds, of its own class if that is known, else a plain one."""
        return Result.kinds.get(table.attributes.get("kind", ""), Result)(table)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.table[name].values

    def __contains__(self, name: str) -> bool:
        return name in self.table

    def variables(self) -> tuple[Variable, ...]:
        """All variables with their dims, units, long names and trust, coordinates first."""
        return self.table.variables

    @property
    def value(self) -> NDArray[Any]:
        """The answer: values of the main variable, in its unit."""
        return self.table.main.values

    @property
    def total(self) -> NDArray[Any]:
        """The answer of all bands together: `value` without its band axis, and `value` itself without bands."""
        return self.together(self.table.main.name)

    def together(self, name: str) -> NDArray[Any]:
        """A variable of all bands together: powers are summed, anything else is averaged."""
        return self.table[name].without_bands().values

    @property
    def error_bound(self) -> NDArray[Any] | None:
        """Certified bound of the error of `value`; None where there is none."""
        return self._optional("error_bound")

    @property
    def error_estimate(self) -> NDArray[Any] | None:
        """Estimated error of `value`, no bound; None where there is none."""
        return self._optional("error_estimate")

    def _optional(self, name: str) -> NDArray[Any] | None:
        return self.table[name].values if name in self.table else None

    @property
    def stats(self) -> Mapping[str, Any]:
        """Rays, crossings, seconds and what else was counted."""
        return dict(self.table.attributes["stats"])

    @property
    def config(self) -> Mapping[str, Any]:
        """Method, sensor, walls, medium and versions."""
        return dict(self.table.attributes["config"])

    @property
    def spectrum(self) -> Spectrum:
        """What the bands are, and what a total over them means."""
        if self._spectrum is None:
            self._spectrum = Spectrum.from_dict(self.table.attributes["spectrum"])
        return self._spectrum

    def with_config(self, **more: Any) -> Self:
        """Return the same result with more entries in its config."""
        return type(self)(self.table.with_attributes(config={**more, **self.config}), self._spectrum)

    def key_figures(self) -> list[Variable]:
        """Single numbers that say the answer in short, for tables over many answers: mean, greatest, errors."""
        main = self.table.main.without_bands()
        out = [
            figure(
                f"{main.name}_mean", mean(main.values), main.unit, f"mean of {main.long_name}", main.trust
            ),
            figure(
                f"{main.name}_max", largest(main.values), main.unit, f"greatest {main.long_name}", main.trust
            ),
        ]
        for name in ("error_bound", "error_estimate"):
            if name in self:
                v = self.table[name].without_bands()
                out.append(
                    figure(f"{name}_max", largest(v.values), v.unit, f"greatest {v.long_name}", v.trust)
                )
        return out

    def complete(self) -> Table:
        """The table with the spectrum among its attributes, as it is saved.

        Raises InputError when the spectrum is a function, which cannot be saved.
        """
        if self._spectrum is None:
            return self.table
        return self.table.with_attributes(spectrum=self._spectrum.to_dict())

    def showing(self, quantity: str) -> Result:
        """Return the same with another main variable, for files that hold one; InputError where there is none."""
        main = self.table[quantity].name
        return type(self)(self.table.with_attributes(main=main), self._spectrum)

    def rows(self) -> Table:
        """The table whose main variable has one entry for each row of a CSV."""
        return self.table

    def save(self, path: str | Path) -> Path:
        """Write the result; the suffix decides: .h5 (everything; xarray opens it, `load` reads it), .csv (a
        row for each entry), .tif or .tiff (float32 image), .vtkhdf (cells, for ParaView), .walls.vtkhdf (walls as
        surfaces), .png (picture).

        Nothing half-written is left. Raises InputError on another suffix, when the answer does not fit into
        such a file, or when the file cannot be written.
        """
        from .saving import save

        return save(self, checks.path("path", path))

    def to_xarray(self) -> Dataset:
        """Return the result as an xarray Dataset with dimensions and units (needs the extra [xarray])."""
        from ..formats.tables import to_xarray

        return to_xarray(self.complete())

    def figures(self) -> list[Variable]:
        """Single numbers that sum the answer up, as variables without dimensions."""
        return []

    def compared(self) -> list[Variable]:
        """What a comparison lays side by side, all bands together: first the answer."""
        return [self.table.main.without_bands()]

    def pictures(self, up: str = "z") -> dict[str, Callable[[], Figure]]:
        """What draws each quantity that `plot` knows; the main variable comes first; up: axis drawn upwards."""
        from ..plots.draw import draw

        def drawn(name: str) -> Callable[[], Figure]:
            return lambda: draw(self.table, name, up)

        main = self.table.main.name
        names = [
            v.name
            for v in self.variables()
            if not (v.is_coordinate or v.values.dtype.kind == "U" or v.name == BAND_EDGES)
            and not v.name.startswith(TOTAL)  # what a picture of the bands shows
        ]
        return {name: drawn(name) for name in sorted(names, key=lambda name: name != main)}

    def plot(self, path: str | Path | None = None, quantity: str | None = None, up: str = "z") -> Figure:
        """Return a figure of a quantity, None being the main variable; write it to path (PNG) when given.

        What is drawn follows from the quantity's dims: a value, a line, an image or slices.
        up: axis (x, y, z) that maps and slices draw upwards
        Raises InputError on a quantity that there is not, or when the file cannot be written.
        """
        from ..plots import figure as figures

        checks.choice("plot: up", up, ("x", "y", "z"))
        known = self.pictures(up)
        name = next(iter(known)) if quantity is None else checks.text("quantity", quantity)
        if name in self.old_names:
            name = self.old_names[name]
            _warn(f'plot(quantity="{quantity}")', f'quantity="{name}"')
        if name not in known:
            raise InputError(f"plot: no quantity '{name}'{nearest(name, known)}; known: {', '.join(known)}")
        figure = known[name]()
        if path is not None:
            figures.save(figure, checks.path("path", path))
        return figure

    def files(self) -> dict[str, str]:
        """Names of the files that a job writes, and which quantity each shows ("": the answer, or the job's)."""
        return {"result.h5": "", "result.csv": "", "result.png": self.table.main.name}

    def summary(self) -> str:
        """A few lines of text: the answer, how far it can be trusted, the work."""
        main = self.table.main
        lines = [f"{label(main.name)}{span(self.total)} {main.unit}{self._of_bands()}"]
        if "error_bound" in self:
            bound = largest(self.together("error_bound"))
            lines.append(f"trust          certified within {bound:.3g} {main.unit}")
        if "error_estimate" in self:
            estimate = largest(self.together("error_estimate"))
            lines.append(f"trust          good to about {estimate:.3g} {main.unit}: an estimate")
        if "rays" in self.stats:
            lines.append(f"work           {self.stats['rays']} rays")
        return "\n".join(lines + [f"note           {note}" for note in self.notes()])

    def _of_bands(self) -> str:
        """Words behind a value that stands for several bands."""
        count = self.table.dims.get(BAND, 0)
        return f" ({count} bands together)" if count > 1 else ""

    def notes(self) -> list[str]:
        """What the user should know about the answer, each with its remedy."""
        medium = self.config.get("medium", {})
        out = []
        if medium.get("ignored"):
            out.append(
                f"left out {', '.join(medium['ignored'])}: in the field, and not used by the absorption model"
            )
        if medium.get("cells_without_data"):
            covered = any(thing.get("kind") == "solids" for thing in self.config.get("objects", ()))
            out.append(
                f"{medium['cells_without_data']} cells without data were taken as empty gas"
                + (" where no solid covers them" if covered else "")
            )
        return out + list(medium.get("notes", []))

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.value.shape)) or "one value"
        return f"{type(self).__name__}({shape})\n{self.summary()}"

    def _repr_png_(self) -> bytes:
        from ..plots import figure as figures

        return figures.png(self.plot())

    def _repr_html_(self) -> str:
        from ..plots import figure as figures

        return figures.html(self.summary(), self.plot())


def _renamed(owner: str, old: str, new: str) -> property:
    """A property of an old name that warns and gives what the new name gives."""

    def get(self: Result) -> Any:
        _warn(f"{owner}.{old}", f"{owner}.{new}")
        return getattr(self, new)

    return property(get, doc=f"Deprecated: use {new}.")


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)
