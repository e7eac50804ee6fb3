"""Preflight: may this input be trusted? Findings with severity, before any network runs."""

from __future__ import annotations

import numpy as np

from ..core.findings import Finding, Severity, error, said, warning
from ..core.volume import Volume
from .consistency import check_slices

# What CTs of the abdomen have; thicker slices hide lesions.
LEAST_SPACING_MM, MOST_SPACING_MM = 0.3, 10.0
_SLAB_WARNING_MM = 5.5  # clinical CTs are reconstructed at 5 mm and less
_LEAST_FIELD_MM = 60.0  # half a kidney's length
_ROUNDING_MM = 0.2  # of the ends of a series whose positions were rounded to 0.1 mm
_LEAST_SLICES = 8  # fewer show no kidney as a whole
_MOST_SLICES = 1500  # of a whole body at 1.25 mm
_SAMPLES = 400_000  # enough for shares of a thousandth
_AIR_HU = -600.0  # a lowest value above it means that air was clipped
_OBLIQUE_DEGREES = 20.0  # training rotated no further (training/augment.py)


def check_input(volume: Volume) -> list[Finding]:
    """Check a volume that claims to be an abdominal CT in HU.

    Parameters
    ----------
    volume : Volume
        As read.

    Returns
    -------
    list of Finding
        Errors stop the run (`findings.raise_errors`), warnings travel with the result.
    """
    findings = _check_grid(volume)
    values = _sample(volume.array)
    findings += _check_finite(values, volume.array)
    if not any(f.code in ("not-finite", "constant") for f in findings):
        density = _check_density(values[np.isfinite(values)])
        grid_is_wrong = any(f.severity is Severity.ERROR for f in findings)
        findings += density
        if not grid_is_wrong and not any(f.severity is Severity.ERROR for f in density):
            findings += check_slices(volume)
    return findings


def _sample(array: np.ndarray) -> np.ndarray:
    """Evenly spread values of an array, as float64."""
    step = max(1, int(round((array.size / _SAMPLES) ** (1 / 3))))
    return array[::step, ::step, ::step].astype(np.float64).ravel()


def _check_grid(volume: Volume) -> list[Finding]:
    """Spacing, number of slices, field of view, orientation."""
    geometry = volume.geometry
    spacing = geometry.spacing_mm
    text = " x ".join(f"{s:.3g}" for s in spacing[::-1])
    if spacing.min() < LEAST_SPACING_MM or spacing.max() > MOST_SPACING_MM:
        return [
            error(
                "spacing",
                f"The voxel size is {text} mm. Expected {LEAST_SPACING_MM} to "
                f"{MOST_SPACING_MM:g} mm on each axis. Use a series with thinner slices, or "
                "correct the spacing in the header.",
            )
        ]
    findings = []
    if max(volume.array.shape) > _MOST_SLICES:
        findings.append(
            error(
                "size",
                f"The volume has {' x '.join(map(str, volume.array.shape[::-1]))} voxels. Expected "
                f"at most {_MOST_SLICES} on an axis. Crop it to the abdomen.",
            )
        )
    extent = spacing * volume.array.shape
    if min(volume.array.shape) < _LEAST_SLICES or extent.min() < _LEAST_FIELD_MM - _ROUNDING_MM:
        findings.append(
            error(
                "field",
                f"The scan covers {' x '.join(f'{e:.0f}' for e in extent[::-1])} mm in "
                f"{min(volume.array.shape)} slices at the least. Expected at least "
                f"{_LEAST_FIELD_MM:.0f} mm and {_LEAST_SLICES} slices on each axis, with a kidney "
                "inside. Load the whole series.",
            )
        )
    if spacing.max() > _SLAB_WARNING_MM:
        findings.append(
            warning(
                "thick-slices",
                said(
                    "Slices are {value:.1f} mm thick: small lesions may be missed and volumes are "
                    "less certain. Prefer slices of 5 mm or less.",
                    value=spacing.max(),
                ),
            )
        )
    return findings + _check_axes(volume)


