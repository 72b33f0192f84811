# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move of services with their data: how far it is, what is copied and how, what blocks it. Pure.

The same function serves every step of a move. What a step has not found yet is empty, and so is what depends on it.
"""

from __future__ import annotations

import hashlib
import posixpath
import typing as t
from dataclasses import dataclass, field

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human

Json = t.Dict[str, t.Any]

#: Stack -> service -> the server that has it now, as a server records it in moved.json.
Moved = t.Mapping[str, t.Mapping[str, str]]

#: ``--inplace``: nobody reads the copy, and a large file of which little changed is not written anew.
_COPY = ("rsync", "--archive", "--no-devices", "--no-specials", "--hard-links", "--acls", "--xattrs", "--sparse", "--inplace", "--numeric-ids")
_RSYNC = (*_COPY, "--delete", "--stats", "--rsh")

_SSH = "ssh -p %d -i %s -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes"
_SSH += " -o ServerAliveInterval=15 -o ServerAliveCountMax=4"

#: Where a path of the original server is not on the other one, what that means, by why it stays. A path of a checkout that git has comes with it.
_MISSING = {
    "read-only": "%(path)s is mounted read-only, does not move, and does not exist on %(to)s. Create it there, or move it too: name it in offload_directories.",
    "file": "%(path)s is a file, not a directory, and does not exist on %(to)s: copy it there by hand.",
    "whole": "%(path)s is a checkout that a service may write to, and git does not have all of it. Mount the directory that it needs, or mount it read-only.",
    "checkout": "%(path)s lies in a checkout, and git does not have all of it. Create it on %(to)s by hand, or, a directory, name it in offload_directories.",
}

#: What service_data says of a service whose container an earlier run removed after the copy.
_REMOVED = "has no container here"


@dataclass(frozen=True)
class Source:
    """The original server. ``data``: of service_data; ``commits``: results of ``git rev-parse HEAD``, ``item`` is the source; ``untracked``: results of
    ``git status`` on what stays in a checkout, ``item`` is what service_data said of it; ``places``: what the server recorded of data that moved;
    ``trees``: of tree_digest; ``tools``: the return code of the search for rsync and ssh; ``keys``: the directory of the temporary keys.
    """

    data: Json = field(default_factory=dict)
    commits: t.Sequence[Json] = ()
    untracked: t.Sequence[Json] = ()
    moved: Moved = field(default_factory=dict)
    places: t.Mapping[str, t.Sequence[Json]] = field(default_factory=dict)
    trees: t.Any = None
    tools: int = 0
    keys: str = ""

    def directories(self) -> t.List[Json]:
        return [*self.data.get("volumes", ()), *self.data.get("binds", ())]


@dataclass(frozen=True)
class Target:
    """The server to move to. ``address``, ``port``, ``user``: of its connection; ``host_keys``: lines of ssh-keyscan; ``problems`` and ``missing``: of
    service_data; the rest as in Source.
    """

    address: str
    user: str = ""
    port: int = 22
    host_keys: t.Sequence[str] = ()
    problems: t.Sequence[str] = ()
    missing: t.Sequence[str] = ()
    moved: Moved = field(default_factory=dict)
    places: t.Mapping[str, t.Sequence[Json]] = field(default_factory=dict)
    trees: t.Any = None
    tools: int = 0

    def known_hosts(self) -> str:
        name = self.address if self.port == 22 else "[%s]:%d" % (self.address, self.port)
        return "".join("%s %s\n" % (name, line.partition(" ")[2]) for line in self.host_keys)


@dataclass(frozen=True)
class Seconds:
    """``copy``: what the copy of one directory may take; ``stop``: what stopping the services may take."""

    copy: int
    stop: int


def move_state(move: Json, hosts: t.Mapping[str, Json], source: Source, target: Target, seconds: Seconds) -> Json:
    """``move``: of :func:`relocate`; ``hosts``: of the plan after the move. The keys are described in data_move.yml."""
    stack, names = hosts[move["to"]]["stacks"][move["stack"]], move["services"]
    here, there = dict(source.moved.get(move["stack"], {})), dict(target.moved.get(move["stack"], {}))
    committed = all(here.get(name) == move["to"] for name in names)
    copies = [_copy(directory["path"], source.keys, target) for directory in source.directories()]
    return {
        "committed": committed,
        "switched": source.trees is not None and not committed,
        "same": source.trees is not None and source.trees == target.trees,
        "problems": _problems(move, hosts, source, target, committed),
        "text": _text(move, hosts, source, target, committed),
        "sources": [{**commit["item"], "version": commit["stdout"]} for commit in source.commits],
        "copies": copies,
        "known_hosts": target.known_hosts(),
        "key_seconds": seconds.copy * 2 * len(copies) + seconds.stop,
        "stop": [_identity(one) for one in hosts[move["to"]]["recovery"] if one["project"] == move["project"] and one["service"] in names],
        "stop_names": ["%s/%s" % (move["project"], name) for name in names],
        "remove": ["docker", "compose", *stack["arguments"], "rm", "--stop", "--force", *names],
        "moved_from": {**source.moved, move["stack"]: {**here, **dict.fromkeys(names, move["to"])}},
        "moved_to": {**target.moved, move["stack"]: {name: host for name, host in there.items() if name not in names}},
        "left": {**_others(source.places, move), "left": [*_others(source.places, move)["left"], *_places(move, source, move["to"])]},
        "arriving": {**_all(target.places), "arriving": [*_others(target.places, move)["arriving"], *_places(move, source, move["from"])]},
        "settled": _others(target.places, move),
    }


def _all(places: t.Mapping[str, t.Sequence[Json]]) -> t.Dict[str, t.List[Json]]:
    return {kind: list(places.get(kind, ())) for kind in ("left", "arriving")}


def _others(places: t.Mapping[str, t.Sequence[Json]], move: Json) -> t.Dict[str, t.List[Json]]:
    """What a server recorded of data, without that of the services that move."""

    def other(place: Json) -> bool:
        return bool(place["stack"] != move["stack"] or not set(place["services"]) & set(move["services"]))

    return {kind: [place for place in found if other(place)] for kind, found in _all(places).items()}


def _places(move: Json, source: Source, host: str) -> t.List[Json]:
    """The data of this move as a server records it; ``host``: the other one."""
    return [
        {
            "path": directory["path"],
            "volume": directory.get("name"),
            "stack": move["stack"],
            "project": move["project"],
            "services": directory["services"],
            "host": host,
        }
        for directory in source.directories()
    ]


def _identity(service: Json) -> Json:
    """As docker_recovery takes it. Nothing is kept back as essential: all of it is meant to stop."""
    return {"project": service["project"], "service": service["service"], "essential": False}


def _copy(path: str, keys: str, target: Target) -> Json:
    """The copy of one directory, with the one key that may write there; ``checksum`` compares by content."""
    name = hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()
    ssh = _SSH % (target.port, posixpath.join(keys, name), posixpath.join(keys, "known_hosts"))
    argv = [*_RSYNC, ssh, path + "/", "%s@%s:./" % (target.user, target.address)]
    return {"path": path, "key": name, "argv": argv, "checksum": [*argv[:1], "--checksum", *argv[1:]]}


def _problems(move: Json, hosts: t.Mapping[str, Json], source: Source, target: Target, committed: bool) -> t.List[str]:
    leaving = [problem for problem in source.data.get("problems", ()) if not (committed and _REMOVED in problem)]
    arriving = ["%s: %s" % (move["to"], problem) for problem in target.problems]
    lacking = [host for host, tools in ((move["from"], source.tools), (move["to"], target.tools)) if tools != 0]
    nobody = [] if target.user or not source.directories() else ["%s: ansible_user is not set, and the copy logs in with it." % move["to"]]
    tools = ["%s lacks a tool: install rsync (with rrsync), openssh-client and procps." % host for host in lacking]
    return [*leaving, *_incomplete(move, source, target), *arriving, *nobody, *tools, *_untold(move, hosts, source, target)]


def _incomplete(move: Json, source: Source, target: Target) -> t.Iterator[str]:
    """What the services mount, would not find on the other server, and does not come by git."""
    of_git = [result["item"]["path"] for result in source.untracked if not (result.get("stdout") or result.get("stderr") or result.get("rc"))]
    for stays in source.data.get("stays", ()):
        whole = stays["path"] == stays["checkout"]
        # what a service may write, and git does not have, is its data: a directory of that name on the other server holds something else
        its_data = stays["why"] == "checkout" and stays["writable"] and not stays["file"]
        why = "whole" if whole else stays["why"]
        if stays["path"] not in of_git and why in _MISSING and (its_data or (stays["path"] in target.missing and not whole)):
            yield _MISSING[why] % {**stays, "to": move["to"]}


def _untold(move: Json, hosts: t.Mapping[str, Json], source: Source, target: Target) -> t.Iterator[str]:
    """Services that reach one that moves by its name in the network of their project now, and would not be told its address."""
    needing = {**source.data.get("dependants", {}), **{user["service"]: user["needs"] for user in move["users"] if user["stack"] == move["stack"]}}
    by_hand = [user["service"] for user in move["users"] if user["by_hand"]]
    parts = {host: plan["stacks"].get(move["stack"], {"services": {}})["services"] for host, plan in hosts.items()}
    for name, needed in needing.items():
        elsewhere = any(name in services for host, services in parts.items() if host != move["from"])
        told = parts[move["from"]].get(name, {"addresses": {}})["addresses"].values()
        if not elsewhere and name not in by_hand and not any(target.address in str(value) for value in told):
            yield (
                "%s needs %s, would stay on %s, and would not be told the new address. Give rack_stacks.%s.services.%s an address, and list it in the needs of"
                " %s; or move both." % (name, needed, move["from"], move["stack"], needed, name)
            )


def _text(move: Json, hosts: t.Mapping[str, Json], source: Source, target: Target, committed: bool) -> str:
    """What is moved, and which addresses follow it, completing "Moving ..."."""
    directories = source.directories()
    size = human(sum(directory["size"] for directory in directories))
    paths = ", ".join(directory["path"] for directory in directories)
    stays = ["%(path)s (%(why)s)" % one for one in source.data.get("stays", ())]
    sentences = [
        "%s of %s from %s to %s, with %s."
        % (", ".join(move["services"]), move["stack"], move["from"], move["to"], "%s in %s" % (size, paths) if paths else "no data"),
        "The data is on %s already: an earlier run copied it." % move["to"] if committed else "",
        "Not moved: %s." % ", ".join(stays) if stays else "",
        "Addresses that change: %s." % ("; ".join(_dependants(move, hosts, target.address)) or "none"),
    ]
    return " ".join(filter(None, sentences))


def _dependants(move: Json, hosts: t.Mapping[str, Json], address: str) -> t.Iterator[str]:
    """The variables of other services that hold the new address."""
    for host, plan in hosts.items():
        for stack in plan["stacks"].values():
            for name, service in stack["services"].items():
                if name not in move["services"]:
                    yield from ("%s on %s: %s=%s" % (name, host, variable, value) for variable, value in service["addresses"].items() if address in value)
