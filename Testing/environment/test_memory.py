import pytest

from KidneySegLib.environment import memory
from KidneySegLib.environment.memory import (
    LackOfMemory,
    explained,
    is_lack_of_memory,
    require_memory,
)

LARGE = (600, 512, 512)


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: tried to allocate 9 bytes"), True),
        (RuntimeError("Exception thrown in ITK: Failed to allocate memory for image"), True),
        (ImportError("libtorch.so: failed to map segment from shared object"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate"), False),
        (RuntimeError("something else"), False),
    ],
)  # fmt: skip
def test_what_says_that_memory_ran_out(error, lack):
    assert is_lack_of_memory(error) is lack


def fail(shape, error):
    with explained(shape):
        raise error


def test_the_message_says_how_much_there_is_and_how_much_is_needed(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1.25e9)
    with pytest.raises(LackOfMemory, match=r"1\.2 GB were free.*512 x 512 x 600.*about 2\.6 GB"):
        fail(LARGE, MemoryError())
    with pytest.raises(RuntimeError, match="other"):
        fail(LARGE, RuntimeError("other"))


def test_far_too_little_is_refused_before_the_run(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 0.1e9)
    with pytest.raises(LackOfMemory, match="cut the CT to the abdomen"):
        require_memory(LARGE)
    monkeypatch.setattr(memory, "available_bytes", lambda: 9e9)
    require_memory(LARGE)
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    require_memory(LARGE)


def test_this_computer_tells_or_does_not():
    there = memory.available_bytes()
    assert there is None or there > 1e6


def test_a_containers_page_cache_counts_as_free(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("8000000000\n")
    (tmp_path / "memory.current").write_text("7800000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 7000000000\n")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert memory._group_bytes() == pytest.approx(7.2e9)
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._group_bytes() is None
