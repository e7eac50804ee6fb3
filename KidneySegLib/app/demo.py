"""The demo: the main job on the CT that ships, compared with what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..core.anatomy import Tissue
from ..core.errors import InputError, OutputError
from ..core.findings import Finding
from ..core.schemes import to_tissue
from ..core.volume import Volume
from ..environment.resources import resource_folder
from ..io.atomic import atomic_file, check_target
from ..io.images import read_labels, read_volume
from ..io.paths import shown
from ..kidney_ct.settings import Settings
from ..measure.measurements import Measurements, measure
from ..measure.overlap import voxel_metrics
from ..report.case_folder import ALL_FILES
from ..report.table import as_text
from ..result import DISCLAIMER, Result
from .case import CaseRunner
from .console import Console
from .wanted_models import WantedModels

MARK = "demo.txt"


def demo_files() -> tuple[Path, Path]:
    """CT and truth of the demo.

    Raises
    ------
    InputError
        If they did not come with this installation.
    """
    folder = resource_folder("Demo")
    if folder is None or not (folder / "demo_ct.nii.gz").is_file():
        raise InputError("The demo CT is not part of this installation. Use a full checkout.")
    return folder / "demo_ct.nii.gz", folder / "demo_truth.nii.gz"


def run_demo(
    output: Path,
    console: Console,
    *,
    model: str | None,
    device: str,
    quality: str,
    say: Callable[[Finding], None],
) -> str:
    """Segment the demo CT, write results, and compare them with the truth.

    Results of an earlier demo (it leaves ``demo.txt`` behind) are replaced, nothing else.

    Returns
    -------
    str
        Table, differences from the truth, and where the pictures are.
    """
    ct_path, truth_path = demo_files()
    there = [name for name in ALL_FILES if (output / name).exists()]
    if there and not (output / MARK).is_file():
        raise OutputError(
            f"'{shown(output)}' holds {', '.join(there)}, which no demo has written. Choose "
            "another folder."
        )
    check_target(output, ALL_FILES, overwrite=True)
    volume, truth = read_volume(ct_path), read_labels(truth_path)
    case = CaseRunner(
        Settings(quality=quality), console, models=WantedModels(model), device=device, say=say
    )
    result = case.run(volume, output, overwrite=True)
    seconds = sum(result.record["seconds"].values())
    text = "\n".join(
        [
            as_text(result.measurements),
            "",
            compare(result, truth),
            "",
            f"{seconds:.1f} s on {result.record['device']}, quality {quality}.",
            f"Picture: {output / 'overview.png'}; all results: {output}",
            DISCLAIMER,
            f"Model license: {case.model.license}",
        ]
    )
    with atomic_file(output / MARK, overwrite=True) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    return text


def compare(result: Result, truth: Volume) -> str:
    """Volumes and Dice of the demo against the truth, as text."""
    found, real = _volumes(result.measurements), _volumes(measure(truth.canonical()))
    lines = [f"{'against the truth':26}{'found mL':>10}{'true mL':>10}{'difference':>12}"]
    for name, true_ml in real.items():
        got = found.get(name, 0.0)
        change = f"{100 * (got - true_ml) / true_ml:+.0f} %" if true_ml else "-"
        lines.append(f"{name:26}{got:10.1f}{true_ml:10.1f}{change:>12}")
    tissue = to_tissue(result.labels.array, "kidneyseg")
    known = to_tissue(truth.array, "kidneyseg")
    dice = voxel_metrics(tissue > 0, known > 0)["dice"]
    lines.append(f"Dice of kidneys with masses: {dice:.3f}")
    for name, number in (("tumor", Tissue.TUMOR), ("cyst", Tissue.CYST)):
        score = voxel_metrics(tissue == number, known == number)["dice"]
        lines.append(f"Dice of {name}: {score:.3f}")
    return "\n".join(lines)


def _volumes(measurements: Measurements) -> dict[str, float]:
    """Volumes in mL by name."""
    volumes = {}
    for side in measurements.sides:
        for kind in ("parenchyma", "tumor", "cyst"):
            volumes[f"{side.side} {kind}"] = float(np.round(getattr(side, f"{kind}_ml"), 3))
    return {k: v for k, v in volumes.items() if v > 0}
