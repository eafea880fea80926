#!/usr/bin/env python3
"""eql_oracle.py - the `eql` package (python EQL, an independent engine) beside weir: single-event
queries on events made of the queries' own words.

    eql_oracle.py --weir build/weir --queries DIR [--events N] [--seed S]

The two are different dialects (docs/languages.md): python EQL takes null for unknown everywhere, never
looks at case, sees lists as no strings, and matches regexes otherwise. So the events have every field of
the query, in the case of its words, and no lists; what still differs is printed, by reason where it is known. The last line counts.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import eql
import eql.ast
import eql.engine
import eql.errors
import eql.functions
import eql.parser

# Constructs on which the two engines differ by design: found in the query's text.
DIALECT = {
    "regex": r"\bregex~?",  # python: searched by `re`, whose syntax is not Lucene's
    "`a.b`": r"`[^`.]*\.[^`]*`",  # python: one key with a dot in it, never a path
}


# Python knows functions by one spelling only.
NAMES = {"endswith": "endsWith", "startswith": "startsWith", "cidrmatch": "cidrMatch"}


def to_regex(_cls, *wildcards):
    """Python knows * alone: here ? is one character, as it is everywhere else."""
    parts = [re.escape(w).replace(r"\*", ".*").replace(r"\?", ".") for w in wildcards]
    return "|".join(f"(?:{p})\\Z" for p in parts)


eql.functions.Wildcard.to_regex = classmethod(to_regex)


def fields_and_words(query):
    """Each field of the query with the literals that stand beside it somewhere."""
    found = {}
    literal = r'"""[^\n]*?"""|"(?:\\.|[^"\\])*"'
    pair = re.compile(r"\??((?:`[^`]+`|[A-Za-z_@][\w@]*)(?:\.(?:`[^`]+`|\w+))*)\s*"
                      r"(?::|==|!=|like~?|regex~?|(?:not\s+)?in~?|,|[<>]=?)\s*(\((?:\s*(?:" + literal + r"|[\w.]+)\s*,?)*\)|"
                      + literal + r"|-?\w+)", re.S)
    for match in pair.finditer(query):
        words = found.setdefault(match.group(1).replace("`", ""), [])
        for text in re.findall(literal + r"|(?<![\w.])-?\d+\b|true|false", match.group(2)):
            if text.startswith('"""'):
                words.append(text[3:-3])
            elif text.startswith('"'):
                words.append(re.sub(r"\\(.)", r"\1", text[1:-1]))
            else:
                words.append(json.loads(text))
    return found


def walk(node):
    yield node
    if isinstance(node, eql.ast.BaseNode):
        for _, child in node.iter_slots():
            for sub in child if isinstance(child, (list, tuple)) else [child]:
                yield from walk(sub)


def field_names(tree):
    return {n.full_path_s if hasattr(n, "full_path_s") else ".".join([n.base] + [str(p) for p in n.path])
            for n in walk(tree) if isinstance(n, eql.ast.Field)}


def a_text(rng, word):
    """A value that the word likes, or nearly."""
    if not isinstance(word, str):
        return word if rng.random() < 0.8 or isinstance(word, bool) else word + rng.choice([-1, 1])
    text = "".join(rng.choice(["", "x", "any run"]) if c == "*" else "q" if c == "?" else c for c in word)
    roll = rng.random()
    if roll < 0.15:
        return text + "z"
    if roll < 0.2 and text:
        return text[1:]
    return text


def put(event, path, value):
    *heads, last = path.split(".")
    for head in heads:
        event = event.setdefault(head, {})
        if not isinstance(event, dict):
            return
    if not isinstance(event.get(last), dict):
        event[last] = value


