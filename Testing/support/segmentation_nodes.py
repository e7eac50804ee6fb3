import numpy as np
import pytest

from KidneySegLib import mrml

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")


def names(segmentation_node):
    segmentation = segmentation_node.GetSegmentation()
    count = segmentation.GetNumberOfSegments()
    return [segmentation.GetNthSegment(n).GetName() for n in range(count)]


def segment_id(segmentation_node, name):
    return segmentation_node.GetSegmentation().GetSegmentIdBySegmentName(name)


def erase_top(segmentation_node, volume_node, name):
    """Edit a segment as the Segment Editor does: take away its upper half."""
    chosen = segment_id(segmentation_node, name)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation_node, chosen, volume_node)
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    mask = mask.copy()
    mask[slices[len(slices) // 2] :] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation_node, chosen, volume_node)


def scene_text(scene):
    scene.SetSaveToXMLString(1)
    scene.Commit()
    return scene.GetSceneXMLString()


def true_volumes(segmentation_node, node):
    measurements = mrml.measure_segmentation(segmentation_node, node).measurements
    return {x.kind: (x.volume_ml, x.side, x.feret_3d_mm) for x in measurements.lesions}


def removals_of(rejected, geometry, tissue):
    rows = []
    for number in np.unique(rejected[rejected > 0]).tolist():
        volume_ml = float((rejected == number).sum() * geometry.voxel_volume_ml)
        rows.append({"id": number, "tissue": tissue, "reason": "far", "volume_ml": volume_ml})
    return rows
