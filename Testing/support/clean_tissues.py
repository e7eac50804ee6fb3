"""Cleaning with the limits of the model that ships, on tissues that a test has drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from KidneySegLib.kidney_ct.clean import clean as clean_scene
from KidneySegLib.kidney_ct.rules import rules_for
from KidneySegLib.kidney_ct.scene import Scene

_MANIFEST = Path(__file__).parents[2] / "Resources" / "Models" / "kidneyseg-ct" / "model.json"
LIMITS = json.loads(_MANIFEST.read_text())["limits"]


def clean(tissue, geometry, *, midline_r_mm=0.0, keep=(), rules=None, **scene):
    rules = rules_for(LIMITS) if rules is None else rules
    return clean_scene(
        Scene(tissue, geometry, **scene), rules, midline_r_mm=midline_r_mm, keep=keep
    )


def sure_percent(tissue, percent=95):
    """Probabilities of a network that is as sure of every tissue."""
    return np.stack([(tissue == n) * np.uint8(percent) for n in (1, 2, 3)])
