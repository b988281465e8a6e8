//! LIST and NLST with options and patterns.

use crate::transcript;

#[test]
fn names_that_match() {
    transcript(
        r#"
        given: file /a.txt "x"
        given: file /b.txt "x"
        given: file /c.c "x"
        given: file /.hidden.txt "x"
        given: file /pub/d.txt "x"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST *.txt
        S: 150 Opening data connection: /*.txt
        data: connects
        data: receives "a.txt\x0d\x0ab.txt\x0d\x0a"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: LIST -la [!ab]*
        S: 150 Opening data connection: /[!ab]*
        data: connects
        data: receives "-rw-r--r--   1 owner    group               1 Jan  1 00:00 c.c\x0d\x0a"
        data: receives "drwxr-xr-x   1 owner    group               0 Jan  1 00:00 pub\x0d\x0a"
        data: ends
        S: 226 Transfer complete.
        # A name that NLST tells is one that can be asked for.
        C: EPSV
        S: 229 Entering extended passive mode (|||50003|)
        C: NLST pub/?.txt
        S: 150 Opening data connection: /pub/?.txt
        data: connects
        data: receives "pub/d.txt\x0d\x0a"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50004|)
        C: LIST pub/?.txt
        S: 150 Opening data connection: /pub/?.txt
        data: connects
        data: receives "-rw-r--r--   1 owner    group               1 Jan  1 00:00 d.txt\x0d\x0a"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50005|)
        C: NLST *.none
        S: 150 Opening data connection: /*.none
        data: connects
        data: ends
        S: 226 Transfer complete.
        "#,
    );
}

/// A file that is called so goes before the pattern; a pattern elsewhere than in the last component is none.
#[test]
fn names_that_look_like_patterns() {
    transcript(
        r#"
        given: file /a[1].txt "x"
        given: file /a1.txt "x"
        given: file /pub/a "x"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST a[1].txt
        S: 150 Opening data connection: /a[1].txt
        data: connects
        data: receives "a[1].txt\x0d\x0a"
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: NLST p*/a
        S: 550 /p*/a: no such file or folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50003|)
        C: NLST p*/*
        S: 550 /p*/*: no such file or folder.
        C: EPSV
        S: 229 Entering extended passive mode (|||50004|)
        C: MLSD *
        S: 550 /*: no such file or folder.
        "#,
    );
}

#[test]
fn patterns_have_a_budget() {
    transcript(
        r#"
        given: file /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "x"
        given: logged in
        C: EPSV
        S: 229 Entering extended passive mode (|||50001|)
        C: NLST *a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b
        S: 150 Opening data connection: /*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b
        data: connects
        data: ends
        S: 226 Transfer complete.
        C: EPSV
        S: 229 Entering extended passive mode (|||50002|)
        C: NLST \x2a{256}
        S: 553 The pattern is too long.
        data: 50002 is closed
        "#,
    );
}

/// What a login may do with a file, a folder, a link and the root (RFC 3659 § 7.5.5).
#[test]
fn the_perm_fact() {
    for (user, folder, root, file, link) in [
        ("", "cdeflmp", "celmp", "adfrw", "adefrw"),
        (" as guest", "el", "el", "r", "er"),
    ] {
        let link_line = if user.is_empty() {
            "C: SITE SYMLINK f l\n S: 200 Done.\n"
        } else {
            ""
        };
        let listed_link = match user {
            "" => format!("data: receives \"type=OS.unix=symlink;perm={link}; l\\x0d\\x0a\"\n"),
            _ => String::new(),
        };
        transcript(&format!(
            "given: file /f \"x\"\n given: folder /d\n given: logged in{user}\n {link_line}\
             C: OPTS MLST type;perm;\n S: 200 MLST OPTS type;perm;\n\
             C: MLST\n S: 250-Facts follow.\n S:  type=dir;perm={root}; /\n S: 250 End.\n\
             C: MLST d\n S: 250-Facts follow.\n S:  type=dir;perm={folder}; /d\n S: 250 End.\n\
             C: EPSV\n S: 229 Entering extended passive mode (|||50001|)\n C: MLSD\n\
             S: 150 Opening data connection: /\n data: connects\n\
             data: receives \"type=dir;perm={folder}; d\\x0d\\x0a\"\n\
             data: receives \"type=file;perm={file}; f\\x0d\\x0a\"\n {listed_link}\
             data: ends\n S: 226 Transfer complete."
        ));
    }
}
