"""Shared fixtures: a phantom CT, an engine that needs no network, the shared data."""

from __future__ import annotations

import atexit
import dataclasses
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))
# Imported models and what was measured of this computer stay out of the tests.
os.environ["KIDNEYSEG_HOME"] = tempfile.mkdtemp(prefix="kidneyseg-tests-")
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from phantom import ThresholdEngine, make_phantom

atexit.register(shutil.rmtree, os.environ["KIDNEYSEG_HOME"], ignore_errors=True)
DATA_VARIABLE = "KIDNEYSEG_TEST_DATA"
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get(DATA_VARIABLE, ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"shared test data not found at {folder} (set ${DATA_VARIABLE})")
    return folder


@pytest.fixture(scope="session")
def phantom():
    return make_phantom()


@pytest.fixture
def no_pictures(monkeypatch):
    """Results without their overview, which takes half of a run's time."""
    monkeypatch.setattr(
        "KidneySegLib.report.case_folder.write_overview",
        lambda *args: Path(args[-1]).write_bytes(b""),
    )


@pytest.fixture
def engine():
    return ThresholdEngine()


@pytest.fixture(scope="session")
def shipped():
    """The model that ships."""
    from KidneySegLib.models.registry import find_model

    return find_model()


@pytest.fixture(scope="session")
def package(shipped):
    """The same without its axial networks: the second look has tests of its own, and takes time."""
    from KidneySegLib.models.manifest import AXIAL_STAGES

    stages = {name: spec for name, spec in shipped.stages.items() if name not in AXIAL_STAGES}
    return dataclasses.replace(shipped, stages=stages)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def scene(tmp_path):
    """A fresh real MRML scene as ``slicer.mrmlScene``."""
    from scene import RealScene

    real = RealScene(tmp_path)
    yield real.scene
    real.close()
