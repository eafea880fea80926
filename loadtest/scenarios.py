"""scenarios.py - the load tests: how much, under which fault, and what may be different afterwards."""
import dataclasses

import faults


@dataclasses.dataclass
class Scenario:
    name: str
    about: str
    fault: object = faults.none
    every: tuple = (1.0, 2.0)  # seconds between two of the fault
    at_least: dict = dataclasses.field(default_factory=dict)  # the load goes on until so many were counted
    # load
    events: int = 200_000
    attacks: int = 2_000
    bad: int = 20
    rate: int = 8_000  # a second; 0: as fast as it goes
    span: str = "4h"  # of event time
    start: str = "now+1h"  # ahead of the wall clock: nothing becomes late by waiting
    seed: int = 1
    skew: int = 1
    flood: int = 0
    lane: str = ""
    tenants: tuple = ()
    backlog: bool = False  # workers start when all of it is there
    # machinery
    workers: int = 2
    threads: int = 1
    partitions: int = 8
    nodes: int = 1
    kafka: dict = dataclasses.field(default_factory=dict)
    redis: dict = dataclasses.field(default_factory=dict)
    has_replica: bool = False
    input_topic: dict = dataclasses.field(default_factory=dict)  # its configuration
    config: dict = dataclasses.field(default_factory=dict)  # of weir: {"work/batch_time": "50ms"}
    # judgement
    check: tuple = ()  # options of check.py
    is_wrong: bool = False  # the checker must find something: a defence is off
    settle_s: int = 300
    # the short form, for `make test`; None: not in it
    short: object = None
    # the long form
    long: dict = dataclasses.field(default_factory=dict)

    def shortened(self):
        return dataclasses.replace(self, **self.short)

    def lengthened(self):
        return dataclasses.replace(self, **self.long)


SHORT = {"events": 40_000, "attacks": 700, "rate": 4_000}
LOWER = ("--lower-bounds",)  # a count that says that it is one may be a lower bound
REAL = {"start": "now", "span": "0s"}  # event time is the wall clock

SCENARIOS = [
    Scenario("steady", "no fault", short=SHORT, long={"events": 600_000, "attacks": 3_000}),
    Scenario("alone", "one worker with two threads", workers=1, threads=2),
    Scenario("tenants", "two tenants with the same entities, one of them flooded", tenants=("first", "second"),
             flood=20_000, short={**SHORT, "flood": 4_000}),
    Scenario("kill9", "workers die, at least 100 times", faults.kill9, at_least={"kills": 100}, workers=3, events=400_000,
             attacks=4_000, rate=2_500, short={**SHORT, "at_least": {"kills": 8}, "rate": 2_500}),
    Scenario("zombie", "workers stand still and wake up when others have their work", faults.zombie, workers=3,
             rate=3_000, at_least={"zombies": 10}, short={**SHORT, "rate": 1_500, "at_least": {"zombies": 2}},
             long={"events": 400_000}),
    Scenario("storm", "a worker joins or leaves every 2 s", faults.storm, at_least={"rebalances": 30}, rate=3_000,
             short={**SHORT, "rate": 2_000, "at_least": {"rebalances": 8}}, long={"events": 300_000}),
    Scenario("broker-restart", "the only broker stops and comes back", faults.broker_restart, every=(4.0, 8.0),
             rate=4_000, at_least={"broker restarts": 4}),
    Scenario("broker-kill", "one of three brokers dies and comes back", faults.broker_kill, every=(4.0, 8.0), nodes=3,
             rate=4_000, at_least={"broker kills": 6}),
    Scenario("store-restart", "Redis dies and comes back with everything", faults.redis_kill, every=(2.0, 5.0),
             redis={"appendonly": "always"}, rate=4_000, at_least={"store kills": 8}),
    Scenario("store-loses", "Redis dies and comes back without its newest writes", faults.redis_kill, every=(2.0, 5.0),
             redis={"appendonly": "everysec"}, rate=4_000, at_least={"store kills": 8}),
    Scenario("store-empty", "Redis dies and comes back empty", faults.redis_kill, every=(6.0, 10.0), rate=4_000,
             check=LOWER, at_least={"store kills": 4}, short={**SHORT, "rate": 2_500, "at_least": {"store kills": 2}}),
    Scenario("store-pause", "Redis does not answer for a while", faults.redis_pause, every=(2.0, 4.0), rate=4_000,
             at_least={"store pauses": 8}),
    Scenario("flushall", "somebody empties Redis under trained rules", faults.flushall, every=(6.0, 10.0), rate=4_000,
             check=LOWER, at_least={"flushes": 4}),
    Scenario("failover", "a replica without the newest writes takes over", faults.failover, every=(5.0, 8.0),
             has_replica=True, rate=4_000, at_least={"failovers": 1}),
    Scenario("backlog", "4 h of events are there already, partitions ten times apart", backlog=True, skew=10, rate=0,
             events=1_000_000, attacks=4_000),
    Scenario("reload", "four workers take a new rule set one by one, and the old one again", faults.reload, workers=4,
             every=(3.0, 3.0), rate=4_000, at_least={"reloads": 16},
             short={**SHORT, "workers": 2, "rate": 2_500, "every": (2.0, 2.0), "at_least": {"reloads": 6}},
             long={"every": (60.0, 60.0), "at_least": {"reloads": 8}, "rate": 2_000, "events": 1_000_000}),
    Scenario("late-end", "ends of transactions come late, to a producer that has begun the next", faults.late_end,
             kafka={"proxied": True}, every=(0.3, 0.8), at_least={"late ends": 60}, rate=2_000, events=100_000,
             long={"at_least": {"late ends": 200}, "events": 400_000}),
    Scenario("everything", "kills, joins, reloads and a store that comes back empty", faults.everything, workers=3,
             check=LOWER, every=(1.0, 3.0), rate=3_000, events=400_000, attacks=4_000),
    Scenario("real-time", "event time is the wall clock", rate=4_000, **REAL),
]


def by_name(names):
    known = {s.name: s for s in SCENARIOS}
    return [known[n] for n in names]
