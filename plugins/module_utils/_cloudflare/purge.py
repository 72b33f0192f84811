# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache purge at Cloudflare consists of: which requests, in which order.

Pure: no socket, no clock. What was asked for is checked into a :class:`Purge`,
which becomes :class:`Call` objects, the same ones in check mode and for real.

Sources: Cloudflare's API reference for ``purge_cache`` and ``invalidate_cache``
and its limits page, autumn 2026: 100 items a request (500 URLs on Enterprise).
"""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.address import Unusable, host_name, is_domain, prefix, shown, web_host, web_url

Json = t.Dict[str, t.Any]
Item = t.Union[str, Json]

SELECTORS = ("everything", "files", "tags", "hosts", "prefixes")
#: Mode -> last part of the endpoint's path.
ACTIONS = {"purge": "purge_cache", "invalidate": "invalidate_cache"}
ITEMS_PER_REQUEST, FILES_PER_REQUEST = 100, 500

_ZONE_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Call:
    """One request; ``purpose`` completes "Cannot ..." and ``url`` is absolute."""

    purpose: str
    method: str
    url: str
    body: t.Optional[Json] = None

    def shown(self) -> Json:
        """As returned to the user: everything but the token, which is not part of it."""
        return {"method": self.method, "url": self.url, "body": self.body}


@dataclass(frozen=True)
class Selection:
    """What to purge: ``items`` in the given order, each once; none for everything."""

    kind: str
    items: t.Tuple[Item, ...] = ()

    @property
    def empty(self) -> bool:
        return self.kind != "everything" and not self.items

    def batches(self, size: int) -> t.List[Selection]:
        """Selections of at most ``size`` items; an empty one has none."""
        if self.kind == "everything":
            return [self]
        return [Selection(self.kind, self.items[start : start + size]) for start in range(0, len(self.items), size)]

    def body(self) -> Json:
        return {"purge_everything": True} if self.kind == "everything" else {self.kind: list(self.items)}

    def lines(self) -> t.List[str]:
        """One readable line an item, for a diff."""
        if self.kind == "everything":
            return ["everything"]
        return ["%s %s" % (self.kind, item if isinstance(item, str) else json.dumps(item, sort_keys=True)) for item in self.items]

    def __str__(self) -> str:
        one = {"files": "file", "hosts": "host", "prefixes": "prefix", "tags": "tag"}
        return self.kind if self.kind == "everything" else "%d %s" % (len(self.items), one[self.kind] if len(self.items) == 1 else self.kind)


def as_options(batches: t.Sequence[Selection]) -> Json:
    """The options that make the module purge all of these batches of one selection; ``{}`` for none."""
    if not batches:
        return {}
    kind = batches[0].kind
    return {kind: True if kind == "everything" else [item for batch in batches for item in batch.items]}


@dataclass(frozen=True)
class Purge:
    """A purge as asked for, checked. Exactly one of ``zone_id`` and ``zone`` (a name to look up) is set."""

    api_url: str
    selection: Selection
    mode: str
    batch_size: int
    zone_id: t.Optional[str] = None
    zone: t.Optional[str] = None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Purge:
        """From the module's parameters. Raises InvalidInput, with what to do instead."""
        selection = _selection(params)
        size, most = params["batch_size"], FILES_PER_REQUEST if selection.kind == "files" else ITEMS_PER_REQUEST
        if not 1 <= size <= most:
            raise InvalidInput("Cannot purge %s in batches of %d: Cloudflare takes 1 to %d in a request. Correct batch_size." % (selection.kind, size, most))
        return cls(
            api_url=_api_url(params["api_url"]),
            selection=selection,
            mode=params["mode"],
            batch_size=size,
            zone_id=_zone_id(params["zone_id"]) if params["zone_id"] is not None else None,
            zone=_zone_name(params["zone"]) if params["zone"] is not None else None,
        )

    def lookup(self) -> Call:
        """The request that finds the id of :attr:`zone`."""
        query = urllib.parse.urlencode({"name": self.zone or ""})
        return Call("look up the Cloudflare zone %s" % self.zone, "GET", "%s/zones?%s" % (self.api_url, query))

    def batches(self) -> t.List[Selection]:
        """The selection in parts that fit into one request each, in order."""
        return self.selection.batches(self.batch_size)

    def call(self, zone_id: str, batch: Selection) -> Call:
        """The request that purges one batch."""
        url = "%s/zones/%s/%s" % (self.api_url, zone_id, ACTIONS[self.mode])
        return Call("%s %s of the Cloudflare zone %s" % (self.mode, batch, self.zone or zone_id), "POST", url, batch.body())

    def diff(self, zone_id: str) -> Json:
        """Before and after as lines. What Cloudflare really holds cannot be asked."""
        after = {"purge": "gone", "invalidate": "stale"}[self.mode]
        lines = self.selection.lines()
        return {
            "before_header": "cache of %s" % (self.zone or zone_id),
            "after_header": "cache of %s" % (self.zone or zone_id),
            "before": "".join("%s: as cached\n" % line for line in lines),
            "after": "".join("%s: %s\n" % (line, after) for line in lines),
        }


