#!/usr/bin/env python3
"""test_cli.py - the contract of the command line, seen from outside: what each command prints, where,
and with which exit code; on right use and on wrong use, on bad input and on a bad world.

Runs $WEIR, or build/weir. Python standard library only. Each test is a function whose name is
a sentence; the last line is `N passed, N failed, N skipped`.
"""

import fcntl
import gzip
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.dont_write_bytecode = True
from asserts import contains, equal  # noqa: E402

WEIR = os.environ.get("WEIR", os.path.join(ROOT, "build", "weir"))
TIMEOUT_S = 300

RULE = """title: Certutil Downloads
id: 11111111-1111-4111-8111-111111111111
status: test
author: weir
level: high
tags: [attack.t1105]
logsource: {product: windows, category: process_creation}
detection:
    selection:
        Image|endswith: '\\certutil.exe'
        CommandLine|contains: urlcache
    condition: selection
"""

SECOND_RULE = """title: Any Whoami
id: 22222222-2222-4222-8222-222222222222
status: experimental
level: low
logsource: {product: windows, category: process_creation}
detection:
    selection:
        Image|endswith: '\\whoami.exe'
    condition: selection
"""

BAD_RULE = """title: Broken
id: 33333333-3333-4333-8333-333333333333
logsource: {product: windows}
detection:
    selection:
        Image|contain: x
    condition: selection
"""


class Skip(Exception):
    """The test cannot run here; the text says why."""


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*args, stdin=b"", cwd=None, env=None, stdout=subprocess.PIPE):
    p = subprocess.run([WEIR, *args], input=stdin, stdout=stdout, stderr=subprocess.PIPE, cwd=cwd,
                       env={**os.environ, **(env or {})}, timeout=TIMEOUT_S, check=False)
    out = p.stdout.decode("utf-8", "replace") if p.stdout is not None else ""
    result = Result(p.returncode, out, p.stderr.decode("utf-8", "replace"))
    assert p.returncode >= 0, f"killed by signal {-p.returncode}: {result.err}"
    assert "internal error" not in result.err, result.err
    return result


def one_line(text, part):
    """stderr is one clear line that holds `part`."""
    contains(text, part)
    equal(len(text.strip().splitlines()), 1, f"lines of {text!r}")


def process_event(i, image="C:\\Windows\\System32\\certutil.exe", line="certutil -urlcache -f http://x",
                  time=None):
    event = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational",
             "SourceName": "Microsoft-Windows-Sysmon", "Hostname": f"host{i}.example",
             "Image": image, "CommandLine": line, "User": f"EXAMPLE\\u{i}"}
    if time:
        event["UtcTime"] = time
    return event


def ndjson(events):
    return "".join(json.dumps(e) + "\n" for e in events).encode()


