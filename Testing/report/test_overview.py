import numpy as np
from phantom import make_phantom

from KidneySegLib.report.overview import write_overview


def test_overview_shows_contours_in_their_colors(tmp_path, result):
    from matplotlib.image import imread

    write_overview(make_phantom().ct, result.labels, result.measurements, tmp_path / "o.png")
    picture = imread(tmp_path / "o.png")[..., :3]
    green = np.array([0x3D, 0xFF, 0x5C]) / 255
    assert (np.abs(picture - green).max(axis=-1) < 0.08).sum() > 50
    assert picture.shape[1] >= 1000


def test_overview_without_kidneys(tmp_path):
    from KidneySegLib.measure.measurements import Measurements

    phantom = make_phantom(kidneys=())
    labels = phantom.ct.with_array(np.zeros(phantom.tissue.shape, np.uint8))
    write_overview(phantom.ct, labels, Measurements(), tmp_path / "o.png")
    assert (tmp_path / "o.png").stat().st_size > 10_000
