"""kafka_wire.py - the few questions that tools/kafka-local asks a broker itself.

Kafka's own tools need a second of a Java machine for each call; these are some bytes. Written
from the protocol guide (https://kafka.apache.org/protocol); the versions are the newest ones
without tagged fields, which 3.x and 4.x brokers both know.
"""
import socket
import struct
import time

METADATA, CREATE_TOPICS, DELETE_TOPICS, DELETE_RECORDS, DESCRIBE_ACLS, CREATE_ACLS = 3, 19, 20, 21, 29, 30
DESCRIBE_CONFIGS, CREATE_PARTITIONS, ALTER_CONFIGS_BY_ONE = 32, 37, 44
ASK_S = 120  # milliseconds as a rule
TOPIC_EXISTS = 36

OPERATIONS = {"all": 2, "read": 3, "write": 4, "create": 5, "delete": 6, "alter": 7, "describe": 8,
              "cluster-action": 9, "describe-configs": 10, "alter-configs": 11, "idempotent-write": 12}
RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
LITERAL, PREFIXED, ALLOW = 3, 4, 3


def text(s):
    raw = s.encode()
    return struct.pack(">h", len(raw)) + raw


class Reply:
    """Reads an answer from front to back."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, form):
        value, = struct.unpack_from(">" + form, self.raw, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self):
        n = self.take("h")
        if n < 0:
            return ""
        self.at += n
        return self.raw[self.at - n:self.at].decode()

    def array(self, one):
        return [one() for _ in range(max(0, self.take("i")))]


def receive(s, n):
    raw = b""
    while len(raw) < n:
        more = s.recv(n - len(raw))
        if not more:
            raise OSError("the broker hung up")
        raw += more
    return raw


def until(is_so, what, seconds=ASK_S):
    """The controller answers before brokers know."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise ValueError(f"in {seconds} s not seen: {what}")
        time.sleep(0.02)


