//! LIST, NLST, MLSD.

use crate::transcript;

#[test]
fn in_three_forms() {
    let head = r#"
        given: file /pub/a "four"
        given: folder /pub/b c
        given: file /other "x"
        given: logged in
        C: OPTS MLST type;size;
        S: 200 MLST OPTS type;size;
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        data: connects
    "#
    .replace("/pub/b c", "/pub/b");
    let long = r#""-rw-r--r--   1 owner    group               4 Jan  1 00:00 a\r\ndrwxr-xr-x   1 owner    group               0 Jan  1 00:00 b\r\n""#;
    let facts = r#""type=file;size=4; a\r\ntype=dir; b\r\n""#;
    let names = r#""a\r\nb\r\n""#;
    for (command, data) in [("LIST", long), ("NLST", names), ("MLSD", facts)] {
        transcript(&format!(
            r#"
            {head}
            C: {command} pub
            S: 150 Opening data connection: /pub
            data: receives {data}
            data: ends
            S: 226 Transfer complete.
            "#
        ));
    }
}

/// The same whatever TYPE says: a listing is text, and its lines have their ends already.
#[test]
fn under_either_type() {
    for kind in ["A", "I"] {
        transcript(&format!(
            r#"
            given: file /a "x"
            given: logged in
            C: TYPE {kind}
            S: 200 Done.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            data: connects
            C: NLST
            S: 150 Opening data connection: /
            data: receives "a\r\n"
            data: ends
            S: 226 Transfer complete.
            "#
        ));
    }
}

#[test]
fn options_as_ls_has_them() {
    for (options, of) in [
        ("-la", "/"),
        ("-l -a pub", "/pub"),
        ("-a  pub", "/pub"),
        ("./-x", "/-x"),
    ] {
        transcript(&format!(
            r#"
            given: folder /pub
            given: folder /-x
            given: logged in
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: LIST {options}
            S: 150 Opening data connection: {of}
            data: connects
            {}
            data: ends
            S: 226 Transfer complete.
            "#,
            if of == "/" {
                r#"data: receives "drwxr-xr-x   1 owner    group               0 Jan  1 00:00 -x\r\ndrwxr-xr-x   1 owner    group               0 Jan  1 00:00 pub\r\n""#
            } else {
                ""
            }
        ));
    }
}

#[test]
fn of_nothing() {
    for command in ["LIST", "NLST", "MLSD"] {
        transcript(&format!(
            r#"
            given: logged in
            C: {command}
            S: 425 PASV, EPSV, PORT or EPRT first.
            C: EPSV
            S: 229 Entering extended passive mode (|||50001|)
            C: {command} nothing
            S: 550 /nothing: no such file or folder.
            "#
        ));
    }
}

/// RFC 3659 § 7.1: MLSD lists folders and nothing else; what is none is 501 (§ 7.2.1). LIST and NLST tell of the file.
#[test]
fn of_a_file() {
    transcript(
        r#"
        given: file /a "x"
        given: folder /pub
        given: logged in
        C: SITE SYMLINK pub there
        S: 200 Done.
        C: SITE SYMLINK a here
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: MLSD a
        S: 501 /a: not a folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: MLSD here
        S: 501 /here: not a folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50003|)
        C: MLSD there
        S: 150 Opening data connection: /there
        data: connects
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50004|)
        C: NLST a
        S: 150 Opening data connection: /a
        data: connects
        data: receives "a\r\n"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// RFC 3659 § 7.2: as if TYPE L 8 had been said.
#[test]
fn facts_are_never_in_ebcdic() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: OPTS MLST size;
        S: 200 MLST OPTS size;
        C: TYPE E
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: MLSD
        S: 150 Opening data connection: /
        data: connects
        data: receives "size=1; a\r\n"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// RFC 1123 § 4.1.2.7: text whatever TYPE says, and in EBCDIC where TYPE says that; never in records or pages.
#[test]
fn in_ebcdic() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: TYPE E
        S: 200 Done.
        C: STRU R
        S: 200 Done.
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST
        S: 150 Opening data connection: /
        data: connects
        data: receives "\x81\x0d\x15"
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}
