//! How data connections are protected: PBSZ, PROT, and what a transfer makes of them.

use crate::transcript;

#[test]
fn levels() {
    transcript(
        r#"
        given: tls allowed
        given: secured
        C: PROT P
        S: 503 PBSZ 0 first.
        C: PBSZ x
        S: 501 Argument missing or not understood.
        C: PBSZ 4294967296
        S: 501 That does not fit into 32 bits.
        C: PBSZ 4096
        S: 200 PBSZ=0
        C: PROT P
        S: 200 Data travels under TLS.
        C: PROT S
        S: 536 TLS knows C and P alone.
        C: PROT E
        S: 536 TLS knows C and P alone.
        C: PROT X
        S: 504 No such parameter.
        C: PROT
        S: 501 Argument missing or not understood.
        C: PROT C
        S: 200 Data travels in clear text.
        "#,
    );
}

/// PROT ignored on one of PASV, EPSV, PORT, EPRT: the decision is taken when the transfer starts, for all alike. It may come after
/// them, too (RFC 4217 § 8).
#[test]
fn prot_holds_for_every_route() {
    for (route, reply, comes) in [
        (
            "PASV",
            "227 Entering passive mode (192,0,2,1,195,81).",
            "data: connects",
        ),
        (
            "EPSV",
            "229 Entering extended passive mode (|||50001|)",
            "data: connects",
        ),
        (
            "LPSV",
            "228 Entering long passive mode (4,4,192,0,2,1,2,195,81).",
            "data: connects",
        ),
        (
            "PORT 192,0,2,7,7,208",
            "200 Data will go there.",
            "data: calls 192.0.2.7:2000\n data: accepts",
        ),
        (
            "EPRT |1|192.0.2.7|2000|",
            "200 Data will go there.",
            "data: calls 192.0.2.7:2000\n data: accepts",
        ),
        (
            "LPRT 4,4,192,0,2,7,2,7,208",
            "200 Data will go there.",
            "data: calls 192.0.2.7:2000\n data: accepts",
        ),
    ] {
        transcript(&format!(
            r#"
            given: tls allowed
            given: file /a "text"
            given: secured
            given: logged in
            C: {route}
            S: {reply}
            C: PBSZ 0
            S: 200 PBSZ=0
            C: PROT P
            S: 200 Data travels under TLS.
            C: RETR a
            S: 150 Opening data connection: /a
            {comes}
            data: awaits tls
            data: secured
            data: receives "text"
            data: ends
            S: 226 Transfer complete.
            "#
        ));
    }
}

#[test]
fn data_in_clear_text_is_refused() {
    const TRANSFERS: [&str; 7] = ["RETR a", "STOR a", "STOU", "APPE a", "LIST", "NLST", "MLSD"];
    for transfer in TRANSFERS {
        // Without TLS, under TLS without PROT, and after a PROT that was refused.
        transcript(&format!(
            r#"
            given: tls allowed
            given: data tls required
            given: logged in
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: {transfer}
            data: 50001 is closed
            S: 521 Data is protected here: PROT P first.
            "#
        ));
        transcript(&format!(
            r#"
            given: tls allowed
            given: data tls required
            given: secured
            given: logged in
            C: PORT 192,0,2,7,7,208
            S: 200 Data will go there.
            C: {transfer}
            S: 521 Data is protected here: PROT P first.
            C: PBSZ 0
            S: 200 PBSZ=0
            C: PROT C
            S: 534 Data is protected here: PROT P.
            C: {transfer}
            S: 521 Data is protected here: PROT P first.
            "#
        ));
    }
}

const BEGUN: &str = r#"
    given: tls allowed
    given: file /a "before"
    given: secured
    given: private data
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
    data: awaits tls
"#;

const AS_BEFORE: &str = "C: SIZE a\n S: 213 6";

#[test]
fn the_handshake_of_a_data_connection_fails() {
    transcript(&format!(
        r#"
        {BEGUN}
        data: handshake fails
        event: STOR /a is not complete, 0 bytes: Reported(NotSecured)
        S: 522 TLS could not be had on the data connection.
        {AS_BEFORE}
        "#
    ));
}

/// Its time is its own: what it took to connect does not count.
#[test]
fn the_handshake_of_a_data_connection_never_ends() {
    transcript(&format!(
        r#"
        {BEGUN}
        +29s
        +1s
        data: is aborted
        event: STOR /a is not complete, 0 bytes: NoConnection
        S: 425 No data connection.
        {AS_BEFORE}
        "#
    ));
}

/// A data connection taken by somebody else: only who has the control connection's session gets it.
#[test]
fn a_data_connection_has_to_resume_the_session() {
    transcript(&format!(
        r#"
        given: resumption required
        {BEGUN}
        data: secured, not resumed
        data: is aborted
        event: STOR /a is not complete, 0 bytes: NotResumed
        S: 522 The data connection has to resume the TLS session of this one.
        {AS_BEFORE}
        "#
    ));
    transcript(&format!(
        r#"
        given: resumption required
        {BEGUN}
        data: secured
        data: sends "text"
        data: closes
        event: STOR /a is complete, 4 bytes
        S: 226 Transfer complete.
        "#
    ));
    transcript(&format!(
        r#"
        {BEGUN}
        data: secured, not resumed
        data: sends "text"
        data: closes
        event: STOR /a is complete, 4 bytes
        S: 226 Transfer complete.
        "#
    ));
}
