# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run that failed, by ansible-playbook for servers that are all this machine: every cause is said, the server at fault comes last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

STEPS = [str(ROOT / f"playbooks/vars/{name}.yml") for name in ("rack", "steps")]
#: As playbooks/deploy.yml and playbooks/tasks/roll_back.yml have it, with a step and a rollback that fail where they are told to.
FAILS = "ansible.builtin.assert"
RESCUE = [
    {
        "ansible.builtin.set_fact": {"compose_deploy_diagnosis": {"problems": [], "logs": {"web-1": ["boom: cannot read settings"]}}},
        "when": "inventory_hostname == 'a'",
    },
    {"ansible.builtin.set_fact": {"compose_deploy_diagnosis": {"problems": []}}, "when": "inventory_hostname != 'a'"},
    {"ansible.builtin.set_fact": {"rack_cause": "{{ ansible_failed_result | default({}) }}"}},
    {
        "any_errors_fatal": False,
        "block": [{FAILS: {"that": "inventory_hostname not in stuck", "fail_msg": "the second cause"}}],
        "rescue": [{"ansible.builtin.set_fact": {"rack_not_rolled_back": "{{ ansible_failed_result }}"}}],
    },
    {"ansible.builtin.import_role": {"name": "mycosoft.rack.report", "tasks_from": "failed"}},
]
PLAY = {
    "hosts": "rack",
    "gather_facts": False,
    "connection": "local",
    "any_errors_fatal": True,
    "vars_files": STEPS,
    "vars": {"rack_plan": {"public": [], "hosts": {}}, "deploy_lock_run": "r1"},
    "tasks": [{"block": [{FAILS: {"that": "inventory_hostname != 'a'", "fail_msg": "the first cause"}}], "rescue": RESCUE}],
}


def ended(folder: Path, *stuck: str) -> str:
    """All that is said when a step fails on the server a and the rollback on those that are ``stuck``."""
    (folder / "play.yml").write_text(json.dumps([PLAY]), encoding="utf-8")
    (folder / "inventory.json").write_text(json.dumps({"rack": {"hosts": {"a": {}, "b": {}, "c": {}}}}), encoding="utf-8")
    variables = json.dumps({"stuck": stuck, "rack_stacks": {}})
    done = run("ansible-playbook", folder / "play.yml", "--inventory", folder / "inventory.json", "--extra-vars", variables, cwd=ROOT, COLUMNS="500")
    assert done.returncode == 2, done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_where_the_rollback_fails_too_both_causes_are_in_the_last_message(tmp_path: Path) -> None:
    said = ended(tmp_path, "a")
    last = "Cannot deploy to a: the first cause. The rollback failed, too: the second cause. Correct the cause and deploy again."
    assert last in said
    assert said.index("Cannot deploy to c: another server of the rack failed.") < said.index(last)


def test_a_server_that_cannot_roll_back_fails_and_says_why(tmp_path: Path) -> None:
    said = ended(tmp_path, "b")
    assert "Cannot deploy to b: another server of the rack failed. The rollback failed, too: the second cause." in said
    assert "Cannot deploy to a: the first cause. There was no previous release to roll back to." in said


def test_the_log_of_what_was_not_well_is_shown_once_right_before_the_cause(tmp_path: Path) -> None:
    said = ended(tmp_path)
    assert said.count("boom: cannot read settings") == 1
    assert said.index("another server of the rack failed") < said.index("boom: cannot read settings") < said.rindex("Cannot deploy to a: the first cause")
