"""Densities in HU that decide something in more than one place."""

from __future__ import annotations

# Homogeneous masses of these densities are simple cysts (Bosniak classification, version 2019:
# Silverman et al., Radiology 2019).
FLUID_HU = (-9.0, 20.0)
# Fat of the sinus and around the kidney lies below, soft tissue above: the usual limit on CT.
FAT_BELOW_HU = -30.0
# Fat inside a mass lies below. In 141 tumor slices of KiTS23 (eroded by 2 pixels) the share of such
# voxels is 0 up to the 75th percentile.
FAT_IN_MASS_BELOW_HU = -20.0
# Fat as training changes it: free of partial volume with soft tissue.
PURE_FAT_HU = (-125.0, -40.0)
