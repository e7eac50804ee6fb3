import pytest


@pytest.fixture
def scene(tmp_path):
    """A fresh real MRML scene as ``slicer.mrmlScene``."""
    from scene import RealScene

    real = RealScene(tmp_path)
    yield real.scene
    real.close()
