#!/usr/bin/env python3
"""state_oracle.py - a second opinion on rules with state: random rules and random events, for which
the findings (uid, final count) of `weir replay` must be those of state_model.py.

    state_oracle.py --weir build/weir [--seed N] [--cases N] [--redis unix:///SOCKET] [-v]

A case is a rule set and a stream; it is replayed in order of time (1 and 3 threads, two files)
and as it arrives, shuffled inside the lateness of its profile and with late events among them.
A case that differs is printed with its seed, after as many of its events and rules were left out
as it takes to differ still. Prints last `N passed, N failed`.
"""
import argparse
import collections
import json
import os
import random
import socket
import subprocess
import sys
import tempfile

from state_model import (AGGREGATES, DAY, HISTORIES, HOUR, MINUTE, Event, Model, Undefined, bucket_start,
                         dedup_of, is_off, key_names, span, values_of)

LATENESS = 15 * MINUTE  # of the generic profile
T0 = 1_767_225_600_000  # 2026-01-01


def record_of(t, fields):
    """An event's line."""
    return json.dumps({"product": "x", "timestamp": t, **fields})


# ---- random cases -----------------------------------------------------------------------------
OPEN_OPS, CLOSED_OPS = ("gt", "gte"), ("lt", "lte", "eq", "neq")


def bounds(rng, around, ops=OPEN_OPS + CLOSED_OPS):
    """A condition: an operator, sometimes a range, sometimes with a fraction."""
    number = around() if rng.random() < 0.8 else around() + rng.choice([0.5, -0.25])
    if rng.random() < 0.15 and ops is not OPEN_OPS:
        return {rng.choice(OPEN_OPS): number, rng.choice(["lt", "lte"]): number + rng.randint(1, 3)}
    return {rng.choice(ops): number}


def extended(rng, names):
    parts = [("not " if rng.random() < 0.3 else "") + n for n in names]
    text = parts[0]
    for p in parts[1:]:
        text = f"({text}) {rng.choice(['and', 'or'])} {p}" if rng.random() < 0.5 \
            else f"{text} {rng.choice(['and', 'or'])} {p}"
    return text


def random_correlation(rng, name, inputs, fields):
    kind = rng.choice(["event_count", "event_count", "value_count", "temporal", "temporal_ordered",
                       *rng.sample(AGGREGATES, 2)])
    if kind in ("temporal", "temporal_ordered") and len(inputs) < 2:
        kind = "event_count"
    n_inputs = rng.randint(2, len(inputs)) if kind.startswith("temporal") else rng.randint(1, len(inputs))
    c = {"type": kind, "rules": rng.sample(inputs, n_inputs),
         "timespan": rng.choice(["10s", "1m", "7m"]),
         "group-by": rng.sample(fields, rng.choice([n for n in (0, 1, 1, 2) if n <= len(fields)]))}
    ops = OPEN_OPS if rng.random() < 0.6 else OPEN_OPS + CLOSED_OPS
    if kind == "event_count":
        c["condition"] = bounds(rng, lambda: rng.randint(1, 5), ops)
    elif kind == "value_count":
        c["condition"] = {"field": rng.choice(["v", "w", ["v", "w"]]), **bounds(rng, lambda: rng.randint(1, 3), ops)}
    elif kind == "temporal":
        if rng.random() < 0.4:
            c["condition"] = extended(rng, c["rules"])
        elif rng.random() < 0.3:
            c["condition"] = bounds(rng, lambda: rng.randint(1, len(c["rules"])), ops)
    elif kind == "temporal_ordered":
        if rng.random() < 0.2:
            c["condition"] = " and ".join(c["rules"])
    else:
        c["condition"] = {"field": "n", **bounds(rng, lambda: rng.randint(-5, 20))}
        if kind == "value_percentile":
            c["condition"]["percentile"] = rng.choice([0, 1, 10, 25, 50, 66.6, 90, 99.9, 100])
    if c["group-by"] and rng.random() < 0.15:
        i, alias = rng.randrange(len(c["group-by"])), "who"
        c["aliases"] = {alias: {n: rng.choice(fields) for n in c["rules"]}}
        c["group-by"][i] = alias
    return {"title": name, "name": name, "correlation": c, "level": "medium"}


