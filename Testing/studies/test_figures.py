"""Published figures: every table follows figures.json, and a study's figures reach it."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "studies"))

import common  # noqa: E402
import figures  # noqa: E402


@pytest.fixture
def shipped_figures():
    return json.loads(figures.FIGURES.read_text(encoding="utf-8"))


def test_card_readme_documents_and_manifest_follow_the_figures(shipped_figures):
    """Else: python studies/figures.py."""
    assert figures.stale(shipped_figures) == []


def test_every_page_has_tables_and_every_table_a_source(shipped_figures):
    for page in figures.PAGES:
        text = page.read_text(encoding="utf-8")
        assert figures._BLOCK.search(text), page
    for entry in shipped_figures.values():
        assert entry["command"].startswith("python studies/")
        assert entry["date"]
        assert entry["model"]


def test_a_changed_figure_makes_the_pages_stale(shipped_figures):
    shipped_figures["tumor_slices"]["headline"]["with_a_false_one"] += 1
    wrong = {path.name for path in figures.stale(shipped_figures)}
    assert wrong == {"README.md", "MODEL_CARD.md", "figures.md", "model.json"}


def test_what_a_study_leaves_replaces_its_entry_alone(tmp_path, monkeypatch, shipped_figures):
    monkeypatch.setattr(common, "OUT", tmp_path)
    monkeypatch.setattr(figures, "OUT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["studies/locator.py"])
    headline = {"kidneys": 6, "inside_a_region": 5, "fields_without_a_kidney": 2, "rejected": 1}
    common.save({"trials": []}, None, headline)
    found = figures.collected()
    assert found["locator"]["headline"] == headline
    assert found["locator"]["command"] == "python studies/locator.py"
    assert {k: v for k, v in found.items() if k != "locator"} == {
        k: v for k, v in shipped_figures.items() if k != "locator"
    }


@pytest.mark.parametrize(
    ("options", "sha256"), [(["--count", "3"], None), ([], "0" * 64)], ids=["shorter", "other"]
)
def test_shorter_runs_and_other_models_are_not_published(
    tmp_path, monkeypatch, shipped_figures, capsys, options, sha256
):
    monkeypatch.setattr(common, "OUT", tmp_path)
    monkeypatch.setattr(figures, "OUT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["studies/locator.py", *options])
    common.save({"trials": []}, None, {"kidneys": 6})
    path = tmp_path / "locator.json"
    if sha256:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"model_sha256": sha256}))
    assert figures.collected() == shipped_figures
    assert "locator.json is not taken" in capsys.readouterr().out


def test_a_study_without_a_headline_is_not_published(tmp_path, monkeypatch, shipped_figures):
    monkeypatch.setattr(common, "OUT", tmp_path)
    monkeypatch.setattr(figures, "OUT", tmp_path)
    common.save({"rows": []}, None)
    assert figures.collected() == shipped_figures
