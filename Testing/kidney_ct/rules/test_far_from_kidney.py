import numpy as np
import pytest
from clean_tissues import clean
from phantom import ellipsoid, grid, make_phantom, sphere_ml

from KidneySegLib.core.anatomy import Label, Tissue


def test_tumor_beyond_four_millimeters_is_removed_nearer_is_kept(geometry):
    kidney = make_phantom(geometry, lesions=False).tissue
    edge_a = -20 + 26  # the right kidney ends here toward the front
    for gap, stays in ((3.0, True), (9.0, False)):
        tissue = kidney.copy()
        spot = ellipsoid(geometry, (60, edge_a + gap + 10, 0), 10)
        tissue[spot] = Tissue.TUMOR
        cleaned = clean(tissue, geometry)
        assert (cleaned.labels[spot] == Label.TUMOR).any() == stays
        assert [r.tissue for r in cleaned.removals] == ([] if stays else ["tumor"])


def test_large_unattached_mass_is_kept_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    spot = ellipsoid(geometry, (-60, 0, 0), 25)
    tissue[spot] = Tissue.TUMOR
    assert sphere_ml(25) > 50
    cleaned = clean(tissue, geometry)
    assert (cleaned.labels[spot] == Label.TUMOR).all()
    assert [f.code for f in cleaned.findings] == ["unattached-mass"]


@pytest.mark.parametrize("thickness", [2.5, 3.0, 3.9])
def test_one_empty_thick_slice_between_tumor_and_kidney_is_near(thickness):
    geometry = grid((thickness, 0.8, 0.8), (100, 100, 200))
    tissue = np.zeros(geometry.shape, np.uint8)
    tissue[5:20, 40:80, 40:80] = Tissue.KIDNEY
    tissue[21:26, 50:70, 50:70] = Tissue.TUMOR
    cleaned = clean(tissue, geometry)
    assert (cleaned.labels == Label.TUMOR).sum() == 5 * 20 * 20
