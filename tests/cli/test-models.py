#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`tunesmith models`: listing, looking, importing, quantising, removing; and pulling from a hub that this
test plays itself, with all that a network does.  TAP on standard output."""
import hashlib
import http.server
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

BIN = os.environ["TUNESMITH_BIN"]
FOLDER = Path(tempfile.mkdtemp(prefix="tune-models-"))
MODELS = FOLDER / "models"
BASE = {k: v for k, v in os.environ.items() if not k.startswith(("TUNESMITH_", "HF_", "http", "HTTP"))}
BASE.update(XDG_DATA_HOME=str(FOLDER / "data"), XDG_CONFIG_HOME=str(FOLDER), TUNESMITH_MODELS=str(MODELS),
            TUNESMITH_DATA=os.environ.get("TUNESMITH_DATA", ""), LC_ALL="C.UTF-8")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = "model.safetensors"
checks = []


def check(name, good, said=""):
    checks.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(checks)} {name}", flush=True)
    if not good and said:
        print("# " + str(said).replace("\n", "\n# "), flush=True)


def run(*words, env=None):
    done = subprocess.run([BIN, "models", *map(str, words)], env={**BASE, **(env or {})}, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(name, wanted, words, *, says="", prints="", env=None):
    code, out, said = run(*words, env=env)
    check(name, code == wanted and says in said and prints in out,
          f"exit {code}, wanted {wanted}\nout: {out}\nsaid: {said}")
    return out


def model(name, shards=1):
    folder = FOLDER / name
    folder.mkdir()
    subprocess.run([os.environ["TUNE_MAKE_MODEL"], folder, str(shards)], check=True)
    return folder


# ---- a hub ----

class Hub(http.server.ThreadingHTTPServer):
    """Repositories test/NAME, served from folders; faults by name."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folders, self.faults, self.requests = {}, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def offer(self, name, folder, **faults):
        self.folders[name], self.faults[name] = folder, faults

    def ranges(self, name):
        return [r for n, r in self.requests if n == name]

    def handle_error(self, request, client_address):
        pass # connections that the test breaks


def listing(folder, faults):
    files = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        entry = {"rfilename": path.name, "size": len(data),
                 "blobId": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
        if path.suffix == ".safetensors":
            digest = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"sha256": digest[::-1] if "hash" in faults else digest, "pointerSize": 134,
                            "size": faults.get("size", len(data))}
        files.append(entry)
    files.append({"rfilename": "state_dict.bin", "size": 10**12, "blobId": "0" * 40})
    card = {"cardData": {"license": "cc-by-nc-4.0"}} if "card" not in faults else {
        "tags": ["music", "license:mit"]}
    return {"id": "test", "sha": COMMIT, "siblings": files, **card}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        api = re.fullmatch(r"/api/models/(?:test|facebook)/([^/]+)/revision/main", path)
        resolve = re.fullmatch(rf"/(?:test|facebook)/([^/]+)/resolve/{COMMIT}/([^/]+)", path)
        stored = re.fullmatch(r"/store/([^/]+)/([^/]+)", path)
        name = next((m.group(1) for m in (api, resolve, stored) if m), None)
        if name not in self.server.folders:
            return self.answer(404, b"{}")
        faults = self.server.faults[name]
        if "status" in faults:
            return self.answer(faults["status"], b"no")
        if api:
            body = faults.get("answer") or json.dumps(listing(self.server.folders[name], faults))
            return self.answer(200, body.encode())
        if resolve and resolve.group(2) == WEIGHTS: # large files lie elsewhere
            target = faults.get("redirect", f"/store/{name}/{WEIGHTS}")
            return self.answer(302, Location=target)
        return self.file(name, (resolve or stored).group(2), faults)

    def file(self, name, file, faults):
        data = (self.server.folders[name] / file).read_bytes()
        tag = '"%s"' % hashlib.md5(data + faults.get("tag", b"")).hexdigest()
        asked = self.headers.get("Range")
        if file == WEIGHTS:
            self.server.requests.append((name, asked))
            if "gone" in faults:
                return self.answer(404, b"gone")
        begin = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1)) if asked else 0
        if "norange" in faults or self.headers.get("If-Range", tag) != tag:
            asked, begin = None, 0
        if begin > len(data):
            return self.answer(416)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        self.send(data[begin:], file, faults)

    def send(self, data, file, faults):
        if file != WEIGHTS:
            return self.wfile.write(data)
        if faults.get("drops"): # so many bytes, then the line is cut
            data = data[:faults["drops"]]
        if faults.get("slow"):
            for i in range(0, len(data), 2000):
                self.wfile.write(data[i:i + 2000])
                self.wfile.flush()
                time.sleep(faults["slow"])
        else:
            self.wfile.write(data)
        if faults.get("drops"):
            faults["drops"] = faults.get("then", faults["drops"])
            self.close_connection = True


