# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks: they hold the order, all of it and nothing else. The order is read from what Ansible would read."""

from __future__ import annotations

import json
import keyword
import typing as t
from pathlib import Path

import pytest

from tests.support.repository import COLLECTION, files, load, mappings, passes, run

PLAYBOOKS = sorted(path for path in files("playbooks/*.yml") if path.count("/") == 1)
ORDER = [
    "preflight measure",
    "preflight docker",
    "docker_cleanup clear",
    "source_code pull",
    "compose_deploy build",
    "compose_deploy start",
    "cloudflare_purge purge",
]
#: Roles that change a server, and their steps that may come before the lock: they look, or have room for it on a full disk.
CHANGING = {"docker_cleanup", "source_code", "compose_deploy", "release", "recover", "offload"}
TAKES_THE_LOCK = {"deploy_lock", "deploy_lock acquire"}
BEFORE = {"source_code check", "offload check", "recover room"}
#: Nobody answers under a scheduler, and cron answers with nothing.
PROMPTS = {"vars_prompt", "ansible.builtin.pause", "pause"}


def steps(play: dict[str, t.Any]) -> t.Iterator[str]:
    """``role`` or ``role entry-point`` for each step of a play, in the order in which Ansible runs them."""
    for role in play.get("roles", []):
        yield _step({"name": role} if isinstance(role, str) else {"name": role.get("role", role.get("name"))})
    for task in mappings(_with_imported([play.get(section, []) for section in ("pre_tasks", "tasks", "post_tasks")])):
        for key in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
            if key in task:
                yield _step(task[key])


def _with_imported(value: t.Any) -> t.Any:
    """Tasks with those of the files that they import in their place."""
    if isinstance(value, list):
        return [_with_imported(item) for item in value]
    if isinstance(value, dict) and "ansible.builtin.import_tasks" in value:
        return load(f"playbooks/{value['ansible.builtin.import_tasks']}")
    return {key: _with_imported(item) for key, item in value.items()} if isinstance(value, dict) else value


def _step(role: dict[str, str]) -> str:
    namespace, _dot, name = role["name"].rpartition(".")
    assert namespace == COLLECTION, f"{role['name']}: a short name resolves to somebody else's role elsewhere"
    return f"{name} {role['tasks_from']}" if "tasks_from" in role else name


def mandatory() -> list[dict[str, t.Any]]:
    """The plays of the deploy that hold a step of the required order."""
    return [play for play in load("playbooks/deploy.yml") if set(steps(play)) & set(ORDER)]


def test_the_deploy_has_every_step_once_and_in_the_required_order() -> None:
    found = [step for play in load("playbooks/deploy.yml") for step in steps(_without_rescue(play))]
    assert [step for step in found if step in ORDER] == ORDER


def test_what_ran_before_is_kept_first_and_brought_back_where_a_step_fails() -> None:
    (transaction,) = [task for play in load("playbooks/deploy.yml") for task in mappings(play) if "rescue" in task]
    kept, *others = steps({"tasks": transaction["block"]})
    assert kept == "release pin"
    assert {"docker_cleanup clear", "source_code pull", "compose_deploy build", "compose_deploy start"} < set(others)
    assert list(steps({"tasks": transaction["rescue"]}))[:2] == ["compose_deploy diagnose", "release restore"]


@pytest.mark.parametrize("playbook", ["deploy", "cleanup", "rollback", "limits", "recover", "offload", "offload_confirm"])
def test_what_changes_a_server_works_there_alone_and_lets_others_in_whatever_happens(playbook: str) -> None:
    found = [step for play in load(f"playbooks/{playbook}.yml") for step in steps(play)]
    taken, given = next(number for number, step in enumerate(found) if step in TAKES_THE_LOCK), found.index("deploy_lock release")
    changing = [number for number, step in enumerate(found) if step.split()[0] in CHANGING and step not in BEFORE]
    assert all(taken < number < given for number in changing)
    always = [task["always"] for play in load(f"playbooks/{playbook}.yml") for task in mappings(play) if "always" in task]
    assert any("deploy_lock release" in steps({"tasks": tasks}) for tasks in always)


def _without_rescue(value: t.Any) -> t.Any:
    """What runs where all goes well."""
    if isinstance(value, list):
        return [_without_rescue(item) for item in value]
    return {key: _without_rescue(item) for key, item in value.items() if key != "rescue"} if isinstance(value, dict) else value


def test_a_failure_ends_the_deploy() -> None:
    assert [play["any_errors_fatal"] for play in mandatory()] == [True]


#: What the order of the steps rests on, where the environment or the command line could say something else.
PINNED = {
    "hosts": "{{ groups | mycosoft.rack.rack_group(ansible_play_hosts_all) }}",  # --tags, --skip-tags, --start-at-task, --step, --limit, no server
    "strategy": "ansible.builtin.linear",  # ANSIBLE_STRATEGY; in full, because ANSIBLE_STRATEGY_PLUGINS may hold another one of that name
    "gather_facts": False,  # ANSIBLE_GATHERING
    "timeout": 0,  # ANSIBLE_TASK_TIMEOUT ends the wait for a command, not the command
    "debugger": "never",  # ANSIBLE_ENABLE_TASK_DEBUGGER asks after a failure, and ends the run without a rollback where nobody answers
}
#: Keywords of a play or a task that let some servers go ahead, or on without others.
SEPARATING = {"serial", "max_fail_percentage", "throttle", "order", "tags", "ignore_errors"}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_environment_and_no_option_changes_the_order_of_a_playbook_or_ends_it_well_when_it_did_nothing(playbook: str) -> None:
    for play in load(playbook):
        assert {key: play.get(key) for key in PINNED} == PINNED, play["name"]
        assert isinstance(play["any_errors_fatal"], bool), f"{play['name']}: ANSIBLE_ANY_ERRORS_FATAL would decide"
        assert [mapping for mapping in mappings(play) if SEPARATING & set(mapping)] == []
        assert "ignore_unreachable" not in play


