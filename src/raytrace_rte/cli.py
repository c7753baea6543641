"""The command line: run, check, compare, inspect, convert, sample, warmup. Heavy modules load when needed."""

from __future__ import annotations

import gc
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import InputError

if TYPE_CHECKING:
    from .execution.executors import Executor
    from .results.result import Result
    from .run.compare import PreparedComparison
    from .run.job import Prepared
    from .run.snapshots import PreparedSeries

BAD_INPUT, INTERRUPTED = 2, 130
SELDOM = 200_000
"""New objects after which Python looks for unreachable ones: imports make 300 000, which all stay."""
Progress = Callable[[int, int], None]

app = typer.Typer(
    name="raytrace-rte",
    help="Radiative transfer without scattering through CFD fields, by ray tracing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Config = Annotated[Path, typer.Argument(help="job in TOML, as in configs/", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="override a key of the config; repeatable"),
]


def main() -> None:
    """Run the command; bad input is one message and exit code 2, Ctrl-C 130."""
    gc.set_threshold(SELDOM)
    try:
        app()
    except InputError as error:
        print(f"raytrace-rte: error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        print("\nraytrace-rte: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        gc.freeze()  # at its end Python would look through all that was imported: a third of a second


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C through: click would turn it into its own exit code."""
    try:
        yield
    except KeyboardInterrupt:
        print("\nraytrace-rte: interrupted", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None


def _version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        print(f"raytrace-rte {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    config: Config,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with an interrupted run")] = False,
    threads: Annotated[int | None, typer.Option(help="threads; default all", show_default=False)] = None,
    executor: Annotated[str, typer.Option(help="who does the work: threads, serial or dask")] = "threads",
    workers: Annotated[
        int | None, typer.Option(help="processes of a local Dask cluster", show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="a Dask cluster that runs", show_default=False)
    ] = None,
    lean: Annotated[bool, typer.Option("--lean", help="half the memory, for half again the time")] = False,
    limits: Annotated[
        bool, typer.Option("--limits", help="say what the pure thick and thin limits would be off by")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, no summary")] = False,
) -> None:
    """Do the job of CONFIG: trace the sensor's rays, write result, picture and record."""
    from .config.config import load

    with _interruptible():
        job = load(config, overrides or ())
        from .run import executors, snapshots  # after the config: its mistakes need no solver
        from .run import job as jobs

        choice = executors.Choice(executor, threads, workers, scheduler).checked()
        say = _silent if quiet else _say
        if quiet:
            _keep_silent_on_compiling()
        prepared = snapshots.prepare(job, lean)
        if limits and isinstance(prepared, snapshots.PreparedSeries):
            raise InputError("--limits: is for one snapshot; leave it out, or name one file")
        say(prepared.description)
        with choice.started(job.directory) as engine:
            result, files = _done(prepared, engine, resume, quiet)
            say(result.summary())
            if limits:
                assert isinstance(prepared, jobs.Prepared)
                with _progress(quiet, prepared.unit) as progress, _stop_at_ctrl_c(progress) as watched:
                    say(f"limits         {jobs.limits(prepared, result, engine, watched)}")
        say("\n".join(f"wrote          {path}" for path in files))


@app.command()
def check(config: Config, overrides: Overrides = None) -> None:
    """Do everything but the march: read CONFIG and the field, and say what would be computed."""
    from .config.config import load

    with _interruptible():
        job = load(config, overrides or ())
        from .run import snapshots  # after the config: its mistakes need no solver

        prepared = snapshots.prepare(job)
        _say(prepared.description)
        _say("check          passed: `raytrace-rte run` would start tracing now")


Time = Annotated[
    str | None,
    typer.Option(
        metavar="T", help='which moment: a number [s], first, last, or "index 3" (from 0)', show_default=False
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="option of the format, as part=...; repeatable"),
]
Units = Annotated[
    list[str] | None,
    typer.Option("--unit", metavar="NAME=UNIT", help="unit of an array, or of length; repeatable"),
]
Location = Annotated[
    str | None, typer.Option("--location", help="where values lie: cell or point", show_default=False)
]
NoData = Annotated[
    list[float] | None,
    typer.Option("--no-data", metavar="T", help="temperature that stands for no data, as nan; repeatable"),
]
Valid = Annotated[
    str | None,
    typer.Option("--valid", metavar="NAME", help="array that is 1 in cells with data", show_default=False),
]
Shape = Annotated[
    tuple[int, int, int] | None,
    typer.Option("--shape", help="equal voxels that a mesh is put onto, over all of it", show_default=False),
]
Lower = Annotated[
    tuple[float, float, float] | None,
    typer.Option("--lower", help="with --upper: corners of these voxels instead [m]", show_default=False),
]
Upper = Annotated[tuple[float, float, float] | None, typer.Option("--upper", show_default=False)]
Outside = Annotated[
    str | None,
    typer.Option("--outside", help="what voxels outside a mesh are: empty or error", show_default=False),
]
Radius = Annotated[
    str | None,
    typer.Option("--radius", help="the radius of axisymmetric data: x, y or z", show_default=False),
]


@app.command()
def compare(
    config: Config,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with an interrupted comparison")] = False,
    threads: Annotated[int | None, typer.Option(help="threads; default all", show_default=False)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, no table")] = False,
) -> None:
    """Do the job of CONFIG with several absorption models and methods: a table, compare.csv, compare.png."""
    from .config.config import load

    with _interruptible():
        job = load(config, overrides or ())
        from .execution.executors import Threads  # after the config, as in run
        from .run import compare as comparing

        say = _silent if quiet else _say
        if quiet:
            _keep_silent_on_compiling()
        executor, prepared = Threads(threads), comparing.prepare(job)
        say(prepared.description)
        result, files = _done(prepared, executor, resume, quiet, "comparing")
        say(result.summary())
        say("\n".join(f"wrote          {path}" for path in files))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="file or folder of any format", show_default=False)],
    map_: Annotated[
        Path | None,
        typer.Option("--map", help="where to write the field map; default NAME.map.toml", show_default=False),
    ] = None,
    time: Time = None,
    option: Options = None,
    unit: Units = None,
    location: Location = None,
    no_data: NoData = None,
    valid: Valid = None,
    shape: Shape = None,
    lower: Lower = None,
    upper: Upper = None,
    outside: Outside = None,
    radius: Radius = None,
    all_: Annotated[bool, typer.Option("--all", help="list every array and attribute")] = False,
) -> None:
    """List what is in FILE and what it would become; where it leaves things open, write a field map to edit."""
    from .formats.atomic import replacing
    from .formats.inspect import inspect as look
    from .formats.onto import between

    with _interruptible():
        inspection = look(
            file, _moment(time), _options(option),
            units=_units(unit), location=location, no_data=no_data, valid=valid,
            outside=outside, radius=radius, **between(lower, upper, shape),
        )  # fmt: skip
        _say(inspection.text(all_))
        if inspection.parts and map_ is not None:
            raise InputError(f"--map: is for one part; {inspection.unclear[0]}")
        if inspection.parts or (map_ is None and (inspection.native or not inspection.unclear)):
            return
        target = Path(f"{file.stem}.map.toml") if map_ is None else map_
        if target.exists():
            raise InputError(f"{target} exists and may hold your edits; remove it or name another with --map")
        with replacing(target) as temporary:
            temporary.write_text(inspection.map_text, encoding="utf-8")
        _say(f'wrote          {target}: edit it, then read the field with [field] map = "{target}"')


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="file or folder of any format", show_default=False)],
    out: Annotated[Path, typer.Argument(help="native HDF5 file to write", show_default=False)],
    map_: Annotated[
        Path | None, typer.Option("--map", help="field map, as inspect writes it", show_default=False)
    ] = None,
    time: Time = None,
    option: Options = None,
    unit: Units = None,
    location: Location = None,
    no_data: NoData = None,
    valid: Valid = None,
    shape: Shape = None,
    lower: Lower = None,
    upper: Upper = None,
    outside: Outside = None,
    radius: Radius = None,
    allow_cold: Annotated[
        bool, typer.Option("--allow-cold", help="accept gas below 250 K everywhere")
    ] = False,
) -> None:
    """Read the field in FILE, of any format, and write it as a native file."""
    from .formats import read
    from .formats.native import write
    from .formats.onto import between

    with _interruptible():
        grid = between(lower, upper, shape)
        field = read(
            file, map_, allow_cold, time=_moment(time), units=_units(unit), location=location,
            options=_options(option), no_data=no_data, valid=valid, outside=outside, radius=radius, **grid,
        )  # fmt: skip
        write(field, out)
        _say(f"wrote          {out}: {field!r}")
        for note in field.notes:
            _say(f"note           {note}")