class Box:
    """A directory with rules and events to try things on."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="weir-cli-")
        self.rules = self.write("rules/a.yml", RULE.encode())
        self.write("rules/sub/b.yaml", SECOND_RULE.encode())
        self.events = self.write("events.ndjson", ndjson(
            [process_event(0, time="2026-01-01 00:00:03.000"),
             process_event(1, image="C:\\Windows\\notepad.exe", time="2026-01-01 00:00:01.000"),
             process_event(2, image="C:\\Windows\\whoami.exe", time="2026-01-01 00:00:02.000"),
             process_event(3, time="2026-01-01 00:00:01.500")]))
        self.all_rules = os.path.join(self.path, "rules")

    def write(self, name, data):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


MATCHES = [{"event": 0, "rule": "11111111-1111-4111-8111-111111111111"},
           {"event": 2, "rule": "22222222-2222-4222-8222-222222222222"},
           {"event": 3, "rule": "11111111-1111-4111-8111-111111111111"}]


def matches(box, *args, stdin=b"", rules=None):
    return run("replay", "-r", rules or box.all_rules, "--emit", "matches", *args, stdin=stdin)


# ---- help and wrong use ------------------------------------------------------------------


def test_without_arguments_help_goes_to_stderr(_box):
    r = run()
    equal((r.code, r.out), (3, ""))
    contains(r.err, "usage: weir COMMAND")


def test_help_and_version_go_to_stdout(_box):
    for args in (["help"], ["--help"], ["-h"], ["help", "replay"], ["replay", "--help"],
                 ["check", "-h"], ["help", "-h"], ["help", "help"], ["version", "-h"], ["help", "version"], ["bench", "--help"], ["classify", "--help"]):
        r = run(*args)
        equal((r.code, r.err), (0, ""), args)
        contains(r.out, "usage: weir")
    r = run("--version")
    equal(r.code, 0)
    assert re.match(r"^weir \d+\.\d+\.\d+ \(\S+\)\n$", r.out), r.out


def test_wrong_use_is_one_line_and_exit_3(box):
    events, rules = box.events, box.all_rules
    for args, text in (
            (["replya"], "did you mean 'replay'?"),
            (["frobnicate"], "unknown command 'frobnicate'"),
            (["help", "replya"], "did you mean 'replay'?"),
            (["run"], "bootstrap.servers is missing (no configuration file is named: -c FILE, or WEIR_CONFIG)"),
            (["replay", "-r", rules], "no events: -i PATH"),
            (["replay", "-i", events], "no rules: -r PATH"),
            (["replay", "-r", rules, "-i", events, "--fromat", "json"], "did you mean '--format'?"),
            (["replay", "-r", rules, "-i", events, "--format", "xml"], "none of auto|table|json"),
            (["replay", "-r", rules, "-i", events, "--order", "none"], "none of"),
            (["replay", "-r", rules, "-i"], "--input needs a value"),
            (["help", "replay", "check"], "one command at a time: 'check' is too much"),
            (["version", "now"], "takes no words: 'now'"),
            (["replay", "-r", rules, "-i", events, "--format", "json", "--format", "table"], "--format is given twice"),
            (["replay", "-r", rules, "-i", events, "--threads=1", "--threads=1"], "--threads is given twice"),
            (["replay", "-r", rules, "-i", events, "--compare-overlays", rules], "goes with --compare"),
            (["replay", "-r", rules, "-i", events, "--compare", rules, "--emit", "steps"], "--emit says nothing beside --compare"),
            (["replay", "-r", rules, "-i", events, "--compare", rules, "--raw", "none"], "--raw says nothing beside --compare"),
            (["replay", "-r", rules, "-i", events, "--state-password-file", rules], "--state-password-file goes with --state"),
            (["explain", "-r", rules, "-i", events, "--state-group", "x"], "--state-group goes with --state"),
            (["bench", "-r", rules, "-i", events, "--seed", "2"], "--seed goes with --rules-sample"),
            (["bench", "-r", rules, "-i", events, "--rounds", "100001"], "--rounds: at most 100000"),
            (["replay", "-r", rules, "-i", events, "--overlays", "/nosuch"], "/nosuch: error: no such"),
            (["bench", "-r", rules, "-i", events, "--overlays", box.path + "/none"], "/none: error"),
            (["check", rules, "--overlays", events + "/"], "error"),
            (["replay", "-r", rules, "-i", events, "--overlays"], "--overlays needs a value"),
            (["replay", "-r", rules, "-i", events, "--pipeline=/nosuch.yml"], "/nosuch.yml: error: no such"),
            (["check", rules, "--pipeline", rules], "rules: error: Is a directory"),
            (["bench", "-r", rules, "-i", events, "--pipeline"], "--pipeline needs a value"),
            (["replay", "-r", rules, "-i", events, "--threads", "65"], "--threads: 1 to 64"),
            (["replay", "-r", rules, "-i", events, "--threads", "0"], "--threads: 1 to 64"),
            (["bench", "-r", rules, "-i", events, "--threads", "0"], "--threads: 1 to 64"),
            (["replay", "-r", rules, "-i", events, "--state", "mysql://x"], "memory, dir:PATH or redis://"),
            (["replay", "-r", rules, "-i", events, "--level", "hihg"], "did you mean 'high'?"),
            (["replay", "-r", rules, "-i", events, "--status", "tset"], "did you mean 'test'?"),
            (["replay", "-r", rules, "-i", events, "--set", "novalue"], "not NAME=VALUE"),
            (["replay", "-r", rules, "-i", events, "-o", ""], "--output needs a value: FILE"),
            (["replay", "-r", rules, "-i", events, "--tenant="], "--tenant needs a value"),
            (["replay", "-r", rules, "-i", "-", "-i", "-"], "stdin (-) is named twice"),
            (["replay", "-r", rules, "-i", events, "--profiles", box.path], "holds no profiles"),
            (["replay", "-r", rules, "-i", events, "--lists", rules], "holds no lists"),
            (["replay", "-r", rules, "-i", events, "--profile", "x"], "known: kubernetes_audit"),
            (["version", "--frobnicate"], "unknown option '--frobnicate'"),
            (["replay", "-r", rules, "-i", events, "--profile", "nosuch"], "unknown profile"),
            (["replay", "-r", rules, "-i", events, "--profiles", "/nosuch"], "/nosuch"),
            (["replay", "-r", rules, "-i", events, "--list", "A=/nosuch"], "/nosuch"),
            (["replay", "-r", rules, "-i", events, "--lists", "/nosuch"], "/nosuch"),
            (["replay", "-r", rules, "-i", events, "--time-start", "soon"], "is no time"),
            (["replay", "-r", rules, "-i", events, "--time-step", "1y"], "is no span"),
            (["replay", "-r", rules, "-i", events, "--level", "critical"], "leaves no rule"),
            (["replay", "--query", "x", "-i", events], "--query needs --lang"),
            (["replay", "--query", "x", "--lang", "cobol", "-i", events], "not in this version"),
            (["replay", "--query", "x", "--lang", "sigma", "-r", rules, "-i", events], "not both"),
            (["replay", "--query", " ", "--lang", "sigma", "-i", events], "--query is empty"),
            (["check"], "no rules"),
            (["check", "-"], "- (stdin) is for events alone: name a file or a directory with rule files"),
            (["replay", "-r", rules, "-i", "-", "--overlays", "-"], "- (stdin) is for events alone"),
            (["check", rules, "--plan", "nosuch"], "no rule has the id"),
            (["check", rules, "--level", "critical"], "leaves no rule"),
            (["check", rules, "--plan", "x", "--effective", "x"], "one question at a time"),
            (["check", rules, "--against", rules, "--effective", "x"], "one question at a time"),
            (["bench", "-r", rules], "it needs rules"),
            (["bench", "-r", rules, "-i", events, "--seconds", "-1"], "--seconds"),
            (["classify"], "no events"),
            (["classify", "-i", events, "--profile", "nosuch"], "unknown profile 'nosuch'; known: kubernetes_audit"),
            (["classify", "-i", events, "--profile", "nosuch"], " ...\n"),
            (["classify", "-i", events, "--profile", "windows_falt"], "did you mean 'windows_flat'?")):
        r = run(*args)
        equal((r.code, r.out), (3, ""), args)
        one_line(r.err, text)


def test_rules_are_words_or_r_in_every_command_that_takes_them(box):
    """One way in all of them: what is no option is a rule (classify: events), and -r says the same."""
    with open(box.events, encoding="utf-8") as f:
        box.write("rules/a.test.yml", json.dumps({"tests": [
            {"name": "it matches", "event": json.loads(f.readline()), "expect": "match"}]}).encode())
    one, sub = box.rules, os.path.join(box.path, "rules", "sub")
    for command, more in (("replay", ["-i", box.events, "--emit", "matches", "-q"]), ("check", ["--format", "json"]),
                          ("explain", ["-i", box.events]), ("test", ["--format", "json", "--no-gaps"]),
                          ("coverage", []), ("bench", ["-i", box.events, "--rounds", "1", "--format", "table"])):
        told = [run(command, *more, *args)
                for args in ([one, sub], ["-r", one, "-r", sub], [one, "-r", sub], ["-r", one, "--", sub])]
        for r in told:
            equal(r.code, 0, command + r.err)
            if command not in ("bench", "test"):  # they tell times
                equal(r.out, told[0].out, command)
        assert told[0].out, command
        r = run("help", command)
        contains(r.out, f"usage: weir {command} [-r] PATH...")
    equal(run("classify", box.events).out, run("classify", "-i", box.events).out)


def test_a_hup_before_the_configuration_is_read_ends_no_worker(box):
    """It starts on a pipe, so that the signal comes while it waits for its configuration."""
    config = os.path.join(box.path, "weir.yml")
    os.mkfifo(config)
    p = subprocess.Popen([WEIR, "run", "-c", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with open(config, "wb") as f:  # opens when the worker reads
        p.send_signal(signal.SIGHUP)
        f.write(b"{inputs: [{topics: [in]}]}\n")
    err = p.communicate(timeout=TIMEOUT_S)[1].decode()
    equal(p.returncode, 3, err)
    one_line(err, "bootstrap.servers is missing")


def test_paths_that_do_not_work_are_named_with_exit_3(box):
    empty = os.path.join(box.path, "empty")
    os.mkdir(empty)
    cases = [(["-r", "/nosuch.yml", "-i", box.events], "/nosuch.yml: error: no such file"),
             (["-r", empty, "-i", box.events], "holds no rule files"),
             (["-r", box.all_rules, "-r", empty, "-i", box.events], "holds no rule files"),
             (["-r", box.all_rules, "-i", "/nosuch.json"], "/nosuch.json: error: no such file"),
             (["-r", box.all_rules, "-i", empty], "holds no event files")]
    ends = re.search(r"rule files \((.*)\)", run("check", empty).err).group(1).split(", ")
    for end in ends:  # each is one that a directory is searched for, and none is missing
        box.write("ends/a" + end, b"{")
        contains(run("check", os.path.join(box.path, "ends")).out, "ends/a" + end)
    equal(set(ends), {".yml", ".yaml", ".toml", ".eql", ".kql", ".cql", ".logscale", ".spl", ".esql", ".lucene"})
    if os.geteuid() != 0:
        locked = box.write("locked.json", b"{}")
        os.chmod(locked, 0)
        cases.append((["-r", box.all_rules, "-i", locked], "Permission denied"))
    for args, text in cases:
        out = os.path.join(box.path, "out.ndjson")
        r = run("replay", *args, "-o", out)
        equal((r.code, r.out), (3, ""), args)
        one_line(r.err, text)
        assert not os.path.exists(out)
    for args in (["check", "/nosuch"], ["classify", "-i", "/nosuch"],
                 ["bench", "-r", box.all_rules, "-i", "/nosuch"], ["check", empty]):
        equal(run(*args).code, 3, args)


# ---- rules that do not load ------------------------------------------------------------------


def test_a_bad_rule_gives_its_place_and_exit_2(box):
    bad = box.write("rules/bad.yml", BAD_RULE.encode())
    r = matches(box, "-i", box.events)
    equal((r.code, r.out), (2, ""))
    assert re.search(re.escape(bad) + r":6:\d+: error: .*contain.*did you mean 'contains'", r.err), r.err


def test_every_bad_rule_is_told(box):
    names = [box.write(f"rules/bad{i}.yml", BAD_RULE.replace("3333-3333", f"3333-333{i}").encode())
             for i in range(3)]
    r = matches(box, "-i", box.events)
    equal(r.code, 2)
    for name in names:
        contains(r.err, name + ":")


def test_skip_bad_rules_goes_on_and_says_so(box):
    box.write("rules/bad.yml", BAD_RULE.encode())
    r = matches(box, "-i", box.events, "--skip-bad-rules")
    equal((r.code, r.lines()), (0, MATCHES))
    contains(r.err, "rules that do not load: 1, skipped; rules in use: 2")


def test_rules_behind_a_broken_global_document_are_not_loaded_without_it(box):
    path = box.write("rules/collection.yml", ("action: global\nlevel: [\n---\n" + RULE).encode())
    r = matches(box, "-i", box.events, "--skip-bad-rules")
    equal((r.code, r.lines()), (0, MATCHES))
    contains(r.err, "rules that do not load: 2, skipped; rules in use: 2")
    contains(r.err, "what 'action: global' in line 1 says is part of this rule")
    os.unlink(path)


def test_broken_yaml_and_binary_rubbish_are_bad_rules(box):
    box.write("rules/yaml.yml", b"title: [unclosed\n")
    box.write("rules/binary.yml", bytes(range(256)))
    box.write("rules/empty.yml", b"")
    r = run("check", box.all_rules, "--format", "json")
    equal(r.code, 2)
    by_file = {os.path.basename(v["file"]): v for v in r.lines()}
    for name in ("yaml.yml", "binary.yml", "empty.yml"):
        equal(by_file[name]["status"], "error", name)
        assert by_file[name]["messages"], name
    equal(by_file["a.yml"]["status"], "ok")


INFO = b"id: 9a8b\ndescription: n/a\nregression_tests_info:\n    - name: positive\n      type: evtx\n"


def test_yaml_in_a_rule_tree_that_is_no_rule_is_skipped_and_counted(box):
    box.write("rules/data/info.yml", INFO)
    box.write("rules/data/list.yml", b"- a\n- b\n")
    r = run("check", box.all_rules, "--format", "json")
    equal(r.code, 0, r.err)
    status = {os.path.basename(v["file"]): v["status"] for v in r.lines()}
    equal(status, {"a.yml": "ok", "b.yaml": "ok", "info.yml": "skipped", "list.yml": "skipped"})
    contains(r.err, "skipped          2")
    assert re.search(r"info.yml:1:1: skipped: not a rule",
                     run("check", box.all_rules, "--format", "table").out)
    r = matches(box, "-i", box.events)
    equal((r.code, r.lines()), (0, MATCHES), r.err)
    contains(r.err, "documents that are no rules: 2, skipped")


def test_a_file_without_a_rule_that_is_named_is_an_error(box):
    info = box.write("rules/data/info.yml", INFO)
    for args in ([info], [box.all_rules, info], [info, box.all_rules]):
        r = run("check", *args, "--format", "json")
        equal(r.code, 2, args)
        equal([v["status"] for v in r.lines() if v["file"] == info], ["error"])
    r = run("replay", "-r", info, "-i", box.events)
    equal((r.code, r.out), (2, ""))
    contains(r.err, "not a rule: no 'detection', 'correlation' or 'filter'")


def test_what_was_meant_to_be_a_rule_is_not_skipped(box):
    for name, text in (("typo.yml", RULE.replace("detection:", "detecton:")),
                       ("lost.yml", RULE.split("detection:")[0]),
                       ("action.yml", "action: global\ntitle: x\n")):
        path = box.write("rules/" + name, text.encode())
        equal(run("check", box.all_rules).code, 2, name)
        os.unlink(path)


def test_a_tree_without_any_rule_is_told(box):
    tree = os.path.dirname(box.write("tree/info.yml", INFO))
    for args in (["check", tree], ["replay", "-r", tree, "-i", box.events]):
        r = run(*args)
        equal(r.code, 3, args)
        one_line(r.err, "no rule: 1 YAML documents, but none has a 'detection'")


def test_a_rule_file_that_is_too_large_is_one_bad_rule(box):
    box.write("rules/huge.yml", b"# " + b"x" * (17 << 20) + b"\n" + RULE.encode())
    r = matches(box, "-i", box.events, "--skip-bad-rules")
    equal((r.code, r.lines()), (0, MATCHES), r.err)
    contains(r.err, "huge.yml: error: the file has more than")


def test_links_that_lead_back_up_or_nowhere_are_left_out(box):
    for target, name in (("..", "rules/sub/up"), (".", "rules/self"), ("nosuch", "rules/dead.yml"),
                         ("loop.yml", "rules/loop.yml")):
        os.symlink(target, os.path.join(box.path, name))
    r = matches(box, "-i", box.events)
    equal((r.code, r.lines()), (0, MATCHES), r.err)
    os.mkdir(os.path.join(box.path, "events"))
    shutil.copy(box.events, os.path.join(box.path, "events"))
    os.symlink(".", os.path.join(box.path, "events/self"))
    r = matches(box, "-i", os.path.join(box.path, "events"))
    equal((r.code, r.lines()), (0, MATCHES), r.err)


def test_double_ids_name_both_files(box):
    box.write("rules/copy.yml", RULE.encode())
    r = run("check", box.all_rules)
    equal(r.code, 2)
    contains(r.out + r.err, "a.yml")
    contains(r.out + r.err, "copy.yml")


# ---- check ------------------------------------------------------------------------------


def test_check_prints_a_json_object_per_rule(box):
    r = run("check", box.all_rules, "--format", "json")
    equal(r.code, 0)
    equal(len(r.lines()), 2)
    v = r.lines()[0]
    equal((v["file"], v["rule"], v["language"], v["status"], v["messages"]),
          (box.rules, "11111111-1111-4111-8111-111111111111", "sigma", "ok", []))
    contains(r.err, "loaded in")


def test_check_warns_of_unknown_fields_and_strict_makes_it_a_finding(box):
    box.write("rules/odd.yml", RULE.replace("11111111-1111", "44444444-4444")
              .replace("CommandLine|contains", "ComandLine|contains").encode())
    r = run("check", box.all_rules, "--format", "json")
    equal(r.code, 0)
    odd = [v for v in r.lines() if v["file"].endswith("odd.yml")][0]
    equal(odd["status"], "warning")
    message = odd["messages"][0]
    contains(message["text"], "ComandLine")
    equal(message["line"], 11)
    equal(run("check", box.all_rules, "--strict").code, 1)


def test_check_names_what_was_likely_meant(box):
    selection = "        Image|endswith: '\\certutil.exe'\n"
    for wrong, right, status, text in (
            ("product: windows", "product: windwos", "warning",
             "no profile knows the product 'windwos' (did you mean 'windows'?)"),
            ("category: process_creation", "category: proces_creation", "warning",
             "no profile knows the category 'proces_creation' (did you mean 'process_creation'?)"),
            ("CommandLine|", "ComandLine|", "warning",
             "has the field 'ComandLine' (did you mean 'CommandLine'?)"),
            (selection, '        Image|endswith: "C:\\new\\a.exe"\n', "warning",
             "holds a control character: in double quotes"),
            (selection, "        Image|endswith: \u2018a.exe\u2019\n", "warning",
             "the quotes around \u2018a.exe\u2019 are letters to YAML"),
            (selection, "        Image|expand: '%Adminstrators%'\n", "error",
             "(did you mean 'Administrators'?)"),
            (selection, "\tImage: a\n", "error", "a tab: YAML is indented with spaces"),
            (selection, "        Image: *a.exe\n", "error", "begins with '*' or '&' must be quoted"),
            (selection, "        Image: %a\n", "error", "begins with '%', '@' or '`' must be quoted"),
            (selection, '        Image: "C:\\Windows"\n', "error", "use single quotes"),
            (selection, "        Image: 'a\n", "error", "the quote that begins here is never closed")):
        assert wrong in RULE, wrong
        path = box.write("slip.yml", RULE.replace(wrong, right).encode())
        r = run("check", path, "--format", "json")
        equal([v["status"] for v in r.lines()], [status], right)
        contains(json.dumps(r.lines(), ensure_ascii=False), json.dumps(text, ensure_ascii=False)[1:-1])
    equal(run("check", box.all_rules, "--strict").code, 0)


COUNT = """title: Many
id: many-1
correlation: {type: event_count, rules: [base-1], group-by: [User], timespan: 5m, condition: {gte: 5}}
"""
BASE = """title: Base
id: base-1
logsource: {product: linux}
detection:
    s: {Image|endswith: /sudo}
    condition: s
