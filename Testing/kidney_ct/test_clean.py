import numpy as np
import pytest
from clean_tissues import clean
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.core.volume import Box


def test_nothing_changes_on_a_clean_map(tissue, geometry):
    cleaned = clean(tissue, geometry)
    assert cleaned.removals == ()
    assert cleaned.findings == ()
    np.testing.assert_array_equal(cleaned.labels > 0, tissue > 0)
    np.testing.assert_array_equal(cleaned.labels == Label.TUMOR, tissue == Tissue.TUMOR)


def test_every_removed_voxel_has_its_reason_and_can_be_taken_back(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    far = ellipsoid(geometry, (60, 50, 0), 8)
    fragment = ellipsoid(geometry, (0, 50, 60), 5)
    tissue[far], tissue[fragment] = Tissue.TUMOR, Tissue.KIDNEY
    cleaned = clean(tissue, geometry)
    assert [(r.number, r.tissue) for r in cleaned.removals] == [(1, "kidney"), (2, "tumor")]
    taken = (tissue > 0) & (cleaned.labels == 0)
    np.testing.assert_array_equal(cleaned.rejected > 0, taken)
    np.testing.assert_array_equal(cleaned.rejected == 2, far)
    kept = clean(tissue, geometry, keep=(2,))
    assert (kept.labels[far] == Label.TUMOR).all()
    assert not kept.labels[fragment].any()
    assert [r.restored for r in kept.removals] == [False, True]
    assert not (kept.rejected == 2).any()
    with pytest.raises(InputError, match="1 to 2"):
        clean(tissue, geometry, keep=(3,))
    with pytest.raises(InputError, match="removed nothing"):
        clean(np.zeros_like(tissue), geometry, keep=(1,))


def test_a_kidney_with_its_tumor_is_taken_back_as_it_was(tissue, geometry):
    tissue[...] = make_phantom(geometry).tissue
    right = Box.of_mask(make_phantom(geometry, kidneys=("right",)).tissue)
    cleaned = clean(tissue, geometry, anchors=[right])
    assert [r.tissue for r in cleaned.removals] == ["kidney", "tumor"]
    assert not (cleaned.labels == Label.TUMOR).any()
    kept = clean(tissue, geometry, anchors=[right], keep=(1, 2))
    np.testing.assert_array_equal(kept.labels == Label.TUMOR, tissue == Tissue.TUMOR)


def test_empty_map_stays_empty(geometry):
    cleaned = clean(np.zeros(geometry.shape, np.uint8), geometry)
    assert not cleaned.labels.any()


def test_noise_of_an_untrained_network_is_refused(tissue, geometry, monkeypatch):
    monkeypatch.setattr("KidneySegLib.kidney_ct.clean._MOST_REMOVALS", 3)
    tissue[1, 1, 1:9:2] = Tissue.KIDNEY
    with pytest.raises(ModelError, match="noise"):
        clean(tissue, geometry)
    tissue[1, 1, 7] = Tissue.BACKGROUND
    assert len(clean(tissue, geometry).removals) == 3
