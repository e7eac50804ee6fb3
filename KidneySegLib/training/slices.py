"""Real CT slices of KiTS23 as training cases: the only real tumors there are to learn from.

A slice becomes a stack of equal slices, which the sampler tilts, bends and scales like any CT, more
strongly than those. Its lesions may be closed above and below into solids. The third dimension of
its tumor is not real; its densities, texture and surroundings are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..core.anatomy import Tissue
from ..core.errors import InputError
from ..core.volume import Geometry, Volume
from .pack import PackedCase, kits_number, pack_image, pack_label, read_packed, save_cases, to_hu
from .recipe import Recipe

SLICES = "kits_slices"
FILES = ("mid.npz", "s50.npz")  # these have slices of the cases kept out; k19 has none
_SCALES_HU = {"mid.npz": (-79.0, 304.0), "s50.npz": (-79.0, 304.0), "k19.npz": (0.0, 255.0)}
_KITS_TISSUES = {1: Tissue.KIDNEY, 2: Tissue.TUMOR, 3: Tissue.CYST}
_STACK = 128
_REACH = 1.7  # lesion radii: where the pull that closes a lesion ends
_HEIGHT = (0.7, 1.5)  # half of it, in radii: from flat to long
_LEAST_PIXELS = 6  # 38 mm2; smaller spots are left as they are
_DRAWN = {Tissue.TUMOR: 0.5, Tissue.CYST: 0.2, Tissue.KIDNEY: 0.3}


def pack_slices(
    folder: Path, recipe: Recipe, target: Path, *, validation: bool = False
) -> list[PackedCase]:
    """Pack the slices that show a kidney, or read them where an earlier run has packed them.

    Cases from ``recipe.exclude_shapes_from`` on are kept out, as their shapes are; of the others
    those for training are returned, or those for validation.

    Parameters
    ----------
    folder : Path
        With ``mid.npz`` and ``s50.npz`` (``image`` uint8 over -79..304 HU) and ``k19.npz`` (over
        0..255 HU); ``label`` (1 kidney, 2 tumor, 3 cyst), all ``(n, row, column)``, rows from
        front to back, columns from the patient's right to left; ``case`` and ``pixel_mm``.

    Returns
    -------
    list of PackedCase
        Arrays ``(128, j, i)``, all slices equal (views on one).

    Raises
    ------
    InputError
        If a file is missing.
    """
    if not target.is_file():
        save_cases(target, _read_slices(folder, recipe))
    wanted = recipe.lesion_cases(validation=validation)
    return [
        PackedCase(c.name, _stacked(c.image), _stacked(c.label))
        for c in read_packed(target)
        if kits_number(c.name.split("_")[1]) in wanted
    ]


def _stacked(plane: np.ndarray) -> np.ndarray:
    """A plane ``(1, j, i)`` as many equal slices, without copying it."""
    return np.broadcast_to(plane, (_STACK, *plane.shape[1:]))


def _read_slices(folder: Path, recipe: Recipe) -> Iterator[PackedCase]:
    """Every slice that may be trained on, packed as ``(1, j, i)``."""
    for file in _SCALES_HU:
        if not (folder / file).is_file():
            raise InputError(f"There is no file '{folder / file}' with KiTS23 slices.")
        with np.load(folder / file) as stored:
            arrays = {name: stored[name] for name in ("image", "label", "case", "pixel_mm")}
        trained = arrays["case"] < recipe.exclude_shapes_from
        for n in np.flatnonzero(trained & arrays["label"].any(axis=(1, 2))):
            name = f"{file.removesuffix('.npz')}_{arrays['case'][n]:05d}_{n}"
            pixel_mm = float(arrays["pixel_mm"][n])
            image = as_hu(arrays["image"][n], file)
            yield _pack_slice(name, image, arrays["label"][n], pixel_mm, recipe)


def as_hu(image: np.ndarray, file: str) -> np.ndarray:
    """HU of a slice stored as uint8 in one of the files."""
    return to_hu(image, _SCALES_HU[file])


def stack_geometry(shape: tuple[int, ...], pixel_mm: float, slice_mm: float) -> Geometry:
    """Geometry of stored slices: rows run to the back, columns to the patient's left."""
    return Geometry(shape, np.diag((-pixel_mm, -pixel_mm, slice_mm, 1.0)))


