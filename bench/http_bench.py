#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure HTTP servers with wrk, one at a time and in turn: see http.sh.

A server is a class with start() -> port and stop(); a case is (server, name, path, wrk options).  To measure
a route of the service, add a server and its cases to CASES.
"""
import argparse
import csv
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def children(pid):
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from children(int(child))


def cpu_seconds(pid):
    """Processor time of a process and its children that are still alive."""
    total = 0
    for one in [pid, *children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(pid):
    return max(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text())[1])
               for one in [pid, *children(pid)]) / 1024


class Hello:
    """bench/http-hello.c: says its port, serves until its input ends."""

    def __init__(self, kind, threads):
        self.command = [str(ROOT / "build/bench/http-hello"), kind, str(threads)]

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        if not line.startswith("port "):
            raise FileNotFoundError(self.command[1])
        return int(line.split()[1])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Nginx:
    """The same bytes as a static file."""

    def __init__(self, threads):
        self.threads = threads

    def start(self):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        if not Path(binary).exists():
            raise FileNotFoundError("nginx")
        self.folder = Path(tempfile.mkdtemp(prefix="tune-nginx-"))
        self.folder.chmod(0o755)
        (self.folder / "hello.json").write_text("x" * 1023 + "\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(f"""
            {user} daemon off; worker_processes {self.threads}; pid {self.folder}/pid;
            error_log {self.folder}/error.log; events {{ worker_connections 1024; }}
            http {{
                access_log off; sendfile on; keepalive_requests 100000000;
                open_file_cache max=100; types {{ application/json json; }}
                client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;
                fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
                scgi_temp_path {self.folder}/s;
                server {{ listen 127.0.0.1:{port} backlog=4096; root {self.folder}; }}
            }}""")
        self.process = subprocess.Popen([binary, "-e", f"{self.folder}/error.log", "-c",
                                         str(self.folder / "nginx.conf")])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.05)
        raise RuntimeError((self.folder / "error.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        shutil.rmtree(self.folder)


def milliseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def run_wrk(url, args, seconds, *more):
    text = subprocess.run(["wrk", f"-t{args.wrk_threads}", f"-c{args.clients}", f"-d{seconds}s",
                           "--latency", *more, url], capture_output=True, text=True, check=True).stdout
    broken = re.search(r"Socket errors: (.*)", text) or re.search(r"Non-2xx[^:]*: (.*)", text)
    return {"requests": int(re.search(r"(\d+) requests in", text)[1]),
            "req_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "p50_ms": milliseconds(re.search(r"^ +50%\s+(\S+)", text, re.M)[1]),
            "p99_ms": milliseconds(re.search(r"^ +99%\s+(\S+)", text, re.M)[1]),
            "errors": broken[1] if broken else ""}


def measure(server, path, args):
    port = server.start()
    try:
        url = f"http://127.0.0.1:{port}{path}"
        run_wrk(url, args, 1)  # warm
        before = cpu_seconds(server.process.pid)
        row = run_wrk(url, args, args.seconds)
        row["cpu_us"] = (cpu_seconds(server.process.pid) - before) / max(row["requests"], 1) * 1e6
        row["rss_mib"] = resident_mib(server.process.pid)
        return row
    finally:
        server.stop()


def cases(args):
    return {"ours": (Hello("ours", args.threads), "/"),
            "ours-worker": (Hello("ours-worker", args.threads), "/"),
            "microhttpd": (Hello("microhttpd", args.threads), "/"),
            "nginx": (Nginx(args.threads), "/hello.json")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="of the server")
    parser.add_argument("--wrk-threads", type=int, default=1)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    chosen = {name: case for name, case in cases(args).items()
              if not args.only or name in args.only.split(",")}
    rows = {name: [] for name in chosen}
    for _ in range(args.rounds):
        for name, (server, path) in chosen.items():
            try:
                rows[name].append(measure(server, path, args))
            except FileNotFoundError as missing:
                print(f"# {name}: {missing} is not there", file=sys.stderr)
    out = Path(ROOT / "out/bench-http.csv").open("w", newline="")
    for stream in (sys.stdout, out):
        writer = csv.writer(stream)
        writer.writerow(["server", "req_s", "lowest", "highest", "p50_ms", "p99_ms", "cpu_us", "rss_mib",
                         "errors"])
        for name, found in rows.items():
            if found:
                middle = {key: statistics.median(row[key] for row in found)
                          for key in ("req_s", "p50_ms", "p99_ms", "cpu_us", "rss_mib")}
                writer.writerow([name, round(middle["req_s"]), round(min(r["req_s"] for r in found)),
                                 round(max(r["req_s"] for r in found)), f"{middle['p50_ms']:.2f}",
                                 f"{middle['p99_ms']:.2f}", f"{middle['cpu_us']:.2f}",
                                 f"{middle['rss_mib']:.1f}",
                                 "; ".join(r["errors"] for r in found if r["errors"])])


if __name__ == "__main__":
    main()
