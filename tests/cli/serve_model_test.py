#!/usr/bin/env python3
"""`archsweep serve-model` as clients speak to it: photos in every way they come, what is refused and
why, many at once, and numbers that are those of `archsweep predict`. Whatever they do, the next
photo is answered, and nothing is kept on disk.

    serve_model_test.py ARCHSWEEP SOURCE_ROOT
"""
import http.client
import json
import math
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exported import export, photo
from faults import check, faults

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
work = Path(tempfile.mkdtemp())
os.chdir(work)


def png(width, height):
    """Grey, and small whatever its size."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    packer, rows = zlib.compressobj(9), b""
    for _ in range(height):
        rows += packer.compress(bytes(1 + width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", rows + packer.flush()) + chunk(b"IEND", b"")


def serve(*options, model="pets-model"):
    process = subprocess.Popen([archsweep, "serve-model", model, "--port", "0", "--device", "cpu", *options], stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline() for _ in range(2)]
    check("what is served", re.match(model + r" \(test_resnet, 3 classes\) is served at$", said[0]), said)
    process.address = said[1].strip()
    process.port = int(re.search(r":(\d+)/", said[1])[1])
    return process


def ask(path, body=None, method=None, port=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port or server.port, timeout=60)
    connection.request(method or ("GET" if body is None else "POST"), path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def form(files):
    body = b"".join(b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="' + name.encode() + b'"\r\nContent-Type: image/bmp\r\n\r\n' + content + b"\r\n"
                    for name, content in files)
    return dict(body=body + b"--edge--\r\n", Content_Type="multipart/form-data; boundary=edge")


def raw(request, wait=30):
    """The status of the answer to these bytes; None when the connection is just closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as client:
        answer = b""
        try:
            client.sendall(request)
            while more := client.recv(65536):
                answer += more
        except ConnectionError:
            pass
    return int(answer.split()[1]) if answer else None


def refused(name, answer, status, pattern):
    """As JSON, with a reason."""
    try:
        why = json.loads(answer.text)["error"]
    except (ValueError, KeyError):
        why = answer.text
    check(name, answer.status == status and re.search(pattern, why), f"{answer.status} {answer.text}")


def predicted(*files, batch=32):
    command = [archsweep, "predict", "pets-model", *files, "--batch-size", str(batch), "--device", "cpu", "--format", "json"]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    rows = {}
    for row in json.loads(said):
        rows.setdefault(row["image"], []).append({"class": row["class"], "probability": row["probability"]})
    return rows


export(archsweep)
server = serve()
images = root / "tests/data/images"
before = {str(p): p.stat().st_mtime_ns for p in work.rglob("*")}

# The page and what describes the model.
page = ask("/")
check("page", page.status == 200 and "<title>archsweep" in page.text and "default-src 'none'" in page.headers["Content-Security-Policy"], page.text)
for path in ("/page.css", "/parts.js", "/app.css", "/app.js"):
    check(path, ask(path).status == 200)
check("not modified", ask("/", If_None_Match=page.headers["ETag"]).status == 304)
model = json.loads(ask("/model").text)
check("model", model["architecture"] == "test_resnet" and model["classes"] == ["cats", "dogs", "hens"] and model["image_size"] == 32, model)
check("healthz", json.loads(ask("/healthz").text) == {"status": "ok"})

# A photo as the body: the numbers of `predict`, to the digit, in its order.
several = []
for i in range(7):
    Path(f"photo {i}.bmp").write_bytes(photo(i, 60 + i, 90 - i))
    several.append(f"photo {i}.bmp")
kinds = [str(images / name) for name in ("rgb.jpg", "grey.png", "alpha.webp", "interlaced.gif", "palette.bmp", "turned6.jpg")]
alone = predicted(*kinds, *several, batch=1)
for name in kinds:
    answer = ask("/predict", Path(name).read_bytes(), Content_Type="image/jpeg")
    check(name, answer.status == 200 and json.loads(answer.text)["predictions"] == [{"name": "", "classes": alone[name]}], answer.text)
