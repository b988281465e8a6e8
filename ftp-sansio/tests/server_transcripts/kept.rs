//! Data connections that stay open from transfer to transfer (RFC 959 § 3.3).

use crate::transcript;

/// One that a download has left open, as block after block in MODE B.
const KEPT: &str = r#"
    given: file /a "text"
    given: file /b "more"
    given: folder /pub
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
    data: receives "\x40\x00\x04text"
    data: ends
    data: stays open
    S: 250 Transfer complete, the data connection stays open.
"#;

fn kept(rest: &str) {
    transcript(&format!("{KEPT}\n{rest}"));
}

/// A client that sends its commands ahead is served one file after another.
#[test]
fn many_files_over_one_data_connection() {
    kept(
        r#"
        C-part: RETR b\r\nNLST\r\nRETR nothing\r\nRETR a\r\nPWD\r\n
        S: 125 Data connection is open: /b
        data: receives "\x40\x00\x04more"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        S: 125 Data connection is open: /
        data: receives "\x40\x00\x0ba\r\nb\r\npub\r\n"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        # What is refused leaves it as it is.
        S: 550 /nothing: no such file or folder.
        S: 125 Data connection is open: /a
        data: receives "\x40\x00\x04text"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        S: 257 "/" is the current folder.
        C: QUIT
        S: 221 Goodbye.
        data: is closed
        closed: gracefully
        "#,
    );
}

#[test]
fn a_download_and_then_an_upload() {
    kept(
        r#"
        C: STOR c
        S: 125 Data connection is open: /c
        data: sends "\x40\x00\x04text"
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: SIZE c
        S: 213 4
        C: STOU
        S: 125 FILE: unique.1
        data: sends "\x40\x00\x01x"
        data: stays open
        S: 250 Transfer complete, the data connection stays open: unique.1
        "#,
    );
}

/// A client that sends its uploads without waiting: what comes behind the end of one is the beginning of the next.
#[test]
fn uploads_one_behind_the_other() {
    kept(
        r#"
        C-part: STOR c\r\nSTOR d\r\n
        S: 125 Data connection is open: /c
        data: sends "\x40\x00\x03one\x00\x00"
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        S: 125 Data connection is open: /d
        data: sends "\x03two\x40\x00\x00"
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: SIZE c
        S: 213 3
        C: SIZE d
        S: 213 3
        "#,
    );
}

/// An upload of some length is doubted for a moment here too.
#[test]
fn a_killed_client_leaves_the_old_file() {
    kept(
        r#"
        C: STOR a
        S: 125 Data connection is open: /a
        data: sends "\x00\x00\x03new"
        +10s
        data: sends "\x40\x00\x00"
        control: closes
        data: is aborted
        closed: gracefully
        "#,
    );
}

