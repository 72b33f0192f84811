# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a rack: one file that loads nothing, numbers that are those of the records, and no text that becomes markup."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest

from tests.support.status_page import Page, render
from tests.unit.plugins.filter.looks import MAS, SECOND, WEBSITE, G, container, memory, rack, release, released, report, sample, sandbox, stack, unreachable

Json = dict[str, t.Any]


def shown(hosts: t.Sequence[Json]) -> Page:
    return render(report(hosts)["page"])


HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}{% raw %}"


@pytest.fixture(scope="module")
def page() -> Page:
    return shown(rack())


def test_it_is_one_file_that_loads_nothing_and_says_so_to_the_browser(page: Page) -> None:
    assert page.outside() == []
    (policy,) = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_what_would_load_something_is_noticed() -> None:
    found = Page('<style>a { background: url(x.png) } @import "y";</style><img src="z"><p onclick="x()">a</p><script>1</script>').outside()
    assert found == ["z", "p", "script", "url(x.png)", '@import "y"']


def test_every_number_of_the_records_is_on_the_page(page: Page) -> None:
    document = report(rack())["document"]
    for host in (host for host in document["hosts"].values() if not host["problem"]):
        sizes = [
            host["memory_available"],
            host["memory_total"],
            host["disk"]["free"],
            host["disk"]["total"],
            host["budget"]["reserve"],
            host["budget"]["headroom"],
        ]
        sizes += [host["swap_used"], host["swap_total"]] if host["swap_total"] else []
        sizes += [service[key] for service in host["services"] for key in ("limit", "reservation", "working_set") if service[key]]
        sizes += [limit["memory"] for limit in host["limits"]]
        assert [size for size in sizes if size not in page.values] == []
        for name, release_of in host["releases"].items():
            assert name in page.text
            assert release_of["current"]["id"] in page.text
            assert {release_of["current"]["ended"]} <= {time["datetime"] for time in page.named("time")}
            assert all(one["message"] in page.text for one in release_of["drift"])
    assert {WEBSITE, MAS} <= {code.get("title") for code in page.named("code")}


def test_no_number_is_on_the_page_that_is_not_in_the_records(page: Page) -> None:
    known = set(numbers(report(rack())["document"]))
    assert [value for value in page.values if value not in known] == []


def numbers(value: t.Any) -> t.Iterator[int]:
    if isinstance(value, int):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers(child)


def test_a_server_that_was_not_seen_is_there_with_the_reason(page: Page) -> None:
    assert "No route to host" in page.text
    assert [section["id"] for section in page.named("section")] == ["server-sandbox", "server-overflow1", "server-overflow2"]
    assert {link["href"] for link in page.named("a")} == {"#server-sandbox", "#server-overflow1", "#server-overflow2"}


def test_tables_and_drawings_can_be_read_without_seeing_them(page: Page) -> None:
    assert len(page.named("caption")) == len(page.named("table"))
    assert {header["scope"] for header in page.named("th")} == {"col", "row"}
    assert page.named("svg")
    assert all("least" in svg["aria-label"] and svg["role"] == "img" for svg in page.named("svg"))
    assert page.named("html") == [{"lang": "en"}]


def test_every_text_is_escaped_whoever_wrote_it() -> None:
    finding = {"level": "warn", "subject": HOSTILE, "message": HOSTILE, "help": HOSTILE}
    run = {"id": HOSTILE, "result": "failed", "began": None, "ended": "2026-11-23T04:00:00Z", "by": HOSTILE, "stacks": [HOSTILE]}
    written = release(HOSTILE, by=HOSTILE, sources={f"/srv/{HOSTILE}": HOSTILE})
    drift = [{"service": HOSTILE, "what": HOSTILE, "message": HOSTILE}]
    facts = sandbox(
        host=HOSTILE,
        memory=memory(31 * G, container(None, HOSTILE, None, G, name=HOSTILE), findings=[finding], status="warn"),
        released=released({"always-on": stack(written, drift=drift, last=release(HOSTILE + "2", "failed"))}, runs=[run], samples=[sample(7200, G)]),
    )
    page = shown([facts, unreachable("b" + HOSTILE, HOSTILE), sandbox(released=released({"always-on": stack(problem=HOSTILE)}))])
    assert page.outside() == []
    assert page.source.count("<script") == 0
    assert page.text.count(HOSTILE) >= 15
    assert "49" not in page.text


def test_without_a_record_the_page_says_what_leaves_one() -> None:
    page = shown([sandbox()])
    assert "There are no samples yet." in page.text
    assert page.named("svg") == []
    assert page.named("a") == [], "one server needs no list of servers"


def test_where_no_engine_answers_the_page_does_not_claim_that_nothing_runs() -> None:
    page = shown([sandbox(memory=memory(31 * G, status="warn"), released=released({"always-on": stack(release(), drift=None)}, engine="Silent."))])
    assert "Not known: no engine answers." in page.text
    assert SECOND in page.text


def test_a_run_before_the_first_sample_is_inside_the_drawing() -> None:
    run = {"id": SECOND, "result": "ok", "began": None, "ended": "2026-11-22T04:00:00Z", "by": "jane", "stacks": ["always-on"]}
    (host,) = report([sandbox(released=released(runs=[run], samples=[sample(7200, 30 * G)]))])["page"]["hosts"]
    assert [drawn["x"] for drawn in host["charts"]["runs"]] == [0.0]


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, as https://www.w3.org/TR/WCAG21/#dfn-relative-luminance defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground_in_both_schemes(page: Page, scheme: str) -> None:
    """4.5 to 1, which WCAG 2.1 asks of text (1.4.3)."""
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in page.source.split("prefers-color-scheme: dark", 1))
    colours = light if scheme == "light" else {**light, **dark}
    assert set(dark) <= set(light)
    pairs = [*itertools.product(("text", "quiet"), ("ground", "card", "soft")), ("accent", "card")]
    pairs += [(level, f"{level}-ground") for level in ("ok", "warn", "critical", "lost")]
    for text, ground in pairs:
        bright, dim = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)
