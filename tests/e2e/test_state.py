#!/usr/bin/env python3
"""test_state.py - rules with state as a new user meets them, with everything wrong: rules that cannot
be, places for the state that will not do, a Redis that goes away in the middle.

Runs $WEIR, or build/weir. Python standard library; redis-server and openssl, each test that needs one
is skipped by name where it is absent (in CI: fails). Each test is a function whose name is a
sentence; the last line is `N passed, N failed, N skipped`.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
sys.dont_write_bytecode = True
import redis_box  # noqa: E402
from asserts import contains, equal  # noqa: E402
from local_box import wait_for  # noqa: E402
from redis_box import RedisBox  # noqa: E402
from shared import ROOT, WEIR  # noqa: E402
from sign_ins import START_MS, sign_in, sign_ins  # noqa: E402

TIMEOUT_S = 300
RULES = os.path.join(ROOT, "tests", "bench", "correlation", "rules.yml")

BASE = """title: Failed sign-in
name: failure
id: 11111111-1111-4111-8111-111111111111
logsource: {product: windows, category: authentication}
detection:
    selection: {EventType: authentication_failure}
    condition: selection
level: low
"""

CORRELATION = """---
title: Many
name: many
id: 22222222-2222-4222-8222-222222222222
correlation:
    type: event_count
    rules: [failure]
    group-by: [User]
    timespan: 10m
    condition: {gte: 3}
