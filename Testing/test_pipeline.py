import dataclasses
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantom import (
    CYST_HU,
    KIDNEY_HU,
    LEFT_CENTER,
    RIGHT_CENTER,
    TUMOR_HU,
    ThresholdEngine,
    make_phantom,
    segment,
    sphere_ml,
)
from scipy import ndimage

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.errors import CanceledError, InputError, ModelError
from KidneySegLib.core.findings import warning
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.kidney_ct.task import KidneyCT
from KidneySegLib.measure.measurements import NETWORK, VOXELS
from KidneySegLib.models.info import ModelInfo
from KidneySegLib.pipeline import run
from KidneySegLib.report.case_folder import read_case, write_result
from KidneySegLib.result import Result
from KidneySegLib.segmenters.base import Region
from KidneySegLib.segmenters.places import Found, whole_field

PHANTOM = make_phantom()


def volumes(result):
    return {
        (s.side, kind): getattr(s, f"{kind}_ml")
        for s in result.measurements.sides
        for kind in ("parenchyma", "tumor", "cyst")
    }


def codes(result):
    return [f.code for f in result.findings]


@pytest.fixture(scope="module")
def straight(package):
    return segment(PHANTOM.ct, package, ThresholdEngine())


def test_phantom_is_segmented_and_measured(straight):
    found = volumes(straight)
    assert found["left", "tumor"] == pytest.approx(sphere_ml(15), rel=0.25)
    assert found["right", "cyst"] == pytest.approx(sphere_ml(11), rel=0.4)
    assert found["right", "parenchyma"] == pytest.approx(132, rel=0.15)
    assert straight.labels.geometry is PHANTOM.ct.geometry
    assert straight.labels.array.dtype == np.uint8


