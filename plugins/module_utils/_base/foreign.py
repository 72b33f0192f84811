# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of other programs, before it is shown: without control sequences of a terminal, and without the secrets that they were given."""

from __future__ import annotations

import contextlib
import json
import os
import re
import typing as t
from pathlib import Path

#: What stands in the place of a secret.
HIDDEN = "********"

#: Control sequences (ECMA-48), single control characters except tab and newline, marks that turn the direction of a text, and halves of characters, which
#: no result of a module may hold.
_CONTROL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[PX^_][^\x1b\n]*(?:\x1b\\)?|[ -/]*[0-~])?"
    r"|\x9b[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

#: Names of variables whose values are secret, however harmless they look.
_SECRET_NAME = re.compile(r"pass|pwd|pw$|secret|token|key|cred|auth|salt|private|dsn|cookie|signature|jwt|cert", re.IGNORECASE)

#: Values that are no secret: words, versions and sizes, times, paths, a host and its port, an address without a user.
_PLAIN = re.compile(r"[A-Za-z]+(?:[ ,._-][A-Za-z]+)*|[\d.,:-]+[a-zA-Z]{0,3}|/\S*|[a-z][a-z-]*(?:\.[a-z-]+)*:\d+|[a-z][a-z0-9+.-]*://[^@\s?]*")

#: The password in an address.
_IN_ADDRESS = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")

#: Characters that a value needs to be taken for a secret: a shorter one is in too many other words.
_SHORTEST = 4

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?\"?([\w.-]+)\"?\s*[=:]\s*(.*)")

#: Bytes at the end of the output in which the last lines are searched.
_WINDOW = 1 << 16

Assignment = t.Tuple[str, str]


def printable(text: str) -> str:
    """A text that moves no cursor, sets no colors and no title of a terminal. Tabs and newlines stay."""
    return _CONTROL.sub("", text)


class Mask:
    """Hides the values of variables that may be secret, wherever they stand in a text."""

    def __init__(self, variables: t.Iterable[Assignment]) -> None:
        words = {word: bounded for name, value in variables for word, bounded in _words(name, value)}
        longest_first = sorted(words, key=len, reverse=True)
        patterns = [r"(?<![\w-])%s(?![\w-])" % re.escape(word) if words[word] else re.escape(word) for word in longest_first]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _words(name: str, value: str) -> t.Iterator[t.Tuple[str, bool]]:
    """What to hide of a value, and whether only as a word of its own, because it is part of other words."""
    named = _SECRET_NAME.search(name) is not None
    lines = [line.strip() for line in value.splitlines()]
    bare = [line.strip("\"'`") for line in lines]  # another program may write the quotes of a value in another way
    for line in dict.fromkeys([*lines, *bare]):
        plain = _PLAIN.fullmatch(line) is not None
        if len(line) >= _SHORTEST and (named or not plain):
            yield line, plain
        yield from ((password, False) for password in _IN_ADDRESS.findall(line) if len(password) >= _SHORTEST)


def last_lines(output: Path, count: int, hidden: Mask) -> t.List[str]:
    """The last lines that are not blank. A carriage return restarts a line, as on a terminal; what else moves its cursor is left out."""
    try:
        with output.open("rb") as file:
            start = file.seek(max(file.seek(0, os.SEEK_END) - _WINDOW, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    whole = text.split("\n")[1 if start else 0 :]  # of half a line nobody knows what it would hide
    lines = (printable(hidden(line.rstrip().rpartition("\r")[2])) for line in whole)
    return [line for line in lines if line.strip()][-count:]


def variables_in(paths: t.Iterable[str]) -> t.List[Assignment]:
    """The variables of env files (``NAME=value``), rendered overrides (``NAME: "value"``) and indented JSON, as far as they can be read."""
    found: t.List[Assignment] = []
    for path in paths:
        with contextlib.suppress(OSError):
            found += _assignments(Path(path).read_text(encoding="utf-8", errors="replace"))
    return found


def _assignments(text: str) -> t.Iterator[Assignment]:
    """Each line with every reading of its value. A line that assigns nothing may continue a value in quotes, and belongs to the name before it."""
    name = ""
    for line in text.splitlines():
        match = _ASSIGNMENT.fullmatch(line)
        name, value = match.groups() if match else (name, line)
        if not line.lstrip().startswith("#"):
            yield from ((name, reading) for reading in dict.fromkeys(_readings(value.strip())) if reading)


def _readings(value: str) -> t.Iterator[str]:
    yield value
    yield value.partition(" #")[0].strip()
    bare = value.strip("\"'`")
    yield bare
    for quote in "\"'`":
        if value.startswith(quote):
            yield value[1:].partition(quote)[0]
    with contextlib.suppress(ValueError):
        decoded = json.loads(value.rstrip(","))
        if isinstance(decoded, str):
            yield decoded
            yield decoded.replace("$$", "$")  # as Compose reads the override
