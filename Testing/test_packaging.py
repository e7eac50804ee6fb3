import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project():
    tomllib = pytest.importorskip("tomllib", reason="tomllib comes with Python 3.11")
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_on_disk_is_listed(project):
    found = {
        ".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("KidneySegLib/**/__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == found | {"KidneySegLib.Resources"}


def test_every_resource_is_shipped(project):
    data = project["tool"]["setuptools"]["package-data"]
    shipped = {p for g in data["KidneySegLib.Resources"] for p in (ROOT / "Resources").glob(g)}
    needed = {p for p in (ROOT / "Resources" / "Models").rglob("*") if p.is_file()}
    assert needed <= shipped
    library = ROOT / "KidneySegLib"
    others = {p for p in library.rglob("*") if p.is_file() and p.suffix in (".json", ".txt")}
    listed = {
        path
        for package, globs in data.items()
        for glob in globs
        if package != "KidneySegLib.Resources"
        for path in ROOT.joinpath(*package.split(".")).glob(glob)
    }
    assert listed == others - {library / "CMakeLists.txt"}


def test_no_file_is_larger_than_twenty_megabytes():
    files = [p for p in (ROOT / "Resources").rglob("*") if p.is_file()]
    assert files
    assert max(p.stat().st_size for p in files) < 20 * 2**20


@pytest.mark.slow
def test_wheel_holds_library_model_and_demo(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(tmp_path), str(ROOT)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in ROOT.glob("KidneySegLib/**/*.py"):
        assert path.relative_to(ROOT).as_posix() in names
    for path in (ROOT / "Resources" / "Models").glob("*/*"):
        assert f"KidneySegLib/{path.relative_to(ROOT).as_posix()}" in names
    assert "KidneySegLib/Resources/Demo/demo_ct.nii.gz" in names
    assert "KidneySegLib/models/model.schema.json" in names
