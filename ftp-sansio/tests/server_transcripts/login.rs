//! Who is there: USER, PASS, ACCT, REIN, QUIT, and too many sessions.

use crate::transcript;

#[test]
fn a_user_logs_in_and_leaves() {
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        event: anna is in
        S: 230 Logged in.
        C: ACCT books
        S: 202 No account is needed.
        C: QUIT
        S: 221 Goodbye.
        event: the session ends: Quit
        closed: gracefully
        "#,
    );
}

/// Who exists is told neither by words nor by time: an unknown user gets the same replies, the 530 after the same while.
#[test]
fn an_unknown_user_is_refused_like_a_wrong_password() {
    for user in ["anna", "nobody"] {
        transcript(&format!(
            r#"
            S: 220 FTP server ready.
            C: USER {user}
            S: 331 Password, please.
            C: PASS wrong
            +999ms
            +1ms
            S: 530 Login incorrect.
            C: PWD
            S: 530 Log in with USER and PASS first.
            "#
        ));
    }
}

#[test]
fn three_wrong_passwords_end_the_session() {
    transcript(
        r#"
        given: attempts 3
        given: events
        event: connected
        S: 220 FTP server ready.
        C: USER anna
        S: 331 Password, please.
        C: PASS one
        event: anna is not let in
        +1s
        S: 530 Login incorrect.
        C: USER anna
        S: 331 Password, please.
        C: PASS two
        event: anna is not let in
        +1s
        S: 530 Login incorrect.
        C: USER anna
        S: 331 Password, please.
        C: PASS three
        event: anna is not let in
        +1s
        S: 421 Too many failed logins.
        event: the session ends: NotLoggedIn
        closed: gracefully
        "#,
    );
}

#[test]
fn a_password_without_a_user_is_out_of_order() {
    transcript(
        r#"
        S: 220 FTP server ready.
        C: PASS hush
        S: 503 USER first.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        S: 230 Logged in.
        # The user was used up.
        C: PASS hush
        S: 503 USER first.
        C: PWD
        S: 257 "/" is the current folder.
        "#,
    );
}

/// A guess is not made faster by sending the next one while the 530 of the first is still held back.
#[test]
fn pipelined_guesses_wait_for_each_other() {
    transcript(
        r#"
        S: 220 FTP server ready.
        C: USER anna
        C: PASS one
        C: USER anna
        C: PASS two
        S: 331 Password, please.
        +1s
        S: 530 Login incorrect.
        S: 331 Password, please.
        +1s
        S: 530 Login incorrect.
        "#,
    );
}

#[test]
fn what_needs_no_login() {
    transcript(
        r#"
        given: plain store
        S: 220 FTP server ready.
        C: NOOP
        S: 200 Done.
        C: SYST
        S: 215 UNIX Type: L8
        C: OPTS UTF8 ON
        S: 200 Names are UTF-8, byte for byte.
        C: HELP RETR
        S: 214 Syntax: RETR <path>
        C: FEAT
        S: 211-Features:
        S:  CLNT
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
        S:  RANG STREAM
        S:  REST STREAM
        S:  SITE IDLE
        S:  SITE MKDIR
        S:  SITE RMDIR
        S:  SIZE
        S:  TVFS
        S:  UTF8
        S: 211 End
        "#,
    );
}

#[test]
fn nothing_else_is_done_without_a_login() {
    let commands = "CWD /|CDUP|PWD|XPWD|MKD a|RMD a|DELE a|RNFR a|RNTO a|SIZE a|MDTM a|MLST|MLSD|LIST|NLST|STAT|STAT a|LPRT 4,4,192,0,2,7,2,100,0|LPSV|CPSV|SSCN|PRET RETR a|RETR a|STOR a|\
        APPE a|STOU|REST 0|TYPE I|MODE S|STRU F|ALLO 5|PASV|EPSV|EPSV ALL|PORT 192,0,2,7,100,0|EPRT !1!192.0.2.7!25600!|ABOR|SITE x|SMNT x";
    for command in commands.split('|') {
        transcript(&format!(
            "S: 220 FTP server ready.\n C: {command}\n S: 530 Log in with USER and PASS first.\n C: QUIT\n S: 221 Goodbye.\n closed: gracefully"
        ));
    }
}

