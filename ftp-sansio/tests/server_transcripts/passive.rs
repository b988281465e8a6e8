//! PASV and EPSV: where data connections come from, and from whom.

use crate::transcript;

#[test]
fn a_port_in_both_forms() {
    transcript(
        r#"
        given: logged in
        C: PASV
        S: 227 Entering passive mode (192,0,2,1,195,81).
        # A newer one takes its place.
        C: EPSV
        data: 50001 is closed
        S: 229 Entering extended passive mode (|||50002|)
        C: EPSV 1
        data: 50002 is closed
        S: 229 Entering extended passive mode (|||50003|)
        C: LPSV
        data: 50003 is closed
        S: 228 Entering long passive mode (4,4,192,0,2,1,2,195,84).
        C: EPSV 2
        S: 522 Network protocol not supported, use (1)
        C: EPSV 3
        S: 522 Network protocol not supported, use (1,2)
        C: EPSV x
        S: 501 Argument missing or not understood.
        C: QUIT
        S: 221 Goodbye.
        data: 50004 is closed
        closed: gracefully
        "#,
    );
}

#[test]
fn an_address_behind_nat() {
    transcript(
        r#"
        given: public ip 198.51.100.4
        given: logged in
        C: PASV
        S: 227 Entering passive mode (198,51,100,4,195,81).
        C: LPSV
        data: 50001 is closed
        S: 228 Entering long passive mode (4,4,198,51,100,4,2,195,82).
        "#,
    );
}

#[test]
fn over_ipv6() {
    transcript(
        r#"
        given: ipv6
        given: file /a "x"
        given: logged in
        C: PASV
        S: 425 This is an IPv6 connection; use EPSV.
        C: EPSV 1
        S: 522 Network protocol not supported, use (2)
        C: EPSV 2
        S: 229 Entering extended passive mode (|||50001|)
        C: LPSV
        data: 50001 is closed
        S: 228 Entering long passive mode (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,195,82).
        C: RETR a
        S: 150 Opening data connection: /a
        data: connects from 2001:db8::8
        data: turns away 2001:db8::8
        data: connects
        data: receives "x"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

#[test]
fn no_port_is_free() {
    transcript(
        r#"
        given: no ports
        given: logged in
        C: PASV
        S: 425 No port is free for a data connection.
        C: EPSV
        S: 425 No port is free for a data connection.
        C: LPSV
        S: 425 No port is free for a data connection.
        C: LIST
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

/// RFC 2428 § 4: after EPSV ALL nothing else will do.
#[test]
fn epsv_all_is_sticky() {
    transcript(
        r#"
        given: logged in
        C: EPSV ALL
        S: 200 EPSV only from now on.
        C: PASV
        S: 503 Refused after EPSV ALL.
        C: PORT 192,0,2,7,100,0
        S: 503 Refused after EPSV ALL.
        C: EPRT |1|192.0.2.7|25600|
        S: 503 Refused after EPSV ALL.
        C: LPRT 4,4,192,0,2,7,2,100,0
        S: 503 Refused after EPSV ALL.
        C: LPSV
        S: 503 Refused after EPSV ALL.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        "#,
    );
}

/// A stranger who connects first gets nothing, and the port goes on listening (RFC 2577 § 6).
#[test]
fn a_stranger_on_the_data_port() {
    transcript(
        r#"
        given: file /a "secret"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        data: connects from 203.0.113.5
        C: RETR a
        data: turns away 203.0.113.5
        S: 150 Opening data connection: /a
        data: connects from 203.0.113.6
        data: turns away 203.0.113.6
        data: connects
        data: receives "secret"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

#[test]
fn a_port_serves_one_transfer() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        data: connects
        C: RETR a
        S: 150 Opening data connection: /a
        data: receives "x"
        data: ends
        S: 226 Transfer complete.
        C: RETR a
        S: 425 PASV, EPSV, PORT or EPRT first.
        "#,
    );
}

#[test]
fn nobody_comes() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        given: events
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: RETR a
        event: RETR /a begins
        S: 150 Opening data connection: /a
        +29s
        +1s
        data: is aborted
        event: RETR /a is not complete, 0 bytes: NoConnection
        S: 425 No data connection.
        C: NOOP
        S: 200 Done.
        "#,
    );
}