@settings(max_examples=4, deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_any_orientation_gives_the_same_volumes_and_labels(package, straight, order, flips):
    turned = PHANTOM.ct.reoriented(order, flips)
    result = segment(turned, package, ThresholdEngine())
    assert volumes(result) == pytest.approx(volumes(straight))
    expected = straight.labels.reoriented(order, flips)
    np.testing.assert_array_equal(result.labels.array, expected.array)
    assert result.labels.geometry.matches(turned.geometry)


@pytest.mark.parametrize("kidneys", [(), ("right",)])
def test_missing_kidneys_are_said_and_are_no_error(package, kidneys):
    phantom = make_phantom(kidneys=kidneys, lesions=False)
    result = segment(phantom.ct, package, ThresholdEngine())
    assert [s.side for s in result.measurements.sides] == list(kidneys)
    assert ("no-kidney" if not kidneys else "one-kidney") in codes(result)


def test_kidneys_only_counts_lesions_as_kidney(package, straight):
    result = segment(PHANTOM.ct, package, ThresholdEngine(), Settings(kidneys_only=True))
    assert set(np.unique(result.labels.array)) == {0, 1, 2}
    assert result.measurements.lesions == ()
    assert volumes(result)["left", "parenchyma"] > volumes(straight)["left", "parenchyma"]


def test_factors_of_the_model_make_intervals_of_its_doubt(package, straight):
    factors = {"kidney": 0.5, "tumor": 1.0, "cyst": 1.0}
    fitted = dataclasses.replace(package, interval_factors=factors)
    found = segment(PHANTOM.ct, fitted, ThresholdEngine()).measurements
    assert found.interval_source == NETWORK
    plain = segment(
        PHANTOM.ct, dataclasses.replace(package, interval_factors=None), ThresholdEngine()
    ).measurements
    assert plain.interval_source == VOXELS
    for wide, narrow in zip(found.lesions, plain.lesions, strict=True):
        assert 0.5 < wide.probability == narrow.probability <= 1
        assert wide.volume_interval_ml[0] < narrow.volume_interval_ml[0]
        assert wide.volume_interval_ml[1] > narrow.volume_interval_ml[1]
    merged = segment(PHANTOM.ct, fitted, ThresholdEngine(), Settings(kidneys_only=True))
    for side in merged.measurements.sides:
        low, high = side.parenchyma_interval_ml
        assert low < side.parenchyma_ml < high < 1.3 * side.parenchyma_ml


def test_what_cleaning_relabeled_keeps_its_number(package, straight):
    numbers = {r.number for r in straight.removals if not r.restored}
    assert set(np.unique(straight.rejected.array)) - {0} == numbers
    refined = segment(PHANTOM.ct, package, ThresholdEngine(), Settings(refine="levelset"))
    relabeled = (straight.rejected.array > 0) & (straight.labels.array > 0)
    assert (refined.rejected.array[relabeled] > 0).all()


def test_refinement_runs_after_cleaning_and_tells_what_it_kept(package, straight):
    result = segment(PHANTOM.ct, package, ThresholdEngine(), Settings(refine="levelset"))
    assert [r.component for r in result.refinements] == ["kidney", "kidney", "cyst"]
    # this engine's borders lie deep inside the kidneys: nothing to hold on to
    assert "does not lie between" in result.refinements[0].reason
    told = [f.message for f in result.findings if f.code in ("refined", "not-refined")]
    assert len(told) == 3  # two kidneys, and the cysts together
    kidneys = result.labels.array == Label.LEFT_KIDNEY
    np.testing.assert_array_equal(kidneys, straight.labels.array == Label.LEFT_KIDNEY)
    assert result.record["settings"]["refine"] == "levelset"
    assert "refine" in result.record["seconds"]
    assert straight.refinements == ()


def with_limit(package, name, **values):
    """A model with other limits of a rule."""
    own = {**package.limits[name], **values}
    return dataclasses.replace(package, limits={**package.limits, name: own})


def test_bone_is_left_out_unless_the_user_points_at_it(package):
    package = with_limit(package, "bone", percent=101, rim_hu=-1000, core_below_hu=-1000)
    found = segment(PHANTOM.ct, package, ThresholdEngine())
    assert codes(found).count("bone-left-out") == 2
    assert not found.labels.array.any()
    pointed = Settings(points=(RIGHT_CENTER, LEFT_CENTER))
    kept = segment(PHANTOM.ct, package, ThresholdEngine(), pointed)
    assert "bone-left-out" not in codes(kept)
    assert volumes(kept)["right", "parenchyma"] > 100


def test_masses_not_of_a_kidney_are_left_out_unless_the_user_points_at_them(package, straight):
    package = with_limit(package, "foreign-mass", percent=101)
    plain = segment(PHANTOM.ct, package, ThresholdEngine())
    assert codes(plain).count("mass-left-out") == 2
    assert not (plain.labels.array >= Label.TUMOR).any()
    spots = np.argwhere(straight.labels.array == Label.TUMOR)
    tumor = straight.labels.geometry.ras_from_kji(spots.mean(axis=0))[0]
    points = Settings(points=(RIGHT_CENTER, LEFT_CENTER, tuple(map(float, tumor))))
    pointed = segment(PHANTOM.ct, package, ThresholdEngine(), points)
    assert codes(pointed).count("mass-left-out") == 1
    assert volumes(pointed)["left", "tumor"] == pytest.approx(sphere_ml(15), rel=0.25)


def test_a_point_replaces_the_locator(package):
    result = segment(PHANTOM.ct, package, ThresholdEngine(), Settings(points=(RIGHT_CENTER,)))
    assert "one-kidney" not in codes(result)
    assert ("right", "parenchyma") in volumes(result)
    assert "locate" not in result.record["seconds"]


def test_a_region_replaces_the_locator(package):
    low, high = np.array(LEFT_CENTER) - 40, np.array(LEFT_CENTER) + 40
    settings = Settings(rois=((tuple(low), tuple(high)),))
    result = segment(PHANTOM.ct, package, ThresholdEngine(), settings)
    assert ("left", "parenchyma") in volumes(result)


def test_bad_input_stops_before_any_network(package):
    engine = ThresholdEngine()
    with pytest.raises(InputError, match="0-255 picture"):
        segment(PHANTOM.ct.with_array(np.clip(PHANTOM.ct.array, 0, 255)), package, engine)
    assert engine.tiles == 0


def test_cancel_stops_at_the_next_tile(package):
    engine = ThresholdEngine()
    with pytest.raises(CanceledError):
        segment(PHANTOM.ct, package, engine, cancel=lambda: engine.tiles > 0)
    assert 0 < engine.tiles <= 2


def test_cancel_stops_within_the_second_look(shipped):
    seen = []
    with pytest.raises(CanceledError):
        segment(
            PHANTOM.ct,
            shipped,
            ThresholdEngine(),
            progress=lambda *event: seen.append(event),
            cancel=lambda: len([e for e in seen if e[0] == "second look"]) > 1,
        )
    assert seen[-1][0] == "second look"


def test_every_network_of_the_shipped_model_is_asked(shipped):
    asked = []

    class Engine(ThresholdEngine):
        def predictor(self, network):
            asked.append(network.spec.name)
            return super().predictor(network)

    segment(PHANTOM.ct, shipped, Engine())
    assert sorted(set(asked)) == ["axial", "axial_second", "fine", "locator"]


def test_a_second_look_that_sees_the_same_changes_little(shipped, straight):
    result = segment(PHANTOM.ct, shipped, ThresholdEngine())
    assert "second look" in result.record["seconds"]
    assert "second look" not in straight.record["seconds"]
    for name, ml in volumes(straight).items():  # finer pixels lose less of a small cyst
        assert volumes(result)[name] == pytest.approx(ml, rel=0.2)


@pytest.mark.parametrize("settings", [Settings(), Settings(points=(RIGHT_CENTER,))])
def test_progress_rises_to_the_end_and_estimates_time(package, settings):
    seen = []

    class Slow(ThresholdEngine):
        def predictor(self, network):
            time.sleep(0.01)
            return super().predictor(network)

    segment(PHANTOM.ct, package, Slow(), settings, progress=lambda *event: seen.append(event))
    shares = [s for _, s, _ in seen]
    assert shares == sorted(shares)
    assert 0.8 < shares[-1] <= 1
    assert any(left is not None and left >= 0 for _, _, left in seen)


def test_weak_phase_of_the_model_is_said(package):
    weak = dataclasses.replace(
        package, weak_phases=("nephrographic",), lesion_warnings=("check lesions",)
    )
    result = segment(PHANTOM.ct, weak, ThresholdEngine())
    assert "weak-phase" in codes(result)
    assert "check lesions" in [f.message for f in result.findings]


def test_notes_of_reading_and_engine_reach_the_result(package):
    class Full(ThresholdEngine):
        def predictor(self, network):
            self.notices.append("went to the CPU")
            return super().predictor(network)

    engine = Full()
    engine.notices.append("from an earlier run")
    volume = dataclasses.replace(PHANTOM.ct, findings=(warning("input-changed", "tilt corrected"),))
    messages = [f.message for f in segment(volume, package, engine).findings]
    assert "went to the CPU" in messages
    assert "tilt corrected" in messages
    assert "from an earlier run" not in messages


def test_record_names_model_versions_and_settings(straight, package):
    data = json.loads(json.dumps(straight.as_dict()))
    assert data["record"]["model"]["sha256"] == package.sha256
    assert data["record"]["software"]["torch"]
    assert data["record"]["settings"]["quality"] == "balanced"
    assert "not a medical device" in data["record"]["disclaimer"]


def test_unknown_quality_is_refused():
    with pytest.raises(InputError, match="fast, balanced, best"):
        Settings(quality="superb")


class Thresholder:
    """A segmenter of another kind: sees the whole field at once, on the CT's own grid."""

    model = ModelInfo(
        "thresholder", "1", "MIT", "0" * 64, limits={"unsure-lesion": {"percent": 60}}
    )
    classes = KidneyCT.classes
    device = "none"
    notices = ()
    extras = ()

    def stages(self, hints):
        return {"segment": 1.0}

    def oriented(self, volume):
        return volume.canonical()

    def locate(self, image, hints, report):
        return Found([whole_field(image.geometry)], [])

    def probabilities(self, image, places, *, quality, report):
        report.begin("segment")
        levels = (KIDNEY_HU, TUMOR_HU, CYST_HU)
        scores = [np.exp(-(((image.array - hu) / 14) ** 2)) for hu in levels]
        opened = [ndimage.grey_opening(score, (3, 3, 3)) for score in scores]
        stack = np.stack([np.full(image.array.shape, 0.02, np.float32), *opened])
        report.on_tiles(1, 1)
        return [Region(image.geometry, stack / stack.sum(axis=0))]


def test_another_kind_of_segmenter_runs_through_the_same_chain(tmp_path):
    settings = Settings(probabilities=True)
    seen = []
    result = run(
        KidneyCT(settings), PHANTOM.ct, Thresholder(), progress=lambda *event: seen.append(event)
    )
    found = volumes(result)
    assert found["left", "tumor"] == pytest.approx(sphere_ml(15), rel=0.25)
    assert found["right", "cyst"] == pytest.approx(sphere_ml(11), rel=0.4)
    assert list(result.record["seconds"]) == [
        "check",
        "segment",
        "export",
        "clean",
        "measure",
    ]
    assert seen[-1][1] <= 1
    assert result.record["model"]["name"] == "thresholder"
    assert "no-limits" in codes(result)  # what belongs to other weights is not inherited
    write_result(result, PHANTOM.ct, tmp_path / "out")
    again = read_case(tmp_path / "out")
    np.testing.assert_array_equal(again.labels.array, result.labels.array)
    assert again.measurements.lesions[0].volume_ml == pytest.approx(
        result.measurements.lesions[0].volume_ml, abs=1e-3
    )
    result.save(tmp_path)
    assert Result.load(tmp_path).probabilities.percent.any()


def test_a_segmenter_of_other_classes_is_refused():
    class Other(Thresholder):
        classes = ("background", "glomerulus")

    with pytest.raises(ModelError, match="tells background, glomerulus apart"):
        run(KidneyCT(), PHANTOM.ct, Other())