HUB = Hub()


def pull(name, wanted, *more, says="", env=None):
    return expect(f"pull test/{name} ends with {wanted}", wanted,
                  ["pull", f"test/{name}", "--accept-licence", "--hub", HUB.url, *more], says=says, env=env)


def same(name, folder):
    return all((MODELS / name / path.name).read_bytes() == path.read_bytes() for path in folder.iterdir())


def part(name):
    return MODELS / f".{name}.partial" / f"{WEIGHTS}.part"


# ---- what is here already ----

def test_local(small, sharded):
    expect("an empty folder says how to fill it", 0, ["list"], prints="models pull musicgen-small")
    expect("import links a folder", 0, ["import", small, "--name", "linked"], prints="linked to")
    check("  a link", (MODELS / "linked").is_symlink())
    expect("import copies one", 0, ["import", sharded, "--copy"], prints="copied from")
    check("  no link, same bytes", not (MODELS / "sharded").is_symlink() and same("sharded", sharded))
    expect("a name is taken once", 2, ["import", small, "--name", "linked"], says="already")
    expect("a name cannot lead elsewhere", 2, ["import", small, "--name", "../x"], says="cannot be a model")
    expect("what is no model is refused", 3, ["import", FOLDER / "models"], says="no config.json")
    expect("what is not there is missing", 4, ["import", FOLDER / "none"], says="no such folder")
    listed = json.loads(expect("list as JSON", 0, ["list", "--json"]))
    check("  both, with licence and memory",
          [(m["name"], m["licence"], m["commercial"], m["weights"]) for m in listed["models"]] ==
          [("linked", "CC-BY-NC-4.0", False, "f32"), ("sharded", "CC-BY-NC-4.0", False, "f32")] and
          all(m["memory"]["f32"] > m["memory"]["q8"] > m["memory"]["q4"] > 0 for m in listed["models"]), listed)
    (MODELS / "sharded/model-00002-of-00003.safetensors").write_bytes(b"short")
    listed = json.loads(expect("a broken one does not hide the others", 0, ["list", "--json"], says="left out"))
    check("  told apart", [m["name"] for m in listed["models"]] == ["linked"] and
          [m["name"] for m in listed["broken"]] == ["sharded"], listed)
    expect("inspect says what is broken", 3, ["inspect", "sharded"], says="no safetensors file")
    expect("remove takes a folder", 0, ["remove", "sharded"], prints="removed sharded")
    check("  gone", not (MODELS / "sharded").exists())
    looked = json.loads(expect("inspect as JSON", 0, ["inspect", "linked", "--json"]))
    check("  config, tensors and the test of halves",
          looked["config"]["decoder"]["layers"] == 2 and looked["pieces"] == 20 and looked["lossless_f16"] and
          sum(g["tensors"] for g in looked["tensors"]) > 100, looked)
    expect("inspect in words", 0, ["inspect", small], prints="f16 loses nothing")
    expect("remove takes a link and leaves what it leads to", 0, ["remove", "linked"])
    check("  the folder is there", (small / WEIGHTS).exists() and not (MODELS / "linked").is_symlink())


