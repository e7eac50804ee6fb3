import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.images import (
    case_name,
    read_labels,
    read_volume,
)
from KidneySegLib.io.itk import sitk_from_volume, volume_from_sitk


def write(path, array, *, spacing=(1.0, 1.0, 2.0), vector=False, direction=None):
    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing(spacing)
        image.SetOrigin((5, -7, 11))
        if direction is not None:
            image.SetDirection(direction)
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture
def array(rng):
    return rng.integers(-1000, 1000, (9, 10, 11)).astype(np.int16)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha", ".mhd"])
def test_formats_give_the_same_volume(tmp_path, array, suffix):
    volume = read_volume(write(tmp_path / f"a{suffix}", array))
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2, 1, 1))
    np.testing.assert_allclose(volume.geometry.ras_from_kji([0, 0, 0])[0], (-5, 7, 11), atol=1e-6)


def test_left_handed_and_oblique_directions_are_kept(tmp_path, array):
    angle = np.radians(20)
    c, s = np.cos(angle), np.sin(angle)
    for direction in ((1, 0, 0, 0, 1, 0, 0, 0, -1), (c, -s, 0, s, c, 0, 0, 0, 1)):
        volume = read_volume(write(tmp_path / "a.nii.gz", array, direction=direction))
        lps = np.array(direction).reshape(3, 3) * (1, 1, 2)
        np.testing.assert_allclose(
            volume.geometry.ijk_to_ras[:3, :3], np.diag([-1, -1, 1]) @ lps, atol=1e-5
        )


def test_sitk_round_trip(tmp_path, array):
    volume = read_volume(write(tmp_path / "a.nrrd", array, direction=(0, 1, 0, 1, 0, 0, 0, 0, -1)))
    back = volume_from_sitk(sitk_from_volume(volume))
    assert back.geometry.matches(volume.geometry, tolerance_mm=1e-6)
    np.testing.assert_array_equal(back.array, array)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="There is no file or folder"):
        read_volume(tmp_path / "no.nii.gz")


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="no DICOM images"):
        read_volume(tmp_path)


def test_file_that_is_no_image(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match="not an image"):
        read_volume(tmp_path / "a.txt")


def test_truncated_compressed_nifti(tmp_path, array):
    path = write(tmp_path / "a.nii.gz", np.repeat(array, 20, axis=0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="truncated"):
        read_volume(path)


def test_truncated_plain_nifti_and_nrrd(tmp_path, array):
    for name, match in (("a.nii", "truncated"), ("b.nrrd", "truncated")):
        path = write(tmp_path / name, array)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(InputError, match=match):
            read_volume(path)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha", "a.mhd"])
@pytest.mark.parametrize("fault", ["cut", "flip"])
def test_damaged_compressed_files(tmp_path, rng, name, fault):
    path = tmp_path / name
    image = sitk.GetImageFromArray(rng.integers(-900, 900, (30, 40, 40)).astype(np.int16))
    sitk.WriteImage(image, str(path), useCompression=True)
    data_file = tmp_path / "a.zraw" if name == "a.mhd" else path
    data = bytearray(data_file.read_bytes())
    if fault == "cut":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 0x55
    data_file.write_bytes(data)
    with pytest.raises(InputError, match=r"truncated"):
        read_volume(path)


def test_lying_nifti_header(tmp_path, array):
    path = write(tmp_path / "a.nii.gz", array)
    data = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<h", data, 42, 3000)  # dim[1]: far more columns than there are
    path.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(InputError, match="truncated"):
        read_volume(path)


def test_lying_nrrd_header(tmp_path, array):
    path = write(tmp_path / "a.nrrd", array)
    path.write_bytes(path.read_bytes().replace(b"sizes: 11 10 9", b"sizes: 11 10 900"))
    with pytest.raises(InputError, match="truncated"):
        read_volume(path)


def test_garbage_with_an_image_suffix(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"not an image at all")
    with pytest.raises(InputError, match="cannot be read"):
        read_volume(tmp_path / "a.nii.gz")


@pytest.mark.parametrize(
    ("shape", "match"),
    [((10, 11), "2D picture"), ((1, 10, 11), "single slice"), ((3, 4, 5, 6), "4D")],
)
def test_wrong_dimensions(tmp_path, shape, match):
    path = write(tmp_path / "a.nrrd", np.zeros(shape, np.int16))
    with pytest.raises(InputError, match=match):
        read_volume(path)


def test_color_image(tmp_path):
    path = write(tmp_path / "a.nrrd", np.zeros((4, 5, 6, 3), np.uint8), vector=True)
    with pytest.raises(InputError, match="3 values a voxel"):
        read_volume(path)


def sheared(path, array, row_y):
    write(path, array)
    data = bytearray(path.read_bytes())
    struct.pack_into("<h", data, 252, 0)  # no qform
    struct.pack_into("<12f", data, 280, 1, 0, 0, 0, *row_y, 0, 0, 2, 0)  # sform
    path.write_bytes(bytes(data))
    return path


def test_rows_that_are_not_perpendicular_are_refused_with_what_to_do(tmp_path, array):
    with pytest.raises(InputError, match="not perpendicular"):
        read_volume(sheared(tmp_path / "a.nii", array, (0.2, 1, 0, 0)))


def test_shifted_slices_are_straightened_and_said(tmp_path, array):
    volume = read_volume(sheared(tmp_path / "a.nii", array, (0, 1, 0.6, 0)))
    assert [f.code for f in volume.findings] == ["input-changed"]
    axes = volume.geometry.ijk_to_ras[:3, :3] / volume.geometry.spacing_mm[::-1]
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("degrees", [0.01, 0.05])
def test_a_tiny_shear_changes_nothing(tmp_path, array, degrees):
    row = (0, 1, 2 * np.tan(np.radians(degrees)), 0)
    volume = read_volume(sheared(tmp_path / "a.nii", array, row))
    assert volume.findings == ()
    np.testing.assert_array_equal(volume.array, array)


def test_labels_must_be_whole_numbers_in_range(tmp_path, array):
    with pytest.raises(InputError, match="Did you mean the CT"):
        read_labels(write(tmp_path / "a.nrrd", array))
    with pytest.raises(InputError, match="not whole numbers"):
        read_labels(write(tmp_path / "b.nrrd", np.full((4, 5, 6), 0.5, np.float32)))
    labels = read_labels(write(tmp_path / "c.nrrd", np.full((4, 5, 6), 3, np.float32)))
    assert labels.array.dtype == np.uint8
    with pytest.raises(InputError, match="no label map"):
        read_labels(tmp_path / "none.nii.gz")


def test_case_name_drops_the_image_suffix(tmp_path):
    assert case_name(tmp_path / "a.b.nii.gz") == "a.b"
    assert case_name(tmp_path / "folder") == "folder"


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_trailing_axis_of_one_is_dropped(tmp_path, array, suffix):
    path = write(tmp_path / f"a{suffix}", array[None])
    np.testing.assert_array_equal(read_volume(path).array, array)
