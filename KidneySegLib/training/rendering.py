"""Kidneys of KiTS23 patients, with the tumors and cysts that grew in them, rendered into real CTs.

A shape put into another kidney (see lesions.py) neither bends that kidney nor grows where tumors
of its kind do. Here a whole kidney of a KiTS23 map takes the place of a CT's own, on the same side:
that one is replaced by fat, and the new one gets its densities, from the cortex inward, and real
looks of lesions. What the CT lacks is another fat, vessels and a sinus that fit the new kidney.
Arrays are ``(k, j, i)`` in canonical orientation, ``i`` to the patient's right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy import ndimage

from ..core.anatomy import MASSES, Tissue
from ..core.densities import PURE_FAT_HU
from ..core.errors import InputError
from ..core.masks import ALL_NEIGHBORS, Component, components, placed
from ..core.schemes import UNSURE
from ..core.volume import Box
from .lesions import LesionLook, LesionPlan, insert_lesion, smooth_noise
from .pack import (
    SHAPE_SPACING_MM,
    PackedCase,
    kits_number,
    packed_file,
    read_packed,
    save_cases,
    to_hu,
    to_levels,
)
from .recipe import Recipe
from .textures import Texture, draw_texture

_COUNT = 64  # rendered CTs
_LEAST_KIDNEY_ML = 40.0
_LEAST_INSIDE = 0.9  # share of the new kidney that the field holds
_BONE_HU, _MOST_BONE = 200.0, 0.02
_GAS_HU, _MOST_GAS = -115.0, 0.01
_SOLID_HU, _MOST_SOLID = 20.0, 0.25  # what the new kidney would overlap: bowel, liver, muscle
_FAT_HU, _FAT_REACH_MM = (PURE_FAT_HU[0], -50.0), 12.0
_USUAL_FAT_HU = (-95.0, 12.0)  # median and SD where the CT has little
_LEAST_FAT_VOXELS = 200
_DEPTHS_MM = np.arange(1.5, 20.0, 1.5)
_CORE_VOXELS, _LEAST_CORE_VOXELS = 3.0, 200  # farther in, no blur of the edge is left
_MOST_GRAIN_HU = 5.0  # columns and pyramids are no grain
_FLAT_SHARE = 0.2  # of the soft tissue: where there is least to see but noise
_LEAST_SHARE = 0.05
_GRAIN_MM = 3.0
_AROUND_MM = 15.0
_LEAST_LESION_ML = 0.2
_TRIES = 20


@dataclass(frozen=True)
class MappedKidney:
    """A kidney with its lesions, as a KiTS23 map has it.

    Attributes
    ----------
    tissue : (k, j, i) uint8
        `Tissue` numbers at 1.5 mm, cropped.
    right : bool
        Whether it is the patient's right kidney.
    """

    tissue: np.ndarray
    right: bool


def kidneys_of_map(array_ras: np.ndarray) -> list[MappedKidney]:
    """Both kidneys of a KiTS23 map; none where it does not hold exactly two.

    Parameters
    ----------
    array_ras : (i, j, k) uint8
        As the shared file stores it; 1 kidney, 2 tumor, 3 cyst, like `Tissue`.
    """
    array = array_ras.transpose(2, 1, 0)
    return [
        MappedKidney(np.where(part, array[where], 0).astype(np.uint8), right)
        for right, (where, part) in _by_side(array > 0, SHAPE_SPACING_MM).items()
    ]


def own_kidneys(label: np.ndarray, *, spacing_mm: float) -> dict[bool, np.ndarray]:
    """Masks of a CT's kidneys by side (True is right); none where there are not exactly two."""
    whole = [slice(0, n) for n in label.shape]
    sides = _by_side((label > 0) & (label != UNSURE), spacing_mm)
    return {right: placed(part, where, whole) for right, (where, part) in sides.items()}


def _by_side(mask: np.ndarray, spacing_mm: float) -> dict[bool, Component]:
    """Both kidneys of a mask by side (True is right); none where there are not exactly two."""
    least = 1000 * _LEAST_KIDNEY_ML / spacing_mm**3
    parts = [(where, part) for where, part in components(mask) if part.sum() >= least]
    if len(parts) != 2:
        return {}
    parts.sort(key=lambda item: item[0][2].start + item[0][2].stop)
    return dict(zip((False, True), parts, strict=True))


