"""Pictures of the panel in eight states, with the real model.

``python studies/panel_pictures.py`` writes Resources/Screenshots/panel_*.png: empty, ready,
running, done, stale, error, dark, and narrow (350 pixels at 16 points). The panel runs on PySide6
with stand-ins for Slicer's widgets (Testing/support), so in Slicer it looks a little different;
scene, segmentation and numbers are real.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "KidneySeg"), str(ROOT / "Testing" / "support")]
os.environ["QT_QPA_PLATFORM"] = "offscreen"

import scene  # noqa: E402
import slicer  # noqa: E402
import standins  # noqa: E402
from PySide6 import QtGui, QtWidgets  # noqa: E402

WIDTH, NARROW, LARGE_POINTS = 480, 350, 16


def take(widget, application, name: str, *, width: int = WIDTH) -> None:
    """Render the panel to a PNG, as high as it needs to be."""
    window = widget.parent._target
    for _ in range(3):  # labels that wrap settle their height after their width
        application.processEvents()
        window.resize(width, 100)
        window.resize(width, window.sizeHint().height())
    application.processEvents()
    height = max(window.minimumSizeHint().height(), window.layout().heightForWidth(width))
    window.resize(width, height)
    application.processEvents()
    assert window.width() == width, f"{name}: the panel needs {window.width()} pixels"
    window.grab().save(str(ROOT / "Resources" / "Screenshots" / f"panel_{name}.png"))


def dark_palette() -> QtGui.QPalette:
    """Slicer's dark style: light text on dark gray."""
    palette, role = QtGui.QPalette(), QtGui.QPalette.ColorRole
    for name, color in (
        ("Window", "#353535"),
        ("WindowText", "#ffffff"),
        ("Base", "#232323"),
        ("AlternateBase", "#2d2d2d"),
        ("Text", "#ffffff"),
        ("Button", "#353535"),
        ("ButtonText", "#ffffff"),
        ("Highlight", "#2a82da"),
    ):
        palette.setColor(getattr(role, name), QtGui.QColor(color))
    return palette


def erase_some(widget) -> None:
    """A stroke of the eraser, as the Segment Editor does it."""
    made, ct = widget.case.segmentation, widget.case.ct
    chosen = made.GetSegmentation().GetNthSegmentID(0)
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(made, chosen, ct).copy()
    mask[: mask.shape[0] // 3] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, made, chosen, ct)
    widget.refresh()


def main() -> None:
    """Go through the states with the sample data."""
    cache = Path(tempfile.mkdtemp())
    application = QtWidgets.QApplication([])
    application.setStyle("Fusion")
    scene.RealScene(cache)
    standins.install(cache)
    import KidneySeg
    from KidneySegLib.io.images import read_volume

    widget = KidneySeg.KidneySegWidget()
    widget.setup()
    widget.enter()
    widget.parent.show()
    take(widget, application, "empty")
    scene.add_ct(read_volume(ROOT / "Resources" / "Demo" / "demo_ct.nii.gz"), "KidneySegDemo")
    widget.initializeParameterNode()
    take(widget, application, "ready")
    widget.runner.onApply()
    taken = False
    while widget.runner.isRunning:
        widget.runner.onTimer()
        if not taken and widget.ui.progressBar.value > 400:
            take(widget, application, "running")
            taken = True
        time.sleep(0.02)
    widget.refresh()
    take(widget, application, "done")
    application.setPalette(dark_palette())
    application.processEvents()
    widget.refresh()
    take(widget, application, "dark")
    application.setPalette(application.style().standardPalette())
    application.processEvents()
    font = application.font()
    before = font.pointSize()
    font.setPointSize(LARGE_POINTS)
    application.setFont(font)
    widget.refresh()
    take(widget, application, "narrow", width=NARROW)
    font.setPointSize(before)
    application.setFont(font)
    erase_some(widget)
    widget.ui.reviewSection.collapsed = False
    take(widget, application, "stale")
    widget.ui.reviewSection.collapsed = True
    widget.session.parameters.corrections = "keep"
    widget.session.parameters.model = "a model that is not there"
    widget.runner.onApply()
    while widget.runner.isRunning:
        widget.runner.onTimer()
        time.sleep(0.02)
    widget.ui.advancedSection.collapsed = False
    take(widget, application, "error")
    widget.cleanup()


if __name__ == "__main__":
    main()
