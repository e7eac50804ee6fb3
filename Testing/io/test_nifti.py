"""Positions that a NIfTI file states twice, wrongly, or not at all; and what is written on it."""

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.images import read_volume
from KidneySegLib.io.segmentations import write_label_map, write_segmentation

AFFINE = np.array([[-0.8, 0, 0, 40], [0, 0.9, 0, -30], [0, 0, 2.5, 100], [0, 0, 0, 1.0]])


@pytest.fixture
def array(rng):
    return rng.integers(-1000, 1000, (9, 10, 11)).astype(np.int16)


def save(path, array, *, sform=AFFINE, qform=AFFINE, codes=(1, 1), **fields):
    image = nibabel.Nifti1Image(array.transpose(2, 1, 0), AFFINE)
    image.set_qform(qform, 1)
    image.set_sform(sform, 1)
    image.header["sform_code"], image.header["qform_code"] = codes
    for name, value in fields.items():
        image.header[name] = value
    image.header["vox_offset"], image.header["magic"] = 352, b"n+1"  # as it is: nibabel mends it
    image.header["scl_slope"], image.header["scl_inter"] = 1, 0
    raw = image.header.binaryblock + bytes(4) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def codes(volume):
    return [f.code for f in volume.findings]


def mirrored(matrix):
    return np.diag([-1.0, 1, 1, 1]) @ matrix


def test_agreeing_forms_say_nothing(tmp_path, array):
    volume = read_volume(save(tmp_path / "a.nii.gz", array))
    assert codes(volume) == []
    assert volume.source.sides_known
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, AFFINE, atol=1e-5)


@pytest.mark.parametrize("which", ["sform", "qform"])
def test_the_sform_counts_and_a_mirror_is_said(tmp_path, array, which):
    forms = {which: mirrored(AFFINE)}
    volume = read_volume(save(tmp_path / "a.nii.gz", array, **forms))
    assert codes(volume) == ["two-positions"]
    assert "right and left change places" in volume.findings[0].message
    expected = mirrored(AFFINE) if which == "sform" else AFFINE
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, expected, atol=1e-5)


@pytest.mark.parametrize(("factor", "said"), [(1.005, False), (1.62, True), (0.62, True)])
def test_a_size_that_differs_by_more_than_a_percent_is_said(tmp_path, array, factor, said):
    volume = read_volume(
        save(tmp_path / "a.nii", array, pixdim=[-1, 0.8, 0.9, 2.5 * factor, 1, 1, 1, 1])
    )
    assert codes(volume) == (["two-sizes"] if said else [])
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-5)
    if said:
        assert f"{100 * (factor - 1):+.0f} %" in volume.findings[0].message


def test_no_code_is_a_guess_that_comes_first(tmp_path, array):
    volume = read_volume(save(tmp_path / "a.nii.gz", array, codes=(0, 0)))
    assert codes(volume)[0] == "sides-unknown"
    assert not volume.source.sides_known
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-5)
    nib = nibabel.load(tmp_path / "a.nii.gz").affine  # what the field's tools assume
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, nib, atol=1e-5)


def test_the_valid_one_of_two_is_taken(tmp_path, array):
    broken = save(tmp_path / "a.nii", array, srow_x=[0] * 4, srow_y=[0] * 4, srow_z=[0] * 4)
    volume = read_volume(broken)
    assert codes(volume) == ["position-invalid"]
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, AFFINE, atol=1e-4)
    volume = read_volume(save(tmp_path / "b.nii", array, quatern_b=5, quatern_c=5))
    assert codes(volume) == ["position-invalid"]
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, AFFINE, atol=1e-5)


def test_an_sform_without_code_that_contradicts_is_said(tmp_path, array):
    path = save(tmp_path / "a.nii", array, sform=mirrored(AFFINE), codes=(0, 1))
    volume = read_volume(path)
    assert codes(volume) == ["two-positions"]
    np.testing.assert_allclose(volume.geometry.ijk_to_ras, AFFINE, atol=1e-4)


@pytest.mark.parametrize(("unit", "scale"), [(1, 1e-3), (3, 1e3)])
def test_lengths_in_other_units_become_mm(tmp_path, array, unit, scale):
    scaled = np.diag([scale] * 3 + [1.0]) @ AFFINE
    path = save(tmp_path / "a.nii", array, sform=scaled, qform=scaled, xyzt_units=unit)
    volume = read_volume(path)
    assert codes(volume) == []
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-4)


def test_a_unit_that_cannot_be_is_said(tmp_path, array):
    volume = read_volume(save(tmp_path / "a.nii", array, xyzt_units=1))
    assert codes(volume) == ["two-sizes"]
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8), rtol=1e-4)


