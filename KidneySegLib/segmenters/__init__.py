"""From an image to class probabilities, and back onto the image's own grid."""

from ..engine.base import Engine
from ..models.manifest import ModelPackage
from .base import Segmenter
from .cascade.segmenter import Cascade


def open_segmenter(package: ModelPackage, engine: Engine) -> Segmenter:
    """The segmenter of a model package: the one place that knows which kind runs which format."""
    return Cascade(package, engine)
