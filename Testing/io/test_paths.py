import os

import numpy as np
import pytest
import SimpleITK as sitk

from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.images import read_volume
from KidneySegLib.io.paths import can_be_opened_by_itk, file_name, safe_files, safe_folder, shown
from KidneySegLib.io.segmentations import write_label_map, write_segmentation

LATIN = os.fsdecode(b"M\xfcller")


def test_undecodable_names_can_be_shown_and_written():
    assert shown(LATIN) == "M\N{REPLACEMENT CHARACTER}ller"
    assert file_name(LATIN) == "M_ller"
    assert file_name('a:b/c*"d" .') == "a_b_c__d_"
    assert file_name("...") == "_"
    assert shown("Größe 日本") == "Größe 日本"


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("in_folder", [True, False])
def test_every_format_is_read_from_an_undecodable_path(tmp_path, suffix, in_folder):
    image = sitk.GetImageFromArray(np.arange(120, dtype=np.int16).reshape(4, 5, 6))
    sitk.WriteImage(image, str(tmp_path / f"a{suffix}"))
    folder = tmp_path / LATIN if in_folder else tmp_path
    folder.mkdir(exist_ok=True)
    path = folder / (f"a{suffix}" if in_folder else f"{LATIN}{suffix}")
    (tmp_path / f"a{suffix}").rename(path)
    assert read_volume(path).array[3, 4, 5] == 119


def test_results_are_written_into_an_undecodable_folder(tmp_path):
    folder = tmp_path / LATIN
    folder.mkdir()
    array = np.ones((4, 5, 6), np.uint8)
    labels = Volume(array, Geometry(array.shape, np.eye(4)))
    write_label_map(labels, folder / "l.nii.gz")
    write_segmentation(labels, folder / "s.seg.nrrd")
    assert sorted(os.listdir(folder)) == ["l.nii.gz", "s.seg.nrrd"]


def test_links_are_made_only_where_they_are_needed_and_go_again(tmp_path):
    plain = tmp_path / "a"
    plain.write_text("x")
    odd = tmp_path / LATIN
    odd.write_text("y")
    with safe_files([plain]) as same:
        assert same == [plain]
    with safe_files([plain, odd]) as links:
        assert [p.read_text() for p in links] == ["x", "y"]
        assert all(map(can_be_opened_by_itk, links))
    assert not any(p.exists() for p in links)
    with safe_folder(tmp_path) as same:
        assert same == tmp_path
