"""Self-tests and screenshots inside the Slicer application; `.github/workflows/slicer.yml` runs it.

``Slicer --testing --additional-module-paths KidneySeg --python-script in_slicer.py FOLDER``: ends
with code 1 where a test fails. NOT YET RUN in Slicer.
"""

import sys
import traceback
from pathlib import Path

import slicer


def shoot(folder, name):
    """The main window as a picture, where there is one."""
    window = slicer.util.mainWindow()
    if window is not None:
        slicer.app.processEvents()
        window.grab().save(str(folder / f"{name}.png"))


def main(folder):
    """Open the panel, run the self-tests, and take pictures; returns the exit code."""
    from KidneySeg import KidneySegTest

    folder.mkdir(parents=True, exist_ok=True)
    code = 0
    try:
        slicer.util.selectModule("KidneySeg")
        shoot(folder, "empty")
        test = KidneySegTest()
        test.runTest()
        shoot(folder, "done")
    except Exception:
        traceback.print_exc()
        shoot(folder, "failed")
        code = 1
    return code


if __name__ == "__main__":
    slicer.util.exit(main(Path(sys.argv[-1])))