/// RFC 959 § 3.2: what closes it. Afterwards there is none.
#[test]
fn what_closes_it() {
    for (command, reply) in [
        ("ABOR", "S: 226 No transfer to abort."),
        ("EPSV", "S: 229 Entering extended passive mode (|||50002|)"),
        ("PASV", "S: 227 Entering passive mode (192,0,2,1,195,82)."),
        (
            "LPSV",
            "S: 228 Entering long passive mode (4,4,192,0,2,1,2,195,82).",
        ),
        ("PORT 192,0,2,7,7,208", "S: 200 Data will go there."),
        ("EPRT |1|192.0.2.7|2000|", "S: 200 Data will go there."),
        ("LPRT 4,4,192,0,2,7,2,7,208", "S: 200 Data will go there."),
        ("MODE S", "S: 200 Done."),
        ("USER anna", "S: 331 Password, please."),
        ("REIN", "S: 220 Ready for a new user."),
        ("QUIT", "S: 221 Goodbye.\n closed: gracefully"),
    ] {
        kept(&format!("C: {command}\n data: is closed\n {reply}"));
    }
    kept("control: closes\n data: is closed\n closed: gracefully");
    kept("control: breaks\n data: is closed\n closed: abruptly");
    kept(
        "+300s\n S: 421 Timeout: nothing came for too long.\n data: is closed\n closed: gracefully",
    );
    kept(
        r#"
        C: ABOR
        data: is closed
        S: 226 No transfer to abort.
        C: RETR b
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// What does not close it.
#[test]
fn what_leaves_it_open() {
    for (command, reply) in [
        ("NOOP", "200 Done."),
        ("TYPE A", "200 Done."),
        ("MODE B", "200 Done."),
        ("CWD pub", "250 Folder changed."),
        (
            "PORT 203,0,113,5,7,208",
            "504 Only your own address, and a port from 1024 on.",
        ),
        ("EPSV 2", "522 Network protocol not supported, use (1)"),
        ("EPSV ALL", "200 EPSV only from now on."),
        ("DELE nothing", "550 /nothing: no such file or folder."),
        ("nonsense", "502 Command not implemented."),
    ] {
        kept(&format!(
            r#"
            C: {command}
            S: {reply}
            C: RETR /b
            S: 125 Data connection is open: /b
            data: receives "\x40\x00\x04more"
            data: ends
            data: stays open
            S: 250 Transfer complete, the data connection stays open.
            "#,
        ));
    }
}

/// A client may have sent an upload's data already: where it is refused, what is on its way belongs to nothing.
#[test]
fn a_refused_upload_closes_it() {
    kept(
        r#"
        C: STOR pub
        data: is closed
        S: 550 /pub: is a folder.
        C: RETR b
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

#[test]
fn a_transfer_that_is_aborted_does_not_keep_it() {
    kept(
        r#"
        C: RETR b
        S: 125 Data connection is open: /b
        data: receives "\x40\x00\x04mo"
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        C: RETR b
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

#[test]
fn a_transfer_that_breaks_off_does_not_keep_it() {
    kept(
        r#"
        C: STOR a
        S: 125 Data connection is open: /a
        data: resets
        S: 426 Transfer aborted: the data connection broke.
        C: RETR a
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// The time for the next byte runs from the 125 on.
#[test]
fn nothing_moves_on_it() {
    kept(
        r#"
        C: STOR a
        S: 125 Data connection is open: /a
        +119s
        +1s
        data: is aborted
        S: 426 Transfer aborted: nothing moved for too long.
        "#,
    );
}

#[test]
fn the_client_closes_it() {
    kept(
        r#"
        data: closes
        C: RETR b
        S: 425 PASV, EPSV, PORT or EPRT first.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        "#,
    );
}

/// One by PORT is kept as well.
#[test]
fn a_connection_that_the_server_made() {
    transcript(
        r#"
        given: file /a "text"
        given: logged in
        C: MODE B
        S: 200 Done.
        C: PORT 192,0,2,7,7,208
        S: 200 Data will go there.
        C: NLST
        S: 150 Opening data connection: /
        data: calls 192.0.2.7:2000
        data: accepts
        data: receives "\x40\x00\x03a\r\n"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: NLST
        S: 125 Data connection is open: /
        data: receives "\x40\x00\x03a\r\n"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        "#,
    );
}

/// Under TLS one handshake serves them all; after a PROT the connection is not what it should be any more.
#[test]
fn a_protected_connection() {
    transcript(
        r#"
        given: tls allowed
        given: file /a "text"
        given: secured
        given: private data
        given: logged in
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST
        S: 150 Opening data connection: /
        data: connects
        data: awaits tls
        data: secured
        data: receives "\x40\x00\x03a\r\n"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: NLST
        S: 125 Data connection is open: /
        data: receives "\x40\x00\x03a\r\n"
        data: ends
        data: stays open
        S: 250 Transfer complete, the data connection stays open.
        C: PROT C
        S: 200 Data travels in clear text.
        C: NLST
        data: is closed
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// For a driver that cannot keep one.
#[test]
fn data_connections_that_are_never_kept() {
    transcript(
        r#"
        given: data never kept
        given: file /a "text"
        given: logged in
        C: MODE B
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST
        S: 150 Opening data connection: /
        data: connects
        data: receives "\x40\x00\x03a\r\n"
        data: ends
        S: 226 Transfer complete.
        C: NLST
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}
