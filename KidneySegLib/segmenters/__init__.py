"""From an image to class probabilities, and back onto the image's own grid."""

from ..core.errors import ModelError
from ..engine.base import Engine
from ..models.manifest import ModelPackage
from ..models.opening import Model
from ..models.registry import find_model
from .base import Segmenter
from .cascade.segmenter import Cascade
from .exact import Exact
from .foreign import Foreign


def open_segmenter(model: Model, engine: Engine) -> Segmenter:
    """The segmenter of a model: the one place that knows which kind runs which format.

    Raises
    ------
    ModelError
        If the model's own way is wanted, and is not known.
    """
    if isinstance(model, ModelPackage):
        return Cascade(model, engine)
    if not model.choice.exact:
        return Foreign(model, engine, find_model())
    if model.exactly is None:
        raise ModelError(
            f"How '{model.name}' resamples images by itself is not known. Run it without 'exact'."
        )
    return Exact(model, engine, model.exactly)
