#!/usr/bin/env python3
"""check.py - is what weir published exactly what it should have published?

    check.py --rules DIR --input DUMP --output DUMP [--offsets FILE] [--truth FILE] [--tenant TOPIC=NAME]

The dumps are build/loadtest/dump's: the planted records of the input topics (--planted), and the output
topics read_committed. Nothing is taken from weir: which events came late is read off the log itself,
and what is due is looked up by tests/oracle/state_model.py, which is written from docs/state.md and
docs/alert.md alone.

Checked: the exact sets of Creates and of Closes by finding uid; no record twice; Updates of findings
that were created, sequences rising for what comes from one input partition; the final count of each
finding; findings of the shadow in the shadow topic alone; dead letters = planted bad records; the
group's offsets at the end of each partition; no open transaction; and the generator's own opinion of
each attack (--truth). Exit code 0: nothing is wrong. 1: something is, with examples. 2: the checker
cannot say.
"""
import argparse
import base64
import collections
import glob
import json
import os
import sys

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
from state_model import Event, Model, is_off, span  # noqa: E402

ROLES = ("alerts", "lifecycle", "shadow", "health", "dead_letters")
EXAMPLES = 3
# What generate --geoip writes (loadtest/places.c): network, latitude, longitude, number of the network.
PLACES = {"10.1.": (52.52, 13.405, 64501), "10.2.": (53.55, 9.99, 64502), "10.3.": (40.71, -74.01, 64503),
          "10.4.": (-33.87, 151.21, 64504)}
# a lost record, a doubled one: what exactly once is about
LOST = ("Create lost", "Close lost", "dead letter lost", "offset not at the end")
DOUBLED = ("Create doubled", "Close doubled", "record twice", "dead letter doubled")

Record = collections.namedtuple("Record", "topic at uid record activity rule tenant sequence count exact "
                                          "source shadow")


def place_of(address):
    return next((place for prefix, place in PLACES.items() if address.startswith(prefix)), None)


# ---- reading ----------------------------------------------------------------------------------

def lines_of(paths):
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for text in f:
                yield json.loads(text)


def bytes_of(value):
    if value is None:
        return None
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def read_rules(paths):
    rules = []
    for path in paths:
        files = sorted(glob.glob(os.path.join(path, "**", "*.yml"), recursive=True)) if os.path.isdir(path) else [path]
        for file in files:
            with open(file, encoding="utf-8") as f:
                rules += [r for r in yaml.safe_load_all(f) if r]
    for r in rules:  # YAML reads a bare off as false
        if r.get("weir", {}).get("dedup") is False:
            r["weir"]["dedup"] = "off"
    return rules


class Input:
    """The planted part of the input topics: events by tenant, and what should be a dead letter."""

    def __init__(self, paths, tenants, lateness):
        self.events = collections.defaultdict(list)
        self.dead = {}
        newest = {}
        for line in lines_of(paths):
            place = line["topic"], line["partition"]
            if "load-bad" in line["headers"]:
                self.dead["%s/%d/%d" % (*place, line["offset"])] = line["headers"]["load-bad"]
                continue
            raw = bytes_of(line["value"])
            fields = json.loads(raw)
            t = fields["timestamp"]
            newest[place] = max(t, newest.get(place, t))
            late = newest[place] - lateness if t < newest[place] - lateness else None
            self.events[tenants.get(line["topic"], "")].append(Event(t, fields, late, raw))
        for topic in tenants:
            self.events[tenants[topic]]


def read_record(line, roles):
    d = json.loads(line["value"])
    headers, weir = line["headers"], d["unmapped"]["weir"]
    data = d["evidences"][0].get("data", {}) if d.get("evidences") else {}
    return Record(topic=roles.get(line["topic"], line["topic"]), at=(line["topic"], line["partition"], line["offset"]),
                  uid=d["finding_info"]["uid"], record=d["metadata"]["uid"], activity=d["activity_name"].lower(),
                  rule=d["finding_info"]["analytic"]["uid"], tenant=weir["tenant"], sequence=d["metadata"]["sequence"],
                  count=weir["dedup"].get("count", 1), exact=weir["dedup"].get("exact", True),
                  source=(data.get("topic", data.get("file")), data.get("partition")),
                  shadow=weir["channel"] == "shadow"), headers, line["key"]


# ---- judging ----------------------------------------------------------------------------------

class Verdict:
    def __init__(self):
        self.wrong = collections.Counter()
        self.examples = collections.defaultdict(list)

    def say(self, what, example):
        self.wrong[what] += 1
        if len(self.examples[what]) < EXAMPLES:
            self.examples[what].append(example)

    def sum_of(self, kinds):
        return sum(self.wrong[k] for k in kinds)


