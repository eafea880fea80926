#!/usr/bin/env python3
"""state_oracle.py - a second opinion on rules with state, written from the documents alone.

The operators of weir work on packed cells, one event after the other. This program knows nothing
of them: it takes the whole list of events and looks every sentence of docs/state.md and
docs/alert.md ("Names") up in it, slowly and obviously. For random rules and random events the
findings (uid, final count) must be those of `weir replay`.

    state_oracle.py --weir build/weir [--seed N] [--cases N] [--redis unix:///SOCKET] [-v]

A case is a rule set and a stream; it is replayed in order of time (1 and 3 threads, two files)
and as it arrives, shuffled inside the lateness of its profile and with late events among them.
A case that differs is printed with its seed, after as many of its events and rules were left out
as it takes to differ still. Prints last `N passed, N failed`.
"""
import argparse
import collections
import hashlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import uuid
from fractions import Fraction

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
NAMESPACE = uuid.UUID("f08bb7fd-8e43-5de3-bd47-0ff5afb8b7c6")
LATENESS = 15 * MINUTE  # of the generic profile
MEDIUM = 47  # points of an alert
T0 = 1_767_225_600_000  # 2026-01-01
UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
COMPARE = {"gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b,
           "lte": lambda a, b: a <= b, "eq": lambda a, b: a == b, "neq": lambda a, b: a != b}
AGGREGATES = ("value_sum", "value_avg", "value_min", "value_max", "value_percentile", "value_median")
HISTORIES = ("first_seen", "rarity", "ratio", "volume")


def span(text):
    return int(text[:-1]) * UNITS[text[-1]]


# ---- names (docs/alert.md) --------------------------------------------------------------------

def joined(parts):
    return b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)


def uuid5(parts):
    digest = hashlib.sha1(NAMESPACE.bytes + joined(parts)).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def bucket_start(rule_id, key, period, t):
    first = hashlib.sha256(joined([rule_id, *key])).digest()[:8]
    phase = int.from_bytes(first, "big") % period
    return (t + phase) // period * period - phase


# ---- what a rule hears ------------------------------------------------------------------------

# values: values of condition.field: tuples of texts, or numbers
Hit = collections.namedtuple("Hit", "t rule fields values")


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def values_of(fields, name):
    """The different values of a field, in order; missing and null are none."""
    return list(dict.fromkeys(members_of(fields, name)))


def members_of(fields, name):
    v = fields.get(name)
    return [text_of(x) for x in (v if isinstance(v, list) else [v]) if x is not None]


def keys_of(rule, hit):
    """The group keys that a hit counts for."""
    c = rule["correlation"]
    lists = []
    for name in c.get("group-by", []):
        field = c.get("aliases", {}).get(name, {}).get(hit.rule, name)
        values = values_of(hit.fields, field)
        if rule.get("weir", {}).get("group_case") == "fold":
            values = list(dict.fromkeys(fold(v) for v in values))
        if not values and rule.get("weir", {}).get("on_missing") == "group":
            values = [""]
        lists.append(values)
    return list(itertools.product(*lists))


def fold(text):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def tuples_of(c, hit):
    """The values of condition.field: tuples of all of its fields."""
    names = c["condition"]["field"]
    names = [names] if isinstance(names, str) else names
    return list(itertools.product(*(values_of(hit.fields, n) for n in names)))


def number_of(text):
    try:
        return Fraction(text)
    except ValueError:
        return None


# ---- conditions -------------------------------------------------------------------------------

def bounds_of(c):
    condition = c.get("condition", {})
    if isinstance(condition, str):
        return []
    return [(op, Fraction(str(condition[op]))) for op in COMPARE if op in condition]


def meets(bounds, value):
    return all(COMPARE[op](value, bound) for op, bound in bounds)


def holds(expression, seen):
    """An extended condition: names are of rules; Python's own and, or, not have Sigma's ranks."""
    names = {n: n in seen for n in expression.replace("(", " ").replace(")", " ").split()
             if n not in ("and", "or", "not")}
    return eval(expression, {"__builtins__": {}}, names)


