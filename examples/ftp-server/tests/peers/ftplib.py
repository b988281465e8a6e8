"""Converses with a server on HOST PORT as alice, who may write, and bob, who may only read. Ends with 0 if all is well."""
import ftplib
import hashlib
import io
import random
import re
import sys

host, port = sys.argv[1], int(sys.argv[2])


def connect(user="alice", password="secret"):
    ftp = ftplib.FTP(timeout=30)
    ftp.encoding = "utf-8"
    ftp.connect(host, port)
    ftp.login(user, password)
    return ftp


def content(size):
    return random.Random(size).randbytes(size)


class Digest:
    """Takes a download a piece at a time."""

    def __init__(self):
        self.sha, self.size = hashlib.sha256(), 0

    def __call__(self, piece):
        self.sha.update(piece)
        self.size += len(piece)


def there_and_back(ftp, name, data):
    assert ftp.storbinary(f"STOR {name}", io.BytesIO(data)).startswith("226")
    digest = Digest()
    assert ftp.retrbinary(f"RETR {name}", digest).startswith("226")
    assert digest.size == len(data), (name, digest.size, len(data))
    assert digest.sha.digest() == hashlib.sha256(data).digest(), name
    assert ftp.size(name) == len(data)


def refused(action, *arguments):
    try:
        answer = action(*arguments)
    except ftplib.error_perm as error:
        return str(error)
    raise AssertionError(f"{arguments} was not refused but {answer}")


def sizes(ftp):
    ftp.voidcmd("TYPE I")
    for size in (0, 1, 64 * 1024 + 1, 50 * 1024 * 1024):
        there_and_back(ftp, "sized", content(size))
    ftp.delete("sized")


def data_connections(ftp):
    for passive in (True, False):
        ftp.set_pasv(passive)
        there_and_back(ftp, "file", content(100_001))
    ftp.set_pasv(True)
    ftp.delete("file")


def resumes(ftp):
    data = content(300_007)
    ftp.storbinary("STOR part", io.BytesIO(data[:100_000]))
    ftp.storbinary("STOR part", io.BytesIO(data[100_000:200_000]), rest=100_000)
    ftp.storbinary("APPE part", io.BytesIO(data[200_000:]))
    whole, tail = io.BytesIO(), io.BytesIO()
    ftp.retrbinary("RETR part", whole.write)
    assert whole.getvalue() == data
    ftp.retrbinary("RETR part", tail.write, rest=123_456)
    assert tail.getvalue() == data[123_456:]
    ftp.delete("part")


def names_and_listings(ftp):
    names = ["two words", "naïve – 日本語", 'say "hi"', " leading", "trailing ", "a\\b", "100%", "semi;colon"]
    ftp.mkd("list me")
    ftp.cwd("list me")
    assert ftp.pwd() == "/list me"
    for name in names:
        there_and_back(ftp, name, content(len(name)))
    made = ftp.mkd('quo"te')
    assert made.endswith('quo"te'), made
    ftp.cwd('quo"te')
    assert ftp.pwd() == '/list me/quo"te', ftp.pwd()
    ftp.cwd("..")
    names.append('quo"te')
    assert sorted(ftp.nlst()) == sorted(names), ftp.nlst()

    lines = []
    ftp.dir(lines.append)
    assert len(lines) == len(names), lines
    for name in names:
        assert any(line.endswith(" " + name) for line in lines), (name, lines)

    facts = {name: fact for name, fact in ftp.mlsd(facts=["type", "size", "modify"])}
    assert {name for name, fact in facts.items() if fact["type"] in ("file", "dir")} >= set(names), facts
    assert facts['quo"te']["type"] == "dir"
    assert facts["two words"]["type"] == "file" and facts["two words"]["size"] == "9"
    assert re.fullmatch(r"\d{14}(\.\d+)?", facts["two words"]["modify"])
    stamp = ftp.sendcmd("MDTM two words")
    assert re.fullmatch(r"213 \d{14}(\.\d+)?", stamp), stamp
    assert stamp[4:18] == facts["two words"]["modify"][:14], (stamp, facts)

    ftp.rmd('quo"te')
    for name in names[:-1]:
        ftp.rename(name, name + " moved")
        ftp.delete(name + " moved")
    assert ftp.nlst() == []
    ftp.cwd("/")
    ftp.rmd("list me")


def text(ftp):
    ftp.storlines("STOR text", io.BytesIO(b"one\r\ntwo\nthree"))
    lines = []
    ftp.retrlines("RETR text", lines.append)
    assert lines == ["one", "two", "three"], lines
    ftp.voidcmd("TYPE I")
    raw = io.BytesIO()
    ftp.retrbinary("RETR text", raw.write)
    assert raw.getvalue().replace(b"\r\n", b"\n") == b"one\ntwo\nthree\n", raw.getvalue()
    ftp.delete("text")


def unique(ftp):
    data = content(1000)
    before = set(ftp.nlst())
    ftp.storbinary("STOU", io.BytesIO(data))
    (name,) = set(ftp.nlst()) - before
    digest = Digest()
    ftp.retrbinary(f"RETR {name}", digest)
    assert digest.sha.digest() == hashlib.sha256(data).digest()
    ftp.delete(name)


