"""Choices made on real 3-D tumors, each judged on a patient it was not chosen on.

    python studies/choices.py [--cache FOLDER]

How much the axial networks count (organ, tissue), from which probability on a voxel belongs to a
kidney with its masses, and from which share of it to a lesion. The networks run once a CT (kept in
the cache); then every choice goes through export and cleaning. For every patient of kits3d the
choice that is best on the other nine is taken (mean KiTS Dice less a penalty for false tumors), and
judged on that one. The four kept-out CTs, which have no tumor, show what a choice costs there.
"""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import KEPT_OUT, OUT, data_folder, dice, load_canonical, parser, save
from real_tumors_3d import FOUND_SHARE, LARGE_MM, case_numbers, false_ml, lesions_of
from real_tumors_3d import load as load_tumors

from KidneySegLib.core.anatomy import MASSES, Tissue
from KidneySegLib.core.progress import Stages
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Volume
from KidneySegLib.engine import open_engine
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.models.manifest import ModelPackage
from KidneySegLib.models.registry import find_model
from KidneySegLib.segmenters.base import QUALITIES, Region
from KidneySegLib.segmenters.cascade.axial import Fusion, fused, look_at_slices
from KidneySegLib.segmenters.cascade.fine import segment_regions
from KidneySegLib.segmenters.cascade.segmenter import Cascade
from KidneySegLib.segmenters.decision import Decision
from KidneySegLib.segmenters.places import Hints
from KidneySegLib.segmenters.to_native import to_native

FOLDER = "kits3d"
PENALTY_ML = 100.0  # so many mL of false tumor weigh as much as a Dice of 1
AXIAL_ONLY = Fusion(1.0, 1.0)


@dataclass(frozen=True)
class Choice:
    """One way to decide."""

    organ_fusion: float = 0.5
    tissue_fusion: float = 0.7
    organ_share: float = 0.5
    lesion_share: float = 0.5

    @property
    def decision(self) -> Decision:
        """From which shares on a voxel counts."""
        return Decision(self.organ_share, self.lesion_share)


CHOICES = list(
    dict.fromkeys(
        [
            Choice(),
            *(Choice(o, t) for o, t in itertools.product((0.3, 0.5, 0.7), (0.5, 0.7, 0.85, 1.0))),
            *(Choice(organ_share=o) for o in (0.3, 0.35, 0.4, 0.45, 0.55)),
            *(Choice(lesion_share=s) for s in (0.2, 0.3, 0.4, 0.6, 0.7, 0.8)),
            *(Choice(0.5, t, 0.4, s) for t, s in itertools.product((0.7, 0.85), (0.4, 0.5, 0.6))),
        ]
    )
)


@dataclass(frozen=True, eq=False)
class Seen:
    """A CT with its truth (255 where it is not known), and what the networks saw in it."""

    ct: Volume
    truth: np.ndarray
    found: Any
    fine: list[Region]
    axial: list[Region]


def cases() -> dict[str, Any]:
    """Loaders of all CTs by name."""
    folder = data_folder() / FOLDER
    loaders: dict[str, Any] = {
        f"kits_{n}": (lambda n=n: load_tumors(folder, n)) for n in case_numbers(folder)
    }
    return loaders | {name: (lambda name=name: _kept_out(name)) for name in KEPT_OUT}


def _kept_out(name: str) -> tuple[Volume, np.ndarray]:
    ct, truth, known = load_canonical(name)
    return ct, np.where(known, truth, 255).astype(np.uint8)


def look(ct: Volume, truth: np.ndarray, cascade: Cascade) -> Seen:
    """Run the networks at `balanced`."""
    report = Stages(cascade.stages(Hints()), None, None)
    found = cascade.locate(ct, Hints(), report)
    quality = QUALITIES["balanced"]
    fine, spec = cascade._network("fine")
    regions = segment_regions(ct, found.places, fine, spec, quality=quality)
    axial = [cascade._network(stage) for stage in cascade._axial_stages]
    looked = look_at_slices(ct, regions, axial, AXIAL_ONLY, quality=quality)
    return Seen(ct, truth, found, regions, looked)


def cached(name: str, load: Any, cascade: Cascade, folder: Path) -> Seen:
    """What the networks saw, from the cache where it is there."""
    path = folder / f"{name}.pkl"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(look(*load(), cascade)))
    return pickle.loads(path.read_bytes())


