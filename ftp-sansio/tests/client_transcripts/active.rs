//! PORT and EPRT: the server connects.

use crate::transcript;

#[test]
fn a_download() {
    transcript(
        r#"
        given: greeted
        given: active
        user: retrieve a
        C: TYPE I
        S: 200 I.
        data: listens
        data: listening 192.0.2.7:40001
        C: PORT 192,0,2,7,156,65
        S: 200 Fine.
        C: RETR a
        S: 150 Here I come.
        data: may come
        data: accepted
        data: brings "x"
        data: ends
        data: is closed
        S: 226 That was it.
        user: gets "x"
        result: transferred 1 bytes, 226
        "#,
    );
}

#[test]
fn the_other_form() {
    transcript(
        r#"
        given: greeted
        given: active
        user: store a "x"
        C: TYPE I
        S: 200 I.
        data: listens
        data: listening 192.0.2.7:40001
        C: PORT 192,0,2,7,156,65
        S: 500 What?
        data: is closed
        data: listens
        data: listening 192.0.2.7:40002
        C: EPRT |1|192.0.2.7|40002|
        S: 200 Fine.
        C: STOR a
        S: 150 Here I come.
        data: may go
        data: accepted
        data: takes "x"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 1 bytes, 226
        "#,
    );
}

#[test]
fn over_ipv6() {
    transcript(
        r#"
        given: greeted
        given: active
        given: ipv6
        user: facts
        data: listens
        data: listening [2001:db8::7]:40001
        C: EPRT |2|2001:db8::7|40001|
        S: 522 No.
        data: is closed
        # PORT cannot tell an IPv6 address: what the server said to EPRT is what there is to tell.
        result: refused 522
        "#,
    );
}

#[test]
fn nowhere_to_listen() {
    transcript(
        r#"
        given: greeted
        given: active
        user: facts
        data: listens
        data: cannot listen
        data: is closed
        data: listens
        data: cannot listen
        data: is closed
        result: no data connection could be made
        "#,
    );
}

#[test]
fn nobody_comes() {
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
        +60s
        data: is reset
        C: ABOR
        S: 425 Nobody there.
        C: NOOP
        S: 226 Abort done.
        S: 200 Fine.
        result: timed out waiting for the data connection
        "#,
    );
}

#[test]
fn the_server_cannot_connect() {
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
        S: 425 Nobody there.
        data: is reset
        result: incomplete 425
        "#,
    );
}

/// The final reply overtakes the data connection.
#[test]
fn the_reply_before_the_connection() {
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
        data: accepted
        data: brings "type=file; a\r\n"
        data: ends
        data: is closed
        user: gets "type=file; a\r\n"
        result: transferred 14 bytes, 226
        "#,
    );
}
