"""bench_elastic - the section of docs/benchmarks.md about Elastic's rules: all EQL rules, and both corpora
together, on the lane structured_windows in ECS's shape (tools/lane_ecs.py)."""
import json
import os
import subprocess
import tomllib

from bench_lib import BUILD, DATA, ROOT, WEIR, fail, median, number, rate, spread, table

LANE = "structured_windows"
EQL_LEAST, EQL_AIM, BOTH_LEAST = 250000, 500000, 0.7
# A correlation that nothing reaches: Sigma's rules alone fold their findings, too, as those of Elastic's do.
STATE = """title: Nothing
id: 5f1abf38-7777-4000-8000-000000000002
name: nothing
logsource: {product: windows}
detection: {s: {EventID: 999999}, condition: s}
---
title: Nothing twice
id: 5f1abf38-7777-4000-8000-000000000003
correlation: {type: event_count, rules: [nothing], group-by: [Computer], timespan: 5m, condition: {gte: 2}}
"""


def lane():
    """The lane in ECS's shape: build/lane-ecs.ndjson."""
    subprocess.run(["make", "-s", "-C", ROOT, "B=" + os.environ.get("B", "build"), "lane-ecs"], check=True)
    return os.path.join(BUILD, "lane-ecs.ndjson")


def unpack(b):
    """All of Elastic's rules, and a folder of those in EQL alone."""
    every, eql = os.path.join(b.top, "elastic"), os.path.join(b.top, "eql")
    os.mkdir(every)
    os.mkdir(eql)
    subprocess.run(f"zstd -qdc '{DATA}/rules/elastic.tar.zst' | tar x -C '{every}'", shell=True, check=True)
    for folder, _, names in os.walk(every):
        for name in (n for n in names if n.endswith(".toml")):
            with open(os.path.join(folder, name), "rb") as f:
                if tomllib.load(f).get("rule", {}).get("type") == "eql":
                    os.link(os.path.join(folder, name), os.path.join(eql, name))
    return every, eql


def run(b, path, rules, *flags):
    words = [x for r in rules for x in ("-r", r)]
    done = subprocess.run([WEIR, "bench", *words, "-i", path, "--format", "json", "--seconds", str(b.seconds), "--skip-bad-rules",
                           *flags, *b.lists], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"weir bench of {rules} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def stage_hits(path, eql):
    """Matches of single-event rules, and of the items of sequences, by item; how many rules of each had any."""
    done = subprocess.run([WEIR, "replay", "-r", eql, "-i", path, "--emit", "steps", "-q"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    rules = [json.loads(line)["rule"] for line in done.stdout.splitlines()]
    items = [r for r in rules if "/" in r]
    alone = [r for r in rules if "/" not in r]
    return len(alone), len(set(alone)), len(items), len(set(items)), len({r.partition("/")[0] for r in items})


def elastic(b):
    path = lane()
    every, eql = unpack(b)
    state = os.path.join(b.top, "state.yml")
    with open(state, "w") as f:
        f.write(STATE)
    flat = b.lane(LANE)
    ways = [("EQL", [eql], path), ("Sigma", [b.rules], path), ("Sigma, with state", [b.rules, state], path),
            ("Sigma and Elastic", [b.rules, every], path), ("Sigma, flat", [b.rules], flat),
            ("Sigma and Elastic, flat", [b.rules, every], flat)]
    got = {(name, cache): [] for name, _, _ in ways for cache in (False, True)}
    for _ in range(b.runs):
        for name, rules, events in ways:
            for cache in (False, True):
                got[name, cache].append(run(b, events, rules, *([] if cache else ["--no-cache"])))

    def rates(name, cache=False):
        return [rate(f) for f in got[name, cache]]
    rows = []
    for name, _, _ in ways:
        one = got[name, False][0]
        stages = {s: number(min(f["ns_per_event"][s] for f in got[name, False])) for s in ("extract", "match", "alert")}
        s = one.get("state")
        rows.append([name, number(one["rules"]), spread(rates(name)), spread(rates(name, True)), number(one["matches"]),
                     f"{s['operations'] / one['events'] / (one['rounds'] + 1):.2f}" if s else "-",
                     stages["extract"], stages["match"], stages["alert"]])
    alone, alone_rules, items, n_items, sequences = stage_hits(path, eql)
    eql_rate = median(rates("EQL"))

    def share(name, of):
        return median([x / y for x, y in zip(rates(name), rates(of))])
    worst, folding, plain = (share("Sigma and Elastic", "Sigma"), share("Sigma and Elastic", "Sigma, with state"),
                             share("Sigma and Elastic, flat", "Sigma, flat"))
    s = got["EQL", False][0]["state"]
    return f"""## Elastic's rules

{b.where()}

`make bench-elastic`: one thread, sequences on, rates in events a second of time on a core. The lane is {LANE} as Elastic's agent would
send it ({number(os.path.getsize(path) / got['EQL', False][0]['events'])} bytes an event: `make lane-ecs`, tools/lane_ecs.py), in order of time.
Rules of the shared corpora that load; each item of a sequence counts as a rule. Stages by the clock, the least of the runs.

{table(['rules', 'loaded', 'no cache', 'cache', 'matches', 'operations of state an event', 'extract, ns', 'match, ns', 'gather, ns'], rows)}

- EQL alone: at least {number(EQL_LEAST)} wanted, aim {number(EQL_AIM)}: **{'yes' if eql_rate >= EQL_LEAST else 'NO'}** ({number(eql_rate)})
- both against Sigma alone: at least {BOTH_LEAST} wanted: **{'yes' if worst >= BOTH_LEAST else 'NO'}** ({worst:.2f}; {folding:.2f} of Sigma
  with state, which folds findings as the rules of Elastic do); on the lane as it is, without ECS ("flat"):
  **{'yes' if plain >= BOTH_LEAST else 'NO'}** ({plain:.2f})
- of the lane, {alone:,} matches of {alone_rules} rules about single events; {items:,} stage hits of {n_items} items of {sequences} sequences;
  {number(s['creates'])} findings, {number(s['updates'])} updates in {got['EQL', False][0]['rounds'] + 1} rounds"""
