# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_rollout on the controller: what several calls did is told as one answer."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.action.compose_rollout import joined

Facts = dict[str, t.Any]

API = {"service": "api", "rollout": "start-first", "old": ["shop-api-1"], "new": "shop-api-2"}
WEB = {"service": "web", "rollout": "start-first", "old": ["shop-web-1"], "new": "shop-web-2"}
WAITS: Facts = {"changed": True, "rollouts": [API], "diff": {"before": "api: shop-api-1\n", "after": "api: shop-api-2\n"}, "pending": {"service": "web"}}


def test_what_was_done_before_the_wait_is_told_with_what_came_after_it() -> None:
    then = {"changed": True, "rollouts": [WEB], "diff": {"before": "web: shop-web-1\n", "after": "web: shop-web-2\n"}}
    assert joined(WAITS, then) == {
        "changed": True,
        "rollouts": [API, WEB],
        "diff": {"before": "api: shop-api-1\nweb: shop-web-1\n", "after": "api: shop-api-2\nweb: shop-web-2\n"},
    }


def test_it_waits_on_as_long_as_the_last_answer_says_so() -> None:
    still: Facts = {"changed": True, "rollouts": [], "diff": {"before": "", "after": ""}, "pending": {"service": "web", "waited": 20}}
    assert joined(WAITS, still)["pending"] == still["pending"]


def test_a_failure_has_the_last_word_and_what_was_done_is_kept() -> None:
    failed = {"failed": True, "changed": False, "msg": "Cannot roll out shop/web", "rollouts": []}
    assert joined(WAITS, failed) == {"failed": True, "changed": True, "msg": "Cannot roll out shop/web", "rollouts": [API], "diff": WAITS["diff"]}
