import numpy as np
import pytest
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.volume import Box


def doubted_mass(tissue, geometry, said, core, radius_mm=12):
    """Percent and mask of a tumor at the right kidney, and of a share of it that is surer."""
    center = (70, -20, 40)
    mass = ellipsoid(geometry, center, radius_mm) & (tissue != Tissue.CYST)
    tissue[mass] = Tissue.TUMOR
    percent = sure_percent(tissue, 90)
    percent[Tissue.TUMOR - 1][mass] = said
    percent[Tissue.TUMOR - 1].flat[np.flatnonzero(mass)[: round(core * mass.sum())]] = 90
    return percent, mass, center


@pytest.mark.parametrize(
    ("said", "core", "radius_mm", "clicked", "kept"),
    [
        (70, 0, 12, False, False),
        (70, 0.05, 12, False, False),
        (70, 0.15, 12, False, True),
        (85, 0, 12, False, True),
        (70, 0, 5.5, False, True),  # under 1 mL: not judged by this
        (70, 0, 12, True, True),
    ],
)
def test_a_mass_nowhere_sure_to_be_a_kidneys_is_left_out_unless_clicked(
    tissue, geometry, said, core, radius_mm, clicked, kept
):
    percent, mass, center = doubted_mass(tissue, geometry, said, core, radius_mm)
    options = {"percent": percent, "points": [center] if clicked else [(70, -20, 75)]}
    before = tissue.copy()
    cleaned = clean(tissue, geometry, **options)
    np.testing.assert_array_equal(tissue, before)
    assert (cleaned.labels[mass] == Label.TUMOR).all() == kept
    assert cleaned.labels[mass].any() == kept
    assert [f.code for f in cleaned.findings] == ["mass-left-out"] * (not kept)
    if not kept:
        (removal,) = cleaned.removals
        assert removal.volume_ml == pytest.approx(mass.sum() * geometry.voxel_volume_ml)
        assert f"{removal.volume_ml:.1f} mL" in cleaned.findings[0].message
        again = clean(tissue, geometry, **options, keep=(removal.id,))
        assert (again.labels[mass] == Label.TUMOR).all()
        assert again.findings == ()


def test_a_mass_left_out_takes_no_part_of_the_kidney_with_it(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    spots = np.argwhere(tissue == Tissue.KIDNEY)
    k = int(spots[:, 0].mean())
    across = np.zeros(tissue.shape, bool)
    across[k - 8 : k + 8] = tissue[k - 8 : k + 8] == Tissue.KIDNEY
    tissue[across] = Tissue.TUMOR
    percent = sure_percent(tissue)
    percent[Tissue.TUMOR - 1][across] = 60
    upper = Box((k + 12, 0, 0), (k + 16, *tissue.shape[1:]))  # what the user clicked lies in it
    cleaned = clean(tissue, geometry, percent=percent, anchors=[upper], guided=True)
    assert not cleaned.labels[across].any()
    assert (cleaned.labels[tissue == Tissue.KIDNEY] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["mass-left-out", "several-kidneys"]


def test_a_speck_of_the_other_kind_in_a_mass_left_out_is_not_told(tissue, geometry):
    percent, mass, _ = doubted_mass(tissue, geometry, said=70, core=0)
    tissue[tuple(np.argwhere(mass)[0])] = Tissue.CYST
    cleaned = clean(tissue, geometry, percent=percent)
    assert not cleaned.labels[mass].any()
    assert [r.tissue for r in cleaned.removals] == ["tumor"]
    (finding,) = cleaned.findings
    assert finding.message.startswith("A tumor of")


def test_a_mixed_mass_is_one_removal_and_comes_back_as_it_was(tissue, geometry):
    percent, mass, _ = doubted_mass(tissue, geometry, said=70, core=0)
    upper = mass & (np.arange(len(mass)) > np.argwhere(mass)[:, 0].mean())[:, None, None]
    tissue[upper] = Tissue.CYST
    percent[Tissue.CYST - 1][upper] = percent[Tissue.TUMOR - 1][upper]
    percent[Tissue.TUMOR - 1][upper] = 0
    cleaned = clean(tissue, geometry, percent=percent)
    (removal,) = cleaned.removals
    assert removal.volume_ml == pytest.approx(mass.sum() * geometry.voxel_volume_ml)
    again = clean(tissue, geometry, percent=percent, keep=(removal.id,))
    assert {Label.TUMOR, Label.CYST} == set(np.unique(again.labels[mass]).tolist())


def removal_id(finding):
    return finding.message.split("(ID ")[1].split(")")[0]


def test_a_mass_as_large_as_a_kidney_never_becomes_parenchyma(geometry):
    tissue = np.zeros(geometry.shape, np.uint8)
    tissue[ellipsoid(geometry, (60, -20, 0), 42)] = Tissue.KIDNEY
    inside = ellipsoid(geometry, (60, -20, 0), 36)
    tissue[inside] = Tissue.TUMOR
    percent = sure_percent(tissue)
    percent[Tissue.TUMOR - 1][inside] = 70
    cleaned = clean(tissue, geometry, percent=percent)
    assert not cleaned.labels[inside].any()
    assert "mass-left-out" in [f.code for f in cleaned.findings]


def test_a_mass_inside_a_kidney_leaves_no_hole(tissue, geometry):
    """Before, 4 mL inside a kidney became background: a hole too large to be filled."""
    tissue[...] = make_phantom(geometry, lesions=False).tissue
    inside = ellipsoid(geometry, (60, -20, 0), 10)
    tissue[inside] = Tissue.TUMOR
    percent = sure_percent(tissue)
    percent[Tissue.TUMOR - 1][inside] = 60
    cleaned = clean(tissue, geometry, percent=percent)
    assert (cleaned.labels[inside] == Label.RIGHT_KIDNEY).all()
    (finding,) = [f for f in cleaned.findings if f.code == "mass-counted-as-kidney"]
    assert removal_id(finding) == cleaned.removals[0].id
    (removal,) = cleaned.removals
    assert (clean(tissue, geometry, percent=percent, keep=[removal.id]).labels[inside] == 3).all()
