#!/usr/bin/env python3
"""sigma_oracle.py - a second opinion: pySigma's parse tree, evaluated in Python.

weir's reference evaluator and its compiled matcher share a front end, so a fault there would
agree with itself. This evaluator shares nothing with weir but the profile's field table: pySigma
parses the rules, this file evaluates its conditions over events, and the match sets are compared
with those of `weir replay --emit matches --no-routing --profile NAME`.

    sigma_oracle.py --weir build/weir --rules DIR --events FILE:PROFILE:EVERY ...
                    [--profiles DIR] [--list NAME=FILE ...]

takes every EVERYth line of each FILE, with the profile pinned.

Deliberate differences, each a decision of weir's that pySigma leaves open or gets wrong, are
listed in DECISIONS below; a rule or value that falls under one is evaluated weir's way.
Prints differences (at most 40) and, last, `N passed, N failed`: a rule counts once.
"""
import argparse
import collections
import datetime
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml
from sigma.collection import SigmaCollection
from sigma.conditions import (ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT,
                              ConditionOR, ConditionValueExpression)
from sigma import types as st

DECISIONS = [
    "base64offset works on bytes, pySigma on characters (no shared rule is touched by it)",
    "letters of ASCII texts fold in ASCII only; other texts by Unicode simple folding",
    "a number equals a string that is written as a JSON number; text compares with a number's text",
    "a keyword is looked for in each string leaf, or in the profile's message field alone",
    "regexes: ASCII classes",
]

JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")


class Num(str):
    """A JSON number that keeps its text."""


# ---- fields of an event -----------------------------------------------------------------------

class Profile:
    """The part of a profile file that says where fields are."""

    def __init__(self, directory, name):
        self.roots, self.fields, self.maps, self.message = [""], {}, {}, []
        chain = []
        while name:
            with open(os.path.join(directory, name + ".yml")) as f:
                doc = yaml.safe_load(f)
            chain.append(doc)
            name = doc.get("extends")
        for doc in reversed(chain):
            self.roots = doc.get("roots", self.roots)
            self.message = doc.get("message", self.message)
            for field, paths in (doc.get("fields") or {}).items():
                self.fields[field] = [paths] if isinstance(paths, str) else paths
            for field, table in (doc.get("values") or {}).items():
                self.maps[field] = {str(k).lower(): v for k, v in table.items()}
        if isinstance(self.message, str):
            self.message = [self.message]

    def paths(self, field):
        if field in self.fields:
            return self.fields[field]
        return [root + "." + field if root and not root.endswith(".") else root + field
                for root in self.roots]

    def lookup(self, pairs, field):
        """All values of a field: the first path with a value other than null wins."""
        nulls = []
        for path in self.paths(field):
            for found in (flat(pairs, path), nested(pairs, path)):
                if any(v is not None for v in found):
                    return self.mapped(field, found)
                nulls = nulls or found
        return nulls

    def mapped(self, field, values):
        table = self.maps.get(field)
        if not table:
            return values
        return [table.get(v.lower(), v) if isinstance(v, str) else v for v in values]

    def any_leaf(self, pairs):
        for path in self.message:
            found = [v for v in flat(pairs, path) or nested(pairs, path) if is_text(v)]
            if found:
                return found
        return [v for v in leaves(pairs) if is_text(v)]


class Pairs(list):
    """A JSON object as its pairs: a key may come twice."""


def is_text(v):
    return isinstance(v, str) and not isinstance(v, Num)


def members(value):
    """A value at the end of a path: the members of an array one by one."""
    if isinstance(value, Pairs):
        return [OBJECT]
    if isinstance(value, list):
        return [m for v in value for m in members(v)] if value else [EMPTY]
    return [value]


OBJECT, EMPTY = object(), object()


def flat(pairs, path):
    return [m for k, v in pairs if k == path for m in members(v)]


def nested(value, path):
    """Every way to read the path over nested keys, the flat one left out at the top level."""
    return [m for m in walk(value, path, True)]


def walk(value, path, is_top):
    if isinstance(value, Pairs):
        for key, v in value:
            if key == path and not is_top:
                yield from members(v)
            elif path.startswith(key + "."):
                yield from walk(v, path[len(key) + 1:], False)
    elif isinstance(value, list):
        for v in value:
            yield from walk(v, path, is_top)


