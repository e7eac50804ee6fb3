"""Composed lesions: real shapes (KiTS23) put into the kidneys of real CTs.

Densities follow what was measured on real KiTS23 slices (141 with tumor, 36 with cyst):
percentiles 5/25/50/75/95 of the tumor's density relative to the kidney, of its texture, and of
the cysts' density. Arrays are ``(k, j, i)`` in HU on an isotropic grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..core.anatomy import Tissue
from ..core.volume import Box
from ..measure.phase import NON_CONTRAST_HU
from .textures import Texture, fill

_PERCENTILES = np.array([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
_TUMOR_RATIO = np.array([0.05, 0.11, 0.41, 0.61, 0.89, 1.20, 1.4])
_TEXTURE_SD_HU = np.array([5.0, 9, 16, 24, 31, 51, 60])
_CYST_HU = np.array([-8.0, -3, 4, 11, 29, 62, 75])
_GRAIN_MM = (2.5, 9.0)  # SD of the blur that makes a tumor's texture
_SEPTA_APART = 0.5  # of a cyst's radius: blur of the field whose zeros are its septa
_SEPTUM_MM = (0.8, 2.0)
_SEPTUM_HU = (50.0, 110.0)
_PLAIN_SEPTUM_HU = (25.0, 50.0)
_BONE_HU = 200.0
_GAS_HU = -112.0
_LEAST_KIDNEY_VOXELS = 50
_PUSH_LIMIT_MM = 12.0
_SHAPE_BLUR = 0.7  # voxels of a shape: takes its steps away


@dataclass(frozen=True)
class LesionPlan:
    """What to put where: tissue, soft mask in a block of the array, and the block's start."""

    tissue: Tissue
    soft: np.ndarray
    start: np.ndarray

    def box(self, margin: int = 0) -> Box:
        """The block with a margin; it may reach beyond the array."""
        stop = self.start + self.soft.shape + margin
        return Box(tuple(self.start - margin), tuple(stop))


def sample_percentile(rng: np.random.Generator, values: np.ndarray) -> float:
    """Draw from a distribution given by its percentiles 0/5/25/50/75/95/100."""
    return float(np.interp(rng.random(), _PERCENTILES, values))


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """Uniformly distributed 3x3 rotation matrix (QR of a Gaussian matrix)."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def soft_shape(
    shape: np.ndarray,
    rng: np.random.Generator,
    *,
    shape_spacing_mm: float,
    spacing_mm: float,
    volume_ml: float,
) -> np.ndarray:
    """Rotate and scale a mask to a volume on the target grid.

    Parameters
    ----------
    shape : (k, j, i) bool
        Cropped to the lesion.

    Returns
    -------
    (n, n, n) float32
        Share of each voxel inside the shape, 0..1, the shape in the block's center.
    """
    smooth = ndimage.gaussian_filter(np.pad(shape.astype(np.float32), 2), _SHAPE_BLUR)
    own_ml = _sharpened(smooth, _SHAPE_BLUR).sum() * shape_spacing_mm**3 / 1000
    scale = (volume_ml / own_ml) ** (1 / 3)
    step = spacing_mm / (shape_spacing_mm * scale)
    size = int(np.ceil(np.linalg.norm(shape.shape) / step)) + 3
    blur = max(_SHAPE_BLUR, 0.4 * step)
    source = ndimage.gaussian_filter(smooth, np.sqrt(blur**2 - _SHAPE_BLUR**2))
    matrix = random_rotation(rng) * step
    offset = (np.array(source.shape) - 1) / 2 - matrix @ (np.full(3, size - 1) / 2)
    block = ndimage.affine_transform(source, matrix, offset, (size,) * 3, order=1)
    block = _sharpened(block, blur / step)  # a mask that grows has the edge of its coarser voxels
    return ndimage.gaussian_filter(block, rng.uniform(0.2, 0.6))


def _sharpened(soft: np.ndarray, blur_voxels: float) -> np.ndarray:
    """A blurred mask with an edge that is one voxel wide, or as narrow as it was."""
    return np.clip((soft - 0.5) * max(1.0, np.sqrt(2 * np.pi) * blur_voxels) + 0.5, 0, 1)


def section(soft: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plane ``(1, n, n)`` of a soft mask ``(n, n, n)``, of at least half the largest area."""
    areas = (soft > 0.5).sum(axis=(1, 2))
    k = rng.choice(np.flatnonzero(2 * areas >= areas.max()))
    return soft[k : k + 1]