def _check_axes(volume: Volume) -> list[Finding]:
    """Sheared and strongly oblique axes."""
    axes = volume.geometry.ijk_to_ras[:3, 2::-1] / volume.geometry.spacing_mm
    gram = axes.T @ axes
    shear = np.degrees(np.arcsin(np.clip(np.abs(gram - np.eye(3)).max(), 0, 1)))
    findings = []
    if shear > 0.5:
        findings.append(
            warning(
                "sheared",
                said(
                    "The slices are shifted against each other by {shear:.1f} degrees (gantry "
                    "tilt). Volumes allow for it; diameters are measured in mm in the patient.",
                    shear=shear,
                ),
            )
        )
    tilt = np.degrees(np.arccos(np.clip(np.abs(axes).max(axis=0).min(), 0, 1)))
    if tilt > _OBLIQUE_DEGREES:
        findings.append(
            warning(
                "oblique",
                said(
                    "The volume is tilted by {tilt:.0f} degrees against the patient's axes. The "
                    "model has seen such images only up to about 20 degrees: check the result.",
                    tilt=tilt,
                ),
            )
        )
    return findings


def _check_finite(values: np.ndarray, array: np.ndarray) -> list[Finding]:
    """Values that are not numbers, and images without content."""
    finite = np.isfinite(values)
    if not finite.any():
        return [
            error("not-finite", "The image holds no numbers at all (NaN). Export the CT again.")
        ]
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        share = 100 * (1 - float(np.isfinite(array).mean()))
        return [
            error(
                "not-finite",
                f"{share:.2g} % of the voxels are not numbers (NaN or infinite). Export the CT "
                "again from the original images.",
            )
        ]
    if np.ptp(values[finite]) < 1:
        return [
            error(
                "constant",
                f"All voxels have the same value ({values[finite][0]:.6g}). Expected a CT in HU.",
            )
        ]
    return []


def _check_density(values: np.ndarray) -> list[Finding]:
    """Tell a CT in HU from an MR, a picture, and stored values without rescale.

    A CT in HU has fat (about -100) and soft tissue (about 40), and air unless it was clipped to
    a window; other images have next to no negative values.
    """
    low, high = float(values.min()), float(values.max())
    fat = float(((values > -150) & (values < -40)).mean())
    soft = float(((values > 0) & (values < 120)).mean())
    span = f"Values run from {low:.0f} to {high:.0f}."
    if low >= -1 and high <= 255.5:
        return [
            error(
                "picture",
                f"{span} This is a 0-255 picture, not a CT in Hounsfield units (HU), where air is "
                "-1000 and water 0. Export the CT from the original DICOM images.",
            )
        ]
    if low >= -1:
        return [_not_hu(values, span)]
    if low < -9000 and (values < -9000).mean() < 0.4:
        low = float(values[values > -9000].min())
    if fat < 0.002 or soft < 0.01:
        return [
            error(
                "not-hu",
                f"{span} Too few voxels have the density of fat or of soft tissue, so this is not "
                "an abdominal CT in Hounsfield units (HU). Export the CT from the original DICOM "
                "images.",
            )
        ]
    if low > _AIR_HU or high < 400:
        return [
            warning(
                "clipped",
                said(
                    "{span} The densities were clipped to a window before they reached KidneySeg: "
                    "contrast phase and lesion densities are less certain.",
                    span=span,
                ),
            )
        ]
    return []


def _not_hu(values: np.ndarray, span: str) -> Finding:
    """Tell stored CT values without rescale from MR-like values; both have no negatives."""
    air = float((values < 150).mean())
    tissue = float(((values > 850) & (values < 1250)).mean())
    if air + tissue > 0.6 and tissue > 0.1 and values.max() > 1300:
        return error(
            "no-rescale",
            f"{span} This looks like a CT whose rescale intercept (usually -1024) was not applied. "
            "Expected Hounsfield units (HU). Export it again with rescale applied.",
        )
    return error(
        "not-ct",
        f"{span} There are no negative values, so this is not a CT in Hounsfield units (HU); it "
        "looks like an MR or a picture. KidneySeg segments CT only.",
    )
