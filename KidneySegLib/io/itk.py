"""SimpleITK images and volumes (LPS there, RAS here); ITK's own warnings stay off the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.volume import Geometry, Volume
from .grids import LPS_TO_RAS

if TYPE_CHECKING:
    import SimpleITK as sitk


def simpleitk() -> Any:
    """The module SimpleITK, its warnings off: they name files, and what matters is a finding."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    return sitk


def geometry_from_sitk(image: sitk.Image) -> Geometry:
    """Geometry of a 3D SimpleITK image (LPS there, RAS here)."""
    matrix = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    matrix[:3, :3] = direction * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return Geometry(tuple(image.GetSize()[::-1]), LPS_TO_RAS @ matrix)


def volume_from_sitk(image: sitk.Image) -> Volume:
    """Volume of a 3D SimpleITK image."""
    return Volume(simpleitk().GetArrayFromImage(image), geometry_from_sitk(image))


def sitk_from_volume(volume: Volume) -> sitk.Image:
    """SimpleITK image of a volume; its axes must be perpendicular."""
    image = simpleitk().GetImageFromArray(np.ascontiguousarray(volume.array))
    lps = LPS_TO_RAS @ volume.geometry.ijk_to_ras
    spacing = volume.geometry.spacing_mm[::-1]
    image.SetSpacing([float(s) for s in spacing])
    image.SetOrigin([float(x) for x in lps[:3, 3]])
    image.SetDirection([float(x) for x in (lps[:3, :3] / spacing).ravel()])
    return image
