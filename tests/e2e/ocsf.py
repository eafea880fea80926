#!/usr/bin/env python3
"""Validate OCSF Detection Findings against the compiled schema.

  ocsf.py SCHEMA.json [FILE ...]     NDJSON, one document a line; stdin without files

Checked: required attributes, at_least_one, unknown attributes (an error everywhere but under
`unmapped` and json_t attributes), types with their patterns, lengths and ranges, arrays, enums,
captions beside enum ids, type_uid, time order. Prints what is wrong as
line: path: problem, then `N documents, M problems`; exit 1 if there are any.
"""
import json
import re
import sys

INT_BITS = {"integer_t": 31, "long_t": 63, "timestamp_t": 63, "port_t": 31}
# The compiled schema leaves out what every vocabulary of OCSF has.
COMMON = {"0": "Unknown", "99": "Other"}
CAPTION = {"activity_id": "activity_name", "category_uid": "category_name",
           "class_uid": "class_name", "type_uid": "type_name"}


class Validator:
    def __init__(self, schema):
        self.objects = schema["objects"]
        self.types = schema["types"]
        self.event = schema["classes"]["detection_finding"]
        self.patterns = {}
        for name, t in self.types.items():
            if "regex" in t:
                self.patterns[name] = re.compile(t["regex"])
        self.problems = []

    def bad(self, path, text):
        self.problems.append("%s: %s" % (path or "(document)", text))

    def scalar(self, path, kind, value):
        base = kind
        while base in self.types and "type" in self.types[base]:
            base = self.types[base]["type"]
        if base in ("integer_t", "long_t", "timestamp_t"):
            if isinstance(value, bool) or not isinstance(value, int):
                return self.bad(path, "%s wanted, got %r" % (kind, value))
            bits = INT_BITS.get(kind, INT_BITS[base])
            if not -(1 << bits) <= value < (1 << bits):
                self.bad(path, "%s out of range: %r" % (kind, value))
        elif base == "boolean_t":
            if not isinstance(value, bool):
                self.bad(path, "boolean wanted, got %r" % (value,))
        elif base == "float_t":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                self.bad(path, "number wanted, got %r" % (value,))
        elif not isinstance(value, str):
            return self.bad(path, "%s wanted, got %r" % (kind, value))
        t = self.types.get(kind, {})
        if "range" in t and not t["range"][0] <= value <= t["range"][1]:
            self.bad(path, "%r outside %r" % (value, t["range"]))
        if "max_len" in t and len(value) > t["max_len"]:
            self.bad(path, "longer than %d" % t["max_len"])
        if kind in self.patterns and not self.patterns[kind].search(value):
            self.bad(path, "%r is no %s" % (value, kind))

    def enum(self, path, holder, name, a, value):
        allowed = dict(a["enum"])
        if isinstance(value, int):
            if name.endswith("_id"):
                for k, v in COMMON.items():
                    allowed.setdefault(k, v)
        caption = allowed.get(str(value))
        if caption is None:
            return self.bad(path, "%r is not in the enum" % (value,))
        sibling = CAPTION.get(name, name[:-3] if name.endswith("_id") else None)
        if sibling is None or sibling not in holder or value == 99:
            return
        if isinstance(caption, dict):
            caption = caption.get("caption")
        got = holder[sibling]
        if name == "type_uid":
            caption = "Detection Finding: " + caption
        if got != caption:
            self.bad(path, "caption %r beside %r, expected %r" % (got, value, caption))

    def value(self, path, holder, name, a, value):
        if a["type"] == "object":
            if a.get("object") in (None, "object"):
                if not isinstance(value, dict):
                    self.bad(path, "object wanted")
            else:
                self.object(path, self.objects[a["object"]], value)
        elif a["type"] != "json_t":
            self.scalar(path, a["type"], value)
        if "enum" in a:
            self.enum(path, holder, name, a, value)

    def object(self, path, schema, value, profiles=()):
        if not isinstance(value, dict):
            return self.bad(path, "object wanted, got %r" % (value,))
        attrs = schema["attributes"]
        for name, a in attrs.items():
            if a["requirement"] == "required" and name not in value and "profile" not in a:
                self.bad(path, "required %r is missing" % name)
        one = schema.get("constraints", {}).get("at_least_one", [])
        if one and not any(n in value for n in one):
            self.bad(path, "none of %s" % ", ".join(one))
        for name, v in value.items():
            here = "%s.%s" % (path, name) if path else name
            if name == "unmapped":
                continue
            if name not in attrs:
                self.bad(here, "unknown attribute")
                continue
            a = attrs[name]
            if a.get("array"):
                if not isinstance(v, list):
                    self.bad(here, "array wanted")
                    continue
                for i, member in enumerate(v):
                    self.value("%s[%d]" % (here, i), value, name, a, member)
            else:
                self.value(here, value, name, a, v)

    def relations(self, d):
        """What the schema says in prose."""
        if d.get("type_uid") != d.get("class_uid", 0) * 100 + d.get("activity_id", 0):
            self.bad("type_uid", "is not class_uid * 100 + activity_id")
        if d.get("start_time", 0) > d.get("end_time", 0):
            self.bad("start_time", "after end_time")
        info = d.get("finding_info", {})
        if info.get("first_seen_time", 0) > info.get("last_seen_time", 0):
            self.bad("finding_info.first_seen_time", "after last_seen_time")
        for i, o in enumerate(d.get("observables", [])):
            if isinstance(o, dict) and not self.resolves(d, o.get("name", ""), o.get("value")):
                self.bad("observables[%d]" % i, "%r does not hold its value" % o.get("name"))

    @staticmethod
    def resolves(d, name, value):
        at = d
        for step in re.findall(r"[^.\[\]]+", name):
            try:
                at = at[int(step)] if isinstance(at, list) else at[step]
            except (KeyError, IndexError, TypeError, ValueError):
                return False
        return str(at) == value

    def document(self, d):
        self.problems = []
        self.object("", self.event, d)
        if isinstance(d, dict):
            self.relations(d)
        return self.problems


def pairs(items):
    keys = [k for k, _ in items]
    if len(set(keys)) != len(keys):
        raise ValueError("duplicate key among %s" % keys)
    return dict(items)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        validator = Validator(json.load(f))
    streams = [open(p, "rb") for p in sys.argv[2:]] or [sys.stdin.buffer]
    n = bad = 0
    for stream in streams:
        for line in stream:
            n += 1
            try:
                problems = validator.document(json.loads(line.decode("utf-8"),
                                                         object_pairs_hook=pairs))
            except ValueError as e:
                problems = ["no valid JSON: %s" % e]
            for p in problems:
                bad += 1
                print("%d: %s" % (n, p))
    print("%d documents, %d problems" % (n, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
