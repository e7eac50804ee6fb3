"""The shipped manifest, its warning and its card give the same figures."""

import json

from KidneySegLib.models.manifest import MANIFEST


def test_manifest_and_warning_say_what_the_card_says(shipped):
    card = shipped.card.read_text(encoding="utf-8")
    figures = json.loads((shipped.folder / MANIFEST).read_text(encoding="utf-8"))["figures"]
    dice = figures["kept_out_kidney_dice"]
    row = " | ".join(
        f"{dice[name]:.3f}"
        for name in ("btcv_0010", "btcv_0023", "btcv_0034", "cptac_c3l00189_pv5mm", "mean")
    )
    assert f"| {dice['quality']} | {row} |" in card
    tumors = figures["real_tumors_2_cm_and_more_called_tumor"]
    slices = figures["slices_without_a_tumor_on_which_one_was_seen"]
    cysts = figures["real_cysts_of_1_5_cm_and_more_on_slices_called_cyst"]
    found = f"{tumors['called_tumor']} of {tumors['tumors']}"
    false = f"{slices['seen']} of {slices['slices']}"
    for text in (card, *shipped.lesion_warnings):
        assert found in text
        assert f"{false} slices" in text or f"{false}**" in text
    assert f"**{cysts['called_cyst']} of {cysts['cysts']}**" in card
    intervals = figures["volumes_held_by_their_90_percent_interval_fitted_on_the_other_cts"]
    for kind in ("kidney", "tumor", "cyst", "all"):
        rows = [line for line in card.splitlines() if line.startswith(f"| {kind} | ")]
        assert any(f"| {100 * intervals[kind]:.0f} % |" in row for row in rows)
