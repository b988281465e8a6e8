//! Commands before the earlier ones are answered: what is sent when, and what becomes of servers that cannot take it.

use crate::transcript;

/// The first download shows that two commands are answered in order, and that EPSV leads to a data connection.
const SHOWN: &str = r#"
    given: greeted
    user: retrieve a
    C: TYPE I
    C: EPSV
    S: 200 I.
    S: 229 (|||50001|)
    data: connects 192.0.2.1:50001
    data: connected
    C: RETR a
    S: 150 Here.
    data: may come
    data: ends
    data: is closed
    S: 226 Done.
    result: transferred 0 bytes, 226
"#;

fn shown(rest: &str) {
    transcript(&format!("{SHOWN}\n{rest}"));
}

#[test]
fn small_commands_follow_each_other() {
    transcript(
        r#"
        given: greeted
        user: do CWD a
        user: size b
        user: rename b to c
        user: pwd
        C: CWD a
        C: SIZE b
        C: RNFR b
        # Nothing comes between RNFR and RNTO.
        S: 250 Fine.
        result: ok 250
        S: 550 No.
        result: refused 550
        S: 350 And?
        C: RNTO c
        C: PWD
        S: 250 Done.
        result: ok 250
        S: 257 "/a"
        result: path "/a"
        "#,
    );
}

#[test]
fn one_at_a_time_where_the_user_wants_it() {
    transcript(
        r#"
        given: greeted
        given: step by step
        user: do CWD a
        user: size b
        C: CWD a
        S: 250 Fine.
        result: ok 250
        C: SIZE b
        S: 213 5
        result: size 5
        user: retrieve a from 5
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: connected
        C: REST 5
        S: 350 And?
        C: RETR a
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
    );
}

/// Login, REST by hand, words nobody knows: nothing before them is unanswered, and nothing follows until they are.
#[test]
fn what_stands_alone() {
    for (asked, said) in [
        (
            "login anna hush",
            "C: USER anna\n S: 230 In.\n result: ok 230",
        ),
        ("raw REST 5", "C: REST 5\n S: 350 And?\n result: ok 350"),
        ("raw XYZZY", "C: XYZZY\n S: 200 Fine.\n result: ok 200"),
        ("do PROT C", "C: PROT C\n S: 200 Fine.\n result: ok 200"),
        (
            "address PASV",
            "C: PASV\n S: 227 (1,2,3,4,5,6)\n result: address 1.2.3.4:1286",
        ),
        (
            "relay RETR x",
            "C: TYPE I\n S: 504 No.\n result: refused 504",
        ),
    ] {
        let is_relay = asked.starts_with("relay");
        let before = if is_relay {
            "S: 213 5\n result: size 5"
        } else {
            ""
        };
        let waits = if is_relay {
            ""
        } else {
            "S: 213 5\n result: size 5"
        };
        transcript(&format!(
            "given: greeted\n user: size b\n user: {asked}\n C: SIZE b\n {waits}\n {before}\n {said}\n user: pwd\n C: PWD\n S: 257 \"/\"\n result: path \"/\""
        ));
    }
}

/// The whole of it: pairs, the probe, and then the next pairs behind a running transfer.
#[test]
fn pairs_behind_a_running_transfer() {
    shown(
        r#"
        user: retrieve b
        # Nothing is gained by a pair while nothing follows.
        C: EPSV
        user: retrieve c
        C: RETR b
        # What does this server do with commands behind a transfer? Before its data connection is there, it cannot have ended.
        C: NOOP
        user: retrieve d
        user: retrieve e
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        S: 150 Here.
        data: connected
        data: may come
        data: brings "b"
        S: 226 Done.
        S: 200 Fine.
        # It keeps them for later.
        C: EPSV
        C: RETR c
        C: EPSV
        C: RETR d
        # The connection for the next waits until this one's data has ended.
        S: 229 (|||50003|)
        data: ends
        data: is closed
        user: gets "b"
        result: transferred 1 bytes, 226
        data: connects 192.0.2.1:50003
        # The next two are enough.
        C: EPSV
        C: RETR e
        data: connected
        S: 150 Here.
        data: may come
        data: brings "c"
        data: ends
        data: is closed
        S-part: 226 Done.\r\n229 (|||50004|)\r\n
        user: gets "c"
        result: transferred 1 bytes, 226
        data: connects 192.0.2.1:50004
        data: connected
        S: 550 No such file.
        data: is reset
        result: refused 550
        S: 229 (|||50005|)
        data: connects 192.0.2.1:50005
        data: connected
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        "#,
    );
}

