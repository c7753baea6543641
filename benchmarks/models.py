"""The pool fire with several absorption models and methods: `rte.compare` on an image and on the whole volume."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from raytrace_rte.config.config import load
from raytrace_rte.execution.executors import Threads
from raytrace_rte.results.comparison import Comparison
from raytrace_rte.run.compare import prepare
from raytrace_rte.units import share

from .tables import table

CONFIG = Path(__file__).parent.parent / "configs/pool_fire_compare.toml"
PICTURE = Path(__file__).parent.parent / "docs/images/compare.png"
VOLUME = (
    "sensor.kind=heat_source", "walls.kind=black", "walls.temperature=300.0", 'compare.methods=["march"]',
)  # fmt: skip
"""The same models for the heat source between walls at 300 K."""


def compared(*overrides: str) -> Comparison:
    """Return what `raytrace-rte compare configs/pool_fire_compare.toml` finds."""
    with tempfile.TemporaryDirectory() as folder:
        job = load(CONFIG, (f"output.directory={folder}", *overrides))
        return prepare(job).run(Threads(), lambda done, total: None, resume=False)


def measure(quick: bool = False) -> dict[str, Any]:
    """Compare; write the picture of the image."""
    image = compared(*(["sensor.shape=[12, 8]"] if quick else []))
    volume = compared(*VOLUME, f"sensor.directions={6 if quick else 200}")
    if not quick:
        image.plot(PICTURE)
    return {"image": _kept(image), "volume": _kept(volume)}


def _kept(made: Comparison) -> dict[str, Any]:
    """Names and numbers of a comparison."""
    names = [v.name for v in made.variables() if v.dims == ("model", "method")]
    return {name: np.asarray(made[name]).tolist() for name in ("model", "method", *names)}


def tables(data: dict[str, Any]) -> dict[str, str]:
    """Return the tables of docs/compare.md."""
    return {"models image": _image(data["image"]), "models volume": _volume(data["volume"])}


def _image(made: dict[str, Any]) -> str:
    rows = [
        [
            model, method, f"{made['mean'][i][j]:.4g}", f"{made['greatest'][i][j]:.4g}",
            share(made["difference_l2"][i][j]), share(made["method_difference_l2"][i][j]),
            f"{made['crossings'][i][j] / 1e6:.3g}", f"{made['cost'][i][j]:.2g}",
        ]
        for i, model in enumerate(made["model"]) for j, method in enumerate(made["method"])
    ]  # fmt: skip
    head = [
        "model", "method", "mean [W m⁻² sr⁻¹]", "greatest", "from wsgg by the march", "from the march",
        "crossings [10⁶]", "time",
    ]  # fmt: skip
    return table(head, rows)


def _volume(made: dict[str, Any]) -> str:
    rows = []
    for i, model in enumerate(made["model"]):
        emitted, leaves = made["emission_power"][i][0], made["radiant_power"][i][0]
        rows.append([
            model, f"{emitted:.0f}", f"{leaves:.0f}", share(1.0 - leaves / emitted),
            share(made["difference_l2"][i][0]), f"{made['cost'][i][0]:.2g}",
        ])  # fmt: skip
    head = ["model", "emitted [W]", "leaves [W]", "absorbed again", "div q from wsgg", "time"]
    return table(head, rows)