level: high
"""


class Skip(Exception):
    """The test cannot run here; the text says why."""


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def documents(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def creates(self):
        """uid and count of each finding, in order; each is told once."""
        docs = [d for d in self.documents() if d["activity_name"] == "Create"]
        uids = [d["finding_info"]["uid"] for d in docs]
        equal(len(uids), len(set(uids)), "a Create that is there twice")
        return sorted(uids)

    def stories(self):
        """uid -> what was told of a finding: (activity, count). Where stdin pauses, a batch ends, and by that the order
        among findings and the evidence that a Close adds may be others."""
        stories = {}
        for d in self.documents():
            stories.setdefault(d["finding_info"]["uid"], []).append((d["activity_name"], d["count"]))
        return stories


def start(*args, stdin=subprocess.DEVNULL, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_STATE")}
    out = tempfile.TemporaryFile()  # a pipe that nobody reads while events are fed would fill
    process = subprocess.Popen([WEIR, *args], stdin=stdin, stdout=out, stderr=subprocess.PIPE,
                               env={**clean, **(env or {})})
    process.kept = out
    return process


def finish(process, rest=None):
    try:
        _, err = process.communicate(rest, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    process.kept.seek(0)
    result = Result(process.returncode, process.kept.read().decode(), err.decode("utf-8", "replace"))
    process.kept.close()
    assert result.code >= 0, f"killed by signal {-result.code}: {result.err}"
    assert "internal error" not in result.err, result.err
    return result


def run(*args, stdin=None, env=None):
    return finish(start(*args, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, env=env), stdin)


def one_line(result, part, code=3):
    """Nothing on stdout, one clear line on stderr."""
    equal((result.code, result.out), (code, ""), result.err)
    contains(result.err, part)
    equal(len(result.err.strip().splitlines()), 1, f"lines of {result.err!r}")


def ndjson(events):
    return "".join(json.dumps(e) + "\n" for e in events).encode()


class Box:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="weir-state-")
        self.servers = []
        self.rules = self.write("rules.yml", BASE + CORRELATION)
        self.events = self.write("events.ndjson", ndjson(
            sign_in(START_MS + i * 1000, f"user-{i % 3}", "198.51.100.1") for i in range(12)))

    def write(self, name, data):
        path = os.path.join(self.path, name)
        with open(path, "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        return path

    def redis(self, *options, **more):
        if not redis_box.is_there():
            raise Skip("redis-server absent")
        self.servers.append(RedisBox(*options, **more))
        return self.servers[-1]

    def replay(self, *args, **more):
        return run("replay", "-r", self.rules, "-i", self.events, "--deterministic", "--quiet", *args, **more)

    def close(self):
        for server in self.servers:
            server.close()
        shutil.rmtree(self.path, ignore_errors=True)


# ---- rules that cannot be ----------------------------------------------------------------------------


def test_a_correlation_that_cannot_be_is_told_at_its_place_with_exit_2(box):
    deep = BASE
    below = "failure"
    for i in range(5):
        deep += CORRELATION.replace("name: many", f"name: level{i}").replace("2222-2222-4222", f"2222-2222-422{i}") \
            .replace("[failure]", f"[{below}]")
        below = f"level{i}"
    circle = BASE + CORRELATION.replace("[failure]", "[second]") + CORRELATION.replace("name: many", "name: second") \
        .replace("2222-2222-4222", "2222-2222-4223").replace("[failure]", "[many]")
    percentile = CORRELATION.replace("event_count", "value_percentile").replace(
        "{gte: 3}", "{field: User, percentile: 95, gte: 3}").replace("group-by: [User]", "group-by: [SourceIP]")
    by_text = BASE.replace("{EventType: authentication_failure}", "{EventType: authentication_failure, User: 'a*'}")
    for text, line, part in (
            (BASE + CORRELATION.replace("[failure]", "[failur]"), 15, "did you mean 'failure'?"),
            (BASE + CORRELATION.replace("[failure]", "[nosuch]"), 15, "nosuch"),
            (circle, 26, "a cycle: many -> second -> many"),
            (deep, 0, "deep"),
            (BASE + CORRELATION.replace("10m", "0"), 17, "timespan"),
            (BASE + CORRELATION.replace("10m", "0m"), 17, "timespan"),
            (BASE + CORRELATION.replace("10m", "-5m"), 17, "timespan"),
            (BASE + CORRELATION.replace("10m", "10 parsecs"), 17, "timespan"),
            (BASE + CORRELATION.replace("{gte: 3}", "{gte: many}"), 18, "many"),
            (BASE + CORRELATION.replace("{gte: 3}", "{gt: 5, lt: 3}"), 18, ""),
            (by_text + percentile, 18, "User"),
            (BASE + percentile.replace("95", "101"), 18, "percentile"),
            (BASE + percentile.replace("95", "high"), 18, "percentile"),
            (BASE + CORRELATION.replace("[User]", "[NoProfileHasThis]"), 16, "NoProfileHasThis"),
            (BASE + CORRELATION.replace("event_count", "event_cuont"), 14, "did you mean 'event_count'?"),
            (BASE + CORRELATION.replace("timespan", "timespam"), 17, "did you mean 'timespan'?"),
            (BASE + CORRELATION.replace("    condition: {gte: 3}\n", ""), 0, "condition"),
            (BASE + CORRELATION + "weir: {dedup: {period: 0s}}\n", 20, "period"),
            (BASE + CORRELATION + "weir: {channel: loud}\n", 20, "channel")):
        path = box.write("bad.yml", text)
        for args in (["check", path, "--format", "table", "--problems"], ["replay", "-r", path, "-i", box.events]):
            r = run(*args)
            equal(r.code, 2, f"{args[0]} of\n{text}\n{r.out}{r.err}")
            places = re.findall(re.escape(path) + r":(\d+):\d+: error: (.*)", r.out + r.err)
            told = [int(at) for at, message in places if part in message]
            assert told, f"{part!r} is not told at its place: {r.out}{r.err}"
            if line:
                assert line in told, f"line {line}: {r.out}{r.err}"
        equal(r.out, "")


def test_bad_correlations_can_be_left_out(box):
    path = box.write("bad.yml", BASE + CORRELATION.replace("10m", "0"))
    r = run("replay", "-r", path, "-i", box.events, "--skip-bad-rules", "--deterministic")
    equal(r.code, 0, r.err)
    contains(r.err, "skipped")


# ---- flags -----------------------------------------------------------------------------------------------


def test_wrong_values_of_state_flags_are_one_line(box):
    for args, part in ((["--brake", "many"], "--brake"), (["--brake", "-1"], "--brake"),
                       (["--brake", "1000001"], "--brake: 0 to 1000000"),
                       (["--state-budget", "0"], "--state-budget: 1 to"), (["--state-budget", "lots"], "--state-budget"),
                       (["--state-budget", "2000000"], "--state-budget: 1 to"), (["--no-dedup=1"], "--no-dedup"),
                       (["--at-end", "stop"], "none of flush|keep"), (["--state"], "--state needs a value"),
                       (["--state", ""], "--state needs a value"), (["--sate", "memory"], "did you mean '--state'?"),
                       (["--state-secret-file", "/nosuch"], "/nosuch"), (["--geoip", "/nosuch"], "/nosuch"),
                       (["--geoip", box.rules], "rules.yml"), (["--state", "memori"], "memory, dir:PATH or redis://")):
        one_line(box.replay(*args), part)


def test_the_environment_says_what_the_flags_say(box):
    short = box.write("short", "too short")
    one_line(box.replay(env={"WEIR_STATE": "mysql://x"}), "memory, dir:PATH or redis://")
    one_line(box.replay(env={"WEIR_STATE_SECRET_FILE": "/nosuch"}), "/nosuch")
    one_line(box.replay(env={"WEIR_STATE_SECRET_FILE": short}), "at least")
    one_line(box.replay(env={"WEIR_BRAKE": "x"}), "x")
    one_line(box.replay(env={"WEIR_GEOIP": "/nosuch"}), "/nosuch")
    one_line(box.replay(env={"WEIR_STATE_BUDGET": "0"}), "--state-budget")
    equal(box.replay("--state", "memory", env={"WEIR_STATE": "mysql://x"}).code, 0, "the flag wins")
    equal(box.replay(env={"WEIR_STATE": ""}).code, 0, "empty is not given")
    many = box.replay(env={"WEIR_NO_DEDUP": "1"})
    equal(many.out, box.replay("--no-dedup").out)
    assert len(many.creates()) > len(box.replay().creates())


def test_a_secret_file_that_will_not_do(box):
    for name, data, part in (("short", "abc", "at least"), ("empty", "", "at least"),
                             ("long", "x" * 5000, "long"), ("blank", " \n" * 40, "at least")):
        one_line(box.replay("--state-secret-file", box.write(name, data)), part)
    one_line(box.replay("--state-secret-file", box.path), box.path)
    if os.geteuid() != 0:
        locked = box.write("locked", "x" * 64)
        os.chmod(locked, 0)
        one_line(box.replay("--state-secret-file", locked), "Permission denied")
    good = box.write("good", "0123456789abcdef" * 4 + "\n")
    equal(box.replay("--state-secret-file", good).out, box.replay().out, "names do not depend on the secret")


def test_at_end_keep_leaves_open_what_is_open(box):
    flush, keep = box.replay(), box.replay("--at-end", "keep")
    equal(keep.code, 0, keep.err)
    equal(keep.creates(), flush.creates())
    closes = [d for d in flush.documents() if d["activity_name"] == "Close"]
    equal(len(closes), len(flush.creates()))
    assert not [d for d in keep.documents() if d["activity_name"] == "Close"], keep.out


def test_the_brake_holds_a_storm_back(box):
    storm = box.write("storm.ndjson", ndjson(
        sign_in(START_MS + i, f"user-{i // 3}", "198.51.100.1") for i in range(900)))
    counts = []
    for more in ([], ["--brake", "10"], ["--brake", "0"]):
        r = run("replay", "-r", box.rules, "-i", storm, "--deterministic", *more)
        equal(r.code, 0, r.err)
        floods = [d for d in r.documents() if "flood" in d["metadata"]["labels"]]
        alerts = [d for d in r.documents() if d["activity_name"] == "Create" and d["is_alert"] and d not in floods]
        counts.append((len(alerts), len(floods) > 0))
    equal(counts, [(100, True), (10, True), (300, False)])


# ---- places of addresses ------------------------------------------------------------------------------------

GEO = """---
title: Too fast
id: 33333333-3333-4333-8333-333333333333
correlation:
    {type: geo_velocity, rules: [failure], group-by: [User], condition: {field: SourceIP}}
