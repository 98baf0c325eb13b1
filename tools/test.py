#!/usr/bin/python3 -Bu
# SPDX-License-Identifier: Apache-2.0
"""Builds, runs every test, and counts: unit tests (dev, asan+ubsan, the static CLI), then the system tests on each kernel.

The short form boots two machines at a time, an emulated processor each: one with the system tests of the first kernel, which take
longest, and one for all the rest (BESIDE).

The long form runs everything on both kernels in both builds, with full numbers where nothing else slows it down (dev), lets
each fuzz target run for FUZZ_SECONDS, and kills whole machines (tests/system/machines). The last line is "N passed, N failed".
The status is not 0 if anything failed, nothing ran, or the whole of the short form took longer than its budget.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET_MINUTES = 45  # of the short form, cold, on two cores
MACHINES_TESTS = ROOT / "tests/system/machines"
PACKAGE_TESTS = ROOT / "tests/system/package"
TIMED_TESTS = ROOT / "tests/system/timed"
VM_SECONDS = 2100  # of one boot with its tests; more means it hangs
VM_SECONDS_LONG = 4 * 3600
FUZZ_SECONDS = 60  # of the long form, for each target
# Of the long form, for each property; rapidcheck's own default is 100.
LAW_ROUNDS_LONG = {"dev": 20_000, "asan": 2_000}
STAGES = ("units", "fuzz", "system", "swaps", "machines", "times", "packages")
# What the short form runs beside the system tests of the first kernel, with those of the second. Neither side is held to real time
# that it could lose to the other: what is held to seconds has virtual time.
BESIDE = ("system", "times", "packages")

# By file: the data path of stock clients, the policy, closure without the firewall (for what is translated, too), the sinks (the
# translators among them). Not what is the slowest and passes the other kernel: exchanges of the policy by the hundred, its
# repair, random packets through it, the flowtable, the agent's 4via6, two VPCs, failover with its connections, the ways that
# packets leave by. The long form has all of it on both.
KERNEL_TESTS = (
    "data_path or test_closed or flushed_ruleset_stops"
    " or (test_kernel and not LanFabric and not FailoverGate and not Egress and not Replication)"
    " or (test_policy and not test_policy_swaps and not test_policy_damage and not test_policy_flowtable"
    " and not test_policy_probes)"
)

# A gtest program's own report of a case, for programs ctest knows as one test.
GTEST_CASE = re.compile(r"^\[ +(OK|FAILED) +\] (\S+\.\S+).*\((\d+) ms\)$", re.MULTILINE)

# What waits for the long form: minutes of packets through the translator (that it does what the RFC says is among the sinks'
# tests, and that the agent keeps it is among the repairs), and health targets, which take more than a minute of real time to be
# lost and found (what follows from them is among the core's and the simulator's).
LONG_FORM_ONLY = "test_via6.py or test_failover_health.py"


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


BROKEN = Count(failed=1)  # a step that could not even run


def main() -> int:
    options = parse()
    os.chdir(ROOT)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        total = side_by_side(Path(folder), options) if options.whole else in_turn(options.stages, Path(folder), options)

    minutes = (time.monotonic() - started) / 60
    over = not options.long and minutes > BUDGET_MINUTES
    if over:
        print(f"\nOver budget: {minutes:.0f} minutes, and {BUDGET_MINUTES} are allowed.")
        total += BROKEN
    if total == Count() and not options.beside:
        print("\nNo test has run.")
        total += BROKEN
    print(f"\n{minutes:.1f} minutes")
    print(total)
    return 1 if total.failed else 0


def in_turn(stages: tuple[str, ...], folder: Path, options: argparse.Namespace) -> Count:
    return sum((run_stage(stage, folder, options) for stage in stages), Count())


def side_by_side(folder: Path, options: argparse.Namespace) -> Count:
    """The short form, whole. What BESIDE prints comes when the first kernel's tests are done."""
    total = in_turn(tuple(stage for stage in options.stages if stage not in BESIDE), folder, options)
    if not options.only and subprocess.run(["./dev", "package"]).returncode:  # now, not while tests run
        total += BROKEN
    command = [sys.executable, "-Bu", __file__, "--beside", *([f"--only={options.only}"] if options.only else [])]
    said = folder / "beside.txt"
    with said.open("w") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as beside:
        total += in_turn(("system",), folder, options)
        status = beside.wait()
    *lines, last = said.read_text().splitlines() or [""]
    print("\n".join(lines))
    counted = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
    if not counted:
        print(f"{last}\n  FAIL the tests beside those of the first kernel ended without a count (status {status})")
        return total + BROKEN
    return total + Count(int(counted[1]), int(counted[2]))