def render_kidney(
    image: np.ndarray,
    label: np.ndarray,
    own: np.ndarray,
    kidney: MappedKidney,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
    draw: Callable[[Tissue], Texture | None],
) -> bool:
    """Put a mapped kidney in the place of a CT's own one, in place.

    Parameters
    ----------
    image : (k, j, i) float32
        HU.
    label : (k, j, i) uint8
        `Tissue` numbers; 255 is unsure.
    own : (k, j, i) bool
        The CT's kidney on that side.
    draw : callable
        Look of a real lesion of a kind; None for one that is drawn by the rules.

    Returns
    -------
    bool
        Whether there was room for it; nothing is changed where there was not.
    """
    shares = _on_grid(kidney, spacing_mm)
    middle = np.array(ndimage.center_of_mass(own)) - ndimage.center_of_mass(shares.sum(axis=0))
    start = np.round(middle).astype(int)
    block = Box(tuple(start), tuple(start + shares.shape[1:]))
    margin = (int(np.ceil(_AROUND_MM / spacing_mm)),) * 3
    around = Box.of_mask(own).union(block).grown(margin, image.shape)
    if block.grown((0, 0, 0), image.shape).is_empty:
        return False
    scene = image[around.slices], label[around.slices], own[around.slices]
    new = _moved(shares, block, around)
    if not _has_room(*scene, new.sum(axis=0), shares.sum()):
        return False
    look = _look(*scene, spacing_mm=spacing_mm)
    _fill_with_fat(*scene, look.noise_hu, rng, spacing_mm=spacing_mm)
    _paint(*scene[:2], new, look, rng, spacing_mm=spacing_mm, draw=draw)
    return True


def _paint(
    image: np.ndarray,
    label: np.ndarray,
    shares: np.ndarray,
    look: _Look,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
    draw: Callable[..., Texture | None],
) -> None:
    """Put a kidney with its lesions, shares ``(4, k, j, i)``, into what surrounds it (in place).

    Its inside is made as if all were kidney, and blended in once: a lesion that was painted over
    the kidney's own blurred border would have a rind of it.
    """
    whole = shares.sum(axis=0)
    solid = whole > 0.5
    depth_mm = ndimage.distance_transform_edt(solid) * spacing_mm
    density = np.interp(depth_mm, _DEPTHS_MM, look.profile_hu).astype(np.float32)
    inside = _grainy(density, look.grain_hu, look.noise_hu, rng, spacing_mm=spacing_mm)
    tissue = np.full(label.shape, Tissue.KIDNEY, np.uint8)
    for mass in MASSES:
        share = np.where(whole > _LEAST_SHARE, shares[mass] / np.maximum(whole, _LEAST_SHARE), 0)
        for plan in _lesions(mass, share, spacing_mm=spacing_mm):
            texture = draw(tissue=mass)
            insert_lesion(
                inside, tissue, plan, rng, LesionLook(texture=texture), spacing_mm=spacing_mm
            )
    image += whole * (inside - image)
    label[solid] = tissue[solid]


def _lesions(tissue: Tissue, share: np.ndarray, *, spacing_mm: float) -> Iterator[LesionPlan]:
    """Every lesion of one kind where the map has it, apart from the others."""
    for where, part in components(share > 0.5):
        if part.sum() * spacing_mm**3 < 1000 * _LEAST_LESION_ML:
            continue
        block = Box.of_slices(where).grown((1, 1, 1), share.shape)
        own = ndimage.binary_dilation(placed(part, where, block.slices), ALL_NEIGHBORS)
        yield LesionPlan(tissue, share[block.slices] * own, np.array(block.start))


def _moved(shares: np.ndarray, block: Box, around: Box) -> np.ndarray:
    """Shares ``(4, k, j, i)`` of a block, cut or padded to another box."""
    new = np.zeros((len(shares), *around.shape), np.float32)
    common = Box(
        tuple(map(max, block.start, around.start)), tuple(map(min, block.stop, around.stop))
    )
    new[(slice(None), *common.inside(around))] = shares[(slice(None), *common.inside(block))]
    return new


