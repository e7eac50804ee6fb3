"""Cleaning on the 400 KiTS23 maps with 1,000 false components put in.

    python studies/cleaning.py

False components are pieces of spleen, liver and bowel of the multi-organ maps (and dust), 0.05 to
100 mL, 0 to 40 mm from the kidney, labeled tumor or kidney. Counted: which are removed, whether
a real component of 0.5 mL or more that touches a kidney is lost.
"""

from __future__ import annotations

import json

import numpy as np
from common import data_folder, parser, save
from scipy import ndimage

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.masks import components, gap_mm
from KidneySegLib.core.volume import Geometry
from KidneySegLib.kidney_ct.clean import Cleaned, clean
from KidneySegLib.kidney_ct.rules import rules_for
from KidneySegLib.kidney_ct.scene import Scene
from KidneySegLib.training.pack import KITS_SHAPES, SHAPE_SPACING_MM

ORGANS = ("spleen", "liver", "colon", "small_bowel", "duodenum")
PAD = 36
APART = 4  # voxels between false pieces
VOXEL_ML = SHAPE_SPACING_MM**3 / 1000
SIZES_ML = ((0.05, 0.1), (0.1, 1), (1, 10), (10, 50), (50, 100))
GAPS_MM = ((0, 4), (4, 10), (10, 20), (20, 40))


def organ_masks() -> list[np.ndarray]:
    """Organs of a few bodies at 1.5 mm, as boolean ``(k, j, i)`` masks."""
    folder = data_folder() / "multiorgan"
    names = json.loads((folder / "classes.json").read_text())["id_to_name"]
    wanted = [int(n) for n, name in names.items() if name in ORGANS]
    masks = []
    for path in sorted(folder.glob("*.npz"))[::6]:
        label = np.load(path)["label"].transpose(2, 1, 0)
        for number in wanted:
            where = ndimage.find_objects((label == number).astype(np.uint8))
            if where and where[0] is not None:
                part = label[where[0]] == number
                masks.append(ndimage.zoom(part.astype(np.uint8), 2 / 1.5, order=0).astype(bool))
    return masks


def piece(masks: list[np.ndarray], volume_ml: float, rng: np.random.Generator) -> np.ndarray:
    """A connected piece of an organ of about a volume, cropped."""
    voxels = max(1, round(volume_ml / VOXEL_ML))
    big = [m for m in masks if m.sum() >= 1.5 * voxels]
    mask = big[rng.integers(len(big))]
    spots = np.argwhere(mask)
    away = ((spots - spots[rng.integers(len(spots))]) ** 2).sum(axis=1)
    chosen = spots[np.argsort(away)[:voxels]]
    chosen -= chosen.min(axis=0)
    out = np.zeros(chosen.max(axis=0) + 1, bool)
    out[tuple(chosen.T)] = True
    return components(out)[0][1] if voxels > 1 else out


def put_in(
    tissue: np.ndarray,
    distance: np.ndarray,
    genuine: np.ndarray,
    near_false: np.ndarray,
    mask: np.ndarray,
    gap_mm: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float] | None:
    """Place a piece about a gap away from the kidney; its voxels and the true gap in mm.

    ``distance`` is that of voxel centers to the genuine kidney and masses in mm; the true gap is
    that between faces, as `clean` measures it. Pieces stay apart from each other
    (``near_false``): a false tumor on a false kidney would be another question.
    """
    radius = max(mask.shape) / 2 * SHAPE_SPACING_MM
    spots = np.flatnonzero(np.abs(distance - gap_mm - radius) < 2)
    for _ in range(20):
        if not len(spots):
            return None
        spot = np.unravel_index(spots[rng.integers(len(spots))], tissue.shape)
        start = np.array(spot) - np.array(mask.shape) // 2
        where = np.argwhere(mask) + start
        if (where < 0).any() or (where >= tissue.shape).any():
            continue
        at = tuple(where.T)
        if (tissue[at] > 0).any() or near_false[at].any():
            continue
        if distance[at].min() < 45:
            return where, face_gap_mm(where, genuine)
    return None


def face_gap_mm(where: np.ndarray, genuine: np.ndarray) -> float:
    """Gap in mm between the faces of some voxels ``(n, 3)`` and a mask around them."""
    low = np.maximum(where.min(axis=0) - PAD, 0)
    high = where.max(axis=0) + PAD + 1
    block = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    part = np.zeros_like(genuine[block])
    part[tuple((where - low).T)] = True
    return gap_mm(part, genuine[block], (SHAPE_SPACING_MM,) * 3)


def real_components(tissue: np.ndarray) -> list[np.ndarray]:
    """Voxels of real tumors and cysts of 0.5 mL and more that touch a kidney, and of kidneys."""
    kidney = ndimage.binary_dilation(tissue == Tissue.KIDNEY, np.ones((3, 3, 3)))
    found = []
    for number in (Tissue.KIDNEY, Tissue.TUMOR, Tissue.CYST):
        for where, part in components(tissue == number):
            large = part.sum() * VOXEL_ML >= (10 if number == Tissue.KIDNEY else 0.5)
            if large and (kidney[where] & part).any():
                found.append(np.argwhere(part) + [s.start for s in where])
    return found


