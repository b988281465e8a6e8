//! HASH and RANG, OPTS HASH, and XCRC with its kin. The store has CRC-32 and SHA-1.

use crate::transcript;

#[test]
fn hashes_a_file() {
    transcript(
        r#"
        given: file /pub/a "abc"
        given: file /empty ""
        given: logged in
        C: OPTS HASH
        S: 200 SHA-1
        C: HASH pub/a
        S: 213 SHA-1 0-2 a9993e364706816aba3e25717850c26c9cd0d89d pub/a
        C: HASH empty
        S: 213 SHA-1 0-0 da39a3ee5e6b4b0d3255bfef95601890afd80709 empty
        C: OPTS HASH crc32
        S: 200 CRC32
        C: HASH pub/a
        S: 213 CRC32 0-2 352441c2 pub/a
        C: OPTS HASH SHA-256
        S: 501 Unknown algorithm, nothing was changed.
        C: OPTS HASH CRC-37
        S: 501 Argument missing or not understood.
        C: OPTS HASH
        S: 200 CRC32
        C: HASH pub
        S: 553 /pub: is a folder.
        C: HASH nothing
        S: 550 /nothing: no such file or folder.
        C: HASH
        S: 501 Argument missing or not understood.
        # A new login starts afresh (draft-bryan-ftpext-hash § 3.2).
        C: REIN
        S: 220 Ready for a new user.
        C: OPTS HASH
        S: 200 SHA-1
        "#,
    );
}

/// A range is for one command, and for the one that follows.
#[test]
fn hashes_a_range() {
    transcript(
        r#"
        given: file /a "xabcx"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: RANG 1 3
        S: 350 From 1 to 3, both included.
        C: HASH a
        S: 213 SHA-1 1-3 a9993e364706816aba3e25717850c26c9cd0d89d a
        C: HASH a
        S: 213 SHA-1 0-4 8132efb823adfe5b39df544ac156590c4779ebb3 a
        "#,
    );
}

#[test]
fn ranges_end_where_they_may() {
    transcript(
        r#"
        given: file /a "xabc"
        given: logged in
        C: RANG 1 3
        S: 551 A range needs TYPE I, STRU F and MODE S.
        C: RANG 1 0
        S: 350 All of the file.
        C: TYPE I
        S: 200 Done.
        # A range may reach past the end, and not begin there.
        C: RANG 1 100
        S: 350 From 1 to 100, both included.
        C: HASH a
        S: 213 SHA-1 1-3 a9993e364706816aba3e25717850c26c9cd0d89d a
        C: RANG 5 6
        S: 350 From 5 to 6, both included.
        C: HASH a
        S: 550 /a: the position is past the end.
        # Taken back, by RANG 1 0, by a mistake, by any other command.
        C: RANG 0 0
        S: 350 From 0 to 0, both included.
        C: RANG 1 0
        S: 350 All of the file.
        C: HASH a
        S: 213 SHA-1 0-3 ef4e07a099cf3fb7e682fd42919eadcddc646d1a a
        C: RANG 0 0
        S: 350 From 0 to 0, both included.
        C: RANG 3 2
        S: 501 Argument missing or not understood.
        C: HASH a
        S: 213 SHA-1 0-3 ef4e07a099cf3fb7e682fd42919eadcddc646d1a a
        C: RANG 0 0
        S: 350 From 0 to 0, both included.
        C: PWD
        S: 257 "/" is the current folder.
        C: HASH a
        S: 213 SHA-1 0-3 ef4e07a099cf3fb7e682fd42919eadcddc646d1a a
        "#,
    );
}

#[test]
fn checksums() {
    transcript(
        r#"
        given: file /a "xabcx"
        given: file /b "123456789"
        given: logged in
        C: XCRC b
        S: 250 cbf43926
        C: XSHA1 a 1 4
        S: 250 a9993e364706816aba3e25717850c26c9cd0d89d
        C: XSHA "/a" 1 4
        S: 250 a9993e364706816aba3e25717850c26c9cd0d89d
        C: XCRC b 0
        S: 250 cbf43926
        # The reply cannot say that it is of less than was asked for.
        C: XCRC b 0 10
        S: 550 The file ends before that.
        C: XCRC b 10
        S: 550 /b: the position is past the end.
        C: XCRC b 3 2
        S: 501 The end lies before the start.
        C: XCRC "b" x
        S: 501 Argument missing or not understood.
        C: XCRC nothing
        S: 550 /nothing: no such file or folder.
        C: XCRC /
        S: 550 /: is a folder.
        C: XMD5 a
        S: 502 Command not implemented.
        C: XSHA256 a
        S: 502 Command not implemented.
        C: XSHA512 a
        S: 502 Command not implemented.
        "#,
    );
}

