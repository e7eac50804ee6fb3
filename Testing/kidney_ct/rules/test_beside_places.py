import numpy as np
from clean_tissues import clean

from KidneySegLib.core.anatomy import Label
from KidneySegLib.core.volume import Box


def test_kidney_away_from_every_anchor_is_removed(tissue, geometry):
    center = np.rint(geometry.kji_from_ras((60.0, -20.0, 0.0))[0]).astype(int)
    anchor = Box(tuple(int(n) - 3 for n in center), tuple(int(n) + 3 for n in center))
    cleaned = clean(tissue, geometry, anchors=[anchor])
    assert set(np.unique(cleaned.labels)) == {0, Label.RIGHT_KIDNEY, Label.CYST}
    assert [r.tissue for r in cleaned.removals] == ["kidney", "tumor"]
    assert {r.reason for r in cleaned.removals} == {"outside the places looked at"}
