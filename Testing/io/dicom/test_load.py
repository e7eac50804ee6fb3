"""Slices with odd rescale, in one file, without mark, as copies, at rounded places."""

import dicom_files
import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.images import read_volume


@pytest.fixture
def ct(rng):
    array = rng.integers(-1000, 1000, (12, 6, 7)).astype(np.int16)
    matrix = np.diag([-0.8, -0.9, 5.0, 1.0])
    matrix[:3, 3] = (10, 20, 30)
    return Volume(array, Geometry(array.shape, matrix))


def codes(volume):
    return [f.code for f in volume.findings]


def test_a_plain_series_and_its_identity(tmp_path, ct):
    volume = read_volume(dicom_files.save(dicom_files.series(ct, kernel="B30f"), tmp_path))
    np.testing.assert_array_equal(volume.array, ct.array)
    assert volume.array.dtype == np.int16 or volume.array.dtype == np.int32
    assert volume.geometry.matches(ct.geometry)
    assert codes(volume) == []
    source = volume.source
    assert (source.study_date, source.series_number) == ("2024-01-31", 1)
    assert (source.kernel, source.description) == ("B30f", "ABDOMEN")
    assert source.instance_numbers == tuple(range(1, 13))
    assert len(set(source.instance_uids)) == 12
    heights = [position[2] for position in source.slice_positions_mm]
    assert np.diff(heights) == pytest.approx(np.diff(heights)[0])
    assert len(heights) == 12


def test_slices_without_rescale_among_others_are_named(tmp_path, ct):
    slices = dicom_files.series(ct)
    for n in (2, 9):
        del slices[n].RescaleIntercept, slices[n].RescaleSlope
    with pytest.raises(InputError, match=r"2 of 12 slices have no rescale.*\(slices 3, 10\)"):
        read_volume(dicom_files.save(slices, tmp_path))


def test_rescale_that_differs_is_applied_slice_by_slice_and_said(tmp_path, ct):
    slices = dicom_files.series(ct)
    slices[4].RescaleIntercept = "-2024"
    pixels = np.frombuffer(slices[4].PixelData, np.uint16) + 1000
    slices[4].PixelData = pixels.astype(np.uint16).tobytes()
    slices[7].RescaleSlope = "0.5"
    slices[7].PixelData = (np.frombuffer(slices[7].PixelData, np.uint16) * 2).tobytes()
    volume = read_volume(dicom_files.save(slices, tmp_path))
    assert codes(volume) == ["rescale-differs"]
    assert "slices 5, 8 have" in volume.findings[0].message
    np.testing.assert_allclose(volume.array, ct.array)


def test_an_enhanced_file_is_the_same_series(tmp_path, ct):
    made = dicom_files.multi_frame(dicom_files.series(ct))
    made.save_as(tmp_path / "all.dcm", enforce_file_format=True)
    for path in (tmp_path, tmp_path / "all.dcm"):
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.array, ct.array)
        assert volume.geometry.matches(ct.geometry)
        assert volume.source.kind == "DICOM multi-frame"


@pytest.mark.parametrize("kept", [0, 132])
def test_files_without_the_mark(tmp_path, ct, kept):
    dicom_files.save(dicom_files.series(ct), tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[kept:])
    for path in (tmp_path, tmp_path / "IM0003"):
        np.testing.assert_array_equal(read_volume(path).array, ct.array)


def test_copies_are_dropped_and_said(tmp_path, ct):
    dicom_files.save(dicom_files.series(ct), tmp_path)
    dicom_files.save(dicom_files.series(ct), tmp_path, "copy")
    renamed = dicom_files.series(ct)
    for ds in renamed[:3]:
        ds.SOPInstanceUID += ".5"  # sent again under a new identity
    dicom_files.save(renamed[:3], tmp_path, "again")
    volume = read_volume(tmp_path)
    assert codes(volume) == ["copies-dropped"]
    assert volume.findings[0].message.startswith("15 files are copies")
    np.testing.assert_array_equal(volume.array, ct.array)


@pytest.mark.parametrize("step", [0.625, 0.75, 0.25, 1.25])
def test_positions_rounded_to_a_tenth_are_even(tmp_path, ct, step):
    matrix = ct.geometry.ijk_to_ras.copy()
    matrix[2, 2] = step
    slices = dicom_files.series(Volume(ct.array, Geometry(ct.array.shape, matrix)))
    for ds in slices:
        ds.ImagePositionPatient = [f"{float(x):.1f}" for x in ds.ImagePositionPatient]
    volume = read_volume(dicom_files.save(slices, tmp_path))
    assert volume.geometry.spacing_mm[0] == pytest.approx(step, abs=0.01)
    np.testing.assert_array_equal(volume.array, ct.array)


def test_phases_in_one_series_are_told_apart_by_what_their_headers_say(tmp_path, ct):
    first, second = dicom_files.series(ct), dicom_files.series(ct)
    for ds in second:
        ds.AcquisitionNumber = 2
        ds.SOPInstanceUID += ".2"
        ds.PixelData = (np.frombuffer(ds.PixelData, np.uint16) + 50).tobytes()
    for ds in first:
        ds.AcquisitionNumber = 1
    dicom_files.save(first, tmp_path)
    dicom_files.save(second, tmp_path, "B")
    with pytest.raises(InputError, match="not clear which of 2 series"):
        read_volume(tmp_path)


