# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of stacks on their hosts before anything else can be said: hosts exist, projects and checkouts do not mix."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Where, suggestion
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Rack, Stack
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.needs import service_path


def check_placement(rack: Rack, hosts: t.Collection[str], problems: t.List[str]) -> None:
    """Every problem of who is where, one line each."""
    _check_hosts(rack, hosts, problems)
    _check_projects(rack, problems)
    _check_sources(rack, problems)


def _check_hosts(rack: Rack, hosts: t.Collection[str], problems: t.List[str]) -> None:
    for stack in rack.stacks.values():
        _check_host("rack_stacks.%s" % stack.name, stack.host, hosts, problems)
        for service in stack.services.values():
            if service.host != stack.host:
                _check_host(service_path(service), service.host, hosts, problems)


def _check_host(path: str, host: t.Optional[str], hosts: t.Collection[str], problems: t.List[str]) -> None:
    if host is not None and host not in hosts:
        Where(path, problems).key("host").refuse("%r is not a host of the rack. %s" % (host, suggestion(host, hosts)))


def _check_projects(rack: Rack, problems: t.List[str]) -> None:
    of_project: t.Dict[str, t.List[Stack]] = {}
    for stack in rack.stacks.values():
        others = of_project.setdefault(stack.project, [])
        for earlier in others:
            _check_pair(earlier, stack, problems)
        others.append(stack)


def _check_pair(earlier: Stack, stack: Stack, problems: t.List[str]) -> None:
    where = Where("rack_stacks.%s" % stack.name, problems)
    for host in sorted(filter(None, earlier.hosts() & stack.hosts())):
        where.key("project").refuse(
            "%r is already the project of stack %s on %s; Compose would mix the two. Give each stack its own project." % (stack.project, earlier.name, host)
        )
    for name in stack.services:
        if name in earlier.services:
            where.key("services.%s" % name).refuse(
                "is placed twice: stack %s has it too, in the same project %s. Keep one of the two." % (earlier.name, stack.project)
            )


def _check_sources(rack: Rack, problems: t.List[str]) -> None:
    seen: t.Dict[str, t.Tuple[str, t.Any]] = {}
    for stack in rack.stacks.values():
        for number, source in enumerate(stack.sources):
            path = "rack_stacks.%s.sources[%d]" % (stack.name, number)
            first, other = seen.setdefault(source.dest, (path, source))
            if other != source:
                Where(path, problems).key("dest").refuse(
                    "%s is also the checkout of %s, from another repository or version. Give it its own directory." % (source.dest, first)
                )
