"""The servers that are compared: how each is started for one user who may do everything, on loopback, at its leanest (no logs,
no name look-ups, a password hash that costs nothing), and without limits of sessions that would be in the way."""
import grp
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import cpu
import machine
from control import Session

# `secret` by the oldest crypt(3), whose cost is next to nothing: what is measured is the session and not the hash.
HASH = "Fthp5C.Kq329c"

PYFTPDLIB = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.servers import FTPServer
root, port, low, high, certificate = sys.argv[1:]
if certificate:
    from pyftpdlib.handlers import TLS_FTPHandler as Handler
    Handler.certfile = certificate
else:
    from pyftpdlib.handlers import FTPHandler as Handler
import logging
logging.disable(logging.CRITICAL)
Handler.authorizer = DummyAuthorizer()
Handler.authorizer.add_user("alice", "secret", root, perm="elradfmwMT")
Handler.passive_ports = range(int(low), int(high))
FTPServer.max_cons = 0
FTPServer((("127.0.0.1"), int(port)), Handler).serve_forever()
"""


@dataclass
class Place:
    """Where servers work: settings in one folder, files in another."""
    work: Path
    root: Path
    # The cores that servers run on.
    cores: frozenset = frozenset(machine.ALL_CORES)
    tls: bool = False
    certificate: Path = None
    folders: int = 0

    def folder(self):
        """A new, empty folder among the files, which may be written to; the root itself may not, or vsftpd would refuse."""
        self.folders += 1
        made = self.root / f"new-{self.folders}"
        made.mkdir()
        if machine.privileged():
            shutil.chown(made, *self.owner()[2:4])
        return made

    def owner(self):
        """Who servers work as. Where they can change their user, one whose home exists, since vsftpd looks for it."""
        if not machine.privileged():
            return pwd.getpwuid(os.getuid())
        known = {user.pw_name: user for user in pwd.getpwall()}
        modest = [known[name] for name in ("nobody", "games", "daemon") if name in known]
        return next((user for user in modest if Path(user.pw_dir).is_dir()), modest[0])


@dataclass
class Recipe:
    """How a server is started, or why not."""
    name: str
    version: str = ""
    # From a place and a port to the command.
    command: callable = None
    tls: bool = True
    missing: str = ""
    # A process for each session: ten thousand of them are too many.
    forks: bool = False
    # The scenarios that it can take part in; all, if none is named.
    scenarios: tuple = ()
    user: str = "alice"
    password: str = "secret"
    environment: dict = field(default_factory=dict)


class Server:
    """One that runs."""

    def __init__(self, recipe, place):
        self.recipe, self.place = recipe, place
        self.name, self.forks = recipe.name, recipe.forks
        self.user, self.password = recipe.user, recipe.password
        self.root = place.root
        self.address = ("127.0.0.1", free_port())
        self.log = place.work / f"{slug(self.name)}.log"
        self.group = cpu.group(slug(self.name))
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                recipe.command(place, self.address[1]), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=self._place_process, env=os.environ | recipe.environment,
            )
        self.group.started(self.process.pid)
        try:
            cpu.wait_until(self._ready, f"{self.name}: {self.log.read_text()[-500:]}")
        except BaseException:
            self.stop()
            raise

    def _place_process(self):
        self.group.enter()
        os.sched_setaffinity(0, self.place.cores)

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended at its start: {self.log.read_text()[-500:]}")
        try:
            Session(self).quit()
            return True
        except ConnectionRefusedError:
            return False

    def cpu(self):
        """CPU seconds so far, once it is at rest."""
        return cpu.settled(self.group)

    def stop(self):
        self.group.end()
        self.process.kill()
        self.process.wait()
        self.group.remove()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def slug(name):
    return re.sub(r"\W+", "-", name)


def peers():
    """Those that this machine has, and those that it has not."""
    return [vsftpd(), proftpd(), pure_ftpd(), pyftpdlib()]


def our_recipe(option):
    """Ours, by `LABEL=COMMAND` or the command alone."""
    label, _, command = option.partition("=") if "=" in option.split()[0] else ("ours", "", option)
    program, *extra = shlex.split(command)
    if shutil.which(program) is None:
        return Recipe(label, missing=f"{program} is not there: cargo build --release -p ftp-server")
    usage = run(program, "--help")

    def start(place, port):
        low, high = machine.PASSIVE_PORTS
        words = [program, "--listen", f"127.0.0.1:{port}", "--root", str(place.root), "--user", "alice:secret:rw"]
        words += ["--passive-ports", f"{low}-{high}", "--quiet"]
        if place.tls:
            words += ["--tls-cert", f"{place.certificate}.crt", "--tls-key", f"{place.certificate}.key"]
        return words + extra

    return Recipe(label, run(program, "--version"), start, tls="--tls-cert" in usage)


def vsftpd():
    """Its user is anonymous, who needs no PAM. As root it changes to nobody and its folder becomes the root; its sandbox and its
    namespaces are off, which is in its favour."""
    program = unpacked("vsftpd", "vsftpd")
    if program is None:
        return Recipe("vsftpd", missing="not installed")

    def start(place, port):
        settings = place.work / "vsftpd.conf"
        user = place.owner().pw_name
        low, high = machine.PASSIVE_PORTS
        text = f"""listen=YES
listen_ipv6=NO
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user={"NO" if machine.privileged() else "YES"}
nopriv_user={user}
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
secure_chroot_dir={place.work}
allow_writeable_chroot=YES
connect_from_port_20=NO
anonymous_enable=YES
no_anon_password=NO
local_enable=NO
anon_root={place.root}
ftp_username={user}
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
file_open_mode=0666
xferlog_enable=NO
vsftpd_log_file={place.work}/vsftpd-own.log
max_clients=0
max_per_ip=0
pasv_min_port={low}
pasv_max_port={high}
"""
        if place.tls:
            text += f"""ssl_enable=YES
