# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every linter of the repository as a test, so that one run and one exit code speak for all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.passed import Passed
from tests.support.repository import COLLECTION_PATH, ROOT, files, passes

#: These are quick, or keep a cache of their own.
LINTERS: dict[str, tuple[str, ...]] = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "yamllint": ("yamllint", "--strict", "."),
    "mypy": ("mypy", f"{COLLECTION_PATH}/plugins", "tests"),
}
#: These take long and keep none: command, and what it reads. While nothing of that changes they need not look again.
SLOW_LINTERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "antsibull-changelog": (("antsibull-changelog", "lint"), ("changelogs/",)),
    "antsibull-docs": (
        ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "."),
        ("docs/", "roles/*/meta/", "plugins/modules/", "plugins/filter/", "plugins/doc_fragments/", "plugins/callback/"),
    ),
}


@pytest.mark.parametrize("command", LINTERS.values(), ids=LINTERS)
def test_linter_finds_nothing(command: tuple[str, ...]) -> None:
    passes(*command)


@pytest.mark.parametrize("name", SLOW_LINTERS)
def test_slow_linter_finds_nothing(name: str) -> None:
    command, patterns = SLOW_LINTERS[name]
    passed, parts = Passed(name), {"all": files(*patterns)}
    assert parts["all"]
    if passed.changed(parts):
        passes(*command)
        passed.remember(parts)


def read_by_ansible_lint() -> dict[str, list[str]]:
    """Roles, playbooks and all other files that ansible-lint knows -> the files that it reads for each: also the plugins that are named there."""
    known = [path for path in files("*.yml", "*.j2", "plugins/*.py") if not path.startswith(("molecule/", "tests/rig/stacks/"))]
    parts: dict[str, list[str]] = {}
    for path in [*known, *files("roles/")]:
        parts.setdefault("/".join(path.split("/")[:2]) if path.startswith("roles/") else path, []).append(path)
    plugins = {Path(path).stem: path for path in files("plugins/modules/*.py", "plugins/action/*.py", "plugins/filter/*.py")}
    for paths in parts.values():
        words = {word for path in paths for word in re.findall(r"\w+", (ROOT / path).read_text(encoding="utf-8"))}
        paths += [path for name, path in plugins.items() if name in words]
    return parts


def test_ansible_lint_finds_nothing() -> None:
    passed, parts = Passed("ansible-lint"), read_by_ansible_lint()
    assert {"roles/preflight", "playbooks/deploy.yml"} <= set(parts)
    if changed := passed.changed(parts):
        # a playbook brings its roles with it
        exclude = [word for part in parts if part.startswith("roles/") and part not in changed for word in ("--exclude", f"{part}/")]
        passes("ansible-lint", "--nocolor", *exclude, "--", *changed)
        passed.remember(parts)


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
