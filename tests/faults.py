"""What a test found wrong, told when it ends, however it ends."""
import atexit

faults = []
atexit.register(lambda: print("\n".join(faults)))


def check(name, good, said=""):
    if not good:
        faults.append(f"{name}: {str(said)[:600]}")
