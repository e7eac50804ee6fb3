import numpy as np
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Tissue


def test_kidney_of_five_milliliters_is_kept_with_a_warning(tissue, geometry):
    spot = ellipsoid(geometry, (60, 55, 70), 10.6)  # 5 mL
    tissue[spot] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry)
    assert cleaned.labels[spot].all()
    (finding,) = cleaned.findings
    assert finding.code == "small-kidney"
    np.testing.assert_allclose(finding.place_ras_mm, (60, 55, 70), atol=1.5)


def test_a_small_kidney_is_told_once(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    tissue[ellipsoid(geometry, (-60, 0, 0), 9)] = Tissue.KIDNEY
    percent = sure_percent(tissue)
    for options in ({}, {"percent": percent}):
        assert [f.code for f in clean(tissue, geometry, **options).findings] == ["small-kidney"]
