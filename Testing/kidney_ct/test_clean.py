import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom, sphere_ml
from scipy import ndimage

from KidneySegLib.core.anatomy import Label, Tissue
from KidneySegLib.core.errors import InputError, ModelError
from KidneySegLib.core.volume import Box
from KidneySegLib.kidney_ct.clean import assign_sides, clean, merge_lesions


@pytest.fixture
def geometry():
    return grid((2.0, 2.0, 2.0))


@pytest.fixture
def tissue(geometry):
    return make_phantom(geometry).tissue.copy()


def run(tissue, geometry, **options):
    return clean(tissue, geometry, midline_r_mm=0.0, **options)


def test_sides_follow_patient_coordinates(tissue, geometry):
    labels = run(tissue, geometry).labels
    k, j, i = np.nonzero(labels == Label.RIGHT_KIDNEY)
    assert geometry.ras_from_kji(np.stack([k, j, i], 1))[:, 0].min() > 0
    assert set(np.unique(labels)) == {0, 1, 2, 3, 4}


def test_nothing_changes_on_a_clean_map(tissue, geometry):
    cleaned = run(tissue, geometry)
    assert cleaned.removals == []
    assert cleaned.findings == []
    np.testing.assert_array_equal(cleaned.labels > 0, tissue > 0)
    np.testing.assert_array_equal(cleaned.labels == Label.TUMOR, tissue == Tissue.TUMOR)


def test_kidney_fragment_is_removed_with_its_reason_and_place(tissue, geometry):
    spot = ellipsoid(geometry, (0, 50, 60), 5)  # 0.5 mL
    tissue[spot] = Tissue.KIDNEY
    cleaned = run(tissue, geometry)
    assert not cleaned.labels[spot].any()
    (removal,) = cleaned.removals
    assert removal.tissue == "kidney"
    assert "1 mL" in removal.reason
    np.testing.assert_allclose(removal.center_ras, (0, 50, 60), atol=1.5)
    assert removal.volume_ml == pytest.approx(spot.sum() * 0.008)


def test_kidney_of_five_milliliters_is_kept_with_a_warning(tissue, geometry):
    spot = ellipsoid(geometry, (60, 55, 70), 10.6)  # 5 mL
    tissue[spot] = Tissue.KIDNEY
    cleaned = run(tissue, geometry)
    assert cleaned.labels[spot].all()
    (finding,) = cleaned.findings
    assert finding.code == "small-kidney"
    np.testing.assert_allclose(finding.place_ras_mm, (60, 55, 70), atol=1.5)


def test_tumor_beyond_four_millimeters_is_removed_nearer_is_kept(geometry):
    kidney = make_phantom(geometry, lesions=False).tissue
    edge_a = -20 + 26  # the right kidney ends here toward the front
    for gap, stays in ((3.0, True), (9.0, False)):
        tissue = kidney.copy()
        spot = ellipsoid(geometry, (60, edge_a + gap + 10, 0), 10)
        tissue[spot] = Tissue.TUMOR
        cleaned = run(tissue, geometry)
        assert (cleaned.labels[spot] == Label.TUMOR).any() == stays
        assert [r.tissue for r in cleaned.removals] == ([] if stays else ["tumor"])


def test_large_unattached_mass_is_kept_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    spot = ellipsoid(geometry, (-60, 0, 0), 25)
    tissue[spot] = Tissue.TUMOR
    assert sphere_ml(25) > 50
    cleaned = run(tissue, geometry)
    assert (cleaned.labels[spot] == Label.TUMOR).all()
    assert [f.code for f in cleaned.findings] == ["unattached-mass"]


