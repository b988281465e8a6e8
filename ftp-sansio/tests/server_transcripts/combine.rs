//! COMB, and AVBL.

use crate::transcript;

#[test]
fn parts_become_one_file() {
    transcript(
        r#"
        given: file /pub/1 "one "
        given: file /pub/2 "two "
        given: file /3 "three"
        given: logged in
        given: events
        C: CWD pub
        S: 250 Folder changed.
        C: COMB whole 1 "2" /3
        event: COMB /pub/whole is done
        S: 250 Done.
        C: TYPE I
        S: 200 Done.
        C: SIZE whole
        S: 213 13
        C: XCRC whole
        S: 250 7825d3d7
        C: SIZE 1
        S: 550 Not possible: no such file or folder.
        C: SIZE /3
        S: 550 Not possible: no such file or folder.
        "#,
    );
}

/// What is there already is appended to.
#[test]
fn a_target_that_is_there() {
    transcript(
        r#"
        given: file /a "1234"
        given: file /b "56789"
        given: logged in
        C: COMB a b
        S: 250 Done.
        C: XCRC a
        S: 250 cbf43926
        "#,
    );
}

#[test]
fn what_cannot_be_joined() {
    transcript(
        r#"
        given: file /a "1"
        given: folder /pub
        given: logged in
        C: COMB t a nothing
        S: 550 /t: no such file or folder.
        C: COMB t a pub
        S: 550 /t: is a folder.
        C: COMB pub a
        S: 550 /pub: is a folder.
        C: COMB nowhere/t a
        S: 550 /nowhere/t: no such file or folder.
        C: COMB t a a
        S: 553 Each file once, please.
        C: COMB a a
        S: 553 Each file once, please.
        C: COMB t /a ./a
        S: 553 Each file once, please.
        C: COMB t
        S: 501 Argument missing or not understood.
        C: COMB t "a
        S: 501 Argument missing or not understood.
        # Nothing of all that has changed anything.
        C: TYPE I
        S: 200 Done.
        C: SIZE a
        S: 213 1
        C: SIZE t
        S: 550 Not possible: no such file or folder.
        "#,
    );
}

#[test]
fn too_many_parts() {
    let parts = |count: usize| {
        let parts: Vec<_> = (0..count).map(|part| format!("p{part}")).collect();
        parts.join(" ")
    };
    transcript(&format!(
        "given: logged in\n C: COMB t {}\n S: 501 Argument missing or not understood.",
        parts(65)
    ));
    transcript(&format!(
        "given: logged in\n C: COMB t {}\n S: 550 /t: no such file or folder.",
        parts(64)
    ));
    // Few enough, and each short as it was sent; behind a long folder they are long together.
    let deep = format!("/{}", "d".repeat(2000));
    transcript(&format!(
        "given: folder {deep}\n given: logged in\n C: CWD {deep}\n S: 250 Folder changed.\n C: COMB t {}\n S: 501 The names are too long together.",
        parts(60)
    ));
}

#[test]
fn who_may_only_read_joins_nothing() {
    transcript(
        r#"
        given: file /a "1"
        given: logged in as guest
        C: COMB t a
        S: 550 Permission denied: this login may only read. Ask anna.
        "#,
    );
    transcript(
        r#"
        given: plain store
        given: file /a "1"
        given: logged in
        C: COMB t a
        S: 502 Command not implemented.
        C: AVBL
        S: 502 Command not implemented.
        "#,
    );
}

#[test]
fn space_that_is_left() {
    transcript(
        r#"
        given: room 1000000
        given: file /a "1"
        given: logged in as guest
        C: AVBL
        S: 213 1000000
        C: AVBL /
        S: 213 1000000
        C: AVBL nowhere
        S: 550 /nowhere: no such file or folder.
        C: AVBL a
        S: 550 /a: not a folder.
        "#,
    );
    // The store can tell in general, and not here.
    transcript("given: logged in\n C: AVBL\n S: 502 /: not supported by this storage.");
}
