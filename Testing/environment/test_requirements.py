import pytest

from KidneySegLib.environment import requirements
from KidneySegLib.environment.requirements import REQUIREMENTS, constraints_text, missing


@pytest.mark.parametrize(
    ("version", "met"),
    [(None, False), ("2.4.1", True), ("2.4.1+cpu", True), ("2.3.9", False), ("2.9.1", False)],
)
def test_a_version_is_in_range_or_the_package_is_missing(monkeypatch, version, met):
    torch = next(r for r in REQUIREMENTS if r.name == requirements.TORCH)
    own = requirements.installed_version

    def installed(name):
        return version if name == torch.name else own(name)

    monkeypatch.setattr(requirements, "installed_version", installed)
    assert (torch not in missing()) == met


def test_what_is_installed_is_pinned_by_its_public_version():
    lines = constraints_text().splitlines()
    assert any(line.startswith("numpy==") for line in lines)
    assert not any("+" in line for line in lines)
