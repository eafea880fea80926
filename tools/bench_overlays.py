"""bench_overlays - the section of docs/benchmarks.md about overlays and lists: the speed of the lane structured_windows with 1,000
exclusions on the rules that match most and a list of a million rows that is asked, beside the speed without."""
import collections
import json
import os
import subprocess

from bench_lib import WEIR, fail, median, number, spread, table

LANE = "structured_windows"
EXCLUSIONS, RULES, ROWS = 1000, 50, 1000000
WANTED, ASKED_WANTED = 0.85, 0.10
RULE = """title: Known Tool
id: 5f1abf38-7777-4000-8000-000000000001
level: low
logsource: {product: windows}
detection: {s: {Image|expand: '%million%'}, condition: s}
"""
# What people exclude: an account, a tool's path, a part of a command line.
KINDS = ["{{User: 'CORP\\svc-{i}'}}", "{{Image|endswith: '\\agent-{i}\\run.exe'}}",
         "{{CommandLine|contains: '--job nightly-{i}', User|startswith: 'CORP\\svc-'}}"]


def matches(b, path, *words):
    """How often each rule matches."""
    run = subprocess.run([WEIR, "replay", "-i", path, "--emit", "matches", "-q", *words], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    if run.returncode:
        fail(f"weir replay failed: {run.stderr[-800:]}")
    return collections.Counter(json.loads(line)["rule"] for line in run.stdout.splitlines())


def write_overlay(b, uids):
    path = os.path.join(b.top, "exclusions.yml")
    with open(path, "w") as f:
        f.write("name: bench\nreason: measured\nexpires: 2099-01-01\nrules:\n")
        for i in range(EXCLUSIONS):
            f.write(f"  - {{rule: {uids[i % len(uids)]}, exclude: {KINDS[i % len(KINDS)].format(i=i)}}}\n")
    return path


def write_list(b):
    rules, path = os.path.join(b.top, "list-rule.yml"), os.path.join(b.top, "million.csv")
    with open(rules, "w") as f:
        f.write(RULE)
    with open(path, "w") as f:
        f.write("image,expires\n")
        for i in range(ROWS):
            f.write(f"C:\\Program Files\\Vendor {i % 977}\\tool-{i:07d}.exe,\n")
    return rules, path


def overlays(b):
    lane = b.lane(LANE)
    if not b.lanes([LANE]):
        return None
    top = [uid for uid, _ in matches(b, lane, "-r", b.rules, *b.lists).most_common(RULES)]
    overlay, (rule, rows) = write_overlay(b, top), write_list(b)
    exclusions = ["--overlays", overlay]
    asks = ["-r", rule, "--list", "million=" + rows]
    ways = [("without", []), ("1,000 exclusions", exclusions), ("a list of 1,000,000 rows", asks),
            ("both", exclusions + asks)]
    got = collections.defaultdict(list)
    for _ in range(b.runs):
        for name, words in ways:
            for cache in ([], ["--no-cache"]):
                got[name, bool(cache)].append(b.weir(lane, *words, *cache)["events_per_cpu_second"])
    events = b.facts["events"]
    asked = sum(matches(b, lane, "--query", "{s: {Image|exists: true}, condition: s}", "--lang", "sigma").values()) / events
    base = {cache: median(got["without", cache]) for cache in (False, True)}
    rows_out = [[name, spread(got[name, False]), f"{median(got[name, False]) / base[False]:.2f}",
                 spread(got[name, True]), f"{median(got[name, True]) / base[True]:.2f}"] for name, _ in ways]
    worst = min(median(got["both", cache]) / base[cache] for cache in (False, True))
    return "\n".join([
        "## Overlays and lists", "",
        f"Lane {LANE}, all shared Sigma rules, one thread. {EXCLUSIONS:,} exclusions (accounts, paths, parts of command lines; each with an end) on "
        f"the {len(top)} rules that match most; a list of {ROWS:,} rows, asked by {asked:.0%} of the events "
        f"(at least {ASKED_WANTED:.0%} wanted: {'yes' if asked >= ASKED_WANTED else 'NO'}). Events per second, median (spread), and the share of the speed "
        f"without; at least {WANTED} wanted: **{'yes' if worst >= WANTED else 'NO'}** ({worst:.2f}).", "",
        table(["with", "events/s", "share", "events/s, no cache", "share"], rows_out), "", b.where(), ""])
