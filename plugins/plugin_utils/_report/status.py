# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rack stands, twice: one document for schedulers and pages, one table for people.

Pure. The document of a deploy, and beside it what was released, what differs from it, and memory and disk over time.
"""

from __future__ import annotations

import posixpath
import textwrap
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.deploy import Row, aligned, budget_text, deploy_document, names, notes, size_text

Json = t.Dict[str, t.Any]

#: Columns of a sentence: a terminal of 80 without what Ansible puts in front.
_WIDTH = 72

#: What of a release is told; the images and hashes that it consists of are in the records.
_TOLD = ("id", "result", "by", "job", "began", "ended", "seconds")


def status_document(hosts: t.Sequence[Json], check: bool) -> Json:
    """The facts of one look at the rack in plain JSON types; sizes in bytes, moments in ISO 8601, UTC.

    ``hosts``: for each host ``host``, ``plan`` (of memory_plan), ``memory`` (of memory_check) and ``released`` (of docker_release_info), both as
    Ansible registers them: also where the host could not be reached, or the module failed.
    """
    problems = {host["host"]: _problem(host) for host in hosts}
    known = [{"memory_before": {}, "freed": {}, "commits": [], "changed_projects": [], **host} for host in hosts if not problems[host["host"]]]
    document = deploy_document(known, check, {})
    found = {host["host"]: _host(document["hosts"][host["host"]], host) for host in known}
    return {**document, "hosts": {name: found.get(name, {"problem": problem}) for name, problem in problems.items()}}


def _problem(host: Json) -> t.Optional[str]:
    """Why nothing is known of a host."""
    for result in (host["released"], host["memory"]):
        if result.get("unreachable"):
            return "It cannot be reached. %s" % result["msg"]
        if result.get("failed") or not result:
            return str(result.get("msg") or "Nobody looked.")
    return None


def _host(deployed: Json, facts: Json) -> Json:
    memory, released = facts["memory"]["host"], facts["released"]
    stacks = facts["plan"]["stacks"]
    drift: t.Dict[t.Tuple[str, str], t.List[str]] = {}
    for name, stack in released["stacks"].items():
        for one in stack["drift"] or ():
            if one["service"]:
                drift.setdefault((stacks[name]["project"], one["service"]), []).append(one["what"])
    there = [{**service, "drift": drift.pop((service["project"], service["service"]), [])} for service in deployed["services"]]
    return {
        **deployed,
        "problem": None,
        "services": there + [_absent(*key, words) for key, words in drift.items()],
        "limits": facts["plan"]["limits"],
        "swap_total": memory["swap_total"],
        "swap_used": memory["swap_used"],
        "pressure": memory["pressure"],
        "disk": released["disk"],
        "engine": released["engine"],
        "waiting": _waiting(stacks, released["moved"]),
        "left": released["left"],
        "unreadable": released["unreadable"],
        "now": released["now"],
        "releases": {name: _released(stack) for name, stack in released["stacks"].items()},
        "runs": released["runs"],
        "samples": released["samples"],
    }


def _waiting(stacks: t.Mapping[str, Json], moved: t.Mapping[str, t.Mapping[str, str]]) -> t.List[Json]:
    """Services that moved away with their data, and that the inventory still places here."""
    return [
        {"stack": stack, "service": service, "host": host}
        for stack, services in moved.items()
        for service, host in services.items()
        if service in stacks.get(stack, {"services": ()})["services"]
    ]


def moves_text(host: Json) -> t.List[str]:
    """A sentence for each move that waits for the inventory, and for what moves left here."""
    waiting = [
        "%(service)s of %(stack)s moved to %(host)s with its data. Set rack_stacks.%(stack)s.services.%(service)s.host to %(host)s: until then no deploy runs."
        % one
        for one in host["waiting"]
    ]
    left = []
    for one in host["left"]:
        services = ", ".join(one["services"])
        if one["volume"]:
            left.append("left behind: the volume %s of %s, now on %s. playbooks/offload_confirm.yml removes it." % (one["volume"], services, one["host"]))
        else:
            left.append("left behind: the directory %s of %s, now on %s. Remove it when nobody needs it." % (one["path"], services, one["host"]))
    return [*waiting, *left, *host["unreadable"]]


def _absent(project: str, service: str, drift: t.Sequence[str]) -> Json:
    """A service that was released and has no container."""
    nothing = dict.fromkeys(("limit", "reservation", "working_set", "percent", "restarts", "oom_kills"))
    return {"project": project, "service": service, "state": "missing", "planned": True, **nothing, "drift": list(drift)}


def _released(stack: Json) -> Json:
    """The current release, the newest run where it is another, what differs, and what could not be read."""
    current, last = stack["current"], stack["last"]
    other = last if last and (not current or last["id"] != current["id"]) else None
    return {"current": current and _told(current), "last": other and _told(other), "drift": stack["drift"], "problem": stack["problem"]}


def _told(release: Json) -> Json:
    return {**{key: release.get(key) for key in _TOLD}, "commits": dict((release["state"] or {}).get("sources", {}))}


def summary(document: Json) -> t.List[str]:
    """What one wants to know first, a few words each."""
    hosts = document["hosts"].values()
    lost = sum(bool(host["problem"]) for host in hosts)
    ailing = sum(host["memory_status"] != "ok" for host in hosts if not host["problem"])
    parts = [_count(len(document["hosts"]), "server")]
    parts += ["%d unreachable" % lost] if lost else []
    parts += ["%d with memory problems" % ailing] if ailing else []
    seen = [host for host in hosts if not host["problem"]]
    waiting, left = (sum(len(host[key]) for host in seen) for key in ("waiting", "left"))
    parts += ["%s for the inventory" % _count(waiting, "move waits", "moves wait")] if waiting else []
    parts += ["%s left behind by moves" % _count(left, "volume or directory", "volumes or directories")] if left else []
    drift = [stack["drift"] for host in seen for stack in host["releases"].values()]
    differing, unknown = sum(len(one or ()) for one in drift), lost or waiting or None in drift or any(host["unreadable"] for host in seen)
    if differing:
        return [*parts, "%s from the release" % _count(differing, "difference")]
    # only of a rack of which all is known
    return [*parts, "nothing differs from the release"] if drift and not unknown else parts


def _count(number: int, one: str, several: str = "") -> str:
    return "%d %s" % (number, one if number == 1 else several or one + "s")


def status_text(document: Json) -> str:
    """The same facts as a table that a person reads, one block a host."""
    return "\n\n".join([", ".join(summary(document)), *(_block(name, host) for name, host in document["hosts"].items())])


def _block(name: str, host: Json) -> str:
    if host["problem"]:
        return "\n".join(_sentence("%s: %s" % (name, host["problem"]), ""))
    lines = ["%s: %s" % (name, ", ".join(_head(host))), "  %s" % ", ".join(_pressed(host))]
    for finding in host["findings"]:
        lines += _sentence("%(level)s, %(subject)s: %(message)s %(help)s" % finding)
    lines += _sentence("budget: %s" % budget_text(host["budget"]))
    for text in moves_text(host):
        lines += _sentence(text)
    lines += _releases(host["releases"])
    rows: t.List[Row] = [("service", "limit", "reserved", "in use", "of limit", "")]
    rows += [_row(service, name) for service, name in zip(host["services"], names(host["services"]))]
    lines += ["  " + line for line in aligned(rows)] if host["services"] else []
    for stack, release in host["releases"].items():
        for one in release["drift"] or ():
            lines += _sentence("drift, %s: %s" % ("/".join(filter(None, (stack, one["service"]))), one["message"]))
    return "\n".join(lines)


def _head(host: Json) -> t.Iterator[str]:
    yield "%s of %s memory available" % (human(host["memory_available"]), human(host["memory_total"]))
    if host["disk"]:
        yield "%s of %s disk free" % (human(host["disk"]["free"]), human(host["disk"]["total"]))


def _pressed(host: Json) -> t.Iterator[str]:
    yield "%s of %s swap used" % (human(host["swap_used"]), human(host["swap_total"])) if host["swap_total"] else "no swap"
    if host["pressure"]:
        yield "pressure: %g %% of the last minute" % host["pressure"]["some"]["avg60"]
    else:
        yield "pressure not measured by this kernel"


def _releases(releases: Json) -> t.List[str]:
    """A row for each stack, with its commits and what else is to say below it."""
    if not releases:
        return []
    rows: t.List[Row] = [("stack", "release", "result", "ended", "by")]
    rows += [_release(name, release["current"]) for name, release in releases.items()]
    head, *lines = ["  " + line for line in aligned(rows)]
    below = [[line for text in _more(release) for line in _sentence(text, "    ")] for release in releases.values()]
    return [head, *(line for own, more in zip(lines, below) for line in (own, *more))]


def _release(stack: str, release: t.Optional[Json]) -> Row:
    if release is None:
        return (stack, "none", "-", "-", "-")
    return (stack, release["id"], result_text(release["result"]), moment(release["ended"] or release["began"]), release["by"] or "-")


def _more(release: Json) -> t.Iterator[str]:
    if release["current"] and release["current"]["commits"]:
        yield ", ".join(commits_text(release["current"]["commits"]))
    if release["last"]:
        yield last_text(release["last"])
    if release["problem"]:
        yield release["problem"]


def commits_text(commits: t.Mapping[str, str]) -> t.List[str]:
    """``website 7a2509b`` for each checkout."""
    return ["%s %s" % (posixpath.basename(folder.rstrip("/")) or folder, commit[:7]) for folder, commit in commits.items()]


def last_text(release: Json) -> str:
    """What became of the newest run where it is not what runs."""
    what = {"started": "is in progress, or was killed", "failed": "failed", "rolled_back": "was rolled back"}
    said = what.get(release["result"], "ended with %s" % release["result"])
    when = "since" if release["result"] == "started" else "at"
    return "last run %s %s, %s %s" % (release["id"], said, when, moment(release["ended"] or release["began"]))


def result_text(result: str) -> str:
    return result.replace("_", " ")


def moment(text: t.Optional[str]) -> str:
    """``2026-11-23 05:46`` of an ISO 8601 moment."""
    return text[:16].replace("T", " ") if text else "-"


def _row(service: Json, name: str) -> Row:
    share = "-" if service["percent"] is None else "%g %%" % service["percent"]
    sizes = (size_text(service["limit"]), size_text(service["reservation"]), size_text(service["working_set"]))
    return (name, *sizes, share, ", ".join("drift" if word.startswith("drift:") else word for word in remarks(service)))


def remarks(service: Json) -> t.List[str]:
    """What a person should know of a service besides its sizes."""
    drift = sorted(set(service["drift"]) - {service["state"]})  # what is missing is said once
    words = ["drift: %s" % ", ".join(drift)] if drift else []
    own = notes(service)
    return [*words, *([own] if own else []), *([] if service["planned"] else ["not in the inventory"])]


def _sentence(text: str, indent: str = "  ") -> t.List[str]:
    """Lines of a screen's width; what cannot be broken, such as a path, stays whole."""
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False)
