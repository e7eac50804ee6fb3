"""Label maps with what they say about themselves: names of segments, tables beside them.

Read are Slicer's segmentations (names, terminology, layers), DICOM SEG, and for other files what is
beside them: an ITK-SNAP description (``NAME.lbl``), a JSON file (``NAME.json``, or nnU-Net's
``dataset.json``), or the record of a KidneySeg result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.findings import Finding, info, warning
from ..core.schemes import (
    OVERLAP_ORDER,
    UNSURE,
    Role,
    Scheme,
    check_scheme,
    numbers_in,
    scheme_of,
)
from ..core.segment_names import role_of_name
from ..core.volume import Box, Geometry, Volume
from .grids import perpendicular
from .images import is_image_file, read_labels
from .nrrd import SUFFIXES as NRRD_SUFFIXES
from .nrrd import position_of, read_header, read_layers
from .paths import shown

_OWN_LABELS, _OWN_RECORD, _DATASET = "labels.nii.gz", "measurements.json", "dataset.json"
_MOST_NAMED = 8
_ALIGNED_MM = 0.1
_SLICER_SUFFIXES = (".seg.nrrd", ".seg.nhdr")


@dataclass(frozen=True)
class LabelMap:
    """A label map and what its numbers mean.

    Attributes
    ----------
    volume : Volume
        Numbers as stored (of a segmentation with layers: one number a segment).
    scheme : Scheme
    findings : tuple of Finding
    """

    volume: Volume
    scheme: Scheme
    findings: tuple[Finding, ...] = ()


def read_label_map(
    path: Path | str, *, scheme: str | None = None, ct: Volume | None = None
) -> LabelMap:
    """Read a label map by its own names, or by a scheme.

    Parameters
    ----------
    scheme : str, optional
        Name of a scheme, or ``NUMBER=ROLE,...``; needed where the file says nothing itself.
    ct : Volume, optional
        The CT that it belongs to: the grid of a DICOM SEG, the body for right and left.

    Raises
    ------
    InputError
        If it is no label map, says nothing of its numbers and no scheme is given, or its names
        contradict the scheme.
    """
    path = Path(path)
    volume, names = _read_with_names(path, ct)
    if ct is not None and path.name.lower().endswith(_SLICER_SUFFIXES):
        volume = _on_whole_grid(volume, ct)
    if scheme is None:
        own = _scheme_of_names(path, names, volume.array)
        if own is None:
            raise UnknownNumbersError(path, volume, ct)
        return LabelMap(volume, own, (*volume.findings, _told(names, volume)))
    given = scheme_of(scheme)
    _refuse_contradiction(path, names, given)
    check_scheme(volume.array, given)
    return LabelMap(volume, given, volume.findings)


def _on_whole_grid(labels: Volume, ct: Volume) -> Volume:
    """A segmentation on its CT's whole grid, where it is a part of it: Slicer saves what is used.

    What lies on another grid comes back as it is.
    """
    part, whole = labels.canonical(), ct.canonical().geometry
    steps = part.geometry.ijk_to_ras[:3, :3] - whole.ijk_to_ras[:3, :3]
    start = whole.kji_from_ras(part.geometry.ras_from_kji([0, 0, 0]))[0]
    first = np.rint(start).astype(int)
    box = Box(tuple(first), tuple(first + part.array.shape))
    aligned = np.abs(steps).max() * max(whole.shape) < _ALIGNED_MM
    aligned &= (np.abs(start - first) * whole.spacing_mm).max() < _ALIGNED_MM
    inside = all(
        a >= 0 and b <= n for a, b, n in zip(box.start, box.stop, whole.shape, strict=True)
    )
    if part.array.shape == whole.shape or not (aligned and inside):
        return labels
    if labels.source is not None and not labels.source.sides_known:
        return labels
    array = np.zeros(whole.shape, part.array.dtype)
    array[box.slices] = part.array
    size = " x ".join(str(n) for n in labels.array.shape[::-1])
    text = (
        f"The label map covers a part of the CT's grid ({size} voxels), as "
        "segmentations are saved; the rest counts as empty. Check that it belongs to this CT."
    )
    findings = (*labels.findings, warning("part-of-grid", text))
    return Volume(array, whole, findings, labels.source)


def _read_with_names(path: Path, ct: Volume | None) -> tuple[Volume, dict[int, str]]:
    """Numbers on their grid, and the names that the file or what is beside it gives them."""
    if path.name.lower().endswith(NRRD_SUFFIXES):
        header = read_header(path) if path.is_file() else {}
        if any(re.fullmatch(r"Segment\d+_LabelValue", key) for key in header):
            return _read_segments(path, header)
    if path.is_file() and not is_image_file(path):
        from .dicom.headers import is_dicom_file

        if is_dicom_file(path):
            from .dicom.segmentations import read_dicom_seg

            return read_dicom_seg(path, ct)
    return read_labels(path), _names_beside(path)


def _read_segments(path: Path, header: Mapping[str, Any]) -> tuple[Volume, dict[int, str]]:
    """Slicer's segmentation: one number a segment, whatever layers and values it is stored in.

    Where segments overlap, tumor wins over cyst, cyst over kidney.
    """
    layers = read_layers(path, dict(header))
    axes = [n for n, size in enumerate(header["sizes"]) if n or len(header["sizes"]) == 3]
    matrix, known = position_of(dict(header), axes)
    if not known:
        raise InputError(f"'{shown(path.name)}' does not say how the patient lies. Save it again.")
    segments = [_segment(header, n) for n in _segment_numbers(header)]
    if len(layers) == 1:  # the numbers as stored, which a scheme may speak of
        names = {s.value: s.name for s in segments}
        out = layers[0].astype(np.uint8)
    else:
        names, out = {}, np.zeros(layers.shape[1:], np.uint8)
        ordered = sorted(segments, key=lambda s: OVERLAP_ORDER.index(role_of_name(s.name)))
        for number, segment in enumerate(ordered, start=1):
            out[layers[segment.layer] == segment.value] = number
            names[number] = segment.name
    return perpendicular(Volume(out, Geometry(out.shape, matrix)), labels=True), names


@dataclass(frozen=True)
class _Segment:
    """A segment: where it is stored, and a name that says its role."""

    layer: int
    value: int
    name: str


def _segment_numbers(header: Mapping[str, Any]) -> list[int]:
    """Numbers of the segments in a header, in order."""
    return sorted(int(m[1]) for k in header if (m := re.fullmatch(r"Segment(\d+)_Name", k)))


def _segment(header: Mapping[str, Any], n: int) -> _Segment:
    """One segment of a header, its name made clear by its terminology."""
    field = f"Segment{n}_"
    name = str(header[field + "Name"])
    role = _role_of_segment(name, str(header.get(field + "Tags", "")))
    layer, value = int(header.get(field + "Layer", 0)), int(header[field + "LabelValue"])
    return _Segment(layer, value, name if role_of_name(name) is role else role.value)


def _role_of_segment(name: str, tags: str) -> Role:
    """Role by a segment's terminology where it has one, else by its name."""
    entry = re.search(r"TerminologyEntry:([^|]*)", tags)
    by_name = role_of_name(name)
    if entry is None:
        return by_name
    by_code = role_of_name(re.sub(r"\d+|SCT|SRT|\^|~", " ", entry[1].split("~", 1)[-1]))
    if by_code is Role.OTHER or by_code.fits(by_name):
        return by_name if by_name is not Role.OTHER else by_code
    if by_name is Role.OTHER:
        return by_code
    raise InputError(
        f"The segment '{shown(name)}' has the terminology of another structure "
        f"({by_code.value.replace('_', ' ')}). Correct its name or its terminology."
    )


