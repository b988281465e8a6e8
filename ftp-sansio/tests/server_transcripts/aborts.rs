//! What may come while a transfer runs: ABOR and STAT at once, everything else in its turn.

use crate::transcript;

/// A download that runs, and has moved two bytes.
const RUNNING: &str = r#"
    given: file /a "text"
    given: logged in
    C: EPSV
    S: 229 Entering extended passive mode (|||50001|)
    C: RETR a
    S: 150 Opening data connection: /a
    data: connects
    data: receives "te"
"#;

fn running(rest: &str) {
    transcript(&format!("{RUNNING}\n{rest}"));
}

/// With Telnet's IP and Synch before it (RFC 959 § 4.1.3), with one of them, with other signals, and without.
#[test]
fn abort() {
    for prefix in [
        "",
        r"\xff\xf4\xff\xf2",
        r"\xff\xf2",
        r"\xff\xf4",
        r"\xff\xf4\xff\xf4\xff\xf2\xff\xf2",
        r"\xff\xf5\xff\xf3\xff\xf1",
        r"\xff\xf4\xff\xf2\r\n",
    ] {
        // An empty line between the signals and the command is one that gets its own reply, in its turn.
        let empty = if prefix.ends_with(r"\n") {
            "S: 500 Command expected."
        } else {
            ""
        };
        running(&format!(
            r#"
            C: {prefix}ABOR
            data: is aborted
            S: 426 Transfer aborted.
            S: 226 Abort done.
            {empty}
            C: NOOP
            S: 200 Done.
            "#
        ));
    }
    running(
        r#"
        C-part: ab\xff\xf4\xff
        C-part: \xf2oR\n
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        "#,
    );
}

/// The transfer had ended when the driver was asked to stop it: it was complete, and is said to be.
#[test]
fn an_abort_that_comes_too_late() {
    transcript(&format!(
        r#"
        given: slow aborts
        {RUNNING}
        C: ABOR
        data: is aborted
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        S: 226 Abort done.
        "#
    ));
}

/// What follows an ABOR waits until the transfer is really over.
#[test]
fn a_slow_abort() {
    transcript(&format!(
        r#"
        given: slow aborts
        {RUNNING}
        C: ABOR
        data: is aborted
        C: NOOP
        +60s
        driver: aborts
        S: 426 Transfer aborted.
        S: 226 Abort done.
        S: 200 Done.
        "#
    ));
}

/// Each ABOR gets its reply, the second one in its turn.
#[test]
fn two_aborts() {
    transcript(&format!(
        r#"
        given: slow aborts
        {RUNNING}
        C: ABOR
        C: ABOR
        data: is aborted
        driver: aborts
        S: 426 Transfer aborted.
        S: 226 Abort done.
        S: 226 No transfer to abort.
        "#
    ));
}

#[test]
fn abort_when_nothing_runs() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: ABOR
        S: 226 No transfer to abort.
        # The data connection that was prepared is given up with it (RFC 959 § 4.1.3).
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: ABOR
        data: 50001 is closed
        S: 226 No transfer to abort.
        C: RETR a
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// ABOR overtakes what waits in front of it.
#[test]
fn abort_behind_other_commands() {
    running(
        r#"
        C-part: PWD\r\nNOOP\r\nABOR\r\nSYST\r\n
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        S: 257 "/" is the current folder.
        S: 200 Done.
        S: 215 UNIX Type: L8
        "#,
    );
}

/// During the handshake of the data connection too.
#[test]
fn abort_a_handshake() {
    transcript(
        r#"
        given: tls allowed
        given: file /a "text"
        given: secured
        given: private data
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        data: awaits tls
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        "#,
    );
}

#[test]
fn abort_before_the_data_connection() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        "#,
    );
}

/// An upload that is aborted leaves the file that was there.
#[test]
fn abort_an_upload() {
    transcript(
        r#"
        given: file /a "before"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "half"
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        C: SIZE a
        S: 213 6
        "#,
    );
}

