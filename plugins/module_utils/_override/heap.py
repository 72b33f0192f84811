# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hints to a runtime how large its heap may become, derived from the limit of its container.

Without one each goes by a default of its own: Java leaves three quarters of
the limit unused, Node.js stays far below a large limit and may exceed a small
one.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import MIB

DEFAULT_PERCENT = 75


@dataclass(frozen=True)
class Runtime:
    """``variable`` carries options to it; ``decided`` finds those that already say how large the heap is."""

    variable: str
    decided: t.Pattern[str]
    option: t.Callable[[int, int], str]  # of the heap in MiB and its percentage of the limit


RUNTIMES: t.Mapping[str, Runtime] = {
    # V8 takes dashes and underscores alike, and 0 for its own default
    "node": Runtime("NODE_OPTIONS", re.compile(r"--max[-_]old[-_]space[-_]size"), lambda mib, _percent: "--max-old-space-size=%d" % max(mib, 1)),
    # Java 8 refuses a percentage without its decimal point
    "java": Runtime("JAVA_TOOL_OPTIONS", re.compile(r"-Xmx|-XX:Max(?:RAM|Heap)"), lambda _mib, percent: "-XX:MaxRAMPercentage=%.1f" % percent),
}

#: Parts of options that may hold a secret, which must not be copied into a file whose difference is shown:
#: properties other than those of Java itself, options of agents, a password in an address.
_MAY_BE_SECRET = re.compile(r"-D(?!(?:file|java|jdk|sun|user)\.)|-(?:javaagent|agentlib|agentpath):\S*=|://\S*@")


def heap(runtime: str, percent: t.Optional[int], limit: int) -> t.Dict[str, t.Any]:
    """The heap of one service as plan data: ``runtime``, ``percent`` of the limit and ``bytes``, whole MiB."""
    share = DEFAULT_PERCENT if percent is None else percent
    return {"runtime": runtime, "percent": share, "bytes": limit * share // 100 // MIB * MIB}


def heap_environment(planned: t.Mapping[str, t.Any], own: t.Mapping[str, str], base: t.Mapping[str, t.Any]) -> t.Tuple[t.Dict[str, str], t.Optional[str]]:
    """The variable with the hint at its end, and a sentence where somebody has to add it by hand.

    ``own``: the environment that the inventory gives; it takes the place of ``base``, that of the Compose files. Neither an
    option nor a sentence where one of them says already how large the heap is.
    """
    runtime = RUNTIMES[planned["runtime"]]
    option = runtime.option(planned["bytes"] // MIB, planned["percent"])
    present = own.get(runtime.variable, base.get(runtime.variable)) or ""
    if runtime.decided.search(present):
        return {}, None
    if runtime.variable not in own and _MAY_BE_SECRET.search(present):
        return {}, "no heap hint, because %s of the Compose files may hold a secret: add %s there" % (runtime.variable, option)
    return {runtime.variable: ("%s %s" % (present, option)).lstrip()}, None
