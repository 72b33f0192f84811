# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bound the time of calls as a whole.

A timeout of a socket bounds each wait for bytes: an answer that comes in drips goes on for ever, and no timeout bounds the lookup of a name.
"""

from __future__ import annotations

import queue
import threading
import time
import typing as t

T = t.TypeVar("T")
K = t.TypeVar("K")


class TookTooLong(Exception):
    """A call did not end in time. Its thread is left behind, and ends with the process at the latest."""


def within(seconds: float, call: t.Callable[[], T]) -> T:
    """What the call returns or raises. Raises TookTooLong after ``seconds``."""
    result = together(seconds, {"": call})[""]
    if isinstance(result, Exception):
        raise result
    return result


def together(seconds: float, calls: t.Mapping[K, t.Callable[[], T]]) -> t.Dict[K, t.Union[T, Exception]]:
    """What each call returned or raised, TookTooLong for those that did not end. All run at once, and all together take ``seconds`` at most."""
    answers: queue.SimpleQueue[t.Tuple[K, t.Union[T, Exception]]] = queue.SimpleQueue()

    def run(key: K, call: t.Callable[[], T]) -> None:
        try:
            answers.put((key, call()))
        except Exception as error:  # the caller's to handle
            answers.put((key, error))

    for key, call in calls.items():
        threading.Thread(target=run, args=(key, call), daemon=True).start()
    found: t.Dict[K, t.Union[T, Exception]] = {}
    until = time.monotonic() + seconds
    while len(found) < len(calls):
        try:
            key, result = answers.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            break
        found[key] = result
    return {key: found.get(key, TookTooLong("no whole answer within %.3g s" % seconds)) for key in calls}
