//! Transfers between two servers, and servers that are particular about data connections.

use crate::transcript;

/// This one listens, for the other to come to.
#[test]
fn the_passive_server() {
    for (command, reply, address) in [
        ("PASV", "227 (203,0,113,5,4,1)", "203.0.113.5:1025"),
        ("CPSV", "227 (203,0,113,5,4,1)", "203.0.113.5:1025"),
        ("EPSV", "229 (|||1025|)", "192.0.2.1:1025"),
        ("LPSV", "228 (4,4,203,0,113,5,2,4,1)", "203.0.113.5:1025"),
    ] {
        transcript(&format!(
            r#"
            given: greeted
            given: beginnings
            user: address {command}
            C: {command}
            S: {reply}
            result: address {address}
            user: relay RETR a
            C: TYPE I
            S: 200 I.
            C: RETR a
            S: 150 Here it goes.
            event: underway 150 Here it goes.
            +3600s
            S: 226 That was it.
            result: ok 226
            "#
        ));
    }
}

/// And the other one, which connects.
#[test]
fn the_active_server() {
    transcript(
        r#"
        given: greeted
        given: beginnings
        user: do PORT 203,0,113,5,4,1
        C: PORT 203,0,113,5,4,1
        S: 200 Fine.
        result: ok 200
        user: relay STOR a
        C: TYPE I
        S: 200 I.
        C: STOR a
        S: 150 Let it come.
        event: underway 150 Let it come.
        S: 426 It broke.
        result: incomplete 426
        user: relay STOR a
        C: STOR a
        S: 553 No.
        result: refused 553
        user: relay STOR a
        C: STOR a
        S: 150 Let it come.
        event: underway 150 Let it come.
        user: abort
        C: ABOR
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: the transfer was aborted
        "#,
    );
}

/// Even that has an end.
#[test]
fn a_transfer_that_never_ends() {
    transcript(
        r#"
        given: greeted
        user: relay RETR a
        C: TYPE I
        S: 200 I.
        C: RETR a
        S: 150 Here it goes.
        +86400s
        C: ABOR
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: timed out waiting for the end of a transfer between two servers
        "#,
    );
}

/// The name of a STOU is in its 1xx (RFC 1123 § 4.1.2.9).
#[test]
fn a_unique_name() {
    transcript(
        r#"
        given: greeted
        given: beginnings
        user: relay STOU
        C: TYPE I
        S: 200 I.
        C: STOU
        S: 150 FILE: a.1
        event: underway 150 FILE: a.1
        S: 226 Got it.
        result: ok 226
        "#,
    );
}

const REST: &str = r#"
    data: connects 192.0.2.1:50001
    data: connected
    C: RETR a
    S: 150 Here.
    data: may come
    data: ends
    data: is closed
    S: 226 Done.
    result: transferred 0 bytes, 226
"#;

/// PRET, for servers that are many.
#[test]
fn what_follows_is_announced() {
    for answer in ["200 Fine.", "500 What?"] {
        transcript(&format!(
            r#"
            given: greeted
            given: pret
            user: retrieve a
            C: TYPE I
            C: PRET RETR a
            C: EPSV
            S: 200 I.
            S: {answer}
            S: 229 (|||50001|)
            {REST}
            "#
        ));
    }
    transcript(
        r#"
        given: greeted
        given: pret
        given: step by step
        user: facts
        C: PRET MLSD
        S: 200 Fine.
        C: EPSV
        S: 500 What?
        C: PRET MLSD
        S: 200 Fine.
        C: PASV
        S: 500 What?
        result: refused 500
        "#,
    );
}

/// RFC 1639.
#[test]
fn long_addresses() {
    transcript(&format!(
        r#"
        given: greeted
        given: passive long
        user: retrieve a
        C: TYPE I
        C: LPSV
        S: 200 I.
        S: 228 (4,4,203,0,113,5,2,195,81)
        {REST}
        "#
    ));
    transcript(&format!(
        r#"
        given: greeted
        given: passive long
        user: retrieve a
        C: TYPE I
        C: LPSV
        S: 200 I.
        S: 500 What?
        C: EPSV
        S: 229 (|||50001|)
        {REST}
        "#
    ));
    transcript(
        r#"
        given: greeted
        given: active long
        user: facts
        data: listens
        data: listening 192.0.2.7:40001
        C: LPRT 4,4,192,0,2,7,2,156,65
        S: 521 Not that.
        data: is closed
        data: listens
        data: listening 192.0.2.7:40002
        C: EPRT |1|192.0.2.7|40002|
        S: 522 Nor that.
        data: is closed
        result: refused 522
        "#,
    );
}
