"""The real MRML scene of 3D Slicer (`slicer-core` from PyPI), started outside of Slicer.

Real: scene, nodes, segmentation, terminology, volumes, tables, transforms, subject hierarchy,
.mrb files, `slicer.util`. Imitated here: `slicer.mrmlScene`, `slicer.modules`, `slicer.app` (only
what this project uses).
"""

from __future__ import annotations

import types
from pathlib import Path

import numpy as np
import slicer
import vtk

_LOGICS = {
    "units": "vtkSlicerUnitsLogic",
    "colors": "vtkSlicerColorLogic",
    "terminologies": "vtkSlicerTerminologiesModuleLogic",
    "subjecthierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "volumes": "vtkSlicerVolumesLogic",
    "segmentations": "vtkSlicerSegmentationsModuleLogic",
    "tables": "vtkSlicerTablesLogic",
    "transforms": "vtkSlicerTransformLogic",
    "models": "vtkSlicerModelsLogic",
    "markups": "vtkSlicerMarkupsLogic",
}


class _Module:
    """What ``slicer.modules.<name>`` offers here: its logic."""

    def __init__(self, logic) -> None:
        self._logic = logic

    def logic(self):
        return self._logic


class RealScene:
    """A scene with the logics that Slicer gives it, set as ``slicer.mrmlScene``."""

    def __init__(self, cache: Path) -> None:
        # the wheel has no color and terminology files, and says so on every start
        vtk.vtkLogger.SetStderrVerbosity(vtk.vtkLogger.VERBOSITY_OFF)
        (cache / ".slicer-cache").touch()
        self.scene = slicer.vtkMRMLScene()
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self._remote = slicer.vtkMRMLRemoteIOLogic()
        self._remote.SetMRMLScene(self.scene)
        self._remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
        self._io = slicer.vtkDataIOManagerLogic()
        self._io.SetMRMLApplicationLogic(self.application_logic)
        self._io.SetAndObserveDataIOManager(self._remote.GetDataIOManager())
        self._remote.AddDataIOToScene()
        modules = types.SimpleNamespace()
        self.logics = {}
        for name, class_name in _LOGICS.items():
            logic = getattr(slicer, class_name)()
            logic.SetMRMLApplicationLogic(self.application_logic)
            self.application_logic.SetModuleLogic(name.capitalize(), logic)
            self.logics[name] = logic
            setattr(modules, name, _Module(logic))
        self.application_logic.SetMRMLScene(self.scene)
        for logic in self.logics.values():
            logic.SetMRMLScene(self.scene)
        slicer.mrmlScene, slicer.modules = self.scene, modules
        slicer.app = types.SimpleNamespace(
            layoutManager=lambda: None,
            applicationLogic=lambda: self.application_logic,
            temporaryPath=str(cache),
        )

    def close(self) -> None:
        """Empty the scene and let go of the logics."""
        self.scene.Clear(True)
        for logic in self.logics.values():
            logic.SetMRMLScene(None)
        self.application_logic.SetMRMLScene(None)


def add_ct(volume, name: str = "CT"):
    """Volume node of a KidneySegLib volume."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, volume.array.astype(np.int16))
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(volume.geometry.ijk_to_ras))
    node.CreateDefaultDisplayNodes()
    return node


def put_under_matrix(node, matrix: np.ndarray):
    """Put a node under a new linear transform."""
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def put_under_bend(node, *, scale: float, reach_mm: float = 600.0):
    """Put a node under a grid transform that scales about the origin (as bent as a grid gets)."""
    grid = vtk.vtkImageData()
    count, step = 13, 2 * reach_mm / 12
    grid.SetDimensions(count, count, count)
    grid.SetOrigin(-reach_mm, -reach_mm, -reach_mm)
    grid.SetSpacing(step, step, step)
    grid.AllocateScalars(vtk.VTK_DOUBLE, 3)
    axis = np.linspace(-reach_mm, reach_mm, count)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    from vtk.util.numpy_support import vtk_to_numpy

    shift = np.stack([x, y, z], axis=-1).reshape(-1, 3) * (scale - 1)
    vtk_to_numpy(grid.GetPointData().GetScalars())[:] = shift
    bend = slicer.vtkOrientedGridTransform()
    bend.SetDisplacementGridData(grid)
    bend.SetInterpolationModeToCubic()
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    transform.SetAndObserveTransformToParent(bend)
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform
