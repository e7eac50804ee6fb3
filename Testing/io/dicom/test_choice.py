"""Which series is taken: thirty composed studies, and what is refused with a list."""

import dicom_files
import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.core.volume import Geometry, Volume
from KidneySegLib.io.dicom import all_stacks, scan
from KidneySegLib.io.dicom.choice import choose
from KidneySegLib.io.folders import files_below


def stack(count, step_mm, *, number, **options):
    """A series of tiny slices; its number tells it from the others."""
    matrix = np.diag([-0.8, -0.8, step_mm, 1.0])
    array = np.full((count, 4, 4), 40 + number, np.int16)
    return dicom_files.series(
        Volume(array, Geometry(array.shape, matrix)), number=number, **options
    )


def soft(number, **options):
    return stack(20, 5.0, number=number, **{"kernel": "B30f", "description": "ABD PV"} | options)


def thin(number, **options):
    return stack(50, 2.0, number=number, **{"kernel": "B30f", "description": "ABD PV"} | options)


def lung(number, **options):
    return stack(90, 2.0, number=number, **{"kernel": "B70f", "description": "LUNG"} | options)


def scout(number):
    slices = stack(2, 200.0, number=number, description="Topogram")
    for ds in slices:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    return slices


def coronal(number):
    slices = stack(45, 2.0, number=number, kernel="B30f", description="COR ABD PV")
    for k, ds in enumerate(slices):
        ds.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        ds.ImagePositionPatient = [0, 2.0 * k, 0]
    return slices


def projection(number):
    slices = stack(30, 3.0, number=number, kernel="B30f", description="ABD PV MIP")
    for ds in slices:
        ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL", "MIP"]
    return slices


PHASES = {
    "native": {"description": "ABD NATIV 5.0"},
    "arterial": {"description": "ABD arterial 5.0"},
    "portal": {"description": "ABD portal venous 5.0"},
    "nephro": {"description": "Nephrographic phase"},
    "late": {"description": "urographic delayed"},
}


def phase(name, number, count=20):
    return stack(count, 5.0, number=number, kernel="Br40", **PHASES[name])


# What is in a folder, and the number of the series that is right; None where it must be refused.
STUDIES = {
    "one": ([soft(1)], 1),
    "localizer beside it": ([scout(1), soft(2)], 2),
    "two localizers": ([scout(1), scout(2), soft(3)], 3),
    "two kernels, the sharp one longer": ([soft(2), lung(3)], 2),
    "two kernels in the other order": ([lung(2), soft(3)], 3),
    "kernels of GE": ([soft(1, kernel="STANDARD"), lung(2, kernel="BONEPLUS")], 1),
    "kernels of Canon": ([lung(1, kernel="FC52"), soft(2, kernel="FC08")], 2),
    "kernels of Philips": ([lung(1, kernel="YC"), soft(2, kernel="B")], 2),
    "kernel in the description only": (
        [lung(1, kernel="", description="Thorax LUNG 1.0 B70f"), soft(2, kernel="")],
        2,
    ),
    "three phases": ([phase("native", 2), phase("arterial", 3), phase("portal", 4)], 4),
    "three phases, the portal one shortest": (
        [phase("native", 2, 30), phase("arterial", 3, 30), phase("portal", 4, 18)],
        4,
    ),
    "nephrographic among others": ([phase("native", 1), phase("nephro", 2), phase("late", 3)], 2),
    "arterial and late": ([phase("late", 1), phase("arterial", 2)], 2),
    "native and late": ([phase("native", 1), phase("late", 2)], 2),
    "thick and thin": ([soft(1), thin(2)], 2),
    "thin and thick": ([thin(1), soft(2)], 1),
    "thin of a part only": (
        [soft(1), stack(50, 1.0, number=2, kernel="B30f", description="ABD PV")],
        1,
    ),
    "phases and kernels": (
        [lung(1, description="PV LUNG"), phase("arterial", 2), phase("portal", 3)],
        3,
    ),
    "coronal reformats": ([coronal(1), soft(2)], 2),
    "projections": ([projection(1), soft(2)], 2),
    "everything at once": (
        [scout(1), lung(2), coronal(3), phase("native", 4), projection(5), phase("portal", 6)],
        6,
    ),
    "a monitoring series": (
        [stack(20, 0.5, number=1, kernel="B30f", description="Premonitoring"), soft(2)],
        2,
    ),
    "much longer of the same": (
        [stack(34, 5.0, number=1, kernel="B30f", description="ABD PV"), soft(2)],
        1,
    ),
    "thorax and abdomen": ([lung(1), soft(2), stack(24, 5.0, number=3, kernel="B30f")], 2),
    "two alike": ([soft(1), soft(2)], None),
    "two phases without words": (
        [soft(1, description="ABD 5.0"), soft(2, description="ABD 5.0")],
        None,
    ),
    "portal and nephrographic alike": ([phase("portal", 1), phase("nephro", 2)], None),
    "two patients": ([soft(1), soft(2, patient="B")], None),
    "two patients under one series": ([soft(1), soft(1, patient="B")], None),
    "two studies of one patient": ([soft(1), soft(1, study="2")], None),
}  # fmt: skip


