# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Compose override for one stack on one host.

The stack's own files are never edited. The override says what the plan knows
better: limits with the keys the base uses, the environment, heap hints, which
tracked files a service has mounted, and which services do not run on this host. Needs Compose 2.24.4 or newer, which knows
the tags ``!override`` and ``!reset``.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact, parse_size, reservation_within
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import MOUNTED
from ansible_collections.mycosoft.rack.plugins.module_utils._override.health import first_checks
from ansible_collections.mycosoft.rack.plugins.module_utils._override.heap import heap_environment

Json = t.Dict[str, t.Any]

#: A profile that nobody enables: its services exist for Compose, and stay inactive.
ELSEWHERE = "elsewhere"

#: Keys by which a service joins another one's container: they cannot live on two hosts.
_JOINS = ("network_mode", "ipc", "pid")


class Replace:
    """A value that takes the place of the base's value, instead of being merged into it (Compose's ``!override``)."""

    def __init__(self, value: t.Any) -> None:
        self.value = value


class Remove(Replace):
    """Nothing in the place of the base's value (Compose's ``!reset``)."""

    def __init__(self) -> None:
        super().__init__(None)


@dataclass(frozen=True)
class Override:
    """The override as a mapping, and ``notes`` on it, one line each: where the plan wins over what the Compose files say.

    Values to replace or remove are marked by :class:`Replace` and :class:`Remove`.
    """

    document: Json
    notes: t.Sequence[str]


def override(config: t.Any, stack: t.Any, start_interval: bool = False, mounted: t.Optional[t.Mapping[str, str]] = None) -> Override:
    """What the Compose files do not say, or say differently.

    ``config``: the answer of ``docker compose config --format json`` on the
    base files; ``stack``: ``hosts[h].stacks[s]`` of the plan; ``start_interval``:
    whether the engine knows it; ``mounted``: service -> digest of the tracked
    files that it has mounted. Raises InvalidInput with all problems at once.
    """
    services = _services(config)
    here = stack["services"]
    problems = [
        "the inventory lists the service %s, the Compose files do not have it. %s" % (name, suggestion(name, services))
        for name in [*here, *stack["elsewhere"]]
        if name not in services
    ]
    absent = _absent(services, stack)
    notes: t.List[str] = []
    result: Json = {}
    for name in services:
        if name in absent:
            result[name] = {"profiles": Replace([ELSEWHERE])}
            continue
        result[name] = _detached(name, services[name], absent, problems)
        if name in here:
            _check_copies(name, services[name], problems)
            result[name].update(_planned(name, services[name], here[name], start_interval, notes))
        if mounted and name in mounted:
            result[name]["labels"] = {MOUNTED: mounted[name]}
    if problems:
        raise InvalidInput(
            "Cannot write the override of project %s: %s\n%s" % (stack["project"], _count(problems), "\n".join("- %s" % line for line in problems)),
            problems=problems,
        )
    return Override({"services": {name: service for name, service in result.items() if service}}, notes)


def _services(config: t.Any) -> t.Dict[str, Json]:
    services = config.get("services") if isinstance(config, dict) else None
    if not isinstance(services, dict):
        raise InvalidInput("Cannot write the override: the configuration has no services. Hand over what `docker compose config --format json` prints.")
    return services


def _count(problems: t.Sequence[str]) -> str:
    return "1 problem" if len(problems) == 1 else "%d problems" % len(problems)


def _absent(services: t.Iterable[str], stack: Json) -> t.Dict[str, str]:
    """Service -> why it does not run here. What nobody listed runs at the stack's home only."""
    absent = {name: "runs on %s" % host for name, host in stack["elsewhere"].items()}
    if not stack["home"]:
        absent.update({name: "is not listed, so it runs at the stack's home" for name in services if name not in stack["services"] and name not in absent})
    return absent


def _planned(name: str, base: Json, service: Json, start_interval: bool, notes: t.List[str]) -> Json:
    """The part of the override that comes from the plan, for a service that runs here."""
    own = _own(base)
    wanted = {**service, "reservation": _reservation(own, service)}
    notes += ["%s: %s %s, the Compose files say %s" % (name, *difference) for difference in _differences(own, wanted)]
    result: Json = {}
    if base.get("profiles"):
        result["profiles"] = Remove()  # listed services always run, whatever profile the base put them into
    result.update(_limits(base, wanted))
    if service.get("oom_score_adj") is not None:
        result["oom_score_adj"] = service["oom_score_adj"]
    environment, heap_note = _environment(base, service)
    if environment:
        result["environment"] = environment
    checks, check_note = first_checks(base, start_interval)
    notes += ["%s: %s" % (name, note) for note in (heap_note, check_note) if note]
    return {**result, **checks}


