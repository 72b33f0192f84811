# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""source_checkout: work on the server, what git status -uno shows and what it does not, is refused or kept."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.unit.plugins.modules.source_server import Repository, Server, held, rescue

#: Each starts git many times: together they take longer than all other tests of modules.
pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, capsys, monkeypatch)


@pytest.fixture
def cloned(server: Server) -> Server:
    server.run()
    return server


@pytest.mark.parametrize("ignored", [False, True], ids=["untracked", "ignored"])
def test_files_in_the_way_are_refused_and_with_force_kept(cloned: Server, ignored: bool) -> None:
    if ignored:
        (cloned.checkout.path / ".git/info/exclude").write_text(".env\ndata/\n", encoding="utf-8")
    mine = {".env": "PASSWORD=mine\n", "data": "a file, and a folder upstream\n", "notes.d/a": "a folder, and a file upstream\n", "untouched": "stays\n"}
    for name, content in mine.items():
        cloned.checkout.write(name, content)
    wanted = cloned.upstream.commit("two", {".env": "PASSWORD=\n", "data/x": "theirs\n", "notes.d": "theirs\n"})
    message = cloned.refused()
    assert f"in {cloned.checkout.path} these files are in the way of the new version: .env, data, notes.d/a. Nothing was pulled." in message, message

    kept = Path(cloned.pulled(again=True, force=True)["kept"][str(cloned.checkout.path)])

    assert cloned.checkout.head == wanted
    assert (cloned.checkout.read(".env"), cloned.checkout.read("notes.d"), cloned.checkout.read("untouched")) == ("PASSWORD=\n", "theirs\n", "stays\n")
    assert held(kept) == {name: content for name, content in mine.items() if name != "untouched"}
    assert kept.is_relative_to(cloned.folder / "state/kept")
    assert {oct(path.stat().st_mode & 0o777) for path in (kept, *kept.iterdir())} == {"0o700", "0o600"}
    assert "tar -tf files.tar" in (kept / "README").read_text(encoding="utf-8")


def test_changes_that_nobody_committed_are_refused_and_with_force_kept(cloned: Server) -> None:
    cloned.checkout.write("VERSION", "staged\n")
    cloned.checkout.git("add", "VERSION")
    cloned.checkout.write("VERSION", "by hand\n")
    (cloned.checkout.path / "app/main.py").unlink()
    cloned.upstream.commit("two", {"VERSION": "two\n"})
    assert "there are changes: VERSION, app/main.py. Nothing was pulled. Commit and push" in cloned.refused()

    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])

    assert (cloned.checkout.read("VERSION"), held(kept)) == ("two\n", {"VERSION": "by hand\n"})
    rescued = rescue(cloned, kept)
    changes = next(ref for ref in rescued.git("for-each-ref", "--format=%(refname)", "refs/mycosoft.rack/kept").split() if ref.endswith("/changes"))
    assert (rescued.git("show", f"{changes}:VERSION"), rescued.git("show", f"{changes}^2:VERSION")) == ("by hand", "staged")
    assert "main.py" not in rescued.git("ls-tree", "-r", "--name-only", changes)


@pytest.mark.parametrize("where", ["on the branch", "without a branch", "on a branch of its own", "on the branch, which is not checked out"])
def test_commits_that_were_never_pushed_are_refused_and_with_force_kept(cloned: Server, where: str) -> None:
    if where == "without a branch":
        cloned.checkout.git("checkout", "--quiet", "--detach")
    if where == "on a branch of its own":
        cloned.checkout.git("checkout", "--quiet", "-b", "mine")
    mine = cloned.checkout.commit("Mend it on the server", {"VERSION": "mended\n"})
    if where.endswith("is not checked out"):
        cloned.checkout.git("checkout", "--quiet", "--detach", "origin/main")
    wanted = cloned.upstream.commit("two", {"VERSION": "two\n"})
    assert f"these commits are on no remote branch: {mine[:7]} Mend it on the server. Nothing was pulled." in cloned.refused()

    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])

    assert (cloned.checkout.head, cloned.checkout.git("branch", "--show-current")) == (wanted, "main")
    assert rescue(cloned, kept).git("show", f"{mine}:VERSION") == "mended"
    assert mine in cloned.checkout.git("for-each-ref", "refs/mycosoft.rack/kept")


