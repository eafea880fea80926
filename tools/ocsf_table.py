#!/usr/bin/env python3
"""Write pkg/alert/ocsf_table.c from the compiled OCSF schema.

  tools/ocsf_table.py SCHEMA.json > pkg/alert/ocsf_table.c

Only objects that `evidences` and `resource_details` can reach are kept, attributes sorted by name.
"""
import json
import sys

KIND = {
    "string_t": "TEXT", "username_t": "TEXT", "hostname_t": "TEXT", "file_name_t": "TEXT",
    "file_path_t": "TEXT", "process_name_t": "TEXT", "url_t": "TEXT", "file_hash_t": "TEXT",
    "resource_uid_t": "TEXT", "subnet_t": "TEXT", "ip_t": "IP", "mac_t": "MAC", "email_t": "EMAIL",
    "uuid_t": "UUID", "bytestring_t": "NONE", "datetime_t": "NONE", "json_t": "TEXT",
    "integer_t": "INT", "long_t": "INT", "timestamp_t": "TIME", "port_t": "PORT",
    "boolean_t": "BOOL", "float_t": "FLOAT", "object": "OBJECT",
}
OBSERVABLE = {  # by type, then by attribute name: observable.type_id
    "username_t": 4, "hostname_t": 1, "file_name_t": 7, "file_path_t": 45, "process_name_t": 9,
    "url_t": 6, "file_hash_t": 8, "resource_uid_t": 10, "subnet_t": 12, "ip_t": 2, "mac_t": 3,
    "email_t": 5, "port_t": 11,
}
OBSERVABLE_NAME = {"cmd_line": 13, "user_agent": 16, "pid": 15, "url_string": 6}


def main():
    schema = json.load(open(sys.argv[1], encoding="utf-8"))
    objects = schema["objects"]
    seen, todo = set(), ["evidences", "resource_details"]
    while todo:
        name = todo.pop()
        if name in seen or name == "object":
            continue
        seen.add(name)
        todo += [a["object"] for a in objects[name]["attributes"].values() if "object" in a]
    names = sorted(seen)
    number = {name: i for i, name in enumerate(names)}
    rows, starts = [], []
    for name in names:
        starts.append(len(rows))
        for attr, a in sorted(objects[name]["attributes"].items()):
            kind = KIND[a["type"]]
            target = 0
            if attr == "http_method":
                kind = "METHOD"
            if kind == "OBJECT":
                if a["object"] not in number:
                    kind = "NONE"
                else:
                    target = number[a["object"]]
            watch = OBSERVABLE_NAME.get(attr, OBSERVABLE.get(a["type"], 0))
            flags = []
            if a.get("array"):
                flags.append("A")
            if a["requirement"] == "required":
                flags.append("R")
            if "enum" in a and kind == "INT":
                flags.append("E")
            rows.append('    {"%s", OCSF_%s, %s, %d, %d},'
                        % (attr, kind, "|".join(flags) or "0", target, watch))
    print("/* ocsf_table.c - the objects of OCSF %s that evidence can hold: attributes and their types."
          % schema["version"])
    print(" *\n * Written by tools/ocsf_table.py from the compiled schema (OCSF schema, Apache-2.0); do not"
          "\n * edit. Objects are sorted by name, the attributes of each as well.\n */")
    print('#include "alert/ocsf_table.h"\n\n/* clang-format off */\nenum { A = OCSF_ARRAY, R = OCSF_REQUIRED,'
          ' E = OCSF_ENUM };\n\nconst struct ocsf_attr ocsf_attrs[] = {')
    for i, name in enumerate(names):
        print("    /* %d %s */" % (i, name))
        end = starts[i + 1] if i + 1 < len(starts) else len(rows)
        print("\n".join(rows[starts[i]:end]))
    print("};\n\nconst struct ocsf_object ocsf_objects[] = {")
    for i, name in enumerate(names):
        end = starts[i + 1] if i + 1 < len(starts) else len(rows)
        one = objects[name].get("constraints", {}).get("at_least_one", [])
        print('    {"%s", %d, %d, "%s"},' % (name, starts[i], end - starts[i], " ".join(one)))
    print("};\n/* clang-format on */\n\nconst size_t ocsf_objects_n = ARRAY_LEN(ocsf_objects);")
    print("const size_t ocsf_evidences = %d;" % number["evidences"])


main()
