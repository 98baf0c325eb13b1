#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Checks format (clang-format 19), scripts (bash, python syntax) and C++ (clang-tidy 19).

clang-tidy looks at the sources that changed since the branch left main (on main: since the commit before), or include
what changed; --all, or nothing to compare with, looks at all. A source found clean is not looked at again until it,
what it includes or .clang-tidy changes.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/dev"
CPP = (".cpp", ".cc", ".c", ".h")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev lint", description=__doc__)
    parser.add_argument("--all", action="store_true", help="clang-tidy on every source")
    parser.add_argument("--fix", action="store_true", help="put the format right, and no more")
    options = parser.parse_args()
    os.chdir(ROOT)
    cpp = [file for file in git("ls-files", "-co", "--exclude-standard") if file.endswith(CPP) and Path(file).exists()]
    if options.fix:
        return subprocess.run(["clang-format-19", "-i", *cpp]).returncode
    checks = {
        "format": check_format(cpp),
        "scripts": check_scripts(),
        "clang-tidy": check_tidy(options.all),
    }
    for name, ok in checks.items():
        print(f"  {'ok  ' if ok else 'FAIL'} {name}")
    return 0 if all(checks.values()) else 1


def output(*command: str) -> str:
    """What the command says; where it fails, its own words and an end."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed with status {done.returncode}")
    return done.stdout


def git(*args: str) -> list[str]:
    return output("git", *args).split("\n")[:-1]


def commit(name: str) -> str | None:
    """The commit of that name, if there is one."""
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip() or None


def check_format(files: list[str]) -> bool:
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "clang-format-violations" in line})
    for file in wrong:
        print(f"  {file}: not formatted; ./dev fmt does it")
    if done.returncode != 0 and not wrong:
        print(done.stderr, end="")
    return done.returncode == 0


def check_scripts() -> bool:
    ok = True
    for file in map(Path, git("ls-files")):
        if not file.is_file() or file.suffix in (*CPP, ".md"):
            continue
        with file.open("rb") as content:
            first = content.readline(80)
        if file.suffix == ".py" or b"python3" in first and first.startswith(b"#!"):
            try:
                ast.parse(file.read_text(), str(file))
            except SyntaxError as error:
                print(f"  {file}:{error.lineno}: {error.msg}")
                ok = False
        elif file.suffix == ".sh" or first.startswith(b"#!/bin/bash"):
            ok = subprocess.run(["bash", "-n", str(file)]).returncode == 0 and ok
    return ok


def check_tidy(everything: bool) -> bool:
    if subprocess.run(["./dev", "build"], env={**os.environ, "CW_PRESET": "dev"}).returncode != 0:
        return False
    changed = None if everything else changed_files()
    units = [unit for unit in translation_units() if changed is None or changed & unit.inputs]
    clean = Path(os.environ.get("CAUSEWAY_CACHE") or cache_home() / "causeway") / "tidy"
    clean.mkdir(parents=True, exist_ok=True)
    todo = [unit for unit in units if not (clean / unit.digest).exists()]
    what = "all" if changed is None else "changed"
    print(f"  clang-tidy: {len(units)} sources ({what}), {len(units) - len(todo)} known to be clean", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda unit: unit.tidy(clean), todo))
    return all(results)


def cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def changed_files() -> set[str] | None:
    """Files that differ from where this branch left main, committed or not; on main itself, from the commit before.

    None: there is nothing to compare with.
    """
    head = commit("HEAD")
    base = None
    for main in filter(commit, ("origin/main", "main")):
        left = git("merge-base", "HEAD", main)[0]
        if left != head:
            base = left
            break
    base = base or commit("HEAD~1")
    if base is None:
        return None
    files = {*git("diff", "--name-only", base), *git("ls-files", "-o", "--exclude-standard")}
    return None if ".clang-tidy" in files else files


class Unit:
    """One source of the build, with the files of the repository it is made of."""

    def __init__(self, source: str, inputs: set[str], command: str) -> None:
        self.source = source
        self.inputs = inputs
        digest = hashlib.sha256(command.replace(str(ROOT), "").encode())  # other checkouts share what is known
        for file in (".clang-tidy", *sorted(inputs)):
            digest.update(Path(file).read_bytes())
        self.digest = digest.hexdigest()

    def tidy(self, clean: Path) -> bool:
        started = time.monotonic()
        command = ["clang-tidy-19", "-p", str(BUILD), "--quiet", self.source]
        done = subprocess.run(command, capture_output=True, text=True)
        ok = done.returncode == 0
        if ok:
            (clean / self.digest).touch()
        else:
            print((done.stdout or done.stderr).replace(f"{ROOT}/", ""), end="")
        print(f"  {'ok  ' if ok else 'FAIL'} {time.monotonic() - started:8.2f} s  {self.source}", flush=True)
        return ok


def translation_units() -> Iterator[Unit]:
    inputs = {}
    for block in output("ninja", "-C", str(BUILD), "-t", "deps").split("\n\n"):
        head, *lines = block.splitlines() or [""]
        files = (Path(BUILD, line.strip()).resolve() for line in lines)
        ours = {str(file.relative_to(ROOT)) for file in files if file.is_relative_to(ROOT)}
        inputs[head.partition(":")[0]] = {file for file in ours if not file.startswith("build/")}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        file = Path(entry["directory"], entry["file"]).resolve()
        if not file.is_relative_to(ROOT) or file.is_relative_to(BUILD) or file.suffix == ".c":
            continue
        source = str(file.relative_to(ROOT))
        yield Unit(source, inputs.get(entry.get("output", ""), set()) | {source}, entry["command"])


if __name__ == "__main__":
    sys.exit(main())
