"""Locate kidneys: a coarse network over the whole field."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ...core.progress import OnTiles
from ...core.volume import Geometry, Volume
from ...engine.base import Predictor
from ...engine.tiling import predict_block
from ...models.info import Limits, limits_of
from ...models.network_source import StageSpec
from ..places import Found, Place

_OVERLAP = 0.3  # a kidney at a tile's border is whole in the next


@dataclass(frozen=True)
class LocatorLimits:
    """What of a coarse probability map is a candidate, and which candidates are segmented.

    The defaults were set on the model that ships (0.3 and later); a model may bring its own.

    Attributes
    ----------
    threshold : float
        Probability of kidney, 0..1.
    least_ml : float
        Smaller parts are no candidates. Shrunken kidneys of 10 mL exist; the fine network has the
        last word.
    most_places : int
    least_of_second : float
        Share of the second largest candidate's volume that every other one must have: false
        candidates on CTs without labels were up to 0.4.
    """

    threshold: float = 0.4
    least_ml: float = 4.0
    most_places: int = 6
    least_of_second: float = 0.6

    @classmethod
    def of(cls, limits: Limits) -> LocatorLimits:
        """Limits that a model brings."""
        return limits_of(cls, limits.get("locator", {}))


def locate_kidneys(
    volume: Volume,
    predictor: Predictor,
    spec: StageSpec,
    limits: LocatorLimits | None = None,
    *,
    on_tiles: OnTiles | None = None,
) -> list[Place]:
    """Find kidneys in the whole field.

    Parameters
    ----------
    volume : Volume
        Canonical, HU.
    spec : StageSpec
        Input of the coarse network.
    limits : LocatorLimits, optional

    Returns
    -------
    list of Place
        Largest first; none, one, three are normal.
    """
    grid = spec.input.grid_of(volume.geometry)
    shares = predict_block(
        spec.input.seen(volume, grid), predictor, spec, overlap=_OVERLAP, on_tiles=on_tiles
    )
    return find_places(1.0 - shares[0], grid, limits or LocatorLimits())


def find_places(share: np.ndarray, grid: Geometry, limits: LocatorLimits) -> list[Place]:
    """Places of the connected parts of a coarse probability map ``(k, j, i)``, largest first."""
    from scipy import ndimage

    labels, _ = ndimage.label(share > limits.threshold, np.ones((3, 3, 3)))
    places = []
    for n, where in enumerate(ndimage.find_objects(labels), start=1):
        volume_ml = float((labels[where] == n).sum() * grid.voxel_volume_ml)
        if volume_ml >= limits.least_ml:
            ends = np.array([[s.start - 0.5, s.stop - 0.5] for s in where])
            corners = grid.ras_from_kji(np.array(list(product(*ends))))
            places.append(Place(corners.min(axis=0), corners.max(axis=0), volume_ml))
    places.sort(key=lambda p: -p.volume_ml)
    return places[: int(limits.most_places)]


def likely_kidneys(places: list[Place], limits: LocatorLimits | None = None) -> Found:
    """Part candidates of the locator, largest first, in those to segment and those to report.

    The two largest are always segmented, and every other one that is not much smaller than the
    second largest: shrunken, solitary and third kidneys stay, specks in bowel and bone do not.
    """
    if len(places) < 3:
        return Found(places, [])
    least = (limits or LocatorLimits()).least_of_second * places[1].volume_ml
    return Found(
        [p for p in places if p.volume_ml >= least],
        [p for p in places if p.volume_ml < least],
    )
