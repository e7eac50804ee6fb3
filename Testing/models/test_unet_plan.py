import subprocess
import sys


def test_plans_need_no_torch():
    code = "import KidneySegLib.models.opening, sys; assert not {'torch', 'monai'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