def run_stage(stage: str, folder: Path, options: argparse.Namespace) -> Count:
    some_kernels = options.kernels if options.long else options.kernels[:1]
    if stage == "units":
        presets = ("dev", "asan", "static") if not options.userland else ("dev",)
        return sum((unit(preset, options) for preset in presets), Count())
    if stage == "fuzz":
        return fuzz(folder, options) if options.long and not options.userland else Count()
    if stage == "system":
        runs = [(kernel, preset) for kernel in options.system_on for preset in presets_of(kernel, options)]
        return sum((system(kernel, preset, folder, options) for kernel, preset in runs), Count())
    if stage == "swaps":
        return swaps(options.kernels[0], folder, options) if options.long and not options.userland else Count()
    if stage == "machines":
        runs = some_kernels if options.long and not options.userland else ()
        return sum((machines(kernel, folder, options) for kernel in runs), Count())
    if stage == "times":
        return sum((timed(kernel, folder, options) for kernel in some_kernels), Count())
    return sum((packages(kernel, folder, options) for kernel in some_kernels), Count())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__)
    parser.add_argument("--long", action="store_true", help="full numbers, and both builds on both kernels")
    parser.add_argument("--kernel", choices=("6.1", "6.12"), help="system tests on this kernel only")
    parser.add_argument("--userland", choices=("bookworm", "trixie"), default="", help="build and test in this release")
    parser.add_argument("--only", metavar="PATTERN", help="only tests whose name contains this")
    parser.add_argument("--stage", dest="stages", action="append", choices=STAGES, help="only this part; may be repeated")
    parser.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)  # one half of side_by_side()
    options = parser.parse_args()
    options.whole = not (options.beside or options.stages or options.long or options.kernel or options.userland)
    options.stages = options.stages or (BESIDE if options.beside else STAGES)
    options.kernels = (options.kernel,) if options.kernel else ("6.1", "6.12")
    options.release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    if options.userland == options.release:
        options.userland = ""  # this machine's own
    if options.userland == "trixie" and not options.kernel:
        options.kernels = ("6.12",)
    options.system_on = options.kernels[:1] if options.whole else options.kernels[1:] if options.beside else options.kernels
    return options


def presets_of(kernel: str, options: argparse.Namespace) -> tuple[str, ...]:
    """The short form runs each kernel once; one of the two with the sanitizers."""
    if options.userland:
        return ("dev",)
    if options.long:
        return ("dev", "asan")
    return ("asan",) if kernel == "6.12" and not options.kernel else ("dev",)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def build(preset: str, options: argparse.Namespace) -> bool:
    environment = {**os.environ, "CW_PRESET": preset, "CW_USERLAND": options.userland}
    return subprocess.run(["./dev", "build"], env=environment).returncode == 0


def build_folder(preset: str, options: argparse.Namespace) -> str:
    return f"{options.userland}-{preset}" if options.userland else preset


