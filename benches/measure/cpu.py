"""What a server costs: the CPU time and the memory of all its processes, ended ones included.

A control group (cgroup v2) counts every process and thread that was ever in it, to the microsecond. Where none can be made,
the processes are added up from /proc, in steps of 10 ms a process; then the time of a child that ended without its parent
waiting for it is lost.
"""
import errno
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


class Cgroup:
    """A control group of a server's own."""

    how = "cgroup v2, exact"

    def __init__(self, name):
        parent = own_cgroup()
        if parent is None:
            raise OSError("no cgroup v2 is mounted")
        self.folder = parent / f"ftp-measure-{os.getpid()}-{name}"
        self.folder.mkdir()

    def enter(self):
        """Puts the calling process into it: what a child does before it becomes the server."""
        (self.folder / "cgroup.procs").write_text("0")

    def started(self, pid):
        """Every process enters by itself."""

    def cpu(self):
        """User and system seconds so far."""
        return int(re.search(r"usage_usec (\d+)", (self.folder / "cpu.stat").read_text())[1]) / 1e6

    def processes(self):
        """Those that live."""
        return [int(line) for line in (self.folder / "cgroup.procs").read_text().split()]

    def end(self):
        """Ends every process of it."""
        def ended():
            for pid in self.processes():
                kill(pid)
            return not self.processes()
        wait_until(ended, "the end of a server's processes")

    def remove(self):
        """Afterwards, when its first process was waited for: a zombie still belongs to it."""
        def removed():
            try:
                self.folder.rmdir()
                return True
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                return False
        wait_until(removed, "a control group to be empty")


class ProcessTree:
    """The server's process, its descendants, and whatever else is in its session."""

    how = "/proc, in steps of 10 ms a process"

    def __init__(self, name):
        self.name = name
        self.pid = None

    def enter(self):
        """Nothing: the tree is found by the process number."""

    def started(self, pid):
        """The root of the tree, a session's leader."""
        self.pid = pid

    def cpu(self):
        """User and system seconds so far, with those of the children that were waited for."""
        return sum(row["ticks"] for row in self._rows()) * TICK

    def processes(self):
        """Those that live."""
        return [row["pid"] for row in self._rows()]

    def end(self):
        """Ends every process of it."""
        for pid in self.processes():
            kill(pid)

    def remove(self):
        """Nothing was made."""

    def _rows(self):
        table = {row["pid"]: row for row in map(stat_row, Path("/proc").glob("[0-9]*/stat")) if row}

        def belongs(row):
            while row:
                if row["pid"] == self.pid or row["session"] == self.pid:
                    return True
                row = table.get(row["parent"])
            return False

        return [row for row in table.values() if belongs(row)]


def own_cgroup():
    """The folder of this process's own cgroup v2, or none."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    mount = next((Path(row[1]) for row in mounts if row[2] == "cgroup2"), None)
    own = re.search(r"^0::(.*)$", Path("/proc/self/cgroup").read_text(), re.M)
    if mount is None or own is None:
        return None
    return mount / own[1].lstrip("/")


def group(name):
    """The best way to count that there is here."""
    try:
        return Cgroup(name)
    except OSError:
        return ProcessTree(name)


def stat_row(file):
    """What /proc/PID/stat tells, or none when the process has ended."""
    try:
        text = file.read_text()
    except OSError:
        return None
    # The program's name may hold blanks and brackets; the numbers begin behind its last bracket.
    numbers = text[text.rindex(")") + 2:].split()
    if numbers[0] == "Z" and int(numbers[1]) == 0:
        return None
    ticks = sum(int(value) for value in numbers[11:15])
    return {"pid": int(text.split(" ", 1)[0]), "parent": int(numbers[1]), "session": int(numbers[3]), "ticks": ticks}


def kill(pid):
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        pass


def settled(counter):
    """The CPU seconds of a group once it does nothing more: processes end, buffers are freed after the last reply."""
    before = counter.cpu()
    deadline = time.monotonic() + 5
    while True:
        time.sleep(0.03)
        now = counter.cpu()
        if now - before < 0.0005 or time.monotonic() > deadline:
            return now
        before = now


def pss(counter):
    """Bytes of memory of all its processes, shared pages divided by their sharers."""
    return sum(proportional(pid) for pid in counter.processes())


def proportional(pid):
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return 0
    return 1024 * int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1])


def kernel_bytes():
    """What the kernel keeps for processes and sockets, on the whole machine: objects, stacks and page tables."""
    text = Path("/proc/meminfo").read_text()
    return sum(1024 * int(re.search(rf"^{key}:\s+(\d+)", text, re.M)[1]) for key in ("Slab", "KernelStack", "PageTables"))


def wait_until(happened, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.01)


# Burns CPU in every way that servers do: in a child that has ended, in one of its children, in threads, and in one that
# lives on. Each says how much it burnt.
BURNER = """
import os, sys, threading, time
out = open(sys.argv[1], "a")
def burn(seconds):
    while time.thread_time() < seconds:
        sum(range(1000))
def tell():
    out.write(f"{time.process_time()}\\n"); out.flush()
def child(work, stays=False):
    pid = os.fork()
    if pid == 0:
        work(); tell()
        if stays: time.sleep(60)
        os._exit(0)
    return pid
def family():
    burn(0.1); os.waitpid(child(lambda: burn(0.2)), 0)
def threads():
    team = [threading.Thread(target=burn, args=(0.1,)) for _ in range(3)]
    [t.start() for t in team]; [t.join() for t in team]
os.waitpid(child(family), 0); os.waitpid(child(threads), 0)
child(lambda: burn(0.3), stays=True)
burn(0.2); tell()
time.sleep(60)
"""


def self_test():
    """Counts processes that say themselves what they have used. Returns a line for each way of counting."""
    kinds = [(ProcessTree, 0.06)] + [(Cgroup, 0.03)] * isinstance(probe := group("probe"), Cgroup)
    probe.remove()
    return [check(kind, allowed) for kind, allowed in kinds]


def check(kind, allowed):
    counter = kind("self-test")
    with tempfile.NamedTemporaryFile("r") as told:
        burner = subprocess.Popen([sys.executable, "-c", BURNER, told.name], preexec_fn=counter.enter, start_new_session=True)
        counter.started(burner.pid)
        try:
            wait_until(lambda: len(Path(told.name).read_text().split()) == 5, "the burner", 60)
            expected = sum(map(float, Path(told.name).read_text().split()))
            counted = settled(counter)
        finally:
            counter.end()
            burner.wait()
            counter.remove()
    if not expected - allowed <= counted <= expected + allowed + 0.03 * expected:
        raise AssertionError(f"{kind.__name__}: counted {counted:.3f} s of {expected:.3f} s")
    return f"{kind.__name__}: counted {counted:.3f} s of {expected:.3f} s ({counter.how})"