def test_quantize(small):
    expect("quantize wants a type", 2, ["quantize", small], says="--weights")
    expect("quantize wants a known type", 2, ["quantize", small, "--weights", "q5"], says="q5")
    expect("quantize writes GGUF only", 2, ["quantize", small, "--weights", "q8", "-o", FOLDER / "x.bin"],
           says=".gguf")
    out = FOLDER / "small-q4.gguf"
    made = json.loads(expect("quantize with -o", 0, ["quantize", small, "--weights", "q4", "-o", out, "--json"]))
    check("  smaller", made["bytes"] < made["bytes_before"] / 2 and out.stat().st_size > made["bytes"], made)
    expect("what was rounded is not rounded again", 2, ["quantize", out, "--weights", "q8"], says="already")
    expect("quantize into the folder of models", 0, ["quantize", small, "--weights", "q8"], prints="q8")
    expect("  listed under its name", 0, ["list"], prints="small-q8")
    expect("import takes a file", 0, ["import", out, "--name", "four", "--copy"])
    looked = json.loads(expect("inspect a file", 0, ["inspect", "four", "--json"]))
    check("  its types and licence", looked["weights"] == "q4" and looked["licence"] == "CC-BY-NC-4.0", looked)
    expect("a folder that is not there is missing", 4,
           ["quantize", small, "--weights", "q8", "-o", FOLDER / "no/x.gguf"], says="no")
    for name in ("four", "small-q8"):
        expect(f"remove {name}", 0, ["remove", name])
    check("  nothing is left", not any(MODELS.iterdir()), list(MODELS.iterdir()))


def test_usage():
    expect("an unknown part", 2, ["frobnicate"], says="there are list")
    expect("a part without its model", 2, ["pull"], says="which model")
    expect("list takes no name", 2, ["list", "x"], says="models")
    expect("remove of an unknown name", 4, ["remove", "nothing"], says="no model is called")
    expect("remove stays in its folder", 2, ["remove", "../data"], says="no name of a model")
    expect("pull of an unknown name", 2, ["pull", "musicgen-huge"], says="musicgen-small, ")
    expect("pull of an odd name", 2, ["pull", "../x"], says="OWNER/NAME")
    expect("pull from an odd place", 2, ["pull", "test/x", "--hub", "ftp://x"], says="https://")
    expect("pull from nowhere", 5, ["pull", "test/x", "--hub", "http://127.0.0.1:1"], says="127.0.0.1:1")


# ---- pulling ----

def test_pull(small, sharded):
    HUB.offer("musicgen-small", small)
    HUB.offer("sharded", sharded)
    HUB.offer("free", small, card=True)
    expect("the licence must be accepted", 2, ["pull", "musicgen-small", "--hub", HUB.url],
           says="licence CC-BY-NC-4.0 of facebook/musicgen-small was not accepted")
    check("  and nothing was asked for", not HUB.ranges("musicgen-small") and not list(MODELS.iterdir()))
    out = expect("pull by a known name", 0, ["pull", "musicgen-small", "--accept-licence", "--json"],
                 says="not for commercial use", env={"TUNESMITH_HUB": HUB.url})
    check("  the same bytes", same("musicgen-small", small), out)
    note = json.loads((MODELS / "musicgen-small/tunesmith-model.json").read_text())
    check("  where from, under which licence", note["commit"] == COMMIT and note["licence"] == "CC-BY-NC-4.0" and
          note["source"] == HUB.url + "/facebook/musicgen-small", note)
    check("  no parts, no pickles", sorted(p.name for p in (MODELS / "musicgen-small").iterdir()) ==
          sorted([p.name for p in small.iterdir()] + ["tunesmith-model.json"]))
    pull("musicgen-small", 2, says="already")
    pull("sharded", 0, "--name", "three")
    check("  all shards", same("three", sharded))
    pull("free", 0)
    expect("  the licence of the tags", 0, ["list"], prints="mit")
    for name in ("musicgen-small", "three", "free"):
        run("remove", name)


