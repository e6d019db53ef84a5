"""What a fresh machine relies on: exact requirements, small files, nothing of one machine, a legible theme."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("app.py", "core", "models", "pages")
FOLDERS = ("core", "models", "pages", "tests", "checkpoints", "docs", ".ci", ".streamlit")
REQUIREMENTS = ("requirements.txt", "requirements-no-deps.txt", "requirements-dev.txt")
INDIRECT = {"midi2audio", "psycopg", "psycopg-binary"}  # a program of its own; the driver that SQLAlchemy loads

PIN = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)==(?P<version>\d[\w.]*)")
MACHINE_PATH = re.compile(rb"(?<![\w.~-])/(?:home|root|tmp|work|Users)/\w")
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib"}
MB = 1_000_000


def distribution(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(*names: str) -> list[str]:
    lines = (line.strip() for name in names for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pinned(*names: str) -> set[str]:
    return {distribution(line.partition("==")[0]) for line in pins(*names)}


def python_files(*places: str) -> Iterator[Path]:
    for place in places:
        yield from [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))


def imported(paths: Iterable[Path]) -> set[str]:
    """Distributions whose modules the files import, at the top or inside functions; our own are left out."""
    modules = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    own = {path.stem for path in (*ROOT.iterdir(), *(ROOT / "tests").rglob("*"))}
    owners = packages_distributions()
    return {distribution(owners.get(name, [name])[0]) for name in modules - own - sys.stdlib_module_names}


def project_files() -> list[Path]:
    nested = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    return [path for path in (*ROOT.iterdir(), *nested) if path.is_file()]


def test_all_that_the_product_imports_is_required():
    assert imported(python_files(*PRODUCT)) <= pinned(*REQUIREMENTS[:2])


def test_all_that_the_tests_import_is_required():
    assert imported(python_files("tests")) <= pinned(*REQUIREMENTS)


def test_all_that_is_required_is_imported():
    assert pinned(*REQUIREMENTS[:2]) - INDIRECT <= imported(python_files(*PRODUCT))


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_are_exact(name: str):
    """Nothing but pins either: no index, no address, no file of one machine."""
    assert all(PIN.fullmatch(line) for line in pins(name))


def test_nothing_is_required_twice():
    names = [distribution(line.partition("==")[0]) for line in pins(*REQUIREMENTS)]
    assert len(names) == len(set(names))


def test_checkpoints_are_complete_and_small():
    folders = [path for path in (ROOT / "checkpoints").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        names = {path.name for path in folder.iterdir()} - {"songs.csv", "sweep.csv", "sweep-curves.csv", "tunes.csv"}
        assert names == {"model.safetensors", "card.json", "history.csv"}, folder.name
    assert sum(path.stat().st_size for folder in folders for path in folder.iterdir()) < 40 * MB


def test_no_file_is_large_or_a_pickle():
    for path in project_files():
        assert path.stat().st_size < 8 * MB, path
        assert path.suffix not in PICKLES, path


def test_no_file_names_a_path_of_one_machine():
    found = {path: MACHINE_PATH.findall(path.read_bytes()) for path in project_files() if path.suffix != ".safetensors"}
    assert not {path: names for path, names in found.items() if names}


def luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb``, as WCAG 2 defines it."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_legible(scheme: str):
    """WCAG AA: 4.5 to 1 for text, Streamlit's white on the accent included; 3 to 1 for the accent and for charts."""
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"][scheme]
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.5
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], ground) >= 7
        assert contrast(theme["linkColor"], ground) >= 4.5
        for color in (theme["primaryColor"], *theme["chartCategoricalColors"]):
            assert contrast(color, ground) >= 3