def unit(preset: str, options: argparse.Namespace) -> Count:
    heading(f"Unit tests ({build_folder(preset, options)})")
    if not build(preset, options):
        return BROKEN
    folder = ROOT / "build" / build_folder(preset, options)
    report = folder / "unit.xml"
    report.unlink(missing_ok=True)
    command = ["tools/userland.sh", options.userland] if options.userland else []
    command += ["ctest", "--test-dir", str(folder), "-L", "unit", "-j", str(os.cpu_count() or 1), "--quiet"]
    command += ["--output-junit", str(report), "--test-output-size-passed", "1000000"]
    command += ["-R", re.escape(options.only)] if options.only else []
    if options.long and preset in LAW_ROUNDS_LONG:
        os.environ["RC_PARAMS"] = f"max_success={LAW_ROUNDS_LONG[preset]}"
        os.environ["CW_LONG"] = "1"  # of the model checker's
    status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    if not report.exists():
        print(f"  FAIL ctest itself (status {status}); run: {' '.join(command[:5])}")
        return BROKEN
    total = Count()
    for case in xml.parse(report).getroot().iter("testcase"):
        total += unit_case(case)
    print(f"  {total}")
    return total if status == 0 or total.failed else total + BROKEN


def unit_case(case: xml.Element) -> Count:
    """One entry of ctest: one gtest case, or a program of many. Prints a line for each case."""
    output = case.findtext("system-out", "")
    ran = case.get("status") == "run"
    cases = [(name, word == "OK", int(ms) / 1000) for word, name, ms in GTEST_CASE.findall(output)]
    if not cases or (not ran and all(ok for _, ok, _ in cases)):
        cases.append((case.get("name", "?"), ran, float(case.get("time", "0"))))
    for name, ok, seconds in cases:
        print(f"  {'ok  ' if ok else 'FAIL'} {seconds:8.2f} s  {name}")
    if not ran:
        print("\n".join(f"       {line}" for line in output.splitlines()))
    passed = sum(ok for _, ok, _ in cases)
    return Count(passed, len(cases) - passed)


def fuzz(folder: Path, options: argparse.Namespace) -> Count:
    """Each target of tests/fuzz by libFuzzer, from its corpus. An input that fails is kept under build/fuzz."""
    heading(f"Fuzzing ({FUZZ_SECONDS} s each)")
    if subprocess.run(["./dev", "build", "fuzzers"], env={**os.environ, "CW_PRESET": "fuzz"}).returncode:
        return BROKEN

    def run(corpus: Path) -> Count:
        learnt = folder / "fuzz" / corpus.name
        learnt.mkdir(parents=True)
        command = [f"build/fuzz/{corpus.name}_fuzz", f"-max_total_time={FUZZ_SECONDS}", "-rss_limit_mb=1024"]
        command += ["-timeout=10", f"-artifact_prefix=build/fuzz/{corpus.name}-", str(learnt), str(corpus)]
        started = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        ok = done.returncode == 0
        runs = re.findall(r"^Done (\d+) runs", done.stdout, re.MULTILINE)
        said = f"({runs[0]} inputs)" if runs else f"(status {done.returncode})"
        print(f"  {'ok  ' if ok else 'FAIL'} {time.monotonic() - started:8.2f} s  {corpus.name}_fuzz {said}", flush=True)
        if not ok:
            print("\n".join(f"       {line}" for line in done.stdout.splitlines()[-40:]))
        return Count(int(ok), int(not ok))

    corpora = [each for each in sorted((ROOT / "tests/fuzz/corpus").iterdir()) if (options.only or "") in each.name]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(run, corpora), Count())


def system(kernel: str, preset: str, folder: Path, options: argparse.Namespace) -> Count:
    built = build_folder(preset, options)
    heading(f"System tests (kernel {kernel}, {built})")
    if not build(preset, options):  # where the stage with its unit tests was left out
        return BROKEN
    results = folder / f"system-{kernel}-{preset}"
    arguments = ["--rootfs", f"{options.userland}-build"] if options.userland else []
    arguments += ["--env", f"CW_LONG={int(options.long and preset == 'dev')}"]
    arguments += ["--cpus", "2"] if options.long else []
    return in_vm("tests/system/run", results / "system.txt", kernel, built, arguments, options)


