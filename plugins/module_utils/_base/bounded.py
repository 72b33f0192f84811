# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bound the time of a command: one that asks an engine that hangs would never end."""

from __future__ import annotations

import time
import typing as t

#: Runs a command: exit code, output, errors (``AnsibleModule.run_command``).
Run = t.Callable[..., t.Tuple[int, str, str]]

#: Exit code of a command that was ended because it took too long, as timeout(1) has it.
LATE = 124

#: Exit codes of timeout(1) when SIGKILL was needed; also of a command that somebody else killed.
_KILLED = (137, -9)

#: Seconds that a command has to end after SIGTERM.
_GRACE = 5


def bounded(run: Run, seconds: int) -> Run:
    """``run`` for commands that are ended after ``seconds``; then their errors say so."""

    def call(argv: t.Sequence[str], **options: t.Any) -> t.Tuple[int, str, str]:
        began = time.monotonic()
        code, output, errors = run(["timeout", "--kill-after=%d" % _GRACE, "%d" % seconds, *argv], **options)
        if code in (LATE, *_KILLED) and time.monotonic() - began >= seconds:
            return LATE, output, "it did not end within %d s" % seconds
        return code, output, errors

    return call
