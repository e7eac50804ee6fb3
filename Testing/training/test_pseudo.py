"""Self-training: what runs must agree on, and what is then trained on."""

import dataclasses
import shutil

import numpy as np
import pytest
import SimpleITK as sitk
from clean_tissues import clean
from phantom import grid, make_phantom

from KidneySegLib.app.cli import main
from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.schemes import UNSURE
from KidneySegLib.io.images import read_labels
from KidneySegLib.io.itk import sitk_from_volume
from KidneySegLib.measure.measurements import measure
from KidneySegLib.training import pseudo
from KidneySegLib.training.recipe import load_recipe


@pytest.fixture
def data(tmp_path):
    """A phantom CT without labels, and its true tissues."""
    phantom = make_phantom(grid((4.0, 3.0, 3.0)), lesions=False)
    (tmp_path / "ct_unlabeled").mkdir()
    path = tmp_path / "ct_unlabeled" / "lits_0001_ct.nii.gz"
    sitk.WriteImage(sitk_from_volume(phantom.ct), str(path))
    return tmp_path, phantom


def runs_of(tissues, monkeypatch):
    """Make `segment` return these tissues, one a call: the network is not what is tested."""
    left = list(tissues)

    def run(task, volume, segmenter):
        labels = clean(left.pop(0), volume.geometry, midline_r_mm=0.0).labels
        labels = volume.with_array(labels)
        return type("Run", (), {"labels": labels, "measurements": measure(labels, volume)})

    monkeypatch.setattr(pseudo, "open_segmenter", lambda package, engine: None)
    monkeypatch.setattr(pseudo, "run", run)


def test_only_what_all_runs_call_kidney_is_kidney():
    kidney, cyst = int(Tissue.KIDNEY), int(Tissue.CYST)
    runs = [np.array([[[0, kidney, kidney, cyst, 0]]]), np.array([[[0, kidney, 0, cyst, cyst]]])]
    labels = pseudo.agreed_labels([r.astype(np.uint8) for r in runs])
    assert labels.ravel().tolist() == [0, 1, UNSURE, UNSURE, UNSURE]


def test_runs_that_agree_give_a_case_to_train_on(data, tmp_path, monkeypatch):
    folder, phantom = data
    other = phantom.tissue.copy()
    edge = np.argwhere(other == Tissue.KIDNEY)[:50]
    other[tuple(edge.T)] = 0
    runs_of([phantom.tissue, other, phantom.tissue], monkeypatch)
    out = tmp_path / "training"
    assert pseudo.label_folder(folder, out, None, None) == ["lits_0001_ct.nii.gz"]
    labels = read_labels(out / pseudo.FOLDER / "lits_0001_labels.nii.gz").array
    assert (labels[tuple(edge.T)] == UNSURE).all()
    assert (labels == 1).sum() == (phantom.tissue == Tissue.KIDNEY).sum() - 50
    assert pseudo.label_folder(folder, out, None, None) == []

    recipe = dataclasses.replace(load_recipe("fine"), spacing_mm=6.0)
    (case,) = pseudo.pack_pseudo(folder, recipe, out, out / "packed.npz")
    assert case.name == "lits_0001"
    assert {0, int(Tissue.KIDNEY)} <= set(np.unique(case.label).tolist())
    (again,) = pseudo.pack_pseudo(folder, recipe, out, out / "packed.npz")
    np.testing.assert_array_equal(again.label, case.label)


@pytest.mark.parametrize("fault", ["one kidney", "runs differ", "too small"])
def test_runs_that_differ_or_find_implausible_kidneys_are_refused(
    data, tmp_path, monkeypatch, fault
):
    folder, phantom = data
    tissues = [phantom.tissue.copy() for _ in pseudo.RUNS]
    right = (
        clean(phantom.tissue, phantom.ct.geometry, midline_r_mm=0.0).labels == Label.RIGHT_KIDNEY
    )
    middle = phantom.tissue.shape[0] // 2
    if fault == "one kidney":
        for tissue in tissues:
            tissue[right] = 0
    elif fault == "runs differ":
        tissues[0][:middle] = 0
    else:
        for tissue in tissues:
            tissue[:, :, :][right & (np.arange(len(tissue)) > middle)[:, None, None]] = 0
            tissue[right & (np.arange(len(tissue)) < middle - 2)[:, None, None]] = 0
    runs_of(tissues, monkeypatch)
    assert pseudo.label_folder(folder, tmp_path / "training", None, None) == []
    assert not (tmp_path / "training").exists()


def test_a_ct_that_cannot_be_used_does_not_stop_the_others(data, tmp_path, monkeypatch):
    folder, phantom = data
    (folder / "ct_unlabeled" / "a_broken_ct.nii.gz").write_bytes(b"no image")
    runs_of([phantom.tissue] * 3, monkeypatch)
    out = tmp_path / "training"
    assert pseudo.label_folder(folder, out, None, None) == ["lits_0001_ct.nii.gz"]


def test_cases_labeled_later_are_packed_and_kept_out_ones_are_not(data, tmp_path, monkeypatch):
    folder, phantom = data
    out, recipe = tmp_path / "training", dataclasses.replace(load_recipe("fine"), spacing_mm=6.0)
    runs_of([phantom.tissue] * 9, monkeypatch)
    pseudo.label_folder(folder, out, None, None)
    assert len(pseudo.pack_pseudo(folder, recipe, out, out / "packed.npz")) == 1
    first = folder / "ct_unlabeled" / "lits_0001_ct.nii.gz"
    shutil.copy(first, folder / "ct_unlabeled" / "btcv_0010_ct.nii.gz")
    shutil.copy(first, folder / "ct_unlabeled" / "lits_0002_ct.nii.gz")
    pseudo.label_folder(folder, out, None, None)
    cases = pseudo.pack_pseudo(folder, recipe, out, out / "packed.npz")
    assert [c.name for c in cases] == ["lits_0001", "lits_0002"]


def test_without_pseudo_labels_nothing_is_packed(data, tmp_path):
    folder, _ = data
    assert pseudo.pack_pseudo(folder, load_recipe("fine"), tmp_path, tmp_path / "packed.npz") == []


def test_the_command_names_what_it_expects(tmp_path, capsys):
    assert main(["pseudo-label", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "ct_unlabeled" in capsys.readouterr().err
