"""Many sessions at once, from one thread."""
import selectors
import socket

from control import PIECE, TIMEOUT, Refused


def visits(server, count, at_once):
    """So many sessions that log in and leave, some at once, as soon as there is room for the next."""
    answers = [
        (b"2", f"USER {server.user}\r\n".encode()),
        (b"3", f"PASS {server.password}\r\n".encode()),
        (b"2", b"QUIT\r\n"),
        (b"2", None),
    ]
    selector = selectors.DefaultSelector()

    def visit():
        stream = socket.socket()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.setblocking(False)
        stream.connect_ex(server.address)
        selector.register(stream, selectors.EVENT_READ, [0, b""])

    def speak(stream, state):
        """Returns whether this visit is over."""
        more = stream.recv(4096)
        step, pending = state
        if not more:
            if step < len(answers):
                raise ConnectionError(f"{server.name} closed a session after {pending!r}")
            return True
        pending += more
        # A reply is whole when its last line has a blank behind the code.
        last = pending[pending.rfind(b"\n", 0, -1) + 1:]
        if not pending.endswith(b"\r\n") or last[3:4] != b" ":
            state[1] = pending
            return False
        if step == len(answers):
            raise Refused(f"{server.name} said more than it was asked: {pending!r}")
        expected, command = answers[step]
        if last[:1] != expected:
            raise Refused(f"{server.name}: {last!r}")
        if command:
            stream.send(command)
        state[:] = step + 1, b""
        return False

    begun = min(at_once, count)
    over = 0
    for _ in range(begun):
        visit()
    try:
        while over < count:
            for key, _ in ready(selector):
                if speak(key.fileobj, key.data):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    over += 1
                    if begun < count:
                        begun += 1
                        visit()
    finally:
        close(selector)


def fetch(sessions, name, size):
    """All of them fetch a file at the same time; each has its session and its data connection already."""
    selector = selectors.DefaultSelector()
    buffer = bytearray(PIECE >> 2)
    try:
        for session in sessions:
            data = session.passive()
            data.setblocking(False)
            selector.register(data, selectors.EVENT_READ, [session, 0])
        for session in sessions:
            session.say(f"RETR {name}")
        left = len(sessions)
        while left:
            for key, _ in ready(selector):
                count = key.fileobj.recv_into(buffer)
                key.data[1] += count
                if count == 0:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    if key.data[1] != size:
                        raise ConnectionError(f"{key.data[1]} bytes came instead of {size}")
                    left -= 1
        for session in sessions:
            session.expect(1)
            session.expect(2)
    finally:
        close(selector)


def ready(selector):
    events = selector.select(TIMEOUT)
    if not events:
        raise TimeoutError("nothing came any more")
    return events


def close(selector):
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    selector.close()