/// As far as a pair with the probe behind it, and another download waiting.
const PAIR: &str = r#"
    user: retrieve b
    C: EPSV
    user: retrieve c
    C: RETR b
    C: NOOP
    S: 229 (|||50002|)
    data: connects 192.0.2.1:50002
"#;

/// The rest of a session in which nothing goes behind a transfer any more.
const C_BY_ITSELF: &str = r#"
    C: EPSV
    S: 229 (|||50003|)
    data: connects 192.0.2.1:50003
    data: connected
    C: RETR c
    S: 150 Here.
    data: may come
    data: ends
    data: is closed
    S: 226 Done.
    result: transferred 0 bytes, 226
"#;

/// A server that answers at once what comes during a transfer: the NOOP's 200 is not the transfer's end.
#[test]
fn a_server_that_answers_during_a_transfer() {
    for order in [
        "S: 200 Fine.\n S: 150 Here.\n",
        "S: 150 Here.\n S: 200 Fine.\n",
    ] {
        shown(&format!(
            r#"
            {PAIR}
            {order}
            data: connected
            data: may come
            data: brings "b"
            data: ends
            data: is closed
            S: 226 Done.
            user: gets "b"
            result: transferred 1 bytes, 226
            C: EPSV
            # Pairs go on; what does not is the next one behind a running transfer.
            S: 229 (|||50003|)
            data: connects 192.0.2.1:50003
            data: connected
            C: RETR c
            S: 550 No.
            data: is reset
            result: refused 550
            "#
        ));
    }
}

/// STAT is what every server answers during a transfer (RFC 959 § 4.1.3), and one that keeps other commands for later does too: its
/// answer would be taken for the transfer's.
#[test]
fn stat_waits_for_the_end_of_a_transfer() {
    shown(&format!(
        r#"
        {PAIR}
        S: 150 Here.
        data: connected
        data: may come
        S: 226 Done.
        S: 200 Fine.
        # It keeps commands for later.
        C: EPSV
        C: RETR c
        user: raw STAT
        user: raw STAT a
        +1s
        data: ends
        data: is closed
        result: transferred 0 bytes, 226
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        C: STAT
        C: STAT a
        S: 211 Fine.
        result: ok 211
        S: 213 Fine.
        result: ok 213
        "#
    ));
}

/// A server that refuses what comes during a transfer, as Pure-FTPd does: the refusal is not the transfer's.
#[test]
fn a_server_that_refuses_during_a_transfer() {
    shown(&format!(
        r#"
        {PAIR}
        data: connected
        S: 150 Here.
        data: may come
        S: 500 Unknown command.
        data: brings "b"
        data: ends
        data: is closed
        +59s
        S: 226 Done.
        user: gets "b"
        result: transferred 1 bytes, 226
        {C_BY_ITSELF}
        "#
    ));
}

/// The refusal was the transfer's after all.
#[test]
fn a_transfer_that_fails_with_something_behind_it() {
    for order in ["S: 200 Fine.", "S: 500 What?"] {
        shown(&format!(
            r#"
            {PAIR}
            data: connected
            S: 150 Here.
            data: may come
            data: brings "b"
            S: 451 The disk broke.
            {order}
            data: is reset
            user: gets "b"
            result: incomplete 451
            C: EPSV
            S: 229 (|||50003|)
            data: connects 192.0.2.1:50003
            data: connected
            C: RETR c
            S: 550 No.
            data: is reset
            result: refused 550
            "#
        ));
    }
}

