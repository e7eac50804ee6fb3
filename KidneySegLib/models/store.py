"""The models that a user has brought: imported, checked, listed, removed.

They lie in the user's folder (see `environment.user_folder`), one folder a model with its files as
they were and ``imported.json``. A model is verified before it is there, and an older one of its
name stays until then.
"""

from __future__ import annotations

import datetime
import json
import re
import secrets
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import ModelError
from ..environment.user_folder import user_folder
from .download import download, is_address
from .foreign import ForeignModel, ModelChoice
from .manifest import MANIFEST, ModelPackage, file_sha256
from .opening import Model, open_folder
from .registry import model_folders
from .unpacking import is_taken, unpack

ENTRY = "imported.json"
FILES = "model"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_MOST_FILES = 10_000

Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Entry:
    """A model in the store.

    Attributes
    ----------
    name : str
    folder : Path
        Its folder in the store.
    origin : str
        Name of the file or folder that it came from, or its address.
    sha256 : str
        Of the model (see `ModelInfo`).
    imported : str
        Date.
    choice : ModelChoice
        What was chosen about it when it was imported.
    """

    name: str
    folder: Path
    origin: str
    sha256: str
    imported: str
    choice: ModelChoice

    @property
    def files(self) -> Path:
        """Folder of the model's own files."""
        return self.folder / FILES

    @property
    def size_bytes(self) -> int:
        """What its files take."""
        return sum(p.stat().st_size for p in self.files.rglob("*") if p.is_file())


def store_folder() -> Path:
    """Folder of the store; it is made by the first import."""
    return user_folder() / "models"


def entries() -> dict[str, Entry]:
    """Name and entry of every model in the store; what is damaged is passed over."""
    found = {}
    for path in sorted(store_folder().glob(f"*/{ENTRY}")):
        if path.parent.name.startswith("."):  # of an import or removal that did not end
            continue
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            choice = ModelChoice.from_dict(data["choice"])
            own = (data["origin"], data["sha256"], data["imported"])
            found[path.parent.name] = Entry(path.parent.name, path.parent, *own, choice)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # ModelChoice and JSON fail in these ways
    return found


def entry_of(name: str) -> Entry:
    """One model of the store.

    Raises
    ------
    ModelError
        If there is none of this name.
    """
    found = entries()
    if name not in found:
        raise ModelError(
            f"There is no imported model '{name}'. Imported: {', '.join(found) or 'none'}."
        )
    return found[name]