def aggregate(c, numbers):
    kind = c["type"]
    if kind == "value_sum":
        return sum(numbers)
    if kind == "value_avg":
        return sum(numbers) / len(numbers)
    if kind == "value_min":
        return min(numbers)
    if kind == "value_max":
        return max(numbers)
    percent = Fraction(50) if kind == "value_median" else Fraction(str(c["condition"]["percentile"]))
    return next(v for v in sorted(numbers)
                if sum(n <= v for n in numbers) * 100 >= percent * len(numbers))


def window_meets(rule, hits):
    """Does what a window shows meet the condition? Never called without hits."""
    c = rule["correlation"]
    kind, bounds = c["type"], bounds_of(c)
    if kind == "event_count":
        return meets(bounds, len(hits))
    if kind == "value_count":
        return meets(bounds, len({v for h in hits for v in h.values}))
    if kind == "temporal":
        seen = {h.rule for h in hits}
        if isinstance(c.get("condition"), str):
            return holds(c["condition"], seen)
        return meets(bounds, len(seen)) if bounds else seen == set(c["rules"])
    return meets(bounds, aggregate(c, [n for h in hits for n in h.values]))


def is_chain(rules, hits, end):
    """One hit of each rule in order, times not falling, the last at `end`: latest start first."""
    if not any(h.t == end and h.rule == rules[-1] for h in hits):
        return False
    for start in sorted({h.t for h in hits if h.rule == rules[0]}, reverse=True):
        t = start
        for name in rules[1:]:
            later = [h.t for h in hits if h.rule == name and h.t >= t]
            if not later:
                break
            t = min(later)
        else:
            return t <= end
    return False


def tumbles(c):
    """Is the condition one that only whole windows can meet?"""
    condition = c.get("condition", {})
    if isinstance(condition, str):
        return c["type"] == "temporal" and "not" in condition.replace("(", " ").split()
    return any(op in condition for op in ("lt", "lte", "eq", "neq"))


def order_of(c):
    if isinstance(c.get("condition"), str):
        return [w for w in c["condition"].split() if w != "and"]
    return c["rules"]


def times_met(rule, hits):
    """The times at which the condition of a correlation holds for the hits of one group."""
    c = rule["correlation"]
    width = span(c["timespan"])
    times = sorted({h.t for h in hits})
    if c["type"] == "temporal_ordered":
        return [e for e in times
                if is_chain(order_of(c), [h for h in hits if e - width <= h.t <= e], e)]
    if not tumbles(c):
        return [e for e in times if window_meets(rule, [h for h in hits if e - width <= h.t <= e])]
    met, end = [], -1
    for start in times:
        if start > end:
            end = start + width
            if window_meets(rule, [h for h in hits if start <= h.t <= end]):
                met.append(end)
    return met


# ---- weir's own kinds -------------------------------------------------------------------------

def days(t):
    return t // DAY


def warm(c, first, t):
    return t - first >= max(span(c.get("training", "0s")), span(c.get("activation", "0s")))


class Undefined(Exception):
    """The documents leave this case open."""


def met_first_seen(c, hits):
    history, met = span(c["history"]), []
    hits = sorted(hits, key=lambda h: h.t)
    first = 0
    for i, (last, h) in enumerate(zip([None, *hits], hits)):
        silent = h.t - last.t if last else 0
        if abs(silent - 2 * history) <= history // 8:
            raise Undefined
        if silent > 2 * history:
            met += new_terms(c, hits[first:i])
            first = i
    return met + new_terms(c, hits[first:])


def new_terms(c, hits):
    history, first = span(c["history"]), hits[0].t
    at = collections.defaultdict(set)
    for h in hits:
        for v in h.values:
            at[v].add(h.t)
    return [(t, v) for v, times in at.items() for t in times
            if warm(c, first, t) and not any(t - history <= o < t for o in times)]


