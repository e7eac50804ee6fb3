"""What the figure commands share: where the data is, tables, kept-out cases."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from KidneySegLib import __version__
from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.masks import components
from KidneySegLib.core.schemes import UNSURE, to_tissue
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.engine.base import Engine
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.measure.overlap import voxel_metrics
from KidneySegLib.models.manifest import ModelPackage
from KidneySegLib.models.registry import find_model
from KidneySegLib.pipeline import run
from KidneySegLib.result import Result
from KidneySegLib.segmenters import open_segmenter

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
OUT = ROOT / "studies" / "out"
FOUND_DICE = 0.1
ALIKE_HU = 30.0  # about the SD inside a tumor
LEAST_CYST_ML = 0.5  # a sphere of 1 cm
KEPT_OUT = ("btcv_0010", "btcv_0023", "btcv_0034", "cptac_c3l00189_pv5mm")


def data_folder() -> Path:
    """Shared data: ``$KIDNEYSEG_TEST_DATA`` or ``../shared/data``."""
    folder = Path(os.environ.get("KIDNEYSEG_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"No data at {folder}. Set KIDNEYSEG_TEST_DATA to the folder with ct/ in it.")
    return folder


def parser(description: str) -> argparse.ArgumentParser:
    """Options of every figure command."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--model", help="model name or folder (default: the shipped one)")
    options.add_argument(
        "--json", type=Path, help="write the figures here (default: studies/out/NAME.json)"
    )
    return options


def load_case(name: str) -> tuple[Volume, np.ndarray, np.ndarray]:
    """CT, tissues of the truth, and where the truth is known."""
    folder = data_folder() / "ct"
    path = folder / f"{name}_labels.nii.gz"
    if not path.is_file():
        path = folder / f"{name}_ct_labels.nii.gz"
    ct, labels = read_volume(folder / f"{name}_ct.nii.gz"), read_labels(path)
    return ct, to_tissue(labels.array, "kidneyseg"), labels.array != UNSURE


def load_canonical(name: str) -> tuple[Volume, np.ndarray, np.ndarray]:
    """CT, tissues and where they are known, axes to S, A, R."""
    ct, tissue, known = load_case(name)
    truth, known = (Volume(a, ct.geometry).canonical().array for a in (tissue, known))
    return ct.canonical(), truth, known


def new_figure(width: float, height: float) -> Figure:
    """An empty matplotlib figure in inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice of two masks; 1 where both are empty."""
    return voxel_metrics(a, b)["dice"]


def middle_voxel(voxels: np.ndarray) -> np.ndarray:
    """The voxel of a component ``(n, axes)`` that lies nearest to its mean: never in a hole."""
    return voxels[np.abs(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]


def near(truth: np.ndarray) -> np.ndarray:
    """Box around a lesion, twice its size: what is found elsewhere is not its match."""
    box = Box.of_mask(truth)
    mask = np.zeros(truth.shape, bool)
    mask[box.grown(tuple(n // 2 + 2 for n in box.shape), truth.shape).slices] = True
    return mask


def real_cysts(found: np.ndarray, truth: np.ndarray, voxel_ml: float) -> list[dict[str, float]]:
    """Volume and Dice of every true cyst of 1 cm and more."""
    cysts = []
    for where, part in components(truth == Tissue.CYST):
        ml = float(part.sum() * voxel_ml)
        if ml >= LEAST_CYST_ML:
            cyst = np.zeros(truth.shape, bool)
            cyst[where] = part
            cysts.append({"ml": ml, "dice": dice((found == Tissue.CYST) & near(cyst), cyst)})
    return cysts


def share(hits: int, of: int) -> str:
    """A share in percent with its 95 % confidence interval (Wilson, JASA 1927)."""
    if of == 0:
        return "none"
    z2, p = 1.96**2, hits / of
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = np.sqrt(z2 * (p * (1 - p) / of + z2 / (4 * of**2))) / (1 + z2 / of)
    low, high = (100 * np.clip((middle - half, middle + half), 0, 1)).round()
    return f"{hits} of {of}, {100 * p:.0f} % ({low:.0f}-{high:.0f})"


def save(
    figures: Any,
    path: Path | None,
    headline: dict[str, Any] | None = None,
    *,
    model: str | None = None,
) -> None:
    """Write a study's figures as JSON: where asked for, else into ``studies/out``.

    Parameters
    ----------
    headline : dict, optional
        The few numbers that are published: ``make figures`` puts them into the model's
        ``figures.json``, with command, date and version, where the shipped model was studied.
    model : str, optional
        Name or folder of the model that was studied (default: the shipped one).
    """
    used = find_model(model)
    study = Path(sys.argv[0]).stem
    path = path or OUT / f"{study}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "command": " ".join(["python", f"studies/{study}.py", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "version": __version__,
        "model": used.version,
        "model_sha256": used.sha256,
    }
    data = about | {"headline": headline, "figures": figures}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def segment(
    volume: Volume, package: ModelPackage, engine: Engine, settings: Settings | None = None
) -> Result:
    """The whole chain on kidneys in CT."""
    return run(KidneyCT(settings), volume, open_segmenter(package, engine))
