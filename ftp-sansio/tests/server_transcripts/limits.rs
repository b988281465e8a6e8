//! Every state has a deadline, and nothing that waits is without a bound.

use crate::transcript;

#[test]
fn idle() {
    transcript(
        r#"
        given: logged in
        given: events
        +299s
        C: NOOP
        S: 200 Done.
        # Each command starts it afresh, an unfinished one does not.
        C-part: NO
        +299s
        C-part: O
        +1s
        S: 421 Timeout: nothing came for too long.
        event: the session ends: Idle
        closed: gracefully
        "#,
    );
}

/// The time runs while no login goes well, whatever else is said.
#[test]
fn no_login_in_time() {
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        +30s
        C: USER anna
        S: 331 Password, please.
        +29s
        C: NOOP
        S: 200 Done.
        +1s
        S: 421 No login in time.
        event: the session ends: NotLoggedIn
        closed: gracefully
        "#,
    );
}

#[test]
fn no_login_in_time_after_rein() {
    transcript(
        r#"
        given: logged in
        +100s
        C: REIN
        S: 220 Ready for a new user.
        +60s
        S: 421 No login in time.
        closed: gracefully
        "#,
    );
}

#[test]
fn nothing_moves() {
    transcript(
        r#"
        given: file /a "text"
        given: logged in
        given: events
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        event: RETR /a begins
        S: 150 Opening data connection: /a
        data: connects
        +119s
        data: receives "te"
        +119s
        +1s
        data: is aborted
        event: RETR /a is not complete, 2 bytes: Stalled
        S: 426 Transfer aborted: nothing moved for too long.
        C: NOOP
        S: 200 Done.
        "#,
    );
}

/// A transfer that moves is not idle, however long it takes.
#[test]
fn a_long_transfer() {
    transcript(
        r#"
        given: file /a "text"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        +100s
        data: receives "t"
        +100s
        data: receives "e"
        +100s
        data: receives "x"
        +100s
        data: receives "t"
        data: ends
        S: 226 Transfer complete.
        +299s
        C: NOOP
        S: 200 Done.
        "#,
    );
}

/// A peer that reads none of its replies: the session takes no more commands, and ends.
#[test]
fn a_client_that_does_not_read() {
    let help = "C: HELP\n".repeat(3000);
    transcript(&format!(
        r#"
        given: logged in
        given: events
        control: stops reading
        {help}
        +300s
        event: the session ends: Idle
        +10s
        closed: abruptly
        "#
    ));
}

#[test]
fn a_goodbye_that_is_not_read() {
    transcript(
        r#"
        given: logged in
        control: stops reading
        C: QUIT
        +9s
        +1s
        closed: abruptly
        "#,
    );
}

/// More commands at once than may wait, while the first is carried out: none is lost.
#[test]
fn many_commands_at_once() {
    let many = "C: NOOP\n".repeat(200);
    let done = "S: 200 Done.\n".repeat(200);
    transcript(&format!(
        r#"
        given: folder /pub
        given: slow answers
        given: logged in
        C: CWD pub
        driver: has a question
        {many}
        driver: answers
        S: 250 Folder changed.
        {done}
        "#
    ));
}

/// The same with every command and reply told: pausing for the events to be taken loses nothing either.
#[test]
fn many_commands_at_once_and_their_events() {
    let many = r"NOOP\r\n".repeat(200);
    let done = "S: 200 Done.\n".repeat(200);
    transcript(&format!(
        "given: trace\n given: logged in\n C-part: {many}\n {done}"
    ));
}

/// And with a command in front that takes its time, so that they all wait in the lookahead.
#[test]
fn many_waiting_commands_and_their_events() {
    let many = r"NOOP\r\n".repeat(60);
    let done = "S: 200 Done.\n".repeat(60);
    transcript(&format!(
        r#"
        given: trace
        given: folder /pub
        given: slow answers
        given: logged in
        C: CWD pub
        driver: has a question
        C-part: {many}
        driver: answers
        S: 250 Folder changed.
        {done}
        "#
    ));
}
