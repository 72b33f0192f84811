# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Web addresses as Cloudflare can purge them: the one place that takes a URL, a host name or a prefix apart. Pure.

Browsers, and so Cloudflare, know a name with other letters than ASCII in Punycode and a path percent-encoded as UTF-8: both are converted.
"""

from __future__ import annotations

import re
import string
import typing as t
import urllib.parse
from dataclasses import dataclass

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(r"(?=.{1,253}$)%s(\.%s)+" % (_LABEL, _LABEL))

#: Characters that the idna codec of Python (IDNA 2003) turns into another name than browsers do (IDNA 2008).
_AMBIGUOUS = "ßẞς\u200c\u200d"

_NAME = "Give it such as www.example.org"


class Unusable(ValueError):
    """An address that cannot be purged. ``cause`` completes "it ..."; ``remedy`` is a sentence; neither has a full stop."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__("it %s. %s." % (cause, remedy))
        self.cause, self.remedy = cause, remedy


@dataclass(frozen=True)
class Target:
    """One page in the three ways to name it: its URL, its host without port, and host and path without port and query."""

    url: str
    host: str
    prefix: str


def target(value: t.Any) -> Target:
    """Raises Unusable for what no selector, or only some of them, could purge."""
    url = web_url(value)
    parts = urllib.parse.urlsplit(url)
    host = (parts.hostname or "").lower()
    if not is_domain(host):
        raise Unusable("has a host that is no domain name", _NAME)
    return Target(url, host, prefix(host + parts.path))


def web_url(value: t.Any) -> str:
    """The URL as browsers ask for it; the same text where it is in ASCII. Raises Unusable."""
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f]", value) or not web_host(value):
        raise Unusable("is no absolute http or https URL", "Give URLs as visitors use them, such as https://example.org/logo.png")
    address, mark, _fragment = value.partition("#")
    parts = urllib.parse.urlsplit(address)
    if mark:
        raise Unusable("has a part after #, which browsers keep to themselves", "Write %s" % address)
    if "@" in parts.netloc:
        raise Unusable("has a user name before its host, which is no part of what is cached", "Leave out what stands before the @, and the @")
    if parts.path.endswith("*"):
        raise Unusable(
            "ends in a wildcard, which is not supported in a URL",
            "Write %s://%s%s, and purge by prefix for everything below it" % (parts.scheme, parts.netloc, parts.path.rstrip("*")),
        )
    if address.isascii():
        return address
    head, rest = address[: address.index(parts.netloc)], address[address.index(parts.netloc) + len(parts.netloc) :]
    port = "" if parts.port is None else ":%d" % parts.port
    return head + _punycode(parts.hostname or "") + port + urllib.parse.quote(rest, safe=string.punctuation)


def host_name(text: str) -> str:
    """The name in lower case and ASCII. Raises Unusable."""
    name = _punycode(text.lower())
    if not is_domain(name):
        raise Unusable("is no domain name alone, without scheme, port and path", _NAME)
    return name


def prefix(text: str) -> str:
    """Host and path, in ASCII. Raises Unusable."""
    host, slash, path = text.partition("/")
    name = _punycode(host)
    if not is_domain(name) or re.search(r"[\s?#*]", path) or path.count("/") > 30:
        raise Unusable("is no host and path of at most 31 parts, without scheme, query and wildcard", "Give it such as example.org/blog")
    return name + slash + urllib.parse.quote(path, safe=string.punctuation)


def shown(value: str) -> str:
    """The same without the user name and password of an address in it."""
    return re.sub(r"//[^/\s]*@", "//***@", value)


def is_domain(name: str) -> bool:
    return _HOST.fullmatch(name.lower()) is not None


def web_host(url: str) -> str:
    """Host of an http or https URL, or nothing."""
    try:
        parts = urllib.parse.urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") and (parts.port is None or parts.port) else ""
    except ValueError:
        return ""


def _punycode(host: str) -> str:
    if host.isascii():
        return host
    refusal = Unusable("has a name that cannot be converted to Punycode for sure", "Write the name as DNS has it, beginning with xn--")
    if any(character in host for character in _AMBIGUOUS):
        raise refusal
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise refusal from error
