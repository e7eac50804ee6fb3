"""Random walks of a user: numbers on the panel belong to what is named, or are marked."""

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")
pytest.importorskip("PySide6", reason="PySide6 is not installed")

from walks import Walk  # noqa: E402

STEPS = 40
QUICK, ALL = 2, 60


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, package):
    """A CT of 3 mm voxels, and what is found in it: the walks are about state, not about size."""
    from phantom import ThresholdEngine, ellipsoid, grid, make_phantom, segment, sphere_ml

    from KidneySegLib.kidney_ct.measured import of_result
    from KidneySegLib.kidney_ct.removals import Removal
    from KidneySegLib.result import write_json

    phantom = make_phantom(grid((4.0, 4.0, 4.0)))
    ct = phantom.ct.with_array(phantom.ct.array.astype(np.int16))
    found = segment(ct, package, ThresholdEngine())
    folder = tmp_path_factory.mktemp("recorded")
    found.save(folder)
    place = (60.0, 25.0, 0.0)
    ball = ellipsoid(ct.geometry, place, 9)
    np.save(folder / "rejected.npy", ball.astype(np.uint16))
    data = json.loads((folder / "result.json").read_text())
    far = Removal(1, "t0a1b2", "far-from-kidney", "tumor", "far", sphere_ml(9), place)
    data["removed_components"] = [far.as_dict()]
    write_json(data, folder / "result.json")
    of_result(found.labels, ct, found.measurements, found.findings).save(folder)
    return ct, folder


def walk(panel, recorded, tmp_path, seed):
    user = Walk(panel, recorded[1], recorded[0], tmp_path, seed=seed, real=seed % 10 == 9)
    try:
        for _ in range(STEPS):
            user.step()
    except BaseException:
        print(f"seed {seed}: {user.done}")
        raise
    finally:
        user.end()


@pytest.mark.parametrize("seed", range(QUICK))
def test_a_random_walk(widget, recorded, tmp_path, seed):
    walk(widget, recorded, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK, ALL))
def test_every_other_random_walk(widget, recorded, tmp_path, seed):
    walk(widget, recorded, tmp_path, seed)
