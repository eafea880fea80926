def peers(b): return None