def make_event(rng, category, names, words):
    event = {}
    for name in sorted(names):
        options = words.get(name) or ["10.1.2.3", "other"]
        word = rng.choice(options)
        if rng.random() < 0.15:  # of the same type: python has no truth for others
            word = not word if isinstance(word, bool) else 4 if isinstance(word, int) else "other"
        is_address = any(re.fullmatch(r"[0-9a-fA-F.:]+/\d+", str(w)) for w in options)
        if is_address:  # python ends at what is none
            put(event, name, rng.choice([str(w).partition("/")[0] for w in options] + ["8.8.8.8", "2001::1"]))
        else:
            put(event, name, a_text(rng, word))
    put(event, "event.category", category)
    return event


def python_verdicts(tree, category, events):
    engine = eql.engine.PythonEngine()
    ask = engine.convert(tree.first.query, scoped=True)
    out = []
    for event in events:
        out.append(bool(ask(eql.Event(category, 0, event))))
    return out


def weir_verdicts(weir, path, events, top):
    data = os.path.join(top, "events.ndjson")
    with open(data, "w") as f:
        f.writelines(json.dumps(e) + "\n" for e in events)
    out = subprocess.run([weir, "replay", "-r", path, "-i", data, "--emit", "matches", "--no-routing"],
                         capture_output=True, text=True, timeout=60)
    hits = {json.loads(line)["event"] for line in out.stdout.splitlines()}
    return [i in hits for i in range(len(events))]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--weir", required=True)
    args.add_argument("--queries", required=True)
    args.add_argument("--events", type=int, default=40)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--every", type=int, default=1)
    o = args.parse_args()
    n_queries = n_verdicts = n_matches = n_unknown = n_refused = 0
    known = dict.fromkeys(["case", *DIALECT], 0)
    with tempfile.TemporaryDirectory() as top:
        for number, name in enumerate(sorted(os.listdir(o.queries))):
            if number % o.every:
                continue
            rng = random.Random(f"{o.seed} {name}")
            path = os.path.join(o.queries, name)
            with open(path) as f:
                query = f.read()
            query = re.sub(r"\b(" + "|".join(NAMES) + r")(?=~?\s*\()", lambda m: NAMES[m.group(1)], query)
            with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_functions:
                try:
                    tree = eql.parser.parse_query(query)
                except eql.errors.EqlError as e:  # cidrMatch() with an address beside networks, and such
                    n_refused += 1
                    print(f"python refuses {name}: {str(e).splitlines()[1][:80]}")
                    continue
            if not isinstance(tree.first, eql.ast.EventQuery):
                continue
            category = tree.first.event_type
            words = fields_and_words(query)
            names = field_names(tree.first.query) | set(words)
            events = [make_event(rng, category, names, words) for _ in range(o.events)]
            ours, theirs = weir_verdicts(o.weir, path, events, top), python_verdicts(tree, category, events)
            n_queries += 1
            n_verdicts += len(events)
            n_matches += sum(ours)
            blind = ours
            if ours != theirs:  # python never looks at case
                blind_path = os.path.join(top, "blind.eql")
                with open(blind_path, "w") as f:
                    f.write(re.sub(r"\b(like|in|regex)(?=\s*[(\"])", r"\1~", query))
                blind = weir_verdicts(o.weir, blind_path, events, top)
            for event, a, b, c in zip(events, ours, theirs, blind):
                if a == b:
                    continue
                reason = "case" if b == c else next((r for r, p in DIALECT.items() if re.search(p, query)), None)
                if reason:
                    known[reason] += 1
                    continue
                n_unknown += 1
                if n_unknown <= 20:
                    print(f"DIFFERENCE {name}: weir {a}, python {b}\n  {json.dumps(event)}")
    print(f"eql oracle: {n_queries} queries ({n_refused} more that python refuses), {n_verdicts} verdicts, {n_matches} matches; differences by dialect: "
          + ", ".join(f"{r} {n}" for r, n in known.items()) + f"; unexplained: {n_unknown}")
    sys.exit(1 if n_unknown else 0)


if __name__ == "__main__":
    main()
