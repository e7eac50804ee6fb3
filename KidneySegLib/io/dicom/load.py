"""Pixels of a stack in HU, read by GDCM through SimpleITK, or by pydicom (multi-frame files)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...core.errors import InputError
from ...core.findings import Finding, warning
from ...core.source import Source
from ...core.volume import Volume
from ..grids import perpendicular
from ..itk import simpleitk
from ..paths import safe_files
from .headers import SliceInfo, lenient
from .stacks import Stack, geometry_of, names_of, require_even

logger = logging.getLogger(__name__)


def load(stack: Stack) -> Volume:
    """Volume of a stack, slices sorted, in HU, on perpendicular axes.

    Raises
    ------
    InputError
        If slices are missing, a file is damaged, or some slices have no rescale to HU.
    """
    require_even(stack)
    slices = stack.slices
    _require_whole(slices)
    findings = _check_rescale(slices)
    if slices[0].frame is not None:
        array = _read_frames(slices)
    elif findings or len({s.stored_as for s in slices}) > 1:
        array = _read_each(slices)
    else:
        array = _read_series(slices)
    first = slices[0]
    numbers = tuple(s.number for s in slices if s.number is not None)
    source = Source(
        "DICOM series" if first.frame is None else "DICOM multi-frame",
        series_uid=first.series,
        study_uid=first.study,
        study_date=first.study_date,
        series_number=first.series_number,
        description=first.description,
        kernel=first.kernel,
        phase=stack.phase,
        instance_numbers=numbers if len(set(numbers)) == len(slices) else (),
        instance_uids=tuple(s.instance for s in slices),
        slice_positions_mm=tuple(tuple(float(x) for x in s.position) for s in slices),
    )
    return perpendicular(Volume(array, geometry_of(stack), findings, source))


def _require_whole(slices: Sequence[SliceInfo]) -> None:
    """Refuse files that are shorter than the pixels that their headers promise."""
    short = [s for s in slices if s.path.stat().st_size < s.payload_bytes]
    if short:
        raise InputError(
            f"{len(short)} of {len(slices)} DICOM slices are truncated: their files hold fewer "
            f"pixels than the headers promise ({names_of(short)}). Copy or export the series again."
        )


def _check_rescale(slices: Sequence[SliceInfo]) -> tuple[Finding, ...]:
    """Refuse slices without rescale among others with it; warn where it differs."""
    without = [s for s in slices if s.slope is None or s.intercept is None]
    if without and len(without) < len(slices):
        raise InputError(
            f"{len(without)} of {len(slices)} slices have no rescale slope and intercept "
            f"({names_of(without)}), the others have: their densities would not be in Hounsfield "
            "units (HU). Export the series again from where it was made."
        )
    usual, _ = Counter((s.slope, s.intercept) for s in slices).most_common(1)[0]
    other = [s for s in slices if (s.slope, s.intercept) != usual]
    if not other:
        return ()
    return (
        warning(
            "rescale-differs",
            f"The rescale to HU differs between slices: {names_of(other)} have another slope or "
            "intercept than the rest. Each was read with its own. Check that their densities fit "
            "those of their neighbors.",
        ),
    )


def _read_series(slices: Sequence[SliceInfo]) -> np.ndarray:
    """Slices of one file each, all stored alike."""
    sitk = simpleitk()
    reader = sitk.ImageSeriesReader()
    reader.SetImageIO("GDCMImageIO")
    with safe_files([s.path for s in slices]) as paths:
        reader.SetFileNames([str(p) for p in paths])
        try:
            image = reader.Execute()
        except RuntimeError as error:
            raise _unreadable(error) from error
    return _in_16_bits(sitk.GetArrayViewFromImage(image))


def _in_16_bits(stored: np.ndarray) -> np.ndarray:
    """A copy of whole numbers in 16 bits where they fit; GDCM gives 32, twice as much to move."""
    if stored.dtype.kind != "i":
        return stored.copy()
    out = np.empty(stored.shape, np.int16)
    limits = np.iinfo(np.int16)
    for plane, wide in zip(out, stored, strict=True):
        if wide.min() < limits.min or wide.max() > limits.max:
            return stored.copy()
        plane[:] = wide
    return out


def _read_each(slices: Sequence[SliceInfo]) -> np.ndarray:
    """Slices of one file each that are stored in different ways."""
    sitk = simpleitk()
    planes = []
    with safe_files([s.path for s in slices]) as paths:
        for path in paths:
            try:
                image = sitk.ReadImage(str(path), imageIO="GDCMImageIO")
            except RuntimeError as error:
                raise _unreadable(error) from error
            planes.append(sitk.GetArrayFromImage(image).reshape(slices[0].size))
    return np.stack(planes).astype(np.float32)


def _read_frames(slices: Sequence[SliceInfo]) -> np.ndarray:
    """Frames of multi-frame files."""
    stored = {}
    for path in {s.path for s in slices}:
        stored[path] = _pixels(path)
    out = np.empty((len(slices), *slices[0].size), np.float32)
    for plane, item in zip(out, slices, strict=True):
        plane[:] = stored[item.path][item.frame] * (item.slope or 1.0) + (item.intercept or 0.0)
    whole = np.array_equal(out, np.rint(out)) and np.abs(out).max() < 2**15
    return out.astype(np.int16) if whole else out


def _pixels(path) -> np.ndarray:
    """Stored pixels of a multi-frame file, (frames, rows, columns)."""
    import pydicom

    with lenient(), path.open("rb") as stream:
        try:
            data = pydicom.dcmread(stream, force=True)
            return data.pixel_array.reshape(-1, int(data.Rows), int(data.Columns))
        except Exception as error:  # a decoder raises what it likes
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> InputError:
    """One message for pixels that cannot be decoded."""
    logger.debug("reading failed: %s", error)
    return InputError(
        "The pixels of the DICOM series cannot be read: a file is damaged or its compression is "
        "not supported. Export it again without compression."
    )