def _on_grid(kidney: MappedKidney, spacing_mm: float) -> np.ndarray:
    """Shares of each tissue ``(4, k, j, i)`` on the CT's grid; those of background are left 0."""
    factor = SHAPE_SPACING_MM / spacing_mm
    padded = np.pad(kidney.tissue, 2)
    shares = [np.zeros(1)]
    for tissue in (Tissue.KIDNEY, *MASSES):
        smooth = ndimage.gaussian_filter((padded == tissue).astype(np.float32), 0.5)
        shares.append(ndimage.zoom(smooth, factor, order=1, grid_mode=True, mode="nearest"))
    shares[0] = np.zeros_like(shares[1])
    return np.stack(shares)


def _has_room(
    image: np.ndarray, label: np.ndarray, own: np.ndarray, soft: np.ndarray, wanted: float
) -> bool:
    """Whether the new kidney lies in the field, where fat or the own one was, mostly."""
    new = soft > 0.5
    other = (label > 0) & (label != UNSURE) & ~own
    outside = new & ~ndimage.binary_dilation(own)
    taken = (
        (ndimage.binary_opening(image > _BONE_HU), _MOST_BONE),
        (ndimage.binary_opening(image < _GAS_HU), _MOST_GAS),
        (ndimage.binary_opening(image > _SOLID_HU), _MOST_SOLID),
    )
    return bool(
        soft.sum() >= _LEAST_INSIDE * wanted
        and not (new & other).any()
        and all((outside & mask).sum() <= most * new.sum() for mask, most in taken)
    )


@dataclass(frozen=True)
class _Look:
    """Densities of a kidney in HU: mean at `_DEPTHS_MM`, SD of its grain and of the CT's noise."""

    profile_hu: np.ndarray
    grain_hu: float
    noise_hu: float


def _look(image: np.ndarray, label: np.ndarray, own: np.ndarray, *, spacing_mm: float) -> _Look:
    """The look of a CT's own kidney; what the blur of its edge reaches is left out."""
    voxels = ndimage.distance_transform_edt(own)
    plain = own & (label == Tissue.KIDNEY)
    depth_mm = voxels * spacing_mm
    clear = plain & (depth_mm >= _DEPTHS_MM[0]) & (voxels > 1)
    bins = np.digitize(depth_mm[clear], _DEPTHS_MM) - 1
    counts = np.bincount(bins, minlength=len(_DEPTHS_MM))
    sums = np.bincount(bins, image[clear], minlength=len(_DEPTHS_MM))
    known = np.flatnonzero(counts >= min(20, counts.max()))
    profile = np.interp(np.arange(len(_DEPTHS_MM)), known, sums[known] / counts[known])
    core = plain & (voxels > _CORE_VOXELS)
    if core.sum() < _LEAST_CORE_VOXELS:
        core = clear
    smooth = ndimage.gaussian_filter(image, 1.0)
    grain = _robust_sd((smooth - np.interp(depth_mm, _DEPTHS_MM, profile))[core])
    noise = min(_robust_sd((image - smooth)[core]), _flat_noise_sd(image, smooth))
    return _Look(profile, min(grain, _MOST_GRAIN_HU), noise)


def _flat_noise_sd(image: np.ndarray, smooth: np.ndarray) -> float:
    """SD of a CT's noise in HU, from the flattest soft tissue: kidneys may be rich in detail."""
    local = np.sqrt(ndimage.gaussian_filter((image - smooth) ** 2, 2.0))
    soft = (smooth > _FAT_HU[0]) & (smooth < _BONE_HU)
    return float(np.quantile(local[soft], _FLAT_SHARE)) if soft.any() else 0.0


