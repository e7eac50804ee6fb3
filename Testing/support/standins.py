"""Widgets and Python modules of Slicer that `slicer-core` does not bring, as stand-ins.

Imitated: MRML and CTK widgets of the panel, ``slicer.ScriptedLoadableModule``,
``slicer.parameterNodeWrapper``, ``slicer.i18n``, ``SampleData``, settings and clipboard of the
application. The scene beneath them is the real one (see scene.py).
"""

from __future__ import annotations

import enum
import sys
import types
import typing
from pathlib import Path

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from pythonqt import Wrapped, errors, guarded, qt_module, unwrap

_HEADER_HEIGHT = 26


# ---------------------------------------------------------------------------- widgets


class qMRMLWidget(QtWidgets.QWidget):  # noqa: N801
    def setMRMLScene(self, scene):
        self._scene = scene


class ctkCollapsibleButton(QtWidgets.QWidget):  # noqa: N801
    """A titled section that hides what it holds, and knows what else is hidden in it."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._text, self._collapsed, self._wanted, self._own = "", False, {}, False
        self.setContentsMargins(0, _HEADER_HEIGHT, 0, 0)

    def _get_text(self):
        return self._text

    def _set_text(self, text):
        self._text = text

    def _get_collapsed(self):
        return self._collapsed

    def _set_collapsed(self, collapsed):
        changed, self._collapsed = collapsed != self._collapsed, collapsed
        self.setMaximumHeight(_HEADER_HEIGHT + 2 if collapsed else 16777215)
        direct = QtCore.Qt.FindChildOption.FindDirectChildrenOnly
        for child in self.findChildren(QtWidgets.QWidget, options=direct):
            if collapsed:
                self._hide(child, wanted=not child.isHidden())
            else:
                child.setVisible(self._wanted.pop(child, not child.isHidden()))
        if changed:
            self.contentsCollapsed.emit(collapsed)

    def _hide(self, child, *, wanted):
        self._wanted[child], self._own = wanted, True
        child.setHidden(True)
        self._own = False

    text = QtCore.Property(str, _get_text, _set_text)
    collapsed = QtCore.Property(bool, _get_collapsed, _set_collapsed)

    def childEvent(self, event):
        super().childEvent(event)
        if event.polished() and event.child().isWidgetType():  # before, it is no more than QWidget
            event.child().installEventFilter(self)
            if self._collapsed and event.child() not in self._wanted:
                self._hide(event.child(), wanted=not event.child().isHidden())

    def eventFilter(self, child, event):
        if self._collapsed and not self._own:
            if event.type() == QtCore.QEvent.Type.ShowToParent:
                self._hide(child, wanted=True)
            elif event.type() == QtCore.QEvent.Type.HideToParent:
                self._wanted[child] = False
        return False

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        bar = QtCore.QRect(0, 0, self.width(), _HEADER_HEIGHT - 4)
        painter.fillRect(bar, self.palette().color(QtGui.QPalette.ColorRole.Button).darker(108))
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        mark = "\u25b8" if self._collapsed else "\u25be"
        painter.drawText(
            bar.adjusted(8, 0, 0, 0), QtCore.Qt.AlignmentFlag.AlignVCenter, f"{mark}  {self._text}"
        )


def _stored(name, kind, default):
    """Qt property of a node combo box; PySide6 knows only those declared in the class body."""

    def read(self):
        return self._values.get(name, default)

    def write(self, value):
        self._values[name] = value
        self._refill()

    return QtCore.Property(kind, read, write)


class qMRMLNodeComboBox(QtWidgets.QWidget):  # noqa: N801
    """A combo box with the scene's nodes of some classes."""

    currentNodeChanged = QtCore.Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._values = {"nodeTypes": [], "noneDisplay": "None"}
        self._scene, self._ids, self._tags = None, [], []
        self._combo = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self.setFocusProxy(self._combo)
        self._combo.currentIndexChanged.connect(
            lambda _index: self.currentNodeChanged.emit(self.currentNode())
        )

    addEnabled = _stored("addEnabled", bool, False)
    removeEnabled = _stored("removeEnabled", bool, False)
    renameEnabled = _stored("renameEnabled", bool, False)
    noneEnabled = _stored("noneEnabled", bool, False)
    showChildNodeTypes = _stored("showChildNodeTypes", bool, True)
    noneDisplay = _stored("noneDisplay", str, "None")
    nodeTypes = _stored("nodeTypes", "QStringList", [])

    def setMRMLScene(self, scene):
        self._scene = scene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent):
            self._tags.append(scene.AddObserver(event, lambda *_: self._refill()))
        self._refill()

    def currentNode(self):
        index = self._combo.currentIndex()
        chosen = self._ids[index] if 0 <= index < len(self._ids) else ""
        return self._scene.GetNodeByID(chosen) if chosen and self._scene else None

    def setCurrentNode(self, node):
        self._refill()
        wanted = node.GetID() if node is not None else ""
        self._combo.setCurrentIndex(self._ids.index(wanted) if wanted in self._ids else -1)

    def _refill(self):
        if self._scene is None:
            return
        before = self.currentNode()
        self._combo.blockSignals(True)
        self._combo.clear()
        self._ids = []
        if self._values.get("noneEnabled"):
            self._combo.addItem(self._values["noneDisplay"] or "None")
            self._ids.append("")
        for n in range(self._scene.GetNumberOfNodes()):
            node = self._scene.GetNthNode(n)
            if node.GetClassName() in self._values["nodeTypes"] and not node.GetHideFromEditors():
                self._combo.addItem(node.GetName())
                self._ids.append(node.GetID())
        wanted = before.GetID() if before is not None else ""
        none = 0 if self._ids[:1] == [""] else -1
        self._combo.setCurrentIndex(self._ids.index(wanted) if wanted in self._ids else none)
        self._combo.blockSignals(False)


