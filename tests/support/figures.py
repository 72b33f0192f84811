# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measured seconds say. Pure."""

from __future__ import annotations

import dataclasses
import re
import statistics
import typing as t

_RECAP = re.compile(r"^(\S+)\s+: (ok=\d+ .*)$", re.MULTILINE)
_COUNT = re.compile(r"\b(?:ok|skipped)=(\d+)")


@dataclasses.dataclass(frozen=True)
class Measured:
    """One way to deploy: the seconds of each round, and its tasks on each host when Ansible ran it."""

    name: str
    seconds: tuple[float, ...]
    tasks: t.Mapping[str, int] = dataclasses.field(default_factory=dict)


def tasks_per_host(output: str) -> dict[str, int]:
    """Host -> tasks that ran or were skipped, from the recap at the end of ansible-playbook's output."""
    return {host: sum(map(int, _COUNT.findall(counts))) for host, counts in _RECAP.findall(output)}


def ratios(above: Measured, below: Measured) -> tuple[float, ...]:
    """One divided by the other, round by round: what the machine did meanwhile slowed both."""
    return tuple(one / other for one, other in zip(above.seconds, below.seconds, strict=True))


def table(ours: Measured, others: t.Sequence[Measured]) -> str:
    """One line for each way: median seconds, ratio of ours to it with the lowest and the highest of all rounds, tasks for each host."""
    return grid([("", "seconds", "ours / it", "tasks per host"), *(_row(ours, measured) for measured in (ours, *others))])


def grid(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def middle(values: t.Sequence[float], digits: int) -> str:
    """The median, and how far to trust it: the lowest and the highest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def _row(ours: Measured, measured: Measured) -> tuple[str, str, str, str]:
    ratio = "1" if measured is ours else middle(ratios(ours, measured), 2)
    tasks = " to ".join(map(str, sorted({min(measured.tasks.values()), max(measured.tasks.values())}))) if measured.tasks else "none"
    return measured.name, middle(measured.seconds, 1), ratio, tasks
