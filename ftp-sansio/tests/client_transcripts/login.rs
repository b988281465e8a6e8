//! The greeting, logging in, and leaving.

use crate::transcript;

#[test]
fn a_user_logs_in_and_leaves() {
    transcript(
        r#"
        user: login anna hush
        refused: the server has not greeted yet
        S: 220 Hello.
        event: greeting 220
        user: login anna hush
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 230 Welcome.
        result: ok 230
        user: quit
        C: QUIT
        S: 221 Bye.
        session: over
        closed: gracefully
        user: pwd
        refused: the session is over
        "#,
    );
}

#[test]
fn a_greeting_that_takes_its_time() {
    transcript(
        r#"
        S: 120 Ready in a minute.
        +59s
        S-part: 220-Hel
        S: lo,
        S: 220 there.
        event: greeting 220
        "#,
    );
}

#[test]
fn no_greeting() {
    transcript("+59s\n +1s\n session: over, timed out waiting for a reply\n closed: abruptly");
    transcript("S: 421 Too many users.\n session: over, closed 421\n closed: gracefully");
    transcript("S: 500 Go away.\n session: over, closed 500\n closed: gracefully");
    transcript("S: SSH-2.0-OpenSSH_9.6\n session: over, not a reply\n closed: abruptly");
    transcript("S: 331 Password?\n session: over, out of sequence 331\n closed: abruptly");
    transcript("control: closes\n session: over, closed\n closed: gracefully");
    // Endless preliminary replies: the second is one too many.
    transcript(
        "S: 120 Soon.\n S: 120 Soon.\n session: over, out of sequence 120\n closed: abruptly",
    );
}

#[test]
fn no_password_is_wanted() {
    transcript(
        "given: greeted\n user: login anna hush\n C: USER anna\n S: 230 Come in.\n result: ok 230",
    );
    transcript(
        "given: greeted\n user: login anna hush\n C: USER anna\n S: 232 Come in.\n result: ok 232",
    );
}

#[test]
fn an_account_is_wanted() {
    transcript(
        r#"
        given: greeted
        user: login anna hush books
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 332 Account?
        C: ACCT books
        S: 230 Welcome.
        result: ok 230
        "#,
    );
    transcript(
        r#"
        given: greeted
        user: login anna hush books
        C: USER anna
        S: 332 Account?
        C: ACCT books
        S: 202 Not needed after all.
        result: ok 202
        "#,
    );
    transcript(
        r#"
        given: greeted
        user: login anna hush
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 332 Account?
        result: login refused 332
        "#,
    );
}

#[test]
fn logins_that_are_refused() {
    transcript(
        "given: greeted\n user: login anna hush\n C: USER anna\n S: 530 No.\n result: login refused 530",
    );
    transcript(
        r#"
        given: greeted
        user: login anna wrong
        C: USER anna
        S: 331 Password?
        C: PASS wrong
        S: 530 No.
        result: login refused 530
        user: login anna hush
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 230 Yes.
        result: ok 230
        "#,
    );
}

/// A server that wants the password again and again does not get it again.
#[test]
fn a_login_that_turns_in_circles() {
    transcript(
        r#"
        given: greeted
        user: login anna hush
        C: USER anna
        S: 331 Password?
        C: PASS hush
        S: 331 Password?
        result: login refused 331
        "#,
    );
}

#[test]
fn a_goodbye_without_an_answer() {
    for end in ["control: closes", "+10s", "S: 500 What?"] {
        transcript(&format!(
            "given: greeted\n user: quit\n C: QUIT\n {end}\n session: over\n closed: gracefully"
        ));
    }
}

/// QUIT waits for what is under way, and nothing more is begun.
#[test]
fn leaving_in_the_middle() {
    transcript(
        r#"
        given: greeted
        user: do CWD a
        C: CWD a
        user: quit
        user: pwd
        refused: the session is over
        +50s
        S: 250 Fine.
        result: ok 250
        C: QUIT
        S: 221 Bye.
        session: over
        closed: gracefully
        "#,
    );
}
