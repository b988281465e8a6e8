//! TLS on the control connection: AUTH, CCC, REIN, implicit TLS (RFC 4217).

use crate::transcript;

/// RFC 4217 § 12.1.
#[test]
fn a_protected_session() {
    transcript(
        r#"
        given: tls allowed
        given: logins
        S: 220 FTP server ready.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up
        C: PBSZ 0
        S: 200 PBSZ=0
        C: PROT P
        S: 200 Data travels under TLS.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of -, protected: true
        S: 230 Logged in.
        C: STAT
        S: 211-Status:
        S:  Connected to 192.0.2.7
        S:  Folder: /
        S:  TYPE: ASCII
        S:  This login may read and write
        S:  Commands and data travel under TLS
        S: 211 End
        "#,
    );
}

#[test]
fn the_names_of_tls() {
    for (name, private) in [
        ("TLS", false),
        ("tls-c", false),
        ("SSL", true),
        ("TLS-P", true),
    ] {
        let protection = if private {
            "150 Opening data connection: /\n data: connects\n data: awaits tls\n data: secured\n data: ends\n S: 226 Transfer complete."
        } else {
            "150 Opening data connection: /\n data: connects\n data: ends\n S: 226 Transfer complete."
        };
        transcript(&format!(
            r#"
            given: tls allowed
            S: 220 FTP server ready.
            C: AUTH {name}
            S: 234 Begin TLS.
            tls: starts
            tls: up
            C: USER anna
            S: 331 Password, please.
            C: PASS hush
            S: 230 Logged in.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: LIST
            S: {protection}
            "#
        ));
    }
}

#[test]
fn no_tls_at_all() {
    for command in [
        "AUTH TLS",
        "PBSZ 0",
        "PROT P",
        "CCC",
        "ADAT eA==",
        "MIC eA==",
        "CONF eA==",
        "ENC eA==",
    ] {
        transcript(&format!(
            "S: 220 FTP server ready.\n C: {command}\n S: 502 Command not implemented."
        ));
    }
}

#[test]
fn what_comes_before_tls() {
    transcript(
        r#"
        given: tls allowed
        given: ccc
        S: 220 FTP server ready.
        C: AUTH GSSAPI
        S: 504 No such mechanism; TLS is one.
        C: AUTH
        S: 501 Argument missing or not understood.
        C: PBSZ 0
        S: 503 AUTH TLS first.
        C: PROT P
        S: 503 AUTH TLS first.
        C: CCC
        S: 533 Commands travel in clear text already.
        C: ADAT eA==
        S: 503 AUTH TLS first.
        C: MIC eA==
        S: 503 AUTH TLS first.
        C: CONF eA==
        S: 503 AUTH TLS first.
        C: ENC eA==
        S: 503 AUTH TLS first.
        "#,
    );
}

#[test]
fn what_is_refused_under_tls() {
    transcript(
        r#"
        given: tls allowed
        given: secured
        C: AUTH TLS
        S: 503 TLS is up already.
        C: AUTH GSSAPI
        S: 503 TLS is up already.
        C: CCC
        S: 534 Commands are protected here to the end.
        C: ADAT eA==
        S: 503 TLS asks for no more data.
        C: MIC eA==
        S: 537 TLS protects commands as they are.
        C: CONF eA==
        S: 537 TLS protects commands as they are.
        C: ENC eA==
        S: 537 TLS protects commands as they are.
        "#,
    );
}

/// What was said before counts no more (RFC 4217 § 4.2): login, folder, TYPE, REST, RNFR, EPSV ALL and the data connection.
#[test]
fn auth_after_login_starts_the_login_afresh() {
    transcript(
        r#"
        given: tls allowed
        given: folder /pub
        given: file /pub/a "text"
        given: logged in
        C: CWD pub
        S: 250 Folder changed.
        C: TYPE I
        S: 200 Done.
        C: EPSV ALL
        S: 200 EPSV only from now on.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RNFR a
        S: 350 And what shall it be called? RNTO, please.
        C: AUTH TLS
        data: 50001 is closed
        S: 234 Begin TLS.
        tls: starts
        tls: up
        C: PWD
        S: 530 Log in with USER and PASS first.
        C: PASS hush
        S: 503 USER first.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        S: 230 Logged in.
        C: PWD
        S: 257 "/" is the current folder.
        C: RNTO b
        S: 503 RNFR first.
        C: SIZE pub/a
        S: 550 SIZE needs TYPE I.
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,82).
        "#,
    );
}

