"""The README promises what is there: its code runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.checkpoint import list_cards
from core.cli import app
from core.evaluation.board import characters_table, markdown_table, piano_table, steps_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FIGURES = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
every_text = pytest.mark.parametrize("text", [README, CONTRIBUTING, FIGURES], ids=["README", "CONTRIBUTING", "figures"])


def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One after another, as a reader would paste them; what they write goes to a folder of its own."""
    blocks = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
    assert blocks
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
    assert all(path.stat().st_size for path in tmp_path.iterdir())


@every_text
def test_commands_exist(text: str):
    commands = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in app.registered_commands
        if command.callback
    }
    assert set(re.findall(r"python -m core ([a-z-]+)", text)) <= commands
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets


@every_text
def test_local_links_lead_somewhere(text: str):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_table_of_models_is_that_of_the_cards():
    assert f"<!-- models -->\n{markdown_table(list_cards())}" in README
    for name, write in {"steps": steps_table, "characters": characters_table, "piano": piano_table}.items():
        table = write(list_cards())
        assert not table or f"<!-- {name} -->\n{table}" in README + FIGURES


def test_readme_is_short_and_begins_with_the_two_commands():
    assert len(README.splitlines()) < 150
    assert README.index("make run") < README.index("make test") < README.index("streamlit run app.py")
