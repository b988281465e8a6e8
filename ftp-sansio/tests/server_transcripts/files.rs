//! Navigation and file management.

use crate::transcript;

#[test]
fn walking_through_folders() {
    transcript(
        r#"
        given: file /pub/new/a "x"
        given: logged in
        C: PWD
        S: 257 "/" is the current folder.
        C: CWD pub/new
        S: 250 Folder changed.
        C: XPWD
        S: 257 "/pub/new" is the current folder.
        C: CDUP
        S: 250 Folder changed.
        C: XCWD /pub/./new/..
        S: 250 Folder changed.
        C: PWD
        S: 257 "/pub" is the current folder.
        C: CWD nowhere
        S: 550 /pub/nowhere: no such file or folder.
        C: CWD new/a
        S: 550 /pub/new/a: not a folder.
        C: PWD
        S: 257 "/pub" is the current folder.
        "#,
    );
}

/// Nothing is above the root, whatever is asked.
#[test]
fn the_root_cannot_be_left() {
    transcript(
        r#"
        given: folder /etc
        given: logged in
        C: CDUP
        S: 250 Folder changed.
        C: CWD ../../..
        S: 250 Folder changed.
        C: PWD
        S: 257 "/" is the current folder.
        C: CWD /../etc
        S: 250 Folder changed.
        C: PWD
        S: 257 "/etc" is the current folder.
        C: SIZE ../../../etc/passwd
        S: 550 SIZE needs TYPE I.
        C: DELE ../../etc/passwd
        S: 550 /etc/passwd: no such file or folder.
        "#,
    );
}

