# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check out the wanted commit. Nothing is forced: where work came in the way since it was examined, git refuses."""

from __future__ import annotations

import shutil
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import PULLED, Checkout, GitRefused, masked, uncommitted
from ansible_collections.mycosoft.rack.plugins.module_utils._git.remote import Wanted, fetch
from ansible_collections.mycosoft.rack.plugins.module_utils._source.examine import Source

#: How many pulled commits a checkout remembers.
_REMEMBERED = 30


def bring(source: Source, submodules: bool) -> bool:
    """Clone, or check out the commit; whether that changed anything. Raises RackError, OSError."""
    checkout = source.checkout
    if not checkout.exists:
        _clone(source, submodules)
        return True
    if source.moved:
        has_remote = checkout.configured("remote.origin.url") is not None
        checkout.say("remote", *(["set-url"] if has_remote else ["add"]), "origin", source.repo)
    return switch(checkout, source.wanted, source.commit, submodules) or source.moved


def _clone(source: Source, submodules: bool) -> None:
    """Clone beside the place, and put it there when it is complete: a run that is killed leaves no half checkout."""
    dest = Path(source.dest)
    if dest.exists():  # and is empty; it may be a mount point
        _clone_into(source, dest, submodules)
        return
    dest.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".%s." % dest.name, dir=str(dest.parent)))
    try:
        _clone_into(source, beside / dest.name, submodules)
        (beside / dest.name).rename(dest)
    finally:
        shutil.rmtree(str(beside), ignore_errors=True)


def _clone_into(source: Source, path: Path, submodules: bool) -> None:
    checkout = Checkout(source.checkout.run, str(path), source.checkout.environment)
    checkout.elsewhere("/").say("clone", "--quiet", "--no-checkout", "--origin", "origin", "--", source.repo, str(path))
    switch(checkout, source.wanted, fetch(checkout, "origin", source.version, source.wanted), submodules)


def switch(checkout: Checkout, wanted: Wanted, commit: str, submodules: bool) -> bool:
    """Check out a commit that was fetched, as the branch of that name or without one; whether it or a submodule was another one before.

    Raises RackError, where something came in its way too.
    """
    before, branch = checkout.head, checkout.branch
    git = ("-c", "submodule.recurse=false", "checkout", "--quiet", "--no-overwrite-ignore")
    new = not checkout.folders("index")[0].exists()
    if not new and before != commit:
        _refuse_late_files(checkout, commit)
    if wanted.branch:
        if new or before != commit or branch != wanted.branch:
            _check_out_branch(checkout, git, wanted.branch, commit)
        checkout.ask("update-ref", "refs/remotes/origin/" + wanted.branch, commit)  # fails beside a stale branch of the same beginning
        if checkout.configured("branch.%s.merge" % wanted.branch) is None:
            checkout.say("config", "branch.%s.remote" % wanted.branch, "origin")
            checkout.say("config", "branch.%s.merge" % wanted.branch, wanted.ref or "")
    elif new or before != commit or branch is not None:
        checkout.say(*git, "--detach", commit)
    if wanted.tag:
        checkout.say("update-ref", wanted.ref or "", wanted.object or commit)
    inside = submodules and _update_submodules(checkout)
    if checkout.head != commit:
        raise RackError("%s was to be checked out, and %s is" % (commit, checkout.head))
    _remember(checkout, [before, commit])
    return inside or before != commit


def _refuse_late_files(checkout: Checkout, commit: str) -> None:
    """Raise GitRefused where a file replaces a submodule in which there is something now: git removes the directory without a look."""
    for path, submodule in checkout.replaced(checkout.index()[0], checkout.tree(commit)).items():
        names = uncommitted(submodule) if submodule else []
        if names:
            raise GitRefused("in %s/%s files are in the way: %s" % (checkout.path, path, ", ".join(names)))


def _check_out_branch(checkout: Checkout, git: t.Sequence[str], branch: str, commit: str) -> None:
    """Without the branch where a local one is in its way, such as a ``release`` beside the new ``release/1``."""
    code, _output, errors = checkout.ask(*git, "-B", branch, commit)
    if code and "lock ref" in errors:
        checkout.say(*git, "--detach", commit)
    elif code:
        raise GitRefused(masked(" ".join(errors.split())))


def _update_submodules(checkout: Checkout) -> bool:
    """Check out in every submodule what the commit names; whether that changed anything."""
    if not Path(checkout.path, ".gitmodules").exists() or all(line.startswith(" ") for line in _submodules(checkout)):
        return False
    checkout.say("submodule", "--quiet", "sync", "--recursive")
    checkout.say("submodule", "--quiet", "update", "--init", "--recursive")
    return True


def _submodules(checkout: Checkout) -> t.List[str]:
    return checkout.say("submodule", "status", "--recursive").splitlines()


def _remember(checkout: Checkout, commits: t.Iterable[t.Optional[str]]) -> None:
    """Name what came from the remote: a branch may be force-pushed, and then nothing else tells that it did; git does not collect it either."""
    told = checkout.say("for-each-ref", "--sort=refname", "--format=%(objectname) %(refname)", PULLED).splitlines()
    named = {name for name, _space, _ref in (line.partition(" ") for line in told)}
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    new = [commit for commit in dict.fromkeys(commits) if commit and commit not in named]
    old = [line.partition(" ")[2] for line in told][: max(0, len(told) + len(new) - _REMEMBERED)]
    orders = ["update %s/%s-%s %s" % (PULLED, stamp, commit[:12], commit) for commit in new] + ["delete %s" % ref for ref in old]
    if orders:
        checkout.say("update-ref", "--stdin", data="".join("%s\n" % order for order in orders))
