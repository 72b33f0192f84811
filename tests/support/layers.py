# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of plugins/: which packages there are, and which of them may import which.

This table is the only place that says so: tests/invariants/test_imports.py checks every import against it, and ``make architecture`` draws it.
"""

from __future__ import annotations

import ast
import functools
from collections import abc
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.support.repository import COLLECTION, ROOT, files

_PLUGINS = ("ansible_collections", *COLLECTION.split("."), "plugins")
_PREFIX = ".".join(_PLUGINS) + "."


@dataclass(frozen=True)
class Layer:
    """Packages of one level. ``folder``: where they are below plugins/; ``entry``: Ansible loads these files, and nothing imports them."""

    name: str
    folder: str
    packages: abc.Mapping[str, str]
    entry: bool = False
    controller: bool = False


#: From top to bottom: a package imports itself and the layers below its own, never a layer above or a neighbour.
LAYERS = (
    Layer(
        "plugins of the controller",
        "",
        {
            "filter": "Jinja filters: plain data in, plain data out; each hands over to plugin_utils",
            "action": "the controller's part of modules that wait: show progress, call the module again",
        },
        entry=True,
        controller=True,
    ),
    Layer(
        "utilities of the controller",
        "plugin_utils",
        {
            "_rack": "the inventory, its checks, and the plan: placement, limits, start order, memory gates",
            "_report": "the deploy report, the status table and the status page",
            "_action": "what the action plugins of waiting modules have in common",
        },
        controller=True,
    ),
    Layer("modules", "", {"modules": "what Ansible runs on a server: one object, one verb"}, entry=True),
    Layer(
        "features",
        "module_utils",
        {
            "_prune": "remove Docker objects that nothing needs: snapshot, keep rules, plan, removal",
            "_release": "record what runs, keep its images, roll back to it",
            "_lock": "the deploy lock of a server",
            "_rollout": "replace a container by a new copy that is healthy first",
            "_recovery": "stop and restart containers on a server that is short of memory",
            "_offload": "move a service with its data to another server",
            "_override": "render the Compose override: limits, environment, placement",
            "_limits": "set and prove memory limits, watch what was just started",
            "_source": "check out a commit, and refuse or keep the work on the server that it would overwrite",
            "_cloudflare": "purge the cache and verify what Cloudflare serves",
        },
    ),
    Layer("memory", "module_utils", {"_memory": "the memory of a host and its containers: read, findings, metrics"}),
    Layer(
        "borders",
        "module_utils",
        {
            "_docker": "the Docker Engine API and the Compose command",
            "_git": "git: what is in a checkout, what only this server has, and what a remote has",
            "_host": "the kernel: /proc, cgroups, swap, processes, disks",
        },
    ),
    Layer("base", "module_utils", {"_base": "errors, reading of data, sizes, times, files, order of a graph"}),
)

#: A feature that imports another one, and why.
EXCEPTIONS = {
    ("_prune", "_recovery"): "a container that a recovery stopped must not be removed: prune reads the record of the recovery",
}

#: Package -> number of its layer, counted from the top.
LEVELS = {package: number for number, layer in enumerate(LAYERS) for package in layer.packages}


def package_of(module: str) -> str:
    """The package of ``module_utils._base.errors`` (a module by its path below plugins/): ``_base``; the whole path for what lies outside of the table."""
    first, *rest = module.split(".")
    names = rest[:1] if first in {layer.folder for layer in LAYERS} - {""} else [first]
    return names[0] if names and names[0] in LEVELS else module


def imports_of(module: str, source: str) -> set[str]:
    """The modules below plugins/ that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = [*_PLUGINS, *module.split(".")][: -node.level] if node.level else []
            start = ".".join([*above, *(node.module or "").split(".")]).rstrip(".")
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name[len(_PREFIX) :] for name in names if name.startswith(_PREFIX)}
    return found


def wrong_imports(sources: abc.Mapping[str, str]) -> list[str]:
    """One line for each import that the table does not allow. ``sources``: module, by its path below plugins/ -> its text."""
    return [
        f"{module} must not import {imported}: {reason}"
        for module, source in sources.items()
        for imported in sorted(imports_of(module, source))
        if (reason := _refusal(package_of(module), package_of(imported)))
    ]


def _refusal(package: str, imported: str) -> str | None:
    if imported not in LEVELS or package not in LEVELS:
        return "one of them lies in no package of tests/support/layers.py."
    ours, theirs = LAYERS[LEVELS[package]], LAYERS[LEVELS[imported]]
    if theirs.entry:
        return f"nothing imports {theirs.name}."
    if package == imported or (package, imported) in EXCEPTIONS or LEVELS[package] < LEVELS[imported]:
        return None
    return f"{theirs.name} are not below {ours.name}." if ours is not theirs else f"packages of {ours.name} do not import each other."


def closure(module: str, sources: abc.Mapping[str, str]) -> set[str]:
    """Every module that Ansible ships with ``module``, itself included."""
    found, waiting = {module}, [module]
    while waiting:
        for name in imports_of(waiting[-1], sources[waiting.pop()]):
            # what is imported is a module, or a name in one
            shipped = next((one for one in (name, name.rpartition(".")[0]) if one in sources), None)
            if shipped is not None and shipped not in found:
                found.add(shipped)
                waiting.append(shipped)
    return found


@functools.cache
def plugin_sources() -> dict[str, str]:
    """Every Python file below plugins/ but the documentation fragments: module, by its path below plugins/ -> its text."""
    paths = [path for path in files("plugins/*.py") if not path.startswith("plugins/doc_fragments/")]
    return {".".join(PurePosixPath(path).with_suffix("").parts[1:]): (ROOT / path).read_text(encoding="utf-8") for path in paths}
