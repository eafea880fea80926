#!/usr/bin/env python3
"""docs_detections.py - docs/detections.md from detections/: what each rule that comes with weir looks for, what may be set, how it is
tested, why its level is what it is; and what the pack tells on real telemetry (tests/e2e/pack_counts.yml).

    tools/docs_detections.py [--write]

Without --write it prints the document. It needs PyYAML (tests/requirements.txt) and nothing that is not in this tree.
"""
import collections
import csv
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
try:
    import yaml
except ImportError:  # tests/requirements.txt
    PYTHON = os.environ.get("WEIR_PYTHON", os.path.join(ROOT, "build", "venv", "bin", "python"))
    if os.path.realpath(sys.executable) == os.path.realpath(PYTHON) or not os.path.exists(PYTHON):
        sys.exit("docs_detections.py: PyYAML is absent (tools/setup test)")
    os.execv(PYTHON, [PYTHON, *sys.argv])

DOCUMENT = os.path.join(ROOT, "docs", "detections.md")
RULES = os.path.join(ROOT, "detections", "rules")
LISTS = os.path.join(ROOT, "detections", "lists")
COUNTS = os.path.join(ROOT, "tests", "e2e", "pack_counts.yml")
FOLDERS = {"kubernetes": "Kubernetes", "strategy": "The detection strategy for T1528", "aws": "AWS", "azure": "Azure", "gcp": "Google Cloud",
           "entra": "Entra ID", "m365": "Microsoft 365", "google_workspace": "Google Workspace", "github": "GitHub", "slack": "Slack",
           "saas": "Other services", "linux": "Linux", "windows": "Windows"}
SPANS = ["history", "training", "activation", "baseline", "half-life", "distance", "speed", "factor", "minimum"]
SHOWN_ENTRIES = 6

Rule = collections.namedtuple("Rule", "path folder name doc tests")


# ---- reading ----------------------------------------------------------------------------------

def load(path):
    with open(path, encoding="utf-8") as f:
        return [d for d in yaml.load_all(f, Loader=TextLoader) if d]


