"""Run a playbook of this collection as an operator does, and keep what it said."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


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
    command = ["ansible-playbook", playbook, "--inventory", str(inventory), *arguments]
    if extra:
        command += ["--extra-vars", json.dumps(extra)]
    done = subprocess.run(command, cwd=cwd, env=os.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Run(done.returncode, done.stdout)
