"""redis_box.py - a redis-server of the test's own, on a free loopback port, by tools/redis-local."""
import os
import signal
import socket

from local_box import SOME_S, LocalBox, programs_are_there, wait_for
import local_process


def is_there():
    return programs_are_there("redis-server")


def free_port():
    return local_process.free_ports(1)[0]


class RedisBox(LocalBox):
    """words: further words of redis-server's command line (PORT: its port); tls: they make the port one
    of TLS; options: as redis-local has them (appendonly="always"). Data stay over kill() and start()."""

    END = "kill"

    def __init__(self, *words, tls=False, **options):
        super().__init__("redis-local", "weir-redis-")
        self.port = free_port()
        self.tls = tls
        flags = [x for k, v in options.items() for x in ("--" + k.replace("_", "-"), v)]
        more = ["--port", "0"] if tls else []
        self.up("--port", self.port, *flags, "--", *more, *[str(self.port) if w == "PORT" else w for w in words])
        wait_for("an answer of redis-server", self.answers)

    def start(self):
        self.tool("start")
        wait_for("an answer of redis-server", self.answers)

    def answers(self):
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
            s.settimeout(SOME_S)
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

    def kill(self):
        self.tool("kill")

    # By themselves: how long it is away may matter to the test, and a script takes its time.
    def pause(self):
        assert local_process.send(os.path.join(self.path, "pid"), signal.SIGSTOP)

    def resume(self):
        assert local_process.send(os.path.join(self.path, "pid"), signal.SIGCONT)
