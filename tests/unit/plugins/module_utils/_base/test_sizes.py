# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes: what people write, and exact bytes."""

from __future__ import annotations

import typing as t
from fractions import Fraction

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import exact, human, parse_limit, parse_percent, parse_size
from hypothesis import given
from hypothesis import strategies as st

G = 1024**3

sizes = st.integers(min_value=0, max_value=1 << 60)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("32G", 32 * G),
        ("32g", 32 * G),
        ("32GB", 32 * G),
        ("32gib", 32 * G),
        ("32 GiB", 32 * G),
        ("32Gi", 32 * G),
        ("512mi", 512 * 1024**2),
        (" 1.5g ", G + G // 2),
        ("0.1k", 102),
        ("512m", 512 * 1024**2),
        ("1T", 1024 * G),
        ("17", 17),
        ("17b", 17),
        ("0", 0),
        (66571993088, 62 * G),
    ],
)
def test_a_size_means_what_docker_and_compose_mean_by_it(written: t.Any, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "G", "16X", "16 G B", "-1", "-1G", "1e9", "1,5G", "16bib", "16bb", "16bi", "50%", "\u0661G", 1.5, True, None, [], {}], ids=repr
)
def test_what_is_no_size_is_refused_with_an_example(written: t.Any) -> None:
    with pytest.raises(ValueError, match=r"is not a size\. Write for example 16G\."):
        parse_size(written)


def test_a_limit_too_small_for_an_engine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"16 is below the smallest limit a container can have \(6M\)"):
        parse_limit(16)
    assert parse_limit("6M") == 6 * 1024**2


@given(sizes)
def test_exact_texts_read_back_as_the_same_bytes(size: int) -> None:
    assert parse_size(exact(size)) == size


@given(sizes)
def test_texts_for_people_are_right_within_half_of_their_last_digit(size: int) -> None:
    unit = 1024 ** "BKMGTP".index(human(size)[-1])
    assert abs(parse_size(human(size)) - size) <= unit / 20 + 1  # the byte is what parsing cuts off


@pytest.mark.parametrize(("written", "share"), [("50%", Fraction(1, 2)), (" 12.5 %", Fraction(1, 8)), ("150%", Fraction(3, 2)), ("0%", Fraction(0))])
def test_a_percentage_is_exact(written: str, share: Fraction) -> None:
    assert parse_percent(written) == share


@pytest.mark.parametrize("written", ["", "%", "50", "-1%", "half%", "1e1%", "50%%", "\u0661%", 50, 0.5, True, None, []], ids=repr)
def test_what_is_no_percentage_is_refused_with_an_example(written: t.Any) -> None:
    with pytest.raises(ValueError, match=r"is not a percentage\. Write for example 50%\."):
        parse_percent(written)


@given(st.decimals(min_value=0, max_value=4096, places=3), st.sampled_from("bkmgt"))
def test_a_fraction_is_cut_off_and_never_rounded_up(number: t.Any, unit: str) -> None:
    assert parse_size("%s%s" % (number, unit)) <= number * 1024 ** "bkmgt".index(unit)


@pytest.mark.parametrize(
    ("size", "exactly", "roughly"),
    [
        (0, "0", "0B"),
        (32 * G, "32G", "32G"),
        (1536 * 1024**2, "1536M", "1.5G"),
        (1000, "1000", "1000B"),
        (10 * G - 1, str(10 * G - 1), "10G"),
        (-G, None, "-1G"),
    ],
    ids=str,
)
def test_sizes_are_shown_short(size: int, exactly: str | None, roughly: str) -> None:
    assert human(size) == roughly
    assert exactly is None or exact(size) == exactly
