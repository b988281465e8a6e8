"""Puts a file and gets it back, over one session with TLS: HOST PORT USER:PASSWORD CA ftp|ftps 1.2|1.3 Stock|Resuming TIMES

Writes the version, and how many data connections resumed a session."""
import ftplib
import io
import random
import ssl
import sys

# For each data connection of Resuming, whether it did.
resumed = []

host, port, login, authority, scheme, highest, kind, times = sys.argv[1:]


class Stock(ftplib.FTP_TLS):
    """ftplib's own."""


class Resuming(ftplib.FTP_TLS):
    """What is commonly done for servers that want data connections to resume the control connection's session."""

    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=self.sock.session)
            resumed.append(connection.session_reused)
        return connection, size


def implicit(base):
    """The same with TLS from the first byte."""

    class Implicit(base):
        @property
        def sock(self):
            return self._sock

        @sock.setter
        def sock(self, value):
            if value is not None and not isinstance(value, ssl.SSLSocket):
                value = self.context.wrap_socket(value, server_hostname=self.host)
            self._sock = value

    return Implicit


context = ssl.create_default_context(cafile=authority)
context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[highest]
base = {"Stock": Stock, "Resuming": Resuming}[kind]
ftp = (implicit(base) if scheme == "ftps" else base)(context=context, timeout=30)
ftp.connect(host, int(port))
try:
    ftp.login(*login.split(":"))
    ftp.prot_p()
    for number in range(int(times)):
        data = random.Random(number).randbytes(1 + number * 977)
        assert ftp.storbinary("STOR file", io.BytesIO(data)).startswith("226")
        pieces = []
        assert ftp.retrbinary("RETR file", pieces.append).startswith("226")
        assert b"".join(pieces) == data, number
except (ftplib.Error, ConnectionError, ssl.SSLError) as error:
    # A data connection that broke has its reason in the reply.
    refusal = error if isinstance(error, ftplib.Error) else ftp.getmultiline()
    sys.exit(f"refused: {refusal}")
print(ftp.sock.version())
print(sum(resumed))
ftp.quit()