/// As far as pairs behind a running transfer.
const BEHIND: &str = r#"
    user: retrieve b
    C: EPSV
    user: retrieve c
    C: RETR b
    C: NOOP
    S: 229 (|||50002|)
    data: connects 192.0.2.1:50002
    data: connected
    S: 150 Here.
    data: may come
    data: ends
    data: is closed
    S: 226 Done.
    result: transferred 0 bytes, 226
    S: 200 Fine.
    C: EPSV
    S: 229 (|||50003|)
    data: connects 192.0.2.1:50003
    data: connected
    C: RETR c
    user: retrieve d
    C: EPSV
    C: RETR d
    S: 150 Here.
    data: may come
    data: brings "c"
"#;

const D_BY_ITSELF: &str = r#"
    C: EPSV
    S: 229 (|||50004|)
    data: connects 192.0.2.1:50004
    data: connected
    C: RETR d
    S: 150 Here.
    data: may come
    data: brings "d"
    data: ends
    data: is closed
    S: 226 Done.
    user: gets "d"
    result: transferred 1 bytes, 226
"#;

/// One refusal for each of the commands: all that was sent behind is asked for again, and nobody has noticed.
#[test]
fn a_server_that_refuses_the_pair_behind_a_transfer() {
    shown(&format!(
        r#"
        {BEHIND}
        S: 450 EPSV: data transfer in progress
        S: 450 RETR: data transfer in progress
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        {D_BY_ITSELF}
        "#
    ));
}

/// The transfer fails in the end: its own refusal is told from the others by its code.
#[test]
fn a_server_that_refuses_the_pair_behind_a_transfer_that_fails() {
    shown(&format!(
        r#"
        {BEHIND}
        S: 450 EPSV: data transfer in progress
        S: 450 RETR: data transfer in progress
        data: breaks
        data: is reset
        S: 451 The disk broke.
        user: gets "c"
        result: incomplete 451
        {D_BY_ITSELF}
        "#
    ));
}

/// One refusal for all of them together, as Pure-FTPd has it: whether more follows is found out with a PWD.
#[test]
fn a_server_that_loses_the_pair_behind_a_transfer() {
    shown(&format!(
        r#"
        {BEHIND}
        S: 500 Unknown command
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        C: PWD
        S: 257 "/"
        {D_BY_ITSELF}
        # Never again behind a transfer.
        user: retrieve e
        user: retrieve f
        C: EPSV
        S: 229 (|||50005|)
        data: connects 192.0.2.1:50005
        data: connected
        C: RETR e
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        C: EPSV
        S: 229 (|||50006|)
        data: connects 192.0.2.1:50006
        data: connected
        C: RETR f
        S: 550 No.
        data: is reset
        result: refused 550
        "#
    ));
}

/// The pair is refused for want of a data connection, and the same step by step is not: no more pairs.
#[test]
fn a_server_that_cannot_take_pairs() {
    for refusal in ["425", "503", "500", "502", "426"] {
        shown(&format!(
            r#"
            {PAIR}
            data: connected
            S: {refusal} What?
            data: is reset
            S: 200 Fine.
            # It is asked again, and its user has not noticed.
            C: EPSV
            S: 229 (|||50003|)
            data: connects 192.0.2.1:50003
            data: connected
            C: RETR b
            S: 150 Here.
            data: may come
            data: brings "b"
            data: ends
            data: is closed
            S: 226 Done.
            user: gets "b"
            result: transferred 1 bytes, 226
            C: EPSV
            user: retrieve d
            S: 229 (|||50004|)
            data: connects 192.0.2.1:50004
            data: connected
            C: RETR c
            S: 550 No.
            data: is reset
            result: refused 550
            C: EPSV
            S: 500 What?
            C: PASV
            S: 500 What?
            result: refused 500
            "#
        ));
    }
    // A server that says 150 before it looks for the connection.
    shown(&format!(
        r#"
        {PAIR}
        S: 150 Here.
        data: connected
        data: may come
        S: 425 Nobody there.
        S: 200 Fine.
        data: is reset
        C: EPSV
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        C: RETR b
        S: 425 Nobody there.
        data: is reset
        # Once more is enough: this is its answer.
        result: refused 425
        C: EPSV
        S: 500 What?
        C: PASV
        S: 500 What?
        result: refused 500
        "#
    ));
}

