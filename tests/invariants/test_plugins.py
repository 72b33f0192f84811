# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules and filters: documented in full, with examples that run as they stand."""

from __future__ import annotations

import functools
import importlib
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.support.repository import COLLECTION, ROOT, files, load, mappings, passes

MODULES = [Path(path).stem for path in files("plugins/modules/*.py")]
FILTERS = sorted(
    name
    for path in files("plugins/filter/*.py")
    for name in importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.filter.{Path(path).stem}").FilterModule().filters()
)
#: A value of each type, for what an example takes from a variable.
SAMPLES: dict[str, t.Any] = {"bool": True, "int": 1, "float": 1.0, "list": [], "dict": {}}

#: Keys of a task's result that mean something to Ansible itself.
OF_ANSIBLE = {
    "ansible_facts",
    "ansible_stats",
    "attempts",
    "deprecations",
    "exception",
    "failed",
    "invocation",
    "results",
    "skipped",
    "unreachable",
    "warnings",
}

each_module = pytest.mark.parametrize("module", MODULES)


class Constructed(Exception):
    """Stops a module where it would begin to work, with what it told AnsibleModule."""

    def __init__(self, argument_spec: dict[str, t.Any], supports_check_mode: bool = False, **rules: t.Any) -> None:
        super().__init__()
        self.argument_spec = argument_spec
        self.supports_check_mode = supports_check_mode
        self.rules = rules


@functools.cache
def documented(kind: str, *names: str) -> dict[str, t.Any]:
    """What ansible-doc knows of plugins, fragments merged."""
    said = passes("ansible-doc", "--json", "-t", kind, *(f"{COLLECTION}.{name}" for name in names))
    return {name.rpartition(".")[2]: doc for name, doc in json.loads(said).items()}


def constructed(name: str, monkeypatch: pytest.MonkeyPatch) -> Constructed:
    """How the module constructs AnsibleModule."""
    module = importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}")

    def refuse(*args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        raise Constructed(*args, **kwargs)

    monkeypatch.setattr(module, "AnsibleModule", refuse)
    with pytest.raises(Constructed) as stopped:
        module.main()
    return stopped.value


def _filled(value: t.Any, option: dict[str, t.Any]) -> t.Any:
    """The value as a run would hand it over: an expression has become a value of the option's type."""
    if isinstance(value, str) and "{{" in value:
        return option.get("choices", [SAMPLES.get(option.get("type", "str"), value)])[0]
    return value


def test_there_are_modules_and_filters() -> None:
    assert {"cloudflare_purge", "compose_override", "docker_memory_limits", "docker_prune", "memory_check"} <= set(MODULES)
    assert {"compose_build", "memory_plan"} <= set(FILTERS)


def test_the_action_group_holds_exactly_the_modules() -> None:
    assert load("meta/runtime.yml")["action_groups"] == {"rack": MODULES}


@each_module
def test_examples_are_tasks_that_the_module_accepts(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = constructed(module, monkeypatch)
    validator = ArgumentSpecValidator(seen.argument_spec, **seen.rules)
    examples = [
        task[f"{COLLECTION}.{module}"] or {}
        for task in mappings(yaml.safe_load(documented("module", *MODULES)[module]["examples"]))
        if f"{COLLECTION}.{module}" in task
    ]
    assert examples
    for example in examples:
        result = validator.validate({name: _filled(value, seen.argument_spec.get(name, {})) for name, value in example.items()})
        assert result.error_messages == [], example


@each_module
def test_every_module_says_how_it_behaves_in_check_and_diff_mode(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = documented("module", *MODULES)[module]["doc"]["attributes"]
    assert {"check_mode", "diff_mode"} <= set(attributes)
    assert all(attribute["support"] and attribute["description"] for attribute in attributes.values())
    assert (attributes["check_mode"]["support"] != "none") == constructed(module, monkeypatch).supports_check_mode


@each_module
def test_every_return_value_is_described(module: str) -> None:
    values = documented("module", *MODULES)[module]["return"]
    assert values
    for name, value in values.items():
        assert value.keys() >= {"description", "returned", "type"}, name


@each_module
def test_no_return_value_bears_a_name_that_ansible_reads_for_itself(module: str) -> None:
    """A list called skipped, when it is not empty, makes Ansible count the task as skipped and its handlers as not notified."""
    assert OF_ANSIBLE.isdisjoint(yaml.safe_load(importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{module}").RETURN))


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_documentation_with_an_example_of_its_use(name: str) -> None:
    filters = documented("filter", *FILTERS)
    assert filters[name]["doc"]["short_description"]
    assert filters[name]["return"]
    assert yaml.safe_load(filters[name]["examples"])
    assert f"{COLLECTION}.{name}" in filters[name]["examples"]


def test_what_asks_over_the_network_bounds_the_whole_request() -> None:
    """A timeout of urllib bounds each wait for bytes: an answer in drips goes on for ever. Docker's own transport counts all bytes together."""
    asking = {
        path
        for path in files("plugins/*.py")
        if re.search(r"ansible\.module_utils\.urls import|import urllib\.request", (ROOT / path).read_text(encoding="utf-8"))
    }
    assert asking == {"plugins/module_utils/_host/web.py", "plugins/module_utils/_cloudflare/transport.py"}
    assert [path for path in asking if "_base.within import" not in (ROOT / path).read_text(encoding="utf-8")] == []
    others = [
        path for path in files("roles/*.yml", "playbooks/*.yml") if re.search(r"\b(uri|get_url|wait_for):$", (ROOT / path).read_text(encoding="utf-8"), re.M)
    ]
    assert others == []


def test_one_place_ends_processes_and_makes_sure_that_they_are_gone() -> None:
    ending = {path for path in files("plugins/*.py") if re.search(r"\bos\.kill(pg)?\((?!of\.pid, 0\))", (ROOT / path).read_text(encoding="utf-8"))}
    assert ending == {"plugins/module_utils/_host/session.py"}