def breaking_off(ftp):
    """A download that is given up, by ABOR and by closing its connection, leaves a session that works."""
    ftp.storbinary("STOR big", io.BytesIO(content(20 * 1024 * 1024)))
    for polite in (True, False):
        data = ftp.transfercmd("RETR big")
        assert data.recv(1000)
        if polite:
            # Not ftp.abort(): that sends urgent data and reads one reply, where RFC 959 has two.
            ftp.putcmd("ABOR")
        data.close()
        reply = ftp.getmultiline()
        assert reply[:3] in ("426", "225", "226", "451"), reply
        if polite and reply[:3] == "426":
            reply = ftp.getmultiline()
            assert reply[:3] in ("225", "226"), reply
        assert ftp.sendcmd("NOOP").startswith("200")
        assert ftp.pwd() == "/"
    # An abort as ftplib does it, with Telnet's IP and urgent data.
    data = ftp.transfercmd("RETR big")
    assert data.recv(1000)
    data_reply = ftp.abort()
    data.close()
    if data_reply[:3] == "426":
        assert ftp.getmultiline()[:3] in ("225", "226")
    there_and_back(ftp, "after", content(5000))
    ftp.delete("after")
    ftp.delete("big")


def small_talk(ftp):
    assert ftp.sendcmd("SYST").startswith("215 ")
    assert ftp.sendcmd("NOOP").startswith("200")
    assert ftp.sendcmd("STAT")[:3] == "211"
    assert ftp.sendcmd("HELP")[:3] in ("211", "214")
    features = ftp.sendcmd("FEAT")
    for feature in ("SIZE", "MDTM", "REST STREAM", "UTF8", "EPSV", "MLST"):
        assert f"\n {feature}" in features, (feature, features)
    assert ftp.sendcmd("OPTS UTF8 ON").startswith("200")
    for line in ("BLAH", "SITE BLAH", "TYPE Q", "REST x", "PORT 1,2,3", "EPRT ||", "CWD none", "SIZE none", "RNTO x"):
        assert refused(ftp.sendcmd, line)[0] == "5", line
    for line in ("RETR none", "RETR /", "STOR none/file"):
        assert refused(ftp.transfercmd, line)[0] == "5", line
    # Long and odd, but one command: one reply, and the session goes on.
    assert refused(ftp.sendcmd, "X" * 7000)[0] == "5"
    assert ftp.pwd() == "/"
    assert ftp.sendcmd("CDUP")[:3] in ("200", "250") and ftp.pwd() == "/"


def digests_and_ranges(ftp):
    data = content(1_000_000)
    there_and_back(ftp, "hashed", data)
    ftp.sendcmd("OPTS HASH SHA-1")
    for verb, name in (("HASH", "sha1"), ("XSHA256", "sha256"), ("XSHA512", "sha512"), ("XMD5", "md5")):
        assert hashlib.new(name, data).hexdigest() in ftp.sendcmd(f"{verb} hashed"), verb
    # The draft's bounds both belong to the range; those of the older verbs do not.
    ftp.sendcmd("RANG 10 99999")
    assert hashlib.sha1(data[10:100_000]).hexdigest() in ftp.sendcmd("HASH hashed")
    assert hashlib.md5(data[10:100_000]).hexdigest() in ftp.sendcmd("XMD5 hashed 10 100000")
    got = io.BytesIO()
    ftp.sendcmd("RANG 10 99999")
    ftp.retrbinary("RETR hashed", got.write)
    assert got.getvalue() == data[10:100_000]
    ftp.delete("hashed")


def reader(ftp):
    ftp.storbinary("STOR kept", io.BytesIO(b"kept"))
    bob = connect("bob", "look")
    got = io.BytesIO()
    bob.retrbinary("RETR kept", got.write)
    assert got.getvalue() == b"kept"
    for attempt in (
        (bob.storbinary, "STOR kept", io.BytesIO(b"x")),
        (bob.delete, "kept"),
        (bob.rename, "kept", "lost"),
        (bob.mkd, "folder"),
    ):
        assert refused(*attempt)[:3] in ("550", "553", "532"), attempt
    bob.quit()
    ftp.delete("kept")


def logins():
    assert refused(connect, "alice", "wrong").startswith("530")
    assert refused(connect, "carol", "secret").startswith("530")
    ftp = ftplib.FTP(timeout=30)
    ftp.connect(host, port)
    for line in ("PWD", "LIST", "RETR x", "STOR x", "DELE x", "MKD x", "PASV", "SIZE x"):
        assert refused(ftp.sendcmd, line)[:3] in ("530", "503"), line
    ftp.close()


logins()
ftp = connect()
for part in (sizes, data_connections, resumes, names_and_listings, text, unique, breaking_off, small_talk, digests_and_ranges, reader):
    try:
        part(ftp)
    except BaseException:
        print(f"in {part.__name__}:", file=sys.stderr)
        raise
assert ftp.nlst() == [], ftp.nlst()
assert ftp.quit().startswith("221")
