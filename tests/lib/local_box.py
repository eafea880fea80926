"""local_box.py - what redis_box.py and kafka_box.py share: a server of the test's own, in a directory of
its own, handled by a script of tools/ and gone when the test ends, however that ends: a guard reads from
a pipe that only the test holds, and cleans up when that ends."""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

# For whatever comes in a second or two on a machine with nothing else to do: only a test that fails waits so long.
SOME_S = 240
SOON_TRIES = 3
SCRIPT_S = 400  # a first start of Kafka fetches it
POLL_S = 0.02


def wait_for(what, condition, seconds=SOME_S):
    """Look again and again until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"in {seconds} s not seen: {what}"
        time.sleep(POLL_S)


def soon(what, limit_s, action):
    """What is said to come soon came so at least once: a busy machine may stop us at any time, but not each time. The
    action returns how long it took."""
    took = []
    while not took or took[-1] >= limit_s:
        assert len(took) < SOON_TRIES, f"{what}: took {', '.join(f'{t:.1f}' for t in took)} s, not {limit_s} s"
        took.append(action())


def programs_are_there(*programs):
    """False where one is absent; in CI that is a failure."""
    absent = [p for p in programs if not shutil.which(p)]
    if absent and os.environ.get("CI") == "true":
        raise AssertionError(" ".join(absent) + " absent")
    return not absent


class LocalBox:
    """script: the tool's name. Use it in `with`, or close() it; a test that dies closes it too."""

    def __init__(self, script, prefix):
        self.script = os.path.join(ROOT, "tools", script)
        self.path = tempfile.mkdtemp(prefix=prefix)
        self.lines = {}
        self.guard = subprocess.Popen(["sh", "-c", 'cat; [ ! -d "$1" ] || { "$0" "$2" --dir "$1"; rm -rf "$1"; }', self.script,
                                       self.path, self.END], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, start_new_session=True)
        atexit.register(self.close)

    def tool(self, command, *arguments, check=True):
        """The finished process of one call of the script."""
        done = subprocess.run([self.script, command, "--dir", self.path, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SCRIPT_S, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{os.path.basename(self.script)} {command}: {done.stderr or done.stdout}")
        return done

    def up(self, *arguments):
        """`up`; what it prints as NAME=VALUE is kept in lines."""
        self.lines = dict(line.split("=", 1) for line in self.tool("up", *arguments).stdout.splitlines())

    def close(self):
        if os.path.isdir(self.path):
            self.tool(self.END, check=False)
            shutil.rmtree(self.path, ignore_errors=True)
            self.guard.stdin.close()
            self.guard.wait()
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
