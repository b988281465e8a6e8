"""What is measured of servers, by the numbers that the goals have."""
import os
from dataclasses import dataclass

import cpu
import crowd
from control import PIECE, Session
from machine import Cores

GIB = 1 << 30
CONTENT = os.urandom(PIECE)
SMALL = 1024
MEDIUM = 4 << 20


@dataclass
class Size:
    """How much is done in each round."""
    big: int
    transfers: int = 2000
    visits: int = 3200
    idle: int = 10_000
    idle_forked: int = 200
    crowds: tuple = (100, 500)


@dataclass
class Goal:
    """At most so many times what this contestant takes in the same run, or at most so much."""
    factor: float
    of: str = ""
    note: str = ""

    def text(self):
        text = f"≤ {self.factor:g} × {self.of}" if self.of else f"≤ {self.factor:g}"
        return f"{text} {self.note}".strip()


@dataclass
class Metric:
    """One row of the table."""
    name: str
    what: str
    unit: str
    goal: Goal = None


class Scenario:
    """What is done with each server in each round. Returns a value for each metric."""
    key = ""
    metrics = ()
    tls = False
    # Whether every round has servers of its own.
    fresh = False
    # Where servers and clients run.
    cores = Cores.APART

    def measure(self, server, size):
        raise NotImplementedError

    def warm_up(self, server, size):
        """Once, before the first round; it is not counted."""


class Bulk(Scenario):
    """One big file over one session that is logged in already."""

    def session(self, server):
        return Session(server, self.tls)

    def measure(self, server, size):
        return {self.metrics[0].name: self.move(server, size.big) * GIB / size.big}

    def warm_up(self, server, size):
        """In full, since memory that the machine touches for the first time is dearer."""
        self.move(server, size.big)


class Download(Bulk):
    key = "S1"
    metrics = (Metric("S1", "RETR of one big file", "server CPU-s/GiB", Goal(1.1, "bound")),)

    def move(self, server, size):
        session = self.session(server)
        before = server.cpu()
        got = session.retrieve(f"big-{size}")
        used = server.cpu() - before
        session.quit()
        if got != size:
            raise ConnectionError(f"{server.name} sent {got} bytes of {size}")
        return used


class DownloadTls(Download):
    key = "S1t"
    metrics = (Metric("S1t", "the same with TLS 1.3", "server CPU-s/GiB", Goal(0.8, "Pure-FTPd")),)
    tls = True


class Upload(Bulk):
    key = "S2"
    metrics = (Metric("S2", "STOR of one big file", "server CPU-s/GiB", Goal(1.0, "Pure-FTPd")),)

    def move(self, server, size):
        session = self.session(server)
        file = server.place.folder() / "upload"
        session.command(f"CWD {file.parent.name}", 2)
        before = server.cpu()
        session.store(file.name, CONTENT, size)
        used = server.cpu() - before
        session.quit()
        stored(file, size)
        file.unlink()
        return used


class UploadTls(Upload):
    key = "S2t"
    metrics = (Metric("S2t", "the same with TLS 1.3", "server CPU-s/GiB", Goal(0.85, "Pure-FTPd")),)
    tls = True


class SmallFiles(Scenario):
    """The files stay until the end of the run: see `machine.spread`. Both ends wait for each other all the time: to wake another core is what would be
    measured otherwise, and in a virtual machine that is dear and never twice the same."""
    key = "S3"
    cores = Cores.SHARED
    metrics = (
        Metric("S3 RETR", "1 KiB files in one session, EPSV each", "server CPU-ms a file", Goal(0.65, "Pure-FTPd")),
        Metric("S3 STOR", "the same up, under new names", "server CPU-ms a file", Goal(0.9, "Pure-FTPd")),
        Metric("S3 STOR again", "the same, replacing those", "server CPU-ms a file"),
    )

    def measure(self, server, size):
        return self.move(server, size.transfers)

    def warm_up(self, server, size):
        self.move(server, 50)

    def move(self, server, count):
        session = Session(server)
        folder = server.place.folder()
        session.command(f"CWD {folder.name}", 2)
        content = CONTENT[:SMALL]
        steps = (
            lambda number: session.retrieve("../small"),
            lambda number: session.store(f"f{number}", content, SMALL),
            lambda number: session.store(f"f{number}", content, SMALL),
        )
        used = {}
        for metric, step in zip(self.metrics, steps):
            before = server.cpu()
            for number in range(count):
                step(number)
            used[metric.name] = (server.cpu() - before) * 1000 / count
        session.quit()
        for number in range(count):
            stored(folder / f"f{number}", SMALL)
        return used


