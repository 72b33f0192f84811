# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository as tests look at it: its files, its parsed YAML, its tools."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "mycosoft.rack"
#: Where the checkout is found as the collection (a symlink that set-up makes).
COLLECTION_PATH = ROOT / ".ansible/collections/ansible_collections/mycosoft/rack"
CACHE = Path(os.environ.get("RACK_CACHE") or ROOT / ".cache")


@functools.cache
def files(*patterns: str) -> tuple[str, ...]:
    """Paths (relative to the root) that a commit of this checkout would hold, optionally those that match git's ``patterns``."""
    listed = run("git", "ls-files", "-coz", "--exclude-standard", "--", *patterns).stdout
    return tuple(sorted(path for path in set(listed.split("\0")) if path and (ROOT / path).is_file()))


class _Loader(yaml.CSafeLoader):
    """Safe YAML, by the library in C, in which a value with a tag of Ansible or Compose (!unsafe, !vault, !override) is its plain text."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


def load(path: str | Path) -> t.Any:
    """The content of one YAML file, a path relative to the root."""
    return yaml.load((ROOT / path).read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a safe loader)


def mappings(node: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Every mapping anywhere in parsed YAML: plays, blocks and tasks alike."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from mappings(child)


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool in the checkout without a terminal or input; what it says comes back as text and its exit code is the caller's."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def passes(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a tool that has to end with 0; its standard output comes back, its complaint becomes the test's."""
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def export(target: Path) -> Path:
    """Copy what a commit would hold to ``target`` (made here), which comes back."""
    target.mkdir(parents=True)
    passes(ROOT / "tools/export.sh", target)
    return target


def installed(collection: str) -> str:
    """The version of another collection, as Ansible finds it here."""
    listed = json.loads(passes("ansible-galaxy", "collection", "list", collection, "--format", "json"))
    version: str = next(iter(listed.values()))[collection]["version"]
    return version
