import numpy as np
import pytest
import SimpleITK as sitk
from phantom import ThresholdEngine, make_phantom

from KidneySegLib.io.itk import sitk_from_volume


@pytest.fixture
def threshold_engine(monkeypatch, package):
    """Commands run with the phantom's engine; test_demo.py runs the shipped network."""
    from KidneySegLib.app import case, wanted_models

    shipped = wanted_models.open_model
    monkeypatch.setattr(case, "open_engine", lambda device, network=None: ThresholdEngine())
    own = (None, package.name)
    monkeypatch.setattr(
        wanted_models, "open_model", lambda n=None, c=None: package if n in own else shipped(n, c)
    )


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    path = tmp_path_factory.mktemp("in") / "case.nii.gz"
    sitk.WriteImage(sitk_from_volume(make_phantom().ct), str(path))
    return path


@pytest.fixture(scope="module")
def label_map(tmp_path_factory):
    """The phantom's true label map: a tumor in the left kidney."""
    phantom = make_phantom()
    middle = phantom.ct.geometry.shape[2] // 2
    labels = np.array([0, 1, 3, 4], np.uint8)[phantom.tissue]
    labels[..., :middle][labels[..., :middle] == 1] = 2
    path = tmp_path_factory.mktemp("labels") / "labels.nii.gz"
    sitk.WriteImage(sitk_from_volume(phantom.ct.with_array(labels)), str(path))
    return path


@pytest.fixture
def dicom(tmp_path):
    """A DICOM folder of the phantom, in whole HU."""
    import dicom_files

    phantom = make_phantom()
    whole = phantom.ct.with_array(np.rint(phantom.ct.array).astype(np.int16))
    slices = dicom_files.series(whole, kernel="B30f", description="ABD PV Mustermann 2.0")
    return dicom_files.save(slices, tmp_path / "dicom" / "P1")
