# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: what is converted for a purge, and what is refused with what to write instead."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.address import Target, Unusable, host_name, prefix, shown, target, web_url
from hypothesis import given
from hypothesis import strategies as st

TARGETS: dict[str, tuple[str, Target]] = {
    "a page": ("https://example.org/", Target("https://example.org/", "example.org", "example.org/")),
    "no path": ("https://example.org", Target("https://example.org", "example.org", "example.org")),
    "port and query": ("http://www.example.org:8080/a/b?c=d", Target("http://www.example.org:8080/a/b?c=d", "www.example.org", "www.example.org/a/b")),
    "upper case": ("https://WWW.Example.org/A", Target("https://WWW.Example.org/A", "www.example.org", "www.example.org/A")),
    "an encoded path": ("https://example.org/a%20b", Target("https://example.org/a%20b", "example.org", "example.org/a%20b")),
    "a name with an umlaut": ("https://pilz-köln.de/", Target("https://xn--pilz-kln-s4a.de/", "xn--pilz-kln-s4a.de", "xn--pilz-kln-s4a.de/")),
    "such a name in capitals with a port": (
        "https://Pilz-KÖLN.de:8443/A",
        Target("https://xn--pilz-kln-s4a.de:8443/A", "xn--pilz-kln-s4a.de", "xn--pilz-kln-s4a.de/A"),
    ),
    "a path with an umlaut": (
        "https://example.org/köln?q=ä&r=%20",
        Target("https://example.org/k%C3%B6ln?q=%C3%A4&r=%20", "example.org", "example.org/k%C3%B6ln"),
    ),
    "Japanese": ("https://例え.jp/茸", Target("https://xn--r8jz45g.jp/%E8%8C%B8", "xn--r8jz45g.jp", "xn--r8jz45g.jp/%E8%8C%B8")),
}


@pytest.mark.parametrize(("url", "expected"), TARGETS.values(), ids=TARGETS)
def test_a_url_becomes_what_each_selector_takes(url: str, expected: Target) -> None:
    assert target(url) == expected


@pytest.mark.parametrize("url", [expected.url for _url, expected in TARGETS.values()])
def test_what_was_converted_stays_as_it_is(url: str) -> None:
    made = target(url)
    assert (made.url, host_name(made.host), prefix(made.prefix)) == (url, made.host, made.prefix)


#: id -> address, what is wrong, what to do
REFUSED: dict[str, tuple[object, str, str]] = {
    "no text": (7, "is no absolute http or https URL", "Give URLs as visitors use them"),
    "relative": ("/docs", "is no absolute http or https URL", "Give URLs as visitors use them"),
    "another scheme": ("ftp://example.org/", "is no absolute http or https URL", "Give URLs as visitors use them"),
    "port zero": ("https://example.org:0/", "is no absolute http or https URL", "Give URLs as visitors use them"),
    "a broken address": ("https://[::1/", "is no absolute http or https URL", "Give URLs as visitors use them"),
    "a blank": ("https://example.org/a b", "is no absolute http or https URL", "Give URLs as visitors use them"),
    "fragment": ("https://example.org/#top", "has a part after #", "Write https://example.org/"),
    "fragment after a query": ("https://example.org/a?b#c", "has a part after #", "Write https://example.org/a?b"),
    "wildcard": ("https://example.org/docs/*", "ends in a wildcard", "Write https://example.org/docs/, and purge by prefix for everything below it"),
    "wildcard before a query": ("https://example.org/docs/*?page=1", "ends in a wildcard", "Write https://example.org/docs/, and"),
    "wildcard within": ("https://example.org/*/logo.png", "is no host and path of at most 31 parts", "Give it such as example.org/blog"),
    "wildcard in the name": ("https://*.example.org/", "has a host that is no domain name", "Give it such as www.example.org"),
    "a user": ("https://jane@example.org/", "has a user name before its host", "Leave out what stands before the @"),
    "no domain": ("http://localhost/", "has a host that is no domain name", "Give it such as www.example.org"),
    "an address of IPv6": ("http://[2001:db8::1]/", "has a host that is no domain name", "Give it such as www.example.org"),
    "a path too deep": ("https://example.org/" + "a/" * 31, "is no host and path of at most 31 parts", "Give it such as example.org/blog"),
    "a name that browsers read in another way than Python": ("https://straße.de/", "has a name that cannot be converted", "beginning with xn--"),
    "a label too long": ("https://%s.de/" % ("ä" * 64), "has a name that cannot be converted", "beginning with xn--"),
    "an empty label": ("https://ä..de/", "has a name that cannot be converted", "beginning with xn--"),
}


@pytest.mark.parametrize(("url", "cause", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_purged_is_refused_with_what_to_write(url: object, cause: str, remedy: str) -> None:
    with pytest.raises(Unusable) as refusal:
        target(url)
    assert refusal.value.cause.startswith(cause)
    assert remedy in refusal.value.remedy
    assert str(refusal.value) == "it %s. %s." % (refusal.value.cause, refusal.value.remedy)


@given(st.text())
def test_any_text_is_an_address_or_refused_and_an_address_is_in_ascii(text: str) -> None:
    for check in (web_url, host_name, prefix, target):
        try:
            made = check(text)
        except Unusable:
            continue
        assert (made.url if isinstance(made, Target) else made).isascii()


@given(st.sampled_from(["https://", "http://"]), st.text(), st.text())
def test_any_url_is_converted_once_and_for_all_or_refused(scheme: str, host: str, path: str) -> None:
    try:
        made = target(scheme + host + "/" + path)
    except Unusable:
        return
    assert target(made.url) == made


def test_a_password_is_not_shown() -> None:
    assert shown("'https://jane:secret@example.org/a@b'") == "'https://***@example.org/a@b'"
    assert shown("https://example.org/a@b") == "https://example.org/a@b"
