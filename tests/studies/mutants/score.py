# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mutmut found out about every mutant, and what that is worth. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

#: A mutant that makes the code loop for ever is noticed, too. Whatever else mutmut calls a mutant, no test failed because of it.
NOTICED = ("killed", "timeout")


@dataclass(frozen=True)
class Mutant:
    """One small change of the code; ``name`` is mutmut's: the module's path, the function and a number."""

    name: str
    status: str

    @property
    def module(self) -> str:
        """Package and module, as in ``_prune.keep``."""
        return ".".join(self.name.split(".")[-3:-1])

    @property
    def killed(self) -> bool:
        return self.status in NOTICED


def mutants(results: str) -> list[Mutant]:
    """The mutants in what ``mutmut results --all true`` prints."""
    lines = (line.strip().rpartition(": ") for line in results.splitlines())
    return [Mutant(name, status) for name, colon, status in lines if colon and "__mutmut_" in name]


def percent(found: t.Sequence[Mutant]) -> float:
    """How many of a hundred were killed; nothing to kill is no success."""
    return 100 * sum(mutant.killed for mutant in found) / len(found) if found else 0.0


def by_module(found: t.Sequence[Mutant], modules: t.Sequence[str]) -> dict[str, list[Mutant]]:
    return {module: [mutant for mutant in found if mutant.module == module] for module in modules}


def table(groups: t.Mapping[str, t.Sequence[Mutant]]) -> str:
    """One line for each module and one for all together."""
    everything = [mutant for group in groups.values() for mutant in group]
    rows = [("", "mutants", "killed", "survived", "percent"), *(_row(name, group) for name, group in groups.items()), _row("all", everything)]
    width = max(len(row[0]) for row in rows)
    return "\n".join("   ".join((row[0].ljust(width), *(cell.rjust(8) for cell in row[1:]))) for row in rows)


def _row(name: str, group: t.Sequence[Mutant]) -> tuple[str, ...]:
    killed = sum(mutant.killed for mutant in group)
    return (name, str(len(group)), str(killed), str(len(group) - killed), "%.1f" % percent(group))
