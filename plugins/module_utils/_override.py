# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Compose override for one stack on one host.

The stack's own files are never edited. The override says what the plan knows
better: limits with the keys the base uses, the environment, and which
services do not run on this host. Needs Compose 2.24.4 or newer, which knows
the tags ``!override`` and ``!reset``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._schema import suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._units import exact, parse_size

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


def override(config: t.Any, stack: t.Any) -> Json:
    """The override as a mapping; values to replace or remove are marked by :class:`Replace` and :class:`Remove`.

    ``config``: the answer of ``docker compose config --format json`` on the
    base files; ``stack``: ``hosts[h].stacks[s]`` of the plan. Raises
    InvalidInput with all problems at once.
    """
    services = _services(config)
    here = stack["services"]
    problems = [
        "the inventory lists the service %s, the Compose files do not have it. %s" % (name, suggestion(name, services))
        for name in [*here, *stack["elsewhere"]]
        if name not in services
    ]
    absent = _absent(services, stack)
    result: Json = {}
    for name in services:
        if name in absent:
            result[name] = {"profiles": Replace([ELSEWHERE])}
            continue
        result[name] = {**_detached(name, services[name], absent, problems), **(_planned(name, services[name], here[name], problems) if name in here else {})}
    if problems:
        raise InvalidInput(
            "Cannot write the override of project %s: %s\n%s" % (stack["project"], _count(problems), "\n".join("- %s" % line for line in problems)),
            problems=problems,
        )
    return {"services": {name: service for name, service in result.items() if service}}


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


def _planned(name: str, base: Json, service: Json, problems: t.List[str]) -> Json:
    """The part of the override that comes from the plan, for a service that runs here."""
    _check_copies(name, base, problems)
    result: Json = {}
    if base.get("profiles"):
        result["profiles"] = Remove()  # listed services always run, whatever profile the base put them into
    result.update(_limits(base, service))
    if service["env"]:
        result["environment"] = {key: _literal(value) for key, value in service["env"].items()}
    return result


def _check_copies(name: str, base: Json, problems: t.List[str]) -> None:
    copies = base.get("scale", (base.get("deploy") or {}).get("replicas"))
    if copies is not None and int(copies) > 1:
        problems.append(
            "the Compose files start %s %d times, the plan counts its limit once. Set its scale to 1, or list each copy as a service." % (name, int(copies))
        )


def _limits(base: Json, service: Json) -> Json:
    """Limit and reservation, each under the key or keys that the base uses: Compose refuses two different values."""
    resources = (base.get("deploy") or {}).get("resources") or {}
    short = "mem_limit" in base or "mem_reservation" in base  # the base's way of writing
    result: Json = {}
    deploy: Json = {}
    for key, group, size in (("mem_limit", "limits", service["memory"]), ("mem_reservation", "reservations", _reservation(base, resources, service))):
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
    result["memswap_limit"] = exact(service["memory_swap"])
    return result


def _reservation(base: Json, resources: Json, service: Json) -> t.Optional[int]:
    """The plan's reservation; else a base's own one above the planned limit, cut to it: the engine refuses more."""
    if service["reservation"] is not None:
        return t.cast(int, service["reservation"])
    own = [base.get("mem_reservation"), (resources.get("reservations") or {}).get("memory")]
    return service["memory"] if any(size is not None and parse_size(size) > service["memory"] for size in own) else None


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
