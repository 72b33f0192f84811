# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pull tells of each checkout."""

from __future__ import annotations

from ansible_collections.mycosoft.rack.plugins.filter.pulled_commits import pulled_commits


def test_each_checkout_has_its_commits_and_their_subjects() -> None:
    moved = {"item": {"dest": "/srv/web"}, "before": "1a", "after": "2b", "changed": True}
    same = {"item": {"dest": "/srv/mas"}, "before": "3c", "after": "3c", "changed": False}
    new = {"item": {"dest": "/srv/new"}, "before": None, "after": "4d", "changed": True}
    log = {"item": moved, "stdout_lines": ["2b A release", "1f A fix"]}
    assert pulled_commits([moved, same, new], [log]) == [
        {"dest": "/srv/web", "from": "1a", "to": "2b", "log": ["2b A release", "1f A fix"]},
        {"dest": "/srv/mas", "from": "3c", "to": "3c", "log": []},
        {"dest": "/srv/new", "from": None, "to": "4d", "log": []},
    ]


def test_a_log_that_could_not_be_read_leaves_the_commits() -> None:
    pull = {"item": {"dest": "/srv/web"}, "before": "1a", "after": "2b"}
    assert pulled_commits([pull], [{"item": pull, "failed": True}])[0]["log"] == []
