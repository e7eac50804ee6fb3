import pytest
from model_folders import edit

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.manifest import MANIFEST, OWN_WEIGHTS, WEIGHTS, file_sha256, load_package
from KidneySegLib.models.weights import load_network


def test_shipped_model_loads_and_is_small(shipped):
    assert shipped.stages["fine"].classes == ("background", "kidney", "tumor", "cyst")
    for stage in shipped.stages:
        load_network(shipped, stage)
    sizes = {file.name: file.stat().st_size for file in shipped.folder.glob("*.safetensors")}
    assert sizes["weights.safetensors"] <= 16_000_000  # locator and fine network
    assert sum(sizes.values()) <= 29_000_000


def test_shipped_model_has_license_and_card(package):
    assert "NonCommercial" in (package.folder / "LICENSE").read_text()
    card = package.card.read_text()
    for file in package.folder.glob("*.safetensors"):
        assert file_sha256(file) in card


def test_tampered_weights_are_refused(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-5] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    with pytest.raises(ModelError, match="damaged or was changed"):
        load_package(folder)


@pytest.mark.parametrize(
    "name", [MANIFEST, WEIGHTS, *OWN_WEIGHTS.values(), "LICENSE", "MODEL_CARD.md"]
)
def test_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}"):
        load_package(folder)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.update(format=2), "format"),
        (lambda d: d.pop("license"), "license"),
        (lambda d: d["stages"]["fine"].update(spacing_mm=-1), "spacing_mm"),
        (lambda d: d["stages"]["fine"].update(patch=[64, 64]), "patch"),
        (
            lambda d: d["stages"]["fine"].update(classes=["background", "kidney", "cyst", "tumor"]),
            "classes",
        ),
        (lambda d: d["weights"].update(file="../../x"), "file"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d["stages"]["fine"]["options"].pop("filters"), "filters"),
        (lambda d: d["stages"]["locator"].update(window_hu=[275, -125]), "275 to -125 HU"),
        (lambda d: d["stages"]["fine"].update(weights=d["weights"]), r"stages/fine\)"),
        (lambda d: d["stages"]["axial"].pop("weights"), "weights"),
        (lambda d: d["stages"]["axial"]["weights"].update(file=WEIGHTS), "file"),
        (lambda d: d["stages"]["axial"].update(spacing_mm=1.5), "no whole fraction"),
        (lambda d: d["stages"]["axial_second"].update(spacing_mm=1.5), "no whole fraction"),
        (lambda d: d["limits"]["bone"].pop("rim_hu"), "rim_hu"),
        (lambda d: d["limits"]["bone"].pop("source"), "source"),
        (lambda d: d["limits"]["bone"].update(treshold=1), "treshold"),
        (lambda d: d["limits"].update(foreign_mass={"source": "x"}), "foreign_mass"),
        (lambda d: d["stages"].pop("axial"), "'axial' is a dependency of 'axial_second'"),
    ],
)
def test_manifests_that_break_the_schema(folder, change, match):
    edit(folder, change)
    with pytest.raises(ModelError, match=match):
        load_package(folder)


def test_manifest_that_is_no_json(folder):
    (folder / MANIFEST).write_text("{")
    with pytest.raises(ModelError, match="not valid JSON"):
        load_package(folder)
