# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role source_code, run by ansible-playbook against this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

#: As the rack's playbooks use it: what can be told without a git server comes before the lock.
PLAYBOOK = [
    {
        "name": "Pull",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"name": "Check", "ansible.builtin.import_role": {"name": "mycosoft.rack.source_code", "tasks_from": "check"}},
            {"name": "Pull", "ansible.builtin.import_role": {"name": "mycosoft.rack.source_code"}},
            {"name": "Show the commits", "ansible.builtin.debug": {"var": "source_code_commits"}},
        ],
    }
]


class Controller:
    """Where ansible-playbook runs, which is the server, too, and upstream."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.upstream, self.checkout = folder, folder / "upstream", folder / "srv" / "shop"
        (folder / "play.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
        self.upstream.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.push("VERSION", "one\n")

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", str(self.upstream), *who, *arguments], check=True)

    def push(self, name: str, content: str) -> None:
        (self.upstream / name).write_text(content, encoding="utf-8")
        self.git("add", name)
        self.git("commit", "--quiet", "--message", f"{name} is {content.strip()}")

    def play(self, *arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        """Run the role; ``options`` without the prefix of its variables."""
        checkouts = [{"repo": f"file://{self.upstream}", "dest": str(self.checkout), "version": "main"}]
        given = {"checkouts": checkouts, "run": "20260102T030405Z-1a2b", **options}
        variables = {"rack_state_directory": str(self.folder / "state"), **{"source_code_" + name: value for name, value in given.items()}}
        variables["ansible_python_interpreter"] = sys.executable
        (self.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        files = (self.folder / "play.yml", "--inventory", "localhost,", "--connection", "local", "--extra-vars", "@%s" % (self.folder / "variables.json"))
        return run("ansible-playbook", *files, *arguments, cwd=ROOT, COLUMNS="500")

    def said(self, *arguments: str, fails: bool = False, **options: t.Any) -> str:
        """Run the role; what was printed, with its line breaks folded."""
        done = self.play(*arguments, **options)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return " ".join(done.stdout.split())


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    made = Controller(tmp_path)
    assert "from: null" in made.said()
    return made


def test_the_commits_of_a_pull_are_a_fact_for_the_next_steps(controller: Controller) -> None:
    controller.push("VERSION", "two\n")
    for arguments in (["--check"], []):
        said = controller.said(*arguments)
        assert "changed=1" in said
    assert "VERSION is two" in said
    assert "changed=0" in controller.said()


def test_work_on_the_server_is_refused_and_with_force_kept_where_the_run_says(controller: Controller) -> None:
    (controller.checkout / ".env").write_text("of this server\n", encoding="utf-8")
    controller.push(".env", "theirs\n")
    said = controller.said(fails=True)
    assert f"Cannot pull the code of localhost: in {controller.checkout} these files are in the way of the new version: .env. Nothing was pulled." in said
    said = controller.said(force=True)
    kept = controller.folder / "state/kept/20260102T030405Z-1a2b"
    assert f"Kept what was in {controller.checkout} and is in no commit that was pushed in {kept}/" in said
    assert (controller.checkout / ".env").read_text(encoding="utf-8") == "theirs\n"
    assert [path.name for path in kept.glob("*/*.tar")] == ["files.tar"]


def test_changes_that_are_known_before_are_refused_before_a_git_server_is_asked(controller: Controller) -> None:
    changes = {str(controller.checkout): ["VERSION"]}
    said = controller.said(fails=True, changes=changes)
    assert f"in {controller.checkout} there are changes: VERSION. Nothing was pulled." in said
    assert "Pull the latest code" not in said
    if subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode:
        assert "it has no Git LFS. Install git-lfs, or set source_code_lfs=false." in controller.said(fails=True, lfs=True)
