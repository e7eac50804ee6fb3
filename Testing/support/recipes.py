import json

from tiny_training import tiny

from KidneySegLib.models.manifest import AXIAL_STAGES, MANIFEST


def axial(**changes):
    return tiny("axial", **{"patch": (24, 32, 32), "planes": 3, "steps": 12, "batch": 2, **changes})


def copy_texts(package, into):
    """What people write in a package, without the axial stage."""
    manifest = json.loads((package.folder / MANIFEST).read_text())
    for stage in AXIAL_STAGES:
        manifest["stages"].pop(stage, None)
    (into / MANIFEST).write_text(json.dumps(manifest))
    for name in ("LICENSE", "MODEL_CARD.md"):
        (into / name).write_text((package.folder / name).read_text())
