"""pyftpdlib on a port of the kernel's choice: ROOT HOST [old-and-lying] [extended-only]
[tls=PEM highest=1.2|1.3 [implicit]]"""
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

root, host, flags = sys.argv[1], sys.argv[2], sys.argv[3:]
values = dict(flag.split("=", 1) for flag in flags if "=" in flag)


def secured():
    """The class of sessions with TLS."""
    from OpenSSL import SSL
    from pyftpdlib.handlers import TLS_FTPHandler

    class Secured(TLS_FTPHandler):
        certfile = values["tls"]

        def handle(self):
            if "implicit" in flags:
                self.secure_connection(self.ssl_context)
            super().handle()

    versions = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
    context = Secured.get_ssl_context()
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(versions[values["highest"]])
    return Secured


Base = secured() if "tls" in values else FTPHandler


class Handler(Base):
    authorizer = DummyAuthorizer()
    proto_cmds = dict(Base.proto_cmds)


Handler.authorizer.add_user("alice", "secret", root, perm="elradfmwMT")
Handler.authorizer.add_user("bob", "look", root, perm="elr")
if "old-and-lying" in flags:
    Handler.masquerade_address = "192.0.2.1"  # RFC 5737: nobody's
    for verb in ("EPSV", "EPRT"):
        del Handler.proto_cmds[verb]
if "extended-only" in flags:
    for verb in ("PASV", "PORT"):
        del Handler.proto_cmds[verb]

server = FTPServer((host, 0), Handler)
host, port = server.socket.getsockname()[:2]
print("listening on", f"[{host}]:{port}" if ":" in host else f"{host}:{port}", flush=True)
server.serve_forever()
