"""Do two checkouts read the same CTs alike, voxel for voxel, and how long do their commands take?

    python studies/same_reading.py OLD [--pairs 11] [--ct FILE]

OLD is another checkout of this repository. Every CT of the shared data is read by both, as it is,
and some as DICOM series; then both segment one CT in turn, and the ratio of their times is printed
pair by pair.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import data_folder

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "Testing" / "support"))
_HASH = """
import hashlib, sys
import numpy as np
try:  # where it was up to model 0.12.1
    from KidneySegLib.readers import read_volume
except ImportError:
    from KidneySegLib.io.images import read_volume
for path in sys.argv[1:]:
    try:
        volume = read_volume(path)
    except Exception as error:
        print("refused", type(error).__name__, str(error)[:80].replace(path, ""))
        continue
    data = np.ascontiguousarray(volume.array.astype(np.float32))
    grid = np.round(volume.geometry.ijk_to_ras, 3) + 0.0
    print(hashlib.sha256(data).hexdigest()[:16], volume.array.shape, grid.ravel().tolist())
"""


def hashes(checkout: Path, paths: list[Path]) -> list[str]:
    """One line a CT: hash of its values, shape, position."""
    done = subprocess.run(
        [sys.executable, "-c", _HASH, *map(str, paths)],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def dicom_copies(paths: list[Path], home: Path) -> list[Path]:
    """The same CTs as DICOM series, whole HU."""
    import dicom_files
    import numpy as np

    from KidneySegLib.io.images import read_volume

    folders = []
    for path in paths:
        volume = read_volume(path)
        whole = volume.with_array(np.rint(volume.array).astype(np.int16))
        folders.append(dicom_files.save(dicom_files.series(whole), home / path.name))
    return folders


def seconds(checkout: Path, ct: Path, home: Path) -> float:
    """Wall time of the whole command."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "KidneySegLib", "segment", str(ct), "-o", str(home / "out"),
         "--overwrite"],
        cwd=checkout, capture_output=True, check=True,
    )  # fmt: skip
    return time.perf_counter() - begun


def main() -> None:
    """Print what differs, and the ratios."""
    options = argparse.ArgumentParser()
    options.add_argument("old", type=Path)
    options.add_argument("--pairs", type=int, default=11)
    options.add_argument("--ct", type=Path, default=ROOT / "Resources" / "Demo" / "demo_ct.nii.gz")
    chosen = options.parse_args()
    paths = [p for d in ("ct", "ct_unlabeled", "kits3d")
             for p in sorted((data_folder() / d).glob("*_ct.nii.gz"))]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name, inputs in (("files", paths), ("DICOM", dicom_copies(paths[::5], home / "d"))):
            old, new = (hashes(checkout, inputs) for checkout in (chosen.old, ROOT))
            wrong = [(p.name, a, b) for p, a, b in zip(inputs, old, new, strict=True) if a != b]
            print(f"{name}: {len(inputs) - len(wrong)} of {len(inputs)} alike")
            for case, before, after in wrong:
                print(f"  {case}\n    old {before}\n    new {after}")
        ratios = []
        for n in range(chosen.pairs):
            order = (chosen.old, ROOT) if n % 2 else (ROOT, chosen.old)
            took = {checkout: seconds(checkout, chosen.ct, home) for checkout in order}
            ratios.append(took[ROOT] / took[chosen.old])
            print(f"pair {n + 1}: old {took[chosen.old]:.1f} s, ratio {ratios[-1]:.3f}", flush=True)
    if ratios:
        print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
