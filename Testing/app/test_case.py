from phantom import make_phantom

from KidneySegLib.app.case import CaseRunner
from KidneySegLib.app.console import Console
from KidneySegLib.kidney_ct.settings import Settings
from KidneySegLib.report.case_folder import FILES


def test_a_case_is_segmented_written_and_said(threshold_engine, no_pictures, tmp_path, shipped):
    said = []
    case = CaseRunner(Settings(quality="fast"), Console(), say=said.append)
    result = case.run(make_phantom().ct, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    assert tuple(said) == result.findings
    assert case.made_with == {
        "model": shipped.sha256,
        "choice": [{}],
        "settings": Settings(quality="fast").as_dict(),
    }
    assert "Model license: CC-BY-NC-SA" in case.text(result)
