"""Which models a run uses: one, or kidneys of one and lesions of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import InputError
from ..engine.base import Engine
from ..io.images import read_volume
from ..models.foreign import ForeignModel, ModelChoice
from ..models.opening import open_model
from ..segmenters import open_segmenter
from ..segmenters.base import Segmenter
from ..segmenters.combined import Combined


@dataclass(frozen=True)
class WantedModels:
    """Names, folders or ZIP files of models.

    Attributes
    ----------
    model : str, optional
        Does all; the model that ships where nothing is named.
    kidneys : str, optional
        Whose kidneys count, where lesions come from others.
    lesions : tuple of str
        Whose lesions count.
    choice : ModelChoice
        About the one model, or about those that find lesions.
    channels : tuple of str
        Files of images that the model reads beside the CT, registered to it.
    """

    model: str | None = None
    kidneys: str | None = None
    lesions: tuple[str, ...] = ()
    choice: ModelChoice = field(default_factory=ModelChoice)
    channels: tuple[str, ...] = ()

    def __post_init__(self):
        """Refuse names that contradict each other."""
        if self.model and (self.kidneys or self.lesions):
            raise InputError(
                "One model for all and models for kidneys or lesions were named. Name one, or the "
                "others."
            )
        if self.lesions and self.choice.exact:
            raise InputError(
                "A model's own way cannot be combined with another model. Run each by itself."
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WantedModels:
        """Models as a job's request names them."""
        return cls(
            data.get("model"),
            data.get("kidneys"),
            tuple(data.get("lesions", ())),
            ModelChoice.from_dict(data.get("choice", {})),
        )


def segmenter_of(wanted: WantedModels, engine: Engine) -> Segmenter:
    """The segmenter of the models that are wanted; one without kidneys gets those that ship.

    Raises
    ------
    ModelError
        If a model is not there or cannot be used.
    """
    channels = [read_volume(path) for path in wanted.channels]
    if not wanted.lesions:
        model = open_model(wanted.model or wanted.kidneys, wanted.choice)
        own = open_segmenter(model, engine, channels)
        if isinstance(model, ForeignModel) and not (
            model.classes.has_kidneys or model.choice.exact
        ):
            return Combined(open_segmenter(open_model(), engine), [own])
        return own
    own_kidneys = open_model(wanted.kidneys)
    if isinstance(own_kidneys, ForeignModel) and not own_kidneys.classes.has_kidneys:
        raise InputError(f"The model '{own_kidneys.name}' finds no kidneys. Name another one.")
    kidneys = open_segmenter(own_kidneys, engine)
    lesions = [open_model(name, wanted.choice) for name in wanted.lesions]
    for model in lesions:
        if isinstance(model, ForeignModel) and not model.classes.has_lesions:
            raise InputError(f"The model '{model.name}' finds no lesions. Name another one.")
    return Combined(kidneys, [open_segmenter(model, engine, channels) for model in lesions])
