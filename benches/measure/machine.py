"""The machine that is measured on: a network of its own, cores for either end, limits, and what to say of it all."""
import os
import platform
import resource
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path

CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")
# Passive ports and the ports of clients do not meet: one may be in TIME_WAIT while the other is wanted.
PASSIVE_PORTS = (10000, 29999)
CLIENT_PORTS = (32768, 60999)
INSIDE = "FTP_MEASURE_INSIDE"


def enter_network():
    """Starts this program again in a network namespace, which has loopback and nothing else. In there the congestion control
    may be chosen, and no port is anybody else's. Without the right to make one, the measuring goes on here."""
    if os.environ.get(INSIDE) or shutil.which("unshare") is None:
        return
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.execvpe(command[0], [*command, sys.executable, *sys.argv], os.environ | {INSIDE: "1"})


def prepare_network():
    """Loopback up, and no BBR, whose pacing makes sendfile over loopback several times dearer. A kernel whose default is
    BBR may allow only Reno in a namespace; without losses it is as good."""
    if not os.environ.get(INSIDE):
        return
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("cubic", "reno"):
        if congestion_control() == "cubic" or write(CONGESTION, name):
            break
    write(Path("/proc/sys/net/ipv4/ip_local_port_range"), "%d %d" % CLIENT_PORTS)


def write(file, text):
    try:
        file.write_text(text)
        return True
    except OSError:
        return False


def congestion_control():
    return CONGESTION.read_text().strip()


def raise_limits():
    """Room for ten thousand sessions, at either end."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for wanted in (1 << 17, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
            return
        except (OSError, ValueError):
            continue


def privileged():
    """Whether servers can change to another user: root, and not just of a namespace."""
    first = Path("/proc/self/uid_map").read_text().split()
    return os.geteuid() == 0 and int(first[2]) > 65534


ALL_CORES = os.sched_getaffinity(0)


class Cores(Enum):
    """Where servers run, and where clients do."""
    APART = "a core for the servers and one for the clients, the same where there is but one"
    SHARED = "one core for both"
    ALL = "all, for both"

    def sets(self):
        """Those of the servers, and those of the clients."""
        if self is Cores.ALL:
            return ALL_CORES, ALL_CORES
        return {min(ALL_CORES)}, {min(ALL_CORES) if self is Cores.SHARED else max(ALL_CORES)}


def spread(folder):
    """Has ext4 put each folder beneath this one elsewhere on the disk. It does not use the inodes of files that were removed
    in the last minutes, and looks through all of them whenever a file is made nearby: what one contestant left behind would
    be paid by the next."""
    if shutil.which("chattr"):
        # Other file systems know no such thing.
        subprocess.run(["chattr", "+T", folder], stderr=subprocess.DEVNULL, check=False)


def file_system(folder):
    return subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()


def describe(folder, pinned, counting):
    """What belongs to every figure."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    return {
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "memory GiB": memory,
        "processor": processor(),
        "congestion control": congestion_control(),
        "network": "a namespace of its own" if os.environ.get(INSIDE) else "the machine's own",
        "file system": file_system(folder),
        "pinned": "servers to one core, clients to another; in S3 both to the same; in S5 and S9 to none" if pinned else "no",
        "counted by": counting,
        "load before": os.getloadavg()[0],
    }


def warnings(facts):
    """What makes the figures doubtful."""
    if facts["congestion control"].startswith("bbr"):
        yield "the congestion control is BBR: sendfile over loopback is several times dearer than elsewhere"
    if facts["file system"] == "tmpfs":
        yield "the files are in a tmpfs, which costs other than a disk's file system"
    if facts["load before"] > 0.5:
        yield f"the machine was not idle (load {facts['load before']:.1f}): ratios hold better than figures, and neither well"
    if facts["counted by"].startswith("/proc"):
        yield "CPU was counted in steps of 10 ms a process"


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
