# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border to a git server: what a branch, a tag or a commit means there, and how it comes here.

Nothing below changes a file of the working tree, a branch or a tag.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Checkout, Git, GitRefused

_COMMIT_ID = re.compile(r"[0-9a-f]{7,64}")
_FULL_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
#: Options of a fetch.
_QUIETLY = ("--quiet", "--no-recurse-submodules")
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class Wanted(t.NamedTuple):
    """What ``version`` means at the remote. ``commit``: None for a short id that only a fetch can tell."""

    #: The branch or tag, ``refs/...``; None for a commit.
    ref: t.Optional[str]
    #: What the ref points at, which for an annotated tag is not the commit.
    object: t.Optional[str]
    commit: t.Optional[str]

    @property
    def branch(self) -> t.Optional[str]:
        return self.ref[len(_HEADS) :] if self.ref and self.ref.startswith(_HEADS) else None

    @property
    def tag(self) -> t.Optional[str]:
        return self.ref[len(_TAGS) :] if self.ref and self.ref.startswith(_TAGS) else None


def find(git: Git, address: str, version: str, branch: t.Optional[str]) -> Wanted:
    """What ``version`` is there at this moment: a branch, else a tag, else a commit. ``HEAD``: ``branch``, or the default of the remote.

    Raises GitRefused, and RackError where there is no such thing.
    """
    name = branch if version == "HEAD" and branch else version
    told = git.say("ls-remote", "--symref", "--", address, "HEAD", _HEADS + name, _TAGS + name, _TAGS + name + "^{}")
    lines = [line.split("\t") for line in told.splitlines()]
    refs = {ref: value for value, ref in lines if not value.startswith("ref: ")}
    default = next((value[len("ref: ") :] for value, ref in lines if ref == "HEAD" and value.startswith("ref: ")), None)
    ref = next((ref for ref in (_HEADS + name, _TAGS + name) if ref in refs), None)
    if name == "HEAD" and default in refs:
        ref = default
    elif name == "HEAD" and default and "HEAD" in refs:
        return Wanted(default, refs["HEAD"], refs["HEAD"])
    if ref:
        return Wanted(ref, refs[ref], refs.get(ref + "^{}", refs[ref]))
    if version != "HEAD" and _COMMIT_ID.fullmatch(version):
        return Wanted(None, version, version if _FULL_ID.fullmatch(version) else None)
    if version == "HEAD" and branch:
        raise RackError("its branch %s is not in %s any more. Set version in rack_stacks" % (branch, address))
    if version == "HEAD":
        raise RackError("%s has no default branch. Set version in rack_stacks" % address)
    raise RackError("%s has no branch, tag or commit %s. Correct version in rack_stacks" % (address, version))


def fetch(checkout: Checkout, address: str, version: str, wanted: Wanted) -> str:
    """Fetch what is wanted, and nothing else; the commit. Tags of this checkout stay what they are. Raises GitRefused."""
    if wanted.commit and checkout.commit(wanted.commit):
        return wanted.commit
    ways = [_fetch_branch, _fetch_ref] if wanted.branch else [_fetch_ref] if wanted.ref else [_fetch_commit, _fetch_everything]
    attempts = (_attempt(way, checkout, address, version, wanted, last=way is ways[-1]) for way in ways)
    found = next((commit for commit in attempts if commit), None)
    if not found:
        raise RackError("%s has no branch, tag or commit %s. Correct version in rack_stacks" % (address, version))
    return found


def _attempt(way: t.Callable[..., str], checkout: Checkout, address: str, version: str, wanted: Wanted, last: bool) -> t.Optional[str]:
    """The commit that came this way; None where another way may lead to it. Raises GitRefused."""
    try:
        return checkout.commit(way(checkout, address, version, wanted))
    except GitRefused as error:
        # a branch a/b cannot be remembered beside an a that upstream deleted, and a server may refuse to be asked for a commit
        if last or (wanted.ref and "lock ref" not in error.message):
            raise
        return None


def _fetch_branch(checkout: Checkout, address: str, _version: str, wanted: Wanted) -> str:
    """As a branch of the remote, whatever refspec the clone has: one of a single branch knows no other one."""
    remembered = "refs/remotes/origin/%s" % wanted.branch
    # a moved tag must not stop a clone that is told to fetch all of them
    tags = ["--no-tags"] if checkout.configured("remote.origin.tagOpt") else []
    # of a shallow clone that has an earlier commit of the branch only what is new comes
    depth = [] if checkout.commit(remembered) else _depth(checkout)
    checkout.say("fetch", *_QUIETLY, *tags, *depth, "--", address, "+%s:%s" % (wanted.ref, remembered))
    return remembered


def _fetch_ref(checkout: Checkout, address: str, _version: str, wanted: Wanted) -> str:
    checkout.say("fetch", *_QUIETLY, "--no-tags", *_depth(checkout), "--refmap=", "--", address, wanted.ref or "")
    return "FETCH_HEAD"


def _fetch_commit(checkout: Checkout, address: str, version: str, wanted: Wanted) -> str:
    if not wanted.commit:
        return version  # a short id cannot be fetched
    checkout.say("fetch", *_QUIETLY, "--no-tags", *_depth(checkout), "--refmap=", "--", address, wanted.commit)
    return "FETCH_HEAD"


def _fetch_everything(checkout: Checkout, address: str, version: str, _wanted: Wanted) -> str:
    fetch_branches(checkout, address)
    return version


def _depth(checkout: Checkout) -> t.List[str]:
    return ["--depth=1"] if checkout.say("rev-parse", "--is-shallow-repository").strip() == "true" else []


def fetch_branches(checkout: Checkout, address: str) -> None:
    """Fetch every branch, to know what was pushed. Raises GitRefused."""
    checkout.say("fetch", *_QUIETLY, "--no-tags", "--", address, "+refs/heads/*:refs/remotes/origin/*")


class Borrowed(Git):
    """A repository of its own that borrows the objects of a checkout, so that a fetch writes nothing there. For ``with``."""

    def __init__(self, checkout: Checkout) -> None:
        super().__init__(checkout.run, tempfile.mkdtemp(prefix="rack-git-"), checkout.environment)
        self._checkout = checkout

    def __enter__(self) -> Borrowed:
        self.say("init", "--quiet", "--bare")
        if self._checkout.exists:
            objects, shallow = self._checkout.folders("objects", "shallow")
            self.environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(objects.resolve())
            if shallow.exists():
                shutil.copy(str(shallow), self.path)
        return self

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self.path)

    def fetch(self, address: str, version: str, wanted: Wanted) -> str:
        """The wanted commit, with no more of its files than .gitmodules where the server can leave them out. Raises GitRefused."""
        if wanted.commit and self.commit(wanted.commit):
            return wanted.commit
        self.say("config", "remote.origin.url", address)
        self.say("config", "remote.origin.promisor", "true")
        less = ("--quiet", "--no-tags", "--filter=blob:none", "--depth=1")
        if wanted.ref:
            self.say("fetch", *less, "origin", wanted.ref)
        elif not wanted.commit or self.ask("fetch", *less, "origin", wanted.commit)[0]:
            self.fetch_branches(address)
        found = self.commit(version if wanted.ref is None else "FETCH_HEAD")
        if not found:
            raise RackError("%s has no branch, tag or commit %s. Correct version in rack_stacks" % (address, version))
        return found

    def fetch_branches(self, address: str) -> None:
        """Every branch, without the files. Raises GitRefused."""
        self.say("fetch", "--quiet", "--no-tags", "--filter=blob:none", "--", address, "+refs/heads/*:refs/remotes/origin/*")
