//! PORT and EPRT: where the server connects to, and where it never does.

use crate::transcript;

#[test]
fn the_server_calls() {
    for command in [
        "PORT 192,0,2,7,7,208",
        "EPRT |1|192.0.2.7|2000|",
        "LPRT 4,4,192,0,2,7,2,7,208",
    ] {
        transcript(&format!(
            r#"
            given: file /a "x"
            given: logged in
            C: {command}
            S: 200 Data will go there.
            C: RETR a
            S: 150 Opening data connection: /a
            data: calls 192.0.2.7:2000
            data: accepts
            data: receives "x"
            data: ends
            S: 226 Transfer complete.
            C: RETR a
            S: 425 PASV, EPSV, PORT or EPRT first.
            "#
        ));
    }
}

#[test]
fn over_ipv6() {
    transcript(
        r#"
        given: ipv6
        given: logged in
        C: EPRT |2|2001:db8::7|2000|
        S: 200 Data will go there.
        C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,7,2,7,208
        S: 200 Data will go there.
        C: EPRT |2|2001:db8::8|2000|
        S: 504 Only your own address, and a port from 1024 on.
        C: PORT 192,0,2,7,7,208
        S: 504 Only your own address, and a port from 1024 on.
        C: LIST
        S: 150 Opening data connection: /
        data: calls [2001:db8::7]:2000
        data: accepts
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// The bounce attack (RFC 2577 § 3, CVE-1999-0017): neither a third party nor a service's port, and nothing is learned from
/// the refusals, which are alike.
#[test]
fn bouncing_is_refused() {
    transcript(
        r#"
        given: logged in
        C: PORT 203,0,113,5,7,208
        S: 504 Only your own address, and a port from 1024 on.
        C: PORT 192,0,2,7,0,25
        S: 504 Only your own address, and a port from 1024 on.
        C: EPRT |1|203.0.113.5|2000|
        S: 504 Only your own address, and a port from 1024 on.
        C: EPRT |1|192.0.2.7|1023|
        S: 504 Only your own address, and a port from 1024 on.
        C: EPRT |2|::ffff:203.0.113.5|2000|
        S: 504 Only your own address, and a port from 1024 on.
        C: LPRT 4,4,203,0,113,5,2,7,208
        S: 504 Only your own address, and a port from 1024 on.
        C: LPRT 4,4,192,0,2,7,2,3,255
        S: 504 Only your own address, and a port from 1024 on.
        C: PORT 127,0,0,1,7,208
        S: 504 Only your own address, and a port from 1024 on.
        C: LIST
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

#[test]
fn what_cannot_be_read() {
    transcript(
        r#"
        given: logged in
        C: PORT 192,0,2,7,7
        S: 501 Argument missing or not understood.
        C: PORT 192,0,2,7,7,256
        S: 501 Argument missing or not understood.
        C: EPRT |3|x|2000|
        S: 522 Network protocol not supported, use (1,2)
        C: EPRT |1|192.0.2.7|
        S: 501 Argument missing or not understood.
        C: LPRT 5,3,1,2,3,1,9
        S: 521 Supported address families are (4,6)
        C: LPRT 4,3,192,0,2,2,7,208
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn active_mode_is_off() {
    transcript(
        r#"
        given: active off
        given: plain store
        given: logged in
        C: PORT 192,0,2,7,7,208
        S: 502 Active mode is off; use EPSV or PASV.
        C: EPRT |1|192.0.2.7|2000|
        S: 502 Active mode is off; use EPSV or PASV.
        C: LPRT 4,4,192,0,2,7,2,7,208
        S: 502 Active mode is off; use EPSV or PASV.
        C: HELP PORT
        S: 502 No such command.
        C: FEAT
        S: 211-Features:
        S:  CLNT
        S:  CSID
        S:  EPSV
        S:  HOST
        S:  LANG EN*
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
fn nobody_answers() {
    transcript(
        r#"
        given: logged in
        C: PORT 192,0,2,7,7,208
        S: 200 Data will go there.
        C: LIST
        S: 150 Opening data connection: /
        data: calls 192.0.2.7:2000
        data: refuses
        S: 425 No data connection.
        "#,
    );
}

#[test]
fn the_newest_of_port_and_pasv_counts() {
    transcript(
        r#"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: PORT 192,0,2,7,7,208
        data: 50001 is closed
        S: 200 Data will go there.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: LIST
        S: 150 Opening data connection: /
        data: connects
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}
