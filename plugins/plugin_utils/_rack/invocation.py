# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run, as it was called, does all steps of its playbook on at least one server of the rack. Pure.

Ansible itself ends such a run with 0 although nothing was done: every task was left out by a tag, or no host matched.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput

GROUP = "rack"

#: Values of --tags and --skip-tags that mean tasks without a tag, which all tasks of this collection are.
_UNTAGGED = frozenset({"all", "untagged"})


@dataclass(frozen=True)
class Invocation:
    """The options of ansible-playbook, or what stands for them in its configuration, that leave out tasks or hosts."""

    only: t.Sequence[str] = ("all",)
    skip: t.Sequence[str] = ()
    start_at: t.Optional[str] = None
    step: bool = False
    limit: t.Optional[str] = None

    def left_out(self) -> t.Iterator[str]:
        """One sentence for each option that leaves out tasks."""
        if self.only and not _UNTAGGED & set(self.only):
            yield "--tags %s leaves out every step, because no step has a tag. Run without tags." % ",".join(self.only)
        if _UNTAGGED & set(self.skip):
            yield "--skip-tags %s leaves out every step. Run without it." % ",".join(self.skip)
        if self.start_at:
            yield "--start-at-task %s leaves out the checks and the lock before it. Run from the beginning." % self.start_at
        if self.step:
            yield "--step leaves out each task that is not confirmed. Run without it; --check shows what would be done."


def checked_group(groups: t.Mapping[str, t.Sequence[str]], reached: t.Sequence[str], invocation: Invocation) -> str:
    """The group of servers. Raises InvalidInput, with all reasons, if the run would leave out a step, or reach no server.

    ``reached``: the hosts of the inventory that --limit leaves, of whatever group.
    """
    problems = list(invocation.left_out())
    servers = groups.get(GROUP, ())
    if not servers:
        problems.append("the inventory has no server in the group %s. Name the inventory of the rack with -i." % GROUP)
    elif not set(servers) & set(reached):
        problems.append("--limit %s names none of its servers (%s). Correct it." % (invocation.limit, ", ".join(servers)))
    if problems:
        raise InvalidInput("Cannot run on the rack: %s" % " ".join(problems))
    return GROUP
