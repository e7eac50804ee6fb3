"""How long, and how much memory, does the whole command take in two checkouts, in paired runs?

    python studies/same_speed.py OLD CT [--pairs 5] [--quality balanced]

OLD is another checkout of this repository. Both segment the CT in turn, each pair in another order;
printed are the ratios (new over old) of time and of the largest memory of a process, pair by pair,
and their medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, save


def whole_command(checkout: Path, ct: Path, quality: str) -> tuple[float, float]:
    """Seconds, and GB of the process at its largest, for a CT from file to results."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "KidneySegLib", "segment", str(ct), "-o", f"{folder}/out",
             "--quality", quality],
            cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
    if status:
        sys.exit(f"The command of {checkout} ended with status {status}.")
    return seconds, usage.ru_maxrss / 1e6


def main() -> None:
    """Print ratios."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("old", type=Path)
    options.add_argument("ct", type=Path)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--quality", default="balanced")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    pairs = []
    for n in range(chosen.pairs):
        order = (chosen.old.resolve(), ROOT) if n % 2 else (ROOT, chosen.old.resolve())
        taken = {c: whole_command(c, chosen.ct.resolve(), chosen.quality) for c in order}
        (old_s, old_gb), (new_s, new_gb) = taken[chosen.old.resolve()], taken[ROOT]
        pairs.append({"old_s": old_s, "new_s": new_s, "old_gb": old_gb, "new_gb": new_gb})
        print(
            f"pair {n + 1}: {old_s:.1f} s and {old_gb:.2f} GB became {new_s:.1f} s and "
            f"{new_gb:.2f} GB, ratios {new_s / old_s:.3f} and {new_gb / old_gb:.3f}",
            flush=True,
        )
    for what in ("s", "gb"):
        ratio = statistics.median(p[f"new_{what}"] / p[f"old_{what}"] for p in pairs)
        print(f"median ratio of {'time' if what == 's' else 'memory'}: {ratio:.3f}")
    save(pairs, chosen.json)


if __name__ == "__main__":
    main()
