# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudflare_purge run for real, in this process, against the stand-in of the API over HTTP and on a simulated clock."""

from __future__ import annotations

import contextlib
import json
import secrets
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import cloudflare_purge
from ansible_collections.mycosoft.rack.tests.fakes.clock import SimulatedClock
from ansible_collections.mycosoft.rack.tests.fakes.cloudflare import Api, CloudflareServer

ZONE, NAME, TOKEN = "0123456789abcdef0123456789abcdef", "example.org", secrets.token_hex(20)
#: Zones beside it, two of one name.
OTHERS = (("a" * 32, "twice.example"), ("b" * 32, "twice.example"))
Result = dict[str, t.Any]

#: One selection of every kind, as options of the module.
SELECTIONS: dict[str, Result] = {
    "everything": {"everything": True},
    "files": {"files": ["https://example.org/a.css", {"url": "https://example.org/", "headers": {"CF-Device-Type": "mobile"}}]},
    "tags": {"tags": ["news", "front-page"]},
    "hosts": {"hosts": ["www.example.org"]},
    "prefixes": {"prefixes": ["www.example.org/blog"]},
}


class Purging:
    """One stand-in, one simulated clock, and a way to run the module against them."""

    def __init__(self, server: CloudflareServer, clock: SimulatedClock, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.clock, self._capsys = server, clock, capsys

    def run(self, **options: t.Any) -> Result:
        """Run the module; options override the usual ones, None removes one. The token must not be in what it says."""
        usual = {"token": TOKEN, "zone_id": ZONE, "api_url": self.server.url}
        given = {name: value for name, value in {**usual, **options}.items() if value is not None}
        with patch_module_args(given), pytest.raises(SystemExit):
            cloudflare_purge.main(self.clock)
        said = self._capsys.readouterr()
        assert TOKEN not in said.out + said.err
        result: Result = json.loads(said.out)
        result.pop("invocation", None)
        return result

    @property
    def log(self) -> list[Result]:
        return self.server.journal.read()

    @property
    def sent(self) -> list[tuple[str, str, t.Any]]:
        """Method, path and body of every request that arrived, whatever came of it. Each must have carried the token."""
        assert all(entry["token"] for entry in self.log)
        return [(entry["method"], entry["path"], entry["body"]) for entry in self.log]

    @property
    def bodies(self) -> list[t.Any]:
        """What was accepted."""
        return [entry["body"] for entry in self.log if entry["method"] == "POST" and entry["status"] == 200]


@contextlib.contextmanager
def purging(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Purging]:
    """A stand-in on a Free plan, past any proxy of this machine."""
    monkeypatch.setenv("no_proxy", "*")
    clock = SimulatedClock()
    with CloudflareServer(Api(TOKEN, [(ZONE, NAME), *OTHERS], now=clock.now)) as server:
        yield Purging(server, clock, capsys)
