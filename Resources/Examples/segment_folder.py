"""Segment every CT of a folder in Slicer without a window; a failed one does not stop the others.

Slicer --no-splash --no-main-window --python-script segment_folder.py CT_FOLDER OUTPUT_FOLDER
"""

import sys
from pathlib import Path

import slicer


def main(source, target):
    """Segment what is not done yet; returns the exit code."""
    from KidneySeg import KidneySegLogic
    from KidneySegLib.core.errors import KidneySegError
    from KidneySegLib.io.images import case_name, is_image_file

    logic, failed = KidneySegLogic(), 0
    for path in sorted(p for p in Path(source).iterdir() if is_image_file(p)):
        folder = Path(target) / case_name(path)
        if folder.exists():
            continue
        slicer.mrmlScene.Clear()
        try:
            volume = slicer.util.loadVolume(str(path))
            segmentation, _table, _data = logic.process(volume)
            logic.export(segmentation, volume, folder)
            print(f"{path.name}: done")
        except (KidneySegError, RuntimeError) as error:
            failed += 1
            print(f"{path.name}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1], sys.argv[2])
    except Exception as error:  # Slicer without a window would wait for ever
        print(f"error: {error}")
        code = 1
    slicer.util.exit(code)
