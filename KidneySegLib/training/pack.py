"""Packed training data: CTs on the network's grid as uint8, lesion shapes as small masks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.anatomy import Tissue
from ..core.errors import InputError
from ..core.schemes import UNSURE
from ..core.volume import Box, Geometry, Volume
from ..io.images import read_labels, read_volume
from .recipe import Recipe

logger = logging.getLogger(__name__)

SHAPE_SPACING_MM = 1.5
KITS_SHAPES = "kits23_labels_1.5mm.npz"
_TISSUES = {1: Tissue.KIDNEY, 2: Tissue.KIDNEY, 4: Tissue.CYST, UNSURE: UNSURE}
SPLEEN, LIVER, STOMACH = 1, 5, 6  # of the experts' organ maps, as TotalSegmentator numbers them
ORGANS = (SPLEEN, LIVER, STOMACH)
_KITS = {"tumor": 2, "cyst": 3}
_LEAST_SHAPE_VOXELS = 100
_AROUND_KIDNEYS_MM = 50.0


@dataclass(frozen=True)
class PackedCase:
    """One CT on the training grid.

    ``image`` is uint8 over the recipe's HU window; ``label`` holds `Tissue`
    numbers and 255 for unsure; ``organs`` the numbers of an expert's organ map, where there is
    one. All are ``(k, j, i)`` in canonical orientation.
    """

    name: str
    image: np.ndarray
    label: np.ndarray
    organs: np.ndarray | None = None


def find_cases(folder: Path) -> list[tuple[str, Path, Path]]:
    """Name, CT and label map of every labeled case in a folder.

    Raises
    ------
    InputError
        If the folder holds no ``<name>_ct.nii.gz`` with a label map beside it.
    """
    cases = []
    for ct in sorted(folder.glob("*_ct.nii.gz")):
        name = ct.name[: -len("_ct.nii.gz")]
        for labels in (folder / f"{name}_labels.nii.gz", folder / f"{name}_ct_labels.nii.gz"):
            if labels.is_file():
                cases.append((name, ct, labels))
                break
    if not cases:
        raise InputError(
            f"No training case in '{folder}'. Expected <name>_ct.nii.gz with "
            "<name>_labels.nii.gz beside it."
        )
    return cases


def pack_case(
    name: str,
    ct: Path,
    labels: Path,
    recipe: Recipe,
    tissues: Mapping[int, int],
    organs: Path | None = None,
) -> PackedCase:
    """Resample one CT and its labels, numbers of a file to `Tissue`, onto the training grid."""
    volume = read_volume(ct).canonical()
    label = read_labels(labels).canonical()
    grid = _training_grid(label, recipe)
    image = pack_image(volume, grid, recipe.window_hu)
    packed = None
    if organs is not None:
        packed = pack_label(read_labels(organs).canonical(), grid, {n: n for n in ORGANS})
    return PackedCase(name, image, pack_label(label, grid, tissues), packed)


def _training_grid(label: Volume, recipe: Recipe) -> Geometry:
    """The recipe's grid over a CT; for the axial network only over the kidneys and 5 cm around.

    That network is asked around kidneys only, and its voxels are small.
    """
    geometry = label.geometry
    box = Box.of_mask((label.array > 0) & (label.array != UNSURE))
    if recipe.role == "axial" and box is not None:
        margin = geometry.voxels_covering(_AROUND_KIDNEYS_MM)
        geometry = geometry.cropped(box.grown(margin, geometry.shape))
    return geometry.with_spacing((recipe.spacing_mm,) * 3)


def pack_image(volume: Volume, grid: Geometry, window_hu: tuple[float, float]) -> np.ndarray:
    """A CT on the grid, the HU window as 0..255 (uint8)."""
    return to_levels(volume.resampled_to(grid, limits=window_hu).array, window_hu)


def to_levels(image_hu: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """Densities as uint8, the window as 0..255; what lies outside it is clipped."""
    low, high = window_hu
    levels = np.round((image_hu - low) / (high - low) * 255)
    return levels.clip(0, 255).astype(np.uint8)


def to_hu(levels: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """Densities in HU (float32) of levels that `to_levels` made."""
    low, high = window_hu
    return levels * np.float32((high - low) / 255) + np.float32(low)


def pack_label(label: Volume, grid: Geometry, tissues: Mapping[int, int]) -> np.ndarray:
    """Training classes on the grid: the most likely of the interpolated memberships.

    Parameters
    ----------
    tissues : mapping
        Class of each number in the label map; every other number is background.
    """
    members = [~np.isin(label.array, list(tissues))]
    classes = sorted(set(tissues.values()))
    for tissue in classes:
        members.append(np.isin(label.array, [n for n, t in tissues.items() if t == tissue]))
    shares = np.stack([label.with_array(m).resampled_to(grid).array for m in members])
    return np.array([0, *classes], np.uint8)[shares.argmax(axis=0)]


def packed_file(kind: str, recipe: Recipe, out: Path) -> Path:
    """Where CTs of a kind are packed on a recipe's grid; the axial network's are cut to kidneys."""
    cut = "axial_" if recipe.role == "axial" else ""
    return out / f"{kind}_{cut}{recipe.spacing_mm:g}mm.npz"


def pack_cts(folder: Path, recipe: Recipe, target: Path) -> list[PackedCase]:
    """Pack the labeled CTs of a folder, or read them where an earlier run has packed them all.

    Cases in ``recipe.exclude_cases`` are kept out. Organ maps (``<name>_organs.nii.gz``) are
    packed where there are some.
    """
    wanted = [case for case in find_cases(folder) if case[0] not in recipe.exclude_cases]
    organs = {name: folder / f"{name}_organs.nii.gz" for name, _, _ in wanted}
    organs = {name: path for name, path in organs.items() if path.is_file()}
    if target.is_file():
        packed = {case.name: case for case in read_packed(target)}
        if _holds_all(packed, [name for name, _, _ in wanted], organs):
            return [case for case in packed.values() if case.name not in recipe.exclude_cases]
        logger.info("%s lacks CTs or organ maps of '%s': packing anew", target.name, folder)
    cases = []
    for name, ct, labels in wanted:
        logger.info("packing %s", name)
        cases.append(pack_case(name, ct, labels, recipe, _TISSUES, organs.get(name)))
    save_cases(target, cases)
    return cases


def _holds_all(
    packed: Mapping[str, PackedCase], names: Iterable[str], with_organs: Iterable[str]
) -> bool:
    """Whether every case was packed, and with its organ map where it has one."""
    return all(name in packed for name in names) and all(
        packed[name].organs is not None for name in with_organs
    )


def pack_shapes(
    maps: Path, recipe: Recipe, target: Path, *, validation: bool = False
) -> dict[str, list[np.ndarray]]:
    """Cut tumor and cyst shapes out of the KiTS23 maps (1.5 mm), as boolean masks.

    Maps of cases from ``recipe.exclude_shapes_from`` on are kept out; of the others those for
    training are returned, or those for validation.

    Returns
    -------
    dict
        ``tumor`` and ``cyst``: lists of ``(k, j, i)`` boolean masks.

    Raises
    ------
    InputError
        If there is no file of maps, or they have no such lesions.
    """
    if not target.is_file():
        if not maps.is_file():
            raise InputError(f"There is no file '{maps}' with lesion shapes (KiTS23 maps).")
        arrays = {}
        with np.load(maps) as stored:
            for case in sorted(stored.files):
                if kits_number(case) >= recipe.exclude_shapes_from:
                    continue
                for kind, masks in shapes_of_map(stored[case]).items():
                    for n, mask in enumerate(masks):
                        arrays[f"{kind}/{case}/{n}"] = mask
        _save_arrays(target, arrays)
    wanted = recipe.lesion_cases(validation=validation)
    shapes: dict[str, list[np.ndarray]] = {kind: [] for kind in _KITS}
    with np.load(target) as stored:
        for key in stored.files:
            kind, case, _ = key.split("/")
            if kits_number(case) in wanted:
                shapes[kind].append(stored[key])
    for kind, masks in shapes.items():
        if not masks:
            raise InputError(
                f"The KiTS23 cases from {wanted.start} up to {wanted.stop} have no {kind} to "
                f"{'validate' if validation else 'train'} on. Check validate_shapes_from and "
                "exclude_shapes_from of the recipe."
            )
    return shapes


def kits_number(case: str) -> int:
    """Number of a KiTS23 case, of its name (``case_00012``)."""
    return int("".join(c for c in case if c.isdigit()))


def shapes_of_map(array_ras: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Tumor and cyst shapes of one KiTS23 map.

    Parameters
    ----------
    array_ras : (i, j, k) uint8
        As the shared file stores it: axes R, A, S; 1 kidney, 2 tumor, 3 cyst.

    Returns
    -------
    dict
        ``tumor`` and ``cyst``: ``(k, j, i)`` boolean masks.
    """
    array = array_ras.transpose(2, 1, 0)
    return {kind: _components(array == value) for kind, value in _KITS.items()}


