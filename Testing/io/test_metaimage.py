import numpy as np
import pytest
import SimpleITK as sitk

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.images import read_volume


@pytest.fixture
def array(rng):
    return rng.integers(-1000, 1000, (9, 10, 11)).astype(np.int16)


def save(path, array, change=lambda lines: lines):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.8, 0.9, 2.5))
    sitk.WriteImage(image, str(path))
    data = path.read_bytes()
    end = data.index(b"ElementDataFile")
    lines = change(data[:end].decode().splitlines())
    path.write_bytes("\n".join(lines).encode() + b"\n" + data[end:])
    return path


def without(*names):
    return lambda lines: [x for x in lines if not x.startswith(names)]


def codes(volume):
    return [f.code for f in volume.findings]


def test_a_plain_one_says_nothing(tmp_path, array):
    volume = read_volume(save(tmp_path / "a.mha", array))
    assert codes(volume) == []
    np.testing.assert_array_equal(volume.array, array)


def test_without_a_matrix_sides_are_a_guess(tmp_path, array):
    volume = read_volume(save(tmp_path / "a.mha", array, without("TransformMatrix")))
    assert codes(volume) == ["sides-unknown"]
    assert not volume.source.sides_known


def test_letters_that_contradict_the_matrix_are_said(tmp_path, array):
    def letters(lines):
        return ["AnatomicalOrientation = LAI" if "Anatomical" in x else x for x in lines]

    volume = read_volume(save(tmp_path / "a.mha", array, letters))
    assert codes(volume) == ["two-positions"]
    assert "(RAI) was used" in volume.findings[0].message


def test_sizes_that_disagree_or_are_missing_are_said(tmp_path, array):
    two = read_volume(save(tmp_path / "a.mha", array, lambda x: [*x, "ElementSize = 1 1 9"]))
    assert codes(two) == ["two-sizes"]
    none = read_volume(save(tmp_path / "b.mha", array, without("ElementSpacing", "ElementSize")))
    assert codes(none) == ["size-unknown"]


def test_a_header_without_its_data_says_which_file_is_gone(tmp_path, array):
    image = sitk.GetImageFromArray(array)
    sitk.WriteImage(image, str(tmp_path / "a.mhd"))
    (tmp_path / "a.raw").unlink()
    with pytest.raises(InputError, match=r"its voxels are in 'a\.raw'"):
        read_volume(tmp_path / "a.mhd")