def test_second_version_big_endian_and_names_that_lie(tmp_path, array):
    second = nibabel.Nifti2Image(array.transpose(2, 1, 0), AFFINE)
    nibabel.save(second, str(tmp_path / "second.nii.gz"))
    big = nibabel.Nifti1Image(
        array.transpose(2, 1, 0), AFFINE, nibabel.Nifti1Header(endianness=">")
    )
    nibabel.save(big, str(tmp_path / "big.nii"))
    (tmp_path / "unpacked.nii.gz").write_bytes((tmp_path / "big.nii").read_bytes())
    (tmp_path / "packed.nii").write_bytes(gzip.compress((tmp_path / "big.nii").read_bytes()))
    for name in ("second.nii.gz", "big.nii", "unpacked.nii.gz", "packed.nii"):
        volume = read_volume(tmp_path / name)
        np.testing.assert_array_equal(volume.array, array)
        assert volume.array.dtype.isnative


@pytest.mark.parametrize(("slope", "intercept"), [(0.37, -1024.5), (1, -1024), (2, 0), (0, 0)])
def test_scaled_values_are_those_that_itk_reads(tmp_path, array, slope, intercept):
    path = save(tmp_path / "a.nii", array)
    data = bytearray(path.read_bytes())
    data[112:120] = np.array([slope, intercept], "<f4").tobytes()
    path.write_bytes(data)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    found = read_volume(path).array
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_pairs_are_read_and_analyze_is_refused(tmp_path, array):
    pair = nibabel.Nifti1Pair(array.transpose(2, 1, 0), AFFINE)
    nibabel.save(pair, str(tmp_path / "a.hdr"))
    np.testing.assert_array_equal(read_volume(tmp_path / "a.hdr").array, array)
    (tmp_path / "a.img").unlink()
    with pytest.raises(InputError, match=r"its \.img file is not beside it"):
        read_volume(tmp_path / "a.hdr")
    old = nibabel.AnalyzeImage(array.transpose(2, 1, 0), AFFINE)
    nibabel.save(old, str(tmp_path / "b.hdr"))
    with pytest.raises(InputError, match="Analyze file"):
        read_volume(tmp_path / "b.hdr")


FORMS = {
    "both": {},
    "mirrored": {"qform": mirrored(AFFINE)},
    "only sform": {"codes": (2, 0)},
    "only qform": {"codes": (0, 1)},
    "none": {"codes": (0, 0)},
    "other size": {"pixdim": [-1, 0.8, 0.9, 9, 1, 1, 1, 1]},
}


@pytest.mark.parametrize("forms", FORMS)
def test_labels_lie_on_the_input_in_every_reader(tmp_path, array, forms):
    path = save(tmp_path / "ct.nii.gz", array, **FORMS[forms])
    volume = read_volume(path)
    labels = volume.with_array((array > 500).astype(np.uint8))
    write_label_map(labels, tmp_path / "labels.nii.gz")
    ct, written = (nibabel.load(tmp_path / n).header for n in ("ct.nii.gz", "labels.nii.gz"))
    for name in ("sform_code", "qform_code", "quatern_b", "quatern_c", "quatern_d", "srow_x",
                 "srow_y", "srow_z", "qoffset_x", "qoffset_y", "qoffset_z"):  # fmt: skip
        np.testing.assert_array_equal(ct[name], written[name])
    np.testing.assert_array_equal(ct["pixdim"][:4], written["pixdim"][:4])
    np.testing.assert_array_equal(
        np.asarray(nibabel.load(tmp_path / "labels.nii.gz").dataobj).transpose(2, 1, 0),
        labels.array,
    )
    ours, itk = (sitk.ReadImage(str(tmp_path / n)) for n in ("labels.nii.gz", "ct.nii.gz"))
    assert ours.GetDirection() == itk.GetDirection()
    assert ours.GetSpacing() == itk.GetSpacing()


def test_a_guessed_side_is_marked_in_the_segmentation(tmp_path, array):
    volume = read_volume(save(tmp_path / "ct.nii.gz", array, codes=(0, 0)))
    write_segmentation(volume.with_array((array > 0).astype(np.uint8)), tmp_path / "s.seg.nrrd")
    image = sitk.ReadImage(str(tmp_path / "s.seg.nrrd"))
    assert image.GetMetaData("Segment0_Name") == "Right kidney (side is a guess)"


def test_numbers_that_are_no_densities_are_refused(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.complex64), AFFINE)
    nibabel.save(image, str(tmp_path / "a.nii"))
    with pytest.raises(InputError, match="one density a voxel"):
        read_volume(tmp_path / "a.nii")
