# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory: one variable says where it is, every task hands it on, and the default is written once."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import DIRECTORY, NAMES

from tests.invariants.test_plugins import MODULES, constructed
from tests.support.repository import COLLECTION, ROOT, files, load, mappings, passes

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


def said(tmp_path: Path, servers: str, *arguments: str) -> str:
    """What a run of the role's check says on servers that need not exist: it asks none of them."""
    inventory, play = tmp_path / "hosts.yml", tmp_path / "play.yml"
    inventory.write_text(f"all: {{hosts: {servers}}}\n", encoding="utf-8")
    role = "{name: mycosoft.rack.records, tasks_from: assert}"
    play.write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.import_role: {role}\n", encoding="utf-8")
    try:
        return passes("ansible-playbook", "--inventory", inventory, play, *arguments)
    except AssertionError as error:
        return f"REFUSED {error}"


def test_every_variable_that_was_replaced_is_refused_by_name(tmp_path: Path) -> None:
    values = ", ".join(f"{name}: {value}" for name, value in REPLACED.items())
    refused = said(tmp_path, f"{{one: {{{values}}}, two: {{rack_x: 1}}}}")
    assert refused.startswith("REFUSED")
    sentence = next(line for line in refused.splitlines() if "Cannot use " in line and "on one" in line)
    assert set(REPLACED) <= set(re.findall(r"\w+", sentence))
    assert f"rack_state_directory replaced it. All records of a server are in that one directory ({DIRECTORY})." in sentence


@pytest.mark.parametrize(("arguments"), [("-e", "recover_record=/x/recovery.json"), ("-e", "rack_state_directory=records")], ids=" ".join)
def test_what_is_given_on_the_command_line_is_refused_too(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert "Cannot " in said(tmp_path, "{one: {}}", *arguments)


def test_servers_that_keep_their_records_in_different_directories_are_refused(tmp_path: Path) -> None:
    refused = said(tmp_path, "{one: {rack_state_directory: /srv/a}, two: {rack_state_directory: /srv/b}}")
    assert "Cannot keep records in /srv/a, /srv/b: rack_state_directory has to be one absolute path, the same for every server." in refused
    assert not said(tmp_path, "{one: {rack_state_directory: /srv/a}, two: {rack_state_directory: /srv/a}}").startswith("REFUSED")
    assert not said(tmp_path, "{one: {}, two: {}}").startswith("REFUSED")
