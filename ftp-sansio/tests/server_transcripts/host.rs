//! HOST (RFC 7151) and LANG (RFC 2640); and who the two ends are: CLNT, CSID.

use crate::transcript;

#[test]
fn a_host() {
    transcript(
        r#"
        given: logins
        S: 220 FTP server ready.
        C: HOST FTP.Example.Com
        S: 220 Host accepted.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of ftp.example.com, protected: false
        S: 230 Logged in.
        C: HOST ftp.example.com
        S: 503 HOST comes before USER.
        "#,
    );
}

/// The last one counts, also where it is refused (RFC 7151 § 3).
#[test]
fn hosts_that_are_known() {
    transcript(
        r#"
        given: host ftp.example.com
        given: host www.example.com
        given: logins
        S: 220 FTP server ready.
        C: HOST www.example.com
        S: 220 Host accepted.
        C: HOST ftp.example.org
        S: 504 No such host.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of -, protected: false
        S: 230 Logged in.
        "#,
    );
}

/// HOST between USER and PASS: the user belonged to the host before.
#[test]
fn a_host_between_user_and_password() {
    transcript(
        r#"
        S: 220 FTP server ready.
        C: USER anna
        S: 331 Password, please.
        C: HOST ftp.example.com
        S: 220 Host accepted.
        C: PASS hush
        S: 503 USER first.
        "#,
    );
}

/// RFC 7151 § 3.1: an address has to be the server's own.
#[test]
fn addresses_as_hosts() {
    transcript(
        r#"
        given: host ftp.example.com
        given: public ip 198.51.100.4
        S: 220 FTP server ready.
        C: HOST 192.0.2.1
        S: 220 Host accepted.
        C: HOST 198.51.100.4
        S: 220 Host accepted.
        C: HOST 192.0.2.2
        S: 504 No such host.
        C: HOST [2001:db8::1]
        S: 504 No such host.
        C: HOST 192.0.2.1:2112
        S: 501 Argument missing or not understood.
        C: HOST
        S: 501 Argument missing or not understood.
        "#,
    );
    transcript(
        r#"
        given: ipv6
        S: 220 FTP server ready.
        C: HOST [2001:db8::1]
        S: 220 Host accepted.
        C: HOST [2001:db8::1]:2112
        S: 501 Argument missing or not understood.
        "#,
    );
}

/// HOST before AUTH stays (RFC 7151 § 3.2.2), and is reset by REIN (§ 3.2.1).
#[test]
fn a_host_and_then_tls() {
    transcript(
        r#"
        given: tls allowed
        given: logins
        S: 220 FTP server ready.
        C: HOST ftp.example.com
        S: 220 Host accepted.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up with sni ftp.EXAMPLE.com
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of ftp.example.com, protected: true
        S: 230 Logged in.
        C: REIN
        S: 220 Ready for a new user.
        tls: stops
        tls: down
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of -, protected: false
        S: 230 Logged in.
        "#,
    );
}

#[test]
fn tls_for_another_host() {
    transcript(
        r#"
        given: tls allowed
        S: 220 FTP server ready.
        C: HOST ftp.example.com
        S: 220 Host accepted.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up with sni www.example.com
        S: 421 HOST and TLS have named different hosts.
        closed: gracefully
        "#,
    );
}

/// TLS first: HOST has to agree with it, and is not needed.
#[test]
fn tls_and_then_a_host() {
    transcript(
        r#"
        given: tls allowed
        given: logins
        S: 220 FTP server ready.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up with sni ftp.example.com
        C: HOST www.example.com
        S: 504 TLS was begun for another host.
        C: HOST Ftp.example.com
        S: 220 Host accepted.
        C: HOST www.example.com
        S: 504 TLS was begun for another host.
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of ftp.example.com, protected: true
        S: 230 Logged in.
        "#,
    );
    // A host that is not among the server's own is no host, whoever named it.
    transcript(
        r#"
        given: tls allowed
        given: host ftp.example.com
        given: logins
        S: 220 FTP server ready.
        C: AUTH TLS
        S: 234 Begin TLS.
        tls: starts
        tls: up with sni www.example.com
        C: USER anna
        S: 331 Password, please.
        C: PASS hush
        driver: anna of -, protected: true
        S: 230 Logged in.
        "#,
    );
}

#[test]
fn languages() {
    transcript(
        r#"
        S: 220 FTP server ready.
        C: LANG
        S: 200 English.
        C: LANG en
        S: 200 English.
        C: LANG EN-au
        S: 200 English.
        C: LANG fr
        S: 504 English alone is spoken.
        C: LANG 12
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn names_of_programs() {
    transcript(
        r#"
        S: 220 FTP server ready.
        C: CLNT some client 1.0
        S: 200 Noted.
        C: CLNT
        S: 501 Argument missing or not understood.
        C: CSID Name=some client;Version=1.0;
        S: 200 Name=ftp-sansio;CaseSensitive=1;DirSep=/;
        C: CSID
        S: 501 Argument missing or not understood.
        "#,
    );
}
