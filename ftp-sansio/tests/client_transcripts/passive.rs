//! EPSV and PASV, and each as the other's fall-back.

use crate::transcript;

/// From the data connection on.
const REST: &str = r#"
    data: connected
    C: RETR a
    S: 150 Here it is.
    data: may come
    data: brings "x"
    data: ends
    data: is closed
    S: 226 That was it.
    user: gets "x"
    result: transferred 1 bytes, 226
"#;

fn retrieve(given: &str, way: &str) {
    transcript(&format!(
        "given: greeted\n {given}\n user: retrieve a\n C: TYPE I\n S: 200 I.\n {way}\n {REST}"
    ));
}

#[test]
fn epsv_refused() {
    for reply in ["500 What?", "502 No.", "522 Use (1).", "229 Come hither."] {
        retrieve(
            "",
            &format!(
                "C: EPSV\n S: {reply}\n C: PASV\n S: 227 (192,0,2,1,195,81)\n data: connects 192.0.2.1:50001"
            ),
        );
    }
}

/// A server or a firewall that offers a port with EPSV where nobody can get through.
#[test]
fn the_port_of_a_229_cannot_be_reached() {
    retrieve(
        "",
        r#"
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        data: refused
        data: is closed
        C: PASV
        S: 227 (192,0,2,1,195,82)
        data: connects 192.0.2.1:50002
        "#,
    );
    retrieve(
        "",
        r#"
        C: EPSV
        S: 229 Come (|||50001|)
        data: connects 192.0.2.1:50001
        +60s
        data: is closed
        C: PASV
        S: 227 (192,0,2,1,195,82)
        data: connects 192.0.2.1:50002
        "#,
    );
}

#[test]
fn what_worked_is_tried_first_the_next_time() {
    let way = "C: EPSV\n S: 500 What?\n C: PASV\n S: 227 (192,0,2,1,195,81)\n data: connects 192.0.2.1:50001";
    let again =
        "user: retrieve a\n C: PASV\n S: 227 (192,0,2,1,195,82)\n data: connects 192.0.2.1:50002";
    retrieve("", &format!("{way}\n {REST}\n {again}"));
}

#[test]
fn pasv_first() {
    retrieve(
        "given: passive host port",
        "C: PASV\n S: 227 (192,0,2,1,195,81)\n data: connects 192.0.2.1:50001",
    );
    retrieve(
        "given: passive host port",
        "C: PASV\n S: 425 No.\n C: EPSV\n S: 229 (|||50001|)\n data: connects 192.0.2.1:50001",
    );
}

/// A 227 that names somebody else (CVE-2020-8284): the port is taken, the host is not.
#[test]
fn the_host_of_a_227_is_ignored() {
    retrieve(
        "given: passive host port",
        "C: PASV\n S: 227 (203,0,113,5,195,81)\n data: connects 192.0.2.1:50001",
    );
    retrieve(
        "given: passive host port\n given: believe passive host",
        "C: PASV\n S: 227 (203,0,113,5,195,81)\n data: connects 203.0.113.5:50001",
    );
}

#[test]
fn over_ipv6() {
    retrieve(
        "given: ipv6",
        "C: EPSV\n S: 229 (|||50001|)\n data: connects [2001:db8::1]:50001",
    );
    retrieve(
        "given: ipv6\n given: passive host port",
        "C: EPSV\n S: 229 (|||50001|)\n data: connects [2001:db8::1]:50001",
    );
}

#[test]
fn no_way_at_all() {
    transcript(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 229 (|||50001|)
        data: connects 192.0.2.1:50001
        data: refused
        data: is closed
        C: PASV
        S: 227 (192,0,2,1,195,82)
        data: connects 192.0.2.1:50002
        data: refused
        data: is closed
        result: no data connection could be made
        "#,
    );
    transcript(
        r#"
        given: greeted
        user: retrieve a
        C: TYPE I
        S: 200 I.
        C: EPSV
        S: 500 What?
        C: PASV
        S: 227 nonsense
        result: malformed 227
        user: pwd
        C: PWD
        S: 257 "/"
        result: path "/"
        "#,
    );
}
