"""Hostile but valid inputs: one CT as files and folders with defects of twelve kinds, combined.

Each case says which findings would name its defects. It must end in the plain input's volumes and
sides, in one of these findings, or in a refusal; never in silence, a traceback or an abort.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dicom_files
import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk

from KidneySegLib.core.volume import Volume
from KidneySegLib.io.itk import sitk_from_volume

POSITION = {"two-positions", "two-sizes", "position-invalid", "sides-unknown", "spine-in-front"}
DENSITY = {"slice-jump", "empty-slices", "rescale-differs"}
CHOICE = {"series-chosen", "copies-dropped"}


@dataclass
class Strange:
    """One case: where it is, what was done to it, and the findings that would name it."""

    path: Path
    defects: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)


# --- NIfTI -------------------------------------------------------------------------------------


def _nifti(volume: Volume) -> nibabel.Nifti1Image:
    image = nibabel.Nifti1Image(volume.array.transpose(2, 1, 0), volume.geometry.ijk_to_ras)
    image.set_sform(volume.geometry.ijk_to_ras, 1)
    image.set_qform(volume.geometry.ijk_to_ras, 1)
    return image


def _mirrored(matrix: np.ndarray) -> np.ndarray:
    return np.diag([-1.0, 1, 1, 1]) @ matrix


def qform_mirrored(image, rng):
    image.set_qform(_mirrored(image.affine), 1)


def sform_mirrored(image, rng):
    image.set_sform(_mirrored(image.affine), int(rng.integers(1, 5)))


def pixdim_other(image, rng):
    image.header["pixdim"][1 + int(rng.integers(3))] *= float(rng.choice([0.5, 0.8, 1.3, 2.0]))


def sform_other_size(image, rng):
    matrix = image.affine.copy()
    matrix[:3, int(rng.integers(3))] *= float(rng.choice([0.6, 1.6]))
    image.set_sform(matrix, 1)


def no_codes(image, rng):
    image.header["sform_code"] = image.header["qform_code"] = 0


def only_qform(image, rng):
    image.header["sform_code"] = 0
    if rng.random() < 0.5:
        for row in "xyz":
            image.header[f"srow_{row}"] = 0


def only_sform(image, rng):
    image.header["qform_code"] = 0
    image.header["quatern_b"] = float(rng.choice([0, 5.0, np.nan]))


def sform_empty(image, rng):
    for row in "xyz":
        image.header[f"srow_{row}"] = float(rng.choice([0, np.nan]))


def qform_broken(image, rng):
    image.header["quatern_b"], image.header["quatern_c"] = 5.0, 5.0


def tiny_shear(image, rng):
    matrix = image.affine.copy()
    matrix[int(rng.integers(2)), 2] += np.tan(np.radians(rng.uniform(0.01, 0.05))) * matrix[2, 2]
    image.set_sform(matrix, 1)
    image.header["qform_code"] = 0


def unit_is_wrong(image, rng):
    image.header["xyzt_units"] = int(rng.choice([1, 3]))


NIFTI_DEFECTS = {
    "qform_mirrored": qform_mirrored,
    "sform_mirrored": sform_mirrored,
    "pixdim_other": pixdim_other,
    "sform_other_size": sform_other_size,
    "no_codes": no_codes,
    "only_qform": only_qform,
    "only_sform": only_sform,
    "sform_empty": sform_empty,
    "qform_broken": qform_broken,
    "tiny_shear": tiny_shear,
    "unit_is_wrong": unit_is_wrong,
}


# Together they leave one statement, whole and wrong: nothing can tell it from another patient's.
NOBODY_CAN_TELL = (
    {"sform_mirrored", "only_sform"},
    {"sform_mirrored", "no_codes"},
    {"qform_mirrored", "no_codes"},
    {"sform_mirrored", "qform_mirrored"},
    {"sform_mirrored", "tiny_shear"},
    {"qform_mirrored", "only_qform"},
    {"pixdim_other", "only_qform"},
)


def _nifti_bytes(image: nibabel.Nifti1Image, rng) -> tuple[bytes, str]:
    """The file, as NIfTI-1 or -2, compressed or not, in either byte order; and its suffix."""
    header = image.header.copy()
    stored = np.ascontiguousarray(np.asarray(image.dataobj).transpose(2, 1, 0))
    if rng.random() < 0.3:
        slope = float(rng.choice([0.5, 2.0]))
        header["scl_slope"], header["scl_inter"] = slope, -1024
        stored = np.rint((stored + 1024.0) / slope).astype(np.int16)
    else:
        header["scl_slope"], header["scl_inter"] = float(rng.choice([1.0, 0.0, np.nan])), 0
    if rng.random() < 0.2:
        second = nibabel.Nifti2Header()
        for name in header:
            if name in second and name not in ("sizeof_hdr", "magic", "vox_offset"):
                second[name] = header[name]
        header = second
    elif rng.random() < 0.2:
        header = header.as_byteswapped(">")
        stored = stored.astype(">i2")
    offset = 544 if header.sizeof_hdr == 540 else 352
    header["vox_offset"] = offset
    header["magic"] = b"n+2\0\r\n\x1a\n" if header.sizeof_hdr == 540 else b"n+1\0"
    head = header.binaryblock
    raw = head + bytes(offset - len(head)) + stored.tobytes()
    suffix = str(rng.choice([".nii", ".nii.gz"]))
    packed = suffix == ".nii.gz" and rng.random() < 0.9  # now and then only the name says so
    return (gzip.compress(raw, 1) if packed else raw), suffix


def nifti_case(volume: Volume, folder: Path, rng) -> Strange:
    """A NIfTI file with one or two defects, in any storage order."""
    image = _nifti(_stored_anyhow(volume, rng))
    names = ["sform_mirrored", "only_sform"]
    while set(names) in NOBODY_CAN_TELL:
        count = int(rng.integers(1, 3))
        names = [str(n) for n in rng.choice(list(NIFTI_DEFECTS), count, replace=False)]
    for name in names:
        NIFTI_DEFECTS[name](image, rng)
    data, suffix = _nifti_bytes(image, rng)
    path = _odd_name(folder, rng, suffix)
    with open(path, "wb") as stream:
        stream.write(data)
    return Strange(path, names, set(POSITION))


def _stored_anyhow(volume: Volume, rng) -> Volume:
    """The same patient, axes in any order and direction."""
    order = tuple(int(n) for n in rng.permutation(3)) if rng.random() < 0.4 else (0, 1, 2)
    flips = tuple(int(n) for n in rng.choice([1, -1], 3))
    turned = volume.reoriented(order, flips)
    return Volume(np.ascontiguousarray(turned.array), turned.geometry)


def _odd_name(folder: Path, rng, suffix: str) -> Path:
    """A path with a plain, long, foreign or undecodable name."""
    names = ["ct", "Größe 日本 CT", "x" * 200, "M\udcfcller", "a b.c-1"]
    return folder / f"{names[int(rng.integers(len(names)))]}{suffix}"


# --- NRRD and MetaImage --------------------------------------------------------------------------


def nrrd_case(volume: Volume, folder: Path, rng) -> Strange:
    """An NRRD file that says too much, too little, or says it in another way."""
    turned = _stored_anyhow(volume, rng)
    lps = np.diag([-1.0, -1, 1, 1]) @ turned.geometry.ijk_to_ras
    header = {
        "space": "left-posterior-superior",
        "space directions": lps[:3, :3].T,
        "space origin": lps[:3, 3],
    }
    defect = str(
        rng.choice(
            ["plain", "ras", "no_space", "scanner", "two_sizes", "spacings_only", "cm", "no_size"]
        )
    )
    size = np.linalg.norm(lps[:3, :3], axis=0)
    if defect == "ras":
        header |= {
            "space": "right-anterior-superior",
            "space directions": turned.geometry.ijk_to_ras[:3, :3].T,
            "space origin": turned.geometry.ijk_to_ras[:3, 3],
        }
    elif defect == "no_space":
        del header["space"]
        header["space dimension"] = 3
    elif defect == "scanner":
        header["space"] = "scanner-xyz"
    elif defect == "two_sizes":
        header["spacings"] = size * rng.choice([0.5, 2.0])
    elif defect == "spacings_only":
        header = {"spacings": size}
    elif defect == "no_size":
        header = {}
    elif defect == "cm":
        header["space directions"] = lps[:3, :3].T / 10
        header["space origin"] = lps[:3, 3] / 10
        header["space units"] = ["cm", "cm", "cm"]
    header["encoding"] = str(rng.choice(["raw", "gzip", "bzip2"]))
    path = _odd_name(folder, rng, ".nrrd")
    detached = rng.random() < 0.2 and path.name.isascii()
    if detached:
        path = path.with_suffix(".nhdr")
    nrrd.write(
        str(path),
        turned.array.transpose(2, 1, 0),
        header,
        detached_header=detached,
        index_order="F",
    )
    return Strange(path, [defect], POSITION | {"size-unknown"})


def metaimage_case(volume: Volume, folder: Path, rng) -> Strange:
    """A MetaImage whose header lacks or contradicts its position."""
    turned = _stored_anyhow(volume, rng)
    path = _odd_name(folder, rng, ".mha")
    plain = folder / "plain.mha"
    sitk.WriteImage(sitk_from_volume(turned), str(plain), useCompression=bool(rng.random() < 0.5))
    data = plain.read_bytes()
    plain.unlink()
    end = data.index(b"ElementDataFile")
    lines = data[:end].decode("ascii").splitlines()
    defect = str(rng.choice(["plain", "no_matrix", "letters", "two_sizes", "no_size"]))
    if defect == "no_matrix":
        lines = [x for x in lines if not x.startswith(("TransformMatrix", "AnatomicalOri"))]
    elif defect == "letters":
        lines = ["AnatomicalOrientation = LAS" if x.startswith("Anatomical") else x for x in lines]
    elif defect == "two_sizes":
        lines.insert(-1, "ElementSize = 1 1 9")
    elif defect == "no_size":
        lines = [x for x in lines if not x.startswith("ElementSpacing")]
    with open(path, "wb") as stream:
        stream.write("\n".join(lines).encode("ascii") + b"\n" + data[end:])
    return Strange(path, [defect], POSITION | {"size-unknown"})


# --- DICOM ---------------------------------------------------------------------------------------


def copies(slices, folder, rng):
    """Some or all files twice."""
    dicom_files.save(slices, folder)
    for path in sorted(folder.iterdir())[:: int(rng.integers(1, 4))]:
        shutil.copy(path, path.with_name(f"{path.name} (copy)"))


def rounded(slices, folder, rng):
    """Positions to 0.1 mm."""
    for ds in slices:
        ds.ImagePositionPatient = [f"{float(x):.1f}" for x in ds.ImagePositionPatient]
    dicom_files.save(slices, folder)


def no_mark(slices, folder, rng):
    """Files without preamble and mark."""
    dicom_files.save(slices, folder)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])


def one_file(slices, folder, rng):
    """All slices in one enhanced object."""
    folder.mkdir(parents=True, exist_ok=True)
    dicom_files.multi_frame(slices).save_as(folder / "all.dcm", enforce_file_format=True)


def shuffled(slices, folder, rng):
    """Names and instance numbers in any order."""
    for number, n in enumerate(rng.permutation(len(slices)), start=1):
        slices[n].InstanceNumber = number
    dicom_files.save([slices[n] for n in rng.permutation(len(slices))], folder)


def scattered(slices, folder, rng):
    """In folders below folders, one of them a link."""
    half = len(slices) // 2
    dicom_files.save(slices[:half], folder / "a" / "1")
    dicom_files.save(slices[half:], folder.parent / "elsewhere", "B")
    (folder / "b").symlink_to(folder.parent / "elsewhere", target_is_directory=True)


def rescale_missing(slices, folder, rng):
    """Some slices without rescale."""
    for n in rng.choice(len(slices), int(rng.integers(1, 5)), replace=False):
        del slices[n].RescaleIntercept, slices[n].RescaleSlope
    dicom_files.save(slices, folder)


def rescale_other(slices, folder, rng):
    """Some slices with another intercept or slope, their pixels as they were."""
    for n in rng.choice(len(slices), int(rng.integers(1, 5)), replace=False):
        if rng.random() < 0.5:
            slices[n].RescaleIntercept = str(int(rng.choice([0, -824, -1224, -2048])))
        else:
            slices[n].RescaleSlope = str(rng.choice([0.5, 2, 1.3]))
    dicom_files.save(slices, folder)


def slices_missing(slices, folder, rng):
    """Some slices are gone."""
    gone = set(rng.choice(np.arange(2, len(slices) - 2), int(rng.integers(1, 4)), replace=False))
    dicom_files.save([s for n, s in enumerate(slices) if n not in gone], folder)


def foreign_patient(slices, folder, rng):
    """Another patient's slices among them, now and then under the same series UID."""
    dicom_files.save(slices, folder)
    others = slices[: int(rng.integers(2, len(slices)))]
    for ds in others:
        ds.PatientID, ds.PatientName = "ID-B", "Other^One"
        ds.SOPInstanceUID += ".7"
        if rng.random() < 0.5:
            ds.SeriesInstanceUID += ".7"
    dicom_files.save(others, folder, "OTHER")


