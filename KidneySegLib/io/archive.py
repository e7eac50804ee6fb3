"""A ZIP file with a DICOM series or an image, as portals and archives hand it out."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from .atomic import SPARE_BYTES
from .checks import damaged, require_sane_size
from .folders import is_left_by_macos
from .images import is_image_file
from .paths import shown


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
        images = [p for p in sorted(folder.iterdir()) if is_image_file(p)]
        if len(images) > 1:
            raise InputError(
                f"'{shown(path.name)}' holds {len(images)} image files. Expected one CT. Unpack it "
                "and give the folder."
            )
        yield images[0] if images else folder


def _unpack(packed: zipfile.ZipFile, path: Path, folder: Path) -> None:
    """Write the files under numbers: names of a ZIP file may be anything, places outside too."""
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
    for n, entry in enumerate(entries):
        name = Path(entry.filename).name
        if is_left_by_macos(Path(name)):
            continue
        suffix = "".join(Path(name).suffixes[-2:]) if is_image_file(Path(name)) else ""
        with packed.open(entry) as source, (folder / f"{n:06d}{suffix}").open("wb") as target:
            shutil.copyfileobj(source, target)