def only_zone(result: t.Any, name: str) -> str:
    """The id of the zone in the answer to :meth:`Purge.lookup`; there must be exactly one of that name."""
    zones = [zone for zone in result if isinstance(zone, dict) and zone.get("name") == name] if isinstance(result, list) else []
    if not zones:
        raise InvalidInput(
            "Cannot look up the Cloudflare zone %s: the token sees no zone of this name. "
            "Correct the name, give the token the permission Zone / Zone / Read, or use zone_id." % name
        )
    if len(zones) > 1:
        ids = ", ".join(str(zone.get("id")) for zone in zones)
        raise InvalidInput("Cannot look up the Cloudflare zone %s: the token sees %d of this name (%s). Say which with zone_id." % (name, len(zones), ids))
    return _zone_id(str(zones[0].get("id")))


def checked_token(token: str) -> str:
    """The token without surrounding white space. Never quotes it."""
    token = token.strip()
    if not re.fullmatch(r"[!-~]+", token):
        cause = "it is empty" if not token else "it contains white space or characters no token has"
        raise InvalidInput("Cannot use the Cloudflare token: %s. Give the API token alone, without a word such as Bearer before it." % cause)
    return token


def _selection(params: t.Mapping[str, t.Any]) -> Selection:
    given = [kind for kind in SELECTORS if params[kind] is not None]
    if len(given) != 1:
        raise InvalidInput("Cannot purge: exactly one of %s is needed, got %s. Give one." % (", ".join(SELECTORS), ", ".join(given) or "none"))
    kind = given[0]
    if kind == "everything":
        if params[kind] is not True:
            raise InvalidInput("Cannot purge everything: it must be asked for with true. Set everything to true, or give another selector.")
        return Selection(kind)
    return selected(kind, params[kind])


def selected(kind: str, items: t.Iterable[t.Any]) -> Selection:
    """The items of one kind, each checked and once. Raises InvalidInput, with what to do instead."""
    checked = [_CHECKS[kind](item) for item in items]
    return Selection(kind, tuple({json.dumps(item, sort_keys=True): item for item in checked}.values()))


def _wrong(kind: str, item: t.Any, cause: str, remedy: str) -> InvalidInput:
    return InvalidInput("Cannot use the %s %s: %s. %s." % (kind, shown(json.dumps(item)), cause, remedy))


def _usable(kind: str, item: t.Any, check: t.Callable[[t.Any], str], address: t.Any) -> str:
    try:
        return check(address)
    except Unusable as error:
        raise _wrong(kind, item, "it %s" % error.cause, error.remedy) from error


def _file(item: t.Any) -> Item:
    if not isinstance(item, dict):
        return _usable("file", item, web_url, item)
    headers = item.get("headers") or {}
    if set(item) - {"url", "headers"} or not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _wrong("file", item, "an entry has url and headers (names and strings), nothing else", "Correct the entry")
    url = _usable("file", item, web_url, item.get("url"))
    return {"url": url, "headers": dict(headers)} if headers else url


def _tag(item: str) -> Item:
    if not re.fullmatch(r"[!-+\--~]{1,1024}", item):
        raise _wrong("tag", item, "a tag has 1 to 1024 printable ASCII characters without space and comma", "Correct the tag")
    return item


def _host(item: str) -> Item:
    return _usable("host", item, host_name, item)


def _prefix(item: str) -> Item:
    return _usable("prefix", item, prefix, item)


_CHECKS: t.Dict[str, t.Callable[[t.Any], Item]] = {"files": _file, "tags": _tag, "hosts": _host, "prefixes": _prefix}


def _zone_id(text: str) -> str:
    if _ZONE_ID.fullmatch(text.lower()):
        return text.lower()
    remedy = "This looks like a zone's name: give it as zone instead" if "." in text else "It is on the zone's overview page"
    raise InvalidInput("Cannot use %s as zone_id: an id is 32 hexadecimal digits. %s." % (json.dumps(text), remedy))


def _zone_name(text: str) -> str:
    if is_domain(text):
        return text.lower()
    remedy = "This looks like an id: give it as zone_id instead" if _ZONE_ID.fullmatch(text.lower()) else "Give it such as example.org"
    raise InvalidInput("Cannot use %s as zone: it is no domain name. %s." % (json.dumps(text), remedy))


def _api_url(url: str) -> str:
    if not web_host(url) or re.search(r"[\s?#@]", url):
        raise InvalidInput("Cannot use the given api_url: it is no plain http or https address. Leave it out to use Cloudflare's own.")
    if url.startswith("http:") and web_host(url).endswith("cloudflare.com"):
        raise InvalidInput("Cannot use %s as api_url: the token would travel unencrypted. Use https." % url)
    return url.rstrip("/")
