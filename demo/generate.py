#!/usr/bin/env python3
"""generate.py - the telemetry that `make demo` replays: one day at a company, with thefts of tokens in it.

Some thousand events of endpoints, a cluster, three clouds, identity providers and services, in the shapes that their
sources deliver (shapes.py); most of them ordinary work (ordinary.py), a few hundred of them somebody who steals access
tokens (attacks.py). All of it is invented; the seed repeats it.

Before the day lie thirty others, of which the audit log of the cluster's service accounts is told (before.py): what some
rules learn first.

    demo/generate.py             writes demo/history.ndjson and demo/telemetry.ndjson
    demo/generate.py --now       the same days, but ending now, to stdout (`make demo-kafka`)
    demo/generate.py --ordinary  only the ordinary work of all days, to stdout: what alerts of it are false
"""
import json
import os
import sys
import time

sys.dont_write_bytecode = True

import attacks  # noqa: E402
import before  # noqa: E402
import ordinary  # noqa: E402
from shapes import HOUR, Day  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MIDNIGHT = 1795132800000  # 2026-11-20T00:00:00Z in ms


def fill(day, has_attacks=True):
    ordinary.add_all(day)
    if has_attacks:
        attacks.add_all(day)
    before.add_all(day)
    day.events.sort(key=lambda e: e[0])


def history(day):
    return [e for e in day.events if e[0] < 0]


def telemetry(day):
    return [e for e in day.events if e[0] >= 0]


def write(events, out):
    out.writelines(json.dumps(event, separators=(",", ":")) + "\n" for _, event in events)


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode not in ("", "--now", "--ordinary") or len(sys.argv) > 2:
        sys.exit(__doc__)
    day = Day(int(time.time()) * 1000 - 24 * HOUR if mode == "--now" else MIDNIGHT)
    fill(day, mode != "--ordinary")
    if mode:
        write(day.events, sys.stdout)
        return
    for part in history, telemetry:
        with open(os.path.join(HERE, part.__name__ + ".ndjson"), "w", encoding="utf-8") as out:
            write(part(day), out)
        print(f"{part.__name__}: {len(part(day))} events")


if __name__ == "__main__":
    main()
