# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments: the engine's texts and seconds since 1970."""

from __future__ import annotations

import calendar
import re
import time
import typing as t

_RFC3339 = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?:(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d))?")


def timestamp(text: t.Optional[str]) -> t.Optional[int]:
    """Seconds since 1970 of the engine's RFC 3339 times (nanoseconds, any offset); None for "never" (year 1) or no time."""
    found = _RFC3339.match(text or "")
    if found is None or found.group("date").startswith("0001"):
        return None
    seconds = calendar.timegm(time.strptime("%(date)sT%(time)s" % found.groupdict(), "%Y-%m-%dT%H:%M:%S"))
    if found.group("sign"):
        offset = int(found.group("hours")) * 3600 + int(found.group("minutes")) * 60
        seconds -= offset if found.group("sign") == "+" else -offset
    return seconds


def precisely(text: t.Optional[str]) -> t.Optional[float]:
    """The same with the fraction of the second: two steps of one build are often used within one."""
    seconds, found = timestamp(text), _RFC3339.match(text or "")
    return seconds if seconds is None or found is None else seconds + float(found.group("fraction") or 0)


def iso(seconds: t.Optional[float]) -> t.Optional[str]:
    """ISO 8601 in UTC, in whole seconds: ``2026-11-23T05:19:43Z``; None for None."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