def _radius(soft: np.ndarray) -> float:
    """Radius in voxels of the ball of the same volume, of a plane that of the same disk."""
    count = float((soft > 0.5).sum())
    return np.sqrt(count / np.pi) if len(soft) == 1 else (3 * count / (4 * np.pi)) ** (1 / 3)


def plan_lesion(
    kidney: np.ndarray,
    soft: np.ndarray,
    tissue: Tissue,
    rng: np.random.Generator,
    *,
    distance_radii: float,
) -> LesionPlan | None:
    """Place a soft mask relative to the surface of the kidney.

    Parameters
    ----------
    kidney : (k, j, i) bool
    soft : (n, n, n) float32
        Or ``(1, n, n)`` where the kidney is a single plane too.
    distance_radii : float
        Distance of the lesion's center outside the kidney surface in lesion radii: negative is
        endophytic, 1 just touches.

    Returns
    -------
    LesionPlan or None
        None where there is too little kidney, or none of its surface, to place it at.
    """
    if kidney.sum() < _LEAST_KIDNEY_VOXELS:
        return None
    surface = np.argwhere(kidney & ~ndimage.binary_erosion(kidney, border_value=1))
    if not len(surface):
        return None
    anchor = surface[rng.integers(len(surface))]
    outward = _outward(kidney, anchor)
    center = anchor + outward * _radius(soft) * distance_radii
    start = np.round(center - (np.array(soft.shape) - 1) / 2).astype(int)
    return LesionPlan(tissue, soft, start)


def _outward(kidney: np.ndarray, anchor: np.ndarray, *, reach: int = 4) -> np.ndarray:
    """Unit vector from the kidney's inside to its outside at a surface voxel.

    It is judged by as much on either side, so that the end of the patch is no direction.
    """
    room = np.minimum(reach, np.minimum(anchor, np.array(kidney.shape) - 1 - anchor))
    block = kidney[tuple(slice(a - r, a + r + 1) for a, r in zip(anchor, room, strict=True))]
    away = room - np.argwhere(block).mean(axis=0)
    length = np.linalg.norm(away)
    return away / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class LesionLook:
    """How a planned lesion is painted.

    Attributes
    ----------
    labeled : bool
        False paints a distractor: a mass that is not of the kidney and gets no label.
    texture : Texture, optional
        The look of a real lesion, used where the kidney has contrast; else it is drawn.
    push : float
        How far the lesion pushes away what it touches, as a share of its radius; 0 in a single
        plane, which has no neighbors to push into.
    septa : bool
        Whether thin walls run through the lesion (see `add_septa`).
    """

    labeled: bool = True
    texture: Texture | None = None
    push: float = 0.0
    septa: bool = False


def insert_lesion(
    image: np.ndarray,
    label: np.ndarray,
    plan: LesionPlan,
    rng: np.random.Generator,
    look: LesionLook | None = None,
    *,
    spacing_mm: float,
) -> bool:
    """Paint a planned lesion into an image and its label map, both in place.

    Bone, gas and lesions that are there already are spared. Nothing is changed where less than
    half of the lesion would fit.

    Parameters
    ----------
    image : (k, j, i) float32
        HU.
    label : (k, j, i) uint8
        `Tissue` numbers; 255 is unsure.
    look : LesionLook, optional

    Returns
    -------
    bool
        Whether the lesion was painted.
    """
    look = look or LesionLook()
    whole = plan.box()
    box = whole.grown((0, 0, 0), image.shape)
    if box.is_empty:
        return False
    where, inside = box.slices, box.inside(whole)
    part, tissue_map = image[where], label[where]
    soft = plan.soft[inside] * _paintable(part, tissue_map)
    if (soft > 0.5).sum() < max(4, 0.5 * (plan.soft > 0.5).sum()):
        return False
    if look.push > 0:
        make_room(image, label, plan, look.push, spacing_mm=spacing_mm)
        soft = plan.soft[inside] * _paintable(part, tissue_map)
    solid = soft > 0.5
    kidney = label == Tissue.KIDNEY
    kidney_hu = float(np.median(image[kidney])) if kidney.any() else 110.0
    noise_hu = _noise_sd(image, kidney)
    paint = _painted(solid, plan, look, kidney_hu, noise_hu, rng, spacing_mm=spacing_mm)
    part += soft * (paint - part)
    if look.labeled:
        tissue_map[solid] = plan.tissue
    else:
        tissue_map[solid & (tissue_map == Tissue.KIDNEY)] = Tissue.BACKGROUND
    return True


