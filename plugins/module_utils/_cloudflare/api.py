# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation with Cloudflare's API: what its answers mean, and the patience to ask again.

:func:`decide` and :func:`pause` decide and are pure; :class:`Api` does what they say.

Sources: Cloudflare's API reference, autumn 2026: 429 carries ``retry-after`` in
seconds, HTTP 200 may say ``success: false``. A purge may be sent twice without
harm, so an answer that stays unclear is asked for again.
"""

from __future__ import annotations

import itertools
import json
import re
import typing as t
import urllib.parse
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.purge import Call, Purge, Selection, as_options
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Answer, Clock, Http, Reply, Silence

Json = t.Dict[str, t.Any]

#: Seconds: the first pause, and the longest that is our own choice.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


@dataclass(frozen=True)
class Accepted:
    """The API took the request; ``result`` is its JSON result. It says nothing about what any edge still holds."""

    result: t.Any


@dataclass(frozen=True)
class Again:
    """The same request may succeed later: after ``after`` seconds if the API said so. ``once``: only the first time."""

    cause: str
    remedy: str
    after: t.Optional[float] = None
    once: bool = False


@dataclass(frozen=True)
class Rejected:
    """The request will not succeed as it is."""

    cause: str
    remedy: str


Verdict = t.Union[Accepted, Again, Rejected]

_PERMISSION = "Check that the token is complete, active and has the permission Zone / Cache Purge for this zone"
_REMEDIES = {
    401: _PERMISSION,
    403: _PERMISSION,
    404: "Check zone_id (32 hex digits, on the zone's overview page) and api_url",
    407: "Check the proxy and its credentials",
    429: "Run it again later, or raise max_wait",
}


def decide(answer: Answer) -> Verdict:
    """What an answer means for the request it answers."""
    if isinstance(answer, Silence):
        remedy = "Check api_url and the way to it (name resolution, proxy, certificates)"
        return Again(answer.cause, remedy) if answer.transient else Rejected(answer.cause, remedy)
    if 300 <= answer.status < 400:
        where = _host(answer.headers.get("location", ""))
        return Rejected("HTTP %d redirects to %s, where the token is not sent" % (answer.status, where), "Give the API's own address as api_url")
    document = _document(answer)
    if answer.status < 300 and document.get("success") is True:
        return Accepted(document.get("result"))
    return _judge_refusal(answer, document)


def _judge_refusal(answer: Reply, document: Json) -> Verdict:
    errors = [error for error in _list(document.get("errors")) if isinstance(error, dict)]
    cause = "HTTP %d: %s" % (answer.status, "; ".join(map(_error_text, errors)) or _excerpt(answer.text))
    if answer.status == 401 and [error.get("code") for error in errors] == [10000]:
        # Seen now and then with a valid token; a second one in a row is meant.
        return Again(cause, _PERMISSION, once=True)
    unreadable = answer.status < 300 and "success" not in document
    if answer.status in (408, 429) or answer.status >= 500 or unreadable:
        return Again(cause, _REMEDIES.get(answer.status, "Run it again later"), _seconds(answer.headers.get("retry-after")))
    return Rejected(cause, _REMEDIES.get(answer.status, "Correct what the API names"))


def pause(again: Again, attempt: int, chance: float) -> float:
    """Seconds to wait after the ``attempt``-th try (from 1); ``chance`` in [0, 1) spreads runs that started together."""
    own = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 16)) * (0.5 + chance / 2)
    return own if again.after is None else max(again.after + chance, own if again.after == 0 else 0.0)


class Api:
    """One conversation with the API.

    No pause is begun that would end later than ``max_wait`` seconds after the
    conversation started: whoever waits for it learns that early.
    """

    def __init__(self, http: Http, clock: Clock, max_wait: float) -> None:
        self._http, self._clock, self._max_wait = http, clock, max_wait
        self._until = clock.now() + max_wait
        #: Seconds spent in pauses so far.
        self.waited = 0.0
        #: Requests sent so far, repeated ones included.
        self.sent = 0

    def ask(self, call: Call) -> t.Any:
        """The ``result`` of the answer. Raises RackError when refused and Unreachable when patience ends."""
        once = True
        for attempt in itertools.count(1):
            self.sent += 1
            verdict = decide(self._http.send(call.method, call.url, call.body))
            if isinstance(verdict, Accepted):
                return verdict.result
            if isinstance(verdict, Rejected) or (verdict.once and not once):
                raise RackError("Cannot %s: %s. %s." % (call.purpose, verdict.cause, verdict.remedy))
            once = once and not verdict.once
            self._wait(call, verdict, attempt)
        raise AssertionError("itertools.count does not end")  # pragma: no cover

    def send(self, purge: Purge, zone_id: str) -> Facts:
        """Purge batch by batch. A failure carries what is done and what remains, and is a change if anything is done."""
        batches = purge.batches()
        accepted, began = 0, self._clock.unix()
        try:
            for batch in batches:
                self.ask(purge.call(zone_id, batch))
                accepted += 1
        except RackError as error:
            error.facts.update(self._progress(batches, accepted, began), changed=accepted > 0)
            raise
        return self._progress(batches, accepted, began)

    def _progress(self, batches: t.Sequence[Selection], accepted: int, began: float) -> Facts:
        return {
            "done": as_options(batches[:accepted]),
            "remaining": as_options(batches[accepted:]),
            "began": round(began, 3),
            "sent": self.sent,
            "waited": round(self.waited, 3),
        }

    def _wait(self, call: Call, again: Again, attempt: int) -> None:
        seconds = pause(again, attempt, self._clock.chance())
        left = self._until - self._clock.now()
        if seconds > left:
            raise Unreachable(
                "Cannot %s: %s. The next try would be in %.0f s and %.0f of the %g s of max_wait are left. %s."
                % (call.purpose, again.cause, seconds, max(left, 0.0), self._max_wait, again.remedy)
            )
        self._clock.sleep(seconds)
        self.waited += seconds


def _document(answer: Reply) -> Json:
    try:
        document = json.loads(answer.text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _list(value: t.Any) -> t.List[t.Any]:
    return value if isinstance(value, list) else []


def _error_text(error: Json) -> str:
    chain = [_error_text(link) for link in _list(error.get("error_chain")) if isinstance(link, dict)]
    return "%s (code %s)%s" % (_excerpt(str(error.get("message", ""))), error.get("code"), "".join(", " + link for link in chain))


def _excerpt(text: str) -> str:
    """A foreign text made fit for a message: tags and line breaks dropped, at most 200 characters."""
    text = " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE).split())
    text = "".join(character for character in text if character.isprintable())
    return (text[:197] + "...") if len(text) > 200 else text.rstrip(".") or "an empty answer"


def _host(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).netloc.rpartition("@")[2] or "elsewhere"
    except ValueError:
        return "elsewhere"


def _seconds(text: t.Optional[str]) -> t.Optional[float]:
    """``retry-after`` as whole seconds; a date or nonsense counts as absent."""
    return float(text) if text is not None and re.fullmatch(r"\d{1,6}", text.strip()) else None
