"""A model package from one file: a ZIP archive, unpacked beside others and never over them."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from ..core.errors import ModelError
from .manifest import CARD, LICENSE, MANIFEST, OWN_WEIGHTS, WEIGHTS, load_package

_FILES = (MANIFEST, WEIGHTS, LICENSE, CARD)
_TAKEN = (*_FILES, *OWN_WEIGHTS.values())
_MOST_BYTES = 2 * 2**30


def unpack_model(archive: Path, into: Path) -> Path:
    """Unpack a model package; returns its folder.

    Only the files of a package are taken out, by their names. The folder is named after model
    and weights: the same package is unpacked once, also when two programs do it at the same time.

    Parameters
    ----------
    archive : Path
        ZIP with the package's files, or with one folder that holds them.
    into : Path
        Folder of unpacked models; made where it is not there.

    Raises
    ------
    ModelError
        If the file is no archive of a model package, or cannot be unpacked there.
    """
    partial = into / f".partial-{secrets.token_hex(4)}"
    try:
        partial.mkdir(parents=True)
        _extract(archive, partial)
        package = load_package(partial)
        target = into / f"{package.name}-{package.sha256[:12]}"
        if not target.exists():
            _move(partial, target)
        return target
    except (zipfile.BadZipFile, EOFError) as error:
        raise ModelError(
            f"'{archive.name}' is not a ZIP archive that can be read ({error}). Expected a "
            "KidneySeg model package. Download it again."
        ) from error
    except OSError as error:
        raise ModelError(
            f"The model could not be unpacked into '{into}' ({error.strerror or error}). Make "
            "room or give access there, or unpack the archive yourself and import its folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(archive: Path, into: Path) -> None:
    """Write the package's files, whatever folder of the archive they lie in."""
    with zipfile.ZipFile(archive) as stored:
        members = {}
        for entry in stored.infolist():
            path = PurePosixPath(entry.filename)
            if path.name in _TAKEN and len(path.parts) <= 2:
                members[path.name] = entry
        manifest = stored.read(members[MANIFEST]) if MANIFEST in members else b""
        named = [name for name in OWN_WEIGHTS.values() if name.encode() in manifest]
        expected = (*_FILES, *named)
        missing = [name for name in expected if name not in members]
        if missing:
            raise ModelError(
                f"'{archive.name}' has no {', '.join(missing)}. Expected a KidneySeg model "
                f"package ({', '.join(expected)})."
            )
        size = sum(entry.file_size for entry in members.values())
        if size > _MOST_BYTES:
            raise ModelError(f"'{archive.name}' would unpack to {size / 2**30:.1f} GB: not used.")
        for name, entry in members.items():
            with stored.open(entry) as source, (into / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def _move(partial: Path, target: Path) -> None:
    """Give a folder its name; another program may have been faster with the same package."""
    try:
        partial.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            raise
