"""Published figures: from what studies wrote into ``figures.json``, from there into every table.

    python studies/figures.py            take what lies in studies/out, write all tables anew
    python studies/figures.py --check    only say whether the tables follow figures.json

A study that was not run keeps its entry, with the date and version at which it was measured.
Tables stand between ``<!-- figures: NAME -->`` and ``<!-- /figures -->`` in Markdown files.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from common import OUT, ROOT, share

from KidneySegLib.models.registry import find_model

MODEL = ROOT / "Resources" / "Models" / "kidneyseg-ct"
FIGURES, MANIFEST = MODEL / "figures.json", MODEL / "model.json"
PAGES = (
    ROOT / "README.md",
    MODEL / "MODEL_CARD.md",
    ROOT / "docs" / "reviewers" / "figures.md",
)
_BLOCK = re.compile(r"(<!-- figures: ([a-z_]+) -->\n).*?(<!-- /figures -->)", re.DOTALL)
_CTS = {
    "btcv_0010": "btcv_0010 (obese)",
    "btcv_0023": "btcv_0023 (non-contrast)",
    "btcv_0034": "btcv_0034 (cysts)",
    "cptac_c3l00189_pv5mm": "cptac (cysts, 5 mm)",
}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def measured(entry: dict[str, Any]) -> str:
    """When, with what and how figures were measured."""
    return (
        f"\n`{entry['command']}`, {entry['date']}, version {entry['version']}, model "
        f"{entry['model']}.\n"
    )


def kept_out(figures: dict[str, Any]) -> str:
    """Kidney Dice on the kept-out CTs by quality."""
    entry = figures["kept_out_cts"]
    rows = [
        [
            label,
            *(f"{row[name]:.3f}" for name in _CTS),
            f"{row['mean']:.3f}",
            f"{row['seconds']:.1f}",
        ]
        for label, row in entry["headline"]["kidney_dice"].items()
    ]
    head = ["quality", *_CTS.values(), "mean", "mean seconds"]
    return table(head, rows) + measured(entry)


def slices(figures: dict[str, Any]) -> str:
    """What real lesions on slices were called."""
    entry = figures["tumor_slices"]
    names = {
        "small_tumors": "tumors under 2 cm",
        "large_tumors": "tumors of 2 cm and more",
        "small_cysts": "cysts under 1.5 cm",
        "large_cysts": "cysts of 1.5 cm and more",
    }
    kinds = ("tumor", "cyst", "kidney", "background")
    called = entry["headline"]["called"]
    rows = [
        [text, str(called[n]["sections"]), *(str(called[n].get(kind, 0)) for kind in kinds)]
        for n, text in names.items()
    ]
    head = ["", "sections", *(f"called {kind}" for kind in kinds)]
    false = share(
        entry["headline"]["with_a_false_one"], entry["headline"]["slices_without_a_tumor"]
    )
    note = f"\nA false tumor of 1 cm2 and more on slices without one: {false}.\n"
    return table(head, rows) + note + measured(entry)


def inserted(figures: dict[str, Any]) -> str:
    """Lesions inserted by computer that were found."""
    entry = figures["inserted_lesions"]
    rows = []
    for row in entry["headline"]:
        low, high = row["range_mm"]
        rows.append(
            [
                row["kind"],
                f"{low / 10:g}-{high / 10:g} cm",
                share(row["found"], row["lesions"]),
                share(row["found_as_either"], row["lesions"]),
                f"{row['dice']:.2f}",
            ]
        )
    head = ["kind", "size", "found (95 % interval)", "as tumor or cyst", "mean Dice"]
    return table(head, rows) + measured(entry)


def intervals(figures: dict[str, Any]) -> str:
    """How often nominal 90 % intervals held."""
    entry = figures["intervals"]
    rows = [
        [
            kind,
            str(row["volumes"]),
            f"{100 * row['held'] / row['volumes']:.0f} %",
            f"{row['factor']:g}",
            f"{100 * row['half_width']:.0f} %",
        ]
        for kind, row in entry["headline"].items()
    ]
    head = ["", "n", "held, fitted on the other CTs", "factor, fitted on all", "median half width"]
    return table(head, rows) + measured(entry)


def five(figures: dict[str, Any]) -> str:
    """Five figures for whoever reads no further."""
    kept, seen = (figures[n]["headline"] for n in ("kept_out_cts", "tumor_slices"))
    dice = kept["kidney_dice"]["balanced"]
    tumors, cysts = (seen["called"][f"large_{kind}s"] for kind in ("tumor", "cyst"))
    held = figures["intervals"]["headline"].values()
    volumes = [sum(row[k] for row in held) for k in ("held", "volumes")]
    false = share(seen["with_a_false_one"], seen["slices_without_a_tumor"])
    rows = {
        "kidney Dice, four CTs kept out of training": f"{dice['mean']:.3f}, "
        f"lowest {dice['lowest']:.3f}",
        "real tumors of 2 cm and more called tumor, on slices": share(
            tumors["tumor"], tumors["sections"]
        ),
        "slices without a tumor on which one is seen": false,
        "real cysts of 1.5 cm and more called cyst, on slices": share(
            cysts["cyst"], cysts["sections"]
        ),
        "true volumes inside their nominal 90 % interval": share(*volumes),
    }
    return table(["figure (95 % interval)", "measured"], [list(row) for row in rows.items()])


BLOCKS = {
    "kept_out": kept_out,
    "slices": slices,
    "inserted": inserted,
    "intervals": intervals,
    "five": five,
}


def lesion_warning(figures: dict[str, Any]) -> str:
    """What every result with lesions looked for says."""
    seen = figures["tumor_slices"]["headline"]
    large = seen["called"]["large_tumors"]
    return (
        "Lesions are experimental: on real CT slices, kidneys and masses pointed out, this model "
        f"called {large['tumor']} of {large['sections']} tumors of 2 cm and more (of 26 patients) "
        f"a tumor, and missed or misnamed the others; on {seen['with_a_false_one']} of "
        f"{seen['slices_without_a_tumor']} slices without a tumor it saw one; cysts may be called "
        "tumor, and tumors cyst. A result without a tumor does not mean that there is none."
    )


def rendered(text: str, figures: dict[str, Any]) -> str:
    """A page with its tables written anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]](figures)}{m[3]}", text)


