# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page shows of the document of ``status.py``: every text, every number with its bytes, every drawing.

Pure. Texts are escaped for HTML here: Ansible's templates do not, ``autoescape`` or not. A size is ``{"bytes": 1073741824, "text": "1G"}``, or None.
"""

from __future__ import annotations

import html
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import timestamp
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.chart import Span, area, dots, lines, span_of, stroke
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.deploy import budget_text, names
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.status import commits_text, last_text, moment, moves_text, remarks, result_text, summary

Json = t.Dict[str, t.Any]

#: What a level is called. Colour alone tells nobody everything.
_LEVELS = {"ok": "well", "warn": "warning", "critical": "critical", "lost": "not seen"}

#: Shades of the parts of a budget that are services, so that two side by side can be told apart.
_SHADES = 3


def page(document: Json) -> Json:
    """The whole page. ``now``: the moment of the latest look, in ISO 8601, UTC; None where no server was seen."""
    hosts = [_host(name, host) for name, host in document["hosts"].items()]
    moments = [host["now"] for host in document["hosts"].values() if not host["problem"]]
    return t.cast(Json, _escaped({"now": _time(max(moments, default=None)), "summary": summary(document), "hosts": hosts}))


def _escaped(value: t.Any) -> t.Any:
    """The same with every text escaped, for elements and for attributes in quotes."""
    if isinstance(value, dict):
        return {key: _escaped(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(child) for child in value]
    return html.escape(value) if isinstance(value, str) else value


def _host(name: str, host: Json) -> Json:
    anchor = "server-%s" % (re.sub(r"[^A-Za-z0-9_.-]", "-", name))
    if host["problem"]:
        return {"name": name, "anchor": anchor, "level": "lost", "state": _LEVELS["lost"], "problem": host["problem"]}
    level, drift = host["memory_status"], [_drift(stack, one) for stack, release in host["releases"].items() for one in release["drift"] or ()]
    return {
        "name": name,
        "anchor": anchor,
        "level": level,
        "state": _LEVELS[level],
        "problem": None,
        "engine": host["engine"],
        "findings": host["findings"],
        "memory": _share(host["memory_available"], host["memory_total"]),
        "swap": _share(host["swap_used"], host["swap_total"]),
        "disk": host["disk"] and _share(host["disk"]["free"], host["disk"]["total"]),
        "pressure": host["pressure"],
        "budget": {"text": budget_text(host["budget"]), "parts": _budget(host), "over": _size(max(-host["budget"]["headroom"], 0) or None)},
        "charts": _charts(host),
        "releases": [_release(stack, release) for stack, release in host["releases"].items()],
        "services": [_service(service, name) for service, name in zip(host["services"], names(host["services"]))],
        "drift": drift,
        "moves": moves_text(host),
        "known": any(release["drift"] is not None for release in host["releases"].values()),
    }


def _size(size: t.Optional[int]) -> t.Optional[Json]:
    return None if size is None else {"bytes": size, "text": human(size)}


def _share(part: int, whole: int) -> Json:
    return {"part": _size(part), "whole": _size(whole), "percent": round(100.0 * part / whole, 1) if whole else 0.0}


def _time(text: t.Optional[str]) -> t.Optional[Json]:
    return {"iso": text, "text": moment(text)} if text else None


def _budget(host: Json) -> t.List[Json]:
    """What the memory is promised to, in parts of the whole; what is promised beyond the whole has no part."""
    budget, total = host["budget"], host["memory_total"]
    limits = [(one["service"], one["memory"], "service") for one in host["limits"]]
    parts = [*limits, *((name, budget[name], name) for name in ("others", "reserve", "headroom"))]
    kept = [part for part in parts if part[1] > 0]
    return [
        {"name": name, "size": _size(size), "kind": kind if kind != "service" else "service%d" % (number % _SHADES), "percent": round(100.0 * size / total, 2)}
        for number, (name, size, kind) in enumerate(kept)
    ]


def _service(service: Json, name: str) -> Json:
    return {
        **service,
        "service": name,
        "limit": _size(service["limit"] or None),
        "reservation": _size(service["reservation"] or None),
        "working_set": _size(service["working_set"]),
        "share": None if service["percent"] is None else "%g %%" % service["percent"],
        "remarks": remarks(service),
    }


def _drift(stack: str, one: Json) -> Json:
    return {"where": "/".join(filter(None, (stack, one["service"]))), "what": one["what"], "message": one["message"]}


def _release(stack: str, release: Json) -> Json:
    current = release["current"]
    shown = current and {
        "id": current["id"],
        "result": result_text(current["result"]),
        "ended": _time(current["ended"] or current["began"]),
        "seconds": current["seconds"],
        "by": current["by"],
        "commits": [{"text": text, "commit": commit} for text, commit in zip(commits_text(current["commits"]), current["commits"].values())],
    }
    return {"stack": stack, "current": shown, "last": release["last"] and last_text(release["last"]), "problem": release["problem"]}


def _charts(host: Json) -> Json:
    """Memory and disk in use over the same span of time, with the moment of this look as the last one; ``count``: samples besides that one."""
    now = float(timestamp(host["now"]) or 0)
    present = {"time": host["now"], "memory_total": host["memory_total"], "memory_available": host["memory_available"], "swap_used": host["swap_used"]}
    disk = host["disk"] or {}
    samples = [*host["samples"], {**present, "disk_total": disk.get("total"), "disk_free": disk.get("free")}]
    runs = [{**run, "bad": run["result"] in ("failed", "rolled_back")} for run in host["runs"] if timestamp(run["ended"])]
    times = [*(sample["time"] for sample in samples), *(run["ended"] for run in runs)]
    span = span_of([float(timestamp(one) or now) for one in times], now)
    drawn = {"count": len(host["samples"]), "marks": span.marks(), "runs": [_run(run, span.x(float(timestamp(run["ended"]) or 0))) for run in runs]}
    memory = _curve(samples, "memory_total", "memory_available", span)
    if memory and any(sample["swap_used"] for sample in samples):
        used = [(float(timestamp(one["time"]) or 0), one["swap_used"]) for one in samples]
        memory["second"] = stroke(lines(used, span, memory["top"]["bytes"]))
    return {**drawn, "memory": memory, "disk": _curve(samples, "disk_total", "disk_free", span)}


def _run(run: Json, x: float) -> Json:
    told = "%s: %s, %s" % (run["id"], result_text(run["result"]), moment(run["ended"]))
    return {"x": x, "bad": run["bad"], "text": "%s (%s)" % (told, ", ".join(run["stacks"]))}


def _curve(samples: t.Sequence[Json], whole: str, free: str, span: Span) -> t.Optional[Json]:
    """What is not free, up to the largest whole there was; a sample that does not know the whole had that of the moment. None where nobody measured."""
    measured = [sample for sample in samples if sample[free] is not None]
    wholes = [sample[whole] for sample in measured if sample[whole]]
    if not wholes:
        return None
    pieces = lines([(float(timestamp(one["time"]) or 0), (one[whole] or wholes[-1]) - one[free]) for one in measured], span, max(wholes))
    least = min(measured, key=lambda sample: sample[free])
    return {
        "top": _size(max(wholes)),
        "half": _size(max(wholes) // 2),
        "area": area(pieces),
        "stroke": stroke(pieces),
        "dots": dots(pieces),
        "second": None,
        "least": _size(least[free]),
        "when": _time(least["time"]),
    }
