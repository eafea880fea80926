"""bench_sections - one function for each section of docs/benchmarks.md that weir fills by itself.
Each takes a Bench (bench_lib.py) and returns the section's text."""
import json
import os
import re

from bench_lib import BUILD, COMPARED, fail, median, number, rate, spread, table

CONFIGS = [("no cache", ["--no-cache", "--profile-rules"]), ("cache", []),
           ("no cache, no routing", ["--no-cache", "--no-routing"]),
           ("no cache, with alerts", ["--no-cache", "--alerts"])]
STAGES = ["extract", "match", "match_evaluate", "alert"]
THREAD_LANES = ["structured_windows", "cisco_syslog", "windows-otrf"]
GROWTH_LANE, GROWTH_SAMPLE, GROWTH_SEEDS = "structured_windows", 100, (1, 2, 3)
STATS_LANES = ["structured_windows", "cisco_syslog", "windows-otrf"]
WORST_KINDS = ["text", "hits", "grams", "escapes", "arrays", "keys"]
WORST_SIZES = [1 << 10, 1 << 14, 1 << 18, 1 << 20]
LITERALS = 20000


def lanes(b):
    """Rates of all lanes, what the stages cost, which rule costs most."""
    rates, stages, costly, load = [], [], [], []
    for lane in b.lanes():
        path = b.lane(lane)
        got = {name: [] for name, _ in CONFIGS}
        for _ in range(b.runs):
            for name, flags in CONFIGS:
                got[name].append(b.weir(path, *flags))
        plain, alerts = got["no cache"], got["no cache, with alerts"]
        one = plain[0]
        load += plain
        rates.append([lane, number(one["bytes"] / one["events"])] +
                     [spread([rate(r) for r in got[name]]) for name, _ in CONFIGS] +
                     [number(one["matches"]), number(alerts[0]["alert_bytes"])])
        print(" | ".join(rates[-1]), flush=True)
        stages.append([lane] + [number(median([r["ns_per_event"][s] for r in (alerts if s == "alert" else plain)]))
                                for s in STAGES])
        for rule in one["costly_rules"][:1]:
            costly.append([lane, f"{rule['title']} ({rule['uid']})", f"{100 * rule['share_of_rules']:.1f} %",
                           f"{100 * rule['share_of_time']:.2f} %"])
    if not load:
        fail("no such lane")
    return f"""## Lanes

{b.where()}

- rules {load[0]['rules']}, vector level {load[0]['simd']}
- load and compile {spread([r['load_seconds'] * 1000 for r in load])} ms; memory growth by loading the rules \
{spread([r['rss_rules_bytes'] / 2**20 for r in load], lambda x: f'{x:.1f}')} MiB
- one command of the table: `weir bench -r RULES -i LANE --seconds {b.seconds:g} --format json --no-cache`
- wanted: load at most 300 ms (better 150), memory at most 64 MB (better 48), without routing at least
  half the routed rate
- matches and alert bytes are those of one round

{table(['lane', 'bytes an event'] + [name for name, _ in CONFIGS] + ['matches', 'alert bytes'], rates)}

What the stages cost, in ns an event (no cache; alerts from the run with alerts; formulas by sampling,
a part of match):

{table(['lane', 'extract', 'match', 'of which formulas', 'alert'], stages)}

The costliest rule, by sampling:

{table(['lane', 'rule', 'share of the formulas', 'share of all time'], costly)}"""


def growth(b):
    """All rules that can see the lane against a few of them."""
    path, every, some = b.lane(GROWTH_LANE), [], {s: [] for s in GROWTH_SEEDS}
    for _ in range(b.runs):
        every.append(b.weir(path, "--no-cache", "--rules-sample", "1000000"))
        for seed in GROWTH_SEEDS:
            some[seed].append(b.weir(path, "--no-cache", "--rules-sample", str(GROWTH_SAMPLE), "--seed", str(seed)))

    def ns(runs):
        return [1e9 / rate(r) for r in runs]
    rows = [[number(every[0]["rules"]), "", spread(ns(every)), ""]]
    for seed in GROWTH_SEEDS:
        ratio = [1e9 / rate(a) / (1e9 / rate(c)) for a, c in zip(every, some[seed])]
        rows.append([number(some[seed][0]["rules"]), seed, spread(ns(some[seed])),
                     spread(ratio, lambda x: f"{x:.2f}")])
    return f"""## Growth with the number of rules

{b.where()}

`weir bench --no-cache --rules-sample N --seed S` on {GROWTH_LANE}: ns an event with all rules that can
see it against {GROWTH_SAMPLE} of them. Wanted: at most 2.0 times, better 1.5.

{table(['rules', 'seed', 'ns an event', 'all rules cost so many times this'], rows)}"""


