# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: one variable says where it is, every task hands it on, and the default is written once."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY, NAMES

from tests.invariants.test_plugins import MODULES, constructed
from tests.support.repository import COLLECTION, ROOT, files, load, mappings, run

HANDED_ON = "{{ rack_state_directory | default(omit, true) }}"
READ = re.compile(r"\brack_state_directory\b(?! \| default\((?:omit, true|'')\))")
#: The default, for modules; what ansible-doc shows of it, which cannot be read from Python; and one value that a module returns, as a sample.
DEFAULTS = {
    "plugins/module_utils/_base/state.py",
    "plugins/doc_fragments/state.py",
    "roles/records/meta/argument_specs.yml",
    "plugins/modules/compose_override.py",
}
#: Variables that rack_state_directory replaced, with a value that was good for them.
REPLACED = {
    "recover_record": "/srv/x/recovery.json",
    "offload_directory": "/srv/x",
    "release_state_directory": "/srv/x",
    "compose_deploy_state_directory": "/srv/x",
    "deploy_lock_directory": "/srv/x",
    "deploy_lock_places": "/srv/x",
    "docker_cleanup_volumes_record": "/srv/x/volumes.json",
    "status_state_directory": "/srv/x",
    "status_history": "/srv/x/memory.jsonl",
    "records_directory": "/srv/x",
    "rack_memory_history": "/srv/x/memory.jsonl",
}


def tasks() -> t.Iterator[tuple[str, str, dict[str, t.Any]]]:
    """(path, module, arguments) of every task of a role or playbook that calls a module of the collection."""
    for path in files("roles/*.yml", "playbooks/*.yml"):
        for mapping in mappings(load(path)):
            yield from ((path, module, mapping[f"{COLLECTION}.{module}"] or {}) for module in MODULES if f"{COLLECTION}.{module}" in mapping)


def test_the_default_is_written_once() -> None:
    paths = files("plugins", "roles", "playbooks", "inventory")
    assert {path for path in paths if DIRECTORY in (ROOT / path).read_text(encoding="utf-8", errors="replace")} <= DEFAULTS
    assert load("roles/records/meta/argument_specs.yml")["argument_specs"]["main"]["options"]["rack_state_directory"]["default"] == DIRECTORY


def test_the_name_of_a_record_is_written_once() -> None:
    """In YAML a record has no name: a task that needs its path asks the filter state_path."""
    names = re.compile("|".join(rf"(?<![\w.]){re.escape(name)}(?!\w)" for name in NAMES.values() if "." in name))
    found = {f"{path}: {match}" for path in files("roles/*.yml", "playbooks/*.yml") for match in names.findall((ROOT / path).read_text(encoding="utf-8"))}
    assert found == set()
    written = {path for path in files("plugins/modules/*.py", "plugins/module_utils/*.py") if re.search(rf'"({names.pattern})"', (ROOT / path).read_text())}
    assert written == {"plugins/module_utils/_base/state.py"}


@pytest.mark.parametrize("module", MODULES)
def test_every_task_of_a_module_that_keeps_records_hands_the_directory_on(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "state_directory" in constructed(module, monkeypatch).argument_spec:
        calls = [(path, arguments) for path, called, arguments in tasks() if called == module]
        assert calls
        # memory_check keeps a record only where it is asked for its history
        silent = {path for path, arguments in calls if arguments.get("state_directory") != HANDED_ON}
        assert silent == {path for path, arguments in calls if module == "memory_check" and "history" not in arguments}


def test_a_variable_that_is_not_set_is_the_default_everywhere() -> None:
    for path in files("roles/*.yml", "playbooks/*.yml"):
        if not path.endswith("meta/argument_specs.yml"):
            text = re.sub(r"(?m)^ *#.*$|attribute='rack_state_directory'", "", (ROOT / path).read_text(encoding="utf-8"))
            read = re.findall(r"\{\{[^}]*\}\}", text)
            assert [one for one in read if READ.search(one)] == [], path


#: Racks of a server or two, and what is set on them.
RACKS: dict[str, dict[str, dict[str, t.Any]]] = {
    "replaced": {"old": REPLACED, "new": {"rack_x": 1}},
    "different": {"a": {"rack_state_directory": "/srv/a"}, "b": {"rack_state_directory": "/srv/b"}},
    "relative": {"c": {"rack_state_directory": "records"}},
    "the same": {"e": {"rack_state_directory": "/srv/a"}, "f": {"rack_state_directory": "/srv/a"}},
    "nothing": {"g": {}},
}


def refusals(folder: Path, *arguments: str) -> dict[str, str]:
    """Rack -> how the role's check refuses it; the servers need not exist, none of them is connected to."""
    inventory, playbook = folder / "hosts.json", folder / "play.yml"
    inventory.write_text(json.dumps({f"rack{number}": {"hosts": servers} for number, servers in enumerate(RACKS.values())}), encoding="utf-8")
    check = {"ansible.builtin.import_role": {"name": f"{COLLECTION}.records", "tasks_from": "assert"}}
    # of a task that runs once, the second server knows no result
    told = {"ansible.builtin.debug": {"msg": "REFUSED {{ ansible_failed_result.msg }}"}, "when": "ansible_failed_result is defined"}
    plays = [
        {"name": rack, "hosts": f"rack{number}", "gather_facts": False, "tasks": [{"block": [check], "rescue": [told]}]} for number, rack in enumerate(RACKS)
    ]
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    done = run("ansible-playbook", "--inventory", inventory, playbook, *arguments)
    assert "PLAY RECAP" in done.stdout, done.stdout + done.stderr
    _head, *said = done.stdout.split("PLAY [")
    found = {one.partition("]")[0]: " ".join(one.split()) for one in said}
    return {rack: text.partition("REFUSED ")[2] for rack, text in found.items() if "REFUSED " in text}


def test_one_absolute_directory_for_every_server_is_accepted_and_all_else_is_refused(tmp_path: Path) -> None:
    found = refusals(tmp_path)
    assert found.keys() == {"replaced", "different", "relative"}
    for rack, directories in {"different": "/srv/a, /srv/b", "relative": "records"}.items():
        assert f"Cannot keep records in {directories}: rack_state_directory has to be one absolute path, the same for every server." in found[rack]
    sentence = re.search(r"Cannot use (.*?) on old: (.*)", found["replaced"])
    assert sentence
    assert set(sentence[1].split(", ")) == set(REPLACED)
    assert sentence[2].startswith(f"rack_state_directory replaced it. All records of a server are in that one directory ({DIRECTORY}).")


def test_what_is_given_on_the_command_line_is_refused_too(tmp_path: Path) -> None:
    assert refusals(tmp_path, "--limit", "g", "-e", "recover_record=/x/recovery.json").keys() == {"nothing"}
