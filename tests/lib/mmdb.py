"""mmdb.py - a small MaxMind DB for tests: IPv4 networks with what is known of them.

Written from the published description of the format (MaxMind DB File Format Specification 2.0), as
mmdb_write.c is for C.
"""
import ipaddress
import struct

TEXT, DOUBLE, U16, U32, MAP, U64, ARRAY = 2, 3, 5, 6, 7, 9, 11
SEPARATOR = 16


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def number(kind, n, size):
    return control(kind, size) + n.to_bytes(size, "big")


def value(v):
    """A text, a float, a map or an empty list."""
    if isinstance(v, str):
        return control(TEXT, len(v.encode())) + v.encode()
    if isinstance(v, float):
        return control(DOUBLE, 8) + struct.pack(">d", v)
    if isinstance(v, dict):
        return control(MAP, len(v)) + b"".join(value(k) + (x if isinstance(x, bytes) else value(x)) for k, x in v.items())
    return control(ARRAY, len(v)) + b"".join(map(value, v))


def write(path, networks):
    """networks: {"192.0.2.0/24": {"city": ..., "country": ..., "code": ..., "latitude": ..., "longitude": ...}},
    each as far as it is known, without overlap."""
    nodes, data = [[None, None]], b""
    for name, place in networks.items():
        network = ipaddress.ip_network(name)
        bits = [int(network.network_address) >> (31 - i) & 1 for i in range(network.prefixlen)]
        node = 0
        for bit in bits[:-1]:
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][bits[-1]] = -1 - len(data)
        entry = {}
        if "country" in place:
            entry["country"] = {"iso_code": place["code"], "names": {"en": place["country"]}}
        if "city" in place:
            entry["city"] = {"names": {"en": place["city"]}}
        if "latitude" in place:
            entry["location"] = {"latitude": place["latitude"], "longitude": place["longitude"]}
        data += value(entry)
    tree = b""
    for pair in nodes:
        for child in pair:
            n = len(nodes) if child is None else child if child >= 0 else len(nodes) + SEPARATOR - 1 - child
            tree += n.to_bytes(3, "big")
    meta = {"binary_format_major_version": number(U16, 2, 2), "binary_format_minor_version": number(U16, 0, 2),
            "build_epoch": number(U64, 1700000000, 8), "database_type": "weir-test", "description": {},
            "ip_version": number(U16, 4, 2), "languages": [], "node_count": number(U32, len(nodes), 4),
            "record_size": number(U16, 24, 2)}
    with open(path, "wb") as f:
        f.write(tree + bytes(SEPARATOR) + data + b"\xab\xcd\xefMaxMind.com" + value(meta))
