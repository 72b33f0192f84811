# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""purge_decision: what is purged, why nothing is, and what keeps a purge from being sent."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.purge_decision import purge_decision

TARGETS = {"files": ["https://example.org/"], "hosts": ["example.org"], "prefixes": ["example.org/"]}
USUAL: dict[str, t.Any] = {"selector": "hosts", "when": "auto", "changed": True, "zone": "example.org", "token": True}

NO_ZONE = "no zone is configured (cloudflare_purge_zone_id or cloudflare_purge_zone)"
WITHOUT = "a zone is configured, but no token. Set the environment variable CLOUDFLARE_API_TOKEN on the controller, or cloudflare_purge_token in a vault."
ALWAYS = "cloudflare_purge_when is always, and %s. Set it, or leave cloudflare_purge_when at auto."
TWO_ZONES = "both cloudflare_purge_zone_id (0123) and cloudflare_purge_zone (example.org) are set. Keep the one that is meant."

#: id -> what is not as usual, why nothing is purged, why a purge could not be sent
CASES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "a purge": ({}, "", ""),
    "by the id of the zone": ({"zone": "", "zone_id": "0123"}, "", ""),
    "never": ({"when": "never", "token": False}, "cloudflare_purge_when is never", ""),
    "no zone": ({"zone": "", "token": False}, NO_ZONE, ""),
    "auto, nothing changed": ({"changed": False, "token": False}, "no public service changed", ""),
    "auto, nothing changed, as a text": ({"changed": "false"}, "no public service changed", ""),
    "always, nothing changed": ({"when": "always", "changed": False}, "", ""),
    "always, no zone": ({"when": "always", "zone": ""}, NO_ZONE, ALWAYS % NO_ZONE),
    "always, no URL": ({"when": "always", "targets": {}}, "no public service has a URL", ALWAYS % "no public service has a URL"),
    "no URL": ({"targets": {"hosts": []}, "token": False}, "no public service has a URL", ""),
    "no targets": ({"targets": {}}, "no public service has a URL", ""),
    "everything needs no URL": ({"targets": {}, "selector": "everything"}, "", ""),
    "no token": ({"token": False}, "", WITHOUT),
    "two zones": ({"zone_id": "0123"}, "", TWO_ZONES),
    "two zones though nothing changed": ({"zone_id": "0123", "changed": False, "token": False}, "no public service changed", TWO_ZONES),
}


@pytest.mark.parametrize(("options", "skip", "problem"), CASES.values(), ids=CASES)
def test_the_reasons_are_told(options: dict[str, t.Any], skip: str, problem: str) -> None:
    decision = purge_decision(**{"targets": TARGETS, **USUAL, **options})
    assert (decision["skip"], decision["problem"]) == (skip, problem)


@pytest.mark.parametrize(("selector", "selected"), [*TARGETS.items(), ("everything", True)])
def test_the_selector_names_the_option_of_the_module(selector: str, selected: t.Any) -> None:
    assert purge_decision(TARGETS, **{**USUAL, "selector": selector})["select"] == {selector: selected}
