# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy did, twice: one table for people, one document for schedulers."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human

Json = t.Dict[str, t.Any]
Row = t.Sequence[str]

#: Raised by one whenever a key of the document changes its meaning or goes.
DOCUMENT_VERSION = 1


def deploy_document(hosts: t.Sequence[Json], check: bool, purge: Json) -> Json:
    """The facts of one run in plain JSON types; sizes in bytes.

    ``hosts``: for each host ``host``, ``plan`` (of memory_plan), ``memory_before``
    and ``memory`` (of memory_check), ``freed`` (of docker_prune), ``commits``,
    ``changed_projects`` (of docker_watch) and ``restored``, the stacks of docker_release after a rollback.
    """
    return {
        "version": DOCUMENT_VERSION,
        "check_mode": check,
        "hosts": {host["host"]: _host(host, check) for host in hosts},
        "purge": {"purged": bool(purge.get("changed", False))},
    }


def _host(facts: Json, check: bool) -> Json:
    now = facts["memory"]["host"]
    services = [_service(container, facts["plan"]) for container in facts["memory"]["containers"]]
    return {
        "memory_total": now["total"],
        "memory_available_before": facts["memory_before"].get("available"),
        "memory_available": now["available"],
        "memory_status": facts["memory"]["status"],
        "budget": _budget(facts["plan"]["memory"], now["total"], services),
        "findings": facts["memory"]["findings"],
        "disk_freed": facts["freed"].get("total"),
        "commits": facts["commits"],
        "changed_stacks": _changed_stacks(facts, check),
        "services": services,
        "rolled_back": {name: _rolled_back(facts["plan"]["stacks"].get(name, {}), stack) for name, stack in _restored(facts).items()},
    }


def _restored(facts: Json) -> Json:
    return {name: stack for name, stack in (facts.get("restored") or {}).items() if stack.get("release")}


def _rolled_back(planned: Json, stack: Json) -> Json:
    """The release that runs, and for each checkout ``commit``, ``left``, the one before the rollback, and the ``version`` that the next deploy checks out."""
    release, versions = stack["release"], {source["dest"]: source["version"] for source in planned.get("sources", ())}
    checkouts = [
        {"dest": folder, "commit": commit, "left": stack["left"].get(folder), "version": versions.get(folder)}
        for folder, commit in ((release.get("state") or {}).get("sources") or {}).items()
    ]
    return {"release": release["id"], "checkouts": checkouts}


def _changed_stacks(facts: Json, check: bool) -> t.List[str]:
    """The stacks of which a container was started; in check mode, which starts nothing, those that a real run starts."""
    plan = facts["plan"]
    if check:
        return sorted({start["stack"] for start in plan["starts"]})
    return sorted(name for name, stack in plan["stacks"].items() if stack["project"] in facts["changed_projects"])


def _budget(plan: Json, total: int, services: t.Iterable[Json]) -> Json:
    """The plan's budget, with the memory that the host has and what runs unplanned at this moment."""
    unplanned = [service for service in services if service["working_set"] and not service["planned"]]
    others = sum(service["limit"] or 0 for service in unplanned)
    unlimited = sum(service["working_set"] for service in unplanned if not service["limit"])
    return {**plan, "total": total, "others": others, "unlimited": unlimited, "headroom": total - plan["reserve"] - plan["limits"] - others}


def _service(container: Json, plan: Json) -> Json:
    return {
        "project": container["project"],
        "service": container["service"] or container["name"],
        "limit": container["limit"],
        "reservation": container["reservation"],
        "working_set": container["working_set"],
        "percent": container["percent"],
        "state": container["state"],
        "restarts": container["restarts"],
        "oom_kills": container["oom_kills"],
        "planned": any(container["project"] == stack["project"] and container["service"] in stack["services"] for stack in plan["stacks"].values()),
    }


def deploy_text(document: Json) -> str:
    """The same facts as a table that a person reads, one block a host."""
    blocks = [_block(name, host) for name, host in document["hosts"].items()]
    return "\n\n".join(blocks)


