"""bench_peers - weir beside rsigma, the fastest other engine for Sigma rules that we know of.

rsigma comes by its name and version from its registry, built by cargo into build/peers. Same rules,
same events, one core, JSON included, both in turn inside one run. rsigma's rate is that of nine
copies of a lane: the time for ten copies less the time for one, so that its start does not count.
"""
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

from bench_lib import COMPARED, ROOT, fail, median, number, rate, spread, table

VERSION = "0.23.0"
PLACE = os.path.join(ROOT, "build", "peers")
RSIGMA = os.path.join(PLACE, "bin", "rsigma")
COPIES = 10
# What we want of each lane: at least, aim. Lanes with alerts: one whole document for each match.
WANTED = {"structured_windows": (10, 20), "diverse_windows": (8, 16), "raw_windows": (3, 5),
          "sysmon_file_event": (8, 16), "mixed_schema": (8, 16), "cisco_syslog": (3, 6), "match_heavy": (4, 8),
          "windows-otrf": (8, 16)}
WITH_ALERTS = {"match_heavy"}


def install():
    """True if rsigma is there, or could be built."""
    if os.path.exists(RSIGMA):
        return True
    if not shutil.which("cargo"):
        print("bench: SKIP peers: no cargo (Rust) to build rsigma with")
        return False
    print(f"bench: building rsigma {VERSION} into build/peers (once, several minutes)", flush=True)
    os.makedirs(PLACE, exist_ok=True)
    log = os.path.join(PLACE, "cargo.log")
    with open(log, "w") as f:
        built = subprocess.run(["cargo", "install", "--locked", f"rsigma@{VERSION}", "--root", PLACE], stdout=f,
                               stderr=subprocess.STDOUT, cwd=PLACE)
    if built.returncode:
        print("bench: SKIP peers: cargo could not build rsigma: see build/peers/cargo.log")
        return False
    return True


def one_core():
    """The start of a command that keeps to one core; empty where there is no taskset."""
    return ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if shutil.which("taskset") else []


def command(b, path, *flags):
    return one_core() + [RSIGMA, "engine", "eval", "-r", b.rules, "-e", "@" + path, *flags]


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(b, path):
    """Seconds on the core that rsigma takes for a file, and seconds in all."""
    with tempfile.TemporaryFile() as err:
        cpu, start = children_seconds(), time.monotonic()
        run = subprocess.run(command(b, path, "-q", "--logsource-routing"), stdout=subprocess.DEVNULL, stderr=err)
        wall = time.monotonic() - start
        if run.returncode:
            err.seek(0)
            fail(f"rsigma failed: {err.read().decode()[-800:]}")
    return children_seconds() - cpu, wall


def told(b, path, *flags):
    """What rsigma says of a lane: rules loaded, matches."""
    run = subprocess.run(command(b, path, *flags), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    loaded, matches = re.search(r"Loaded (\d+)", run.stderr), re.search(r"(\d+) matches", run.stderr)
    if not loaded or not matches:
        fail(f"rsigma does not say what it did: {run.stderr[-800:]}")
    return int(loaded.group(1)), int(matches.group(1))


def difference(b, lane, path, theirs, ours):
    """Why the numbers of matches differ, as far as switching routing off tells."""
    unrouted = told(b, path)[1]
    ours_unrouted = b.weir(path, "--no-cache", "--no-routing", seconds=0)["matches"]
    text = (f"- {lane}: rsigma {number(theirs)}, without routing {number(unrouted)}; weir {number(ours)}, without "
            f"routing {number(ours_unrouted)}.")
    if unrouted == theirs and ours < theirs <= ours_unrouted:
        text += (" The events name no product and no category, so rsigma lets every rule see them all; weir's"
                 " profiles know what they are and leave out rules for other sources. What weir has beyond"
                 " rsigma without routing are fields that only a profile maps.")
    return text


def copies(b, lane):
    path = os.path.join(b.top, lane + ".copies")
    with open(b.lane(lane), "rb") as f, open(path, "wb") as to:
        text = f.read()
        for _ in range(COPIES):
            to.write(text if text.endswith(b"\n") else text + b"\n")
    return path


def compare(b, lane):
    one, many = b.lane(lane), copies(b, lane)
    loaded, matches = told(b, one, "--logsource-routing")
    flags = ["--no-cache"] + (["--alerts"] if lane in WITH_ALERTS else [])
    theirs, theirs_wall, ours, ratios = [], [], [], []
    for _ in range(b.runs):
        cpu_one, wall_one = timed(b, one)
        cpu_many, wall_many = timed(b, many)
        facts = b.weir(one, *flags, prefix=one_core())
        events = facts["events"] * (COPIES - 1)
        theirs.append(events / (cpu_many - cpu_one))
        if wall_many > wall_one:  # a busy machine can turn a short lane around
            theirs_wall.append(events / (wall_many - wall_one))
        ours.append(rate(facts))
        ratios.append(ours[-1] / theirs[-1])
    os.unlink(many)
    why = [] if matches == facts["matches"] else [difference(b, lane, one, matches, facts["matches"])]
    least, aim = WANTED[lane]
    got = median(ratios)
    row = [lane + (" (alerts)" if lane in WITH_ALERTS else ""), spread(theirs), number(median(theirs_wall)) if theirs_wall else "?",
           spread(ours), spread(ratios, lambda x: f"{x:.1f}"), f"{least} / {aim}",
           "aim" if got >= aim else "yes" if got >= least else "NO", number(matches), number(facts["matches"])]
    print(" | ".join(row), flush=True)
    return row, why, loaded, facts["rules"]


def peers(b):
    """The section, or None if there is no peer to be had."""
    if not install():
        return None
    rows, reasons = [], []
    for lane in b.lanes(COMPARED):
        row, why, loaded, rules = compare(b, lane)
        rows.append(row)
        reasons += why
    if reasons:
        reasons = ["\n\nMatches that differ:\n"] + reasons
    return f"""## Beside rsigma {VERSION}

{b.where()}

`make bench-peers`: `rsigma engine eval -r RULES -e @LANE -q --logsource-routing` and `weir bench -r RULES -i LANE
--no-cache` (with `--alerts` where it says so), each on one core, in turn. Rates are events a second of time on the
core; rsigma's also by the clock, which other work on the machine slows. rsigma's time is that for {COPIES} copies of
the lane less that for one. Rules loaded: rsigma {loaded}, weir {rules}. The ratio counts.

{table(['lane', 'rsigma', 'by the clock', 'weir', 'ratio', 'at least / aim', 'reached', 'matches, rsigma',
        'matches, weir'], rows)}""" + "\n".join(reasons)
