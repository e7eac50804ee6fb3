import nrrd
import numpy as np
import pytest

from KidneySegLib.core.errors import InputError
from KidneySegLib.io.images import read_volume

DIRECTIONS = np.diag([0.8, 0.9, 2.5])
PLAIN = {
    "space": "left-posterior-superior",
    "space directions": DIRECTIONS,
    "space origin": [10, -20, 30],
}


@pytest.fixture
def array(rng):
    return rng.integers(-1000, 1000, (9, 10, 11)).astype(np.int16)


def save(path, array, header, **options):
    nrrd.write(str(path), array, header, index_order="C", **options)
    return path


def codes(volume):
    return [f.code for f in volume.findings]


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr"])
def test_encodings_attached_and_detached(tmp_path, array, encoding, suffix):
    path = save(
        tmp_path / f"a{suffix}", array, PLAIN | {"encoding": encoding},
        detached_header=suffix == ".nhdr",
    )  # fmt: skip
    volume = read_volume(path)
    np.testing.assert_array_equal(volume.array, array)
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8))
    np.testing.assert_allclose(volume.geometry.ras_from_kji([0, 0, 0])[0], (-10, 20, 30))
    assert codes(volume) == []


@pytest.mark.parametrize(
    ("space", "signs"),
    [("right-anterior-superior", (1, 1, 1)), ("LAS", (-1, 1, 1)), ("LPS", (-1, -1, 1))],
)
def test_spaces(tmp_path, array, space, signs):
    volume = read_volume(save(tmp_path / "a.nrrd", array, PLAIN | {"space": space}))
    np.testing.assert_allclose(np.diag(volume.geometry.ijk_to_ras)[:3], signs * np.diag(DIRECTIONS))
    assert volume.source.sides_known


@pytest.mark.parametrize(
    "header",
    [
        {"space dimension": 3, "space directions": DIRECTIONS},
        {"space": "scanner-xyz", "space directions": DIRECTIONS},
        {"spacings": [0.8, 0.9, 2.5]},
    ],
)
def test_a_header_without_the_patients_position_is_a_guess(tmp_path, array, header):
    volume = read_volume(save(tmp_path / "a.nrrd", array, header))
    assert codes(volume) == ["sides-unknown"]
    assert not volume.source.sides_known
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8))


def test_no_size_at_all_is_said(tmp_path, array):
    assert codes(read_volume(save(tmp_path / "a.nrrd", array, {}))) == [
        "sides-unknown",
        "size-unknown",
    ]


@pytest.mark.parametrize(("third", "said"), [(2.5, []), (9.0, ["two-sizes"])])
def test_directions_and_spacings_at_once(tmp_path, array, third, said):
    header = PLAIN | {"spacings": [0.8, 0.9, third]}
    volume = read_volume(save(tmp_path / "a.nrrd", array, header))
    assert codes(volume) == said
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8))


def test_lengths_in_cm_become_mm_and_unknown_units_are_said(tmp_path, array):
    small = PLAIN | {"space directions": DIRECTIONS / 10, "space units": ["cm"] * 3}
    volume = read_volume(save(tmp_path / "a.nrrd", array, small))
    assert codes(volume) == []
    np.testing.assert_allclose(volume.geometry.spacing_mm, (2.5, 0.9, 0.8))
    odd = PLAIN | {"space units": ["furlong"] * 3}
    assert codes(read_volume(save(tmp_path / "b.nrrd", array, odd))) == ["two-sizes"]


def test_a_header_without_its_data_says_which_file_is_gone(tmp_path, array):
    path = save(tmp_path / "a.nhdr", array, PLAIN, detached_header=True)
    next(p for p in tmp_path.iterdir() if p != path).unlink()
    with pytest.raises(InputError, match="its voxels are in 'a.raw"):
        read_volume(path)