def test_commits_that_were_pushed_from_elsewhere_are_no_work_of_this_server(cloned: Server) -> None:
    mine = cloned.checkout.commit("On the server", {"VERSION": "mended\n"})
    cloned.upstream.git("fetch", "--quiet", str(cloned.checkout.path), "main:hotfix")
    cloned.upstream.git("checkout", "--quiet", "hotfix")
    cloned.upstream.commit("And more")
    cloned.upstream.git("checkout", "--quiet", "main")
    wanted = cloned.upstream.commit("two")
    assert cloned.pulled()["commits"][0] == {"dest": str(cloned.checkout.path), "from": mine, "to": wanted, "log": [f"{wanted[:7]} two"]}


def test_a_forced_push_upstream_is_no_work_of_this_server_not_after_a_rollback_either(cloned: Server) -> None:
    old = cloned.checkout.head
    cloned.upstream.git("commit", "--quiet", "--amend", "--message", "one, again")
    assert cloned.pulled()["commits"][0]["from"] == old
    cloned.checkout.git("reset", "--quiet", "--keep", old)
    assert cloned.pulled()["commits"][0]["from"] == old


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_was_told_not_to_look_at_are_no_less_work(cloned: Server, flag: str) -> None:
    cloned.checkout.git("update-index", flag, "VERSION")
    cloned.checkout.write("VERSION", "of this server\n")
    cloned.upstream.commit("elsewhere", {"app/main.py": "print(2)\n"})
    cloned.pulled()
    assert cloned.checkout.read("VERSION") == "of this server\n"
    cloned.upstream.commit("two", {"VERSION": "two\n"})
    assert "there are changes: VERSION." in cloned.refused()
    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])
    assert (cloned.checkout.read("VERSION"), held(kept)) == ("two\n", {"VERSION": "of this server\n"})


def test_a_link_in_the_place_of_a_directory_is_work(cloned: Server) -> None:
    elsewhere = cloned.folder / "elsewhere"
    (cloned.checkout.path / "app").rename(elsewhere)
    (cloned.checkout.path / "app").symlink_to(elsewhere)
    message = cloned.refused()
    assert "there are changes: app/main.py; these files are in the way of the new version: app." in message, message
    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])
    with tarfile.open(kept / "files.tar") as tar:
        assert tar.getmember("app").linkname == str(elsewhere)
    assert not (cloned.checkout.path / "app").is_symlink()
    assert (elsewhere / "main.py").exists()


def test_an_unfinished_merge_is_refused_also_with_force(cloned: Server) -> None:
    cloned.checkout.commit("mine", {"VERSION": "mine\n"})
    cloned.upstream.commit("two", {"VERSION": "two\n"})
    cloned.checkout.git("fetch", "--quiet")
    subprocess.run(["git", "-C", str(cloned.checkout.path), "merge", "--quiet", "origin/main"], check=False, capture_output=True)
    for force in (False, True):
        assert "a merge is not finished there. Finish or abort it. Nothing was pulled." in cloned.refused(force=force)


def test_a_git_command_that_was_killed_is_named_before_anything_is_pulled(cloned: Server) -> None:
    (cloned.checkout.path / ".git/index.lock").touch()
    assert "a git command is not finished there. Remove .git/index.lock if no git runs there. Nothing was pulled." in cloned.refused()


def test_files_where_a_clone_should_be_are_refused_also_with_force(server: Server) -> None:
    server.checkout.write("data", "of somebody\n")
    assert "there are files, and no git checkout. Move them away, or correct dest in rack_stacks. Nothing was pulled." in server.refused(force=True)


def test_an_empty_directory_is_filled(server: Server) -> None:
    server.checkout.path.mkdir(parents=True)
    assert server.pulled()["changed"] is True


