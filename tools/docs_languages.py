#!/usr/bin/env python3
"""docs_languages.py - the table of Elastic's rules in docs/languages.md, from what `weir check` says.

    tools/docs_languages.py [--write]      WEIR_DATA, B as for the tests

Without --write it prints the table. The rules are those of the shared data; the table stands between
two comments of the document.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import shared

DOCUMENT = os.path.join(ROOT, "docs", "languages.md")
BEGIN, END = "<!-- elastic: begin -->\n", "<!-- elastic: end -->\n"
STATUSES = ["ok", "warning", "unsupported", "error"]
KINDS = ["eql", "query", "threshold", "new_terms", "threat_match", "esql", "machine_learning"]


def verdicts(top):
    """What `weir check` says of each of the shared rules."""
    rules = shared.unpack_rules(top, "rules/elastic.tar.zst")
    out = subprocess.run([shared.WEIR, "check", rules, "--format", "json"], stdout=subprocess.PIPE,
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


def main():
    with tempfile.TemporaryDirectory() as top:
        text = table_text(counts(verdicts(top)))
    if sys.argv[1:] != ["--write"]:
        print(text, end="")
        return
    with open(DOCUMENT) as f:
        document = f.read()
    head, rest = document.split(BEGIN)
    with open(DOCUMENT, "w") as f:
        f.write(head + BEGIN + text + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
