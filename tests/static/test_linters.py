# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every linter of the repository as a test, so that one run and one exit code speak for all of them."""

from __future__ import annotations

import pytest

from tests.support.repository import COLLECTION_PATH, ROOT, files, passes

#: The quick ones first.
LINTERS: dict[str, tuple[str, ...]] = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "yamllint": ("yamllint", "--strict", "."),
    "antsibull-changelog": ("antsibull-changelog", "lint"),
    "mypy": ("mypy", f"{COLLECTION_PATH}/plugins", "tests"),
    "antsibull-docs": ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "."),
    "ansible-lint": ("ansible-lint", "--nocolor", "--exclude", "molecule/"),
}


@pytest.mark.parametrize("command", LINTERS.values(), ids=LINTERS)
def test_linter_finds_nothing(command: tuple[str, ...]) -> None:
    passes(*command)


@pytest.mark.slow
def test_ansible_lint_finds_nothing_in_the_scenarios() -> None:
    # they come with the servers that they need: twenty playbooks more, each of which takes a syntax check of its own
    passes("ansible-lint", "--nocolor", "molecule/")


def test_shellcheck_finds_nothing() -> None:
    scripts = [path for path in files() if _is_shell(path)]
    assert scripts, "no shell script found: tools/setup.sh should be one"
    passes("shellcheck", *scripts)


def _is_shell(path: str) -> bool:
    with (ROOT / path).open("rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and first.split()[-1].rsplit(b"/", 1)[-1] in (b"bash", b"sh")
