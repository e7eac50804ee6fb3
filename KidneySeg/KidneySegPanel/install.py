"""Installing the Python packages that KidneySeg needs into Slicer, after the user agreed.

Needs no Qt. torch comes through the PyTorch extension, which knows the GPU; the rest through pip,
with constraints that pin what Slicer has.
"""

import os
import queue
import subprocess
import threading
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from .logic import pythonExecutable

_PIP_LINES = 15
_WAIT_SECONDS = 0.1


def missing(*, to_run=False):
    """Packages that are not installed, or in a version that does not do.

    :param to_run: only those without which nothing can be segmented.
    """
    from KidneySegLib.environment import requirements

    return [r for r in requirements.missing() if not (to_run and r.optional)]


def question(packages):
    """What will be installed and what replaced, for the user to agree to."""
    from KidneySegLib.environment.requirements import installed_version

    new = [p for p in packages if installed_version(p.name) is None]
    old = [p for p in packages if installed_version(p.name) is not None]
    text = ""
    if new:
        text += _("KidneySeg downloads and installs into Slicer:\n\n{packages}\n\n").format(
            packages="\n".join(f"  {p.spec}: {p.purpose} ({p.megabytes} MB)" for p in new)
        )
    if old:
        text += _("These are installed in a version that does not work, and are REPLACED:\n\n")
        text += "\n".join(f"  {p.name} {installed_version(p.name)} by {p.spec}" for p in old)
        text += _("\n\nOther extensions that use them may be affected.\n\n")
    return text + _("Nothing else that Slicer has is replaced. Go on?")


def install(packages, *, wheels=None, tell=lambda line: None):
    """Install packages.

    :param wheels: folder of wheels for a computer without a network; torch is then taken from it
        too, not through the PyTorch extension.
    :param tell: called with every line that pip says.
    :raises RuntimeError: with the last lines of what failed, or that the PyTorch extension is
        missing.
    """
    from KidneySegLib.environment.requirements import TORCH, TORCH_RANGE, constraints_text

    if wheels is None and any(p.name == TORCH for p in packages):
        _install_torch(TORCH_RANGE)
        packages = [p for p in packages if p.name != TORCH]
    specs = [p.spec for p in packages]
    if not specs:
        return
    pins = [
        line
        for line in constraints_text().splitlines()
        if line.split("==")[0] not in {p.name for p in packages}
    ]
    constraints = Path(slicer.app.temporaryPath) / f"kidneyseg-constraints-{os.getpid()}.txt"
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    try:
        _pip(specs, str(constraints), wheels, tell)
    except Exception as error:
        raise RuntimeError(
            _("pip could not install {names}: {reason}").format(
                names=", ".join(specs), reason=str(error)[-800:]
            )
        ) from error
    finally:
        constraints.unlink(missing_ok=True)


def _pip(specs, constraints, wheels, tell):
    """Install by the newest way that this Slicer has; the user has agreed already."""
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # Slicer 5.10: its pip_install tells nothing but that it failed
        pip_ensure = None
    if pip_ensure is None or wheels is not None:
        offline = ["--no-index", "--find-links", str(wheels)] if wheels is not None else []
        _run_pip([*specs, *offline, "--constraint", constraints], tell)
        return
    from packaging.requirements import Requirement

    pip_ensure(
        [Requirement(spec) for spec in specs],
        constraints=constraints,
        prompt_install=False,
        requester="KidneySeg",
    )


def _run_pip(arguments, tell):
    """Run pip while Slicer stays usable, and keep its last lines for the message when it fails."""
    from KidneySegLib.app.job import NO_WINDOW

    process = subprocess.Popen(
        [pythonExecutable(), "-m", "pip", "install", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        creationflags=NO_WINDOW,
    )
    lines, said = queue.Queue(), []

    def listen():
        for line in process.stdout:
            lines.put(line.rstrip())
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        slicer.app.processEvents()
        try:
            line = lines.get(timeout=_WAIT_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            break
        said.append(line)
        tell(line)
    if process.wait():
        raise RuntimeError("\n".join(said[-_PIP_LINES:]))


def _install_torch(versions):
    """Ask the PyTorch extension for torch; it chooses the build that fits the GPU."""
    try:
        import PyTorchUtils
    except ModuleNotFoundError:
        raise RuntimeError(
            _(
                "The extension 'PyTorch' is not installed. Install it in the Extensions Manager, "
                "restart Slicer, and press Apply again."
            )
        ) from None
    try:
        installed = PyTorchUtils.PyTorchUtilsLogic().installTorch(torchVersionRequirement=versions)
    except Exception as error:  # whatever its pip runs into
        raise RuntimeError(
            _("The PyTorch extension could not install torch: {reason}").format(reason=error)
        ) from error
    if installed is None:
        raise RuntimeError(_("torch was not installed. Press Apply to try again."))
