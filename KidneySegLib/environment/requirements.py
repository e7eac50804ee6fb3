"""What the library needs to segment, and what this Python lacks; nothing is imported to find out.

Slicer's Python brings numpy, scipy and SimpleITK. The rest is installed when the user agrees, with
a constraints file that pins what is there: nothing of Slicer's own is ever replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

TORCH = "torch"
_FILE = Path(__file__).with_name("requirements.txt")
_PINNED = ("numpy", "scipy", "SimpleITK", "torch", "torchvision", "pydicom", "pillow", "requests")


@dataclass(frozen=True)
class Requirement:
    """A package: name on PyPI, version range, what it is for, and about how much it downloads.

    A run can do without one that is ``optional``.
    """

    name: str
    range: str
    purpose: str
    megabytes: str
    optional: bool = False

    @property
    def spec(self) -> str:
        """As pip takes it."""
        return f"{self.name}{self.range}"


# Sizes of the wheels for Linux on PyPI in November 2026; the CUDA build of torch was not measured.
_ASKED: dict[str, tuple] = {
    TORCH: ("runs the network", "190; with CUDA several thousand"),
    "monai": ("the network's architecture", "2"),
    "safetensors": ("reads the weights safely", "1"),
    "jsonschema": ("checks model packages", "1"),
    "matplotlib": ("draws the report", "17", True),
    "scikit-image": ("refines borders with an active contour", "16", True),
}


def ranges() -> dict[str, str]:
    """Version range of every package that ``requirements.txt`` names."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([\w-]+)(.*)", line) for line in lines if not line.startswith("#"))
    return {m[1]: m[2].strip() for m in found if m is not None}


REQUIREMENTS = tuple(Requirement(name, ranges()[name], *about) for name, about in _ASKED.items())
TORCH_RANGE = ranges()[TORCH]


def installed_version(name: str) -> str | None:
    """Version of an installed package, None where it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def missing() -> list[Requirement]:
    """Requirements that are not installed, or in a version that is too old."""
    return [r for r in REQUIREMENTS if not _is_met(r)]


def _is_met(requirement: Requirement) -> bool:
    """Whether a version is installed that is in range (compared by its numbers)."""
    version = installed_version(requirement.name)
    if version is None:
        return False
    for rule in requirement.range.split(","):
        if rule.startswith(">=") and _numbers(version) < _numbers(rule[2:]):
            return False
        if rule.startswith("!=") and version.startswith(rule[2:].rstrip("*")):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """Leading numbers of a version: ``2.4.1+cpu`` is (2, 4, 1)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(n) for n in found.group().split(".")) if found else ()


def constraints_text() -> str:
    """Lines of a pip constraints file that pins what is installed already."""
    versions = {name: installed_version(name) for name in _PINNED}
    lines = [f"{name}=={v.split('+')[0]}" for name, v in versions.items() if v is not None]
    return "\n".join(lines) + "\n"
