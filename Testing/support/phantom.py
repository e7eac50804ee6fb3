"""A phantom of the abdomen with known volumes, and an engine that segments it by density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.pipeline import run
from KidneySegLib.segmenters import open_segmenter

KIDNEY_HU, TUMOR_HU, CYST_HU = 150.0, 90.0, 10.0
MUSCLE_HU, FAT_HU, AIR_HU, BONE_HU = 50.0, -100.0, -1000.0, 450.0
RIGHT_CENTER, LEFT_CENTER = (60.0, -20.0, 0.0), (-60.0, -20.0, 5.0)  # R, A, S in mm
KIDNEY_RADII = (24.0, 26.0, 52.0)
TUMOR_CENTER, TUMOR_RADIUS = (-86.0, -20.0, 5.0), 15.0
CYST_CENTER, CYST_RADIUS = (82.0, -20.0, 10.0), 11.0


def sphere_ml(radius_mm: float) -> float:
    return 4 / 3 * np.pi * radius_mm**3 / 1000


def grid(spacing_kji=(2.0, 1.5, 1.5), extent_ras=(260.0, 200.0, 200.0)) -> Geometry:
    """Canonical grid centered on the origin."""
    shape = [round(e / s) for e, s in zip(extent_ras[::-1], spacing_kji, strict=True)]
    matrix = np.diag([*spacing_kji[::-1], 1.0])
    center = (np.array(shape[::-1]) - 1) / 2
    matrix[:3, 3] = -center * spacing_kji[::-1]
    return Geometry(tuple(shape), matrix)


def ellipsoid(geometry: Geometry, center, radii) -> np.ndarray:
    """Mask of an ellipsoid; what varies along one axis only is computed along that one."""
    index = np.ogrid[tuple(slice(n) for n in geometry.shape)][::-1]
    away = np.zeros(1)
    for row, middle, radius in zip(
        geometry.ijk_to_ras, center, np.broadcast_to(radii, 3), strict=False
    ):
        place = row[3] + sum(step * n for step, n in zip(row, index, strict=False) if step)
        away = away + ((place - middle) / radius) ** 2
    return np.broadcast_to(away <= 1, geometry.shape).copy()


@dataclass(frozen=True)
class Phantom:
    ct: Volume
    tissue: np.ndarray
    """1 kidney, 2 tumor, 3 cyst."""


def true_labels(phantom: Phantom) -> np.ndarray:
    """Label map of a phantom: kidneys by side, the tumor and the cyst in them."""
    labels = np.zeros(phantom.tissue.shape, np.uint8)
    middle = labels.shape[2] // 2
    for half, kidney in (
        (slice(middle, None), Label.RIGHT_KIDNEY),
        (slice(None, middle), Label.LEFT_KIDNEY),
    ):
        labels[:, :, half][phantom.tissue[:, :, half] == 1] = kidney
    labels[phantom.tissue == 2] = Label.TUMOR
    labels[phantom.tissue == 3] = Label.CYST
    return labels


def make_phantom(
    geometry: Geometry | None = None, *, kidneys=("right", "left"), lesions=True, seed=0
) -> Phantom:
    geometry = geometry or grid()
    image = np.full(geometry.shape, AIR_HU, np.float32)
    image[ellipsoid(geometry, (0, 0, 0), (120, 90, 1e4))] = FAT_HU
    image[ellipsoid(geometry, (0, 0, 0), (110, 80, 1e4))] = MUSCLE_HU
    image[ellipsoid(geometry, (0, -10, 0), (104, 62, 1e4))] = FAT_HU
    image[ellipsoid(geometry, (0, -50, 0), (18, 16, 1e4))] = BONE_HU
    tissue = np.zeros(geometry.shape, np.uint8)
    for side, center in (("right", RIGHT_CENTER), ("left", LEFT_CENTER)):
        if side in kidneys:
            tissue[ellipsoid(geometry, center, KIDNEY_RADII)] = 1
    if lesions and "left" in kidneys:
        tissue[ellipsoid(geometry, TUMOR_CENTER, TUMOR_RADIUS)] = 2
    if lesions and "right" in kidneys:
        tissue[ellipsoid(geometry, CYST_CENTER, CYST_RADIUS)] = 3
    for number, level in ((1, KIDNEY_HU), (2, TUMOR_HU), (3, CYST_HU)):
        image[tissue == number] = level
    noise = np.random.default_rng(seed).normal(0, 3, geometry.shape)
    return Phantom(Volume((image + noise).astype(np.float32), geometry), tissue)


class ThresholdEngine:
    """Classifies by density: exercises every stage but the network."""

    description = "threshold"

    def __init__(self):
        self.notices: list[str] = []
        self.tiles = 0

    def predictor(self, network):
        spec, values = network.spec, network.spec.input.normalization
        low, high = values.clip_hu
        at_low, at_high = values(np.array([low, high], np.float32))
        engine = self

        class Predictor:
            batch = 2

            def __call__(self, tiles):
                engine.tiles += len(tiles)
                hu = (tiles[:, 0] - at_low) / (at_high - at_low) * (high - low) + low
                levels = {"kidney": KIDNEY_HU, "tumor": TUMOR_HU, "cyst": CYST_HU}
                scores = [np.full(hu.shape, 0.02, np.float32)]
                names = spec.classes[1:]
                for name in names:
                    score = np.exp(-(((hu - levels.get(name, 5000.0)) / 14) ** 2))
                    # borders between other tissues pass through these densities: thin shells
                    scores.append(ndimage.grey_opening(score, (1, 3, 3, 3)))
                stack = np.stack(scores, axis=1)
                shares = (stack / stack.sum(axis=1, keepdims=True)).astype(np.float32)
                return shares if network.activation == "softmax" else np.log(shares + 1e-9)

        return Predictor()


def segment(volume, package, engine, settings=None, **options):
    """The whole chain on kidneys in CT."""
    return run(KidneyCT(settings), volume, open_segmenter(package, engine), **options)
