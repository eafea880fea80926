"""probe.py - single events into every partition, all the time, and when the alert of each can be read.

A probe is one user of its own for whom a rule without a window fires (loadtest/rules/single.yml), so its alert
is there as soon as its event was read, applied and committed. Who is slow, or comes back, shows in them.
"""
import json
import re
import subprocess
import threading
import time

import world as worlds

QUIET = ["-q", "-X", "log_level=0"]
WORKER = re.compile(r'"worker":"([^"]+)"')
USER = re.compile(r'probe-(\d+)-(\d+)')


class Probe:
    """Times are time.monotonic() of this process. sent, seen: by (partition, number)."""

    def __init__(self, world, topic="in", every_s=0.05):
        self.world, self.topic, self.every_s = world, topic, every_s
        self.n = world.s.partitions
        self.sent, self.seen, self.again = {}, {}, []
        self.lock = threading.Lock()
        self.is_over, self.since = False, None  # since: counted from then on
        self.sender = subprocess.Popen([worlds.SEND, "--brokers", world.bootstrap, "--topic", topic], stdin=subprocess.PIPE)
        self.reader = subprocess.Popen(["kcat", "-b", world.bootstrap, *QUIET, "-C", "-u", "-t", "alerts", "-o", "end",
                                        "-X", "isolation.level=read_committed", "-X", "fetch.wait.max.ms=10", "-f", "%s\n"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.send, self.read)]
        for t in self.threads:
            t.start()

    def send(self):
        number, due = 0, time.monotonic()
        while not self.is_over:
            for p in range(self.n):
                event = {"product": "loadtest", "k": "single", "timestamp": int(time.time() * 1000),
                         "user": f"probe-{p}-{number}"}
                with self.lock:
                    self.sent[p, number] = time.monotonic()
                self.sender.stdin.write(b"%d\t%s\n" % (p, json.dumps(event).encode()))
            self.sender.stdin.flush()
            number, due = number + 1, due + self.every_s
            time.sleep(max(0.0, due - time.monotonic()))

    def read(self):
        for line in self.reader.stdout:
            now, text = time.monotonic(), line.decode("utf-8", "replace")
            user, worker = USER.search(text), WORKER.search(text)
            if not user or '"activity_id":1' not in text:
                continue
            place = int(user[1]), int(user[2])
            with self.lock:
                if place in self.seen:
                    self.again.append(place)
                self.seen[place] = now, worker[1] if worker else ""

    # -- what was seen

    def first_after(self, t0, partitions=None, but_worker=None, sent_after=None):
        """For each partition the time of its first alert after t0; None: none yet."""
        found = dict.fromkeys(range(self.n) if partitions is None else partitions)
        with self.lock:
            for (p, number), (at, worker) in self.seen.items():
                is_new = p in found and at > t0 and worker != but_worker
                if is_new and (sent_after is None or self.sent[p, number] >= sent_after):
                    found[p] = min(at, found[p] or at)
        return found

    def wait_after(self, t0, seconds, look_after=lambda: None, **which):
        """Seconds from t0 to the first alert of any of the partitions, and to that of the last. (None, None): too late."""
        while time.monotonic() < t0 + seconds:
            found = self.first_after(t0, **which)
            if found and all(found.values()):
                return min(found.values()) - t0, max(found.values()) - t0
            look_after()
            time.sleep(0.02)
        return None, None

    def latencies(self, begin, end):
        """Of the probes sent in [begin, end), in seconds; those not seen yet: so far."""
        now = time.monotonic()
        with self.lock:
            return sorted(self.seen.get(place, (now,))[0] - at for place, at in self.sent.items() if begin <= at < end)

    def wait_until_prompt(self, seconds=60.0, prompt_s=1.0):
        """All partitions have an alert of something that was sent a moment ago."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            since = time.monotonic() - prompt_s
            found = self.first_after(since, sent_after=since)
            if all(found.values()):
                self.since = self.since or since
                return
            time.sleep(0.1)
        raise RuntimeError("the workers do not keep up")

    def unseen_in_topic(self, missing):
        """Of the probes that the reader did not show, those whose alert is there: late, or read past."""
        found = set()
        with open(self.world.dump("probes.ndjson", ["alerts"]), encoding="utf-8", errors="replace") as f:
            for line in f:
                user = USER.search(line)
                if user:
                    found.add((int(user[1]), int(user[2])))
        return missing & found

    def stop(self, seconds=60.0):
        """Sent, without an alert in the topic, seen more than once, in the topic only after the wait."""
        self.is_over = True
        self.threads[0].join()
        sent = {place for place, at in self.sent.items() if at >= self.since}
        end = time.monotonic() + seconds
        while sent - self.seen.keys() and time.monotonic() < end:
            time.sleep(0.1)
        self.sender.stdin.close()
        self.sender.wait()
        self.reader.kill()
        self.reader.wait()
        missing = sent - self.seen.keys()
        late = self.unseen_in_topic(missing) if missing else set()
        if missing:
            self.world.is_kept = True  # its logs tell why
            print("probes without an alert (partition, number), of them late %d: %s; see %s" %
                  (len(late), sorted(missing), self.world.top), flush=True)
        return len(sent), len(missing - late), len(self.again), len(late)
