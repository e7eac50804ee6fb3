"""Overview picture: axial, coronal and sagittal contours at the kidneys and lesions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core.anatomy import KIDNEY_OF_SIDE, PICTURE_COLORS, SEGMENTS, SIDES
from ..core.volume import Box, Volume
from ..measure.measurements import Measurements

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WINDOW_HU = (-135.0, 215.0)
_MOST_LESIONS = 3
_VIEWS = (
    ("axial", 0, ("R", "L", "A", "P")),
    ("coronal", 1, ("R", "L", "S", "I")),
    ("sagittal", 2, ("A", "P", "S", "I")),
)
_HALF_WIDTH_MM, _HALF_HEIGHT_MM = 90.0, 70.0
_PANEL_INCHES = 3.6
_DISCLAIMER = "KidneySeg - research software, not a medical device"


def write_overview(ct: Volume, labels: Volume, measurements: Measurements, path: Path) -> None:
    """Draw the overview as PNG.

    Parameters
    ----------
    ct, labels : Volume
        On the same grid, any orientation.
    measurements : Measurements
        Where the lesions are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ct, labels = ct.canonical(), labels.canonical()
    spots = _spots(labels, measurements)
    rows = max(1, len(spots))
    height = rows * _PANEL_INCHES * _HALF_HEIGHT_MM / _HALF_WIDTH_MM + 0.3 * rows + 0.45
    figure = Figure(figsize=(3 * _PANEL_INCHES, height), facecolor="black")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 3, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")  # before anything measures ticks
    for row, (title, spot, line) in zip(axes, spots, strict=True):
        for axis, (name, cut, letters) in zip(row, _VIEWS, strict=True):
            _draw_view(axis, ct, labels, spot, cut, letters)
            if cut == 0 and line is not None:
                axis.plot(line[:, 2], line[:, 1], color="white", linewidth=1.0, marker="|")
            axis.set_title(f"{title}, {name}", color="white", fontsize=9)
    _draw_legend(figure, labels)
    figure.subplots_adjust(0.005, 0.4 / height, 0.995, 1 - 0.3 / height, 0.02, 0.12)
    figure.savefig(path, dpi=100, facecolor="black", metadata={"Software": "KidneySeg"})


def _spots(
    labels: Volume, measurements: Measurements
) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """Titles and voxels to show: each kidney's center, the largest lesions, else the middle.

    A lesion is shown where its largest axial diameter lies, with the ends of that diameter.
    """
    spots = []
    box = Box.of_mask(labels.array) or Box((0, 0, 0), (1, 1, 1))
    for side in SIDES:
        voxels = box.start + np.argwhere(labels.array[box.slices] == KIDNEY_OF_SIDE[side])
        if len(voxels):
            name = f"{measurements.side_text(side)} kidney"
            spots.append((name, np.rint(voxels.mean(axis=0)).astype(int), None))
    for lesion in measurements.lesions[:_MOST_LESIONS]:
        center = labels.geometry.kji_from_ras(lesion.center_ras_mm)[0]
        line = labels.geometry.kji_from_ras(lesion.feret_axial_ends_ras_mm)
        center[0] = line[:, 0].mean()
        inside = np.clip(np.rint(center).astype(int), 0, np.array(labels.array.shape) - 1)
        side = measurements.side_text(lesion.side)
        title = f"lesion {lesion.id}: {lesion.kind}, {side}, {lesion.volume_ml:.1f} mL"
        spots.append((title, inside, line))
    if not spots:
        spots.append(("no kidney found", np.array(labels.array.shape) // 2, None))
    return spots


def _draw_view(
    axis: Axes, ct: Volume, labels: Volume, spot: np.ndarray, cut: int, letters: tuple[str, ...]
) -> None:
    """One slice with contours; radiological convention (patient's right on the left)."""
    rest = [a for a in range(3) if a != cut]
    height, width = (ct.geometry.spacing_mm[a] for a in rest)
    center = [spot[a] for a in rest]
    reach = (_HALF_HEIGHT_MM / height, _HALF_WIDTH_MM / width)
    whole = [ct.array.shape[a] for a in rest]
    where, first = _window(center, reach, whole)
    picture = np.take(ct.array, spot[cut], cut)[where]
    marks = np.take(labels.array, spot[cut], cut)[where]
    extent = (
        first[1] - 0.5,
        first[1] + picture.shape[1] - 0.5,
        first[0] - 0.5,
        first[0] + picture.shape[0] - 0.5,
    )
    axis.imshow(
        picture,
        cmap="gray",
        vmin=_WINDOW_HU[0],
        vmax=_WINDOW_HU[1],
        origin="lower",
        aspect=height / width,
        extent=extent,
        interpolation="bilinear",
    )
    for label, color in PICTURE_COLORS.items():
        mask = marks == label
        if mask.any():
            rows, columns = (f + np.arange(n) for f, n in zip(first, mask.shape, strict=True))
            axis.contour(columns, rows, mask, [0.5], colors=[color], linewidths=1.1)
    axis.set_ylim(center[0] - reach[0], center[0] + reach[0])
    axis.set_xlim(center[1] + reach[1], center[1] - reach[1])
    left, right, top, bottom = letters
    places = ((0.02, 0.5, left), (0.98, 0.5, right), (0.5, 0.97, top), (0.5, 0.03, bottom))
    for x, y, text in places:
        axis.text(
            x,
            y,
            text,
            color="#cccccc",
            fontsize=8,
            transform=axis.transAxes,
            ha="center",
            va="center",
        )


def _window(
    center: Sequence[int], reach: Sequence[float], whole: Sequence[int]
) -> tuple[tuple[slice, ...], list[int]]:
    """Slices of what a view shows, a little more than it, and their first row and column."""
    first = [max(0, int(c - r) - 2) for c, r in zip(center, reach, strict=True)]
    last = [min(n, int(c + r) + 4) for c, r, n in zip(center, reach, whole, strict=True)]
    return tuple(slice(a, b) for a, b in zip(first, last, strict=True)), first


def _draw_legend(figure, labels: Volume) -> None:
    """Names of the contours that occur, and what this is not."""
    from matplotlib.lines import Line2D

    box = Box.of_mask(labels.array)
    part = labels.array[:0] if box is None else labels.array[box.slices]
    present = [label for label in PICTURE_COLORS if (part == label).any()]
    lines = [Line2D([], [], color=PICTURE_COLORS[x], label=SEGMENTS[x].name) for x in present]
    if lines:
        figure.legend(
            handles=lines, loc="lower left", ncols=4, fontsize=9, frameon=False, labelcolor="white"
        )
    figure.text(0.99, 0.012, _DISCLAIMER, color="#bbbbbb", fontsize=8, ha="right", va="bottom")
