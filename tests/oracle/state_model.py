"""state_model.py - rules with state, written a second time from the documents alone.

The operators of weir work on packed cells, one event after the other. This model knows nothing
of them: it takes the whole list of events and looks every sentence of docs/state.md and
docs/alert.md ("Names") up in it, slowly and obviously. What it says of the findings (uid, final
count) must be what weir says: tests/oracle/state_oracle.py (random rules, replayed) and
loadtest/check.py (workers, Kafka) compare.

A base rule is one whose name is among the values of the event's field `k`.
"""
import collections
import hashlib
import itertools
import json
import math
import uuid
from fractions import Fraction

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
NAMESPACE = uuid.UUID("f08bb7fd-8e43-5de3-bd47-0ff5afb8b7c6")
MEDIUM = 47  # points of an alert
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

# late: None, or the watermark that an event met which came too late. raw: its bytes
Event = collections.namedtuple("Event", "t fields late raw")
# values: values of condition.field: tuples of texts, or numbers
Hit = collections.namedtuple("Hit", "t rule fields values raw", defaults=(None,))


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


def tuples_of(rule, hit):
    """The values of condition.field: tuples of all of its fields."""
    names = rule["correlation"]["condition"]["field"]
    names = [names] if isinstance(names, str) else names
    values = [values_of(hit.fields, n) for n in names]
    if rule.get("weir", {}).get("missing_value") == "empty" and any(values):
        values = [v or [""] for v in values]
    return list(itertools.product(*values))


def term_part(c, value):
    """What names a finding with dedup off beside its time: the term or value of a history."""
    if c["type"] not in ("first_seen", "rarity", "ratio"):
        return ""
    if c["type"] == "ratio" or c.get("rarity-by") == "actors":
        value = value[0]
    return ":" + "\x1f".join(value)


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


RADIUS_M = 6_371_009


def distance_m(a, b):
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * RADIUS_M * math.asin(math.sqrt(half))


def met_geo_velocity(hits, places):
    """With the default distance, 500 km, and speed, 800 km/h. places: address -> (latitude, longitude, network)."""
    met, rows = [], sorted({(h.t, *place) for h in hits for (address,) in h.values
                            for place in [places(address)] if place})
    for before, row in zip(rows, rows[1:]):
        metres, ms = distance_m(before[1:3], row[1:3]), row[0] - before[0]
        if metres >= 500_000 and metres * HOUR >= 800_000 * ms:
            met.append((row[0], None))
    return met


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
    return (rule["name"] in listed or is_off(rule) or c["type"] in (*AGGREGATES, *HISTORIES, "geo_velocity") or tumbles(c)
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


def sole_part(hit):
    if "eid" in hit.fields:
        return "event:" + hit.fields["eid"]
    return "raw:" + hashlib.sha256(hit.raw).hexdigest() + ":0"


def without_repeats(hits):
    """Of records with one event id and one time the first."""
    seen, out = set(), []
    for hit in hits:
        name = (hit.fields.get("eid"), hit.t)
        if not name[0] or name not in seen:
            out.append(hit)
        seen.add(name)
    return out


class Model:
    def __init__(self, rules, events, tenant="", places=None):
        self.places = places
        self.rules = {r["name"]: r for r in rules}
        self.tenant = tenant
        self.copies = collections.Counter()  # findings of events by themselves: how many records share one
        self.matches, self.late = collections.defaultdict(list), collections.defaultdict(list)
        for e in events:
            for name in values_of(e.fields, "k"):
                (self.matches if e.late is None else self.late)[name].append(e)
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
                self.signals[name] = [Hit(e.t, name, e.fields, (), e.raw) for e in self.matches[name]]
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
                    hit = hit._replace(values=tuple(tuples_of(rule, hit)))
                if field and not hit.values or c.get("actor") and not values_of(hit.fields, c["actor"]):
                    continue
                for key in keys_of(rule, hit):
                    out[key] += [hit._replace(values=(v,)) for v in hit.values] if field else [hit]
        if c["type"] == "event_count" and rule.get("weir", {}).get("count_by") == "event_id":
            return {key: without_repeats(hits) for key, hits in out.items()}
        return out

    def met(self, rule, hits):
        c = rule["correlation"]
        if c["type"] == "geo_velocity":
            return met_geo_velocity(hits, self.places)
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
        if any(self.late[name] for name in c["rules"]):
            raise Undefined
        alerts = collections.defaultdict(list)  # entity: (t, rule)
        for name, key, start, _ in list(out.values()):
            if name in c["rules"]:
                value = key[key_names(self.rules[name]).index(c["group-by"][0])]
                alerts[value].append((start, name))
        for entity, told in alerts.items():
            times = [t for t in sorted({t for t, _ in told}) if meets_risk(c, told, t)]
            for start, inside in intervals(rule, (entity,), DAY, times):
                out[self.uid(rule, entity, f"bucket:{start}")] = (rule["name"], (entity,), start, len(inside))

    def uid(self, rule, *parts):
        return uuid5([self.tenant, rule["id"], *parts])

    def of_base_rule(self, rule, out):
        dedup = dedup_of(rule)

        def is_sole(fields):
            return is_off(rule) or "fields" not in dedup and not values_of(fields, "user")
        at = collections.defaultdict(list)
        period = span(dedup.get("period", "1h"))
        late = [Hit(e.late, rule["name"], e.fields, (), e.raw) for e in self.late[rule["name"]]]
        for hit in self.heard(rule["name"]) + late:
            if is_sole(hit.fields):
                uid = self.uid(rule, sole_part(hit))
                self.copies[uid] += 1
                out[uid] = (rule["name"], (), None, 1)
                continue
            if "fields" in dedup:
                key = [(values_of(hit.fields, n) or [""])[0] for n in dedup["fields"]]
            else:
                key = [values_of(hit.fields, "user")[0].lower()]
            at[tuple(key)].append(hit.t)
        for key, times in at.items():
            for start, inside in intervals(rule, key, period, times):
                out[self.uid(rule, *key, f"bucket:{start}")] = (rule["name"], key, start, len(inside))

    def of_correlation(self, rule, out):
        c, dedup = rule["correlation"], dedup_of(rule)
        width = span(c["timespan"]) if "timespan" in c else 0
        period = span(dedup["period"]) if "period" in dedup else DAY if c["type"] == "geo_velocity" else max(HOUR, width)
        names = c.get("group-by", [])
        told = collections.defaultdict(list)  # dedup key: times at which the condition held
        heard = collections.defaultdict(list)  # dedup key: times of hits
        for group, hits in self.groups(rule).items():
            if is_off(rule):
                for t, value in self.met(rule, hits):
                    out[self.uid(rule, *group, f"time:{t}{term_part(c, value)}")] = (rule["name"], group, None, 1)
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
                out[self.uid(rule, *key, f"bucket:{start}")] = (rule["name"], key, start,
                                                                max(count, least_count(rule)))
