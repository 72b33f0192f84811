# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of this collection as an operator does, and keep what it said."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

#: What the environment of a scheduler may say: every play of this collection pins the opposite, so that each run of the tests shows that it does.
SAYS_OTHERWISE = {"ANSIBLE_STRATEGY": "free", "ANSIBLE_TASK_TIMEOUT": "3", "ANSIBLE_ENABLE_TASK_DEBUGGER": "1"}


@dataclass(frozen=True)
class Run:
    """One finished run: its exit code and all it printed."""

    code: int
    output: str

    def succeeded(self) -> Run:
        assert self.code == 0, self.output
        return self

    def refused(self) -> Run:
        assert self.code == 2, self.output
        return self


def run_playbook(playbook: str, inventory: Path, *arguments: str, extra: dict[str, Any] | None = None, cwd: Path = ROOT) -> Run:
    """``playbook``: a path below the checkout or a name such as ``mycosoft.rack.deploy``."""
    more = ["--extra-vars", json.dumps(extra)] if extra else []
    environment = {} if playbook.startswith("tests/") else SAYS_OTHERWISE
    return _run(["ansible-playbook", playbook, "--inventory", str(inventory), *arguments, *more], cwd, **environment)


def run_task(module: str, server: str, inventory: Path, options: dict[str, Any]) -> Run:
    """One task alone, ``module`` with its name in full."""
    return _run(["ansible", server, "--inventory", str(inventory), "--module-name", module, "--args", json.dumps(options)], ROOT)


def _run(command: list[str], cwd: Path, **environment: str) -> Run:
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Run(done.returncode, done.stdout)
