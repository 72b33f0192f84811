# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a graph: users before what they use, and how many of an ordered list are enough."""

from __future__ import annotations

import heapq
import typing as t

#: name -> names that it needs
Graph = t.Dict[str, t.List[str]]


def users(needs: Graph) -> Graph:
    result: Graph = {name: [] for name in needs}
    for name, needed in needs.items():
        for other in set(needed):
            result[other].append(name)
    return result


def freed(names: t.Iterable[str], waiting: t.Dict[str, int]) -> t.List[str]:
    """One thing less to wait for: those of ``names`` that wait for nothing any more."""
    for name in names:
        waiting[name] -= 1
    return [name for name in names if not waiting[name]]


def stop_order(needs: Graph, stop_priority: t.Mapping[str, t.Any]) -> t.List[str]:
    """The keys of ``stop_priority`` in stop order: each before everything that it needs, otherwise the lowest priority first.

    No name outside ``stop_priority`` needs one of them, and ``needs`` has no cycle.
    """
    among = {name: [other for other in needs[name] if other in stop_priority] for name in stop_priority}
    waiting = {name: len(users) for name, users in users(among).items()}
    ready = [(stop_priority[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _priority, name = heapq.heappop(ready)
        order.append(name)
        for other in freed(set(among[name]), waiting):
            heapq.heappush(ready, (stop_priority[other], other))
    return order


T = t.TypeVar("T")


def enough(ordered: t.Iterable[T], missing: int, frees: t.Callable[[T], int]) -> t.List[T]:
    """The first of ``ordered`` that together free ``missing`` bytes; all of them where they do not."""
    chosen: t.List[T] = []
    for one in ordered:
        if missing <= 0:
            break
        chosen.append(one)
        missing -= frees(one)
    return chosen
