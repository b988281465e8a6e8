//! What sets a file's facts: MDTM with a time, MFMT, MFCT, MFF.

use crate::transcript;

#[test]
fn mdtm_sets_a_time() {
    transcript(
        r#"
        given: file /pub/a "x"
        given: logged in
        given: events
        C: CWD pub
        S: 250 Folder changed.
        C: MDTM 20240102150405 a
        event: MDTM /pub/a is done
        S: 213 20240102150405
        C: MDTM a
        S: 213 20240102150405
        C: MDTM 20240102150405 b
        S: 550 /pub/b: no such file or folder.
        # What the store keeps is told, and not what was asked for.
        C: MDTM 20240102150405.75 /pub/a
        event: MDTM /pub/a is done
        S: 213 20240102150405
        "#,
    );
}

/// A file whose whole name is the argument goes before; so does one that only looks like a date.
#[test]
fn mdtm_asks_where_it_can() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        C: MKD 20240102150405 a
        S: 257 "/20240102150405 a" was made.
        C: MDTM 20240102150405 a
        S: 213 19700101000000
        C: MDTM 20240231150405 a
        S: 550 Not possible: no such file or folder.
        C: MDTM 20240102150405
        S: 550 Not possible: no such file or folder.
        C: MDTM
        S: 501 Argument missing or not understood.
        "#,
    );
    transcript(
        r#"
        given: plain store
        given: file /a "x"
        given: logged in
        C: MDTM 20240102150405 a
        S: 550 Not possible: no such file or folder.
        "#,
    );
}

#[test]
fn mfmt_sets_a_time() {
    transcript(
        r#"
        given: file /pub/a "x"
        given: logged in
        given: events
        C: MFMT 20020717210715 pub/a
        event: MFMT /pub/a is done
        S: 213 Modify=20020717210715; pub/a
        C: MFMT 20020717210715.123 pub/a
        event: MFMT /pub/a is done
        S: 213 Modify=20020717210715; pub/a
        C: MFMT 20020717210715 pub
        event: MFMT /pub is done
        S: 213 Modify=20020717210715; pub
        C: MFMT 20020717210715 b
        S: 550 /b: no such file or folder.
        C: MFMT 20230229000000 pub/a
        S: 501 Argument missing or not understood.
        C: MFMT 2002 pub/a
        S: 501 Argument missing or not understood.
        C: MFMT 20020717210715
        S: 501 Argument missing or not understood.
        C: MFCT 20020717210715 pub/a
        S: 502 Command not implemented.
        "#,
    );
}

#[test]
fn mff_sets_facts() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in
        given: events
        C: MFF UNIX.mode=640;Modify=20240102150405;unix.groupname=staff; a
        event: MFF /a is done
        S: 213 UNIX.mode=640;Modify=20240102150405;UNIX.group=staff; a
        C: OPTS MLST modify;unix.mode;unix.groupname;
        S: 200 MLST OPTS modify;UNIX.mode;UNIX.groupname;
        C: MLST a
        S: 250-Facts follow.
        S:  modify=20240102150405;UNIX.mode=0640;UNIX.groupname=staff; /a
        S: 250 End.
        C: MFF UNIX.mode=640; b
        S: 550 /b: no such file or folder.
        # Nothing is changed where one of them cannot be.
        C: MFF UNIX.mode=600;Create=20240102150405; a
        S: 504 Not implemented for this parameter (Create).
        C: MFF UNIX.mode=600;UNIX.owner=anna; a
        S: 504 Not implemented for this parameter (UNIX.owner).
        C: MFF UNIX.mode=600;X.\x1b[2J=1; a
        S: 504 Not implemented for this parameter (X.?[2J).
        C: MLST a
        S: 250-Facts follow.
        S:  modify=20240102150405;UNIX.mode=0640;UNIX.groupname=staff; /a
        S: 250 End.
        C: MFF UNIX.mode=999; a
        S: 501 Argument missing or not understood.
        C: MFF Modify=20240231000000; a
        S: 501 Argument missing or not understood.
        C: MFF a
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn a_store_that_knows_no_times() {
    transcript(
        r#"
        given: plain store
        given: file /a "x"
        given: logged in
        C: MFMT 20020717210715 a
        S: 502 Command not implemented.
        C: MFF Modify=20020717210715; a
        S: 504 Not implemented for this parameter (Modify).
        C: HELP MFMT
        S: 502 No such command.
        "#,
    );
}

#[test]
fn who_may_only_read_changes_no_facts() {
    transcript(
        r#"
        given: file /a "x"
        given: logged in as guest
        C: MFMT 20020717210715 a
        S: 550 Permission denied: this login may only read. Ask anna.
        C: MFCT 20020717210715 a
        S: 550 Permission denied: this login may only read. Ask anna.
        C: MFF UNIX.mode=777; a
        S: 550 Permission denied: this login may only read. Ask anna.
        C: MDTM 20020717210715 a
        S: 550 Permission denied: this login may only read. Ask anna.
        C: MDTM a
        S: 213 19700101000000
        "#,
    );
}