def evaluate(count: int = 1000, seed: int = 5, most_maps: int | None = None) -> dict:
    """Rows of the false components, and how many real ones were lost."""
    rng, masks = np.random.default_rng(seed), organ_masks()
    rows, lost, real, unexplained = [], 0, 0, 0
    with np.load(data_folder() / KITS_SHAPES) as stored:
        cases = sorted(stored.files)[:most_maps]
        for n, case in enumerate(cases):
            tissue = np.pad(stored[case].transpose(2, 1, 0), PAD)
            genuine, real_mask = real_components(tissue), tissue > 0
            distance = ndimage.distance_transform_edt(tissue == 0).astype(np.float32)
            distance *= SHAPE_SPACING_MM
            placed, near_false = [], np.zeros(tissue.shape, bool)
            for _ in range(count * (n + 1) // len(cases) - count * n // len(cases)):
                volume_ml = float(np.exp(rng.uniform(np.log(0.05), np.log(100))))
                part = piece(masks, volume_ml, rng)
                made = put_in(
                    tissue, distance, real_mask, near_false, part, rng.uniform(0, 36), rng
                )
                if made is not None:
                    number = Tissue.TUMOR if rng.random() < 0.6 else Tissue.KIDNEY
                    tissue[tuple(made[0].T)] = number
                    placed.append((*made, number))
                    low = np.maximum(made[0].min(axis=0) - APART, 0)
                    stop = made[0].max(axis=0) + APART + 1
                    box = tuple(slice(a, b) for a, b in zip(low, stop, strict=True))
                    near_false[box] = True
            cleaned = run_clean(tissue)
            for where, gap, number in placed:
                rest = cleaned.labels[tuple(where.T)]
                rows.append(
                    {
                        "ml": len(where) * VOXEL_ML,
                        "gap_mm": gap,
                        "tissue": Tissue(number).name.lower(),
                        "removed": not rest.any(),
                    }
                )
            gone = (tissue > 0) & (cleaned.labels == 0)
            unexplained += int((gone & (cleaned.rejected == 0)).sum())
            real += len(genuine)
            lost += sum(_is_lost(cleaned, tissue, where) for where in genuine)
    return {
        "false": rows,
        "real": real,
        "real_lost": lost,
        "removed_without_reason": unexplained,
    }


def run_clean(tissue: np.ndarray) -> Cleaned:
    """Clean with the midline between the kidneys."""
    matrix = np.diag([SHAPE_SPACING_MM] * 3 + [1.0])
    middle = float(np.argwhere(tissue == Tissue.KIDNEY)[:, 2].mean() * SHAPE_SPACING_MM)
    scene = Scene(tissue, Geometry(tissue.shape, matrix))
    return clean(scene, rules_for({}), midline_r_mm=middle)


def _is_lost(cleaned: Cleaned, tissue: np.ndarray, where: np.ndarray) -> bool:
    """A real component is lost when none of its voxels keeps its tissue."""
    at = tuple(where.T)
    number = int(tissue[at][0])
    wanted = {
        Tissue.KIDNEY: (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY),
        Tissue.TUMOR: (Label.TUMOR,),
        Tissue.CYST: (Label.CYST,),
    }[Tissue(number)]
    return not np.isin(cleaned.labels[at], wanted).any()


def main() -> None:
    """Print the share removed by size and gap, for false tumors and false kidneys."""
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=1000)
    arguments = options.parse_args()
    figures = evaluate(arguments.count)
    for tissue in ("tumor", "kidney"):
        print(f"\nfalse components labeled {tissue}: removed of all, by gap (mm) and size (mL)")
        print(f"{'':>12}" + "".join(f"{f'{a:g}-{b:g} mL':>16}" for a, b in SIZES_ML))
        for low, high in GAPS_MM:
            cells = []
            for small, large in SIZES_ML:
                hits = [
                    r["removed"]
                    for r in figures["false"]
                    if r["tissue"] == tissue
                    and low <= r["gap_mm"] < high
                    and small <= r["ml"] < large
                ]
                cells.append(f"{sum(hits)} of {len(hits)}" if hits else "-")
            print(f"{f'{low}-{high} mm':>12}" + "".join(f"{c:>16}" for c in cells))
    print(f"\n{len(figures['false'])} false components; real components of 0.5 mL and more that")
    print(f"touch a kidney, and kidneys: {figures['real']}, lost: {figures['real_lost']}")
    print(f"voxels removed without a reason: {figures['removed_without_reason']}")
    save(figures, arguments.json)


if __name__ == "__main__":
    main()
