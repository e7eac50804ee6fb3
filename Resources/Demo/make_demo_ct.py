"""Make the CT of `make demo`: a crop of a real CT with one inserted tumor of known truth.

    python Resources/Demo/make_demo_ct.py CT LABELS

CT and LABELS are `cptac_c3l00189_pv5mm` (TCIA CPTAC-PDA, CC BY) and its label map. The tumor
is a lobulated ellipsoid drawn here, so that no other data set's license applies.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Geometry, Volume
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.io.segmentations import write_label_map

FOLDER = Path(__file__).parent
CROP = Box((0, 100, 20), (24, 440, 490))
CENTER_KJI = (7.2, 323.0, 349.0)  # lateral border of the left kidney, in the uncropped CT
RADII_MM = (16.0, 14.0, 13.0)
LEVEL_HU, TEXTURE_SD_HU, NOISE_SD_HU = 72.0, 14.0, 22.0
SUBSLICES = 10
BONE_HU, GAS_HU = 220.0, -250.0


def tumor_share(geometry: Geometry, center_ras: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of each voxel inside a lobulated ellipsoid, averaged over thin sub-slices."""
    bumps = [(rng.normal(size=3), rng.uniform(0.03, 0.07), rng.uniform(0, 6.3)) for _ in range(6)]
    total = np.zeros(geometry.shape, np.float32)
    k, j, i = np.meshgrid(*(np.arange(n) for n in geometry.shape), indexing="ij")
    for part in range(SUBSLICES):
        offset = (part + 0.5) / SUBSLICES - 0.5
        points = np.stack([k.ravel() + offset, j.ravel(), i.ravel()], axis=1)
        away = (geometry.ras_from_kji(points) - center_ras) / np.array(RADII_MM)[::-1]
        radius = np.linalg.norm(away, axis=1)
        direction = away / np.maximum(radius, 1e-6)[:, None]
        edge = 1 + sum(a * np.sin(3 * direction @ d + p) for d, a, p in bumps)
        slope_mm = 0.7  # softness of the border, like the CT's own resolution
        inside = 0.5 - (radius - edge) * np.mean(RADII_MM) / (2 * slope_mm)
        total += np.clip(inside, 0, 1).reshape(geometry.shape) / SUBSLICES
    return total


def main(ct_path: str, labels_path: str) -> None:
    """Write ``demo_ct.nii.gz`` and ``demo_truth.nii.gz`` beside this file."""
    rng = np.random.default_rng(3)
    whole, truth = read_volume(ct_path), read_labels(labels_path)
    center = whole.geometry.ras_from_kji(CENTER_KJI)[0]
    ct, labels = whole.cropped(CROP), truth.cropped(CROP)
    share = tumor_share(ct.geometry, center, rng)
    share[(ct.array > BONE_HU) & (labels.array == 0)] = 0
    share[ct.array < GAS_HU] = 0
    spacing = ct.geometry.spacing_mm
    texture = ndimage.gaussian_filter(rng.normal(size=share.shape), 4.0 / spacing)
    noise = ndimage.gaussian_filter(rng.normal(size=share.shape), (0, 0.5, 0.5))
    paint = LEVEL_HU + TEXTURE_SD_HU * texture / texture.std() + NOISE_SD_HU * noise / noise.std()
    array = np.rint(ct.array + share * (paint - ct.array)).astype(np.int16)
    array[array < -300] = np.rint(array[array < -300] / 8) * 8  # air: less noise to compress
    marks = labels.array.copy()
    marks[marks == 255] = 0
    marks[share > 0.5] = Label.TUMOR
    _write(Volume(array, ct.geometry), FOLDER / "demo_ct.nii.gz")
    write_label_map(Volume(marks, ct.geometry), FOLDER / "demo_truth.nii.gz")
    print(f"tumor {np.count_nonzero(share > 0.5) * ct.geometry.voxel_volume_ml:.2f} mL at {center}")


def _write(volume: Volume, path: Path) -> None:
    """Compressed NIfTI."""
    import SimpleITK as sitk

    from KidneySegLib.io.itk import sitk_from_volume

    sitk.WriteImage(sitk_from_volume(volume), str(path), useCompression=True, compressionLevel=9)


if __name__ == "__main__":
    main(*sys.argv[1:])
