"""told.py - queries through `weir replay`, each over a stream of its own, and the times that it tells: for
tests that compare with a model."""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import shared  # noqa: E402

LATENESS_MS = 5 * 60 * 1000  # of events of unknown shape, in a replay
START_MS = 1767225600000


def shuffled(rng, events):
    """An order of arrival that stays within the lateness; equal times keep theirs."""
    seed = rng.random()

    def arrival(event):
        return event["@timestamp"] + random.Random(f"{event['@timestamp']} {seed}").randrange(LATENESS_MS - 1000)
    return sorted(events, key=arrival)


def replayed(top, ending, queries, lines, *options):
    """What a replay writes for them, line by line; `lines`: events as they arrive. {TOP} in options is the
    folder."""
    rules, data = os.path.join(top, "rules"), os.path.join(top, "events.ndjson")
    os.makedirs(rules, exist_ok=True)
    for i, query in enumerate(queries):
        with open(os.path.join(rules, f"{i}.{ending}"), "w") as f:
            f.write(query)
    with open(data, "w") as f:
        f.writelines(json.dumps(e) + "\n" for e in lines)
    # By names relative to the folder: what a window keeps of an event has its input's name in it, and a bound.
    done = subprocess.run([shared.WEIR, "replay", "-r", "rules", "-i", "events.ndjson", "--brake", "0", "--quiet",
                           *(o.replace("{TOP}", top) for o in options)], capture_output=True, text=True, timeout=600,
                          cwd=top)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def number_of(uid):
    """Of a query, by the name of its rule."""
    return int(os.path.basename(uid).partition(".")[0])


def findings(top, ending, queries, lines, *options):
    """For each query its findings, one for each time that it tells."""
    out = [[] for _ in queries]
    for alert in replayed(top, ending, queries, lines, "--no-dedup", "--order", "arrival", *options):
        if alert["activity_name"] == "Create":
            out[number_of(alert["finding_info"]["analytic"]["uid"])].append(alert)
    return out


def times(top, ending, queries, lines, *options):
    """For each query the times of its findings, in order."""
    return [sorted(f["finding_info"]["last_seen_time"] for f in of) for of in findings(top, ending, queries, lines, *options)]
