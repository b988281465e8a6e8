//! RETR and listings: complete only when both the data and the reply were.

use crate::transcript;

/// As far as the RETR.
const ASKED: &str = r#"
    given: greeted
    user: retrieve a
    C: TYPE I
    S: 200 Fine.
    C: EPSV
    S: 229 Come (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: RETR a
"#;

fn asked(rest: &str) {
    transcript(&format!("{ASKED}\n{rest}"));
}

#[test]
fn the_reply_after_the_data() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        data: brings "te"
        data: brings "xt"
        data: ends
        data: is closed
        S: 226 That was it.
        user: gets "text"
        result: transferred 4 bytes, 226
        # The type is known now, and need not be said again.
        user: retrieve b
        C: EPSV
        S: 550 No.
        C: PASV
        S: 550 No.
        result: refused 550
        "#,
    );
}

#[test]
fn the_reply_before_the_data() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        data: brings "te"
        S: 226 That was it.
        +59s
        data: brings "xt"
        data: ends
        data: is closed
        user: gets "text"
        result: transferred 4 bytes, 226
        "#,
    );
}

#[test]
fn without_a_preliminary_reply() {
    asked(
        r#"
        S: 226 That was it.
        data: may come
        data: brings "text"
        data: ends
        data: is closed
        user: gets "text"
        result: transferred 4 bytes, 226
        "#,
    );
}

#[test]
fn an_empty_file() {
    asked(
        "S: 150 Here.\n data: may come\n data: ends\n data: is closed\n S: 250 Done.\n result: transferred 0 bytes, 250",
    );
}

/// Data that broke off is no file, whatever the reply says.
#[test]
fn truncated_data() {
    for reply in ["226", "250", "426", "451"] {
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            data: breaks
            data: is reset
            S: {reply} So.
            user: gets "te"
            result: incomplete {reply}
            "#
        ));
    }
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        S: 226 So.
        data: breaks
        data: is reset
        result: incomplete 226
        "#,
    );
}

/// The data ended as if it were whole, but the server says that it is not.
#[test]
fn the_server_says_that_it_is_incomplete() {
    for reply in ["426", "451", "550"] {
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            data: ends
            data: is closed
            S: {reply} Broken.
            user: gets "te"
            result: incomplete {reply}
            "#
        ));
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            S: {reply} Broken.
            data: is reset
            user: gets "te"
            result: incomplete {reply}
            "#
        ));
    }
}

#[test]
fn no_final_reply() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        data: brings "text"
        data: ends
        data: is closed
        +60s
        user: gets "text"
        result: timed out waiting for a reply
        session: over, timed out waiting for a reply
        closed: abruptly
        "#,
    );
}

/// Preliminary replies do not put the end off for ever.
#[test]
fn endless_preliminary_replies() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        S: 110 MARK 1 = 1
        event: marker 1, here 1
        data: brings "text"
        data: ends
        data: is closed
        +30s
        S: 150 Still here.
        +29s
        S: 150 Still here.
        +1s
        user: gets "text"
        result: timed out waiting for a reply
        session: over, timed out waiting for a reply
        closed: abruptly
        "#,
    );
}

#[test]
fn refused() {
    asked("S: 550 No such file.\n data: is reset\n result: refused 550");
    asked("S: 425 No data connection.\n data: is reset\n result: refused 425");
}

#[test]
fn the_session_ends_under_it() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        data: brings "te"
        S: 421 Shutting down.
        data: is reset
        user: gets "te"
        result: closed 421
        session: over, closed 421
        closed: gracefully
        "#,
    );
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        data: brings "text"
        data: ends
        data: is closed
        control: closes
        user: gets "text"
        result: closed
        session: over, closed
        closed: gracefully
        "#,
    );
}

#[test]
fn the_rest_of_a_file() {
    transcript(
        r#"
        given: greeted
        user: retrieve a from 5
        C: TYPE I
        S: 200 Fine.
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 5
        S: 350 And?
        C: RETR a
        S: 150 Here it is.
        data: may come
        data: brings "bytes"
        data: ends
        data: is closed
        S: 226 That was it.
        user: gets "bytes"
        result: transferred 5 bytes, 226
        "#,
    );
}

/// A server that cannot restart must not be asked for the whole in place of the rest.
#[test]
fn a_restart_that_is_refused() {
    transcript(
        r#"
        given: greeted
        user: retrieve a from 5
        C: TYPE I
        S: 200 Fine.
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 5
        S: 502 No.
        data: is reset
        result: refused 502
        "#,
    );
}

#[test]
fn as_text() {
    transcript(
        r#"
        given: greeted
        user: retrieve a as text
        C: TYPE A
        S: 200 Fine.
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 150 Here it is.
        data: may come
        data: brings "one\r"
        data: brings "\ntwo\r\n"
        data: ends
        data: is closed
        S: 226 That was it.
        user: gets "one\ntwo\n"
        result: transferred 10 bytes, 226
        "#,
    );
}

