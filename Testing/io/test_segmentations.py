import os
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from KidneySegLib.core.errors import OutputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io import atomic
from KidneySegLib.io.atomic import atomic_folder
from KidneySegLib.io.images import read_labels
from KidneySegLib.io.segmentations import write_label_map, write_segmentation


@pytest.fixture
def labels():
    array = np.zeros((6, 7, 8), np.uint8)
    array[1:4, 2:5, 1:3] = 1
    array[1:4, 2:5, 5:7] = 2
    array[2, 3, 2] = 3
    matrix = np.diag([0.8, 0.9, -2.5, 1.0])
    matrix[:3, 3] = (10, -20, 30)
    return Volume(array, Geometry(array.shape, matrix))


def test_too_little_space_is_found_before_writing(tmp_path, labels, monkeypatch):
    usage = atomic.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(atomic.shutil, "disk_usage", lambda p: usage._replace(free=1000))
    with (
        pytest.raises(OutputError, match="disk is full"),
        atomic_folder(tmp_path / "out", ("a.txt",)) as partial,
    ):
        write_label_map(labels, partial / "labels.nii.gz")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
@pytest.mark.parametrize("name", ["labels.nii.gz", "s.seg.nrrd"])
def test_disk_that_fills_while_writing(tmp_path, name):
    """A limit on the file size stands for a disk that fills up in the middle of a file."""
    code = f"""
import resource, signal, sys
import numpy as np
from pathlib import Path
from KidneySegLib.core.errors import OutputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.atomic import atomic_folder
from KidneySegLib.io.segmentations import write_label_map, write_segmentation
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
array = np.random.default_rng(0).integers(0, 5, (60, 60, 60)).astype(np.uint8)
labels = Volume(array, Geometry(array.shape, np.eye(4)))
try:
    with atomic_folder(Path({str(tmp_path / "out")!r}), ("x",)) as partial:
        write = write_label_map if {name!r}.endswith("nii.gz") else write_segmentation
        write(labels, partial / {name!r})
except OutputError as error:
    print("OutputError", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("OutputError"), done.stderr
    assert os.listdir(tmp_path) == []


def test_label_map_reads_back(tmp_path, labels):
    write_label_map(labels, tmp_path / "labels.nii.gz")
    back = read_labels(tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(back.array, labels.array)
    assert back.geometry.matches(labels.geometry, tolerance_mm=1e-4)


def test_segmentation_carries_names_colors_and_terminology(tmp_path, labels):
    write_segmentation(labels, tmp_path / "s.seg.nrrd")
    image = sitk.ReadImage(str(tmp_path / "s.seg.nrrd"))
    fields = {k: image.GetMetaData(k) for k in image.GetMetaDataKeys()}
    names = [fields[f"Segment{n}_Name"] for n in range(3)]
    assert names == ["Right kidney", "Left kidney", "Renal tumor"]
    assert fields["Segment2_LabelValue"] == "3"
    assert fields["Segment1_Extent"] == "5 6 2 4 1 3"
    assert "SCT^64033007^Kidney~SCT^7771000^Left" in fields["Segment1_Tags"]
    assert "SCT^4147007^Mass" in fields["Segment2_Tags"]
    assert fields["Segmentation_MasterRepresentation"] == "Binary labelmap"
    assert "Segment3_Name" not in fields
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), labels.array)


def test_empty_segmentation_can_be_written(tmp_path, labels):
    write_segmentation(labels.with_array(np.zeros_like(labels.array)), tmp_path / "s.seg.nrrd")
    assert (tmp_path / "s.seg.nrrd").stat().st_size > 100
