"""redis_box.py - a redis-server of the test's own, on a free loopback port, and events for rules
with state. What is started here is ended here, by its process id."""
import calendar
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY_S = 20
POLL_S = 0.02


def is_there():
    """False where redis-server is absent; in CI that is a failure."""
    if shutil.which("redis-server"):
        return True
    if os.environ.get("CI") == "true":
        raise AssertionError("redis-server absent")
    return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=READY_S):
    """Look again and again until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"in {seconds} s not seen: {what}"
        time.sleep(POLL_S)


class Redis:
    """options: further arguments of redis-server. Its data stays over stop() and start()."""

    def __init__(self, *options, tls=False):
        self.path = tempfile.mkdtemp(prefix="weir-redis-")
        self.port = free_port()
        self.options = [str(o) for o in options]
        self.tls = tls
        self.process = None
        self.start()

    def start(self):
        ports = ["--port", "0"] if self.tls else ["--port", str(self.port)]
        with open(os.path.join(self.path, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *ports, "--bind", "127.0.0.1", "--dir", self.path, "--save", "",
                 "--unixsocket", os.path.join(self.path, "s"), *[str(self.port) if o == "PORT" else o for o in self.options]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for("an answer of redis-server", self.answers)

    def answers(self):
        assert self.process.poll() is None, open(os.path.join(self.path, "log")).read()
        try:
            return b"LOADING" not in self.ask("PING")
        except OSError:
            return False

    def ask(self, *words):
        """One command over the unix socket, what comes back as bytes."""
        text = b"*%d\r\n" % len(words)
        for word in words:
            text += b"$%d\r\n%s\r\n" % (len(str(word).encode()), str(word).encode())
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(READY_S)
            s.connect(os.path.join(self.path, "s"))
            s.sendall(text)
            got = s.recv(65536)
            if got[:1] == b"$":  # a long text: to its end
                want = int(got[1:got.index(b"\r\n")]) + got.index(b"\r\n") + 4
                while len(got) < want:
                    got += s.recv(65536)
            return got

    def info(self, name):
        for line in self.ask("INFO", "everything").decode("utf-8", "replace").splitlines():
            if line.startswith(name + ":"):
                return line[len(name) + 1:]
        return ""

    def calls(self):
        """How often functions of a library were called."""
        text = self.info("cmdstat_fcall")
        return int(text.split("calls=")[1].split(",")[0]) if text else 0

    def url(self, host="127.0.0.1"):
        return f"redis{'s' if self.tls else ''}://{host}:{self.port}"

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.path, ignore_errors=True)


# ---- events that rules with state look at --------------------------------------------------------

START_MS = 1767600000000  # 2026-01-05T08:00:00Z


def stamp(t_ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t_ms // 1000)) + ".%03dZ" % (t_ms % 1000)


def at_ms(text):
    """What stamp() wrote."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23])


def sign_in(t_ms, user, address, is_failure=True):
    return {"EventType": "authentication_failure" if is_failure else "authentication_success", "User": user,
            "SourceIP": address, "Computer": "auth-01", "product": "windows", "category": "authentication",
            "@timestamp": stamp(t_ms)}


def sign_ins(n, seed=1, users=200, addresses=40, step_ms=500):
    """A stream in order of time, some users and addresses more often than others."""
    r = random.Random(seed)
    t = START_MS
    for _ in range(n):
        t += r.randrange(2 * step_ms)
        user = int(users * r.random() ** 3)
        yield sign_in(t, f"user-{user:05}", f"198.51.{r.randrange(4)}.{int(addresses * r.random() ** 2)}",
                      r.random() < 0.8)
