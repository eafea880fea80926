"""kafka_box.py - a Kafka of the test's own, on free loopback ports, by tools/kafka-local.

    with KafkaBox(nodes=3, version="4.1.0") as kafka:
        kafka.topic("in", 4, {"retention.ms": 1000})
        ... kafka.bootstrap ...
        kafka.kill(2)
        kafka.start(2)

A broker takes 400 MB and two seconds: one box for a whole test program, topics are cheap.
"""
from local_box import LocalBox, programs_are_there

VERSIONS = ("3.9.1", "4.1.0")


def is_there():
    """Jars may be there without Maven: without it, the first `up` says what is missing."""
    return programs_are_there("java", "kcat")


class KafkaBox(LocalBox):
    """options: as kafka-local has them; True is a flag: KafkaBox(sasl=True, acl=True, set=["a=b"]).

    bootstrap: the PLAINTEXT listeners; lines: all that `up` printed (SSL, SASL_SSL, TLS, PROXIED, PROXY)."""

    END = "destroy"

    def __init__(self, nodes=1, version="3.9.1", **options):
        super().__init__("kafka-local", "weir-kafka-")
        flags = ["--nodes", nodes, "--version", version]
        for name, value in options.items():
            for each in value if isinstance(value, (list, tuple)) else [value]:
                flags += ["--" + name] if each is True else ["--" + name, each]
        self.up(*flags)
        self.version = version
        self.bootstrap = self.lines["BOOTSTRAP"]

    def topic(self, name, partitions=1, configs=None):
        pairs = [x for k, v in (configs or {}).items() for x in ("--config", f"{k}={v}")]
        self.tool("topic", name, "--partitions", partitions, *pairs)

    def grow(self, name, partitions):
        self.tool("grow", name, partitions)

    def alter(self, name, configs):
        self.tool("alter", name, *(f"{k}={v}" for k, v in configs.items()))

    def drop(self, name):
        self.tool("drop", name)

    def trim(self, name, partition, offset):
        self.tool("trim", name, partition, offset)

    def allow(self, user, operation, resource, name):
        self.tool("allow", user, operation, resource, name)

    def kill(self, node=1):
        self.tool("kill", node)

    def stop(self, node=1):
        self.tool("stop", node)

    def start(self, node=1):
        self.tool("start", node)

    def pause(self, node=1):
        self.tool("pause", node)

    def resume(self, node=1):
        self.tool("resume", node)
