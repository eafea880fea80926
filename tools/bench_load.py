"""bench_load - records at a steady rate for next to no time on a core: record batches that were made before, written
to the broker as they are.

kcat and librdkafka take 5 us and more for each record, which at a worker's half load is more than the machine has
left: what would be measured is a queue that grows. Here a batch is encoded once (Kafka's protocol guide, record batch
of magic 2, nothing compressed) and sent again and again; the topic takes the broker's time
(message.timestamp.type=LogAppendTime), so nothing in it changes. A connection for each partition, since a broker
answers a connection's requests one by one.
"""
import select
import socket
import struct
import time

PRODUCE, VERSION, ACKS = 0, 3, 1
TIMEOUT_MS = 10000
MAGIC = 2
TOPIC = "message.timestamp.type=LogAppendTime"  # what the topic needs
TICK_S = 0.01   # each partition gets a batch so often
PROBE_TICKS = 5


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


CRC_TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(n):
    """Of a number that is not negative; zigzag, as records have it."""
    n, out = n << 1, bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def record(delta, value):
    body = b"\0\0" + varint(delta) + b"\1" + varint(len(value)) + value + b"\0"  # no key (-1), no headers
    return varint(len(body)) + body


def encode(values):
    """A record batch of no producer id, its times 0."""
    after = struct.pack(">hiqqqhii", 0, len(values) - 1, 0, 0, -1, -1, -1, len(values))
    after += b"".join(record(i, v) for i, v in enumerate(values))
    head = struct.pack(">ibI", -1, MAGIC, crc32c(after))
    return struct.pack(">qi", 0, len(head) + len(after)) + head + after


def text(s):
    return struct.pack(">h", len(s)) + s.encode()


class Connection:
    """Produce requests, one behind the other without waiting for answers."""

    def __init__(self, port, topic):
        self.topic = topic
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = self.answered = self.failed = 0
        self.rest = b""

    def send(self, partition, batch):
        head = (struct.pack(">hhi", PRODUCE, VERSION, self.sent) + text("bench") + struct.pack(">hhi", -1, ACKS, TIMEOUT_MS)
                + struct.pack(">i", 1) + text(self.topic) + struct.pack(">iii", 1, partition, len(batch)))
        self.socket.sendall(struct.pack(">i", len(head) + len(batch)) + head + batch)
        self.sent += 1
        self.take(0)

    def take(self, seconds):
        """The answers that have come."""
        while select.select([self.socket], [], [], seconds)[0]:
            more = self.socket.recv(1 << 16)
            if not more:
                raise OSError("the broker hung up")
            self.rest += more
            seconds = 0
            while len(self.rest) >= 4:
                n = 4 + struct.unpack_from(">i", self.rest)[0]
                if len(self.rest) < n:
                    break
                # correlation, topics, name, partitions, partition; then the error
                self.failed += struct.unpack_from(">h", self.rest, 22 + len(self.topic))[0] != 0
                self.answered += 1
                self.rest = self.rest[n:]

    def close(self, seconds=10):
        """How many requests failed, or were not answered in time."""
        end = time.monotonic() + seconds
        while self.answered < self.sent and time.monotonic() < end:
            self.take(0.1)
        self.socket.close()
        return self.failed + self.sent - self.answered


class Load:
    """Lines to all partitions of a topic at a rate, over and over, and a probe every PROBE_TICKS ticks."""

    def __init__(self, port, topic, partitions, lines, rate):
        size = max(1, round(rate * TICK_S / partitions))
        self.batches = [encode(lines[i:i + size]) for i in range(0, max(1, len(lines) - size + 1), size)]
        self.rate = size * partitions / TICK_S
        self.partitions = partitions
        self.connections = [Connection(port, topic) for _ in range(partitions + 1)]
        self.written = {}  # of each probe, just before it is sent
        self.behind = 0    # seconds by which the load was late at most

    def tick(self, turn, probe):
        if turn % PROBE_TICKS == 0:
            n = turn // PROBE_TICKS
            batch = encode([probe(n)])
            self.written[n] = time.monotonic()
            self.connections[-1].send(n % self.partitions, batch)
        for p in range(self.partitions):
            self.connections[p].send(p, self.batches[(turn * self.partitions + p) % len(self.batches)])

    def run(self, seconds, probe, every_tick=lambda: None):
        """probe(n): the n-th one's record. Returns how many requests failed."""
        begin = time.monotonic()
        for turn in range(int(seconds / TICK_S)):
            self.tick(turn, probe)
            every_tick()
            left = begin + (turn + 1) * TICK_S - time.monotonic()
            if left > 0:
                time.sleep(left)
            self.behind = max(self.behind, -left)
        return sum(c.close() for c in self.connections)