/// What is not about the data connection is the answer.
#[test]
fn a_pair_that_is_refused() {
    for refusal in ["550", "450", "530"] {
        shown(&format!(
            r#"
            {PAIR}
            data: connected
            S: {refusal} No.
            data: is reset
            result: refused {refusal}
            S: 200 Fine.
            C: EPSV
            S: 229 (|||50003|)
            data: connects 192.0.2.1:50003
            data: connected
            C: RETR c
            S: 550 No.
            data: is reset
            result: refused 550
            "#
        ));
    }
}

/// EPSV is refused inside of a pair: both replies are taken, and the other way is tried step by step.
#[test]
fn no_way_in_a_pair() {
    shown(
        r#"
        user: retrieve b
        C: EPSV
        user: retrieve c
        C: RETR b
        C: NOOP
        S: 425 No port is free.
        S: 425 Use PASV first.
        S: 200 Fine.
        C: PASV
        S: 227 (192,0,2,1,195,83)
        data: connects 192.0.2.1:50003
        data: connected
        C: RETR b
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        # What worked is tried first.
        C: PASV
        S: 500 No.
        C: EPSV
        S: 500 No.
        result: refused 500
        "#,
    );
}

/// The port of a 229 cannot be reached, and the RETR is under way already.
#[test]
fn no_connection_in_a_pair() {
    shown(&format!(
        r#"
        {PAIR}
        data: refused
        data: is closed
        +30s
        S: 425 Nobody came.
        S: 200 Fine.
        C: PASV
        S: 227 (192,0,2,1,195,83)
        data: connects 192.0.2.1:50003
        data: connected
        C: RETR b
        S: 550 No.
        data: is reset
        result: refused 550
        C: PASV
        S: 500 No.
        C: EPSV
        S: 500 No.
        result: refused 500
        "#
    ));
    // And the server never notices.
    shown(&format!(
        r#"
        {PAIR}
        data: refused
        data: is closed
        +60s
        result: timed out waiting for a reply
        result: the session ended before this was begun
        session: over, timed out waiting for a reply
        closed: abruptly
        "#
    ));
}

/// Behind a STOR only the way to the next data connection is asked for: a STOR that is lost cannot be asked for again.
#[test]
fn uploads() {
    shown(
        r#"
        user: store b "b"
        C: EPSV
        user: store c "c"
        C: STOR b
        C: NOOP
        user: do DELE x
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        data: connected
        S: 150 Send it.
        data: may go
        data: takes "b"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 1 bytes, 226
        S: 200 Fine.
        C: EPSV
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        data: connected
        C: STOR c
        S: 150 Send it.
        data: may go
        data: takes "c"
        data: is sent
        data: is closed
        S: 226 Got it.
        result: transferred 1 bytes, 226
        C: DELE x
        S: 250 Gone.
        result: ok 250
        "#,
    );
    shown(&format!(
        r#"
        {BEHIND}
        user: store e "e"
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        C: EPSV
        data: connected
        S: 150 Here.
        data: may come
        S: 226 Done.
        # The way is known, and the RETR ahead is over but for its data.
        S: 229 (|||50005|)
        data: ends
        data: is closed
        result: transferred 0 bytes, 226
        data: connects 192.0.2.1:50005
        data: connected
        C: STOR e
        S: 550 No.
        data: is reset
        result: refused 550
        "#
    ));
}