def stats(b):
    """What it costs to note which fields were met and to sample what rules cost."""
    without, rows = os.path.join(BUILD, "bench", "weir_no_stats"), []
    for lane in b.lanes(STATS_LANES):
        path, got = b.lane(lane), {"with": [], "without": []}
        for _ in range(2 * b.runs):  # the difference is smaller than that of two runs
            got["with"].append(b.weir(path, "--no-cache"))
            got["without"].append(b.weir(path, "--no-cache", program=without))
        ratio = [rate(a) / rate(c) for a, c in zip(got["with"], got["without"])]
        rows.append([lane] + [spread([rate(r) for r in got[k]]) for k in got] + [spread(ratio, lambda x: f"{x:.3f}")])
    return f"""## Fields met, and the sampled cost of rules

{b.where()}

`weir bench --no-cache` as it is, and built without both (`-DMATCHER_STATS=0`), in turn.

{table(['lane', 'with', 'without', 'with / without'], rows)}"""


def threads(b):
    """Two threads over one rule set against one."""
    rows = []
    for lane in b.lanes(THREAD_LANES):
        got = {n: [] for n in (1, 2)}
        for _ in range(b.runs):
            for n in got:
                got[n].append(b.weir(b.lane(lane), "--no-cache", "--threads", str(n))["events_per_second"])
        rows.append([lane] + [spread(got[n]) for n in got] +
                    [spread([two / one for one, two in zip(got[1], got[2])], lambda x: f"{x:.2f}")])
    return f"""## Threads

{b.where()}

`weir bench --no-cache --threads N`: events a second by the clock, all threads together, so that other
work on the machine counts against it. Wanted: 1.9 times.

{table(['lane', '1 thread', '2 threads', 'so many times'], rows)}"""


def simd(b):
    """The vector levels."""
    best = b.weir(b.lane(b.lanes(COMPARED)[0]), "--no-cache", seconds=0)["simd"]
    levels = ["avx512", "avx2", "scalar"]
    levels = levels[levels.index(best):] if best in levels else [best]
    rows = []
    for lane in b.lanes(COMPARED):
        got = {level: [] for level in levels}
        for _ in range(b.runs):
            for level in levels:
                got[level].append(b.weir(b.lane(lane), "--no-cache", simd=level))
        if len({r["matches"] for runs in got.values() for r in runs}) != 1:
            fail(f"the levels find different numbers of matches in {lane}")
        mid = {level: median([rate(r) for r in got[level]]) for level in levels}
        rows.append([lane] + [spread([rate(r) for r in got[level]]) for level in levels] +
                    [f"{mid[level] / mid[best]:.2f}" for level in levels[1:]])
    return f"""## Vector levels

{b.where()}

`WEIR_SIMD=LEVEL weir bench --no-cache`; every level finds the same number of matches. Wanted
of avx2: 0.4 of avx512.

{table(['lane'] + levels + [f'{level} / {best}' for level in levels[1:]], rows)}"""


def size_name(n):
    return f"{n >> 20} MiB" if n >= 1 << 20 else f"{n >> 10} KiB"


