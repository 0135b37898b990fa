#!/usr/bin/env python3
"""A small Hugging Face hub on loopback, with the faults that a download must survive.

    hub_server.py FILE     prints the port, then serves FILE as model.safetensors of every repository
                           until its standard input ends; every request becomes a line of the log
                           that /log answers with

The repository's name says what goes wrong: see `Hub.do_GET`.
"""
import hashlib
import http.server
import sys
import threading

CONTENT = open(sys.argv[1], "rb").read()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "0123456789abcdef" * 2 + "01234567"
log, lock, seen = [], threading.Lock(), {}


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cdn = None  # the other server, for redirects to another host

    def log_message(self, *args):
        pass

    def answer(self, status, headers=(), body=b"", length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drop(self, headers, body, length):
        self.answer(206 if self.headers.get("Range") else 200, headers, body, length)
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        if self.path == "/log":
            return self.answer(200, body="\n".join(log).encode())
        repository = self.path.split("?")[0].split("/resolve/")[0].split("/")[-1]
        authorization = self.headers.get("Authorization", "-")
        with lock:
            log.append(f"{self.server.name} {self.command} {repository} range={self.headers.get('Range', '-')} token={authorization}")
            seen[self.command, repository] = seen.get((self.command, repository), 0) + 1
            times = seen[self.command, repository]
        headers = [("X-Repo-Commit", COMMIT), ("X-Linked-ETag", f'"{SHA256}"'), ("X-Linked-Size", str(len(CONTENT)))]
        if repository == "private" and self.server is Hub.hub and authorization != "Bearer hf_secret":
            return self.answer(401)
        if repository == "gated":
            return self.answer(403)
        if repository == "missing":
            return self.answer(404)
        if repository == "renamed":
            return self.answer(307, [("Location", "/timm/plain/resolve/main/model.safetensors")])
        if repository == "loop":
            return self.answer(307, [("Location", self.path)])
        if repository == "no_hub":
            return self.answer(200, body=CONTENT)
        if repository == "evil":
            return self.answer(200, [("X-Repo-Commit", "../../../x"), ("X-Linked-ETag", '"../../y"'), ("X-Linked-Size", "1")])
        if repository == "busy" and times < 3:
            return self.answer(503)
        if repository == "down":
            return self.answer(503)
        if self.server is Hub.hub and repository in ("far", "private"):
            return self.answer(302, headers + [("Location", f"http://localhost:{Hub.cdn.server_port}/cdn/{repository}?signature=s3cret")])
        if self.command == "HEAD":
            return self.answer(200, headers, length=len(CONTENT))
        if repository == "corrupted":
            return self.answer(200, headers, CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
        if repository == "longer":
            return self.answer(200, headers, CONTENT + b"more")
        if repository == "truncated":  # says that this is all
            body = CONTENT[: len(CONTENT) // 2]
            if self.headers.get("Range"):
                return self.answer(416, [("Content-Range", f"bytes */{len(body)}")])
            return self.answer(200, headers, body)
        if repository == "no_ranges" and times > 1:
            return self.answer(200, headers, CONTENT)
        first = 0
        if self.headers.get("Range"):
            first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            headers = headers + [("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")]
        body = CONTENT[first:]
        if repository == "drops" or (repository == "no_ranges" and times == 1):  # half of what is left
            if len(body) > 64:
                return self.drop(headers, body[: len(body) // 2], len(body))
        if repository == "stuck" and first > 0:
            return self.drop(headers, b"", len(body))
        if repository == "stuck":
            return self.drop(headers, body[:100], len(body))
        return self.answer(206 if first else 200, headers, body)

    do_HEAD = do_GET


def serve(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


Hub.cdn = serve("cdn")
Hub.hub = serve("hub")
print(Hub.hub.server_port, flush=True)
sys.stdin.read()
