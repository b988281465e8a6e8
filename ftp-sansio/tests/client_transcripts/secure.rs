//! TLS on the control connection: AUTH TLS, PBSZ, PROT, CCC, implicit TLS, and what nobody can slip in.

use crate::transcript;

const SECURED: &str = r#"
    given: greeted
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
"#;

fn secured(rest: &str) {
    transcript(&format!("{SECURED}\n{rest}"));
}

#[test]
fn explicit() {
    transcript(
        r#"
        given: greeted
        given: explicit tls
        # Nothing that matters is said in clear text.
        user: login anna hush
        refused: the connection is not secured yet
        user: retrieve a
        refused: the connection is not secured yet
        user: pwd
        refused: the connection is not secured yet
        user: features
        C: FEAT
        S: 211-Can
        S:  AUTH TLS
        S: 211 End
        result: features AUTH TLS
        user: secure
        C: AUTH TLS
        S: 234 Go on.
        tls: starts
        tls: up again
        C: PBSZ 0
        S: 200 Fine.
        C: PROT P
        S: 200 Private.
        result: secured again
        user: login anna hush
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 230 Welcome.
        result: ok 230
        user: retrieve a
        C: TYPE I
        C: EPSV
        S: 200 I.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 150 Here it is.
        data: may come by tls as client
        data: resumed
        data: brings "x"
        data: ends
        data: is closed
        S: 226 That was it.
        user: gets "x"
        result: transferred 1 bytes, 226, resumed
        "#,
    );
}

/// CVE-2021-22946: TLS that was asked for and not had. Nothing goes in clear text then.
#[test]
fn refused() {
    for reply in [
        "500 What?",
        "504 No TLS.",
        "534 No.",
        "431 Not now.",
        "334 ADAT?",
    ] {
        let code = &reply[..3];
        transcript(&format!(
            r#"
            given: greeted
            given: explicit tls
            user: secure
            C: AUTH TLS
            S: {reply}
            result: refused {code}
            user: login anna hush
            refused: the connection is not secured yet
            "#
        ));
    }
}

#[test]
fn the_handshake_fails() {
    for (what, why) in [
        ("tls: fails", "TLS failed on the control connection"),
        ("+60s", "timed out waiting for TLS"),
    ] {
        transcript(&format!(
            r#"
            given: greeted
            user: secure
            C: AUTH TLS
            S: 234 Go on.
            tls: starts
            user: pwd
            {what}
            result: {why}
            result: the session ended before this was begun
            session: over, {why}
            closed: abruptly
            "#
        ));
    }
}

/// CVE-2021-22947: replies in clear text before the handshake are no replies after it. Whatever came behind the 234 goes into the TLS
/// engine, which will not like it.
#[test]
fn what_is_slipped_in_behind_the_234() {
    for injected in [
        r"200 Fine.\r\n200 Fine.\r\n230 Welcome.\r\n",
        r"2",
        r"\r\n",
        r"421 Enough.\r\n",
        r"nonsense",
        r"\xff\xfd\x01",
        r"200-",
    ] {
        transcript(&format!(
            r#"
            given: greeted
            user: secure
            C: AUTH TLS
            S-part: 234 Go on.\r\n{injected}
            tls: starts
            tls: reads "{injected}"
            # Nor is it taken when it comes a little later.
            tls: up
            C: PBSZ 0
            S: 200 Fine.
            C: PROT P
            S: 534 No.
            result: refused 534
            "#
        ));
    }
}

/// What comes before the 234 is answered for what it is: a reply too many ends the session.
#[test]
fn what_is_slipped_in_before_the_234() {
    transcript(
        r#"
        given: greeted
        user: secure
        C: AUTH TLS
        S-part: 500 No.\r\n234 Go on.\r\n
        result: refused 500
        session: over, unexpected 234
        closed: abruptly
        "#,
    );
    transcript(
        r#"
        given: greeted
        S-part: 200 Fine.\r\n
        session: over, unexpected 200
        closed: abruptly
        "#,
    );
}

