"""sign_ins.py - events that rules with state look at: people who sign in, and fail to."""
import calendar
import random
import time

START_MS = 1767600000000  # 2026-01-05T08:00:00Z


def stamp(t_ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t_ms // 1000)) + ".%03dZ" % (t_ms % 1000)


def at_ms(text):
    """What stamp() wrote."""
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23])


def sign_in(t_ms, user, address, is_failure=True):
    return {"EventType": "authentication_failure" if is_failure else "authentication_success", "User": user,
            "SourceIP": address, "Computer": "auth-01", "product": "windows", "category": "authentication",
            "@timestamp": stamp(t_ms)}


def sign_ins(n, seed=1, users=200, addresses=40, step_ms=500):
    """A stream in order of time, some users and addresses more often than others."""
    r = random.Random(seed)
    t = START_MS
    for _ in range(n):
        t += r.randrange(2 * step_ms)
        user = int(users * r.random() ** 3)
        yield sign_in(t, f"user-{user:05}", f"198.51.{r.randrange(4)}.{int(addresses * r.random() ** 2)}",
                      r.random() < 0.8)
