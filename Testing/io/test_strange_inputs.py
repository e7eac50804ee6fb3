"""Hostile but valid inputs, by the thousand: never silent, never a traceback, never an abort."""

import json
from collections import Counter

import dicom_files
import numpy as np
import pytest
from phantom import CYST_HU, KIDNEY_HU, TUMOR_HU, grid, make_phantom
from strange_inputs import strange_inputs

from KidneySegLib.app import cli
from KidneySegLib.core.anatomy import Tissue
from KidneySegLib.core.errors import KidneySegError
from KidneySegLib.core.findings import Severity
from KidneySegLib.core.volume import Volume
from KidneySegLib.io.images import read_labels, read_volume
from KidneySegLib.io.inputs import look_into
from KidneySegLib.kidney_ct.midline import find_midline
from KidneySegLib.kidney_ct.preflight import check_input
from KidneySegLib.kidney_ct.sides import assign_sides
from KidneySegLib.measure.measurements import measure


@pytest.fixture(scope="module")
def ct():
    """A coarse phantom in whole HU; right and left differ, and so do its ends."""
    phantom = make_phantom(grid((5.0, 3.0, 3.0)))
    array = phantom.ct.array.copy()
    array[:12][(array[:12] > -300) & (array[:12] < 20)] += 60  # the pelvis is no thorax
    return Volume(np.rint(array).astype(np.int16), phantom.ct.geometry)


def read(path):
    """A file or a folder, as the command line reads it."""
    if not path.is_dir():
        return read_volume(path)
    contents = look_into(path)
    if contents.is_batch:
        raise KidneySegError(f"a batch of {len(contents.inputs)}")
    return contents.read(path)


def by_threshold(volume):
    """Volumes in mL by side and kind, of a segmenter that looks at densities alone."""
    canonical = volume.canonical()
    tissue = np.zeros(canonical.array.shape, np.uint8)
    for number, hu in (
        (Tissue.KIDNEY, KIDNEY_HU),
        (Tissue.TUMOR, TUMOR_HU),
        (Tissue.CYST, CYST_HU),
    ):
        tissue[np.abs(canonical.array - hu) < 18] = number
    middle = find_midline(canonical, (-np.inf, np.inf)).r_mm
    labels, _ = assign_sides(tissue, canonical.geometry, midline_r_mm=middle)
    found = measure(canonical.with_array(labels))
    return {
        f"{s.side} {kind}": getattr(s, f"{kind}_ml")
        for s in found.sides
        for kind in ("parenchyma", "tumor", "cyst")
    }


def outcome_of(strange, segment):
    """What a case ends in: ``plain``, ``told``, ``refused``, or ``silent``."""
    try:
        found, codes = segment(strange.path)
    except KidneySegError as error:
        return "silent: a name is in the message" if "Leak" in str(error) else "refused"
    if codes & strange.codes:
        return "told"
    return "plain" if found is None else found


def through_reading(plain):
    """Read, check and threshold a case; None in the place of volumes that are the plain ones."""

    def segment(path):
        volume = read(path)
        findings = [*volume.findings, *check_input(volume)]
        errors = [f.message for f in findings if f.severity is Severity.ERROR]
        if errors:
            raise KidneySegError(errors[0])
        return differs(by_threshold(volume), plain), {f.code for f in findings}

    return segment


def differs(found, plain):
    """None where volumes are within 1 % of the plain input's (or 0.1 mL); else what differs."""
    for name in sorted({*found, *plain}):
        got, real = found.get(name, 0.0), plain.get(name, 0.0)
        if abs(got - real) > max(0.01 * real, 0.1):
            return f"silent: {name} {got:.1f} mL, plain {real:.1f}"
    return None


def run_through(ct, home, count, *, seed):
    plain = by_threshold(ct)
    assert min(plain["right parenchyma"], plain["left tumor"], plain["right cyst"]) > 1
    counts, silent = Counter(), []
    for strange in strange_inputs(ct, home, count, seed=seed):
        outcome = outcome_of(strange, through_reading(plain))
        counts[outcome.split(":")[0]] += 1
        if outcome.startswith("silent"):
            silent.append(f"{strange.path.parent.name} {strange.defects}: {outcome}")
    print(dict(counts))
    assert not silent, "\n".join(silent[:20])
    assert counts["plain"] > 0.2 * count, "most defects of a format change nothing"
    assert counts["told"] > 0.1 * count
    return counts


def test_fifty_strange_inputs_are_never_read_in_silence(ct, tmp_path):
    run_through(ct, tmp_path, 50, seed=1)


@pytest.mark.slow
def test_two_thousand_strange_inputs_are_never_read_in_silence(ct, tmp_path):
    run_through(ct, tmp_path, 2000, seed=0)


@pytest.mark.slow
def test_sixty_strange_inputs_through_the_whole_command(tmp_path):
    from KidneySegLib.app.demo import demo_files

    demo = read_volume(demo_files()[0])
    demo = Volume(demo.array.astype(np.int16), demo.geometry)

    def segment(path, target=tmp_path / "out"):
        code = cli.main(
            ["segment", str(path), "-o", str(target), "--quality", "fast", "--overwrite"]
        )
        if code == 2:
            raise KidneySegError("refused by the command line with exit code 2")
        assert code == 0
        data = json.loads((target / "measurements.json").read_text(encoding="utf-8"))
        volumes = {
            f"{s['side']} {kind}": s[f"{kind}_ml"]
            for s in data["measurements"]["sides"]
            for kind in ("parenchyma", "tumor", "cyst")
        }
        labels = read_labels(target / "labels.nii.gz")
        if path.is_file() and path.name.endswith((".nii", ".nii.gz")):
            assert labels.geometry.matches(read_volume(path).geometry)
        return volumes, {f["code"] for f in data["findings"]}

    plain, _ = segment(dicom_files.save(dicom_files.series(demo), tmp_path / "plain"))
    silent = []
    for strange in strange_inputs(demo, tmp_path / "cases", 60, seed=5):

        def compared(path):
            volumes, codes = segment(path)
            return differs(volumes, plain), codes

        outcome = outcome_of(strange, compared)
        if outcome.startswith("silent"):
            silent.append(f"{strange.defects}: {outcome}")
    assert not silent, "\n".join(silent)
