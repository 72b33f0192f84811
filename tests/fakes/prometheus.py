# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text format of Prometheus, read as strictly as those who collect it, and by the conventions for names."""

from __future__ import annotations

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_COMMENT = re.compile(rf"# (HELP|TYPE) ({_NAME}) (.+)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}

Samples = dict[tuple[str, ...], float]


def parse(text: str) -> dict[str, Samples]:
    """Metric -> the values of its labels -> value. Raises ValueError for what node_exporter would refuse, and for a bad name."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    found: dict[str, Samples] = {}
    kinds: dict[str, str] = {}
    helped: set[str] = set()
    for line in text.splitlines():
        comment = _COMMENT.fullmatch(line)
        if comment:
            _remember(comment.group(1), comment.group(2), comment.group(3), kinds, helped)
            continue
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            raise ValueError(f"no sample: {line}")
        name, labels, value = sample.groups()
        if name not in kinds or name not in helped or name != list(kinds)[-1]:
            raise ValueError(f"{name} comes without its HELP and TYPE right before it")
        key = _labels(labels or "")
        if key in found.setdefault(name, {}):
            raise ValueError(f"twice: {line}")
        found[name][key] = float(value)
    if set(kinds) != set(found):
        raise ValueError(f"without a sample: {set(kinds) - set(found)}")
    return found


def _remember(what: str, name: str, rest: str, kinds: dict[str, str], helped: set[str]) -> None:
    if what == "HELP":
        if name in helped:
            raise ValueError(f"{name} is explained twice")
        helped.add(name)
        return
    if name in kinds or rest not in ("gauge", "counter"):
        raise ValueError(f"{name} is of the type {rest}, or has two")
    if (rest == "counter") != name.endswith("_total"):
        raise ValueError(f"{name} is a {rest}: counters, and nothing else, end in _total")
    kinds[name] = rest


def _labels(text: str) -> tuple[str, ...]:
    found = list(_LABEL.finditer(text))
    if "".join(match.group(0) for match in found) != text or len({match.group(1) for match in found}) != len(found):
        raise ValueError(f"no labels: {text}")
    return tuple(re.sub(r"\\.", lambda escape: _UNESCAPED[escape.group(0)], match.group(2)) for match in found)
