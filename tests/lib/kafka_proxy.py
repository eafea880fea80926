"""kafka_proxy.py - $B/fault/kafka_proxy before a KafkaBox that was made with proxied=True."""
import os
import queue
import subprocess
import threading

from local_box import ROOT

PROGRAM = os.path.join(ROOT, os.environ.get("B", "build"), "fault", "kafka_proxy")
ANSWER_S = 240


class KafkaProxy:
    """bootstrap: what clients are given. Ends with the test: the end of its stdin is its end."""

    def __init__(self, box):
        listen, brokers = (box.lines[name].split(",") for name in ("PROXY", "PROXIED"))
        pairs = [a.split(":")[1] + ":" + b.split(":")[1] for a, b in zip(listen, brokers)]
        self.bootstrap = box.lines["PROXY"]
        self.process = subprocess.Popen([PROGRAM, *pairs], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.said = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.wait("ready")

    def listen(self):
        for line in self.process.stdout:
            self.said.put(line.rstrip("\n"))

    def wait(self, part):
        """The next line that holds it; lines before it are gone."""
        seen = []
        while True:
            try:
                seen.append(self.said.get(timeout=ANSWER_S))
            except queue.Empty:
                raise AssertionError(f"the proxy did not say {part!r}, but {seen}") from None
            if part in seen[-1]:
                return seen[-1]

    def order(self, text):
        """Its answer; an order that it does not take is the test's mistake."""
        self.process.stdin.write(text + "\n")
        while True:
            line = self.wait("")
            assert not line.startswith("no:"), f"{text}: {line}"
            if line.startswith("ok"):
                return line[3:]

    def count(self, api):
        return int(self.order("count " + api))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
