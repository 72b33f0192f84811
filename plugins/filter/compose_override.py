# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``mycosoft.rack.compose_override``; documented in compose_override.yml."""

from __future__ import annotations

import typing as t

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._override import Remove, Replace, override
from ansible_collections.mycosoft.rack.plugins.module_utils._schema import plain


class ComposeDumper(yaml.SafeDumper):
    """YAML as Compose reads it: with its tags for replacing and removing, without anchors."""

    def ignore_aliases(self, _data: t.Any) -> bool:
        return True


def _replace(dumper: ComposeDumper, marked: Replace) -> yaml.Node:
    node = dumper.represent_data(marked.value)
    node.tag = "!override"
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
    return node


def _remove(dumper: ComposeDumper, _marked: Remove) -> yaml.Node:
    return dumper.represent_sequence("!reset", [], flow_style=True)


ComposeDumper.add_representer(Replace, _replace)
ComposeDumper.add_representer(Remove, _remove)


def compose_override(config: t.Any, stack: t.Any) -> str:
    """The text of the override file; raises AnsibleFilterError with every problem."""
    try:
        written = override(plain(config), plain(stack))
    except RackError as error:
        raise AnsibleFilterError(error.message) from error
    notes = "".join("# %s\n" % note for note in written.notes)
    return notes + yaml.dump(written.document, Dumper=ComposeDumper, sort_keys=False, width=4096, allow_unicode=True)


class FilterModule:
    def filters(self) -> t.Dict[str, t.Callable[..., t.Any]]:
        return {"compose_override": compose_override}
