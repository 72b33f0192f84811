# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run failed on a host, and what runs there now, in one sentence after the other. Pure."""

from __future__ import annotations

import typing as t

Json = t.Dict[str, t.Any]


def failure_text(action: str, result: Json, lost: t.Sequence[str], problems: t.Sequence[Json], restored: Json, not_rolled_back: Json) -> str:
    """``action``: what could not be done, as in "deploy to sandbox"; ``result``: of the task that failed on this host, empty where none did;
    ``lost``: hosts that cannot be reached any more; ``problems``: of docker_watch; ``restored``: the stacks of docker_release;
    ``not_rolled_back``: the result of the task of the rollback that failed, empty where none did.
    """
    elsewhere = "%s became unreachable." % ", ".join(lost) if lost else "another server of the rack failed."
    causes = _messages(result) or ["a task failed without a message." if result.get("failed") else elsewhere]
    found = ["%s/%s: %s" % (problem["project"], problem["service"], problem["what"]) for problem in problems]
    ailing = [problem for problem in found if not any(problem in cause for cause in causes)]
    if ailing:
        causes.append("Unhealthy at that moment: %s." % ", ".join(ailing))
    causes += _back(restored, not_rolled_back)
    kept = [stack["failures"] for stack in restored.values() if stack.get("failures")]
    if kept:
        causes.append("What was not well is kept on the server, with its log: %s." % ", ".join(kept))
    if lost:
        causes.append("%s was not rolled back, and what had begun there may go on: run again when it is reachable." % ", ".join(lost))
    return "Cannot %s: %s" % (action, " ".join(causes))


def _back(restored: Json, not_rolled_back: Json) -> t.List[str]:
    """What became of the rollback. One that failed is told next to the first cause, with every stack that could not be restored."""
    back = ["%s" % name for name, stack in restored.items() if stack["release"]]
    if not not_rolled_back:
        return ["%s: rolled back to the previous release." % ", ".join(back) if back else "There was no previous release to roll back to."]
    causes = [stack["problem"] for stack in restored.values() if stack.get("problem")]
    told = " ".join(causes)
    causes += [text for text in _messages(not_rolled_back) if text not in told]
    restored_files = ["%s: commits, limits and images are those of the previous release." % ", ".join(back)] if back else []
    return ["The rollback failed, too: %s" % " ".join(causes or ["a task failed without a message."]), *restored_files, "Correct the cause and deploy again."]


def _messages(result: Json) -> t.List[str]:
    """What the task said, or those of its loop's items that failed, each as a sentence."""
    failed = [one for one in result.get("results", [result]) if one.get("failed")]
    texts = [str(one.get("msg", "")).strip() for one in failed]
    return [text if text.endswith((".", "!", "?")) else text + "." for text in texts if text]
