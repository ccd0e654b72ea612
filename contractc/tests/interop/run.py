"""Starts the three servers and runs the clients of the other side against each. Usage: run.py ROOT, after run.sh has made everything"""

import os
import pathlib
import socket
import subprocess
import sys
import time

root = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
work = root / "target/foreign"
program = root / "target/corpus/build/debug/interop"
built = root / "tests/typescript/build/foreign/built"


def attempt(name, command, **environment):
    start = time.monotonic()
    subprocess.run([str(part) for part in command], check=True, env={**os.environ, **environment})
    print(f"{name}: {time.monotonic() - start:.1f} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server does not start")


port = free_port()
fastapi = subprocess.Popen([sys.executable, here / "server.py", str(port)])
try:
    wait_for(port)
    url = f"http://127.0.0.1:{port}"
    attempt("the generated Rust client against FastAPI", [program, "client", url])
    attempt("the generated TypeScript client against FastAPI", ["node", here / "client.mjs", url, built / "pets/index.js"])
finally:
    fastapi.terminate()

express = subprocess.Popen(["node", here / "express/server.mjs"], stdout=subprocess.PIPE, text=True)
try:
    url = f"http://127.0.0.1:{int(express.stdout.readline())}"
    attempt("the generated TypeScript client against Express", ["node", here / "express/client.mjs", url, built / "parcels/index.js"])
    attempt("the generated Rust client against Express", [program, "express", url])
finally:
    express.terminate()

server = subprocess.Popen([program, "server"], stdout=subprocess.PIPE, text=True)
try:
    url = f"http://127.0.0.1:{int(server.stdout.readline())}"
    attempt("hey-api's client against the generated server", ["node", here / "hey-api.mjs", url, work / "hey-api/built"])
    client = [sys.executable, here / "python_client.py", url]
    attempt("openapi-python-client's client against the generated server", client, PYTHONPATH=str(work / "python"))
finally:
    server.terminate()
