"""Is an image file whole, and is it one 3D image? One message for each cause."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..core.errors import InputError
from .paths import shown

_MOST_BYTES = 16 * 2**30


def damaged(path: Path) -> InputError:
    """A file that fails its checksum, ends too early, or is not the format its name says."""
    return InputError(
        f"'{shown(path.name)}' cannot be read: it is truncated, damaged, or not the format its "
        "name says. Copy or export it again."
    )


def require_sane_size(path: Path, expected_bytes: int) -> None:
    """Refuse a header that promises more than any CT has.

    Raises
    ------
    InputError
        Naming both sizes.
    """
    if expected_bytes > _MOST_BYTES:
        raise InputError(
            f"'{shown(path.name)}' promises {expected_bytes / 2**30:.0f} GB of voxels. Expected at "
            f"most {_MOST_BYTES / 2**30:.0f} GB; its header may be wrong. Crop it or export it "
            "again."
        )


def require_bytes(path: Path, found: int, expected: int) -> None:
    """Refuse a file that holds fewer voxels than its header promises.

    Raises
    ------
    InputError
        Naming both sizes.
    """
    if found < expected:
        raise InputError(
            f"'{shown(path.name)}' is truncated or its header is wrong: it promises "
            f"{expected / 2**20:.1f} MB of voxels and holds {found / 2**20:.1f} MB. Copy or export "
            "it again."
        )


def require_3d(path: Path, size: Sequence[int], components: int) -> None:
    """Refuse 2D, 4D and color images.

    Parameters
    ----------
    size : sequence of int
        Voxels per axis, as stored (axes after the third one may have length 1).
    components : int
        Values a voxel.

    Raises
    ------
    InputError
        Saying what it is instead.
    """
    name = shown(path.name)
    if components != 1:
        raise InputError(
            f"'{name}' has {components} values a voxel (a color picture or a vector field). "
            "Expected a CT with one density value a voxel."
        )
    if any(n > 1 for n in size[3:]):
        raise InputError(
            f"'{name}' is {len(size)}D ({' x '.join(map(str, size))}). "
            "Expected one 3D CT; export a single time point or phase."
        )
    if len([n for n in size[:3] if n > 1]) < 3:
        raise InputError(
            f"'{name}' is {'x'.join(map(str, size))}: a single slice or a 2D picture. "
            "Expected a 3D CT volume; load the whole series."
        )
