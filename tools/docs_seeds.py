#!/usr/bin/env python3
"""docs_seeds.py - docs/seeds.md: for each system and rule of the five documents that weir began with, whether it runs
as it stands or as a rule of ours, and what its tests show.

    tools/docs_seeds.py [--write]      WEIR_DATA, B as for the tests

Without --write it prints the page. Everything counted is counted by playing the tests: those beside our own rules, and
those of tests/seeds (a folder per language) beside the rules of others, which are unpacked from the shared data. A test is
true if something was found in it, false if nothing was, as it expects; a failed test ends this with its name.
"""
import collections
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import shared  # noqa: E402

DOCUMENT = os.path.join(ROOT, "docs", "seeds.md")
OWN = os.path.join(ROOT, "detections", "rules")
OUTSIDE = os.path.join(ROOT, "tests", "seeds")
ATOMIC = os.path.join(ROOT, "tests", "scenario", "atomic")
SEEDS = os.path.join(os.path.dirname(shared.DATA), "seeds")
ENDINGS = (".yml", ".toml", ".eql", ".cql")

# What the documents ask, and our rules (below detections/rules, without ending) that answer.
ANALYTICS = [
    ("containers: a token read, then used", ["strategy/strategy_container_*"]),
    ("cloud instances: a token issued, then used", ["strategy/strategy_instance_*"]),
    ("identity provider: registered, consented, privileged access", ["strategy/strategy_idp_*"]),
    ("office suite: unknown clients, much access", ["strategy/strategy_office_*"]),
    ("services: new clients and addresses, velocity, excess", ["strategy/strategy_saas_*"]),
]
CORTEX = [("a service account does what it never did, four variations", ["kubernetes/k8s_sa_unusual_call"])]
PANTHER = [
    ("secret access denied, 20 in 15 minutes", ["kubernetes/k8s_audit_secret_denied", "kubernetes/k8s_audit_many_secrets_denied"]),
    ("secrets enumerated, 15 in 30 minutes", ["kubernetes/k8s_audit_secret_access", "kubernetes/k8s_audit_secret_enumeration"]),
    ("secrets dumped across namespaces", ["kubernetes/k8s_audit_secrets_listed_everywhere"]),
    ("a service-account token stolen", ["kubernetes/k8s_audit_exec_reads_token"]),
]


class Row:
    def __init__(self, path, title, how, true, false, remark=""):
        self.path, self.title, self.how, self.true, self.false, self.remark = path, title, how, true, false, remark

    def text(self):
        return f"| {self.title} | {self.how} | {self.true} | {self.false} | {self.remark} |"


def played(path, where=None):
    """Test file -> (true, false) of its tests. where: the folder that `path` is below. A rule without an id goes by its path as
    it is given, and where its findings' hours begin follows from that name (docs/alert.md): a path of a scratch folder would
    let some tests fail on some days."""
    done = subprocess.run([shared.WEIR, "test", path, "--format", "json", "--no-gaps"], capture_output=True, text=True,
                          check=False, cwd=where)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    bad = [f"{t['file']}: {t['test']}: {t.get('failure', {}).get('text', t['outcome'])}" for t in lines
           if "test" in t and t["outcome"] != "pass"]
    if bad or done.returncode != 0:
        raise SystemExit("\n".join(bad) or done.stderr)
    counts = collections.defaultdict(lambda: [0, 0])
    for t in lines:
        if "test" in t:
            is_found = t["alerts"] > 0 or (t["matches"] > 0 and is_plain(os.path.join(where or "", t["file"])))
            counts[t["file"]][not is_found] += 1
    return counts


def is_plain(test_file):
    """Of a Sigma rule about single events a match is enough: some of ours only feed others and raise no alert."""
    path = test_file[:-len(".test.yml")] + ".yml"
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as f:
        return re.search(r"^detection:", f.read(), re.M) is not None


def expand(pattern):
    folder, name = os.path.split(pattern)
    if not name.endswith("*"):
        return [pattern]
    return sorted(os.path.join(folder, f[:-4]) for f in os.listdir(os.path.join(OWN, folder))
                  if f.startswith(name[:-1]) and f.endswith(".yml") and not f.endswith(".test.yml"))


def rule_file(name):
    return next((path for file, path in files_below(OWN).items() if file == name + ".yml"), None)