allow_anon_ssl=YES
force_local_data_ssl=NO
force_local_logins_ssl=NO
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file={place.certificate}.crt
rsa_private_key_file={place.certificate}.key
"""
        settings.write_text(text)
        return [str(program), str(settings)]

    return Recipe("vsftpd", said_on_stdin(program, "-v"), start, forks=True, user="anonymous", password="me")


def said_on_stdin(*command):
    """vsftpd says its version on its standard input, which is its connection when inetd has started it."""
    reads, writes = os.pipe()
    with open(reads, encoding="utf-8") as told:
        try:
            subprocess.run(command, stdin=writes, check=False)
        finally:
            os.close(writes)
        return told.read().strip()


def proftpd():
    program = unpacked("proftpd-core", "proftpd")
    if program is None:
        return Recipe("ProFTPD", missing="not installed")
    modules = program.parents[1] / "lib/proftpd"

    def start(place, port):
        owner = place.owner()
        user, group = owner.pw_name, grp.getgrgid(owner.pw_gid).gr_name
        accounts = place.work / "proftpd.passwd"
        accounts.write_text(f"alice:{HASH}:{owner.pw_uid}:{owner.pw_gid}::{place.root}:/bin/sh\n")
        accounts.chmod(0o600)
        low, high = machine.PASSIVE_PORTS
        text = f"""ModulePath {modules}
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port {port}
User {user}
Group {group}
RootLogin on
{"DefaultRoot ~" if machine.privileged() else ""}
AuthUserFile {accounts}
AuthOrder mod_auth_file.c
RequireValidShell off
AllowOverwrite on
MaxInstances none
PassivePorts {low} {high}
PidFile {place.work}/proftpd.pid
ScoreboardFile {place.work}/proftpd.score
SystemLog none
TransferLog none
WtmpLog off
UseReverseDNS off
DelayEngine off
"""
        if place.tls:
            text += f"""LoadModule mod_tls.c
TLSEngine on
TLSRequired off
TLSProtocol TLSv1.2 TLSv1.3
TLSOptions NoSessionReuseRequired
TLSECCertificateFile {place.certificate}.crt
TLSECCertificateKeyFile {place.certificate}.key
"""
        settings = place.work / "proftpd.conf"
        settings.write_text(text)
        return [str(program), "--nodaemon", "--quiet", "--config", str(settings)]

    return Recipe("ProFTPD", run(program, "--version"), start, tls=(modules / "mod_tls.so").is_file(), forks=True)


def pure_ftpd():
    """With accounts of its own (a PureDB), which it changes its user to: only root can start it."""
    program = unpacked("pure-ftpd", "pure-ftpd")
    if program is None:
        return Recipe("Pure-FTPd", missing="not installed")
    if not machine.privileged():
        return Recipe("Pure-FTPd", missing="only root can start it")

    def start(place, port):
        owner = place.owner()
        accounts = place.work / "pureftpd.passwd"
        accounts.write_text(f"alice:{HASH}:{owner.pw_uid}:{owner.pw_gid}::{place.root}/./" + ":" * 12 + "\n")
        subprocess.run([program.parents[1] / "bin/pure-pw", "mkdb", f"{accounts}.pdb", "-f", accounts], check=True)
        low, high = machine.PASSIVE_PORTS
        words = [str(program), "-S", f"127.0.0.1,{port}", "-l", f"puredb:{accounts}.pdb", "-A", "-E", "-H", "-f", "none"]
        words += ["-p", f"{low}:{high}", "-c", "20000", "-C", "20000", "-u", "1", "-g", f"{place.work}/pureftpd.pid"]
        if place.tls:
            words += ["-Y", "1", "-2", f"{place.certificate}.crt,{place.certificate}.key"]
        return words

    shown = run(program, "--help")
    return Recipe("Pure-FTPd", shown.splitlines()[0] if shown else "", start, forks=True)


def pyftpdlib():
    folder = peers_folder() / "python"
    environment = {"PYTHONPATH": str(folder)}
    probe = [sys.executable, "-c", "import pyftpdlib; print('pyftpdlib', pyftpdlib.__ver__)"]
    shown = subprocess.run(probe, env=os.environ | environment, capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        return Recipe("pyftpdlib", missing="not installed")
    probe = [sys.executable, "-c", "import OpenSSL"]
    tls = subprocess.run(probe, env=os.environ | environment, capture_output=True, check=False).returncode == 0

    def start(place, port):
        low, high = machine.PASSIVE_PORTS
        certificate = f"{place.certificate}.pem" if place.tls else ""
        return [sys.executable, "-c", PYFTPDLIB, str(place.root), str(port), str(low), str(high), certificate]

    return Recipe("pyftpdlib", shown.stdout.strip(), start, tls=tls, environment=environment)


def unpacked(package, program):
    """Where `.ci/peers` has unpacked it."""
    file = peers_folder() / package / "usr/sbin" / program
    return file if os.access(file, os.X_OK) else None


def peers_folder():
    return Path(os.environ.get("FTP_PEERS") or Path.home() / ".cache/ftp-peers")


def run(*command):
    shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return (shown.stdout or shown.stderr).strip()


def certificate(folder):
    """A P-256 certificate and its key: as two files, and as one for those who want it so."""
    base = folder / "certificate"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", f"{base}.key", "-out", f"{base}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    Path(f"{base}.pem").write_text(Path(f"{base}.key").read_text() + Path(f"{base}.crt").read_text())
    return base
