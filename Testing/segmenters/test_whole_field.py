import foreign_models as made
import pytest

from KidneySegLib.core.progress import Stages
from KidneySegLib.engine import open_engine
from KidneySegLib.environment.memory import LackOfMemory
from KidneySegLib.models.opening import open_model
from KidneySegLib.segmenters import whole_field
from KidneySegLib.segmenters.places import Hints
from KidneySegLib.segmenters.whole_field import WholeField, require_room


def test_it_looks_everywhere_whatever_the_hints(phantom, tmp_path):
    model = open_model(made.write_bundle(tmp_path / "bundle"))
    segmenter = WholeField(model, open_engine("cpu"))
    hints = Hints(points=((0.0, 0.0, 0.0),))
    found = segmenter.locate(phantom.ct, hints, Stages(segmenter.stages(hints)))
    (place,) = found.places
    box = place.anchor(phantom.ct.geometry)
    assert box.shape == phantom.ct.geometry.shape
    assert segmenter.classes[:4] == ("background", "kidney", "tumor", "cyst")


def test_what_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(whole_field, "available_bytes", lambda: 1e9)
    require_room(9e8, 4, "own")
    with pytest.raises(LackOfMemory, match=r"about 2\.0 GB .*\(own, 4 classes\), and 1\.0 GB"):
        require_room(2e9, 4, "own")
    monkeypatch.setattr(whole_field, "available_bytes", lambda: None)
    require_room(2e15, 4, "own")
