import numpy as np
from clean_tissues import clean
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.kidney_ct.sides import assign_sides, merge_lesions


def test_sides_follow_patient_coordinates(tissue, geometry):
    labels = clean(tissue, geometry).labels
    k, j, i = np.nonzero(labels == Label.RIGHT_KIDNEY)
    assert geometry.ras_from_kji(np.stack([k, j, i], 1))[:, 0].min() > 0
    assert set(np.unique(labels)) == {0, 1, 2, 3, 4}


def test_horseshoe_is_cut_at_the_midline_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tissue[ellipsoid(geometry, (0, -20, 0), (60, 10, 12))] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry)
    assert [f.code for f in cleaned.findings] == ["fused"]
    assert {Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY} <= set(np.unique(cleaned.labels))


def test_third_kidney_is_kept_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    third = ellipsoid(geometry, (60, 45, -60), (15, 15, 25))
    tissue[third] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry)
    assert (cleaned.labels[third] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["several-kidneys"]


def test_result_does_not_depend_on_the_orientation_of_the_side_rule(tissue, geometry):
    labels, _ = assign_sides(tissue, geometry, midline_r_mm=200.0)
    assert not (labels == Label.RIGHT_KIDNEY).any()


def test_kidneys_joined_off_center_are_split(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tissue[ellipsoid(geometry, (0, -20, 0), (60, 12, 20))] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry, midline_r_mm=25.0)
    assert [f.code for f in cleaned.findings] == ["fused"]


def test_lesions_merge_into_the_kidney_they_touch(tissue, geometry):
    labels = clean(tissue, geometry).labels
    merged = merge_lesions(labels, geometry, midline_r_mm=0.0)
    assert (merged[labels == Label.TUMOR] == Label.LEFT_KIDNEY).all()
    assert (merged[labels == Label.CYST] == Label.RIGHT_KIDNEY).all()
    np.testing.assert_array_equal(merged > 0, labels > 0)