#[test]
fn a_type_that_is_refused() {
    transcript(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        C: EPSV
        S: 504 No.
        result: refused 504
        # What was sent behind it is answered all the same.
        S: 229 (|||50001|)
        "#,
    );
}

/// LIST and NLST travel as text (RFC 1123 § 4.1.2.7), MLSD under any type; their lines come as the server sent them.
#[test]
fn listings() {
    for (what, kind, command) in [
        ("list pub", "C: TYPE A\n S: 200 A.", "LIST pub"),
        ("names", "C: TYPE A\n S: 200 A.", "NLST"),
        ("facts", "", "MLSD"),
    ] {
        transcript(&format!(
            r#"
            given: greeted
            user: {what}
            {kind}
            C: EPSV
            S: 229 Come (|||50001|)
            data: connects 192.0.2.1:50001
            data: connected
            C: {command}
            S: 125 Here it is.
            data: may come
            data: brings "a\r\nb\r\n"
            data: ends
            data: is closed
            S: 226 That was it.
            user: gets "a\r\nb\r\n"
            result: transferred 6 bytes, 226
            "#
        ));
    }
}

/// What the server never sent is waited for only so long; the session goes on.
#[test]
fn nothing_comes() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        +30s
        data: brings "te"
        +60s
        data: is reset
        C: ABOR
        S: 426 Aborted.
        C: NOOP
        S: 226 Abort done.
        S: 200 Fine.
        user: gets "te"
        result: timed out waiting for data
        user: pwd
        C: PWD
        S: 257 "/"
        result: path "/"
        "#,
    );
}

/// A server that hangs up right after its final reply, while the data is still on its way.
#[test]
fn the_last_word_before_the_data() {
    asked(
        r#"
        S: 150 Here it is.
        data: may come
        S: 226 That was it.
        control: closes
        data: brings "text"
        data: ends
        data: is closed
        user: gets "text"
        result: transferred 4 bytes, 226
        session: over, closed
        closed: gracefully
        "#,
    );
}

/// However the server's side of the control connection ends after its final reply: said with a 421, as by a server that stops, or a
/// connection that breaks, as without TLS's `close_notify`.
#[test]
fn no_end_after_the_last_word_costs_the_data() {
    for (end, told) in [
        ("S: 421 The server is stopping.", "closed 421"),
        ("S: 421 Stopping.\n control: closes", "closed 421"),
        ("S: 421 Stopping.\n control: breaks", "closed 421"),
        // Nothing counts any more after that.
        ("S: 421 Stopping.\n S: 500 What?", "closed 421"),
        ("control: breaks", "closed"),
    ] {
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            S: 226 That was it.
            {end}
            # It was begun after the end, and is not.
            user: pwd
            # The data has a deadline of its own.
            +59s
            data: brings "xt"
            +59s
            data: ends
            data: is closed
            user: gets "text"
            result: transferred 4 bytes, 226
            result: the session ended before this was begun
            session: over, {told}
            closed: gracefully
            user: pwd
            refused: the session is over
            "#
        ));
    }
}

/// What was in flight behind it has lost its answer, and is not what the data is cut short for.
#[test]
fn the_last_word_before_the_data_of_one_of_several() {
    for (end, told) in [
        ("S: 421 The server is stopping.", "closed 421"),
        ("control: breaks", "closed"),
        ("control: closes", "closed"),
    ] {
        transcript(&format!(
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
            S: 250 Done, and the connection stays.
            user: gets "a"
            result: transferred 1 bytes, 250
            user: retrieve b in blocks
            user: retrieve c in blocks
            C: RETR b
            C: RETR c
            S: 125 Here.
            data: may come
            S: 250 Done.
            {end}
            +59s
            data: brings "b"
            +59s
            data: ends
            user: gets "b"
            result: transferred 1 bytes, 250
            result: {told}
            data: is reset
            session: over, {told}
            closed: gracefully
            "#
        ));
    }
}

/// A driver that gives the session up does not wait for data either.
#[test]
fn given_up_before_the_data() {
    for last_word in ["", "control: closes", "control: breaks"] {
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            S: 226 That was it.
            {last_word}
            control: given up
            data: is reset
            user: gets "te"
            result: closed
            session: over, closed
            closed: gracefully
            "#
        ));
    }
}

/// A last word that was no transfer's ends everything at once.
#[test]
fn the_last_word_before_the_reply() {
    for (end, told) in [
        ("S: 421 The server is stopping.", "closed 421"),
        ("control: breaks", "closed"),
        ("control: closes", "closed"),
    ] {
        asked(&format!(
            r#"
            S: 150 Here it is.
            data: may come
            data: brings "te"
            {end}
            data: is reset
            user: gets "te"
            result: {told}
            session: over, {told}
            closed: gracefully
            "#
        ));
    }
}
