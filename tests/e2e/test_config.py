#!/usr/bin/env python3
"""test_config.py - `weir config` seen from outside: a right configuration is told on stdout with exit code 0, a
wrong one is one line on stderr with exit code 3 (2: a rule), whatever is in the file.

Runs $WEIR, or build/weir. Python standard library only. Each test is a function whose name is a sentence; the
last line is `N passed, N failed`. Brokers are in tests/kafka/test_security.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.dont_write_bytecode = True
from asserts import contains, equal  # noqa: E402

WEIR = os.environ.get("WEIR", os.path.join(ROOT, "build", "weir"))
TIMEOUT_S = 300

RULE = """title: Any Whoami
id: 22222222-2222-4222-8222-222222222222
status: test
level: low
logsource: {product: windows, category: process_creation}
detection:
    selection:
        Image|endswith: '\\whoami.exe'
    condition: selection
"""
GOOD = "kafka: {common: {bootstrap.servers: 'b:9092'}}\nrules: {paths: [RULES]}\ninputs: [events]\n"


class Box:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="weir-config-")
        self.rules = os.path.dirname(self.write("rules/a.yml", RULE.encode()))
        self.good = self.config(GOOD, "good.yml")

    def write(self, name, data):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def config(self, text, name="weir.yml"):
        return self.write(name, text.replace("RULES", self.rules).encode())

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Result:
    def __init__(self, p):
        self.code = p.returncode
        self.out, self.err = (x.decode("utf-8", "replace") for x in (p.stdout, p.stderr))
        # Warnings are lines of their own; what matters is what is left.
        self.errors = [line for line in self.err.splitlines() if "warning: " not in line]


def config(*words, env=None, stdout=subprocess.PIPE):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_") or k == "WEIR_DATA"}
    p = subprocess.run([WEIR, "config", *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                       env={**clean, **(env or {})}, timeout=TIMEOUT_S, check=False)
    if p.stdout is None:
        p.stdout = b""
    assert p.returncode >= 0, f"killed by signal {-p.returncode}: {p.stderr}"
    return Result(p)


def refused(r, part, code=3):
    equal((r.code, r.out, len(r.errors)), (code, "", 1), r.err)
    contains(r.errors[0], part)


def test_a_right_configuration_is_told_in_one_line(box):
    r = config("validate", "-c", box.good)
    equal((r.code, r.errors), (0, []), r.err)
    equal(len(r.out.splitlines()), 1)
    contains(r.out, box.good + ": ok (inputs: 1, rules: 1, rule set: ")


def test_files_that_are_none_get_a_line_each(box):
    for name, data, part in [
            ("empty", b"", "no configuration in it: the file is empty"),
            ("blank", b"\n\n# nothing\n", "no configuration in it: the file is empty"),
            ("binary", bytes(range(256)) * 8, "error: "),
            ("elf", open(WEIR, "rb").read(4096), "error: "),
            ("zeros", b"\0" * 100, "error: "),
            ("latin1", b"group: {name: caf\xe9}\n", "error: "),
            ("tabs", b"kafka:\n\tcommon: {}\n", ":2:1: error: "),
            ("cut", b"kafka: {common: ", ":1:"),
            ("quote", b"group: {name: 'x}\n", "error: "),
            ("twice", b"group: {name: a}\ngroup: {name: b}\n", ":2:1: error: the key 'group' is already given in line 1"),
            ("list", b"- a\n", ":1:1: error: a map is wanted, not a list"),
            ("text", b"hello\n", ":1:1: error: a map is wanted, not text"),
            ("two", b"group: {}\n---\ngroup: {}\n", ":3:1: error: one document is wanted"),
            ("tag", b"group: !!python/object:os.system {}\n", "error: "),
            ("alias", b"group: *nowhere\n", "error: "),
            ("deep", b"group: " + b"[" * 500 + b"\n", "error: "),
            ("bomb", b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
                b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 108)), "error: "),
            ("large", b"#" * (5 << 20), "more than 4194304 bytes")]:
        path = box.write(name, data)
        refused(config("validate", "-c", path), part)
        refused(config("show", "-c", path), path)


def test_paths_that_are_no_files_get_a_line_each(box):
    refused(config("validate", "-c", "/nowhere/weir.yml"), "/nowhere/weir.yml: error: cannot read: No such file")
    refused(config("validate", "-c", box.path), "cannot read: Is a directory")
    if os.getuid():
        os.chmod(box.good, 0)
        refused(config("validate", "-c", box.good), "cannot read: Permission denied")


def test_a_wrong_value_names_file_line_and_column(box):
    path = box.config(GOOD + "work:\n  threads: 2\n  bath_time: 1s\n")
    refused(config("validate", "-c", path),
            path + ":6:3: error: work.bath_time: unknown key (did you mean 'work.batch_time'?)")
    # A line break in a value does not break the line.
    path = box.config(GOOD + 'state: "redis\\n\\e[31m"\n')
    refused(config("validate", "-c", path), ":4:8: error: state.url: 'redis??[31m' is not none, ")


def test_environment_and_options_are_named(box):
    refused(config("validate", "-c", box.good, env={"WEIR_WORK_THREADS": "x"}), "error: WEIR_WORK_THREADS: 'x' is not")
    refused(config("validate", "-c", box.good, "-X", "work.threads=x"), "error: -X work.threads: 'x' is not")
    refused(config("validate", "-c", box.good, "-X", "nonsense"), "error: -X 'nonsense' is not KEY=VALUE")
    refused(config("validate", "-c", box.good, "-X", "work.threads=1", "-X", "work.threads=2"),
            "error: -X work.threads is given twice")
    refused(config("validate", "-c", box.good, "-X", "kafka.common.group.id=x"),
            "-X kafka.common: kafka property group.id is set by weir: it is the key group.name")
    r = config("validate", env={"WEIR_CONFIG": box.good})
    equal(r.code, 0, r.err)


def test_files_that_a_configuration_names_must_be_there(box):
    for text, part in [
            ("state: {url: 'redis://h', password_file: /nowhere/p}\n", "/nowhere/p: error: cannot read"),
            ("state: {url: 'redis://h', secret_file: /nowhere/s}\n", "/nowhere/s: error: cannot read"),
            ("state: {url: 'rediss://h', ca_file: /nowhere/c}\n", "/nowhere/c: error: cannot read")]:
        refused(config("validate", "-c", box.config(GOOD + text)), part)
    refused(config("validate", "-c", box.good, "-X", "kafka.secret_files.sasl.password=/nowhere/k"),
            "/nowhere/k: error: cannot read")
    refused(config("validate", "-c", box.good, "-X", "rules.overlays=/nowhere/o"), "/nowhere/o")
    refused(config("validate", "-c", box.config(GOOD.replace("RULES", "/nowhere/r"))), "/nowhere/r: error: no such")


def test_a_rule_that_does_not_load_is_exit_code_2(box):
    path = box.write("rules/b.yml", RULE.replace("endswith", "endwith").replace("22222222-", "33333333-").encode())
    refused(config("validate", "-c", box.good), path, code=2)
    equal(config("validate", "-c", box.good, "-X", "rules.skip_bad=true").code, 0)


def test_a_rule_that_needs_state_is_refused_without_a_store(box):
    box.write("rules/b.yml", """title: Many
