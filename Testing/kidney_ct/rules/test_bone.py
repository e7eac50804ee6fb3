import numpy as np
import pytest
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, grid, make_phantom
from scipy import ndimage

from KidneySegLib.core.anatomy import Tissue

BONE, DARK_RIM, NOT_BRIGHT = (275, 200), (240, 275), (200, 100)  # HU of rim and core


@pytest.mark.parametrize(
    ("rim_and_core", "said", "options", "kept", "told"),
    [
        (BONE, 80, {}, False, ["bone-left-out"]),
        (BONE, 60, {"guided": True}, True, ["doubted-kidney"]),
        (BONE, 80, {"density": None}, True, ["doubted-part"]),
        (BONE, 95, {}, True, []),
        (DARK_RIM, 80, {}, True, ["doubted-part"]),
        (NOT_BRIGHT, 80, {}, True, ["doubted-part"]),
        (NOT_BRIGHT, 60, {}, True, ["doubted-kidney"]),
    ],
)
@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (5.0, 1.0, 1.0)])
def test_a_doubted_kidney_that_looks_like_bone_is_left_out_others_are_told(
    spacing_mm, rim_and_core, said, options, kept, told
):
    geometry = grid(spacing_mm)
    tissue, percent, density, left = doubted_left_kidney(geometry, *rim_and_core, said)
    options = {"percent": percent, "density": density, **options}
    cleaned = clean(tissue, geometry, **options)
    assert [f.code for f in cleaned.findings] == told
    assert cleaned.labels[left].all() == kept
    assert ["bone" in r.reason for r in cleaned.removals] == [True] * (not kept)
    if not kept:
        again = clean(tissue, geometry, **options, keep=(1,))
        assert again.labels[left].all()
        assert [f.code for f in again.findings] == ["doubted-part"]


def test_a_doubted_kidney_with_a_tumor_is_never_taken_for_bone(geometry):
    tissue, percent, density, left = doubted_left_kidney(geometry, *BONE, 80)
    mass = ellipsoid(geometry, (-86, -20, 5), 22)
    tissue[mass] = Tissue.TUMOR
    percent[Tissue.TUMOR - 1][mass], percent[Tissue.KIDNEY - 1][mass] = 60, 30
    assert 0.2 < (mass & (tissue == Tissue.TUMOR)).sum() / (left | mass).sum() < 0.5
    cleaned = clean(tissue, geometry, percent=percent, density=density)
    assert cleaned.labels[left | mass].all()


def doubted_left_kidney(geometry, rim_hu, core_hu, said):
    """Tissues, percent, densities and mask of a left kidney with a rim of two voxels in plane."""
    tissue = make_phantom(geometry, lesions=False).tissue
    left = tissue.astype(bool)
    left[:, :, geometry.shape[2] // 2 :] = False
    percent = sure_percent(tissue)
    percent[0][left] = said
    deep = ndimage.distance_transform_edt(left, geometry.spacing_mm) > 4.0
    density = np.full(tissue.shape, 150, np.int16)
    density[left], density[deep] = rim_hu, core_hu
    return tissue, percent, density, left
