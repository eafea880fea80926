"""replayed.py - what `weir replay` wrote, as if it had been read from the output topics: so that the
model and the checker are proven, and the checker is tested, without a broker.
"""
import json

PARTITIONS = 3


def topic_of(document):
    weir = document["unmapped"]["weir"]
    if weir["channel"] in ("shadow", "health"):
        return weir["channel"]
    return "alerts" if document["activity_id"] == 1 or document["is_alert"] else "lifecycle"


def lines_of(path):
    """Lines of build/loadtest/dump."""
    offsets = {}
    with open(path, encoding="utf-8") as f:
        for text in f:
            d = json.loads(text)
            weir, uid = d["unmapped"]["weir"], d["finding_info"]["uid"]
            place = topic_of(d), int(uid[:8], 16) % PARTITIONS
            offsets[place] = offsets.get(place, -1) + 1
            yield {"topic": place[0], "partition": place[1], "offset": offsets[place], "time": d["time"], "key": uid,
                   "headers": {"weir-record": d["metadata"]["uid"], "weir-activity": d["activity_name"].lower(),
                               "weir-rule": d["finding_info"]["analytic"]["uid"], "weir-tenant": weir["tenant"]},
                   "value": text.rstrip("\n")}


def dead_letter(topic, partition, offset, reason, number):
    """The dead letter that a worker writes of a record."""
    place = [topic, str(partition), str(offset)]
    return {"topic": "dead_letters", "partition": 0, "offset": number, "time": 0, "key": "/".join(place),
            "headers": {"weir-reason": reason, **dict(zip(("weir-topic", "weir-partition", "weir-offset"), place))},
            "value": "{}"}
