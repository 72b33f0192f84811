# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make architecture``: docs/architecture.svg and the table of docs/architecture.md, drawn from tests/support/layers.py and from the tree."""

from __future__ import annotations

import sys
import textwrap
from collections import abc
from pathlib import Path
from xml.sax.saxutils import escape

from tests.support.layers import EXCEPTIONS, LAYERS, Layer
from tests.support.markdown import table
from tests.support.repository import ROOT, files

PAGE, PICTURE = ROOT / "docs/architecture.md", ROOT / "docs/architecture.svg"
#: What stands between these lines of the page is written by ``make architecture``.
BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"

#: Pixels. The text is 13 high in a font of fixed width, 7.85 wide a character.
_WIDTH, _MARGIN, _GAP, _LINE, _CHARACTER = 1240, 20, 10, 17, 7.85
_HEAD = 26
#: The controller's packages stand on the left, those that are sent to servers on the right.
_LEFT = 390

_STYLE = """
  text { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1f2328 }
  .name { font-weight: bold }
  .note { fill: #57606a }
  .layer { fill: #f6f8fa; stroke: #d0d7de }
  .package { fill: #ffffff; stroke: #8c959f }
  .arrow { stroke: #57606a; stroke-width: 1.5; fill: none; marker-end: url(#tip) }
  .tip { fill: #57606a }
  .sheet { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    .layer { fill: #151b23; stroke: #3d444d }
    .package { fill: #0d1117; stroke: #6e7681 }
    .arrow { stroke: #9198a1 }
    .tip { fill: #9198a1 }
    .sheet { fill: #0d1117 }
  }
"""


def names(pattern: str) -> list[str]:
    """Names of the files, or of the folders where the pattern ends with a slash, that match a pattern of git."""
    return sorted({Path(path).parts[1] if pattern.endswith("/") else Path(path).stem for path in files(pattern)})


def picture() -> str:
    """The whole picture as SVG."""
    left, right, full = (_MARGIN, _LEFT), (_MARGIN + _LEFT + 40, _WIDTH - 2 * _MARGIN - _LEFT - 40), (_MARGIN, _WIDTH - 2 * _MARGIN)
    playbooks = {"playbooks": "the order: " + ", ".join(names(":(glob)playbooks/*.yml"))}
    roles = {"roles": "one step each: " + ", ".join(names("roles/"))}
    parts: list[str] = []
    y = _MARGIN
    for title, packages in (("order", playbooks), ("steps", roles)):
        height = _draw(parts, title, packages, (*full, y))
        y += height + 28
        parts.append(_arrow(_WIDTH // 2, y - 28, y - 3))
    controller = [layer for layer in LAYERS if layer.controller]
    server = [layer for layer in LAYERS if not layer.controller]
    bottoms = [_column(parts, controller, (*left, y)), _column(parts, server, (*right, y))]
    parts.append(f'<path class="arrow" d="M {left[0] + left[1]} {bottoms[0] - 100} h 37"/>')
    parts.append(f'<text class="note" x="{left[0]}" y="{bottoms[0] + 26}">The utilities of the controller may import</text>')
    parts.append(f'<text class="note" x="{left[0]}" y="{bottoms[0] + 43}">those of the servers, never the other way.</text>')
    height = max(bottoms) + _MARGIN
    tip = '<marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 z"/></marker>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Layers of mycosoft.rack and who may use whom">'
    return "\n".join(
        [head, f"<style>{_STYLE}</style>", f"<defs>{tip}</defs>", f'<rect class="sheet" width="{_WIDTH}" height="{height}"/>', *parts, "</svg>", ""]
    )


def _column(parts: list[str], layers: list[Layer], place: tuple[int, int, int]) -> int:
    """Draw layers one below the other; the lower edge comes back."""
    x, width, y = place
    for number, layer in enumerate(layers):
        if number:
            parts.append(_arrow(x + width // 2, y, y + 25))
            y += 28
        y += _draw(parts, layer.name, layer.packages, (x, width, y))
    return y


def _draw(parts: list[str], title: str, packages: abc.Mapping[str, str], place: tuple[int, int, int]) -> int:
    """Draw one layer with its packages, up to three in a row; its height comes back."""
    x, width, top = place
    across = min(len(packages), max(1, width // 240))
    inner = (width - _GAP * (across + 1)) // across
    boxes = [(name, textwrap.wrap(text, int((inner - 2 * _GAP) / _CHARACTER))) for name, text in packages.items()]
    drawn = [f'<text class="note" x="{x + _GAP}" y="{top + 18}">{escape(title)}</text>']
    y = top + _HEAD
    for start in range(0, len(boxes), across):
        row = boxes[start : start + across]
        height = _LINE * (1 + max(len(lines) for _name, lines in row)) + 14
        for number, (name, lines) in enumerate(row):
            left = x + _GAP + number * (inner + _GAP)
            drawn.append(f'<rect class="package" rx="4" x="{left}" y="{y}" width="{inner}" height="{height}"/>')
            drawn.append(f'<text class="name" x="{left + _GAP}" y="{y + 20}">{escape(name)}</text>')
            drawn += [f'<text x="{left + _GAP}" y="{y + 20 + _LINE * (place + 1)}">{escape(line)}</text>' for place, line in enumerate(lines)]
        y += height + _GAP
    parts.append(f'<rect class="layer" rx="6" x="{x}" y="{top}" width="{width}" height="{y - top}"/>')
    parts += drawn
    return y - top


def _arrow(x: int, top: int, bottom: int) -> str:
    return f'<path class="arrow" d="M {x} {top} V {bottom}"/>'


def packages() -> str:
    """The table of packages as Markdown, with who may import whom."""
    rows = []
    for number, layer in enumerate(LAYERS):
        below = [lower.name for lower in LAYERS[number + 1 :] if not lower.entry]
        for name, text in layer.packages.items():
            allowed = [*below, *(f"`{other}` ({reason})" for (ours, other), reason in EXCEPTIONS.items() if ours == name)]
            rows.append((layer.name, f"`{'/'.join(filter(None, ('plugins', layer.folder, name)))}`", text, ", ".join(allowed) or "nothing"))
    return table(("layer", "package", "what is in it", "may import"), rows)


def page(text: str) -> str:
    """The page with its table written anew."""
    head, _begin, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{packages()}\n\n{END}{rest.partition(END)[2]}"


def main() -> int:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}\n{PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
