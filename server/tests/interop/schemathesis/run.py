"""Schemathesis against a server of its own: no server error, and no answer that the contract does not allow.

Usage: run.py SERVER [EXAMPLES [SECONDS]]. SERVER is the built example `serve`. Runs inside a virtual environment that has schemathesis.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[4]
PASSWORD = "correct horse battery staple"
# `negative_data_rejection` and its kind are left out: batch endpoints take every change alone, and answer 200 with what became of each.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
]


def post(url, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def stream(url, token):
    """The stream never ends, so no tool can read it whole: its first event is read here."""
    request = urllib.request.Request(f"{url}/api/v1/changes/stream", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.headers["Content-Type"] == "text/event-stream", response.headers
        assert response.headers["X-Contract-Version"], response.headers
        lines = [response.readline().decode().strip() for _ in range(2)]
        assert lines[0] == "event: revision" and lines[1].startswith("data: "), lines


def main():
    server = sys.argv[1]
    examples, seconds = (sys.argv[2:] + ["5", "300"][len(sys.argv) - 2:])[:2]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([server, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            url = process.stdout.readline().strip()
            token = post(f"{url}/api/v1/auth/register", {"email": "sam@example.com", "password": PASSWORD})["accessToken"]
            stream(url, token)
            command = [
                str(pathlib.Path(sys.executable).with_name("st")), "run", str(ROOT / "generated/openapi.json"), "--url", url,
                "--header", f"Authorization:Bearer {token}", "--checks", ",".join(CHECKS), "--max-examples", examples,
                "--exclude-operation-id", "streamChanges", "--phases", "examples,coverage,fuzzing",
                # With more than one, CPython 3.11 breaks off in `ast.parse` (recursion depth mismatch).
                "--workers", "1",
                "--seed", "1", "--generation-database", "none", "--max-time", seconds, "--no-color", "--continue-on-failure",
                "--suppress-health-check", "all", "--warnings", "off",
            ]
            result = subprocess.run(command, cwd=folder, check=False)
            assert process.poll() is None, "the server has stopped"
        finally:
            process.stdin.close()
            ended = process.wait(timeout=60)
        assert ended == 0, f"the server ended with {ended}"
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
