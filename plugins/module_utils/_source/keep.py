# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep work of a checkout in one directory, prove that it is there, and only then clear it away.

Commits and changes are in a bundle, which git reads like a remote, and named in the checkout, so that git does not collect them; files are in an archive.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import KEPT, Checkout, GitRefused
from ansible_collections.mycosoft.rack.plugins.module_utils._git.remote import Borrowed
from ansible_collections.mycosoft.rack.plugins.module_utils._source.examine import Source, Work

#: Only who deploys may read it: an .env in the way is a secret.
_DIRECTORY, _FILE = 0o700, 0o600

_IDENTITY = ("-c", "user.name=mycosoft.rack", "-c", "user.email=rack@localhost", "-c", "commit.gpgSign=false")

_EXPLANATION = """\
Work that was in {path} when a deploy replaced it by commit {commit}.

{files}{commits}"""
_FILES = """\
files.tar holds the changed files, and those that were in the way, with their paths below {path}:
    tar -tf files.tar
"""
_COMMITS = """\
commits.bundle holds commits that are on no remote branch. "changes" is what nobody had committed, as git stash keeps it:
    git -C {path} fetch {folder}/commits.bundle 'refs/*:refs/*'
    git -C {path} show {names}
"""


def slug(text: str) -> str:
    """A text as the name of a directory and as a part of a ref."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "work"


def folder_for(root: Path, run: str, source: Source) -> Path:
    """A directory that is not there yet."""
    wanted = root / slug(run) / slug(source.dest)
    count = 1
    while os.path.lexists(str(wanted)):
        count += 1
        wanted = root / slug(run) / ("%s-%d" % (slug(source.dest), count))
    return wanted


def keep(source: Source, folder: Path) -> None:
    """Keep all work of a source below ``folder``, which is made. Raises RackError where something cannot be kept; nothing was overwritten then."""
    try:
        folder.mkdir(parents=True, mode=_DIRECTORY)
        folder.chmod(_DIRECTORY)
        for work in source.work:
            _keep(work, folder / slug(work.at) if work.at else folder, source.commit)
    except (OSError, GitRefused, tarfile.TarError) as error:
        raise RackError("the work in %s cannot be kept in %s: %s. Look at its permissions and the free disk" % (source.dest, folder, error)) from error


def _keep(work: Work, folder: Path, commit: str) -> None:
    folder.mkdir(mode=_DIRECTORY, exist_ok=True)
    path = work.checkout.path
    files = _archive(work, folder / "files.tar")
    names = _bundle(work, folder / "commits.bundle")
    parts = {
        "files": _FILES.format(path=path) if files else "",
        "commits": _COMMITS.format(path=path, folder=folder, names=" ".join(names)) if names else "",
    }
    note = folder / "README"
    note.write_text(_EXPLANATION.format(path=path, commit=commit, **parts), encoding="utf-8", errors="surrogateescape")
    note.chmod(_FILE)


def _archive(work: Work, archive: Path) -> bool:
    """Write the files, and read them back; whether there are any."""
    root = Path(work.checkout.path)
    # of the changed files some were removed, or a directory took their place
    changed = [name for name in work.changed if (root / name).is_symlink() or (root / name).is_file()]
    names = sorted({*changed, *work.unseen, *work.in_the_way})
    if not names:
        return False
    with archive.open("xb") as file:
        archive.chmod(_FILE)
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in names:
                tar.add(str(root / name), arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())
    with tarfile.open(str(archive)) as tar:
        held = {member.name: _of_member(tar, member) for member in tar.getmembers()}
    missing = [name for name in names if held.get(name) != _of_file(root / name)]
    if missing:
        raise RackError("the work in %s cannot be kept: %s is not in %s as it is there. Move it away" % (root, ", ".join(missing), archive))
    return True


def _of_member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """What a member of an archive holds, in the words of ``_of_file``."""
    if member.islnk():  # the second name of a file that the archive has already
        return _of_member(tar, tar.getmember(member.linkname))
    if member.issym():
        return "-> " + member.linkname
    file = tar.extractfile(member)
    return _digest(file) if file else "no file"


def _of_file(path: Path) -> str:
    if path.is_symlink():
        return "-> " + os.readlink(str(path))  # noqa: PTH115 # the text itself
    if not path.is_file():
        return "neither file nor link"  # to open a named pipe waits for ever
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: t.IO[bytes]) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


def _bundle(work: Work, bundle: Path) -> t.List[str]:
    """Write the commits and the changes, and unpack them elsewhere; the names they have in the checkout, none where there are none."""
    checkout = work.checkout
    heads = {slug(name): checkout.commit(name) or "" for name in work.heads}
    if work.changed:
        heads["changes"] = _snapshot(checkout)
    heads = {name: commit for name, commit in heads.items() if commit}
    if not heads:
        return []
    known = ["^" + name for name in dict.fromkeys(checkout.known()) if name not in heads.values()]
    prefix = "%s/%s" % (KEPT, slug(str(bundle.parent)))
    names = {"%s/%s" % (prefix, name): commit for name, commit in heads.items()}
    checkout.say("update-ref", "--stdin", data="".join("create %s %s\n" % pair for pair in names.items()))
    checkout.say("bundle", "create", str(bundle), "--stdin", data="".join("%s\n" % line for line in [*names, *known]))
    bundle.chmod(_FILE)
    with Borrowed(checkout) as elsewhere:
        # what the bundle builds on has to have a name where it is unpacked
        elsewhere.say("update-ref", "--stdin", data="".join("create refs/known/%d %s\n" % pair for pair in enumerate(name[1:] for name in known)))
        told = elsewhere.say("bundle", "unbundle", str(bundle))  # proves the checksum of every object in it
    held = {ref: commit for commit, _space, ref in (line.partition(" ") for line in told.splitlines())}
    if any(held.get(ref) != commit for ref, commit in names.items()):
        raise RackError("the commits in %s cannot be kept: %s does not hold all of them. Push them" % (checkout.path, bundle))
    return list(names)


def _snapshot(checkout: Checkout) -> str:
    """A commit of the files and one of the index, as git stash makes them, which no branch leads to. Neither is touched. Empty where nothing differs."""
    try:
        return checkout.say(*_IDENTITY, "stash", "create", "mycosoft.rack").strip()
    except GitRefused:  # a link in the place of a directory: the archive has it, and what was staged is here
        return checkout.say(*_IDENTITY, "commit-tree", checkout.say("write-tree").strip(), "-p", "HEAD", "-m", "What was staged").strip()


def clear(work: Work) -> None:
    """Take away what was kept, so that git can check out without force: what came since is in its way then. Raises GitRefused, OSError."""
    checkout = work.checkout
    for name in work.in_the_way:
        Path(checkout.path, name).unlink()
    if work.unseen:
        checkout.say("update-index", "--no-assume-unchanged", "--", *work.unseen)
        checkout.say("update-index", "--no-skip-worktree", "--", *work.unseen)
        checkout.say("checkout", "--force", "--", *work.unseen)
    if work.changed:
        checkout.say("reset", "--quiet", "--hard", "HEAD")
