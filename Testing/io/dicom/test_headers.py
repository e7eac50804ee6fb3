import dicom_files
import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.io.dicom.headers import is_dicom_file, one_key_a_patient, read_headers


@pytest.fixture
def folder(tmp_path):
    ct = make_phantom(grid((20.0, 20.0, 20.0))).ct
    whole = ct.with_array(np.rint(ct.array).astype(np.int16))
    return dicom_files.save(dicom_files.series(whole, patient="Secret^Name"), tmp_path / "dicom")


def test_a_header_says_where_a_slice_lies(folder):
    path = sorted(folder.iterdir())[0]
    assert is_dicom_file(path)
    (info,) = read_headers(path)
    assert info.path == path
    assert len(info.position) == 3
    assert "Secret" not in repr(info)


def test_other_files_are_none(tmp_path):
    for name, content in (("a.txt", b"text"), ("b.dcm", b""), ("c", bytes(4096))):
        (tmp_path / name).write_bytes(content)
    assert not is_dicom_file(tmp_path / "a.txt")
    assert isinstance(read_headers(tmp_path / "c"), str)


def test_slices_of_one_patient_have_one_key(folder):
    infos = [info for path in folder.iterdir() for info in read_headers(path)]
    assert len({info.patient for info in one_key_a_patient(infos)}) == 1
