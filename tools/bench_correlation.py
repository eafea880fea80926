"""bench_correlation - the section of docs/benchmarks.md about rules with state: rates of the matching
and the state thread, and what a group costs in memory. Rules and events: tests/bench/correlation."""
import json
import os
import subprocess
import sys

from bench_lib import ROOT, WEIR, fail, median, number, spread, table

OWN = os.path.join(ROOT, "tests", "bench", "correlation")
GROUPS = 1000000
# name, rules, what generate.py is told (None: the lane of that name), rounds
CASES = [
    ("four correlations, 20,000 users", "rules.yml", ["--events", 200000, "--users", 20000], 10),
    ("four correlations, 1,000,000 users", "rules.yml",
     ["--events", 1000000, "--users", 1000000, "--addresses", 1000000], 1),
    ("four correlations, lane correlation", "rules.yml", None, 50),
    ("value_count, 1,800 values a window", "values.yml",
     ["--events", 200000, "--users", 20, "--addresses", 1800, "--step-ms", 3], 10),
]
KINDS = [("event_count", "03"), ("value_count", "04"), ("temporal", "05"), ("temporal_ordered", "06")]


def generated(b, arguments):
    """The file of generate.py's events, made once."""
    path = os.path.join(b.top, "made" + "".join(map(str, arguments)) + ".ndjson")
    if not os.path.exists(path):
        with open(path, "wb") as f:
            subprocess.run([sys.executable, os.path.join(OWN, "generate.py"), *map(str, arguments)], stdout=f,
                           check=True)
    return path


def run(rules, path, rounds, *flags):
    command = [WEIR, "bench", "-r", os.path.join(OWN, rules), "-i", path, "--format", "json", "--no-cache",
               "--rounds", str(rounds), *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"weir bench of {rules} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def nanoseconds(f):
    """Time on a core for each event: of the matching thread, of the state thread."""
    events, rounds, s = f["events"], f["rounds"], f["state"]
    return f["cpu_seconds"] / events / rounds * 1e9, s["cpu_seconds"] / events / (rounds + 1) * 1e9


def rates(b):
    rows = []
    for name, rules, arguments, rounds in CASES:
        path = generated(b, arguments) if arguments else b.lane("correlation")
        runs = [run(rules, path, rounds) for _ in range(b.runs)]
        s = runs[0]["state"]
        all_events = runs[0]["events"] * (runs[0]["rounds"] + 1)
        match, state = zip(*map(nanoseconds, runs))
        rows.append([name, spread([f["events_per_second_median"] for f in runs]),
                     spread([1e9 / max(both) for both in zip(match, state)]),
                     number(median(match)), number(median(state)), f"{s['operations'] / all_events:.2f}",
                     number(s["creates"]), number(s["updates"]), number(s["closes"])])
        print(" | ".join(rows[-1]), flush=True)
    return rows


def memory(b):
    path = generated(b, ["--events", GROUPS, "--users", GROUPS, "--fail", 1, "--in-turn"])
    rows = []
    for name, end in KINDS:
        s = run("groups.yml", path, 1, "--id", "*5c9a1b01" + end)["state"]
        rows.append([name, number(s["cells"]), f"{s['cell_bytes'] / s['cells']:.0f}",
                     f"{(s['cell_bytes'] + s['capsule_bytes']) / s['cells']:.0f}",
                     number(s["capsule_bytes"] / 1e6)])
        print(" | ".join(rows[-1]), flush=True)
    return rows


def correlation(b):
    heads = ["rules and events", "events a second", "of time on a core", "matching, ns", "state, ns",
             "operations an event", "Creates", "Updates", "Closes"]
    return f"""## Rules with state

{b.where()}

`make bench-correlation`: `weir bench --no-cache` on `tests/bench/correlation`, a thread that matches and
one that keeps state in the process. By the clock; then what the slower of the two threads could do on a core
of its own, and what each spends on an event (the state thread with the round that makes all groups).
Wanted of the four correlations: 400,000 events a second, better 1,000,000; of value_count: 300,000.

{table(heads, rates(b))}

{GROUPS:,} users in turn, two hits each, windows of 2 h: bytes of a live group, with all that the store needs
to find it. Capsules (what alerts cite of the events) have a budget of their own, 256 MB here; what is over
it is not kept. Wanted without them: at most 150, better 100.

{table(["kind", "live groups", "bytes a group", "with capsules", "capsules, MB"], memory(b))}"""
