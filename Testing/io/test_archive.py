import zipfile

import dicom_files
import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.images import read_volume


@pytest.fixture
def folder(tmp_path):
    array = np.arange(12 * 6 * 7, dtype=np.int16).reshape(12, 6, 7)
    ct = Volume(array, Geometry(array.shape, np.diag([0.8, 0.9, 5.0, 1.0])))
    return dicom_files.save(dicom_files.series(ct), tmp_path / "d")


def packed(path, folder, *, prefix=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{prefix}{file.name}")
    return path


@pytest.mark.parametrize("prefix", ["", "study/SE 1/", "../../outside/", "/root/"])
def test_a_series_in_a_zip_stays_inside_wherever_its_names_point(tmp_path, folder, prefix):
    volume = read_volume(packed(tmp_path / "a.zip", folder, prefix=prefix))
    assert volume.array.shape == (12, 6, 7)
    assert volume.array[11, 5, 6] == 12 * 6 * 7 - 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "d"]


def test_names_that_are_too_long_are_shortened(tmp_path, folder):
    path = packed(tmp_path / "a.zip", folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ä" * 140 + ".txt", "hello")
    assert read_volume(path).array.shape == (12, 6, 7)


def test_damaged_and_encrypted_ones_are_refused(tmp_path, folder):
    path = packed(tmp_path / "a.zip", folder)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(InputError, match="truncated, damaged"):
        read_volume(path)
    path = packed(tmp_path / "b.zip", folder)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        read_volume(path)


def test_several_images_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.nii", b"x")
        archive.writestr("b.nii", b"x")
    with pytest.raises(InputError, match="2 image files"):
        read_volume(tmp_path / "a.zip")


def test_a_header_and_its_data_stay_together(tmp_path):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.arange(120, dtype=np.int16).reshape(4, 5, 6))
    sitk.WriteImage(image, str(tmp_path / "z.mhd"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("z.mhd", "z.raw"):
            archive.write(tmp_path / name, f"folder/{name}")
    assert read_volume(tmp_path / "a.zip").array[3, 4, 5] == 119
