"""Measurements in mm, mL and HU, the same for any orientation of the same patient."""
