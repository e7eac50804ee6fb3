"""Segment one CT in Slicer without a window.

Slicer --no-splash --no-main-window --python-script segment_one.py CT OUTPUT_FOLDER
"""

import sys
from pathlib import Path

import slicer


def main(ct, folder):
    """Load, segment, write; returns the exit code."""
    from KidneySeg import KidneySegLogic

    logic = KidneySegLogic()
    if logic.missingPackages():
        print("Press Apply in the module KidneySeg once: it installs what is missing.")
        return 1
    volume = slicer.util.loadVolume(str(ct))
    segmentation, _table, data = logic.process(
        volume, progress=lambda stage, share, left: print(f"{100 * share:3.0f} % {stage}")
    )
    for path in logic.export(segmentation, volume, folder):
        print(path)
    for finding in data["findings"]:
        print(f"{finding['severity']}: {finding['message']}")
    return 0


if __name__ == "__main__":
    try:
        code = main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # Slicer without a window would wait for ever
        print(f"error: {error}")
        code = 1
    slicer.util.exit(code)
