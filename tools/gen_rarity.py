#!/usr/bin/env python3
"""Writes pkg/match/literal_rarity_table.c: how common are 4-byte windows in telemetry?

usage: gen_rarity.py EVENTS_DIR > pkg/match/literal_rarity_table.c
       gen_rarity.py EVENTS_DIR FILE.ndjson [seen|all] > the same, refined by what a stream shows
           (tools/try_rarity): the windows of the file as common as they are there; `all`: and what it
           does not have as rare as can be

Counts windows of the case-folded string values of sample events (*.ndjson.zst in
EVENTS_DIR, every source with the same weight) and of the words below, which any Windows,
Linux or cloud estate has. Two tables come out: pairs of characters over 64 character
classes, from which any window's frequency can be estimated, and the windows that are much
more common than that estimate says. Deterministic; no detection rule is read.
"""
import collections
import json
import math
import os
import subprocess
import sys

UNIT = 6  # levels per bit, as GRAM_LEVEL_UNIT
TOP = 3000  # exceptions kept
EVENTS_PER_SOURCE = 4000
WORDS_WEIGHT = 0.15

WORDS = r"""
c:\windows\system32\ c:\windows\syswow64\ c:\program files\ c:\program files (x86)\ c:\programdata\
c:\users\public\ c:\users\administrator\appdata\local\temp\ \appdata\roaming\microsoft\windows\start menu\
cmd.exe /c powershell.exe -noprofile -executionpolicy bypass -file -command svchost.exe -k netsvcs -p -s
rundll32.exe regsvr32.exe explorer.exe chrome.exe msedge.exe --type=renderer --enable-features= --field-trial-handle=
conhost.exe 0xffffffff -forcev1 services.exe lsass.exe winlogon.exe taskhostw.exe wmiprvse.exe -secured -embedding
nt authority\system nt authority\network service microsoft corporation microsoft windows operating system
hklm\software\microsoft\windows\currentversion\ hkcu\software\classes\ hklm\system\currentcontrolset\services\
\registry\machine\ \device\harddiskvolume1\ .dll .exe .sys .ps1 .bat .txt .log .tmp .dat .xml .json .html .config
/usr/bin/ /usr/sbin/ /usr/local/bin/ /usr/lib/x86_64-linux-gnu/ /usr/share/ /etc/systemd/system/ /var/lib/docker/
/var/log/ /tmp/ /opt/ /home/ubuntu/ /proc/self/ /dev/null /bin/sh -c /bin/bash python3 -m --config --name --output
sudo apt-get install grep sed awk cat ls -l curl -s https:// http:// www. .com/ .org/ .net/ index.html user-agent
mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/ safari/537.36
application/json text/html content-type: authorization: api/v1/namespaces/default/pods/ kube-system serviceaccount
system:serviceaccount: get list watch create update patch delete configmaps secrets deployments kubernetes.io
amazonaws.com arn:aws:iam:: assumed-role us-east-1 describeinstances getcalleridentity assumerole session
true false null none error warning information success failure failed allow deny accept drop established
the of and to in is for on with that this from by not are was be as at it an or process file user name account
group service started stopped created deleted changed logon type domain source destination address port protocol
interface connection version update install download server client network security policy local remote default
-- /? /s /q /f /y /v /t -e -c -f -n -p -d -o && || >> 2>&1 | " ' = , ; : ( ) { } [ ] % $ # @ ! * + < > ? ^ ` ~ _
"""

PUNCTUATION = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def classes():
    table = [62] * 256  # control characters
    for i in range(128, 256):
        table[i] = 63
    for i in range(26):
        table[97 + i] = table[65 + i] = i
    table[48], table[49] = 26, 27
    for i in range(50, 58):
        table[i] = 28
    for i, c in enumerate(PUNCTUATION):
        table[ord(c)] = 29 + i if i < 33 else 62
    return table


def strings(x):
    if isinstance(x, str):
        yield x
    elif isinstance(x, dict):
        for v in x.values():
            yield from strings(v)
    elif isinstance(x, list):
        for v in x:
            yield from strings(v)