/// The data goes before the server's word, where the user wants that.
#[test]
fn eager_uploads() {
    for (reply, result) in [
        ("226 Got it.", "transferred 4 bytes, 226"),
        ("553 No.", "refused 553"),
    ] {
        transcript(&format!(
            r#"
            given: greeted
            given: eager uploads
            user: store a "text"
            C: TYPE I
            C: EPSV
            S: 200 I.
            S: 229 (|||50001|)
            data: connects 192.0.2.1:50001
            data: connected
            C: STOR a
            data: may go
            data: takes "text"
            data: is sent
            data: is closed
            S: {reply}
            result: {result}
            "#
        ));
    }
}

/// REST goes in between once one was accepted; where it then is refused, the file that comes from its beginning is not taken for the rest.
#[test]
fn positions() {
    shown(
        r#"
        user: retrieve b from 5
        user: retrieve c from 6
        C: EPSV
        C: REST 5
        S: 229 (|||50002|)
        data: connects 192.0.2.1:50002
        S: 350 And?
        C: RETR b
        C: NOOP
        data: connected
        S: 550 No.
        data: is reset
        result: refused 550
        S: 200 Fine.
        C: EPSV
        # Once it was accepted, the RETR follows at once.
        user: retrieve d
        C: REST 6
        C: RETR c
        C: NOOP
        S: 229 (|||50003|)
        data: connects 192.0.2.1:50003
        S: 501 Not this one.
        data: connected
        data: is reset
        S: 426 You went away.
        result: refused 501
        S: 200 Fine.
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        "#,
    );
}

/// The first transfer in active mode, and another that has to show that PORT is answered in its turn.
const ACTIVE: &str = r#"
    given: greeted
    given: active
    user: retrieve a
    C: TYPE I
    data: listens
    data: listening 192.0.2.7:40001
    C: PORT 192,0,2,7,156,65
    user: retrieve b
    S: 200 I.
    S: 200 Fine.
    C: RETR a
    S: 150 Here I come.
    data: may come
    data: accepted
    data: ends
    data: is closed
    S: 226 Done.
    result: transferred 0 bytes, 226
    data: listens
    user: retrieve c
    data: listening 192.0.2.7:40002
    C: PORT 192,0,2,7,156,66
    C: PWD
"#;

/// In active mode a pair saves a round trip even by itself, and the listener for the next transfer is opened meanwhile.
#[test]
fn active_pairs() {
    transcript(&format!(
        r#"
        {ACTIVE}
        S: 200 Fine.
        C: RETR b
        S: 257 "/"
        S: 150 Here I come.
        data: may come
        data: accepted
        data: brings "b"
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "b"
        result: transferred 1 bytes, 226
        data: listens
        data: listening 192.0.2.7:40003
        C: PORT 192,0,2,7,156,67
        C: RETR c
        S: 200 Fine.
        S: 150 Here I come.
        data: may come
        data: accepted
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        user: retrieve d
        data: listens
        user: retrieve e
        data: listening 192.0.2.7:40004
        C: PORT 192,0,2,7,156,68
        C: RETR d
        C: NOOP
        S: 200 Fine.
        S: 150 Here I come.
        data: may come
        data: accepted
        data: brings "d"
        S: 226 Done.
        S: 200 Fine.
        data: listens
        data: listening 192.0.2.7:40005
        C: PORT 192,0,2,7,156,69
        C: RETR e
        S: 200 Fine.
        # The next one's bytes wait in the network for their turn.
        S: 150 Here I come.
        data: ends
        data: is closed
        user: gets "d"
        result: transferred 1 bytes, 226
        data: may come
        data: accepted
        data: brings "e"
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "e"
        result: transferred 1 bytes, 226
        "#,
    ));
}

