# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tree_digest: the same number for the same tree, another for any difference that counts."""

from __future__ import annotations

import json
import os
import shutil
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.module_utils._offload import tree
from ansible_collections.mycosoft.rack.plugins.module_utils._offload.tree import read_content
from ansible_collections.mycosoft.rack.plugins.modules import tree_digest

Result = dict[str, t.Any]
Run = t.Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*paths: Path, **options: t.Any) -> Result:
        with patch_module_args({"paths": [str(path) for path in paths], **options}), pytest.raises(SystemExit):
            tree_digest.main()
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def grow(root: Path) -> Path:
    (root / "base").mkdir(parents=True)
    (root / "base" / "1").write_text("one")
    (root / "base" / "2").write_text("two")
    (root / "empty").mkdir()
    os.link(root / "base" / "1", root / "same")
    (root / "link").symlink_to("base/1")
    Path(os.fsdecode(os.fsencode(root) + b"/not-\xff-text")).write_text("odd")
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 20)
    os.mkfifo(root / "fifo")
    for path in [root, *root.rglob("*")]:
        os.utime(path, (1000, 1000), follow_symlinks=False)
    return root


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return grow(tmp_path / "a"), grow(tmp_path / "b")


def test_the_same_tree_has_the_same_number_wherever_it_is(run: Run, pair: tuple[Path, Path]) -> None:
    one, other = run(*pair)["trees"].values()
    assert one == other
    assert (one["entries"], one["size"]) == (9, 3 + 3 + 3 + (1 << 20))


def content(root: Path) -> None:
    (root / "base" / "2").write_text("twO")
    os.utime(root / "base" / "2", (1000, 1000))


def mode(root: Path) -> None:
    (root / "base" / "2").chmod(0o600)


def moment(root: Path) -> None:
    os.utime(root / "base" / "2", (1000, 2000))


def copied(root: Path) -> None:
    (root / "same").unlink()
    shutil.copy2(root / "base" / "1", root / "same")


def target(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("base/2")


def added(root: Path) -> None:
    (root / "empty" / "new").touch()


def removed(root: Path) -> None:
    (root / "empty").rmdir()


def renamed(root: Path) -> None:
    (root / "base" / "2").rename(root / "base" / "3")


def kind(root: Path) -> None:
    (root / "fifo").unlink()
    (root / "fifo").touch()


def longer(root: Path) -> None:
    os.truncate(root / "sparse", (1 << 20) + 1)
    os.utime(root / "sparse", (1000, 1000))


def attribute(root: Path) -> None:
    os.setxattr(root / "base" / "2", "user.note", b"x")


@pytest.mark.parametrize("change", [content, mode, moment, copied, target, added, removed, renamed, kind, longer, attribute])
def test_whatever_differs_gives_another_number(run: Run, pair: tuple[Path, Path], change: t.Callable[[Path], None]) -> None:
    change(pair[1])
    one, other = run(*pair)["trees"].values()
    assert one["digest"] != other["digest"]


def test_pipes_do_not_count_where_they_are_left_out(run: Run, pair: tuple[Path, Path]) -> None:
    (pair[1] / "fifo").unlink()
    os.utime(pair[1], (1000, 1000))
    one, other = run(*pair, specials=False)["trees"].values()
    assert one == other


def test_where_a_file_has_its_holes_does_not_count(run: Run, pair: tuple[Path, Path]) -> None:
    (pair[1] / "sparse").write_bytes(bytes(1 << 20))
    os.utime(pair[1] / "sparse", (1000, 1000))
    one, other = run(*pair)["trees"].values()
    assert one == other


def test_what_cannot_be_read_has_no_number(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert result["msg"].startswith("Cannot read %s:" % (tmp_path / "nowhere"))


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read from now on."""
    read, original = [], tree.read_content

    def content(path: str) -> str:
        read.append(os.fsdecode(Path(path).name))
        return original(path)

    monkeypatch.setattr(tree, "read_content", content)
    return read


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = time.time_ns() + seconds * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: now)


def nothing(_root: Path) -> None:
    """Leave it as it is."""


@pytest.mark.parametrize(
    ("change", "names"),
    [(nothing, []), (removed, []), (content, ["2"]), (mode, ["2"]), (renamed, ["3"]), (copied, ["1", "same"]), (added, ["new"]), (longer, ["sparse"])],
)
def test_what_was_not_changed_is_not_read_again(
    run: Run, pair: tuple[Path, Path], contents: list[str], monkeypatch: pytest.MonkeyPatch, change: t.Callable[[Path], None], names: list[str]
) -> None:
    place = pair[0].parent / "digests.json"
    later(monkeypatch, 10)
    run(pair[0], remember=str(place))
    assert len(contents) == 4
    change(pair[0])
    contents.clear()
    recalled = run(pair[0], recall=str(place))["trees"]
    assert contents == names
    assert recalled == run(pair[0])["trees"]


def test_a_file_that_was_changed_while_it_was_remembered_is_read_again(run: Run, pair: tuple[Path, Path], contents: list[str]) -> None:
    place = pair[0].parent / "digests.json"
    run(pair[0], remember=str(place))
    contents.clear()
    run(pair[0], recall=str(place))
    assert len(contents) == 4


@pytest.mark.parametrize("text", [None, "half a fi", "[]", '{"version": 0, "files": {}}'])
def test_without_a_memory_everything_is_read(run: Run, pair: tuple[Path, Path], contents: list[str], text: str | None) -> None:
    place = pair[0].parent / "digests.json"
    if text is not None:
        place.write_text(text)
    run(pair[0], recall=str(place))
    assert len(contents) == 4


def test_what_cannot_be_remembered_is_told(run: Run, pair: tuple[Path, Path]) -> None:
    result = run(pair[0], remember="/nowhere/digests.json")
    assert result["msg"].startswith("Cannot save to /nowhere/digests.json what was read: No such file or directory.")


def test_a_file_that_became_a_link_or_a_pipe_meanwhile_is_not_followed_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("theirs", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read_content(str(tmp_path / "link"))
    assert read_content(str(tmp_path / "pipe")) == read_content(os.devnull)
