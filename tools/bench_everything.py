"""bench_everything - the section of docs/benchmarks.md about all rules at once: our own and the shared ones of Sigma, Elastic,
LogScale and Splunk, with state, beside Sigma's alone on the same lane."""
import os
import subprocess

from bench_elastic import run
from bench_lib import DATA, ROOT, median, number, rate, spread, table

LANE, LEAST = "structured_windows", 0.5
OWN = os.path.join(ROOT, "detections", "rules")


def unpack(b, name):
    folder = os.path.join(b.top, "all-" + name)
    os.makedirs(folder)
    subprocess.run(f"zstd -qdc '{DATA}/rules/{name}.tar.zst' | tar x -C '{folder}'", shell=True, check=True)
    return folder


def everything(b):
    path = b.lane(LANE)
    others = [OWN] + [unpack(b, name) for name in ("elastic", "logscale", "splunk")]
    ways = [("Sigma", [b.rules]), ("all, with state", [b.rules, *others])]
    got = {(name, cache): [] for name, _ in ways for cache in (False, True)}
    for _ in range(b.runs):
        for name, rules in ways:
            for cache in (False, True):
                got[name, cache].append(run(b, path, rules, *([] if cache else ["--no-cache"])))
    rows, share = [], {}
    for name, _ in ways:
        one = got[name, False][0]
        s = one.get("state")
        rows.append([name, number(one["rules"]), *(spread([rate(f) for f in got[name, cache]]) for cache in (False, True)),
                     number(one["matches"]), f"{s['operations'] / one['events'] / (one['rounds'] + 1):.3f}" if s else "-"])
    for cache in (False, True):
        share[cache] = median([rate(x) / rate(y) for x, y in zip(got["all, with state", cache], got["Sigma", cache])])
    is_enough = min(share.values()) >= LEAST
    return f"""## All rules at once

{b.where()}

`make bench-everything`: lane {LANE}, one thread, rates in events a second of time on a core. Our own rules and the shared ones of Sigma,
Elastic, LogScale and Splunk that load; items of sequences and steps of pipelines count as rules.

{table(['rules', 'loaded', 'no cache', 'cache', 'matches', 'operations of state an event'], rows)}

All against Sigma alone: at least {LEAST} wanted: **{'yes' if is_enough else 'NO'}** ({share[False]:.2f}, with caches {share[True]:.2f})."""
