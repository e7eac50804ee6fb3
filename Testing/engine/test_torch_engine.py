import copy

import numpy as np
import pytest
import torch
from hungry import Hungry
from torch import nn

from KidneySegLib.engine.torch_engine import TorchEngine, TorchPredictor, fuse_instance_norm
from KidneySegLib.models.networks import build_network

OPTIONS = {"filters": [4, 8, 8], "classes": 3}
CPU = torch.device("cpu")


def test_group_norm_equals_instance_norm():
    torch.manual_seed(0)
    network = build_network("DynUNet", OPTIONS).eval()
    fused = fuse_instance_norm(copy.deepcopy(network))
    assert not any(isinstance(m, nn.InstanceNorm3d) for m in fused.modules())
    x = torch.randn(1, 1, 16, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(fused(x), network(x), atol=1e-5, rtol=1e-4)


def test_smaller_batches_when_memory_runs_out(rng):
    notices = []
    predictor = TorchPredictor(Hungry(most=1), CPU, None, notices)
    predictor.batch = 4
    tiles = rng.normal(size=(5, 1, 4, 4, 4)).astype(np.float32)
    shares = predictor(tiles)
    assert predictor.batch == 1
    assert len(notices) == 2
    assert "batches of 2" in notices[0]
    np.testing.assert_allclose(shares[:, 0], 1 / (1 + np.exp(-2 * tiles[:, 0])), atol=1e-5)


def test_falls_back_to_the_cpu_when_one_tile_is_too_much(rng):
    notices = []
    predictor = TorchPredictor(Hungry(most=0), CPU, None, notices)
    predictor.device = torch.device("meta")  # stands for a GPU that is full
    run = predictor._run

    def full_until_moved(tiles):
        if predictor.device.type == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(tiles)

    predictor._run = full_until_moved
    assert predictor(rng.normal(size=(1, 1, 4, 4, 4)).astype(np.float32)).shape == (1, 2, 4, 4, 4)
    assert "going on with the CPU" in notices[-1]


def test_cpu_without_memory_gives_up():
    predictor = TorchPredictor(Hungry(most=0), CPU, None, [])
    predictor._network.most = 0
    with pytest.raises(MemoryError):
        predictor(np.zeros((1, 1, 4, 4, 4), np.float32))


def test_engine_keeps_a_network(package):
    engine = TorchEngine("cpu")
    assert engine.predictor(package.network("locator")) is engine.predictor(
        package.network("locator")
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_cuda_agrees_with_cpu(package, rng):
    tiles = rng.uniform(-1, 1, (2, 1, *package.stages["fine"].patch)).astype(np.float32)
    on_gpu = TorchEngine("cuda").predictor(package.network("fine"))(tiles)
    on_cpu = TorchEngine("cpu").predictor(package.network("fine"))(tiles)
    assert (on_gpu.argmax(1) == on_cpu.argmax(1)).mean() > 0.99