def random_history(rng, name, inputs, fields):
    kind = rng.choice(HISTORIES)
    c = {"type": kind, "rules": rng.sample(inputs, rng.randint(1, len(inputs))),
         "group-by": rng.sample(fields, rng.choice([0, 1]))}
    if kind == "volume":
        c.update({"timespan": "1h", "factor": rng.choice([1, 1.5, 3]), "minimum": rng.choice([1, 2, 5]),
                  "baseline": rng.choice(["1h", "3h", "1d"])})
        if rng.random() < 0.4:
            c["condition"] = {"field": "n"}
    else:
        c.update({"history": rng.choice(["1d", "2d", "3d"]), "condition": {"field": rng.choice(["v", "v" if kind == "ratio" else ["v", "w"]])}})
        if rng.random() < 0.5:
            c[rng.choice(["training", "activation"])] = rng.choice(["1h", "1d"])
    if kind == "rarity":
        c["condition"][rng.choice(["lt", "lte"])] = rng.randint(1, 3)
        c["rarity-by"] = rng.choice(["count", "days", "actors"])
        if c["rarity-by"] == "actors":
            c["actor"] = "user"
    if kind == "ratio":
        c["condition"][rng.choice(["lt", "lte"])] = rng.choice([0.25, 0.5, 0.75])
        c.update({"actor": "user", "minimum": rng.randint(1, 3)})
    return {"title": name, "name": name, "correlation": c, "level": "medium"}


def random_telling(rng, rule):
    """What the map `weir:` says: dedup, emit, missing fields."""
    weir, dedup = {}, {}
    groups = rule.get("correlation", {}).get("group-by", [])
    if rng.random() < 0.4:
        dedup["period"] = rng.choice(["20s", "1m", "10m", "2h"])
    if rng.random() < 0.25:
        dedup["fields"] = rng.sample(groups, rng.randint(0, len(groups))) if "correlation" in rule \
            else rng.sample(["g", "user"], rng.randint(0, 2))
    if rng.random() < 0.15:
        dedup["anchor"] = "first"
    if dedup:
        weir["dedup"] = dedup
    elif rng.random() < 0.1:
        weir["dedup"] = "off"
    if "correlation" in rule:
        if rng.random() < 0.15:
            weir["emit"] = "final"
        if rule["correlation"]["type"] in ("event_count", "value_count") and rng.random() < 0.2:
            weir["count_by"] = "event_id"
        if groups and rng.random() < 0.25:
            weir["on_missing"] = "group"
        if groups and rng.random() < 0.15:
            weir["group_case"] = "fold"
        field = rule["correlation"].get("condition", {})
        field = field.get("field") if isinstance(field, dict) else None
        if isinstance(field, list) and len(field) > 1 and rng.random() < 0.5:
            weir["missing_value"] = "empty"
    if weir:
        rule["weir"] = weir


def random_rules(rng, is_history):
    base = [f"r{i}" for i in range(rng.randint(1, 3))]
    rules = [{"title": n, "name": n, "logsource": {"product": "x"},
              "detection": {"s": {"k": n}, "condition": "s"}} for n in base]
    if is_history:
        rules += [random_history(rng, f"h{i}", base, ["g", "h"]) for i in range(rng.randint(1, 3))]
    else:
        rules += [random_correlation(rng, f"c{i}", base, ["g", "h"]) for i in range(rng.randint(1, 3))]
        inner = [r for r in rules if r["name"].startswith("c")]
        if rng.random() < 0.4:
            listed = rng.sample(inner, rng.randint(1, len(inner)))
            common = [f for f in ("g", "h") if all(f in r["correlation"]["group-by"] for r in listed)]
            outer = random_correlation(rng, "o0", [r["name"] for r in listed], common)
            if outer["correlation"]["type"] in ("event_count", "temporal", "temporal_ordered"):
                outer["correlation"].pop("aliases", None)
                outer["correlation"]["group-by"] = common[:1]
                rules.append(outer)
    for i, rule in enumerate(rules):
        rule["id"] = f"0b0e6a0e-0000-4000-8000-{rng.getrandbits(32):012x}"
        random_telling(rng, rule)
        if "correlation" in rule and rng.random() < 0.2:
            rule["correlation"]["generate"] = True
    listed = {n for r in rules for n in r.get("correlation", {}).get("rules", [])}
    told = [r["name"] for r in rules if r["name"] not in listed and not is_off(r) and "g" in key_names(r)
            and span(dedup_of(r).get("period", "1h")) <= HOUR]
    if told and rng.random() < 0.6:
        rules.append({"title": "risk", "name": "risk", "id": "0b0e6a0e-0000-4000-8000-00000000000f",
                      "correlation": {"type": "risk", "rules": told, "group-by": ["g"],
                                      "condition": bounds(rng, lambda: rng.choice([48, 100, 130, 200]), OPEN_OPS),
                                      "half-life": rng.choice(["1h", "4h", "24h"])},
                      "level": "medium"})
    return rules