def ask(port, api, version, body, seconds=ASK_S):
    """One request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        request = struct.pack(">hhi", api, version, 1) + text("kafka-local") + body
        s.sendall(struct.pack(">i", len(request)) + request)
        size, = struct.unpack(">i", receive(s, 4))
        return Reply(receive(s, size)[4:])


def metadata(port, topics=(), seconds=ASK_S):
    """(node ids of the brokers, {topic: {partition: leader}}); a topic that is not there has no partitions."""
    reply = ask(port, METADATA, 1, struct.pack(">i", len(topics)) + b"".join(map(text, topics)), seconds)

    def broker():
        node = reply.take("i")
        reply.text(), reply.take("i"), reply.text()  # host, port, rack
        return node

    def partition():
        error, number, leader = reply.take("h"), reply.take("i"), reply.take("i")
        reply.array(lambda: reply.take("i")), reply.array(lambda: reply.take("i"))  # replicas, in sync
        return number, leader if error == 0 else -1

    def topic():
        reply.take("h")
        name = reply.text()
        reply.take("b")
        return name, dict(reply.array(partition))

    brokers = reply.array(broker)
    reply.take("i")  # controller
    return brokers, dict(reply.array(topic))


def create_topic(port, name, partitions, replicas, configs, seconds=ASK_S):
    """Make a topic and wait until each partition has a leader. One that exists is left as it is."""
    body = struct.pack(">i", 1) + text(name) + struct.pack(">ihii", partitions, replicas, 0, len(configs))
    for key, value in configs.items():
        body += text(key) + text(str(value))
    reply = ask(port, CREATE_TOPICS, 2, body + struct.pack(">ib", seconds * 1000, 0), seconds)
    reply.take("i"), reply.take("i"), reply.text()  # throttle, one topic, its name
    error, words = reply.take("h"), reply.text()
    if error not in (0, TOPIC_EXISTS):
        raise ValueError(f"topic {name}: error {error}: {words}")
    until(lambda: has_leaders(port, name), f"leaders of topic {name}", seconds)


def has_leaders(port, name, partitions=None):
    leaders = metadata(port, [name])[1][name]
    return leaders and min(leaders.values()) >= 0 and partitions in (None, len(leaders))


def delete_topic(port, name, seconds=ASK_S):
    """Gone when it returns: the name may be given anew."""
    reply = ask(port, DELETE_TOPICS, 1, struct.pack(">i", 1) + text(name) + struct.pack(">i", seconds * 1000), seconds)
    reply.take("i"), reply.take("i"), reply.text()  # throttle, one topic, its name
    error = reply.take("h")
    if error:
        raise ValueError(f"topic {name}: error {error}")
    until(lambda: not metadata(port, [name])[1][name], f"the end of topic {name}", seconds)


def grow_topic(port, name, partitions, seconds=ASK_S):
    """So many partitions from now on; waits until each has a leader."""
    body = struct.pack(">i", 1) + text(name) + struct.pack(">iiib", partitions, -1, seconds * 1000, 0)
    reply = ask(port, CREATE_PARTITIONS, 1, body, seconds)
    reply.take("i"), reply.take("i"), reply.text()  # throttle, one topic, its name
    error, words = reply.take("h"), reply.text()
    if error:
        raise ValueError(f"topic {name}: error {error}: {words}")
    until(lambda: has_leaders(port, name, partitions), f"leaders of topic {name}", seconds)


def settings(port, name):
    """Of a topic, as the broker has them."""
    reply = ask(port, DESCRIBE_CONFIGS, 1, struct.pack(">ib", 1, RESOURCES["topic"]) + text(name) + struct.pack(">ib", -1, 0))

    def setting():
        key, value = reply.text(), reply.text()
        reply.take("b"), reply.take("b"), reply.take("b")  # read only, where from, a secret
        reply.array(lambda: (reply.text(), reply.text(), reply.take("b")))  # where else it could be from
        return key, value

    reply.take("i"), reply.take("i"), reply.take("h"), reply.text()  # throttle, one topic, error, words
    reply.take("b"), reply.text()
    return dict(reply.array(setting))


def alter_topic(port, name, configs, seconds=ASK_S):
    """Settings of a topic that is there; the others stay."""
    body = struct.pack(">ib", 1, RESOURCES["topic"]) + text(name) + struct.pack(">i", len(configs))
    for key, value in configs.items():
        body += text(key) + struct.pack(">b", 0) + text(str(value))
    reply = ask(port, ALTER_CONFIGS_BY_ONE, 0, body + struct.pack(">b", 0), seconds)
    reply.take("i"), reply.take("i")  # throttle, one topic
    error, words = reply.take("h"), reply.text()
    if error:
        raise ValueError(f"topic {name}: error {error}: {words}")
    wanted = {key: str(value) for key, value in configs.items()}
    until(lambda: wanted.items() <= settings(port, name).items(), f"{wanted} of topic {name}", seconds)


def delete_records(port, topic, partition, offset, seconds=ASK_S):
    """The log begins at this offset then, as if retention had passed. The port: its leader's."""
    body = struct.pack(">i", 1) + text(topic) + struct.pack(">iiqi", 1, partition, offset, seconds * 1000)
    reply = ask(port, DELETE_RECORDS, 1, body, seconds)
    reply.take("i"), reply.take("i"), reply.text(), reply.take("i")  # throttle, one topic, its name, one partition
    reply.take("i"), reply.take("q")  # the partition, where its log begins
    error = reply.take("h")
    if error:
        raise ValueError(f"{topic}/{partition}: error {error}")


def allow(port, user, operation, resource, name):
    """An ACL. A name that ends in * stands for all names that begin so."""
    pattern = PREFIXED if name.endswith("*") and name != "*" else LITERAL
    name = name.rstrip("*") if pattern == PREFIXED else name
    acl = (struct.pack(">b", RESOURCES[resource]) + text(name) + struct.pack(">b", pattern) + text("User:" + user) + text("*") +
           struct.pack(">bb", OPERATIONS[operation], ALLOW))
    reply = ask(port, CREATE_ACLS, 1, struct.pack(">i", 1) + acl)
    reply.take("i"), reply.take("i")
    error, words = reply.take("h"), reply.text()
    if error:
        raise ValueError(f"ACL: error {error}: {words}")
    until(lambda: has_acl(port, acl), f"the right of {user} to {operation} {name}")


def has_acl(port, acl):
    """A filter has the form of an ACL."""
    reply = ask(port, DESCRIBE_ACLS, 1, acl)
    reply.take("i"), reply.take("h"), reply.text()  # throttle, error, words
    return reply.take("i") > 0
