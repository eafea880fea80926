"""bench_speed - the speed of a shared machine while something is measured, and how far that can be trusted.

tests/bench/speed_probe does a short piece of weir's own work on each core, again and again. The speed of a stretch of
time is the mean of (usual time / time) of the pieces that ended in it; the usual time is the median of all pieces of
the run. CPU time x speed in its own stretch is what it would have been at the usual speed. The probe takes some 2 %
of each core, as every other process does."""
import os
import statistics
import subprocess
import threading
import time

from bench_lib import BUILD, ROOT, fail, median, rate, spread, table

START_S = 60
RUNS = 20  # of the section


class Probe:
    """Watches until it is closed."""

    def __init__(self, b):
        """All Sigma rules on the lane of most figures."""
        self.pieces = []  # (when, core, microseconds)
        self.first = threading.Event()
        program = os.path.join(BUILD, "bench", "speed_probe")
        if not os.access(program, os.X_OK):
            fail(f"not built: {os.path.relpath(program, ROOT)} (make bench-worker builds it)")
        command = [program, b.rules, b.lane("structured_windows"), *b.named_lists]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, daemon=True).start()
        if not self.first.wait(START_S):
            fail("speed_probe says nothing")

    def read(self):
        for line in self.process.stdout:
            when, core, us = line.split()
            self.pieces.append((float(when), int(core), float(us)))
            self.first.set()

    def speed(self, start, end, core=None):
        """1: as usual. Times are those of time.monotonic(); without `core`, the mean of all."""
        usual = median([p[2] for p in self.pieces])
        seen = [usual / p[2] for p in self.pieces if start <= p[0] <= end and core in (None, p[1])]
        return statistics.mean(seen) if seen else float("nan")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def speed(b):
    """The same thing, measured again and again: what differs is the machine."""
    where, runs = b.where().rsplit(";", 1)[0], []
    with Probe(b) as probe:
        for i in range(RUNS):
            core = i % os.cpu_count()
            f = b.weir(b.lane("structured_windows"), "--no-cache", seconds=1, prefix=("taskset", "-c", str(core)))
            end = time.monotonic()
            runs.append((rate(f), (end - f["seconds"], end, core)))
        speeds = [probe.speed(*when) for _, when in runs]
    figures = {"as read": [r for r, _ in runs], "the probe's speed": speeds,
               "at the usual speed": [r / s for (r, _), s in zip(runs, speeds)]}
    rows = [[name, spread(v, "{:.2f}".format if v is speeds else "{:,.0f}".format),
             f"{statistics.stdev(v) / statistics.mean(v):.1%}"] for name, v in figures.items()]
    return "\n".join([
        "## The speed of the machine", "", where + ".", "",
        f"The same `weir bench --no-cache` of a second, {RUNS} times, each on one core: what differs is the machine, whose cores "
        "others share whom it does not see. tests/bench/speed_probe.c runs 256 events through all Sigma rules some 16 times a "
        "second on each core and tells the speed in the very time of a measurement, by its own CPU time; 1 is its median. "
        "Rates / speed are those at the usual speed; sections that say so use it.", "",
        table(["", "median (lowest to highest)", "standard deviation"], rows), ""])