def _pack_slice(
    name: str, image: np.ndarray, label: np.ndarray, pixel_mm: float, recipe: Recipe
) -> PackedCase:
    """One slice ``(row, column)`` in HU on the training grid's pixels."""
    spacing = recipe.spacing_mm
    geometry = stack_geometry((1, *image.shape), pixel_mm, spacing)
    volume = Volume(image[None], geometry).canonical()
    grid = volume.geometry.with_spacing((spacing,) * 3)
    return PackedCase(
        name,
        pack_image(volume, grid, recipe.window_hu),
        pack_label(Volume(label[None], geometry).canonical(), grid, _KITS_TISSUES),
    )


def draw_slice(
    slices: list[PackedCase], rng: np.random.Generator, *, jitter_voxels: float
) -> tuple[PackedCase, np.ndarray]:
    """Draw a slice that shows tumor, cyst or kidney, and a patch center near that tissue.

    Tumors are drawn most often: they are what the CTs lack.
    """
    kind = rng.choice(list(_DRAWN), p=list(_DRAWN.values()))
    for n in rng.permutation(len(slices)):
        spots = np.argwhere(slices[n].label[0] == kind)
        if len(spots):
            place = spots[rng.integers(len(spots))] + rng.normal(0, jitter_voxels, 2)
            return slices[n], np.array([_STACK / 2, *place])
    raise InputError(f"None of the {len(slices)} slices shows a {Tissue(kind).name.lower()}.")


def close_lesions(grid: np.ndarray, plane: np.ndarray, rng: np.random.Generator) -> None:
    """Let the lesions of a stack end above and below, as those of a body do (in place).

    Each lesion gets a height and a middle near the stack's. Away from its middle the plane is
    pulled together around its center: the lesion shrinks as a ball's sections do, and what is
    around it closes over it. The pull ends before the next lesion, so that lesions close together
    are closed in part only.

    Parameters
    ----------
    grid : (3, k, j, i) float32
        Source coordinates in a stack of equal slices; its planes' coordinates are changed.
    plane : (j, i) uint8
        `Tissue` numbers of the slice.
    """
    lesions = (plane == Tissue.TUMOR) | (plane == Tissue.CYST)
    parts, _ = ndimage.label(lesions, np.ones((3, 3)))
    for n in range(1, parts.max() + 1):
        spots = np.argwhere(parts == n)
        if len(spots) < _LEAST_PIXELS:
            continue
        center = spots.mean(axis=0)
        radius = float(np.linalg.norm(spots - center, axis=1).max()) + 0.5
        others = np.argwhere(lesions & (parts != n))
        free = np.linalg.norm(others - center, axis=1).min(initial=np.inf)
        reach = max(min(_REACH * radius, free - 0.5), 1.1 * radius)
        height = radius * rng.uniform(*_HEIGHT)
        middle = _STACK / 2 + rng.uniform(-0.5, 0.5) * height
        section = np.sqrt(np.clip(1 - ((grid[0] - middle) / height) ** 2, 0, None))
        away = grid[1:] - center[:, None, None, None]
        distance = np.maximum(np.linalg.norm(away, axis=0), 1e-3)
        away *= _pulled(distance, radius, reach, section) / distance
        grid[1:] = away + center[:, None, None, None]


def _pulled(distance: np.ndarray, radius: float, reach: float, section: np.ndarray) -> np.ndarray:
    """Distances in the plane that are seen at these, where a disk's radius shrinks by a share."""
    edge = radius * section
    inside = distance / np.maximum(section, 1e-3)
    outside = radius + (distance - edge) * (reach - radius) / (reach - edge)
    return np.where(distance >= reach, distance, np.where(distance < edge, inside, outside))
