# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon after a start a service can be known to be healthy.

An engine asks for the first time when one interval is over, 30 s by default, and a deploy waits for it. From version 25 on (API 1.44) it asks each
``start_interval`` as long as the ``start_period`` lasts and nothing has answered well yet. What fails in that period does not count.
"""

from __future__ import annotations

import re
import typing as t

Json = t.Dict[str, t.Any]

#: The first version of the API that knows ``start_interval``.
SINCE_API = (1, 44)

#: The engine's, in seconds.
_DEFAULT_INTERVAL = 30.0
_OFTEN = 1.0

_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def first_checks(base: Json, start_interval: bool) -> t.Tuple[Json, t.Optional[str]]:
    """What to add to a service so that its first health checks come each second, and a sentence where that cannot be had.

    ``base``: the service as Compose resolves it; ``start_interval``: whether the engine knows it. The period becomes as long as one interval, unless it is
    longer already: the first check that counts comes when it would have come, or one interval later.
    """
    check = base.get("healthcheck") or {}
    interval = _seconds(check.get("interval")) or _DEFAULT_INTERVAL
    if not check.get("test") or check.get("disable") or check["test"][0] == "NONE" or check.get("start_interval") or interval <= _OFTEN:
        return {}, None
    if not start_interval:
        return (
            {},
            "is known to be healthy %g s after its start at the earliest, the interval of its health check; from Docker 25 on it takes a second" % interval,
        )
    period = max(_seconds(check.get("start_period")), interval)
    return {"healthcheck": {"start_interval": "%gs" % _OFTEN, "start_period": "%gs" % period}}, None


def _seconds(written: t.Optional[str]) -> float:
    """Of a span as Compose resolves it, such as ``1m30s``; 0 for none."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(written or ""))
