# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""swap_reset against files of a kernel and commands that change them as the real ones do."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import swap_reset

Result = dict[str, t.Any]
HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
KIB_OF_GIB = 1024 * 1024

#: Each notes its arguments, and takes the device from the table or puts it back. ``behaviour`` beside it says how swapoff ends.
SWAPOFF = """#!/bin/sh
echo "swapoff $*" >>{root}/said
case $(cat {root}/behaviour) in
good) grep -v "^$1 " {root}/proc/swaps >{root}/new; mv {root}/new {root}/proc/swaps; sed -i 's/^SwapFree:.*/SwapFree: 8388608 kB/' {root}/proc/meminfo ;;
slow) sleep 30 ;;
*) echo "swapoff: $1: swapoff failed: Cannot allocate memory" >&2; exit 4 ;;
esac
"""
SWAPON = """#!/bin/sh
echo "swapon $*" >>{root}/said
for last; do :; done
test "$(cat {root}/again)" = yes && echo "$last partition 8388604 0 -2" >>{root}/proc/swaps
"""


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "proc").mkdir()
        (root / "bin").mkdir()
        for name, text in (("swapoff", SWAPOFF), ("swapon", SWAPON)):
            (root / "bin" / name).write_text(text.format(root=root))
            (root / "bin" / name).chmod(0o755)
        (root / "said").write_text("")
        (root / "again").write_text("yes")
        self.behave("good")
        self.set(available=20, used=4)

    def behave(self, how: str) -> None:
        (self.root / "behaviour").write_text(how)

    def set(self, available: int, used: int, priority: int = -2) -> None:
        """In GiB, of 8 GiB swap on one device."""
        lines = {"MemTotal": 62 * KIB_OF_GIB, "MemAvailable": available * KIB_OF_GIB, "SwapTotal": 8 * KIB_OF_GIB, "SwapFree": (8 - used) * KIB_OF_GIB}
        (self.root / "proc/meminfo").write_text("".join("%s: %d kB\n" % line for line in lines.items()))
        (self.root / "proc/swaps").write_text(HEAD + "/dev/sda2 partition 8388604 %d %d\n" % (used * KIB_OF_GIB, priority))

    @property
    def said(self) -> list[str]:
        return (self.root / "said").read_text().splitlines()

    @property
    def devices(self) -> list[str]:
        return [line.split()[0] for line in (self.root / "proc/swaps").read_text().splitlines()[1:]]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path / "bin", os.environ["PATH"]))
    return made


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str]) -> t.Callable[..., Result]:
    def call(check: bool = False, **options: t.Any) -> Result:
        with patch_module_args({"_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
            swap_reset.main(host.root)
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


def test_it_is_emptied_and_in_use_again(host: Host, run: t.Callable[..., Result]) -> None:
    result = run()
    assert (result["changed"], result["devices"], result["swap"]["after"]) == (True, ["/dev/sda2"], 0)
    assert host.said == ["swapoff /dev/sda2", "swapon /dev/sda2"]
    assert host.devices == ["/dev/sda2"]


def test_a_priority_that_somebody_chose_is_kept(host: Host, run: t.Callable[..., Result]) -> None:
    host.set(available=20, used=4, priority=10)
    run()
    assert host.said[-1] == "swapon --priority 10 /dev/sda2"


@pytest.mark.parametrize(
    ("available", "used", "reason"),
    [(5, 4, "4G are in swap and 5G of memory are available, 2G have to remain"), (20, 0, "the swap is empty"), (3, 4, "4G are in swap and 3G")],
)
def test_it_is_left_alone_where_it_does_not_fit(host: Host, run: t.Callable[..., Result], available: int, used: int, reason: str) -> None:
    host.set(available, used)
    result = run()
    assert (result["changed"], result["reason"].startswith(reason), host.said) == (False, True, [])


def test_check_mode_says_which(host: Host, run: t.Callable[..., Result]) -> None:
    result = run(check=True)
    assert (result["changed"], result["devices"], host.said) == (True, ["/dev/sda2"], [])
    assert result["diff"] == {"before": {"swap_used": 4 << 30}, "after": {"swap_used": 0}}


@pytest.mark.parametrize(("limit", "fits"), [(4, False), (5, True), (None, True)])
def test_what_would_not_fit_the_limit_of_its_container_stays_in_swap(host: Host, run: t.Callable[..., Result], limit: int | None, fits: bool) -> None:
    """In GiB: a container that uses 3 and has 2 in swap."""
    group = host.root / "sys/fs/cgroup/docker" / ("ab" * 32)
    group.mkdir(parents=True)
    values = {
        "memory.current": 3 << 30,
        "memory.swap.current": 2 << 30,
        "memory.max": "max" if limit is None else limit << 30,
        "memory.stat": "inactive_file 0",
    }
    for name, value in {**values, "memory.events": "oom_kill 0", "memory.low": 0, "memory.swap.max": "max"}.items():
        (group / name).write_text("%s\n" % value)
    result = run()
    assert result["changed"] is fits
    if not fits:
        assert result["reason"] == "the container abababababab has 2G in swap, which do not fit its limit of 4G beside the 3G that it uses"


@pytest.mark.parametrize(("how", "cause"), [("full", "swapoff: /dev/sda2: swapoff failed: Cannot allocate memory"), ("slow", "it took too long")])
def test_a_device_that_cannot_be_emptied_stays_in_use(host: Host, run: t.Callable[..., Result], how: str, cause: str) -> None:
    host.behave(how)
    result = run(seconds=1)
    assert (result["changed"], host.devices) == (False, ["/dev/sda2"])
    assert result["stayed"] == {"/dev/sda2": cause}


def test_a_device_that_does_not_come_back_is_an_error_with_the_command(host: Host, run: t.Callable[..., Result]) -> None:
    (host.root / "again").write_text("no")
    assert "Run swapon /dev/sda2 by hand" in run()["msg"]


def test_a_margin_that_is_no_size_is_refused(host: Host, run: t.Callable[..., Result]) -> None:
    assert run(margin="some")["msg"].startswith("Cannot use margin: 'some' is not a size.")
    assert host.said == []
