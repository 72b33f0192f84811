# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services to move so that every host holds what is placed on it.

Pure. A proposal is a rack that the plan accepts: each one is tried as if somebody had written it, so whatever refuses an inventory refuses a move. Fewest moves
come first, then the smallest peak: the largest share of a host's memory that limits and reserve take.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from fractions import Fraction

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.order import Graph
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import suggestion
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.addresses import addresses
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.budget import MemoryBudget, budgets
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.hosts import Host, HostInput, read_hosts
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.inventory import Rack, Service, read_rack
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.needs import graph, stages
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.placement import check_placement

Json = t.Dict[str, t.Any]
#: Ids of services -> the host that each one moves to.
Moves = t.Dict[str, str]
Hosts = t.Mapping[str, Host]

#: Racks that are tried before the search gives up: seconds of work.
MOST_TRIED = 50000


@dataclasses.dataclass(frozen=True)
class Trial:
    """A rack with ``moves`` made; ``problems``: why it cannot be."""

    moves: Moves
    budgets: t.Mapping[str, MemoryBudget]
    problems: t.Tuple[str, ...]

    @property
    def peak(self) -> Fraction:
        """The largest share of its memory that is spoken for on a host whose memory is known; 0 where none is."""
        return max((_share(budget) for budget in self.budgets.values() if budget.host.total), default=Fraction(0))


def propose(stacks: t.Any, externals: t.Any, given: HostInput, pins: t.Any = None) -> Json:
    """The moves as plain JSON types. ``pins``: ids (``stack/service``) of services that stay, beside the public ones.

    Raises InvalidInput where the inventory is wrong in another way than by its memory, or the search would take too long.
    """
    problems: t.List[str] = []
    hosts = read_hosts(given, problems)
    rack = read_rack(stacks, externals or {}, problems)
    check_placement(rack, hosts, problems)
    needs = graph(rack, problems)
    stages(needs, problems)
    addresses(rack, needs, hosts, problems)
    stay = _pinned(rack, needs, pins, problems)
    if problems:
        raise InvalidInput("Cannot place services: %s" % "; ".join(problems), problems=problems)
    today = _tried(rack, hosts, {})
    found = _search(rack, hosts, [service for service in rack.services() if service.id not in stay], today)
    return _told(rack, today, found, stay)


def _pinned(rack: Rack, needs: Graph, pins: t.Any, problems: t.List[str]) -> t.Dict[str, str]:
    """Who stays, and why."""
    known = {service.id: service for service in rack.services()}
    told = {name for name, service in known.items() if service.address is not None}
    reasons = {name: "%s needs it and nothing tells it where it is (address)" % user for user, others in needs.items() for name in others if name not in told}
    reasons.update({name: "it is public" for name, service in known.items() if service.public})
    for name in pins or []:
        if name not in known:
            problems.append("pins: %r is no service of the rack. %s" % (name, suggestion(name, known)))
        reasons[name] = "it is pinned"
    return reasons


def _tried(rack: Rack, hosts: Hosts, moves: Moves) -> Trial:
    problems: t.List[str] = []
    moved = _moved(rack, moves)
    check_placement(moved, hosts, problems)
    return Trial(moves, budgets(moved, hosts, problems), tuple(problems))


def _moved(rack: Rack, moves: Moves) -> Rack:
    def there(service: Service) -> Service:
        return dataclasses.replace(service, host=moves[service.id]) if service.id in moves else service

    return dataclasses.replace(
        rack,
        stacks={
            name: dataclasses.replace(stack, services={key: there(service) for key, service in stack.services.items()}) for name, stack in rack.stacks.items()
        },
    )


def _search(rack: Rack, hosts: Hosts, movable: t.Sequence[Service], today: Trial) -> t.Optional[Trial]:
    """The trial with the fewest moves, and of those with the smallest peak; None where no one holds."""
    if not today.problems:
        return today
    targets = [name for name, host in hosts.items() if host.total is not None]  # whoever has unknown memory takes nothing
    left = MOST_TRIED
    for count in range(1, len(movable) + 1):
        ways = list(itertools.islice(_ways(movable, targets, count), left + 1))
        if len(ways) > left:
            raise InvalidInput("Cannot place services: there are too many ways to make %d moves. Pin more services." % count)
        left -= len(ways)
        held = [trial for trial in (_tried(rack, hosts, moves) for moves in ways) if not trial.problems]
        if held:
            return min(held, key=lambda trial: trial.peak)
    return None


def _ways(movable: t.Sequence[Service], targets: t.Sequence[str], count: int) -> t.Iterator[Moves]:
    """Every way to move so many services, each to another host than its own."""
    for services in itertools.combinations(movable, count):
        for chosen in itertools.product(*([host for host in targets if host != service.host] for service in services)):
            yield {service.id: host for service, host in zip(services, chosen)}


def _told(rack: Rack, today: Trial, found: t.Optional[Trial], stay: t.Mapping[str, str]) -> Json:
    services = {service.id: service for service in rack.services()}
    moves = [_move(services[name], host, found) for name, host in found.moves.items()] if found else []
    return {
        "fits": found is not None,
        "moves": moves,
        "peak": {"before": _percent(today.peak), "after": _percent((found or today).peak)},
        "problems": list(today.problems),
        "stay": dict(stay),
        "message": _message(today, found, moves, stay),
    }


def _move(service: Service, host: str, found: t.Optional[Trial]) -> Json:
    granted = found.budgets[host].granted[service.id].memory if found else 0
    return {"stack": service.stack, "service": service.name, "from": service.host, "to": host, "memory": granted}


def _message(today: Trial, found: t.Optional[Trial], moves: t.Sequence[Json], stay: t.Mapping[str, str]) -> str:
    if found is today:
        return "Everything fits where it is: at most %s of a host's memory is spoken for." % _percent(today.peak)
    why = " ".join(today.problems)
    if found is None:
        kept = ", ".join("%s (%s)" % pair for pair in sorted(stay.items())) or "none"
        return "No move helps. %s Services that stay: %s." % (why, kept)
    told = ", ".join("%s/%s (%s) from %s to %s" % (move["stack"], move["service"], human(move["memory"]), move["from"], move["to"]) for move in moves)
    return "Move %s: then at most %s of a host's memory is spoken for, instead of %s. %s Each move: playbooks/offload.yml." % (
        told,
        _percent(found.peak),
        _percent(today.peak),
        why,
    )


def _share(budget: MemoryBudget) -> Fraction:
    return Fraction(budget.host.reserve + budget.limits + budget.others, budget.host.total or 1)


def _percent(share: Fraction) -> str:
    return "%.0f %%" % (100 * float(share))
