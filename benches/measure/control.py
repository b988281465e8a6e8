"""An FTP client for loads: one control connection, passive data connections, plain or under TLS. It is the same for every server,
and only the server's CPU counts."""
import re
import socket
import ssl

TIMEOUT = 60
PIECE = 1 << 20


class Refused(Exception):
    """A reply that was not hoped for."""


class Session:
    """A session that is logged in."""

    def __init__(self, server, tls=False):
        self.host = server.address[0]
        self.pending = bytearray()
        self.tls = None
        self.socket = connect(server.address)
        self.expect(2)
        if tls:
            self.secure()
        self.login(server.user, server.password)

    def secure(self):
        self.command("AUTH TLS", 2)
        self.tls = tls_context()
        self.socket = self.tls.wrap_socket(self.socket)

    def login(self, user, password):
        if self.command(f"USER {user}", 2, 3).startswith("3"):
            self.command(f"PASS {password}", 2)
        if self.tls:
            self.command("PBSZ 0", 2)
            self.command("PROT P", 2)
        self.command("TYPE I", 2)

    def command(self, line, *classes):
        """Says it, and wants a reply of one of these classes."""
        self.say(line)
        return self.expect(*classes)

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def expect(self, *classes):
        reply = self.reply()
        if int(reply[0]) not in classes:
            raise Refused(reply.strip())
        return reply

    def reply(self):
        """The last line of the next reply."""
        while True:
            end = self.pending.find(b"\r\n")
            if end < 0:
                more = self.socket.recv(4096)
                if not more:
                    raise ConnectionError("the server closed the control connection")
                self.pending += more
                continue
            line = self.pending[:end].decode("latin-1")
            del self.pending[:end + 2]
            if line[:3].isdigit() and line[3:4] == " ":
                return line

    def passive(self):
        """Asks for a port, and connects to it."""
        port = int(re.search(r"\|(\d+)\|\)", self.command("EPSV", 2))[1])
        return connect((self.host, port))

    def protected(self, data):
        """The handshake, after the reply that invites to it; in the same TLS session, which some servers want."""
        return self.tls.wrap_socket(data, session=self.socket.session) if self.tls else data

    def retrieve(self, name):
        """Fetches a file to nowhere. Returns its size."""
        data = self.passive()
        self.command(f"RETR {name}", 1)
        with self.protected(data) as data:
            size = drain(data)
        self.expect(2)
        return size

    def store(self, name, content, size):
        """Sends so many bytes from memory, by repeating the content."""
        data = self.passive()
        self.command(f"STOR {name}", 1)
        with self.protected(data) as data:
            pour(data, content, size)
            if self.tls:
                goodbye(data)
        self.expect(2)

    def quit(self):
        try:
            self.command("QUIT", 2)
        except (OSError, Refused):
            pass
        self.socket.close()


def connect(address):
    stream = socket.create_connection(address, TIMEOUT)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def tls_context():
    """TLS 1.3, and no questions about the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def drain(data, buffer=bytearray(PIECE)):
    size = 0
    while count := data.recv_into(buffer):
        size += count
    return size


def pour(data, content, size):
    view = memoryview(content)
    for start in range(0, size, len(content)):
        data.sendall(view[:size - start])


def goodbye(data):
    """close_notify. Not every server answers with its own, or does so kindly."""
    try:
        data.unwrap()
    except (ssl.SSLError, OSError):
        pass
