"""The server behind a proxy, set up as docs/operations.md says: which addresses the server trusts, what unauthenticated clients see, and whether changes are announced at
once. Usage: run.py STRONGLOG, the built command."""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[4]
PASSWORD = "correct horse battery staple"
# Every address in 127.0.0.0/8 is this machine. The server counts each of them apart.
OWNER, ATTACKER, LATER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def recipe(language):
    """The example of docs/operations.md in this language."""
    text = (ROOT / "docs/operations.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", text, re.S).group(1)


def nginx(folder, port, server):
    body = recipe("nginx").replace("127.0.0.1:8080", f"127.0.0.1:{server}")
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; server {{ listen 127.0.0.1:{port}; location / {{ {body} }} }} }}\n"
    )
    return ["nginx", "-c", str(config), "-e", str(folder / "nginx.log")]


def haproxy(folder, port, server):
    config = folder / "haproxy.cfg"
    backend = recipe("haproxy").replace("127.0.0.1:8080", f"127.0.0.1:{server}")
    config.write_text(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 75s\n  timeout server 75s\n"
        f"frontend stronglog_in\n  bind 127.0.0.1:{port}\n  default_backend stronglog\n{backend}"
    )
    return ["haproxy", "-f", str(config), "-db"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    for _ in range(200):
        assert process.poll() is None, f"{process.args[0]} ended with {process.returncode}"
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{process.args[0]} does not listen")


def call(port, method, path, body=None, source=OWNER, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    sent = {"content-type": "application/json", "accept": "application/json", **dict(headers)}
    connection.request(method, path, body and json.dumps(body), sent)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    is_json = "json" in response.headers.get("content-type", "")
    return response.status, json.loads(text) if is_json and text else None


def sign_in(port, operation, email, password=PASSWORD, **options):
    return call(port, "POST", f"/api/v1/auth/{operation}", {"email": email, "password": password}, **options)


def changes_are_announced_at_once(port, token):
    bearer = [("authorization", f"Bearer {token}")]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(OWNER, 0))
    connection.request("GET", "/api/v1/changes/stream", headers={"accept": "text/event-stream", **dict(bearer)})
    stream = connection.getresponse()
    assert stream.status == 200, stream.status

    def revision():
        for line in iter(stream.readline, b""):
            if line.startswith(b"data:"):
                return json.loads(line[5:])
        raise AssertionError("the stream has ended")

    first, now = revision(), int(time.time() * 1000)
    record = {"id": str(uuid.uuid4()), "clientCreatedAt": now, "clientUpdatedAt": now, "isDeleted": False, "date": now, "weightKg": 80.5}
    change = {"op": {"id": str(uuid.uuid4()), "deviceId": str(uuid.uuid4()), "seq": 1}, "record": record}
    status, answer = call(port, "POST", "/api/v1/user-bodyweight-logs/batch", {"changes": [change]}, headers=bearer)
    assert status == 200 and answer["outcomes"][0]["outcome"] == "accepted", (status, answer)
    start = time.monotonic()
    assert revision() > first
    waited = time.monotonic() - start
    assert waited < 2, f"the change was announced after {waited:.1f} s"
    connection.close()


def addresses_are_the_proxy_s_to_name(port):
    """An attacker claims a new address with every wrong password, and is counted as one nevertheless."""
    statuses = []
    for number in range(60):
        claimed = [("x-forwarded-for", f"198.51.100.{number}")]
        status, _ = sign_in(port, "login", f"nobody{number}@example.com", "wrong password", source=ATTACKER, headers=claimed)
        statuses.append(status)
    assert 429 in statuses, statuses
    status, _ = sign_in(port, "login", "nobody@example.com", "wrong password", source=LATER)
    assert status == 401, f"one client's tries count for another: {status}"


def behind(proxy, command):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o711)
        server_port, port = free_port(), free_port()
        arguments = [command, "serve", "--dev", "--data", str(folder / "data"), "--bind", f"127.0.0.1:{server_port}", "--behind-proxy"]
        server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        gate = None
        try:
            wait_for(server_port, server)
            gate = subprocess.Popen(proxy(folder, port, server_port))
            wait_for(port, gate)
            status, account = sign_in(port, "register", "sam@example.com")
            assert status == 201, (status, account)
            changes_are_announced_at_once(port, account["accessToken"])
            addresses_are_the_proxy_s_to_name(port)
            status, _ = call(port, "GET", "/metrics")
            assert status in (401, 403, 404), f"unauthenticated clients read the metrics: {status}"
        finally:
            for process in filter(None, [gate, server]):
                process.terminate()
                process.wait(10)
    print(f"{proxy.__name__}: addresses, notifications and metrics are right")


for each in (nginx, haproxy):
    behind(each, sys.argv[1])
