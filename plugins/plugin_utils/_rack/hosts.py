# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about the hosts of a rack: names, memory, what is kept free, who runs there without a limit."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Reader, Where, each, fields, list_of, mapping
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import parse_size
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.host_sizes import Measure, Size, read_scale, read_size

_NOTHING = Size(0, 0)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class HostInput:
    """What was handed over about hosts, in plain types.

    ``reserve``, ``build`` and ``scale`` are one value for all or host -> value; the others host -> value, where None means unknown.
    ``memory`` is what the inventory declares, ``measured`` what a host really has; ``containers`` as memory_check returns them.
    """

    names: t.Any
    reserve: t.Any
    memory: t.Any = None
    build: t.Any = None
    scale: t.Any = None
    addresses: t.Any = None
    containers: t.Any = None
    measured: t.Any = None


@dataclass(frozen=True)
class HostContainer:
    """A container found on a host; bytes. ``limit`` is None where it has none, ``working_set`` where it does not run."""

    name: str
    project: t.Optional[str]
    service: t.Optional[str]
    limit: t.Optional[int]
    working_set: t.Optional[int]


@dataclass(frozen=True)
class Host:
    """One host; bytes. ``total`` is None where it is unknown; ``build`` is a part of ``reserve``."""

    name: str
    total: t.Optional[int]
    measure: Measure
    reserve: int
    build: int
    address: str
    containers: t.Tuple[HostContainer, ...]


CONTAINER = {
    "name": Field(each(str), blank=""),
    "project": Field(each(str), default=None),
    "service": Field(each(str), default=None),
    "limit": Field(each(parse_size), default=None),
    "working_set": Field(each(parse_size), default=None),
}


def _read_container(where: Where, raw: t.Any) -> HostContainer:
    given = mapping(raw)  # it tells more of a container than matters here
    return HostContainer(**fields(where, {key: given.get(key) for key in CONTAINER}, CONTAINER))


def _address(value: t.Any) -> str:
    """A host as it stands in a URL."""
    text = str(value)
    if _NAME.fullmatch(text):
        return text
    try:
        return "[%s]" % ipaddress.IPv6Address(text.strip("[]"))
    except ValueError as error:
        raise ValueError("%r is not the name or the IP address of a host. Write for example 192.0.2.10, without scheme and port." % text) from error


def read_hosts(given: HostInput, problems: t.List[str]) -> t.Dict[str, Host]:
    """The hosts by name, in their order; problems are appended, one line each."""
    names = _names(given.names, problems)
    reserve, build = Where("rack_system_reserve", problems), Where("rack_build_allowance", problems)
    _require(reserve, given.reserve, names)
    memory = _mapped(Where("memory", problems), given.memory, names, each(parse_size), "bytes")
    measured = _mapped(Where("measured", problems), given.measured, names, each(parse_size), "bytes")
    addresses = _mapped(Where("addresses", problems), given.addresses, names, each(_address), "addresses")
    containers = _mapped(Where("containers", problems), given.containers, names, list_of(_read_container), "lists of containers")
    scales = _of_hosts(Where("rack_memory_scale", problems), given.scale, names, each(read_scale), Fraction(1))
    reserves = _of_hosts(reserve, given.reserve, names, each(read_size), _NOTHING)
    builds = _of_hosts(build, given.build, names, each(read_size), _NOTHING)
    hosts = {}
    for name in names:
        measure = Measure(name, memory[name], scales[name])
        hosts[name] = Host(
            name=name,
            total=memory[name] if measured[name] is None else measured[name],
            measure=measure,
            reserve=reserve.key(name).read(each(measure.size), reserves[name], 0),
            build=build.key(name).read(each(measure.size), builds[name], 0),
            address=addresses[name] or name,
            containers=containers[name] or (),
        )
    return hosts


def _names(hosts: t.Any, problems: t.List[str]) -> t.List[str]:
    if not isinstance(hosts, list) or not all(isinstance(host, str) and host for host in hosts):
        Where("hosts", problems).refuse("is not a list of host names. Hand over for example groups['rack'].")
        return []
    return list(dict.fromkeys(hosts))


def _require(where: Where, reserve: t.Any, names: t.Iterable[str]) -> None:
    for name in names:
        if (reserve.get(name) if isinstance(reserve, dict) else reserve) is None:
            where.key(name).refuse("is missing. Say what is kept for the system and Docker there, for example 6G.")


def _mapped(where: Where, raw: t.Any, names: t.Iterable[str], reader: Reader, of: str) -> t.Dict[str, t.Any]:
    """Host -> value, None where it is unknown."""
    if raw is not None and not isinstance(raw, dict):
        where.refuse("is not a mapping of host names to %s." % of)
        raw = None
    return _of_hosts(where, raw, names, reader, None)


def _of_hosts(where: Where, raw: t.Any, names: t.Iterable[str], reader: Reader, default: t.Any) -> t.Dict[str, t.Any]:
    """Host -> value, from one value for all or from a mapping; the default where none is given or it is refused."""
    if not isinstance(raw, dict):
        return dict.fromkeys(names, default if raw is None else where.read(reader, raw, default))
    return {name: default if raw.get(name) is None else where.key(name).read(reader, raw[name], default) for name in names}