rgb = (images / "rgb.jpg").read_bytes()
everything = json.loads(ask("/predict", rgb).text)["predictions"][0]["classes"]
check("vocabulary", [c["class"] for c in everything] == model["classes"] and abs(sum(c["probability"] for c in everything) - 1) < 1e-9, everything)
top = json.loads(ask("/predict?top=2", rgb).text)["predictions"][0]["classes"]
check("top", top == sorted(everything, key=lambda c: -c["probability"])[:2], top)
check("top of more", len(json.loads(ask("/predict?top=99", rgb).text)["predictions"][0]["classes"]) == 3)
for bad in ("0", "-1", "x", "2x", "1e9", "99999999999999999999999"):
    refused(f"top={bad}", ask(f"/predict?top={bad}", rgb), 400, "^top: a number of classes")

# Several: the batch that `predict` makes of the same files; one that cannot be read is named.
answer = ask("/predict", **form([(name, Path(name).read_bytes()) for name in several]))
check("several", {p["name"]: p["classes"] for p in json.loads(answer.text)["predictions"]} == predicted(*several), answer.text)
answer = ask("/predict", **form([("a.bmp", photo(1)), ("süß.jpg", (images / "truncated.jpg").read_bytes())]))
rows = json.loads(answer.text)["predictions"]
check("one is bad", answer.status == 200 and "classes" in rows[0] and rows[1]["name"] == "süß.jpg" and "Premature end" in rows[1]["error"], answer.text)
answer = ask("/predict", **form([(name, (images / name).read_bytes()) for name in ("text.jpg", "truncated.png")]))
check("all are bad", answer.status == 415 and all("error" in p for p in json.loads(answer.text)["predictions"]), answer.text)
check("bytes as a name", ask("/predict", **{**form([("x", photo(1))]), "body": form([("xyz", photo(1))])["body"].replace(b"xyz", b"\xff\xfe\"")}).status in (200, 400))
if shutil.which("curl"):
    for i, options in enumerate((["--data-binary", "@photo 1.bmp"], ["-F", "a=@photo 1.bmp"])):
        said = subprocess.run(["curl", "-sS", *options, f"{server.address}predict"], capture_output=True, text=True)
        check(f"curl {options}", said.returncode == 0 and json.loads(said.stdout)["predictions"][0] == {"name": ["", "photo 1.bmp"][i], "classes": alone["photo 1.bmp"]}, said)
    # Larger than what curl sends unasked: it waits for "100 Continue".
    Path("large.bmp").write_bytes(photo("large", 1100, 1000))
    began = time.time()
    said = subprocess.run(["curl", "-sS", "--expect100-timeout", "30", "--data-binary", "@large.bmp", f"{server.address}predict"], capture_output=True, text=True)
    check("100 continue", said.returncode == 0 and "predictions" in said.stdout and time.time() - began < 20, said)

# What is not a photo that can be read.
refused("text", ask("/predict", b"once upon a time"), 415, "^not a JPEG, PNG, GIF, BMP or WebP image")
refused("a name is not a type", ask("/predict", (images / "text.jpg").read_bytes(), Content_Type="image/jpeg"), 415, "^not a JPEG")
refused("svg", ask("/predict", b"<svg xmlns='http://www.w3.org/2000/svg'/>", Content_Type="image/svg+xml"), 415, "^not a JPEG")
refused("nothing", ask("/predict", b""), 422, "empty")
for name, pattern in (("truncated.jpg", "Premature"), ("truncated.png", "too early"), ("truncated.gif", "GIF"), ("truncated.webp", "WebP"), ("truncated.bmp", "too early")):
    refused(name, ask("/predict", (images / name).read_bytes()), 422, pattern)
refused("bomb", ask("/predict", (images / "bomb.png").read_bytes()), 413, "50 megapixels")
refused("more pixels than here", ask("/predict", png(10000, 5001)), 413, "10000 x 5001 pixels is over the limit of 50 megapixels")
check("as many as here", ask("/predict", png(10000, 5000)).status == 200)

