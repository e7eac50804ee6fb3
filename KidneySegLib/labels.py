"""Label schemes: the same numbers mean other things in KidneySeg's and in KiTS's files.

Nothing guesses a scheme: whoever reads a label map says which one it follows.
"""

from __future__ import annotations

import numpy as np

from .anatomy import Tissue
from .errors import InputError
from .findings import Finding
from .stages.body import find_midline
from .stages.clean import assign_sides
from .volume import Volume

UNSURE = 255
_TO_TISSUE = {
    "kidneyseg": {
        0: Tissue.BACKGROUND,
        1: Tissue.KIDNEY,
        2: Tissue.KIDNEY,
        3: Tissue.TUMOR,
        4: Tissue.CYST,
    },
    "kits": {0: Tissue.BACKGROUND, 1: Tissue.KIDNEY, 2: Tissue.TUMOR, 3: Tissue.CYST},
}
_MEANING = {
    "kidneyseg": "1 right kidney, 2 left kidney, 3 tumor, 4 cyst",
    "kits": "1 kidney, 2 tumor, 3 cyst",
}
SCHEMES = tuple(_TO_TISSUE)


def check_scheme(array: np.ndarray, scheme: str) -> None:
    """Refuse label numbers that a scheme does not have (255, unsure, is allowed).

    Raises
    ------
    InputError
        Naming the numbers found and the numbers expected.
    """
    found = np.flatnonzero(np.bincount(array.ravel(), minlength=256))
    wrong = [int(n) for n in found if n not in _TO_TISSUE[scheme] and n != UNSURE]
    if wrong:
        raise InputError(
            f"The label map holds the numbers {', '.join(map(str, wrong))}, which the scheme "
            f"'{scheme}' does not have. Expected 0 background, {_MEANING[scheme]}. Convert the "
            "labels, or choose the other scheme with --labels."
        )


def to_tissue(array: np.ndarray, scheme: str) -> np.ndarray:
    """`Tissue` numbers of a label array; unsure voxels become background.

    Parameters
    ----------
    array : (k, j, i) uint8
    scheme : str
        ``kidneyseg`` or ``kits``.
    """
    check_scheme(array, scheme)
    table = np.zeros(256, np.uint8)
    for number, tissue in _TO_TISSUE[scheme].items():
        table[number] = tissue
    return table[array]


def to_kidneyseg(
    labels: Volume, scheme: str, ct: Volume | None = None
) -> tuple[Volume, list[Finding]]:
    """Canonical volume with `Label` numbers, whatever the scheme of the input.

    KiTS files do not tell sides: they come from the body's midline where a CT is given, else
    from the middle of the field. The findings say where that is not sure.
    """
    canonical = labels.canonical()
    if scheme == "kidneyseg":
        check_scheme(canonical.array, scheme)
        array = np.where(canonical.array == UNSURE, 0, canonical.array).astype(np.uint8)
        return canonical.with_array(array), []
    tissue = to_tissue(canonical.array, scheme)
    if ct is not None:
        midline = find_midline(ct.canonical(), (-np.inf, np.inf)).r_mm
    else:
        center = (np.array(tissue.shape) - 1) / 2
        midline = float(canonical.geometry.ras_from_kji(center)[0, 0])
    array, findings = assign_sides(tissue, canonical.geometry, midline_r_mm=midline)
    return canonical.with_array(array), findings
