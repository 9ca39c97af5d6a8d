#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kill the service again and again under load, and compare at the end with a ledger kept outside.

  chaos.py DRIVER [--kills 200] [--seed 1] [--postgres URL]

Orders are sent without pause to tests/jobs/chaos-driver; every answer "OK" goes into the ledger.  The
process is killed with SIGKILL at random moments, now and then in a burst; on PostgreSQL there are a front
and two workers, one of them is killed each time, and some are frozen (SIGSTOP) for longer than a lease
and woken again.  An order whose answer did not come is sent again under its idempotency key.

At the end, when the queue has run empty:
  lost        an id of the ledger that the database does not know or that has not ended
  failed      one that ended otherwise than completed
  twice       one that was completed more than once (a trigger counts), or two ids for one key
  broken      a file that a result names and that is not there or not what its name says
  integrity   what the database says of itself
Prints CSV; exit 1 unless all are 0.
"""
import argparse
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

TRIGGERS_SQLITE = """
CREATE TABLE chaos_finished (id TEXT);
CREATE TRIGGER chaos_update AFTER UPDATE OF status ON generations
WHEN new.status = 'completed' BEGIN INSERT INTO chaos_finished VALUES (new.id); END;
CREATE TRIGGER chaos_insert AFTER INSERT ON generations
WHEN new.status = 'completed' BEGIN INSERT INTO chaos_finished VALUES (new.id); END;
"""
TRIGGERS_POSTGRES = """
CREATE TABLE chaos_finished (id TEXT);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO chaos_finished VALUES (new.id); RETURN NULL; END $$;
CREATE TRIGGER chaos_update AFTER UPDATE OF status ON generations
FOR EACH ROW WHEN (new.status = 'completed') EXECUTE FUNCTION chaos_note();
CREATE TRIGGER chaos_insert AFTER INSERT ON generations
FOR EACH ROW WHEN (new.status = 'completed') EXECUTE FUNCTION chaos_note();
"""
LEASE_S = 2
MAX_OPEN = 30      # orders without an answer
PATIENCE_S = 180   # without anything getting done, at the end


class Ledger:
    """What was promised, kept by the one who was promised it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted = {}  # key -> set of ids
        self.open = {}      # key -> seed, sent and not answered
        self.n_refused = 0

    def answer(self, line):
        word, key, rest = line.split(" ", 2)
        with self.lock:
            self.open.pop(key, None)
            if word == "OK":
                self.accepted.setdefault(key, set()).add(rest)
            else:
                self.n_refused += 1

    def ids(self):
        with self.lock:
            return {one for ids in self.accepted.values() for one in ids}


