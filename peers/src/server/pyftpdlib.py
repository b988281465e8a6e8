"""pyftpdlib on a port of the kernel's choice: ROOT HOST [old-and-lying] [extended-only]"""
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

root, host, flags = sys.argv[1], sys.argv[2], sys.argv[3:]


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    proto_cmds = dict(FTPHandler.proto_cmds)


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
