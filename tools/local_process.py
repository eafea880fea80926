"""local_process.py - what tools/kafka-local and tools/redis-local share: processes that go on when
the script has ended, and are found again.

A pid file holds the number of a process and the moment it began (field 22 of /proc/PID/stat). Both
must agree before anything is signalled: the kernel gives numbers out again.
"""
import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

POLL_S = 0.05
# Below the range from which the kernel takes ports for outgoing connections (32768 and up): what is
# free now is still free when a node that was stopped comes back.
PORTS = range(20000, 32768)
# What is free may be somebody's who has not started its server yet: a port that was given out is not given again for so
# long, by any process of this user. The file is not in TMPDIR: tests that run side by side have one each.
CLAIMS, CLAIM_S = f"/tmp/weir-ports-{os.getuid()}", 300
looked_at = itertools.count(os.getpid() * 16)


def name():
    return os.path.basename(sys.argv[0])


def die(text, code=3):
    print(f"{name()}: {text}", file=sys.stderr)
    sys.exit(code)


def need(program, package):
    """A program that must be installed."""
    if not shutil.which(program):
        die(f"{program} is not installed (Debian: {package}; tools/setup kafka installs it)")


def tail(path, lines=20):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "".join("    " + line for line in f.readlines()[-lines:])
    except OSError:
        return ""


def lines_with(path, words, lines=20):
    """The first lines that have one of the words: what comes last in a log is often but the end that followed."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "".join([line if line.startswith("    ") else "    " + line for line in f if any(w in line for w in words)][:lines])
    except OSError:
        return ""


# ---- ports ---------------------------------------------------------------------------------------

def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an old connection's echo is no owner
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def read_claims(f):
    """Port -> when it was given out, of those that still count."""
    pairs = [line.split() for line in f]
    return {int(p[0]): int(p[1]) for p in pairs if len(p) == 2 and p[0].isdigit() and p[1].isdigit()
            and time.time() - CLAIM_S < int(p[1]) <= time.time() + 1}


def free_ports(n):
    """n different free ports of 127.0.0.1, for this process to give to a server."""
    with open(CLAIMS, "a+", encoding="ascii", errors="replace") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        claims = read_claims(f)
        free = (port for port in (PORTS[at % len(PORTS)] for at in itertools.islice(looked_at, len(PORTS)))
                if port not in claims and port_is_free(port))
        found = list(itertools.islice(free, n))
        if len(found) < n:
            return die(f"no {n} free ports in {PORTS.start}..{PORTS.stop - 1}")
        f.truncate(0)
        f.writelines(f"{port} {at}\n" for port, at in {**claims, **dict.fromkeys(found, int(time.time()))}.items())
    return found


def port_number(text):
    if not text.isdigit() or not 0 < int(text) < 65536:
        die(f"'{text}' is no port (1..65535)", 2)
    return int(text)


# ---- processes -----------------------------------------------------------------------------------

def began(pid):
    """When process pid began, in ticks since the machine's start; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            state, *fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else fields[18]


def running(pid_file):
    """The pid of the process that start() wrote down, None if it is gone."""
    try:
        with open(pid_file, encoding="ascii") as f:
            pid, moment = f.read().split()
    except (OSError, ValueError):
        return None
    return int(pid) if began(pid) == moment else None


def start(arguments, log, pid_file, cwd):
    """Start a process that outlives this one; its words go to the file log."""
    with open(log, "ab") as out:
        process = subprocess.Popen(arguments, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True)
    with open(pid_file, "w", encoding="ascii") as f:
        f.write(f"{process.pid} {began(process.pid) or 0}\n")
    return process


def send(pid_file, number):
    """Signal the process; False if it is gone."""
    pid = running(pid_file)
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, seconds):
    """True as soon as the condition holds, False when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def stop_all(pid_files, seconds, first=signal.SIGTERM):
    """End the processes: all get the signal, who is there after the time is killed."""
    for each in pid_files:
        send(each, signal.SIGCONT)  # a paused one hears nothing
        send(each, first)
    if not wait_for(lambda: not any(map(running, pid_files)), seconds):
        for each in pid_files:
            send(each, signal.SIGKILL)
        wait_for(lambda: not any(map(running, pid_files)), seconds)
    for each in pid_files:
        if running(each):
            die(f"process {running(each)} does not end")
        if os.path.exists(each):
            os.remove(each)