def lines(path):
    p = subprocess.Popen(["zstd", "-dc", path], stdout=subprocess.PIPE)
    all_lines = p.stdout.read().split(b"\n")
    step = max(1, len(all_lines) // EVENTS_PER_SOURCE)
    return all_lines[::step]


def windows(texts):
    grams = collections.Counter()
    for t in texts:
        b = bytes(c + 32 if 65 <= c <= 90 else c for c in t.encode("utf-8", "replace"))
        for i in range(len(b) - 3):
            grams[b[i:i + 4]] += 1
    return grams


def mix(directory):
    sources = []
    for f in sorted(os.listdir(directory)):
        if f.endswith(".ndjson.zst"):
            sources.append((f, 1.0))
    mixed = collections.defaultdict(float)
    total_weight = sum(w for _, w in sources) + WORDS_WEIGHT * len(sources)
    todo = [(w, windows(s for l in lines(os.path.join(directory, f)) if l
                        for s in strings(json.loads(l)))) for f, w in sources]
    todo.append((WORDS_WEIGHT * len(sources), windows(WORDS.split("\n"))))
    for weight, grams in todo:
        n = sum(grams.values())
        for g, count in grams.items():
            mixed[g] += weight / total_weight * count / n
    return mixed


def level(p):
    return max(0, min(255, round(-UNIT * math.log2(p))))


def of_stream(path):
    """Windows of one file, each with its level there."""
    with open(path, "rb") as f:
        grams = windows(s for line in f if line.strip() for s in strings(json.loads(line)))
    n = sum(grams.values())
    return {g: level(c / n) for g, c in grams.items() if all(32 <= x < 127 for x in g)}


def main():
    cls = classes()
    mixed = mix(sys.argv[1])
    pair = [[0.0] * 64 for _ in range(64)]
    for g, p in mixed.items():
        for i in range(3):
            pair[cls[g[i]]][cls[g[i + 1]]] += p / 3
    # Nothing is impossible: every pair gets a share, larger where both classes are common.
    single = [sum(row) + 1e-5 for row in pair]
    norm = sum(single)
    single = [s / norm for s in single]
    pair = [[0.97 * pair[a][b] + 0.03 * (0.5 * single[a] * single[b] + 0.5 / 4096)
             for b in range(64)] for a in range(64)]

    def spread(k):  # how many characters share the class's frequency
        return {62: 8, 63: 32, 28: 8}.get(k, 1)

    follow = [[level(pair[a][b] / sum(pair[a]) / spread(b)) for b in range(64)] for a in range(64)]
    begin = [level(sum(pair[a]) / spread(a)) for a in range(64)]

    def estimate(g):
        c = [cls[x] for x in g]
        return begin[c[0]] + follow[c[0]][c[1]] + follow[c[1]][c[2]] + follow[c[2]][c[3]]

    gain = []
    for g, p in mixed.items():
        l = level(p)
        if l < estimate(g) - UNIT and all(32 <= x < 127 for x in g):
            gain.append((p * (estimate(g) - l), g, l))
    gain.sort(key=lambda x: (-x[0], x[1]))
    listed = {g: l for _, g, l in gain[:TOP]}
    if len(sys.argv) > 2:
        listed.update(of_stream(sys.argv[2]))
    if sys.argv[3:] == ["all"]:
        begin, follow, listed = [255] * 64, [[0] * 64 for _ in range(64)], of_stream(sys.argv[2])
    write_table(cls, begin, follow, sorted(listed.items()))


def write_table(cls, begin, follow, kept):
    out = sys.stdout.write
    out("/* literal_rarity_table.c - frequencies of characters and windows in telemetry text.\n *\n"
        " * Generated by tools/gen_rarity.py: do not edit. literal_rarity.c says what it means.\n */\n"
        '#include "match/literal_rarity.h"\n\n/* clang-format off */\n')

    def numbers(name, dims, values):
        out("const uint8_t %s%s = {\n" % (name, dims))
        for i in range(0, len(values), 24):
            out("    " + ",".join(str(v) for v in values[i:i + 24]) + ",\n")
        out("};\n\n")

    numbers("RARITY_CLASS", "[256]", cls)
    numbers("RARITY_BEGIN", "[RARITY_CLASSES]", begin)
    numbers("RARITY_FOLLOW", "[RARITY_CLASSES * RARITY_CLASSES]", sum(follow, []))
    out("const uint32_t RARITY_WINDOWS_N = %d;\n\n" % len(kept))
    out("const char RARITY_WINDOWS[] =\n")
    for i in range(0, len(kept), 14):
        text = "".join(g.decode() + chr(48 + min(l // 2, 78)) for g, l in kept[i:i + 14])
        out('    "%s"\n' % text.replace("\\", "\\\\").replace('"', '\\"').replace("??", "?\\?"))
    out("    ;\n/* clang-format on */\n")


main()
