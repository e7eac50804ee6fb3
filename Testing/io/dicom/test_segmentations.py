"""DICOM SEG, written by pydicom as highdicom lays it out: bits, one frame a segment and slice."""

import dicom_files
import numpy as np
import pytest
from phantom import grid, make_phantom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.source import Source
from KidneySegLib.core.volume import Volume
from KidneySegLib.io.label_maps import read_label_map
from KidneySegLib.kidney_ct.sides import assign_sides, to_kidneyseg

SEG = "1.2.840.10008.5.1.4.1.1.66.4"


def item(**fields):
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def code(meaning):
    return item(CodeValue="1", CodingSchemeDesignator="SCT", CodeMeaning=meaning)


def segment(number, label, kind, side=None):
    coded = code(kind)
    if side:
        coded.SegmentedPropertyTypeModifierCodeSequence = Sequence([code(side)])
    return item(
        SegmentNumber=number,
        SegmentLabel=label,
        SegmentedPropertyTypeCodeSequence=Sequence([coded]),
    )


@pytest.fixture(scope="module")
def labels():
    phantom = make_phantom(grid((4.0, 3.0, 3.0)))
    array, _ = assign_sides(phantom.tissue, phantom.ct.geometry, midline_r_mm=0.0)
    return phantom.ct.with_array(array)


def write(path, labels, segments):
    """A SEG object; slices that a segment is not on have no frame, as is usual."""
    slices = dicom_files.series(labels.with_array(labels.array.astype(np.int16)))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SEG, "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = SEG, "1.2.3", "SEG"
    ds.Rows, ds.Columns = labels.array.shape[1:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit, ds.PixelRepresentation, ds.SegmentationType = 0, 0, "BINARY"
    ds.SegmentSequence = Sequence(segments)
    measures = item(
        PixelSpacing=slices[0].PixelSpacing, SliceThickness="4", SpacingBetweenSlices="4"
    )
    ds.SharedFunctionalGroupsSequence = Sequence([item(
        PixelMeasuresSequence=Sequence([measures]),
        PlaneOrientationSequence=Sequence(
            [item(ImageOrientationPatient=slices[0].ImageOrientationPatient)]
        ),
    )])  # fmt: skip
    frames, bits = [], []
    for number in (int(s.SegmentNumber) for s in segments):
        for k, plane in enumerate(labels.array):
            if (plane == number).any():
                frames.append(item(
                    SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=number)]),
                    PlanePositionSequence=Sequence(
                        [item(ImagePositionPatient=slices[k].ImagePositionPatient)]
                    ),
                ))  # fmt: skip
                bits.append(plane == number)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    ds.NumberOfFrames = len(frames)
    ds.PixelData = pack_bits(np.stack(bits).astype(np.uint8))
    ds.save_as(path, enforce_file_format=True)
    return path


SEGMENTS = (
    (1, "Segment 1", "Kidney", "Right"),
    (2, "left kidney", "Kidney", "Left"),
    (3, "lesion", "Mass", None),
    (4, "simple", "Cyst", None),
)


def test_segments_are_read_by_codes_and_labels(tmp_path, labels):
    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    found = read_label_map(path, ct=labels)
    sided, _ = to_kidneyseg(found.volume, found.scheme)
    np.testing.assert_array_equal(sided.array, labels.array)


def test_without_the_ct_the_frames_make_the_grid(tmp_path, labels):
    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    found = read_label_map(path)
    sided, _ = to_kidneyseg(found.volume, found.scheme)
    for number in range(1, 5):
        assert (sided.array == number).sum() == (labels.array == number).sum()
        centers = [
            v.geometry.ras_from_kji(np.argwhere(v.array == number).mean(axis=0))[0]
            for v in (sided, labels)
        ]
        np.testing.assert_allclose(*centers, atol=0.01)


def test_codes_that_contradict_the_label_are_refused(tmp_path, labels):
    wrong = segment(1, "right kidney", "Kidney", "Left")
    path = write(tmp_path / "seg.dcm", labels, [wrong])
    with pytest.raises(InputError, match="codes of another structure"):
        read_label_map(path)


def test_segments_of_another_ct_are_refused(tmp_path, labels):
    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    other = Volume(labels.array[:-30], labels.geometry.__class__(
        labels.array[:-30].shape, labels.geometry.ijk_to_ras))  # fmt: skip
    with pytest.raises(InputError, match="do not lie on the slices of the CT"):
        read_label_map(path, ct=other)


def test_another_dicom_object_is_no_segmentation(tmp_path, labels):
    folder = dicom_files.save(
        dicom_files.series(labels.with_array(labels.array.astype(np.int16))), tmp_path
    )
    with pytest.raises(InputError, match=r"no DICOM segmentation \(SEG\)"):
        read_label_map(next(folder.iterdir()))


@pytest.mark.parametrize(("most", "half"), [(200, 100), (255, 128), (1, 1)])
def test_fractions_count_from_half_on(tmp_path, labels, most, half):
    import pydicom

    path = write(tmp_path / "seg.dcm", labels, [segment(*SEGMENTS[0]), segment(*SEGMENTS[1])])
    ds = pydicom.dcmread(path)
    whole = ds.pixel_array
    ds.SegmentationType, ds.MaximumFractionalValue = "FRACTIONAL", most
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelData = np.where(whole > 0, half, half - 1).astype(np.uint8).tobytes()
    ds.save_as(path)
    found = read_label_map(path, ct=labels)
    assert (found.volume.array > 0).sum() == np.isin(labels.array, [1, 2]).sum()


def test_turned_frames_and_slices_of_another_series_are_refused(tmp_path, labels):
    import pydicom

    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    ds = pydicom.dcmread(path)
    plane = ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    plane.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]
    ds.save_as(tmp_path / "turned.dcm")
    with pytest.raises(InputError, match="do not lie on the slices"):
        read_label_map(tmp_path / "turned.dcm", ct=labels)
    ds = pydicom.dcmread(path)
    ds.ReferencedSeriesSequence = Sequence(
        [item(ReferencedInstanceSequence=Sequence([item(ReferencedSOPInstanceUID="1.2.9")]))]
    )
    ds.save_as(tmp_path / "foreign.dcm")
    known = Volume(labels.array, labels.geometry, source=Source("x", instance_uids=("1.2.3",)))
    with pytest.raises(InputError, match="drawn on another series"):
        read_label_map(tmp_path / "foreign.dcm", ct=known)


def test_what_is_said_frame_by_frame_is_read(tmp_path, labels):
    import pydicom

    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    ds = pydicom.dcmread(path)
    shared = ds.SharedFunctionalGroupsSequence[0]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        frame.PlaneOrientationSequence = shared.PlaneOrientationSequence
        frame.PixelMeasuresSequence = shared.PixelMeasuresSequence
    del shared.PlaneOrientationSequence, shared.PixelMeasuresSequence
    ds.save_as(path)
    sided, _ = to_kidneyseg((found := read_label_map(path, ct=labels)).volume, found.scheme)
    np.testing.assert_array_equal(sided.array, labels.array)


def test_the_frames_distance_counts_before_their_thickness(tmp_path, labels):
    import pydicom

    path = write(tmp_path / "seg.dcm", labels, [segment(*s) for s in SEGMENTS])
    ds = pydicom.dcmread(path)
    measures = ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    measures.SliceThickness = "7"
    ds.save_as(path)
    found = read_label_map(path).volume
    assert found.geometry.spacing_mm[0] == pytest.approx(4.0)
    assert (found.array > 0).sum() == (labels.array > 0).sum()
