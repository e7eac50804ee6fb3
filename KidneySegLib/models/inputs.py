"""What a network wants to see: spacing, channels, normalization, and what lies outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..core.errors import ModelError
from ..core.volume import Box, Geometry, Volume, resample

_FLAT = 0.01  # of the normalized span
_AXES = ("SI", "AP", "RL")  # canonical, and against it
_ANISOTROPY = 3.0  # coarsest over finest voxel edge from which an axis is resampled apart
_SPLINE_REACH, _LINEAR_REACH = 12, 1  # voxels that a cubic spline is felt, and a straight line
_SLACK_MM = 1e-3  # MONAI takes voxel sizes for equal that differ by less
_NO_LIMITS = (-float("inf"), float("inf"))


class Values(Protocol):
    """HU to a network's values."""

    @property
    def clip_hu(self) -> tuple[float, float]:
        """Lowest and highest density that it tells apart from others."""
        ...

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Normalized float32 array of an array in HU."""
        ...

    @property
    def span(self) -> float:
        """Normalized values from the lowest to the highest density; 0 where there is no end."""
        ...

    def fitted(self, image: np.ndarray) -> Values:
        """The same for one image, where it depends on the image as a whole."""
        ...


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
        return abs((high - low) * self.factor) if np.isfinite(high - low) else 0.0

    def fitted(self, image: np.ndarray) -> Normalization:
        """The same for every image."""
        return self


@dataclass(frozen=True)
class Standardized:
    """Clipped, then mean 0 and standard deviation 1 of a training set's foreground (nnU-Net)."""

    clip_hu: tuple[float, float]
    mean: float
    sd: float

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Normalized float32 array of an array in HU, step by step as nnU-Net rounds it."""
        values = image.astype(np.float32)
        np.clip(values, *self.clip_hu, out=values)
        values -= self.mean
        values /= self.sd
        return values

    @property
    def span(self) -> float:
        """Normalized values from the lowest to the highest density."""
        low, high = self.clip_hu
        return (high - low) / self.sd

    def fitted(self, image: np.ndarray) -> Standardized:
        """The same for every image."""
        return self


@dataclass(frozen=True)
class SoftWindow:
    """A window in HU whose ends are soft: the logistic function, 0..1 (MONAI Auto3DSeg)."""

    low: float
    high: float
    clip_hu: tuple[float, float] = _NO_LIMITS
    span: float = 1.0

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Normalized float32 array of an array in HU."""
        x = 2 * (image.astype(np.float32) - self.low) / (self.high - self.low) - 1
        return (1 / (1 + np.exp(-x))).astype(np.float32)

    def fitted(self, image: np.ndarray) -> SoftWindow:
        """The same for every image."""
        return self


@dataclass(frozen=True)
class ZScore:
    """Mean 0 and standard deviation 1 over the image, or over its voxels that are not 0.

    Before it is fitted to an image it has neither.
    """

    nonzero: bool = False
    clip_hu: tuple[float, float] = _NO_LIMITS
    span: float = 0.0
    mean: float = 0.0
    sd: float = 1.0

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Normalized float32 array of an array in HU."""
        scaled = (image.astype(np.float32) - self.mean) / self.sd
        return np.where(image != 0, scaled, 0).astype(np.float32) if self.nonzero else scaled

    def fitted(self, image: np.ndarray) -> ZScore:
        """The same with an image's mean and standard deviation."""
        values = image[image != 0] if self.nonzero else image
        if values.size == 0:
            return self
        sd = float(values.std(dtype=np.float64))
        return replace(self, mean=float(values.mean(dtype=np.float64)), sd=max(sd, 1e-8))


