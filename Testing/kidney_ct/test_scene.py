import numpy as np
import pytest
from clean_tissues import sure_percent

from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.volume import Box
from KidneySegLib.kidney_ct.scene import Scene, majority, ring


def test_a_cropped_scene_is_a_copy_with_everything_moved(tissue, geometry):
    box = Box((10, 12, 14), (90, 80, 120))
    whole = Scene(tissue, geometry, percent=sure_percent(tissue), anchors=[box])
    part = whole.cropped(box)
    np.testing.assert_array_equal(part.tissue, tissue[box.slices])
    part.tissue[...] = 0
    assert tissue.any()
    assert part.anchors == [Box((0, 0, 0), box.shape)]
    np.testing.assert_allclose(
        part.geometry.ras_from_kji([0, 0, 0]), geometry.ras_from_kji([box.start])
    )


@pytest.mark.parametrize("with_percent", [False, True])
def test_tumor_leads_over_cyst_in_percent(tissue, geometry, with_percent):
    percent = sure_percent(tissue, 80) if with_percent else None
    part = Scene(tissue, geometry, percent=percent).cropped(Box((0, 0, 0), tissue.shape))
    expected = 80 if with_percent else 100
    assert set(np.unique(part.lead[tissue == Tissue.TUMOR])) == {expected}
    assert set(np.unique(part.lead[tissue == Tissue.CYST])) == {-expected}


def test_a_scene_knows_what_it_has(tissue, geometry):
    assert Scene(tissue, geometry).has == {"not guided"}
    rich = Scene(tissue, geometry, sure_percent(tissue), tissue, [], guided=True)
    assert rich.has == {"probabilities", "density", "places"}


def test_volume_and_center_of_a_component(tissue, geometry):
    scene = Scene(tissue, geometry)
    where = (slice(10, 12), slice(20, 23), slice(30, 34))
    part = np.ones((2, 3, 4), bool)
    assert scene.volume_ml(part) == pytest.approx(24 * 0.008)
    expected = geometry.ras_from_kji([10.5, 21, 31.5])[0]
    np.testing.assert_allclose(scene.center_ras(part, where), expected)


def test_ring_and_majority():
    part = np.ones((1, 1, 1), bool)
    inside, wide = (slice(2, 3),) * 3, (slice(1, 4),) * 3
    assert ring(part, inside, wide).sum() == 26
    assert majority(np.array([1, 2, 2, 0, 0, 0])) == 2