def _block(name: str, host: Json) -> str:
    before = host["memory_available_before"]
    head = "%s: %s of %s memory available" % (name, human(host["memory_available"]), human(host["memory_total"]))
    if before is not None:
        head += " (before: %s)" % human(before)
    if host["disk_freed"] is not None:
        head += ", %s of disk freed" % human(host["disk_freed"])
    lines = [head] + ["  %(level)s, %(subject)s: %(message)s %(help)s" % finding for finding in host["findings"]]
    lines.append("  budget: %s" % budget_text(host["budget"]))
    rows: t.List[Row] = [("service", "limit", "reserved", "in use", "of limit", "")]
    rows += [_row(service, name) for service, name in zip(host["services"], names(host["services"]))]
    lines += ["  " + line for line in aligned(rows)]
    if host["commits"]:
        commits: t.List[Row] = [("checkout", "from", "to")]
        commits += [(commit["dest"], _commit(commit["from"]), _commit(commit["to"])) for commit in host["commits"]]
        lines += ["  " + line for line in aligned(commits)]
        lines += ["    %s" % subject for commit in host["commits"] for subject in commit.get("log", ())]
    return "\n".join(lines + ["  " + line for line in _rollback_lines(host["rolled_back"])])


def _rollback_lines(stacks: Json) -> t.List[str]:
    """What runs after a rollback, what the next deploy checks out, and how to hold what runs where that brings back what was left."""
    if not stacks:
        return []
    rows: t.List[Row] = [("rolled back", "release", "checkout", "runs", "left", "next deploy")]
    checkouts = [(name, stack["release"], checkout) for name, stack in stacks.items() for checkout in stack["checkouts"] or [_NO_CHECKOUT]]
    rows += [(name, release, one["dest"], _commit(one["commit"]), _commit(one["left"]), _next(one)) for name, release, one in checkouts]
    lines = aligned(rows)
    back = [one for _name, _release, one in checkouts if one["left"] not in (None, one["commit"]) and one["version"] and not _is_held(one)]
    if back:
        lines.append("The next deploy checks out again what was left, unless something newer was pushed. To hold what runs, set in rack_stacks until then:")
        lines += ["  version: %s  # of the source with dest: %s" % (one["commit"], one["dest"]) for one in back]
    return lines


_NO_CHECKOUT: Json = {"dest": "-", "commit": None, "left": None, "version": None}

#: Digits that a version has at least to be read as a commit.
_SHORTEST = 7


def _is_held(checkout: Json) -> bool:
    """Whether the inventory names the commit that runs."""
    version = checkout["version"] or ""
    return len(version) >= _SHORTEST and (checkout["commit"] or "").startswith(version)


def _next(checkout: Json) -> str:
    if not checkout["version"]:
        return "-"
    version = checkout["version"]
    return "the same" if _is_held(checkout) else "checks out %s" % (version[:12] if len(version) == len("0" * 40) else version)


def budget_text(budget: Json) -> str:
    """``62G = limits 48G + reserve 6G (builds up to 4G, containers without a limit 300M) + headroom 8G``."""
    parts = (("builds up to", budget["build"]), ("containers without a limit", budget["unlimited"]))
    inside = ", ".join("%s %s" % (what, human(size)) for what, size in parts if size)
    return "%s = limits %s%s + reserve %s%s + headroom %s" % (
        human(budget["total"]),
        human(budget["limits"]),
        " + limits of others %s" % human(budget["others"]) if budget["others"] else "",
        human(budget["reserve"]),
        " (%s)" % inside if inside else "",
        human(budget["headroom"]),
    )


def names(services: t.Sequence[Json]) -> t.List[str]:
    """The name of each service; with its project before it, ``shop/app``, where another project has a service of that name."""
    projects: t.Dict[str, t.Set[t.Optional[str]]] = {}
    for one in services:
        projects.setdefault(one["service"], set()).add(one["project"])
    return ["/".join(filter(None, (one["project"] if len(projects[one["service"]]) > 1 else None, one["service"]))) for one in services]


def _row(service: Json, name: str) -> Row:
    share = "-" if service["percent"] is None else "%g %%" % service["percent"]
    return (_label(service, name), size_text(service["limit"]), size_text(service["reservation"]), size_text(service["working_set"]), share, notes(service))


def notes(service: Json) -> str:
    """What a person should know of a service besides its sizes."""
    notes = [] if service["state"] == "running" else [service["state"]]
    for count, what in ((service["oom_kills"], "killed for want of memory"), (service["restarts"], "restarted")):
        if count:
            notes.append("%s %s" % (what, "once" if count == 1 else "%d times" % count))
    return ", ".join(notes)


def _label(service: Json, name: str) -> str:
    return name if service["planned"] else "%s (not in the inventory)" % name


def size_text(size: t.Optional[int]) -> str:
    return human(size) if size else "-"


def _commit(commit: t.Optional[str]) -> str:
    return commit[:12] if commit else "-"


def aligned(rows: t.Sequence[Row]) -> t.List[str]:
    """The rows as lines, every column as wide as its widest cell, two blanks between."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
