"""Label maps read by what they say of themselves; names that contradict numbers are refused."""

import json

import nrrd
import numpy as np
import pytest
from phantom import grid, make_phantom

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import InputError
from KidneySegLib.core.schemes import to_tissue
from KidneySegLib.core.volume import Box, Geometry, Volume
from KidneySegLib.io.label_maps import read_label_map
from KidneySegLib.io.segmentations import write_label_map, write_segmentation
from KidneySegLib.kidney_ct.plausibility import offering_schemes
from KidneySegLib.kidney_ct.sides import assign_sides, to_kidneyseg


@pytest.fixture(scope="module")
def labels():
    """Right kidney 1, left kidney 2, tumor 3, cyst 4 of a phantom."""
    phantom = make_phantom(grid((4.0, 3.0, 3.0)))
    array, _ = assign_sides(phantom.tissue, phantom.ct.geometry, midline_r_mm=0.0)
    return phantom.ct.with_array(array)


def as_stored(found):
    return to_kidneyseg(found.volume, found.scheme)[0]


def test_slicers_own_segmentation_needs_no_scheme(tmp_path, labels):
    write_segmentation(labels, tmp_path / "s.seg.nrrd")
    found = read_label_map(tmp_path / "s.seg.nrrd")
    np.testing.assert_array_equal(as_stored(found).array, labels.array)
    assert [f.code for f in found.findings] == ["labels-by-name"]
    assert "'Left kidney' is left kidney" in found.findings[0].message


def segments(labels, path, names, values=None, layers=None, tags=None):
    """A segmentation as Slicer writes it, with layers where they are given."""
    lps = np.diag([-1.0, -1, 1, 1]) @ labels.geometry.ijk_to_ras
    header = {
        "space": "left-posterior-superior",
        "space directions": lps[:3, :3].T,
        "space origin": lps[:3, 3],
    }
    array = labels.array if layers is None else np.stack(layers, axis=-1)
    if layers is not None:
        header["space directions"] = np.vstack([[np.nan] * 3, lps[:3, :3].T])
        header["kinds"] = ["list", "domain", "domain", "domain"]
    for n, name in enumerate(names):
        header[f"Segment{n}_Name"] = name
        header[f"Segment{n}_LabelValue"] = str((values or range(1, 99))[n])
        header[f"Segment{n}_Layer"] = str(n if layers is not None else 0)
        header[f"Segment{n}_Tags"] = (tags or {}).get(n, "")
    nrrd.write(str(path), array, header, index_order="C")
    return path


def test_numbers_in_another_order_are_read_by_their_names(tmp_path, labels):
    turned = np.array([0, 7, 5, 9, 3], np.uint8)[labels.array]
    path = segments(
        labels.with_array(turned),
        tmp_path / "s.seg.nrrd",
        ["Niere links", "Rechte Niere", "renal mass", "Zyste", "Liver"],
        [5, 7, 9, 3, 2],
    )
    np.testing.assert_array_equal(as_stored(read_label_map(path)).array, labels.array)


def test_layers_that_overlap(tmp_path, labels):
    whole = [np.isin(labels.array, [1, 4]), np.isin(labels.array, [2, 3]), labels.array == 3]
    layers = [mask.astype(np.uint8) for mask in whole]
    path = segments(
        labels, tmp_path / "s.seg.nrrd", ["right kidney", "left kidney", "tumor"], [1, 1, 1], layers
    )
    found = as_stored(read_label_map(path)).array
    assert (found == Label.TUMOR).sum() == layers[2].sum()
    assert (found == Label.LEFT_KIDNEY).sum() == (labels.array == 2).sum()


def test_terminology_counts_where_a_name_says_nothing(tmp_path, labels):
    kidney = "SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~SCT^24028007^Right~Anatomic"
    entry = f"TerminologyEntry:Segmentation category and type~{kidney}|"
    only = labels.with_array((labels.array == 1).astype(np.uint8))
    path = segments(only, tmp_path / "s.seg.nrrd", ["Segment_1"], tags={0: entry})
    assert (as_stored(read_label_map(path)).array == Label.RIGHT_KIDNEY).sum() > 0
    path = segments(only, tmp_path / "t.seg.nrrd", ["left kidney"], tags={0: entry})
    with pytest.raises(InputError, match="terminology of another structure"):
        read_label_map(path)


