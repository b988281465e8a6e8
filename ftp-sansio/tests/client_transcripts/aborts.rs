//! Giving up a transfer, and finding the place in the replies again: whatever comes before the 200 to the NOOP is the past.

use crate::transcript;

const MOVING: &str = r#"
    given: greeted
    user: retrieve a
    C: TYPE I
    S: 200 I.
    C: EPSV
    S: 229 (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: RETR a
    S: 150 Here it is.
    data: may come
    data: brings "te"
    user: abort
    data: is reset
    C: ABOR
"#;

const USABLE: &str = r#"
    user: pwd
    C: PWD
    S: 257 "/"
    result: path "/"
"#;

#[test]
fn with_one_reply_and_with_two() {
    // 426 and 226, as RFC 959 has it; 226 alone; both at once, and late.
    for (first, second) in [
        ("426 Aborted.", "S: 226 Done.\n S: 200 Fine."),
        ("226 Complete.", "S: 225 Done.\n S: 200 Fine."),
        ("226 Done.", "S: 200 Fine.\n C: PWD\n S: 257 \"/\""),
        ("426 Aborted.", "S: 200 Fine.\n C: PWD\n S: 257 \"/\""),
        // A server that answers ABOR with 200: that of the NOOP is not taken for the answer to what comes next.
        (
            "426 Aborted.",
            "S: 200 Done.\n C: PWD\n S: 200 Fine.\n S: 257 \"/\"",
        ),
    ] {
        transcript(&format!(
            r#"
            {MOVING}
            S: {first}
            C: NOOP
            {second}
            user: gets "te"
            result: the transfer was aborted
            {USABLE}
            "#
        ));
    }
    transcript(&format!(
        r#"
        {MOVING}
        S-part: 426 Aborted.\r\n226 Done.\r\n
        C: NOOP
        S: 200 Fine.
        user: gets "te"
        result: the transfer was aborted
        {USABLE}
        "#
    ));
}

/// The 1xx was still on its way.
#[test]
fn before_the_first_reply() {
    transcript(&format!(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        user: abort
        data: is reset
        C: ABOR
        user: size b
        S: 150 Here it is.
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: the transfer was aborted
        # What was asked for meanwhile goes on.
        C: SIZE b
        S: 213 5
        result: size 5
        {USABLE}
        "#
    ));
}

/// Nothing needs to be said while only the data is outstanding.
#[test]
fn after_the_last_reply() {
    transcript(&format!(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 150 Here it is.
        data: may come
        S: 226 That was it.
        user: abort
        data: is reset
        result: the transfer was aborted
        {USABLE}
        "#
    ));
}

/// Nothing needs to be said: the answers that are on their way are taken for what they are.
#[test]
fn before_the_command() {
    transcript(&format!(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        user: abort
        user: abort
        S: 200 I.
        result: the transfer was aborted
        C: EPSV
        S: 229 (|||50001|)
        user: retrieve a
        # What the TYPE did is known.
        C: EPSV
        user: abort
        S: 229 (|||50001|)
        result: the transfer was aborted
        {USABLE}
        user: retrieve a
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        # Nothing of the server is waited for here.
        user: abort
        data: is reset
        result: the transfer was aborted
        {USABLE}
        "#
    ));
}

/// The timer of a connection that was given up does not end the next transfer.
#[test]
fn a_connection_that_was_given_up() {
    transcript(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        +30s
        user: abort
        data: is reset
        result: the transfer was aborted
        user: retrieve a
        C: EPSV
        +40s
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: RETR a
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// The same for a listener to which nobody came, where the reply had.
#[test]
fn a_listener_that_is_given_up() {
    transcript(
        r#"
        given: greeted
        given: active
        user: facts
        data: listens
        data: listening 192.0.2.7:40001
        C: PORT 192,0,2,7,156,65
        S: 200 Fine.
        C: MLSD
        S: 150 Here I come.
        data: may come
        S: 226 That was it.
        user: abort
        data: is reset
        result: the transfer was aborted
        +30s
        user: facts
        data: listens
        data: listening 192.0.2.7:40002
        C: PORT 192,0,2,7,156,66
        +40s
        S: 200 Fine.
        C: MLSD
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// A position that the server keeps would be used by the next RETR, which would then be taken for whole.
#[test]
fn after_a_restart_position_was_sent() {
    transcript(
        r#"
        given: greeted
        user: retrieve a from 5
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 5
        user: abort
        S: 350 And?
        data: is reset
        result: the transfer was aborted
        user: retrieve b
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: REST 0
        S: 350 And?
        C: RETR b
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// The same where the command after the position was refused, or the position came from the user himself.
#[test]
fn a_position_that_no_transfer_used() {
    transcript(
        r#"
        given: greeted
        user: raw REST 990
        C: REST 990
        S: 350 And?
        result: ok 350
        user: store b "x"
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 0
        S: 350 And?
        C: STOR b
        S: 550 No.
        data: is reset
        result: refused 550
        user: retrieve b
        C: EPSV
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        C: REST 0
        S: 350 And?
        C: RETR b
        S: 150 Here.
        data: may come
        S: 226 Done.
        data: ends
        data: is closed
        result: transferred 0 bytes, 226
        user: retrieve b
        C: EPSV
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        # It was used up.
        C: RETR b
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

#[test]
fn no_reply_to_the_abort() {
    transcript(&format!(
        r#"
        {MOVING}
        S: 426 Aborted.
        C: NOOP
        +9s
        S: 226 Done.
        +1s
        user: gets "te"
        result: timed out waiting for the end of an abort
        session: over, timed out waiting for the end of an abort
        closed: abruptly
        "#
    ));
}

#[test]
fn the_server_goes_away() {
    transcript(&format!(
        r#"
        {MOVING}
        S: 421 Enough.
        user: gets "te"
        result: closed 421
        session: over, closed 421
        closed: gracefully
        "#
    ));
}

/// Nothing runs, or something that cannot be stopped.
#[test]
fn nothing_to_abort() {
    transcript(&format!("given: greeted\n user: abort\n {USABLE}"));
    transcript(
        "given: greeted\n user: pwd\n C: PWD\n user: abort\n S: 257 \"/\"\n result: path \"/\"",
    );
}

/// For servers that look at the control connection during a transfer only when they are told to (RFC 959 § 4.1.3).
#[test]
fn with_a_synch() {
    transcript(&format!(
        r#"
        given: synch
        {MOVING}
        C-urgent: \xff\xf4\xff\xf2
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        user: gets "te"
        result: the transfer was aborted
        {USABLE}
        "#
    ));
}

/// Over TLS, which knows no urgent data, the same bytes go like any others (RFC 4217 § 14).
#[test]
fn with_a_synch_over_tls() {
    transcript(
        r#"
        given: greeted
        given: synch
        user: secure
        C: AUTH TLS
        S: 234 Go on.
        tls: starts
        tls: up
        C: PBSZ 0
        S: 200 Fine.
        C: PROT P
        S: 200 Private.
        result: secured
        user: facts
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: MLSD
        S: 150 Here it is.
        data: may come by tls as client
        user: abort
        data: is reset
        C: \xff\xf4\xff\xf2ABOR
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: the transfer was aborted
        "#,
    );
}

/// STAT during a transfer: its answer is told from the transfer's, whenever it comes.
#[test]
fn the_status_during_a_transfer() {
    transcript(&MOVING.replace(
        "user: abort\n    data: is reset\n    C: ABOR",
        r#"
        user: asks for status
        C: STAT
        user: asks for status
        refused: too many operations are waiting
        S: 213 Two bytes so far.
        event: status 213
        user: asks for status
        C: STAT
        data: brings "xt"
        data: ends
        data: is closed
        # A server that answers after the transfer.
        S: 226 That was it.
        user: gets "text"
        result: transferred 4 bytes, 226
        S-part: 211-Idle\r\n211 End\r\n
        event: status 211
        user: asks for status
        refused: no transfer is under way
    "#,
    ));
    // A refusal: the STAT's, since the transfer came to its good end, or the transfer's.
    for (second, events) in [
        (
            "226 That was it.",
            "event: status 500\n user: gets \"te\"\n result: transferred 2 bytes, 226",
        ),
        (
            "211 Idle.",
            "event: status 211\n user: gets \"te\"\n result: incomplete 500",
        ),
        (
            "502 No.",
            "event: status 502\n user: gets \"te\"\n result: incomplete 500",
        ),
    ] {
        transcript(&MOVING.replace(
            "user: abort\n    data: is reset\n    C: ABOR",
            &format!(
                r#"
            user: asks for status
            C: STAT
            S: 500 What?
            data: ends
            data: is closed
            S: {second}
            {events}
        "#
            ),
        ));
    }
}

/// With a STAT in flight one more reply is on its way: two others and a 200 are not the end yet.
#[test]
fn an_abort_behind_a_status() {
    transcript(
        &MOVING
            .replace(
                "user: abort\n",
                r#"user: asks for status
    C: STAT
    user: abort
"#,
            )
            .replace(
                "C: ABOR\n",
                r#"C: ABOR
    S: 211 Two bytes so far.
    C: NOOP
    S: 426 Aborted.
    S: 200 To the ABOR.
    C: PWD
    S: 200 To the NOOP.
    S: 257 "/"
    user: gets "te"
    result: the transfer was aborted
"#,
            ),
    );
}
