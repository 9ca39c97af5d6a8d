# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the clients of soak.py do: acts of one or a few requests, each drawn by its weight.

An act checks every status it gets; what it did not expect is noted in `Ledger` and fails the soak.
"""
import http.client
import io
import json
import math
import random
import socket
import struct
import threading
import time
import wave

WORDS = "rain night piano river city slow blue summer dark dream train glass".split()
STYLES = ("calm solo piano", "jazz trio", "lo-fi beat", "folk guitar", "string quartet", "ambient pads")


class Ledger:
    """Counts of all clients, and what none of them should have seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests, self.pieces, self.acts, self.wrong = 0, 0, {}, []

    def count(self, act=None, requests=0, pieces=0):
        with self.lock:
            self.requests += requests
            self.pieces += pieces
            if act:
                self.acts[act] = self.acts.get(act, 0) + 1

    def blame(self, what):
        with self.lock:
            self.wrong.append(what)


def recording(chance, seconds=1.0, rate=22050):
    """A short WAV that no other upload has."""
    hertz = chance.uniform(100, 2000)
    frames = b"".join(struct.pack("<h", int(12000 * math.sin(2 * math.pi * hertz * i / rate)))
                      for i in range(int(seconds * rate)))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(frames)
    return file.getvalue()


class Client(threading.Thread):
    """One client with one connection, that does an act, waits, and does another."""

    def __init__(self, number, port, pause, seed, ledger, stop):
        super().__init__(daemon=True)
        self.number, self.port, self.pause, self.ledger, self.stop = number, port, pause, ledger, stop
        self.chance = random.Random(seed * 1000 + number)
        self.link = self.token = None
        self.pieces, self.tracks, self.uploads, self.etags, self.count = [], [], [], {}, 0

    # ---- asking ----

    def ask(self, method, path, body=None, good=(200,), **fields):
        """(status, bytes); a dict becomes JSON.  A connection that the server closed is opened again."""
        if isinstance(body, dict):
            body, fields = json.dumps(body).encode(), {"Content-Type": "application/json", **fields}
        for attempt in range(2):
            try:
                if self.link is None:
                    self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                self.link.request(method, path, body, {k.replace("_", "-"): v for k, v in fields.items()})
                answer = self.link.getresponse()
                said = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.hang_up()
                if attempt:
                    self.ledger.blame(f"{method} {path}: {error!r}")
                    return 0, b""
        self.ledger.count(requests=1)
        if answer.status not in good:
            self.ledger.blame(f"{method} {path}: {answer.status} {said[:200]!r}")
        if answer.getheader("ETag"):
            self.etags[path] = answer.getheader("ETag")
        return answer.status, said

    def hang_up(self):
        if self.link is not None:
            self.link.close()
        self.link = None

    def raw(self, data, wait=True):
        """Bytes on a connection of their own; what came back first."""
        self.ledger.count(requests=1)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as link:
            link.sendall(data)
            try:
                return link.recv(4096) if wait else b""
            except ConnectionResetError:
                return b""

    def order(self, seconds=5, **more):
        self.count += 1
        body = {"prompt": self.chance.choice(STYLES), "duration": seconds,
                "seed": self.chance.randrange(1 << 40), **more}
        status, said = self.ask("POST", "/api/v1/generate", body, (202,),
                                Idempotency_Key=f"soak-{self.number}-{self.count}")
        self.ledger.count(pieces=1)
        return json.loads(said)["task_id"] if status == 202 else None

    def wait(self, task, good=("completed",)):
        for _ in range(1200):
            status, said = self.ask("GET", f"/api/v1/generate/{task}")
            state = json.loads(said).get("status", "") if status == 200 else ""
            if state not in ("queued", "running"):
                if state not in good:
                    self.ledger.blame(f"task {task}: {said[:300]!r}")
                return state == "completed"
            time.sleep(0.1)
        self.ledger.blame(f"task {task} did not end in two minutes")
        return False

    def a_piece(self):
        if not self.pieces:
            self.act_piece()
        return self.chance.choice(self.pieces) if self.pieces else None

    # ---- acts ----

    def act_health(self):
        for path in ("/health", "/health/live", "/health/ready"):
            self.ask("GET", path)

    def act_browse(self):
        paths = ["/", "/config", "/presets", "/presets/jazz_smooth", "/prompt-tips", "/api/v1/models", "/v1/models",
                 "/api/v1/tracks", "/api/v1/tracks/recent", "/api/v1/tracks/trending", "/api/v1/community/stats",
                 "/api/v1/community/trending-topics", "/api/v1/generate/history", "/openapi.json", "/docs"]
        for path in self.chance.sample(paths, 4):
            known = self.etags.get(path)
            self.ask("GET", path, None, (200, 304), Accept_Encoding=self.chance.choice(("gzip", "zstd", "identity")),
                     **({"If_None_Match": known} if known and self.chance.random() < 0.5 else {}))

    def act_lists(self):
        words = "+".join(self.chance.sample(WORDS, 2))
        self.ask("GET", f"/api/v1/tracks/search?q={words}&offset={self.chance.randrange(20)}")
        self.ask("GET", f"/api/v1/tracks?limit={self.chance.randint(1, 100)}&fields=id,title")
        status, said = self.ask("GET", "/api/v1/tracks?limit=2")
        cursor = json.loads(said).get("next_cursor") if status == 200 else None
        if cursor:
            self.ask("GET", f"/api/v1/tracks?limit=2&cursor={cursor}")

    def act_operator(self):
        self.ask("GET", "/metrics")
        self.ask("GET", "/api/v1/performance/stats")
        self.ask("GET", "/api/v1/cache")
        self.ask("GET", "/api/v1/performance/slow-queries")

    def act_presets(self):
        name = f"soak_{self.number}"
        self.ask("POST", "/presets", {"name": name, "genre": "jazz", "structure": {"bridge": False}, "temperature": 0.5,
                                      "style_references": [{"type": "sound", "value": "rhodes"}]})
        self.ask("GET", f"/presets/{name}")
        self.ask("DELETE", f"/presets/{name}")

    def act_simulate(self):
        self.ask("POST", "/api/v1/generate", {"prompt": "x", "duration": 5, "engine": "zork"}, (422,))
        self.ask("POST", "/tracks/generate", {"text_input": " ".join(self.chance.choices(WORDS, k=5)), "genre": "folk"},
                 (422,))  # neither a preset nor a structure

    def act_piece(self):
        """A piece, followed by its events; all that belongs to it."""
        task = self.order(format=self.chance.choice(("mp3", "ogg", "opus", "flac", "wav")),
                          stems=self.chance.random() < 0.2)
        if task is None:
            return
        _, said = self.ask("GET", f"/api/v1/generate/{task}/events")
        if b"event: completed" not in said:
            self.ledger.blame(f"events of {task}: {said[-300:]!r}")
            return
        self.pieces = [*self.pieces[-20:], task]
        for name in self.chance.sample(("score.json", "score.mid", "score.musicxml", "score.abc", "report", "waveform"), 3):
            self.ask("GET", f"/api/v1/generate/{task}/{name}")

    def act_listen(self):
        """The sound while it is made, whole or left in the middle."""
        task = self.order()
        if task is None:
            return
        if self.chance.random() < 0.3:  # gone after the first bytes
            self.raw(f"GET /api/v1/stream/{task} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self.wait(task)
        else:
            status, said = self.ask("GET", f"/api/v1/stream/{task}?format={self.chance.choice(('mp3', 'opus'))}")
            if status == 200 and len(said) < 10000:
                self.ledger.blame(f"stream of {task}: {len(said)} bytes")
        self.pieces = [*self.pieces[-20:], task]

    def act_replay(self):
        task = self.a_piece()
        if task is None:
            return
        form = self.chance.choice(("mp3", "flac", "ogg"))
        _, said = self.ask("GET", f"/api/v1/stream/{task}?format={form}")
        path, start = f"/api/v1/generate/{task}/download?format={form}", self.chance.randrange(max(len(said) // 2, 1))
        self.ask("GET", path, None, (206,), Range=f"bytes={start}-{start + 999}")
        self.ask("GET", path, None, (416,), Range="bytes=999999999-")

    def act_cancel(self):
        task = self.order(60)
        if task is None:
            return
        time.sleep(self.chance.uniform(0, 0.3))
        self.ask("DELETE", f"/api/v1/generate/{task}", None, (200, 202, 204, 409))
        self.wait(task, ("cancelled", "completed"))

    def act_track(self):
        task = self.a_piece()
        if task is None:
            return
        title = " ".join(self.chance.sample(WORDS, 3))
        status, said = self.ask("POST", f"/api/v1/generate/{task}/save", {"title": title, "is_public": True}, (201, 409))
        if status != 201:
            return
        self.tracks.append(json.loads(said)["id"])
        track = self.tracks[-1]
        self.ask("POST", f"/api/v1/tracks/{track}/play", {})
        self.ask("GET", f"/api/v1/tracks/{track}/audio")
        self.ask("PATCH", f"/api/v1/tracks/{track}", {"mood": self.chance.choice(WORDS)})
        if len(self.tracks) > 200:
            self.ask("DELETE", f"/api/v1/tracks/{self.tracks.pop(0)}", None, (204,))

    def act_upload(self):
        kind = self.chance.randrange(4)
        if kind == 0:
            task = self.a_piece()
            data = self.ask("GET", f"/api/v1/generate/{task}/score.mid")[1] if task else b"MThd"
        else:
            data = recording(self.chance)
        fields = {"Content_Type": "application/octet-stream"}
        if kind == 1:
            data = (b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n" + data +
                    b"\r\n--edge--\r\n")
            fields = {"Content_Type": "multipart/form-data; boundary=edge"}
        if kind == 2:
            self.ask("POST", "/api/v1/uploads", data[:len(data) // 3] + b"\xff" * 7, (201, 422), **fields)
            self.ask("POST", "/api/v1/uploads", b"RIFF????nonsense", (422,), **fields)
            return
        status, said = self.ask("POST", "/api/v1/uploads", data, (201,), **fields)
        if status == 201:
            self.uploads.append(json.loads(said)["id"])
        if kind == 3 and self.uploads and self.chance.random() < 0.3:
            status, said = self.ask("POST", f"/api/v1/uploads/{self.uploads[-1]}/optimize", {}, (202,))
            if status == 202:
                self.wait(json.loads(said)["task_id"])
        if len(self.uploads) > 10:
            self.ask("DELETE", f"/api/v1/uploads/{self.uploads.pop(0)}", None, (204,))

    def act_account(self):
        self.count += 1
        who = {"email": f"soak-{self.number}-{self.count}@example.org", "password": "a long sentence is good"}
        status, said = self.ask("POST", "/api/v1/auth/register", {**who, "name": "Ann"}, (201,))
        if status != 201:
            return
        status, said = self.ask("POST", "/api/v1/auth/refresh", {"refresh_token": json.loads(said)["refresh_token"]})
        bearer = {"Authorization": "Bearer " + json.loads(said).get("access_token", "")}
        self.ask("GET", "/api/v1/user/profile", **bearer)
        self.ask("POST", "/api/v1/user/api-keys", {"name": "laptop"}, (201,), **bearer)
        self.ask("POST", "/api/v1/auth/login", {**who, "password": "not this one, no"}, (401,))
        self.ask("GET", "/api/v1/user/export", **bearer)
        self.ask("DELETE", "/api/v1/user", {"password": who["password"]}, (204,), **bearer)

    def act_chat(self):
        call = lambda n, method, **params: {"jsonrpc": "2.0", "id": n, "method": method, "params": params}
        self.ask("POST", "/mcp", call(1, "initialize", protocolVersion="2025-06-18", capabilities={},
                                      clientInfo={"name": "soak", "version": "1"}), Accept="application/json, text/event-stream")
        self.ask("POST", "/mcp", call(2, "tools/list"), Accept="application/json, text/event-stream")
        self.ask("POST", "/mcp", call(3, "tools/call", name="list", arguments={"limit": 3}),
                 Accept="application/json, text/event-stream")
        self.ask("POST", "/v1/audio/music", {"model": "compose", "prompt": "lo-fi beat", "duration": 5,
                                             "response_format": "mp3"})
        self.ledger.count(pieces=1)

    def act_wrong(self):
        """What no client should send, each with its 4xx."""
        self.ask("POST", "/api/v1/generate", b"{", (422,), Content_Type="application/json")
        self.ask("POST", "/api/v1/generate", b"a=b", (415,), Content_Type="text/plain")
        self.ask("POST", "/api/v1/generate", {"prompt": "", "duration": "long"}, (422,))
        self.ask("GET", f"/nothing/{self.chance.random()}", None, (404,))
        self.ask("DELETE", "/health", None, (405,))
        self.ask("GET", "/api/v1/tracks?cursor=%00%ff", None, (400, 422))
        self.ask("GET", "/api/v1/stream/00000000-0000-7000-8000-000000000000", None, (404,))
        for bytes_, wait in ((b"\x00\x01\x02\r\n\r\n", True), (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", True),
                             (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", True),
                             (b"POST /api/v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", True),
                             (b"GET /health HT", False)):
            said = self.raw(bytes_, wait)
            if wait and said and not said.startswith(b"HTTP/1.1 4"):
                self.ledger.blame(f"{bytes_[:40]!r}: {said[:100]!r}")

    WEIGHTS = {"health": 10, "browse": 20, "lists": 12, "operator": 4, "presets": 2, "simulate": 3, "piece": 8, "listen": 6,
               "replay": 6, "cancel": 3, "track": 6, "upload": 5, "account": 2, "chat": 3, "wrong": 6}

    def run(self):
        names, weights = zip(*self.WEIGHTS.items())
        while not self.stop.is_set():
            name = self.chance.choices(names, weights)[0]
            try:
                getattr(self, "act_" + name)()
            except Exception as error:  # a client that dies would make the rest look calm
                self.ledger.blame(f"{name}: {error!r}")
                self.hang_up()
            self.ledger.count(act=name)
            self.stop.wait(self.chance.expovariate(1 / self.pause))
        self.hang_up()