---
"""


def test_check_against_old_rules_tells_what_becomes_of_state(box):
    old = box.write("old/c.yml", (BASE + COUNT + "---\n" + COUNT.replace("many", "gone")).encode())
    for edit, by, want in (("gte: 5", "gte: 7", ("kept", None)),
                           ("title: Many", "title: More", ("kept", None)),
                           ("timespan: 5m", "timespan: 9m", ("reset", "timespan")),
                           ("[User]", "[User, Image]", ("reset", "group-by")),
                           ("many-1", "many-2", ("added", None))):
        new = box.write("new/c.yml", (BASE + COUNT.replace(edit, by)).encode())
        r = run("check", new, "--against", old, "--format", "json")
        equal(r.code, 0, r.err)
        rules = {v["uid"]: v for v in r.lines()}
        rule = rules[by if want[0] == "added" else "many-1"]
        equal((rule["state"], rule.get("changed")), want, edit)
        equal(rules["gone-1"]["state"], "removed")
    r = run("check", new, "--against", old, "--format", "table")
    contains(r.out, "added    event_count")
    contains(r.out, "state: kept 0, reset 0, added 1, removed 2")
    equal(run("check", box.write("new/bad.yml", BAD_RULE.encode()), "--against", old).code, 2)
    equal(run("check", new, "--against", "/nosuch").code, 3)


def test_check_warns_of_a_regex_without_a_fast_path(box):
    rule = RULE.replace("CommandLine|contains: urlcache", "CommandLine|re: 'a(?!b)c'")
    r = run("check", box.write("re.yml", rule.encode()), "--format", "json")
    contains(json.dumps(r.lines()), "no fast path")


def test_check_prints_a_table_on_demand(box):
    box.write("rules/bad.yml", BAD_RULE.encode())
    r = run("check", box.all_rules, "--format", "table", "--problems")
    equal(r.code, 2)
    contains(r.out, "error")
    contains(r.out, "bad.yml:6:")
    assert "Certutil" not in r.out, r.out


def test_check_prints_the_plan_of_a_rule(box):
    for name in ("11111111-1111-4111-8111-111111111111", "certutil downloads"):
        r = run("check", box.all_rules, "--plan", name)
        equal(r.code, 0, r.err)
        contains(r.out, "CommandLine")


def test_the_plan_of_a_rule_needs_only_that_rule(box):
    box.write("rules/bad.yml", BAD_RULE.encode())
    r = run("check", box.all_rules, "--plan", "certutil downloads")
    equal((r.code, r.err), (0, ""))
    r = run("check", box.all_rules, "--plan", "Broken")
    equal((r.code, r.out), (2, ""))
    one_line(r.err, "did you mean 'contains'?")


FILTER = b"""title: Not The Lab
id: 66666666-6666-4666-8666-666666666666
logsource: {product: windows, category: process_creation}
filter:
    rules: any
    lab:
        Usr: lab
    condition: not lab
