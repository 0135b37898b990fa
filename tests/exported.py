"""A small exported network for tests of what is done with one; the standard library is enough."""
import random
import struct
import subprocess
from pathlib import Path


def photo(seed, width=70, height=53):
    """A BMP of noise."""
    pick = random.Random(seed)
    rows = b"".join(pick.randbytes(3 * width) + bytes(-3 * width % 4) for _ in range(height))
    return struct.pack("<2sIIIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 54, 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows


def export(archsweep):
    """pets-model, in seconds, in the current folder: cats, dogs and hens at 32 pixels."""
    for kind in ("cats", "dogs", "hens"):
        Path("pets", kind).mkdir(parents=True)
        for i in range(5):
            Path(f"pets/{kind}/{i}.bmp").write_bytes(photo(f"{kind}{i}"))
    Path("sweep.yaml").write_text("""
dataset: {kind: image_folder, root: pets, image_size: 32}
architectures: [test_resnet]
training: {epochs: 2, batch_size: 4}
measurement: {enabled: false}
scheduler: {device: cpu, threads: 1}
output: {keep_weights: all}
""")
    for command in (["run", "sweep.yaml"], ["export", "sweep.db", "1", "-o", "pets-model", "--device", "cpu"]):
        subprocess.run([archsweep, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