def test_work_that_cannot_be_kept_is_not_overwritten(cloned: Server) -> None:
    os.mkfifo(cloned.checkout.path / ".env")
    cloned.checkout.write("VERSION", "by hand\n")
    (cloned.folder / "state").touch()
    before = cloned.checkout.head
    cloned.upstream.commit("two", {"VERSION": "two\n"})
    message = cloned.run(force=True)["msg"]
    assert message.startswith(f"Cannot pull the code of sandbox: the work in {cloned.checkout.path} cannot be kept in {cloned.folder}/state/kept/"), message
    assert message.endswith("Nothing was overwritten.")
    assert (cloned.checkout.head, cloned.checkout.read("VERSION")) == (before, "by hand\n")


def test_nothing_is_pulled_where_another_checkout_would_lose_something(cloned: Server) -> None:
    other = Repository(cloned.folder / "srv" / "other")
    both = [{"repo": cloned.url, "dest": str(path), "version": "main"} for path in (cloned.checkout.path, other.path)]
    cloned.run(checkouts=both)
    cloned.upstream.commit("two", {"VERSION": "two\n"})
    other.write("VERSION", "by hand\n")
    assert f"in {other.path} there are changes: VERSION." in cloned.refused(checkouts=both)
    assert list(cloned.pulled(checkouts=both, force=True)["kept"]) == [str(other.path)]
    assert cloned.checkout.head == other.head == cloned.upstream.head


# A submodule that upstream replaces by something else: git removes its directory with all that is in it.


def replace_library(server: Server, by: str) -> str:
    """Upstream has a file, a link or a directory in the place of its submodule, or another submodule."""
    server.upstream.git("rm", "--quiet", "--force", "lib")
    if by == "another submodule":
        other = server.repository("library-2", {"untracked": "theirs\n", "secret.env": "theirs\n", "data/x": "theirs\n"})
        server.upstream.git("submodule", "--quiet", "add", "--name", "another", f"file://{other.path}", "lib")
        return server.upstream.commit("another library")
    if by == "a link":
        (server.upstream.path / "lib").symlink_to("app")
        server.upstream.git("add", "lib")
        return server.upstream.commit("a link")
    if by == "a directory":
        return server.upstream.commit("vendored", {"lib/untracked": "theirs\n", "lib/secret.env": "theirs\n", "lib/data/x": "theirs\n"})
    return server.upstream.commit("a file", {"lib": "theirs\n"})


MINE = {"untracked": "mine\n", "secret.env": "PASSWORD=mine\n", "data/x": "mine\n"}


@pytest.fixture
def library(cloned: Server) -> Repository:
    made = cloned.repository("library", {"lib.py": "one\n", ".gitignore": "*.env\ndata/\n"})
    deeper = cloned.repository("library-of-library", {"deep.py": "one\n"})
    made.git("submodule", "--quiet", "add", f"file://{deeper.path}", "deep")
    made.commit("with a library of its own")
    cloned.upstream.git("submodule", "--quiet", "add", f"file://{made.path}", "lib")
    cloned.upstream.commit("with a library")
    cloned.pulled()
    return Repository(cloned.checkout.path / "lib")


@pytest.mark.parametrize(("by", "submodules"), [("a file", True), ("a link", False)], ids=["by a file", "by a link, submodules left alone"])
def test_work_in_a_submodule_that_is_replaced_is_refused_and_with_force_kept(cloned: Server, library: Repository, by: str, submodules: bool) -> None:
    mine = library.commit("Mend it on the server")
    for name, content in {**MINE, "lib.py": "mine\n", "deep/mine": "mine\n"}.items():
        library.write(name, content)
    library.git("update-index", "--assume-unchanged", ".gitignore")
    library.write(".gitignore", "*.env\ndata\n")
    wanted = replace_library(cloned, by)
    message = cloned.refused(submodules=submodules)
    assert "there are changes: lib/lib.py, lib/.gitignore; " in message, message
    assert "in the way of the new version: lib/data/x, lib/secret.env, lib/untracked, lib/deep/mine; " in message, message
    assert f"on no remote branch: lib/{mine[:7]} Mend it on the server. Nothing was pulled." in message, message

    kept = Path(cloned.pulled(force=True, submodules=submodules, again=True)["kept"][str(cloned.checkout.path)])

    assert (cloned.checkout.head, cloned.checkout.git("status", "--porcelain")) == (wanted, "")
    assert held(kept / "lib") == {**MINE, "lib.py": "mine\n", ".gitignore": "*.env\ndata\n"}
    assert held(kept / "lib-deep") == {"mine": "mine\n"}
    upstream = Repository(cloned.folder / "library")
    upstream.git("fetch", "--quiet", str(kept / "lib/commits.bundle"), "refs/*:refs/*")
    assert upstream.git("log", "-1", "--format=%s", mine) == "Mend it on the server"
    assert not (cloned.checkout.path / "lib/deep").exists()