level: high
"""


def mmdb(networks):
    """A MaxMind DB of {(first byte, second, third, fourth): (latitude, longitude)}, whole addresses."""
    def control(kind, size):
        return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])

    def text(s):
        return control(2, len(s)) + s.encode()

    def number(kind, value, size):
        return control(kind, size) + value.to_bytes(size, "big")

    nodes, data = [[None, None]], b""
    for address, (latitude, longitude) in networks.items():
        bits, node = "".join(f"{b:08b}" for b in address), 0
        for bit in bits[:-1]:
            if nodes[node][int(bit)] is None:
                nodes.append([None, None])
                nodes[node][int(bit)] = len(nodes) - 1
            node = nodes[node][int(bit)]
        nodes[node][int(bits[-1])] = -1 - len(data)
        data += control(7, 1) + text("location") + control(7, 2)
        for name, value in (("latitude", latitude), ("longitude", longitude)):
            data += text(name) + control(3, 8) + struct.pack(">d", value)
    n = len(nodes)
    tree = b"".join((n if c is None else n + 16 - 1 - c if c < 0 else c).to_bytes(3, "big") for p in nodes for c in p)
    about = control(7, 9)
    for name, value in (("binary_format_major_version", number(5, 2, 2)), ("binary_format_minor_version", number(5, 0, 2)),
                        ("build_epoch", number(9, 1700000000, 8)), ("database_type", text("weir-test")),
                        ("description", control(7, 0)), ("ip_version", number(5, 4, 2)), ("languages", control(11, 0)),
                        ("node_count", number(6, n, 4)), ("record_size", number(5, 24, 2))):
        about += text(name) + value
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about


def test_a_rule_about_places_without_a_database_is_off_and_says_so(box):
    box.rules = box.write("geo.yml", BASE + GEO)
    r = run("replay", "-r", box.rules, "-i", box.events, "--deterministic")
    equal(r.code, 0, r.err)
    assert re.search(r"warning: \S*geo.yml:1\d:\d+: this rule is off: geo_velocity needs .*--geoip FILE", r.err), r.err
    contains(r.err, "rules off: 1")
    equal(r.out, "")


def test_a_rule_about_places_finds_who_is_too_fast(box):
    box.rules = box.write("geo.yml", BASE + GEO)
    places = box.write("places.mmdb", mmdb({(192, 0, 2, 1): (52.5, 13.4), (192, 0, 2, 2): (40.7, -74.0)}))
    box.events = box.write("travel.ndjson", ndjson(
        sign_in(START_MS + hours * 3600000, user, f"192.0.2.{place}") for hours, user, place in (
            (0, "fast", 1), (0, "slow", 1), (0, "still", 1), (0, "lost", 1), (1, "fast", 2), (1, "still", 1),
            (1, "lost", 9), (12, "slow", 2))))
    for threads in "1", "2":
        r = run("replay", "-r", box.rules, "-i", box.events, "--deterministic", "--geoip", places, "--threads", threads)
        equal(r.code, 0, r.err)
        assert "off" not in r.err, r.err
        creates = [d for d in r.documents() if d["activity_name"] == "Create"]
        equal([d["unmapped"]["weir"]["correlation"]["group_by"] for d in creates], [{"User": "fast"}])


# ---- a directory that will not do ----------------------------------------------------------------------------


def test_a_directory_that_will_not_do(box):
    where = os.path.join(box.path, "state")
    ours, theirs = box.write("ours", "o" * 64), box.write("theirs", "t" * 64)
    args = ["--state", "dir:" + where, "--state-secret-file"]
    equal(box.replay(*args, ours).out, box.replay().out)
    equal(box.replay(*args, ours).out, box.replay().out, "nothing new, the same is told")
    r = box.replay(*args, theirs)
    one_line(r, "log: error: made with another state secret")
    one_line(box.replay("--state", "dir:" + box.rules), "Not a directory")
    one_line(box.replay("--state", "dir:" + os.path.join(box.path, "no", "such")), "No such file")
    with open(os.path.join(where, "log"), "r+b") as f:
        f.write(b"\xff" * 16)
    one_line(box.replay(*args, ours), "log: error: ")


# ---- a Redis that will not do ----------------------------------------------------------------------------------


def test_addresses_that_are_none(box):
    for url, part in (("redis://", "host"), ("redis://127.0.0.1:0", "no port"), ("redis://127.0.0.1:x", "no port"),
                      ("redis://127.0.0.1:99999", "no port"), ("redis://127.0.0.1/x", "database"),
                      ("redis://u:secret@127.0.0.1", "--state-password-file"), ("redis://[::1", "']'"),
                      ("redis://" + ",".join(["h"] * 100), "addresses"), ("rediss://", "host"), ("unix://", "socket"),
                      ("unix:///" + "x" * 300, "socket"), ("http://127.0.0.1", "memory, dir:PATH or redis://"),
                      ("REDIS://127.0.0.1", "memory, dir:PATH or redis://"), ("redis:127.0.0.1", "redis://"),
                      ("dir:", "path of the state is empty"), ("unix:///nosuch/socket", "/nosuch/socket"),
                      ("redis://nosuch.invalid", "nosuch.invalid"), ("redis://a b", "a b")):
        r = box.replay("--state", url)
        one_line(r, part)
        assert "secret@" not in r.err, r.err


def test_redis_that_is_not_there(box):
    one_line(box.replay("--state", f"redis://127.0.0.1:{redis_box.free_port()}"), "refused")


def test_a_closed_stdout_is_told_and_nothing_goes_to_redis_instead(box):
    """The connection would have the number of the closed descriptor."""
    redis = box.redis()
    for closed, code in ((1, 3), (0, 0), (2, 0)):
        p = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closed}>&-', WEIR, "replay", "-r", box.rules, "-i", box.events, "--deterministic",
                            "--quiet", "--state", redis.url()], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=TIMEOUT_S, check=False)
        equal(p.returncode, code, closed)
        if closed == 1:
            equal(p.stderr, "stdout: error: cannot write: Bad file descriptor\n")
        else:
            equal(p.stdout, box.replay().out, closed)
        told = redis.ask("INFO", "errorstats").decode()
        assert "ERR" not in told, told


def test_passwords(box):
    redis = box.redis("--requirepass", "correct horse")
    one_line(box.replay("--state", redis.url()), "--state-password-file")
    wrong = box.write("wrong", "battery staple\n")
    r = box.replay("--state", redis.url(), "--state-password-file", wrong)
    one_line(r, "wrong user or password")
    assert "battery" not in r.err, r.err
    one_line(box.replay("--state", redis.url(), "--state-password-file", "/nosuch"), "/nosuch")
    one_line(box.replay("--state", redis.url(), "--state-password-file", box.write("empty", "\n")), "empty")
    right = box.write("right", "correct horse\n")
    equal(box.replay("--state", redis.url(), "--state-password-file", right).out, box.replay().out)


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def certificates(box, name, host):
    """A CA of its own and a server's certificate by it."""
    at = lambda what: os.path.join(box.path, name + what)  # noqa: E731
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at("-ca.key"), "-out", at("-ca.pem"),
            "-subj", f"/CN=weir test {name}", "-days", "2")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", at(".key"), "-out", at(".csr"), "-subj", "/CN=server")
    box.write(name + ".ext", f"subjectAltName={host}\n")
    openssl("x509", "-req", "-in", at(".csr"), "-CA", at("-ca.pem"), "-CAkey", at("-ca.key"), "-CAcreateserial",
            "-out", at(".pem"), "-days", "2", "-extfile", at(".ext"))
    return at("-ca.pem"), at(".pem"), at(".key")


