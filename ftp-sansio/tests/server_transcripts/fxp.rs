//! Transfers between two servers: PORT to a third party, a third party at a passive port, CPSV and SSCN, PRET.

use crate::transcript;

#[test]
fn a_third_party_is_called() {
    transcript(
        r#"
        given: fxp
        given: file /a "x"
        given: logged in
        C: PORT 203,0,113,5,7,208
        S: 200 Data will go there.
        C: EPRT |1|203.0.113.5|2001|
        S: 200 Data will go there.
        C: LPRT 4,4,203,0,113,5,2,7,210
        S: 200 Data will go there.
        C: RETR a
        S: 150 Opening data connection: /a
        data: calls 203.0.113.5:2002
        data: accepts
        data: receives "x"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// Not to a service's port, and not to this machine's own services.
#[test]
fn who_is_never_called() {
    for (address, port) in [
        ("203,0,113,5", "0,25"),
        ("203,0,113,5", "3,255"),
        ("127,0,0,1", "7,208"),
        ("0,0,0,0", "7,208"),
        ("224,0,0,1", "7,208"),
    ] {
        transcript(&format!(
            r#"
            given: fxp
            given: logged in
            C: PORT {address},{port}
            S: 504 No such address, or a port below 1024.
            C: LIST
            S: 425 PASV, EPSV, PORT or EPRT first.
            "#
        ));
    }
}

/// This machine is none, by whichever of its addresses and notations it is named; but a client that is on this machine may be called there.
#[test]
fn this_machine_is_no_third_party() {
    for command in [
        "PORT 192,0,2,1,7,208",
        "EPRT |2|::ffff:192.0.2.1|2000|",
        "PORT 198,51,100,4,7,208",
        "LPRT 4,4,198,51,100,4,2,7,208",
    ] {
        transcript(&format!(
            r#"
            given: fxp
            given: public ip 198.51.100.4
            given: logged in
            C: {command}
            S: 504 No such address, or a port below 1024.
            "#
        ));
    }
    transcript(
        r#"
        given: fxp
        given: ipv6
        given: logged in
        C: EPRT |2|2001:db8::1|2000|
        S: 504 No such address, or a port below 1024.
        C: EPRT |2|2001:db8::5|2000|
        S: 200 Data will go there.
        "#,
    );
    transcript(
        r#"
        given: fxp
        given: on one machine
        given: public ip 198.51.100.4
        given: logged in
        C: PORT 192,0,2,1,7,208
        S: 200 Data will go there.
        C: PORT 198,51,100,4,7,208
        S: 504 No such address, or a port below 1024.
        "#,
    );
}

#[test]
fn a_third_party_comes() {
    transcript(
        r#"
        given: fxp
        given: logged in
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,81).
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects from 203.0.113.5
        data: sends "x"
        data: closes
        S: 226 Transfer complete.
        "#,
    );
}

/// CPSV turns one port around, and no other.
#[test]
fn the_client_of_tls_for_one_port() {
    transcript(
        r#"
        given: fxp
        given: tls allowed
        given: secured
        given: logged in
        C: CPSV
        S: 503 PROT P first.
        C: PBSZ 0
        S: 200 PBSZ=0
        C: PROT P
        S: 200 Data travels under TLS.
        C: CPSV
        S: 227 Entering passive mode (192,0,2,1,195,81).
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects from 203.0.113.5
        data: begins tls
        data: secured
        data: sends "x"
        data: closes
        S: 226 Transfer complete.
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,82).
        C: STOR a
        S: 150 Opening data connection: /a
        data: connects
        data: awaits tls
        data: secured
        data: closes
        S: 226 Transfer complete.
        "#,
    );
}

#[test]
fn the_client_of_tls_from_now_on() {
    transcript(
        r#"
        given: fxp
        given: tls allowed
        given: secured
        given: private data
        given: logged in
        C: SSCN
        S: 200 SSCN:SERVER METHOD
        C: SSCN ON
        S: 200 SSCN:CLIENT METHOD
        C: SSCN
        S: 200 SSCN:CLIENT METHOD
        C: SSCN maybe
        S: 504 No such parameter.
        C: PORT 203,0,113,5,7,208
        S: 200 Data will go there.
        C: STOR a
        S: 150 Opening data connection: /a
        data: calls 203.0.113.5:2000
        data: accepts
        data: begins tls
        data: secured
        data: closes
        S: 226 Transfer complete.
        C: SSCN OFF
        S: 200 SSCN:SERVER METHOD
        "#,
    );
}

#[test]
fn where_it_is_not_allowed() {
    transcript(
        r#"
        given: tls allowed
        given: secured
        given: private data
        given: logged in
        C: CPSV
        S: 502 Command not implemented.
        C: SSCN ON
        S: 502 Command not implemented.
        "#,
    );
    transcript(
        r#"
        given: fxp
        given: logged in
        C: CPSV
        S: 502 Command not implemented.
        C: SSCN ON
        S: 502 Command not implemented.
        "#,
    );
    transcript(
        r#"
        given: fxp
        given: tls allowed
        given: logged in
        C: CPSV
        S: 503 PROT P first.
        C: SSCN ON
        S: 503 AUTH TLS first.
        "#,
    );
}

#[test]
fn a_transfer_that_is_announced() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: PRET RETR a
        S: 200 And the data connection, please.
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,81).
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects
        data: receives "x"
        data: ends
        S: 226 Transfer complete.
        C: PRET LIST -la
        S: 200 And the data connection, please.
        C: PRET STOU
        S: 200 And the data connection, please.
        C: PRET RETR
        S: 501 Argument missing or not understood.
        C: PRET NOOP
        S: 504 No such parameter.
        "#,
    );
    transcript(
        r#"
        given: logged in as guest
        C: PRET STOR a
        S: 550 Permission denied: this login may only read. Ask anna.
        "#,
    );
    transcript(
        r#"
        given: data tls required
        given: tls allowed
        given: logged in
        C: PRET RETR a
        S: 521 Data is protected here: PROT P first.
        "#,
    );
}