"""


def test_what_a_filter_says_has_no_place_in_the_rule(box):
    box.write("rules/filter.yml", FILTER)
    r = run("check", box.rules, os.path.join(box.all_rules, "filter.yml"), "--format", "table")
    equal(r.code, 0, r.err)
    contains(r.out, box.rules + ": warning: by a filter or an overlay: no profile of the rule's sources has the field 'Usr'")
    r = run("replay", "-r", os.path.join(box.all_rules, "filter.yml"), "-i", box.events)
    equal((r.code, r.out), (3, ""))
    one_line(r.err, "a filter alone finds nothing")


# ---- replay: matches ----------------------------------------------------------------------


def test_matches_are_lines_ordered_by_event(box):
    r = matches(box, "-i", box.events)
    equal((r.code, r.lines()), (0, MATCHES))
    contains(r.err, "4 events")
    contains(r.err, "matches: 3 of 2 rules")
    contains(r.err, "Certutil Downloads")


def test_the_reference_engine_agrees(box):
    equal(matches(box, "-i", box.events, "--engine", "reference").out,
          matches(box, "-i", box.events).out)


def test_event_numbers_run_over_all_inputs(box):
    r = matches(box, "-i", box.events, "-i", box.events)
    equal([m["event"] for m in r.lines()], [0, 2, 3, 4, 6, 7])


def test_a_directory_is_read_in_order_of_paths(box):
    box.write("in/b.json", ndjson([process_event(0)]))
    box.write("in/a/x.jsonl", ndjson([process_event(0, line="harmless")]))
    box.write("in/ignored.txt", b"no events here")
    r = matches(box, "-i", os.path.join(box.path, "in"))
    equal([m["event"] for m in r.lines()], [1])
    contains(r.err, "2 events")


def test_stdin_is_read(box):
    with open(box.events, "rb") as f:
        r = matches(box, "-i", "-", stdin=f.read())
    equal((r.code, r.lines()), (0, MATCHES))


def test_concatenated_documents_arrays_and_pretty_printing_give_the_same_events(box):
    with open(box.events, encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    for text in ("".join(json.dumps(e) for e in events), json.dumps(events),
                 json.dumps(events, indent=2), "\n\n".join(json.dumps(e, indent=1) for e in events),
                 "\r\n".join(json.dumps(e) for e in events),
                 "\n".join(json.dumps(e) for e in events)):
        r = matches(box, "-i", "-", stdin=text.encode())
        equal((r.code, r.lines()), (0, MATCHES), text[:60])


def test_gzip_and_zstd_are_unpacked_also_from_stdin(box):
    with open(box.events, "rb") as f:
        text = f.read()
    half = len(text.splitlines(True)[0])
    packed = gzip.compress(text[:half]) + gzip.compress(text[half:])
    equal(matches(box, "-i", box.write("e.ndjson.gz", packed)).lines(), MATCHES)
    equal(matches(box, "-i", "-", stdin=packed).lines(), MATCHES)
    if not shutil.which("zstd"):
        raise Skip("no zstd program")
    frames = b"".join(subprocess.run(["zstd", "-c"], input=part, stdout=subprocess.PIPE, check=True)
                      .stdout for part in (text[:half], text[half:]))
    equal(matches(box, "-i", box.write("e.ndjson.zst", frames)).lines(), MATCHES)


def test_damaged_packed_files_give_a_line_and_what_was_before_counts(box):
    events = [process_event(i) for i in range(20000)]
    packed = gzip.compress(ndjson(events))
    cut = box.write("cut.json.gz", packed[:len(packed) // 2])
    out = os.path.join(box.path, "out.ndjson")
    r = matches(box, "-i", cut, "-i", box.events, "-o", out)
    equal(r.code, 3)
    contains(r.err, "cut.json.gz: error: the file ends inside its packed data")
    with open(out, encoding="utf-8") as f:
        n = len(f.readlines())
    assert 1000 < n < 20000, n


def test_a_damaged_file_is_told_once_with_exit_3_everywhere(box):
    packed = gzip.compress(ndjson([process_event(i) for i in range(3)]))
    cut = box.write("cut.json.gz", packed[:-8])
    # What is gone is looked up in a third reading.
    old = box.write("old.yml", RULE.replace("11111111-1111", "11111111-2222").encode())
    for args in (["replay"], ["replay", "--threads", "2"], ["replay", "--compare", old],
                 ["replay", "--compare", old, "--threads", "2"], ["coverage"], ["explain"], ["bench"]):
        r = run(*args, box.rules, "-i", cut)
        equal(r.code, 3, args)
        equal(r.err.count("cut.json.gz: error: the file ends inside its packed data"), 1, args)
    equal(run("classify", cut).code, 3)


def test_rejected_records_are_counted_with_reasons_and_the_run_goes_on(box):
    good = json.dumps(process_event(0))
    deep = '{"a":' * 100 + "1" + "}" * 100
    text = "\n".join([good, "{broken", "42", '"text"', deep, "", good, '{"cut": '])
    r = matches(box, "-i", "-", stdin=text.encode())
    equal(r.code, 0, r.err)
    equal([m["event"] for m in r.lines()], [0, 5])
    contains(r.err, "2 events")
    contains(r.err, "rejected: 5 records")


def test_quiet_does_not_hide_that_records_were_rejected(box):
    bad = box.write("bad.json", b"a,b\n1,2\n")
    r = matches(box, "-i", bad, "-q")
    equal((r.code, r.out), (3, ""))
    one_line(r.err, "records rejected: 2, events read: 0")
    equal(matches(box, "-i", box.events, "-q").err, "")
    r = matches(box, "-i", bad)
    contains(r.err, "rejected: 2 records\n")
    contains(r.err, "nothing could be read: inputs are NDJSON")


def test_utf16_is_told_once_and_other_files_go_on(box):
    with open(box.events, encoding="utf-8") as f:
        text = f.read()
    for encoding, mark in (("utf-16", ""), ("utf-16-be", "\ufeff"), ("utf-16-be", ""), ("utf-16-le", "")):
        data = (mark + text).encode(encoding)
        for name, packed in (("w.json", data), ("w.json.gz", gzip.compress(data))):
            r = matches(box, "-i", box.write(name, packed), "-i", box.events, "-q")
            equal((r.code, len(r.lines())), (3, 3), r.err)
            one_line(r.err, name + ": error: the text is UTF-16: convert it to UTF-8")


def test_binary_rubbish_is_rejected(box):
    r = matches(box, "-i", "-", stdin=bytes(range(256)) * 10)
    equal((r.code, r.out), (3, ""))
    contains(r.err, "rejected:")


def test_an_input_of_which_nothing_can_be_read_is_exit_3_everywhere(box):
    bad, none = box.write("bad.json", b"a,b\n1,2\n"), box.write("none.json", b"")
    for args in (["replay", box.rules], ["replay", box.rules, "--compare", box.rules], ["classify"],
                 ["coverage", box.rules]):
        r = run(*args, "-i", bad)
        equal(r.code, 3, args)
        assert args[0] == "coverage" or not r.out, r.out  # what rules are about needs no event
        contains(r.err, "nothing could be read: inputs are NDJSON")
        equal(run(*args, "-i", none).code, 0, args)  # no record is no wrong record
        equal(run(*args, "-i", bad, "-i", box.events).code, 0, args)
    r = run("explain", box.rules, "-i", bad)
    equal((r.code, r.out), (3, ""))
    one_line(r.err, "no event was read, records rejected: 2 ('weir classify' says why)")
    r = run("explain", box.rules, "-i", none)
    equal((r.code, r.out), (3, ""))
    one_line(r.err, "no event was read, records rejected: 0")
    r = run("explain", box.rules, "-i", bad, "-i", box.events)
    equal((r.code, len(r.lines())), (0, 4))
    one_line(r.err, "records rejected: 2, events read: 4 ('weir classify' says why)")


def test_a_query_is_a_rule(box):
    whole = RULE
    detection = "{s: {Image|endswith: '\\certutil.exe'}, condition: s}"
    selection = "Image|endswith: '\\certutil.exe'\nCommandLine|contains: urlcache"
    for query in (whole, detection, selection):
        r = run("replay", "--query", query, "--lang", "sigma", "-i", box.events, "--emit", "matches")
        equal((r.code, [m["event"] for m in r.lines()]), (0, [0, 3]), query + r.err)


def test_a_query_without_a_level_is_unknown_and_one_that_counts_is_medium(box):
    event = b'{"@timestamp":"2026-03-01T10:00:00Z","product":"x","a":"b","host":{"id":"h"}}\n'
    for lang, query, level in (("kql", "a: b", "unknown"), ("eql", "any where a == \"b\"", "unknown"),
                               ("eql", "sequence with maxspan=1m [any where true] [any where true]", "medium"),
                               ("esql", "FROM x | STATS c = COUNT(*) BY a | WHERE c >= 2", "medium")):
        r = run("replay", "--query", query, "--lang", lang, "-i", "-", "--format", "table", stdin=2 * event)
        equal((r.code, r.out.splitlines()[1].split()[1:3]), (0, [level, "47"]), query + r.err)


def test_mistakes_in_a_query_have_places_in_the_query(box):
    for text, place in (("Image|endswit: a", "query:1:7:"), ("User: a\nImage|endswit: a", "query:2:7:"),
                        ("{s: {Image|endswit: a}, condition: s}", "query:1:12:")):
        r = run("replay", "--query", text, "--lang", "sigma", "-i", box.events)
        equal((r.code, r.out), (2, ""), text)
        one_line(r.err, place)


def test_an_empty_query_is_everything_where_the_language_says_so(box):
    for lang in ("kql", "lucene"):
        for query in ("", " "):
            r = run("replay", "--query", query, "--lang", lang, "-i", box.events, "--emit", "matches", "-q")
            equal((r.code, [m["event"] for m in r.lines()]), (0, [0, 1, 2, 3]), r.err)
            one_line(r.err, "query:1:1: warning: the query is empty: it is true of every event")
    for lang in ("eql", "cql", "spl", "esql"):
        r = run("replay", "--query", "", "--lang", lang, "-i", box.events)
        equal((r.code, r.out), (2, ""), lang)
        one_line(r.err, "query:1:1: error: ")
    contains(run("check", box.write("e/all.kql", b"")).out, "the query is empty: it is true of every event")


def test_what_is_doubtful_about_a_query_is_told(box):
    r = run("replay", "--query", "Image=* | table Image", "--lang", "cql", "-i", box.events, "--emit", "matches")
    equal(r.code, 0, r.err)
    contains(r.err, "query:1:11: warning: 'table' is a text to look for here: the function has parentheses")
    r = run("replay", "--query", "x", "--lang", "Splunk", "-i", box.events)
    equal(r.code, 3, r.err)
    contains(r.err, "did you mean spl?")


def test_rules_are_selected(box):
    for args, n in ((["--level", "low"], 3), (["--level", "high"], 2), (["--level", "=low"], 1),
                    (["--status", "experimental"], 1), (["--tag", "attack.t11*"], 2),
                    (["--product", "windows"], 3), (["--id", "1111*"], 2), (["--path", "sub/*"], 1),
                    (["--except-path", "sub/*"], 2), (["--except-id", "1111*"], 1)):
        equal(len(matches(box, "-i", box.events, *args).lines()), n, args)


def test_a_rule_of_another_source_is_not_asked_unless_routing_is_off(box):
    rule = RULE.replace("product: windows", "product: macos")
    path = box.write("macos.yml", rule.encode())
    equal(matches(box, "-i", box.events, rules=path).lines(), [])
    equal(len(matches(box, "-i", box.events, "--no-routing", rules=path).lines()), 2)


def test_the_profile_of_the_documentation_works_as_it_says(box):
    with open(os.path.join(ROOT, "docs", "profiles.md"), encoding="utf-8") as f:
        example = f.read().split("```yaml\n")[1].split("```")[0]
    profiles = os.path.dirname(box.write("profiles/shop.yml", example.encode()))
    rule = RULE.replace("product: windows, category: process_creation", "category: proxy").replace(
        "Image|endswith: '\\certutil.exe'", "c-uri|contains: ../").replace("CommandLine|contains: urlcache",
                                                                     "req.method: GET")
    event = {"app": "shop", "req": {"url": "/../etc/passwd", "method": "GET", "user": "Bob",
                                    "client": {"ip": "192.0.2.7"}, "at": "2026-01-01T00:00:00Z",
                                    "headers": {"authorization": "secret-word"}}}
    r = run("replay", "-r", box.write("proxy.yml", rule.encode()), "--profiles", profiles, "-i",
            box.write("shop.json", ndjson([event])))
    equal((r.code, [d["activity_name"] for d in r.lines()]), (0, ["Create", "Close"]), r.err)
    alert = r.lines()[0]
    equal(alert["start_time"], 1767225600000)
    equal([(x["type"], x["name"]) for x in alert["resources"]], [("user", "Bob")])
    equal(alert["evidences"][0]["src_endpoint"], {"ip": "192.0.2.7"})
    contains(json.dumps(alert["observables"]), "192.0.2.7")
    assert "secret-word" not in r.out
    contains(r.err, "shop_proxy")


def test_a_field_given_by_set_is_known_to_check(box):
    rule = box.write("env.yml", RULE.replace("CommandLine|contains: urlcache", "env: prod").encode())
    equal(run("check", rule, "--strict").code, 1)
    equal(run("check", rule, "--strict", "--set", "env=prod").code, 0)


def test_set_gives_events_a_field(box):
    rule = RULE.replace("CommandLine|contains: urlcache", "cluster: blue")
    path = box.write("set.yml", rule.encode())
    equal(len(matches(box, "-i", box.events, rules=path).lines()), 0)
    equal(len(matches(box, "-i", box.events, "--set", "cluster=blue", rules=path).lines()), 2)


def test_a_pipeline_renames_what_a_correlation_groups_by(box):
    rules = box.write("many.yml", b"title: base\nname: base\nlogsource: {product: windows, category: process_creation}\n"
                      b"detection: {s: {Image|endswith: '\\x.exe'}, condition: s}\n---\n"
                      b"title: many\nid: 00000000-0000-4000-8000-0000000000b2\nlevel: high\n"
                      b"correlation: {type: event_count, rules: [base], group-by: [User], timespan: 10m, condition: {gte: 2}}\n")
    pipeline = box.write("ours.yml", b"transformations:\n  - {type: field_name_mapping, "
                         b"mapping: {Image: process.executable, User: user.name}}\n")
    event = lambda user: {"@timestamp": "2026-01-01T00:00:00Z", "host": {"os": {"type": "windows"}},
                          "event": {"category": ["process"], "type": ["start"]}, "user": {"name": user},
                          "process": {"executable": "C:\\x.exe"}}
    r = run("replay", "-r", rules, "-i", "-", "--pipeline", pipeline, stdin=ndjson(map(event, ("bob", "bob", "eve"))))
    equal([a["unmapped"]["weir"]["dedup"]["fields"] for a in r.lines() if a["activity_name"] == "Create"],
          [{"user.name": "bob"}], r.err)


def test_a_list_fills_a_placeholder(box):
    rule = RULE.replace("CommandLine|contains: urlcache", "User|expand: '%watched%'")
    path = box.write("expand.yml", rule.encode())
    equal(matches(box, "-i", box.events, rules=path).code, 2)
    watched = box.write("watched.txt", b"EXAMPLE\\u3\n")
    r = matches(box, "-i", box.events, "--list", "watched=" + watched, rules=path)
    equal([m["event"] for m in r.lines()], [3], r.err)


def test_an_alert_shows_the_columns_that_a_list_copies(box):
    rule = RULE.replace("CommandLine|contains: urlcache", "User|expand: '%watched%'")
    path = box.write("expand.yml", rule.encode())
    watched = box.write("watched.csv", b"# copy: owner, ticket\nuser,ticket,owner,expires\n"
                        b"EXAMPLE\\u3,T-7,,\nEXAMPLE\\u2,T-8,,2020-01-01\n")
    r = run("replay", "-r", path, "-i", box.events, "--list", "watched=" + watched)
    equal(r.code, 0, r.err)
    matched = r.lines()[0]["evidences"][0]["data"]["matched"]
    equal([(m["op"], m["pattern"], m["value"], m["list"]) for m in matched if m["field"] == "User"],
          [("in", "watched", "EXAMPLE\\u3", {"name": "watched", "columns": {"ticket": "T-7"}})])


def listed(box, item, mode, entries):
    """The numbers of the events that a rule with this item and list finds."""
    path = box.write("listed.yml", RULE.replace("CommandLine|contains: urlcache", item).encode())
    text = "".join(line + "\n" for line in [f"# mode: {mode}", *entries])
    given = "watched=" + box.write("watched.txt", text.encode())
    events = box.write("listed.json", ndjson([
        {**process_event(i), "IpAddress": address}
        for i, address in enumerate(["10.1.2.3", "11.1.2.3", "fd00::0:7"])]))
    r = matches(box, "-i", events, "--list", given, rules=path)
    equal(r.code, 0, r.err)
    return [m["event"] for m in r.lines()]


def test_the_mode_of_a_list_says_how_its_entries_compare(box):
    networks = "IpAddress|expand: '%watched%'"
    equal(listed(box, networks, "cidr", ["10.0.0.0/8", "fd00::/8"]), [0, 2])
    equal(listed(box, networks, "cidr", ["192.0.2.0/24"]), [])
    users = "User|expand: '%watched%'"
    equal(listed(box, users, "ci", ["example\\U1"]), [1])
    equal(listed(box, users, "exact", ["example\\U1"]), [])
    equal(listed(box, users, "exact", ["EXAMPLE\\u1"]), [1])


def test_a_list_of_networks_with_a_bad_entry_is_an_error_that_names_it(box):
    path = box.write("bad.yml", RULE.replace("CommandLine|contains: urlcache",
                                             "IpAddress|expand: '%watched%'").encode())
    watched = box.write("watched.txt", b"# mode: cidr\n10.0.0.0/8\njump01\n")
    r = run("check", path, "--list", "watched=" + watched)
    equal(r.code, 3)
    contains(r.err, watched + ":3:1: error: 'jump01' is no network")


# ---- overlays --------------------------------------------------------------------------------

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def overlaid(box, text, *args):
    """Alerts under overlays/a.yml with this text, by rule."""
    box.write("overlays/a.yml", text.encode())
    return run("replay", "-r", box.all_rules, "-i", box.events, "--overlays",
               os.path.join(box.path, "overlays"), *args)


def test_an_overlay_changes_a_rule_and_the_alert_names_it(box):
    r = overlaid(box, f"name: tuned\nrules: {{{FIRST}: {{set: {{level: low}}}}}}\n")
    equal(r.code, 0, r.err)
    told = {(a["finding_info"]["analytic"]["uid"], a["unmapped"]["weir"]["rule"]["level"],
             ",".join(a["unmapped"]["weir"]["rule"].get("overlays", []))) for a in r.lines()}
    equal(told, {(FIRST, "low", "tuned"), (SECOND, "low", "")})
    equal(len({a["unmapped"]["weir"]["rule"]["generation"] for a in r.lines() + alerts(
        box, "-i", box.events).lines()}), 2, "another overlay, another rule set")
    r = overlaid(box, f"rules: {{{FIRST}: {{set: {{channel: off}}}}}}\n")
    equal({a["finding_info"]["analytic"]["uid"] for a in r.lines()}, {SECOND}, r.err)


def test_the_table_of_findings_numbers_what_it_does_not_show(box):
    rule = box.write("k.yml", b"title: Keys\nid: 00000000-0000-4000-8000-0000000000aa\n"
                     b"logsource: {product: x}\ndetection: {s: {a: 1}, condition: s}\nlevel: low\n"
                     b"weir: {dedup: {fields: [k], period: 1h}}\n")
    at = lambda hour, key: {"a": 1, "k": key, "@timestamp": f"2026-01-01T{hour:02}:00:00Z"}
    one, other = "AKIA" + "CANARY7QJZ4XWVPT", "AKIA" + "CANARY7QJZ4XWVPU"
    r = run("replay", "-r", rule, "-i", "-", "--format", "table",
            stdin=ndjson([at(1, one), at(3, other), at(5, "plain"), at(7, one)]))
    shown = [line.split("Keys")[1].split("  ")[1].strip() for line in r.out.splitlines()[1:]]
    equal(shown, ["[redacted:aws_key_id] #1", "[redacted:aws_key_id] #2", "plain", "[redacted:aws_key_id] #1"])
    equal("CANARY" in r.out, False)


def test_a_rule_that_is_off_is_neither_told_nor_counted(box):
    """Among matches as among alerts; the sequence's steps with it. `weir explain` is still asked."""
    box.write("rules/steps.eql", b'sequence [any where Image != null] [any where Image != null]')
    steps = os.path.join(box.all_rules, "steps.eql")
    box.write("overlays/a.yml", f"rules: {{{FIRST}: {{set: {{channel: off}}}}, "
              f"'path:{steps}': {{set: {{channel: off}}}}}}\n".encode())
    off = ["--overlays", os.path.join(box.path, "overlays")]
    for emit in ("matches", "steps"):
        told = run("replay", "-r", box.all_rules, "-i", box.events, "--emit", emit)
        left = run("replay", "-r", box.all_rules, "-i", box.events, "--emit", emit, *off)
        wanted = [m for m in told.lines() if m["rule"] == SECOND]
        equal(left.lines(), wanted)
        contains(left.err, f"matches: {len(wanted)} of 1 rule:")
        contains(left.err, "off: 2 rules (channel: off)")
        equal(len(told.lines()) > len(wanted), True)
    r = run("explain", box.all_rules, "-i", box.events, "--format", "json", *off)
    equal(any(x["rule"] == FIRST and x["match"] for x in r.lines()), True, r.err)


