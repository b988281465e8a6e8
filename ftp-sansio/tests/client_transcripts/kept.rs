//! MODE B: the data connection stays open from transfer to transfer (RFC 959 § 3.3), restart markers, and the other parameters.

use crate::transcript;

/// The first transfer in MODE B, after which the server leaves the connection open.
const KEPT: &str = r#"
    given: greeted
    user: retrieve a in blocks
    C: TYPE I
    C: MODE B
    C: EPSV
    S: 200 I.
    S: 200 B.
    S: 229 (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: RETR a
    S: 125 Here.
    data: may come
    data: brings "a"
    data: ends
    S: 250 Done, and the connection stays.
    user: gets "a"
    result: transferred 1 bytes, 250
"#;

fn kept(rest: &str) {
    transcript(&format!("{KEPT}\n{rest}"));
}

/// And leaving, which closes it.
const QUIT: &str = r#"
    user: quit
    C: QUIT
    S: 221 Bye.
    data: is closed
    session: over
    closed: gracefully
"#;

#[test]
fn from_transfer_to_transfer() {
    kept(&format!(
        r#"
        user: retrieve b in blocks
        C: RETR b
        S: 125 Here.
        data: may come
        data: brings "b"
        data: ends
        S: 250 Done.
        user: gets "b"
        result: transferred 1 bytes, 250
        user: store c "c" in blocks
        C: STOR c
        # Nothing leaves before the server's word.
        S: 125 Send it.
        data: may go
        data: takes "c"
        data: is sent
        S: 250 Got it.
        result: transferred 1 bytes, 250
        # A change of the type changes nothing about the connection.
        user: retrieve d as text in blocks
        C: TYPE A
        S: 200 A.
        C: RETR d
        S: 550 No.
        result: refused 550
        {QUIT}
        "#
    ));
}

/// A window of downloads in flight: blocks are a transfer's once its 1xx was read and its turn has come.
#[test]
fn downloads_in_a_window() {
    kept(&format!(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        user: retrieve d in blocks
        C: RETR b
        C: RETR c
        C: RETR d
        S: 125 Here.
        data: may come
        S: 250 Done.
        # One that is refused sends nothing.
        S: 550 No such file.
        result of retrieve c in blocks: refused 550
        S: 125 Here.
        S: 250 Done.
        data: brings "b"
        data: ends
        user: gets "b"
        result: transferred 1 bytes, 250
        data: may come
        data: brings "d"
        data: ends
        user: gets "d"
        result: transferred 1 bytes, 250
        {QUIT}
        "#
    ));
}

/// A STOR goes out when the data of the one before has left: a round trip for each.
#[test]
fn uploads_one_behind_the_other() {
    kept(
        r#"
        user: store b "b" in blocks
        user: store c "c" in blocks
        C: STOR b
        S: 125 Send it.
        data: may go
        data: takes "b"
        data: is sent
        C: STOR c
        S: 250 Got it.
        result: transferred 1 bytes, 250
        S: 125 Send it.
        data: may go
        data: takes "c"
        data: is sent
        S: 552 No room.
        data: is reset
        result: incomplete 552
        "#,
    );
}

/// The server closes it after a transfer: 226. What was in flight has lost its connection, and is asked for again.
#[test]
fn a_server_that_closes() {
    kept(&format!(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        data: brings "b"
        data: ends
        S: 226 Done, and closed.
        data: is closed
        user: gets "b"
        result: transferred 1 bytes, 226
        S: 425 No connection.
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR c
        S: 125 Here.
        data: may come
        data: brings "c"
        data: ends
        S: 250 Done.
        user: gets "c"
        result: transferred 1 bytes, 250
        {QUIT}
        "#
    ));
}

/// A server that never leaves it open is asked for a new one each time.
#[test]
fn a_server_that_always_closes() {
    transcript(
        r#"
        given: greeted
        user: retrieve a in blocks
        user: retrieve b in blocks
        C: TYPE I
        C: MODE B
        C: EPSV
        S: 200 I.
        S: 200 B.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 150 Here.
        data: may come
        data: ends
        S: 226 Done.
        data: is closed
        result: transferred 0 bytes, 226
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR b
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// It is closed before the server says that it stays: what it says does not bring it back.
#[test]
fn closed_before_the_reply() {
    transcript(
        r#"
        given: greeted
        user: retrieve a in blocks
        C: TYPE I
        C: MODE B
        C: EPSV
        S: 200 I.
        S: 200 B.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 125 Here.
        data: may come
        data: brings "a"
        data: ends
        data: goes away
        data: is closed
        S: 250 Done.
        user: gets "a"
        result: transferred 1 bytes, 250
        user: retrieve b in blocks
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR b
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
    // Nor that of a later transfer.
    kept(
        r#"
        user: retrieve b in blocks
        C: RETR b
        S: 125 Here.
        data: may come
        data: brings "b"
        data: ends
        data: goes away
        data: is closed
        S: 250 Done.
        user: gets "b"
        result: transferred 1 bytes, 250
        user: retrieve c in blocks
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
}

/// It is closed between two transfers, and the driver notices.
#[test]
fn closed_while_idle() {
    kept(
        r#"
        data: goes away
        data: is closed
        user: retrieve b in blocks
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
    // Or does not: the server says it.
    kept(
        r#"
        user: retrieve b in blocks
        C: RETR b
        S: 425 There is none.
        data: is reset
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
}

/// It breaks before anything has come: it is asked for again, once.
#[test]
fn lost_before_anything_came() {
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        data: breaks
        data: is reset
        S: 426 Broken.
        S: 425 There is none.
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR b
        S: 150 Here.
        data: may come
        data: breaks
        data: is reset
        S: 426 Broken.
        result: incomplete 426
        C: EPSV
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        C: RETR c
        S: 150 Here.
        data: may come
        data: brings "c"
        data: ends
        S: 226 Done.
        data: is closed
        user: gets "c"
        result: transferred 1 bytes, 226
        "#,
    );
}

/// The replies to what was lost came before the loss was noticed.
#[test]
fn lost_with_its_replies() {
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        data: brings "b"
        S: 250 Done.
        S: 125 Here.
        S: 250 Done.
        data: breaks
        data: is reset
        user: gets "b"
        result: incomplete 250
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR c
        S: 150 Here.
        data: may come
        data: ends
        S: 226 Done.
        data: is closed
        result: transferred 0 bytes, 226
        "#,
    );
    // For an upload it is a failure: nobody can send its data again.
    kept(
        r#"
        user: store b "b" in blocks
        C: STOR b
        S: 125 Send it.
        data: may go
        data: breaks
        data: is reset
        S: 426 Broken.
        result: incomplete 426
        "#,
    );
}

/// RFC 959 § 3.2: another port, another mode and REIN close it, and so does what changes its protection.
#[test]
fn what_closes_it() {
    for command in [
        "PASV",
        "PORT 192,0,2,7,1,2",
        "REIN",
        "MODE S",
        "PROT C",
        "XYZZY",
        "ABOR",
    ] {
        kept(&format!(
            "user: raw {command}\n data: is closed\n C: {command}\n S: 227 (192,0,2,1,1,2)\n result: ok 227"
        ));
    }
    kept(
        r#"
        user: retrieve b
        data: is closed
        C: MODE S
        C: EPSV
        S: 200 S.
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
}

/// An abort closes it, and what was behind is asked for again.
#[test]
fn an_abort() {
    kept(&format!(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        data: brings "b"
        user: abort retrieve b
        data: is reset
        S: 426 Broken.
        S: 425 There is none.
        user: gets "b"
        result: the transfer was aborted
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR c
        S: 125 Here.
        data: may come
        data: brings "c"
        data: ends
        S: 250 Done.
        user: gets "c"
        result: transferred 1 bytes, 250
        {QUIT}
        "#
    ));
    // The one behind: what runs is not disturbed, and then the connection goes, with the blocks that nobody wants.
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        user: abort retrieve c
        S: 250 Done.
        S: 125 Here.
        S: 250 Done.
        data: brings "b"
        data: ends
        user: gets "b"
        result: transferred 1 bytes, 250
        data: is reset
        result: the transfer was aborted
        "#,
    );
    // By itself, by ABOR.
    kept(
        r#"
        user: retrieve b in blocks
        C: RETR b
        S: 125 Here.
        data: may come
        user: abort
        data: is reset
        C: ABOR
        S: 426 Broken.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: the transfer was aborted
        "#,
    );
}

/// A mode that is refused is the operation's refusal, and what was in force stays so.
#[test]
fn a_mode_that_is_refused() {
    transcript(
        r#"
        given: greeted
        user: retrieve a in blocks
        C: TYPE I
        C: MODE B
        C: EPSV
        S: 200 I.
        S: 504 No.
        result: refused 504
        S: 229 (|||50001|)
        user: retrieve a in records
        C: STRU R
        C: EPSV
        S: 504 No.
        result: refused 504
        S: 229 (|||50002|)
        user: retrieve a
        C: EPSV
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        C: RETR a
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// RFC 959 § 4.1.1 has the transfer parameters unchanged by another USER, whatever becomes of it. Some servers start afresh: what is not what
/// they start with is said again.
#[test]
fn another_user() {
    for last in ["230 In.", "530 No."] {
        let result = match last {
            "230 In." => "ok 230",
            _ => "login refused 530",
        };
        transcript(&format!(
            r#"
            given: greeted
            given: step by step
            user: retrieve a in records
            C: TYPE I
            S: 200 I.
            C: STRU R
            S: 200 R.
            C: EPSV
            S: 500 What?
            C: PASV
            S: 425 No.
            result: refused 425
            user: login anna hush
            C: USER anna
            S: 331 Password?
            C: PASS hush
            S: {last}
            result: {result}
            user: retrieve a in records
            C: TYPE I
            S: 200 I.
            C: STRU R
            S: 200 R.
            C: EPSV
            S: 500 What?
            C: PASV
            S: 425 No.
            result: refused 425
            "#
        ));
    }
}

/// A marker that came is where a broken transfer goes on.
#[test]
fn restart_markers() {
    transcript(
        r#"
        given: greeted
        user: retrieve a in blocks
        C: TYPE I
        C: MODE B
        C: EPSV
        S: 200 I.
        S: 200 B.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 150 Here.
        data: may come
        data: brings "some"
        data: marks m42
        event: marker m42
        data: brings "th"
        data: breaks
        data: is reset
        S: 426 Broken.
        user: gets "someth"
        result: incomplete 426 from marker m42
        user: resume a at m42 in blocks
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: REST m42
        S: 350 And?
        C: RETR a
        S: 150 Here.
        data: may come
        data: brings "thing"
        data: ends
        S: 226 Done.
        data: is closed
        user: gets "thing"
        result: transferred 5 bytes, 226
        "#,
    );
    // The receiving server tells of the sender's markers, and of its own names for them (RFC 959 § 4.2).
    transcript(
        r#"
        given: greeted
        user: store a "text" in blocks
        C: TYPE I
        C: MODE B
        C: EPSV
        S: 200 I.
        S: 200 B.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: STOR a
        S: 150 Send it.
        data: may go
        S: 110 MARK 2 = s17
        event: marker s17, here 2
        S: 110 nonsense
        data: takes "text"
        data: breaks
        data: is reset
        S: 426 Broken.
        result: incomplete 426 from marker s17
        "#,
    );
}

/// What fails behind a transfer whose last word was said leaves that one's data alone, which may still be on its way.
#[test]
fn a_failure_leaves_the_data_ahead_alone() {
    // A position that is refused: nothing of it is on the connection, which stays.
    kept(&format!(
        r#"
        user: retrieve b in blocks
        C: RETR b
        user: retrieve c from 5 in blocks
        C: REST 5
        S: 125 Here.
        data: may come
        S: 250 Done.
        S: 504 No such marker.
        result of retrieve c from 5 in blocks: refused 504
        data: brings "b"
        data: ends
        user: gets "b"
        result: transferred 1 bytes, 250
        {QUIT}
        "#
    ));
    // One that broke off when it was under way: what there is of it goes with the connection, when its turn comes.
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        S: 250 Done.
        S: 125 Here.
        S: 451 The disk broke.
        data: brings "b"
        data: ends
        user: gets "b"
        result: transferred 1 bytes, 250
        data: is reset
        result: incomplete 451
        "#,
    );
    // One that is given up when it is under way, with nothing behind it.
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        S: 250 Done.
        S: 125 Here.
        user: abort retrieve c in blocks
        data: brings "b"
        data: ends
        user: gets "b"
        result: transferred 1 bytes, 250
        data: is reset
        S: 426 You went away.
        result: the transfer was aborted
        "#,
    );
}

/// What was given up, and then lost, is not asked for again.
#[test]
fn given_up_and_lost() {
    kept(
        r#"
        user: retrieve b in blocks
        user: retrieve c in blocks
        C: RETR b
        C: RETR c
        S: 125 Here.
        data: may come
        user: abort retrieve c in blocks
        S: 250 Done.
        S: 125 Here.
        S: 250 Done.
        data: breaks
        data: is reset
        result: incomplete 250
        result: the transfer was aborted
        user: pwd
        C: PWD
        S: 257 "/"
        result: path "/"
        "#,
    );
}

/// Nothing that moves data is said before it is known which type is in force, whoever changes it.
#[test]
fn behind_a_type_by_hand() {
    kept(&format!(
        r#"
        user: do TYPE A
        user: retrieve b as text in blocks
        C: TYPE A
        S: 504 No.
        result: refused 504
        C: TYPE A
        S: 504 No.
        result: refused 504
        {QUIT}
        "#
    ));
}
