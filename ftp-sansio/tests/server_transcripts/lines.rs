//! What is no command: unknown verbs, lines without an end, other protocols. Every bad line gets its one reply, and the
//! session goes on.

use crate::transcript;

#[test]
fn verbs_that_are_unknown_or_not_carried_out() {
    transcript(
        r#"
        given: logged in
        C: FOO bar
        S: 502 Command not implemented.
        C: XRETR bar
        S: 502 Command not implemented.
        C: SITE WHAT 700 a
        S: 504 SITE knows no such word here.
        C: SMNT /
        S: 502 Command not implemented.
        C: AUTH TLS
        S: 502 Command not implemented.
        C: PBSZ 0
        S: 502 Command not implemented.
        C: PROT P
        S: 502 Command not implemented.
        C: 
        S: 500 Command expected.
        C:  NOOP
        S: 500 Command expected.
        C: RETR
        S: 501 Argument missing or not understood.
        C: NOOP
        S: 200 Done.
        "#,
    );
}

#[test]
fn a_verb_may_be_written_in_any_case() {
    transcript("given: logged in\n C: nOoP\n S: 200 Done.\n C: NOOP with words\n S: 200 Done.");
}

/// A CR or a NUL in a line could mean something else to somebody else.
#[test]
fn a_line_with_a_cr_or_a_nul_within() {
    transcript(
        r#"
        given: logged in
        C: DELE a\rb
        S: 501 Argument missing or not understood.
        C: DELE a\x00b
        S: 501 Argument missing or not understood.
        C-part: NOOP\n
        S: 200 Done.
        "#,
    );
}

/// The tail of an over-long line is never a command of its own.
#[test]
fn an_over_long_line_is_thrown_away_whole() {
    transcript(
        r#"
        given: logged in
        C: NOOP \x61{5000}DELE a
        S: 500 Line too long.
        C: NOOP
        S: 200 Done.
        C-part: \x61{200000}
        C-part: DELE a
        C: DELE a
        S: 500 Line too long.
        C: NOOP
        S: 200 Done.
        "#,
    );
}

#[test]
fn telnet_is_answered_and_taken_out() {
    transcript(
        r#"
        given: logged in
        C: NO\xff\xfd\x06OP
        S: \xff\xfc\x06200 Done.
        C: \xff\xf1NOOP\xff\xf9
        S: 200 Done.
        "#,
    );
}

/// A browser that was tricked into speaking to this port (ALPACA): nothing that it goes on to send is a command.
#[test]
fn http_is_sent_away() {
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        C: POST / HTTP/1.1
        event: the session ends: NotFtp
        closed: gracefully
        C: USER anna
        C: PASS hush
        "#,
    );
}

/// A line that is too long to be kept shows all the same what protocol it belongs to: the path of a request is the attacker's choice, and so is
/// its length.
#[test]
fn http_of_any_length_is_sent_away() {
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        C: POST /\x61{5000} HTTP/1.1
        event: the session ends: NotFtp
        closed: gracefully
        C: USER anna
        C: PASS hush
        "#,
    );
    // An over-long line that is no request is like any other, and the next is not the first.
    transcript(
        r#"
        S: 220 FTP server ready.
        C: NOOP \x61{5000}
        S: 500 Line too long.
        C: POST / HTTP/1.1
        S: 502 Command not implemented.
        "#,
    );
}
