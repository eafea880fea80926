#!/usr/bin/env python3
"""lane_ecs - the lane structured_windows as Elastic's agent would send it: Sysmon's process events in ECS.

    tools/lane_ecs.py [LANE.ndjson] > ECS.ndjson       (make lane-ecs: build/lane-ecs.ndjson)

Without a file it takes the lane of the shared data (WEIR_DATA).

The same values under other names, nothing added that rules could match but what ECS says of such an event
(category, type, host.os). Names and shapes are those of Elastic's Windows integration: nested objects, args as
a list, ids as texts, winlog.event_data beside the fields of ECS. Events are put in order of time (the lane's
are not), so that sequences find what belongs together.
"""
import hashlib
import json
import os
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.environ.get("WEIR_DATA", os.path.join(ROOT, "..", "shared", "data"))
SHARED = os.path.join(DATA, "events", "lane-structured_windows.ndjson.zst")


def digest(text, n):
    return hashlib.sha256(text.encode()).hexdigest()[:n]


def arguments(line):
    try:
        return shlex.split(line.replace("\\", "\\\\"))
    except ValueError:  # a quote that nobody closes
        return line.split()


def process_of(image, line, pid, entity):
    return {"entity_id": entity, "pid": pid, "executable": image, "name": image.rpartition("\\")[2],
            "command_line": line, "args": arguments(line)}


def hashes_of(text):
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.lower(): value.lower() for name, _, value in pairs}


def user_of(text):
    domain, _, name = text.rpartition("\\")
    return {"name": name, "domain": domain}


def ecs(e):
    parent_entity = "{" + digest(f"{e['Computer']} {e['ParentProcessId']}", 32) + "}"
    process = process_of(e["Image"], e["CommandLine"], e["ProcessId"], "{" + e["ProcessGuid"] + "}")
    process["parent"] = process_of(e["ParentImage"], e["ParentCommandLine"], e["ParentProcessId"], parent_entity)
    process["working_directory"] = e["CurrentDirectory"]
    process["pe"] = {"original_file_name": e["OriginalFileName"]}
    process["hash"] = hashes_of(e["Hashes"])
    data = {k: str(e[k]) for k in ("IntegrityLevel", "LogonId", "ProcessGuid")}
    return {
        "@timestamp": e["UtcTime"].replace(" ", "T") + "Z",
        "agent": {"type": "filebeat"},
        "data_stream": {"type": "logs", "dataset": "windows.sysmon_operational", "namespace": "default"},
        "event": {"kind": "event", "category": ["process"], "type": ["start"], "action": "Process creation",
                  "code": str(e["EventID"]), "module": "windows", "dataset": "windows.sysmon_operational",
                  "provider": "Microsoft-Windows-Sysmon"},
        "host": {"id": digest("host " + e["Computer"], 32), "name": e["Computer"],
                 "os": {"type": "windows", "family": "windows", "platform": "windows"}},
        "process": process,
        "user": user_of(e["User"]),
        "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "computer_name": e["Computer"],
                   "event_id": str(e["EventID"]), "provider_name": "Microsoft-Windows-Sysmon",
                   "event_data": data},
    }


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    if len(sys.argv) == 1 and not os.path.exists(SHARED):
        sys.exit("lane_ecs: SKIP: shared data absent (set WEIR_DATA)")
    command = ["cat", sys.argv[1]] if len(sys.argv) == 2 else ["zstd", "-qdc", SHARED]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    for e in sorted(map(json.loads, lines), key=lambda e: e["UtcTime"]):
        print(json.dumps(ecs(e), separators=(",", ":"), ensure_ascii=False))


if __name__ == "__main__":
    main()