def import_model(
    source: str,
    *,
    name: str | None = None,
    sha256: str | None = None,
    choice: ModelChoice | None = None,
    overwrite: bool = False,
    say: Say | None = None,
) -> Entry:
    """Copy a model into the store, and check it there.

    Parameters
    ----------
    source : str
        Folder, ZIP file, or address (https) of a ZIP file.
    name : str, optional
        How it is called from now on; without one as its own files call it.
    sha256 : str, optional
        Of the ZIP file, in hex, as its authors publish it.
    choice : ModelChoice, optional
        Kept with the model: what its classes are, and how its images lie.
    overwrite : bool
        Replace a model of this name, once the new one is verified.
    say : callable, optional
        Called with what is done and the share done (0..1).

    Raises
    ------
    ModelError
        If the model cannot be had, read or used, or its place cannot be written.
    """
    home, choice = store_folder(), choice or ModelChoice()
    name = _checked_name(name or free_name(Path(source), model_folders()))
    if name in model_folders() and name not in entries():
        raise ModelError(f"A model that came with KidneySeg is called '{name}'. Give another name.")
    partial, fetched = home / f".partial-{secrets.token_hex(4)}", None
    try:
        partial.mkdir(parents=True)
        archive = download(source, home, say) if is_address(source) else Path(source)
        fetched = archive if is_address(source) else None
        _fill(archive, partial / FILES, sha256)
        model = _verified(partial / FILES, choice, say)
        entry = {
            "origin": source if is_address(source) else archive.name,
            "sha256": model.sha256,
            "imported": datetime.date.today().isoformat(),
            "choice": choice.as_dict(),
        }
        (partial / ENTRY).write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
        _swap_in(partial, home / name, overwrite=overwrite)
    except OSError as error:
        raise ModelError(
            f"The model could not be stored in '{home}' ({error.strerror or error}). Make room or "
            "give access there."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if fetched is not None:  # stored, or no good: a next try fetches it anew
            fetched.unlink(missing_ok=True)
    return entry_of(name)


def free_name(source: Path, taken: Collection[str]) -> str:
    """A name for what lies somewhere, that no other model has: by its file or folder."""
    stem = (
        re.sub(r"[^A-Za-z0-9._+-]+", "-", source.name.removesuffix(".zip")).strip("-.") or "model"
    )
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def _checked_name(name: str) -> str:
    """A name that can be a folder's.

    Raises
    ------
    ModelError
        If it cannot.
    """
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.")
    if not _NAME.fullmatch(plain):
        raise ModelError(
            f"'{name}' cannot be the name of a model. Give one of letters, digits and - _ . +"
        )
    return plain


def _fill(source: Path, into: Path, sha256: str | None) -> None:
    """Put the model's files into a folder."""
    if source.is_dir():
        if sha256 is not None:
            raise ModelError("A sha256 is that of a ZIP file, and a folder was given.")
        # names of folders say what a model is of: they stay
        names = [source.name] if not (source / MANIFEST).is_file() else []
        if (source / "plans.json").is_file():
            names = [source.resolve().parent.name, source.name]
        _copy(source, into.joinpath(*names))
        return
    if not source.is_file():
        raise ModelError(
            f"There is no '{source}'. Give the folder, ZIP file or address of a model."
        )
    if sha256 is not None and file_sha256(source) != sha256.lower():
        raise ModelError(
            f"'{source.name}' has another sha256 than it should have. It is damaged or was "
            "changed; it is not used. Download it again."
        )
    unpack(source, into)


def _copy(source: Path, into: Path) -> None:
    """Copy the files that a model needs; links are not followed."""
    files = [p for p in source.rglob("*") if p.is_file() and not p.is_symlink()]
    files = [p for p in files if is_taken(p.relative_to(source))]
    if len(files) > _MOST_FILES:
        raise ModelError(f"'{source.name}' holds {len(files)} files. Give the folder of one model.")
    into.mkdir(parents=True, exist_ok=True)
    size, free = sum(p.stat().st_size for p in files), shutil.disk_usage(into).free
    if size > free:
        raise ModelError(f"The model needs {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.")
    for path in files:
        target = into / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _verified(folder: Path, choice: ModelChoice, say: Say | None) -> Model:
    """The model of a folder, each of its networks having been loaded once."""
    model = open_folder(folder, choice)
    networks = networks_of(model)
    for n, network in enumerate(networks):
        if say:
            say("check", n / len(networks))
        network.load()
    return model


def networks_of(model: Model) -> list[Any]:
    """Every network of a model."""
    if isinstance(model, ForeignModel):
        return list(model.networks)
    return [model.network(stage) for stage in model.stages]


def _swap_in(partial: Path, target: Path, *, overwrite: bool) -> None:
    """Give the new folder its name; an older one goes only once the new one is there."""
    if not target.exists():
        partial.rename(target)
        return
    if not overwrite:
        raise ModelError(
            f"There is a model '{target.name}' already. Give another name, or replace it.",
            remedy="overwrite",
        )
    aside = target.with_name(f".old-{secrets.token_hex(4)}")
    target.rename(aside)
    try:
        partial.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def verify(name: str) -> Model:
    """A model of the store, its files being those that were imported.

    Raises
    ------
    ModelError
        If they are not, or cannot be read.
    """
    entry = entry_of(name)
    model = _verified(entry.files, entry.choice, None)
    if model.sha256 != entry.sha256:
        raise ModelError(
            f"The files of '{name}' are not those that were imported (sha256 "
            f"{model.sha256[:12]}..., expected {entry.sha256[:12]}...). Import it again."
        )
    return model


def remove(name: str) -> int:
    """Delete a model of the store; returns the bytes that are free now.

    Raises
    ------
    ModelError
        If there is none, or it cannot be deleted.
    """
    entry = entry_of(name)
    size = entry.size_bytes
    aside = entry.folder.with_name(f".old-{secrets.token_hex(4)}")
    try:
        entry.folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise ModelError(f"'{name}' could not be deleted ({error.strerror or error}).") from error
    return size


def described(model: Model, entry: Entry | None = None) -> str:
    """What is known of a model, for people."""
    if isinstance(model, ModelPackage):
        text = f"{model.title}\n{model.name} {model.version}\nLicense: {model.license}"
    else:
        text = model.card
    if entry is not None:
        text += f"\nFrom: {entry.origin}, imported {entry.imported}"
        text += f"\nFiles: {entry.size_bytes / 1e6:.0f} MB in {entry.folder}"
    return f"{text}\nsha256: {model.sha256}"
