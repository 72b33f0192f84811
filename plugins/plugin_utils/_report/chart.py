# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values over time as the geometry of a drawing. Pure.

Coordinates are those of an SVG of 1000 by 100 that is stretched to the width there is: text is no part of it, and lines keep their
strength (``vector-effect: non-scaling-stroke``). Places of text are percent of the width.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

Json = t.Dict[str, t.Any]
Point = t.Tuple[float, t.Optional[float]]

WIDTH, HEIGHT = 1000.0, 100.0

_DAY = 86400

#: Seconds between two marks of the time axis.
_STEPS = (900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, _DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY)

#: So many marks fit a phone.
_MARKS = 5

#: So many moments can be told apart as dots.
_FEW = 20

#: What is farther apart than this share of the whole span, or than so many times the usual distance, is not joined by a line: nobody looked in between.
_GAP_SHARE, _GAP_TIMES = 0.05, 3


@dataclass(frozen=True)
class Span:
    """From and to, in seconds since 1970; never empty."""

    start: float
    end: float

    def x(self, moment: float) -> float:
        return round(WIDTH * (moment - self.start) / (self.end - self.start), 1)

    def marks(self) -> t.List[Json]:
        """``at`` in percent and ``text`` of each mark, in UTC; none so near to an end that its text would not fit."""
        step = next((one for one in _STEPS if (self.end - self.start) / one <= _MARKS), _STEPS[-1])
        first = int(self.start // step + 1) * step
        moments = range(first, int(self.end) + 1, step)
        inside = ((self.x(moment) / 10, moment) for moment in moments)
        return [
            {"at": place, "text": time.strftime("%H:%M" if moment % _DAY else "%d %b", time.gmtime(moment))} for place, moment in inside if 6 <= place <= 94
        ]


def span_of(moments: t.Sequence[float], now: float) -> Span:
    """From the first of the moments to now, an hour at least."""
    return Span(min([*moments, now - 3600]), now)


def lines(points: t.Sequence[Point], span: Span, top: float) -> t.List[t.List[t.Tuple[float, float]]]:
    """The pieces of one line in coordinates; a piece of one point is a moment on its own. ``top``: the value at the upper edge."""
    known = [(moment, value) for moment, value in points if value is not None]
    pieces: t.List[t.List[t.Tuple[float, float]]] = []
    gap, before = _gap([moment for moment, _value in known], span), None
    for moment, value in known:
        if before is None or moment - before > gap:
            pieces.append([])
        pieces[-1].append((span.x(moment), round(HEIGHT - HEIGHT * min(max(value / top, 0.0), 1.0), 1)))
        before = moment
    return pieces


def _gap(moments: t.Sequence[float], span: Span) -> float:
    distances = sorted(after - before for before, after in zip(moments, moments[1:]))
    usual = distances[len(distances) // 2] if distances else 0
    return max(_GAP_SHARE * (span.end - span.start), _GAP_TIMES * usual)


def stroke(pieces: t.Iterable[t.Sequence[t.Tuple[float, float]]]) -> str:
    """The path of the line."""
    return " ".join("M%s" % " L".join("%g %g" % point for point in piece) for piece in pieces if len(piece) > 1)


def dots(pieces: t.Sequence[t.Sequence[t.Tuple[float, float]]]) -> str:
    """The path of dots, which are strokes of no length with round ends: every moment where there are few, else those on their own."""
    few = sum(map(len, pieces)) <= _FEW
    return " ".join("M%g %g h0" % point for piece in pieces if few or len(piece) == 1 for point in piece)


def area(pieces: t.Iterable[t.Sequence[t.Tuple[float, float]]]) -> str:
    """The path of what is below the line."""
    return " ".join("M%g %g L%s L%g %g Z" % (p[0][0], HEIGHT, " L".join("%g %g" % point for point in p), p[-1][0], HEIGHT) for p in pieces if len(p) > 1)