def manifest(text: str, figures: dict[str, Any]) -> str:
    """The model's manifest with its figures and warning."""
    data = json.loads(text)
    data["figures"] = {name: {"measured": entry["headline"]} for name, entry in figures.items()}
    data["lesion_warnings"] = [lesion_warning(figures)]
    return json.dumps(data, indent=2) + "\n"


def collected() -> dict[str, Any]:
    """Figures of before, and those of studies of the shipped model that were run since.

    A shorter run, or one of another model, stays in ``studies/out``: only the command that is
    published replaces its figures.
    """
    shipped = find_model().sha256
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    for path in sorted(OUT.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        if not data.get("headline"):
            continue
        expected = figures.get(path.stem, data)["command"]
        if data["model_sha256"] != shipped or data["command"] != expected:
            print(f"{path.name} is not taken: it is of another model, or not of '{expected}'.")
            continue
        figures[path.stem] = {k: v for k, v in data.items() if k != "figures"}
    return figures


def stale(figures: dict[str, Any]) -> list[Path]:
    """Files whose tables do not follow the figures."""
    pages = [p for p in PAGES if rendered(p.read_text("utf-8"), figures) != p.read_text("utf-8")]
    text = MANIFEST.read_text(encoding="utf-8")
    return pages if manifest(text, figures) == text else [*pages, MANIFEST]


def main() -> int:
    """Write, or check, every table."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--check", action="store_true")
    if options.parse_args().check:
        wrong = stale(json.loads(FIGURES.read_text(encoding="utf-8")))
        print("\n".join(f"{path.relative_to(ROOT)} does not follow figures.json" for path in wrong))
        return 1 if wrong else 0
    figures = collected()
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for path in PAGES:
        path.write_text(rendered(path.read_text(encoding="utf-8"), figures), encoding="utf-8")
    MANIFEST.write_text(manifest(MANIFEST.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
