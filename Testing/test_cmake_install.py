"""Configure and install the extension with CMake, Slicer's and CTK's macros imitated.

The imitated macros copy and install what they are given, as CTK's do; compiling Python and Slicer's
own checks are left out. What is tested: our CMake files run, and the installed tree works.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIB = "lib/Slicer-5.10/qt-scripted-modules"
MACROS = """
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR {lib})
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR {lib})
function(_imitate destination install scripts)
  foreach(file IN LISTS scripts)
    get_filename_component(folder ${{file}} DIRECTORY)
    configure_file(${{CMAKE_CURRENT_SOURCE_DIR}}/${{file}} ${{destination}}/${{file}} COPYONLY)
    install(FILES ${{CMAKE_CURRENT_SOURCE_DIR}}/${{file}} DESTINATION ${{install}}/${{folder}})
  endforeach()
endfunction()
function(ctkMacroCompilePythonScript)
  cmake_parse_arguments(A "NO_INSTALL_SUBDIR" "TARGET_NAME;DESTINATION_DIR;INSTALL_DIR"
    "SCRIPTS;RESOURCES" ${{ARGN}})
  _imitate(${{A_DESTINATION_DIR}} ${{A_INSTALL_DIR}} "${{A_SCRIPTS}};${{A_RESOURCES}}")
endfunction()
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(A "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${{ARGN}})
  _imitate(${{CMAKE_BINARY_DIR}}/{lib} {lib} "${{A_SCRIPTS}};${{A_RESOURCES}}")
endfunction()
function(slicer_add_python_unittest)
endfunction()
"""

pytestmark = pytest.mark.skipif(
    shutil.which("cmake") is None or shutil.which("cc") is None,
    reason="CMake or a compiler is not installed",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build and install tree of the extension."""
    folder = tmp_path_factory.mktemp("cmake")
    slicer = folder / "slicer"
    slicer.mkdir()
    for name in ("use", "config", "cpack"):
        (slicer / f"{name}.cmake").write_text(MACROS.format(lib=LIB) if name == "use" else "")
    (slicer / "SlicerConfig.cmake").write_text(
        f'set(Slicer_USE_FILE "{slicer}/use.cmake")\n'
        f'set(Slicer_EXTENSION_GENERATE_CONFIG "{slicer}/config.cmake")\n'
        f'set(Slicer_EXTENSION_CPACK "{slicer}/cpack.cmake")\n'
    )
    build, target = folder / "build", folder / "install"
    configure = [f"-DSlicer_DIR={slicer}", "-DBUILD_TESTING=ON", f"-DCMAKE_INSTALL_PREFIX={target}"]
    for command in (["-S", ROOT, "-B", build, *configure], ["--install", build]):
        subprocess.run(["cmake", *command], check=True, capture_output=True)
    return build / LIB, target / LIB


@pytest.mark.parametrize("tree", [0, 1], ids=["build", "install"])
def test_the_library_works_from_the_tree(installed, tree):
    code = (
        "import KidneySegLib\n"
        "from KidneySegLib.models.registry import find_model\n"
        "from KidneySegLib.environment.resources import resource_folder\n"
        "print(KidneySegLib.__file__)\n"
        "print(find_model().folder)\n"
        "print((resource_folder('Demo') / 'demo_ct.nii.gz').is_file())"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    said = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": str(installed[tree])},
        cwd=installed[tree],
    ).stdout.splitlines()
    assert said[0].startswith(str(installed[tree]))
    assert said[1].startswith(str(installed[tree]))
    assert said[2] == "True"


def test_the_module_and_its_resources_are_installed(installed):
    for name in ("KidneySeg.py", "Resources/UI/KidneySeg.ui", "Resources/Icons/KidneySeg.png"):
        assert (installed[1] / name).is_file()
