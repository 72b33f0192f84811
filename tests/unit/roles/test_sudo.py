# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that use sudo, run by ansible-playbook on this machine where sudo refuses: without a terminal, or without a password."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

TTY = "sudo: sorry, you must have a tty to run sudo"
LOCKED = "sudo: a password is required"


def play(folder: Path, refusal: str, task: dict[str, t.Any], **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """Run one task, and another one after it, on a machine whose sudo says ``refusal``; on another one it works."""
    sudo = folder / "sudo"
    sudo.write_text(f"#!/bin/sh\necho '{refusal}' >&2\nexit 1\n", encoding="utf-8")
    sudo.chmod(0o755)
    others = {"name": "Go on", "ansible.builtin.debug": {"msg": "went on on {{ inventory_hostname }}"}}
    plays = [{"name": "Work", "hosts": "all", "gather_facts": False, "any_errors_fatal": True, "tasks": [{"name": "Use sudo", **task}, others]}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    (folder / "hosts").write_text("works ansible_become=false\nrefuses ansible_become_exe=%s\n" % sudo, encoding="utf-8")
    given = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_user": "root", **variables}
    # works: this machine's own user is root, and becomes itself without sudo
    options = ("--inventory", folder / "hosts", "--extra-vars", json.dumps(given))
    return run("ansible-playbook", folder / "play.yml", *options, cwd=ROOT, ANSIBLE_BECOME_ALLOW_SAME_USER="1", COLUMNS="500")


def role(name: str, entry: str = "main") -> dict[str, t.Any]:
    return {"ansible.builtin.import_role": {"name": f"mycosoft.rack.{name}", "tasks_from": entry}}


@pytest.mark.parametrize("refusal", [TTY, LOCKED], ids=["terminal", "password"])
def test_a_step_that_needs_it_later_is_refused_in_the_words_of_sudo_on_all_servers(tmp_path: Path, refusal: str) -> None:
    done = play(tmp_path, refusal, role("preflight", "sudo"))
    said = " ".join(done.stdout.split())
    assert done.returncode == 2
    assert f"Cannot work on refuses: a later step needs sudo: {refusal}. Let this user run sudo without" in said, said
    assert "went on" not in said


def test_a_state_directory_that_cannot_be_created_is_named_with_the_command_that_creates_it(tmp_path: Path) -> None:
    done = play(tmp_path, TTY, role("records"), rack_state_directory=str(tmp_path / "state"))
    said = " ".join(done.stdout.split())
    assert f"Cannot create {tmp_path}/state on refuses: {TTY}. Create it there once as root (install -d -o root {tmp_path}/state)" in said, said
    assert "went on" not in said


def test_a_build_goes_on_without_a_limit_and_says_so(tmp_path: Path) -> None:
    enough = {"__memory_guard_disk_is_short": False, "__memory_guard_fits_already": True, "__memory_guard_build_limit": 1 << 30}
    done = play(tmp_path, LOCKED, role("memory_guard"), memory_guard_plan={"memory": {"build": 1 << 30}}, **enough)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, said
    assert f"refuses: Builds have no memory limit: {LOCKED}" in said
    assert "went on on refuses" in said