class TextLoader(yaml.CSafeLoader):  # libyaml, as weir itself
    """Dates stay texts, `on` and `yes` too: as weir reads them."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.rsplit(":", 1)[1] in ("int", "float", "null", "merge")
            or tag.endswith(":bool") and first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def pack():
    """The rules of detections/, each with its own tests."""
    found = []
    for folder, _, names in sorted(os.walk(RULES)):
        for name in sorted(names):
            if not name.endswith(".yml") or name.endswith(".test.yml"):
                continue
            path = os.path.join(folder, name)
            docs = load(path)
            tests = path[:-4] + ".test.yml"
            file = load(tests)[0] if os.path.exists(tests) else {}
            for doc in docs:
                own = [t for t in file.get("tests", []) if t.get("rule", file.get("rule", docs[0]["name"])) == doc["name"]]
                found.append(Rule(os.path.relpath(path, ROOT), os.path.relpath(folder, RULES), doc["name"], doc, own))
    return found


def list_of(name):
    """What a list is for, how it compares, its first entries and how many there are."""
    path = next((p for end in (".txt", ".csv", ".ndjson") if os.path.exists(p := os.path.join(LISTS, name + end))), None)
    if not path:
        return None
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    notes = [line.lstrip("# ").strip() for line in lines if line.startswith("#")]
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    entries = [row[0] for row in csv.reader(rows[1:]) if row] if path.endswith(".csv") else [row.strip() for row in rows]
    mode = next((n.split(":")[1].strip() for n in notes if n.startswith("mode:")), "ci")
    about = " ".join(n for n in notes if n and not re.match(r"(mode|type|copy):", n))
    return {"about": about, "mode": mode, "entries": entries}


# ---- what a test expects ----------------------------------------------------------------------

def tells(expect):
    """Does it want something told? None: it says nothing about that."""
    if isinstance(expect, str):
        return {"match": True, "alert": True, "no_match": False, "no_alert": False, "none": False}.get(expect)
    if isinstance(expect, list):
        said = [t for t in map(tells, expect) if t is not None]
        return any(said) if said else None
    if not isinstance(expect, dict):
        return None
    if "alert" in expect or "update" in expect or "close" in expect:
        return True
    for key in ("alerts", "matches", "creates", "hits"):
        if key in expect:
            return not re.fullmatch(r"(==\s*)?0", str(expect[key]))
    return None


def is_true(test):
    """A test is one of something told if any of its expectations is."""
    said = [tells(test.get("expect"))] + [tells(s.get("expect")) for s in test.get("steps", []) if isinstance(s, dict)]
    said = [s for s in said if s is not None]
    return any(said) if said else None


# ---- a rule -----------------------------------------------------------------------------------

def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def code(text):
    return f"`{cell(text)}`"


def source_of(rule):
    c = rule.doc.get("correlation")
    if not c:
        return ", ".join(f"{k}: {v}" for k, v in rule.doc["logsource"].items())
    rules = c.get("rules", "all that alert")
    return f"{c['type']} of " + (", ".join(f"[{r}](#{r})" for r in rules) if isinstance(rules, list) else str(rules))


def technique_of(rule):
    return ", ".join(t.split(".", 1)[1].upper() for t in rule.doc.get("tags", []) if re.match(r"attack\.t\d", t))


def condition_of(c):
    condition = c.get("condition")
    if not isinstance(condition, dict):
        return str(condition or "all of them")
    field = condition.get("field")
    said = [f"{k} {v}" for k, v in condition.items() if k != "field"]
    if field:
        said.insert(0, "of " + ", ".join(f"`{f}`" for f in ([field] if isinstance(field, str) else field)))
    return " ".join(said)


def settings_of(rule):
    """(name, default, what it is) of all that an overlay or a list may change."""
    weir, c = rule.doc.get("weir", {}), rule.doc.get("correlation", {})
    named = weir.get("parameters", {})
    by_setting = {p.get("sets"): (name, p) for name, p in named.items() if p.get("sets")}
    by_list = {p.get("list"): (name, p) for name, p in named.items() if p.get("list")}
    rows = []

    def row(setting, default, what):
        name, p = by_setting.get(setting, ("", {}))
        rows.append((f"{name} ({setting})" if name else setting, default, p.get("description", what)))
    if "timespan" in c:
        row("window", c["timespan"], "in what time")
    if c.get("condition"):
        row("threshold", condition_of(c), "the condition")
    if c.get("group-by"):
        row("group-by", ", ".join(c["group-by"]), "counted apart for each")
    for key in SPANS:
        if key in c:
            row(key, c[key], "")
    dedup = weir.get("dedup")
    if isinstance(dedup, dict):
        fields = dedup.get("fields", "the group")
        row("dedup", f"{', '.join(fields) if isinstance(fields, list) else fields}; {dedup.get('period', '')}".strip("; "), "one finding for each")
    for name in dict.fromkeys(re.findall(r"%([A-Za-z0-9_]+)%", repr(rule.doc.get("detection", {})))):
        known = list_of(name)
        parameter, p = by_list.get(name, (name, {}))
        about = p.get("description") or (known["about"] if known else "a list of your own")
        if known:
            more = len(known["entries"]) - SHOWN_ENTRIES
            shown = ", ".join(code(e) for e in known["entries"][:SHOWN_ENTRIES]) + (f" and {more} more" if more > 0 else "")
        else:
            shown = "none: the rule does not load without it"
        rows.append((f"{parameter} (list {name})" if parameter != name else f"list {name}", shown, about))
    return rows


def tests_of(rule):
    lines = []
    for title, wanted in (("Told", True), ("Not told", False)):
        names = [t["name"] for t in rule.tests if is_true(t) is wanted]
        if names:
            lines.append(f"- {title}: " + "; ".join(cell(n) for n in names))
    return lines


def page(rule):
    doc = rule.doc
    out = [f"### {rule.name}", "", f"**{doc['title']}**", "", doc.get("description", "").strip(), "",
           f"Level {doc.get('level', 'that of its rules')} · {source_of(rule)} · {technique_of(rule) or 'no technique'} · "
           f"[{os.path.basename(rule.path)}](../{rule.path}) · `{doc['id']}`", ""]
    rows = settings_of(rule)
    if rows:
        out += ["| may be set | default | |", "|---|---|---|"] + [f"| {cell(n)} | {cell(d)} | {cell(w)} |" for n, d, w in rows] + [""]
    if doc.get("tuning"):
        out += [" ".join(doc["tuning"].split()), ""]
    if doc.get("falsepositives"):
        out += ["Harmless when: " + "; ".join(cell(f) for f in doc["falsepositives"]) + ".", ""]
    tests = tests_of(rule)
    out += [f"Tests ({len(rule.tests)}):" if tests else "Tests: those of the rules that listen to it.", ""] + tests + ([""] if tests else [])
    if doc.get("references"):
        out += ["Sources: " + ", ".join(f"<{r}>" for r in doc["references"]), ""]
    return out


# ---- the document -----------------------------------------------------------------------------

def contents(rules):
    out = []
    for folder in [f for f in FOLDERS if any(r.folder == f for r in rules)]:
        out += [f"**{FOLDERS[folder]}**", "", "| rule | level | tests | |", "|---|---|---|---|"]
        out += [f"| [{r.name}](#{r.name}) | {r.doc.get('level', '')} | {len(r.tests)} | {cell(r.doc['title'])} |" for r in rules if r.folder == folder]
        out.append("")
    return out


def counted():
    out = ["## Counted on real telemetry", "",
           "All rules together on sets of telemetry that are not about them; tests/e2e/test_pack_counts counts anew. An alert is a finding that",
           "begins, however many events it counts.", ""]
    with open(COUNTS, encoding="utf-8") as f:
        sets = yaml.safe_load(f)["sets"]
    for each in sets:
        out += [f"### {each['data']}", "", " ".join(each["about"].split()) + f" {each['events']:,} events; "
                + (f"no alert is above {each['level_max']}." if each["alerts"] else "no alert."), ""]
        if each["alerts"]:
            out += ["| rule | level | alerts | why |", "|---|---|---|---|"]
            out += [f"| [{a['rule']}](#{a['rule']}) | {a['level']} | {a['count']} | {cell(' '.join(a['why'].split()))} |" for a in each["alerts"]]
            out.append("")
        if each.get("lacks"):
            out += ["What could not fire, whatever happened, since no event of the set has the field (all other rules of its kind could):", "", "| field | rules |", "|---|---|"]
            out += [f"| `{field}` | {', '.join(f'[{r}](#{r})' for r in names)} |" for field, names in each["lacks"].items()]
            out.append("")
        if each.get("short"):
            out += ["What learns for longer than the set lasts: " + ", ".join(f"[{r}](#{r})" for r in each["short"]) + ".", ""]
    return out


def document():
    rules = pack()
    unknown = sorted({r.folder for r in rules} - set(FOLDERS))
    if unknown:
        sys.exit(f"docs_detections.py: give FOLDERS a heading for {', '.join(unknown)}")
    n_tests = sum(len(r.tests) for r in rules)
    out = ["# Detections that come with weir", "",
           "<!-- Made by `make docs-detections` from detections/ and tests/e2e/pack_counts.yml: change those. -->", "",
           f"{len(rules)} rules of our own with {n_tests} tests, for T1528 (Steal Application Access Token) and T1552.007 (Container API) over the sources where",
           "they show. What may be set is set in an [overlay](overlays.md) by the rule's id, or by a [list](lists.md) of the same name; the rule's file stays as",
           "it is. `weir check --effective ID` shows the result, `weir test detections/` plays the tests.", "",
           "Levels: informational is for reading beside something else, or for what other rules count; low is daily work that an intruder does too; medium is",
           "rare or to be explained by somebody; high has hardly a harmless reason; critical is a loss that has happened.", ""]
    out += ["## Contents", ""] + contents(rules)
    for folder in [f for f in FOLDERS if any(r.folder == f for r in rules)]:
        out += [f"## {FOLDERS[folder]}", ""]
        for rule in rules:
            if rule.folder == folder:
                out += page(rule)
    return "\n".join(out + counted()).rstrip() + "\n"


def main():
    text = document()
    if sys.argv[1:] != ["--write"]:
        sys.stdout.write(text)
        return
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
