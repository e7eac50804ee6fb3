import numpy as np
import pytest
from clean_tissues import clean
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Tissue


def test_kidney_fragment_is_removed_with_its_reason_and_place(tissue, geometry):
    spot = ellipsoid(geometry, (0, 50, 60), 5)  # 0.5 mL
    tissue[spot] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry)
    assert not cleaned.labels[spot].any()
    (removal,) = cleaned.removals
    assert removal.tissue == "kidney"
    assert "1 mL" in removal.reason
    np.testing.assert_allclose(removal.center_ras, (0, 50, 60), atol=1.5)
    assert removal.volume_ml == pytest.approx(spot.sum() * 0.008)


def test_thin_rim_of_kidney_does_not_vouch_for_a_far_mass(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (0, 60, 60), 18)
    tissue[mass] = Tissue.TUMOR
    rim = mass & ~ellipsoid(geometry, (2, 60, 60), 18)
    tissue[rim] = Tissue.KIDNEY
    tissue[rim & (np.cumsum(rim).reshape(rim.shape) > 100)] = Tissue.TUMOR  # 0.8 mL stays
    cleaned = clean(tissue, geometry)
    assert not cleaned.labels[mass].any()
    assert {r.reason.split(" ")[0] for r in cleaned.removals} == {"rim", "more"}