class Checker:
    def __init__(self, options, rules):
        self.o, self.verdict = options, Verdict()
        self.rules = {r["id"]: r for r in rules}
        self.roles = {topic: role for role, topic in options.roles.items()}
        self.due = {}  # uid: (tenant, rule name, key, bucket start, count)
        self.model_of, self.copies = {}, collections.Counter()
        self.creates, self.closes = collections.Counter(), collections.Counter()
        self.updates = collections.Counter()
        self.final, self.created_with = {}, {}
        self.records, self.dead = {}, collections.Counter()
        self.last = {}  # (uid, input partition, topic): sequence
        self.n = collections.Counter()

    def tell(self, uid):
        if uid not in self.due:
            return "finding %s" % uid
        tenant, rule, key, start, count = self.due[uid]
        return "%s%s of %s, bucket %s, count %d (%s)" % (tenant + ": " if tenant else "", rule, "/".join(key), start,
                                                         count, uid)

    # -- what is due

    def expect(self, events, rules):
        for tenant, own in events.items():
            model = Model(rules, own, tenant, place_of)
            findings = model.findings()
            self.copies.update(model.copies)
            self.n["late"] += sum(e.late is not None for e in own)
            for uid, (rule, key, start, count) in findings.items():
                self.due[uid] = tenant, rule, key, start, count
                self.model_of.setdefault((tenant, rule, tuple(key)), []).append(uid)

    def compare_truth(self, attacks, tenants):
        """The generator knows of each attack whether its rule fires."""
        for a in attacks:
            for tenant in tenants:
                if a["fires"] is None or a["rule"] not in self.rules:
                    continue
                rule = self.rules[a["rule"]]["name"]
                found = self.model_of.get((tenant, rule, tuple(a["key"])), [])
                self.n["attacks"] += 1
                if bool(found) != a["fires"]:
                    self.verdict.say("model and generator differ", "attack %d, %s, %s" % (a["attack"], a["family"],
                                                                                          a["case"]))

    # -- what is there

    def take(self, line):
        role = self.roles.get(line["topic"])
        if role == "dead_letters":
            self.dead[line["key"]] += 1
            self.take_dead(line)
            return
        r, headers, key = read_record(line, self.roles)
        self.n[r.activity] += 1
        said = headers.get("weir-record"), headers.get("weir-activity"), headers.get("weir-rule"), key
        if said != (r.record, r.activity, r.rule, r.uid):
            self.verdict.say("headers differ from the document", "%s/%d/%d: %s" % (*r.at, said))
        if role == "health":
            self.n["health"] += 1
            if not self.o.health:
                self.verdict.say("health finding", "%s of %s" % (r.uid, r.rule))
        self.take_record(r)

    def is_copy(self, r):
        """Identical records (or ids) share a finding without bucket, each with a Create."""
        return self.copies[r.uid] > 1

    def take_record(self, r):
        if r.record in self.records and not self.is_copy(r):
            self.verdict.say("record twice", "%s %d of %s at %s and %s" % (r.activity, r.sequence, self.tell(r.uid),
                                                                         self.records[r.record], r.at))
        self.records[r.record] = r.at
        counter = {"create": self.creates, "update": self.updates, "close": self.closes}[r.activity]
        counter[r.uid] += 1
        if r.rule in self.rules and r.topic != "health" and r.uid not in self.due and r.activity == "create":
            self.verdict.say("Create not expected", "%s of %s, count %d" % (r.uid, self.rules[r.rule]["name"], r.count))
        if r.source[0]:
            before = self.last.get((r.uid, r.source, r.topic), 0)
            # After an empty store another hit may make the Create: it then comes behind an Update.
            is_made_again = self.o.lower_bounds and r.activity == "create"
            if r.sequence <= before and not self.is_copy(r) and not is_made_again:
                self.verdict.say("sequence does not rise", "%d after %d of %s" % (r.sequence, before, self.tell(r.uid)))
            self.last[r.uid, r.source, r.topic] = r.sequence
        if r.shadow != (r.topic == "shadow") and "shadow" in self.o.roles:
            self.verdict.say("wrong topic", "%s of %s in %s" % (r.activity, self.tell(r.uid), r.topic))
        self.final[r.uid] = max(self.final.get(r.uid, (0, 0, True)), (r.sequence, r.count, r.exact)) \
            if r.activity != "close" or r.uid not in self.final else (r.sequence, r.count, r.exact)
        if r.activity == "close":
            self.final[r.uid] = (1 << 40, r.count, r.exact)

    def take_dead(self, line):
        said = "%s/%s/%s" % tuple(line["headers"].get("weir-" + n) for n in ("topic", "partition", "offset"))
        if said != line["key"]:
            self.verdict.say("headers differ from the document", "dead letter %s says %s" % (line["key"], said))

    # -- the two together

    def judge_findings(self):
        say = self.verdict.say
        for uid, (_, _, _, start, count) in self.due.items():
            if not self.creates[uid]:
                say("Create lost", self.tell(uid))
                continue
            if self.creates[uid] > max(1, self.copies[uid]):
                say("Create doubled", self.tell(uid))
            if start is not None:
                self.judge_end(uid, count)
            elif self.closes[uid] or self.updates[uid]:
                say("record not expected", "of " + self.tell(uid))
        for uid in self.updates.keys() | self.closes.keys():
            if not self.creates[uid]:
                say("Update without Create" if self.updates[uid] else "Close without Create", self.tell(uid))

    def judge_end(self, uid, count):
        say = self.verdict.say
        if not self.closes[uid]:
            if not self.o.open:
                say("Close lost", self.tell(uid))
            return
        if self.closes[uid] > 1:
            say("Close doubled", self.tell(uid))
        _, said, exact = self.final[uid]
        if not exact:
            self.n["inexact"] += 1
        if not exact and not self.o.lower_bounds:
            say("count not exact", self.tell(uid))
        if said != count and not (self.o.lower_bounds and not exact and said < count):
            say("count wrong", "%d instead of %s" % (said, self.tell(uid)))

    def judge_dead(self, due):
        say = self.verdict.say
        for place, reason in due.items():
            if not self.dead[place]:
                say("dead letter lost", "%s (%s)" % (place, reason))
            elif self.dead[place] > 1:
                say("dead letter doubled", "%s (%s), %d times" % (place, reason, self.dead[place]))
        for place in self.dead:
            if place not in due and self.dead[place]:
                say("dead letter not expected", place)

    def judge_offsets(self, lines, inputs):
        for o in lines:
            place = "%s/%d" % (o["topic"], o["partition"])
            if o["stable"] != o["high"]:
                self.verdict.say("open transaction", "%s: read_committed ends at %d of %d" % (place, o["stable"],
                                                                                             o["high"]))
            if o["topic"] in inputs and o["committed"] != o["high"] and (o["committed"] >= 0 or o["high"] > o["low"]):
                self.verdict.say("offset not at the end", "%s: %d of %d" % (place, o["committed"], o["high"]))


