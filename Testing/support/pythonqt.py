"""PythonQt's rules on top of PySide6: the module's Qt code runs outside of Slicer.

An imitation: it finds most mistakes, it is not Slicer. Kept rules: Qt properties are attributes
(``b.text``; ``b.text()`` is an error), writes are typed, C++ objects take no new attributes,
signals are connected by ``b.connect("clicked(bool)", f)`` and must exist with that signature, and
a slot gets exactly the arguments of the signature. Exceptions in slots are collected in `errors`.
"""

from __future__ import annotations

import ctypes
import enum
import functools
import re
import sys
import traceback
import types

from PySide6 import QtCore, QtGui, QtWidgets

errors: list[str] = []


def keep_none_alive(count: int = 1) -> None:
    """Add references to None.

    PySide6 6.12 gives back one too many at every write of a property that is defined in Python;
    where None can die (before Python 3.12) the interpreter then aborts.
    """
    if sys.version_info < (3, 12):
        for _ in range(count):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))


keep_none_alive(200_000)  # for what is written while .ui files are loaded


def guarded(slot, count: int):
    """Call a slot with the signal's arguments; an exception is collected, as Slicer logs it."""

    @functools.wraps(slot)
    def call(*arguments):
        try:
            slot(*(wrap(a) for a in arguments[:count]))
        except Exception:
            errors.append("".join(traceback.format_exception(*sys.exc_info())))

    return call


class Wrapped:
    """A Qt object as PythonQt shows it."""

    def __init__(self, target) -> None:
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name):
        target = self._target
        if isinstance(target, QtCore.QObject) and _has_property(target, name):
            return wrap(target.property(name))
        found = getattr(target, name)  # AttributeError where there is none, as in PythonQt
        if isinstance(found, QtCore.SignalInstance):
            return _Signal(found)
        if callable(found):
            return lambda *arguments: wrap(found(*(unwrap(a) for a in arguments)))
        return found

    def __setattr__(self, name, value):
        target = self._target
        if not isinstance(target, QtCore.QObject) or not _has_property(target, name):
            raise AttributeError(f"{type(target).__name__} has no property '{name}' to write")
        value = unwrap(value)
        old = target.property(name)
        kind = next((k for k in (bool, str, int) if isinstance(old, k)), object)
        if not isinstance(value, kind):
            raise TypeError(f"{type(target).__name__}.{name} is {kind.__name__}, got {value!r}")
        keep_none_alive()
        target.setProperty(name, value)

    def __eq__(self, other):
        return self._target is unwrap(other)

    def __hash__(self):
        return id(self._target)

    def connect(self, signature: str, slot) -> None:
        """Connect by signature; it must be one of the object's signals."""
        name, types_ = re.fullmatch(r"(\w+)\((.*)\)", signature).groups()
        count = len([t for t in types_.split(",") if t])
        meta = self._target.metaObject()
        known = [
            meta.method(n).methodSignature().data().decode()
            for n in range(meta.methodCount())
            if meta.method(n).methodType() == QtCore.QMetaMethod.MethodType.Signal
        ]
        if signature not in known:
            raise ValueError(f"{type(self._target).__name__} has no signal {signature}")
        getattr(self._target, name).connect(guarded(slot, count))

    def blockSignals(self, block):
        return self._target.blockSignals(block)


class _Signal:
    """``b.clicked.connect(f)``."""

    def __init__(self, signal) -> None:
        self._signal = signal

    def connect(self, slot) -> None:
        self._signal.connect(guarded(slot, slot.__code__.co_argcount))

    def emit(self, *arguments) -> None:
        self._signal.emit(*(unwrap(a) for a in arguments))


def _has_property(target, name: str) -> bool:
    return target.metaObject().indexOfProperty(name) >= 0


def wrap(value):
    """Qt objects become `Wrapped`, everything else stays."""
    kinds = (QtCore.QObject, QtWidgets.QTableWidgetItem, QtGui.QClipboard)
    return Wrapped(value) if isinstance(value, kinds) else value


def unwrap(value):
    return value._target if isinstance(value, Wrapped) else value


class _Class:
    """A Qt class: calling it makes a wrapped object; its static methods can be called."""

    def __init__(self, kind) -> None:
        self._kind = kind

    def __call__(self, *arguments):
        return Wrapped(self._kind(*(unwrap(a) for a in arguments)))

    def __getattr__(self, name):
        static = getattr(self._kind, name)
        if not callable(static) or isinstance(static, enum.EnumMeta):
            return static
        return lambda *arguments: wrap(static(*(unwrap(a) for a in arguments)))


def qt_module() -> types.ModuleType:
    """The module ``qt``: every class of QtCore, QtGui and QtWidgets, in one place."""
    module = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        for name in dir(source):
            if name.startswith("Q") and isinstance(getattr(source, name), type):
                setattr(module, name, _Class(getattr(source, name)))
    module.Qt = QtCore.Qt
    return module