def _robust_sd(values: np.ndarray) -> float:
    """SD of a normal distribution with the same median absolute deviation: edges do not count."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _fill_with_fat(
    image: np.ndarray,
    label: np.ndarray,
    own: np.ndarray,
    noise_hu: float,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> None:
    """Take a kidney out: what surrounds it closes over it (in place)."""
    gone = ndimage.binary_dilation(own, iterations=2)  # its blurred rim would shine through
    near = ndimage.distance_transform_edt(~own) * spacing_mm < _FAT_REACH_MM
    fat = image[near & (image > _FAT_HU[0]) & (image < _FAT_HU[1])]
    level, spread = _USUAL_FAT_HU
    if len(fat) >= _LEAST_FAT_VOXELS:
        level, spread = float(np.median(fat)), _robust_sd(fat)
        spread = max(spread**2 - noise_hu**2, 0.0) ** 0.5
    soft = ndimage.gaussian_filter(gone.astype(np.float32), 0.6)
    density = np.full(image.shape, level, np.float32)
    image += soft * (_grainy(density, spread, noise_hu, rng, spacing_mm=spacing_mm) - image)
    label[gone & (label != UNSURE)] = Tissue.BACKGROUND


def _grainy(
    density_hu: np.ndarray,
    grain_hu: float,
    noise_hu: float,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> np.ndarray:
    """Densities with a tissue's grain and a CT's noise, of these SDs."""
    grain = grain_hu * smooth_noise(rng, density_hu.shape, _GRAIN_MM / spacing_mm)
    return (density_hu + grain + rng.normal(0, noise_hu, density_hu.shape)).astype(np.float32)


def rendered_file(recipe: Recipe, out: Path) -> Path:
    """Where CTs with rendered kidneys are packed; the name says whose: none may be validated on."""
    cases = recipe.lesion_cases()
    return packed_file(f"rendered_{cases.start}-{cases.stop - 1}", recipe, out)


def pack_rendered(
    maps: Path,
    recipe: Recipe,
    cases: list[PackedCase],
    textures: Mapping[Tissue, list[Texture]],
    out: Path,
) -> list[PackedCase]:
    """Render kidneys of the maps of a recipe's cases into its CTs, or read those of an earlier run.

    Raises
    ------
    InputError
        If the file of maps cannot be read, or there is no CT or map to make one of.
    """
    target, hosts = rendered_file(recipe, out), {case.name for case in cases}
    if target.is_file():
        rendered = [case for case in read_packed(target) if _host(case.name) in hosts]
    else:
        try:
            rendered = list(_rendered(maps, recipe, cases, textures))
        except (OSError, ValueError, BadZipFile) as error:
            raise InputError(f"'{maps}' cannot be read as KiTS23 maps: {error}") from error
    if not rendered:
        raise InputError(
            f"No kidney of '{maps.name}' could be rendered into one of the {len(hosts)} CTs. Set "
            "rendered_share of the recipe to 0, or give CTs and maps with two kidneys, and lesions "
            "in the maps."
        )
    if not target.is_file():
        save_cases(target, rendered)
    return rendered


def _host(name: str) -> str:
    """Name of the CT that a rendered one was made of."""
    return name.split("_", 2)[2]


def _rendered(
    maps: Path,
    recipe: Recipe,
    cases: list[PackedCase],
    textures: Mapping[Tissue, list[Texture]],
) -> Iterator[PackedCase]:
    """CTs with kidneys of another patient, of which at least one has a lesion."""
    rng = np.random.default_rng(recipe.seed)
    owned = {c.name: own_kidneys(c.label, spacing_mm=recipe.spacing_mm) for c in cases}
    hosts = [case for case in cases if owned[case.name]]
    with np.load(maps) as stored:
        wanted = recipe.lesion_cases()
        names = [name for name in sorted(stored.files) if kits_number(name) in wanted]
        for n in range(_COUNT if hosts and names else 0):
            host = hosts[n % len(hosts)]
            for _ in range(_TRIES):
                pair = kidneys_of_map(stored[names[rng.integers(len(names))]])
                image, label = to_hu(host.image, recipe.window_hu), host.label.copy()
                done = [
                    render_kidney(
                        image,
                        label,
                        owned[host.name][kidney.right],
                        kidney,
                        rng,
                        spacing_mm=recipe.spacing_mm,
                        draw=partial(draw_texture, textures, share=recipe.texture_share, rng=rng),
                    )
                    and np.isin(kidney.tissue, MASSES).any()
                    for kidney in pair
                ]
                if any(done):
                    packed = to_levels(image, recipe.window_hu)
                    yield PackedCase(f"rendered_{n:03d}_{host.name}", packed, label, host.organs)
                    break