class Process:
    """The driver as one process."""

    def __init__(self, driver, url, folder, n_workers, ledger):
        self.ledger = ledger
        self.ready = threading.Event()
        self.child = subprocess.Popen(
            [driver, url, folder, str(n_workers), str(LEASE_S)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            line = line.rstrip("\n")
            if line == "READY":
                self.ready.set()
            elif line.count(" ") >= 2 and line[:3] in ("OK ", "NO "):
                self.ledger.answer(line)

    def send(self, seed, key):
        """The key doubles as the name of the order, so that answers find it."""
        try:
            self.child.stdin.write(f"{seed} {key}\n")
            return True
        except (BrokenPipeError, ValueError, OSError):
            return False

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.reader.join(10)


class Sender(threading.Thread):
    """Orders without pause: most new, some of them the same piece, those without an answer again."""

    def __init__(self, rig, pause):
        super().__init__(daemon=True)
        self.rig, self.pause, self.ending, self.n = rig, pause, False, 0
        self.random = random.Random(rig.seed + 1)

    def run(self):
        while not self.ending:
            front = self.rig.front
            with self.rig.ledger.lock:
                n_open = len(self.rig.ledger.open)
            if front is None or not front.ready.is_set() or n_open >= MAX_OPEN:
                time.sleep(0.01)
                continue
            self.n += 1
            seed = self.random.randrange(self.n // 2 + 1)
            self.order(front, f"{self.n}", seed)
            time.sleep(self.pause)

    def order(self, front, key, seed):
        ledger = self.rig.ledger
        with ledger.lock:
            ledger.open[key] = seed
        front.send(seed, key)

    def again(self, front):
        with self.rig.ledger.lock:
            waiting = dict(self.rig.ledger.open)
        for key, seed in waiting.items():
            front.send(seed, key)


class Rig:
    def __init__(self, options):
        self.driver, self.seed, self.n_kills = options.driver, options.seed, options.kills
        self.random = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="tune-chaos-")
        self.files = os.path.join(self.folder, "files")
        self.postgres = options.postgres
        self.url = options.postgres or "sqlite://" + os.path.join(self.folder, "chaos.db")
        self.ledger = Ledger()
        self.front, self.workers = None, []
        self.n_done = self.n_frozen = 0

    # ---- the database, from outside ----

    def sql(self, text):
        if self.postgres:
            out = subprocess.run(["psql", "-XAqt", "-F", "\t", "-v", "ON_ERROR_STOP=1", self.postgres,
                                  "-c", text], check=True, capture_output=True, text=True).stdout
            return [tuple(line.split("\t")) for line in out.splitlines() if line]
        with sqlite3.connect(os.path.join(self.folder, "chaos.db")) as db:
            if ";" in text.strip().rstrip(";"):
                return db.executescript(text).fetchall()
            return db.execute(text).fetchall()

    def prepare(self):
        first = Process(self.driver, self.url, self.files, 0, self.ledger)
        if not first.ready.wait(60):
            sys.exit("chaos: the driver does not start")
        first.kill()
        self.sql(TRIGGERS_POSTGRES if self.postgres else TRIGGERS_SQLITE)

    # ---- kills ----

    def start_front(self):
        self.front = Process(self.driver, self.url, self.files, 0 if self.postgres else 2,
                             self.ledger)
        if not self.front.ready.wait(60):
            sys.exit("chaos: the driver does not start again")
        self.sender.again(self.front)

    def new_worker(self):
        return Process(self.driver, self.url, self.files, 1, self.ledger)

    def kill_front(self):
        self.front.kill()
        self.start_front()

    def kill_worker(self):
        i = self.random.randrange(len(self.workers))
        self.workers[i].kill()
        self.workers[i] = self.new_worker()

    def freeze_worker(self):
        """Longer than its lease: somebody else does the job, and it wakes with the work in its hands."""
        worker = self.random.choice(self.workers)
        worker.child.send_signal(signal.SIGSTOP)
        self.n_frozen += 1

        def wake():
            try:
                worker.child.send_signal(signal.SIGCONT)
            except ProcessLookupError:
                pass
        threading.Timer(LEASE_S * 2.5, wake).start()

    def kill_one(self):
        # Some die while they start, most at work.
        time.sleep(self.random.choice([0.02, 0.1, 0.3, 0.5, 0.8, 1.2]))
        if not self.postgres:
            self.kill_front()
            return
        what = self.random.random()
        if what < 0.3:
            self.kill_front()
        elif what < 0.9:
            self.kill_worker()
        else:
            self.freeze_worker()
            self.kill_worker()

    def run(self):
        self.prepare()
        self.sender = Sender(self, 0.02)
        self.start_front()
        if self.postgres:
            self.workers = [self.new_worker() for _ in range(2)]
        self.sender.start()
        for n in range(self.n_kills):
            self.kill_one()
            if n % 50 == 49:
                print(f"# {n + 1} kills, {len(self.ledger.ids())} accepted", file=sys.stderr,
                      flush=True)
        self.sender.ending = True
        self.sender.join()
        self.sender.again(self.front)
        self.settle()

    # ---- the end ----

    def settle(self):
        """Until the queue is empty or nothing moves any more; an SQLite file can only be looked at between
        two runs."""
        before, since = None, time.time()
        while time.time() - since < PATIENCE_S:
            time.sleep(5)
            with self.ledger.lock:
                waiting = len(self.ledger.open)
            now = (waiting, self.left())
            if now == (0, 0):
                break
            if now != before:
                before, since = now, time.time()
        for process in [self.front, *self.workers]:
            process.kill()

    def left(self):
        if self.postgres:
            return int(self.sql("SELECT count(*) FROM jobs")[0][0])
        self.front.child.terminate()
        self.front.child.wait()
        n = self.sql("SELECT count(*) FROM jobs")[0][0]
        if n:
            self.start_front()
        return n

    def broken_files(self):
        broken = 0
        for (sha256,) in self.sql("SELECT DISTINCT sha256 FROM result_files"):
            path = os.path.join(self.files, sha256[:2], sha256)
            try:
                with open(path, "rb") as file:
                    broken += hashlib.sha256(file.read()).hexdigest() != sha256
            except OSError:
                broken += 1
        return broken

    def check(self):
        states = dict(self.sql("SELECT id, status FROM generations"))
        finished = {}
        for (one,) in self.sql("SELECT id FROM chaos_finished"):
            finished[one] = finished.get(one, 0) + 1
        ids = self.ledger.ids()
        results = {
            "kills": self.n_kills, "frozen": self.n_frozen, "accepted": len(ids),
            "refused": self.ledger.n_refused, "unanswered": len(self.ledger.open),
            "generations": len(states),
            "lost": sum(states.get(one, "queued") == "queued" for one in ids),
            "failed": sum(states.get(one) in ("failed", "cancelled") for one in ids),
            "twice": sum(n > 1 for n in finished.values()) +
                     sum(len(ids) > 1 for ids in self.ledger.accepted.values()),
            "open_jobs": int(self.sql("SELECT count(*) FROM jobs")[0][0]),
            "orphans": int(self.sql(
                "SELECT count(*) FROM generations WHERE status = 'completed' AND identity NOT IN "
                "(SELECT identity FROM results)")[0][0]),
            "broken": self.broken_files(), "integrity": 0}
        if not self.postgres:
            results["integrity"] = int(self.sql("PRAGMA integrity_check")[0][0] != "ok")
        return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", metavar="URL", help="of an empty database")
    rig = Rig(parser.parse_args())
    try:
        start = time.time()
        rig.run()
        results = rig.check()
    finally:
        for process in [rig.front, *rig.workers]:
            if process is not None and process.child.poll() is None:
                process.child.kill()
        shutil.rmtree(rig.folder, ignore_errors=True)
    results = {"database": "postgresql" if rig.postgres else "sqlite", **results,
               "seconds": round(time.time() - start)}
    print(",".join(results))
    print(",".join(str(value) for value in results.values()))
    bad = ["unanswered", "lost", "failed", "twice", "open_jobs", "orphans", "broken", "integrity"]
    sys.exit(any(results[name] for name in bad))


if __name__ == "__main__":
    main()
