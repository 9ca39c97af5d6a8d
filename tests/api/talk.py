#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tunesmith mcp in a scripted conversation of both eras, and tunesmith profile against a running server."""
import json
import os
import signal
import subprocess
import sys
import tempfile

PROGRAM = os.environ["TUNESMITH_BIN"]
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}


class Conversation:
    def __init__(self, folder):
        self.n = 0
        self.process = subprocess.Popen(
            [PROGRAM, "mcp", "--data", os.path.join(folder, "data"), "--output", folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def say(self, method, **params):
        self.n += 1
        self.line(json.dumps({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}))
        answer = json.loads(self.process.stdout.readline())
        assert answer["jsonrpc"] == "2.0" and answer["id"] == self.n, answer
        return answer

    def tool(self, tool, **arguments):
        result = self.say("tools/call", name=tool, arguments=arguments, _meta=MODERN)["result"]
        assert result["resultType"] == "complete", result
        return result

    def done(self, task):
        for _ in range(10):
            status = self.tool("wait", task_id=task)["structuredContent"]
            if status["status"] not in ("queued", "running"):
                return status
        raise AssertionError("not done")


def converse(folder):
    talk = Conversation(folder)
    opened = talk.say("initialize", protocolVersion="2025-06-18", capabilities={})["result"]
    assert opened["protocolVersion"] == "2025-06-18", opened
    talk.line('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    talk.line("")
    names = [t["name"] for t in talk.say("tools/list")["result"]["tools"]]
    assert names == ["compose", "wait", "render", "edit", "export", "list"], names
    assert talk.say("ping")["result"] == {}
    assert "2026-07-28" in talk.say("server/discover", _meta=MODERN)["result"]["supportedVersions"]
    assert talk.say("no/such")["error"]["code"] == -32601
    talk.line("{nonsense")
    assert json.loads(talk.process.stdout.readline())["error"]["code"] == -32700

    made = talk.tool("compose", prompt="tiny waltz", duration=5, seed=3)["structuredContent"]
    assert "stream_url" not in made, made
    task = made["task_id"]
    assert talk.done(task)["status"] == "completed"
    path = talk.tool("render", task_id=task, format="wav")["structuredContent"]["path"]
    with open(path, "rb") as file:
        assert file.read(4) == b"RIFF"
    path = talk.tool("export", task_id=task, what="midi")["structuredContent"]["path"]
    with open(path, "rb") as file:
        assert file.read(4) == b"MThd"
    second = talk.tool("edit", task_id=task, changes={"bpm": 150})["structuredContent"]["task_id"]
    assert abs(talk.done(second)["report"]["piece"]["bpm"] - 150) < 0.5
    assert len(talk.tool("list")["structuredContent"]["items"]) == 2
    assert talk.tool("compose")["isError"]
    talk.process.stdin.close()
    assert talk.process.stdout.read() == ""  # nothing but the answers
    assert talk.process.wait(60) == 0


def profile(folder):
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--data", os.path.join(folder, "served"), "--engine",
         "compose", "--access-log", "off"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        page = os.path.join(folder, "page.html")
        told = subprocess.run([PROGRAM, "profile", url, "-n", "5", "-c", "2", "-o", page, "--json"],
                              stdout=subprocess.PIPE, check=True, timeout=240)
        figures = json.loads(told.stdout)
        assert len(figures["endpoints"]) >= 12
        for endpoint in figures["endpoints"]:
            assert endpoint["errors"] == 0 and endpoint["answers"] == 5, endpoint
            assert 0 < endpoint["p50_ms"] <= endpoint["p95_ms"] <= endpoint["p99_ms"], endpoint
        assert figures["memory"][0]["rss_bytes"] > 1 << 20
        assert "database" in figures["stats"]
        with open(page, encoding="utf-8") as file:
            text = file.read()
        assert text.count("<svg") == 2 and "http-equiv" not in text and "src=" not in text
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    gone = subprocess.run([PROGRAM, "profile", url], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert gone.returncode == 4 and b"nobody answers" in gone.stderr, gone


def main():
    tests = (converse, profile)
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory(prefix="tune-talk-") as folder:
            os.environ["XDG_DATA_HOME"] = folder
            test(folder)
        print(f"ok {number} {test.__name__}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