def test_a_parameter_is_for_one_rule_and_goes_before_the_list(box):
    item = "User|expand: '%watched%'"
    other = RULE.replace(FIRST, SECOND).replace("CommandLine|contains: urlcache", item)
    box.write("rules/a.yml", RULE.replace("CommandLine|contains: urlcache", item).encode())
    box.write("rules/sub/b.yaml", other.encode())
    watched = "watched=" + box.write("watched.txt", b"EXAMPLE\\u3\n")
    r = overlaid(box, f"rules: {{{FIRST}: {{set: {{params: {{watched: 'EXAMPLE\\u0'}}}}}}}}\n",
                 "--list", watched, "--emit", "matches")
    equal([(m["event"], m["rule"]) for m in r.lines()], [(0, FIRST), (3, SECOND)], r.err)


def test_overlays_that_are_wrong_are_told_together_with_exit_2(box):
    path = os.path.join(box.path, "overlays", "a.yml")
    text = f"""rules:
    {FIRST}: {{set: {{levle: high}}}}
    99999999-1111-4111-8111-111111111111: {{set: {{level: high}}}}
    {SECOND}: {{set: {{window: 1h}}}}
"""
    want = [path + ":2:50: error: unknown setting 'levle' (did you mean 'level'?)",
            path + ":3:5: error: no rule has the id '99999999-1111-4111-8111-111111111111'",
            path + ":4:50: error: the setting 'window' is for correlations only"]
    for args in ((), ("--skip-bad-rules",)):
        r = overlaid(box, text, *args)
        equal((r.code, r.out), (2, ""), args)
        equal(sorted(r.err.splitlines()), want, args)
    for command in (["check", box.all_rules], ["check", box.all_rules, "--plan", SECOND],
                    ["bench", "-r", box.all_rules, "-i", box.events, "--seconds", "0"]):
        r = run(*command, "--overlays", path)
        equal(r.code, 2, command)
        for line in want:
            contains(r.err, line)
    for text, line in (("rules: {%s: {set: {level: hihg}}}" % FIRST,
                        ":1:61: error: 'level' cannot be 'hihg' (did you mean 'high'?): "),
                       ("rules: {%s: {set: {level: low}, exclude: {}}}" % FIRST,
                        ":1:76: error: the selection is empty"),
                       ("rules: [", ":2:1: error: "), ("", ":1:1: error: the file holds no overlay"),
                       ("\0", ":1: error: not valid UTF-8")):
        r = overlaid(box, text)
        equal((r.code, r.out), (2, ""), text)
        one_line(r.err, path + line)


