import subprocess
import sys


def test_importing_the_library_needs_no_heavy_package():
    code = (
        "import sys, KidneySegLib, KidneySegLib.pipeline, KidneySegLib.app.cli\n"
        "heavy = {'torch', 'monai', 'SimpleITK', 'matplotlib', 'skimage', 'pydicom'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
