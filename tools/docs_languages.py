#!/usr/bin/env python3
"""docs_languages.py - the tables of shared rules in docs/languages.md, from what `weir check` says.

    tools/docs_languages.py [--write]      WEIR_DATA, B as for the tests

Without --write it prints them. The rules are those of the shared data; each table stands between
two comments of the document.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import shared
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import mmdb

DOCUMENT = os.path.join(ROOT, "docs", "languages.md")
STATUSES = ["ok", "warning", "unsupported", "error"]
KINDS = ["eql", "query", "threshold", "new_terms", "threat_match", "esql", "machine_learning"]


def verdicts(top, name="elastic", options=()):
    """What `weir check` says of each of the shared rules."""
    rules = shared.unpack_rules(top, f"rules/{name}.tar.zst")
    out = subprocess.run([shared.WEIR, "check", rules, "--format", "json", *options], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    assert out.returncode in (0, 2), (out.returncode, out.stderr)
    return [json.loads(line) for line in out.stdout.splitlines()]


def counts(found):
    table = collections.defaultdict(collections.Counter)
    for v in found:
        table[v["kind"]][v["status"]] += 1
    return table


def loads(row):
    n = sum(row.values())
    return 100 * (row["ok"] + row["warning"]) / n if n else 0


def table_text(table):
    lines = ["| type | files | ok | ok, with a warning | unsupported | error | loads |",
             "|---|---|---|---|---|---|---|"]
    total = collections.Counter()
    for kind in KINDS + sorted(set(table) - set(KINDS)):
        row = table[kind]
        total.update(row)
        lines.append(f"| {kind} | {sum(row.values()):,} | "
                     + " | ".join(f"{row[s]:,}" for s in STATUSES) + f" | {loads(row):.0f} % |")
    lines.append(f"| all | {sum(total.values()):,} | "
                 + " | ".join(f"{total[s]:,}" for s in STATUSES) + f" | {loads(total):.0f} % |")
    return "\n".join(lines) + "\n"


def construct(text):
    """What a rule could not be loaded for, without the names that only this rule has."""
    if "there is no list" in text or "a list that is not given" in text:
        return "`lookup` in a list that is not given"
    text = re.sub(r"^command '(\w+)'(?: \(.*\))?$", r"`\1`", text)
    return re.sub(r"'([^']+)'", r"`\1`", text)


def constructs_text(found):
    """A row for each construct, the most frequent first, and how many rules load."""
    bad = [v for v in found if v["kind"] == "rule" and v["status"] not in ("ok", "warning")]
    rules = sum(v["kind"] == "rule" for v in found)
    why = collections.Counter(construct(next(m["text"] for m in v["messages"] if m["severity"] == "error")) for v in bad)
    lines = [f"{rules - len(bad)} of {rules} load; the others are refused for", "", "| construct | rules |", "|---|---|"]
    lines += [f"| {text} | {n} |" for text, n in sorted(why.items(), key=lambda x: (-x[1], x[0]))]
    return "\n".join(lines) + "\n"


def places(top):
    """Options for a database of places."""
    path = os.path.join(top, "places.mmdb")
    mmdb.write(path, {"192.0.2.0/24": {"country": "Germany", "code": "DE"}})
    return "--geoip", path


def splunk_text(top):
    return constructs_text(verdicts(top, "splunk", places(top)))


CQL_KINDS = {"queries, alerts, scheduled searches": "yaml", "files of one query (`.logscale`)": "file",
             "widgets of dashboards": "widget"}


def cql_kind(verdict):
    if verdict["file"].endswith(".logscale"):
        return "file"
    is_widget = any("widget of a dashboard" in m["text"] for m in verdict["messages"])
    return "widget" if is_widget else "yaml"


def cql_construct(verdict):
    """What a query does not load for, without what is its own."""
    text = [m["text"] for m in verdict["messages"] if m["severity"] == "error"][-1]
    for pattern, name in ((r"^the saved query", "a saved query that is not among the files"),
                          (r"^not a valid regex", "a regex that is none"),
                          (r"^(expected|the query is empty)", "no CQL"),
                          (r"^(there is no list|match\(\) that adds|.*a column that match)",
                           "`match()` of a file that is not there, with its columns or under NOT"),
                          (r"^.*a column that join\(\) would add", "a condition on what `join()` would add"),
                          (r"^.*a column that (\S+\(\)) would add", None),
                          (r"^(\S+\(\)) of events", None), (r"^(defineTable\(\)) of", None),
                          (r"^the function (\S+)", None), (r"^(\S+\(\)):", None)):
        found = re.match(pattern, text)
        if found:
            return name or f"`{found.group(1)}`"
    return re.sub(r" \(.*", "", text).replace("|", "\\|")


def cql_text(top):
    found = [v for v in verdicts(top, "logscale", places(top)) if v["kind"] == "rule"]
    table = collections.defaultdict(collections.Counter)
    why = collections.Counter()
    for v in found:
        table[cql_kind(v)][v["status"]] += 1
        if v["status"] in ("unsupported", "error"):
            why[cql_construct(v)] += 1
    lines = ["| kind | queries | ok | ok, with a warning | unsupported | error | loads |", "|---|---|---|---|---|---|---|"]
    for name, kind in CQL_KINDS.items():
        row = table[kind]
        lines.append(f"| {name} | {sum(row.values()):,} | "
                     + " | ".join(f"{row[s]:,}" for s in STATUSES) + f" | {loads(row):.0f} % |")
    good = sum(row["ok"] + row["warning"] for row in table.values())
    absent = sum(n for name, n in why.items() if "saved query" in name)
    lines += ["", f"{good:,} of {len(found):,} load ({100 * good / len(found):.1f} %); {absent} of the others call a saved query "
              f"whose file is not there: {100 * good / (len(found) - absent):.1f} % of the rest load."]
    lines += ["", "| does not load for | queries |", "|---|---|"]
    rest = sum(n for _, n in why.items() if n < 2)
    lines += [f"| {name} | {n} |" for name, n in sorted(why.items(), key=lambda x: (-x[1], x[0])) if n > 1]
    lines.append(f"| others, one each | {rest} |")
    return "\n".join(lines) + "\n"


TABLES = {"elastic": lambda top: table_text(counts(verdicts(top))), "cql": cql_text, "splunk": splunk_text}


def marks(name):
    return f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"


def table_of(name):
    with tempfile.TemporaryDirectory() as top:
        return TABLES[name](top)


def written(name):
    """The table as the document has it."""
    begin, end = marks(name)
    with open(DOCUMENT) as f:
        return f.read().split(begin)[1].split(end)[0]


def main():
    texts = {name: table_of(name) for name in TABLES}
    if sys.argv[1:] != ["--write"]:
        print("\n".join(texts.values()), end="")
        return
    with open(DOCUMENT) as f:
        document = f.read()
    for name, text in texts.items():
        begin, end = marks(name)
        head, rest = document.split(begin)
        document = head + begin + text + end + rest.split(end)[1]
    with open(DOCUMENT, "w") as f:
        f.write(document)


if __name__ == "__main__":
    main()