def test_certificates(box):
    if not shutil.which("openssl"):
        if os.environ.get("CI") == "true":
            raise AssertionError("openssl absent")
        raise Skip("openssl absent")
    ca, cert, key = certificates(box, "right", "IP:127.0.0.1")
    other_ca, other_cert, other_key = certificates(box, "other", "DNS:elsewhere.example")
    tls = lambda c, k: ("--tls-port", "PORT", "--tls-cert-file", c, "--tls-key-file", k,  # noqa: E731
                        "--tls-ca-cert-file", ca, "--tls-auth-clients", "no")
    redis = box.redis(*tls(cert, key), tls=True)
    one_line(box.replay("--state", redis.url()), "wrong certificate")
    one_line(box.replay("--state", redis.url(), "--state-ca", other_ca), "wrong certificate")
    one_line(box.replay("--state", redis.url(), "--state-ca", box.rules), "no readable CA certificates")
    one_line(box.replay("--state", redis.url(), "--state-ca", "/nosuch"), "/nosuch")
    one_line(box.replay("--state", redis.url("localhost"), "--state-ca", ca), "wrong certificate")
    equal(box.replay("--state", redis.url(), "--state-ca", ca).out, box.replay().out)
    one_line(box.replay("--state", redis.url().replace("rediss", "redis")), "127.0.0.1")
    elsewhere = box.redis(*tls(other_cert, other_key), tls=True)
    one_line(box.replay("--state", elsewhere.url(), "--state-ca", other_ca), "wrong certificate")


