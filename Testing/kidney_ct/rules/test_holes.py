from clean_tissues import clean
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label


def test_small_hole_is_filled_large_one_stays(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    small = ellipsoid(geometry, (60, -20, 20), 4.0)
    large = ellipsoid(geometry, (-60, -20, -10), 9.0)
    tissue[small | large] = 0
    labels = clean(tissue, geometry).labels
    assert (labels[small] == Label.RIGHT_KIDNEY).all()
    assert not labels[large].any()


def test_hole_in_a_tumor_becomes_tumor(tissue, geometry):
    hole = ellipsoid(geometry, (-86, -20, 5), 4)
    tissue[hole] = 0
    labels = clean(tissue, geometry).labels
    assert (labels[hole] == Label.TUMOR).all()
