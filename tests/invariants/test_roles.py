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
    for path in files("roles/*.yml", "playbooks/*.yml", "molecule/*.yml", "tests/system/plays/*.yml"):
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
            # Ansible works a documented default out even where the variable is set, so it must not need a plan.
            if _is_expression(value) and (option["type"] not in TEXTUAL or option.get("elements") == "dict" or "rack_plan" in str(value)):
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


@each_role
def test_an_entry_point_documents_the_options_that_it_reads_and_no_others(role: str) -> None:
    """Ansible validates an entry point by its own spec, and ``ansible-doc`` shows each one in full."""
    assert {entry: sorted(options) for entry, options in specs(role).items()} == {entry: sorted(_read_by(role, entry)) for entry in specs(role)}


def _read_by(role: str, entry: str) -> set[str]:
    """The options that the tasks of an entry point mention: themselves, through the role's variables, and through the defaults of other options."""
    tasks = {Path(path).name: _without_comments(path) for path in files(f"roles/{role}/tasks/*.yml")}
    variables = dict(_vars_of(role))
    options = {name: str(defaults(role).get(name, "")) for entry_options in specs(role).values() for name in entry_options}
    texts, found = [tasks[f"{entry}.yml"]], {f"{entry}.yml"}
    assigned: set[str] = set()
    while texts:
        text = texts.pop()
        assigned |= {name for name, value in re.findall(r"^\s+(\w+): (.*)$", text, re.MULTILINE) if name in options and name not in value}
        for name in {*re.findall(r"\b\w+\b", text), *re.findall(r"\b\w+\.yml\b", text)} - found:
            for place in (tasks, variables, options):
                if name in place:
                    found.add(name)
                    texts.append(place[name])
    return {name for name in found if name in options and name not in assigned and name != "rack_state_directory"}


def _vars_of(role: str) -> t.Iterator[tuple[str, str]]:
    for path in files(f"roles/{role}/vars/*.yml"):
        yield from ((name, repr(value)) for name, value in (load(path) or {}).items())


def _without_comments(path: str) -> str:
    return "\n".join(line for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))


def test_ansible_validates_every_entry_point_that_is_used() -> None:
    looked_at = files("roles/*.yml", "playbooks/*.yml", "molecule/*.yml")
    assert [path for path in looked_at if "rolespec_validate" in (ROOT / path).read_text(encoding="utf-8")] == []


@each_role
def test_a_role_reads_nothing_of_another_role(role: str) -> None:
    """A playbook passes by name what one role found and another needs; a role passes options to a role that it includes."""
    of_others = {name for other in ROLES if other != role for name in (*defaults(other), *_variables(other), *(n for e in specs(other).values() for n in e))}
    read = {(path, name) for path in files(f"roles/{role}/*.yml") if "/meta/" not in path for name in re.findall(r"\w+", _without_passed(path))}
    assert {(path, name) for path, name in read if name in of_others - {"rack_state_directory"}} == set()


def _without_passed(path: str) -> str:
    """The text of a file without comments, and without the names of the options that it passes to roles which it includes."""
    text = _without_comments(path)
    passed = {name for task in mappings(load(path)) if any(key in task for key in INCLUDES) for name in task.get("vars", {})}
    return re.sub(r"^(\s+)(%s):" % "|".join(passed), r"\1option:", text, flags=re.MULTILINE) if passed else text


def test_no_progress_text_decides_anything() -> None:
    """What long_command returns in ``lines`` is for people: its wording is Compose's, and changes."""
    assert [path for path in files("roles/*.yml", "playbooks/*.yml") if re.search(r"[.']lines\b", _without_comments(path))] == []


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
    examples: dict[Path, str] = {}
    for role in ROLES:
        found = re.findall(r"```yaml\n(.*?)```", (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        assert found, f"roles/{role}/README.md has no example"
        examples |= {tmp_path / f"{role}{number}.yml": example for number, example in enumerate(found)}
    for path, example in examples.items():
        path.write_text(example, encoding="utf-8")
    said = passes("ansible-playbook", "--syntax-check", "--inventory", "inventory/mycosoft", *examples)
    assert said.count("playbook: ") == len(examples)