class qMRMLSegmentsTableView(QtWidgets.QTableWidget):  # noqa: N801
    """Names and colors of the segments."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._read_only = False
        self.setMinimumHeight(130)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()

    readOnly = QtCore.Property(
        bool, lambda self: self._read_only, lambda self, v: setattr(self, "_read_only", v)
    )

    def setMRMLScene(self, scene):
        self._scene = scene

    def selectedSegmentIDs(self):
        rows = sorted({index.row() for index in self.selectedIndexes()})
        return [self._ids[row] for row in rows]

    def setSegmentationNode(self, node):
        segmentation = node.GetSegmentation() if node is not None else None
        count = segmentation.GetNumberOfSegments() if segmentation else 0
        self._ids = [segmentation.GetNthSegmentID(n) for n in range(count)]
        self.setColumnCount(2)
        self.setColumnWidth(0, 30)
        self.setRowCount(count)
        for n in range(count):
            segment = segmentation.GetNthSegment(n)
            color = QtWidgets.QTableWidgetItem()
            color.setBackground(QtGui.QColor.fromRgbF(*segment.GetColor()))
            self.setItem(n, 0, color)
            self.setItem(n, 1, QtWidgets.QTableWidgetItem(segment.GetName()))


class qMRMLSegmentEditorWidget(QtWidgets.QLabel):  # noqa: N801
    """Slicer's Segment Editor as a part of other panels: keeps what it is told."""

    def __init__(self):
        super().__init__("Slicer's Segment Editor is here")
        self.told, self.shortcuts, self.observes = {}, False, False

    def __getattr__(self, name):
        if not name.startswith("set"):
            raise AttributeError(name)
        return lambda value: self.told.__setitem__(name[3:], value)

    def setupViewObservations(self):
        self.observes = True

    def removeViewObservations(self):
        self.observes = False

    def installKeyboardShortcuts(self):
        self.shortcuts = True

    def uninstallKeyboardShortcuts(self):
        self.shortcuts = False


