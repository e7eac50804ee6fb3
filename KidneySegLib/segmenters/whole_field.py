"""What models that are run their own way have in common: they see the whole field."""

from __future__ import annotations

from ..core.progress import Stages
from ..core.volume import Volume
from ..engine.base import Engine
from ..environment.memory import LackOfMemory, available_bytes
from ..models.foreign import ForeignModel
from .base import TISSUES, OnEngine
from .places import Found, Hints, whole_field

_SHARES = {"load model": 0.05, "segment": 3.0}


class WholeField(OnEngine):
    """A foreign model that looks everywhere; kinds of it say how (see `base.Segmenter`)."""

    def __init__(self, model: ForeignModel, engine: Engine) -> None:
        self.model, self._engine = model, engine
        self.extras = model.classes.extras
        self.classes = (*TISSUES, *(c.name for c in self.extras))

    def stages(self, hints: Hints) -> dict[str, float]:
        """Stages of a run."""
        return dict(_SHARES)

    def locate(self, image: Volume, hints: Hints, report: Stages) -> Found:
        """The whole field, whatever the hints."""
        report.begin("load model")
        for network in self.model.networks:
            self._engine.predictor(network)
        return Found([whole_field(image.geometry)], [])


def require_room(needed: float, classes: int, name: str) -> None:
    """Refuse a field whose logits and probabilities, in bytes, do not fit into memory.

    Raises
    ------
    LackOfMemory
    """
    free = available_bytes()
    if free is not None and needed > free:
        raise LackOfMemory(
            f"The model's own way needs about {needed / 1e9:.1f} GB for this CT ({name}, {classes} "
            f"classes), and {free / 1e9:.1f} GB are free. Run it the usual way: only the kidneys' "
            "surroundings are kept in memory then."
        )
