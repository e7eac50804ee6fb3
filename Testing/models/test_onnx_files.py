import json

import foreign_models as made
import pytest

from KidneySegLib.core.errors import ModelError
from KidneySegLib.models.onnx_files import export_onnx
from KidneySegLib.models.opening import open_model


def test_networks_become_onnx_files(tmp_path, rng):
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnx onnxruntime")
    pytest.importorskip("onnx", reason="pip install onnx onnxruntime")
    import numpy as np
    import torch

    model = open_model(made.write_nnunet(tmp_path / "model"))
    network, about = export_onnx(model, tmp_path / "out")
    image = rng.normal(size=(2, 1, 16, 32, 32)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(network))
    (logits,) = session.run(None, {"image": image})
    with torch.inference_mode():
        expected = model.networks[0].load()(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    assert json.loads(about.read_text())["networks"][0]["tile_kji"] == [16, 32, 32]


def test_nothing_is_replaced(tmp_path):
    (tmp_path / "networks.json").write_text("{}")
    model = open_model(made.write_nnunet(tmp_path / "model"))
    with pytest.raises(ModelError, match="already holds networks.json"):
        export_onnx(model, tmp_path)
