//! SITE.

use crate::transcript;

#[test]
fn permissions_and_groups() {
    transcript(
        r#"
        given: file /my file "x"
        given: file /a "x"
        given: folder /pub
        given: logged in
        given: events
        C: SITE CHMOD 640 a
        event: SITE /a is done
        S: 200 Done.
        C: site chmod 0755 pub
        event: SITE /pub is done
        S: 200 Done.
        C: SITE CHGRP staff a
        event: SITE /a is done
        S: 200 Done.
        C: SITE GROUP 100 a
        event: SITE /a is done
        S: 200 Done.
        C: OPTS MLST UNIX.mode;UNIX.group;
        S: 200 MLST OPTS UNIX.mode;UNIX.group;
        C: MLST a
        S: 250-Facts follow.
        S:  UNIX.mode=0640;UNIX.group=100; /a
        S: 250 End.
        C: SITE CHMOD 640 nothing
        S: 550 /nothing: no such file or folder.
        C: SITE CHMOD u+x a
        S: 501 Argument missing or not understood.
        C: SITE CHMOD 999 a
        S: 501 Argument missing or not understood.
        C: SITE CHMOD 640
        S: 501 Argument missing or not understood.
        "#
        .replace("        given: file /my file \"x\"\n", "")
        .as_str(),
    );
}

#[test]
fn times() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        given: events
        C: SITE UTIME 202401021504 a
        event: SITE /a is done
        S: 200 Done.
        C: MDTM a
        S: 213 20240102150400
        C: SITE UTIME 20240102150405 a
        event: SITE /a is done
        S: 200 Done.
        C: MDTM a
        S: 213 20240102150405
        # The time at which it was made is passed over by a store that keeps none.
        C: SITE UTIME a 20250101000000 20250102000000 20250103000000 UTC
        event: SITE /a is done
        S: 200 Done.
        C: MDTM a
        S: 213 20250102000000
        C: SITE UTIME a 20250101000000 20250102000000 20250103000000 CET
        S: 501 Argument missing or not understood.
        C: SITE UTIME 20240231150405 a
        S: 501 Argument missing or not understood.
        C: SITE UTIME 20240102150405 nothing
        S: 550 /nothing: no such file or folder.
        "#,
    );
}

#[test]
fn the_umask() {
    transcript(
        r#"
        given: logged in
        C: SITE UMASK
        S: 200 The umask is 022.
        C: SITE UMASK 077
        S: 200 The umask is 077.
        C: SITE UMASK
        S: 200 The umask is 077.
        C: SITE UMASK 1000
        S: 501 Argument missing or not understood.
        C: SITE UMASK 8
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn links() {
    transcript(
        r#"
        given: file /pub/a "four"
        given: logged in
        given: events
        C: CWD pub
        S: 250 Folder changed.
        C: SITE SYMLINK a b
        event: SITE /pub/b is done
        S: 200 Done.
        C: TYPE I
        S: 200 Done.
        C: SIZE b
        S: 213 4
        # Seen from the folder of the link, or from this session's root.
        C: SITE SYMLINK pub/a /c
        event: SITE /c is done
        S: 200 Done.
        C: SIZE /c
        S: 213 4
        C: SITE SYMLINK ../pub/a /pub/d
        event: SITE /pub/d is done
        S: 200 Done.
        C: SIZE d
        S: 213 4
        C: SITE SYMLINK /pub/a /pub/e
        event: SITE /pub/e is done
        S: 200 Done.
        C: SIZE e
        S: 213 4
        C: SITE SYMLINK nothing "a link"
        event: SITE /pub/a link is done
        S: 200 Done.
        C: SIZE a link
        S: 550 Not possible: no such file or folder.
        C: SITE SYMLINK a b
        S: 550 /pub/b: it exists already.
        C: SITE SYMLINK a
        S: 501 Argument missing or not understood.
        "#,
    );
}

/// What would lead above the root is refused, wherever it comes down again.
#[test]
fn links_that_lead_out() {
    for target in [
        "../../etc/passwd",
        "../..",
        "a/../../../pub/a",
        "/../etc/passwd",
        "/pub/../../etc",
    ] {
        transcript(&format!(
            "given: file /pub/a \"x\"\n given: logged in\n C: SITE SYMLINK {target} pub/link\n S: 553 The link would lead out of here."
        ));
    }
}

#[test]
fn folders() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        given: events
        C: SITE MKDIR x/y
        event: SITE /x/y is done
        S: 200 Done.
        C: SITE MKDIR -p x/y/z
        event: SITE /x/y/z is done
        S: 200 Done.
        C: SITE MKDIR -p x/y/z
        event: SITE /x/y/z is done
        S: 200 Done.
        C: SITE MKDIR x/new one
        event: SITE /x/new one is done
        S: 200 Done.
        C: SITE MKDIR x
        event: SITE /x is done
        S: 200 Done.
        C: SITE MKDIR a
        S: 550 /a: not a folder.
        C: SITE MKDIR -p a/b
        S: 550 /a/b: not a folder.
        C: SITE RMDIR x
        S: 550 /x: the folder is not empty.
        C: SITE RMDIR x/new one
        event: SITE /x/new one is done
        S: 200 Done.
        # One after another, as long as they are empty.
        C: SITE RMDIR -p x/y/z
        event: SITE /x/y/z is done
        event: SITE /x/y is done
        event: SITE /x is done
        S: 200 Done.
        C: SITE MKDIR -p x/y/z
        event: SITE /x/y/z is done
        S: 200 Done.
        C: CWD x
        S: 250 Folder changed.
        # Not beyond what was named.
        C: SITE RMDIR -p y/z
        event: SITE /x/y/z is done
        event: SITE /x/y is done
        S: 200 Done.
        C: SITE MKDIR -p y/z
        event: SITE /x/y/z is done
        S: 200 Done.
        C: SITE MKDIR y/other
        event: SITE /x/y/other is done
        S: 200 Done.
        C: SITE RMDIR -p /x/y/z
        event: SITE /x/y/z is done
        S: 200 Done.
        C: SITE RMDIR -p nothing
        S: 550 /x/nothing: no such file or folder.
        # The current folder, under its own name: what is above it was not named.
        C: CWD y/other
        S: 250 Folder changed.
        C: SITE RMDIR -p .
        event: SITE /x/y/other is done
        S: 200 Done.
        "#,
    );
}