/// A server that answers PORT when it has connected, as pyftpdlib does: what is behind it is answered before.
#[test]
fn a_server_that_connects_before_it_answers() {
    transcript(&format!(
        r#"
        {ACTIVE}
        S: 257 "/"
        S: 200 Here I am.
        C: RETR b
        S: 150 Here it comes.
        data: may come
        data: accepted
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        data: listens
        user: retrieve d
        data: listening 192.0.2.7:40003
        C: PORT 192,0,2,7,156,67
        S: 200 Here I am.
        C: RETR c
        S: 550 No.
        data: is reset
        result: refused 550
        data: listens
        data: listening 192.0.2.7:40004
        C: PORT 192,0,2,7,156,68
        S: 500 No.
        data: is closed
        data: listens
        data: cannot listen
        data: is closed
        result: no data connection could be made
        "#,
    ));
}

/// Some of what was sent behind a transfer was lost, and some was not: a RETR that waits for its data connection would hold up everything,
/// and gets one that is closed at once.
#[test]
fn a_server_that_loses_a_part() {
    shown(&format!(
        r#"
        {BEHIND}
        S: 500 Unknown command
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        C: PWD
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        data: connected
        data: is reset
        S: 150 Here.
        S: 426 You went away.
        S: 257 "/"
        {D_BY_ITSELF}
        "#
    ));
    shown(&format!(
        r#"
        {BEHIND}
        S: 500 Unknown command
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        C: PWD
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        # Nothing was behind it.
        S: 257 "/"
        data: is reset
        {D_BY_ITSELF}
        "#
    ));
}

/// A transfer is given up with others in flight behind it: by a reset and no ABOR, which might hit them.
#[test]
fn an_abort_with_something_behind() {
    shown(&format!(
        r#"
        {BEHIND}
        user: abort retrieve c
        data: is reset
        S: 426 You went away.
        S: 229 (|||50004|)
        user: gets "c"
        result: the transfer was aborted
        data: connects 192.0.2.1:50004
        data: connected
        S: 150 Here.
        data: may come
        data: brings "d"
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "d"
        result: transferred 1 bytes, 226
        "#
    ));
    // What is behind is given up: its connection is made all the same, or the server would wait for it.
    shown(&format!(
        r#"
        {BEHIND}
        user: abort retrieve d
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        data: connected
        data: is reset
        S: 150 Here.
        S: 426 You went away.
        result: the transfer was aborted
        user: pwd
        C: PWD
        S: 257 "/"
        result: path "/"
        "#
    ));
    // A server that does not notice loses the session, and says so.
    shown(&format!(
        r#"
        {BEHIND}
        user: do DELE x
        user: abort retrieve c
        data: is reset
        +10s
        user: gets "c"
        result: timed out waiting for the end of an abort
        result: timed out waiting for the end of an abort
        result: the session ended before this was begun
        session: over, timed out waiting for the end of an abort
        closed: abruptly
        "#
    ));
}

/// What was not begun is given up without a word.
#[test]
fn an_abort_in_the_queue() {
    transcript(
        r#"
        given: greeted
        user: login anna hush
        user: retrieve a
        user: pwd
        C: USER anna
        user: abort retrieve a
        result of retrieve a: the transfer was aborted
        user: abort pwd
        result of pwd: the transfer was aborted
        S: 230 In.
        result: ok 230
        "#,
    );
}

/// The session ends: what was sent may have been carried out, what was not was not.
#[test]
fn the_end_of_a_session() {
    transcript(
        r#"
        given: greeted
        user: do DELE a
        user: rename b to c
        user: do DELE d
        C: DELE a
        C: RNFR b
        S: 421 Enough.
        result: closed 421
        result: closed 421
        result: the session ended before this was begun
        session: over, closed 421
        closed: gracefully
        "#,
    );
}

/// QUIT waits for its turn.
#[test]
fn quitting_behind_a_transfer() {
    shown(&format!(
        r#"
        {BEHIND}
        user: quit
        user: retrieve x
        refused: the session is over
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        data: connected
        S: 550 No.
        data: is reset
        result: refused 550
        C: QUIT
        S: 221 Bye.
        session: over
        closed: gracefully
        "#
    ));
}

