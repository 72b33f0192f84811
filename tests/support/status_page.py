# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the role status as its reader gets it: parsed as HTML, and rendered by Ansible from the role's template."""

from __future__ import annotations

import html.parser
import json
import re
import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.support.repository import ROOT

#: Elements without an end.
_VOID = {"meta", "link", "br", "img", "hr", "input"}
#: Attributes that a browser loads something from.
_LOADS = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href", "formaction"}


class Page(html.parser.HTMLParser):
    """``elements``: name and attributes of each; ``values``: what each ``data`` element is worth; ``text``: all that is shown.

    ``rows``: of each row of a table its first cell's text, and what its ``data`` elements are worth. Fails if ends do not match.
    """

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.values: list[int] = []
        self.rows: list[tuple[str, list[int]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == [], "not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag == "data":
            self.values.append(int(found["value"]))
            if "tr" in self._open:
                self.rows[-1][1].append(self.values[-1])
        if tag == "tr":
            self.rows.append(("", []))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if "th" in self._open and "tbody" in self._open:
            first, values = self.rows.pop()
            self.rows.append((first + data, values))

    def named(self, *names: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name in names]

    def section(self, server: str) -> Page:
        """What the page tells of one server."""
        start = self.source.index(f'<section id="server-{server}"')
        return Page(self.source[start : self.source.index("</section>", start) + len("</section>")])

    def outside(self) -> list[str]:
        """Everything that is not in the file itself: addresses, imports, scripts."""
        loaded = [value for _name, attributes in self.elements for key, value in attributes.items() if key in _LOADS]
        scripts = [
            name
            for name, attributes in self.elements
            if name in ("script", "iframe", "object", "embed", "base") or any(key.startswith("on") for key in attributes)
        ]
        styles = re.findall(r"url\([^)]*\)|@import[^;]*|//[\w.-]+", self.source.partition("<style>")[2].partition("</style>")[0])
        return [value for value in loaded if not value.startswith("#") and value != "data:,"] + scripts + styles


def render(page: dict[str, t.Any]) -> Page:
    """The page that the role writes of this content, by Ansible's own templating as in the task; what a server says is no template, as in a run."""
    folder = ROOT / "roles/status/templates"
    templar = Templar(DataLoader()).copy_with_new_env(searchpath=[str(folder)], available_variables={"__status_page": json.loads(json.dumps(page))})
    text = trust_as_template((folder / "page.html.j2").read_text(encoding="utf-8"))
    return Page(templar.template(text, escape_backslashes=False, overrides={"trim_blocks": True, "lstrip_blocks": False}))
