import numpy as np
import pytest
from phantom import ellipsoid, grid, make_phantom

from KidneySegLib.anatomy import Label, Tissue
from KidneySegLib.stages.clean import clean
from KidneySegLib.stages.kind import EVEN_HU, STEP_HU, core_density, is_rather_tumor


@pytest.mark.parametrize(
    ("cyst_share", "density_hu", "expected"),
    [
        (0.5, EVEN_HU + 1, True),
        (0.5, EVEN_HU - 1, False),
        (0.1, 10.0, False),  # fluid stays what it was called
        (0.85, 60.0, False),
        (0.85, 75.0, True),
        (0.95, 200.0, False),  # a cyst that is not doubted, or a calyx filled with contrast
    ],
)
def test_odds_of_network_and_density_are_multiplied(cyst_share, density_hu, expected):
    assert is_rather_tumor(cyst_share, density_hu) is expected


def test_a_doubt_of_e_to_one_needs_one_step_more():
    share = 1 / (1 + np.exp(-1))
    assert not is_rather_tumor(share, EVEN_HU + 0.99 * STEP_HU)
    assert is_rather_tumor(share, EVEN_HU + 1.01 * STEP_HU)


def test_the_rim_of_a_lesion_does_not_count():
    geometry = grid((1.0, 1.0, 1.0), (30, 30, 30))
    lesion, core = (ellipsoid(geometry, (0, 0, 0), radius) for radius in (10, 7))
    hu = np.where(core, 12.0, 120.0)
    assert core_density(hu, lesion, geometry.spacing_mm) == 12.0
    hu[core] = np.nan
    assert core_density(hu, core, geometry.spacing_mm) is None
    speck = ellipsoid(geometry, (0, 0, 0), 4)
    assert core_density(hu, speck, geometry.spacing_mm) is None


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(grid((2.0, 2.0, 2.0)), lesions=False)


@pytest.fixture
def scene(phantom):
    """A phantom with an inner lesion that is called cyst at 60 %, and its CT at 70 HU there."""
    geometry = phantom.ct.geometry
    spot = ellipsoid(geometry, (60, -20, 0), 10)
    tissue, hu = phantom.tissue.copy(), phantom.ct.array.copy()
    tissue[spot], hu[spot] = Tissue.CYST, 70.0
    percent = np.zeros((3, *tissue.shape), np.uint8)
    percent[0][tissue == Tissue.KIDNEY] = 95
    percent[1][spot], percent[2][spot] = 35, 60
    return geometry, tissue, hu, percent, spot


def run(scene, **options):
    geometry, tissue, hu, percent, _ = scene
    return clean(tissue, geometry, midline_r_mm=0.0, percent=percent, hu=hu, **options)


def test_a_doubted_cyst_as_dense_as_a_tumor_is_called_tumor(scene):
    spot = scene[-1]
    cleaned = run(scene)
    assert (cleaned.labels[spot] == Label.TUMOR).all()
    (removal,) = cleaned.removals
    assert removal.tissue == "cyst"
    assert "70 HU" in removal.reason
    (finding,) = cleaned.findings
    assert finding.code == "cyst-called-tumor"
    np.testing.assert_allclose(finding.place_ras_mm, (60, -20, 0), atol=1.5)
    kept = run(scene, keep=(removal.id,))
    assert (kept.labels[spot] == Label.CYST).all()


@pytest.mark.parametrize("why", ["fluid", "not doubted", "no contrast", "no network"])
def test_a_cyst_stays_one(scene, why):
    geometry, tissue, hu, percent, spot = scene
    if why == "fluid":
        hu[spot] = 15.0
    elif why == "not doubted":
        percent[1][spot] = 5
    elif why == "no contrast":
        hu[tissue == Tissue.KIDNEY] = 35.0
    else:
        percent = None
    cleaned = run((geometry, tissue, hu, percent, spot))
    assert (cleaned.labels[spot] == Label.CYST).all()
    assert cleaned.removals == []
