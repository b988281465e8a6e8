"""The clients that are compared (S7): each moves one big file from and to the same server."""
import os
import shutil
import subprocess
from dataclasses import dataclass

from scenarios import GIB, Goal, Metric, Scenario, stored
from servers import run

class S7(Scenario):
    """What the clients are measured by."""
    key = "S7"
    metrics = (
        Metric("S7 get", "client, one big file down, to a file", "client CPU-s/GiB", Goal(0.96, "tnftp")),
        Metric("S7 put", "client, one big file up, from a file", "client CPU-s/GiB", Goal(1.02, "ncftp")),
    )


@dataclass
class Client:
    """Its commands: from the server, the name there and the file here to words."""
    name: str
    version: str
    get: callable
    put: callable


def url(server, name):
    return f"ftp://{server.user}:{server.password}@{server.address[0]}:{server.address[1]}/{name}"


def ours(program):
    return Client(
        "ours", run(program, "--version"),
        lambda server, name, file: [program, "-q", "get", url(server, name), file],
        lambda server, name, file: [program, "-q", "put", file, url(server, name)],
    )


def curl():
    return Client(
        "curl", run("curl", "--version").split("(")[0],
        lambda server, name, file: ["curl", "-sS", "-o", file, url(server, name)],
        lambda server, name, file: ["curl", "-sS", "-T", file, url(server, name)],
    )


def lftp():
    quiet = "set net:max-retries 1; set cmd:interactive no; set ftp:ssl-allow no; set xfer:log no; "
    return Client(
        "lftp", run("lftp", "--version").split(" | Copyright")[0].splitlines()[0],
        lambda server, name, file: ["lftp", "-c", f"{quiet} get {url(server, name)} -o {file}"],
        lambda server, name, file: ["lftp", "-c", f"{quiet} put {file} -o {url(server, name)}"],
    )


def ncftp():
    def login(server):
        return ["-u", server.user, "-p", server.password, "-P", str(server.address[1])]

    return Client(
        "ncftp", run("ncftpget", "--version").splitlines()[0],
        lambda server, name, file: ["ncftpget", "-V", *login(server), "-C", server.address[0], name, file],
        lambda server, name, file: ["ncftpput", "-V", *login(server), "-C", server.address[0], file, name],
    )


def tnftp():
    return Client(
        "tnftp", "tnftp",
        lambda server, name, file: ["tnftp", "-V", "-o", file, url(server, name)],
        lambda server, name, file: ["tnftp", "-V", "-u", url(server, name), file],
    )


def wget():
    return Client(
        "wget", run("wget", "--version").splitlines()[0],
        lambda server, name, file: ["wget", "-q", "-O", file, url(server, name)],
        None,
    )


def all_clients(own):
    """Those that are here, and the names of those that are not."""
    peers = {"curl": curl, "lftp": lftp, "ncftpget": ncftp, "tnftp": tnftp, "wget": wget}
    there = [make() for program, make in peers.items() if shutil.which(program)]
    missing = [program for program in peers if not shutil.which(program)]
    if shutil.which(own):
        return [ours(own), *there], missing
    return there, [own, *missing]


def measure(client, server, folder, here, size):
    """One file down and up. On its way up the client pays for the receiver's protocol work too."""
    fetched, sent = here / "fetched", folder / "sent"
    used = {"S7 get": spend(client.get(server, f"big-{size}", str(fetched))) * GIB / size}
    stored(fetched, size)
    fetched.unlink()
    if client.put:
        used["S7 put"] = spend(client.put(server, f"{folder.name}/{sent.name}", str(server.root / f"big-{size}"))) * GIB / size
        stored(sent, size)
        sent.unlink()
    return used


def spend(command):
    """User and system seconds of a program and of those that it waits for."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said[-300:]!r}")
    return usage.ru_utime + usage.ru_stime
