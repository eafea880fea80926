"""flatness.py - does a series of measurements rise, or only go up and down?

The straight line through the rounds behind the warm-up (least squares): what it rises over them is bounded, in MiB
and as a share of their mean; the larger bound counts. The bound is for a run of any length, so a longer one sees
a slower leak.
"""
WARM = 3  # rounds that may still grow: two rule sets at once, the largest batches, state of the first spans
LEAST = 4  # rounds behind them; with fewer nothing is said
# What Redis keeps by design for each attack of a round: groups of rarity rules, so that they do not train again
# (until the budget of state is used up; each round has new groups, 36 of 800 attacks, of two rules).
KEPT_BYTES = 32
# what: (share of the mean, MiB)
BOUNDS = {
    "heap": (0.02, 1.0),  # the least over a round that the largest worker had in use: without what is on its way
    "worker": (0.03, 2.0),  # the median over a round of its resident memory: most of that is free within its heaps
    "peak": (0.15, 8.0),  # while rules are loaded there are two sets, sampled at chance moments
    "store": (0.05, 0.75),  # Redis: used_memory behind a round; idle cells stay until their space is written again
}


def rise(samples):
    """What the line through them rises from the first to the last."""
    n = len(samples)
    middle, mean = (n - 1) / 2, sum(samples) / n
    over = sum((i - middle) ** 2 for i in range(n))
    return (n - 1) * sum((i - middle) * (s - mean) for i, s in enumerate(samples)) / over


def judge(what, samples, kept_mib=0.0):
    """None: too few rounds. Else (is flat, the rise, its bound). kept_mib: what a round may add."""
    own = samples[WARM:]
    if len(own) < LEAST:
        return None
    share, mib = BOUNDS[what]
    bound = max(mib, share * sum(own) / len(own)) + kept_mib * (len(own) - 1)
    return rise(own) <= bound, rise(own), bound
