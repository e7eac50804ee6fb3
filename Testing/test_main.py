"""``python -m KidneySegLib``."""

import subprocess
import sys


def test_the_package_is_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "KidneySegLib", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("kidneyseg ")
