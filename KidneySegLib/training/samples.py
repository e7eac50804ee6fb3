"""Training samples: a patch of a real CT, bent, with lesions put in, as a network sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..core.anatomy import MASSES, Tissue
from ..core.schemes import UNSURE
from ..models.inputs import Normalization
from .augment import (
    change_contrast,
    change_lesions,
    change_phase,
    change_scanner,
    cut_field,
    sample_patch,
    sampling_grid,
    source_box,
)
from .effects import dilate_pelvis, lower_arms, place_metal, place_stent
from .lesions import LesionLook, insert_lesion, plan_lesion, section, soft_shape
from .loss import lesion_weights
from .neighbors import change_organs, fill_bowel
from .pack import ORGANS, SHAPE_SPACING_MM, PackedCase
from .recipe import Recipe
from .slices import close_lesions, draw_slice
from .textures import Texture, draw_texture

_SMALL_LESION_ML = 14.0  # a sphere of 3 cm
_PUSH = (0.1, 0.7)
_BODY_LEVEL = 25  # packed level of about -85 HU: fat is inside the body, air and lung are not
_TRIES = 50
_MISTAKE_JITTER_MM = 20.0
_PLANE_JITTER_MM = 10.0  # closed lesions are cut at their middle and near their ends
_LESION_PLANES = 0.6
# Shares of patches with what `effects` adds: rare, but each is common enough in a clinic.
_PELVIS_SHARE, _STENT_SHARE, _METAL_SHARE, _ARMS_SHARE = 0.08, 0.04, 0.04, 0.06
_STENT_IN_PELVIS_SHARE = 0.25
_ORGANS_SHARE, _BOWEL_SHARE = 0.5, 0.15  # of patches with what `neighbors` changes
_SEPTATED_SHARE = 0.15  # of composed cysts
_COMPOSED_PLANES = 0.5  # of real slices without a lesion: the others teach what none looks like


@dataclass(frozen=True)
class SampleSource:
    """Everything a sample is made from; item n of a seed is always the same sample.

    ``slices`` are stacks of real slices with real lesions (see slices.py), ``textures`` the looks
    of their lesions, by tissue (see textures.py), ``rendered`` CTs with kidneys and lesions of
    other patients (see rendering.py). ``mistakes`` holds, a case, places ``(n, 3)`` that an earlier
    locator took for kidneys, as shares of the field along k, j, i.
    """

    recipe: Recipe
    cases: list[PackedCase]
    shapes: dict[str, list[np.ndarray]]
    slices: list[PackedCase] = field(default_factory=list)
    mistakes: dict[str, np.ndarray] = field(default_factory=dict)
    textures: dict[Tissue, list[Texture]] = field(default_factory=dict)
    rendered: list[PackedCase] = field(default_factory=list)

    def __len__(self) -> int:
        """Samples of a whole training run."""
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Network input ``(1, k, j, i)`` float32, target ``(k, j, i)`` uint8, voxels' weights."""
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, index))
        if self.slices and rng.random() < recipe.slice_share:
            planes = recipe.planes or 1
            drawn = [self._from_slice(rng) for _ in range(planes)]
            image, label, weights = (np.concatenate(part) for part in zip(*drawn, strict=True))
        else:
            image, label, weights = self._from_ct(rng)
        return Normalization.window(*recipe.window_hu)(image)[None], label, weights

    def _from_ct(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image in HU, target and weights of a CT's patch, or of some of its planes."""
        recipe = self.recipe
        case, center = self._place(rng)
        image, label = self._patch(case, center, recipe.patch, rng)
        rendered = any(case is one for one in self.rendered)
        with_lesions = rendered and _holds_lesion(label)
        self._change_body(image, label, rng, phase=not with_lesions)
        self._change_pelvis(image, label, rng)
        if not with_lesions:
            self._compose(image, label, rng)
        image, label = self._scan(image, label, rng)
        if recipe.planes:
            chosen = _choose_planes(label, recipe.planes, rng)
            image, label = image[chosen], label[chosen]
        return image, label, self._weights(label)

    def _change_body(
        self, image: np.ndarray, label: np.ndarray, rng: np.random.Generator, *, phase: bool = True
    ) -> None:
        """Another contrast and phase, and sometimes bowel beside a kidney (in place).

        Lesions that were rendered have densities drawn for their kidney: the phase of that alone
        would make tumors of them that no kidney has.
        """
        spacing_mm = self.recipe.spacing_mm
        change_contrast(image, label, rng)
        if phase:
            change_phase(image, label, rng, spacing_mm=spacing_mm)
        if rng.random() < _BOWEL_SHARE:
            fill_bowel(image, label, rng, spacing_mm=spacing_mm)

    def _change_pelvis(
        self, image: np.ndarray, label: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Sometimes dilate a renal pelvis, or lay a stent into it (in place)."""
        spacing_mm, stented = self.recipe.spacing_mm, _STENT_SHARE
        if rng.random() < _PELVIS_SHARE and dilate_pelvis(image, label, rng, spacing_mm=spacing_mm):
            stented = _STENT_IN_PELVIS_SHARE
        if rng.random() < stented:
            place_stent(image, label, rng, spacing_mm=spacing_mm)

    def _from_slice(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image in HU, target and weights of a stack of a real slice, or of one plane of it."""
        recipe = self.recipe
        jitter = recipe.jitter_mm / recipe.spacing_mm
        case, center = draw_slice(self.slices, rng, jitter_voxels=jitter)
        patch = recipe.patch
        if recipe.planes:
            patch = (1, *patch[1:])
            center[0] += rng.normal(0, _PLANE_JITTER_MM / recipe.spacing_mm)
        image, label = self._patch(case, center, patch, rng, is_slice=True)
        self._change_body(image, label, rng)
        change_lesions(image, label, rng)
        if not _holds_lesion(label) and (not recipe.planes or rng.random() < _COMPOSED_PLANES):
            self._compose(image, label, rng)
        image, label = self._scan(image, label, rng)
        return image, label, self._weights(label)

    def _scan(
        self, image: np.ndarray, label: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the scanner does to a patch, and the classes of the network."""
        recipe = self.recipe
        if not recipe.planes:
            cut_field(image, label, rng, air_hu=recipe.window_hu[0])
        if rng.random() < _METAL_SHARE:
            place_metal(image, rng, spacing_mm=recipe.spacing_mm)
        if rng.random() < _ARMS_SHARE:
            lower_arms(image, rng, spacing_mm=recipe.spacing_mm)
        image = change_scanner(image, rng, spacing_mm=recipe.spacing_mm)
        if recipe.role == "locator":
            label = np.where(label == UNSURE, UNSURE, label > 0).astype(np.uint8)
        return image, label

    def _weights(self, label: np.ndarray) -> np.ndarray:
        """How much each voxel counts (see `lesion_weights`); planes are judged one by one."""
        recipe = self.recipe
        least_mm3 = recipe.least_lesion_ml * 1000
        if not recipe.planes:
            return lesion_weights(label, least_mm3 / recipe.spacing_mm**3)
        largest_section_mm2 = np.pi * (3 * least_mm3 / (4 * np.pi)) ** (2 / 3)
        least = largest_section_mm2 / recipe.spacing_mm**2
        return np.concatenate([lesion_weights(plane[None], least) for plane in label])

    def _place(self, rng: np.random.Generator) -> tuple[PackedCase, np.ndarray]:
        """Case and patch center: at an earlier mistake, near a kidney, or anywhere."""
        recipe = self.recipe
        missed = [c for c in self.cases if len(self.mistakes.get(c.name, ()))]
        if missed and rng.random() < recipe.hard_negative_share:
            case = missed[rng.integers(len(missed))]
            spots = self.mistakes[case.name]
            spot = spots[rng.integers(len(spots))] * case.label.shape
            return case, spot + rng.normal(0, _MISTAKE_JITTER_MM / recipe.spacing_mm, 3)
        cases = self.cases
        if self.rendered and rng.random() < recipe.rendered_share:
            cases = self.rendered
        case = cases[rng.integers(len(cases))]
        return case, _random_center(case, recipe, rng)

    def _patch(
        self,
        case: PackedCase,
        center: np.ndarray,
        patch: tuple[int, ...],
        rng: np.random.Generator,
        *,
        is_slice: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Image in HU and tissue labels of a bent patch around a center."""
        recipe = self.recipe
        strength = recipe.slice_strength if is_slice else 1.0
        grid = sampling_grid(center, patch, rng, strength=strength)
        if is_slice and rng.random() < recipe.solid_share:
            close_lesions(grid, case.label[0], rng)
        box = source_box(grid, case.label.shape)
        label = case.label[box.slices]
        kinds = [n for n in (*MASSES, UNSURE) if (label == n).any()]
        members = [(label != 0) & (label != UNSURE), *(label == n for n in kinds)]
        organs = {}
        if case.organs is not None:  # a rendered kidney may lie where an organ was
            organs = _organs_to_change(np.where(label == 0, case.organs[box.slices], 0), rng)
        members += organs.values()
        channels = np.stack([case.image[box.slices], *(m * np.uint8(255) for m in members)])
        own = grid - np.reshape(box.start, (3, 1, 1, 1)).astype(np.float32)
        values = sample_patch(channels, own) / 255
        low, high = recipe.window_hu
        target = np.where(values[1] > 0.5, np.uint8(Tissue.KIDNEY), np.uint8(0))
        for number, share in zip(kinds, values[2 : 2 + len(kinds)], strict=True):
            target[share > 0.5] = number
        image = values[0] * (high - low) + low
        masks = dict(zip(organs, values[2 + len(kinds) :] > 0.5, strict=True))
        change_organs(image, masks, rng, spacing_mm=recipe.spacing_mm)
        return image, target

    def _compose(self, image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> None:
        """Put lesions, and sometimes a mass beside the kidney, into the patch (in place)."""
        recipe = self.recipe
        if rng.random() < recipe.distractor_share:
            self._insert(image, label, rng, distance_radii=rng.uniform(1.5, 3.0), labeled=False)
        if rng.random() < recipe.lesion_share:
            for _ in range(rng.choice(recipe.lesion_counts)):
                self._insert(image, label, rng, distance_radii=rng.uniform(-1.0, 0.7))

    def _insert(
        self,
        image: np.ndarray,
        label: np.ndarray,
        rng: np.random.Generator,
        *,
        distance_radii: float,
        labeled: bool = True,
    ) -> None:
        """Put one lesion of a random kind, shape and volume at a random place.

        Tumors and cysts have the same sizes: while composed cysts ended at 60 mL, large real ones
        were called tumor.
        """
        recipe = self.recipe
        cyst = labeled and rng.random() < recipe.cyst_share
        tissue = Tissue.CYST if cyst else Tissue.TUMOR
        soft = self._shape("cyst" if cyst else "tumor", rng)
        if len(label) == 1:
            soft = section(soft, rng)
        kidney = label == Tissue.KIDNEY
        plan = plan_lesion(kidney, soft, tissue, rng, distance_radii=distance_radii)
        texture = draw_texture(self.textures, tissue, recipe.texture_share, rng)
        pushes = len(label) > 1 and rng.random() < recipe.push_share
        push = rng.uniform(*_PUSH) if pushes else 0.0
        if plan is not None:
            insert_lesion(
                image,
                label,
                plan,
                rng,
                LesionLook(labeled, texture, push, cyst and rng.random() < _SEPTATED_SHARE),
                spacing_mm=recipe.spacing_mm,
            )

    def _shape(self, kind: str, rng: np.random.Generator) -> np.ndarray:
        """Soft shape of a random lesion, scaled to a random volume."""
        recipe = self.recipe
        low, high = recipe.lesion_volume_ml
        if rng.random() < recipe.small_lesion_share:
            high = _SMALL_LESION_ML
        volume_ml = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        bank = self.shapes[kind]
        return soft_shape(
            bank[rng.integers(len(bank))],
            rng,
            shape_spacing_mm=SHAPE_SPACING_MM,
            spacing_mm=recipe.spacing_mm,
            volume_ml=volume_ml,
        )


def _organs_to_change(organs: np.ndarray, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Masks of the organs that lie in a block, by number; of half of the blocks none."""
    if rng.random() > _ORGANS_SHARE:
        return {}
    masks = {number: organs == number for number in ORGANS}
    return {number: mask for number, mask in masks.items() if mask.any()}


def _holds_lesion(label: np.ndarray) -> bool:
    """Whether a patch has a tumor or a cyst."""
    return bool(np.isin(label, MASSES).any())


def _choose_planes(label: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Some planes of a patch, in order; most of them through a lesion, where there is one."""
    lesion = np.isin(label, MASSES).any(axis=(1, 2))
    odds = np.where(lesion, _LESION_PLANES / max(lesion.sum(), 1), 0.0)
    odds += (1 - odds.sum()) / len(label)
    return np.sort(rng.choice(len(label), count, replace=False, p=odds))


def _random_center(case: PackedCase, recipe: Recipe, rng: np.random.Generator) -> np.ndarray:
    """Patch center: near a voxel of a kidney or of a mass in it, or anywhere in the body."""
    jitter = rng.normal(0, recipe.jitter_mm / recipe.spacing_mm, 3)
    if rng.random() < recipe.kidney_centered:
        kidney = np.argwhere((case.label > 0) & (case.label != UNSURE))
        if len(kidney):
            return kidney[rng.integers(len(kidney))] + jitter
    for _ in range(_TRIES):
        spot = rng.integers(0, case.image.shape)
        if case.image[tuple(spot)] > _BODY_LEVEL:
            break
    return spot.astype(np.float64)
