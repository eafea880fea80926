"""runner.py - runs scenarios one after the other: what loadtest/run and loadtest/soak share."""
import argparse
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402
import table  # noqa: E402
import world as worlds  # noqa: E402

POLL_S = 0.1
QUIET_S = 1.0  # without a record, after which a worker is taken to be done with what it has
LOAD_S = 3600
EXAMPLES = 4


class Run:
    """One scenario. The world with what a fault may ask of it besides."""

    def __init__(self, scenario, keep):
        self.s = scenario
        self.world = worlds.World(scenario, keep)
        self.world.count = self.count
        self.world.expect_end = lambda _worker: None
        self.counted = {}
        self.ended = []  # what Worker.obituary says of each worker that ended by itself
        self.resident_mib = 0.0

    def count(self, what):
        self.counted[what] = self.counted.get(what, 0) + 1

    def is_enough(self):
        return all(self.counted.get(what, 0) >= n for what, n in self.s.at_least.items())

    def look_after(self):
        """As a service manager does: who ended is started again, and counted."""
        self.ended += self.world.revive()
        self.resident_mib = max([self.resident_mib] + [worlds.resident_mib(w.process.pid) for w in self.world.running()])

    def wait(self, seconds, is_over):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not is_over():
            self.look_after()
            time.sleep(POLL_S)

    def load(self):
        """The fault goes on while the load does; a fault that is not done yet when it ends goes on in the drain."""
        generator = self.world.generate()
        if self.s.backlog:
            generator.wait(LOAD_S)
        for _ in range(self.s.workers):
            self.world.start_worker()
        fault = self.s.fault(self.world, random.Random(self.s.seed))

        def is_over():
            return generator.poll() is not None and self.is_enough()
        for pause in fault:
            self.wait(pause, is_over)
            if is_over():
                break
        fault.close()
        self.mend()
        generator.wait(LOAD_S)
        if generator.returncode != 0:
            raise RuntimeError("the generator failed")

    def mend(self):
        """What a fault left broken: brokers and stores that are down, workers that stand still."""
        for node in range(1, self.s.nodes + 1):
            self.world.kafka.tool("resume", node, check=False)
            self.world.kafka.tool("start", node, check=False)
        if "failovers" not in self.counted:
            self.world.redis.tool("resume", check=False)
            self.world.redis.tool("start", check=False)
        for w in self.world.workers:
            w.send(signal.SIGCONT)

    def judge_metrics(self):
        """Records in = processed + dead letters, as a worker that nothing happened to tells it. What it had read of a
        partition that the group then gave to another of its lanes is read again, and counted again."""
        w = self.world.running()[0]
        n = sum(o["high"] - o["low"] for o in self.world.offsets() if o["topic"] in self.world.topics)
        bad = self.s.bad * len(self.world.topics)
        read, dead = w.metric("weir_records_total"), w.metric("weir_dead_letters_total")
        events = w.metric("weir_events_total")
        is_whole = read >= n and dead >= bad if w.metric("weir_rebalances_total") > self.s.threads else read == n and dead == bad
        if is_whole and events == read - dead:
            return {}
        return {"%d records: %d read, %d events, %d dead letters" % (n, read, events, dead): 1}

    def run(self):
        began = time.monotonic()
        self.load()
        deadline = time.monotonic() + self.s.settle_s
        self.look_after()
        is_settled = self.world.wait_until_settled(deadline - time.monotonic(), QUIET_S, self.look_after)
        consumed_s = time.monotonic() - began
        odd = self.judge_metrics() if self.s.workers == 1 and not self.counted and not self.ended else {}
        codes = [w.stop() for w in self.world.workers if w.is_running()]
        told = self.world.check(*self.s.check)
        told["kinds"].update(odd)
        if not is_settled:
            told["kinds"]["not settled in %d s" % self.s.settle_s] = 1
        for code in codes:
            if code != 0:
                told["kinds"]["a worker's drain ended with %s" % code] = 1
        generated = self.world.generated()
        return {"scenario": self.s.name, "seed": self.s.seed, "events": generated.get("events", 0),
                "attacks": self.s.attacks, **self.counted,
                "ended": len(self.ended), "findings": told["findings"], "lost": told["lost"], "doubled": told["doubled"],
                "wrong": sum(told["kinds"].values()), "rss_mib": round(self.resident_mib), "seconds": round(consumed_s, 1),
                "kinds": told["kinds"], "examples": told["examples"], "obituaries": self.ended}


def line_of(result):
    words = ["%s %s" % (k.replace("_", " "), v) for k, v in result.items() if k not in ("scenario", *table.TEXTS)]
    return "%-14s %s" % (result["scenario"], ", ".join(words))


def show(result, is_right, world):
    print(("ok   " if is_right else "FAIL ") + line_of(result), flush=True)
    for each in result.get("obituaries", []):
        print("     " + each, end="", flush=True)
    if is_right:
        return
    for kind, n in result["kinds"].items():
        print("     %6d  %s" % (n, kind))
        for example in result["examples"].get(kind, [])[:EXAMPLES]:
            print("             " + example)
    for w in world.workers:
        print("     worker %d\n%s" % (w.number, w.tail()), end="")


def run_one(scenario, keep):
    """The result, and whether it is right."""
    run = Run(scenario, keep)
    try:
        result = run.run()
    except (RuntimeError, AssertionError, OSError, ValueError, subprocess.TimeoutExpired) as e:
        result = {"scenario": scenario.name, "wrong": 1, "kinds": {"%s: %s" % (type(e).__name__, e): 1}, "examples": {}}
    is_right = bool(result["kinds"]) == scenario.is_wrong
    show(result, is_right, run.world)
    run.world.close()
    return result, is_right


def changed(scenario, pairs):
    values = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        now = getattr(scenario, name)
        values[name] = type(now)(text) if isinstance(now, (int, str)) and not isinstance(now, bool) else json.loads(text)
    return dataclasses.replace(scenario, **values)


def chosen(options):
    names = [n for arg in options.scenarios for n in arg.split(",") if n]
    try:
        found = scenarios.by_name(names) if names else scenarios.SCENARIOS
    except KeyError as e:
        sys.exit("run: no scenario %s (--list)" % e)
    if options.short:
        found = [s.shortened() for s in found if s.short]
    if options.long:
        found = [s.lengthened() for s in found]
    return [changed(s, options.set) for s in found]


def main(text):
    p = argparse.ArgumentParser(prog="run", description=text)
    p.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    p.add_argument("--list", action="store_true")
    p.add_argument("--short", action="store_true")
    p.add_argument("--long", action="store_true")
    p.add_argument("--table", action="store_true")
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    p.add_argument("--keep", metavar="DIR")
    p.add_argument("--results", metavar="FILE")
    options = p.parse_args()
    if options.list:
        for s in scenarios.SCENARIOS:
            print("%-14s %s%s" % (s.name, s.about, "" if s.short is None else " (also short)"))
        return 0
    if options.table:
        print(table.text(table.read(options.scenarios)))
        return 0
    n_wrong, results = 0, []
    for scenario in chosen(options):
        keep = os.path.join(os.path.abspath(options.keep), scenario.name) if options.keep else None
        result, is_right = run_one(scenario, keep)
        n_wrong += not is_right
        results.append(result)
        if options.results:
            with open(options.results, "a", encoding="utf-8") as f:
                f.write(json.dumps(result) + "\n")
    if options.long:
        print(table.text(results))
    return 1 if n_wrong else 0

