# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what Cloudflare serves was fetched from the origin after a moment: what an answer proves, and asking until it does.

:func:`decide` decides and is pure; :func:`prove` asks. Every answer comes from one
edge, the one nearest to whoever asks.

Source: Cloudflare's pages on ``cf-cache-status`` and ``Age``, autumn 2026. Age
is in whole seconds, begins anew when a copy is fetched or revalidated, and is
absent from what the origin just sent and from the first answer out of an upper tier.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Answer, Clock, Http, Reply, Silence

Json = t.Dict[str, t.Any]

#: Seconds between two looks at the same pages. No divisor of a second: a copy that was fetched just after the moment is
#: proven in a small part of each second only, and this step comes by every tenth of one.
STEP = 0.7

FRESH, STALE, UNPROVEN = "fresh", "stale", "unproven"

#: What ``cf-cache-status`` says of an answer that the origin gave or confirmed for this very request.
_FROM_ORIGIN = ("BYPASS", "DYNAMIC", "EXPIRED", "MISS", "REVALIDATED")
#: Of a copy past its time.
_OUT_OF_DATE = {"STALE": "could not reach the origin", "UPDATING": "fetches a new one meanwhile"}

_AGAIN = "Verify again in a while"
_PURGE = "Purge it again, or see whether a cache behind Cloudflare keeps it"
_ADDRESS = "Check that the name resolves to Cloudflare here (proxied DNS record, no internal resolver)"


@dataclass(frozen=True)
class Freshness:
    """What one answer proves. ``why`` and ``remedy`` are empty for a fresh page; ``final``: another try would say the same."""

    freshness: str
    why: str = ""
    remedy: str = ""
    final: bool = False


def decide(answer: Answer, elapsed: float) -> Freshness:
    """What an answer proves about a page of which every copy older than ``elapsed`` seconds, counted when it was asked for, is stale."""
    if isinstance(answer, Silence):
        return Freshness(UNPROVEN, answer.cause, "Check the address and the way to it (name resolution, proxy, certificates)", not answer.transient)
    if "cf-mitigated" in answer.headers:
        return Freshness(UNPROVEN, "Cloudflare answers with a challenge for browsers", "Let a rule of the zone pass the address of the controller", True)
    if answer.status >= 400:
        return Freshness(UNPROVEN, "HTTP %d instead of the page" % answer.status, "Check the URL and the service", answer.status in (401, 403, 407))
    cache = cache_status(answer)
    if cache in (None, "NONE", "UNKNOWN"):
        return _uncached(answer)
    if cache in _OUT_OF_DATE:
        return Freshness(STALE, "Cloudflare serves a copy past its time and %s" % _OUT_OF_DATE[cache], _AGAIN)
    return _judge_age(str(cache), age(answer), elapsed)


def _uncached(answer: Reply) -> Freshness:
    if "cf-ray" in answer.headers:
        return Freshness(UNPROVEN, "Cloudflare answered before it came to its cache (a redirect, a rule or a worker)", "Give the URL it leads to", True)
    return Freshness(UNPROVEN, "the answer does not come from Cloudflare", _ADDRESS, True)


def _judge_age(cache: str, seconds: t.Optional[int], elapsed: float) -> Freshness:
    """An age of N is one of at least N and less than N + 1 seconds."""
    if seconds is not None and seconds > elapsed:
        return Freshness(STALE, "the copy is %d s old, and %.0f s have passed" % (seconds, elapsed), _PURGE)
    if seconds is not None and seconds + 1 > elapsed:
        return Freshness(UNPROVEN, "the copy may be a fraction of a second too old", _AGAIN)
    if cache in _FROM_ORIGIN or (cache == "HIT" and seconds is not None):
        return Freshness(FRESH)
    return Freshness(UNPROVEN, "Cloudflare says %s, and not how old the copy is" % cache, _AGAIN)


def cache_status(answer: Answer) -> t.Optional[str]:
    """``cf-cache-status`` in capitals."""
    return answer.headers["cf-cache-status"].strip().upper() or None if isinstance(answer, Reply) and "cf-cache-status" in answer.headers else None


def age(answer: Answer) -> t.Optional[int]:
    """``Age`` in seconds; nonsense counts as absent."""
    text = answer.headers.get("age", "").strip() if isinstance(answer, Reply) else ""
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


@dataclass
class Page:
    """One URL, the request headers that choose its variant, and what the last answer said."""

    url: str
    headers: t.Mapping[str, str]
    finding: Freshness = Freshness(UNPROVEN, "it was not asked for", _AGAIN)
    answer: t.Optional[Answer] = None
    requests: int = 0

    @property
    def open(self) -> bool:
        return self.finding.freshness != FRESH and not self.finding.final

    @property
    def message(self) -> str:
        """Why it is not proven to be fresh and what to do; empty when it is."""
        verb = {FRESH: "", STALE: "is served stale", UNPROVEN: "is not proven to be fresh"}[self.finding.freshness]
        return "%s %s: %s. %s." % (self.url, verb, self.finding.why, self.finding.remedy) if verb else ""

    def look(self, http: Http, since: float, clock: Clock) -> None:
        """Ask once. ``since`` in seconds since 1970."""
        elapsed = clock.unix() - since
        self.answer = http.send("GET", self.url, headers={"Accept": "*/*", **self.headers})
        self.finding = decide(self.answer, elapsed)
        self.requests += 1

    def shown(self) -> Json:
        """As returned to the user."""
        return {
            "url": self.url,
            "headers": dict(self.headers),
            "freshness": self.finding.freshness,
            "http_status": self.answer.status if isinstance(self.answer, Reply) else None,
            "cache_status": cache_status(self.answer) if self.answer else None,
            "age": age(self.answer) if self.answer else None,
            "requests": self.requests,
            "message": self.message,
        }


def prove(pages: t.Sequence[Page], http: Http, clock: Clock, since: float, max_wait: float, timeout: float) -> float:
    """Ask for every page, again for those that are open, until none is or ``max_wait`` seconds have passed; the seconds spent in pauses.

    No request begins later than the longer of ``max_wait`` and ``timeout`` (seconds of one request), however many pages there are.
    """
    began, waited = clock.now(), 0.0
    until, last = began + max_wait, began + max(max_wait, timeout)
    while True:
        for page in pages:
            if page.open and clock.now() <= last:
                page.look(http, since, clock)
        if clock.now() + STEP > until or not any(page.open for page in pages):
            return waited
        clock.sleep(STEP)
        waited += STEP
