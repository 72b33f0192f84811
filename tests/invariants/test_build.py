# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as Galaxy gets it: what a user runs, and nothing of what maintainers work with."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.support.repository import COLLECTION, ROOT, export, files, load, passes

SHIPPED = ("docs/", "playbooks/", "plugins/", "roles/")
SHIPPED_FILES = {"COPYING", "README.md", "CHANGELOG.md", "meta/runtime.yml", "changelogs/changelog.yaml"}
MADE_BY_GALAXY = {"MANIFEST.json", "FILES.json"}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("build")
    passes("ansible-galaxy", "collection", "build", "--output-path", work / "dist", export(work / "tree"))
    (built,) = (work / "dist").glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("installed")
    # by force, because the checkout counts as installed already
    passes("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--force", "--collections-path", path, tarball)
    return path


def test_the_tarball_holds_what_it_should_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        shipped = {member.name for member in archive if not member.isdir()}
    expected = {path for path in files() if path.startswith(SHIPPED) or path in SHIPPED_FILES}
    assert {"COPYING", "README.md", "meta/runtime.yml", "playbooks/deploy.yml"} <= shipped
    assert shipped - MADE_BY_GALAXY == expected


def test_the_installed_collection_can_deploy_on_its_own(installed: Path, tmp_path: Path) -> None:
    # from an empty directory, so that nothing of the checkout helps
    (tmp_path / "ansible.cfg").touch()
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    said = passes("ansible-playbook", "--syntax-check", "-i", "localhost,", f"{COLLECTION}.deploy", cwd=tmp_path, **environment)
    assert str(installed) in said


def test_the_collection_names_what_its_roles_and_playbooks_use() -> None:
    used = {word for path in files("roles/*.yml", "playbooks/*.yml") for word in _collections((ROOT / path).read_text(encoding="utf-8"))}
    assert used - {COLLECTION, "ansible.builtin"} == set(load("galaxy.yml")["dependencies"])


def _collections(text: str) -> set[str]:
    """Collections whose modules are named as keys or whose plugins are looked up."""
    names = (word.strip("'\":(){}[],|") for word in text.split())
    return {name.rpartition(".")[0] for name in names if name.startswith(("ansible.", "community.", "awx.", f"{COLLECTION}.")) and name.count(".") == 2}
