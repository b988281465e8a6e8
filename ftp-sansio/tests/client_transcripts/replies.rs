//! Replies in all their forms, and servers that lost their way.

use crate::transcript;

#[test]
fn several_lines_in_both_forms() {
    for lines in [
        "S: 250-One\n S: two\n S:  250 three\n S: 220 four\n S: 250 five",
        "S: 250-One\n S: 250-two\n S: 250 three",
        "S: 250-\n S: 250",
        r"S-part: 250-One\ntwo\n250 three\n",
    ] {
        transcript(&format!(
            "given: greeted\n user: do CWD a\n C: CWD a\n {lines}\n result: ok 250"
        ));
    }
}

#[test]
fn a_421_at_any_time() {
    transcript("given: greeted\n S: 421 Timeout.\n session: over, closed 421\n closed: gracefully");
    transcript(
        r#"
        given: greeted
        user: pwd
        C: PWD
        S: 421 Timeout.
        result: closed 421
        session: over, closed 421
        closed: gracefully
        "#,
    );
}

#[test]
fn no_reply() {
    transcript(
        r#"
        given: greeted
        user: pwd
        C: PWD
        S-part: 257
        +60s
        result: timed out waiting for a reply
        session: over, timed out waiting for a reply
        closed: abruptly
        user: pwd
        refused: the session is over
        S: 257 "/"
        control: closes
        "#,
    );
}

/// A server that digests a file reads all of it before it answers.
#[test]
fn no_reply_to_a_digest_takes_longer() {
    for line in ["HASH a", "XSHA256 a"] {
        transcript(&format!(
            r#"
            given: greeted
            user: digest {line}
            C: {line}
            +3599s
            +1s
            result: timed out waiting for a reply
            session: over, timed out waiting for a reply
            closed: abruptly
            "#
        ));
    }
    transcript(
        r#"
        given: greeted
        user: digest XMD5 a
        C: XMD5 a
        +600s
        S: 250 d41d8cd98f00b204e9800998ecf8427e
        result: digest Some(Md5) d41d8cd98f00b204e9800998ecf8427e
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
fn the_connection_breaks() {
    transcript(
        r#"
        given: greeted
        user: pwd
        C: PWD
        control: closes
        result: closed
        session: over, closed
        closed: gracefully
        "#,
    );
}

/// A reply to nothing is a late one, or an injected one: whatever followed could be read as the answer to something else.
#[test]
fn a_reply_that_nobody_asked_for() {
    transcript("given: greeted\n S: 200 Fine.\n session: over, unexpected 200\n closed: abruptly");
}

#[test]
fn replies_out_of_sequence() {
    for reply in ["150", "350"] {
        transcript(&format!(
            r#"
            given: greeted
            user: do CWD a
            C: CWD a
            S: {reply} What?
            result: out of sequence {reply}
            session: over, out of sequence {reply}
            closed: abruptly
            "#
        ));
    }
}

#[test]
fn what_is_no_reply() {
    for line in ["hello", "99 x", "600 x", "2", r"\x00"] {
        transcript(&format!(
            "given: greeted\n user: pwd\n C: PWD\n S: {line}\n result: not a reply\n session: over, not a reply\n closed: abruptly"
        ));
    }
}

#[test]
fn a_reply_without_end() {
    let lines = r"S: 250-\x61{8000}".to_owned() + &"\n S: \\x61{8000}".repeat(9);
    transcript(&format!(
        r#"
        given: greeted
        user: do CWD a
        C: CWD a
        {lines}
        result: a reply that is too long
        session: over, a reply that is too long
        closed: abruptly
        "#
    ));
}

#[test]
fn a_line_without_end() {
    transcript(
        r#"
        given: greeted
        user: do CWD a
        C: CWD a
        S: 250 \x61{100000}
        result: a reply that is too long
        session: over, a reply that is too long
        closed: abruptly
        "#,
    );
}

#[test]
fn telnet_is_answered_and_taken_out() {
    transcript(
        "given: greeted\n user: do CWD a\n C: CWD a\n S: 25\\xff\\xf10 fine\n result: ok 250",
    );
    transcript(
        r#"
        given: greeted
        S-part: \xff\xfb\x01\xff\xfd\x03
        user: do CWD a
        C: \xff\xfe\x01\xff\xfc\x03CWD a
        S: 250 fine
        result: ok 250
        "#,
    );
}

/// What sloppy servers send: an empty line after a reply, and more than one space before a number.
#[test]
fn slips() {
    transcript(
        r#"
        given: greeted
        user: size a
        C: SIZE a
        S-part: \r\n
        S: 213  1000
        S-part: \r\n
        result: size 1000
        user: pwd
        C: PWD
        S: 257 /home/x is where you are.
        result: path "/home/x"
        user: raw SITE CPFR a
        C: SITE CPFR a
        S: 350 And where to?
        result: ok 350
        "#,
    );
}