/// RFC 4217 § 4.2: what was known starts afresh.
#[test]
fn what_was_known_in_clear_text_is_forgotten() {
    transcript(
        r#"
        given: greeted
        user: do TYPE I
        C: TYPE I
        S: 200 I.
        result: ok 200
        user: raw REST 5
        C: REST 5
        S: 350 And?
        result: ok 350
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
        user: retrieve a
        C: TYPE I
        C: EPSV
        S: 200 I.
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: RETR a
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// Without PROT P nothing is moved that was to be protected.
#[test]
fn protection_is_not_to_be_had() {
    transcript(
        r#"
        given: greeted
        user: secure
        C: AUTH TLS
        S: 234 Go on.
        tls: starts
        tls: up
        C: PBSZ 0
        S: 500 What?
        C: PROT P
        S: 536 No.
        result: refused 536
        user: retrieve a
        refused: the connection is not secured yet
        user: pwd
        C: PWD
        S: 257 "/"
        result: path "/"
        # Somebody who wants it in clear text can say so.
        user: do PROT C
        C: PROT C
        S: 200 Clear.
        result: ok 200
        user: facts
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: MLSD
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        "#,
    );
}

#[test]
fn data_in_clear_text() {
    transcript(
        r#"
        given: greeted
        given: clear data
        user: secure
        C: AUTH TLS
        S: 234 Go on.
        tls: starts
        tls: up
        C: PBSZ 0
        S: 200 Fine.
        C: PROT C
        S: 504 What?
        result: secured
        user: facts
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: MLSD
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        "#,
    );
}

#[test]
fn implicit() {
    transcript(
        r#"
        given: implicit tls
        tls: starts
        user: secure
        refused: the server has not greeted yet
        tls: up
        S: 220 Hello.
        event: greeting 220
        user: facts
        refused: the connection is not secured yet
        user: secure
        C: PBSZ 0
        S: 200 Fine.
        C: PROT P
        S: 200 Private.
        result: secured
        "#,
    );
    transcript(
        r#"
        given: implicit tls
        tls: starts
        +60s
        session: over, timed out waiting for TLS
        closed: abruptly
        "#,
    );
}

/// A greeting in clear text is for the TLS engine, and nothing is said to it.
#[test]
fn implicit_to_a_server_that_has_none() {
    transcript(
        r#"
        given: implicit tls
        tls: starts
        tls: fails
        session: over, TLS failed on the control connection
        closed: abruptly
        "#,
    );
}

#[test]
fn leaving_tls() {
    secured(
        r#"
        user: clear
        C: CCC
        # A reply in clear text before TLS has ended is none.
        S-part: 200 Fine.\r\n230 Come in.\r\n
        tls: stops
        tls: down
        result: ok 200
        user: do PROT C
        refused: this session cannot do that
        user: secure
        refused: this session cannot do that
        user: clear
        refused: this session cannot do that
        user: facts
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: MLSD
        S: 150 Here.
        # Data connections stay as PROT had it.
        data: may come by tls as client
        data: secured
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226, not resumed
        "#,
    );
    secured(
        "user: clear\n C: CCC\n S: 534 No.\n result: refused 534\n user: pwd\n C: PWD\n S: 550 No.\n result: refused 550",
    );
    transcript("given: greeted\n user: clear\n refused: this session cannot do that");
}

/// Once TLS is there, nobody starts the session anew behind its back.
#[test]
fn no_rein_under_tls() {
    secured("user: do REIN\n refused: this session cannot do that");
}

const ASKED: &str = r#"
    user: store a "text"
    C: TYPE I
    C: EPSV
    S: 200 I.
    S: 229 (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: STOR a
    S: 150 Send it.
    data: may go by tls as client
"#;

#[test]
fn the_data_handshake_fails() {
    secured(&format!(
        r#"
        {ASKED}
        data: cannot be secured
        data: is reset
        S: 522 No session.
        result: TLS failed on the data connection
        "#
    ));
}

/// Who demands resumption gets it, or no data is moved.
#[test]
fn the_session_is_not_resumed() {
    transcript(&format!(
        r#"
        given: resumption
        {SECURED}
        {ASKED}
        data: secured
        data: is reset
        C: ABOR
        S: 426 Aborted.
        C: NOOP
        S: 226 Done.
        S: 200 Fine.
        result: the data connection did not resume the TLS session
        "#
    ));
    transcript(&format!(
        r#"
        given: resumption
        {SECURED}
        {ASKED}
        data: resumed
        data: takes "text"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 4 bytes, 226, resumed
        "#
    ));
}

/// SSCN turns the parts in the handshake of data connections around.
#[test]
fn the_server_as_the_tls_client() {
    secured(
        r#"
        user: do SSCN ON
        C: SSCN ON
        S: 200 Client.
        result: ok 200
        user: facts
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: MLSD
        S: 150 Here.
        data: may come by tls as server
        data: secured
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226, not resumed
        "#,
    );
}

/// A connection that was kept open in clear text is not used any more once TLS is asked for again.
#[test]
fn a_kept_connection_in_clear_text() {
    secured(
        r#"
        user: raw PROT C
        C: PROT C
        S: 200 Clear.
        result: ok 200
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
        data: ends
        S: 250 Done.
        result: transferred 0 bytes, 250
        user: secure
        C: PBSZ 0
        S: 200 Fine.
        data: is closed
        C: PROT P
        S: 200 Private.
        result: secured
        user: retrieve b in blocks
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
}
