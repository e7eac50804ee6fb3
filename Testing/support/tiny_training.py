"""Data and recipes so small that a training step takes a moment."""

import dataclasses
from pathlib import Path

import numpy as np
from phantom import grid, make_phantom

from KidneySegLib.io.segmentations import write_label_map
from KidneySegLib.training.recipe import Recipe, load_recipe


def write_training_data(folder: Path) -> None:
    """Two phantom CTs, one of them kept out, and lesion shapes as KiTS23 stores them."""
    import SimpleITK as sitk

    from KidneySegLib.io.itk import sitk_from_volume

    (folder / "ct").mkdir()
    for seed, name in enumerate(("one", "btcv_0010")):
        phantom = make_phantom(grid((5.0, 4.0, 4.0)), lesions=False, seed=seed)
        sitk.WriteImage(sitk_from_volume(phantom.ct), str(folder / "ct" / f"{name}_ct.nii.gz"))
        labels = phantom.ct.with_array(phantom.tissue)
        write_label_map(labels, folder / "ct" / f"{name}_labels.nii.gz")
    shape = np.zeros((20, 20, 20), np.uint8)
    shape[4:14, 5:12, 6:15], shape[15:19, 2:18, 2:18] = 2, 3
    np.savez(folder / "kits23_labels_1.5mm.npz", case_00001=shape, case_00450=shape)


def tiny(name: str, **changes) -> Recipe:
    """A recipe of a few steps of a small network, that does not validate."""
    recipe = load_recipe(name)
    options = {"filters": [4, 8, 8, 8], "classes": len(recipe.classes)}
    defaults = {
        "network_options": options,
        "patch": (16, 16, 16),
        "steps": 4,
        "spacing_mm": 5.0,
        "slice_share": 0.0,
        "rendered_share": 0.0,
        "validate_every": 0,
        "validate_shapes_from": recipe.exclude_shapes_from,
    }
    return dataclasses.replace(recipe, **{**defaults, **changes})