/// A quote in a name is doubled in a 257 (RFC 959, appendix II), and a client can read it back.
#[test]
fn folders_with_quotes() {
    transcript(
        r#"
        given: logged in
        C: MKD a"b"
        S: 257 "/a""b""" was made.
        C: CWD a"b"
        S: 250 Folder changed.
        C: PWD
        S: 257 "/a""b""" is the current folder.
        C: MKD \x1b[2J
        S: 257 "/a""b""/\x1b[2J" was made.
        C: CWD x\x1b[2Jy
        S: 550 /a"b"/x?[2Jy: no such file or folder.
        "#,
    );
}

/// 0xFF is a Telnet command unless it is doubled, coming in and going out.
#[test]
fn names_with_the_telnet_byte() {
    transcript(
        r#"
        given: logged in
        C: MKD \xff\xff
        S: 257 "/\xff\xff" was made.
        C: MKD \xc3\xa4 \xfc
        S: 257 "/\xc3\xa4 \xfc" was made.
        "#,
    );
}

#[test]
fn making_and_removing() {
    transcript(
        r#"
        given: file /pub/a "x"
        given: logged in
        given: events
        C: MKD pub/new
        event: MKD /pub/new is done
        S: 257 "/pub/new" was made.
        C: XMKD pub/new
        S: 550 /pub/new: it exists already.
        C: MKD nowhere/new
        S: 550 /nowhere/new: no such file or folder.
        C: RMD pub
        S: 550 /pub: the folder is not empty.
        C: RMD pub/a
        S: 550 /pub/a: not a folder.
        C: DELE pub/new
        S: 550 /pub/new: is a folder.
        C: XRMD pub/new
        event: RMD /pub/new is done
        S: 250 Done.
        C: DELE pub/a
        event: DELE /pub/a is done
        S: 250 Done.
        C: DELE pub/a
        S: 550 /pub/a: no such file or folder.
        C: RMD /
        S: 550 /: permission denied.
        "#,
    );
}

#[test]
fn renaming() {
    transcript(
        r#"
        given: file /a "x"
        given: folder /pub
        given: logged in
        given: events
        C: RNTO b
        S: 503 RNFR first.
        C: RNFR nothing
        S: 550 /nothing: no such file or folder.
        C: RNTO b
        S: 503 RNFR first.
        C: RNFR a
        S: 350 And what shall it be called? RNTO, please.
        C: RNTO pub/b
        event: RNTO /pub/b is done
        S: 250 Done.
        C: RNTO c
        S: 503 RNFR first.
        C: RNFR pub/b
        S: 350 And what shall it be called? RNTO, please.
        # Any other command in between breaks the pair.
        C: NOOP
        S: 200 Done.
        C: RNTO c
        S: 503 RNFR first.
        C: RNFR pub/b
        S: 350 And what shall it be called? RNTO, please.
        C: RNTO nowhere/b
        S: 550 /nowhere/b: no such file or folder.
        "#,
    );
}

#[test]
fn size_and_time() {
    transcript(
        r#"
        given: file /a "four"
        given: folder /pub
        given: logged in
        C: SIZE a
        S: 550 SIZE needs TYPE I.
        C: TYPE I
        S: 200 Done.
        C: SIZE a
        S: 213 4
        C: SIZE pub
        S: 550 Not a plain file.
        C: SIZE b
        S: 550 Not possible: no such file or folder.
        C: MDTM a
        S: 213 19700101000000
        C: MDTM b
        S: 550 Not possible: no such file or folder.
        "#,
    );
}

#[test]
fn the_facts_of_one_file() {
    transcript(
        r#"
        given: file /pub/a "four"
        given: logged in
        C: OPTS MLST type;size;perm;
        S: 200 MLST OPTS type;size;perm;
        C: MLST pub/a
        S: 250-Facts follow.
        S:  type=file;size=4;perm=adfrw; /pub/a
        S: 250 End.
        C: CWD pub
        S: 250 Folder changed.
        C: MLST
        S: 250-Facts follow.
        S:  type=dir;perm=cdeflmp; /pub
        S: 250 End.
        C: MLST nothing
        S: 550 /pub/nothing: no such file or folder.
        C: OPTS MLST
        S: 200 MLST OPTS 
        C: MLST a
        S: 250-Facts follow.
        S:   /pub/a
        S: 250 End.
        "#,
    );
}

#[test]
fn status() {
    transcript(
        r#"
        given: file /pub/a "four"
        given: file /pub/b ""
        given: logged in
        C: STAT
        S: 211-Status:
        S:  Connected to 192.0.2.7
        S:  Folder: /
        S:  TYPE: ASCII
        S:  This login may read and write
        S:  Commands and data travel in clear text
        S: 211 End
        C: STAT pub
        S: 213-Status:
        S:  -rw-r--r--   1 owner    group               4 Jan  1 00:00 a
        S:  -rw-r--r--   1 owner    group               0 Jan  1 00:00 b
        S: 213 End
        C: STAT pub/b
        S: 213-Status:
        S:  -rw-r--r--   1 owner    group               0 Jan  1 00:00 b
        S: 213 End
        # Options as `ls` has them, which LIST takes too.
        C: STAT -la pub/b
        S: 213-Status:
        S:  -rw-r--r--   1 owner    group               0 Jan  1 00:00 b
        S: 213 End
        C: STAT -l
        S: 213-Status:
        S:  drwxr-xr-x   1 owner    group               0 Jan  1 00:00 pub
        S: 213 End
        C: STAT nothing
        S: 550 Not possible: no such file or folder.
        "#,
    );
}

/// A path of 4096 bytes is the longest.
#[test]
fn a_path_that_is_too_long() {
    transcript(
        r#"
        given: logged in
        C: CWD \x61{4095}
        S: 550 /aaaa
        "#
        .replace(
            "/aaaa",
            &format!("/{}: no such file or folder.", "a".repeat(4095)),
        )
        .as_str(),
    );
    transcript("given: logged in\n C: CWD \\x61{4096}\n S: 553 No such path is possible.");
}

/// Whatever comes between parts the two halves of a rename, a line that is not understood too.
#[test]
fn a_rename_with_something_between() {
    transcript(
        r#"
        given: file /a "text"
        given: logged in
        C: RNFR a
        S: 350 And what shall it be called? RNTO, please.
        C: TYPE
        S: 501 Argument missing or not understood.
        C: RNTO b
        S: 503 RNFR first.
        "#,
    );
}