@app.command()
def sample(
    name: Annotated[str, typer.Argument(help="pool-fire, smooth-plume, isothermal-box, burns-christon, ...")],
    out: Annotated[Path, typer.Argument(help="native HDF5 file to write", show_default=False)],
    cells: Annotated[int | None, typer.Option(help="cells along an axis (analytic fields)")] = None,
    activation: Annotated[
        float | None,
        typer.Option(help="activation temperature over that of the burnt gas (activation-flame)"),
    ] = None,
    time: Annotated[float | None, typer.Option(help="moment [s] (the plume)")] = None,
) -> None:
    """Write a sample field: the real pool fire, or a computed one of any size."""
    from .formats.samples import write_sample

    with _interruptible():
        field = write_sample(name, out, cells, activation, time)
        _say(f"wrote          {out}: {field!r}")


@app.command()
def warmup(quiet: Annotated[bool, typer.Option("--quiet", "-q", help="say nothing")] = False) -> None:
    """Compile all kernels beforehand, so that no job has to: half a minute once, then some seconds."""
    from .warming import warmup as warm

    with _interruptible(), _progress(quiet, "jobs", "compiling") as progress:
        warmed = warm(progress)
    if not quiet:
        where = "nowhere (no folder can be written)" if warmed.folder is None else warmed.folder
        _say(f"warmup         {warmed.compiled} kernels compiled in {warmed.seconds:.1f} s, kept in {where}")