/// A USER in clear text is worth nothing to a PASS under TLS.
#[test]
fn a_user_before_auth_is_forgotten() {
    transcript(
        r#"
        given: tls allowed
        S: 220 FTP server ready.
        C: USER anna
        S: 331 Password, please.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up
        C: PASS hush
        S: 503 USER first.
        "#,
    );
}

#[test]
fn tls_is_required() {
    transcript(
        r#"
        given: tls required
        S: 220 FTP server ready.
        C: USER anna
        S: 530 TLS is required here: AUTH TLS first.
        C: PASS hush
        S: 530 TLS is required here: AUTH TLS first.
        C: ACCT books
        S: 530 TLS is required here: AUTH TLS first.
        C: LIST
        S: 530 TLS is required here: AUTH TLS first.
        C: NOOP
        S: 200 Done.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up
        C: LIST
        S: 530 Log in with USER and PASS first.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        S: 230 Logged in.
        "#,
    );
}

/// AUTH waits its turn like any other command, and nothing behind it is read meanwhile.
#[test]
fn auth_behind_other_commands() {
    transcript(
        r#"
        given: tls allowed
        given: folder /pub
        given: slow answers
        given: logged in
        C: CWD pub
        driver: has a question
        C-part: PWD\r\nAUTH TLS\r\n\x16\x03\x01
        driver: answers
        S: 250 Folder changed.
        S: 257 "/pub" is the current folder.
        S: 234 Begin TLS.
        tls: starts
        tls: gets "\x16\x03\x01"
        tls: up
        C: NOOP
        S: 200 Done.
        "#,
    );
}

/// During a transfer it waits for its end.
#[test]
fn auth_during_a_transfer() {
    transcript(
        r#"
        given: tls allowed
        given: file /a "text"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        C: AUTH TLS
        data: receives "text"
        data: ends
        S: 226 Transfer complete.
        S: 234 Begin TLS.
        tls: starts
        tls: up
        "#,
    );
}

/// One for which there was no room is refused like any other command, and changes nothing.
#[test]
fn auth_behind_too_many_commands() {
    let many = "C: NOOP\n".repeat(64);
    let done = "S: 200 Done.\n".repeat(64);
    transcript(&format!(
        r#"
        given: tls allowed
        given: file /a "text"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        {many}
        C: AUTH TLS
        C: ABOR
        data: is aborted
        S: 426 Transfer aborted.
        S: 226 Abort done.
        {done}
        S: 450 Too many commands were waiting; this one was not carried out.
        C: NOOP
        S: 200 Done.
        "#
    ));
}

/// TLS begins when the 234 is on the wire, and not before.
#[test]
fn tls_begins_behind_the_234() {
    transcript(
        r#"
        given: tls allowed
        S: 220 FTP server ready.
        control: stops reading
        C: AUTH TLS
        +29s
        control: reads again
        S: 234 Begin TLS.
        tls: starts
        tls: up
        "#,
    );
}

#[test]
fn a_handshake_fails() {
    transcript(
        r#"
        given: tls allowed
        given: events
        event: connected
        S: 220 FTP server ready.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: fails
        event: the session ends: TlsFailed
        closed: gracefully
        C: USER anna
        "#,
    );
}

/// Later too a record that was tampered with is the end.
#[test]
fn a_record_is_not_what_was_sent() {
    transcript(
        r#"
        given: tls allowed
        given: secured
        given: events
        tls: fails
        event: the session ends: TlsFailed
        closed: gracefully
        "#,
    );
}

