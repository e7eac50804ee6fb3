"""What a folder holds: one CT or a batch, at any depth, and what is not taken and why."""

import os
import shutil

import dicom_files
import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.inputs import look_into
from KidneySegLib.io.itk import sitk_from_volume


@pytest.fixture
def ct():
    array = np.full((12, 6, 7), 40, np.int16)
    array[:, 0] = -1000
    return Volume(array, Geometry(array.shape, np.diag([0.8, 0.9, 5.0, 1.0])))


@pytest.fixture
def nifti(ct, tmp_path):
    import SimpleITK as sitk

    path = tmp_path / "made.nii.gz"
    sitk.WriteImage(sitk_from_volume(ct), str(path))

    def put(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)

    return put


def names(contents):
    return [x.name for x in contents.inputs]


def test_patients_and_studies_at_any_depth(tmp_path, ct):
    root = tmp_path / "root"
    dicom_files.save(dicom_files.series(ct, study="1"), root / "PAT1" / "2019" / "SE1")
    dicom_files.save(dicom_files.series(ct, study="2"), root / "PAT1" / "2021")
    dicom_files.save(dicom_files.series(ct, study="3", patient="B"), root / "PAT2")
    contents = look_into(root)
    assert contents.is_batch
    assert names(contents) == ["PAT1_2019_SE1", "PAT1_2021", "PAT2"]
    for item in contents.inputs:
        np.testing.assert_array_equal(item.read().array, ct.array)


def test_two_patients_in_one_folder_are_two_cases_of_a_batch(tmp_path, ct):
    root = tmp_path / "root"
    dicom_files.save(dicom_files.series(ct, study="1"), root / "all")
    dicom_files.save(dicom_files.series(ct, study="2", patient="B"), root / "all", "B")
    contents = look_into(root)
    assert contents.is_batch
    assert len(set(names(contents))) == 2
    assert all(name.startswith("all_") for name in names(contents))
    assert names(look_into(root)) == names(contents), "the same names in each run"
    assert all(item.read().array.shape == ct.array.shape for item in contents.inputs)


def test_two_patients_flat_in_the_folder_itself_are_refused(tmp_path, ct):
    root = dicom_files.save(dicom_files.series(ct, study="1"), tmp_path / "root")
    dicom_files.save(dicom_files.series(ct, study="2", patient="B"), root, "B")
    contents = look_into(root)
    assert not contents.is_batch
    with pytest.raises(InputError, match="images of 2 patients") as caught:
        contents.read(root)
    assert "Leak" not in str(caught.value)
    assert "ID-" not in str(caught.value)


def test_kits_layout(tmp_path, nifti):
    root = tmp_path / "root"
    for n in range(2):
        nifti(root / f"case_{n:05d}" / "imaging.nii.gz")
        nifti(root / f"case_{n:05d}" / "segmentation.nii.gz")
    contents = look_into(root)
    assert names(contents) == ["case_00000", "case_00001"]
    assert contents.passed == {"label maps (by their names)": 2}
    case = root / "case_00000"
    assert not look_into(case).is_batch
    assert look_into(case).read(case).array.shape == (12, 6, 7)


def test_nnunet_layout(tmp_path, nifti):
    root = tmp_path / "root"
    for name in ("imagesTr/a_0000", "imagesTr/a_0001", "imagesTs/b_0000", "labelsTr/a"):
        nifti(root / f"{name}.nii.gz")
    (root / "dataset.json").write_text("{}")
    contents = look_into(root)
    assert names(contents) == ["a", "b"]
    assert dict(contents.passed) == {
        "further channels of nnU-Net cases": 1,
        "label maps (by their names)": 1,
        "files that are not DICOM": 1,
    }


def test_what_macos_and_earlier_runs_leave_is_counted_and_not_taken(tmp_path, nifti):
    root = tmp_path / "root"
    nifti(root / "one.nii.gz")
    nifti(root / "old" / "ct.nii.gz")
    (root / "old" / "measurements.json").write_text("{}")
    (root / "._one.nii.gz").write_bytes(b"\0\5\x16\7")
    (root / ".DS_Store").write_bytes(b"\0")
    nifti(root / "out" / "one" / "labels.nii.gz")
    contents = look_into(root, leave_out=(root / "out",))
    assert names(contents) == ["one"]
    assert dict(contents.passed) == {
        "files of macOS": 2,
        "results of KidneySeg": 1,
        "files that are not DICOM": 1,
    }


