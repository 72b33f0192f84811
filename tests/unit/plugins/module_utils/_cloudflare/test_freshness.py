# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of the edge proves about a page, and what it does not."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.freshness import FRESH, STALE, STEP, UNPROVEN, decide
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Reply, Silence
from hypothesis import given
from hypothesis import strategies as st


def reply(cache: t.Optional[str] = None, age: t.Optional[str] = None, status: int = 200, **headers: str) -> Reply:
    named = {"cf-cache-status": cache, "age": age, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Reply(status, {name: value for name, value in named.items() if value is not None}, "")


#: id -> answer, 10 seconds after the moment; freshness, words of the cause, whether asking again is in vain
ANSWERS: dict[str, tuple[t.Union[Reply, Silence], str, str, bool]] = {
    "fetched for us": (reply("MISS"), FRESH, "", False),
    "fetched anew, expired": (reply("EXPIRED"), FRESH, "", False),
    "confirmed by the origin": (reply("REVALIDATED", "0"), FRESH, "", False),
    "never cached": (reply("DYNAMIC"), FRESH, "", False),
    "not cached this time": (reply("BYPASS"), FRESH, "", False),
    "a young copy": (reply("HIT", "9"), FRESH, "", False),
    "in lower case": (reply("hit", " 3 "), FRESH, "", False),
    "a redirect that was cached": (reply("HIT", "3", 301), FRESH, "", False),
    "a copy of the same second": (reply("HIT", "10"), UNPROVEN, "a fraction of a second", False),
    "an old copy": (reply("HIT", "11"), STALE, "11 s old, and 10 s have passed", False),
    "an old copy of a cache behind": (reply("MISS", "3600"), STALE, "3600 s old", False),
    "a copy without an age": (reply("HIT"), UNPROVEN, "HIT, and not how old", False),
    "a copy with an odd age": (reply("HIT", "-1"), UNPROVEN, "HIT, and not how old", False),
    "stale, origin away": (reply("STALE", "2"), STALE, "could not reach the origin", False),
    "stale, being fetched": (reply("UPDATING"), STALE, "fetches a new one meanwhile", False),
    "a word nobody knows": (reply("WARM"), UNPROVEN, "WARM, and not how old", False),
    "not Cloudflare": (reply(), UNPROVEN, "does not come from Cloudflare", True),
    "not Cloudflare, but a cache": (reply(age="1", x_cache="HIT"), UNPROVEN, "does not come from Cloudflare", True),
    "before the cache": (reply(cf_ray="1-FRA"), UNPROVEN, "before it came to its cache", True),
    "before the cache, in words": (reply("NONE", cf_ray="1-FRA"), UNPROVEN, "before it came to its cache", True),
    "a challenge": (reply("DYNAMIC", status=403, cf_mitigated="challenge"), UNPROVEN, "a challenge for browsers", True),
    "forbidden": (reply("DYNAMIC", status=403), UNPROVEN, "HTTP 403 instead of the page", True),
    "not found yet": (reply("HIT", "1", 404), UNPROVEN, "HTTP 404 instead of the page", False),
    "origin away": (reply(status=521, cf_ray="1-FRA"), UNPROVEN, "HTTP 521 instead of the page", False),
    "too often": (reply(status=429), UNPROVEN, "HTTP 429 instead of the page", False),
    "no answer": (Silence("refused"), UNPROVEN, "refused", False),
    "no such name": (Silence("unknown name", transient=False), UNPROVEN, "unknown name", True),
}


@pytest.mark.parametrize(("answer", "freshness", "why", "final"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_proves(answer: t.Union[Reply, Silence], freshness: str, why: str, final: bool) -> None:
    found = decide(answer, 10.0)
    assert (found.freshness, found.final) == (freshness, final)
    assert why in found.why
    assert bool(found.why) is bool(found.remedy) is (freshness != FRESH)


#: Seconds: when a copy was fetched (before or after the moment), and when it is asked for.
seconds = st.floats(-1000, 1000, allow_nan=False)


@given(fetched=seconds, asked=st.floats(0, 1000))
def test_no_copy_from_before_is_ever_called_fresh_and_none_from_after_stale(fetched: float, asked: float) -> None:
    if fetched > asked:
        return
    found = decide(reply("HIT", str(math.floor(asked - fetched))), asked)
    assert found.freshness != (FRESH if fetched < 0 else STALE)


@given(st.floats(0.11, 20))
def test_a_copy_from_after_is_proven_within_eight_seconds_of_looking(fetched: float) -> None:
    looks = [fetched + STEP * number for number in range(math.ceil(8 / STEP))]
    assert FRESH in [decide(reply("HIT", str(math.floor(look - fetched))), look).freshness for look in looks]
