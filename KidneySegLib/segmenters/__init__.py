"""From an image to class probabilities, and back onto the image's own grid."""

from collections.abc import Sequence

from ..core.errors import ModelError
from ..core.volume import Volume
from ..engine.base import Engine
from ..models.foreign import Stepwise
from ..models.manifest import ModelPackage
from ..models.opening import Model
from ..models.registry import find_model
from .base import Segmenter
from .cascade.segmenter import Cascade
from .exact import Exact
from .exact_monai import ExactMonai
from .foreign import Foreign


def open_segmenter(model: Model, engine: Engine, channels: Sequence[Volume] = ()) -> Segmenter:
    """The segmenter of a model: the one place that knows which kind runs which format.

    Parameters
    ----------
    model : Model
    engine : Engine
    channels : sequence of Volume
        What a model of several images reads beside the CT.

    Raises
    ------
    ModelError
        If the model's own way is wanted, and is not known; if it reads another number of images.
    """
    if isinstance(model, ModelPackage):
        if channels:
            raise ModelError(f"The model '{model.name}' reads one CT, and more images were given.")
        return Cascade(model, engine)
    if not model.choice.exact:
        return Foreign(model, engine, find_model(), channels)
    if model.exactly is None:
        raise ModelError(
            f"How '{model.name}' resamples images by itself is not known. Run it without 'exact'."
        )
    if isinstance(model.exactly, Stepwise):
        return ExactMonai(model, engine, model.exactly, channels)
    return Exact(model, engine, model.exactly)
