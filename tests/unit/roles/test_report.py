# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run that failed, by ansible-playbook for servers that are all this machine: every cause is said, the server at fault comes last."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import NOW, Machine

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


def test_a_service_that_was_restarted_after_the_watch_ends_the_run_with_an_error_that_says_how_to_go_back(tmp_path: Path) -> None:
    website = {"project": "always-on", "service": "website"}
    stayed = {"ansible.builtin.import_role": {"name": "mycosoft.rack.report", "tasks_from": "stayed"}}
    with Machine(tmp_path) as machine:
        container = machine.add("w-1", "website", started=NOW - 60)
        found = {}
        for restarts in (0, 1):
            container.restarts = restarts
            play = {
                **PLAY,
                "vars_files": STEPS[1:],
                "module_defaults": {"mycosoft.rack.docker_watch": {"docker_host": f"unix://{tmp_path}/docker.sock"}},
                "vars": {
                    "rack_plan": {"hosts": {"a": {"limits": [website]}}},
                    "compose_deploy_watched": {"restarts": {container.id: 0}},
                    "compose_deploy_watch_logs": 5,
                },
                "tasks": [stayed],
            }
            (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
            (tmp_path / "inventory.json").write_text(json.dumps({"rack": {"hosts": {"a": {"ansible_python_interpreter": sys.executable}}}}), encoding="utf-8")
            found[restarts] = run("ansible-playbook", tmp_path / "play.yml", "--inventory", tmp_path / "inventory.json", cwd=ROOT, COLUMNS="500")
    assert found[0].returncode == 0, found[0].stdout + found[0].stderr
    assert found[1].returncode == 2, found[1].stdout + found[1].stderr
    said = " ".join((found[1].stdout + found[1].stderr).split())
    assert "Cannot end well on a: always-on/website: was restarted, after the watch had found it well. The release is on record as successful" in said
    assert "playbooks/rollback.yml" in said
