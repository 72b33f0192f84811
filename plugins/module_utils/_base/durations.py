# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans of time: what people write, in seconds, and seconds as people read them."""

from __future__ import annotations

import re

#: Seconds of each unit.
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}

_SPAN = re.compile("".join(r"(?:(\d+)%s)?" % unit for unit in UNITS))


def parse_duration(text: str) -> int:
    """Seconds of a span such as ``7d``, ``36h``, ``1d12h`` or ``90s``; a mere number is seconds.

    Raises ValueError with a sentence and the next step.
    """
    written = text.strip().lower()
    if written.isdecimal():
        return int(written)
    found = _SPAN.fullmatch(written)
    if not written or found is None:
        raise ValueError("%r is no span of time. Write for example 7d, 36h or 1d12h." % text)
    return sum(int(number or 0) * seconds for number, seconds in zip(found.groups(), UNITS.values()))


def clock(seconds: int) -> str:
    """Seconds as on a clock: ``4:07``, ``1:02:33``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, rest) if hours else "%d:%02d" % (minutes, rest)