def parameters_of(path):
    """Names of what can be set from outside: `weir: parameters:` of a rule of ours and of those that it listens to."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    blocks = re.findall(r"^    parameters:\n((?: {8}.*\n)+)", text, re.M)
    names = [name for block in blocks for name in re.findall(r"^ {8}(\w+):", block, re.M)]
    inputs = [rule_file(name) for block in re.findall(r"^    rules:\n((?: {8}- .*\n)+)", text, re.M) for name in block.split()]
    return names + [name for file in inputs if file and file != path for name in parameters_of(file)]


def own_rows(wanted, counts):
    rows = []
    for title, patterns in wanted:
        rules = [r for p in patterns for r in expand(p)]
        true, false = (sum(counts[os.path.join(OWN, r + ".test.yml")][i] for r in rules) for i in (0, 1))
        names = ", ".join(f"[{os.path.basename(r)}](../detections/rules/{r}.yml)" for r in rules)
        settings = dict.fromkeys(name for r in rules for name in parameters_of(os.path.join(OWN, r + ".yml")))
        names += "; parameters: " + ", ".join(settings) if settings else ""
        rows.append(Row(None, title, "our rules" if len(rules) != 1 else "our rule", true, false, names))
    return rows


def title_of(path):
    with open(path, encoding="utf-8") as f:
        m = re.search(r'^(?:title: *|name *= *"|name: *)(.*?)"?$', f.read(), re.M)
    return m[1] if m else os.path.basename(path)


def files_below(top):
    return {name: os.path.join(folder, name) for folder, _, files in os.walk(top) for name in files}


def outside_rows(language, there, top):
    """Tests of tests/seeds/LANGUAGE, each put beside a copy of the rule of its name."""
    folder = os.path.join(top, "seeds-" + language)
    shutil.copytree(os.path.join(OUTSIDE, language), folder)
    rules = {}
    for test in sorted(os.listdir(folder)):
        name = test[:-len(".test.yml")]
        source = next(there[name + e] for e in ENDINGS if name + e in there and (language in ("elastic", "sigma") or e == "." + language))
        rules[test] = source
        shutil.copy(source, folder)
    counts = played(os.path.basename(folder), where=top)
    return [Row(rules[t], title_of(rules[t]) if language in ("elastic", "sigma") else os.path.basename(rules[t]), "as it stands",
                *counts[os.path.join(os.path.basename(folder), t)], f"`{os.path.basename(rules[t])}`") for t in sorted(rules)]


def splunk_rows(there):
    """tests/e2e/test_splunk plays these; here its table is counted."""
    loader = importlib.machinery.SourceFileLoader("test_splunk", os.path.join(ROOT, "tests", "e2e", "test_splunk"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("test_splunk", loader))
    loader.exec_module(module)
    counts = collections.defaultdict(lambda: [0, 0])
    for rule, _, _, is_found in module.ROWS:
        counts[rule][not is_found] += 1
    return [Row(None, title_of(there[rule + ".yml"]), "as it stands", *counts[rule], f"`{rule}.yml`") for rule in sorted(counts)]


def atomic_tests():
    """Those that the documents name, each with the shapes that show it and who finds it there (scenario/test_atomic)."""
    lines = ["## The tests of the documents", "",
             "What somebody does who tries it, as each source that sees it tells it; `tests/scenario/test_atomic` plays them and expects",
             "what is named here of each shape: our rules, the documents' own queries, rules of others.", "",
             "| test | technique | shape | found by |", "|---|---|---|---|"]
    for name in sorted(os.listdir(ATOMIC)):
        with open(os.path.join(ATOMIC, name), encoding="utf-8") as f:
            text = f.read()
        title, technique = (re.search(rf"^{key}: (.*)$", text, re.M)[1] for key in ("title", "technique"))
        shapes = re.findall(r"^    - shape: (.*)\n(?:(?!    - shape).*\n)*?      expect: \{(.*)\}$", text, re.M)
        assert len(shapes) == text.count("    - shape: "), name
        for shape, expect in shapes:
            finders = re.findall(r"[\w.]+", re.sub(r"\w+: *\[", "[", expect))
            lines.append(f"| {title} | {technique} | {shape} | {', '.join(f'`{f}`' for f in finders)} |")
            title = technique = ""
    return lines


def table(title, rows):
    return [f"## {title}", "", "| rule | runs | true | false | |", "|---|---|---|---|---|", *[r.text() for r in rows], ""]


def page():
    counts = played(OWN)
    with tempfile.TemporaryDirectory() as top:
        there = {}
        for name in ("elastic", "sigma", "splunk"):
            folder = os.path.join(top, name)
            os.mkdir(folder)
            there.update(files_below(shared.unpack_rules(folder, f"rules/{name}.tar.zst")))
        there.update(files_below(SEEDS))
        lines = ["# The five documents", "",
                 "weir began with five documents about one attack, the theft of access tokens (ATT&CK T1528 and T1552.007), each in the",
                 "words of another system. Each of their rules runs in weir: as it stands, from its own file, or as a rule of ours that",
                 "decides the same. `true` counts tests in which something must be found, `false` those in which nothing may be; `make",
                 "docs-seeds` writes this page by playing them all (`tests/e2e/test_seeds` holds it). Tests stand beside our rules, those of",
                 "rules of others in tests/seeds and tests/e2e/test_splunk; these rules themselves come from a user's checkout.", ""]
        lines += table("MITRE's detection strategy", own_rows(ANALYTICS, counts))
        lines += table("Elastic: the query of the document", outside_rows("eql", there, top))
        cortex = [(t, p) for t, p in CORTEX if any(expand(x) for x in p)]
        if cortex:
            lines += table("Cortex: an unusual API call of a service account", own_rows(cortex, counts))
        if os.path.isdir(os.path.join(OUTSIDE, "cql")):
            lines += table("LogScale: the query of the document", outside_rows("cql", there, top))
        lines += table("The catalogue: Sigma", outside_rows("sigma", there, top))
        lines += table("The catalogue: Elastic", outside_rows("elastic", there, top))
        lines += table("The catalogue: Splunk", splunk_rows(there))
        lines += table("The catalogue: Panther", own_rows(PANTHER, counts))
        lines += atomic_tests()
    return "\n".join(lines).rstrip() + "\n"


def main():
    text = page()
    if sys.argv[1:] != ["--write"]:
        print(text, end="")
        return
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main()