@dataclass(frozen=True)
class InputSpec:
    """Input of a network; nothing else knows spacing, channels, normalization and pad value.

    Attributes
    ----------
    spacing_mm : (float or None, float or None, float or None)
        ``(k, j, i)``; None along an axis on which the network does not care (slices of a 2-D one).
    normalization : Values
    channels : int
        Images that the network sees at once.
    pad : float
        Normalized value of what lies outside of the image.
    axes : str
        Where the network's axes k, j and i point to in the patient, such as ``SAR``.
    skip_flat : bool
        Whether tiles of one density are background unseen.
    tolerance : float
        An axis whose spacing differs by no more than this share keeps its own.
    splines : (int, int), optional
        Orders by which images are brought onto the grid as nnU-Net does it: the usual one, and that
        along an axis that is far coarser than the others. Without, they are averaged.
    anchored : bool
        Whether images are brought onto the grid as MONAI's Spacing does it: the first voxel's
        center stays where it is, and values between voxels are linear.
    normalized_first : bool
        Whether that is done with normalized values, else with HU.
    """

    spacing_mm: tuple[float | None, float | None, float | None]
    normalization: Values
    channels: int = 1
    pad: float = -1.0
    axes: str = "SAR"
    skip_flat: bool = True
    tolerance: float = 0.0
    splines: tuple[int, int] | None = None
    anchored: bool = False
    normalized_first: bool = True

    @property
    def flat(self) -> float:
        """Normalized values that vary less hold one density only, such as air."""
        return _FLAT * self.normalization.span if self.skip_flat else -1.0

    def grid_of(self, geometry: Geometry) -> Geometry:
        """Grid over a field with this spacing; where it does not matter, with the field's own."""
        slack = _SLACK_MM if self.anchored else 0.0
        wanted = tuple(
            float(own) if mm is None or abs(own - mm) <= self.tolerance * mm + slack else mm
            for own, mm in zip(geometry.spacing_mm, self.spacing_mm, strict=True)
        )
        if self.anchored:
            return geometry.anchored_with(wanted)
        if self.splines is None:
            return geometry.with_spacing(wanted)
        sizes = zip(geometry.spacing_mm, wanted, geometry.shape, strict=True)
        return geometry.with_shape([max(1, round(float(a / b * n))) for a, b, n in sizes])

    def seen(self, volume: Volume, grid: Geometry) -> np.ndarray:
        """A CT as the network sees it on a grid, clipped before averaging.

        Parameters
        ----------
        volume : Volume
            HU.
        grid : Geometry

        Returns
        -------
        (1, k, j, i) float32
        """
        if self.splines is not None:
            return self._seen_by_splines(volume, grid, self.splines)
        if self.anchored:
            part = _around(volume, grid, _LINEAR_REACH)
            values = self.normalization(part.array) if self.normalized_first else part.array
            seen = resample(values, part.geometry, grid, smooth=False)
            return (seen if self.normalized_first else self.normalization(seen))[None]
        low, high = self.normalization.clip_hu
        limits = (low, high) if np.isfinite(high - low) else None
        image = volume.resampled_to(grid, limits=limits).array
        return self.normalization(image)[None]

    def _seen_by_splines(
        self, volume: Volume, grid: Geometry, splines: tuple[int, int]
    ) -> np.ndarray:
        """The same, normalized before it is interpolated: splines overshoot what was clipped."""
        part = _around(volume, grid, _SPLINE_REACH)
        values = self.normalization(part.array)
        axis = coarse_axis(list(volume.geometry.spacing_mm), list(grid.spacing_mm))
        orders = [splines[1] if n == axis else splines[0] for n in range(3)]
        return resample(values, part.geometry, grid, orders=orders)[None]

    def fitted(self, volume: Volume) -> InputSpec:
        """The same for one image, where normalization depends on the image as a whole."""
        return replace(self, normalization=self.normalization.fitted(volume.array))

    def oriented(self, volume: Volume) -> Volume:
        """A volume (a view) with its axes as the network has them."""
        return volume.canonical().reoriented(*order_and_flips(self.axes))


def _around(volume: Volume, grid: Geometry, reach: int) -> Volume:
    """The part of a volume (a view) that a grid lies in, with so many voxels around it."""
    ends = grid.ras_from_kji(np.array([[-1, -1, -1], grid.shape]))
    corners = volume.geometry.kji_from_ras(ends)
    low = np.floor(corners.min(axis=0)).astype(int) - reach
    high = np.ceil(corners.max(axis=0)).astype(int) + reach + 1
    size = np.array(volume.array.shape)
    start, stop = np.clip(low, 0, size - 1), np.clip(high, 1, size)
    return volume.cropped(Box(tuple(map(int, start)), tuple(map(int, stop))))


def coarse_axis(
    now: Sequence[float], then: Sequence[float], apart: bool | None = None
) -> int | None:
    """The axis that nnU-Net resamples apart: the only coarse one of the first grid that has one.

    Parameters
    ----------
    now, then : sequence of float
        Voxel sizes in mm of the grids before and after.
    apart : bool, optional
        What a model's plans say; None where the voxel sizes decide.
    """
    if apart is False:
        return None
    for spacing in (now, then):
        if apart is True or max(spacing) / min(spacing) > _ANISOTROPY:
            coarse = [n for n, mm in enumerate(spacing) if max(spacing) / mm == 1]
            return coarse[0] if len(coarse) == 1 else None
    return None


def order_and_flips(axes: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What `Volume.reoriented` makes of a canonical volume, for axes such as ``SAR``.

    Raises
    ------
    ModelError
        If they do not name each of the patient's axes once.
    """
    places = [next((n for n, pair in enumerate(_AXES) if c in pair), -1) for c in axes.upper()]
    if sorted(places) != [0, 1, 2]:
        raise ModelError(f"'{axes}' names no orientation. Expected three letters such as SAR.")
    flips = tuple(1 if _AXES[p][0] == c else -1 for p, c in zip(places, axes.upper(), strict=True))
    return tuple(places), flips