/// Every state has a deadline: the handshake, and the flush of the 234 before it.
#[test]
fn a_handshake_that_never_ends() {
    for reads in ["S: 234 Begin TLS.\n tls: starts", ""] {
        let stops = if reads.is_empty() {
            "control: stops reading"
        } else {
            ""
        };
        transcript(&format!(
            r#"
            given: tls allowed
            given: events
            event: connected
            S: 220 FTP server ready.
            {stops}
            C: AUTH TLS
            {reads}
            +29s
            +1s
            event: the session ends: TlsFailed
            closed: abruptly
            "#
        ));
    }
}

/// Nothing can be said during a handshake: what would end in a 421 ends without it, a stop too, which waits for no silent peer.
#[test]
fn what_happens_during_a_handshake() {
    const BEGUN: &str = r#"
        given: tls allowed
        given: events
        event: connected
        S: 220 FTP server ready.
        +45s
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
    "#;
    transcript(&format!(
        "{BEGUN}\n +15s\n event: the session ends: NotLoggedIn\n closed: abruptly"
    ));
    transcript(&format!(
        r#"
        {BEGUN}
        server: stops
        event: the session ends: Shutdown
        closed: abruptly
        "#
    ));
    transcript(
        r#"
        given: implicit tls
        given: events
        tls: starts
        server: stops
        event: the session ends: Shutdown
        closed: abruptly
        "#,
    );
    transcript(&format!(
        "{BEGUN}\n control: closes\n event: the session ends: Disconnected\n closed: gracefully"
    ));
    transcript(&format!(
        "{BEGUN}\n control: breaks\n event: the session ends: Disconnected\n closed: abruptly"
    ));
}

/// The time for the login does not begin again with the handshake.
#[test]
fn no_login_in_time_under_tls() {
    transcript(
        r#"
        given: tls allowed
        S: 220 FTP server ready.
        +31s
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        +20s
        tls: up
        +9s
        S: 421 No login in time.
        closed: gracefully
        "#,
    );
}

/// RFC 4217 § 5 and § 12.3: commands in clear text again, data as before, and nothing of it can be changed.
#[test]
fn clearing_the_control_connection() {
    transcript(
        r#"
        given: tls required
        given: ccc
        given: secured
        given: private data
        given: logged in
        given: events
        C: CCC
        S: 200 In clear text from here on.
        tls: stops
        tls: down
        event: in clear text
        C: PWD
        S: 257 "/" is the current folder.
        C: PBSZ 0
        S: 503 Not after CCC.
        C: PROT C
        S: 503 Not after CCC.
        C: AUTH TLS
        S: 503 Not after CCC.
        C: CCC
        S: 533 Commands travel in clear text already.
        C: MIC eA==
        S: 533 Commands travel in clear text since CCC.
        C: ADAT eA==
        S: 503 TLS asks for no more data.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: LIST
        event: LIST / begins
        S: 150 Opening data connection: /
        data: connects
        data: awaits tls
        data: secured
        data: ends
        event: LIST / is complete, 0 bytes
        S: 226 Transfer complete.
        # No password may come in clear text where TLS is required.
        C: USER anna
        S: 530 TLS is required here: AUTH TLS first.
        C: STAT
        S: 211-Status:
        S:  Connected to 192.0.2.7
        S:  Folder: /
        S:  TYPE: ASCII
        S:  This login may read and write
        S:  Commands travel in clear text, data under TLS
        S: 211 End
        "#,
    );
}

/// Commands that came under TLS behind a CCC are carried out behind it.
#[test]
fn what_follows_a_ccc() {
    transcript(
        r#"
        given: tls allowed
        given: ccc
        given: secured
        given: logged in
        C-part: CCC\r\nPWD\r\nCW
        S: 200 In clear text from here on.
        tls: stops
        tls: down
        S: 257 "/" is the current folder.
        C: D /
        S: 250 Folder changed.
        "#,
    );
}

#[test]
fn tls_does_not_end_in_order() {
    for (end, how) in [("tls: fails", "gracefully"), ("+30s", "abruptly")] {
        transcript(&format!(
            r#"
            given: tls allowed
            given: ccc
            given: secured
            given: logged in
            given: events
            C: CCC
            S: 200 In clear text from here on.
            tls: stops
            {end}
            event: the session ends: TlsFailed
            closed: {how}
            "#
        ));
    }
}

