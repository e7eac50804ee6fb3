"""Evaluation: the KiTS23 metric and voxel metrics with mean and standard deviation."""