def met_rarity(c, hits):
    history, first = span(c["history"]), min(h.t for h in hits)
    by, bounds, met = c.get("rarity-by", "count"), bounds_of(c), []
    at = collections.defaultdict(list)
    for h in hits:
        for v in h.values:
            at[v].append(h)
    for v, own in at.items():
        if by == "actors":
            pairs = {(h.t, a) for h in own for a in values_of(h.fields, c["actor"])}
            for t, a in pairs:
                before = {b for o, b in pairs if t - history <= o < t}
                if a not in before and meets(bounds, len(before)) and warm(c, first, t):
                    met.append((t, (v, a)))
        elif by == "days":
            for day in {days(h.t) for h in own}:
                t = min(h.t for h in own if days(h.t) == day)
                before = {days(h.t) for h in own if 0 < day - days(h.t) <= history // DAY}
                if meets(bounds, len(before)) and warm(c, first, t):
                    met.append((t, v))
        else:
            for t in {h.t for h in own}:
                if meets(bounds, sum(t - history <= h.t < t for h in own)) and warm(c, first, t):
                    met.append((t, v))
    return met


def met_ratio(c, hits):
    whole = span(c["history"]) // DAY
    rows = sorted({(h.t, v, a) for h in hits for v in h.values
                   for a in values_of(h.fields, c["actor"])})
    met, first = [], None
    for i, (t, v, a) in enumerate(rows):
        if first is None or days(t) - days(rows[i - 1][0]) > whole:
            first = t  # silent for H days: new again
        if any(days(t) == days(o) and (v, a) == (w, b) for o, w, b in rows[:i]):
            continue
        before = [(w, b) for o, w, b in rows if 0 < days(t) - days(o) <= whole]
        of_group = {b for _, b in before}
        if len(of_group) >= max(1, c.get("minimum", 1)) and warm(c, first, t):
            of_value = {b for w, b in before if w == v}
            if meets(bounds_of(c), Fraction(len(of_value), len(of_group))):
                met.append((t, (v, a)))
    return met


def met_volume(c, hits):
    width, baseline = span(c["timespan"]), span(c.get("baseline", "7d"))
    n = min(1024, max(1, baseline // width))
    training = span(c["training"]) if "training" in c else baseline
    is_sum = "condition" in c
    value = collections.defaultdict(Fraction)
    for h in hits:
        value[h.t // width] += sum(h.values) if is_sum else 1
    met, first, last = [], None, None
    for w in sorted(value):
        if first is None or w - last > n:
            first = w
        last = w
        before = range(max(first, w - n), w)
        mean = Fraction(sum(value.get(o, 0) for o in before), max(1, len(before)))
        factor, least = Fraction(str(c["factor"])), Fraction(str(c.get("minimum", 0)))
        if (w - first) * width >= training and value[w] >= factor * mean and value[w] >= least:
            met.append(((w + 1) * width - 1, None))
    return met


def meets_risk(c, told, t):
    """Does the score at t, of alerts (t, rule), meet the bounds?"""
    in_hour = collections.Counter()
    for o, name in told:
        if o <= t and t // HOUR - o // HOUR < 48:
            in_hour[t // HOUR - o // HOUR, name] += MEDIUM
    score = sum(min(100, points) * 2 ** (-ago * HOUR / span(c["half-life"]))
                for (ago, _), points in in_hour.items())
    for _, bound in bounds_of(c):
        if any(ago for ago, _ in in_hour) and abs(score - bound) < 0.01:
            raise Undefined  # rounding decides
    return meets(bounds_of(c), score)


MET = {"first_seen": met_first_seen, "rarity": met_rarity, "ratio": met_ratio, "volume": met_volume}


# ---- findings ---------------------------------------------------------------------------------

def is_off(rule):
    return rule.get("weir", {}).get("dedup") == "off"


def dedup_of(rule):
    return {} if is_off(rule) else rule.get("weir", {}).get("dedup", {})


def key_names(rule):
    """The fields of a rule's dedup key; none: it is the first entity."""
    return dedup_of(rule).get("fields", rule.get("correlation", {}).get("group-by", []))


def is_final(rule, listed):
    """Told from the times at which the condition holds (docs/state.md, "Operators")?"""
    c, weir, dedup = rule["correlation"], rule.get("weir", {}), dedup_of(rule)
    return (rule["name"] in listed or is_off(rule) or c["type"] in AGGREGATES + HISTORIES or tumbles(c)
            or weir.get("emit") == "final" or dedup.get("anchor") == "first"
            or "fields" in dedup and dedup["fields"] != c.get("group-by", []))


def least_count(rule):
    """The threshold of a count: 2.5 means 3, "more than 2" too."""
    c = rule["correlation"]
    if c["type"] not in ("event_count", "value_count") or tumbles(c):
        return 1
    (op, bound), = bounds_of(c)
    return bound.__floor__() + 1 if op == "gt" else bound.__ceil__()


def intervals(rule, key, period, times):
    """(start, times in it) of the dedup periods that have something to tell."""
    dedup = dedup_of(rule)
    if dedup.get("anchor") == "first":
        out = []
        for t in sorted(times):
            if not out or t >= out[-1][0] + period:
                out.append((t, []))
            out[-1][1].append(t)
        return out
    out = collections.defaultdict(list)
    for t in times:
        out[bucket_start(rule["id"], key, period, t)].append(t)
    return list(out.items())


def record_of(t, fields):
    """An event's line."""
    return json.dumps({"product": "x", "timestamp": t, **fields})


def sole_part(hit):
    if "eid" in hit.fields:
        return "event:" + hit.fields["eid"]
    return "raw:" + hashlib.sha256(record_of(hit.t, hit.fields).encode()).hexdigest() + ":0"


def uid_of(rule, key, start):
    return uuid5(["", rule["id"], *key, f"bucket:{start}"])


def without_repeats(hits):
    """Of records with one event id and one time the first."""
    seen, out = set(), []
    for hit in hits:
        name = (hit.fields.get("eid"), hit.t)
        if not name[0] or name not in seen:
            out.append(hit)
        seen.add(name)
    return out


class Oracle:
    def __init__(self, rules, events):
        self.rules = {r["name"]: r for r in rules}
        self.events = [(t, f) for t, f, late in events if late is None]
        self.late = [(t, f, late) for t, f, late in events if late is not None]
        self.listed = {n for r in rules if r.get("correlation", {}).get("type") != "risk"
                       for n in r.get("correlation", {}).get("rules", [])}
        self.signals = {}
        self.generated = {n for r in rules if r.get("correlation", {}).get("generate")
                          for n in r["correlation"]["rules"]}

    def heard(self, name):
        """What a rule tells those that list it."""
        if name not in self.signals:
            rule = self.rules[name]
            if "detection" in rule:
                self.signals[name] = [Hit(t, name, f, ()) for t, f in self.events
                                      if name in values_of(f, "k")]
            else:
                names = rule["correlation"].get("group-by", [])
                self.signals[name] = [
                    Hit(t, name, {n: v for n, v in zip(names, key)}, ())
                    for key, hits in self.groups(rule).items() for t, _ in self.met(rule, hits)]
        return self.signals[name]

    def groups(self, rule):
        c = rule["correlation"]
        out = collections.defaultdict(list)
        field = c["condition"].get("field") if isinstance(c.get("condition"), dict) else None
        for name in c["rules"]:
            for hit in self.heard(name):
                if c["type"] in AGGREGATES or c["type"] == "volume" and field:
                    numbers = [n for n in map(number_of, members_of(hit.fields, field)) if n is not None]
                    hit = hit._replace(values=tuple(numbers))
                elif field:
                    hit = hit._replace(values=tuple(tuples_of(c, hit)))
                if field and not hit.values or c.get("actor") and not values_of(hit.fields, c["actor"]):
                    continue
                for key in keys_of(rule, hit):
                    out[key] += [hit._replace(values=(v,)) for v in hit.values] if field else [hit]
        if c["type"] == "event_count" and rule.get("weir", {}).get("count_by") == "event_id":
            return {key: without_repeats(hits) for key, hits in out.items()}
        return out

    def met(self, rule, hits):
        c = rule["correlation"]
        if c["type"] in MET:
            return sorted(set(MET[c["type"]](c, hits)), key=repr)
        return [(t, None) for t in times_met(rule, hits)]

    def findings(self):
        """uid: (rule, key, start, count)."""
        out = {}
        for name, rule in self.rules.items():
            if name in self.listed and name not in self.generated:
                continue
            if "detection" in rule:
                self.of_base_rule(rule, out)
            elif rule["correlation"]["type"] != "risk":
                self.of_correlation(rule, out)
        for rule in self.rules.values():
            if rule.get("correlation", {}).get("type") == "risk":
                self.of_risk(rule, out)
        return out

    def of_risk(self, rule, out):
        """What was told of an entity adds up; all its findings have the score of medium."""
        c = rule["correlation"]
        if self.late:
            raise Undefined
        alerts = collections.defaultdict(list)  # entity: (t, rule)
        for name, key, start, _ in list(out.values()):
            if name in c["rules"]:
                value = key[key_names(self.rules[name]).index(c["group-by"][0])]
                alerts[value].append((start, name))
        for entity, told in alerts.items():
            times = [t for t in sorted({t for t, _ in told}) if meets_risk(c, told, t)]
            for start, inside in intervals(rule, (entity,), DAY, times):
                out[uid_of(rule, (entity,), start)] = (rule["name"], (entity,), start, len(inside))

    def of_base_rule(self, rule, out):
        dedup = dedup_of(rule)
        at = collections.defaultdict(list)
        sole = [h for h in self.heard(rule["name"])
                if is_off(rule) or "fields" not in dedup and not values_of(h.fields, "user")]
        for hit in sole:
            out[uuid5(["", rule["id"], sole_part(hit)])] = (rule["name"], (), None, 1)
        period = span(dedup.get("period", "1h"))
        late = [Hit(watermark, rule["name"], fields, ()) for _, fields, watermark in self.late
                if rule["name"] in values_of(fields, "k")]
        for hit in self.heard(rule["name"]) + late:
            if is_off(rule) or "fields" not in dedup and not values_of(hit.fields, "user"):
                continue
            if "fields" in dedup:
                key = [(values_of(hit.fields, n) or [""])[0] for n in dedup["fields"]]
            else:
                key = [values_of(hit.fields, "user")[0].lower()]
            at[tuple(key)].append(hit.t)
        for key, times in at.items():
            for start, inside in intervals(rule, key, period, times):
                out[uid_of(rule, key, start)] = (rule["name"], key, start, len(inside))
        for t, fields, _ in self.late:
            is_sole = is_off(rule) or "fields" not in dedup and not values_of(fields, "user")
            if is_sole and rule["name"] in values_of(fields, "k"):
                out[uuid5(["", rule["id"], sole_part(Hit(t, rule["name"], fields, ()))])] = (rule["name"], (), None, 1)

    def of_correlation(self, rule, out):
        c, dedup = rule["correlation"], dedup_of(rule)
        width = span(c["timespan"]) if "timespan" in c else 0
        period = span(dedup["period"]) if "period" in dedup else max(HOUR, width)
        names = c.get("group-by", [])
        told = collections.defaultdict(list)  # dedup key: times at which the condition held
        heard = collections.defaultdict(list)  # dedup key: times of hits
        for group, hits in self.groups(rule).items():
            if is_off(rule):
                for t, _ in self.met(rule, hits):
                    out[uuid5(["", rule["id"], *group, f"time:{t}"])] = (rule["name"], group, None, 1)
                continue
            fields = dict(zip(names, group))
            key = tuple(fields[n] for n in dedup.get("fields", names))
            told[key] += [t for t, _ in self.met(rule, hits)]
            heard[key] += [h.t for h in hits]
        for key, times in told.items():
            for start, inside in intervals(rule, key, period, times):
                if is_final(rule, self.listed):
                    count = len(inside)
                else:
                    count = sum(start <= t < start + period for t in heard[key])
                out[uid_of(rule, key, start)] = (rule["name"], key, start, max(count, least_count(rule)))


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
    """(t, fields, the watermark that it met if it came late) of what arrives in a file."""
    out, newest = [], -1
    for t, fields in events:
        newest = max(newest, t)
        out.append((t, fields, newest - LATENESS if t < newest - LATENESS else None))
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
        events = [(t, fields, None) for part in files for t, fields in part]
    try:
        expected = Oracle(rules, events).findings()
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