def _components(mask: np.ndarray) -> list[np.ndarray]:
    """Connected parts of a mask that are large enough to have a shape, each cropped."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask)
    parts = []
    for n, box in enumerate(ndimage.find_objects(labels), start=1):
        part = labels[box] == n
        if part.sum() >= _LEAST_SHAPE_VOXELS:
            parts.append(part)
    return parts


def packed_names(target: Path) -> list[str]:
    """Names of the cases in a packed file."""
    with np.load(target) as stored:
        return sorted({key.rsplit("/", 1)[0] for key in stored.files})


def read_packed(target: Path) -> list[PackedCase]:
    """Cases that an earlier run has packed."""
    with np.load(target) as stored:
        return [
            PackedCase(
                name,
                stored[f"{name}/image"],
                stored[f"{name}/label"],
                stored.get(f"{name}/organs"),
            )
            for name in packed_names(target)
        ]


def save_cases(target: Path, cases: Iterable[PackedCase]) -> None:
    """Write packed cases for `read_packed`."""
    arrays = {}
    for case in cases:
        arrays[f"{case.name}/image"], arrays[f"{case.name}/label"] = case.image, case.label
        if case.organs is not None:
            arrays[f"{case.name}/organs"] = case.organs
    _save_arrays(target, arrays)


def _save_arrays(target: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an npz; a run that is stopped leaves no half file under the final name."""
    part = target.with_name(target.name + ".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(target)
