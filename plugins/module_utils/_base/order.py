# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a graph: users before what they use."""

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


def stop_order(needs: Graph, harm: t.Mapping[str, t.Any]) -> t.List[str]:
    """The keys of ``harm``, each before everything that it needs; among those whose turn it may be, the least harm first.

    Nobody outside ``harm`` needs one of them, and ``needs`` has no circle.
    """
    among = {name: [other for other in needs[name] if other in harm] for name in harm}
    waiting = {name: len(users) for name, users in users(among).items()}
    ready = [(harm[name], name) for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _harm, name = heapq.heappop(ready)
        order.append(name)
        for other in freed(set(among[name]), waiting):
            heapq.heappush(ready, (harm[other], other))
    return order