def _painted(
    solid: np.ndarray,
    plan: LesionPlan,
    look: LesionLook,
    kidney_hu: float,
    noise_hu: float,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> np.ndarray:
    """Densities of a lesion: a real one's texture, or drawn; with septa and noise."""
    if look.texture is not None and kidney_hu >= NON_CONTRAST_HU:
        paint = fill(solid, look.texture, kidney_hu, rng)
        noise_hu *= 0.5  # the texture brings its own
    else:
        paint = lesion_densities(solid, plan.tissue, kidney_hu, rng, spacing_mm=spacing_mm)
    if look.septa:
        enhanced = kidney_hu >= NON_CONTRAST_HU
        add_septa(paint, solid, rng, spacing_mm=spacing_mm, contrast=enhanced)
    return paint + rng.normal(0, noise_hu, solid.shape).astype(np.float32)


def make_room(
    image: np.ndarray, label: np.ndarray, plan: LesionPlan, push: float, *, spacing_mm: float
) -> None:
    """Push what surrounds a planned lesion outward, as a growing mass does (in place).

    The shift is largest at the lesion's surface and fades outward slowly enough that nothing
    folds. Bone stays where it is.

    Parameters
    ----------
    image : (k, j, i) float32
    label : (k, j, i) uint8
    push : float
        Shift at the surface as a share of the lesion's radius; at most 12 mm.
    """
    shift = min(push * _radius(plan.soft), _PUSH_LIMIT_MM / spacing_mm)
    margin = int(np.ceil(4 * shift)) + 2
    whole = plan.box(margin)
    box = whole.grown((0, 0, 0), image.shape)
    where = box.slices
    solid = np.pad(plan.soft > 0.5, margin)[box.inside(whole)]
    if not solid.any():
        return
    outside_voxels = ndimage.distance_transform_edt(~solid)
    signed = outside_voxels - ndimage.distance_transform_edt(solid)
    outward = np.stack(np.gradient(ndimage.gaussian_filter(signed, 1.0)))
    outward /= np.maximum(np.linalg.norm(outward, axis=0), 1e-3)
    places = np.indices(solid.shape) - outward * shift * np.exp(-outside_voxels / (1.5 * shift))
    part, tissue_map = image[where], label[where]
    moved = ndimage.map_coordinates(part, places, order=1, mode="nearest")
    moved_label = ndimage.map_coordinates(tissue_map, places, order=0, mode="nearest")
    soft = ~((part > _BONE_HU) & (tissue_map == 0)) & ~((moved > _BONE_HU) & (moved_label == 0))
    part[soft], tissue_map[soft] = moved[soft], moved_label[soft]


def _paintable(image: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Where a lesion may grow: not in bone, gas or another lesion (smoothed, 0..1)."""
    bone = _without_specks((image > _BONE_HU) & (label == Tissue.BACKGROUND))
    gas = _without_specks(image < _GAS_HU)
    taken = (label == Tissue.TUMOR) | (label == Tissue.CYST)
    return ndimage.gaussian_filter((~(bone | gas | taken)).astype(np.float32), 0.4)


def _without_specks(mask: np.ndarray) -> np.ndarray:
    """Morphological opening that keeps what reaches the block's border."""
    return ndimage.binary_dilation(ndimage.binary_erosion(mask, border_value=1)) & mask


def _noise_sd(image: np.ndarray, kidney: np.ndarray) -> float:
    """SD of the CT's own noise in HU: what a small blur removes inside the kidney."""
    core = ndimage.binary_erosion(kidney, iterations=2, border_value=1)
    box = ndimage.find_objects(core.astype(np.uint8))
    if not box or core.sum() < 100:
        return 8.0
    part = image[box[0]]
    rest = part - ndimage.gaussian_filter(part, 1.0)
    return float(np.clip(rest[core[box[0]]].std() * 1.1, 1.0, 25.0))


def lesion_densities(
    solid: np.ndarray,
    tissue: Tissue,
    kidney_hu: float,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
) -> np.ndarray:
    """Densities of a lesion in HU, without the CT's noise.

    Parameters
    ----------
    solid : (k, j, i) bool
        Where the lesion is.
    kidney_hu : float
        Median density of the kidney in the same CT.
    """
    if tissue == Tissue.CYST:
        level = sample_percentile(rng, _CYST_HU)
        texture = smooth_noise(rng, solid.shape, 7.5 / spacing_mm)
        return (level + texture * 2.0).astype(np.float32)
    if kidney_hu < NON_CONTRAST_HU:
        level = float(np.clip(rng.normal(36, 9), 12, 70))
        texture_sd = 0.4 * sample_percentile(rng, _TEXTURE_SD_HU)
    else:
        level = float(np.clip(kidney_hu * sample_percentile(rng, _TUMOR_RATIO), 15, 230))
        texture_sd = 0.8 * sample_percentile(rng, _TEXTURE_SD_HU)
    grain = rng.uniform(*_GRAIN_MM) / spacing_mm
    density = level + smooth_noise(rng, solid.shape, grain) * texture_sd
    density = _necrosis(density, solid, rng, spacing_mm=spacing_mm)
    if rng.random() < 0.08:
        density = np.where(smooth_noise(rng, solid.shape, 2.0 / spacing_mm) > 2.6, 300.0, density)
    return density.astype(np.float32)


def add_septa(
    density: np.ndarray,
    solid: np.ndarray,
    rng: np.random.Generator,
    *,
    spacing_mm: float,
    contrast: bool = True,
) -> None:
    """Draw thin walls through a cyst (in place), where a smooth random field is zero.

    Up to 2 mm count as thin in the Bosniak classification (version 2019: Silverman et al.,
    Radiology 2019). A wall thinner than a voxel is seen between the fluid's density and its own,
    which is that of soft tissue, more with contrast (our guess; not measured).

    Parameters
    ----------
    density : (k, j, i) float32
        HU.
    solid : (k, j, i) bool
        Where the cyst is.
    contrast : bool
        Whether the walls have taken up contrast.
    """
    field = smooth_noise(rng, solid.shape, _SEPTA_APART * max(_radius(solid), 2.0))
    axes = [axis for axis, n in enumerate(solid.shape) if n > 1]
    slope = np.linalg.norm(np.stack(np.gradient(field, axis=axes)), axis=0)
    distance_mm = np.abs(field) / np.maximum(slope, 1e-4) * spacing_mm
    thick = rng.uniform(*_SEPTUM_MM)
    wall = np.clip((thick + spacing_mm) / 2 - distance_mm, 0, min(thick, spacing_mm))
    hu = rng.uniform(*(_SEPTUM_HU if contrast else _PLAIN_SEPTUM_HU))
    density += wall / spacing_mm * (hu - density)


def _necrosis(
    density: np.ndarray, solid: np.ndarray, rng: np.random.Generator, *, spacing_mm: float
) -> np.ndarray:
    """Low-density core in a part of the lesions of 3 cm and more."""
    depth = ndimage.distance_transform_edt(solid) * spacing_mm
    deepest = depth.max()
    if deepest < 12 or rng.random() > 0.45:
        return density
    field = depth / deepest + 0.25 * smooth_noise(rng, solid.shape, 6.0 / spacing_mm)
    share = np.clip((field - rng.uniform(0.35, 0.75)) / 0.12, 0, 1)
    return density + share * (rng.normal(14, 8) - density)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, ...], sigma_voxels: float
) -> np.ndarray:
    """Gaussian noise, smoothed, mean 0 and SD 1, also where it is coarser than the block."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), sigma_voxels)
    noise -= noise.mean()
    return noise / max(float(noise.std()), 1e-6)
