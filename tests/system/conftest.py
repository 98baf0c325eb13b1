# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests. They run as root in the VM, several in one boot, each in network namespaces of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.dont_write_bytecode = True

from length import TEST_SECONDS

from lab.database import Database
from lab.namespace import Namespace
from lab.topology import Topology
from lab.world import World


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One PostgreSQL for the whole boot, in a namespace that each topology plugs in."""
    (namespace,) = Namespace.make("postgresql")  # not "db": that is a topology's own
    server = Database(namespace, tmp_path_factory.mktemp("pg") / "server")
    server.fill()
    yield server
    server.close()
    namespace.delete()


@pytest.fixture
def topology() -> Iterator[Topology]:
    with Topology() as world:
        yield world


@pytest.fixture
def topology_with_database(database: Database) -> Iterator[Topology]:
    with Topology(db=database.namespace) as world:
        yield world


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A router of the test's own, to be restarted, taken down and set up otherwise."""
    with World(database, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One router for the tests of a file that leave it as they found it."""
    with World(database, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def visitor(shared_world: World) -> Iterator[World]:
    """The shared router; whoever the test connects is gone afterwards."""
    yield shared_world
    shared_world.disconnect_all()


@pytest.fixture
def make_namespace() -> Iterator[Callable[[str], Namespace]]:
    made: list[Namespace] = []

    def make(name: str) -> Namespace:
        made.extend(Namespace.make(name))
        return made[-1]

    yield make
    for namespace in reversed(made):
        namespace.delete()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TimeoutError(f"the test took more than {TEST_SECONDS} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.skipped:  # what cannot run here has not been proved here
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, default=Path(os.devnull), help="also write the lines here")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Lines(config))


class Lines:
    """One line for each test when it is over: verdict, seconds with its share of the fixtures, name; below, what it told."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds = 0.0
        self._passed = True
        self._told: list[str] = []

    def pytest_runtest_logstart(self) -> None:
        self._seconds, self._passed, self._told = 0.0, True, []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A test that is a part of a longer run says what it took itself.
        measured = dict(report.user_properties).get("seconds") if report.when == "call" else None
        self._seconds += report.duration if measured is None else float(str(measured))
        self._passed = self._passed and report.passed
        if report.when == "call":
            self._told += [f"\n       {value}" for name, value in report.user_properties if name == "told"]

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        verdict = "ok  " if self._passed else "FAIL"
        name = nodeid.removeprefix("tests/system/").replace(".py::", ": ")
        line = f"  {verdict} {self._seconds:8.2f} s  {name}"
        self._config.pluginmanager.getplugin("terminalreporter").write_line("".join([line, *self._told]), flush=True)
        with self._config.getoption("--report").open("a") as report:
            report.write(f"{line}\n")

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        return (report.outcome if report.when == "call" or report.failed else "", "", "")
