"""A result as it was before a step, to go back to: Slicer's own undo does not reach these nodes."""

from __future__ import annotations

from typing import Any

import slicer

from .belongings import (
    CANDIDATES_ROLE,
    belongings,
    candidates_of,
    diameter_lines,
    folder_of,
    hierarchy_of,
    own_candidates,
    put_into,
    remove_folder,
    remove_with_display,
    table_of,
)
from .corrections import MADE
from .journal import CHANGES
from .results import RECORD
from .tables import ATTRIBUTES

_OF_SEGMENTATION = (RECORD, MADE, CHANGES)


class Checkpoint:
    """Copies of a segmentation, its table and its candidates.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode, optional
        None before a step that makes one: going back then removes it.
    title : str
        What the step is, in words of the user.
    """

    def __init__(self, segmentation_node: Any, title: str) -> None:
        self.title, self._node = title, segmentation_node
        if segmentation_node is None:
            return
        self._segments = _copied(segmentation_node)
        self._attributes = _attributes(segmentation_node, _OF_SEGMENTATION)
        table, candidates = table_of(segmentation_node), candidates_of(segmentation_node)
        self._table = None if table is None else _TableCopy(table)
        self._candidates = None if candidates is None else _NodeCopy(candidates)

    def restore(self, made: Any = None) -> bool:
        """Put everything back as it was.

        Parameters
        ----------
        made : vtkMRMLSegmentationNode, optional
            What the step made, where there was nothing before.

        Returns
        -------
        bool
            False where the segmentation is gone.
        """
        if self._node is None:
            if made is not None and made.GetScene() is not None:
                remove_result(made)
            return True
        node = self._node
        if node.GetScene() is None:
            return False
        with slicer.util.NodeModify(node):
            node.GetSegmentation().DeepCopy(self._segments)
            for name, value in self._attributes.items():
                node.SetAttribute(name, value)
        for line in diameter_lines(node):
            remove_with_display(line)
        self._restore_table()
        self._restore_candidates()
        return True

    def _restore_table(self) -> None:
        """The table as it was; none where there was none."""
        table = table_of(self._node)
        if self._table is not None and table is not None:
            self._table.restore(table)
        elif table is not None:
            remove_with_display(table)

    def _restore_candidates(self) -> None:
        """Candidates as they were; none where there were none."""
        for now in own_candidates(self._node):
            remove_with_display(now)
        self._node.RemoveNodeReferenceIDs(CANDIDATES_ROLE)
        if self._candidates is not None:
            made = self._candidates.made_again(self._node)
            made.GetSegmentation().DeepCopy(self._candidates.segments)


class _TableCopy:
    """Columns, units and attributes of a table node."""

    def __init__(self, node: Any) -> None:
        self._copy = slicer.vtkMRMLTableNode()
        self._copy.CopyContent(node, True)
        self._attributes = _attributes(node, ATTRIBUTES)

    def restore(self, node: Any) -> None:
        """Put them back."""
        with slicer.util.NodeModify(node):
            node.CopyContent(self._copy, True)
            for name, value in self._attributes.items():
                node.SetAttribute(name, value)


class _NodeCopy:
    """Segments of the candidates, and how to make their node again."""

    def __init__(self, node: Any) -> None:
        self.segments, self._name = _copied(node), node.GetName()
        self._transform = node.GetTransformNodeID()

    def made_again(self, owner: Any) -> Any:
        """A new hidden node for the candidates of a segmentation."""
        scene = owner.GetScene()
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", self._name)
        node.CreateDefaultDisplayNodes()
        node.SetAndObserveTransformNodeID(self._transform)
        node.GetDisplayNode().SetVisibility(False)
        owner.SetNodeReferenceID(CANDIDATES_ROLE, node.GetID())
        put_into(folder_of(owner), node)
        return node


def _copied(node: Any) -> Any:
    """Deep copy of a node's segments."""
    copy = slicer.vtkSegmentation()
    copy.DeepCopy(node.GetSegmentation())
    return copy


def _attributes(node: Any, names: tuple[str, ...]) -> dict[str, str | None]:
    """Attributes of a node; None for those it does not have."""
    return {name: node.GetAttribute(name) for name in names}


def remove_result(segmentation_node: Any) -> None:
    """Remove a segmentation with all that belongs to it, and its folder."""
    hierarchy = hierarchy_of(segmentation_node.GetScene())
    folder = folder_of(segmentation_node)
    for node in [*belongings(segmentation_node), segmentation_node]:
        remove_with_display(node)
    remove_folder(hierarchy, folder)
