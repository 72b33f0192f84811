# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading data that people wrote: every problem is collected with its path.

A reader turns one raw value into a checked one and raises ValueError with a
sentence where it cannot. :class:`Where` gives the sentence its path.
"""

from __future__ import annotations

import difflib
import functools
import typing as t
from collections import abc
from dataclasses import dataclass

Raw = t.Any
REQUIRED: t.Any = object()

_SCALARS = (int, float, str)
#: By exact type: most values are one of these, and the question costs a fraction of the others.
_PLAIN = frozenset([*_SCALARS, bool, type(None)])


def plain(value: t.Any) -> t.Any:
    """A deep copy in plain JSON types: ansible-core hands over lazy containers and tagged scalars."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, abc.Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    for kind in _SCALARS:
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def suggestion(word: t.Any, known: t.Iterable[str]) -> str:
    """A next step for an unknown word: the closest known one, else all of them."""
    return _suggestion(str(word), tuple(sorted(known)))


@functools.lru_cache(maxsize=64)  # one wrong word is often in many places, and the closest of many names is slow to find
def _suggestion(word: str, names: t.Tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return "Did you mean %s?" % close[0]
    return "Known: %s." % ", ".join(names) if names else "None is known."


class Where:
    """A place in the data, and the list that collects the problems of all places."""

    def __init__(self, path: str, problems: t.List[str]) -> None:
        self.path = path
        self.problems = problems

    def key(self, name: t.Any) -> Where:
        return Where("%s.%s" % (self.path, name), self.problems)

    def index(self, number: int) -> Where:
        return Where("%s[%d]" % (self.path, number), self.problems)

    def refuse(self, sentence: str) -> None:
        self.problems.append("%s: %s" % (self.path, sentence))

    def read(self, reader: Reader, value: Raw, blank: t.Any) -> t.Any:
        """What ``reader`` makes of ``value``; ``blank`` where it refuses, so that the other checks go on."""
        try:
            return reader(self, value)
        except ValueError as error:
            self.refuse(str(error))
            return blank


Reader = t.Callable[[Where, Raw], t.Any]


@dataclass(frozen=True)
class Field:
    """One key of a mapping: its reader, its default (none: it must be there), the stand-in after a refusal."""

    read: Reader
    default: t.Any = REQUIRED
    blank: t.Any = None


Fields = t.Mapping[str, Field]


def mapping(raw: Raw) -> t.Dict[str, t.Any]:
    """``raw`` as a mapping with text keys."""
    if not isinstance(raw, dict):
        raise ValueError("is not a mapping. Write keys and values.")
    return {str(key): value for key, value in raw.items()}


def fields(where: Where, raw: Raw, known: Fields) -> t.Dict[str, t.Any]:
    """The values of all ``known`` fields; unknown keys, missing keys and refused values become problems."""
    given = mapping(raw)
    for key in given:
        if key not in known:
            where.key(key).refuse("is not a known key. %s" % suggestion(key, known))
    return {name: _field(where, given, name, field) for name, field in known.items()}


def _field(where: Where, given: t.Mapping[str, t.Any], name: str, field: Field) -> t.Any:
    value = given.get(name)
    if value is not None:
        return where.key(name).read(field.read, value, field.blank if field.default is REQUIRED else field.default)
    if field.default is REQUIRED:
        where.key(name).refuse("is missing.")
        return field.blank
    return field.default


def list_of(reader: Reader, at_least: int = 0) -> Reader:
    """A reader of lists: a tuple of what ``reader`` makes of the elements it accepts."""

    def read(where: Where, raw: Raw) -> t.Tuple[t.Any, ...]:
        if not isinstance(raw, list):
            raise ValueError("is not a list. Write [a, b].")
        if len(raw) < at_least:
            raise ValueError("is empty. Name at least %d." % at_least)
        values = (where.index(number).read(reader, item, REQUIRED) for number, item in enumerate(raw))
        return tuple(value for value in values if value is not REQUIRED)

    return read


def map_of(reader: Reader, name: t.Optional[Reader] = None) -> Reader:
    """A reader of mappings with free keys, each checked by ``name``."""

    def read(where: Where, raw: Raw) -> t.Dict[str, t.Any]:
        result = {}
        for key, item in mapping(raw).items():
            if name is not None:
                where.key(key).read(name, key, None)
            value = where.key(key).read(reader, item, REQUIRED)
            if value is not REQUIRED:
                result[key] = value
        return result

    return read


def each(check: t.Callable[[Raw], t.Any]) -> Reader:
    """A reader from a function that needs no path."""
    return lambda _where, raw: check(raw)
