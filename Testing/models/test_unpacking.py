import stat
import zipfile
from collections import namedtuple

import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.environment.user_folder import VARIABLE
from KidneySegLib.models import unpacking
from KidneySegLib.models.opening import open_model
from KidneySegLib.models.unpacking import UNPACKED, unpacked_model


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_model_in_a_zip_file_is_unpacked_once(tmp_path, home):
    folder = made.write_nnunet(tmp_path)
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as stored:
        for path in folder.rglob("*"):
            stored.write(path, path.relative_to(tmp_path))
        stored.writestr("Dataset007_Made/progress.png", b"a picture that nobody needs")
    model = open_model(archive)
    assert model.name == "Dataset007_Made"
    assert open_model(archive).sha256 == model.sha256
    assert len(list((home / UNPACKED).iterdir())) == 1
    assert not list(home.rglob("*.png"))


@pytest.mark.parametrize(
    "name", ["../plans.json", "/tmp/plans.json", "a/../../plans.json", "C:/x.json"]
)
def test_places_outside_are_refused(tmp_path, home, name):
    with pytest.raises(ModelError, match="a place outside of itself"):
        unpacked_model(zipped(tmp_path / "evil.zip", {name: "{}"}))
    assert not list(home.rglob("*.json"))


def test_links_are_refused(tmp_path):
    entry = zipfile.ZipInfo("plans.json")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ModelError, match="names a link"):
        unpacked_model(zipped(tmp_path / "evil.zip", {entry: "/etc/passwd"}))


def test_bombs_are_refused(tmp_path, home):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stored:
        stored.writestr("model.pt", bytes(100 * 2**20))
    with pytest.raises(ModelError, match="would unpack from 0.1 MB to 0.1 GB"):
        unpacked_model(path)
    assert not home.exists() or not list(home.rglob("model.pt"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"inner.zip": b"PK"}, r"another archive \('inner.zip'\): unpack it first"),
        ({"a.png": b""}, "no model's files"),
        ({f"{n}.json": b"" for n in range(11_000)}, "11000 files"),
    ],
)
def test_archives_of_something_else(tmp_path, files, words):
    with pytest.raises(ModelError, match=words):
        unpacked_model(zipped(tmp_path / "other.zip", files))


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all"])
def test_files_that_are_no_archive(tmp_path, content):
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(ModelError, match="no ZIP file that can be read"):
        unpacked_model(tmp_path / "model.zip")


def test_a_full_disk_and_a_folder_that_is_none(tmp_path, home, monkeypatch):
    archive = zipped(tmp_path / "model.zip", {"model.pt": b"x" * 1000})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda path: usage(1, 1, 10))
    with pytest.raises(ModelError, match=r"Make room there"):
        unpacked_model(archive)
    monkeypatch.undo()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="could not be unpacked"):
        unpacked_model(archive)
