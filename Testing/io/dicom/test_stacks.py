import dicom_files
import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.dicom.headers import read_headers
from KidneySegLib.io.dicom.stacks import geometry_of, require_even, stacks_of


@pytest.fixture
def ct():
    phantom = make_phantom(grid((20.0, 20.0, 20.0))).ct
    return phantom.with_array(np.rint(phantom.array).astype(np.int16))


def slices_of(folder):
    return [info for path in sorted(folder.iterdir()) for info in read_headers(path)]


def test_a_series_is_one_stack_with_its_geometry(ct, tmp_path):
    infos = slices_of(dicom_files.save(dicom_files.series(ct), tmp_path / "dicom"))
    (stack,) = stacks_of(reversed(infos))
    geometry = geometry_of(require_even(stack))
    assert geometry.shape == ct.array.shape
    np.testing.assert_allclose(geometry.spacing_mm, 20.0)


def test_copies_of_slices_count_once(ct, tmp_path):
    infos = slices_of(dicom_files.save(dicom_files.series(ct), tmp_path / "one"))
    infos += slices_of(dicom_files.save(dicom_files.series(ct), tmp_path / "two"))
    (stack,) = stacks_of(infos)
    assert stack.copies == len(stack.slices) == len(ct.array)


def test_a_missing_slice_is_named(ct, tmp_path):
    infos = slices_of(dicom_files.save(dicom_files.series(ct), tmp_path / "dicom"))
    (stack,) = stacks_of([*infos[:4], *infos[5:]])
    with pytest.raises(InputError, match="missing"):
        require_even(stack)
