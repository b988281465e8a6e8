//! STOR and APPE.

use crate::transcript;

const ASKED: &str = r#"
    given: greeted
    user: store a "text"
    C: TYPE I
    S: 200 Fine.
    C: EPSV
    S: 229 Come (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: STOR a
"#;

fn asked(rest: &str) {
    transcript(&format!("{ASKED}\n{rest}"));
}

#[test]
fn an_upload() {
    asked(
        r#"
        S: 150 Send it.
        data: may go
        data: takes "te"
        data: takes "xt"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 4 bytes, 226
        "#,
    );
}

#[test]
fn as_text() {
    transcript(
        r#"
        given: greeted
        user: append a "one\ntwo\n" as text
        C: TYPE A
        S: 200 Fine.
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: APPE a
        S: 150 Send it.
        data: may go
        data: takes "one\r\ntwo\r\n"
        data: is sent
        data: is closed
        S: 250 Got it.
        result: transferred 10 bytes, 250
        "#,
    );
}

#[test]
fn the_rest_of_a_file() {
    transcript(
        r#"
        given: greeted
        user: store a "text" from 3
        C: TYPE I
        S: 200 Fine.
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 3
        S: 350 And?
        C: STOR a
        S: 150 Send it.
        data: may go
        data: takes "text"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 4 bytes, 226
        "#,
    );
}

#[test]
fn refused_before_it_began() {
    asked("S: 553 No.\n data: is reset\n result: refused 553");
    // Complete before it began: nothing was stored that was sent.
    asked("S: 226 Done.\n data: is reset\n result: incomplete 226");
}

#[test]
fn refused_midway() {
    for reply in ["452", "552", "426"] {
        asked(&format!(
            r#"
            S: 150 Send it.
            data: may go
            data: takes "te"
            S: {reply} No more.
            data: is reset
            result: incomplete {reply}
            "#
        ));
        asked(&format!(
            r#"
            S: 150 Send it.
            data: may go
            data: takes "te"
            data: breaks
            data: is reset
            S: {reply} No more.
            result: incomplete {reply}
            "#
        ));
    }
}

/// The data connection broke on this side, and the server took what it had for the whole: it is not.
#[test]
fn truncated_data() {
    asked(
        r#"
        S: 150 Send it.
        data: may go
        data: takes "te"
        data: breaks
        data: is reset
        S: 226 Got it.
        result: incomplete 226
        "#,
    );
}

#[test]
fn refused_at_the_end() {
    asked(
        r#"
        S: 150 Send it.
        data: may go
        data: takes "text"
        data: is sent
        data: is closed
        S: 451 The disk broke.
        result: incomplete 451
        "#,
    );
}

/// What was sent last may be in the system's buffer still when this side is done: the reply has the data's time too.
#[test]
fn the_tail_is_on_its_way() {
    asked(
        r#"
        S: 150 Send it.
        data: may go
        data: takes "text"
        data: is sent
        data: is closed
        +119s
        S: 226 Got it.
        result: transferred 4 bytes, 226
        # And this reply has no more than its own.
        user: pwd
        C: PWD
        +60s
        result: timed out waiting for a reply
        session: over, timed out waiting for a reply
        closed: abruptly
        "#,
    );
}

#[test]
fn no_final_reply() {
    asked(
        r#"
        S: 150 Send it.
        data: may go
        data: takes "text"
        data: is sent
        data: is closed
        +119s
        S: 150 Still here.
        +1s
        result: timed out waiting for a reply
        session: over, timed out waiting for a reply
        closed: abruptly
        "#,
    );
}

/// A 226 that comes before the data's end cannot be about the whole of it.
#[test]
fn called_complete_too_early() {
    asked(
        r#"
        S: 150 Go on.
        data: may go
        data: takes "te"
        S: 226 Thanks.
        data: is reset
        result: incomplete 226
        "#,
    );
}
