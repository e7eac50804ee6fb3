"""Main memory: how much is free, how much a CT needs, and what to say where it is not enough."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

from ..core.errors import KidneySegError

# Measured: whole command, `/usr/bin/time -v kidneyseg segment`, 512 x 512 x 600 voxels of 16 bits:
# 2.5 GB at fast and at balanced; 470 x 340 x 24 voxels: 0.9 GB. Slices matter, quality does not.
_BASE_BYTES = 0.9e9
_BYTES_A_VOXEL = 11.0
_LARGE = (600, 512, 512)
_GROUP = Path("/sys/fs/cgroup")
_TOO_LITTLE = 0.7  # of what is needed: below, a run would only end later, and without a message
_SIGNS = (
    "not enough memory",
    "cannot allocate memory",
    "can't allocate memory",
    "failed to allocate",
    "unable to allocate",
    "bad_alloc",
    "bad allocation",
    "failed to map segment",
    "can't start new thread",
)


class LackOfMemory(KidneySegError):  # noqa: N818 - what it is, in the words of the message
    """The computer's memory is not enough for this CT."""


def needed_bytes(shape: Sequence[int]) -> float:
    """About what a run needs for a CT of so many voxels."""
    return _BASE_BYTES + _BYTES_A_VOXEL * prod(shape)


def available_bytes() -> float | None:
    """Memory that this process may still take; None where the system does not tell."""
    found = [x for x in (_system_bytes(), _group_bytes(), _limit_bytes()) if x is not None]
    return min(found) if found else None


def _system_bytes() -> float | None:
    """Free memory and swap of the computer (Linux)."""
    fields = _fields(Path("/proc/meminfo"))
    if "MemAvailable" not in fields:
        return None
    return 1024.0 * (fields["MemAvailable"] + fields.get("SwapFree", 0))


def _group_bytes() -> float | None:
    """What is left of a container's share (Linux, control groups version 2)."""
    home = _GROUP
    try:
        most = (home / "memory.max").read_text().strip()
        used = int((home / "memory.current").read_text())
        stat = dict(line.split() for line in (home / "memory.stat").read_text().splitlines())
        used -= int(stat.get("inactive_file", 0)) + int(stat.get("slab_reclaimable", 0))
    except (OSError, ValueError):
        return None
    return None if most == "max" else float(int(most) - used)


def _limit_bytes() -> float | None:
    """What is left of the limit that a shell set for this process (ulimit -v)."""
    try:
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError):
        return None
    if most == resource.RLIM_INFINITY:
        return None
    return most - 1024.0 * _fields(Path("/proc/self/status")).get("VmSize", 0)


def _fields(path: Path) -> dict[str, int]:
    """Numbers (kB) of a file of ``Name: number`` lines."""
    found = {}
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, rest = line.partition(":")
            number = rest.split()[:1]
            if number and number[0].isdigit():
                found[name] = int(number[0])
    return found


def require_memory(shape: Sequence[int]) -> None:
    """Refuse a CT for which there is far too little memory, before the system kills the process.

    Raises
    ------
    LackOfMemory
        Saying how much is there, how much is needed, and what needs less.
    """
    there = available_bytes()
    taken = 1024.0 * _fields(Path("/proc/self/status")).get("VmRSS", 0)  # the CT is read already
    if there is not None and there < _TOO_LITTLE * (needed_bytes(shape) - taken):
        raise _lack(shape, there)


@contextlib.contextmanager
def explained(shape: Sequence[int] | None = None) -> Iterator[None]:
    """Turn every kind of "no memory left" into one message.

    Raises
    ------
    LackOfMemory
        In the place of what Python, torch or ITK raise.
    """
    before = available_bytes()
    try:
        yield
    except (MemoryError, RuntimeError, ImportError, OSError) as error:
        if not is_lack_of_memory(error):
            raise
        raise _lack(shape, before) from error


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error says that main memory ran out."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return "cuda" not in text and any(sign in text for sign in _SIGNS)


def _lack(shape: Sequence[int] | None, there: float | None) -> LackOfMemory:
    """The message."""
    free = "" if there is None else f" {max(0.0, there) / 1e9:.1f} GB were free."
    if shape is None:
        large = needed_bytes(_LARGE) / 1e9
        need = f" A run needs {_BASE_BYTES / 1e9:.1f} GB, and {large:.1f} GB for 600 slices."
    else:
        size = " x ".join(str(n) for n in reversed(shape))
        need = f" This CT ({size} voxels) needs about {needed_bytes(shape) / 1e9:.1f} GB."
    return LackOfMemory(
        f"The computer's memory is not enough.{free}{need} Close other programs, or cut the CT to "
        "the abdomen: half the slices need half as much. The quality makes no difference.",
    )
