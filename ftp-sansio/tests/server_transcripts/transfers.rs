//! RETR, STOR, APPE, STOU and REST.

use crate::transcript;

#[test]
fn a_download() {
    transcript(
        r#"
        given: file /pub/a "twelve bytes"
        given: logged in
        given: events
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR pub/a
        event: RETR /pub/a begins
        S: 150 Opening data connection (12 bytes): /pub/a
        data: connects
        data: receives "twelve "
        data: receives "bytes"
        data: ends
        event: RETR /pub/a is complete, 12 bytes
        S: 226 Transfer complete.
        "#,
    );
}

#[test]
fn a_download_as_text() {
    transcript(
        r#"
        given: file /a "one\ntwo\n"
        given: logged in
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,81).
        data: connects
        C: RETR a
        S: 150 Opening data connection: /a
        data: receives "one\r\ntwo\r\n"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// RFC 959 § 3.4.2: a block for each line, as its descriptor says; the last one's says that the file ends too.
#[test]
fn a_download_of_records_in_blocks() {
    transcript(
        r#"
        given: file /a "one\ntwo\n"
        given: logged in
        C: STRU R
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        data: connects
        C: RETR a
        S: 150 Opening data connection: /a
        data: receives "\x80\x00\x03one\xc0\x00\x03two"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        "#,
    );
}

/// The mark is the end of the file; the client need not close.
#[test]
fn an_upload_in_blocks() {
    transcript(
        r#"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "\x00\x00\x04four\x40\x00"
        data: sends "\x03 by"
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: SIZE a
        S: 213 7
        "#,
    );
}

/// RFC 959 § 3.4: without its mark the file is not complete, however the connection was closed.
#[test]
fn an_upload_whose_mark_does_not_come() {
    transcript(
        r#"
        given: file /a "before"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "\x00\x00\x04four"
        data: closes
        S: 426 Transfer aborted: the data stopped before its end.
        C: SIZE a
        S: 213 6
        "#,
    );
}

#[test]
fn downloads_that_are_refused() {
    transcript(
        r#"
        given: folder /pub
        given: logged in
        C: RETR nothing
        S: 425 PASV, EPSV, PORT or EPRT first.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR nothing
        S: 550 /nothing: no such file or folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR pub
        S: 550 /pub: is a folder.
        "#,
    );
}

#[test]
fn an_upload() {
    transcript(
        r#"
        given: file /a "before"
        given: logged in
        given: events
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        event: STOR /a begins
        S: 150 Opening data connection: /a
        data: connects
        data: sends "new "
        data: sends "text"
        data: closes
        event: STOR /a is complete, 8 bytes
        S: 226 Transfer complete.
        C: SIZE a
        S: 213 8
        "#,
    );
}

#[test]
fn an_upload_as_text() {
    transcript(
        r#"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "one\r"
        data: sends "\ntwo\r\n"
        data: closes
        S: 226 Transfer complete.
        C: TYPE I
        S: 200 Done.
        C: SIZE a
        S: 213 8
        "#,
    );
}

/// An upload that breaks off is no 226, and the file that was there before is untouched.
#[test]
fn an_upload_that_breaks_off() {
    transcript(
        r#"
        given: file /a "before"
        given: logged in
        given: events
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        event: STOR /a begins
        S: 150 Opening data connection: /a
        data: connects
        data: sends "half"
        data: resets
        event: STOR /a is not complete, 4 bytes: Reported(Broken)
        S: 426 Transfer aborted: the data connection broke.
        C: SIZE a
        S: 213 6
        "#,
    );
}

#[test]
fn a_download_that_breaks_off() {
    for end in ["closes", "resets"] {
        transcript(&format!(
            r#"
            given: file /a "text"
            given: logged in
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: RETR a
            S: 150 Opening data connection: /a
            data: connects
            data: receives "te"
            data: {end}
            S: 426 Transfer aborted: the data connection broke.
            C: NOOP
            S: 200 Done.
            "#
        ));
    }
}

#[test]
fn a_full_disk() {
    transcript(
        r#"
        given: file /a "before"
        given: room 3
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "four"
        S: 452 Transfer failed: no space left.
        C: TYPE I
        S: 200 Done.
        C: SIZE a
        S: 213 6
        "#,
    );
}

#[test]
fn uploads_that_are_refused() {
    transcript(
        r#"
        given: folder /pub
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR pub
        S: 550 /pub: is a folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: STOR nowhere/a
        S: 550 /nowhere: no such file or folder.
        "#
        .replace("/nowhere:", "/nowhere/a:")
        .as_str(),
    );
}

#[test]
fn appending() {
    transcript(
        r#"
        given: file /a "one"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: APPE a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "two"
        data: closes
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection (6 bytes): /a
        data: connects
        data: receives "onetwo"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// The 150 to STOU tells the name in the form of RFC 1123 § 4.1.2.9.
#[test]
fn a_unique_name() {
    transcript(
        r#"
        given: folder /pub
        given: logged in
        C: CWD pub
        S: 250 Folder changed.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOU wish
        S: 150 FILE: unique.1
        data: connects
        data: sends "x"
        data: closes
        S: 226 Transfer complete: unique.1
        C: MDTM unique.1
        S: 213 19700101000000
        "#,
    );
}

#[test]
fn the_rest_of_a_download() {
    transcript(
        r#"
        given: file /a "twelve bytes"
        given: logged in
        C: TYPE I
        S: 200 Done.
        # Clients set up the data connection after REST as often as before.
        C: REST 7
        S: 350 Restarting at 7.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection (5 bytes): /a
        data: connects
        data: receives "bytes"
        data: ends
        S: 226 Transfer complete.
        # It held for that one transfer.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection (12 bytes): /a
        data: connects
        data: receives "twelve bytes"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

#[test]
fn a_position_past_the_end() {
    for command in ["RETR", "STOR"] {
        transcript(&format!(
            r#"
            given: file /a "four"
            given: logged in
            C: TYPE I
            S: 200 Done.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: REST 5
            S: 350 Restarting at 5.
            C: {command} a
            S: 550 /a: the position is past the end.
            "#
        ));
    }
}

#[test]
fn a_position_at_the_end() {
    transcript(
        r#"
        given: file /a "four"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: REST 4
        S: 350 Restarting at 4.
        C: RETR a
        S: 150 Opening data connection (0 bytes): /a
        data: connects
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// An upload from a position writes in place; a break leaves what had arrived.
#[test]
fn the_rest_of_an_upload() {
    for (end, reply, size) in [
        ("closes", "226 Transfer complete.", 6),
        (
            "resets",
            "426 Transfer aborted: the data connection broke.",
            6,
        ),
    ] {
        transcript(&format!(
            r#"
            given: file /a "onex"
            given: logged in
            C: TYPE I
            S: 200 Done.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: REST 3
            S: 350 Restarting at 3.
            C: STOR a
            S: 150 Opening data connection: /a
            data: connects
            data: sends "two"
            data: {end}
            S: {reply}
            C: SIZE a
            S: 213 {size}
            "#
        ));
    }
}

/// A REST is forgotten once something else comes than a transfer and what prepares one.
#[test]
fn a_position_is_not_kept_for_later() {
    transcript(
        r#"
        given: file /a "four"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: REST 3
        S: 350 Restarting at 3.
        C: PWD
        S: 257 "/" is the current folder.
        C: RETR a
        S: 150 Opening data connection (4 bytes): /a
        data: connects
        data: receives "four"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// A position counts bytes of the file; under TYPE A it would count something else.
#[test]
fn a_position_does_not_hold_under_another_type() {
    transcript(
        r#"
        given: file /a "four"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: REST 3
        S: 350 Restarting at 3.
        C: TYPE A
        S: 200 Done.
        C: RETR a
        data: 50001 is closed
        S: 550 Restarting needs TYPE I and STRU F, or MODE B.
        "#,
    );
}

const LONG_UPLOAD: &str = r#"
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
    +10s
    data: closes
"#;

/// An upload that took its time is committed a moment after its end.
#[test]
fn an_end_that_is_doubted_for_a_moment() {
    transcript(&format!(
        r#"
        {LONG_UPLOAD}
        +1s
        S: 226 Transfer complete.
        C: SIZE a
        S: 213 4
        "#
    ));
}

/// A client that is killed closes its data connection as if the file had ended, and then its control connection.
#[test]
fn a_killed_client_leaves_the_old_file() {
    transcript(&format!(
        "{LONG_UPLOAD}\n control: closes\n data: is aborted\n closed: gracefully"
    ));
    transcript(&format!(
        r#"
        {LONG_UPLOAD}
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        C: SIZE a
        S: 213 6
        "#
    ));
}

/// After a QUIT the control connection's end says nothing about the transfer.
#[test]
fn a_quit_and_the_end_of_it_during_an_upload() {
    transcript(
        r#"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        C: QUIT
        control: closes
        data: sends "text"
        data: closes
        S: 226 Transfer complete.
        S: 221 Goodbye.
        closed: gracefully
        "#,
    );
}

/// A position does not outlive a refusal, whoever refuses.
#[test]
fn a_position_before_a_refused_upload() {
    transcript(
        r#"
        given: file /a "text"
        given: logged in as guest
        C: TYPE I
        S: 200 Done.
        C: REST 3
        S: 350 Restarting at 3.
        C: STOR b
        S: 550 Permission denied: this login may only read. Ask anna.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection (4 bytes): /a
        data: connects
        data: receives "text"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// RFC 959 § 4.2: "110 MARK yyyy = mmmm", with the client's marker and this side's.
#[test]
fn markers_in_an_upload() {
    transcript(
        r#"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "\x00\x00\x04half\x10\x00\x07block-1\x00\x00\x04half"
        S: 110 MARK block-1 = 4
        data: sends "\x10\x00\x07block-2"
        S: 110 MARK block-2 = 8
        data: resets
        S: 426 Transfer aborted: the data connection broke.
        # What the 110 told is what REST takes.
        C: REST 8
        S: 350 Restarting at 8.
        C: REST block-2
        S: 501 Argument missing or not understood.
        "#,
    );
}

/// From a position on, markers tell positions in the whole file; under any TYPE.
#[test]
fn an_upload_goes_on_behind_a_marker() {
    transcript(
        r#"
        given: file /a "one\ntw"
        given: logged in
        C: MODE B
        S: 200 Done.
        C: REST 4
        S: 350 Restarting at 4.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: sends "\x00\x00\x05two\r\n\x10\x00\x01x\x40\x00\x00"
        S: 110 MARK x = 8
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: MODE S
        data: is closed
        S: 200 Done.
        C: TYPE I
        S: 200 Done.
        C: SIZE a
        S: 213 8
        "#,
    );
}

/// The markers of a download are positions, which REST takes again.
#[test]
fn markers_in_a_download() {
    transcript(
        r#"
        given: markers every 4
        given: file /a "twelve bytes"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        data: receives "\x00\x00\x04twel\x10\x00\x014\x00\x00\x04ve b\x10\x00\x018"
        data: resets
        S: 426 Transfer aborted: the data connection broke.
        C: REST 8
        S: 350 Restarting at 8.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        data: receives "\x40\x00\x04ytes"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        "#,
    );
}

/// A client that sends marker after marker and reads no reply does not make the session grow: most are passed over.
#[test]
fn markers_for_nobody() {
    let marks = r"\x10\x00\x09123456789".repeat(2000);
    let told = "S: 110 MARK 123456789 = 0\n".repeat(16 * 1024 / 24 + 1);
    transcript(&format!(
        r#"
        given: logged in
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        control: stops reading
        data: sends "{marks}"
        control: reads again
        {told}
        data: resets
        S: 426 Transfer aborted: the data connection broke.
        "#
    ));
}

/// Data that makes no sense in its mode.
#[test]
fn blocks_that_are_none() {
    transcript(
        r#"
        given: file /a "before"
        given: logged in
        given: events
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        event: STOR /a begins
        S: 150 Opening data connection: /a
        data: connects
        data: sends "\x10\x00\x01\x01"
        event: STOR /a is not complete, 0 bytes: Reported(Data(Malformed))
        S: 426 Transfer aborted: the data is malformed.
        C: RETR a
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// ALLO promises nothing, and nothing is made of it.
#[test]
fn an_allo_that_lies() {
    for size in ["0", "18446744073709551615"] {
        transcript(&format!(
            r#"
            given: logged in
            C: TYPE I
            S: 200 Done.
            C: ALLO {size}
            S: 202 No allocation is needed.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: STOR a
            S: 150 Opening data connection: /a
            data: connects
            data: sends "text"
            data: closes
            S: 226 Transfer complete.
            C: SIZE a
            S: 213 4
            "#
        ));
    }
}
