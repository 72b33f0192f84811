# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go back to a commit that is in a checkout already, without losing what came there since."""

from __future__ import annotations

import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import KEPT, Checkout, GitRefused, in_the_way, uncommitted


def blocking(checkout: Checkout, commit: str) -> t.List[str]:
    """Files that git does not track, or ignores, where the commit has files of its own: git itself overwrites the latter. Raises GitRefused.

    Of a submodule that a file replaces also changed files: git removes its directory.
    """
    if checkout.head == commit:
        return []
    tracked, _unseen = checkout.index()
    wanted = checkout.tree(commit)
    replaced = checkout.replaced(tracked, wanted)
    missing = [path for path, submodule in replaced.items() if submodule is None]  # there may be files instead
    inside = ["%s/%s" % (path, name) for path, submodule in replaced.items() if submodule for name in uncommitted(submodule)]
    return in_the_way(checkout.path, [*(path for path in wanted if path not in tracked), *missing], tracked.keys() - missing) + inside


def go_back(checkout: Checkout, commit: str) -> None:
    """Bring a branch and its files back, and the submodules. Changes are kept where they are not in the way. Raises GitRefused."""
    head = checkout.head
    if head != commit:
        _name_what_goes(checkout, commit)
        checkout.say("reset", "--quiet", "--keep", commit)
    tracked, _unseen = checkout.index()
    for path, submodule in checkout.submodules(tracked).items():
        wanted = tracked[path].blob
        if submodule.head != wanted and submodule.commit(wanted):
            if blocking(submodule, wanted):
                raise GitRefused("in %s files are in the way: %s" % (submodule.path, ", ".join(blocking(submodule, wanted))))
            _name_what_goes(submodule, wanted)
            submodule.say("checkout", "--quiet", "--detach", wanted)
            go_back(submodule, wanted)


def _name_what_goes(checkout: Checkout, commit: str) -> None:
    _name_what_is_only_here(checkout, commit)
    for submodule in checkout.replaced(checkout.index()[0], checkout.tree(commit)).values():
        _name_in_submodules(submodule)


def _name_in_submodules(submodule: t.Optional[Checkout]) -> None:
    """Of a submodule whose directory goes, and of those in it, the repositories stay."""
    if submodule:
        _name_what_is_only_here(submodule)
        for inside in submodule.submodules(submodule.index()[0]).values():
            _name_in_submodules(inside)


def _name_what_is_only_here(checkout: Checkout, *commits: str) -> None:
    """Commits that no remote has would otherwise be in the reflog only, until git collects them."""
    head = checkout.head
    if head and checkout.reach([head], [*checkout.known(), *commits]):
        checkout.say("update-ref", "%s/rollback/%s" % (KEPT, head), head)