def leaves(value):
    if isinstance(value, Pairs):
        for _, v in value:
            yield from leaves(v)
    elif isinstance(value, list):
        for v in value:
            yield from leaves(v)
    else:
        yield value


# ---- atoms ---------------------------------------------------------------------------------------

ASCII_LOWER = {c: c + 32 for c in range(65, 91)}


def text_of(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return v if isinstance(v, str) else None


def needs_unicode(text):
    return any(ord(c) > 127 and (c.lower() != c or c.upper() != c) for c in text)


def simple_fold(text):
    return "".join(f if len(f := c.casefold()) == 1 else (c.lower() if len(c.lower()) == 1 else c)
                   for c in text)


def compile_string(s, lists):
    """A SigmaString to a predicate over text."""
    cased = isinstance(s, st.SigmaCasedString)
    options = [[]]
    for part in s.s:
        if isinstance(part, str):
            alternatives = [[part]]
        elif isinstance(part, st.Placeholder):
            alternatives = [[v] for v in lists[part.name]]
        else:
            alternatives = [[part]]
        options = [o + a for o in options for a in alternatives]
    tests = [compile_parts(o, cased) for o in options]
    return tests[0] if len(tests) == 1 else lambda t: any(x(t) for x in tests)


def compile_parts(parts, cased):
    text = "".join(p for p in parts if isinstance(p, str))
    if cased:
        fold = lambda t: t
    elif needs_unicode(text):
        fold = simple_fold
    else:
        fold = lambda t: t.translate(ASCII_LOWER)
    merged = []
    for p in parts:
        if isinstance(p, str):
            p = fold(p)
            if merged and isinstance(merged[-1], str):
                merged[-1] += p
                continue
        elif p is st.SpecialChars.WILDCARD_MULTI and merged and merged[-1] is p:
            continue
        merged.append(p)
    many = st.SpecialChars.WILDCARD_MULTI
    shape = ["*" if p is many else "?" if not isinstance(p, str) else "s" for p in merged]
    if shape in ([], ["s"]):
        want = merged[0] if merged else ""
        return lambda t: fold(t) == want
    if shape == ["*", "s", "*"]:
        return lambda t, want=merged[1]: want in fold(t)
    if shape == ["s", "*"]:
        return lambda t, want=merged[0]: fold(t).startswith(want)
    if shape == ["*", "s"]:
        return lambda t, want=merged[1]: fold(t).endswith(want)
    pattern = "".join(".*" if p is many else "." if not isinstance(p, str) else re.escape(p)
                      for p in merged)
    program = re.compile(pattern, re.S)
    return lambda t: program.fullmatch(fold(t)) is not None


def decimal(text):
    from decimal import Decimal
    return Decimal(text)


def as_number(v):
    if isinstance(v, bool) or not isinstance(v, str) or not JSON_NUMBER.match(v):
        return None
    return decimal(v)


def on_text(test):
    return lambda v: (t := text_of(v)) is not None and test(t)


def compile_regex(value):
    flags = re.A
    for f in value.flags:
        flags |= value.sigma_to_python_flags[f]
    program = re.compile(str(value.regexp), flags)
    return on_text(lambda t: program.search(t) is not None)


def compile_cidr(value):
    network = ipaddress.ip_network(value.cidr, strict=False)

    def test(v):
        if not is_text(v):
            return False
        try:
            address = ipaddress.ip_address(v)
        except ValueError:
            return False
        if address.version == 6 and address.ipv4_mapped and network.version == 4:
            address = address.ipv4_mapped
        return address.version == network.version and address in network

    return test


COMPARE = {"LT": lambda a, b: a < b, "LTE": lambda a, b: a <= b, "GT": lambda a, b: a > b,
           "GTE": lambda a, b: a >= b}


def compile_compare(value):
    want, op = decimal(str(value.number.number)), COMPARE[value.op.name]
    return lambda v: (n := as_number(v)) is not None and op(n, want)


SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?\Z")
PARTS = {"MINUTE": lambda d: d.minute, "HOUR": lambda d: d.hour, "DAY": lambda d: d.day,
         "WEEK": lambda d: d.isocalendar()[1], "MONTH": lambda d: d.month, "YEAR": lambda d: d.year}


def compile_part(part, op):
    """A part of a time in ISO 8601, or in seconds since 1970 (weir takes larger numbers for smaller units)."""
    def test(v):
        if not isinstance(v, str):
            return False
        try:
            if SECONDS.match(v.strip()):
                when = datetime.datetime.fromtimestamp(float(v), datetime.timezone.utc)
            elif isinstance(v, Num):
                return False
            else:
                when = datetime.datetime.fromisoformat(v.strip().replace("Z", "+00:00"))
        except ValueError:
            return False
        return op(PARTS[part.timestamp_part.name](when), part.number)

    return test


def compile_value(value, lists):
    """A predicate over one value of the field, or None where the event as a whole decides."""
    if isinstance(value, st.SigmaString):
        return on_text(compile_string(value, lists))
    if isinstance(value, st.SigmaBool):
        want = "true" if value.boolean else "false"
        return lambda v: not isinstance(v, Num) and (text_of(v) or "").translate(ASCII_LOWER) == want
    if isinstance(value, st.SigmaTimestampPart):
        return compile_part(value, lambda a, b: a == b)
    if isinstance(value, st.SigmaNumber):
        want = decimal(str(value.number))
        return lambda v: (n := as_number(v)) is not None and n == want
    if isinstance(value, st.SigmaRegularExpression):
        return compile_regex(value)
    if isinstance(value, st.SigmaCIDRExpression):
        return compile_cidr(value)
    if isinstance(value, st.SigmaCompareExpression):
        if isinstance(value.number, st.SigmaTimestampPart):
            return compile_part(value.number, COMPARE[value.op.name])
        return compile_compare(value)
    return None


# ---- rules --------------------------------------------------------------------------------------

class Compiler:
    """Atoms are numbered once over all rules; their truth per (field, value) is remembered."""

    def __init__(self, lists):
        self.lists = lists
        self.tests = collections.defaultdict(list)  # field -> [(number, predicate)]
        self.numbers = {}
        self.n = 0

    def atom(self, field, value):
        number = getattr(value, "number", value)
        key = (field, type(value).__name__, repr(value), getattr(number, "timestamp_part", getattr(
            value, "timestamp_part", None)))
        if key not in self.numbers:
            self.numbers[key] = self.n
            self.tests[field].append((self.n, compile_value(value, self.lists)))
            self.n += 1
        return self.numbers[key]

    def field_atom(self, field, value):
        if isinstance(value, st.SigmaExpansion):
            parts = [self.field_atom(field, v) for v in value.values]
            return lambda e: any(p(e) for p in parts)
        if isinstance(value, st.SigmaNull):
            return lambda e: not e.values(field) or any(v is None for v in e.values(field))
        if isinstance(value, st.SigmaExists):
            return lambda e: bool(e.values(field)) == bool(value.exists)
        if isinstance(value, st.SigmaFieldReference):
            return self.reference(field, value)
        number = self.atom(field, value)
        return lambda e: number in e.true_of(field)

    def reference(self, field, value):
        low = lambda t: t.translate(ASCII_LOWER)
        if value.starts_with and value.ends_with:
            test = lambda a, b: b in a
        elif value.starts_with:
            test = lambda a, b: a.startswith(b)
        elif value.ends_with:
            test = lambda a, b: a.endswith(b)
        else:
            test = lambda a, b: a == b
        return lambda e: any(test(low(text_of(a)), low(text_of(b)))
                             for a in e.values(field) if text_of(a) is not None
                             for b in e.values(value.field) if text_of(b) is not None)

    def keyword(self, value):
        if isinstance(value, st.SigmaString):
            many = st.SpecialChars.WILDCARD_MULTI
            contains = type(value)("")
            contains.s = (many,) + tuple(value.s) + (many,)
            value = contains
        elif isinstance(value, st.SigmaNumber):
            contains = st.SigmaString("")
            contains.s = (st.SpecialChars.WILDCARD_MULTI, str(value.number),
                          st.SpecialChars.WILDCARD_MULTI)
            value = contains
        elif not isinstance(value, (st.SigmaRegularExpression, st.SigmaCIDRExpression)):
            raise TypeError(f"keyword of type {type(value).__name__}")
        number = self.atom("@any", value)
        return lambda e: number in e.true_of("@any")

    def condition(self, node):
        if isinstance(node, (ConditionAND, ConditionOR)):
            parts = [self.condition(a) for a in node.args]
            return all_of(parts) if isinstance(node, ConditionAND) else any_of(parts)
        if isinstance(node, ConditionNOT):
            part = self.condition(node.args[0])
            return lambda e: not part(e)
        if isinstance(node, ConditionFieldEqualsValueExpression):
            return self.field_atom(node.field, node.value)
        if isinstance(node, ConditionValueExpression):
            return self.keyword(node.value)
        raise TypeError(f"condition node {type(node).__name__}")


def all_of(parts):
    return lambda e: all(p(e) for p in parts)


def any_of(parts):
    return lambda e: any(p(e) for p in parts)


class Event:
    """One event; values and true atoms per field are worked out once."""

    memo = {}

    def __init__(self, pairs, profile, compiler):
        self.pairs, self.profile, self.compiler = pairs, profile, compiler
        self.found, self.true = {}, {}

    def values(self, field):
        if field not in self.found:
            self.found[field] = (self.profile.any_leaf(self.pairs) if field == "@any"
                                 else self.profile.lookup(self.pairs, field))
        return self.found[field]

    def true_of(self, field):
        if field not in self.true:
            numbers = set()
            for v in self.values(field):
                key = (field, type(v).__name__, v if isinstance(v, (str, bool)) else None)
                if key not in Event.memo:
                    Event.memo[key] = frozenset(n for n, test in self.compiler.tests[field]
                                                if v not in (OBJECT, EMPTY) and v is not None and test(v))
                numbers |= Event.memo[key]
            self.true[field] = numbers
        return self.true[field]


# ---- the comparison --------------------------------------------------------------------------------

def load_rules(directory, compiler):
    rules = []
    for root, _, names in sorted(os.walk(directory)):
        for name in sorted(n for n in names if n.endswith(".yml")):
            with open(os.path.join(root, name)) as f:
                collection = SigmaCollection.from_yaml(f.read())
            for rule in collection.rules:
                parts = [compiler.condition(c.parsed) for c in rule.detection.parsed_condition]
                rules.append((str(rule.id), parts[0] if len(parts) == 1 else any_of(parts)))
    return rules


def sample(path, every):
    with open(path) as f:
        return [line for i, line in enumerate(f) if i % every == 0]


def parse(line):
    return json.loads(line, object_pairs_hook=Pairs, parse_int=Num, parse_float=Num)


def weir_matches(args, path, profile, extra):
    command = [args.weir, "replay", "-r", args.rules, "-i", path, "--emit", "matches",
               "--no-routing", "--order", "arrival", "--profile", profile] + extra
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit("weir failed: " + out.stderr[-2000:])
    found = set()
    for line in out.stdout.splitlines():
        m = json.loads(line)
        found.add((m["event"], m["rule"]))
    return found


def compare(args, rules, compiler, path, profile_name, every):
    """The uids of rules whose match sets differ on one file."""
    lines = sample(path, every)
    profile = Profile(args.profiles, profile_name)
    ours = set()
    Event.memo = {}
    for i, line in enumerate(lines):
        event = Event(parse(line), profile, compiler)
        ours.update((i, uid) for uid, test in rules if test(event))
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as f:
        f.writelines(lines)
        f.flush()
        theirs = weir_matches(args, f.name, profile_name, [x for l in args.list for x in ("--list", l)])
    different = sorted(ours ^ theirs)
    for i, uid in different[:40]:
        who = "weir alone" if (i, uid) in theirs else "oracle alone"
        print(f"DIFFERENCE event {i} rule {uid}: {who}\n  {lines[i].strip()[:600]}")
    print(f"{os.path.basename(path)}: {len(rules)} rules, {len(lines)} events, {len(ours)} matches, "
          f"{len(different)} differences", flush=True)
    return len(lines), {uid for _, uid in different}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--weir", required=True)
    p.add_argument("--rules", required=True)
    p.add_argument("--events", action="append", required=True)
    p.add_argument("--profiles", default="detections/profiles")
    p.add_argument("--list", action="append", default=[])
    args = p.parse_args()
    lists = {}
    for item in args.list:
        name, _, path = item.partition("=")
        with open(path) as f:
            lists[name] = [l.strip() for l in f if l.strip() and not l.startswith("#")]
    compiler = Compiler(lists)
    rules = load_rules(args.rules, compiler)
    n_events, failed = 0, set()
    for item in args.events:
        path, profile, every = item.rsplit(":", 2)
        n, different = compare(args, rules, compiler, path, profile, int(every))
        n_events += n
        failed |= different
    print(f"in all: {len(rules)} rules, {n_events} events")
    print(f"{len(rules) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
