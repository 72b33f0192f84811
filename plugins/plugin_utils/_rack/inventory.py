# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack as data: ``rack_stacks`` and ``rack_externals`` as frozen dataclasses.

Only what can be said about one entry by itself is checked here; what needs
the hosts or the other entries is in ``placement.py``, ``needs.py`` and ``budget.py``.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Where, each, fields, list_of, map_of, suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.address import Target, Unusable, shown, target
from ansible_collections.mycosoft.rack.plugins.module_utils._override.heap import RUNTIMES
from ansible_collections.mycosoft.rack.plugins.module_utils._rollout.blockers import RECREATE, Drain, read_drain, read_mode
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.host_sizes import Size, read_limit, read_size


@dataclass(frozen=True)
class Source:
    """A git checkout that a stack builds from."""

    repo: str
    dest: str
    version: str


@dataclass(frozen=True)
class Address:
    """How others reach a service, told them in the variable ``env``: at ``port`` among its own, at ``published`` on its host."""

    env: str
    port: int
    published: t.Optional[int]
    scheme: str
    path: str


@dataclass(frozen=True)
class Service:
    """One service of a stack, placed on one host. ``memory`` is None where it was refused; ``swap`` goes beyond it; ``heap`` names a runtime."""

    stack: str
    name: str
    host: str
    memory: t.Optional[Size]
    reservation: t.Optional[Size]
    swap: Size
    essential: bool
    optional: bool
    public: bool
    urls: t.Tuple[Target, ...]
    health: t.Optional[str]
    env: t.Mapping[str, str]
    needs: t.Tuple[str, ...]
    address: t.Optional[Address]
    heap: t.Optional[str]
    heap_percent: t.Optional[int]
    oom_score_adj: t.Optional[int]
    rollout: str
    drain: t.Optional[Drain]

    @property
    def id(self) -> str:
        return "%s/%s" % (self.stack, self.name)


@dataclass(frozen=True)
class Stack:
    """A Compose project. ``host`` is its home: what nobody listed runs there."""

    name: str
    project: str
    directory: str
    files: t.Tuple[str, ...]
    env_file: t.Optional[str]
    host: str
    sources: t.Tuple[Source, ...]
    networks: t.Tuple[str, ...]
    services: t.Mapping[str, Service]

    def hosts(self) -> t.Set[str]:
        """Every host that runs a part of the stack."""
        return {self.host} | {service.host for service in self.services.values()}


@dataclass(frozen=True)
class External:
    """A service that the rack uses but does not run."""

    name: str
    url: str
    env: t.Optional[str]
    health: str
    required: bool


@dataclass(frozen=True)
class Rack:
    stacks: t.Mapping[str, Stack]
    externals: t.Mapping[str, External]

    def services(self) -> t.List[Service]:
        """Every listed service, in the order of the inventory."""
        return [service for stack in self.stacks.values() for service in stack.services.values()]


def _matching(pattern: str, what: str) -> t.Callable[[t.Any], str]:
    expression = re.compile(pattern)

    def check(value: t.Any) -> str:
        if not isinstance(value, str) or expression.fullmatch(value) is None:
            raise ValueError("%r is not %s." % (value, what))
        return value

    return check


_text = _matching(r"\S(?:.*\S)?", "a text without blanks around it")
_absolute = _matching(r"/.*", "an absolute path. Write for example /home/mycosoft/mas")
_relative = _matching(r"[^/\s].*", "a path relative to the stack's directory. Write for example docker-compose.yml")
_name = _matching(r"[a-zA-Z0-9][a-zA-Z0-9._-]*", "a name. Use letters, digits, dots, dashes and underscores")
_project = _matching(r"[a-z0-9][a-z0-9_-]*", "a Compose project name. Use lower-case letters, digits, dashes and underscores")
_env_name = _matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable. Use letters, digits and underscores, no digit first")
_url_path = _matching(r"/\S*", "the path of a URL. Write for example /health")


_scheme = _matching(r"[a-z][a-z0-9+.-]*", "the scheme of a URL. Write for example http")


