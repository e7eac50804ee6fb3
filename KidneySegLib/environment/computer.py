"""What this computer can do, as text: ``python -m KidneySegLib.environment.computer``."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from .. import __version__
from .requirements import REQUIREMENTS, installed_version, missing

_PACKAGES = (*(r.name for r in REQUIREMENTS), "numpy", "scipy", "SimpleITK")


def describe_computer() -> str:
    """Versions, GPU, driver, memory and free temporary disk; no names of users or files."""
    import tempfile

    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    lines = [
        f"KidneySeg {__version__}, Python {platform.python_version()}",
        f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores",
        f"Memory: {_memory_text()}; free on the temporary disk: {free:.0f} GB",
        "Packages: " + ", ".join(f"{name} {installed_version(name) or '-'}" for name in _PACKAGES),
        f"NVIDIA driver: {_driver_text()}",
        f"torch: {_torch_text()}",
    ]
    lacking = missing()
    if lacking:
        lines.append("Missing: " + ", ".join(r.spec for r in lacking))
    return "\n".join(lines).replace(str(Path.home()), "~")


def _memory_text() -> str:
    """Physical memory in GB where the system tells it."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    except (AttributeError, ValueError, OSError):
        return "unknown"


def _driver_text() -> str:
    """What nvidia-smi says about driver and GPUs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "none found"
    query = "--query-gpu=driver_version,name,memory.total"
    said = subprocess.run(
        [program, query, "--format=csv,noheader"], capture_output=True, text=True, check=False
    )
    return said.stdout.strip().replace("\n", "; ") or said.stderr.strip() or "no answer"


def _torch_text() -> str:
    """Which devices torch can use."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return f"cannot be imported ({error})"
    devices = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("Apple GPU (mps)")
    return f"{torch.__version__}, CUDA {torch.version.cuda}, GPUs: {', '.join(devices) or 'none'}"


if __name__ == "__main__":
    print(describe_computer())
