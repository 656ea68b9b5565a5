"""The two curves as SVG, drawn in an environment of its own: python plots.py CURVES.json FOLDER."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "afterwork", "svg.fonttype": "none", "figure.figsize": (7, 4)})


def main(curves: Path, folder: Path) -> None:
    """`curves` holds `depths`: worker and redis by jobs queued, and `workers`: jobs/s by engine and processes."""
    found = json.loads(curves.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    _depths(found["depths"], folder / "bench-depth.svg")
    _workers(found["workers"], folder / "bench-workers.svg")


def _depths(depths: dict[str, dict[str, float]], path: Path) -> None:
    figure, axes = _axes("jobs queued", "CPU, µs per job")
    for part in ("worker", "redis"):
        axes.plot([int(depth) for depth in depths], [at[part] for at in depths.values()], "o-", label=part)
    axes.set_xscale("log")
    _save(figure, axes, path)


def _workers(workers: dict[str, dict[str, float]], path: Path) -> None:
    figure, axes = _axes("worker processes", "jobs/s")
    for engine, curve in workers.items():
        axes.plot([int(count) for count in curve], list(curve.values()), "o-", label=engine)
        axes.set_xticks([int(count) for count in curve])
    _save(figure, axes, path)


def _axes(across: str, up: str) -> Any:  # noqa: ANN401 - matplotlib's own
    figure, axes = plt.subplots(layout="constrained")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Any, axes: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib's own
    axes.set_ylim(bottom=0)
    if axes.get_lines():
        axes.legend()
    figure.savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
