"""What the panel asks of single nodes. Needs no Qt."""

import slicer


def is_of(segmentation, ct):
    """Whether a result whose CT is gone was made on a CT with the same voxels."""
    from KidneySegLib import mrml

    known = mrml.recorded_voxels(segmentation) if segmentation is not None else ""
    gone = bool(known) and mrml.reference_volume(segmentation) is None
    return gone and is_ct(ct) and mrml.voxels_of(ct) == known


def is_ct(node):
    """Whether a node can be a CT: a scalar volume that is no label map and no color image."""
    scalar = node.IsA("vtkMRMLScalarVolumeNode") and not node.IsA("vtkMRMLLabelMapVolumeNode")
    if not scalar or node.IsA("vtkMRMLVectorVolumeNode"):
        return False
    image = node.GetImageData()
    return image is not None and image.GetNumberOfPoints() > 0


def study_date(ct):
    """Date of a CT's study as DICOM says (2020-01-31); empty where it is not known."""
    from KidneySegLib import mrml

    hierarchy = mrml.hierarchy_of(slicer.mrmlScene)
    item = hierarchy.GetItemByDataNode(ct) if ct is not None and hierarchy is not None else 0
    study = hierarchy.GetItemAncestorAtLevel(item, "Study") if item else 0
    date = hierarchy.GetItemAttribute(study, "DICOM.StudyDate") if study else ""
    digits = (date or "").replace("-", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 else ""
