"""The result of a run: one type, that can be saved to a folder and loaded from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .core.errors import InputError
from .core.findings import Finding
from .core.volume import Box, Geometry, Volume
from .kidney_ct.refine import Refinement
from .kidney_ct.removals import Removal
from .measure.measurements import Measurements
from .measure.phase import PhaseEstimate
from .segmenters.to_native import TissueMap

DISCLAIMER = "Research software, not a medical device. Check every contour before using a number."
FORMAT = "kidneyseg-measurements-6"
_ARRAYS = ("labels", "rejected")
_OPTIONAL = ("structures", "raw_labels")
_RESULT, _PROBABILITIES = "result.json", "probabilities.npy"


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Probabilities of kidney, tumor and cyst in the part of the CT that was looked at.

    Attributes
    ----------
    percent : (3, k, j, i) uint8
    geometry : Geometry
        Of that part, canonical.
    """

    percent: np.ndarray
    geometry: Geometry

    @classmethod
    def of(cls, tissue: TissueMap, geometry: Geometry) -> Probabilities:
        """The part of a tissue map that was looked at; one voxel where nothing was."""
        box = Box((0, 0, 0), (1, 1, 1)) if not tissue.boxes else tissue.boxes[0]
        for other in tissue.boxes[1:]:
            box = box.union(other)
        part = tissue.percent[(slice(None), *box.slices)]
        return cls(np.ascontiguousarray(part), geometry.cropped(box))


@dataclass(frozen=True, eq=False)
class Result:
    """What a run found.

    Attributes
    ----------
    labels : Volume
        `Label` numbers on the input's own grid.
    measurements : Measurements
    phase : PhaseEstimate
    findings : tuple of Finding
        Warnings and remarks; errors never come this far.
    removals : tuple of Removal
        What cleaning took out, and why.
    rejected : Volume
        Where: the number of the removal in each voxel, 0 elsewhere.
    refinements : tuple of Refinement
        Which borders were moved, and which were not and why; empty where none was asked for.
    record : mapping
        Model, versions, device, settings, seconds by stage. No name, no path.
    probabilities : Probabilities, optional
        Where the settings asked for them.
    structures : Volume, optional
        Numbers from 5 on of what a model tells beside kidneys, tumors and cysts (see
        `Measurements.structures`); 0 where a label is. None for models that tell nothing else.
    raw_labels : Volume, optional
        The model's own label map, where the settings asked for it.
    """

    labels: Volume
    measurements: Measurements
    phase: PhaseEstimate
    findings: tuple[Finding, ...]
    removals: tuple[Removal, ...]
    rejected: Volume
    refinements: tuple[Refinement, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    probabilities: Probabilities | None = None
    structures: Volume | None = None
    raw_labels: Volume | None = None

    @property
    def label_map(self) -> Volume:
        """Labels and structures in one map, as ``record.label_scheme`` numbers them."""
        if self.structures is None or not self.structures.array.any():
            return self.labels
        return self.labels.with_array(
            np.where(self.labels.array > 0, self.labels.array, self.structures.array)
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything but the arrays, for JSON, numbers with three decimals."""
        measurements = rounded(self.measurements.as_dict())
        for side in measurements["sides"]:  # of rounded parts, as whoever adds them up gets it
            parts = (side["parenchyma_ml"], side["tumor_ml"], side["cyst_ml"])
            side["kidney_ml"] = round(sum(parts), 3)
        return {
            "format": FORMAT,
            "measurements": measurements,
            "contrast_phase": rounded(self.phase.as_dict()),
            "findings": [f.as_dict() for f in self.findings],
            "removed_components": [r.as_dict() for r in self.removals],
            "refinements": [rounded(r.as_dict()) for r in self.refinements],
            "record": dict(self.record),
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], labels: Volume, rejected: Volume | None = None
    ) -> Result:
        """Result from what `as_dict` wrote, in this format or one before, and its arrays.

        Raises
        ------
        InputError
            If an entry is missing.
        """
        if rejected is None:
            rejected = labels.with_array(np.zeros(labels.array.shape, np.uint16))
        try:
            return cls(
                labels=labels,
                measurements=Measurements.from_dict(data["measurements"]),
                phase=PhaseEstimate(**data["contrast_phase"]),
                findings=tuple(map(Finding.from_dict, data["findings"])),
                removals=tuple(map(Removal.from_dict, data["removed_components"])),
                rejected=rejected,
                refinements=tuple(map(Refinement.from_dict, data.get("refinements", ()))),
                record=data["record"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"The record is no result of KidneySeg, or is damaged ({error}). Expected "
                f"'{FORMAT}' or an earlier format. Run again."
            ) from error

    def save(self, folder: Path) -> None:
        """Write the result into a folder that is there, for another process or a later day.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        np.save(folder / "labels.npy", self.labels.array.astype(np.uint8, copy=False))
        np.save(folder / "rejected.npy", self.rejected.array.astype(np.uint16, copy=False))
        for name in _OPTIONAL:
            if (own := getattr(self, name)) is not None:
                np.save(folder / f"{name}.npy", own.array)
        data = self.as_dict() | {"ijk_to_ras": self.labels.geometry.ijk_to_ras.tolist()}
        if self.probabilities is not None:
            np.save(folder / _PROBABILITIES, self.probabilities.percent)
            data["probabilities_ijk_to_ras"] = self.probabilities.geometry.ijk_to_ras.tolist()
        write_json(data, folder / _RESULT)

    @classmethod
    def load(cls, folder: Path) -> Result:
        """Result that `save` wrote.

        Raises
        ------
        OSError, ValueError, InputError
            If a file is missing or damaged.
        """
        data = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
        labels, rejected = (np.load(folder / f"{name}.npy") for name in _ARRAYS)
        if "ijk_to_ras" not in data:
            raise InputError("The saved result does not say where it lies. Run again.")
        geometry = Geometry(labels.shape, np.array(data["ijk_to_ras"]))
        result = cls.from_dict(data, Volume(labels, geometry), Volume(rejected, geometry))
        there = [name for name in _OPTIONAL if (folder / f"{name}.npy").is_file()]
        more: dict[str, Any] = {n: Volume(np.load(folder / f"{n}.npy"), geometry) for n in there}
        result = replace(result, **more)
        if "probabilities_ijk_to_ras" not in data:
            return result
        percent = np.load(folder / _PROBABILITIES)
        own = Geometry(percent.shape[1:], np.array(data["probabilities_ijk_to_ras"]))
        return replace(result, probabilities=Probabilities(percent, own))


def rounded(value: Any) -> Any:
    """Every float of nested lists and dictionaries with three decimals."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return round(value, 3) if isinstance(value, float) else value


def write_json(data: Mapping[str, Any], path: Path) -> None:
    """Write JSON with two spaces of indent."""
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
