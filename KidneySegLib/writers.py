"""Label maps, segmentations and tables on disk; a folder is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .anatomy import SEGMENTS, Label
from .errors import OutputError
from .readers import sitk_from_volume
from .volume import Box, Volume

_SPARE_BYTES = 20 * 2**20


@contextlib.contextmanager
def atomic_folder(
    target: Path, names: tuple[str, ...], *, overwrite: bool = False
) -> Iterator[Path]:
    """Fill a temporary folder; move it, or its files, in place only at the end.

    It lies beside the target, or inside a target that exists: the same file system either way.

    Files of the user's that are already in the target stay. Whatever happens before the end
    (an error, Ctrl-C, a full disk) leaves the target as it was.

    Parameters
    ----------
    target : Path
        Folder to write; made where it is not there.
    names : tuple of str
        Files that will be written.
    overwrite : bool
        Replace files of these names.

    Yields
    ------
    Path
        The temporary folder.

    Raises
    ------
    OutputError
        If a file is there already, or the place cannot be written.
    """
    check_target(target, names, overwrite=overwrite)
    partial = None
    try:
        home = target if target.exists() else target.parent
        home.mkdir(parents=True, exist_ok=True)
        partial = home / f".{target.name}.partial-{secrets.token_hex(4)}"
        partial.mkdir()
        yield partial
        _move_in(partial, target)
    except OSError as error:
        raise _output_error(target, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def atomic_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Write one file under a temporary name, renamed only when it is whole.

    Raises
    ------
    OutputError
        If the file is there already, or the place cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"'{path}' is there already. Add --overwrite to replace it.")
    partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def check_target(target: Path, names: tuple[str, ...], *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises
    ------
    OutputError
        If it is a file, holds results already, or is read-only.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"'{target}' is a file. Expected a folder to write results into.")
    there = [n for n in names if (target / n).exists()]
    if there and not overwrite:
        raise OutputError(
            f"'{target}' already holds {', '.join(there)}. Choose another folder, or add "
            "--overwrite to replace them."
        )
    nearest = next(p for p in (target, *target.absolute().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        raise OutputError(
            f"The folder '{nearest}' is read-only. Choose a folder that you may write to."
        )


def _move_in(partial: Path, target: Path) -> None:
    """Rename the finished folder, or its files one by one into a folder that exists."""
    if not target.exists():
        partial.rename(target)
        return
    for path in sorted(partial.iterdir()):
        path.replace(target / path.name)


def _output_error(target: Path, error: OSError) -> OutputError:
    """One clear message for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"The disk is full: the results do not fit into '{target.parent}'. Nothing was "
            "written. Free some space or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"'{target.parent}' cannot be written ({error.strerror}). Choose a folder that you "
            "may write to."
        )
    return OutputError(f"Writing to '{target.parent}' failed: {error.strerror or error}.")


def require_space(folder: Path, expected_bytes: int) -> None:
    """Fail early where the disk has too little room.

    Raises
    ------
    OSError
        ENOSPC, as a full disk would.
    """
    if shutil.disk_usage(folder).free < expected_bytes + _SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_label_map(labels: Volume, path: Path) -> None:
    """Write a map of small numbers as compressed NIfTI (8 bits, 16 where needed), and check it.

    Raises
    ------
    OSError
        If it could not be written whole.
    """
    kind = np.uint8 if labels.array.max(initial=0) <= 255 else np.uint16
    _write(sitk_from_volume(labels.with_array(labels.array.astype(kind, copy=False))), path)
    with _as_write_error(path), gzip.open(path) as stream:
        while stream.read(1 << 24):
            pass


def write_segmentation(labels: Volume, path: Path) -> None:
    """Write ``.seg.nrrd`` with names, colors and terminology, as 3D Slicer reads it.

    Raises
    ------
    OSError
        If it could not be written whole.
    """
    image = sitk_from_volume(labels.with_array(labels.array.astype(np.uint8)))
    extent = " ".join(f"0 {n - 1}" for n in labels.array.shape[::-1])
    image.SetMetaData("Segmentation_ContainedRepresentationNames", "Binary labelmap|")
    image.SetMetaData("Segmentation_MasterRepresentation", "Binary labelmap")
    image.SetMetaData("Segmentation_ReferenceImageExtentOffset", "0 0 0")
    present = [label for label in SEGMENTS if (labels.array == label).any()]
    for n, label in enumerate(present):
        for key, value in _segment_fields(label, labels, extent).items():
            image.SetMetaData(f"Segment{n}_{key}", value)
    _write(image, path)


def _segment_fields(label: Label, labels: Volume, extent: str) -> dict[str, str]:
    """Header fields of one segment."""
    style = SEGMENTS[label]
    box = Box.of_mask(labels.array == label)
    if box is not None:
        pairs = list(zip(box.start, box.stop, strict=True))[::-1]
        extent = " ".join(f"{a} {b - 1}" for a, b in pairs)
    return {
        "ID": f"KidneySeg_{label.name.lower()}",
        "Name": style.name,
        "NameAutoGenerated": "0",
        "Color": " ".join(f"{c / 255:.6g}" for c in style.color),
        "ColorAutoGenerated": "0",
        "LabelValue": str(int(label)),
        "Layer": "0",
        "Extent": extent,
        "Tags": f"Segmentation.Status:inprogress|TerminologyEntry:{style.terminology()}|",
    }


def _write(image, path: Path) -> None:
    """Write a compressed image; an error of ITK becomes an OSError."""
    import SimpleITK as sitk

    require_space(path.parent, int(np.prod(image.GetSize())) // 20)
    with _as_write_error(path):
        sitk.WriteImage(image, str(path), useCompression=True, compressionLevel=1)
    if not path.is_file() or path.stat().st_size == 0:
        raise OSError(errno.EIO, f"'{path.name}' was not written")


@contextlib.contextmanager
def _as_write_error(path: Path) -> Iterator[None]:
    """Turn ITK's and gzip's errors into OSError, naming a full disk where it is one."""
    try:
        yield
    except (RuntimeError, EOFError, gzip.BadGzipFile) as error:
        full = shutil.disk_usage(path.parent).free < _SPARE_BYTES
        code = errno.ENOSPC if full else errno.EIO
        raise OSError(code, f"'{path.name}' could not be written whole") from error
