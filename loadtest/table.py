"""table.py - results of scenarios (runner.py: a line of JSON each) as one table: a line per scenario, and the sum."""
import json

# What a result has besides counts of faults.
TEXTS = ("kinds", "examples", "obituaries")
KNOWN = ("scenario", "seed", "events", "attacks", "findings", "lost", "doubled", "wrong", "rss_mib", "seconds", *TEXTS)
COLUMNS = ("scenario", "runs", "events", "attacks", "findings", "faults", "lost", "doubled", "wrong", "minutes")
SUMMED = ("events", "attacks", "findings", "lost", "doubled", "wrong")


class Row:
    def __init__(self, name):
        self.name, self.runs, self.seconds = name, 0, 0.0
        self.sums = dict.fromkeys(SUMMED, 0)
        self.faults = {}

    def add(self, result):
        self.runs += 1
        self.seconds += result.get("seconds", 0.0)
        for name in SUMMED:
            self.sums[name] += result.get(name, 0)
        for name, n in result.items():
            if name not in KNOWN and n:
                self.faults[name] = self.faults.get(name, 0) + n

    def cells(self):
        faults = ", ".join("%d %s" % (n, name) for name, n in self.faults.items())
        numbers = ["{:,}".format(self.sums[name]) for name in SUMMED]
        return [self.name, str(self.runs), *numbers[:3], faults or "-", *numbers[3:], "%.1f" % (self.seconds / 60)]


def read(paths):
    for path in paths:
        with open(path, encoding="utf-8") as f:
            yield from (json.loads(line) for line in f if line.strip())


def text(results):
    """Markdown. A run that did not come to its end counts as wrong, with no events."""
    rows, total = {}, Row("sum")
    for result in results:
        for row in rows.setdefault(result["scenario"], Row(result["scenario"])), total:
            row.add(result)
    lines = [COLUMNS, ["---"] * len(COLUMNS)] + [row.cells() for row in [*rows.values(), total]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
