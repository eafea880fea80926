#!/usr/bin/env python3
"""generate.py - sign-in events in the shape of lane-correlation, with as many groups as one likes.

    generate.py [--events N] [--users N] [--addresses N] [--step-ms N] [--seed N] [--fail SHARE] [--in-turn]

Four events in five fail, if nothing else is said. Users and addresses are drawn evenly, so every
group is hit over and over, none much more than others; --in-turn: one user after the other. The
same arguments give the same bytes.
"""
import argparse
import json
import random
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=200000)
parser.add_argument("--users", type=int, default=20000)
parser.add_argument("--addresses", type=int, default=20000)
parser.add_argument("--step-ms", type=int, default=1)
parser.add_argument("--start-ms", type=int, default=1700000000000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--fail", type=float, default=0.8)
parser.add_argument("--in-turn", action="store_true")
a = parser.parse_args()
r = random.Random(a.seed)

for i in range(a.events):
    address = r.randrange(a.addresses)
    sys.stdout.write(json.dumps({
        "EventType": "authentication_failure" if r.random() < a.fail else "authentication_success",
        "User": "user-%06d" % (i % a.users if a.in_turn else r.randrange(a.users)),
        "SourceIP": "10.%d.%d.%d" % (address >> 16 & 255, address >> 8 & 255, address & 255),
        "Computer": "auth-%02d" % r.randrange(10),
        "BytesOut": r.randrange(1, 5000),
        "product": "windows", "category": "authentication",
        "timestamp": a.start_ms + i * a.step_ms,
    }, separators=(",", ":")) + "\n")