def test_each_cause_has_its_own_message(tmp_path, ct):
    empty = tmp_path / "empty"
    empty.mkdir()
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "notes.txt").write_text("hello")
    nowhere = dicom_files.series(ct)
    for ds in nowhere:
        del ds.ImagePositionPatient
    dicom_files.save(nowhere, tmp_path / "nowhere")
    magnetic = dicom_files.series(ct)
    for ds in magnetic:
        ds.Modality = "MR"
    dicom_files.save(magnetic, tmp_path / "mr")
    dicom_files.save(dicom_files.series(ct)[:1], tmp_path / "single")
    for name, message in (
        ("empty", "is empty"),
        ("texts", "none is DICOM"),
        ("nowhere", "do not say where they lie"),
        ("mr", r"no CT series \(found: MR\)"),
        ("single", "no series with several slices"),
    ):
        with pytest.raises(InputError, match=message):
            read_volume(tmp_path / name)


def test_names_that_are_no_utf8(tmp_path, ct):
    import os

    folder = tmp_path / os.fsdecode(b"M\xfcller")
    dicom_files.save(dicom_files.series(ct), folder)
    next(folder.iterdir()).rename(folder / os.fsdecode(b"\xfc0"))
    np.testing.assert_array_equal(read_volume(folder).array, ct.array)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: b"", "empty files"),
        (lambda data: bytes(len(data)), "empty files"),
        (lambda data: data[:300], "truncated or damaged"),
    ],
)
def test_files_that_may_have_been_slices_are_no_end_of_a_series(tmp_path, ct, spoil, message):
    dicom_files.save(dicom_files.series(ct), tmp_path)
    for path in sorted(tmp_path.iterdir())[-4:]:
        path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=f"Slices may be missing.*4 {message}"):
        read_volume(tmp_path)


def test_slices_without_position_or_numbers_are_no_end_of_a_series_either(tmp_path, ct):
    for name, change in (
        ("none", lambda ds: delattr(ds, "ImagePositionPatient")),
        ("comma", lambda ds: ds.__setitem__((0x28, 0x30), bad_spacing())),
    ):
        slices = dicom_files.series(ct)
        for ds in slices[-3:]:
            change(ds)
        folder = dicom_files.save(slices, tmp_path / name)
        with pytest.raises(InputError, match="Slices may be missing"):
            read_volume(folder)


def bad_spacing():
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    return RawDataElement(Tag(0x28, 0x30), "DS", 8, b"0,8\\0,9 ", 0, False, True)


def test_broken_files_elsewhere_are_said(tmp_path, ct):
    dicom_files.save(dicom_files.series(ct), tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"")
    (finding,) = read_volume(tmp_path).findings
    assert (finding.code, finding.severity.value) == ("broken-files", "info")


def test_files_that_were_never_slices_beside_a_series_do_not_matter(tmp_path, ct):
    dicom_files.save(dicom_files.series(ct), tmp_path)
    page = dicom_files.series(ct)[0]
    page.ImageType = ["DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"]
    del page.ImagePositionPatient
    page.save_as(tmp_path / "PAGE", enforce_file_format=True)
    (tmp_path / "mask.raw").write_bytes(bytes(500) + b"1")
    (tmp_path / "seg.img").write_bytes(bytes(900))
    (tmp_path / "x.lock").write_bytes(b"")
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.array, ct.array)


def test_a_name_left_out_in_some_slices_is_the_same_patient(tmp_path, ct):
    slices = dicom_files.series(ct)
    for ds in slices[::2]:
        ds.PatientName = ""
    assert read_volume(dicom_files.save(slices, tmp_path)).array.shape == ct.array.shape


def test_parts_of_one_series_can_be_chosen(tmp_path, ct):
    first, second = dicom_files.series(ct), dicom_files.series(ct)
    for number, part in enumerate((first, second), start=1):
        for ds in part:
            ds.AcquisitionNumber = number
            ds.SOPInstanceUID += f".{number}"
            ds.PixelData = (np.frombuffer(ds.PixelData, np.uint16) + number).tobytes()
        dicom_files.save(part, tmp_path, f"P{number}_")
    with pytest.raises(InputError, match=r"UID \S+#1\n.*UID \S+#2"):
        read_volume(tmp_path)
    for number in (1, 2):
        for name in (f"1#{number}", f"{dicom_files.ROOT}1.1#{number}"):
            found = read_volume(tmp_path, series=name).array
            np.testing.assert_array_equal(found, ct.array + number)


def test_many_frames_at_one_place_are_read_once(tmp_path, ct):
    twice = dicom_files.series(ct) + dicom_files.series(ct)
    made = dicom_files.multi_frame(twice)
    made.save_as(tmp_path / "all.dcm", enforce_file_format=True)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.array, ct.array)
    assert codes(volume) == ["copies-dropped"]


def test_odd_numbers_in_a_header_do_not_matter(tmp_path, ct):
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    slices = dicom_files.series(ct)
    for ds in slices:
        ds[Tag(0x20, 0x11)] = RawDataElement(Tag(0x20, 0x11), "IS", 4, b"nan ", 0, False, True)
    assert read_volume(dicom_files.save(slices, tmp_path)).array.shape == ct.array.shape
