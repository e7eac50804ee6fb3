import dataclasses

import numpy as np
import pytest
from phantom import ellipsoid, grid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box, Volume
from KidneySegLib.measure.lesions import find_lesions, matched
from KidneySegLib.measure.measurements import measure


@pytest.fixture
def labels():
    """Two kidneys; tumors of 15 and 9 mm on the left, a cyst of 9 mm on the right."""
    geometry = grid((2.0, 2.0, 2.0))
    array = np.zeros(geometry.shape, np.uint8)
    array[ellipsoid(geometry, (60, 0, 0), (24, 26, 52))] = Label.RIGHT_KIDNEY
    array[ellipsoid(geometry, (-60, 0, 0), (24, 26, 52))] = Label.LEFT_KIDNEY
    array[ellipsoid(geometry, (-85, 0, 20), 15)] = Label.TUMOR
    array[ellipsoid(geometry, (-60, 0, -40), 9)] = Label.TUMOR
    array[ellipsoid(geometry, (60, 0, -40), 9)] = Label.CYST
    return Volume(array, geometry)


def test_lesions_come_largest_first_with_kind_and_side(labels):
    found = find_lesions(labels)
    assert [(c.kind, c.side) for c in found] == [
        (Label.TUMOR, "left"),
        (Label.TUMOR, "left"),
        (Label.CYST, "right"),
    ]
    np.testing.assert_allclose(found[0].center_ras, (-85, 0, 20), atol=1)


def test_components_are_matched_by_kind_and_place_not_by_order(labels):
    lesions = measure(labels).lesions
    shuffled = find_lesions(labels)[::-1]
    again = matched(shuffled, lesions)
    for lesion, component in zip(lesions, again, strict=True):
        np.testing.assert_allclose(component.center_ras, lesion.center_ras_mm, atol=1e-6)


def test_lesions_that_were_edited_since_match_nothing(labels):
    lesions = measure(labels).lesions
    other = labels.with_array(np.where(labels.array == Label.CYST, 0, labels.array))
    assert matched(find_lesions(other), lesions) == ()
    moved = dataclasses.replace(lesions[0], center_ras_mm=(0.0, 0.0, 0.0))
    assert matched(find_lesions(labels), (moved, *lesions[1:])) == ()


def test_measuring_finds_lesions_once_and_keeps_their_voxels(labels, monkeypatch):
    from KidneySegLib.measure import measurements
    from KidneySegLib.measure.intervals import with_intervals

    calls = []

    def counted(part):
        calls.append(part)
        return find_lesions(part)

    monkeypatch.setattr(measurements, "find_lesions", counted)
    found = with_intervals(measure(labels), labels)
    assert len(calls) == 1
    for component in found.components:
        assert (labels.array[component.where][component.part] == component.kind).all()


def test_a_component_in_a_part_of_the_array(labels):
    (first, *_) = find_lesions(labels)
    box = Box.of_mask(labels.array)
    (cropped, *_) = find_lesions(labels.cropped(box))
    assert cropped.within(box.slices).where == first.where
    assert first.seen_from(box.start).where == cropped.where