def _whole_number(least: int, most: int) -> t.Callable[[t.Any], int]:
    def check(value: t.Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError("%r is not a whole number from %d to %d." % (value, least, most))
        return value

    return check


def _runtime(value: t.Any) -> str:
    if not isinstance(value, str) or value not in RUNTIMES:
        raise ValueError("%r is no runtime whose heap can be told. %s" % (value, suggestion(value, RUNTIMES)))
    return value


def _flag(value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("%r is not a yes or no. Write true or false." % (value,))
    return value


def _url(value: t.Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) and not re.search(r"\s", value) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("%s is not a web address. Write for example https://example.org/." % shown(repr(value)))
    if "@" in parts.netloc:
        raise ValueError("has a user name before its host. Addresses are shown in logs: give a password in env, or in an env file on the server.")
    return t.cast(str, value)


def _visited(value: t.Any) -> Target:
    """An address of visitors. Refused is what could not be purged after the deploy."""
    try:
        return target(value)
    except Unusable as error:
        raise ValueError("%s %s. %s." % (shown(repr(value)), error.cause, error.remedy)) from error


def _repo(value: t.Any) -> str:
    """An address of git. A wrong one is not shown, because it may hold a secret."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise ValueError("is not a text without blanks around it.")
    parts = urlsplit(value)
    # over HTTP the user may be the token; git would keep it in .git/config and show it in its messages
    if "://" in value and (parts.password is not None or (parts.username is not None and not parts.scheme.endswith("ssh"))):
        raise ValueError("carries a password or a token in its address. Leave out what stands before the @, and use RACK_GIT_TOKEN or a deploy key.")
    return value


def _env_value(value: t.Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise ValueError("is not a text, a number, true or false.")  # the value may be a secret: not shown
    return str(value)


SOURCE = {
    "repo": Field(each(_repo), blank=""),
    "dest": Field(each(_absolute), blank=""),
    "version": Field(each(_text), default="HEAD"),
}

ADDRESS = {
    "env": Field(each(_env_name), blank=""),
    "port": Field(each(_whole_number(1, 65535)), blank=0),
    "published": Field(each(_whole_number(1, 65535)), default=None),
    "scheme": Field(each(_scheme), default="http"),
    "path": Field(each(_url_path), default=""),
}


def _read_address(where: Where, raw: t.Any) -> Address:
    return Address(**fields(where, raw, ADDRESS))


SERVICE = {
    "host": Field(each(_text), default=None),
    "memory": Field(each(read_limit), blank=None),
    "reservation": Field(each(read_limit), default=None),
    "swap": Field(each(read_size), default=Size(0, 0)),
    "essential": Field(each(_flag), default=False),
    "optional": Field(each(_flag), default=False),
    "public": Field(each(_flag), default=False),
    "urls": Field(list_of(each(_visited)), default=()),
    "health": Field(each(_url), default=None),
    "env": Field(map_of(each(_env_value), each(_env_name)), default={}),
    "needs": Field(list_of(each(_text)), default=()),
    "address": Field(_read_address, default=None),
    "heap": Field(each(_runtime), default=None),
    "heap_percent": Field(each(_whole_number(1, 100)), default=None),
    "oom_score_adj": Field(each(_whole_number(-1000, 1000)), default=None),
    "rollout": Field(each(read_mode), default=RECREATE),
    "drain": Field(read_drain, default=None),
}

EXTERNAL = {
    "url": Field(each(_url), blank=""),
    "env": Field(each(_env_name), default=None),
    "health": Field(each(_url_path), default="/"),
    "required": Field(each(_flag), default=False),
}


def _read_source(where: Where, raw: t.Any) -> Source:
    return Source(**fields(where, raw, SOURCE))


def _read_service(where: Where, raw: t.Any) -> Service:
    service = Service(stack="", name="", **fields(where, raw, SERVICE))
    if service.optional and service.essential:
        where.key("optional").refuse("contradicts essential. Keep one of the two.")
    if service.heap_percent is not None and service.heap is None:
        where.key("heap_percent").refuse("means nothing without heap. Add heap, for example node.")
    if service.drain is not None and service.rollout == RECREATE:
        where.key("drain").refuse("means nothing where a service is recreated. Add rollout, for example start-first.")
    return service


STACK = {
    "project": Field(each(_project), default=None),
    "directory": Field(each(_absolute), blank="/"),
    "files": Field(list_of(each(_relative), at_least=1), blank=()),
    "env_file": Field(each(_text), default=None),
    "host": Field(each(_text), blank=None),
    "sources": Field(list_of(_read_source), default=()),
    "networks": Field(list_of(each(_name)), default=()),
    "services": Field(map_of(_read_service, each(_name)), default={}),
}


def _read_stack(where: Where, raw: t.Any) -> Stack:
    return Stack(name="", **fields(where, raw, STACK))


def _read_external(where: Where, raw: t.Any) -> External:
    return External(name="", **fields(where, raw, EXTERNAL))


def _named(name: str, stack: Stack) -> Stack:
    services = {key: replace(service, stack=name, name=key, host=service.host or stack.host) for key, service in stack.services.items()}
    return replace(stack, name=name, project=stack.project or name, services=services)


def read_rack(stacks: t.Any, externals: t.Any, problems: t.List[str]) -> Rack:
    """The rack in plain types (``plain`` in ``_base/schema.py``) as dataclasses; problems are appended, one line each.

    What is refused is replaced by a harmless stand-in (no memory, no host), so
    that later checks can still name their own problems.
    """
    read_stacks = Where("rack_stacks", problems).read(map_of(_read_stack, each(_project)), stacks, {})
    read_externals = Where("rack_externals", problems).read(map_of(_read_external, each(_name)), externals, {})
    return Rack(
        stacks={name: _named(name, stack) for name, stack in read_stacks.items()},
        externals={name: replace(external, name=name) for name, external in read_externals.items()},
    )
