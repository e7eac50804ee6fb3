"""Do two checkouts find the same: labels, removals, findings, measurements?

    python studies/same_results.py OLD NEW [--work FOLDER] [--qualities fast balanced] [--texts]

Each checkout segments the demo and the four kept-out CTs by its own command, in a process of its
own, and measures what it found again (`measure`, whose JSON is not rounded). Labels and removed
voxels are compared voxel for voxel, numbers to the last digit, findings by code, severity and
place; ``--texts`` shows findings whose words differ. With ``--work`` what the checkouts gave stays
there; what is there already is not made again. Exits with 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from common import KEPT_OUT, ROOT, data_folder

from KidneySegLib.kidney_ct.removals import number_of


def command(checkout: Path, arguments: list[str]) -> str:
    """Standard output of a checkout's own command."""
    done = subprocess.run(
        [sys.executable, "-m", "KidneySegLib", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{checkout}: {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def run(checkout: Path, ct: Path, quality: str, folder: Path) -> dict[str, Any]:
    """What a checkout finds in a CT: arrays, record, measurements of its labels."""
    if not (folder / "measured.json").is_file():
        arguments = ["segment", str(ct), "-o", str(folder), "--quality", quality, "--overwrite"]
        command(checkout, arguments)
        labels = folder / "labels.nii.gz"
        text = command(checkout, ["measure", str(labels), "--ct", str(ct), "--json"])
        (folder / "measured.json").write_text(text.splitlines()[-1])
    arrays = {
        name: np.asarray(nibabel.load(folder / f"{name}.nii.gz").dataobj)
        for name in ("labels", "rejected")
    }
    stored = json.loads((folder / "measurements.json").read_text())
    measured = json.loads((folder / "measured.json").read_text())
    return {"arrays": arrays, "stored": stored, "measured": measured}


def _removals(stored: dict[str, Any]) -> list[dict[str, Any]]:
    """Removals by number; later formats call it ``number`` and have an ID beside it."""
    rows = []
    for row in stored["removed_components"]:
        rows.append(
            {"number": number_of(row)} | {k: row[k] for k in sorted(row) if k in _REMOVAL_KEYS}
        )
    return rows


_REMOVAL_KEYS = ("tissue", "volume_ml", "center_ras_mm", "restored")


def _findings(stored: dict[str, Any]) -> list[tuple]:
    """Findings without their words."""
    return [
        (f["code"], f["severity"], f["place_ras_mm"], f["slice"])
        for f in stored["findings"]
        if f["code"] != "engine"
    ]


def _differing(old: Any, new: Any, place: str = "") -> list[str]:
    """Where two JSON values differ; keys that only the new one has are left out."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [d for k in old for d in _differing(old[k], new.get(k, "missing"), f"{place}/{k}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [d for n, (a, b) in pairs for d in _differing(a, b, f"{place}/{n}")]
    return [] if old == new else [f"{place}: {old!r} became {new!r}"]


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Everything in which two runs differ, a line each."""
    lines = []
    for name in ("labels", "rejected"):
        a, b = old["arrays"][name], new["arrays"][name]
        voxels = int((a != b).sum()) if a.shape == b.shape else -1
        if voxels:
            lines.append(f"{name}: {voxels} voxels differ")
    for part in ("measurements", "contrast_phase", "refinements"):
        lines += _differing(old["stored"][part], new["stored"][part], part)
    lines += _differing(_removals(old["stored"]), _removals(new["stored"]), "removed_components")
    lines += _differing(_findings(old["stored"]), _findings(new["stored"]), "findings")
    measured = (r["measured"]["measurements"] for r in (old, new))
    return lines + _differing(*measured, "measured again")


def other_words(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Findings that say the same in other words."""
    pairs = zip(old["stored"]["findings"], new["stored"]["findings"], strict=False)
    return [
        f"  - {a['message']}\n  + {b['message']}" for a, b in pairs if a["message"] != b["message"]
    ]


def main() -> int:
    """Print what differs, case by case."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("old", type=Path)
    options.add_argument("new", type=Path, nargs="?", default=ROOT)
    options.add_argument("--work", type=Path, help="keep what the checkouts give here")
    options.add_argument("--qualities", nargs="+", default=("fast", "balanced"))
    options.add_argument("--texts", action="store_true", help="show findings in other words")
    chosen = options.parse_args()
    demo = ROOT / "Resources" / "Demo" / "demo_ct.nii.gz"
    cases = {"demo": demo} | {name: data_folder() / "ct" / f"{name}_ct.nii.gz" for name in KEPT_OUT}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        work = chosen.work or Path(folder)
        for name, ct in cases.items():
            for quality in chosen.qualities:
                old, new = (
                    run(
                        checkout.resolve(), ct.resolve(), quality, work / role / f"{name}_{quality}"
                    )
                    for role, checkout in (("old", chosen.old), ("new", chosen.new))
                )
                lines = differences(old, new)
                wrong += bool(lines)
                found = len(old["stored"]["findings"]), len(old["stored"]["removed_components"])
                print(
                    f"{name} {quality}: {'differs' if lines else 'the same'} "
                    f"({int((old['arrays']['labels'] > 0).sum())} voxels, {found[0]} findings, "
                    f"{found[1]} removals)",
                    *lines[:20],
                    sep="\n  ",
                    flush=True,
                )
                for text in other_words(old, new) if chosen.texts else ():
                    print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
