"""DICOM files of a volume, written by pydicom: slices, multi-frame files, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian

from KidneySegLib.core.volume import Volume

ROOT = "1.2.826.0.1.3680043.8.498."
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
Change = Callable[[Dataset, int], None]


def series(
    volume: Volume,
    *,
    study: str = "1",
    number: int = 1,
    patient: str = "A",
    description: str = "ABDOMEN",
    kernel: str = "",
    intercept: int = -1024,
) -> list[FileDataset]:
    """One data set a slice; the volume's third axis becomes the slices."""
    lps = _TO_LPS @ volume.geometry.ijk_to_ras
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    uid = f"{ROOT}{study}.{number}"
    found = []
    for k, plane in enumerate(volume.array):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = f"{uid}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f"{uid}.{k + 1}"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT}{study}", uid
        ds.FrameOfReferenceUID = f"{ROOT}{study}.999"
        ds.PatientName, ds.PatientID = f"Do^Not^Leak{patient}", f"ID-{patient}"
        ds.Modality, ds.StudyDate, ds.SeriesNumber = "CT", "20240131", number
        ds.SeriesDescription, ds.ImageType = description, ["ORIGINAL", "PRIMARY", "AXIAL"]
        if kernel:
            ds.ConvolutionKernel = kernel
        ds.InstanceNumber = k + 1
        ds.ImageOrientationPatient = [
            f"{x:.6f}" for x in (*(lps[:3, 0] / spacing[0]), *(lps[:3, 1] / spacing[1]))
        ]
        ds.ImagePositionPatient = [f"{x:.6f}" for x in lps[:3, 3] + k * lps[:3, 2]]
        ds.PixelSpacing = [f"{spacing[1]:.6f}", f"{spacing[0]:.6f}"]
        ds.SliceThickness = f"{spacing[2]:.4f}"
        ds.Rows, ds.Columns = plane.shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit, ds.PixelRepresentation = 15, 0
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", str(intercept), "HU"
        stored = np.clip(plane.astype(np.int32) - intercept, 0, 65535).astype(np.uint16)
        ds.PixelData = stored.tobytes()
        found.append(ds)
    return found


def save(slices: list[FileDataset], folder: Path, prefix: str = "IM") -> Path:
    """Write data sets as files ``IM0000`` and so on; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, ds in enumerate(slices):
        ds.save_as(folder / f"{prefix}{k:04d}", enforce_file_format=True)
    return folder


def multi_frame(slices: list[FileDataset]) -> FileDataset:
    """The same slices as one enhanced CT object."""

    def item(**fields) -> Dataset:
        made = Dataset()
        for name, value in fields.items():
            setattr(made, name, value)
        return made

    first = slices[0]
    frames = [
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=s.ImagePositionPatient)]))
        for s in slices
    ]
    shared = item(
        PlaneOrientationSequence=Sequence(
            [item(ImageOrientationPatient=first.ImageOrientationPatient)]
        ),
        PixelMeasuresSequence=Sequence(
            [item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)]
        ),
        PixelValueTransformationSequence=Sequence(
            [item(RescaleIntercept=first.RescaleIntercept, RescaleSlope=first.RescaleSlope)]
        ),
    )
    pixels = b"".join(s.PixelData for s in slices)
    first.file_meta.MediaStorageSOPClassUID = first.SOPClassUID = EnhancedCTImageStorage
    first.PerFrameFunctionalGroupsSequence = Sequence(frames)
    first.SharedFunctionalGroupsSequence = Sequence([shared])
    first.NumberOfFrames, first.PixelData = len(slices), pixels
    for name in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "RescaleIntercept",
        "RescaleSlope",
        "RescaleType",
    ):
        delattr(first, name)
    return first
