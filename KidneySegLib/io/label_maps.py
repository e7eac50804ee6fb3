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

from ..errors import InputError
from ..findings import Finding, info
from ..labels import Role, Scheme, check_scheme, numbers_in, role_of_name, scheme_of, to_tissue
from ..plausibility import fitting_schemes
from ..volume import Geometry, Volume
from .grids import perpendicular
from .images import is_image_file, read_labels
from .nrrd import SUFFIXES as NRRD_SUFFIXES
from .nrrd import position_of, read_header, read_layers
from .paths import shown

_OWN_LABELS, _OWN_RECORD = "labels.nii.gz", "measurements.json"
_ROLE_ORDER = (Role.OTHER, Role.KIDNEY, Role.RIGHT_KIDNEY, Role.LEFT_KIDNEY, Role.CYST, Role.TUMOR)
_MOST_NAMED = 8


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
    own = _scheme_of_names(names)
    if scheme is None:
        if own is not None:
            check_scheme(volume.array, own)
            return LabelMap(volume, own, (*volume.findings, _told(names)))
        raise _unknown(path, volume, ct)
    given = scheme_of(scheme)
    _refuse_contradiction(path, names, given)
    check_scheme(volume.array, given)
    return LabelMap(volume, given, volume.findings)


def read_tissue(path: Path | str, *, scheme: str | None = None) -> tuple[Volume, LabelMap]:
    """A label map's `Tissue` numbers, and the map itself.

    Raises
    ------
    InputError
        As `read_label_map`.
    """
    found = read_label_map(path, scheme=scheme)
    return found.volume.with_array(to_tissue(found.volume.array, found.scheme)), found


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
        raise InputError(
            f"'{shown(path.name)}' does not say how the patient lies. Save it again from Slicer."
        )
    segments = [_segment(header, n) for n in _segment_numbers(header)]
    if len(layers) == 1:  # the numbers as stored, which a scheme may speak of
        names = {s.value: s.name for s in segments}
        out = layers[0].astype(np.uint8)
    else:
        names, out = {}, np.zeros(layers.shape[1:], np.uint8)
        ordered = sorted(segments, key=lambda s: _ROLE_ORDER.index(role_of_name(s.name)))
        for number, segment in enumerate(ordered, start=1):
            out[layers[segment.layer] == segment.value] = number
            names[number] = segment.name
    return perpendicular(Volume(out, Geometry(out.shape, matrix))), names


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
    stem = re.sub(r"\.(?:nii(?:\.gz)?|nrrd|nhdr|mha|mhd|hdr)$", "", path.name, flags=re.I)
    table = path.with_name(f"{stem}.lbl")
    if table.is_file():
        return _itksnap_names(table)
    for beside in (
        path.with_name(f"{stem}.json"),
        path.with_name("dataset.json"),
        path.parent.with_name("dataset.json") if path.parent.name else path,
    ):
        if beside.is_file() and beside.suffix == ".json" and (names := _json_names(beside)):
            return names
    record = path.with_name(_OWN_RECORD)
    return _own_names(record) if path.name == _OWN_LABELS and record.is_file() else {}


def _itksnap_names(path: Path) -> dict[int, str]:
    """Names of an ITK-SNAP label description."""
    names = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r'\s*(\d+)\s+(?:[\d.]+\s+){6}"(.*)"', line)
        if match and int(match[1]):
            names[int(match[1])] = match[2]
    return names


def _json_names(path: Path) -> dict[int, str]:
    """Names of a JSON file with ``labels``, either way round (nnU-Net versions 1 and 2)."""
    try:
        data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        labels = data.get("labels", data) if isinstance(data, dict) else {}
        pairs = labels.items() if isinstance(labels, dict) else ()
        found = {}
        for key, value in pairs:
            if str(key).isdecimal() and isinstance(value, str):
                found[int(key)] = value
            elif isinstance(value, int) and not isinstance(value, bool):
                found[value] = str(key)
    except (OSError, ValueError):
        return {}
    return {n: name for n, name in found.items() if 0 < n < 256}


def _own_names(record: Path) -> dict[int, str]:
    """Names of a result of KidneySeg, from its record."""
    try:
        scheme = json.loads(record.read_text(encoding="utf-8"))["record"]["label_scheme"]
        return {int(number): str(name) for name, number in scheme.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _scheme_of_names(names: Mapping[int, str]) -> Scheme | None:
    """Scheme that names make; None where none of them is a kidney, tumor or cyst."""
    roles = {n: role for n, name in names.items() if (role := role_of_name(name)) is not Role.OTHER}
    return Scheme("the file's own names", roles, highest=254) if roles else None


def _told(names: Mapping[int, str]) -> Finding:
    """Remark that says how names were understood."""
    known = [(n, name) for n, name in names.items() if role_of_name(name) is not Role.OTHER]
    text = "; ".join(
        f"'{shown(name)}' is {role_of_name(name).value.replace('_', ' ')}"
        for _, name in sorted(known)[:_MOST_NAMED]
    )
    return info("labels-by-name", f"The labels were read by their own names: {text}.")


def _refuse_contradiction(path: Path, names: Mapping[int, str], given: Scheme) -> None:
    """Refuse a scheme that gives a number another meaning than its own name."""
    for number, name in sorted(names.items()):
        own, wanted = role_of_name(name), given.role(number)
        if own is Role.OTHER and wanted is Role.OTHER:
            continue
        if not own.fits(wanted):
            raise InputError(
                f"'{shown(path.name)}' calls the number {number} '{shown(name)}'; by the scheme "
                f"'{given.name}' it would be {wanted.value.replace('_', ' ')}. Leave the scheme "
                "out, or correct the names.",
                remedy="labels",
            )


def _unknown(path: Path, volume: Volume, ct: Volume | None) -> InputError:
    """Message for a label map that says nothing of its numbers; offers schemes that fit."""
    numbers = numbers_in(volume.array)
    listed = ", ".join(map(str, numbers[:_MOST_NAMED])) + (" ..." if len(numbers) > 8 else "")
    fitting = fitting_schemes(volume, ct)
    offer = " or ".join(f"'{s.name}' ({s.meaning})" for s in fitting)
    advice = f"They would fit {offer}." if fitting else "They fit none of the known schemes."
    return InputError(
        f"'{shown(path.name)}' does not say what its numbers mean (found {listed}). {advice} Say "
        "which scheme it follows.",
        remedy="labels",
    )