def stacks(folder, series):
    for n, slices in enumerate(series):
        dicom_files.save(slices, folder, prefix=f"S{n}_")
    return all_stacks(scan(files_below(folder)).slices)


def test_material_maps_and_enhanced_images_are_known_for_what_they_are(tmp_path):
    iodine = thin(1, kernel="STANDARD", description="Iodine(Water) 1.25")
    typed = thin(2, kernel="STANDARD")
    for ds in typed:
        ds.RescaleType = "Z_EFF"
    right = soft(3, kernel="STANDARD", description="ABDOMEN")
    for ds in right:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    chosen = choose(stacks(tmp_path, [iodine, typed, right]))
    assert chosen.stack.first.series_number == 3
    assert "its numbers are densities" in chosen.reason
    assert sum("material map" in s.described() for s in chosen.others) == 2
    assert not chosen.stack.is_projection


def test_there_are_thirty():
    assert len(STUDIES) == 30


@pytest.mark.parametrize("name", STUDIES)
def test_the_right_series_or_the_list(tmp_path, name):
    series, right = STUDIES[name]
    found = stacks(tmp_path, series)
    if right is None:
        with pytest.raises(InputError, match="Expected one|not clear|Choose one") as caught:
            choose(found)
        assert caught.value.remedy == "choose-series"
        assert str(caught.value).count("20 slices of 5 mm") == 2
        assert "Leak" not in str(caught.value)
        return
    chosen = choose(found)
    assert chosen.stack.first.series_number == right
    assert len(chosen.others) == len(series) - 1


def test_what_is_taken_and_left_is_said_without_names(tmp_path):
    from KidneySegLib.io.images import read_volume

    described = soft(3, description="ABD PV Mustermann^Erika 1.2.1950 5.0")
    for slices in (described, lung(4)):
        dicom_files.save(slices, tmp_path, prefix=f"S{slices[0].SeriesNumber}")
    volume = read_volume(tmp_path)
    (finding,) = volume.findings
    assert finding.code == "series-chosen"
    assert "Taken: series 3: CT, 20 slices of 5 mm, 4 x 4, kernel B30f, 'ABD PV" in finding.message
    assert "kernel is for soft tissue" in finding.message
    assert "Not taken: series 4: CT, 90 slices of 2 mm" in finding.message
    assert "Mustermann" not in finding.message
    assert volume.source.others == (finding.message.split("Not taken: ")[1].rstrip("."),)


@pytest.mark.parametrize("wanted", ["4", dicom_files.ROOT + "1.4"])
def test_a_series_is_named_by_number_or_uid(tmp_path, wanted):
    found = stacks(tmp_path, [soft(3), lung(4)])
    chosen = choose(found, series=wanted)
    assert chosen.stack.first.series_number == 4
    with pytest.raises(InputError, match="There is no series"):
        choose(found, series="7")


def test_one_series_under_two_patients_is_refused_even_when_named(tmp_path):
    found = stacks(tmp_path, [soft(1), soft(1, patient="B")])
    with pytest.raises(InputError, match="several patients under one UID"):
        choose(found, series="1")


def test_a_patient_who_drank_water_is_no_material_map(tmp_path):
    found = stacks(tmp_path, [soft(1, description="Abdomen portal water"), lung(2)])
    chosen = choose(found)
    assert chosen.stack.first.series_number == 1
    assert not chosen.stack.is_material_map


def test_a_map_alone_is_taken_with_a_warning(tmp_path):
    from KidneySegLib.io.images import read_volume

    slices = soft(1, description="ABD")
    for ds in slices:
        ds.ImageType = ["DERIVED", "PRIMARY", "AXIAL", "DE_VNC"]
    volume = read_volume(dicom_files.save(slices, tmp_path))
    assert [f.code for f in volume.findings] == ["material-map"]


def test_parts_keep_their_numbers_when_only_some_are_listed(tmp_path):
    parts = []
    for n, (count, kernel) in enumerate(((18, "B30f"), (20, "B30f"), (20, "B70f"))):
        part = stack(count, 5.0, number=1, kernel=kernel, description="ABD PV")
        for ds in part:
            ds.AcquisitionNumber, ds.SOPInstanceUID = n, f"{ds.SOPInstanceUID}.{n}"
            ds.PixelData = bytes(np.full(16, 1064 + 10 * n, np.uint16))
        parts.append(part)
    found = stacks(tmp_path, parts)
    with pytest.raises(InputError, match="not clear which of 2") as caught:
        choose(found)
    for line in str(caught.value).splitlines():
        if "UID" in line and "#" in line:
            count, part = line.split("CT, ")[1].split()[0], line.rsplit("#", 1)[1].split()[0]
            assert len(choose(found, series=f"1#{part}").stack.slices) == int(count)
