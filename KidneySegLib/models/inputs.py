"""What a network wants to see: spacing, channels, normalization, and what lies outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import ModelError
from ..core.volume import Geometry, Volume

_FLAT = 0.01  # of the normalized span


@dataclass(frozen=True)
class Normalization:
    """HU to a network's values: clipped, then ``(hu - offset) * factor + shift``.

    Attributes
    ----------
    clip_hu : (float, float)
        Lowest and highest density that the network can tell apart from others.
    offset, factor, shift : float
    """

    clip_hu: tuple[float, float]
    offset: float
    factor: float
    shift: float = 0.0

    @classmethod
    def window(cls, low: float, high: float) -> Normalization:
        """A window in HU that becomes -1..1."""
        return cls((low, high), low, 2 / (high - low), -1.0)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Normalized float32 array of an array in HU."""
        low, high = self.clip_hu
        return ((np.clip(image, low, high) - self.offset) * self.factor + self.shift).astype(
            np.float32
        )

    @property
    def span(self) -> float:
        """Normalized values from the lowest to the highest density."""
        low, high = self.clip_hu
        return abs((high - low) * self.factor)


@dataclass(frozen=True)
class InputSpec:
    """Input of a network; nothing else knows spacing, channels, normalization and pad value.

    Attributes
    ----------
    spacing_mm : (float or None, float or None, float or None)
        ``(k, j, i)``; None along an axis on which the network does not care (slices of a 2-D one).
    normalization : Normalization
    channels : int
        Images that the network sees at once.
    pad : float
        Normalized value of what lies outside of the image.
    """

    spacing_mm: tuple[float | None, float | None, float | None]
    normalization: Normalization
    channels: int = 1
    pad: float = -1.0

    @property
    def flat(self) -> float:
        """Normalized values that vary less hold one density only, such as air."""
        return _FLAT * self.normalization.span

    def grid_of(self, geometry: Geometry) -> Geometry:
        """Grid over a field with this spacing; where it does not matter, with the field's own."""
        own = geometry.spacing_mm
        return geometry.with_spacing(
            tuple(float(own[n]) if mm is None else mm for n, mm in enumerate(self.spacing_mm))
        )

    def seen(self, volume: Volume, grid: Geometry) -> np.ndarray:
        """A CT as the network sees it on a grid, clipped before averaging.

        Parameters
        ----------
        volume : Volume
            HU.
        grid : Geometry

        Returns
        -------
        (channels, k, j, i) float32

        Raises
        ------
        ModelError
            If the network wants several images.
        """
        if self.channels != 1:
            raise ModelError(
                f"The model reads {self.channels} images at once, and one CT was given. Choose a "
                "model that reads one."
            )
        image = volume.resampled_to(grid, limits=self.normalization.clip_hu).array
        return self.normalization(image)[None]
