"""bench_lib - what all measurements of tools/bench share: rules and lanes unpacked, weir run, figures
as medians with their spread, and docs/benchmarks.md, which keeps the sections that a run did not
measure."""
import json
import os
import platform
import re
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
WEIR = os.environ.get("WEIR", os.path.join(BUILD, "weir"))
DATA = os.environ.get("WEIR_DATA", os.path.join(ROOT, "..", "shared", "data"))
DOCUMENT = os.path.join(ROOT, "docs", "benchmarks.md")
PLACEHOLDERS = ["Administrators", "JumpServers", "Workstations", "Servers", "DomainControllers"]

# The lanes that we compare with others, then the rest. A real corpus is cut to its head.
COMPARED = ["structured_windows", "diverse_windows", "raw_windows", "sysmon_file_event", "mixed_schema",
            "cisco_syslog", "match_heavy", "windows-otrf"]
LANES = COMPARED + ["low_match", "no_match", "correlation"]
HEAD = {"windows-otrf": 10000}


def fail(text):
    sys.exit("bench: " + text)


class Bench:
    """Rules, lists and lanes in a directory of their own; how often and how long to measure."""

    def __init__(self, top, runs, seconds, lanes):
        self.top, self.runs, self.seconds = top, runs, seconds
        self.chosen = lanes
        self.rules = os.path.join(top, "rules")
        os.mkdir(self.rules)
        subprocess.run(f"zstd -qdc '{DATA}/rules/sigma.tar.zst' | tar x -C '{self.rules}'", shell=True, check=True)
        entries = os.path.join(top, "entries.txt")
        with open(entries, "w") as f:
            f.write("adm-entry\nsrv-entry\n")
        # A list for every placeholder that the rules name.
        names = set(PLACEHOLDERS)
        out = subprocess.run(["grep", "-rhoE", "%[A-Za-z_]+%", self.rules], stdout=subprocess.PIPE, text=True).stdout
        names.update(n.strip("%") for n in out.split())
        self.named_lists = [f"{n}={entries}" for n in sorted(names)]
        self.lists = [x for n in self.named_lists for x in ("--list", n)]
        self.facts = None  # of the last run

    def lanes(self, of=LANES):
        return [n for n in of if not self.chosen or n in self.chosen]

    def lane(self, name):
        """The file of a lane, unpacked once."""
        path = os.path.join(self.top, name + ".ndjson")
        if os.path.exists(path):
            return path
        packed = os.path.join(DATA, "events", name + ".ndjson.zst")
        if not os.path.exists(packed):
            packed = os.path.join(DATA, "events", f"lane-{name}.ndjson.zst")
        with open(path, "wb") as f:
            unpack = subprocess.Popen(["zstd", "-qdc", packed], stdout=subprocess.PIPE)
            for n, line in enumerate(unpack.stdout):
                if n == HEAD.get(name):
                    break
                f.write(line)
            unpack.stdout.close()
            unpack.wait()
        return path

    def weir(self, lane_path, *flags, simd=None, seconds=None, prefix=(), program=WEIR):
        """The JSON object of one `weir bench`."""
        command = [*prefix, program, "bench", "-r", self.rules, "-i", lane_path, "--format", "json", "--seconds",
                   str(self.seconds if seconds is None else seconds), *flags, *self.lists]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=dict(os.environ, WEIR_SIMD=simd) if simd else None)
        if run.returncode:
            fail(f"weir bench {' '.join(flags)} failed: {run.stderr[-800:]}")
        self.facts = json.loads(run.stdout)
        return self.facts

    def program(self, name, *arguments):
        """The output of a program of tests/bench."""
        run = subprocess.run([os.path.join(BUILD, "bench", name), *map(str, arguments)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        if run.returncode:
            fail(f"{name} failed: {run.stderr.decode()[-800:]}")
        return run.stdout

    def where(self):
        """The line that says where and how a section was measured."""
        with open("/proc/loadavg") as f:
            load = f.read().split()[0]
        changes = output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks.md")
        return (f"Measured at {output('git', 'rev-parse', '--short=12', 'HEAD')}{' with changes' if changes else ''}: "
                f"{cpu_name()}, {os.cpu_count()} cores, load average {load} (other work on the machine), "
                f"{output('gcc', '--version').splitlines()[0]}; {self.runs} runs in turn.")


def cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


def number(n):
    return f"{n:,.0f}"


def median(values):
    return statistics.median(values)


def spread(values, form=number):
    """Median (lowest to highest)."""
    values = sorted(values)
    return f"{form(median(values))} ({form(values[0])} to {form(values[-1])})"


def rate(facts):
    """Events a second of time on a core: what other work takes away does not count."""
    return facts["events"] * facts["rounds"] / facts["cpu_seconds"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


# ---- the document ---------------------------------------------------------------------------

OPENING = """# Benchmarks

Written by `make bench`, `make bench-peers`, `make bench-correlation`, `make bench-elastic` and `make bench-worker` (tools/bench): every figure below was
measured by one of them; a section stands until it is measured anew, and names the commit that it is of. One thread, JSON
included, all shared Sigma rules loaded, rates in events a second of time on a core; median (lowest to
highest) of the runs.
"""


def read_document():
    try:
        with open(DOCUMENT) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def read_notes():
    """Lines above the sections that say something of a commit: `Sections of COMMIT ...`."""
    return re.findall(r"^(?=Sections of ([0-9a-f]{7,}) )(.*)$", read_document().split("<!-- section", 1)[0], flags=re.M)


def read_sections():
    """What the document holds: name -> text, without the marker."""
    text = read_document()
    parts = re.split(r"^<!-- section: ([\w-]+) -->\n", text, flags=re.M)
    return {name: body.strip("\n") for name, body in zip(parts[1::2], parts[2::2])}


def write_sections(sections, order):
    """A note on a commit stays as long as a section was measured at it."""
    notes = [note for commit, note in read_notes() if any(f"Measured at {commit}" in text for text in sections.values())]
    with open(DOCUMENT, "w") as f:
        f.write(OPENING)
        f.writelines(f"\n{note}\n" for note in notes)
        for name in order:
            if name in sections:
                f.write(f"\n<!-- section: {name} -->\n{sections[name]}\n")