def test_the_same_key_in_two_overlays_names_both_places(box):
    second = box.write("more.yaml", f"rules:\n  - rule: {FIRST}\n    set: {{level: low}}\n".encode())
    r = overlaid(box, f"rules: {{{FIRST}: {{set: {{level: high}}}}}}\n", "--overlays", second)
    equal((r.code, r.out), (2, ""))
    first = os.path.join(box.path, "overlays", "a.yml")
    one_line(r.err, f"{second}:3:11: error: 'level' of the rule '{FIRST}' is already set at {first}:1:54")


def test_an_exclusion_ends_by_the_events_time_in_both_engines(box):
    text = (f"name: backup\nreason: its own account\nrules: {{{FIRST}: {{exclude: "
            "{User|endswith: u0}, expires: 2026-03-01T10:00:00Z}}\n")
    events = [{**process_event(0), "UtcTime": f"2026-03-01 {t}"} for t in
              ("09:59:59.999", "10:00:00.000", "10:00:00.001")]
    path = box.write("ends.json", ndjson(events + [{**events[0], "User": "other"}]))
    for engine in ("compiled", "reference"):
        box.write("overlays/a.yml", text.encode())
        r = run("replay", "-r", box.all_rules, "-i", path, "--overlays",
                os.path.join(box.path, "overlays"), "--emit", "matches", "--engine", engine)
        equal([m["event"] for m in r.lines() if m["rule"] == FIRST], [1, 2, 3], engine + r.err)


def test_check_effective_names_the_origin_of_each_value(box):
    path = box.write("o.yml", f"name: tuned\nrules: {{{FIRST}: {{reason: why, set: {{level: low, "
                     "owner: soc}, exclude: {User: x}, expires: 2020-01-01}}\n".encode())
    r = run("check", box.all_rules, "--overlays", path, "--effective", FIRST)
    equal(r.code, 0, r.err)
    values = {v["name"]: v for v in r.lines()[0]["values"]}
    equal((values["level"]["value"], values["level"]["overlay"], values["level"]["file"]),
          ("low", "tuned", path))
    equal("overlay" in values["title"], False)
    equal(values["exclude"]["value"], 'overlay tuned: User eq "x"')
    contains(values["condition"]["value"], "@time before 2020-01-01T00:00:00.000Z")
    r = run("check", box.all_rules, "--overlays", path, "--effective", "Certutil Downloads",
            "--format", "table")
    contains(r.out, f"level        low\n               from overlay tuned, {path}:2:")
    r = run("check", box.all_rules, "--overlays", path)
    contains(r.out, "expired on 2020-01-01T00:00:00.000Z: its exclusion has no effect on events from")
    r = run("check", box.all_rules, "--effective", "nothing")
    equal(r.code, 3)
    one_line(r.err, "error: --effective: no rule has the id, name, title or path 'nothing'")


def test_a_message_is_the_rules_template(box):
    r = overlaid(box, f"rules: {{{FIRST}: {{set: {{message: '{{{{{{User}}}}}} did {{CommandLine}} "
                 "{nothing|no more} {count}x', runbook: http://x/1}}}\n")
    equal(r.code, 0, r.err)
    first = [a for a in r.lines() if a["finding_info"]["analytic"]["uid"] == FIRST][0]
    contains(first["message"], "{EXAMPLE\\u")
    contains(first["message"], "} did ")
    contains(first["message"], " no more 1x")
    equal(first["unmapped"]["weir"]["rule"]["runbook"], "http://x/1")


def test_check_shows_overlays(box):
    path = box.write("o.yml", f"name: tuned\nrules: {{{FIRST}: {{reason: why, set: "
                              "{level: low, dedup: off}}}\n".encode())
    r = run("check", box.all_rules, "--overlays", path, "--format", "json")
    equal(r.code, 0, r.err)
    equal([(v["rule"], v["overlays"]) for v in r.lines()],
          [(FIRST, [{"overlay": "tuned", "file": path, "line": 2, "sets": ["level", "dedup"],
                     "reason": "why"}]), (SECOND, [])])
    r = run("check", box.all_rules, "--overlays", path, "--plan", FIRST)
    contains(r.out, "  overlay   tuned sets level, dedup (why)\n")
    # What a rule is selected by is what the overlay made of it.
    equal(len(run("check", box.all_rules, "--overlays", path, "--level", "high").lines()), 0)


# ---- replay: alerts ------------------------------------------------------------------------


def creates(r):
    """The alerts that begin a finding: without Updates and Closes."""
    return [d for d in r.lines() if d["activity_id"] == 1]


def alerts(box, *args, stdin=b""):
    """A finding for each match."""
    return run("replay", "-r", box.all_rules, "--no-dedup", "--brake", "0", *args, stdin=stdin)


def test_alerts_are_ocsf_findings_in_order_of_event_time(box):
    r = alerts(box, "-i", box.events)
    equal(r.code, 0, r.err)
    docs = r.lines()
    equal([d["class_uid"] for d in docs], [2004] * 3)
    titles = [d["finding_info"]["title"] for d in docs]
    equal(titles, ["Certutil Downloads", "Any Whoami", "Certutil Downloads"])
    times = [d["metadata"]["original_time"] for d in docs]
    equal(times, sorted(times))


def test_stdin_and_order_arrival_keep_the_order_of_arrival(box):
    with open(box.events, "rb") as f:
        text = f.read()
    want = ["Certutil Downloads", "Any Whoami", "Certutil Downloads"]
    for r in (alerts(box, "-i", "-", stdin=text), alerts(box, "-i", box.events, "--order", "arrival")):
        docs = r.lines()
        equal([d["finding_info"]["title"] for d in docs], want)
        assert docs[0]["metadata"]["original_time"] > docs[1]["metadata"]["original_time"]