class Visits(Scenario):
    key = "S4"
    # libunftp took 0.063 ms where a thread for each session took 0.064, in the same run.
    goal = Goal(0.69, "bound", "(0.7 × libunftp, which is not run here)")
    metrics = (Metric("S4", "connect, USER, PASS, QUIT, 32 at once", "server CPU-ms a session", goal),)

    def measure(self, server, size):
        before = server.cpu()
        crowd.visits(server, size.visits, 32)
        return {"S4": (server.cpu() - before) * 1000 / size.visits}

    def warm_up(self, server, size):
        crowd.visits(server, 100, 32)


class Idle(Scenario):
    key = "S5"
    metrics = (
        Metric("S5", "idle sessions that are logged in", "KiB a session, PSS", Goal(2.8)),
        Metric("S5 moved", "the same after a transfer each", "KiB a session, PSS", Goal(2.8)),
        Metric("S5 kernel", "objects, stacks and page tables, both ends", "KiB a session, whole machine"),
    )
    fresh = True
    cores = Cores.ALL

    def measure(self, server, size):
        count = size.idle_forked if server.forks else size.idle
        first = Session(server)
        first.retrieve("small")
        base, kernel = self.memory(server)
        sessions = [Session(server) for _ in range(count)]
        try:
            idle, with_sessions = self.memory(server)
            for session in sessions:
                session.retrieve("small")
            moved, _ = self.memory(server)
        finally:
            for session in (first, *sessions):
                session.socket.close()
        values = (idle - base, moved - base, with_sessions - kernel)
        return {metric.name: value / 1024 / count for metric, value in zip(self.metrics, values)}

    def memory(self, server):
        server.cpu()
        return cpu.pss(server.group), cpu.kernel_bytes()


class Crowd(Scenario):
    """On all cores: many clients are what they are there for."""
    key = "S9"
    cores = Cores.ALL
    metrics = (
        Metric("S9 100", "100 clients fetch 4 MiB each at once", "server CPU-s/GiB", Goal(0.55, "vsftpd")),
        Metric("S9 500", "500 clients fetch 4 MiB each at once", "server CPU-s/GiB", Goal(0.75, "vsftpd")),
    )

    def measure(self, server, size):
        return {metric.name: self.move(server, clients) for metric, clients in zip(self.metrics, size.crowds)}

    def warm_up(self, server, size):
        self.move(server, 10)

    def move(self, server, clients):
        sessions = [Session(server) for _ in range(clients)]
        before = server.cpu()
        crowd.fetch(sessions, "medium", MEDIUM)
        used = server.cpu() - before
        for session in sessions:
            session.quit()
        return used * GIB / (clients * MEDIUM)


ALL = (Download(), DownloadTls(), Upload(), UploadTls(), SmallFiles(), Visits(), Idle(), Crowd())


def make_files(root, size):
    """What is fetched. Written out to the disk, so that nothing of it is written during a measurement; it stays in the page
    cache."""
    sizes = {"small": SMALL, "medium": MEDIUM}
    sizes[f"big-{size.big}"] = size.big
    for name, bytes in sizes.items():
        with open(root / name, "wb") as file:
            for start in range(0, bytes, PIECE):
                file.write(CONTENT[:bytes - start])
            file.flush()
            os.fsync(file.fileno())


def stored(file, size):
    if file.stat().st_size != size:
        raise ConnectionError(f"{file.name} has {file.stat().st_size} bytes instead of {size}")