/// A NOOP when nothing was said for a while; never between a command and the one that completes it.
#[test]
fn keepalive() {
    transcript(
        r#"
        given: greeted
        given: keepalive 60s
        +59s
        user: pwd
        C: PWD
        +59s
        S: 257 "/"
        result: path "/"
        +59s
        +1s
        C: NOOP
        user: size a
        C: SIZE a
        S: 200 Fine.
        S: 213 5
        result: size 5
        user: raw RNFR a
        C: RNFR a
        S: 350 And?
        result: ok 350
        +600s
        user: raw RNTO b
        C: RNTO b
        S: 250 Done.
        result: ok 250
        +60s
        C: NOOP
        +60s
        session: over, timed out waiting for a reply
        closed: abruptly
        "#,
    );
}

/// What may have the same answer as a transfer waits for its end: one that failed would pass for a good one.
#[test]
fn answers_like_a_transfers() {
    let behind = BEHIND.replace("    user: retrieve d\n    C: EPSV\n    C: RETR d\n", "");
    for command in ["MLST x", "XCRC x"] {
        shown(&format!(
            r#"
            {behind}
            user: raw {command}
            +1s
            data: ends
            data: is closed
            S: 451 The disk broke.
            user: gets "c"
            result: incomplete 451
            C: {command}
            S: 250 Fine.
            result: ok 250
            "#
        ));
    }
    // These have codes of their own.
    for (command, answer) in [("SYST", 215), ("HELP", 214)] {
        shown(&format!(
            r#"
            {behind}
            user: raw {command}
            C: {command}
            data: ends
            data: is closed
            S: 451 The disk broke.
            S: {answer} Fine.
            user: gets "c"
            result: incomplete 451
            result: ok {answer}
            "#
        ));
    }
}

/// A STAT that is answered in its turn, behind something with the same code.
#[test]
fn the_status_in_its_turn() {
    shown(&format!(
        r#"
        {BEHIND}
        user: size x
        C: SIZE x
        user: asks for status
        C: STAT
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        data: connected
        S: 550 No.
        data: is reset
        result: refused 550
        S: 213 5
        result: size 5
        S: 211 Idle.
        event: status 211
        "#
    ));
}

/// Some of what was behind is refused, and the rest answered later: its 200 does not end the search.
#[test]
fn late_answers_after_a_refusal() {
    shown(&format!(
        r#"
        {BEHIND}
        user: do NOOP
        C: NOOP
        user: pwd
        S: 500 Unknown command
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        C: PWD
        S: 425 No connection.
        S: 200 The user's.
        S: 257 "/"
        C: EPSV
        S: 500 No.
        C: PASV
        S: 500 No.
        result: refused 500
        C: NOOP
        S: 200 Fine.
        result: ok 200
        C: PWD
        S: 257 "/"
        result: path "/"
        "#
    ));
}

/// A position that was sent behind a transfer, and perhaps taken, must not move the next one.
#[test]
fn a_position_that_may_have_been_taken() {
    shown(&format!(
        r#"
        user: retrieve e from 5
        C: EPSV
        S: 229 (|||50009|)
        data: connects 192.0.2.1:50009
        data: connected
        C: REST 5
        S: 350 And?
        C: RETR e
        S: 150 Here.
        data: may come
        data: ends
        data: is closed
        S: 226 Done.
        result: transferred 0 bytes, 226
        {}
        user: abort retrieve d from 7
        S: 500 Unknown command
        data: ends
        data: is closed
        S: 226 Done.
        user: gets "c"
        result: transferred 1 bytes, 226
        C: PWD
        result of retrieve d from 7: the transfer was aborted
        S: 350 And?
        S: 425 No connection.
        S: 257 "/"
        user: retrieve f
        C: EPSV
        S: 229 (|||50004|)
        data: connects 192.0.2.1:50004
        data: connected
        C: REST 0
        S: 350 And?
        C: RETR f
        S: 550 No.
        data: is reset
        result: refused 550
        "#,
        BEHIND
            .replace("retrieve d", "retrieve d from 7")
            .replace("C: RETR d", "C: REST 7\n    C: RETR d")
    ));
}