def test_a_pipe_that_pauses_gets_its_alerts(box):
    """As with `tail -f`: what was matched is told when nothing more comes for a while."""
    with open(box.events, "rb") as f:
        text = f.read()
    p = subprocess.Popen([WEIR, "replay", "-r", box.all_rules, "-i", "-", "--quiet"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        p.stdin.write(text)
        p.stdin.flush()
        first = json.loads(p.stdout.readline())  # before the end of the input: nothing else would end this
        equal(first["activity_name"], "Create")
        out, err = p.communicate(timeout=TIMEOUT_S)
        equal((p.returncode, err), (0, b""))
        assert b'"Close"' in out, out
    finally:
        p.kill()


def test_time_order_holds_over_several_files(box):
    a = box.write("a.json", ndjson([process_event(i, time=f"2026-01-01 00:00:{i:02}.000")
                                    for i in range(0, 20, 2)]))
    b = box.write("b.json", ndjson([process_event(i, time=f"2026-01-01 00:00:{i:02}.000")
                                    for i in range(19, 0, -2)]))
    docs = alerts(box, "-i", a, "-i", b).lines()
    times = [d["metadata"]["original_time"] for d in docs]
    equal(len(times), 20)
    equal(times, sorted(times))


def test_events_without_time_get_a_visible_stand_in(box):
    events = box.write("timeless.json", ndjson([process_event(i) for i in range(3)]))
    r = alerts(box, "-i", events, "--time-start", "2026-02-03T04:05:06Z", "--time-step", "1s")
    equal([d["metadata"]["original_time"] for d in r.lines()],
          [f"2026-02-03T04:05:0{i}.000Z" for i in (6, 7, 8)])
    contains(r.err, "no time: 3 events got a stand-in")


def test_a_deterministic_replay_gives_the_same_bytes(box):
    first = alerts(box, "-i", box.events, "--deterministic")
    second = alerts(box, "-i", box.events, "--deterministic")
    assert first.out and first.out == second.out


def test_lists_of_critical_assets_lift_the_score(box):
    events = box.write("critical.json", ndjson([process_event(0)]))
    assets = box.write("assets.csv", b"host,points\nHOST0,15\n")
    plain = creates(alerts(box, "-i", events))
    lifted = creates(alerts(box, "-i", events, "--list", "critical_assets=" + assets))
    assert plain, "no alert"
    for a, b in zip(plain, lifted):
        equal(b["risk_score"], min(100, a["risk_score"] + 15))
        equal(b["unmapped"]["weir"]["risk"]["modifiers"],
              [{"name": "asset_criticality", "why": "host is on list critical_assets", "add": 15}])
    bad = box.write("assets.txt", b"# mode: cidr\n10.0.0.0/8\n")
    r = alerts(box, "-i", events, "--list", "critical_assets=" + bad)
    equal(r.code, 3)
    one_line(r.err, "its mode must be ci or exact, not cidr")


def test_the_table_folds_by_finding(box):
    r = alerts(box, "-i", box.events, "--format", "table")
    equal(r.code, 0)
    contains(r.out, "TIME")
    contains(r.out, "Any Whoami")
    assert "{" not in r.out, r.out


def test_a_table_beside_an_output_file(box):
    out = os.path.join(box.path, "alerts.ndjson")
    r = alerts(box, "-i", box.events, "-o", out, "--format", "table")
    contains(r.out, "Any Whoami")
    with open(out, encoding="utf-8") as f:
        equal(len([json.loads(line) for line in f]), 3)


def test_event_text_cannot_steer_a_terminal(box):
    events = box.write("esc.json", ndjson([dict(process_event(0), User="\x1b[2J\x9b31m",
                                                Hostname="\x1b]0;x\x07")]))
    r = alerts(box, "-i", events, "--format", "table")
    assert "\x1b" not in r.out and "\x9b" not in r.out and "\x07" not in r.out, repr(r.out)


def test_secrets_show_neither_in_alerts_nor_in_the_table(box):
    canary = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT" + "0123456789abcdef"
    events = box.write("secret.json", ndjson([dict(process_event(0), User=canary, Hostname=canary,
                                                   Computer=canary)]))
    for form in ("table", "json"):
        r = alerts(box, "-i", events, "--format", form)
        contains(r.out, "redacted")
        assert canary not in r.out + r.err, form


# ---- where output goes ----------------------------------------------------------------------


def listing(path):
    return sorted(os.listdir(path))


def test_an_output_file_is_complete_or_absent(box):
    out = os.path.join(box.path, "o", "m.ndjson")
    r = matches(box, "-i", box.events, "-o", out)
    equal(r.code, 3)
    one_line(r.err, out + ": error: cannot write")
    os.mkdir(os.path.dirname(out))
    r = matches(box, "-i", box.events, "-o", out)
    equal((r.code, r.out, listing(os.path.dirname(out))), (0, "", ["m.ndjson"]))
    with open(out, encoding="utf-8") as f:
        equal([json.loads(line) for line in f], MATCHES)
    contains(r.err, "3 lines written to")


def test_an_input_is_never_overwritten(box):
    with open(box.events, "rb") as f:
        before = f.read()
    link = os.path.join(box.path, "link.json")
    os.link(box.events, link)
    for out in (box.events, link):
        r = run("replay", "-r", box.all_rules, "-i", box.events, "-o", out)
        equal((r.code, r.out), (3, ""))
        one_line(r.err, "error: --output: this file is also an input")
    with open(box.events, "rb") as f:
        equal(f.read(), before)


def test_what_an_output_is_made_from_is_never_overwritten(box):
    """Rules, lists, overlays, pipelines and tests as little as events."""
    rules, events = box.all_rules, box.events
    lists = os.path.dirname(box.write("lists/known.txt", b"a\n"))
    overlay = box.write("overlays/o.yml", b"rules: {11111111-1111-4111-8111-111111111111: "
                        b"{reason: r, set: {level: low}}}\n")
    pipeline = box.write("p.yml", b"name: p\ntransformations: [{type: field_name_mapping, mapping: {a: b}}]\n")
    test = box.write("rules/a.test.yml", json.dumps({"tests": [
        {"name": "none", "event": {"a": "b"}, "expect": "none"}]}).encode())
    replay = ["replay", rules, "-i", events, "--lists", lists, "--overlays", os.path.dirname(overlay),
              "--pipeline", pipeline]
    coverage = ["coverage", rules, "-i", events]
    link = os.path.join(box.path, "link.yml")
    os.symlink(box.rules, link)
    for args, flag, out in ((replay, "--output", box.rules), (replay, "--output", link),
                            (replay, "--output", os.path.join(rules, "..", "rules", "a.yml")),
                            (replay, "--output", os.path.join(lists, "known.txt")),
                            (replay, "--output", overlay), (replay, "--output", pipeline),
                            (["replay", "--compare", rules, box.rules, "-i", events], "--output",
                             os.path.join(rules, "sub/b.yaml")),
                            (coverage, "--layer", box.rules), (coverage, "--layer", events),
                            (["test", rules], "--junit", test), (["test", rules], "--junit", box.rules)):
        with open(out, "rb") as f:
            before = f.read()
        r = run(*args, flag, out)
        equal((r.code, r.out), (3, ""), flag + out + r.err)
        one_line(r.err, f"error: {flag}: this file is also an input")
        with open(out, "rb") as f:
            equal(f.read(), before, out)
    fine = os.path.join(rules, "out.ndjson")  # beside rules is no rule
    for _ in range(2):
        equal(run(*replay, "-o", fine).code, 0)


def test_a_file_that_cannot_be_written_leaves_stdout_empty(box):
    box.write("rules/a.test.yml", json.dumps({"tests": [
        {"name": "none", "event": {"a": "b"}, "expect": "none"}]}).encode())
    for args in (["coverage", box.all_rules, "--layer"], ["test", box.all_rules, "--junit"]):
        r = run(*args, "/nosuch/file")
        equal((r.code, r.out), (3, ""), args)
        one_line(r.err, "/nosuch/file: error: cannot write")


def test_a_full_device_is_told(box):
    r = matches(box, "-i", box.events, "-o", "/dev/full")
    equal(r.code, 3)
    one_line(r.err, "/dev/full: error: cannot write: No space left on device")
    with open("/dev/full", "wb") as full:
        r = run("replay", "-r", box.all_rules, "-i", box.events, stdout=full)
    equal(r.code, 3)
    one_line(r.err, "stdout: error: cannot write: No space left on device")
    with open("/dev/full", "wb") as full:
        equal(run("check", box.all_rules, stdout=full).code, 3)


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(box):
    disk = os.path.join(box.path, "disk")
    os.mkdir(disk)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk],
                             stderr=subprocess.DEVNULL, check=False)
    if mounted.returncode != 0:
        raise Skip("cannot mount a tmpfs here")
    try:
        out = os.path.join(disk, "m.ndjson")
        with open(out, "w", encoding="utf-8") as f:
            f.write("old\n")
        events = box.write("many.json", ndjson([process_event(i) for i in range(5000)]))
        r = matches(box, "-i", events, "-o", out)
        equal(r.code, 3)
        one_line(r.err, "No space left on device")
        equal(listing(disk), ["m.ndjson"])
        with open(out, encoding="utf-8") as f:
            equal(f.read(), "old\n")
    finally:
        subprocess.run(["umount", disk], check=False)


def test_a_full_stdout_is_told_by_every_command(box):
    if not os.path.exists("/dev/full"):
        raise Skip("no /dev/full here")
    for args in (["help"], ["help", "replay"], ["version"], ["check", box.all_rules],
                 ["replay", "-r", box.all_rules, "-i", box.events, "-q"],
                 ["classify", "-i", box.events]):
        with open("/dev/full", "wb") as full:
            r = run(*args, stdout=full)
        equal(r.code, 3, args)
        one_line(r.err, "stdout: ")
        contains(r.err, "No space left on device")


