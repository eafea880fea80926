"""bench_peers - weir beside rsigma, the fastest other engine for Sigma rules that we know of.

rsigma comes by its name and version from its registry, built by cargo into build/peers. Same rules,
same events, one core, JSON included, both in turn inside one run. rsigma's rate is that of nine
copies of a lane: the time for ten copies less the time for one, so that its start does not count.
"""
import os
import re
import shutil
import subprocess
import tempfile

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
    return one_core() + [RSIGMA, "engine", "eval", "-r", b.rules, "-e", "@" + path, "--logsource-routing", *flags]


def timed(b, path):
    """Seconds on the core that rsigma takes for a file, and seconds in all."""
    with tempfile.TemporaryFile() as err:
        before, start = os.times(), os.times().elapsed
        run = subprocess.run(command(b, path, "-q"), stdout=subprocess.DEVNULL, stderr=err)
        after = os.times()
        if run.returncode:
            err.seek(0)
            fail(f"rsigma failed: {err.read().decode()[-800:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, after.elapsed - start


def told(b, path):
    """What rsigma says of a lane: rules loaded, matches."""
    run = subprocess.run(command(b, path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    loaded = re.search(r"Loaded (\d+)", run.stderr)
    matches = re.search(r"(\d+) (?:detection )?matches", run.stderr)
    return (int(loaded.group(1)) if loaded else None,
            int(matches.group(1)) if matches else sum(1 for line in run.stdout.splitlines() if line.strip()))


def copies(b, lane):
    path = os.path.join(b.top, lane + ".copies")
    with open(b.lane(lane), "rb") as f, open(path, "wb") as to:
        text = f.read()
        for _ in range(COPIES):
            to.write(text if text.endswith(b"\n") else text + b"\n")
    return path


def compare(b, lane):
    one, many = b.lane(lane), copies(b, lane)
    loaded, matches = told(b, one)
    flags = ["--no-cache"] + (["--alerts"] if lane in WITH_ALERTS else [])
    theirs, theirs_wall, ours, ratios = [], [], [], []
    for _ in range(b.runs):
        cpu_one, wall_one = timed(b, one)
        cpu_many, wall_many = timed(b, many)
        facts = b.weir(one, *flags, prefix=one_core())
        events = facts["events"] * (COPIES - 1)
        theirs.append(events / (cpu_many - cpu_one))
        theirs_wall.append(events / max(wall_many - wall_one, 1e-9))
        ours.append(rate(facts))
        ratios.append(ours[-1] / theirs[-1])
    os.unlink(many)
    least, aim = WANTED[lane]
    got = median(ratios)
    row = [lane + (" (alerts)" if lane in WITH_ALERTS else ""), spread(theirs), number(median(theirs_wall)),
           spread(ours), spread(ratios, lambda x: f"{x:.1f}"), f"{least} / {aim}",
           "aim" if got >= aim else "yes" if got >= least else "NO", number(matches), number(facts["matches"])]
    print(" | ".join(row), flush=True)
    return row, loaded, facts["rules"]


def peers(b):
    """The section, or None if there is no peer to be had."""
    if not install():
        return None
    rows = []
    for lane in b.lanes(COMPARED):
        row, loaded, rules = compare(b, lane)
        rows.append(row)
    return f"""## Beside rsigma {VERSION}

{b.where()}

`make bench-peers`: `rsigma engine eval -r RULES -e @LANE -q --logsource-routing` and `weir bench -r RULES -i LANE
--no-cache` (with `--alerts` where it says so), each on one core, in turn. Rates are events a second of time on the
core; rsigma's also by the clock, which other work on the machine slows. rsigma's time is that for {COPIES} copies of
the lane less that for one. Rules loaded: rsigma {loaded}, weir {rules}. The ratio counts.

{table(['lane', 'rsigma', 'by the clock', 'weir', 'ratio', 'at least / aim', 'reached', 'matches, rsigma',
        'matches, weir'], rows)}"""