def tissues(seen: Seen, choice: Choice, package: ModelPackage) -> np.ndarray:
    """Labels after cleaning."""
    fusion = Fusion(choice.organ_fusion, choice.tissue_fusion)
    regions = [
        Region(a.geometry, fused(a.shares, b.shares, fusion))
        for a, b in zip(seen.fine, seen.axial, strict=True)
    ]
    tissue = to_native(regions, seen.ct.geometry, (), choice.decision)
    cleaned = KidneyCT()._clean(seen.ct, tissue, seen.found.places, package)
    return to_tissue(cleaned.labels, "kidneyseg")


def judged(found: np.ndarray, seen: Seen) -> dict[str, Any]:
    """Dice by KiTS class, lesions, false tumors."""
    known = seen.truth != 255
    truth, found = np.where(known, seen.truth, 0), np.where(known, found, 0)
    voxel_ml = seen.ct.geometry.voxel_volume_ml
    lesions = lesions_of(truth, found, voxel_ml)
    tumors = [x for x in lesions if x["kind"] == "tumor" and x["size_mm"] >= LARGE_MM]
    return {
        "kidney": dice(found > 0, truth > 0),
        "kidney_volume": float((found > 0).sum() / max(1, (truth > 0).sum())),
        "mass": dice(np.isin(found, MASSES), np.isin(truth, MASSES)),
        "tumor": dice(found == Tissue.TUMOR, truth == Tissue.TUMOR),
        "false_tumor_ml": false_ml(truth, found, Tissue.TUMOR, voxel_ml),
        "tumors": len(tumors),
        "tumors_found": sum(bool(x["covered"] >= FOUND_SHARE) for x in tumors),
        "tumors_dice": [x["dice"] for x in tumors],
    }


def worth(row: dict[str, Any]) -> float:
    """What a choice is chosen by."""
    score = np.mean([row[name] for name in ("kidney", "mass", "tumor")])
    return float(score - row["false_tumor_ml"] / PENALTY_ML)


def leave_one_out(table: dict[Choice, dict[str, dict]]) -> dict[str, Any]:
    """For every patient the choice that is best on the others, and what it brings there."""
    patients = [name for name in table[Choice()] if name.startswith("kits_")]
    rows, taken = [], Counter()
    for patient in patients:
        others = [name for name in patients if name != patient]
        best = max(table, key=lambda c: np.mean([worth(table[c][n]) for n in others]))
        rows.append(table[best][patient])
        taken[best] += 1
    return {
        "chosen": [{"choice": astuple(c), "times": n} for c, n in taken.most_common()],
        "left_out": summary(rows),
        "default": summary([table[Choice()][n] for n in patients]),
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Means over patients."""
    names = ("kidney", "kidney_volume", "mass", "tumor", "false_tumor_ml")
    found: dict[str, float] = {n: float(np.mean([row[n] for row in rows])) for n in names}
    found["tumors_found"] = sum(row["tumors_found"] for row in rows)
    found["tumors_dice"] = float(np.mean([d for row in rows for d in row["tumors_dice"]] or [0]))
    found["worth"] = float(np.mean([worth(row) for row in rows]))
    return found


def main() -> None:
    """Print the figures, and write them."""
    options = parser(__doc__ or "")
    options.add_argument("--cache", type=Path, default=OUT / "choices")
    chosen = options.parse_args()
    package = find_model(chosen.model)
    cascade = Cascade(package, open_engine("auto"))
    table: dict[Choice, dict[str, dict]] = {choice: {} for choice in CHOICES}
    for name, load in cases().items():
        seen = cached(name, load, cascade, chosen.cache / package.sha256[:12])
        for choice in CHOICES:
            table[choice][name] = judged(tissues(seen, choice, package), seen)
        print(name, flush=True)
    for choice, rows in table.items():
        own = summary([row for name, row in rows.items() if name.startswith("kits_")])
        without = [row for name, row in rows.items() if not name.startswith("kits_")]
        kidney = np.mean([row["kidney"] for row in without])
        volume = np.mean([row["kidney_volume"] for row in without])
        false = np.mean([row["false_tumor_ml"] for row in without])
        text = "  ".join(f"{k} {v:.3f}" for k, v in own.items())
        print(
            f"{astuple(choice)}  {text}  | without tumors: kidney {kidney:.3f}, "
            f"volume {volume:.3f}, false {false:.2f}"
        )
    found = leave_one_out(table)
    print(found)
    rows = [{"choice": astuple(c), "cases": cases_} for c, cases_ in table.items()]
    save({"choices": rows, "leave_one_out": found}, chosen.json, model=chosen.model)


if __name__ == "__main__":
    main()
