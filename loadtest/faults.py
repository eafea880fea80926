"""faults.py - what goes wrong in a load test. A fault is a generator: it does something to the world and
yields how many seconds to wait until it goes on; it ends by itself or when the load has ended.

    def fault(world, rng):
        while True:
            yield 2.0
            ...

world.count(what) adds one to what the summary tells.
"""
import os
import signal
import time

SESSION_S = 6.0  # after which a silent worker's partitions go to others


def none(_world, _rng):
    return
    yield


def kill9(world, rng):
    """A worker dies in the middle of whatever it does, and another takes its place at once."""
    while True:
        yield rng.uniform(*world.s.every)
        alive = world.running()
        if alive:
            victim = rng.choice(alive)
            victim.kill()
            world.count("kills")
            victim.start()


def zombie(world, rng):
    """A worker stands still until its partitions have long been somebody else's, and wakes up."""
    while True:
        yield rng.uniform(1.0, 2.0)
        alive = world.running()
        if alive:
            sleeper = rng.choice(alive)
            sleeper.send(signal.SIGSTOP)
            world.count("zombies")
            yield SESSION_S + rng.uniform(1.0, 4.0)
            sleeper.send(signal.SIGCONT)


def storm(world, _rng):
    """A worker joins or leaves every other second."""
    extra = None
    while True:
        yield 2.0
        world.count("rebalances")
        if extra is None:
            extra = world.start_worker()
        else:
            world.expect_end(extra)
            extra.stop()
            world.workers.remove(extra)
            extra = None


def broker_restart(world, rng):
    while True:
        yield rng.uniform(*world.s.every)
        node = rng.randint(1, world.s.nodes)
        world.count("broker restarts")
        world.kafka.stop(node)
        world.kafka.start(node)


def broker_kill(world, rng):
    while True:
        yield rng.uniform(*world.s.every)
        node = rng.randint(1, world.s.nodes)
        world.count("broker kills")
        world.kafka.kill(node)
        yield 2.0
        world.kafka.start(node)


def redis_kill(world, rng):
    """What it has on disk comes back with it: all, all but the newest, or nothing (scenario's redis)."""
    while True:
        yield rng.uniform(*world.s.every)
        world.count("store kills")
        world.redis.kill()
        yield rng.uniform(0.0, 1.0)
        world.redis.start()


def redis_pause(world, rng):
    """It does not answer for a while."""
    while True:
        yield rng.uniform(*world.s.every)
        world.count("store pauses")
        world.redis.pause()
        yield rng.uniform(0.5, 3.0)
        world.redis.resume()


def flushall(world, rng):
    while True:
        yield rng.uniform(*world.s.every)
        world.count("flushes")
        world.redis.ask("FLUSHALL")


def failover(world, rng):
    """The primary dies, and its replica that takes over has not got the newest writes."""
    yield rng.uniform(*world.s.every)
    world.replica.ask("REPLICAOF", "127.0.0.1", "1")
    yield rng.uniform(0.5, 1.5)
    world.count("failovers")
    world.redis.kill()
    world.replica.ask("REPLICAOF", "NO", "ONE")


def late_end(world, rng):
    """An EndTxn is kept from the broker, or passes and is repeated, after the next transaction has begun."""
    while True:
        yield rng.uniform(*world.s.every)
        world.proxy.order("on EndTxn " + rng.choice(["take", "copy"]))
        world.count("late ends")
        yield rng.uniform(0.1, 0.3)
        world.proxy.order("release after Produce")


EXTRA_RULE = """title: Something new
name: something_new
id: 10ad7e57-0000-4000-8000-000000000099
logsource: {product: loadtest}
detection:
  selection: {k: something_new}
  condition: selection
level: low
"""


def replace_file(path, text):
    """By rename, as whoever deploys rules must: a worker that starts reads them at any moment."""
    with open(path + "~", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + "~", path)


def change_rules(world, is_new):
    """A new rule, and a title of an old one: every rule keeps its state."""
    extra, count = (os.path.join(world.rules, n) for n in ("extra.yml", "count.yml"))
    with open(count, encoding="utf-8") as f:
        text = f.read()
    old, new = "title: Five of a user\n", "title: Five of one user\n"
    replace_file(count, text.replace(old, new) if is_new else text.replace(new, old))
    if is_new:
        replace_file(extra, EXTRA_RULE)
    elif os.path.exists(extra):
        os.remove(extra)
    with open(world.list, encoding="utf-8") as f:
        text = f.read()
    replace_file(world.list, text + "nothing-%d\n" % is_new)


def reload(world, rng):
    """A new rule set for one worker after the other, and back."""
    is_new = True
    while True:
        change_rules(world, is_new)
        for w in list(world.workers):
            yield rng.uniform(*world.s.every)
            world.count("reloads")
            w.send(signal.SIGHUP)
        is_new = not is_new


def everything(world, rng):
    """Kills, joins, reloads and stores that die, one after the other."""
    running = [f(world, rng) for f in (kill9, storm, redis_kill, reload)]
    while True:
        turn = rng.choice(running)
        until = time.monotonic() + 4.0
        while time.monotonic() < until:
            yield next(turn)
