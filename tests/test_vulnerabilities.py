"""The check of the installed packages for known vulnerabilities, with a stand-in for the program that asks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "vulnerabilities"
FOUND = 'while [ "$1" != --output ]; do shift; done; echo "jinja2 2.4.1 PYSEC-2021-66 2.11.3" > "$2"; exit 1'


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("exit 0", 0, "No vulnerability of the installed packages is known.\n"),
        (FOUND, 1, "jinja2 2.4.1 PYSEC-2021-66 2.11.3\n"),
        ("echo Failed to resolve api.osv.dev >&2; exit 1", 0, "Not checked for known vulnerabilities: osv.dev gave no"),
        ("exit 124", 0, "Not checked for known vulnerabilities: osv.dev gave no"),
        (
            "echo KeyError: 'affected' >&2; exit 1",
            1,
            "pip-audit ended with 1 and has checked nothing:\nKeyError: affect",
        ),
        ("exit 2", 1, "pip-audit ended with 2 and has checked nothing:\n"),
    ],
)
def test_all_fails_but_a_database_that_does_not_answer(tmp_path: Path, program: str, code: int, said: str) -> None:
    pip_audit = tmp_path / "pip-audit"
    pip_audit.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 0\n{program}\n')
    pip_audit.chmod(0o755)
    ended = subprocess.run([SCRIPT, pip_audit], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.startswith(said), ended.stderr) == (code, True, "")