def report(c, options, dead):
    v = c.verdict
    told = {"findings": len(c.due), "creates": c.n["create"], "updates": c.n["update"], "closes": c.n["close"],
            "late": c.n["late"], "dead_letters": len(dead), "health": c.n["health"], "inexact": c.n["inexact"],
            "attacks": c.n["attacks"], "lost": v.sum_of(LOST), "doubled": v.sum_of(DOUBLED),
            "wrong": sum(v.wrong.values())}
    if options.json:
        print(json.dumps({**told, "kinds": v.wrong, "examples": v.examples}))
        return
    print(", ".join("%s %d" % (k.replace("_", " "), n) for k, n in told.items()))
    for what, n in v.wrong.most_common():
        print("  %6d  %s" % (n, what))
        for example in v.examples[what]:
            print("          %s" % example)


def pair(text):
    name, _, value = text.partition("=")
    return name, value


def options_of(argv):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rules", action="append", required=True, help="those of the planted attacks (loadtest/rules)")
    p.add_argument("--input", action="append", required=True, help="dump of the planted records")
    p.add_argument("--output", action="append", required=True, help="dump of the output topics")
    p.add_argument("--offsets", help="dump --offsets of all topics")
    p.add_argument("--truth", action="append", default=[], help="the generator's --truth")
    p.add_argument("--tenant", action="append", default=[], type=pair, metavar="TOPIC=NAME")
    p.add_argument("--role", action="append", default=[], type=pair, metavar="ROLE=TOPIC",
                   help="name of an output topic, if it is not that of its role: " + ", ".join(ROLES))
    p.add_argument("--lateness", default="2m", help="of the profile loadtest (2m)")
    p.add_argument("--lower-bounds", action="store_true", help="counts marked as not exact may be too small: state and "
                                                              "log were lost together")
    p.add_argument("--open", action="store_true", help="findings may be open still")
    p.add_argument("--health", action="store_true", help="findings about weir itself may be there")
    p.add_argument("--json", action="store_true", help="one line of JSON")
    o = p.parse_args(argv)
    o.roles = {**{r: r for r in ROLES}, **dict(o.role)}
    o.tenants = dict(o.tenant)
    return o


def check(options):
    rules = read_rules(options.rules)
    given = Input(options.input, options.tenants, span(options.lateness))
    c = Checker(options, rules)
    c.expect(given.events, rules)
    c.compare_truth(lines_of(options.truth), list(given.events))
    for line in lines_of(options.output):
        c.take(line)
    c.judge_findings()
    c.judge_dead(given.dead)
    if options.offsets:
        outputs = set(options.roles.values())
        lines = list(lines_of([options.offsets]))
        c.judge_offsets(lines, {o["topic"] for o in lines} - outputs)
    return c, given


def main():
    options = options_of(sys.argv[1:])
    try:
        c, given = check(options)
    except (OSError, ValueError, KeyError) as e:
        print("check.py: cannot say: %s: %s" % (type(e).__name__, e), file=sys.stderr)
        sys.exit(2)
    report(c, options, given.dead)
    sys.exit(1 if c.verdict.wrong else 0)


if __name__ == "__main__":
    main()