/// A new USER, and REIN, start everything afresh: the folder, the type, REST, RNFR, the data connection.
#[test]
fn a_new_login_starts_afresh() {
    for (command, reply) in [
        ("USER guest", "331 Password, please."),
        ("REIN", "220 Ready for a new user."),
    ] {
        transcript(&format!(
            r#"
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
            C: {command}
            data: 50001 is closed
            S: {reply}
            C: PWD
            S: 530 Log in with USER and PASS first.
            C: USER guest
            S: 331 Password, please.
            C: PASS hush
            S: 230 Logged in.
            C: PWD
            S: 257 "/" is the current folder.
            C: SIZE pub/a
            S: 550 SIZE needs TYPE I.
            C: RNTO b
            S: 550 Permission denied: this login may only read. Ask anna.
            C: RETR pub/a
            S: 425 PASV, EPSV, PORT or EPRT first.
            C: PASV
            S: 227 Entering passive mode (192,0,2,1,195,82).
            "#
        ));
    }
}

/// It is told when somebody is in no more, so that nothing later is put down to them.
#[test]
fn the_end_of_a_login_is_told() {
    transcript(
        r#"
        given: events
        given: logged in
        C: REIN
        event: nobody is in any more
        S: 220 Ready for a new user.
        C: REIN
        S: 220 Ready for a new user.
        C: USER guest
        S: 331 Password, please.
        C: PASS hush
        event: guest is in
        S: 230 Logged in.
        C: USER anna
        event: nobody is in any more
        S: 331 Password, please.
        C: QUIT
        event: the session ends: Quit
        S: 221 Goodbye.
        closed: gracefully
        "#,
    );
}

#[test]
fn a_login_that_may_only_read() {
    let commands = "STOR a|STOU|APPE a|DELE a|MKD a|RMD a|RNFR a|RNTO a";
    for command in commands.split('|') {
        transcript(&format!(
            "given: logged in as guest\n C: {command}\n S: 550 Permission denied: this login may only read. Ask anna."
        ));
    }
}

/// The port that was opened for a refused upload is not left open.
#[test]
fn a_refused_upload_frees_its_port() {
    transcript(
        r#"
        given: logged in as guest
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: STOR a
        data: 50001 is closed
        S: 550 Permission denied: this login may only read. Ask anna.
        "#,
    );
}

#[test]
fn too_many_sessions() {
    transcript(
        r#"
        given: too many sessions
        given: events
        S: 421 Too many sessions, try again later.
        event: the session ends: TurnedAway
        closed: gracefully
        # It answers nothing any more.
        C: USER anna
        "#,
    );
}

#[test]
fn the_server_stops() {
    transcript(
        r#"
        given: logged in
        server: stops
        S: 421 The server is stopping.
        closed: gracefully
        C: NOOP
        "#,
    );
}

#[test]
fn the_client_goes_away() {
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        control: closes
        event: the session ends: Disconnected
        closed: gracefully
        "#,
    );
    transcript(
        r#"
        given: events
        event: connected
        S: 220 FTP server ready.
        control: breaks
        event: the session ends: Disconnected
        closed: abruptly
        "#,
    );
}

/// As `nc` does with a script on its standard input: everything at once, and then a FIN. What was asked for is carried out.
#[test]
fn the_client_has_said_all_it_will_say() {
    transcript(
        r#"
        given: slow answers
        S: 220 FTP server ready.
        C: USER anna
        C: PASS hush
        C: PWD
        S: 331 Password, please.
        driver: has a question
        control: closes
        driver: answers
        S: 230 Logged in.
        S: 257 "/" is the current folder.
        closed: gracefully
        "#,
    );
}
