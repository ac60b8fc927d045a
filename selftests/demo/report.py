#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's report: what the measuring programs wrote becomes report.json,
timeline.svg and a table. Nothing is computed here that was not measured.

usage: report.py DATA OUTPUT KERNEL

DATA holds sum-N.json, stream-N-FAMILY.json, serve-N.json and series of the
traffic tools, watch.json of the watcher, events.json (what `slicectl -j upgrade
watch` said), upgrade.json (`slicectl -j upgrade show` at the end), kernels.json
(what each kernel runs then), plan.json, and slices.json: number, name, wanted
outcome of each slice.
"""

import json
import os
import sys

STATES = ["prepare", "version-sync", "config-sync", "hot", "cp-switched", "fp-switched",
          "configure", "verify", "complete", "rolling-back", "rolled-back", "stranded"]
COLOURS = ["#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#fdd0a2", "#fd8d3c", "#d9d9d9",
           "#bdbdbd", "#74c476", "#fc9272", "#cb181d", "#000000"]


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def load_lines(path):
    """JSON values, one a line; an array on one line counts as its elements."""
    values = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                line = line.strip()
                if line:
                    value = json.loads(line)
                    values.extend(value if isinstance(value, list) else [value])
    return values


def series(data, prefix):
    """Samples of all files of a kind that a traffic tool wrote, by time."""
    samples = []
    for name in sorted(os.listdir(data)):
        if name.startswith(prefix) and name.endswith(".series"):
            samples.extend(load_lines(os.path.join(data, name)))
    return sorted(samples, key=lambda s: s["t_ms"])


def runs_of(upgrade, name):
    for run in upgrade["slices"]:
        if run["slice"] == name:
            return run
    raise SystemExit("report: the upgrade says nothing of slice " + name)


def running(kernels, name):
    """The release that moves a slice's packets: of its master's active generation."""
    masters = [k for k in kernels for s in k["slices"]
               if s["slice"] == name and s["role"] == "master"]
    if len(masters) != 1:
        return "%d masters" % len(masters)
    for generation in masters[0]["generations"]:
        if generation["slice"] == name and generation["state"] == "active":
            return generation["release"]
    return "nothing"


def slice_report(data, entry, upgrade, kernels):
    number, name = entry["number"], entry["name"]
    traffic = load(os.path.join(data, "sum-%d.json" % number))
    run = runs_of(upgrade, name)
    flows = traffic["flows"]
    streams = [load(os.path.join(data, "stream-%d-%s.json" % (number, f))) for f in "46"]
    serve = load(os.path.join(data, "serve-%d.json" % number))
    return {
        "name": name,
        "from": run["from"], "to": run["to"], "final": running(kernels, name),
        "outcome": run["outcome"],
        "plane": run.get("plane"), "state": run.get("failed_state"), "cause": run.get("cause"),
        "sent": traffic["sent"], "received": traffic["received"], "lost": traffic["lost"],
        "duplicated": traffic["duplicated"], "reordered": traffic["reordered"],
        "longest_gap_ms": max(f["longest_gap_ms"] for f in flows),
        "tcp_retransmits": sum(s["retransmits"] for s in streams) + serve["retransmits"],
        "tcp_broken": sum(bool(s["broken"]) for s in streams),
        "tcp_bytes": sum(s["verified_bytes"] for s in streams),
        "marked": sum(n for f in flows for dscp, n in f.get("dscp", {}).items() if dscp != "0"),
        "cp_switch_ms": run.get("cp_switch_ms"), "fp_switch_ms": run.get("fp_switch_ms"),
        "valid": bool(traffic["passed"]) or bool(traffic["lost"] or traffic["duplicated"]),
    }


def slice_passed(report, wanted):
    if report["lost"] or report["duplicated"] or report["tcp_broken"] or not report["sent"]:
        return False
    if not report["valid"] or report["outcome"] != wanted:
        return False
    if wanted == "complete":
        return report["final"] == report["to"]
    return report["final"] == report["from"] and all(
        report[key] for key in ("plane", "state", "cause"))


def table(slices):
    heads = ["slice", "from", "to", "final", "outcome", "sent", "lost", "dup", "reord",
             "gap ms", "retr", "CP ms", "FP ms"]
    rows = [[s["name"], s["from"], s["to"], s["final"], s["outcome"], s["sent"], s["lost"],
             s["duplicated"], s["reordered"], "%.0f" % s["longest_gap_ms"], s["tcp_retransmits"],
             "-" if s["cp_switch_ms"] is None else s["cp_switch_ms"],
             "-" if s["fp_switch_ms"] is None else s["fp_switch_ms"]] for s in slices]
    rows = [[str(cell) for cell in row] for row in [heads] + rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for s in slices:
        if s["cause"]:
            print("  %s: %s failed in state %s: %s" % (s["name"], s["plane"].upper(), s["state"],
                                                       s["cause"]))


class Svg:
    def __init__(self, width, height):
        self.parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
                      'font-family="sans-serif" font-size="11">' % (width, height),
                      '<rect width="100%" height="100%" fill="white"/>']

    def rect(self, x, y, width, height, fill, title):
        self.parts.append('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s">'
                          '<title>%s</title></rect>'
                          % (x, y, max(width, 0.5), height, fill, escape(title)))

    def text(self, x, y, text, anchor="start", size=11):
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>'
                          % (x, y, anchor, size, escape(text)))

    def line(self, points, stroke):
        self.parts.append('<polyline fill="none" stroke="%s" points="%s"/>' % (
            stroke, " ".join("%.1f,%.1f" % p for p in points)))

    def done(self):
        return "\n".join(self.parts + ["</svg>"]) + "\n"


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rates(samples):
    """Packets a second of a slice: (time, rate) from intervals of all its flows."""
    buckets = {}
    for s in samples:
        key = int(s["t_ms"] // 500)
        buckets[key] = buckets.get(key, 0) + s["received"]
    return [(key * 500, n * 2) for key, n in sorted(buckets.items())]


def states_of(events, name):
    mine = [e for e in events if e.get("slice") == name and e.get("state") in STATES]
    return sorted(((e["time_ms"], e["state"]) for e in mine), key=lambda e: e[0])


def timeline(data, entries, reports, events):
    """States of each slice over time, and beneath what its receivers got."""
    received = {e["number"]: series(data, "recv-%d-" % e["number"]) for e in entries}
    times = [s["t_ms"] for samples in received.values() for s in samples]
    times += [e["time_ms"] for e in events]
    begin, end = min(times), max(times)
    left, width, row = 90, 1000, 90
    svg = Svg(left + width + 20, 60 + row * len(entries))

    def x(t):
        return left + (t - begin) * width / max(end - begin, 1)

    for i, (state, colour) in enumerate(zip(STATES, COLOURS)):
        svg.rect(left + i * 84, 8, 10, 10, colour, state)
        svg.text(left + i * 84 + 13, 17, state, size=10)
    for i, (entry, report) in enumerate(zip(entries, reports)):
        top = 35 + i * row
        svg.text(8, top + 14, entry["name"], size=13)
        svg.text(8, top + 30, "%s to %s" % (report["from"], report["to"]), size=8)
        svg.text(8, top + 42, report["outcome"], size=9)
        svg.text(8, top + 54, "lost %d" % report["lost"], size=9)
        mine = states_of(events, entry["name"])
        for at, (t, state) in enumerate(mine):
            until = mine[at + 1][0] if at + 1 < len(mine) else end
            svg.rect(x(t), top, x(until) - x(t), 20, COLOURS[STATES.index(state)],
                     "%s: %d ms" % (state, until - t))
        points = rates(received[entry["number"]])
        top_rate = max((n for _, n in points), default=1) or 1
        svg.line([(x(t), top + 70 - n * 40 / top_rate) for t, n in points], "#2171b5")
        svg.text(left + width, top + 28, "%d packets/s" % top_rate, "end", 9)
    for i in range(11):
        t = begin + (end - begin) * i / 10
        svg.text(x(t), 50 + row * len(entries), "%.0f s" % ((t - begin) / 1000), "middle", 9)
    return svg.done()


def main():
    data, output, kernel = sys.argv[1:4]
    entries = load(os.path.join(data, "slices.json"))
    upgrade = load(os.path.join(data, "upgrade.json"))
    events = load_lines(os.path.join(data, "events.json"))
    watch = load(os.path.join(data, "watch.json"))
    kernels = load(os.path.join(data, "kernels.json"))
    slices = [slice_report(data, e, upgrade, kernels) for e in entries]
    passed = all(slice_passed(s, e["wanted"]) for s, e in zip(slices, entries))
    passed = passed and bool(watch["passed"])
    for s in slices:
        del s["valid"]
    report = {"passed": passed, "kernel": kernel, "slices": slices,
              "watch": {k: watch[k] for k in ("passed", "frames", "handovers",
                                              "violations_total", "missed_frames")},
              "reset": upgrade.get("reset")}
    with open(os.path.join(output, "report.json.new"), "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
        f.write("\n")
    os.rename(os.path.join(output, "report.json.new"), os.path.join(output, "report.json"))
    with open(os.path.join(output, "timeline.svg"), "w", encoding="utf-8") as f:
        f.write(timeline(data, entries, slices, events))
    table(slices)
    print("  watcher: %s, %d handovers, %d frames judged, %d violations" % (
        "passed" if watch["passed"] else "FAILED", watch["handovers"], watch["frames"],
        watch["violations_total"]))
    print("  report: %s" % os.path.join(output, "report.json"))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