def test_names_do_not_collide_and_can_be_written(tmp_path, nifti):
    root = tmp_path / "root"
    nifti(root / "a.nii.gz")
    nifti(root / "A.nii")
    nifti(root / "b" / "c.nii")
    nifti(root / "b_c.nii")
    nifti(root / os.fsdecode(b"M\xfcller.nii.gz"))
    nifti(root / "x" / "labels of things" / "ct.nii")  # no folder of label maps
    found = names(look_into(root))
    assert len({n.casefold() for n in found}) == 6
    assert {"a_nii.gz", "A_nii", "M_ller"} <= set(found)
    for name in found:
        (tmp_path / name).mkdir()


def test_linked_folders_and_loops(tmp_path, ct):
    real = dicom_files.save(dicom_files.series(ct), tmp_path / "elsewhere")
    root = tmp_path / "root"
    root.mkdir()
    (root / "P1").symlink_to(real, target_is_directory=True)
    (root / "loop").symlink_to(root, target_is_directory=True)
    contents = look_into(root)
    assert not contents.is_batch
    assert contents.read(root).array.shape == ct.array.shape


def test_a_damaged_slice_is_named_in_a_batch_and_alone(tmp_path, ct):
    root = tmp_path / "root"
    dicom_files.save(dicom_files.series(ct, study="1"), root / "a")
    dicom_files.save(dicom_files.series(ct, study="2", patient="B"), root / "b")
    path = root / "a" / "IM0011"
    path.write_bytes(path.read_bytes()[:400])
    contents = look_into(root)
    with pytest.raises(InputError, match=r"truncated or damaged DICOM files \('IM0011'\)"):
        contents.inputs[0].read()
    assert contents.inputs[1].read().array.shape == ct.array.shape
    alone = look_into(root / "a")
    with pytest.raises(InputError, match=r"truncated or damaged DICOM files \('IM0011'\)"):
        alone.read(root / "a")


def test_a_zip_is_an_input(tmp_path, ct):
    shutil.make_archive(
        str(tmp_path / "root" / "ct"),
        "zip",
        dicom_files.save(dicom_files.series(ct), tmp_path / "d"),
    )
    (item,) = look_into(tmp_path / "root").inputs
    np.testing.assert_array_equal(item.read().array, ct.array)


def test_numbers_at_the_end_of_a_name_are_channels_only_beside_the_first(tmp_path, nifti):
    root = tmp_path / "AMOS"
    for name in ("amos_0001", "amos_0004"):
        nifti(root / "imagesTr" / f"{name}.nii.gz")
    assert names(look_into(root)) == ["amos_0001", "amos_0004"]


def test_a_ct_file_beside_a_series_is_said(tmp_path, ct, nifti):
    root = dicom_files.save(dicom_files.series(ct), tmp_path / "root")
    nifti(root / "other.nii.gz")
    findings = look_into(root).read(root).findings
    assert [f.code for f in findings] == ["not-taken"]
    assert "1 CT files beside the DICOM series" in findings[0].message


def test_a_folder_that_cannot_be_opened_is_counted(tmp_path, ct, monkeypatch):
    root = tmp_path / "root"
    dicom_files.save(dicom_files.series(ct), root / "a")
    (root / "closed").mkdir()
    listed = type(root).iterdir

    def iterdir(path):
        if path.name == "closed":
            raise PermissionError(13, "closed")
        return listed(path)

    monkeypatch.setattr(type(root), "iterdir", iterdir)
    contents = look_into(root)
    assert contents.passed == {"folders that cannot be opened": 1}
    assert [f.code for f in contents.read(root).findings] == ["not-taken"]


def test_a_folder_with_nothing_to_take_says_what_is_there(tmp_path, nifti):
    nifti(tmp_path / "root" / "P01_gt.nii.gz")
    with pytest.raises(InputError, match=r"Found: 1 label maps \(by their names\)"):
        look_into(tmp_path / "root").read(tmp_path / "root")


def test_deep_folders_have_names_that_can_be_written(tmp_path, nifti):
    deep = tmp_path / "root" / ("a" * 100) / ("b" * 100) / ("ü" * 60)
    nifti(deep / "one.nii.gz")
    nifti(deep / "two.nii.gz")
    found = names(look_into(tmp_path / "root"))
    assert len(set(found)) == 2
    for name in found:
        (tmp_path / name).mkdir()
