# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new version of a service takes the place of the old one, and what stands against starting it first.

Pure. With ``start-first`` a copy of the new version starts beside the old one, and the old one ends when the new one is healthy. That needs memory for
both, and nothing that only one of them can have.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Where, each, fields, list_of, suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import mounts_anonymous

Json = t.Dict[str, t.Any]

RECREATE, START_FIRST, AUTO = MODES = ("recreate", "start-first", "auto")

#: Keys by which a service takes a part of the host, or of another container, for itself.
_SHARED = ("network_mode", "ipc", "pid")


@dataclass(frozen=True)
class Drain:
    """How a copy is taken out of use before it ends: a command in its container, and the seconds after it."""

    command: t.Tuple[str, ...]
    seconds: int


def read_mode(value: t.Any) -> str:
    if value not in MODES:
        raise ValueError("%r is no rollout. %s" % (value, suggestion(value, MODES)))
    return str(value)


def _argument(value: t.Any) -> str:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ValueError("%r is no argument of a command. Write a text." % (value,))
    return str(value)


def _seconds(value: t.Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3600:
        raise ValueError("%r is not a whole number of seconds from 0 to 3600." % (value,))
    return value


def read_drain(where: Where, raw: t.Any) -> Drain:
    known = {"command": Field(list_of(each(_argument)), default=()), "seconds": Field(each(_seconds), default=0)}
    return Drain(**fields(where, raw, known))


def beyond_plan(memory: int, headroom: t.Optional[int]) -> t.Optional[str]:
    """Why the plan has no room for a second copy; None where it has, or the host's memory is not known. Bytes."""
    if headroom is None or memory <= headroom:
        return None
    return "a second copy needs %s, and the plan leaves %s" % (human(memory), human(max(headroom, 0)))


def blocker(service: Json, mounts: t.Iterable[Json], anonymous: t.Container[str], available: t.Optional[int], memory: int, mode: str) -> t.Optional[str]:
    """Why two copies cannot run side by side; None where they can.

    ``service``: as Compose resolves it, with the override; ``mounts``: those of the running container, as the engine inspects them; ``anonymous``: names of
    the anonymous volumes; ``available``: memory that is available now, ``memory``: the limit of a copy, both in bytes.
    """
    for cause in (*_named(service), *_addressed(service), *_data(mounts, anonymous, mode)):
        return cause
    if available is not None and memory > available:
        return "a second copy needs %s, and %s are available" % (human(memory), human(available))
    return None


def _named(service: Json) -> t.Iterator[str]:
    """A name, or another one's namespace, that only one container can have."""
    if service.get("container_name"):
        yield "its container has a fixed name (container_name: %s)" % service["container_name"]
    for key in _SHARED:
        if str(service.get(key) or "").startswith(("host", "service:", "container:")):
            yield "it shares what is not its own (%s: %s)" % (key, service[key])


def _addressed(service: Json) -> t.Iterator[str]:
    """A port or an address that only one container can have."""
    for port in service.get("ports") or []:
        if str(port.get("published") or "").isdecimal() and str(port["published"]) != "0":
            yield "it publishes the port %s of the host, which one container can have" % port["published"]
    for name, network in (service.get("networks") or {}).items():
        for key in ("ipv4_address", "ipv6_address", "mac_address"):
            if (network or {}).get(key):
                yield "it has a fixed address in the network %s" % name


def _data(mounts: t.Iterable[Json], anonymous: t.Container[str], mode: str) -> t.Iterator[str]:
    """Volumes that a second copy would not get, or would write to at the same time."""
    for mount in mounts:
        if mounts_anonymous(mount, anonymous):
            yield "it has a volume without a name at %s, which a second copy would not get" % mount.get("Destination")
        elif mount.get("Type") == "volume" and mode == AUTO and mount.get("RW"):
            yield "two copies would write to its volume %s; where that does no harm, set rollout to start-first" % mount.get("Name")
