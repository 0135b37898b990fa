#!/usr/bin/env python3
"""`archsweep serve` as strangers speak to it: what is not a request, who may not ask, and clients
that are slow or gone. Whatever they do, the next good request is answered.

    serve_test.py ARCHSWEEP SOURCE_ROOT
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from faults import check, faults

archsweep, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
work = Path(tempfile.mkdtemp())
os.chdir(work)


def sweep():
    for kind in ("cats", "dogs"):
        Path("pets", kind).mkdir(parents=True)
        for i in range(5):
            shutil.copy(root / "tests/data/images/rgb.png", f"pets/{kind}/{i}.png")
    Path("sweep.yaml").write_text("""
dataset: {kind: image_folder, root: pets, image_size: 32}
architectures: [test_resnet]
training: {epochs: 2, batch_size: 4}
measurement: {enabled: false}
scheduler: {device: cpu, threads: 1}
""")
    subprocess.run([archsweep, "run", "sweep.yaml"], check=True, stdout=subprocess.DEVNULL)


def serve(*options, before=()):
    process = subprocess.Popen([*before, archsweep, "serve", "sweep.db", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.addresses = []
    while (line := process.stdout.readline()).startswith("  "):
        process.addresses.append(line.strip())
    process.address = process.addresses[0]
    process.port = int(re.search(r":(\d+)/", process.address)[1])
    return process


def refused(name, code, pattern, *options):
    said = subprocess.run([archsweep, "serve", *options], capture_output=True, text=True, timeout=20)
    lines = said.stderr.strip().split("\n")
    check(name, said.returncode == code and len(lines) == 1 and re.search(pattern, lines[0]), f"{said.returncode} {said.stderr}")


def own_address():
    """By which this machine would ask another; "" without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            asker.connect(("198.51.100.1", 9))
        except OSError:
            return ""
        return asker.getsockname()[0]


