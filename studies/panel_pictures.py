"""Pictures of the panel for the README: nothing loaded, running, done, with the real model.

``python studies/panel_pictures.py`` writes Resources/Screenshots/panel_*.png. The panel
runs on PySide6 with stand-ins for Slicer's widgets (Testing/support), so in Slicer it looks a
little different; scene, segmentation and numbers are real.
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
import standins  # noqa: E402
from PySide6 import QtWidgets  # noqa: E402

SIZE = (500, 1400)


def take(widget, application, name: str) -> None:
    """Render the panel to a PNG."""
    application.processEvents()
    window = widget.parent._target
    window.resize(SIZE[0], SIZE[1] if name == "done" else 620)
    application.processEvents()
    window.grab().save(str(ROOT / "Resources" / "Screenshots" / f"panel_{name}.png"))


def main() -> None:
    """Go through the three states with the sample data."""
    cache = Path(tempfile.mkdtemp())
    application = QtWidgets.QApplication([])
    application.setStyle("Fusion")
    scene.RealScene(cache)
    standins.install(cache)
    import KidneySeg
    from KidneySegLib.io.images import read_volume

    widget = KidneySeg.KidneySegWidget()
    widget.setup()
    widget.parent.show()
    ct = scene.add_ct(read_volume(ROOT / "Resources" / "Demo" / "demo_ct.nii.gz"), "KidneySegDemo")
    widget.initializeParameterNode()
    take(widget, application, "idle")
    widget.onApply()
    taken = False
    while widget._job is not None:
        widget.onTimer()
        if not taken and widget.ui.progressBar.value > 400:
            take(widget, application, "running")
            taken = True
        time.sleep(0.02)
    widget.onNextLesion()
    take(widget, application, "done")
    print(widget.ui.statusLabel.text, ct.GetName())


if __name__ == "__main__":
    main()
