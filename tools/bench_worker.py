"""bench_worker - the section of docs/benchmarks.md about `weir run`: events a second with one Kafka node on
the same cores, beside the sum of the parts.

The yardstick: cores / (CPU an event of the broker + of `kcat -C` on the topic + of `weir bench --no-cache`
on one thread), all of it measured in the same run. The worker's rate is that of its steady state: between the scrape
at a tenth of the records and the one at nine tenths. CPU seconds are read from /proc, so other work on the
machine slows the rates and not them.
"""
import contextlib
import json
import os
import re
import subprocess

import tempfile
import time
import urllib.request

from bench_lib import BUILD, ROOT, WEIR, fail, median, number, spread, table

RECORDS = int(os.environ.get("WORKER_RECORDS", 2000000))
PARTITIONS = 8
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT_S = 300
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

    def __exit__(self, *_):
        tool("kafka-local", "down", "--kill", "--dir", self.kafka_dir)
        tool("redis-local", "down", "--dir", self.redis_dir)


def fill(servers, topic, lane):
    """RECORDS records of the lane, over and over, spread over the partitions."""
    servers.topic(topic)
    with open(lane, "rb") as f:
        lines = f.read()
    rounds = -(-RECORDS // lines.count(b"\n"))
    producer = subprocess.Popen(["kcat", "-P", "-b", servers.bootstrap, "-t", topic, "-p", "-1", "-X", "linger.ms=20",
                                 "-X", "batch.size=500000", "-X", "queue.buffering.max.messages=200000"],
                                stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(rounds):
        producer.stdin.write(lines)
    _, err = producer.communicate()
    if producer.returncode:
        fail(f"kcat could not fill the topic: {err[-300:]}")
    return rounds * lines.count(b"\n")


def reading(servers, topic, n):
    """CPU of the broker and of a bare reader, in microseconds a record."""
    before = cpu_seconds(servers.broker_pid)
    reader = subprocess.Popen(["kcat", "-C", "-q", "-e", "-b", servers.bootstrap, "-t", topic, "-o", "beginning", "-f", ""],
                              stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(reader.pid, 0)
    if status:
        fail("kcat could not read the topic")
    return ((cpu_seconds(servers.broker_pid) - before) / n * 1e6, (use.ru_utime + use.ru_stime) / n * 1e6)


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
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def worker_config(b, servers, top, topic, rules, threads, group, port, slot, state="redis", once=True):
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
work: {{threads: {threads}, no_cache: true{"" if once else ", at_least_once: true"}}}
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

    def records(self):
        if self.process.poll() is not None:
            with open(self.log.name, encoding="utf-8", errors="replace") as f:
                fail(f"weir run ended: {f.read()[-800:]}")
        try:
            return scrape(self.port).get("weir_records_total", 0)
        except OSError:
            return 0

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
        return (time.monotonic(), sum(w.records() for w in running), sum(cpu_seconds(w.pid) for w in running),
                cpu_seconds(servers.broker_pid), cpu_seconds(servers.redis_pid))
    start = end = None
    deadline = time.monotonic() + LIMIT_S
    while True:
        now = state()
        if start is None and now[1] >= n / 10:
            start = now
        if now[1] >= n * 9 / 10:
            end = now
            break
        if time.monotonic() > deadline:
            fail(f"{name}: {now[1]:.0f} of {n} records after {LIMIT_S} s")
        time.sleep(0.1)
    for w in running:
        w.stop()
    events, seconds = end[1] - start[1], end[0] - start[0]
    return {"rate": events / seconds, "weir": (end[2] - start[2]) / events * 1e6,
            "broker": (end[3] - start[3]) / events * 1e6, "redis": (end[4] - start[4]) / events * 1e6}


def bench_cpu(b, lane, rules):
    """Microseconds on a core for each event: weir bench, one thread, no cache."""
    command = [WEIR, "bench", *(x for r in rules for x in ("-r", r)), "-i", lane, "--format", "json", "--no-cache",
               "--seconds", "2", *b.lists]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"weir bench failed: {done.stderr[-500:]}")
    f = json.loads(done.stdout)
    return f["cpu_seconds"] / f["events"] / f["rounds"] * 1e6


def sum_of_buckets(port):
    """weir_alert_latency_seconds as {upper bound: events at or below}."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.findall(r'^weir_alert_latency_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\S+)$', text, re.M)
    out = {}
    for bound, n in found:
        out[float(bound)] = out.get(float(bound), 0) + float(n)
    return out


def quantile(buckets, q):
    """The bound below which a share q lies: an upper estimate."""
    total = max(buckets.values(), default=0)
    return next((bound for bound in sorted(buckets) if total and buckets[bound] >= q * total), float("nan"))


def latency(b, servers, top, lane, rate, seconds=20, batch_time="100ms"):
    """Events at `rate` a second, twenty of them matched and each a finding of its own: (findings, p50, p99) in
    ms from the record's time to the commit of its alert."""
    topic = f"latency-{batch_time}"
    servers.topic(topic)
    port = free_port()
    group = f"bench-latency-{time.monotonic_ns()}"
    config = worker_config(b, servers, top, topic, [b.rules, CORRELATIONS], 2, group, port, 0)
    with open(config, encoding="utf-8") as f:
        text = f.read().replace("no_cache: true", f"no_cache: true, batch_time: {batch_time}")
    with open(config, "w", encoding="utf-8") as f:
        f.write(text)
    w = Worker(config, port, os.path.join(top, group + ".log"))
    producer = subprocess.Popen(["kcat", "-P", "-b", servers.bootstrap, "-t", topic, "-p", "-1", "-X", "linger.ms=2"],
                                stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with open(lane, "rb") as f:
        lines = f.read().splitlines(keepends=True)
    step, at = 0.05, 0
    begin = time.monotonic()
    for turn in range(int(seconds / step)):
        n = int(rate * step)
        block = lines[at:at + n] + lines[:max(0, at + n - len(lines))]
        at = (at + n) % len(lines)
        block.append(b'{"product":"weir","category":"latency","user":"u%d"}\n' % turn)
        producer.stdin.write(b"".join(block))
        producer.stdin.flush()
        wait = begin + (turn + 1) * step - time.monotonic()
        if wait > 0:
            time.sleep(wait)
    behind = time.monotonic() - begin - seconds
    producer.communicate()
    time.sleep(2)
    buckets = sum_of_buckets(port)
    w.stop()
    if behind > seconds / 10:
        print(f"bench: the producer was {behind:.1f} s behind its rate", flush=True)
    return max(buckets.values(), default=0), quantile(buckets, 0.5) * 1000, quantile(buckets, 0.99) * 1000


def worker(b):
    cores = os.cpu_count()
    lane = b.lane("structured_windows")
    pack = os.path.join(ROOT, "detections", "rules")
    sets = [("the pack", [pack], {}), ("all Sigma rules", [b.rules], {}),
            ("all Sigma rules and two correlations", [b.rules, CORRELATIONS], {})]
    rows, parts_rows, ways = [], [], []
    with tempfile.TemporaryDirectory() as top, Servers(top) as servers:
        with open(os.path.join(top, "secret"), "w", encoding="ascii") as f:
            f.write("a secret of the benchmark, long enough\n")
        n = fill(servers, "lane", lane)
        for name in ("alerts", "lifecycle", "shadow", "health", "dead-letters"):
            servers.topic("weir." + name, 4, "retention.ms=-1")
        servers.topic("weir.state", 4, "cleanup.policy=compact")
        for name, rules, how in sets:
            rules = [r for r in rules if os.path.exists(r)]
            runs = []
            for _ in range(b.runs):
                broker, reader = reading(servers, "lane", n)
                own = bench_cpu(b, lane, rules)
                r = run_workers(b, servers, top, "lane", n, rules, name.replace(" ", "-"), **how)
                r["yard"] = cores * 1e6 / (broker + reader + own)
                r["parts"] = (broker, reader, own)
                r["ratio"] = r["rate"] / r["yard"]
                runs.append(r)
            parts = [median([r["parts"][i] for r in runs]) for i in range(3)]
            rows.append([name, spread([r["rate"] for r in runs]), spread([r["yard"] for r in runs]),
                         spread([r["ratio"] for r in runs], "{:.2f}".format), "yes" if median([r["ratio"] for r in runs]) >= 0.8 else "NO",
                         *(f"{median([r[k] for r in runs]):.2f}" for k in ("weir", "broker", "redis"))])
            parts_rows.append([name, *(f"{p:.2f}" for p in parts)])
        for name, how in [("exactly once, 1 worker of 2 threads", {}),
                          ("at least once (bench only)", {"once": False}),
                          ("state: none", {"state": "none"}),
                          ("exactly once, 2 workers of 1 thread", {"workers": 2})]:
            runs = [run_workers(b, servers, top, "lane", n, [b.rules], "way", **how) for _ in range(b.runs)]
            ways.append([name, spread([r["rate"] for r in runs]),
                         *(f"{median([r[k] for r in runs]):.2f}" for k in ("weir", "broker", "redis"))])
        half = median([r["rate"] for r in runs]) / 2
        late = [[t, number(half), *(number(x) for x in latency(b, servers, top, lane, half, batch_time=t))]
                for t in ("100ms", "20ms")]
    heads = ["CPU µs an event: weir", "broker", "redis"]
    return "\n".join([
        "## The worker", "", b.where(), "",
        f"`tools/bench worker`: one Kafka node, Redis and the worker on the same {cores} cores; {n:,} records of "
        f"structured_windows in {PARTITIONS} partitions, nothing compressed; steady state from a tenth to nine tenths. "
        "Yardstick = cores / (CPU an event of the broker + of `kcat -C` + of `weir bench --no-cache`), same run; wanted: 0.8.", "",
        table(["rules", "events/s", "yardstick", "ratio", "reached", *heads], rows), "",
        "CPU µs an event of the parts:", "", table(["rules", "broker", "kcat -C", "weir bench"], parts_rows), "",
        "All Sigma rules, other ways:", "", table(["way", "events/s", *heads], ways), "",
        "Latency at half load (all Sigma rules): from the time of the record to the commit of its alert, upper bounds of the "
        "histogram; wanted: p50 150 ms, p99 500 ms:", "",
        table(["work.batch_time", "events/s", "alerts", "p50 ms", "p99 ms"], late), ""])
