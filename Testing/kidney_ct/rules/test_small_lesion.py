import numpy as np
import pytest
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue


def test_tumor_speck_becomes_kidney_where_it_touches_one(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    inside = np.argwhere(tissue == Tissue.KIDNEY)[5000]
    tissue[tuple(inside)] = Tissue.TUMOR
    cleaned = clean(tissue, geometry)
    assert cleaned.labels[tuple(inside)] in (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY)
    assert "speck" in cleaned.removals[0].reason


def test_small_cyst_of_a_twentieth_of_a_milliliter_stays(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    spot = ellipsoid(geometry, (60, -20, 0), 3.0)
    assert 0.03 < spot.sum() * 0.008 < 0.3
    tissue[spot] = Tissue.CYST
    assert (clean(tissue, geometry).labels[spot] == Label.CYST).all()


@pytest.mark.parametrize(
    ("kind", "radius_mm", "said", "kept"),
    [
        (Tissue.CYST, 4.0, 40, False),
        (Tissue.CYST, 4.0, 60, True),
        (Tissue.CYST, 7.0, 30, True),
        (Tissue.TUMOR, 4.0, 40, False),
        (Tissue.TUMOR, 7.0, 30, True),
    ],
)
def test_small_lesions_are_kept_where_the_network_believes_in_them(
    tissue, geometry, kind, radius_mm, said, kept
):
    kidney = np.argwhere(tissue == Tissue.KIDNEY)
    center = geometry.ras_from_kji(kidney[len(kidney) // 3])[0]
    spot = ellipsoid(geometry, center, radius_mm) & (tissue == Tissue.KIDNEY)
    assert (spot.sum() * 0.008 < 0.5) == (radius_mm < 5)
    tissue[spot] = kind
    percent = sure_percent(tissue, 90)
    percent[kind - 1][spot] = said
    percent[Tissue.KIDNEY - 1][spot] = 95 - said
    cleaned = clean(tissue, geometry, percent=percent)
    label = Label[kind.name]
    assert (cleaned.labels[spot] == label).all() == kept
    doubted = [r for r in cleaned.removals if "not sure" in r.reason]
    assert len(doubted) == (not kept)
    if not kept:
        assert (cleaned.labels[spot] > 0).all()  # it is kidney again
        again = clean(tissue, geometry, percent=percent, keep=[doubted[0].id])
        assert (again.labels[spot] == label).all()
