import pytest
from phantom import ThresholdEngine, make_phantom, segment

from KidneySegLib.report.overview import write_overview


@pytest.fixture(scope="module")
def result(package):
    return segment(make_phantom().ct, package, ThresholdEngine())


@pytest.fixture(scope="module")
def picture(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("overview") / "overview.png"
    write_overview(make_phantom().ct, result.labels, result.measurements, path)
    return path
