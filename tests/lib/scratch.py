"""scratch.py - directories of a test program: gone when it ends."""
import atexit
import os
import shutil
import tempfile


def directory(prefix):
    path = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def file(prefix, name, text):
    """A file of that name in a directory of its own."""
    path = os.path.join(directory(prefix), name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path
