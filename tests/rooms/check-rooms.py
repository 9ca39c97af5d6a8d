#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hold the source tree to the house rules of docs/DESIGN.md and docs/STYLE.md.

  check-rooms.py SOURCE_ROOT      one line per breach, exit 1 when there is any
  check-rooms.py --self-test      prove on a made-up tree that each rule can fail

Rules: a room includes only the rooms of its row; a quoted include always names its room; every C
file starts with an SPDX line; files end before 800 lines and functions before 80 (tables, named
*-tables.c or *-table.c, are exempt).
"""
import re
import sys
import tempfile
from pathlib import Path

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 80

# Who may include whom: the table of docs/DESIGN.md, section 3.
ROOMS = {
    "base": [],
    "audio": ["base"],
    "score": ["base"],
    "brief": ["base"],
    "compose": ["base", "score", "brief"],
    "synth": ["base", "score", "audio"],
    "neural": ["base", "audio"],
    "cloud": ["base", "audio", "brief"],
    "engine": ["base", "audio", "score", "brief", "compose", "synth", "neural", "cloud"],
    "cache": ["base"],
    "store": ["base"],
    "files": ["base"],
    "jobs": ["base", "audio", "store", "files", "cache", "engine"],
    "http": ["base"],
}
ROOMS["api"] = list(ROOMS)
ROOMS["cli"] = list(ROOMS)
# The public library wraps the rooms below the server.
ROOMS["lib"] = ["base", "audio", "score", "brief", "compose", "synth", "neural", "engine"]

# Headers without a room: made by the build, or the public interface.
FREE_HEADERS = {"tune-config.h", "tunesmith.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def is_table(path):
    return path.stem.endswith("-tables") or path.stem.endswith("-table")


def include_breaches(room, path, lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or match.group(1) in FREE_HEADERS:
            continue
        target = match.group(1)
        other, slash, _ = target.partition("/")
        if not slash:
            yield f'{path}:{number}: "{target}" does not name its room'
        elif other not in ROOMS:
            yield f'{path}:{number}: "{target}" names no room of the table'
        elif other != room and other not in ROOMS[room]:
            allowed = " ".join(ROOMS[room]) or "no other room"
            yield f'{path}:{number}: {room}/ may not include "{target}" (may: {allowed})'


def size_breaches(path, lines):
    if is_table(path):
        return
    if len(lines) > MAX_FILE_LINES:
        yield f"{path}: {len(lines)} lines, more than {MAX_FILE_LINES}: split it"
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):  # the formatter puts a function's braces alone in column 1
            start = number
        elif line.startswith("}") and start is not None:
            length = number - start + 1
            if length > MAX_FUNCTION_LINES:
                name = lines[start - 2].strip() if start > 1 else ""
                yield f"{path}:{start}: a function of {length} lines, more than {MAX_FUNCTION_LINES} ({name})"
            start = None


def breaches(root):
    source = root / "src"
    for folder in sorted(p for p in source.iterdir() if p.is_dir()):
        if folder.name not in ROOMS:
            yield f"{folder}: no such room in the table"
    files = [p for top in ("src", "include", "tests", "bench", "fuzz", "examples")
             for p in sorted((root / top).rglob("*.[ch]"))]
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        if not lines or "SPDX-License-Identifier" not in lines[0]:
            yield f"{path}: the first line is no SPDX line"
        yield from size_breaches(path, lines)
        parts = path.relative_to(root).parts
        if parts[0] == "src" and len(parts) > 2 and parts[1] in ROOMS:
            yield from include_breaches(parts[1], path, lines)
    for path in sorted(source.rglob("*.py")):
        yield f"{path}: scripts do not belong in src/"


SPDX = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
SELF_TESTS = [  # path, content, what the complaint must say ("" for none)
    ("src/score/a.c", SPDX + '#include "base/music.h"\n#include "score/score.h"\n', ""),
    ("src/score/a.c", SPDX + '#include "brief/brief.h"\n', "score/ may not include"),
    ("src/base/a.c", SPDX + '#include "score/score.h"\n', "may: no other room"),
    ("src/base/a.c", SPDX + '  #  include "attic/x.h"\n', "names no room"),
    ("src/base/a.c", SPDX + '#include "a.h"\n', "does not name its room"),
    ("src/base/a.c", SPDX + '#include "tune-config.h"\n', ""),
    ("src/attic/a.c", SPDX, "no such room"),
    ("src/base/a.c", "int x;\n", "no SPDX"),
    ("src/base/a.c", SPDX + "int x;\n" * 800, "more than 800"),
    ("src/base/a-tables.c", SPDX + "int x;\n" * 800, ""),
    ("src/base/a.c", SPDX + "void f(void)\n{\n" + "    g();\n" * 78 + "}\n", ""),
    ("src/base/a.c", SPDX + "void f(void)\n{\n" + "    g();\n" * 79 + "}\n", "a function of 81 lines"),
    ("tests/base/a.c", SPDX + '#include "cli/x.h"\n', ""),
]


def self_test():
    print(f"1..{len(SELF_TESTS)}")
    failed = False
    for number, (path, content, expected) in enumerate(SELF_TESTS, 1):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(content, encoding="utf-8")
            (Path(folder) / "src").mkdir(exist_ok=True)
            found = list(breaches(Path(folder)))
        good = not found if not expected else any(expected in line for line in found)
        failed = failed or not good
        print(f"{'ok' if good else 'not ok'} {number} {path}: {expected or 'nothing to complain about'}")
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(breaches(Path(sys.argv[1])))
    print("1..1")
    for line in found:
        print("# " + line)
    print("not ok 1 the house rules" if found else "ok 1 the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