_WIDGETS = (qMRMLWidget, ctkCollapsibleButton, qMRMLNodeComboBox, qMRMLSegmentsTableView)


def load_ui(path) -> Wrapped:
    """``slicer.util.loadUI``."""
    loader = QtUiTools.QUiLoader()
    for widget in _WIDGETS:
        loader.registerCustomWidget(widget)
    loaded = loader.load(str(path))
    if loaded is None:
        raise RuntimeError(f"{path} cannot be read: {loader.errorString()}")
    return Wrapped(loaded)


def child_widget_variables(widget) -> types.SimpleNamespace:
    """``slicer.util.childWidgetVariables``: every named widget as an attribute."""
    children = unwrap(widget).findChildren(QtWidgets.QWidget)
    return types.SimpleNamespace(
        **{c.objectName(): Wrapped(c) for c in children if c.objectName().isidentifier()}
    )


# ---------------------------------------------------------------------------- parameter node


def parameter_node_wrapper(cls):
    """``@parameterNodeWrapper``: typed attributes stored in a real parameter node."""
    module = sys.modules[cls.__module__]
    kinds = {
        name: eval(kind, vars(module)) if isinstance(kind, str) else kind
        for name, kind in vars(cls)["__annotations__"].items()
    }
    defaults = {name: getattr(cls, name, None) for name in kinds}

    class Wrapper:
        def __init__(self, node):
            object.__setattr__(self, "parameterNode", node)

        def __getattr__(self, name):
            if name not in kinds:
                raise AttributeError(name)
            return _read(self.parameterNode, name, kinds[name], defaults[name])

        def __setattr__(self, name, value):
            if name not in kinds:
                raise AttributeError(f"{cls.__name__} has no parameter '{name}'")
            _write(self.parameterNode, name, kinds[name], value)

        def AddObserver(self, *arguments):
            return self.parameterNode.AddObserver(*arguments)

        def RemoveObserver(self, tag):
            self.parameterNode.RemoveObserver(tag)

        def connectGui(self, gui):
            _connect_gui(self, gui)  # returns nothing, as in Slicer 5.10: it cannot be undone

    Wrapper.__name__ = cls.__name__
    return Wrapper


def _is_node(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def _read(node, name, kind, default):
    if _is_node(kind):
        return node.GetNodeReference(name)
    text = node.GetParameter(name)
    if not text:
        return default
    if kind is bool:
        return text == "True"
    return kind[text] if issubclass(kind, enum.Enum) else kind(text)


def _write(node, name, kind, value):
    if _is_node(kind):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} must be {kind.__name__}, got {value!r}")
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)
        node.Modified()
        return
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, got {value!r}")
    node.SetParameter(name, value.name if isinstance(value, enum.Enum) else str(value))


def _connect_gui(wrapper, gui):
    """Bind widgets with a SlicerParameterName both ways."""
    connection, bound = {"busy": False}, []
    for widget in (unwrap(w) for w in vars(gui).values()):
        name = widget.property("SlicerParameterName")
        if name is not None:
            getattr(wrapper, name)  # must be a parameter
            bound.append((widget, name))

    def to_parameter(widget, name):
        def store(*_):
            if not connection["busy"]:
                read = getattr(widget, "currentNode", None) or widget.isChecked
                setattr(wrapper, name, read())

        return store

    def to_widgets(*_):
        connection["busy"] = True
        for widget, name in bound:
            value = getattr(wrapper, name)
            if hasattr(widget, "setCurrentNode"):
                widget.setCurrentNode(value)
            else:
                widget.setChecked(value)
        connection["busy"] = False

    for widget, name in bound:
        signal = getattr(widget, "currentNodeChanged", None) or widget.toggled
        signal.connect(guarded(to_parameter(widget, name), 1))
    wrapper.AddObserver(vtk.vtkCommand.ModifiedEvent, to_widgets)
    to_widgets()


# ---------------------------------------------------------------------------- scripted module


