"""Anatomy that rules about two plain kidneys would break, on modified real label maps (KiTS23)."""

import numpy as np
import pytest
from clean_tissues import clean
from scipy import ndimage

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.kidney_ct.warnings import measurement_warnings
from KidneySegLib.measure.measurements import measure

SPACING_MM = 3.0
CASES = ("case_00000", "case_00003", "case_00030")


@pytest.fixture(scope="module", params=CASES)
def tissue(shared_data, request):
    """Tissues of a real map on 3 mm, ``(k, j, i)`` to S, A, R, with 12 cm of room below it."""
    with np.load(shared_data / "kits23_labels_1.5mm.npz") as stored:
        key = next(n for n in stored.files if n.endswith(request.param[-5:]))
        array = stored[key].transpose(2, 1, 0)[::2, ::2, ::2]
    return np.pad(array, ((44, 4), (4, 4), (4, 4)))


@pytest.fixture
def geometry(tissue):
    return Geometry(tissue.shape, np.diag([SPACING_MM] * 3 + [1.0]))


def kidneys(tissue):
    """Masks of the kidneys with their masses, by the middle between them."""
    labels, count = ndimage.label(tissue > 0, np.ones((3, 3, 3)))
    sizes = ndimage.sum_labels(tissue == Tissue.KIDNEY, labels, range(1, count + 1))
    largest = np.argsort(sizes)[::-1][:2] + 1
    parts = [labels == n for n in largest]
    return sorted(parts, key=lambda part: np.argwhere(part)[:, 2].mean())  # left, right


def midline_mm(tissue):
    left, right = (np.argwhere(part)[:, 2].mean() for part in kidneys(tissue))
    return SPACING_MM * (left + right) / 2


def run(tissue, geometry, midline):
    cleaned = clean(tissue, geometry, midline_r_mm=midline)
    return cleaned, {f.code for f in cleaned.findings}


def moved(array, mask, shift):
    """The tissues under a mask, shifted by whole voxels."""
    return ndimage.shift(np.where(mask, array, 0), shift, order=0)


def test_the_map_itself_has_nothing_to_flag(tissue, geometry):
    cleaned, codes = run(tissue, geometry, midline_mm(tissue))
    assert codes == set()
    assert {Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY} <= set(np.unique(cleaned.labels))


@pytest.mark.parametrize("side", [0, 1])
def test_solitary_kidney_keeps_its_side_and_its_lesions(tissue, geometry, side):
    midline, only = midline_mm(tissue), kidneys(tissue)[side]
    alone = np.where(only, tissue, 0)
    cleaned, codes = run(alone, geometry, midline)
    own = (Label.LEFT_KIDNEY, Label.RIGHT_KIDNEY)[side]
    assert codes == set()
    assert (cleaned.labels[alone == Tissue.KIDNEY] == own).all()
    filled = (cleaned.labels > 0) & (alone == 0)  # small holes
    assert filled.sum() < 0.01 * (alone > 0).sum()
    tumor = (cleaned.labels == Label.TUMOR) != (alone == Tissue.TUMOR)
    assert tumor.sum() <= 0.02 * (alone == Tissue.TUMOR).sum()


def test_horseshoe_is_recognized_and_every_voxel_kept(tissue, geometry):
    joined = tissue.copy()
    ends = []
    for part in kidneys(tissue):
        spots = np.argwhere(part & (tissue == Tissue.KIDNEY))
        lowest = spots[spots[:, 0] <= spots[:, 0].min() + 2]
        ends.append(lowest.mean(axis=0))
    for share in np.linspace(0, 1, 200):
        k, j, i = np.round(ends[0] + share * (ends[1] - ends[0])).astype(int)
        joined[k : k + 4, j - 3 : j + 4, i - 2 : i + 3] = Tissue.KIDNEY
    cleaned, codes = run(joined, geometry, midline_mm(tissue))
    assert codes == {"fused"}
    assert (cleaned.labels[joined == Tissue.KIDNEY] > 0).mean() > 0.999
    assert (cleaned.labels == Label.TUMOR).sum() >= 0.98 * (joined == Tissue.TUMOR).sum()


def test_transplant_in_the_pelvis_is_kept_and_flagged(tissue, geometry):
    left, right = kidneys(tissue)
    midline = midline_mm(tissue)
    low = np.where(left, tissue, 0) + moved(tissue, right, (-42, 6, -4)) * ~left
    cleaned, codes = run(low, geometry, midline)
    assert codes == {"low-kidney"}
    message = next(f.message for f in cleaned.findings if f.code == "low-kidney")
    assert "transplanted" in message
    assert (cleaned.labels > 0).sum() >= 0.99 * (low > 0).sum()


def test_third_kidney_is_kept_and_flagged(tissue, geometry):
    left, right = kidneys(tissue)
    smaller = min((left, right), key=np.count_nonzero)
    extra = moved(tissue, smaller, (-42, 8, 0))
    three = np.where(extra > 0, extra, tissue)
    cleaned, codes = run(three, geometry, midline_mm(tissue))
    assert "several-kidneys" in codes or "fused" in codes
    assert (cleaned.labels > 0).sum() >= 0.99 * (three > 0).sum()


def test_polycystic_kidney_keeps_its_cysts_and_is_flagged(tissue, geometry, rng):
    kidney = tissue == Tissue.KIDNEY
    seeds = np.argwhere(kidney)[rng.permutation(kidney.sum())[:900]]
    holes = np.zeros(tissue.shape, bool)
    holes[tuple(seeds.T)] = True
    cysts = ndimage.binary_dilation(holes, ndimage.generate_binary_structure(3, 2)) & kidney
    cystic = np.where(cysts, Tissue.CYST, tissue).astype(np.uint8)
    cleaned, codes = run(cystic, geometry, midline_mm(tissue))
    assert "unattached-mass" not in codes
    assert (cleaned.labels == Label.CYST).sum() >= 0.9 * (cystic == Tissue.CYST).sum()
    found = measure(Volume(cleaned.labels, geometry))
    flagged = [f.code for f in measurement_warnings(found)]
    assert flagged.count("polycystic") == 2