id: 33333333-3333-4333-8333-333333333333
correlation: {type: event_count, rules: [22222222-2222-4222-8222-222222222222], group-by: [User], timespan: 1m, condition: {gte: 5}}
""".encode())
    refused(config("validate", "-c", box.good), "rule 33333333-3333-4333-8333-333333333333 needs state", code=2)
    equal(config("validate", "-c", box.good, "-X", "state=redis://127.0.0.1:1").code, 0)


def test_a_stores_files_are_read_and_nobody_is_asked(box):
    store = ("validate", "-c", box.good, "-X", "state=redis://127.0.0.1:1")
    equal(config(*store, "-X", "state.password_file=" + box.write("right", b"pw\n")).code, 0)
    refused(config(*store, "-X", "state.password_file=" + box.write("none", b"")), "its first line is empty")
    refused(config(*store, "-X", "state.secret_file=" + box.write("short", b"short")), "a secret has at least 16 bytes")


def test_what_is_shown_loads_again_and_says_where_from(box):
    path = box.config(GOOD + "work:\n  batch_events: 500\n")
    r = config("show", "-c", path, "-X", "http.address=none", env={"WEIR_WORK_THREADS": "3"})
    equal((r.code, r.errors), (0, []), r.err)
    shown = {line.split(":")[0].strip(): line for line in r.out.splitlines()}
    contains(shown["batch_events"], f"500                             # {path}:5")
    contains(shown["threads"], "# WEIR_WORK_THREADS")
    contains(shown["address"], "none ")
    contains(shown["address"], "# flag")
    contains(shown["crash_max"], "# default")
    again = config("show", "-c", box.write("again.yml", r.out.encode()))
    equal([line.split(" # ")[0].rstrip() for line in again.out.splitlines()],
          [line.split(" # ")[0].rstrip() for line in r.out.splitlines()])


def test_secrets_are_never_shown(box):
    secret = box.write("secret", b"hunter2\n")
    r = config("show", "-c", box.good, "-X", f"kafka.secret_files.sasl.password={secret}")
    equal(r.code, 0, r.err)
    contains(r.out, f"sasl.password: {secret}")
    assert "hunter2" not in r.out + r.err
    path = box.config(GOOD.replace("{bootstrap", "{sasl.password: hunter2, bootstrap"))
    r = config("show", "-c", path)
    refused(r, "kafka.common.sasl.password: a secret: write it to a file")
    assert "hunter2" not in r.err


def test_the_example_is_the_documented_one(_box):
    r = config("example")
    equal(r.code, 0)
    with open(os.path.join(ROOT, "docs", "weir.example.yml"), encoding="utf-8") as f:
        equal(r.out, f.read())


def test_wrong_use_is_told(_box):
    for words, part in [((), "a word is wanted: validate, show or example"),
                        (("validate", "show"), "one word is wanted"),
                        (("valdate",), "unknown word 'valdate' (did you mean 'validate'?)"),
                        (("zzzzzzzz",), "unknown word 'zzzzzzzz' (validate, show, example)"),
                        (("show", "--online"), "--online belongs to validate"),
                        (("show", "--onlin"), "unknown option '--onlin' (did you mean '--online'?)"),
                        (("show", "-c"), "--config needs a value: FILE")]:
        refused(config(*words), part)
    with open("/dev/full", "wb") as full:
        r = config("example", stdout=full)
    equal((r.code, len(r.errors)), (3, 1), r.err)


def main():
    names = sys.argv[1:]
    passed = failed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (names and name[5:] not in names):
            continue
        box = Box()
        try:
            test(box)
            passed += 1
        except Exception:  # a failed expectation or a crash of the test: both are failures
            failed += 1
            print(f"FAIL {name[5:]}")
            traceback.print_exc(limit=4, file=sys.stdout)
        finally:
            box.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
