import numpy as np
import pytest
from clean_tissues import clean, sure_percent
from phantom import ellipsoid, make_phantom

from KidneySegLib.core.anatomy import Label, Tissue


def test_mass_gets_one_tissue_by_probability(tissue, geometry):
    tumor = tissue == Tissue.TUMOR
    part = np.argwhere(tumor)[:20]
    tissue[tuple(part.T)] = Tissue.CYST
    percent = sure_percent(tissue, 90)
    percent[Tissue.TUMOR - 1, tumor], percent[Tissue.CYST - 1, tumor] = 80, 20
    cleaned = clean(tissue, geometry, percent=percent)
    assert (cleaned.labels[tumor] == Label.TUMOR).all()
    assert "vote" in cleaned.removals[0].reason
    against = clean(tissue, geometry, percent=percent[[0, 2, 1]])
    assert (against.labels[tumor] == Label.CYST).all()


def test_mass_of_two_large_tissues_keeps_both(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 15)
    tissue[mass] = Tissue.TUMOR
    lower = mass.copy()
    lower[geometry.shape[0] // 2 :] = False
    tissue[lower] = Tissue.CYST
    labels = clean(tissue, geometry).labels
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
    cleaned = clean(tissue, geometry, density=density)
    assert set(np.unique(cleaned.labels[mass])) == kinds
    reasons = [r.reason for r in cleaned.removals]
    assert reasons == ["as dense as the tumor that it touches"] * (kinds == {Label.TUMOR})
    assert (clean(tissue, geometry).labels[lower] == Label.CYST).all()


def test_cyst_beside_a_large_tumor_stands_a_dark_core_in_it_does_not(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    tumor = ellipsoid(geometry, (-86, -20, 5), 18)
    tissue[tumor] = Tissue.TUMOR
    beside = ellipsoid(geometry, (-86, -20, 30), 8) & ~tumor
    core = ellipsoid(geometry, (-88, -20, 5), 8)
    assert 1.0 < beside.sum() * 0.008 < 0.2 * tumor.sum() * 0.008
    tissue[beside | core] = Tissue.CYST
    cleaned = clean(tissue, geometry)
    assert (cleaned.labels[beside] == Label.CYST).all()
    assert (cleaned.labels[core] == Label.TUMOR).all()
    (removal,) = cleaned.removals
    assert removal.volume_ml == pytest.approx(core.sum() * 0.008)
    np.testing.assert_allclose(removal.center_ras, (-88, -20, 5), atol=1.5)


def test_a_relabeled_part_is_recorded_and_can_be_taken_back(tissue, geometry):
    core = ellipsoid(geometry, (-86, -20, 5), 6)
    tissue[core] = Tissue.CYST
    cleaned = clean(tissue, geometry)
    assert (cleaned.labels[core] == Label.TUMOR).all()
    np.testing.assert_array_equal(cleaned.rejected > 0, core)
    assert (clean(tissue, geometry, keep=(1,)).labels[core] == Label.CYST).all()


def test_tumor_speck_inside_a_cyst_becomes_cyst(tissue, geometry):
    speck = ellipsoid(geometry, (82, -20, 10), 2.5)
    assert 0 < speck.sum() * 0.008 < 0.1
    tissue[speck] = Tissue.TUMOR
    percent = np.zeros((3, *tissue.shape), np.uint8)
    percent[Tissue.CYST - 1], percent[Tissue.KIDNEY - 1] = 50, 40
    assert (clean(tissue, geometry, percent=percent).labels[speck] == Label.CYST).all()


def drawn_cystic(geometry, *, tumor_hu, side_share):
    """A mass of fluid that the network calls cyst, and a shell of tumor around it."""
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 20)
    density = np.where(tissue == Tissue.KIDNEY, 150, -100).astype(np.int16)
    density[mass] = 8
    inner = ellipsoid(geometry, (-86, -20, 5), 20 * (1 - side_share))
    tissue[mass], tissue[mass & ~inner] = Tissue.CYST, Tissue.TUMOR
    density[mass & ~inner] = tumor_hu
    return tissue, density, mass


@pytest.mark.parametrize(("tumor_hu", "kind"), [(70, Label.TUMOR), (10, Label.CYST)])
def test_fluid_that_is_joined_to_a_solid_part_is_one_cystic_tumor(geometry, tumor_hu, kind):
    tissue, density, mass = drawn_cystic(geometry, tumor_hu=tumor_hu, side_share=0.15)
    percent = sure_percent(tissue, 90)
    percent[Tissue.TUMOR - 1, mass], percent[Tissue.CYST - 1, mass] = 20, 70  # the vote is cyst
    cleaned = clean(tissue, geometry, percent=percent, density=density)
    assert set(np.unique(cleaned.labels[mass])) == {kind}
    assert any("its solid part" in r.reason for r in cleaned.removals) == (kind == Label.TUMOR)


@pytest.mark.parametrize(
    ("called", "lead", "hu", "kind"),
    [
        (Tissue.TUMOR, 20, 5, Label.CYST),  # fluid, and the network hardly prefers tumor
        (Tissue.TUMOR, 60, 5, Label.TUMOR),  # it is sure: a warning is all
        (Tissue.TUMOR, 20, 70, Label.TUMOR),
        (Tissue.CYST, 20, 70, Label.TUMOR),  # solid, and large
        (Tissue.CYST, 60, 70, Label.CYST),
        (Tissue.CYST, 20, 5, Label.CYST),
    ],
)
def test_densities_decide_where_the_network_is_not_sure(geometry, called, lead, hu, kind):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 18)
    tissue[mass] = called
    density = np.where(tissue == Tissue.KIDNEY, 150, -100).astype(np.int16)
    density[mass] = hu
    other = Tissue.CYST if called == Tissue.TUMOR else Tissue.TUMOR
    percent = sure_percent(tissue, 90)
    percent[called - 1, mass], percent[other - 1, mass] = 50 + lead // 2, 50 - lead // 2
    cleaned = clean(tissue, geometry, percent=percent, density=density)
    assert set(np.unique(cleaned.labels[mass])) == {kind}
    plain = np.where(tissue == Tissue.KIDNEY, 35, density).astype(np.int16)  # without contrast
    same = {Label.TUMOR if called == Tissue.TUMOR else Label.CYST}
    assert (
        set(np.unique(clean(tissue, geometry, percent=percent, density=plain).labels[mass])) == same
    )


def test_a_small_cyst_that_seems_solid_stays(geometry):
    tissue = make_phantom(geometry, lesions=False).tissue
    mass = ellipsoid(geometry, (-86, -20, 5), 12)
    tissue[mass] = Tissue.CYST
    density = np.where(tissue == Tissue.KIDNEY, 150, 70).astype(np.int16)
    percent = sure_percent(tissue, 90)
    percent[Tissue.CYST - 1, mass], percent[Tissue.TUMOR - 1, mass] = 55, 45
    labels = clean(tissue, geometry, percent=percent, density=density).labels
    assert (labels[mass] == Label.CYST).all()
