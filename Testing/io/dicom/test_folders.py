import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.dicom import read_folder as read_series
from KidneySegLib.io.grids import straighten
from KidneySegLib.io.images import read_volume

pydicom = pytest.importorskip("pydicom")

UID = "1.2.826.0.1.3680043.8.498."


def write_slice(path, pixels, position, *, series=UID + "1", modality="CT", tilt=0.0, number=1):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{series}.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, f"{series}.{number}"
    data.SeriesInstanceUID, data.StudyInstanceUID = series, UID + "0"
    data.Modality, data.PatientName, data.InstanceNumber = modality, "Do^Not^Leak", number
    data.ImagePositionPatient = [float(x) for x in position]
    c, s = float(np.cos(tilt)), float(np.sin(tilt))
    data.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, c, s]
    data.PixelSpacing, data.SliceThickness = [0.8, 0.9], 2.0
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.RescaleSlope, data.RescaleIntercept = 2, -1024
    data.PixelData = pixels.astype(np.uint16).tobytes()
    data.save_as(path, enforce_file_format=True)


@pytest.fixture
def stored(rng):
    return rng.integers(0, 1200, (8, 12, 10))


def write_all(folder, stored, *, order=None, skip=(), tilt=0.0, **options):
    folder.mkdir(exist_ok=True)
    for n in order if order is not None else range(len(stored)):
        if n not in skip:
            position = (-5.0, 3.0, 100.0 + 2.5 * n)
            name = f"{options.get('series', 'x')[-3:]}_{(n * 5) % 8}.dcm"
            write_slice(folder / name, stored[n], position, number=n + 1, tilt=tilt, **options)
    return folder


def test_slices_are_sorted_by_position_and_rescaled(tmp_path, stored):
    volume = read_volume(write_all(tmp_path / "s", stored, order=[3, 0, 7, 1, 2, 6, 5, 4]))
    np.testing.assert_array_equal(volume.array, stored * 2 - 1024)
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.8, 0.9))
    np.testing.assert_allclose(volume.geometry.ras_from_kji([0, 0, 0])[0], (5, -3, 100))


def test_one_file_of_a_series_brings_the_series(tmp_path, stored):
    folder = write_all(tmp_path / "s", stored)
    assert read_volume(next(folder.iterdir())).array.shape == stored.shape


def test_longest_series_is_chosen_when_it_is_clear(tmp_path, stored):
    folder = write_all(tmp_path / "s", stored)
    write_all(folder, stored[:3], series=UID + "22")
    assert read_series(folder).array.shape == stored.shape
    assert read_series(folder, series=UID + "22").array.shape == (3, 12, 10)


def test_unclear_choice_lists_series_without_names(tmp_path, stored):
    folder = write_all(tmp_path / "s", stored)
    write_all(folder, stored[:7], series=UID + "22")
    with pytest.raises(InputError, match="not clear") as caught:
        read_series(folder)
    assert UID + "22" in str(caught.value)
    assert "Leak" not in str(caught.value)


def test_unknown_series_is_refused(tmp_path, stored):
    with pytest.raises(InputError, match="There is no series"):
        read_series(write_all(tmp_path / "s", stored), series="9.9")


def test_missing_slices_are_counted(tmp_path, stored):
    with pytest.raises(InputError, match="About 2 slices are missing"):
        read_series(write_all(tmp_path / "s", stored, skip=(3, 4)))


def test_two_phases_in_one_series_are_refused(tmp_path, stored):
    folder = write_all(tmp_path / "s", stored)
    for n in range(8):
        pixels = stored[n] + 90
        write_slice(folder / f"again{n}.dcm", pixels, (-5, 3, 100 + 2.5 * n), number=50 + n)
    with pytest.raises(InputError, match="same place"):
        read_series(folder)


def test_mr_series_is_refused(tmp_path, stored):
    with pytest.raises(InputError, match="no CT series"):
        read_series(write_all(tmp_path / "s", stored, modality="MR"))


def test_truncated_file_is_refused(tmp_path):
    folder = write_all(tmp_path / "s", np.full((8, 60, 60), 1000))
    path = sorted(folder.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(InputError, match=r"truncated|missing"):
        read_series(folder)


def test_gantry_tilt_is_corrected_and_said(tmp_path):
    tilt = np.radians(15)
    blob = np.zeros((8, 24, 10))
    for n in range(8):  # a vertical rod: the rows shift from slice to slice
        row = 12 - 2.5 * n * np.sin(tilt) / 0.8
        blob[n] = np.maximum(0, 1 - np.abs(np.arange(24) - row) / 3)[:, None] * 900
    volume = read_series(write_all(tmp_path / "s", blob, tilt=tilt))
    assert "tilted" in volume.findings[0].message
    axes = volume.geometry.ijk_to_ras[:3, :3] / np.linalg.norm(
        volume.geometry.ijk_to_ras[:3, :3], axis=0
    )
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)


def test_straightened_points_stay_where_they_are(rng):
    matrix = np.diag([0.9, 0.8, 2.5, 1.0])
    matrix[1, 2] = 0.6
    sheared = Geometry((6, 30, 20), matrix)
    array = np.full(sheared.shape, -1000, np.float32)
    array[3, 10:14, 8:12] = 500
    upright = straighten(Volume(array, sheared))
    weight = np.clip(upright.array + 1000, 0, None)
    center = (np.argwhere(weight > 0) * weight[weight > 0][:, None]).sum(0) / weight.sum()
    np.testing.assert_allclose(
        upright.geometry.ras_from_kji(center)[0],
        sheared.ras_from_kji([3, 11.5, 9.5])[0],
        atol=0.05,
    )


def test_a_file_chooses_its_own_series(tmp_path, stored):
    folder = write_all(tmp_path / "s", stored)
    write_all(folder, stored[:3], series=UID + "22")
    short = next(p for p in folder.iterdir() if p.name.startswith(".22"))
    assert read_volume(short).array.shape == (3, 12, 10)


def test_small_tilt_gives_perpendicular_axes(tmp_path, stored):
    volume = read_series(write_all(tmp_path / "s", stored, tilt=np.radians(0.4)))
    axes = volume.geometry.ijk_to_ras[:3, :3] / volume.geometry.spacing_mm[::-1]
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert volume.findings == ()


def test_series_folders_of_one_study_are_one_case(tmp_path, stored):
    from KidneySegLib.io.inputs import look_into

    study = tmp_path / "study"
    study.mkdir()
    for name, n in (("thin", 8), ("thick", 3)):
        write_all(study / name, stored[:n], series=f"{UID}7{n}")
    contents = look_into(study)
    assert not contents.is_batch
    assert contents.read(study).array.shape[0] == 8
    flat = write_all(tmp_path / "flat", stored)
    (flat / "stray.nii.gz").write_bytes(b"x")
    assert not look_into(flat).is_batch
