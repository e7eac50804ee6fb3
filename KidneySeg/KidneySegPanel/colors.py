"""Colors of messages, readable on light and on dark palettes (4.5 to 1 and more)."""

import qt

_LIGHT = {"error": "#b71c1c", "warning": "#8a4b00", "link": "#0b57d0"}
_DARK = {"error": "#ff8a80", "warning": "#ffb74d", "link": "#8ab4f8"}


def is_dark(widget):
    """Whether a widget's palette is a dark one."""
    return widget.palette.color(qt.QPalette.Window).lightness() < 128


def color(kind, widget):
    """Color of a kind of message on a widget: error, warning or link."""
    return (_DARK if is_dark(widget) else _LIGHT)[kind]
