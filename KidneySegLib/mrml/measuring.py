"""Measuring segments as they are now, in world coordinates, whatever transform they lie under."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.anatomy import Label
from ..core.errors import InputError
from ..core.source import voxels_fingerprint
from ..core.volume import Box, Geometry, Volume
from ..measure.intervals import with_intervals
from ..measure.measurements import Measurements, measure
from .results import stored_record
from .segments import KEPT_TAG, TERMINOLOGY_TAG, fingerprint, label_of, paint, segment_ids, tag
from .volumes import is_linear, transformed, volume_from_node, world_transform

_LATTICE_MM = 6.0
_AIR_HU = -1024.0
_MOST_WORLD_VOXELS = 2e7


def labels_from_segmentation(node: Any, volume_node: Any) -> Volume:
    """Label map (`Label` numbers) of a segmentation on the CT's grid.

    Segments count by their terminology: a tumor that the user adds in the Segment Editor is
    measured too, and a cyst that the user calls a tumor is one. Where segments overlap, tumor wins
    over cyst, cyst over kidney. Segments kept from before a run count only where the run found
    nothing of their kind and side.

    Raises
    ------
    InputError
        If no segment is a kidney, tumor or cyst.
    """
    volume = volume_from_node(volume_node)
    array = np.zeros(volume.array.shape, np.uint8)
    chosen = _segments_to_measure(node)
    if not chosen and segment_ids(node):
        raise InputError(
            f"No segment of '{node.GetName()}' is known as kidney, tumor or cyst. Set their "
            "terminology in the Segment Editor (double-click the color)."
        )
    for label in (Label.RIGHT_KIDNEY, Label.LEFT_KIDNEY, Label.CYST, Label.TUMOR):
        for segment_id in (s for s, found in chosen if found == label):
            paint(array, label, node, segment_id, volume_node)
    return Volume(array, volume.geometry)


def _segments_to_measure(node: Any) -> list[tuple[str, Label]]:
    """IDs and labels of the segments that count."""
    segmentation = node.GetSegmentation()
    rows = []
    for segment_id in segment_ids(node):
        segment = segmentation.GetSegment(segment_id)
        label = label_of(segment)
        if label is not None:
            kept = tag(segment, KEPT_TAG) is not None
            rows.append((segment_id, label, tag(segment, TERMINOLOGY_TAG), kept))
    current = {(label, codes) for _, label, codes, kept in rows if not kept}
    return [(s, n) for s, n, codes, kept in rows if not kept or (n, codes) not in current]


def measured_fingerprints(node: Any) -> dict[str, list[str]]:
    """Label and fingerprint of every segment that is measured."""
    return {s: [n.name.lower(), fingerprint(node, s)] for s, n in _segments_to_measure(node)}


def measure_segmentation(node: Any, volume_node: Any) -> Measurements:
    """Measure a segmentation in world coordinates, whatever transform it lies under.

    Raises
    ------
    InputError
        If no segment is a kidney, tumor or cyst.
    """
    labels, ct = in_world(labels_from_segmentation(node, volume_node), volume_node)
    return with_intervals(measure(labels, ct), labels)


def require_own_ct(node: Any, volume_node: Any) -> None:
    """Refuse to measure a segmentation on another CT than the one that a run made it on.

    Raises
    ------
    InputError
        If the voxels differ from those that the run's record names.
    """
    recorded = (stored_record(node)["record"] or {}).get("input", {}).get("voxels_sha256")
    if recorded and recorded != voxels_fingerprint(volume_from_node(volume_node)):
        raise InputError(
            f"The segments of '{node.GetName()}' were made on another CT than "
            f"'{volume_node.GetName()}': its voxels are others, or were changed. Choose the CT "
            "that they were made on, or segment this one."
        )


def in_world(labels: Volume, volume_node: Any) -> tuple[Volume, Volume]:
    """Labels and CT in world coordinates and canonical orientation, whatever the transform."""
    ct = volume_from_node(volume_node)
    if not is_linear(volume_node):
        labels, ct = _resampled_in_world(labels, ct, volume_node)
    return labels.canonical(), ct.canonical()


def _resampled_in_world(labels: Volume, ct: Volume, volume_node: Any) -> tuple[Volume, Volume]:
    """Labels and CT resampled to a regular grid in world coordinates, around the labels.

    The transform is asked on a lattice of 6 mm and interpolated between. Memberships are
    interpolated: with the nearest voxel's label, a sphere of 3 cm came out 4 % too large.
    """
    from scipy import ndimage

    box = Box.of_mask(labels.array)
    if box is None:
        return labels, ct
    transform = world_transform(volume_node)
    grid = _world_grid(labels.geometry, box, transform)
    kji = _source_voxels(grid, labels.geometry, transform.GetInverse())
    world, best = np.zeros(grid.shape, np.uint8), np.full(grid.shape, 0.5, np.float32)
    for label in np.unique(labels.array[labels.array > 0]):
        member = (labels.array == label).astype(np.float32)
        share = ndimage.map_coordinates(member, kji, order=1)
        wins = share >= best
        world[wins], best[wins] = label, share[wins]
    density = ndimage.map_coordinates(
        ct.array, kji, order=1, output=np.float32, mode="constant", cval=_AIR_HU
    )
    return Volume(world, grid), Volume(density, grid)


def _world_grid(geometry: Geometry, box: Box, transform: Any) -> Geometry:
    """Grid along R, A, S that holds a box of voxels after a transform."""
    ends = [np.linspace(a - 1, b, 12) for a, b in zip(box.start, box.stop, strict=True)]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    world = transformed(geometry.ras_from_kji(corners), transform)
    low, high = world.min(axis=0), world.max(axis=0)
    finest = (np.prod(high - low) / _MOST_WORLD_VOXELS) ** (1 / 3)
    step = max(float(geometry.spacing_mm.min()) / 2, finest)
    matrix = np.diag([step, step, step, 1.0])
    matrix[:3, 3] = low
    return Geometry(tuple(np.ceil((high - low) / step).astype(int)[::-1]), matrix)


def _source_voxels(grid: Geometry, source: Geometry, to_source: Any) -> np.ndarray:
    """Source voxel coordinates ``(3, k, j, i)`` of every voxel of a grid in world coordinates."""
    from scipy import ndimage

    every = _LATTICE_MM / float(grid.spacing_mm.min())
    counts = [max(2, int(np.ceil((n - 1) / every)) + 1) for n in grid.shape]
    axes = [np.linspace(0, n - 1, m) for n, m in zip(grid.shape, counts, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    kji = source.kji_from_ras(transformed(grid.ras_from_kji(lattice), to_source))
    coarse = kji.T.reshape(3, *counts).astype(np.float32)
    fine = np.indices(grid.shape, dtype=np.float32)
    for axis in range(3):
        fine[axis] *= (counts[axis] - 1) / max(1, grid.shape[axis] - 1)
    return np.stack([ndimage.map_coordinates(c, fine, order=1) for c in coarse])