def _moment(text: str | None) -> float | str | None:
    """A moment as a number where it is one."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _units(texts: list[str] | None) -> dict[str, str] | None:
    """Units by the names of arrays."""
    return dict(map(_pair, texts)) if texts else None


def _pair(text: str) -> tuple[str, str]:
    name, equals, unit = text.rpartition("=")
    if not (equals and name and unit):
        raise InputError(f"--unit {text}: expected name=unit, as in length=mm")
    return name, unit


def _options(texts: list[str] | None) -> dict[str, float | str] | None:
    """Options of a format, values as numbers where they are; a value may hold "="."""
    found: dict[str, float | str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InputError(f"--option {text}: expected name=value, as in part=plot3d")
        moment = _moment(value)
        found[name] = value if moment is None else moment
    return found or None


def _say(text: str) -> None:
    print(text, flush=True)


def _silent(text: str) -> None:
    pass


def _keep_silent_on_compiling() -> None:
    """Keep the line that kernels are being compiled from being said."""
    import logging

    logging.getLogger("raytrace_rte").setLevel(logging.ERROR)


def _done(
    prepared: Prepared | PreparedSeries | PreparedComparison,
    executor: Executor,
    resume: bool,
    quiet: bool,
    doing: str = "tracing",
) -> tuple[Result, list[Path]]:
    """Do a job, or what is left of it, and write its files; after Ctrl-C say what is kept."""
    from .run import job as jobs

    try:
        with _progress(quiet, prepared.unit, doing) as progress, _stop_at_ctrl_c(progress) as watched:
            result = prepared.run(executor, watched, resume)
        files = jobs.write(prepared.job, result)
    except KeyboardInterrupt:
        _explain_interrupt(prepared)
        raise typer.Exit(INTERRUPTED) from None
    prepared.store(resume).clear()
    return result, files


def _explain_interrupt(prepared: Prepared | PreparedSeries | PreparedComparison) -> None:
    """Say what is kept, and the command that goes on: the one that was given, with --resume."""
    given = [word for word in sys.argv[1:] if word != "--resume"]
    print(
        f"\nraytrace-rte: interrupted; {prepared.kept} in {prepared.job.directory}.\n"
        f"Go on with: {shlex.join(['raytrace-rte', *given, '--resume'])}",
        file=sys.stderr,
    )


@contextmanager
def _stop_at_ctrl_c(progress: Progress) -> Iterator[Progress]:
    """Yield progress that stops the work after Ctrl-C, even where the exception itself got lost.

    Python drops an exception that a signal raises inside a destructor or a callback of C code.
    """
    pressed = False

    def remember(signum: int, frame: object) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    def watched(done: int, total: int) -> None:
        if pressed:
            raise KeyboardInterrupt
        progress(done, total)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield watched
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(quiet: bool, unit: str, doing: str = "tracing") -> Iterator[Progress]:
    """A bar on a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda done, total: None
    elif sys.stdout.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        text = TextColumn(f"{doing} {{task.completed:,.0f}} of {{task.total:,.0f}} {unit}")
        with Progress(text, BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _Lines(unit, doing)


class _Lines:
    """Plain progress: a line every tenth of the work, but not more than one in two seconds."""

    def __init__(self, unit: str, doing: str) -> None:
        self.unit, self.doing = unit, doing
        self.said, self.at = 0.0, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        part, now = done / max(total, 1), time.monotonic()
        if part - self.said >= 0.1 and now - self.at >= 2.0 and done < total:
            _say(f"{self.doing:<14} {done} of {total} {self.unit}")
            self.said, self.at = part, now