def test_names_that_contradict_the_scheme_are_refused(tmp_path, labels):
    path = segments(labels, tmp_path / "s.seg.nrrd", ["left kidney", "right kidney", "tumor"])
    with pytest.raises(InputError, match=r"calls the number 1 'left kidney'.*right kidney"):
        read_label_map(path, scheme="kidneyseg")


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ("l.lbl", '  1  1 2 3  1 1 1  "kidney right"\n 2 1 2 3 1 1 1 "kidney left"\n 3 0 0 0 1 1 1 '
         '"tumor"\n 4 0 0 0 1 1 1 "cyst"\n'),
        ("l.json", json.dumps({"labels": {"right kidney": 1, "left kidney": 2, "tumor": 3,
                                          "cyst": 4}})),
        ("dataset.json", json.dumps({"labels": {"0": "background", "1": "kidney_right",
                                                "2": "kidney_left", "3": "mass", "4": "cyst"}})),
    ],
)  # fmt: skip
def test_a_table_beside_the_file_names_its_numbers(tmp_path, labels, beside, text):
    write_label_map(labels, tmp_path / "l.nii.gz")
    (tmp_path / beside).write_text(text)
    found = read_label_map(tmp_path / "l.nii.gz")
    np.testing.assert_array_equal(as_stored(found).array, labels.array)