/// RFC 4217 § 13: the 220 under TLS, and then all is as on a new connection, AUTH among it.
#[test]
fn rein_under_tls() {
    transcript(
        r#"
        given: tls allowed
        given: secured
        given: private data
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: REIN
        data: 50001 is closed
        S: 220 Ready for a new user.
        tls: stops
        tls: down
        C: PWD
        S: 530 Log in with USER and PASS first.
        C: PROT P
        S: 503 AUTH TLS first.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up
        C: PROT P
        S: 503 PBSZ 0 first.
        "#,
    );
}

#[test]
fn rein_after_ccc() {
    transcript(
        r#"
        given: tls allowed
        given: ccc
        given: secured
        given: private data
        given: logged in
        C: CCC
        S: 200 In clear text from here on.
        tls: stops
        tls: down
        C: REIN
        S: 220 Ready for a new user.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up
        "#,
    );
}

/// TLS first, then the greeting; data is protected without being asked for.
#[test]
fn implicit_tls() {
    transcript(
        r#"
        given: implicit tls
        given: events
        tls: starts
        tls: up
        event: under TLS
        event: connected
        S: 220 FTP server ready.
        C: AUTH TLS
        S: 503 TLS is up already.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        event: anna is in
        S: 230 Logged in.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: LIST
        event: LIST / begins
        S: 150 Opening data connection: /
        data: connects
        data: awaits tls
        data: secured
        data: ends
        event: LIST / is complete, 0 bytes
        S: 226 Transfer complete.
        C: PBSZ 0
        S: 200 PBSZ=0
        C: PROT C
        S: 200 Data travels in clear text.
        C: REIN
        S: 502 Not under implicit TLS: connect anew.
        C: QUIT
        S: 221 Goodbye.
        event: the session ends: Quit
        closed: gracefully
        "#,
    );
}

/// A client that waits for a greeting in clear text gets none, and is not waited for.
#[test]
fn nobody_begins_implicit_tls() {
    transcript(
        r#"
        given: implicit tls
        given: events
        tls: starts
        C: USER anna
        tls: gets "USER anna\r\n"
        +30s
        event: the session ends: TlsFailed
        closed: abruptly
        "#,
    );
}

/// A browser that was tricked into speaking to this port (ALPACA): what matters is the first line under TLS.
#[test]
fn http_under_tls_is_sent_away() {
    transcript(
        r#"
        given: implicit tls
        tls: starts
        tls: up
        S: 220 FTP server ready.
        C: POST / HTTP/1.1
        closed: gracefully
        C: USER anna
        "#,
    );
}

#[test]
fn features_of_tls() {
    for (given, tls, ccc, cpsv, sscn) in [
        ("tls allowed", true, "", "", ""),
        ("tls required", true, "", "", ""),
        ("implicit tls\n given: secured", false, "", "", ""),
        (
            "tls allowed\n given: ccc\n given: fxp",
            true,
            "S:  CCC",
            "S:  CPSV",
            "S:  SSCN",
        ),
    ] {
        let auth = if tls { "S:  AUTH TLS" } else { "" };
        let greeting = if tls { "S: 220 FTP server ready." } else { "" };
        transcript(&format!(
            r#"
            given: plain store
            given: {given}
            {greeting}
            C: FEAT
            S: 211-Features:
            {auth}
            {ccc}
            S:  CLNT
            {cpsv}
            S:  CSID
            S:  EPRT
            S:  EPSV
            S:  HOST
            S:  LANG EN*
            S:  LPRT
            S:  LPSV
            S:  MDTM
            S:  MLST type*;size*;modify*;create*;perm*;unique*;UNIX.mode*;UNIX.owner*;UNIX.ownername*;UNIX.group*;UNIX.groupname*;
            S:  MODE Z
            S:  PBSZ
            S:  PROT
            S:  RANG STREAM
            S:  REST STREAM
            S:  SITE IDLE
            S:  SITE MKDIR
            S:  SITE RMDIR
            S:  SIZE
            {sscn}
            S:  TVFS
            S:  UTF8
            S: 211 End
            "#
        ));
    }
}
