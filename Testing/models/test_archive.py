"""Model packages from ZIP files."""

import shutil
import zipfile

import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models import archive
from KidneySegLib.models.archive import unpack_model
from KidneySegLib.models.manifest import OWN_WEIGHTS, load_package


@pytest.fixture
def zipped(package, tmp_path):
    """The shipped package in a folder of an archive, with something else beside it."""
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as stored:
        for file in package.folder.iterdir():
            stored.write(file, f"mine/{file.name}")
        stored.writestr("../outside.txt", "must not be written")
        stored.writestr("notes.txt", "ignored")
    return path


def test_a_package_is_unpacked_once_under_its_own_name(zipped, package, tmp_path):
    into = tmp_path / "models"
    folder = unpack_model(zipped, into)
    assert folder.name == f"{package.name}-{package.sha256[:12]}"
    assert load_package(folder).sha256 == package.sha256
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        ["LICENSE", "MODEL_CARD.md", "model.json", "weights.safetensors", *OWN_WEIGHTS.values()]
    )
    written = (folder / "model.json").stat().st_mtime_ns
    assert unpack_model(zipped, into) == folder
    assert (folder / "model.json").stat().st_mtime_ns == written
    assert [p.name for p in into.iterdir()] == [folder.name]
    assert not (tmp_path / "outside.txt").exists()


def test_another_program_that_unpacks_the_same_is_no_error(zipped, package, tmp_path, monkeypatch):
    into = tmp_path / "models"
    target = into / f"{package.name}-{package.sha256[:12]}"
    load = archive.load_package

    def overtaken(folder):
        found = load(folder)
        if not target.exists():
            monkeypatch.setattr(archive.Path, "exists", lambda self: False)
            shutil.copytree(package.folder, target)
        return found

    monkeypatch.setattr(archive, "load_package", overtaken)
    assert unpack_model(zipped, into) == target


def test_files_that_are_no_package_are_refused_and_leave_nothing(zipped, tmp_path):
    into = tmp_path / "models"
    text = tmp_path / "text.zip"
    text.write_text("no archive")
    with pytest.raises(ModelError, match="not a ZIP archive"):
        unpack_model(text, into)
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as stored:
        stored.writestr("model.json", "{}")
    with pytest.raises(ModelError, match=r"has no weights\.safetensors"):
        unpack_model(empty, into)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(zipped.read_bytes()[:-2000])
    with pytest.raises(ModelError, match="not a ZIP archive"):
        unpack_model(cut, into)
    assert list(into.iterdir()) == []


def test_a_place_that_is_a_file_is_named(zipped, tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ModelError, match="could not be unpacked"):
        unpack_model(zipped, tmp_path / "home" / "models")


def test_an_archive_without_a_file_that_its_manifest_names_is_refused(package, tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as stored:
        for file in package.folder.iterdir():
            if file.name != "axial.safetensors":
                stored.write(file, file.name)
    with pytest.raises(ModelError, match=r"'model.zip' has no axial.safetensors"):
        unpack_model(path, tmp_path / "models")
    assert not list((tmp_path / "models").iterdir())
