"""world.py - one load test's own Kafka, Redis, topics and workers; all of it gone afterwards.

Nothing is touched that was not started here: brokers and stores by tools/kafka-local and redis-local in
directories of their own, workers as children of this process.
"""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from kafka_box import KafkaBox  # noqa: E402
from kafka_proxy import PROGRAM as PROXY, KafkaProxy  # noqa: E402
from redis_box import RedisBox  # noqa: E402
import local_process  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
WEIR = os.environ.get("WEIR", os.path.join(BUILD, "weir"))
GENERATE = os.path.join(BUILD, "loadtest", "generate")
SEND = os.path.join(BUILD, "loadtest", "send")
DUMP = os.path.join(BUILD, "loadtest", "dump")
PYTHON = os.environ.get("WEIR_PYTHON", sys.executable)
OUTPUTS = ("alerts", "lifecycle", "shadow", "health", "dead_letters")
OUTPUT_PARTITIONS = 4
GROUP = "load"
STOP_S, CALL_S = 120, 240  # only a load test that fails waits so long
LAST_LINES = 12  # of the log of a worker that ended by itself
# A level of correlations is judged one batch after the one below: as many ticks, one batch each, as a rule set
# has rounds (8), and some. Two times of them that bring nothing new: there is nothing more.
TICKS, SAME = 10, 2


# No event matches it: its list is there to be loaded again.
LISTED_RULE = """title: Listed
name: listed
id: 10ad7e57-0000-4000-8000-000000000098
logsource: {product: loadtest}
detection:
  selection: {k: listed, host|expand: '%listed%'}
  condition: selection
level: low
"""


def check_programs():
    """One line and exit code 2 where this was not built."""
    absent = [os.path.relpath(p, ROOT) for p in (WEIR, GENERATE, SEND, DUMP, PROXY) if not os.access(p, os.X_OK)]
    if absent:
        print(f"{os.path.basename(sys.argv[0])}: not built: {', '.join(absent)} (make all loadtest-programs)", file=sys.stderr)
        sys.exit(2)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def resident_mib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0.0