#[test]
fn status_during_a_transfer() {
    running(
        r#"
        +3s
        C: STAT
        S: 211 RETR: 2 bytes moved in 3 s.
        C: \xff\xf4\xff\xf2STAT
        S: 211 RETR: 2 bytes moved in 3 s.
        # A listing over the control connection is not the transfer's status: it waits.
        C: STAT /
        C: STAT
        S: 211 RETR: 2 bytes moved in 3 s.
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        S: 213-Status:
        S:  -rw-r--r--   1 owner    group               4 Jan  1 00:00 a
        S: 213 End
        "#,
    );
}

/// Also NOOP: its 200 could be taken for the transfer's end.
#[test]
fn commands_wait_in_order() {
    running(
        r#"
        C: NOOP
        C: PWD
        C: nonsense
        C: TYPE
        C: \x61{9000}
        C: EPSV
        C: RETR a
        C: MKD b
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        S: 200 Done.
        S: 257 "/" is the current folder.
        S: 502 Command not implemented.
        S: 501 Argument missing or not understood.
        S: 500 Line too long.
        S: 229 Entering extended passive mode (|||50002|)
        S: 150 Opening data connection: /a
        data: connects
        data: receives "text"
        data: ends
        S: 226 Transfer complete.
        S: 257 "/b" was made.
        "#,
    );
}

/// RFC 959 § 4.1.1: QUIT during a transfer ends the session after it.
#[test]
fn quit_during_a_transfer() {
    running(
        r#"
        C: QUIT
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        S: 221 Goodbye.
        closed: gracefully
        "#,
    );
}

#[test]
fn the_server_stops_during_a_transfer() {
    running(
        r#"
        server: stops
        C: NOOP
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        S: 421 The server is stopping.
        closed: gracefully
        "#,
    );
}

#[test]
fn the_client_goes_away_during_a_transfer() {
    running("control: closes\n data: is aborted\n closed: gracefully");
    running("control: breaks\n data: is aborted\n closed: abruptly");
}

/// A full lookahead never hides an ABOR; what it had no room for is refused in its turn, and counted right.
#[test]
fn more_commands_than_may_wait() {
    let many = "C: NOOP\n".repeat(70);
    let done = "S: 200 Done.\n".repeat(64);
    let refused =
        "S: 450 Too many commands were waiting; this one was not carried out.\n".repeat(6);
    running(&format!(
        r#"
        {many}
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        {done}
        {refused}
        C: NOOP
        S: 200 Done.
        "#
    ));
}

/// A REST whose transfer was refused is not left for another one, in which it would mean another place.
#[test]
fn a_position_whose_transfer_had_no_room() {
    let many = "C: NOOP\n".repeat(62);
    let done = "S: 200 Done.\n".repeat(63);
    running(&format!(
        r#"
        {many}
        C: TYPE I
        C: REST 2
        C: RETR a
        data: receives "xt"
        data: ends
        S: 226 Transfer complete.
        {done}
        S: 350 Restarting at 2.
        S: 450 Too many commands were waiting; this one was not carried out.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection (4 bytes): /a
        data: connects
        data: receives "text"
        data: ends
        S: 226 Transfer complete.
        "#
    ));
}

/// A QUIT is never refused, and nothing behind it is carried out or answered.
#[test]
fn a_quit_for_which_there_is_no_room() {
    let many = "C: NOOP\n".repeat(65);
    let done = "S: 200 Done.\n".repeat(64);
    running(&format!(
        r#"
        {many}
        C: QUIT
        C: NOOP
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        {done}
        S: 450 Too many commands were waiting; this one was not carried out.
        S: 221 Goodbye.
        closed: gracefully
        "#
    ));
}

/// An ABOR behind the RETR that it is about, both before the port was there.
#[test]
fn a_pipelined_abort() {
    transcript(
        r#"
        given: file /a "x"
        given: slow answers
        given: logged in
        C: EPSV
        driver: has a question
        C: RETR a
        C: ABOR
        driver: answers
        S: 229 Entering extended passive mode (|||50001|)
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        "#,
    );
}
