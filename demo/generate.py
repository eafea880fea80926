#!/usr/bin/env python3
"""generate.py - the telemetry that `make demo` replays: one quiet office morning with a token theft.

Writes demo/telemetry.ndjson: events of a few hosts in the shapes that weir meets (flat Sysmon,
winlogbeat/ECS, EVTX as JSON, Sysmon for Linux, auditd), most of them ordinary work, a few
dozen of them somebody who steals access tokens. All of it is invented; the seed repeats it.

    demo/generate.py           writes demo/telemetry.ndjson
    demo/generate.py --now     the same three hours, but ending now, to stdout (`make demo-kafka`)
"""
import json
import os
import random
import sys
import time

R = random.Random(1528)
SPAN = 10860000  # the last event is three hours later
IS_NOW = sys.argv[1:] == ["--now"]
START = int(time.time()) * 1000 - SPAN if IS_NOW else 1795165200000  # 2026-11-20T09:00:00Z in ms
HERE = os.path.dirname(os.path.abspath(__file__))
events = []


def stamp(ms, blank="T", zone="Z"):
    import datetime
    t = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return t.strftime(f"%Y-%m-%d{blank}%H:%M:%S.") + f"{ms % 1000:03d}" + zone


def guid():
    return "{%08x-%04x-%04x-%04x-%012x}" % tuple(R.getrandbits(b) for b in (32, 16, 16, 16, 48))


def add(ms, event):
    events.append((ms, event))


# ---- shapes ------------------------------------------------------------------------------------

def sysmon(ms, host, number, **fields):
    """Flat Sysmon, as forwarders write it."""
    add(ms, {"SourceName": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational",
             "Hostname": host, "TimeCreated": stamp(ms), "@timestamp": stamp(ms), "EventID": number,
             "UtcTime": stamp(ms, " ", ""), **fields})


def winlogbeat(ms, host, number, provider, channel, **fields):
    add(ms, {"@timestamp": stamp(ms), "host": {"name": host}, "event": {"code": str(number),
             "provider": provider, "kind": "event"}, "winlog": {"channel": channel, "event_id": str(number),
             "provider_name": provider, "computer_name": host, "event_data": fields}})


def evtx(ms, host, number, provider, channel, **fields):
    add(ms, {"Event": {"System": {"Provider": {"#attributes": {"Name": provider}}, "EventID": number,
             "TimeCreated": {"#attributes": {"SystemTime": stamp(ms)}}, "Channel": channel,
             "Computer": host, "EventRecordID": R.randrange(10**6)}, "EventData": fields}})


def sysmon_linux(ms, host, number, **fields):
    add(ms, {"Event": {"System": {"Provider": {"#attributes": {"Name": "Linux-Sysmon"}}, "EventID": number,
             "TimeCreated": {"#attributes": {"SystemTime": stamp(ms)}},
             "Channel": "Linux-Sysmon/Operational", "Computer": host}, "EventData": fields}})