def swaps(kernel: str, folder: Path, options: argparse.Namespace) -> Count:
    """Ten times as many exchanges of a policy as among the system tests; an hour, so on one kernel."""
    heading(f"Policies exchanged by the thousand (kernel {kernel}, dev)")
    if not build("dev", options):
        return BROKEN
    long = argparse.Namespace(**{**vars(options), "only": "test_policy_swaps"})
    arguments = ["--env", "CW_LONG=1", "--env", "CW_SWAPS=1", "--cpus", "2"]
    return in_vm("tests/system/run", folder / f"swaps-{kernel}/system.txt", kernel, "dev", arguments, long)


def machines(kernel: str, folder: Path, options: argparse.Namespace) -> Count:
    """A router's whole machine dies: three of them, two with a router each, beside one another."""
    if options.only and not any(options.only in file.read_text() for file in MACHINES_TESTS.glob("test_*.py")):
        return Count()
    heading(f"Machines that die (kernel {kernel}, dev)")
    if not build("dev", options):
        return BROKEN
    report = folder / f"machines-{kernel}/machines.txt"
    boot = "tests/system/machines/boot"
    return in_vm("tests/system/machines/run", report, kernel, "dev", ["--env", "CW_LONG=1"], options, boot)


def timed(kernel: str, folder: Path, options: argparse.Namespace) -> Count:
    """What must be done within seconds, where a second is one whatever else this machine does."""
    if options.only and not any(options.only in file.read_text() for file in TIMED_TESTS.glob("test_*.py")):
        return Count()
    built = build_folder("dev", options)
    heading(f"Times, in virtual time (kernel {kernel}, {built})")
    if not build("dev", options):
        return BROKEN
    arguments = ["--icount", "--env", f"CW_LONG={int(options.long)}", *(["--rootfs", f"{options.userland}-build"] if options.userland else [])]
    return in_vm("tests/system/timed/run", folder / f"timed-{kernel}/timed.txt", kernel, built, arguments, options)


def packages(kernel: str, folder: Path, options: argparse.Namespace) -> Count:
    """The Debian packages, in a clean system with systemd."""
    if options.only and not any(options.only in file.read_text() for file in PACKAGE_TESTS.glob("test_*.py")):
        return Count()  # spares their build
    release = options.userland or options.release
    heading(f"Packages ({release}, kernel {kernel})")
    if subprocess.run(["./dev", "package"], env={**os.environ, "CW_USERLAND": options.userland}).returncode:
        return BROKEN
    results = folder / f"package-{kernel}"
    built = build_folder("package", options)
    arguments = ["--rootfs", release, "--env", f"CW_PACKAGES={ROOT}/build/{built}", "--env", f"CW_LONG={int(options.long)}"]
    return in_vm("tests/system/package/run", results / "package.txt", kernel, built, arguments, options)


def which_tests(kernel: str, options: argparse.Namespace) -> list[str]:
    """The short form runs nearly all on the first kernel, and on the others what depends on the kernel."""
    if options.only:
        return ["-k", options.only]
    if options.long:
        return []
    if kernel == options.kernels[0]:
        return ["-k", f"not ({LONG_FORM_ONLY})"]
    return ["-k", KERNEL_TESTS]


def in_vm(
    script: str,
    report: Path,
    kernel: str,
    built: str,
    arguments: list[str],
    options: argparse.Namespace,
    boot: str = "tests/vm/run.sh",
) -> Count:
    """Runs a script of tests in one boot and counts the lines of its report."""
    seconds = VM_SECONDS_LONG if options.long else VM_SECONDS
    command = [boot, "--kernel", kernel, "--results", str(report.parent), "--timeout", str(seconds)]
    command += [*arguments, script, *which_tests(kernel, options)]
    status = subprocess.run(command, env={**os.environ, "CW_PRESET": built}).returncode
    if options.only and status == 5:  # pytest: no test of that name
        return Count()
    if not report.exists():
        print(f"  FAIL the VM gave no report (status {status})")
        return BROKEN
    verdicts = [line.split()[0] for line in report.read_text().splitlines()]
    failed = len(verdicts) - verdicts.count("ok")
    total = Count(len(verdicts) - failed, failed)
    return total if status == 0 or failed else total + BROKEN


if __name__ == "__main__":
    sys.exit(main())
