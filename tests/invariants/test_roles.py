# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: what their documentation promises is what their defaults say."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from tests.support.repository import COLLECTION, ROOT, files, load, mappings, passes

ROLES = sorted({path.split("/")[1] for path in files("roles/*")})
STEPS = {"preflight", "docker_cleanup", "source_code", "compose_deploy", "cloudflare_purge"}
#: Data of the rack that tasks of every role read: where a server keeps the records that one role writes and another reads.
RACK_WIDE = {"rack_state_directory"}
INCLUDES = ("ansible.builtin.include_role", "ansible.builtin.import_role")

#: Types that an expression can stand for in the documentation; the value of any other has to be of that type.
TEXTUAL = ("str", "path", "raw", "list")

each_role = pytest.mark.parametrize("role", ROLES)


def specs(role: str) -> dict[str, dict[str, t.Any]]:
    """Entry point -> its options."""
    entries = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]
    return {entry: {name: option for name, option in spec.get("options", {}).items() if name not in RACK_WIDE} for entry, spec in entries.items()}


def defaults(role: str) -> dict[str, t.Any]:
    path = f"roles/{role}/defaults/main.yml"
    return load(path) or {} if (ROOT / path).exists() else {}


def included() -> t.Iterator[tuple[str, str]]:
    """(role, entry point) of every include_role and import_role of the repository."""
    for path in files("roles/*.yml", "playbooks/*.yml", "molecule/*.yml"):
        for mapping in mappings(load(path)):
            for task in (mapping[key] for key in INCLUDES if key in mapping):
                yield task["name"], task.get("tasks_from", "main")


def test_every_step_of_the_deploy_has_a_role() -> None:
    assert set(ROLES) >= STEPS


@each_role
def test_defaults_are_the_documented_options(role: str) -> None:
    options = {name: option for entry in specs(role).values() for name, option in entry.items()}
    assert options or role == "records"
    assert set(defaults(role)) == {name for name, option in options.items() if not option.get("required")}


@each_role
def test_default_values_are_the_documented_ones(role: str) -> None:
    for entry, options in specs(role).items():
        for name, option in options.items():
            value = defaults(role).get(name)
            if _is_expression(value) and (option["type"] not in TEXTUAL or option.get("elements") == "dict"):
                assert "default" not in option, f"{entry}: {name} comes from the rack's data, which is no {option['type']} before it is read"
            else:
                assert option.get("default") == value, f"{entry}: {name}"


@each_role
def test_no_documented_default_looks_a_secret_up(role: str) -> None:
    """Where an argument is wrong, Ansible shows the whole spec, worked out: a token from the environment would stand there in the clear."""
    looked_up = [name for options in specs(role).values() for name, option in options.items() if re.search(r"\b(lookup|query|q)\(", str(option.get("default")))]
    assert looked_up == []


def _is_expression(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


@each_role
def test_every_description_is_text(role: str) -> None:
    """An unquoted colon makes a mapping of a sentence, which Ansible accepts and ansible-doc and ansible-lint do not."""
    described = [mapping["description"] for mapping in mappings(load(f"roles/{role}/meta/argument_specs.yml")) if "description" in mapping]
    sentences = [sentence for one in described for sentence in (one if isinstance(one, list) else [one])]
    assert [sentence for sentence in sentences if not isinstance(sentence, str)] == []


@each_role
def test_every_entry_point_is_documented(role: str) -> None:
    entries = specs(role)
    assert "main" in entries
    for entry in entries:
        assert (ROOT / f"roles/{role}/tasks/{entry}.yml").is_file(), f"{entry} is documented and does not exist"


def test_what_is_included_is_a_documented_entry_point_named_in_full() -> None:
    pairs = sorted(set(included()))
    assert pairs
    for name, entry in pairs:
        assert name.startswith(f"{COLLECTION}."), f"{name}: a short name resolves to somebody else's role elsewhere"
        assert entry in specs(name.rpartition(".")[2]), f"{name}: {entry}"


@each_role
def test_every_variable_of_a_role_carries_its_name(role: str) -> None:
    own = (f"{role}_", f"__{role}_")
    assert [name for name in defaults(role) if not name.startswith(f"{role}_")] == []
    assert [name for name in _variables(role) if not name.startswith(own)] == []


def _variables(role: str) -> t.Iterator[str]:
    """What a role sets: its vars files, registered results, facts and variables of tasks that are not another role's options."""
    for path in files(f"roles/{role}/vars/*.yml"):
        yield from load(path) or {}
    for path in files(f"roles/{role}/tasks/*.yml", f"roles/{role}/handlers/*.yml"):
        for mapping in mappings(load(path)):
            yield from ([mapping["register"]] if "register" in mapping else [])
            yield from (name for name in mapping.get("ansible.builtin.set_fact", {}) if name != "cacheable")
            if not any(key in mapping for key in INCLUDES):
                yield from mapping.get("vars", {})


def test_the_examples_of_the_readmes_are_playbooks(tmp_path: Path) -> None:
    examples = {}
    for role in ROLES:
        found = re.findall(r"```yaml\n(.*?)```", (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        assert found, f"roles/{role}/README.md has no example"
        examples |= {tmp_path / f"{role}{number}.yml": example for number, example in enumerate(found)}
    for path, example in examples.items():
        path.write_text(example, encoding="utf-8")
    said = passes("ansible-playbook", "--syntax-check", "--inventory", "inventory/mycosoft", *examples)
    assert said.count("playbook: ") == len(examples)