def test_a_file_at_its_size_limit_is_told(box):
    out = os.path.join(box.path, "out.ndjson")
    big = box.write("big.ndjson", ndjson([process_event(i) for i in range(200)]))
    p = subprocess.run([WEIR, "replay", "-r", box.all_rules, "-i", big, "-o", out],
                       capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    equal(p.returncode, 3, p.stderr)
    one_line(p.stderr, "cannot write: File too large")
    assert not os.path.exists(out)


def test_a_closed_pipe_ends_quietly_with_0(box):
    events = box.write("many.json", ndjson([process_event(i) for i in range(20000)]))
    for args in (["replay", "-r", box.all_rules, "-i", events, "--emit", "matches"],
                 ["replay", "-r", box.all_rules, "-i", events],
                 ["replay", "-r", box.all_rules, "-i", events, "--format", "table"],
                 ["check", box.all_rules], ["classify", "-i", events]):
        p = subprocess.Popen([WEIR, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.close()
        err = p.stderr.read()
        equal((p.wait(timeout=TIMEOUT_S), err), (0, b""), args)


def test_data_goes_to_stdout_and_the_rest_to_stderr(box):
    r = matches(box, "-i", box.events)
    for line in r.out.splitlines():
        json.loads(line)
    contains(r.err, "replay:")
    equal(matches(box, "-i", box.events, "--quiet").err, "")
    assert "\x1b" not in r.err and "\r" not in r.err, "a progress bar without a terminal"


def on_terminal(*args, columns=0):
    """Run with stdout and stderr on a terminal; returns exit code and what was seen."""
    try:
        master, slave = pty.openpty()
    except OSError:
        raise Skip("no terminals here (no /dev/pts)")
    if columns:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen = []

    def reader():
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                return
            if not data:
                return
            seen.append(data)

    thread = threading.Thread(target=reader)
    thread.start()
    p = subprocess.Popen([WEIR, *args], stdout=slave, stderr=slave, stdin=subprocess.DEVNULL)
    code = p.wait(timeout=TIMEOUT_S)
    os.close(slave)
    thread.join(timeout=TIMEOUT_S)
    os.close(master)
    return code, b"".join(seen).decode("utf-8", "replace")


def test_a_terminal_gets_a_table(box):
    code, text = on_terminal("replay", "-r", box.all_rules, "-i", box.events)
    equal(code, 0)
    contains(text, "TITLE")
    assert '"class_uid"' not in text
    code, text = on_terminal("replay", "-r", box.all_rules, "-i", box.events, "--format", "json")
    contains(text, '"class_uid"')


def test_the_progress_line_fits_and_is_gone_before_the_table(box):
    event = json.dumps(process_event(0, image="C:\\x.exe", line="y" * 2000)) + "\n"
    events = box.write("big.json.gz", gzip.compress(event.encode() * 1000) * 150)
    code, text = on_terminal("replay", "-r", box.all_rules, "-i", events, columns=40)
    equal(code, 0)
    drawn = [part for part in text.split("\r\x1b[K") if part.startswith("[")]
    assert drawn, "no progress line in a run of 300 MB"
    for line in drawn:
        assert "\n" not in line and len(line) < 40, repr(line)
    contains(text, "\r\x1b[KTIME  LEVEL")


# ---- summary -------------------------------------------------------------------------------


def test_the_summary_tells_of_shapes_and_fields_never_seen(box):
    box.write("rules/blind.yml", RULE.replace("11111111-1111", "55555555-5555")
              .replace("CommandLine|contains", "ParentCommandLine|contains").encode())
    r = matches(box, "-i", box.events)
    contains(r.err, "PROFILE")
    contains(r.err, "ParentCommandLine (1)")


def test_an_unknown_shape_sees_every_rule(box):
    events = box.write("odd.json", ndjson([{"Image": "C:\\x\\whoami.exe", "zzz": 1}]))
    r = matches(box, "-i", events)
    equal([m["rule"][:4] for m in r.lines()], ["2222"], r.err)
    contains(r.err, "1 event of unknown shape saw every rule")
    assert "unknown shape" not in matches(box, "-i", box.events).err


# ---- bench and classify ------------------------------------------------------------------------


def test_bench_prints_one_object(box):
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--rounds", "3", "--format", "json")
    equal(r.code, 0, r.err)
    d = json.loads(r.out)
    for key in ("rules", "events", "bytes", "rounds", "seconds", "events_per_second",
                "bytes_per_second", "matches", "threads", "simd", "cache", "routing",
                "load_seconds", "rss_rules_bytes", "rss_peak_bytes"):
        assert key in d, key
    equal((d["rules"], d["events"], d["rounds"], d["matches"], d["threads"], d["routing"]),
          (2, 4, 3, 3, 1, True))
    equal(d["bytes"], os.path.getsize(box.events))


def test_bench_with_alerts_and_without_routing(box):
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--seconds", "0", "--alerts",
            "--no-routing", "--no-cache")
    d = json.loads(r.out)
    equal((d["alerts"], d["routing"], d["cache"], d["rounds"]), (True, False, False, 1))
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--seconds", "0", "--format", "table")
    contains(r.out, "events/s")


def test_bench_tells_what_each_stage_takes_and_counts_alerts(box):
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--rounds", "2", "--alerts", "--profile-rules",
            "--format", "json")
    equal(r.code, 0, r.err)
    d = json.loads(r.out)
    equal(set(d["ns_per_event"]), {"extract", "match", "match_evaluate", "alert"})
    assert d["ns_per_event"]["match"] > 0 and d["ns_per_event"]["alert"] > 0, d["ns_per_event"]
    equal(d["alerts_written"], d["matches"])
    assert d["alert_bytes"] > 500 * d["matches"], d["alert_bytes"]
    assert 0 < len(d["costly_rules"]) <= 20
    assert abs(sum(c["share_of_rules"] for c in d["costly_rules"]) - 1) < 0.001
    d = json.loads(run("bench", "-r", box.all_rules, "-i", box.events, "--rounds", "1").out)
    equal((d["ns_per_event"]["alert"], "alert_bytes" in d, "costly_rules" in d), (0, False, False))


def test_bench_samples_rules_that_can_see_the_inputs(box):
    for i in range(12):
        text = RULE.replace("11111111-1111-4111-8111-1111111111", "11111111-1111-4111-8111-11111111%02d" % i)
        if i >= 8:
            text = text.replace("product: windows", "product: linux")
        box.write("sampled/r%d.yml" % i, text.encode())

    def bench(n, *more):
        r = run("bench", "-r", os.path.join(box.path, "sampled"), "-i", box.events, "--rounds", "1",
                "--rules-sample", str(n), *more)
        equal(r.code, 0, r.err)
        return json.loads(r.out)
    every = bench(1000)
    equal((every["rules"], every["rules_visible"]), (8, 8))
    some = bench(3, "--profile-rules", "--seed", "7")
    equal((some["rules"], some["rules_visible"], some["seed"]), (3, 8, 7))
    drawn = [[c["uid"] for c in bench(3, "--profile-rules", "--seed", str(seed))["costly_rules"]]
             for seed in (7, 7, 8, 9, 10)]
    equal(sorted(drawn[0]), sorted(drawn[1]))
    assert any(sorted(d) != sorted(drawn[0]) for d in drawn[2:]), drawn


def test_bench_runs_several_threads_over_one_rule_set(box):
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--rounds", "3", "--threads", "2", "--alerts",
            "--profile-rules", "--format", "json")
    equal(r.code, 0, r.err)
    d = json.loads(r.out)
    equal((d["threads"], d["rounds"], d["matches"], d["alerts_written"]), (2, 6, 3, 3))
    equal(sum(c["matches"] for c in d["costly_rules"]), 2 * 4 * 3)  # each thread: 3 rounds and one to warm up
    for wrong in (["--threads", "0"], ["--threads", "100000"], ["--threads", "2", "--literals"]):
        r = run("bench", "-r", box.all_rules, "-i", box.events, *wrong)
        equal(r.code, 3, wrong)
        contains(r.err, "thread")
    r = run("bench", "-r", box.all_rules, "-i", box.write("none.json", b""), "--threads", "2", "--seconds", "0")
    equal(r.code, 3)
    one_line(r.err, "the inputs hold no event")


def test_bench_measures_the_literal_engine_alone(box):
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--literals", "--seconds", "0", "--format", "json")
    equal(r.code, 0, r.err)
    d = json.loads(r.out)
    assert d["literals"] > 0 and d["values"] > 0 and d["checked"] > 0 and d["complete"], d
    equal((d["events"], d["differences"]), (4, 0))
    r = run("bench", "-r", box.all_rules, "-i", box.events, "--literals", "--seconds", "0", "--format", "table")
    contains(r.out, "0 differences")


def test_bench_without_events_is_told(box):
    r = run("bench", "-r", box.all_rules, "-i", box.write("empty.json", b""), "--seconds", "0")
    equal(r.code, 3)
    one_line(r.err, "the inputs hold no event")
    r = run("bench", "-r", box.all_rules, "-i", box.write("bad.json", b"a,b\n1,2\n"), "--seconds", "0")
    equal(r.code, 3)
    one_line(r.err, "the inputs hold no event, records rejected: 2 ('weir classify' says why)")


def test_classify_counts_shapes(box):
    with open(box.events, "rb") as f:
        text = f.read()
    events = box.write("mixed.json", b'{"zzz":1}\n{bad\n' + text)
    r = run("classify", "-i", events)
    equal(r.code, 0, r.err)
    shapes = r.lines()
    equal(sum(s["events"] for s in shapes), 5)
    unknown = [s for s in shapes if s["profile"] is None]
    equal((len(unknown), unknown[0]["first_event"], unknown[0]["keys"]), (1, 0, ["zzz"]))
    windows = [s for s in shapes if s["profile"]][0]
    equal(windows["product"], ["windows"])
    equal(windows["first_event"], 2)
    assert "Image" not in windows["unresolved"]
    contains(r.err, "1 of unknown shape")
    contains(r.err, "classify: 5 events, ")
    contains(r.err, "rejected: 1 record\n")
    contains(run("classify", "-i", events, "--format", "table").out, "(unknown)")


def main():
    names = sys.argv[1:]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not os.access(WEIR, os.X_OK):
        print(f"{WEIR} is not there: build it first")
        print("0 passed, 1 failed, 0 skipped")
        return 1
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (names and name[5:] not in names):
            continue
        box = Box()
        try:
            test(box)
            counts["passed"] += 1
        except Skip as why:
            counts["skipped"] += 1
            print(f"SKIP {name[5:]}: {why}")
        except Exception:  # a failed expectation or a crash of the test: both are failures
            counts["failed"] += 1
            print(f"FAIL {name[5:]}")
            traceback.print_exc(limit=4, file=sys.stdout)
        finally:
            box.close()
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