def test_a_replica_is_refused_and_the_primary_beside_it_found(box):
    primary = box.redis()
    replica = box.redis("--replicaof", "127.0.0.1", str(primary.port))
    one_line(box.replay("--state", replica.url()), "read-only replica")
    both = f"redis://127.0.0.1:{replica.port},127.0.0.1:{primary.port}"
    equal(box.replay("--state", both).out, box.replay().out)


def test_a_redis_that_throws_keys_away_is_refused(box):
    for policy in ("allkeys-lru", "volatile-ttl"):
        redis = box.redis("--maxmemory", "1gb", "--maxmemory-policy", policy)
        one_line(box.replay("--state", redis.url()), policy)


def test_the_budget_must_fit_into_its_memory(box):
    redis = box.redis("--maxmemory", "100mb", "--maxmemory-policy", "noeviction")
    r = box.replay("--state", redis.url())
    one_line(r, "maxmemory")
    contains(r.err, "100 MB")
    equal(box.replay("--state", redis.url(), "--state-budget", "5").out, box.replay().out)


def test_another_deployments_secret_is_refused(box):
    redis = box.redis()
    ours, theirs = box.write("ours", "o" * 64), box.write("theirs", "t" * 64)
    equal(box.replay("--state", redis.url(), "--state-secret-file", theirs).code, 0)
    for more in (["--state-secret-file", ours], []):
        r = box.replay("--state", redis.url(), *more)
        one_line(r, "another deployment")
        assert "tttt" not in r.err and "oooo" not in r.err, r.err
    redis.close()
    equal(box.replay("--state", box.redis().url(), "--state-secret-file", ours).code, 0)