def worst(b):
    """Records made to hurt."""
    path, rows = os.path.join(b.top, "worst.ndjson"), []
    for kind in WORST_KINDS:
        row = [kind]
        for size in WORST_SIZES:
            with open(path, "wb") as f:
                f.write(b.program("worst_case", b.rules, kind, size, *b.named_lists))
            facts = b.weir(path, "--no-cache", seconds=min(b.seconds, 0.5))
            if facts["events"] != 1:
                fail(f"the record '{kind}' of {size} bytes is rejected")
            ms = 1000 / rate(facts)
            row += [f"{ms:.3f} ({ms * 1e6 / facts['bytes']:.1f})"]
        rows.append(row + [number(facts["matches"])])
    os.unlink(path)
    return f"""## The worst records

{b.where()}

One record by `tests/bench/worst_case.c` (which says what the kinds are), `weir bench --no-cache`: ms of
time on a core (ns a byte). Wanted: at most 20 ms, and the same for each byte whatever the size.

{table(['kind'] + [size_name(s) for s in WORST_SIZES] + ['matches in the largest'], rows)}"""


def values_of(path, out):
    """All strings of a lane, one a line."""
    with open(path, "rb") as f, open(out, "w", encoding="utf-8", errors="replace") as to:
        for line in f:
            for value in json.loads(line).values():
                if isinstance(value, str) and value and "\n" not in value:
                    to.write(value + "\n")


def literals(b):
    """The literal engine alone: on made-up literals, and on the rules' own."""
    rows, own = [], []
    text = os.path.join(b.top, "values.txt")
    values_of(b.lane("diverse_windows"), text)
    for kind in ("words", "near"):
        out = b.program("bench_literal", LITERALS, text, kind, 5).decode()
        for level, mid, low, high in re.findall(r"^scan (\w+) +([\d.]+) GB/s \(([\d.]+) to ([\d.]+)\)", out, re.M):
            rows.append([kind, level, f"{mid} ({low} to {high})"])
    for lane in b.lanes(COMPARED):
        runs = [b.weir(b.lane(lane), "--literals") for _ in range(b.runs)]
        own.append([lane, number(runs[0]["values"]), number(runs[0]["bytes"] / runs[0]["values"]),
                    number(runs[0]["hits"]),
                    spread([r["bytes_per_second"] / 1e9 for r in runs], lambda x: f"{x:.3f}"),
                    number(median([r["ns_per_event"] for r in runs])),
                    number(runs[0]["checked"]), number(sum(r["differences"] for r in runs))])
        count = runs[0]["literals"]
    return f"""## The literal engine alone

{b.where()}

`make bench-literal`: {LITERALS:,} caseless literals on the values of diverse_windows, made so that none
occurs; `near` literals are cut from the text with one byte spoilt, the worst for a filter. Wanted of
`words`: 0.7 GB/s, better 1.0.

{table(['literals', 'level', 'GB/s'], rows)}

`weir bench --literals`: the {count:,} texts of the rules, field by field, on the values of a lane;
values checked by plain search, and differences found.

{table(['lane', 'values', 'bytes a value', 'hits', 'GB/s', 'ns an event', 'checked', 'differences'], own)}"""


def textbook(b):
    """The pipeline that one would build from packages, in the same process."""
    rows = []
    for lane in b.lanes(COMPARED):
        d = json.loads(b.program("bench_textbook", b.rules, b.lane(lane), b.seconds, *b.named_lists))
        rows.append([lane, number(d["textbook_events_per_second"]), number(d["weir_events_per_second"]),
                     f"{d['weir_events_per_second'] / d['textbook_events_per_second']:.1f}",
                     number(d["textbook_matches"]), number(d["weir_matches"]),
                     f"{d['only_textbook']} / {d['only_weir']}"])
        print(" | ".join(rows[-1]), flush=True)
    return f"""## The textbook pipeline beside ours

{b.where()}

`tests/bench/bench_textbook.c`: jansson makes a tree, Vectorscan searches each field with one database of
all its texts ({d['patterns']:,} patterns, {d['compile_seconds']:.1f} s to compile), each rule's formula
is walked; routing is given to it for nothing. It takes turns with weir (no cache) over the same
events in one process, and the last column counts matches that only one of the two has: the textbook looks
for fields by the names that rules use and knows no profile, so it misses those that a profile maps.

{table(['lane', 'textbook', 'weir', 'ratio', 'matches, textbook', 'matches, weir', 'only textbook / only weir'], rows)}"""