def process(ms, host, image, command, parent, user, shape=sysmon):
    fields = dict(Image=image, CommandLine=command, ParentImage=parent, User=user, ProcessGuid=guid(),
                  ProcessId=str(R.randrange(300, 30000)), IntegrityLevel="Medium",
                  CurrentDirectory="C:\\Windows\\system32\\")
    if shape is sysmon:
        sysmon(ms, host, 1, **fields)
    elif shape is winlogbeat:
        winlogbeat(ms, host, 1, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", **fields)
    else:
        evtx(ms, host, 1, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", **fields)


def linux_process(ms, host, image, command, parent, user):
    sysmon_linux(ms, host, 1, Image=image, CommandLine=command, ParentImage=parent, User=user,
                 ProcessGuid=guid(), ProcessId=R.randrange(300, 30000), CurrentDirectory="/")


# ---- an ordinary morning ---------------------------------------------------------------------------

SYS = "C:\\Windows\\System32\\"
OFFICE = [
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", '"{i}" /recycle', "C:\\Windows\\explorer.exe"),
    ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", '"{i}" --type=renderer --lang=en', "C:\\Windows\\explorer.exe"),
    (SYS + "svchost.exe", "{i} -k netsvcs -p -s Schedule", SYS + "services.exe"),
    (SYS + "conhost.exe", "{i} 0xffffffff -ForceV1", SYS + "cmd.exe"),
    ("C:\\Windows\\explorer.exe", "{i}", SYS + "userinit.exe"),
    (SYS + "WindowsPowerShell\\v1.0\\powershell.exe", "powershell.exe -File C:\\Tools\\inventory.ps1", SYS + "svchost.exe"),
]
SERVER = [("/usr/bin/python3", "python3 /opt/app/worker.py --queue mail", "/usr/lib/systemd/systemd"),
          ("/usr/bin/curl", "curl -s https://status.acme.example/health", "/usr/sbin/cron"),
          ("/usr/bin/cat", "cat /etc/hostname", "/usr/bin/bash"),
          ("/usr/bin/tar", "tar czf /var/backups/www.tgz /srv/www", "/usr/bin/restic"),
          ("/usr/sbin/logrotate", "logrotate /etc/logrotate.conf", "/usr/sbin/cron")]
HOSTS = ["ws-0042.acme.example", "ws-1187.acme.example", "lt-3301.acme.example"]
USERS = ["ACME\\alice", "ACME\\bob", "ACME\\carol"]


def ordinary(n):
    for _ in range(n):
        ms = START + R.randrange(3 * 3600 * 1000)
        if R.random() < 0.6:
            image, command, parent = R.choice(OFFICE)
            who = R.randrange(3)
            process(ms, HOSTS[who], image, command.format(i=image), parent, USERS[who],
                    R.choice([sysmon, sysmon, winlogbeat, evtx]))
        elif R.random() < 0.5:
            image, command, parent = R.choice(SERVER)
            linux_process(ms, "web-01", image, command, parent, "www-data")
        elif R.random() < 0.5:
            sysmon(ms, HOSTS[0], 3, Image=OFFICE[1][0], User=USERS[0], Protocol="tcp", Initiated="true",
                   SourceIp="10.20.0.%d" % R.randrange(2, 250), SourcePort=str(R.randrange(1024, 65535)),
                   DestinationIp="198.51.100.%d" % R.randrange(2, 250), DestinationPort="443")
        else:
            sysmon(ms, HOSTS[1], 11, Image=OFFICE[0][0], User=USERS[1], CreationUtcTime=stamp(ms, " ", ""),
                   TargetFilename="C:\\Users\\bob\\Documents\\report-%d.docx" % R.randrange(100))
    # Agents that may ask for tokens: the rules' exclusion lists keep these quiet.
    for i in range(6):
        process(START + i * 1700000, "az-vm-7", "C:\\WindowsAzure\\Packages\\WaAppAgent.exe",
                "WaAppAgent.exe http://169.254.169.254/metadata/identity/oauth2/token", SYS + "services.exe",
                "NT AUTHORITY\\SYSTEM")
        linux_process(START + i * 1500000, "ec2-19", "/usr/bin/amazon-ssm-agent",
                      "amazon-ssm-agent http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                      "/usr/lib/systemd/systemd", "root")


# ---- and somebody who collects tokens -----------------------------------------------------------------

def theft():
    t = START + 4500000
    ps = SYS + "WindowsPowerShell\\v1.0\\powershell.exe"
    azure = ("powershell -nop -c \"irm -Headers @{Metadata='true'} 'http://169.254.169.254/metadata/identity/"
             "oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/'\"")
    for i in range(3):
        process(t + i * 41000, "az-vm-7", ps, azure, SYS + "cmd.exe", "ACME\\svc-build")
    winlogbeat(t + 9000, "az-vm-7", 4104, "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational",
               ScriptBlockText="$t = Invoke-RestMethod -Headers @{Metadata='true'} -Uri 'http://169.254.169.254/"
               "metadata/identity/oauth2/token?resource=https://vault.azure.net'; $t.access_token", Path="")
    sysmon(t + 9500, "az-vm-7", 3, Image=ps, User="ACME\\svc-build", Protocol="tcp", Initiated="true",
           SourceIp="10.30.0.7", SourcePort="51514", DestinationIp="169.254.169.254", DestinationPort="80")
    process(t + 300000, "ec2-win-2", SYS + "curl.exe",
            "curl http://169.254.169.254/latest/meta-data/iam/security-credentials/web-role", SYS + "cmd.exe",
            "EC2-WIN-2\\deploy", evtx)
    process(t + 360000, "gce-win-1", SYS + "curl.exe",
            "curl -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance/"
            "service-accounts/default/token", SYS + "cmd.exe", "GCE-WIN-1\\deploy", winlogbeat)
    for i in range(4):
        linux_process(t + 600000 + i * 20000, "ec2-19", "/usr/bin/curl",
                      "curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/app-role",
                      "/usr/bin/bash", "www-data")
    sysmon_linux(t + 640000, "ec2-19", 3, Image="/dev/shm/.x/kt", User="www-data", Protocol="tcp",
                 SourceIp="10.40.0.19", SourcePort=40112, DestinationIp="169.254.169.254", DestinationPort=80)
    linux_process(t + 900000, "web-01", "/usr/bin/cat", "cat /var/run/secrets/kubernetes.io/serviceaccount/token",
                  "/usr/bin/sh", "www-data")
    linux_process(t + 905000, "node-3", "/usr/bin/find", "find /var/lib/kubelet/pods/3f1c77d2-0a4e-4a53-9a86-"
                  "5b1f60c7f1aa/volumes/kubernetes.io~projected/kube-api-access-x7l/token -exec cat {} ;",
                  "/usr/bin/bash", "root")
    add(t + 906000, {"type": "PATH", "msg": "audit(%.3f:8123)" % ((t + 906000) / 1000), "item": "0",
                     "name": "/run/secrets/kubernetes.io/serviceaccount/token", "nametype": "NORMAL",
                     "exe": "/usr/bin/cat", "auid": "1000", "host": "node-3", "@timestamp": stamp(t + 906000)})
    process(t + 1200000, "lt-3301.acme.example", SYS + "cmd.exe",
            "cmd /c copy C:\\Users\\carol\\.azure\\msal_token_cache.bin C:\\Users\\Public\\m.bin", ps, "ACME\\carol")
    process(t + 1210000, "lt-3301.acme.example", "C:\\Program Files\\7-Zip\\7z.exe",
            "7z a -psecret C:\\Users\\Public\\c.7z C:\\Users\\carol\\.aws\\credentials C:\\Users\\carol\\.kube\\config",
            SYS + "cmd.exe", "ACME\\carol", winlogbeat)
    sysmon(t + 1215000, "lt-3301.acme.example", 11, Image=SYS + "cmd.exe", User="ACME\\carol",
           CreationUtcTime=stamp(t, " ", ""), TargetFilename="C:\\Users\\Public\\msal_token_cache.bin")
    add(t + 1220000, {"SourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security",
                      "Hostname": "lt-3301.acme.example", "TimeCreated": stamp(t + 1220000),
                      "@timestamp": stamp(t + 1220000), "EventID": 4663, "SubjectUserName": "carol",
                      "SubjectDomainName": "ACME", "ObjectType": "File", "AccessMask": "0x1",
                      "ObjectName": "C:\\Users\\carol\\AppData\\Local\\Microsoft\\TokenBroker\\Cache\\a1.tbres",
                      "ProcessName": "C:\\Users\\Public\\t.exe"})
    linux_process(t + 1500000, "ci-runner-4", "/usr/bin/cat", "cat /home/ci/.config/gcloud/access_tokens.db",
                  "/usr/bin/bash", "ci")
    linux_process(t + 1505000, "ci-runner-4", "/usr/bin/base64", "base64 /home/ci/.kube/config", "/usr/bin/bash", "ci")


# ---- a cluster: its ordinary readers, and what the thief does with a token -----------------------------

def audit(ms, user, verb, resource, namespace, name="", subresource="", agent="kubectl/v1.31.2 (linux/amd64)",
          query="", address="10.60.0.12"):
    """One request, as the API server tells it: when it came and when it was answered."""
    audit_id = "%08x-%04x-4%03x-8%03x-%012x" % tuple(R.getrandbits(b) for b in (32, 16, 12, 12, 48))
    uri = "/api/v1/namespaces/%s/%s" % (namespace, resource) + ("/" + name if name else "") + \
          ("/" + subresource if subresource else "") + query
    reference = {"resource": resource, "namespace": namespace, "apiVersion": "v1"}
    if name:
        reference["name"] = name
    if subresource:
        reference["subresource"] = subresource
    for stage, late in (("RequestReceived", 0), ("ResponseComplete", 7)):
        event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": audit_id,
                 "stage": stage, "requestURI": uri, "verb": verb, "user": {"username": user,
                 "groups": ["system:authenticated"]}, "sourceIPs": [address], "userAgent": agent,
                 "objectRef": reference, "requestReceivedTimestamp": stamp(ms),
                 "stageTimestamp": stamp(ms + late)}
        if stage == "ResponseComplete":
            event["responseStatus"] = {"metadata": {}, "code": 200}
        add(ms + late, event)


def cluster():
    for i in range(60):
        audit(START + i * 110000, "system:serviceaccount:payments:checkout-api", "get", "secrets", "payments",
              "checkout-db", agent="checkout-api/2.4 (linux/amd64)", address="10.60.3.17")
        audit(START + i * 97000, "deployer@acme.example", "get", "secrets", R.choice(["web", "payments"]),
              R.choice(["tls-cert", "registry", "checkout-db"]), agent="helm/3.16")
    t = START + 5400000
    audit(t, "jdoe@acme.example", "create", "pods", "payments", "checkout-api-7c9", "exec",
          query="?command=cat&command=%2Fvar%2Frun%2Fsecrets%2Fkubernetes.io%2Fserviceaccount%2Ftoken&stdout=true")
    thief = "system:serviceaccount:payments:checkout-api"
    audit(t + 57000, thief, "list", "secrets", "payments", agent="curl/8.5.0", address="203.0.113.77")
    for i in range(14):
        audit(t + 60000 + i * 2500, thief, "get", "secrets", "payments", "customer-key-%02d" % i,
              agent="curl/8.5.0", address="203.0.113.77")


ordinary(420)
theft()
cluster()
events.sort(key=lambda e: e[0])
lines = [json.dumps(event, separators=(",", ":")) + "\n" for _, event in events]
if IS_NOW:
    sys.stdout.writelines(lines)
else:
    with open(os.path.join(HERE, "telemetry.ndjson"), "w") as out:
        out.writelines(lines)
    print(f"{len(events)} events")