def _names_beside(path: Path) -> dict[int, str]:
    """Names that a file beside a label map gives its numbers; empty without one."""
    record = path.with_name(_OWN_RECORD)
    if path.name == _OWN_LABELS and record.is_file():
        return _own_names(record)
    stem = re.sub(r"\.(?:nii(?:\.gz)?|nrrd|nhdr|mha|mhd|hdr)$", "", path.name, flags=re.I)
    table = path.with_name(f"{stem}.lbl")
    if table.is_file():
        return _itksnap_names(table)
    beside = [path.with_name(f"{stem}.json"), path.with_name(_DATASET)]
    if path.parent.name.lower().startswith("labels"):  # nnU-Net: labelsTr, its table above
        beside.append(path.parent.with_name(_DATASET))
    return next((names for p in beside if p.is_file() and (names := _json_names(p))), {})


def _itksnap_names(path: Path) -> dict[int, str]:
    """Names of an ITK-SNAP label description."""
    names = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r'\s*(\d+)\s+(?:[\d.]+\s+){6}"(.*)"', line)
        if match and int(match[1]):
            names[int(match[1])] = match[2]
    return names


def _json_names(path: Path) -> dict[int, str]:
    """Names of a JSON file, either way round (nnU-Net versions 1 and 2).

    Empty where it is a table of something else, or has regions of several numbers: these do not
    say what a number of its own is.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    labels = data.get("labels", data) if isinstance(data, dict) else None
    if not isinstance(labels, dict):
        return {}
    found = {}
    for key, value in labels.items():
        if str(key).isdecimal() and isinstance(value, str):
            found[int(key)] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            found[value] = str(key)
        elif not (isinstance(value, list) and len(value) == 1 and isinstance(value[0], int)):
            return {}
        else:
            found[value[0]] = str(key)
    roles = {role_of_name(name) for name in found.values()}
    if roles <= {Role.OTHER} or any(not 0 <= n < 256 for n in found):
        return {}
    return {n: name for n, name in found.items() if n}


def _own_names(record: Path) -> dict[int, str]:
    """Names of a result of KidneySeg, from its record."""
    try:
        scheme = json.loads(record.read_text(encoding="utf-8"))["record"]["label_scheme"]
        return {int(number): str(name) for name, number in scheme.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _scheme_of_names(path: Path, names: Mapping[int, str], array: np.ndarray) -> Scheme | None:
    """Scheme that names make; None where none of them is a kidney, tumor or cyst.

    Raises
    ------
    InputError
        If a name that occurs is unclear, or a number that occurs has none.
    """
    roles = {n: role_of_name(name) for n, name in names.items()}
    present = [n for n in numbers_in(array) if n not in (0, UNSURE)]
    for number in present:
        if roles.get(number) is Role.UNCLEAR:
            raise InputError(
                f"The name '{shown(names[number])}' of number {number} in '{shown(path.name)}' "
                "does not say whether its voxels are kidney, tumor or cyst. Say what the numbers "
                "mean.",
                remedy="labels",
            )
    known = {n: r for n, r in roles.items() if r not in (Role.OTHER, Role.UNCLEAR)}
    if not known:
        return None
    nameless = [n for n in present if n not in names]
    if nameless:
        raise InputError(
            f"'{shown(path.name)}' holds the numbers {', '.join(map(str, nameless))}, for which no "
            "name is given. Expected a name for each, or say what the numbers mean.",
            remedy="labels",
        )
    return Scheme("the file's own names", known, highest=UNSURE - 1)


def _told(names: Mapping[int, str], volume: Volume) -> Finding:
    """Remark that says how names were understood, and which structures were not taken."""
    counts = np.bincount(volume.array.ravel(), minlength=256)
    taken, left = [], []
    for number, name in sorted(names.items()):
        role = role_of_name(name)
        if role is not Role.OTHER:
            taken.append(f"'{shown(name)}' is {role.value.replace('_', ' ')}")
        elif counts[number]:
            left.append((counts[number] * volume.geometry.voxel_volume_ml, shown(name)))
    text = f"The labels were read by their own names: {'; '.join(taken[:_MOST_NAMED])}."
    if left:
        listed = [f"'{name}' ({ml:.0f} mL)" for ml, name in sorted(left, reverse=True)]
        more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        text += f" Taken for other structures: {', '.join(listed[:_MOST_NAMED])}{more}."
    return info("labels-by-name", text)


def _refuse_contradiction(path: Path, names: Mapping[int, str], given: Scheme) -> None:
    """Refuse a scheme that gives a number another meaning than its own name."""
    for number, name in sorted(names.items()):
        own, wanted = role_of_name(name), given.role(number)
        if own is Role.UNCLEAR or (own is Role.OTHER and wanted is Role.OTHER):
            continue
        if not own.fits(wanted):
            raise InputError(
                f"'{shown(path.name)}' calls the number {number} '{shown(name)}'; by the scheme "
                f"'{given.name}' it would be {wanted.value.replace('_', ' ')}. Leave the scheme "
                "out, or correct the names.",
                remedy="labels",
            )


class UnknownNumbersError(InputError):
    """A label map that says nothing of its numbers.

    Attributes
    ----------
    labels : Volume
        As stored.
    ct : Volume, optional
    """

    def __init__(self, path: Path, labels: Volume, ct: Volume | None) -> None:
        numbers = numbers_in(labels.array)
        more = " ..." if len(numbers) > _MOST_NAMED else ""
        listed = ", ".join(map(str, numbers[:_MOST_NAMED])) + more
        super().__init__(
            f"'{shown(path.name)}' does not say what its numbers mean (found {listed}).",
            remedy="labels",
        )
        self.labels, self.ct = labels, ct
