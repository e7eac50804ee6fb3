"""A model's ZIP file, unpacked once into the user's folder, and never outside of it."""

from __future__ import annotations

import lzma
import secrets
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePath, PurePosixPath

from ..core.errors import ModelError
from ..environment.user_folder import user_folder
from .manifest import file_sha256

_MOST_BYTES = 64 * 2**30
_MOST_FILES = 10_000
_SPARE_BYTES = 200 * 2**20
_MOST_RATIO = 200  # weights hardly get smaller: what unpacks to far more is no model
_SMALL_BYTES = 64 * 2**20
# What a model needs: pictures, scripts and predictions that lie beside it stay in the archive.
_TAKEN = (".json", ".pth", ".pt", ".csv", ".safetensors", ".md", ".txt", ".yaml", ".model", ".pkl")
_TAKEN_NAMES = ("LICENSE", "LICENCE")
UNPACKED = "unpacked"


def unpacked_model(archive: Path) -> Path:
    """Folder of a ZIP file's content; the same file is unpacked once.

    Raises
    ------
    ModelError
        If it is no ZIP file, damaged, encrypted, far too large, or names places outside of itself;
        or if the user's folder cannot be written, or has no room.
    """
    home = user_folder() / UNPACKED
    target = home / file_sha256(archive)[:16]
    if target.is_dir():
        return target
    partial = home / f".partial-{secrets.token_hex(4)}"
    try:
        unpack(archive, partial)
        _move(partial, target)
        return target
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def unpack(archive: Path, into: Path) -> None:
    """Unpack the files of a model into a folder that is not there yet.

    Raises
    ------
    ModelError
        As for `unpacked_model`.
    """
    try:
        with zipfile.ZipFile(archive) as stored:
            entries = _checked(stored, archive)
            into.mkdir(parents=True)
            _require_room(entries, into)
            for entry in entries:
                _extract(stored, entry, into)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
    ) as error:
        raise ModelError(
            f"'{archive.name}' is no ZIP file that can be read ({error}). Download it again."
        ) from error
    except OSError as error:
        raise ModelError(
            f"The model could not be unpacked into '{into.parent}' ({error.strerror or error}). "
            "Make room or give access there, or unpack it yourself and give the folder."
        ) from error


def _checked(stored: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Files of a model in the archive.

    Raises
    ------
    ModelError
        If the archive is made to do harm, or holds another archive only.
    """
    everything = [e for e in stored.infolist() if not e.is_dir()]
    if len(everything) > _MOST_FILES:
        raise ModelError(f"'{archive.name}' holds {len(everything)} files: no model has so many.")
    for entry in everything:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if not path.parts:
            raise ModelError(f"'{archive.name}' holds a file without a name.")
        outside = path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
        if outside or stat.S_ISLNK(entry.external_attr >> 16):
            what = "a link" if not outside else "a place outside of itself"
            raise ModelError(
                f"'{archive.name}' names {what} ('{entry.filename[:80]}'). Such an archive can "
                "change other files; it was not unpacked."
            )
    entries = [e for e in everything if is_taken(PurePosixPath(e.filename))]
    if not entries:
        inner = [e.filename for e in everything if e.filename.lower().endswith(".zip")]
        what = f"another archive ('{inner[0]}'): unpack it first" if inner else "no model's files"
        raise ModelError(f"'{archive.name}' holds {what}.")
    _require_sane_size(entries, archive)
    return entries


def _require_sane_size(entries: list[zipfile.ZipInfo], archive: Path) -> None:
    """Refuse what unpacks to far more than any model."""
    size, packed = (
        sum(getattr(e, name) for e in entries) for name in ("file_size", "compress_size")
    )
    if size > _MOST_BYTES or (size > _SMALL_BYTES and size > _MOST_RATIO * max(packed, 1)):
        raise ModelError(
            f"'{archive.name}' would unpack from {packed / 1e6:.1f} MB to {size / 1e9:.1f} GB. No "
            "model does; it was not unpacked."
        )


def is_taken(path: PurePath) -> bool:
    """Whether a file can belong to a model."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and (path.suffix.lower() in _TAKEN or path.name in _TAKEN_NAMES)


def _require_room(entries: list[zipfile.ZipInfo], home: Path) -> None:
    """Refuse what the disk does not hold."""
    size, free = sum(e.file_size for e in entries), shutil.disk_usage(home).free
    if size + _SPARE_BYTES > free:
        raise ModelError(
            f"The model needs {size / 1e9:.1f} GB in '{home}', and {free / 1e9:.1f} GB are free. "
            "Make room there."
        )


def _extract(stored: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    """Write one file, at most as much as its entry says."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    target = into.joinpath(*path.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with stored.open(entry) as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)


def _move(partial: Path, target: Path) -> None:
    """Give a folder its name; another program may have been faster with the same file."""
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise
