"""A ZIP file with a DICOM series or an image, as portals and archives hand it out."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import InputError
from .atomic import SPARE_BYTES
from .checks import damaged, require_sane_size
from .folders import files_below, is_left_by_macos
from .images import is_image_file
from .paths import file_name, shown

_LONGEST_NAME = 200  # bytes


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The one image file in a ZIP file, or a folder with all that is in it; removed at the end.

    Raises
    ------
    InputError
        If it is damaged, encrypted, too large, or holds several image files.
    """
    with tempfile.TemporaryDirectory(prefix="kidneyseg-zip-") as home:
        folder = Path(home)
        try:
            with zipfile.ZipFile(path) as packed:
                _unpack(packed, path, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise damaged(path) from error
        images = [p for p in files_below(folder) if is_image_file(p)]
        if len(images) > 1:
            raise InputError(
                f"'{shown(path.name)}' holds {len(images)} image files. Expected one CT. Unpack it "
                "and give the folder."
            )
        yield images[0] if images else folder


def _unpack(packed: zipfile.ZipFile, path: Path, folder: Path) -> None:
    """Write the files into numbered folders: places in a ZIP file may be anything, outside too."""
    entries = [e for e in packed.infolist() if not e.is_dir()]
    total = sum(e.file_size for e in entries)
    require_sane_size(path, total)
    if shutil.disk_usage(folder).free < total + SPARE_BYTES:
        raise InputError(
            f"The temporary disk has no room to unpack '{shown(path.name)}' "
            f"({total / 2**30:.1f} GB). Free some space, or unpack it yourself and give the folder."
        )
    if any(e.flag_bits & 1 for e in entries):
        raise InputError(f"'{shown(path.name)}' is encrypted. Unpack it and give the folder.")
    homes: dict[str, Path] = {}
    for n, entry in enumerate(entries):
        parent, _, name = entry.filename.replace("\\", "/").rpartition("/")
        if is_left_by_macos(Path(name)):
            continue
        home = homes.setdefault(parent, folder / f"{len(homes):04d}")
        home.mkdir(exist_ok=True)
        target = home / _short(file_name(name), n)
        with packed.open(entry) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)


def _short(name: str, number: int) -> str:
    """A name that file systems take: too long a one keeps its ending only."""
    if len(name.encode("utf-8")) <= _LONGEST_NAME:
        return name
    return f"{number:06d}" + "".join(Path(name).suffixes[-2:])[-12:]
