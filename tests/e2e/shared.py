"""shared.py - the shared data for the end-to-end tests: where it is, unpacked, and what to say
when it is not there."""
import os
import re
import subprocess
import sys
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
WEIR = os.environ.get("WEIR", os.path.join(BUILD, "weir"))
DATA = os.environ.get("WEIR_DATA", os.path.join(os.path.dirname(ROOT), "shared", "data"))
LANES = ["structured_windows", "diverse_windows", "raw_windows", "sysmon_file_event", "mixed_schema",
         "cisco_syslog", "match_heavy", "low_match", "no_match", "correlation"]


def need(path):
    """The path of a shared file; ends the test by name if it is absent."""
    full = os.path.join(DATA, path)
    if os.path.exists(full):
        return full
    print(f"SKIP: shared data absent ({path})")
    is_ci = os.environ.get("CI") == "true"
    print("0 passed, 1 failed, 0 skipped" if is_ci else "0 passed, 0 failed, 1 skipped")
    sys.exit(1 if is_ci else 0)


def unpack_rules(top, name="rules/sigma.tar.zst"):
    subprocess.run(f"zstd -qdc '{need(name)}' | tar x -C '{top}'", shell=True, check=True)
    return top


def unpack_queries(top, out, language, wanted=lambda rule: True):
    """The queries of Elastic's rules in a language ("eql", "kuery"), as files of the new folder
    `out`; how many."""
    rules = unpack_rules(top, "rules/elastic.tar.zst")
    os.mkdir(out)
    n = 0
    for folder, _, files in sorted(os.walk(rules)):
        for name in sorted(files):
            if not name.endswith(".toml") or folder == out:
                continue
            with open(os.path.join(folder, name), "rb") as f:
                rule = tomllib.load(f)["rule"]
            if rule.get("language") != language or not wanted(rule):
                continue
            n += 1
            ending = {"kuery": "kql"}.get(language, language)
            with open(os.path.join(out, f"{n}_{name[:-5]}.{ending}"), "w") as f:
                f.write(rule["query"])
    return n


def unpack_eql(top, out):
    """The single-event EQL queries of Elastic's rules as files of the new folder `out`; how many."""
    def is_single(rule):
        words = re.sub(r"//[^\n]*|/\*.*?\*/", " ", rule["query"], flags=re.S).split()
        return words[0] not in ("sequence", "sample")
    return unpack_queries(top, out, "eql", is_single)


def unpack_events(top, name):
    """An event file, unpacked; name without ending."""
    path = os.path.join(top, name + ".ndjson")
    if not os.path.exists(path):
        subprocess.run(["zstd", "-qdf", need(f"events/{name}.ndjson.zst"), "-o", path], check=True)
    return path


def list_options(top, rules):
    """--list options for every placeholder that the rules name: any entries do for loading."""
    path = os.path.join(top, "entries.txt")
    with open(path, "w") as f:
        f.write("listed-one\nLISTED-two\n")
    out = subprocess.run(["grep", "-rhoE", "%[A-Za-z_]+%", rules], stdout=subprocess.PIPE, text=True).stdout
    names = {n.strip("%") for n in out.split()}
    names |= {"Administrators", "JumpServers", "Workstations", "Servers", "DomainControllers"}
    return [x for n in sorted(names) for x in ("--list", f"{n}={path}")]


def finish(passed, failed, skipped=0):
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)
