"""Rules of the house, as programs: rooms and their order, no circles, no branch on what something is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import raytrace_rte

SOURCE = Path(raytrace_rte.__file__).parent
WORDS = ("errors", "grid", "units", "planck", "method", "exact", "premixed", "checks", "vectors")
ROOMS = [
    {*WORDS}, {"execution"}, {"kernels"}, {"media"}, {"boundaries"}, {"table"}, {"formats"}, {"plots"},
    {"results"}, {"solvers"}, {"sensors"}, {"solving"}, {"coupling"}, {"equilibrium"}, {"warming"}, {"config"},
    {"run"}, {"cli"},
]  # fmt: skip
"""An import may only point to the left (docs/architecture.md)."""
RANK = {name: rank for rank, room in enumerate(ROOMS) for name in room}
HEAVY = {"numba", "scipy", "h5py", "matplotlib", "PIL", "pydantic", "typer", "rich", "distributed", "xarray"}
MAY_BE_HEAVY = {"kernels", "formats", "plots", "config", "run", "cli"}
"""Rooms that import these with themselves; others do so in functions, when they are needed."""
OWN = {
    "Camera": "sensors/images.py", "LineOfSight": "sensors/images.py", "Rays": "sensors/rays.py",
    "PointSensor": "sensors/points.py", "WallFlux": "sensors/points.py", "HeatSource": "sensors/volumes.py",
    "Walls": "boundaries/walls.py", "Solids": "boundaries/solids.py", "Mesh": "boundaries/mesh.py",
    "Cartesian": "grid.py", "Result": "results/result.py", "RadianceResult": "results/radiance.py",
    "FluxResult": "results/flux.py", "HeatResult": "results/heat.py", "Comparison": "results/comparison.py",
}  # fmt: skip
"""Classes of sensors, walls, objects, grids and results, and the module that may ask for them."""


def modules() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool, bool]]:
    """(module that is imported, whether it is our own, whether in a function); not what only types need."""
    package = name_of(path).split(".")[: None if path.name == "__init__.py" else -1]

    def found(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, False, inside
            elif isinstance(child, ast.ImportFrom) and child.level == 0:
                yield child.module or "", False, inside
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] + (child.module or "").split(".")
                for alias in child.names:
                    target = ".".join(part for part in [*base, alias.name] if part)
                    known = (SOURCE / target.replace(".", "/")).with_suffix(".py").exists()
                    known |= (SOURCE / target.replace(".", "/")).is_dir()
                    yield target if known else ".".join(part for part in base if part), True, inside
            yield from found(child, inside or isinstance(child, ast.FunctionDef | ast.Lambda))

    return found(ast.parse(path.read_text(encoding="utf-8")), False)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_one_way_also_in_functions(path):
    here = name_of(path).split(".")[0]
    for target, own, inside in imports(path):
        room = target.split(".")[0]
        if own and not room:  # the package itself, for its version or its public names
            assert here in ("cli", "config")
        elif own:
            assert RANK[room] <= RANK[here], f"{name_of(path)} imports {target}, which comes after it"
        elif not inside and here not in MAY_BE_HEAVY:
            assert room not in HEAVY, f"{name_of(path)} imports {target} with itself"
        if not own and here == "kernels":
            assert room not in HEAVY - {"numba"}, f"{name_of(path)} imports {target}"


def test_a_wrong_arrow_is_seen(tmp_path, monkeypatch):
    """Canary: the reader of imports finds one in a function."""
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "cli.py").touch()
    wrong = tmp_path / "kernels/wrong.py"
    wrong.write_text("def f():\n    from ..cli import main\n    import h5py\n", encoding="utf-8")
    assert list(imports(wrong)) == [("cli", True, True), ("h5py", False, True)]


def test_imports_run_in_no_circle():
    arrows = {name_of(p): {t for t, own, _ in imports(p) if own and t != name_of(p)} for p in modules()}
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for target in arrows.get(name, ()):
                follow(target, (*way, name))
            done.add(name)

    for name in arrows:
        follow(name, ())


def branches(path: Path) -> Iterator[str]:
    """Questions for the kind of a sensor, wall, object, grid or result outside its own module."""
    here = str(path.relative_to(SOURCE))
    foreign = {name for name, home in OWN.items() if home != here}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        asked = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            asked = [n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)]
        elif isinstance(node, ast.MatchClass):
            asked = [ast.unparse(node.cls)]
        elif isinstance(node, ast.Compare):
            text = ast.unparse(node)
            if ".kind" in text.replace("dtype.kind", "") or "'kind']" in text:
                asked = [text]
            asked += [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and "type(" in text]
        elif isinstance(node, ast.Dict):  # a table of classes
            asked = [k.id for k in node.keys if isinstance(k, ast.Name)]
        own_kind = here in ("boundaries/walls.py", "media/spectrum.py")  # each asks for its own
        for name in asked:
            method = "method" in name  # March, Auto and limits are settings, and may be told apart
            if name in foreign or (".kind" in name and not own_kind) or ("'kind']" in name and not method):
                yield f"{here}:{node.lineno}: {name}"


def test_nobody_asks_what_a_sensor_wall_grid_or_result_is():
    assert [b for path in modules() for b in branches(path)] == []


def test_a_branch_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "isinstance(s, Camera | Mesh)\nx = wall.kind == 'grey'\nmatch r:\n    case HeatResult():\n        pass\n"
        "d = {Walls: 1}\nt = type(s) is Rays\ny = result.config['sensor']['kind'] == 'camera'\n",
        encoding="utf-8",
    )
    assert len(list(branches(wrong))) == 7


def test_solve_checks_only_that_a_sensor_is_one():
    text = (SOURCE / "solving.py").read_text(encoding="utf-8")
    for name in OWN:
        if name != "Walls":  # the type of an argument
            assert f"import {name}" not in text