@pytest.mark.parametrize("by", ["another submodule", "a directory"])
def test_files_in_a_submodule_stay_where_another_one_or_a_directory_replaces_it(cloned: Server, library: Repository, by: str) -> None:
    for name, content in {**MINE, "deep/mine": "mine\n", "elsewhere": "mine\n"}.items():
        library.write(name, content)
    replace_library(cloned, by)
    message = cloned.refused()
    assert "in the way of the new version: lib/data/x, lib/secret.env, lib/untracked. Nothing was pulled." in message, message

    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])

    assert held(kept / "lib" if by == "another submodule" else kept) == {name if by == "another submodule" else f"lib/{name}": MINE[name] for name in MINE}
    assert [library.read(name) for name in (*MINE, "deep/mine", "elsewhere")] == ["theirs\n"] * 3 + ["mine\n"] * 2


def test_a_submodule_without_work_is_replaced_by_a_file(cloned: Server, library: Repository) -> None:
    library.write("lib.py", "mine\n")
    library.git("stash")
    replaced = replace_library(cloned, "a file")
    assert cloned.pulled(again=True)["commits"][0]["to"] == replaced
    assert (cloned.checkout.path / ".git/modules/lib/refs/stash").exists()


def test_a_submodule_with_its_repository_in_it_is_not_replaced_by_a_file_also_with_force(cloned: Server, library: Repository) -> None:
    (library.path / ".git").unlink()
    (cloned.checkout.path / ".git/modules/lib").rename(library.path / ".git")
    cloned.checkout.git("config", "--file", str(library.path / ".git/config"), "--unset", "core.worktree")
    replace_library(cloned, "a file")
    for force in (False, True):
        assert f"a submodule whose directory holds the repository {library.path}/.git. Move the directory away, or run git submod" in cloned.refused(
            force=force
        )


def test_a_file_in_the_place_of_a_submodule_is_work(cloned: Server, library: Repository) -> None:
    library.path.rename(cloned.folder / "elsewhere")
    library.path.symlink_to(cloned.folder / "elsewhere")
    replace_library(cloned, "a file")
    assert "in the way of the new version: lib. Nothing was pulled." in cloned.refused()
    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])
    with tarfile.open(kept / "files.tar") as tar:
        assert tar.getmember("lib").linkname == str(cloned.folder / "elsewhere")
    assert (cloned.folder / "elsewhere/lib.py").exists()


def test_a_directory_with_a_submodule_that_a_file_replaces_is_refused_and_with_force_kept(cloned: Server, library: Repository) -> None:
    cloned.upstream.git("mv", "lib", "vendor-lib")
    (cloned.upstream.path / "vendor").mkdir()
    cloned.upstream.git("mv", "vendor-lib", "vendor/lib")
    cloned.upstream.commit("moved")
    cloned.pulled()
    inside = Repository(cloned.checkout.path / "vendor/lib")
    inside.write("lib.py", "mine\n")
    inside.write("untracked", "mine\n")
    cloned.upstream.git("rm", "--quiet", "--force", "vendor/lib")
    (cloned.upstream.path / "vendor").rmdir()
    wanted = cloned.upstream.commit("a file", {"vendor": "theirs\n"})
    assert "vendor/lib/untracked" in cloned.refused()
    kept = Path(cloned.pulled(force=True)["kept"][str(cloned.checkout.path)])
    assert held(kept)["vendor/lib/untracked"] == "mine\n"
    assert cloned.checkout.head == wanted