def empty_slice(slices, folder, rng):
    """A slice without an image."""
    ds = slices[int(rng.integers(3, len(slices) - 3))]
    ds.PixelData = bytes(len(ds.PixelData))
    dicom_files.save(slices, folder)


def localizer_too(slices, folder, rng):
    """A scout picture and a report beside the series."""
    dicom_files.save(slices, folder)
    scout = slices[0]
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.SeriesInstanceUID, scout.SOPInstanceUID = scout.SeriesInstanceUID + ".8", "1.2.3.8"
    scout.save_as(folder / "SCOUT", enforce_file_format=True)
    (folder / "notes.txt").write_text("hello")
    (folder / "._IM0000").write_bytes(b"\0\5\x16\7" + bytes(200))


DICOM_DEFECTS: dict[str, tuple[Callable, set[str]]] = {
    "copies": (copies, CHOICE),
    "rounded": (rounded, set()),
    "no_mark": (no_mark, set()),
    "one_file": (one_file, set()),
    "shuffled": (shuffled, set()),
    "scattered": (scattered, set()),
    "rescale_missing": (rescale_missing, DENSITY),
    "rescale_other": (rescale_other, DENSITY),
    "slices_missing": (slices_missing, set()),
    "foreign_patient": (foreign_patient, set()),
    "empty_slice": (empty_slice, DENSITY),
    "localizer_too": (localizer_too, CHOICE),
}


def dicom_case(volume: Volume, folder: Path, rng) -> Strange:
    """A folder with a DICOM series and one defect."""
    name = str(rng.choice(list(DICOM_DEFECTS)))
    spoil, codes = DICOM_DEFECTS[name]
    names = [b"series", "Größe 日本".encode(), b"M\xfcller"]
    target = folder / os.fsdecode(names[int(rng.integers(len(names)))])
    spoil(dicom_files.series(volume), target, rng)
    return Strange(target, [name], set(codes))


MAKERS = (nifti_case, nifti_case, nrrd_case, metaimage_case, dicom_case, dicom_case)


def strange_inputs(volume: Volume, home: Path, count: int, *, seed: int = 0) -> Iterator[Strange]:
    """Cases one by one, each removed from the disk when the next one is asked for.

    Parameters
    ----------
    volume : Volume
        CT of 16 bits, its third axis up the body.
    """
    for n in range(count):
        folder = home / f"{n:05d}"
        folder.mkdir(parents=True)
        rng = np.random.default_rng((seed, n))
        yield MAKERS[n % len(MAKERS)](volume, folder, rng)
        shutil.rmtree(folder)
