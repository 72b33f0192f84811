# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an override file: YAML with Compose's own tags, written without a YAML library, which a server need not have.

Every scalar is either a word that no version of YAML reads as anything else, or in double quotes as in JSON.
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._override.render import Override, Remove, Replace

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+[bkmgBKMG]")
#: What YAML 1.1 reads as something else than text.
_RESERVED = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null"])


def text(written: Override, header: t.Sequence[str]) -> str:
    """The whole file: ``header`` and the notes as comments, then the document."""
    comments = ["# %s" % " ".join(line.split()) for line in [*header, *written.notes]]
    return "\n".join([*comments, *_mapping(written.document, "")]) + "\n"


def _mapping(value: t.Mapping[str, t.Any], indent: str) -> t.List[str]:
    lines: t.List[str] = []
    for key, item in value.items():
        start = "%s%s:" % (indent, scalar(key))
        if isinstance(item, dict) and item:
            lines += [start, *_mapping(item, indent + "  ")]
        else:
            lines.append("%s %s" % (start, _flow(item)))
    return lines


def _flow(value: t.Any) -> str:
    """A value on one line."""
    if isinstance(value, Remove):
        return "!reset []"
    if isinstance(value, Replace):
        return "!override %s" % _flow(value.value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (scalar(key), _flow(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(_flow(item) for item in value)
    return scalar(value)


def scalar(value: t.Any) -> str:
    """A value as a word or in double quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _WORD.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return "".join(map(_printable, json.dumps(value, ensure_ascii=False)))


def _printable(character: str) -> str:
    """YAML takes what it calls not printable only by its number."""
    if character.isprintable():
        return character
    return ("\\u%04x" if ord(character) < 0x10000 else "\\U%08x") % ord(character)
