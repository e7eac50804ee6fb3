import dataclasses
import re

import numpy as np
from pages import Balance, page_of

from KidneySegLib.core.findings import info, warning
from KidneySegLib.kidney_ct.removals import Removal
from KidneySegLib.measure.measurements import Measurements
from KidneySegLib.report.page import write_page


def test_page_is_whole_and_needs_nothing_from_outside(result, picture, tmp_path):
    html = page_of(result, picture, tmp_path)
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert not re.search(r"(src|href)=['\"](?!data:)", html)
    assert "<script" not in html
    assert html.count("data:image/png;base64,") == 3


def test_numbers_scores_margins_and_the_record_are_there(result, picture, tmp_path):
    parser = Balance()
    parser.feed(page_of(result, picture, tmp_path))
    text = parser.text
    assert "not a medical device" in text
    assert f"{result.measurements.sides[0].parenchyma_ml:.1f}" in text
    (scores,) = result.measurements.nephrometry
    assert f"R.E.N.A.L. {scores.renal_text}" in text
    assert "Resection margins" in text
    assert result.record["model"]["sha256"][:16] in text


def test_warnings_come_before_numbers_and_texts_are_escaped(result, picture, tmp_path):
    changed = dataclasses.replace(
        result,
        findings=[info("a", "A remark <b>."), warning("b", "A warning & more.")],
        removals=(
            Removal(1, "t0a1b2", "small-lesion", "tumor", "speck <1 mL", 0.02, (1.0, 2.0, 3.0)),
        ),
    )
    html = page_of(changed, picture, tmp_path)
    assert html.index("A warning &amp; more.") < html.index("A remark &lt;b&gt;.")
    assert html.index("A remark") < html.index("<h2>Volumes")
    assert "speck &lt;1 mL" in html
    assert "edited" not in html
    assert "edited after the run" in page_of(changed, picture, tmp_path, edited=True)


def test_segments_that_no_run_made_have_a_page(result, picture, tmp_path):
    data = {"record": None, "findings": [], "contrast_phase": None, "removed_components": []}
    write_page(result.labels, result.measurements, data, picture, tmp_path / "report.html")
    assert "No run of KidneySeg" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_scores_set_by_a_reader_are_marked(result, picture, tmp_path):
    found = result.measurements
    scores = (found.nephrometry[0].overridden({"N": 3}),)
    changed = dataclasses.replace(
        result, measurements=dataclasses.replace(found, nephrometry=scores)
    )
    assert "points set by the reader" in page_of(changed, picture, tmp_path)


def test_an_empty_result_has_a_page(result, picture, tmp_path):
    nothing = result.labels.with_array(np.zeros_like(result.labels.array))
    empty = dataclasses.replace(result, labels=nothing, measurements=Measurements())
    html = page_of(empty, picture, tmp_path)
    assert "No kidney was found" in html
    assert html.count("data:image/png;base64,") == 1


def test_scores_of_an_uncertain_tumor_are_folded_up(result, picture, tmp_path):
    measured = result.measurements
    first = dataclasses.replace(measured.lesions[0], volume_interval_ml=(0.0, 39.0))
    assert measured.nephrometry[0].lesion_id == first.id
    unsure = dataclasses.replace(measured, lesions=(first, *measured.lesions[1:]))
    page = page_of(dataclasses.replace(result, measurements=unsure), picture, tmp_path)
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "is uncertain" in folded
    assert "R.E.N.A.L." in folded
    assert "<details>" not in page_of(result, picture, tmp_path)


def test_no_share_of_a_cut_kidney(result, picture, tmp_path):
    sides = [dataclasses.replace(s, incomplete=True, parenchyma_share=None)
             for s in result.measurements.sides]  # fmt: skip
    cut = dataclasses.replace(result.measurements, sides=tuple(sides))
    page = page_of(dataclasses.replace(result, measurements=cut), picture, tmp_path)
    assert "No share is given, since the scan cuts a kidney." in page
    rows = re.findall(r"<tr><td>left</td><td>\d+ mm</td>.*?</tr>", page)
    assert len(rows) == 3
    assert all(row.endswith("<td>–</td><td>–</td></tr>") for row in rows)


def test_the_page_is_tied_to_its_scan_and_leaves_room_for_a_name(result, picture, tmp_path):
    page = page_of(result, picture, tmp_path)
    assert "<p class=name>Patient:</p>" in page
    assert result.record["input"]["sha256"][:16] in page
    assert "173 x 133 x 100 voxels of 1.5 x 1.5 x 2 mm" in page