def test_our_own_result_names_its_numbers(tmp_path, labels):
    write_label_map(labels, tmp_path / "labels.nii.gz")
    record = {"label_scheme": {"right_kidney": 1, "left_kidney": 2, "tumor": 3, "cyst": 4}}
    (tmp_path / "measurements.json").write_text(json.dumps({"record": record}))
    found = read_label_map(tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(as_stored(found).array, labels.array)


@pytest.mark.parametrize(
    ("numbers", "offered"),
    [
        ([0, 1, 2, 3, 4], ["kidneyseg"]),
        ([0, 1, 1, 2, 3], ["kits"]),
        ([0, 2, 3, 3, 2], ["totalsegmentator", "amos", "btcv"]),
    ],
)
def test_without_names_the_schemes_that_fit_are_offered(tmp_path, labels, numbers, offered):
    stored = labels.with_array(np.array(numbers, np.uint8)[labels.array])
    write_label_map(stored, tmp_path / "l.nii.gz")
    with pytest.raises(InputError, match="They would fit") as caught, offering_schemes():
        read_label_map(tmp_path / "l.nii.gz")
    for name in offered:
        assert f"'{name}'" in str(caught.value)
    assert caught.value.remedy == "labels"
    found = read_label_map(tmp_path / "l.nii.gz", scheme=offered[0])
    kidney = to_tissue(stored.array, offered[0]) > 0
    assert (as_stored(found).array > 0).sum() == kidney.sum()


def test_a_scheme_can_be_spelled_out(tmp_path, labels):
    stored = labels.with_array(np.array([0, 12, 30, 7, 0], np.uint8)[labels.array])
    write_label_map(stored, tmp_path / "l.nii.gz")
    found = read_label_map(tmp_path / "l.nii.gz", scheme="12=right_kidney,30=left_kidney,7=tumor")
    expected = np.where(labels.array == 4, 0, labels.array)
    np.testing.assert_array_equal(as_stored(found).array, expected)
    for bad in ("12=spleen", "kidney", "0=kidney", "1=kidney,2=left_kidney"):
        with pytest.raises(InputError, match="no label scheme|with and without a side"):
            read_label_map(tmp_path / "l.nii.gz", scheme=bad)


@pytest.mark.parametrize(
    "table",
    [
        {"labels": {"background": 0, "kidney": [1, 2, 3], "masses": [2, 3], "tumor": 2}},  # KiTS23
        {"SeriesNumber": 2, "AcquisitionNumber": 1, "Manufacturer": "X", "KVP": 120.5},
        {"labels": {"liver": 1, "spleen": 2}},
    ],
)
def test_tables_that_do_not_say_what_a_number_is_say_nothing(tmp_path, labels, table):
    kits = labels.with_array(np.array([0, 1, 1, 2, 3], np.uint8)[labels.array])
    write_label_map(kits, tmp_path / "l.nii.gz")
    (tmp_path / "l.json").write_text(json.dumps(table))
    with pytest.raises(InputError, match="does not say what its numbers mean"):
        read_label_map(tmp_path / "l.nii.gz")
    found = read_label_map(tmp_path / "l.nii.gz", scheme="kits")
    np.testing.assert_array_equal(as_stored(found).array, labels.array)


def test_numbers_without_a_name_and_unclear_names_are_refused(tmp_path, labels):
    write_label_map(labels, tmp_path / "l.nii.gz")
    table = tmp_path / "l.json"
    table.write_text(json.dumps({"labels": {"right kidney": 1, "left kidney": 2, "tumor": 3}}))
    with pytest.raises(InputError, match="holds the numbers 4, for which no name"):
        read_label_map(tmp_path / "l.nii.gz")
    table.write_text(json.dumps({"labels": {"kidney with tumor": 1, "left kidney": 2, "a": 3}}))
    with pytest.raises(InputError, match="does not say whether its voxels are kidney"):
        read_label_map(tmp_path / "l.nii.gz")


def test_other_structures_are_listed_with_their_volume(tmp_path, labels):
    write_label_map(labels, tmp_path / "l.nii.gz")
    names = {"right kidney": 1, "left kidney": 2, "spleen": 3, "cyst": 4}
    (tmp_path / "l.json").write_text(json.dumps({"labels": names}))
    (finding,) = read_label_map(tmp_path / "l.nii.gz").findings
    assert "Taken for other structures: 'spleen' (" in finding.message


def test_our_own_record_counts_before_a_table_of_the_data_set(tmp_path, labels):
    case = tmp_path / "case1"
    case.mkdir()
    write_label_map(labels, case / "labels.nii.gz")
    record = {"label_scheme": {"right_kidney": 1, "left_kidney": 2, "tumor": 3, "cyst": 4}}
    (case / "measurements.json").write_text(json.dumps({"record": record}))
    kits = json.dumps({"labels": {"kidney": 1, "tumor": 2, "cyst": 3}})
    (tmp_path / "dataset.json").write_text(kits)
    found = read_label_map(case / "labels.nii.gz")
    np.testing.assert_array_equal(as_stored(found).array, labels.array)


def test_labels_on_a_tilted_grid_are_moved_and_never_mixed(tmp_path, labels):
    import nibabel

    affine = labels.geometry.ijk_to_ras.copy()
    affine[1, 2] += np.tan(np.radians(15)) * affine[2, 2]
    stored = np.array([0, 2, 3, 9, 5], np.uint8)[labels.array]
    image = nibabel.Nifti1Image(stored.transpose(2, 1, 0), affine)
    image.set_qform(None, 0)
    nibabel.save(image, str(tmp_path / "l.nii.gz"))
    found = read_label_map(tmp_path / "l.nii.gz", scheme="2=right_kidney,3=left_kidney,9=tumor")
    assert set(np.unique(found.volume.array)) == {0, 2, 3, 5, 9}
    for number in (2, 3, 5, 9):
        assert (found.volume.array == number).sum() == (stored == number).sum()


def test_a_part_of_the_cts_grid_is_put_where_it_lies(tmp_path, labels):
    box = Box.of_mask(labels.array)
    part = labels.cropped(box)
    segments(part, tmp_path / "s.seg.nrrd", ["right kidney", "left kidney", "tumor", "cyst"])
    found = read_label_map(tmp_path / "s.seg.nrrd", ct=labels)
    np.testing.assert_array_equal(as_stored(found).array, labels.array)
    assert found.volume.canonical().geometry.matches(labels.geometry)
    assert "part-of-grid" in [f.code for f in found.findings]
    alone = read_label_map(tmp_path / "s.seg.nrrd")
    assert alone.volume.array.shape == part.array.shape
    matrix = labels.geometry.ijk_to_ras.copy()
    matrix[0, 3] += 1.3
    shifted = Volume(labels.array, Geometry(labels.array.shape, matrix))
    foreign = read_label_map(tmp_path / "s.seg.nrrd", ct=shifted)
    assert foreign.volume.array.shape == part.array.shape, "not moved onto another grid"
