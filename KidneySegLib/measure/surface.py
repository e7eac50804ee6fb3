"""Area of a structure's whole surface."""

from __future__ import annotations

import numpy as np

from ..core.volume import Geometry
from .contact import face_area_cm2


def surface_area_cm2(mask: np.ndarray, geometry: Geometry) -> float:
    """Area in cm2 of the surface between a mask and its outside.

    The way of `contact.contact_area_cm2`: each face counts with its projection onto the surface's
    own tangent plane. Borders with other structures count too: a kidney's parenchyma ends where its
    tumor begins.

    Parameters
    ----------
    mask : (k, j, i) bool
    geometry : Geometry
        Axes at right angles.
    """
    return face_area_cm2(mask, ~mask, geometry, beyond=True)