def test_broken_lines(small):
    size = (small / WEIGHTS).stat().st_size
    HUB.offer("breaks", small, drops=size // 5)
    pull("breaks", 0)
    starts = [int(r[6:-1]) if r else 0 for r in HUB.ranges("breaks")]
    check("  goes on where it stopped", len(starts) >= 5 and starts == sorted(set(starts)), starts)
    check("  the same bytes", same("breaks", small))

    HUB.offer("stops", small, drops=size // 2, then=-size)
    pull("stops", 5)
    check("  the part is kept", part("stops").stat().st_size == size // 2)
    HUB.requests.clear()
    HUB.offer("stops", small)
    pull("stops", 0)
    check("  a later run asks for the rest only", HUB.ranges("stops") == [f"bytes={size // 2}-"], HUB.requests)

    half = (small / WEIGHTS).read_bytes()[:size // 2]
    for name, begun, faults in (("norange", half, {"norange": True}), ("changed", half, {"tag": b"x"}),
                                ("poisoned", b"x" * (size // 2), {}), ("longer", half * 3, {}),
                                ("whole", (small / WEIGHTS).read_bytes(), {})):
        part(name).parent.mkdir()
        part(name).write_bytes(begun)
        part(name).with_suffix(".part.etag").write_text('"of the bytes before"')
        HUB.offer(name, small, **faults)
        pull(name, 0)
        check(f"  a part of before that is {name}: the bytes are right", same(name, small))
    check("  what is whole is not asked for", not HUB.ranges("whole"))
    for name in ("breaks", "stops", "norange", "changed", "poisoned", "longer", "whole"):
        run("remove", name)


def test_refusals(small, other):
    HUB.offer("wrong", small, hash=True)
    pull("wrong", 5, says="hash differs")
    check("  nothing of it is kept", not part("wrong").exists() and not (MODELS / "wrong").exists())
    HUB.offer("gone", small, gone=True)
    pull("gone", 5, says="does not have it (404)")
    pull("nobody", 5, says="does not have it (404)")
    HUB.offer("gated", small, status=403)
    pull("gated", 5, says="not give it to everyone (403)")
    HUB.offer("huge", small, size=10**15)
    pull("huge", 4, says="are left on the disk")
    check("  nothing was asked for", not HUB.ranges("huge"))
    HUB.offer("more", small, size=(small / WEIGHTS).stat().st_size - 1)
    pull("more", 5, says="more than it announced")
    HUB.offer("other", other)
    pull("other", 3, says="encodec")
    check("  has no name", not (MODELS / "other").exists())
    HUB.offer("downgrade", small, redirect="file:///etc/passwd")
    pull("downgrade", 5)
    nothing = FOLDER / "pickles"
    nothing.mkdir()
    (nothing / "config.json").write_text("{}")
    HUB.offer("pickles", nothing)
    pull("pickles", 5, says="no model.safetensors")
    for i, answer in enumerate(("<html>", "[]", '{"sha": "x", "siblings": []}', f'{{"sha": "{COMMIT}"}}',
                                f'{{"sha": "{COMMIT}", "siblings": [{{"rfilename": "model.safetensors"}}]}}')):
        HUB.offer(f"odd{i}", small, answer=answer)
        pull(f"odd{i}", 5, says=f"odd{i}")
    for path in MODELS.iterdir():
        run("remove", path.name.removeprefix(".").removesuffix(".partial"))
    check("remove takes what was begun", not list(MODELS.iterdir()), list(MODELS.iterdir()))


def test_cancel(small):
    HUB.offer("slow", small, slow=0.05)
    process = subprocess.Popen([BIN, "models", "pull", "test/slow", "--accept-licence", "--hub", HUB.url],
                               env=BASE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if part("slow").exists() and part("slow").stat().st_size > 0:
            break
        time.sleep(0.05)
    expect("one at a time", 4, ["pull", "test/slow", "--accept-licence", "--hub", HUB.url],
           says="by another program")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    check("Ctrl-C ends it", process.returncode == 130, said)
    check("  the part is kept", part("slow").exists() and not (MODELS / "slow").exists())
    HUB.offer("slow", small)
    pull("slow", 0)


def main():
    small, sharded, other = model("small"), model("sharded", 3), model("other")
    config = json.loads((other / "config.json").read_text())
    config["model_type"] = "encodec"
    (other / "config.json").write_text(json.dumps(config))
    MODELS.mkdir()
    test_usage()
    test_local(small, sharded)
    test_quantize(small)
    test_pull(small, sharded)
    test_broken_lines(small)
    test_refusals(small, other)
    test_cancel(small)
    print(f"1..{len(checks)}")
    subprocess.run(["rm", "-rf", FOLDER], check=False)


main()