def test_tumor_speck_becomes_kidney_where_it_touches_one(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    inside = np.argwhere(tissue == Tissue.KIDNEY)[5000]
    tissue[tuple(inside)] = Tissue.TUMOR
    cleaned = run(tissue, geometry)
    assert cleaned.labels[tuple(inside)] in (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY)
    assert "speck" in cleaned.removals[0].reason


def test_small_cyst_of_a_twentieth_of_a_milliliter_stays(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    spot = ellipsoid(geometry, (60, -20, 0), 3.0)
    assert 0.03 < spot.sum() * 0.008 < 0.3
    tissue[spot] = Tissue.CYST
    assert (run(tissue, geometry).labels[spot] == Label.CYST).all()


def test_mass_gets_one_tissue_by_probability(tissue, geometry):
    tumor = tissue == Tissue.TUMOR
    part = np.argwhere(tumor)[:20]
    tissue[tuple(part.T)] = Tissue.CYST
    percent = np.stack([(tissue == n) * np.uint8(90) for n in (1, 2, 3)])
    percent[Tissue.TUMOR - 1, tumor], percent[Tissue.CYST - 1, tumor] = 80, 20
    cleaned = run(tissue, geometry, percent=percent)
    assert (cleaned.labels[tumor] == Label.TUMOR).all()
    assert "vote" in cleaned.removals[0].reason
    against = run(tissue, geometry, percent=percent[[0, 2, 1]])
    assert (against.labels[tumor] == Label.CYST).all()


def test_mass_of_two_large_tissues_keeps_both(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 15)
    tissue[mass] = Tissue.TUMOR
    lower = mass.copy()
    lower[geometry.shape[0] // 2 :] = False
    tissue[lower] = Tissue.CYST
    labels = run(tissue, geometry).labels
    assert (labels[lower] == Label.CYST).all()
    assert (labels[mass & ~lower] == Label.TUMOR).all()


@pytest.mark.parametrize(
    ("cyst_hu", "cyst_share", "kinds"),
    [
        (75, 0.4, {Label.TUMOR}),
        (60, 0.4, {Label.TUMOR, Label.CYST}),  # the densities tell them apart
        (18, 0.4, {Label.TUMOR, Label.CYST}),  # fluid
        (75, 0.6, {Label.TUMOR, Label.CYST}),  # the larger one is no part of the other
    ],
)
def test_a_large_cyst_as_dense_as_its_tumor_becomes_tumor(geometry, cyst_hu, cyst_share, kinds):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 15)
    lower = mass.copy()
    heights = np.argwhere(mass)[:, 0]
    lower[int(np.quantile(heights, cyst_share)) :] = False
    tissue[mass], tissue[lower] = Tissue.TUMOR, Tissue.CYST
    density = np.full(tissue.shape, 30 if cyst_hu < 20 else 90, np.int16)
    density[lower] = cyst_hu
    cleaned = run(tissue, geometry, density=density)
    assert set(np.unique(cleaned.labels[mass])) == kinds
    reasons = [r.reason for r in cleaned.removals]
    assert reasons == ["as dense as the tumor that it touches"] * (kinds == {Label.TUMOR})
    assert (run(tissue, geometry).labels[lower] == Label.CYST).all()


def test_cyst_beside_a_large_tumor_stands_a_dark_core_in_it_does_not(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tumor = ellipsoid(geometry, (-86, -20, 5), 18)
    tissue[tumor] = Tissue.TUMOR
    beside = ellipsoid(geometry, (-86, -20, 30), 8) & ~tumor
    core = ellipsoid(geometry, (-88, -20, 5), 8)
    assert 1.0 < beside.sum() * 0.008 < 0.2 * tumor.sum() * 0.008
    tissue[beside | core] = Tissue.CYST
    cleaned = run(tissue, geometry)
    assert (cleaned.labels[beside] == Label.CYST).all()
    assert (cleaned.labels[core] == Label.TUMOR).all()
    (removal,) = cleaned.removals
    assert removal.volume_ml == pytest.approx(core.sum() * 0.008)
    np.testing.assert_allclose(removal.center_ras, (-88, -20, 5), atol=1.5)


def test_every_removed_voxel_has_its_reason_and_can_be_taken_back(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    far = ellipsoid(geometry, (60, 50, 0), 8)
    fragment = ellipsoid(geometry, (0, 50, 60), 5)
    tissue[far], tissue[fragment] = Tissue.TUMOR, Tissue.KIDNEY
    cleaned = run(tissue, geometry)
    assert [(r.id, r.tissue) for r in cleaned.removals] == [(1, "kidney"), (2, "tumor")]
    taken = (tissue > 0) & (cleaned.labels == 0)
    np.testing.assert_array_equal(cleaned.rejected > 0, taken)
    np.testing.assert_array_equal(cleaned.rejected == 2, far)
    kept = run(tissue, geometry, keep=(2,))
    assert (kept.labels[far] == Label.TUMOR).all()
    assert not kept.labels[fragment].any()
    assert [r.restored for r in kept.removals] == [False, True]
    assert not (kept.rejected == 2).any()
    with pytest.raises(InputError, match="1 to 2"):
        run(tissue, geometry, keep=(3,))
    with pytest.raises(InputError, match="removed nothing"):
        run(np.zeros_like(tissue), geometry, keep=(1,))


def test_a_kidney_with_its_tumor_is_taken_back_as_it_was(tissue, geometry):
    tissue[...] = make_phantom(geometry).tissue
    right = Box.of_mask(make_phantom(geometry, kidneys=("right",)).tissue)
    cleaned = run(tissue, geometry, anchors=[right])
    assert [r.tissue for r in cleaned.removals] == ["kidney", "tumor"]
    assert not (cleaned.labels == Label.TUMOR).any()
    kept = run(tissue, geometry, anchors=[right], keep=(1, 2))
    np.testing.assert_array_equal(kept.labels == Label.TUMOR, tissue == Tissue.TUMOR)


def test_a_relabeled_part_is_recorded_and_can_be_taken_back(tissue, geometry):
    core = ellipsoid(geometry, (-86, -20, 5), 6)
    tissue[core] = Tissue.CYST
    cleaned = run(tissue, geometry)
    assert (cleaned.labels[core] == Label.TUMOR).all()
    np.testing.assert_array_equal(cleaned.rejected > 0, core)
    assert (run(tissue, geometry, keep=(1,)).labels[core] == Label.CYST).all()


def test_small_hole_is_filled_large_one_stays(tissue, geometry):
    tissue[:] = make_phantom(geometry, lesions=False).tissue
    small = ellipsoid(geometry, (60, -20, 20), 4.0)
    large = ellipsoid(geometry, (-60, -20, -10), 9.0)
    tissue[small | large] = 0
    labels = run(tissue, geometry).labels
    assert (labels[small] == Label.RIGHT_KIDNEY).all()
    assert not labels[large].any()


def test_horseshoe_is_cut_at_the_midline_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tissue[ellipsoid(geometry, (0, -20, 0), (60, 10, 12))] = Tissue.KIDNEY
    cleaned = run(tissue, geometry)
    assert [f.code for f in cleaned.findings] == ["fused"]
    assert {Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY} <= set(np.unique(cleaned.labels))


def test_third_kidney_is_kept_with_a_warning(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    third = ellipsoid(geometry, (60, 45, -60), (15, 15, 25))
    tissue[third] = Tissue.KIDNEY
    cleaned = run(tissue, geometry)
    assert (cleaned.labels[third] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["several-kidneys"]


def test_empty_map_stays_empty(geometry):
    cleaned = run(np.zeros(geometry.shape, np.uint8), geometry)
    assert not cleaned.labels.any()


def test_result_does_not_depend_on_the_orientation_of_the_side_rule(tissue, geometry):
    labels, _ = assign_sides(tissue, geometry, midline_r_mm=200.0)
    assert not (labels == Label.RIGHT_KIDNEY).any()


def test_thin_rim_of_kidney_does_not_vouch_for_a_far_mass(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (0, 60, 60), 18)
    tissue[mass] = Tissue.TUMOR
    rim = mass & ~ellipsoid(geometry, (2, 60, 60), 18)
    tissue[rim] = Tissue.KIDNEY
    tissue[rim & (np.cumsum(rim).reshape(rim.shape) > 100)] = Tissue.TUMOR  # 0.8 mL stays
    cleaned = run(tissue, geometry)
    assert not cleaned.labels[mass].any()
    assert {r.reason.split(" ")[0] for r in cleaned.removals} == {"rim", "more"}


@pytest.mark.parametrize("thickness", [2.5, 3.0, 3.9])
def test_one_empty_thick_slice_between_tumor_and_kidney_is_near(thickness):
    geometry = grid((thickness, 0.8, 0.8), (100, 100, 200))
    tissue = np.zeros(geometry.shape, np.uint8)
    tissue[5:20, 40:80, 40:80] = Tissue.KIDNEY
    tissue[21:26, 50:70, 50:70] = Tissue.TUMOR
    cleaned = run(tissue, geometry)
    assert (cleaned.labels == Label.TUMOR).sum() == 5 * 20 * 20


def test_hole_in_a_tumor_becomes_tumor(tissue, geometry):
    hole = ellipsoid(geometry, (-86, -20, 5), 4)
    tissue[hole] = 0
    labels = run(tissue, geometry).labels
    assert (labels[hole] == Label.TUMOR).all()


@pytest.mark.parametrize(
    ("kind", "radius_mm", "said", "kept"),
    [
        (Tissue.CYST, 4.0, 40, False),
        (Tissue.CYST, 4.0, 60, True),
        (Tissue.CYST, 7.0, 30, True),
        (Tissue.TUMOR, 4.0, 40, False),
        (Tissue.TUMOR, 7.0, 30, True),
    ],
)
def test_small_lesions_are_kept_where_the_network_believes_in_them(
    tissue, geometry, kind, radius_mm, said, kept
):
    kidney = np.argwhere(tissue == Tissue.KIDNEY)
    center = geometry.ras_from_kji(kidney[len(kidney) // 3])[0]
    spot = ellipsoid(geometry, center, radius_mm) & (tissue == Tissue.KIDNEY)
    assert (spot.sum() * 0.008 < 0.5) == (radius_mm < 5)
    tissue[spot] = kind
    percent = np.stack([(tissue == n) * np.uint8(90) for n in (1, 2, 3)])
    percent[kind - 1][spot] = said
    percent[Tissue.KIDNEY - 1][spot] = 95 - said
    cleaned = run(tissue, geometry, percent=percent)
    label = Label[kind.name]
    assert (cleaned.labels[spot] == label).all() == kept
    doubted = [r for r in cleaned.removals if "doubted" in r.reason]
    assert len(doubted) == (not kept)
    if not kept:
        assert (cleaned.labels[spot] > 0).all()  # it is kidney again
        again = run(tissue, geometry, percent=percent, keep=[doubted[0].id])
        assert (again.labels[spot] == label).all()


def doubted_mass(tissue, geometry, said, core, radius_mm=12):
    """Percent and mask of a tumor at the right kidney, and of a share of it that is surer."""
    center = (70, -20, 40)
    mass = ellipsoid(geometry, center, radius_mm) & (tissue != Tissue.CYST)
    tissue[mass] = Tissue.TUMOR
    percent = np.stack([(tissue == n) * np.uint8(90) for n in (1, 2, 3)])
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
    cleaned = run(tissue, geometry, **options)
    np.testing.assert_array_equal(tissue, before)
    assert (cleaned.labels[mass] == Label.TUMOR).all() == kept
    assert cleaned.labels[mass].any() == kept
    assert [f.code for f in cleaned.findings] == ["mass-left-out"] * (not kept)
    if not kept:
        (removal,) = cleaned.removals
        assert removal.volume_ml == pytest.approx(mass.sum() * geometry.voxel_volume_ml)
        assert f"{removal.volume_ml:.1f} mL" in cleaned.findings[0].message
        again = run(tissue, geometry, **options, keep=(removal.id,))
        assert (again.labels[mass] == Label.TUMOR).all()
        assert again.findings == []


@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (5.0, 0.8, 0.8)])
@pytest.mark.parametrize(
    ("said", "length_mm", "told"), [(70, 30, True), (95, 30, False), (70, 6, False)]
)
def test_what_hangs_on_a_kidney_far_from_where_the_network_is_sure_is_told(
    spacing_mm, said, length_mm, told
):
    geometry = grid(spacing_mm)
    tissue = make_phantom(geometry, lesions=False).tissue
    right = np.argwhere(tissue == Tissue.KIDNEY)
    front = geometry.ras_from_kji(right)[:, 1].max()
    bowel = ellipsoid(geometry, (60, front, 0), (10, length_mm, 10)) & (tissue == 0)
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    tissue[bowel], percent[0][bowel] = Tissue.KIDNEY, said
    cleaned = run(tissue, geometry, percent=percent)
    assert (cleaned.labels[bowel] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["doubted-part"] * told
    if told:
        (finding,) = cleaned.findings
        k, j, i = np.rint(geometry.kji_from_ras(finding.place_ras_mm)[0]).astype(int)
        assert bowel[k, j, i]
        said_ml = float(finding.message.split(" mL")[0].removeprefix("At least "))
        bowel_ml = bowel.sum() * geometry.voxel_volume_ml
        assert 0.3 * bowel_ml < said_ml < bowel_ml


def test_a_mass_left_out_takes_no_part_of_the_kidney_with_it(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    spots = np.argwhere(tissue == Tissue.KIDNEY)
    k = int(spots[:, 0].mean())
    across = np.zeros(tissue.shape, bool)
    across[k - 8 : k + 8] = tissue[k - 8 : k + 8] == Tissue.KIDNEY
    tissue[across] = Tissue.TUMOR
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    percent[Tissue.TUMOR - 1][across] = 60
    upper = Box((k + 12, 0, 0), (k + 16, *tissue.shape[1:]))  # what the user clicked lies in it
    cleaned = run(tissue, geometry, percent=percent, anchors=[upper], guided=True)
    assert not cleaned.labels[across].any()
    assert (cleaned.labels[tissue == Tissue.KIDNEY] == Label.RIGHT_KIDNEY).all()
    assert [f.code for f in cleaned.findings] == ["mass-left-out", "several-kidneys"]


def test_a_small_kidney_is_told_once(geometry):
    tissue = make_phantom(geometry, lesions=False, kidneys=("right",)).tissue
    tissue[ellipsoid(geometry, (-60, 0, 0), 9)] = Tissue.KIDNEY
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    for options in ({}, {"percent": percent}):
        assert [f.code for f in run(tissue, geometry, **options).findings] == ["small-kidney"]


def test_a_large_organ_on_a_sure_kidney_is_told_as_a_part(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    liver = ellipsoid(geometry, (75, 30, 10), 38) & (tissue == 0)
    tissue[liver], percent[0][liver] = Tissue.KIDNEY, 55
    cleaned = run(tissue, geometry, percent=percent)
    assert [f.code for f in cleaned.findings] == ["doubted-kidney", "doubted-part"]
    k, j, i = np.rint(geometry.kji_from_ras(cleaned.findings[1].place_ras_mm)[0]).astype(int)
    assert liver[k, j, i]


@pytest.mark.parametrize("shift", [0, 1])
def test_what_hangs_on_a_neck_of_one_voxel_is_told_too(shift):
    geometry = grid((1.0, 1.0, 1.0))
    tissue = make_phantom(geometry, lesions=False).tissue
    spots = np.argwhere(tissue == Tissue.KIDNEY)
    k, j, i = spots[spots[:, 1].argmax()] + (shift, 0, 0)  # at the front
    bowel = np.zeros(tissue.shape, bool)
    bowel[k - 10 : k + 10, j + 12 : j + 32, i - 10 : i + 10] = True
    tissue[k, j - 3 : j + 12, i] = Tissue.KIDNEY
    tissue[bowel] = Tissue.KIDNEY
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    percent[0][bowel] = 85
    assert [f.code for f in run(tissue, geometry, percent=percent).findings] == ["doubted-part"]


def test_a_speck_of_the_other_kind_in_a_mass_left_out_is_not_told(tissue, geometry):
    percent, mass, _ = doubted_mass(tissue, geometry, said=70, core=0)
    tissue[tuple(np.argwhere(mass)[0])] = Tissue.CYST
    cleaned = run(tissue, geometry, percent=percent)
    assert not cleaned.labels[mass].any()
    assert [r.tissue for r in cleaned.removals] == ["tumor", "cyst"]
    (finding,) = cleaned.findings
    assert finding.message.startswith("A tumor of")


BONE, DARK_RIM, NOT_BRIGHT = (275, 200), (240, 275), (200, 100)  # HU of rim and core


@pytest.mark.parametrize(
    ("rim_and_core", "said", "options", "kept", "told"),
    [
        (BONE, 80, {}, False, ["bone-left-out"]),
        (BONE, 60, {"guided": True}, True, ["doubted-kidney"]),
        (BONE, 80, {"density": None}, True, ["doubted-part"]),
        (BONE, 95, {}, True, []),
        (DARK_RIM, 80, {}, True, ["doubted-part"]),
        (NOT_BRIGHT, 80, {}, True, ["doubted-part"]),
        (NOT_BRIGHT, 60, {}, True, ["doubted-kidney"]),
    ],
)
@pytest.mark.parametrize("spacing_mm", [(2.0, 2.0, 2.0), (5.0, 1.0, 1.0)])
def test_a_doubted_kidney_that_looks_like_bone_is_left_out_others_are_told(
    spacing_mm, rim_and_core, said, options, kept, told
):
    geometry = grid(spacing_mm)
    tissue, percent, density, left = doubted_left_kidney(geometry, *rim_and_core, said)
    options = {"percent": percent, "density": density, **options}
    cleaned = run(tissue, geometry, **options)
    assert [f.code for f in cleaned.findings] == told
    assert cleaned.labels[left].all() == kept
    assert ["bone" in r.reason for r in cleaned.removals] == [True] * (not kept)
    if not kept:
        again = run(tissue, geometry, **options, keep=(1,))
        assert again.labels[left].all()
        assert [f.code for f in again.findings] == ["doubted-part"]


def test_a_doubted_kidney_with_a_tumor_is_never_taken_for_bone(geometry):
    tissue, percent, density, left = doubted_left_kidney(geometry, *BONE, 80)
    mass = ellipsoid(geometry, (-86, -20, 5), 22)
    tissue[mass] = Tissue.TUMOR
    percent[Tissue.TUMOR - 1][mass], percent[Tissue.KIDNEY - 1][mass] = 60, 30
    assert 0.2 < (mass & (tissue == Tissue.TUMOR)).sum() / (left | mass).sum() < 0.5
    cleaned = run(tissue, geometry, percent=percent, density=density)
    assert cleaned.labels[left | mass].all()


def doubted_left_kidney(geometry, rim_hu, core_hu, said):
    """Tissues, percent, densities and mask of a left kidney with a rim of two voxels in plane."""
    tissue = make_phantom(geometry, lesions=False).tissue
    left = tissue.astype(bool)
    left[:, :, geometry.shape[2] // 2 :] = False
    percent = np.stack([(tissue == n) * np.uint8(95) for n in (1, 2, 3)])
    percent[0][left] = said
    deep = ndimage.distance_transform_edt(left, geometry.spacing_mm) > 4.0
    density = np.full(tissue.shape, 150, np.int16)
    density[left], density[deep] = rim_hu, core_hu
    return tissue, percent, density, left


def test_noise_of_an_untrained_network_is_refused(tissue, geometry, monkeypatch):
    monkeypatch.setattr("KidneySegLib.kidney_ct.clean._MOST_REMOVALS", 3)
    tissue[1, 1, 1:9:2] = Tissue.KIDNEY
    with pytest.raises(ModelError, match="noise"):
        run(tissue, geometry)
    tissue[1, 1, 7] = Tissue.BACKGROUND
    assert len(run(tissue, geometry).removals) == 3


def test_tumor_speck_inside_a_cyst_becomes_cyst(tissue, geometry):
    speck = ellipsoid(geometry, (82, -20, 10), 2.5)
    assert 0 < speck.sum() * 0.008 < 0.1
    tissue[speck] = Tissue.TUMOR
    percent = np.zeros((3, *tissue.shape), np.uint8)
    percent[Tissue.CYST - 1], percent[Tissue.KIDNEY - 1] = 50, 40
    assert (run(tissue, geometry, percent=percent).labels[speck] == Label.CYST).all()


def test_kidneys_joined_off_center_are_split(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tissue[ellipsoid(geometry, (0, -20, 0), (60, 12, 20))] = Tissue.KIDNEY
    cleaned = clean(tissue, geometry, midline_r_mm=25.0)
    assert [f.code for f in cleaned.findings] == ["fused"]


def test_lesions_merge_into_the_kidney_they_touch(tissue, geometry):
    labels = run(tissue, geometry).labels
    merged = merge_lesions(labels, geometry, midline_r_mm=0.0)
    assert (merged[labels == Label.TUMOR] == Label.LEFT_KIDNEY).all()
    assert (merged[labels == Label.CYST] == Label.RIGHT_KIDNEY).all()
    np.testing.assert_array_equal(merged > 0, labels > 0)


def test_kidney_away_from_every_anchor_is_removed(tissue, geometry):
    center = np.rint(geometry.kji_from_ras((60.0, -20.0, 0.0))[0]).astype(int)
    anchor = Box(tuple(int(n) - 3 for n in center), tuple(int(n) + 3 for n in center))
    cleaned = run(tissue, geometry, anchors=[anchor])
    assert set(np.unique(cleaned.labels)) == {0, Label.RIGHT_KIDNEY, Label.CYST}
    assert [r.tissue for r in cleaned.removals] == ["kidney", "tumor"]
    assert {r.reason for r in cleaned.removals} == {"outside the places looked at"}