#[test]
fn whole_trees() {
    transcript(
        r#"
        given: file /x/y/a "x"
        given: file /xa "x"
        given: logged in
        given: events
        C: CWD x/y
        S: 250 Folder changed.
        C: SITE RMDIR -r /x
        S: 550 You are in it.
        C: SITE RMDIR -r /
        S: 550 You are in it.
        C: CWD /
        S: 250 Folder changed.
        C: SITE RMDIR -r xa
        S: 550 /xa: not a folder.
        C: SITE RMDIR -r x
        event: SITE /x is done
        S: 200 Done.
        C: CWD x
        S: 550 /x: no such file or folder.
        C: DELE xa
        event: DELE /xa is done
        S: 250 Done.
        "#,
    );
}

#[test]
fn copies() {
    transcript(
        r#"
        given: file /a "123456789"
        given: file /b "old"
        given: folder /pub
        given: logged in
        given: events
        C: SITE COPY a "pub/a copy"
        event: SITE /pub/a copy is done
        S: 200 Done.
        C: XCRC "pub/a copy"
        S: 250 cbf43926
        C: SITE CPFR a
        S: 350 And where to? SITE CPTO, please.
        C: SITE CPTO b
        event: SITE /b is done
        S: 250 Done.
        C: XCRC b
        S: 250 cbf43926
        C: SITE CPTO c
        S: 503 SITE CPFR first.
        C: SITE CPFR nothing
        S: 550 /nothing: no such file or folder.
        C: SITE CPTO c
        S: 503 SITE CPFR first.
        C: SITE CPFR a
        S: 350 And where to? SITE CPTO, please.
        # Whatever comes between parts the two, another word of SITE too.
        C: NOOP
        S: 200 Done.
        C: SITE CPTO c
        S: 503 SITE CPFR first.
        C: SITE CPFR a
        S: 350 And where to? SITE CPTO, please.
        C: SITE IDLE
        S: 200 Idle for 300 seconds at the most.
        C: SITE CPTO c
        S: 503 SITE CPFR first.
        C: SITE COPY a pub
        S: 550 /pub: is a folder.
        C: SITE COPY pub c
        S: 550 /c: is a folder.
        C: SITE COPY a nowhere/a
        S: 550 /nowhere/a: no such file or folder.
        C: SITE COPY a
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn the_idle_time() {
    transcript(
        r#"
        given: logged in
        C: SITE IDLE
        S: 200 Idle for 300 seconds at the most.
        C: SITE IDLE 29
        S: 501 From 30 to 7200 seconds.
        C: SITE IDLE 7201
        S: 501 From 30 to 7200 seconds.
        C: SITE IDLE 99999999999999999999
        S: 501 Argument missing or not understood.
        C: SITE IDLE 600
        S: 200 Idle for 600 seconds at the most.
        +599s
        C: NOOP
        S: 200 Done.
        C: SITE IDLE 30
        S: 200 Idle for 30 seconds at the most.
        +30s
        S: 421 Timeout: nothing came for too long.
        closed: gracefully
        "#,
    );
}

#[test]
fn help() {
    transcript(
        r#"
        given: plain store
        given: logged in
        C: SITE HELP
        S: 214-SITE knows these words:
        S:  HELP [<word>]
        S:  IDLE [<seconds>]
        S:  MKDIR [-p] <path>
        S:  RMDIR [-p|-r] <path>
        S: 214 End
        C: SITE HELP idle
        S: 214 Syntax: SITE IDLE [<seconds>]
        C: HELP SITE IDLE
        S: 214 Syntax: SITE IDLE [<seconds>]
        C: HELP SITE
        S: 214 Syntax: SITE <command>
        C: SITE HELP CHMOD
        S: 504 SITE knows no such word here.
        C: SITE
        S: 501 Argument missing or not understood.
        "#,
    );
    transcript(
        r#"
        given: own words
        given: logged in
        C: SITE HELP
        S: 214-SITE knows these words:
        S:  CHGRP <group> <path>
        S:  CHMOD <mode> <path>
        S:  COPY <from> <to>
        S:  CPFR <path>
        S:  CPTO <path>
        S:  HELP [<word>]
        S:  IDLE [<seconds>]
        S:  MKDIR [-p] <path>
        S:  RMDIR [-p|-r] <path>
        S:  SYMLINK <target> <link>
        S:  UMASK [<mask>]
        S:  UTIME <YYYYMMDDhhmm[ss]> <path> | <path> <accessed> <modified> <created> UTC
        S:  and words of this server's own
        S: 214 End
        "#,
    );
}

/// What FEAT lists is what is carried out.
#[test]
fn features() {
    transcript(
        r#"
        given: logged in
        C: OPTS HASH CRC32
        S: 200 CRC32
        C: FEAT
        S: 211-Features:
        S:  AVBL
        S:  CLNT
        S:  COMB
        S:  CSID
        S:  EPRT
        S:  EPSV
        S:  HASH CRC32*;SHA-1;
        S:  HOST
        S:  LANG EN*
        S:  LPRT
        S:  LPSV
        S:  MDTM
        S:  MFF Modify;UNIX.mode;UNIX.group;
        S:  MFMT
        S:  MLST type*;size*;modify*;create*;perm*;unique*;UNIX.mode*;UNIX.owner*;UNIX.ownername*;UNIX.group*;UNIX.groupname*;
        S:  MODE Z
        S:  RANG STREAM
        S:  REST STREAM
        S:  SITE CHGRP
        S:  SITE CHMOD
        S:  SITE COPY
        S:  SITE CPFR
        S:  SITE CPTO
        S:  SITE IDLE
        S:  SITE MKDIR
        S:  SITE RMDIR
        S:  SITE SYMLINK
        S:  SITE UMASK
        S:  SITE UTIME
        S:  SIZE
        S:  TVFS
        S:  UTF8
        S:  XCRC
        S:  XSHA1
        S: 211 End
        "#,
    );
}

#[test]
fn a_store_that_can_do_nothing_more() {
    let words = "CHMOD 644 a|CHGRP staff a|UMASK|UMASK 022|UTIME 20240102150405 a|SYMLINK a b|RMDIR -r pub|CPFR a|CPTO b|COPY a b|WHAT";
    for word in words.split('|') {
        transcript(&format!(
            "given: plain store\n given: file /a \"x\"\n given: logged in\n C: SITE {word}\n S: 504 SITE knows no such word here."
        ));
    }
}

#[test]
fn who_may_only_read_changes_nothing() {
    let words = "CHMOD 644 a|CHGRP staff a|UMASK 022|UTIME 20240102150405 a|SYMLINK a b|MKDIR b|MKDIR -p b/c|RMDIR pub|RMDIR -p pub|\
        RMDIR -r pub|CPFR a|CPTO b|COPY a b";
    for word in words.split('|') {
        transcript(&format!(
            "given: file /a \"x\"\n given: folder /pub\n given: logged in as guest\n C: SITE {word}\n\
             S: 550 Permission denied: this login may only read. Ask anna."
        ));
    }
    transcript(
        "given: logged in as guest\n C: SITE UMASK\n S: 200 The umask is 022.\n C: SITE IDLE 60\n S: 200 Idle for 60 seconds at the most.",
    );
}

/// Words that the session does not know are the store's, where it has some.
#[test]
fn words_of_the_store() {
    transcript(
        r#"
        given: own words
        given: folder /pub
        given: logged in as guest
        C: CWD pub
        S: 250 Folder changed.
        C: SITE greet x y
        S: 200-/pub/x y
        S: You may not write.
        S: 200 a?b
        C: SITE GREET
        S: 200 Done.
        C: SITE GREET \x61{4095}
        S: 553 Not possible: name not allowed.
        C: SITE WHAT
        S: 504 SITE knows no such word here.
        "#,
    );
}

#[test]
fn options() {
    transcript(
        r#"
        given: logged in
        C: OPTS UTF8
        S: 200 Names are UTF-8, byte for byte.
        C: OPTS UTF-8 OFF
        S: 504 Names are bytes; they are never converted.
        C: OPTS UTF8 NLST
        S: 501 Argument missing or not understood.
        C: OPTS LIST -a
        S: 501 No such option.
        C: OPTS
        S: 501 Argument missing or not understood.
        "#,
    );
}
