# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has on record of its stacks, and how they are now. Reads only."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import state_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine
from ansible_collections.mycosoft.rack.plugins.module_utils._release.drift import find_drift
from ansible_collections.mycosoft.rack.plugins.module_utils._release.live import DeployedStack, LiveStack
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import Release
from ansible_collections.mycosoft.rack.plugins.module_utils._release.store import Store
from ansible_collections.mycosoft.rack.plugins.module_utils._release.timeline import read_lines

#: Bytes at the end of a history that are read: more than memory_check lets its own become.
_TAIL = 16 << 20


def tail(path: Path) -> t.List[Facts]:
    """The newest lines of a history; none where there is no such file."""
    try:
        with path.open("rb") as file:
            start = max(file.seek(0, os.SEEK_END) - _TAIL, 0)
            file.seek(start)
            return read_lines(file.read(), whole=start == 0)
    except OSError:
        return []


def stack_status(stack: DeployedStack, directory: str, engine: t.Optional[Engine], run: Run) -> Facts:
    """The current release of a stack, its newest run and its drift; ``engine``: None where there is none to ask."""
    try:
        history = Store(state_path(directory, "releases") / stack.name).history()
        current, last = history.find(history.current), history.releases[-1] if history.releases else None
        drift = _drift(stack, current, engine, run) if current and engine else None
    except (RackError, OSError) as error:
        return {"current": None, "last": None, "drift": None, "problem": str(error)}
    return {"current": current and current.facts(), "last": last and last.facts(), "drift": drift, "problem": None}


def _drift(stack: DeployedStack, current: Release, engine: Engine, run: Run) -> t.Optional[t.List[Facts]]:
    if current.state is None:
        return None
    now = LiveStack(engine, run, stack)
    return [one.facts() for one in find_drift(current.state, now.copies(), now.sources(), now.override())]
