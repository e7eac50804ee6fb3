import json
import zipfile
from pathlib import Path

import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.environment.user_folder import VARIABLE
from KidneySegLib.models import store
from KidneySegLib.models.class_roles import ClassRole
from KidneySegLib.models.foreign import ModelChoice
from KidneySegLib.models.manifest import file_sha256
from KidneySegLib.models.opening import open_model
from KidneySegLib.models.registry import model_folders
from KidneySegLib.models.store import entries, import_model, remove, store_folder, verify


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path):
    return made.write_nnunet(tmp_path / "files")


def left_behind():
    return [p.name for p in store_folder().glob(".*")]


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as stored:
        for file in folder.rglob("*"):
            stored.write(file, file.relative_to(folder.parent))
    return path


def test_an_imported_model_is_known_by_its_name(folder):
    (folder / "picture.png").write_bytes(b"")
    said = []
    entry = import_model(str(folder), name="mine", say=lambda *event: said.append(event))
    assert entries()["mine"] == entry
    assert model_folders()["mine"] == entry.files
    assert open_model("mine").name == "mine"
    assert open_model("mine").sha256 == entry.sha256 == open_model(folder).sha256
    assert verify("mine").sha256 == entry.sha256
    assert not list(entry.files.rglob("*.png"))
    assert str(folder) not in (entry.folder / store.ENTRY).read_text()
    assert said
    assert left_behind() == []
    assert remove("mine") > 0
    assert entries() == {}
    with pytest.raises(ModelError, match="no imported model 'mine'. Imported: none"):
        remove("mine")


def test_what_was_chosen_stays_with_the_model(tmp_path):
    labels = {"background": 0, "k": 1, "t": 2, "c": 3}
    folder = made.write_nnunet(tmp_path, dataset=made.dataset_of(labels=labels))
    choice = ModelChoice(roles={"k": ClassRole.KIDNEY, "t": ClassRole.TUMOR}, axes="RAS")
    import_model(str(folder), name="mine", choice=choice)
    model = open_model("mine", ModelChoice(roles={"t": ClassRole.CYST}))
    assert [c.role.value for c in model.classes.outputs[1:]] == ["kidney", "cyst", "other"]
    assert model.spec.input.axes == "RAS"


def test_a_zip_file_with_its_sha256(tmp_path, folder):
    archive = zipped(folder, tmp_path / "own.zip")
    with pytest.raises(ModelError, match="another sha256"):
        import_model(str(archive), sha256="0" * 64)
    entry = import_model(str(archive), sha256=file_sha256(archive).upper(), name="own")
    assert entry.origin == "own.zip"
    with pytest.raises(ModelError, match="that of a ZIP file"):
        import_model(str(folder), sha256="0" * 64)


def test_a_model_is_replaced_only_when_it_is_asked_for_and_good(tmp_path, folder):
    first = import_model(str(folder), name="mine")
    other = made.write_nnunet(tmp_path / "other", folds=("1",))
    with pytest.raises(ModelError, match="a model 'mine' already"):
        import_model(str(other), name="mine")
    (other / "fold_1" / "checkpoint_final.pth").write_bytes(b"broken")
    with pytest.raises(ModelError, match="damaged"):
        import_model(str(other), name="mine", overwrite=True)
    assert verify("mine").sha256 == first.sha256
    good = made.write_nnunet(tmp_path / "good", folds=("1", "2"))
    second = import_model(str(good), name="mine", overwrite=True)
    assert second.sha256 != first.sha256
    assert left_behind() == []


def test_files_that_were_changed_are_found(folder):
    entry = import_model(str(folder), name="mine")
    (plans,) = entry.files.rglob("plans.json")
    plans.write_text(json.dumps(json.loads(plans.read_text()) | {"more": 1}))
    with pytest.raises(ModelError, match="not those that were imported"):
        verify("mine")


def test_weights_of_another_network_are_not_imported(tmp_path):
    state = made.random_state(made.configuration(), heads=3)
    with pytest.raises(ModelError, match="of another network"):
        import_model(str(made.write_nnunet(tmp_path, state=state)))
    assert entries() == {}
    assert left_behind() == []


def test_names_without_one_and_names_that_are_taken(tmp_path, folder):
    assert import_model(str(folder)).name == folder.name
    assert import_model(str(folder)).name == f"{folder.name}-2"
    with pytest.raises(ModelError, match="came with KidneySeg is called 'kidneyseg-ct'"):
        import_model(str(folder), name="kidneyseg-ct")


def test_a_models_own_name_says_how_its_images_lie_not_the_users(tmp_path):
    folder = made.write_nnunet(tmp_path, made.plans_of(dataset_name="Dataset220_KiTS2023"))
    import_model(str(folder), name="other")
    assert open_model("other").spec.input.axes == "LPI"
    import_model(str(made.write_nnunet(tmp_path / "b")), name="vs-kits")
    assert open_model("vs-kits").spec.input.axes == "SAR"


def test_a_fetched_file_that_is_no_good_is_fetched_anew(monkeypatch, tmp_path):
    def fake(address, home, say):
        (home / "page.zip").write_text("<html>")
        return home / "page.zip"

    monkeypatch.setattr(store, "download", fake)
    with pytest.raises(ModelError, match="no ZIP file"):
        import_model("https://example.com/model.zip")
    assert not list(store_folder().glob("*.zip"))


@pytest.mark.parametrize("name", ["..", "/", "   "])
def test_names_that_are_none(folder, name):
    with pytest.raises(ModelError, match="cannot be the name"):
        import_model(str(folder), name=name)


def test_a_place_that_cannot_be_written(folder, home):
    home.write_text("a file")
    with pytest.raises(ModelError, match="could not be stored"):
        import_model(str(folder))


def test_entries_that_are_damaged_are_passed_over(folder):
    entry = import_model(str(folder), name="mine")
    (entry.folder / store.ENTRY).write_text("{")
    assert entries() == {}


def test_our_own_package_too(shipped):
    entry = import_model(str(shipped.folder), name="copy")
    assert entry.sha256 == shipped.sha256
    assert verify("copy").name == shipped.name
    assert "License" in store.described(shipped, entry)
