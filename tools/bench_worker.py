"""bench_worker - the section of docs/benchmarks.md about `weir run`: events a second with one Kafka node on
the same cores, beside the sum of the parts.

The yardstick: cores / (CPU an event of the broker + of `kcat -C` on the topic + of `weir bench --no-cache`
on one thread), all of it measured in the same run. The worker's rate is that of its steady state: between the scrape
at two tenths of the records, when the largest batches have been filled once (their memory is new before that), and the
one at nine tenths. CPU seconds are read from /proc. The
broker is warmed up first, with WARM_RUNS: its virtual machine compiles for a while what a transaction needs, in the
first runs more than all else that the broker does (1.2 us an event, 0.6 in the next two, 0.4 from the fourth on).

The machine's speed changes within seconds (bench_speed.py), and other processes take of its cores. So each figure is
given twice: as it was read, and as it would have been at the usual speed with all cores: CPU time x speed in its own
stretch of time; rates also by what other processes, the probe among them, left of the cores (/proc/stat). The parts
and the worker are corrected alike, and no round is left out.

Rounds are in turn; no new one begins after BUDGET_S, so the whole ends in some ten minutes on a slow machine too.
A measurement that fails is tried once more.
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

import bench_load
from bench_lib import ROOT, WEIR, fail, median, number, spread, table
from bench_speed import Probe

RECORDS = int(os.environ.get("WORKER_RECORDS", 3600000))
PARTITIONS = 8
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT_S = 120   # of one worker's run
BUDGET_S = 420  # no further round begins
WARM_RUNS = 5
POLL_S = 0.5    # a scrape costs some 9 ms of the time of the worker; a longer pause counts what comes behind the end
FEW = 15000     # events a second of a worker that has little to do
EVERY_PARTITION = 32  # of the projection: what one of eight workers has of 256
CORRELATIONS = os.path.join(ROOT, "tests", "bench", "worker")


def cpu_seconds(pid):
    """User and system time of a process, with all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def tool(name, *arguments):
    done = subprocess.run([os.path.join(ROOT, "tools", name), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"{name} {arguments[0]} failed: {done.stderr[-500:]}")
    return done.stdout


class Servers(contextlib.AbstractContextManager):
    """One Kafka node and one Redis of this measurement's own."""

    def __init__(self, top):
        self.kafka_dir, self.redis_dir = os.path.join(top, "kafka"), os.path.join(top, "redis")
        self.bootstrap = self.value(tool("kafka-local", "up", "--dir", self.kafka_dir), "BOOTSTRAP")
        self.redis = self.value(tool("redis-local", "up", "--dir", self.redis_dir), "REDIS")
        self.broker_pid = self.pid(self.kafka_dir)
        self.redis_pid = self.pid(self.redis_dir)

    @staticmethod
    def value(text, name):
        found = re.search(rf"^{name}=(\S+)$", text, re.M)
        return found.group(1) if found else fail(f"no {name} in: {text}")

    @staticmethod
    def pid(folder):
        for root, _, files in os.walk(folder):
            for name in files:
                if name.endswith(".pid") or name == "pid":
                    with open(os.path.join(root, name), encoding="ascii") as f:
                        return int(f.read().split()[0])
        return fail(f"no pid file in {folder}")

    def topic(self, name, partitions=PARTITIONS, *configs):
        tool("kafka-local", "topic", name, "--dir", self.kafka_dir, "--partitions", partitions,
             *(x for c in configs for x in ("--config", c)))

    def redis_commands(self):
        host, port = re.match(r"redis://([^:/]+):(\d+)", self.redis).groups()
        with socket.create_connection((host, int(port)), 5) as s:
            s.sendall(b"INFO stats\r\n")
            text = b""
            while b"total_commands_processed:" not in text or not text.endswith(b"\r\n"):
                text += s.recv(65536)
        return int(re.search(rb"total_commands_processed:(\d+)", text).group(1))

    def __exit__(self, *_):
        tool("kafka-local", "down", "--kill", "--dir", self.kafka_dir)
        tool("redis-local", "down", "--dir", self.redis_dir)


def fill(servers, topic, lane, records=None, partitions=PARTITIONS):
    """Records of the lane, over and over, spread over the partitions one by one: each has all times, since one
    that ended long before the others in event time would hold them up (alignment). How many."""
    servers.topic(topic, partitions)
    with open(lane, "rb") as f:
        lines = f.read()
    rounds = -(-(records or RECORDS) // lines.count(b"\n"))
    producer = subprocess.Popen(["kcat", "-P", "-b", servers.bootstrap, "-t", topic, "-p", "-1", "-X", "linger.ms=20",
                                 "-X", "sticky.partitioning.linger.ms=0", "-X", "batch.size=500000", "-X", "queue.buffering.max.messages=200000"],
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(rounds):
        producer.stdin.write(lines)
    _, err = producer.communicate()
    if producer.returncode:
        fail(f"kcat could not fill the topic: {err[-300:]}")
    return rounds * lines.count(b"\n")


def busy_seconds():
    """CPU time of everything that runs here, all cores."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _, _, irq, softirq = map(int, f.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def reading(servers, topic, n):
    """CPU of the broker and of a bare reader, in microseconds a record, and when that was."""
    before, start = cpu_seconds(servers.broker_pid), time.monotonic()
    reader = subprocess.Popen(["kcat", "-C", "-q", "-e", "-b", servers.bootstrap, "-t", topic, "-o", "beginning", "-f", ""],
                              stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(reader.pid, 0)
    if status:
        fail("kcat could not read the topic")
    return ((cpu_seconds(servers.broker_pid) - before) / n * 1e6, (use.ru_utime + use.ru_stime) / n * 1e6,
            (start, time.monotonic()))


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    sums = {}
    for line in text.splitlines():
        if line and line[0] != "#":
            name, value = line.rsplit(" ", 1)
            name = name.split("{", 1)[0]
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def worker_config(b, servers, top, topic, rules, threads, group, port, slot, state="redis", once=True,
                  batch_time=None):
    lists = "".join(f"\n    - {x}" for x in b.named_lists)
    text = f"""group: {{name: {group}, slot: {slot}, slots_max: 16}}
kafka:
  common: {{bootstrap.servers: "{servers.bootstrap}"}}
inputs:
  - topics: [{topic}]
    start: earliest
rules:
  paths:{"".join(f"{chr(10)}    - {r}" for r in rules)}
  lists:{lists if any(r == b.rules for r in rules) else " []"}
state: {"none" if state == "none" else f"{{url: '{servers.redis}', secret_file: {top}/secret}}"}
work: {{threads: {threads}, no_cache: true{"" if once else ", at_least_once: true"}{f", batch_time: {batch_time}" if batch_time else ""}}}
alerts: {{brake: 100000}}
http: {{address: "127.0.0.1:{port}"}}
"""
    path = os.path.join(top, f"{group}-{slot}.yml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Worker:
    def __init__(self, config, port, log):
        self.port = port
        self.log = open(log, "wb")
        self.process = subprocess.Popen([WEIR, "run", "-c", config], stdout=self.log, stderr=self.log)
        self.pid = self.process.pid

    def scrape(self):
        if self.process.poll() is not None:
            with open(self.log.name, encoding="utf-8", errors="replace") as f:
                fail(f"weir run ended: {f.read()[-800:]}")
        try:
            return scrape(self.port)
        except OSError:
            return {}

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.terminate()
        if self.process.wait(60):
            fail(f"weir run ended with {self.process.returncode}")
        self.log.close()


def run_workers(b, servers, top, topic, n, rules, name, workers=1, threads=2, **how):
    """One run to the end of the topic: the steady state's rate and CPU a million events."""
    group = f"bench-{name}-{time.monotonic_ns()}"
    running = []
    for w in range(workers):
        port = free_port()
        config = worker_config(b, servers, top, topic, rules, threads // workers, group, port, w * threads // workers, **how)
        running.append(Worker(config, port, os.path.join(top, f"{group}-{w}.log")))

    def state():
        seen = [w.scrape() for w in running]
        return {"at": time.monotonic(), "records": sum(s.get("weir_records_total", 0) for s in seen),
                "transactions": sum(s.get("weir_transactions_total", 0) for s in seen),
                "operations": sum(s.get("weir_state_operations_total", 0) for s in seen),
                "commands": servers.redis_commands(), "busy": busy_seconds(), "weir": sum(cpu_seconds(w.pid) for w in running),
                "broker": cpu_seconds(servers.broker_pid), "redis": cpu_seconds(servers.redis_pid)}

    try:
        start, end = steady(state, n, name)
        for w in running:
            w.stop()
    finally:
        for w in running:
            w.kill()
    d = {k: end[k] - start[k] for k in end}
    others = d["busy"] - d["weir"] - d["broker"] - d["redis"]
    return {"rate": d["records"] / d["at"], "when": (start["at"], end["at"]), "left": os.cpu_count() - others / d["at"], **{k: d[k] / d["records"] * 1e6 for k in ("weir", "broker", "redis")},
            **{k: d[k] / d["at"] for k in ("transactions", "operations", "commands")}}


def steady(state, n, name):
    """What was at two tenths of the records, and at nine tenths."""
    start, deadline = None, time.monotonic() + LIMIT_S
    while True:
        now = state()
        if start is None and now["records"] >= n * 2 / 10:
            start = now
        if now["records"] >= n * 9 / 10:
            return start, now
        if time.monotonic() > deadline:
            fail(f"{name}: {now['records']:.0f} of {n} records after {LIMIT_S} s")
        time.sleep(POLL_S)


def bench_cpu(b, lane, rules, core):
    """Microseconds on a core for each event, and when that was: weir bench, one thread, no cache."""
    command = ["taskset", "-c", str(core), WEIR, "bench", *(x for r in rules for x in ("-r", r)), "-i", lane, "--format", "json", "--no-cache",
               "--seconds", "2", *b.lists]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"weir bench failed: {done.stderr[-500:]}")
    end, f = time.monotonic(), json.loads(done.stdout)
    return f["cpu_seconds"] / f["events"] / f["rounds"] * 1e6, (end - f["seconds"], end)


# ---- latency ------------------------------------------------------------------------------------


class Readable(threading.Thread):
    """When each probe's alert could be read read_committed: the arrival of the first that names it."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.at = {}
        self.reader = subprocess.Popen(["kcat", "-C", "-u", "-q", "-b", servers.bootstrap, "-t", "weir.alerts", "-o", "end",
                                        "-X", "isolation.level=read_committed", "-X", "fetch.wait.max.ms=100"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.start()

    def run(self):
        for line in self.reader.stdout:
            probe = re.search(rb"uprobe-\w+-(\d+)", line)
            if probe:
                self.at.setdefault(int(probe.group(1)), time.monotonic())

    def stop(self):
        self.reader.kill()
        self.reader.wait()
        self.join(5)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


class Use:
    """Cores that processes took, from `warm` seconds after the start on."""

    def __init__(self, warm, *pids):
        self.warm, self.pids, self.begin, self.first = warm, pids, time.monotonic(), None

    def look(self):
        if self.first is None and time.monotonic() - self.begin >= self.warm:
            self.first = time.monotonic(), sum(map(cpu_seconds, self.pids))

    def cores(self):
        at, seconds = self.first
        return (sum(map(cpu_seconds, self.pids)) - seconds) / (time.monotonic() - at)


def latency(b, servers, top, lane, rate, seconds=20, batch_time=None):
    """Events at `rate` a second, twenty of them probes that are a finding each: from before the producer
    sends a probe until its alert is read. The first seconds are the worker's start."""
    topic, group = f"latency-{time.monotonic_ns()}", f"bench-latency-{time.monotonic_ns()}"
    servers.topic(topic, PARTITIONS, bench_load.TOPIC)
    port, warm, name = free_port(), 5, f"{time.monotonic_ns():x}"
    config = worker_config(b, servers, top, topic, [b.rules, CORRELATIONS], 2, group, port, 0, batch_time=batch_time)
    with open(lane, "rb") as f:
        load = bench_load.Load(int(servers.bootstrap.rsplit(":", 1)[1]), topic, PARTITIONS, f.read().splitlines(), rate)
    w, readable = Worker(config, port, os.path.join(top, group + ".log")), Readable(servers)
    try:
        deadline = time.monotonic() + LIMIT_S
        while w.scrape().get("weir_lane_joined", 0) < 2:
            if time.monotonic() > deadline:
                fail("the worker did not join")
            time.sleep(POLL_S)
        use = Use(warm, w.pid, servers.broker_pid, servers.redis_pid, os.getpid(), readable.reader.pid)
        if load.run(warm + seconds,
                    lambda n: b'{"product":"weir","category":"latency","user":"uprobe-%s-%d"}' % (name.encode(), n), use.look):
            fail("the broker did not take the load")
        cores, deadline = use.cores(), time.monotonic() + 10
        while len(readable.at) < len(load.written) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        w.stop()
    finally:
        w.kill()
        readable.stop()
    first = sorted(load.written)[int(warm / bench_load.TICK_S / bench_load.PROBE_TICKS)]
    took = [(readable.at[i] - load.written[i]) * 1000 for i in load.written if i >= first and i in readable.at]
    lost = sum(1 for i in load.written if i not in readable.at)
    return {"rate": load.rate, "n": len(took), "lost": lost, "behind": load.behind, "cores": cores, "p50": quantile(took, 0.5),
            "p99": quantile(took, 0.99), "max": max(took, default=float("nan"))}


# ---- the section --------------------------------------------------------------------------------


def attempt(what, how, *arguments, **named):
    """Twice at most; None: it failed both times, and says so."""
    for _ in range(2):
        try:
            return how(*arguments, **named)
        except (SystemExit, OSError, subprocess.SubprocessError) as e:
            print(f"bench: {what}: {e}", flush=True)
    return None


WAYS = [("exactly once, 1 worker of 2 threads", {}), ("at least once (bench only)", {"once": False}),
        ("2 workers of 1 thread", {"workers": 2}),
        ("`work.batch_time: 20ms`", {"batch_time": "20ms"})]


class Section:
    """All figures of the section, and the tables made of them."""

    def __init__(self, b, servers, top, probe):
        self.b, self.servers, self.top, self.probe = b, servers, top, probe
        self.lane = b.lane("structured_windows")
        pack = os.path.join(ROOT, "detections", "rules")
        self.sets = [("the pack", [pack]), ("all Sigma rules", [b.rules]),
                     ("all Sigma rules and two correlations", [b.rules, CORRELATIONS])]
        self.runs = {name: [] for name, _ in self.sets}
        self.ways = {name: [] for name, _ in WAYS}
        self.late, self.wide = [], None
        self.cores = os.cpu_count()

    def prepare(self):
        with open(os.path.join(self.top, "secret"), "w", encoding="ascii") as f:
            f.write("a secret of the benchmark, long enough\n")
        for name in ("alerts", "lifecycle", "shadow", "health", "dead-letters"):
            self.servers.topic("weir." + name, 4, "retention.ms=-1")
        self.servers.topic("weir.state", 4, "cleanup.policy=compact")
        self.n = fill(self.servers, "lane", self.lane)

    def run(self, name, rules, topic="lane", n=None, **how):
        return attempt(name, run_workers, self.b, self.servers, self.top, topic, n or self.n, rules,
                       re.sub(r"\W+", "-", name), **how)

    def warm(self):
        reading(self.servers, "lane", self.n)
        for _ in range(WARM_RUNS):
            self.run("warm", self.sets[1][1])

    def set_run(self, name, rules):
        broker, reader, when_read = reading(self.servers, "lane", self.n)
        core = len(self.runs[name]) % self.cores
        own, when_own = bench_cpu(self.b, self.lane, rules, core)
        r = self.run(name, rules)
        if r:
            r["parts"], r["when_parts"], r["core"] = (broker, reader, own), (when_read, when_own), core
            self.runs[name].append(r)
        return r

    # ---- as read, and at the usual speed: `read` and `usual` of a run have the same keys

    def settle(self, r):
        """Known at the end only: the usual speed is that of the whole section."""
        speed = self.probe.speed(*r["when"])
        r["speed"] = speed
        r["usual"] = {k: r[k] * speed for k in ("weir", "broker", "redis")}
        r["usual"]["rate"] = r["rate"] / speed * self.cores / r["left"]
        r["read"] = {k: r[k] for k in r["usual"]}
        if "parts" in r:
            when_read, when_own = r["when_parts"]
            at = self.probe.speed(*when_read)
            r["speeds"] = (at, self.probe.speed(*when_own, r["core"]))
            r["read"]["parts"] = r["parts"]
            r["usual"]["parts"] = tuple(p * s for p, s in zip(r["parts"], (at, *r["speeds"])))
            for x in (r["read"], r["usual"]):
                x["yard"] = self.cores * 1e6 / sum(x["parts"])
                x["ratio"] = x["rate"] / x["yard"]
                x["cpu"] = sum(x["parts"]) / (x["weir"] + x["broker"] + x["redis"])

    def settle_all(self):
        for runs in (*self.runs.values(), *self.ways.values()):
            for r in runs:
                self.settle(r)

    def round(self):
        for name, rules in self.sets:
            r = attempt(name, self.set_run, name, rules)
            if r and name == "all Sigma rules":
                self.ways[WAYS[0][0]].append(r)
        for name, how in WAYS[1:]:
            r = self.run(name, [self.b.rules], **how)
            if r:
                self.ways[name].append(r)

    def late_row(self, rate, batch_time=None, times=1):
        runs = [attempt(f"latency {number(rate)} {batch_time}", latency, self.b, self.servers, self.top, self.lane, rate,
                        batch_time=batch_time) for _ in range(times)]
        runs = [r for r in runs if r]
        if runs:
            self.late.append([batch_time or "100ms (default)", number(runs[0]["rate"]), len(runs),
                              spread([r["cores"] for r in runs], "{:.2f}".format), number(sum(r["n"] for r in runs)),
                              sum(r["lost"] for r in runs), *(spread([r[k] for r in runs]) for k in ("p50", "p99", "max")),
                              spread([r["behind"] for r in runs], "{:.2f}".format)])
        return runs[0] if runs else None

    def latencies(self):
        runs = self.ways[WAYS[0][0]]
        catch_up = median([r["rate"] for r in runs]) / 2 if runs else 200000
        seen = self.late_row(catch_up)
        if seen:
            half = seen["rate"] / seen["cores"] * self.cores / 2
            self.late_row(half, times=self.b.runs)
            self.late_row(half, "20ms")
        self.late_row(FEW)

    def widen(self):
        n = fill(self.servers, "wide", self.lane, RECORDS // 2, EVERY_PARTITION)
        self.wide = self.run("wide", [self.b.rules], topic="wide", n=n)

    # ---- tables

    @staticmethod
    def mid(runs, way, key):
        return median([r[way][key] for r in runs])

    def figures(self, way):
        heads = ["rules", "events/s", "yardstick", "ratio", "0.8 reached", "CPU µs an event: weir", "broker", "Redis",
                 "parts / all CPU"]
        rows = [[name, spread([r[way]["rate"] for r in runs]), spread([r[way]["yard"] for r in runs]),
                 spread([r[way]["ratio"] for r in runs], "{:.2f}".format), "yes" if self.mid(runs, way, "ratio") >= 0.8 else "NO",
                 *(f"{self.mid(runs, way, k):.2f}" for k in ("weir", "broker", "redis")),
                 spread([r[way]["cpu"] for r in runs], "{:.2f}".format)]
                for name, runs in self.runs.items() if runs]
        return table(heads, rows)

    def parts(self):
        rows = [[name, *(spread([r[way]["parts"][i] for r in runs], "{:.2f}".format) for way in ("read", "usual") for i in range(3))]
                for name, runs in self.runs.items() if runs]
        return table(["rules", "as read: broker", "`kcat -C`", "`weir bench`", "usual speed: broker", "`kcat -C`", "`weir bench`"], rows)

    def speeds(self):
        rows = [[name, *(spread(v, "{:.2f}".format) for v in ([r["speeds"][0] for r in runs], [r["speeds"][1] for r in runs],
                                                              [r["speed"] for r in runs], [r["left"] for r in runs]))]
                for name, runs in self.runs.items() if runs]
        return table(["rules", "speed during `kcat -C`", "during `weir bench`", "during `weir run`", "cores left to that"], rows)

    def other_ways(self):
        first = self.ways[WAYS[0][0]]
        rows = [[name, spread([r["read"]["rate"] for r in runs]), spread([r["usual"]["rate"] for r in runs]),
                 spread([r["usual"]["rate"] / f["usual"]["rate"] for r, f in zip(runs, first)], "{:.2f}".format) if first else "",
                 *(f"{self.mid(runs, 'usual', k):.2f}" for k in ("weir", "broker", "redis")),
                 f"{median([r['transactions'] for r in runs]):.0f}"]
                for name, runs in self.ways.items() if runs]
        return table(["way", "events/s as read", "at the usual speed", "of exactly once", "CPU µs an event: weir", "broker",
                      "Redis", "transactions/s"], rows)

    def projection(self):
        w = self.wide
        if not w:
            return "(not measured)"
        each = [["events/s", number(w["rate"]), number(8 * w["rate"])],
                ["transactions/s", f"{w['transactions']:.0f}", f"{8 * w['transactions']:.0f}"],
                ["state operations/s", number(w["operations"]), number(8 * w["operations"])],
                ["Redis commands/s (those inside functions too)", number(w["commands"]), number(8 * w["commands"])],
                ["cores of Redis (it has one)", f"{w['redis'] * w['rate'] / 1e6:.2f}", f"{8 * w['redis'] * w['rate'] / 1e6:.2f}"],
                ["cores of brokers", f"{w['broker'] * w['rate'] / 1e6:.2f}", f"{8 * w['broker'] * w['rate'] / 1e6:.2f}"],
                ["cores of workers", f"{w['weir'] * w['rate'] / 1e6:.2f}", f"{8 * w['weir'] * w['rate'] / 1e6:.2f}"]]
        return table(["", f"measured: 1 worker, {EVERY_PARTITION} partitions", "projected: 8 workers, 256 partitions"], each)

    def text(self, where):
        return "\n".join([
            "## The worker", "", where, "",
            f"`tools/bench worker`: one Kafka node, Redis and the worker on the same {self.cores} cores; {self.n:,} records of "
            f"structured_windows in {PARTITIONS} partitions, nothing compressed; steady state from two tenths to nine tenths, broker warmed "
            "up. Yardstick = cores / (CPU an event of the broker + of `kcat -C` + of `weir bench --no-cache`), same round; wanted: 0.8.", "",
            "The speed of this machine changes within seconds; a probe tells it in the very time of each measurement (section *The "
            "speed of the machine*); 1 is its median over this section. Figures at the usual speed are CPU time x speed in its own stretch, "
            "and rates / speed x cores / the cores that other processes left. All rounds are in both tables.", "",
            "As read:", "", self.figures("read"), "", "At the machine's usual speed:", "", self.figures("usual"), "",
            "What the speed was:", "", self.speeds(), "", "CPU µs an event of the parts:", "", self.parts(), "",
            "All Sigma rules, other ways (exactly once may cost 15 %; each beside the first way in the same round, at the usual speed):", "", self.other_ways(), "",
            "Latency, all Sigma rules and two correlations: from before the producer sends an event until its alert is read "
            "read_committed; wanted at half load: p50 150 ms, p99 500 ms. The producer runs on the same cores, and so does what the "
            "broker does to write the records, which the rates above do not have: the first row is half of the rate above, the next "
            f"two half of what {self.cores} cores have for all of it together (by the CPU of the first row), the last one "
            f"{number(FEW)} events a second. The price of the shorter `work.batch_time` is in the table above.", "",
            table(["work.batch_time", "events/s", "runs", "cores in use", "alerts", "not seen", "p50 ms", "p99 ms", "max ms",
                   "producer late by s"], self.late), "",
            "Projection for 8 workers and 256 partitions, eight times what one worker with its share of partitions was measured to "
            "need; not measured itself:", "", self.projection(), ""])


def worker(b):
    where = b.where()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as top, Servers(top) as servers, Probe(b) as probe:
        section = Section(b, servers, top, probe)
        section.prepare()
        section.warm()
        for i in range(b.runs):
            if i and time.monotonic() - begin > BUDGET_S:
                print(f"bench: {i} of {b.runs} rounds in {BUDGET_S} s", flush=True)
                where = where.replace(f"{b.runs} runs in turn", f"{i} runs in turn")
                break
            section.round()
        section.settle_all()
        section.latencies()
        section.widen()
        return section.text(where)
