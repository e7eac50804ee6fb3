import io

import numpy as np
from matplotlib.image import imread
from phantom import ellipsoid

from KidneySegLib.core.anatomy import Label
from KidneySegLib.measure.lesions import find_lesions
from KidneySegLib.report.surfaces import draw_surfaces


def test_surfaces_show_kidney_and_tumor_on_the_patients_side(result):
    stream = io.BytesIO()
    assert draw_surfaces(result.labels.canonical(), "left", stream, result.measurements.components)
    stream.seek(0)
    picture = imread(stream)[..., :3]
    green = (picture[..., 1] > picture[..., 0] + 0.05).nonzero()
    shape = (picture.min(axis=-1) < 0.95).nonzero()
    # the tumor of the phantom lies lateral in the left kidney: on the right in the picture
    assert green[1].mean() > shape[1].mean() + 5


def test_all_of_a_large_tumor_is_in_the_picture(result):
    labels = result.labels.canonical()
    array = labels.array.copy()
    array[array == Label.TUMOR] = 0
    tumor = ellipsoid(labels.geometry, (-100, -20, 0), (30, 30, 30)) & (array == 0)
    array[tumor] = Label.TUMOR
    widths = []
    for shown in (labels, labels.with_array(array)):
        stream = io.BytesIO()
        draw_surfaces(shown, "left", stream, find_lesions(shown))
        stream.seek(0)
        widths.append(imread(stream).shape[1])
    across = np.ptp(labels.geometry.ras_from_kji(np.argwhere(array == Label.TUMOR))[:, 0])
    assert widths[1] > widths[0]
    assert widths[1] > across / 0.7


def test_no_picture_of_a_kidney_that_is_not_there(result):
    labels = result.labels.with_array(np.where(result.labels.array == 2, 0, result.labels.array))
    stream = io.BytesIO()
    assert not draw_surfaces(labels.canonical(), "left", stream, ())
    assert stream.getvalue() == b""