def _environment(base: Json, service: Json) -> t.Tuple[t.Dict[str, str], t.Optional[str]]:
    """The variables that the plan sets, and a note on the heap hint."""
    own = {key: _literal(value) for key, value in service["env"].items()}
    if not service.get("heap"):
        return own, None
    hint, note = heap_environment(service["heap"], own, base.get("environment") or {})
    return {**own, **hint}, note


def _check_copies(name: str, base: Json, problems: t.List[str]) -> None:
    copies = base.get("scale", (base.get("deploy") or {}).get("replicas"))
    if copies is not None and int(copies) > 1:
        problems.append(
            "the Compose files start %s %d times, the plan counts its limit once. Set its scale to 1, or list each copy as a service." % (name, int(copies))
        )


#: How Compose writes swap without a limit.
_UNLIMITED = -1

#: The sizes that the plan decides: their key there, their name for people, the key of a service, the group of deploy.resources.
_SIZES = (("memory", "memory", "mem_limit", "limits"), ("reservation", "reservation", "mem_reservation", "reservations"))


def _own(base: Json) -> Json:
    """What the Compose files themselves say, by the keys of the plan; sizes in bytes, None where they say nothing."""
    resources = _resources(base)
    own = {planned: _bytes(base.get(key) or (resources.get(group) or {}).get("memory")) for planned, _label, key, group in _SIZES}
    return {**own, "memory_swap": _bytes(base.get("memswap_limit")), "oom_score_adj": base.get("oom_score_adj")}


def _resources(base: Json) -> Json:
    return (base.get("deploy") or {}).get("resources") or {}


def _bytes(value: t.Any) -> t.Optional[int]:
    if not value:
        return None
    return _UNLIMITED if str(value) == str(_UNLIMITED) else parse_size(value)


def _differences(own: Json, wanted: Json) -> t.List[t.Tuple[str, str, str]]:
    """(what, planned, in the Compose files) wherever both say something, and not the same."""
    sizes = [(planned, label) for planned, label, _key, _group in _SIZES] + [("memory_swap", "memory and swap")]
    result = [(label, exact(wanted[key]), "unlimited" if own[key] == _UNLIMITED else exact(own[key])) for key, label in sizes if _differ(own[key], wanted[key])]
    adjust = wanted.get("oom_score_adj")
    return result + ([("oom_score_adj", str(adjust), str(own["oom_score_adj"]))] if _differ(own["oom_score_adj"], adjust) else [])


def _differ(one: t.Any, other: t.Any) -> bool:
    return one is not None and other is not None and one != other


def _limits(base: Json, wanted: Json) -> Json:
    """Limit and reservation, each under the key or keys that the base uses: Compose refuses two different values."""
    resources = _resources(base)
    short = "mem_limit" in base or "mem_reservation" in base  # the base's way of writing
    result: Json = {}
    deploy: Json = {}
    for planned, _label, key, group in _SIZES:
        size = wanted[planned]
        if size is None:
            continue
        in_deploy = "memory" in (resources.get(group) or {})
        if key in base or (short and not in_deploy):
            result[key] = exact(size)
        if in_deploy or not short:
            deploy[group] = {"memory": exact(size)}
    if deploy:
        result["deploy"] = {"resources": deploy}
    # without it the engine allows as much swap as memory again
    result["memswap_limit"] = exact(wanted["memory_swap"])
    return result


def _reservation(own: Json, service: Json) -> t.Optional[int]:
    """The reservation to write; None where that of the Compose files stays as it is."""
    reservation = reservation_within(service["memory"], service["reservation"], own["reservation"])
    return None if service["reservation"] is None and reservation == own["reservation"] else reservation


def _literal(value: str) -> str:
    """Compose replaces ``$NAME`` in every value; the inventory means what it says."""
    return value.replace("$", "$$")


def _detached(name: str, base: Json, absent: t.Mapping[str, str], problems: t.List[str]) -> Json:
    """What a service that runs here has to let go of: services that do not."""
    result: Json = {}
    needed = base.get("depends_on") or {}
    kept = {other: condition for other, condition in needed.items() if other not in absent}
    if len(kept) < len(needed):
        result["depends_on"] = Replace(kept) if kept else Remove()
    links = base.get("links") or []
    kept_links = [link for link in links if link.split(":", 1)[0] not in absent]
    if len(kept_links) < len(links):
        result["links"] = Replace(kept_links) if kept_links else Remove()
    problems += [
        "%s shares a part of the container of %s, which %s. Place both on one host." % (name, other, absent[other])
        for other in _joined(base)
        if other in absent
    ]
    return result


def _joined(base: Json) -> t.List[str]:
    """The services whose container this one joins: ``network_mode: service:x`` and the like, and ``volumes_from``."""
    joined = [str(base[key]).split(":", 1)[1] for key in _JOINS if str(base.get(key, "")).startswith("service:")]
    volumes = [str(entry) for entry in base.get("volumes_from") or []]
    return joined + [entry.split(":", 1)[0] for entry in volumes if not entry.startswith("container:")]
