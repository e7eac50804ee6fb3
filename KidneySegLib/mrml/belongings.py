"""What belongs to a segmentation - table, candidates, lines - and where it stands in the scene.

Tied by node references, which survive saving, loading and import; IDs as text do not.
"""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from .placement import reference_volume

TABLE_ROLE = "KidneySeg.Segmentation"
LINE_ROLE = "KidneySeg.DiametersOf"
CANDIDATES_ROLE = "KidneySeg.Candidates"
STRUCTURES_ROLE = "KidneySeg.StructuresOf"
RECORD = "KidneySeg.Record"
_FOLDER = "KidneySeg.Folder"


def table_of(segmentation_node: Any) -> Any:
    """Table with the measurements of a segmentation; None where there is none."""
    return next(iter(_pointing_at(segmentation_node, "vtkMRMLTableNode", TABLE_ROLE)), None)


def diameter_lines(segmentation_node: Any) -> list[Any]:
    """Lines that were drawn for a segmentation."""
    return _pointing_at(segmentation_node, "vtkMRMLMarkupsLineNode", LINE_ROLE)


def candidates_of(segmentation_node: Any) -> Any:
    """Node with the candidates that belong to a segmentation; None where there is none."""
    return segmentation_node.GetNodeReference(CANDIDATES_ROLE)


def structures_of(segmentation_node: Any) -> list[Any]:
    """Segmentations with what a model tells beside a result's kidneys, tumors and cysts."""
    return _pointing_at(segmentation_node, "vtkMRMLSegmentationNode", STRUCTURES_ROLE)


def owner_of_candidates(node: Any) -> Any:
    """Segmentation whose candidates a node holds; None where it is something else."""
    others = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=node.GetScene())
    return next((other for other in others if candidates_of(other) is node), None)


def results_on(volume_node: Any) -> list[Any]:
    """Segmentations that KidneySeg made or measured on a CT, the newest last."""
    scene = volume_node.GetScene()
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=scene)
    return [
        node
        for node in nodes
        if reference_volume(node) is volume_node
        and (node.GetAttribute(RECORD) or table_of(node) is not None)
    ]


def belongings(segmentation_node: Any) -> list[Any]:
    """Every node that has no meaning without a segmentation."""
    tables = _pointing_at(segmentation_node, "vtkMRMLTableNode", TABLE_ROLE)
    own = [*tables, *diameter_lines(segmentation_node), *structures_of(segmentation_node)]
    return [*own, *own_candidates(segmentation_node)]


def own_candidates(segmentation_node: Any) -> list[Any]:
    """The candidates of a segmentation, where no copy of it refers to them as well."""
    node = candidates_of(segmentation_node)
    if node is None:
        return []
    scene = segmentation_node.GetScene()
    others = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene=scene)
    shared = any(o is not segmentation_node and candidates_of(o) is node for o in others)
    return [] if shared else [node]


def _pointing_at(segmentation_node: Any, kind: str, role: str) -> list[Any]:
    """Nodes of a class that refer to a segmentation by a role."""
    nodes = slicer.util.getNodesByClass(kind, scene=segmentation_node.GetScene())
    return [node for node in nodes if node.GetNodeReference(role) is segmentation_node]


def remove_with_display(node: Any) -> None:
    """Remove a node and what shows and stores it: the scene alone would keep both."""
    scene = node.GetScene()
    if scene is None:
        return
    kinds = ("GetDisplayNode", "GetStorageNode")
    others = [getattr(node, kind)() for kind in kinds if hasattr(node, kind)]
    scene.RemoveNode(node)
    for other in others:
        if other is not None:
            scene.RemoveNode(other)


def new_folder(name: str, volume_node: Any) -> int:
    """Folder beside a CT in the subject hierarchy for one result; 0 without a hierarchy."""
    hierarchy = hierarchy_of(volume_node.GetScene())
    if hierarchy is None:
        return 0
    item = hierarchy.GetItemByDataNode(volume_node)
    parent = hierarchy.GetItemParent(item) if item else hierarchy.GetSceneItemID()
    folder = hierarchy.CreateFolderItem(parent or hierarchy.GetSceneItemID(), name)
    hierarchy.SetItemAttribute(folder, _FOLDER, "1")
    return folder


def folder_of(segmentation_node: Any) -> int:
    """Folder of a result; 0 where the segmentation lies elsewhere."""
    hierarchy = hierarchy_of(segmentation_node.GetScene())
    item = hierarchy.GetItemByDataNode(segmentation_node) if hierarchy is not None else 0
    folder = hierarchy.GetItemParent(item) if item else 0
    return folder if folder and hierarchy.GetItemAttribute(folder, _FOLDER) else 0


def remove_folder(hierarchy: Any, folder: int) -> None:
    """Remove the folder of a result that is gone, where nothing else lies in it."""
    if hierarchy is None or not hierarchy.GetItemAttribute(folder, _FOLDER):
        return
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(folder, items, False)
    children = [items.GetId(n) for n in range(items.GetNumberOfIds())]
    if all(_is_left_over(hierarchy, child) for child in children):
        for item in (*children, folder):
            hierarchy.RemoveItem(item, False, True)


def _is_left_over(hierarchy: Any, item: int) -> bool:
    """Whether an item is that of a node that is gone (the application would have removed it)."""
    node = hierarchy.GetItemDataNode(item)
    gone = node is None or node.GetScene() is None
    return gone and hierarchy.GetItemLevel(item) != "Folder"


def put_into(folder: int, node: Any) -> None:
    """Put a node into a folder."""
    hierarchy = hierarchy_of(node.GetScene())
    if hierarchy is None or not folder:
        return
    own = hierarchy.GetItemByDataNode(node)
    if own:
        hierarchy.SetItemParent(own, folder)
    else:
        hierarchy.CreateItem(folder, node)


def place_beside(node: Any, neighbor: Any) -> None:
    """Put a node into the folder (result, patient, study) of another in the subject hierarchy."""
    hierarchy = hierarchy_of(node.GetScene())
    item = hierarchy.GetItemByDataNode(neighbor) if hierarchy is not None else 0
    if item:
        put_into(hierarchy.GetItemParent(item), node)


def hierarchy_of(scene: Any) -> Any:
    """Subject hierarchy of a scene; None where there is none."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
