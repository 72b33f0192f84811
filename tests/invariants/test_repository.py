# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository as a whole: nothing secret, nothing of one machine, nothing grown out of its form."""

from __future__ import annotations

import ast
import re
import sys
import typing as t
from pathlib import Path

import pytest
import tomllib

from tests.support.repository import ROOT, files, load, mappings, passes

SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token of a code host": r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b",
    "a cloud access key": r"\bAKIA[0-9A-Z]{16}\b",
    # of a host that exists: the names kept for examples are what tests refuse such addresses with
    "a password in a URL": r"://[^/\s:@{}$<]+:[^/\s@{}$<]+@(?!example\.)",
    "a word that looks like a password": r"\b[A-Z][a-z]{5,9}[0-9]!",
}
#: Put together here, so that this file holds none itself.
LEAKS = {
    "a private key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "a token of a code host": "ghp_" + "a1" * 18,
    "a cloud access key": "AKIA" + "A1" * 8,
    "a password in a URL": "https://user:" + "word@git.internal/",
    "a word that looks like a password": "Example" + "1!",
}
SECRET_NAME = re.compile(r"(password|passwd|secret|token|private_key|api_key)$")

#: Lines. What outgrows its form lacks a concept.
SIZES = {"plugins/*.py": 300, "roles/*/tasks/*.yml": 80, "playbooks/*.yml": 110, "*/test_*.py": 400}


def texts() -> t.Iterator[tuple[str, str]]:
    """(path, content) of every text file."""
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            yield path, content.decode()


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_holds(kind: str) -> None:
    pattern = re.compile(SECRETS[kind])
    assert pattern.search(LEAKS[kind])
    assert [path for path, text in texts() if pattern.search(text)] == []


def test_no_variable_holds_a_secret_in_the_clear() -> None:
    named = [
        (path, name, value)
        for path in files("inventory/*.yml", "roles/*.yml", "playbooks/*.yml", "molecule/*.yml", "tests/system/plays/*.yml", "tests/rig/inventory/*.yml")
        for mapping in mappings(load(path))
        for name, value in mapping.items()
        if isinstance(name, str) and SECRET_NAME.search(name) and isinstance(value, str)
    ]
    assert named, "no variable of such a name found: the role cloudflare_purge should have one"
    assert [(path, name) for path, name, value in named if value and "{{" not in value] == []


def package_sources() -> set[str]:
    """Hosts from which this machine takes its packages, as its own configuration names them."""
    configured = [path.read_text(encoding="utf-8") for path in Path("/etc/apt").glob("sources.list*") if path.is_file()]
    configured += [path.read_text(encoding="utf-8") for path in Path("/etc/apt/sources.list.d").glob("*.*")]
    configured += map(str, (ast.literal_eval(line.partition("=")[2]) for line in passes(sys.executable, "-m", "pip", "config", "list").splitlines()))
    configured.append(passes(sys.executable, "-c", "from pip._internal.models.index import PyPI; print(PyPI.url)"))
    hosts = {host for text in configured for host in re.findall(r"https?://(?:[^/\s@]+@)?([^/\s:]+)", text)}
    return {host for host in hosts if "." in host and not host.startswith("127.")}


def test_no_file_names_a_package_source_of_this_machine() -> None:
    hosts = package_sources()
    assert hosts
    assert [(path, host) for path, text in texts() for host in hosts if host in text] == []


@pytest.mark.parametrize(("pattern", "limit"), SIZES.items(), ids=SIZES)
def test_files_keep_their_size(pattern: str, limit: int) -> None:
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in files(pattern)}
    assert lines
    assert {path: count for path, count in lines.items() if count > limit} == {}


def test_the_lock_holds_every_tool_that_pyproject_names_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    wanted = {re.split(r"[=<>; \[]", entry)[0].lower() for group in groups.values() for entry in group if isinstance(entry, str)}
    assert wanted
    assert wanted <= set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    assert "://" not in lock
    requirements = re.split(r"\n(?=\S)", lock.strip())
    assert [entry.splitlines()[0] for entry in requirements if "--hash=sha256:" not in entry] == []


def test_every_dependency_group_is_part_of_what_set_up_installs() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert {entry["include-group"] for entry in groups["dev"]} == set(groups) - {"dev"}