# Too much, or not what it says.
refused("large photo", ask("/predict", b"\xff\xd8\xff" + bytes(20 << 20)), 413, "^the photo: more than 20.* MiB")
refused("large photo of several", ask("/predict", **form([("a.bmp", photo(1)), ("big.bmp", bytes((20 << 20) + 1))])), 413, "^big.bmp: more than 20")
refused("many photos", ask("/predict", **form([("a.bmp", photo(1, 3, 3))] * 33)), 413, "more than 32 parts")
check("as many as allowed", len(json.loads(ask("/predict", **form([("a.bmp", photo(1, 3, 3))] * 32)).text)["predictions"]) == 32)
head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
for name, request, allowed in (
        ("large request", head + b"Content-Length: 70000000\r\n\r\n" + b"x" * 1000, [413]),
        ("huge request", head + b"Content-Length: 99999999999999999999999\r\n\r\n", [400, 413]),
        ("negative", head + b"Content-Length: -5\r\n\r\nabcde", [400]),
        ("two lengths", head + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\nabcde", [400]),
        ("no length", head + b"\r\n", [411]),
        ("chunked", head + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", [411]),
        ("both", head + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", [411]),
        ("packed", head + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", [415]),
        ("early end", head + b"Content-Length: 3\r\n\r\nabcdefgh", [415]),
        ("no boundary", head + b"Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc", [400]),
        ("other boundary", head + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9\r\n\r\n--y\r\n\r\nabc", [400]),
        ("no parts", head + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 7\r\n\r\n--x--\r\n", [400]),
        ("no last boundary", head + b'Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 62\r\n\r\n--x\r\nContent-Disposition: form-data; name="a"\r\n\r\naaaaaaaaaaaaaaaaaaa', [400]),
        ("endless field", head + b'Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\nContent-Disposition: form-data; name="' + b"a" * 1000000, [400]),
        ("noise", bytes(range(256)) + b"\r\n\r\n", [400, None]),
        ("long header", b"POST /predict HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n", [431])):
    got = raw(request)
    check(name, got in allowed, got)
with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
    client.sendall(head + b"Content-Length: 100\r\n\r\nabc")
    client.shutdown(socket.SHUT_WR)
    check("cut off", b" 400 " in client.recv(4096))

# Other doors.
for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
    check(f"{method} /predict", ask("/predict", method=method).status == 405)
check("allow", ask("/predict").headers["Allow"] == "POST")
for path in ("/", "/model", "/healthz", "/app.js", "/nothing"):
    answer = ask(path, rgb)
    check(f"POST {path}", answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", answer.status)
# Ends of a line are none of a route's ".": such a body would be read into memory.
for path in ("/%0A", "/%0D", "/predict%0A", "/%0D%0A", "/" + 2500 * "%0A"):
    answer = ask(path, b"", Content_Length="1000000000")
    check(f"POST {path[:20]}", answer.status == 405 and answer.headers["X-Content-Type-Options"] == "nosniff", f"{answer.status} {answer.headers}")
for path in ("/../../etc/passwd", "/%2e%2e/model.safetensors", "/pets-model/config.json", "//etc/passwd", "/predict/", "/page.css%00"):
    check(path, ask(path).status == 404, ask(path).status)
for host in ("evil.example", f"localhost.evil.example:{server.port}", "192.168.0.9"):
    check(f"host {host}", ask("/predict", rgb, Host=host).status == 421 and ask("/", Host=host).status == 421)
check("another site", ask("/predict", rgb, Sec_Fetch_Site="cross-site").status == 403)
check("our page", ask("/predict", rgb, Sec_Fetch_Site="same-origin").status == 200)

# 200 photos from 32 clients at once: none fails, and each gets the answer to its own.
expected = [[{"name": "", "classes": alone[name]}] for name in several]
questions, failures = list(range(200)), []


def client():
    while questions:
        try:
            i = questions.pop() % 7
        except IndexError:
            return
        try:
            answer = ask("/predict", Path(several[i]).read_bytes())
            if answer.status != 200 or json.loads(answer.text)["predictions"] != expected[i]:
                failures.append(f"{i}: {answer.status} {answer.text}")
        except Exception as e:  # noqa: BLE001 whatever it is, it is a failure
            failures.append(repr(e))


threads = [threading.Thread(target=client) for _ in range(32)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
check("200 from 32", not failures, failures)

# Clients that stall keep nobody else out. When the last bytes come all at once there are more than may
# wait: the rest is refused for now, and welcome again.
slow = png(4000, 4000)
stalled = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(80)]
for client in stalled:
    client.sendall(head + f"Content-Length: {len(slow)}\r\n\r\n".encode() + slow[:-1])
time.sleep(0.5)  # all of them have their threads
check("beside those that stall", ask("/predict", rgb).status == 200)
for client in stalled:
    client.sendall(slow[-1:])
check("the page is there", ask("/healthz").status == 200)
answers = [b"".join(iter(lambda client=client: client.recv(65536), b"")) for client in stalled]
full = [a for a in answers if a.startswith(b"HTTP/1.1 503 ")]
check("as many as may wait", 0 < len(full) <= 16 and sum(a.startswith(b"HTTP/1.1 200 ") for a in answers) == 80 - len(full), [a[:200] for a in answers])
check("when", all(b"Retry-After: 1\r\n" in a and b"try again" in a for a in full), full)
# Others leave by a reset.
for client in stalled:
    client.close()
stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
for client in stalled:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.sendall(head + b"Content-Length: 1000\r\n\r\nabc")
    client.close()
check("welcome again", ask("/predict", rgb).status == 200)

# More connections than there may be.
stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(140)]
time.sleep(0.5)
healthz = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
check("no connection is left", raw(healthz) in (503, None))
for client in stalled:
    client.close()
deadline = time.time() + 8
while (got := raw(healthz)) != 200 and time.time() < deadline:
    time.sleep(0.05)
check("and then there are", got == 200, got)

# A photo that does not fit into what memory is left is refused for good: the same one would come again.
small = serve()
ask("/predict", rgb, port=small.port)
held = int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{small.pid}/status").read_text())[1]) * 1024
resource.prlimit(small.pid, resource.RLIMIT_AS, (held + (40 << 20), resource.RLIM_INFINITY))
refused("no memory", ask("/predict", png(10000, 5000), port=small.port), 413, "^there is not enough memory here")
check("smaller ones go on", ask("/predict", rgb, port=small.port).status == 200)
small.kill(), small.wait()

# Nothing was kept.
after = {str(p): p.stat().st_mtime_ns for p in work.rglob("*")}
new = [p for p in after if after[p] != before.get(p) and not p.endswith(".bmp") and p != str(work)]
check("nothing is kept", not new, new)
check("no file is open", not [f for f in os.listdir(f"/proc/{server.pid}/fd") if "deleted" in os.readlink(f"/proc/{server.pid}/fd/{f}")])

# Starting.
for name, code, pattern, options in (
        ("port", 3, f"127.0.0.1:{server.port}: another program listens there; give another --port", ["pets-model", "--port", str(server.port)]),
        ("no folder", 2, "^gone.*config.json: no such file; `archsweep export`", ["gone", "--port", "0"]),
        ("short token", 2, "--token: give 16", ["pets-model", "--token", "abc"]),
        ("both", 2, "--open|--token", ["pets-model", "--token", "a-token-of-mine-1", "--open"]),
        ("full folder", 2, "^pets: holds something else", ["pets-model", "--docker", "pets"]),
        ("bind", 2, "--bind nowhere.invalid", ["pets-model", "--bind", "nowhere.invalid"])):
    said = subprocess.run([archsweep, "serve-model", *options], capture_output=True, text=True, timeout=60)
    check(name, said.returncode == code and re.search(pattern, said.stderr), f"{said.returncode} {said.stderr}")

# For others: with a token, or open to whom a proxy lets in.
guarded, opened = serve("--bind", "0.0.0.0"), serve("--bind", "0.0.0.0", "--open")
token = re.search(r"\?token=([0-9a-f]{32})$", guarded.address)[1]
check("no token", ask("/predict", rgb, port=guarded.port).status == 401)
check("token", ask("/predict", rgb, port=guarded.port, Authorization=f"Bearer {token}").status == 200)
check("open", ask("/predict", rgb, port=opened.port, Host="pets.example").status == 200 and "token" not in opened.address, opened.address)

# A network that gives no numbers.
shutil.copytree("pets-model", "nan-model")
weights = Path("nan-model/model.safetensors")
data = bytearray(weights.read_bytes())
begin = 8 + struct.unpack("<Q", data[:8])[0]
at = begin + json.loads(data[8:begin])[json.loads(Path("nan-model/config.json").read_text())["pretrained_cfg"]["classifier"] + ".bias"]["data_offsets"][0]
data[at:at + 4] = struct.pack("<f", math.nan)
weights.write_bytes(data)
broken = serve(model="nan-model")
refused("no numbers", ask("/predict", rgb, port=broken.port), 500, "the network gives no numbers")
broken.terminate()

# What a container would be: its own loader, program, libraries and model, and nothing else is used.
said = subprocess.run([archsweep, "serve-model", "pets-model", "--docker", "image"], capture_output=True, text=True)
check("docker", said.returncode == 0 and "docker build -t pets image" in said.stdout, said)
dockerfile = Path("image/Dockerfile").read_text()
said = subprocess.run([archsweep, "serve-model", "pets-model", "--docker", "image"], capture_output=True, text=True)
check("docker again", said.returncode == 0 and Path("image/Dockerfile").read_text() == dockerfile, said)
Path("theirs").mkdir()
for text in ("FROM debian:12\n", "# of ours\nFROM debian:12\n", ""):
    Path("theirs/Dockerfile").write_text(text)
    said = subprocess.run([archsweep, "serve-model", "../pets-model", "--docker", "."], cwd="theirs", capture_output=True, text=True)
    check("a Dockerfile of theirs", said.returncode == 2 and re.search("^\\S*Dockerfile: was not written by serve-model.*empty folder", said.stderr) and os.listdir("theirs") == ["Dockerfile"]
          and Path("theirs/Dockerfile").read_text() == text, said)
program, *words = json.loads(re.search("^ENTRYPOINT (.*)$", dockerfile, re.M)[1])
inside, job = work / "image/root", json.loads(words[1])
check("dockerfile", re.search("^FROM scratch$", dockerfile, re.M) and re.search("^USER 65534:65534$", dockerfile, re.M), dockerfile)
check("inside", job["bind"] == "0.0.0.0" and job["is_open"] and job["folder"] == "/model", job)
check("for nobody to read", all(p.stat().st_mode & 0o444 == 0o444 for p in inside.rglob("*")))
loader = [next(inside.glob("lib*/ld-*")), "--inhibit-cache", "--library-path", inside / "lib"]
listed = subprocess.run([*loader, "--list", inside / program[1:]], capture_output=True, text=True, env={})
used = re.findall(r"=> (\S+)", listed.stdout)
check("libraries", len(used) > 10 and all(p.startswith(str(inside)) for p in used) and "not found" not in listed.stdout, listed.stdout + listed.stderr)
job |= {"folder": str(inside / "model"), "bind": "127.0.0.1", "port": 0}
contained = subprocess.Popen([*loader, inside / program[1:], words[0], json.dumps(job)], stdout=subprocess.PIPE, text=True, env={})
contained.stdout.readline()
contained.port = int(re.search(r":(\d+)/", contained.stdout.readline())[1])
check("contained", json.loads(ask("/predict", rgb, port=contained.port).text)["predictions"][0]["classes"] == everything)

# Ctrl-C and SIGTERM: what was asked is still answered, and 0.
connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=30)
connection.putrequest("POST", "/predict")
for name, value in (("Content-Length", str(len(rgb))), ("Authorization", f"Bearer {token}")):
    connection.putheader(name, value)
connection.endheaders()
connection.send(rgb[:100])
time.sleep(0.3)
for process, number in ((server, signal.SIGINT), (guarded, signal.SIGTERM), (opened, signal.SIGTERM), (contained, signal.SIGTERM)):
    process.send_signal(number)
connection.send(rgb[100:])
check("the last answer", connection.getresponse().status == 200)
for process in (server, guarded, opened, contained):
    try:
        check("ends with 0", process.wait(15) == 0, process.returncode)
    except subprocess.TimeoutExpired:
        process.kill()
        check("ends", False)
os.chdir("/")
shutil.rmtree(work)
sys.exit(1 if faults else 0)