def random_fields(rng):
    def maybe(choices, missing=0.06, many=0.06):
        r = rng.random()
        if r < missing:
            return None
        if r < missing + many:
            return [rng.choice(choices) for _ in range(rng.randint(0, 3))]
        return rng.choice(choices)
    fields = {"k": rng.choice(["r0", "r0", "r1", "r2", ["r0", "r1"], ["r1", "r2"], "none"]),
              "g": maybe(["A", "A", "a", "B", ""]), "h": maybe(["x", "x", 7, "7", "y"]),
              "user": rng.choice(["Ann", "bob", "ann", "Cy", "Cy"]), "v": maybe(["p", "q", "P", 1, 2]),
              "w": maybe(["s", "t"]), "n": maybe([1, 2, 3, 10, 20, -4, 0.5, 2.25, "7", "1.5", "many", 0.000001])}
    if rng.random() < 0.05:
        del fields["user"]
    if rng.random() < 0.5:
        fields["eid"] = f"id{rng.randint(0, 20)}"
    return {f: v for f, v in fields.items() if v is not None or rng.random() < 0.3}


def random_stream(rng, rules, n, is_history):
    """Bursts of N-1, N, N+1 hits in W-1, W, W+1 ms, on and around the edges of buckets."""
    correlations = [r for r in rules if r.get("correlation", {}).get("type", "risk") != "risk"]
    events, t = [], T0 + rng.randint(0, HOUR)
    while len(events) < n:
        rule = rng.choice(correlations)
        c = rule["correlation"]
        width = span(c.get("timespan", c.get("history", "1h")))
        like = random_fields(rng)
        if rng.random() < 0.3 and not c.get("aliases"):
            period = span(dedup_of(rule).get("period", "1h"))
            key = [(values_of(like, name) or [""])[0] for name in c.get("group-by", [])]
            t = bucket_start(rule["id"], key, period, t) + period + rng.choice([-width, -1, 0, -width // 2])
        length = max(0, width + rng.choice([-1, 0, 1, -width // 2, -width]))
        size = rng.randint(1, 6)
        offsets = sorted([0, length] + [rng.choice([0, length, rng.randint(0, length)]) for _ in range(size)])
        for offset in offsets[:size + 1]:
            fields = random_fields(rng)
            for name in ("g", "h"):
                if rng.random() < 0.9:
                    fields.pop(name, None)
                    if name in like:
                        fields[name] = like[name]
            events.append((t + offset, fields))
        gap = rng.choice([0, 1, width - 1, width, width + 1, 2 * width, 10 * MINUTE, HOUR])
        t += length + (rng.choice([gap, 8 * HOUR]) if is_history else gap)
    return sorted(events[:n], key=lambda e: e[0])


# ---- beside weir ------------------------------------------------------------------------------

def in_arrival(rng, events, with_late):
    """Shuffled by less than the lateness; some come later still."""
    def delay():
        if with_late and rng.random() < 0.1:
            return rng.randint(0, 3 * LATENESS)
        return rng.choice([0, rng.randint(0, LATENESS)])
    return [e for _, _, e in sorted((e[0] + delay(), i, e) for i, e in enumerate(events))]


def marked_late(events):
    """What arrives in a file: late is what is older than the watermark that it meets."""
    out, newest = [], -1
    for t, fields in events:
        newest = max(newest, t)
        late = newest - LATENESS if t < newest - LATENESS else None
        out.append(Event(t, fields, late, record_of(t, fields).encode()))
    return out


class Weir:
    def __init__(self, program, top, redis=None):
        self.program, self.top, self.redis, self.runs = program, top, redis, 0
        os.mkdir(os.path.join(top, "profiles"))
        with open(os.path.join(top, "profiles", "generic.yml"), "w") as f:
            f.write("{name: generic, extends: generic, id: eid}\n")

    def empty_redis(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.redis.removeprefix("unix://"))
            s.sendall(b"FLUSHALL\r\n")
            if s.recv(64) != b"+OK\r\n":
                raise SystemExit("FLUSHALL failed")

    def replay(self, rules, files, options):
        self.runs += 1
        if "--state" in options:
            self.empty_redis()
        paths = []
        with open(os.path.join(self.top, "rules.yml"), "w") as f:
            f.write("\n---\n".join(json.dumps(r) for r in rules) + "\n")
        for i, events in enumerate(files):
            paths += ["-i", f"events{i}.ndjson"]
            with open(os.path.join(self.top, paths[-1]), "w") as f:
                for t, fields in events:
                    f.write(record_of(t, fields) + "\n")
        out = subprocess.run([self.program, "replay", "-r", "rules.yml", "--profiles", "profiles", *paths,
                              "--format", "json", "--brake", "0", "--deterministic", *options],
                             cwd=self.top, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if out.returncode:
            return {"": out.stderr}
        return read_documents(out.stdout.splitlines(), {r["id"]: r["name"] for r in rules})


def read_documents(lines, names):
    """uid: (rule, key, start, count) of a run; what may not be is told under other names."""
    found, created, closed = {}, collections.Counter(), collections.Counter()
    for line in lines:
        d = json.loads(line)
        uid, dedup = d["finding_info"]["uid"], d["unmapped"]["weir"]["dedup"]
        created[uid] += d["activity_id"] == 1
        closed[uid] += d["activity_id"] == 3
        found[uid] = (names[d["finding_info"]["analytic"]["uid"]], tuple(dedup["fields"].values()),
                      dedup.get("bucket_start"), dedup["count"])
        if not dedup["exact"]:
            found["inexact " + uid] = found[uid]
    for uid in list(found):
        if found[uid][2] is None:
            created[uid] = 1  # identical records share it
        wanted = (1, 1 if found[uid][2] is not None else 0)
        if not uid.startswith("inexact") and (created[uid], closed[uid]) != wanted:
            found["records " + uid] = (*found[uid], f"{created[uid]} Creates, {closed[uid]} Closes")
    return found


def differences(expected, got):
    out = []
    for uid in expected.keys() | got.keys():
        a, b = expected.get(uid), got.get(uid)
        if a is None or b is None or (a[0], a[3]) != (b[0], b[3]):
            out.append(f"{uid}: expected {a}, got {b}")
    return sorted(out)


def compare(weir, rules, files, options):
    if "arrival" in options:
        events = [e for part in files for e in marked_late(part)]
    else:
        events = [Event(t, fields, None, record_of(t, fields).encode()) for part in files for t, fields in part]
    try:
        expected = Model(rules, events).findings()
    except Undefined:
        return []
    got = weir.replay(rules, files, options)
    if any(why in got.get("", "") for why in ("the condition is never met", "temporal counts to")):
        return []
    return differences(expected, got)


def minimised(weir, rules, files, options):
    """Fewer rules and events, as long as something differs."""
    def differs(rules, files):
        names = {r["name"] for r in rules}
        if any(n not in names for r in rules for n in r.get("correlation", {}).get("rules", [])):
            return False
        out = compare(weir, rules, files, options)
        return bool(out) and "None, got error" not in out[0]
    for rule in list(rules):
        fewer = [r for r in rules if r is not rule]
        if differs(fewer, files):
            rules = fewer
    step = max(len(f) for f in files) // 2
    while step:
        for i in range(len(files)):
            at = 0
            while at < len(files[i]):
                fewer = files[:i] + [files[i][:at] + files[i][at + step:]] + files[i + 1:]
                if differs(rules, fewer):
                    files = fewer
                else:
                    at += step
        step //= 2
    return rules, files


def ways(rng, events, is_history, redis):
    """(files, options) of each replay of a case."""
    split = [[], []]
    for e in events:
        split[rng.random() < 0.4].append(e)
    state = ["--state", redis] if redis else []
    yield [events], ["--order", "time", *state]
    yield split, ["--order", "time", "--threads", "3"]
    yield [in_arrival(rng, events, False)], ["--order", "arrival"]
    yield [in_arrival(rng, events, True)], ["--order", "arrival", "--threads", "3", *state]


def run_case(weir, seed, is_verbose):
    rng = random.Random(seed)
    is_history = rng.random() < 0.25
    rules = random_rules(rng, is_history)
    events = random_stream(rng, rules, rng.choice([10, 40, 120]), is_history)
    for files, options in ways(rng, events, is_history, weir.redis if seed % 10 == 0 else None):
        found = compare(weir, rules, files, options)
        if not found:
            continue
        print(f"seed {seed}, {' '.join(options)}: {len(found)} findings differ", flush=True)
        if is_verbose:
            rules, files = minimised(weir, rules, files, options)
            print("rules:", *(json.dumps(r) for r in rules), sep="\n  ")
            for i, part in enumerate(files):
                print(f"events of file {i}:", *(f"{t - T0:>9} {json.dumps(f)}" for t, f in part), sep="\n  ")
            found = compare(weir, rules, files, options)
        print("  " + "\n  ".join(found[:8]), flush=True)
        return False
    return True


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--weir", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cases", type=int, default=100)
    p.add_argument("--redis", help="every tenth case keeps its state there, EMPTIED before each replay (unix:///SOCKET)")
    p.add_argument("-v", "--verbose", action="store_true", help="minimise each case that differs, not the first alone")
    a = p.parse_args()
    failed = 0
    print(f"seeds {a.seed} to {a.seed + a.cases - 1}", flush=True)
    with tempfile.TemporaryDirectory() as top:
        weir = Weir(os.path.abspath(a.weir), top, a.redis)
        for seed in range(a.seed, a.seed + a.cases):
            failed += not run_case(weir, seed, a.verbose or not failed)
        print(f"{weir.runs} replays")
    print(f"{a.cases - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