def get(path, port=None, method="GET", host="127.0.0.1", **headers):
    connection = http.client.HTTPConnection(host, port or server.port, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        if value is not None:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def raw(request):
    """The status of the answer to these bytes; None when the connection is just closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(request)
        answer = b""
        try:
            while more := client.recv(65536):
                answer += more
        except ConnectionError:
            return "reset"
    return int(answer.split()[1]) if answer else None


sweep()
server = serve()

# Reading.
page = get("/")
check("page", page.status == 200 and "<title>archsweep" in page.text, page.text)
check("policy", "default-src 'none'" in page.headers["Content-Security-Policy"], page.headers)
head = get("/", method="HEAD")
check("head", head.status == 200 and head.text == "" and head.headers["Content-Length"] == page.headers["Content-Length"], head.headers)
check("trials", json.loads(get("/api/trials").text)["total"] == 1)
summary = get("/api/summary")
check("summary", json.loads(summary.text)["counts"]["done"] == 1, summary.text)
check("not modified", get("/api/summary", If_None_Match=summary.headers["ETag"]).status == 304)
check("gzip", get("/", Accept_Encoding="gzip, br").headers["Content-Encoding"] is None)
check("ranges", get("/", Range="bytes=" + "0-," * 2000 + "0-").text == page.text)
check("one range", get("/", Range="bytes=0-3").text == page.text)
check("bad range", get("/", Range="bytes=x").status in (200, 416))

# What is not a request for something we have.
for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"):
    answer = get("/api/summary", method=method)
    check(method, answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", answer.status)
check("a body", raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000) == 405)
# Ends of a line are none of a route's ".": such a body would be read into memory.
for path in ("/%0A", "/%0D", "/a%0Ab", "/%0D%0A", "/" + 2500 * "%0A"):
    answer = get(path, method="POST", Content_Length="1000000000")
    check(f"POST {path[:20]}", answer.status == 405 and answer.headers["X-Content-Type-Options"] == "nosniff", f"{answer.status} {answer.headers}")
    check(f"GET {path[:20]}", get(path).status == 404)
for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/sweep.db", "/page.js%00",
             "/page.css/../sweep.db", "/api/../sweep.db", "/api/trial/../../sweep.db", "/%", "/\\..\\sweep.db", "/" + "a" * 4000):
    check(path[:60], get(path).status == 404, get(path).status)
check("where", "no such column" in get("/api/trials?where=nope%3E1").text)
check("two conditions", get("/api/trials?where=1)%20OR%20(1").status == 400)
check("writing", get("/api/trials?where=1%20IN%20(DELETE%20FROM%20trials)").status == 400)
check("sort", "did you mean 'latency'" in get("/api/trials?sort=latncy").text)
check("much", get("/api/trials?limit=1000000").status == 400)

for name, request, allowed in (
        ("long line", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", [414, 431]),
        ("long header", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n", [431]),
        ("many headers", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100000 + b"\r\n", [431]),
        ("no end", b"a" * 20000, [431]),
        ("noise", bytes(range(256)) + b"\r\n\r\n", [400, None]),
        ("empty", b"\r\n\r\n", [400, None]),
        ("no version", b"GET /\r\n\r\n", [400]),
        ("other version", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", [400]),
        ("other method", b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", [400, 405]),
        ("absolute", b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
        ("no host", b"GET / HTTP/1.1\r\n\r\n", [421]),
        ("old", b"GET / HTTP/1.0\r\n\r\n", [421]),
        ("two hosts", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", [421]),
        ("colons", b"GET / HTTP/1.1\r\n::::\r\nHost: localhost\r\n\r\n", [200, 400]),
        ("expect", b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", [200]),
        ("chunked", b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", [200])):
    got = raw(request)
    check(name, got in allowed, got)

# Names that others point at us.
for host in ("evil.example", f"localhost.evil.example:{server.port}", "192.168.0.9", ""):
    check(f"host {host}", get("/", Host=host).status == 421)
for host in ("localhost", "localhost:9999", "127.0.0.1", "[::1]:8000"):
    check(f"host {host}", get("/", Host=host).status == 200)
check("another site", get("/api/trials", Sec_Fetch_Site="cross-site").status == 403)

# Clients that leave, and more of them than there is room for that say nothing.
for _ in range(30):
    client = socket.create_connection(("127.0.0.1", server.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves by a reset
    client.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.close()
silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
for client in silent[:60]:
    client.sendall(b"GET / HT")
time.sleep(0.5)
began = time.time()
answer = None
while time.time() - began < 15 and answer is None:
    try:
        got = get("/")
        answer = got.status if got.status == 200 else None
    except (ConnectionError, http.client.HTTPException):
        pass
    time.sleep(0.2)
check("after silence", answer == 200 and time.time() - began < 10, f"{answer} after {time.time() - began:.1f} s")
for client in silent:
    client.close()

# The database goes and comes back.
os.rename("sweep.db", "away.db")
gone = get("/api/summary")
check("gone", gone.status == 503 and "no such file" in json.loads(gone.text)["error"], gone.text)
os.rename("away.db", "sweep.db")
check("back", get("/api/summary").status == 200)

# Starting.
refused("port", 3, f"127.0.0.1:{server.port}: another program listens there; give another --port", "sweep.db", "--port", str(server.port))
refused("no database", 2, "gone.db: no such file", "gone.db")
refused("bind", 2, "--bind nowhere.invalid", "sweep.db", "--bind", "nowhere.invalid")
refused("foreign address", 3, "not an address of this machine", "sweep.db", "--bind", "192.0.2.1")
refused("short token", 2, "--token: give 16", "sweep.db", "--token", "abc")
refused("port number", 2, "65536", "sweep.db", "--port", "65536")

# On all addresses, with a token.
other = serve("--bind", "0.0.0.0")
token = re.search(r"\?token=([0-9a-f]{32})$", other.address)
check("token is printed", token, other.address)
token = token[1]
for path in ("/", "/api/trials", "/page.js"):
    check(f"no token {path}", get(path, other.port).status == 401)
    check(f"wrong token {path}", get(f"{path}?token={token[:-1]}", other.port).status == 401)
    check(f"wrong cookie {path}", get(path, other.port, Cookie=f"archsweep_{other.port}={'0' * 32}").status == 401)
    check(f"bearer {path}", get(path, other.port, Authorization=f"Bearer {token}").status == 200)
welcome = get(f"/?token={token}", other.port)
cookie = welcome.headers["Set-Cookie"]
check("cookie", welcome.status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie)
check("by cookie", get("/api/trials", other.port, Cookie=cookie.split(";")[0]).status == 200)
check("address as host", get("/", other.port, Host="192.168.0.9", Cookie=cookie.split(";")[0]).status == 200)
check("evil host", get("/", other.port, Host="evil.example", Cookie=cookie.split(";")[0]).status == 421)
own = own_address()
check("by name and by address", len(other.addresses) >= (2 if own else 1) and all(a.endswith(f":{other.port}/?token={token}") for a in other.addresses), other.addresses)
check("by name", other.addresses[0].startswith(f"http://{socket.gethostname().lower()}:"), other.addresses)
for address in other.addresses:
    check(address, get("/", other.port, Host=address.split("/")[2], Authorization=f"Bearer {token}").status == 200)
if own:
    check("its own address", any(a.startswith(f"http://{own}:") for a in other.addresses), other.addresses)
    bound = serve("--bind", own)
    check("only what is bound", [a.startswith(f"http://{own}:") for a in bound.addresses] == [True], bound.addresses)
    check("bound", get("/" + bound.address.split("/", 3)[3], bound.port, host=own, Host=f"{own}:{bound.port}").status == 200)
    bound.kill(), bound.wait()
# A machine's name with capitals.
if subprocess.run(["unshare", "--uts", "hostname", "Bench-PC"], stderr=subprocess.DEVNULL).returncode == 0:
    capital = serve("--bind", "0.0.0.0", before=["unshare", "--uts", "sh", "-c", 'hostname Bench-PC && exec "$@"', "-"])
    path = capital.address.split("/", 3)[3]
    check("small letters", capital.address.startswith(f"http://bench-pc:{capital.port}/"), capital.address)
    for host in ("bench-pc", "Bench-PC", "bench-pc.local"):
        check(f"host {host}", get(f"/{path}", capital.port, Host=f"{host}:{capital.port}").status == 200)
    capital.kill(), capital.wait()
chosen = serve("--token", "a-token-of-mine-1")
check("chosen token", get("/", chosen.port).status == 401 and get("/?token=a-token-of-mine-1", chosen.port).status == 200)

# Ctrl-C ends at once, with somebody connected.
lasting = [socket.create_connection(("127.0.0.1", p.port)) for p in (server, other, chosen)]
for process in (server, other, chosen):
    check("still there", process.poll() is None, process.returncode)
    began = time.time()
    process.send_signal(signal.SIGINT)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
    check("Ctrl-C", time.time() - began < 1, f"{time.time() - began:.1f} s")
os.chdir("/")
shutil.rmtree(work)
sys.exit(1 if faults else 0)
