import numpy as np
import pytest
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, grid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue


@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (5.0, 0.8, 0.8)])
@pytest.mark.parametrize(
    ("said", "length_mm", "told"), [(70, 30, True), (95, 30, False), (70, 6, False)]
)
def test_what_hangs_on_a_kidney_far_from_where_the_network_is_sure_is_told(
    spacing_mm, said, length_mm, told
):
    geometry = grid(spacing_mm)
    tissue = make_phantom(geometry, lesions=False).tissue
    right = np.argwhere(tissue == Tissue.KIDNEY)
    front = geometry.ras_from_kji(right)[:, 1].max()
    bowel = ellipsoid(geometry, (60, front, 0), (10, length_mm, 10)) & (tissue == 0)
    percent = sure_percent(tissue)
    tissue[bowel], percent[0][bowel] = Tissue.KIDNEY, said
    cleaned = clean(tissue, geometry, percent=percent)
    assert (cleaned.labels[bowel] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["doubted-part"] * told
    if told:
        (finding,) = cleaned.findings
        k, j, i = np.rint(geometry.kji_from_ras(finding.place_ras_mm)[0]).astype(int)
        assert bowel[k, j, i]
        said_ml = float(finding.message.split(" mL")[0].removeprefix("At least "))
        bowel_ml = bowel.sum() * geometry.voxel_volume_ml
        assert 0.3 * bowel_ml < said_ml < bowel_ml


def test_a_large_organ_on_a_sure_kidney_is_told_as_a_part(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    percent = sure_percent(tissue)
    liver = ellipsoid(geometry, (75, 30, 10), 38) & (tissue == 0)
    tissue[liver], percent[0][liver] = Tissue.KIDNEY, 55
    cleaned = clean(tissue, geometry, percent=percent)
    assert [f.code for f in cleaned.findings] == ["doubted-kidney", "doubted-part"]
    k, j, i = np.rint(geometry.kji_from_ras(cleaned.findings[1].place_ras_mm)[0]).astype(int)
    assert liver[k, j, i]


@pytest.mark.parametrize("shift", [0, 1])
def test_what_hangs_on_a_neck_of_one_voxel_is_told_too(shift):
    geometry = grid((1.0, 1.0, 1.0))
    tissue = make_phantom(geometry, lesions=False).tissue
    spots = np.argwhere(tissue == Tissue.KIDNEY)
    k, j, i = spots[spots[:, 1].argmax()] + (shift, 0, 0)  # at the front
    bowel = np.zeros(tissue.shape, bool)
    bowel[k - 10 : k + 10, j + 12 : j + 32, i - 10 : i + 10] = True
    tissue[k, j - 3 : j + 12, i] = Tissue.KIDNEY
    tissue[bowel] = Tissue.KIDNEY
    percent = sure_percent(tissue)
    percent[0][bowel] = 85
    assert [f.code for f in clean(tissue, geometry, percent=percent).findings] == ["doubted-part"]