def test_a_server_that_cannot_be_reached_is_passed_over_only_where_the_run_fails_in_the_end() -> None:
    passing = {path for path in files("playbooks/*.yml", "roles/*.yml") for mapping in mappings(load(path)) if mapping.get("ignore_unreachable")}
    assert passing == {"roles/status/tasks/main.yml"}
    assert load("roles/status/tasks/main.yml")[-1]["name"] == "Status | Fail if a server is unreachable"


INVENTORY = "[rack]\nsandbox\noverflow1\n[beside]\nedge\n[all:vars]\nansible_connection=local\n"
OF_DEPLOYS = f"{COLLECTION}.deploy"


@pytest.mark.parametrize(
    ("inventory", "options", "environment", "why"),
    [
        pytest.param(INVENTORY, ["--tags", "deploy", "--skip-tags", "always"], {}, "--tags deploy leaves out every step", id="tags, and none always"),
        pytest.param(INVENTORY, [], {"ANSIBLE_SKIP_TAGS": "untagged"}, "--skip-tags untagged leaves out every step", id="tags of the environment"),
        pytest.param(INVENTORY, ["--start-at-task", "Report", "--step"], {}, "leaves out the checks", id="start at a task, asked"),
        pytest.param(INVENTORY, ["--limit", "edge"], {}, "--limit edge names none of its servers (sandbox, overflow1)", id="a limit beside the rack"),
        pytest.param("sandbox\n", [], {}, "no server in the group rack", id="no group"),
    ],
)
def test_a_run_that_would_do_nothing_or_a_part_fails_before_its_first_task(
    inventory: str, options: list[str], environment: dict[str, str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every playbook: the invariant above says that all have the guard."""
    (tmp_path / "hosts").write_text(inventory)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = run("ansible-playbook", "--inventory", tmp_path / "hosts", *options, OF_DEPLOYS)
    assert (done.returncode != 0, why in " ".join(done.stderr.split()), "TASK [" in done.stdout) == (True, True, False), done.stdout + done.stderr


def test_a_server_that_failed_in_an_earlier_play_is_missed_by_the_deploy(tmp_path: Path) -> None:
    """Ansible leaves it out of the plays that follow; hosts, and what --limit leaves of them, still name it."""
    (tmp_path / "hosts").write_text(INVENTORY)
    first = {"name": "First", "hosts": "rack", "gather_facts": False, "tasks": [{"ansible.builtin.fail": None, "when": "inventory_hostname == 'overflow1'"}]}
    (tmp_path / "site.yml").write_text(json.dumps([first, {"import_playbook": OF_DEPLOYS}]))
    stack = {"directory": "/srv/shop", "files": ["compose.yml"], "host": "overflow1", "services": {"web": {"memory": "1G"}}}
    variables = {"rack_stacks": {"shop": stack}, "rack_system_reserve": "1G", "rack_memory": "8G"}
    done = run("ansible-playbook", "--inventory", tmp_path / "hosts", "--extra-vars", json.dumps(variables), tmp_path / "site.yml")
    assert "overflow1 has services but is not part of this run" in " ".join(done.stdout.split()), done.stdout + done.stderr


def test_a_rack_without_a_service_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(INVENTORY)
    done = run("ansible-playbook", "--inventory", tmp_path / "hosts", "--extra-vars", '{"rack_stacks": {}, "rack_system_reserve": "1G"}', OF_DEPLOYS)
    assert (done.returncode, "rack_stacks places no service on a server" in " ".join(done.stdout.split())) == (2, True), done.stdout + done.stderr


def test_no_tag_and_no_condition_can_skip_a_step_of_the_deploy() -> None:
    roles = {step.split()[0] for step in ORDER}
    looked_at = [*mappings(mandatory()), *(task for role in roles for path in files(f"roles/{role}/tasks/*.yml") for task in mappings(load(path)))]
    assert looked_at
    assert [mapping["tags"] for mapping in looked_at if "tags" in mapping] == []
    assert [task["when"] for play in mandatory() for task in mappings(play) if "when" in task] == []


def test_nothing_ignores_an_error_or_asks_a_question() -> None:
    looked_at = {path: list(mappings(load(path))) for path in files("playbooks/*.yml", "roles/*.yml", "molecule/*.yml", "tests/system/plays/*.yml")}
    assert any(looked_at.values())
    assert [path for path, found in looked_at.items() if any("ignore_errors" in mapping for mapping in found)] == []
    assert [path for path, found in looked_at.items() if any(PROMPTS & set(mapping) for mapping in found)] == []


def test_playbook_names_are_identifiers() -> None:
    names = [Path(path).stem for path in PLAYBOOKS]
    assert {"cleanup", "deploy", "memory_check", "purge"} <= set(names)
    assert [name for name in names if not name.isidentifier() or keyword.iskeyword(name)] == []


def test_every_playbook_is_found_by_its_name_and_passes_the_syntax_check() -> None:
    # ansible-lint checks them by their paths
    named = [f"{COLLECTION}.{Path(path).stem}" for path in PLAYBOOKS]
    said = passes("ansible-playbook", "--syntax-check", "--inventory", "inventory/mycosoft", *named)
    assert said.count("playbook: ") == len(PLAYBOOKS)