class Worker:
    """One `weir run`; started again under the same name it is a new one."""

    def __init__(self, world, number):
        self.world, self.number = world, number
        self.port = local_process.free_ports(1)[0]
        self.log = os.path.join(world.top, f"worker-{number}.log")
        self.process, self.since = None, 0.0

    def start(self):
        config = write(os.path.join(self.world.top, f"worker-{self.number}.yml"), self.world.config(self))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([WEIR, "run", "-c", config], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.world.top)
        self.since = time.monotonic()
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        if self.is_running():
            self.process.send_signal(number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Drain and leave; the exit code, or None: it did not end in time and was killed."""
        self.send(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return ""

    def metric(self, name):
        """The sum over its labels."""
        lines = [line for line in self.ask("/metrics").splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def tail(self, lines=6):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join("      " + line for line in f.readlines()[-lines:])

    def obituary(self):
        code = self.process.returncode
        how = "signal %d" % -code if code < 0 else "exit code %d" % code
        return "worker %d ended by itself, %s, after %.1f s\n%s" % (self.number, how, time.monotonic() - self.since,
                                                                    self.tail(LAST_LINES))


class World:
    def __init__(self, scenario, keep=None):
        check_programs()
        self.s = scenario
        self.top = keep or tempfile.mkdtemp(prefix="weir-load-")
        self.is_kept = keep is not None
        os.makedirs(self.top, exist_ok=True)
        atexit.register(self.close)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # else atexit has no say, and workers stay
        self.boxes, self.workers, self.children, self.proxy = [], [], [], None
        self.topics = [f"in-{t}" for t in scenario.tenants] or ["in"]
        self.rules = os.path.join(self.top, "rules")
        shutil.copytree(os.path.join(ROOT, "loadtest", "rules"), self.rules, dirs_exist_ok=True)
        write(os.path.join(self.rules, "listed.yml"), LISTED_RULE)
        self.list = write(os.path.join(self.top, "listed.txt"), "nothing\n")
        write(os.path.join(self.top, "secret"), "a secret of the load test, 32 bytes and more\n")
        self.kafka = self.box(KafkaBox(nodes=scenario.nodes, **scenario.kafka))
        self.redis = self.box(RedisBox(**scenario.redis))
        self.replica = self.box(RedisBox(replica_of=f"127.0.0.1:{self.redis.port}")) if scenario.has_replica else None
        self.bootstrap = self.kafka.bootstrap
        if scenario.kafka.get("proxied"):
            self.proxy = KafkaProxy(self.kafka)
        self.since, self.more_rules = None, []
        self.make_topics()
        self.make_places()

    def make_places(self):
        self.places = os.path.join(self.top, "places.mmdb")
        subprocess.run([GENERATE, "--dir", self.top, "--events", "0", "--attacks", "0", "--bad", "0", "--geoip", self.places],
                       check=True, stdout=subprocess.DEVNULL)

    def box(self, box):
        self.boxes.append(box)
        return box

    def make_topics(self):
        copies = {"min.insync.replicas": 2} if self.s.nodes == 3 else {}
        for topic in self.topics:
            self.kafka.topic(topic, self.s.partitions, {"retention.ms": -1, **copies, **self.s.input_topic})
        for topic in OUTPUTS:
            self.kafka.topic(topic, OUTPUT_PARTITIONS, {"retention.ms": -1, "cleanup.policy": "delete", **copies})
        self.kafka.topic("state", OUTPUT_PARTITIONS, {"cleanup.policy": "compact", **copies})

    # -- workers

    def config(self, worker):
        """JSON is YAML."""
        url = "redis://" + ",".join(f"127.0.0.1:{r.port}" for r in (self.redis, self.replica) if r)
        inputs = [{"topics": [topic], "start": "earliest", **({"tenant": tenant} if tenant else {})}
                  for topic, tenant in zip(self.topics, self.s.tenants or [""])]
        config = {
            "kafka": {"common": {"bootstrap.servers": (self.proxy or self.kafka).bootstrap}},
            "group": {"name": GROUP, "slots_max": 16},
            "topics": {**{t: t for t in OUTPUTS}, "state": "state"},
            "inputs": inputs,
            "rules": {"paths": [self.rules, *self.more_rules], "profiles": os.path.join(ROOT, "loadtest", "profiles"),
                      "geoip_file": self.places, "lists": ["listed=" + self.list]},
            "state": {"url": url, "secret_file": os.path.join(self.top, "secret"), "budget": "1GiB"},
            "alerts": {"brake": 1000000, "max_age": "7d"},
            "work": {"threads": self.s.threads, "name": f"worker-{worker.number}"},
            "http": {"address": f"127.0.0.1:{worker.port}"},
            "log": {"level": "info"},
        }
        if self.s.tenants:
            config["tenants"] = [{"name": t} for t in self.s.tenants]
        for path, value in self.s.config.items():
            place = config
            *parents, name = path.split("/")
            for each in parents:
                place = place.setdefault(each, {})
            place[name] = value
        return json.dumps(config, indent=1)

    def start_worker(self, number=None):
        worker = Worker(self, len(self.workers) if number is None else number)
        if worker.number < len(self.workers):
            self.workers[worker.number] = worker
        else:
            self.workers.append(worker)
        return worker.start()

    def running(self):
        return [w for w in self.workers if w.is_running()]

    def revive(self):
        """Start again whoever ended by itself: how it ended and what it said last, a text each."""
        dead = [w for w in self.workers if not w.is_running()]
        told = [w.obituary() for w in dead]
        for w in dead:
            w.start()
        return told

    # -- load and what came of it

    def generate(self, *more):
        s = self.s
        command = [GENERATE, "--brokers", self.bootstrap, "--partitions", s.partitions, "--events", s.events,
                   "--attacks", s.attacks, "--bad", s.bad, "--rate", s.rate, "--span", s.span, "--seed", s.seed,
                   "--start-time", s.start, "--flush", "26h", "--skew", s.skew, "--flood", s.flood, "--truth",
                   os.path.join(self.top, "truth.ndjson"), *more]
        for topic in self.topics:
            command += ["--topic", topic]
        if s.lane:
            command += ["--lane", s.lane]
        if s.nodes == 3:
            command += ["-X", "acks=all"]
        with open(os.path.join(self.top, "generate.out"), "wb") as out:
            process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out)
        self.children.append(process)
        return process

    def tick(self, end_ms):
        """Event time goes on a bit on every partition: timers run, of one level after the other. Its new end."""
        command = [GENERATE, "--brokers", self.bootstrap, "--partitions", self.s.partitions, "--events", 0, "--attacks", 0,
                   "--bad", 0, "--flush", "1s", "--ticks", TICKS, "--start-time", end_ms + 60_000]
        for topic in self.topics:
            command += ["--topic", topic]
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, check=True, timeout=CALL_S)
        return json.loads(done.stdout)["end"]

    def generated(self):
        with open(os.path.join(self.top, "generate.out"), encoding="utf-8") as f:
            return json.loads(f.read() or "{}")

    def dump(self, name, topics, *options):
        path = os.path.join(self.top, name)
        with open(path, "wb") as out:
            command = [DUMP, "--brokers", self.bootstrap, "--seconds", str(CALL_S), *options]
            for topic in topics:
                command += ["--topic", topic]
            if self.since and "--offsets" not in options:
                command += ["--from", self.since]
            done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=2 * CALL_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return path

    def offsets(self):
        path = self.dump("offsets", [*self.topics, *OUTPUTS], "--offsets", GROUP)
        with open(path, encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def wait_until_settled(self, seconds, quiet_s, look_after):
        """Everything consumed, and nothing more is written, though event time goes on. False: not in time."""
        end, end_ms, before, same = time.monotonic() + seconds, self.generated()["end"], None, 0
        while same < SAME:
            if not self.wait_until_quiet(end - time.monotonic(), quiet_s, look_after):
                return False
            now = sum(o["high"] for o in self.offsets() if o["topic"] in OUTPUTS)
            same, before = same + 1 if now == before else 0, now
            end_ms = self.tick(end_ms)
        return self.wait_until_quiet(end - time.monotonic(), quiet_s, look_after)

    def wait_until_quiet(self, seconds, quiet_s, look_after):
        end, since, before = time.monotonic() + seconds, time.monotonic(), None
        while time.monotonic() < end:
            look_after()
            try:
                offsets = self.offsets()
            except (RuntimeError, subprocess.TimeoutExpired):
                time.sleep(0.5)
                continue
            left = sum(o["high"] - max(o["committed"], o["low"]) for o in offsets if o["topic"] in self.topics)
            now = sum(o["high"] for o in offsets)
            if left > 0 or now != before:
                since, before = time.monotonic(), now
            elif time.monotonic() - since >= quiet_s:
                return True
            time.sleep(0.3)
        return False

    def check(self, *options):
        """What the checker says, as a dict."""
        command = [PYTHON, os.path.join(ROOT, "loadtest", "check.py"), "--rules", os.path.join(ROOT, "loadtest", "rules"),
                   "--input", self.dump("input.ndjson", self.topics, "--planted"),
                   "--output", self.dump("output.ndjson", OUTPUTS),
                   "--offsets", self.dump("offsets", [*self.topics, *OUTPUTS], "--offsets", GROUP),
                   "--truth", os.path.join(self.top, "truth.ndjson"), "--json", *options]
        for topic, tenant in zip(self.topics, self.s.tenants):
            command += ["--tenant", f"{topic}={tenant}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stderr.strip()[-2000:])
        return json.loads(done.stdout)

    def close(self):
        atexit.unregister(self.close)
        for w in self.workers:
            if w.is_running():
                w.send(signal.SIGCONT)
                w.kill()
        if self.proxy:
            self.proxy.close()
        for process in self.children:
            if process.poll() is None:
                process.kill()
                process.wait()
        for box in reversed(self.boxes):
            box.close()
        if not self.is_kept:
            shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