#[test]
fn names_in_the_reply() {
    transcript(
        r#"
        given: logged in
        C: HASH a\x1b[2J
        S: 550 /a?[2J: no such file or folder.
        C: XCRC "a ""b""" 1
        S: 550 /a "b": no such file or folder.
        "#,
    );
}

/// A digest may take long. What comes meanwhile waits; when the session ends, nobody waits for the digest.
#[test]
fn a_slow_digest() {
    transcript(
        r#"
        given: file /a "abc"
        given: logged in
        given: slow answers
        C: XCRC a
        driver: has a question
        C: NOOP
        +3600s
        driver: answers
        S: 250 352441c2
        S: 200 Done.
        C: HASH a
        driver: has a question
        control: breaks
        closed: abruptly
        driver: answers
        "#,
    );
}

#[test]
fn a_store_without_digests() {
    transcript(
        r#"
        given: plain store
        given: file /a "abc"
        given: logged in
        C: HASH a
        S: 502 Command not implemented.
        C: XCRC a
        S: 502 Command not implemented.
        C: OPTS HASH
        S: 501 No such option.
        C: OPTS HASH SHA-1
        S: 501 Unknown algorithm, nothing was changed.
        "#,
    );
}

/// RANG before RETR and STOR (draft-bryan-ftp-range § 4).
#[test]
fn ranges_of_transfers() {
    transcript(
        r#"
        given: file /a "0123456789"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: RANG 2 4
        S: 350 From 2 to 4, both included.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection (3 bytes): /a
        data: connects
        data: receives "234"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RANG 8 100
        S: 350 From 8 to 100, both included.
        C: RETR a
        S: 150 Opening data connection (2 bytes): /a
        data: connects
        data: receives "89"
        data: ends
        S: 226 Transfer complete.
        # Past the end: nothing, and no error.
        C: EPSV
        S: 229 Entering extended passive mode (|||50003|)
        C: RANG 11 12
        S: 350 From 11 to 12, both included.
        C: RETR a
        S: 150 Opening data connection (0 bytes): /a
        data: connects
        data: ends
        S: 226 Transfer complete.
        # What lies outside of the range stays.
        C: EPSV
        S: 229 Entering extended passive mode (|||50004|)
        C: RANG 2 4
        S: 350 From 2 to 4, both included.
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "abc"
        data: closes
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50005|)
        C: RETR a
        S: 150 Opening data connection (10 bytes): /a
        data: connects
        data: receives "01abc56789"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50006|)
        C: RANG 11 12
        S: 350 From 11 to 12, both included.
        C: STOR a
        S: 550 /a: the position is past the end.
        "#,
    );
}

/// RANG and REST: the later one holds. A range under ASCII is refused when it comes to it.
#[test]
fn ranges_and_restarts() {
    transcript(
        r#"
        given: file /a "0123456789"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: REST 5
        S: 350 Restarting at 5.
        C: RANG 0 1
        S: 350 From 0 to 1, both included.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection (2 bytes): /a
        data: connects
        data: receives "01"
        data: ends
        S: 226 Transfer complete.
        C: RANG 0 1
        S: 350 From 0 to 1, both included.
        C: REST 8
        S: 350 Restarting at 8.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection (2 bytes): /a
        data: connects
        data: receives "89"
        data: ends
        S: 226 Transfer complete.
        C: RANG 0 1
        S: 350 From 0 to 1, both included.
        C: TYPE A
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50003|)
        C: RETR a
        S: 551 A range needs TYPE I, STRU F and MODE S.
        data: 50003 is closed
        "#,
    );
}

/// More than the range holds is not written.
#[test]
fn an_upload_that_is_longer_than_its_range() {
    transcript(
        r#"
        given: file /a "0123456789"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RANG 2 3
        S: 350 From 2 to 3, both included.
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "abc"
        S: 550 Transfer failed: the position is past the end.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection (10 bytes): /a
        data: connects
        data: receives "01ab456789"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// What may take long is for a client that waits for it: it goes on without one only where a QUIT has said so, as a transfer does.
#[test]
fn the_client_goes_away() {
    for command in ["HASH a", "XCRC a"] {
        transcript(&format!(
            r#"
            given: file /a "abc"
            given: logged in
            given: slow answers
            C: {command}
            driver: has a question
            C: PWD
            control: closes
            closed: gracefully
            # Too late.
            driver: answers
            "#
        ));
    }
    transcript(
        r#"
        given: file /a "abc"
        given: logged in
        given: slow answers
        C: HASH a
        driver: has a question
        C: QUIT
        control: closes
        driver: answers
        S: 213 SHA-1 0-2 a9993e364706816aba3e25717850c26c9cd0d89d a
        S: 221 Goodbye.
        closed: gracefully
        "#,
    );
    // What takes no time is answered.
    transcript(
        r#"
        given: file /a "abc"
        given: logged in
        given: slow answers
        C: MDTM a
        driver: has a question
        control: closes
        driver: answers
        S: 213 19700101000000
        closed: gracefully
        "#,
    );
}