class FakeRedis:
    """Says of itself what it is told to say; every other answer is +OK."""

    def __init__(self, answers):
        self.answers = answers
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, client.makefile("rb") as lines:
            while True:
                head = lines.readline()
                if not head.startswith(b"*"):
                    return
                words = []
                for _ in range(int(head[1:])):
                    n = int(lines.readline()[1:])
                    words.append(lines.read(n + 2)[:-2].decode())
                answer = self.answers.get(" ".join(words), self.answers.get(words[0], b"+OK\r\n"))
                if answer is None:
                    return
                client.sendall(answer)

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def close(self):
        self.socket.close()


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


def test_servers_that_are_no_redis_of_ours(box):
    old = bulk("# Server\r\nredis_version:6.2.14\r\nredis_mode:standalone\r\n")
    for answers, part in (
            ({"INFO": old}, "version 6.2.14: 7.0 or newer is needed"),
            ({"INFO": bulk("# Server\r\n")}, "version"),
            ({"INFO": b"-NOPERM this user has no permissions to run the 'info' command\r\n"}, "NOPERM"),
            ({"INFO": b":1\r\n"}, "INFO"), ({"PING": None}, "closed by the server"),
            ({"PING": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, "Redis"), ({"PING": b"-ERR max number of clients reached\r\n"}, "clients"),
            ({"INFO": b"$-7\r\n"}, "Redis"), ({"INFO": b"$99999999999\r\nx"}, "Redis"),
            ({"INFO": b"-\x1b[31mred\r\n"}, "INFO")):
        fake = FakeRedis(answers)
        try:
            r = box.replay("--state", fake.url())
            one_line(r, part)
            assert "\x1b" not in r.err
        finally:
            fake.close()


# ---- a Redis that goes away in the middle -----------------------------------------------------------------------

EVENTS = 30000


class Story:
    """A stream over stdin in parts, in which things happen to Redis; what comes out must be what an
    undisturbed run in memory gives."""

    def __init__(self, box):
        self.lines = [json.dumps(e) + "\n" for e in sign_ins(EVENTS)]
        self.args = ["replay", "-r", RULES, "-i", "-", "--deterministic", "--quiet"]
        self.quiet = run(*self.args, stdin="".join(self.lines).encode())
        equal(self.quiet.code, 0, self.quiet.err)
        assert len(self.quiet.creates()) > 300, len(self.quiet.creates())
        self.redis = box.redis("--appendonly", "yes", "--appendfsync", "always")

    def begin(self):
        process = start(*self.args, "--state", self.redis.url(), stdin=subprocess.PIPE)
        self.feed(process, 0, EVENTS // 2)
        wait_for("calls of weir in Redis", lambda: self.redis.calls() > 0)
        return process

    def feed(self, process, first, last):
        process.stdin.write("".join(self.lines[first:last]).encode())
        process.stdin.flush()

    def end(self, process):
        return finish(process, "".join(self.lines[EVENTS // 2:]).encode())

    def check(self, r):
        equal(r.code, 0, r.err)
        equal(r.creates(), self.quiet.creates())
        equal(r.stories(), self.quiet.stories(), "also the other documents")


def test_redis_is_killed_between_batches_and_comes_back(box):
    story = Story(box)
    process = story.begin()
    story.redis.kill()
    story.redis.start()
    story.check(story.end(process))


def test_redis_is_killed_while_it_works_and_comes_back(box):
    """At different moments: as soon as it has answered so many calls."""
    story = Story(box)
    path = box.write("all.ndjson", "".join(story.lines))
    args = [path if a == "-" else a for a in story.args] + ["--order", "arrival"]
    story.quiet = run(*args)
    args += ["--state", story.redis.url()]
    for _ in range(3):
        story.redis.ask("FLUSHALL")
        story.redis.ask("CONFIG", "RESETSTAT")
        process = start(*args)
        for n in (50, 100, 150):
            wait_for("calls of weir in Redis", lambda: process.poll() is not None or story.redis.calls() > n)
            story.redis.kill()
            story.redis.start()
        story.check(finish(process))


def test_redis_is_silent_for_a_while(box):
    story = Story(box)
    process = story.begin()
    story.redis.pause()
    timer = threading.Timer(6.5, story.redis.resume)  # longer than an answer is waited for
    timer.start()
    story.check(story.end(process))
    timer.join()


def test_redis_that_stays_away_is_one_line(box):
    story = Story(box)
    process = story.begin()
    story.redis.kill()
    r = story.end(process)
    equal(r.code, 3, r.err)
    equal(len(r.err.strip().splitlines()), 1, r.err)
    contains(r.err, "Redis at 127.0.0.1")
    r.creates()


def test_redis_that_comes_back_empty_is_one_line(box):
    story = Story(box)
    process = story.begin()
    story.redis.kill()
    shutil.rmtree(os.path.join(story.redis.path, "appendonlydir"))
    story.redis.start()
    r = story.end(process)
    equal(r.code, 3, r.err)
    equal(len(r.err.strip().splitlines()), 1, r.err)
    r.creates()


def test_a_library_that_is_lost_is_loaded_again(box):
    story = Story(box)
    process = story.begin()
    story.redis.ask("FUNCTION", "FLUSH")
    story.check(story.end(process))


def test_connections_that_are_cut_are_made_again(box):
    story = Story(box)
    process = story.begin()
    for part in range(EVENTS // 2, EVENTS, EVENTS // 10):
        story.redis.ask("CLIENT", "KILL", "TYPE", "normal")
        story.feed(process, part, part + EVENTS // 10)
    r = finish(process)
    story.check(r)


def test_a_redis_that_is_full_pauses_or_is_one_line(box):
    story = Story(box)
    process = story.begin()
    story.redis.ask("CONFIG", "SET", "maxmemory", "1")
    r = story.end(process)
    assert r.code in (0, 3), r.err
    if r.code:
        equal(len(r.err.strip().splitlines()), 1, r.err)
        contains(r.err, "OOM")
    r.creates()


def main():
    names = sys.argv[1:]
    passed = failed = skipped = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (names and name[5:] not in names):
            continue
        box = Box()
        try:
            test(box)
            passed += 1
        except Skip as e:
            skipped += 1
            print(f"SKIP {name[5:]}: {e}")
        except Exception:  # a failed expectation or a crash of the test: both are failures
            failed += 1
            print(f"FAIL {name[5:]}")
            traceback.print_exc(limit=3, file=sys.stdout)
        finally:
            box.close()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