class ScriptedLoadableModule:
    def __init__(self, parent):
        self.parent = parent


class ScriptedLoadableModuleWidget:
    def __init__(self, parent=None):
        self.parent = parent or Wrapped(QtWidgets.QWidget())
        self.layout = Wrapped(QtWidgets.QVBoxLayout(unwrap(self.parent)))

    def setup(self):
        pass

    def enter(self):
        pass

    def exit(self):
        pass

    def resourcePath(self, name):
        module = sys.modules[type(self).__name__.removesuffix("Widget")]
        return str(Path(module.__file__).parent / "Resources" / name)


class ScriptedLoadableModuleLogic:
    def __init__(self, parent=None):
        self.moduleName = "KidneySeg"

    def getParameterNode(self):
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node = scene.AddNode(node)
        return node


class ScriptedLoadableModuleTest:
    def delayDisplay(self, message):
        self.said = message


class _SampleDataLogic:
    """Keeps what modules register; a download finds no network, as here."""

    sources: typing.ClassVar[list[dict[str, typing.Any]]] = []

    @classmethod
    def registerCustomSampleDataSource(cls, **source):
        cls.sources.append(source)

    def downloadSample(self, name):
        raise OSError(f"no network to download {name}")


class _Settings(dict):
    """``slicer.app.userSettings()``."""

    def value(self, name, default=None):
        return self.get(name, default)

    def setValue(self, name, value):
        self[name] = value


class Application(QtCore.QObject):
    """What the module uses of ``slicer.app``."""

    aboutToQuit = QtCore.Signal()
    startupCompleted = QtCore.Signal()

    def __init__(self, cache: Path) -> None:
        super().__init__()
        self._slots = {}
        self.temporaryPath, self.settings = str(cache), _Settings()
        self.slicerUserSettingsFilePath = str(cache / "settings" / "Slicer-34000.ini")

    def connect(self, signature, slot):
        self._slots[signature, slot] = guarded(slot, 0)
        getattr(self, signature.split("(")[0]).connect(self._slots[signature, slot])

    def disconnect(self, signature, slot):
        connected = self._slots.pop((signature, slot), None)
        if connected is not None:
            getattr(self, signature.split("(")[0]).disconnect(connected)

    def processEvents(self):
        QtWidgets.QApplication.processEvents()

    def testingEnabled(self):
        return False

    def setOverrideCursor(self, cursor):
        QtWidgets.QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self):
        QtWidgets.QApplication.restoreOverrideCursor()

    def userSettings(self):
        return self.settings

    def layoutManager(self):
        return None


def install(cache: Path) -> Application:
    """Make the imitated modules importable; returns the application."""
    modules = {
        "qt": qt_module(),
        "slicer.ScriptedLoadableModule": types.ModuleType("slicer.ScriptedLoadableModule"),
        "slicer.parameterNodeWrapper": types.ModuleType("slicer.parameterNodeWrapper"),
        "slicer.i18n": types.ModuleType("slicer.i18n"),
        "SampleData": types.ModuleType("SampleData"),
    }
    for cls in (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    ):
        setattr(modules["slicer.ScriptedLoadableModule"], cls.__name__, cls)
    modules["slicer.parameterNodeWrapper"].parameterNodeWrapper = parameter_node_wrapper
    modules["slicer.i18n"].tr = lambda text: text
    modules["slicer.i18n"].translate = lambda context, text: text
    modules["SampleData"].SampleDataLogic = _SampleDataLogic
    sys.modules.update(modules)
    slicer.app = Application(cache)
    slicer.qMRMLSegmentEditorWidget = lambda: Wrapped(qMRMLSegmentEditorWidget())
    slicer.util.confirmOkCancelDisplay = lambda *_, **__: True
    slicer.util.errorDisplay = lambda text, **_: errors.append(text)
    slicer.util.loadUI, slicer.util.childWidgetVariables = load_ui, child_widget_variables
    return slicer.app
