import pytest
from clean_tissues import clean, sure_percent
from phantom import make_phantom

from KidneySegLib.core.anatomy import Label


@pytest.mark.parametrize(("said", "warned"), [(60, True), (74, True), (76, False)])
def test_a_kidney_of_which_the_network_is_not_sure_is_kept_with_a_warning(geometry, said, warned):
    tissue = make_phantom(geometry, lesions=False).tissue
    percent = sure_percent(tissue)
    percent[0][..., : tissue.shape[2] // 2] = (tissue[..., : tissue.shape[2] // 2] == 1) * said
    cleaned = clean(tissue, geometry, percent=percent)
    assert (cleaned.labels == Label.LEFT_KIDNEY).any()
    warnings = [f for f in cleaned.findings if f.code == "doubted-kidney"]
    assert len(warnings) == warned
    if warned:
        assert f"{said} %" in warnings[0].message
        assert warnings[0].place_ras_mm[0] < 0


def test_small_kidneys_have_another_warning(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    tissue[:50], tissue[52:] = 0, 0  # 8 mL
    cleaned = clean(tissue, geometry, percent=sure_percent(tissue, 40))
    assert [f.code for f in cleaned.findings] == ["small-kidney", "doubted-part"]
