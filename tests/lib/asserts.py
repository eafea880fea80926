"""asserts.py - what tests in Python claim: equal(got, wanted), contains(text, part). What a failure shows is
short, whatever was compared."""

SHOWN = 400  # characters, about where two values begin to differ


def shown(value, at=0):
    """The value's repr, or of a long one the part about character `at` of it."""
    text = repr(value)
    if len(text) <= SHOWN:
        return text
    first = max(0, min(at - SHOWN // 4, len(text) - SHOWN))
    last = first + SHOWN
    return ("..." if first else "") + text[first:last] + (f"... ({len(text)} characters)" if last < len(text) else "")


def first_difference(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def equal(got, wanted, what=""):
    if got != wanted:
        at = first_difference(repr(got), repr(wanted))
        raise AssertionError(f"{what}: got {shown(got, at)}, wanted {shown(wanted, at)}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {shown(text)}")
