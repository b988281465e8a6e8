//! Operations of one command, and renaming.

use crate::transcript;

fn greeted(rest: &str) {
    transcript(&format!("given: greeted\n {rest}"));
}

#[test]
fn paths() {
    greeted("user: pwd\n C: PWD\n S: 257 \"/a \"\"b\"\"\" is it\n result: path \"/a \\\"b\\\"\"");
    greeted("user: make a b\n C: MKD a b\n S: 257 \"/a b\" was made\n result: path \"/a b\"");
    greeted("user: pwd\n C: PWD\n S: 257 no quotes\n result: malformed 257");
    greeted("user: pwd\n C: PWD\n S: 550 no\n result: refused 550");
    // A path that could not be said again.
    greeted("user: pwd\n C: PWD\n S: 257 \"/a\\rb\"\n result: malformed 257");
}

#[test]
fn size_and_time() {
    greeted("user: size a\n C: SIZE a\n S: 213 12345\n result: size 12345");
    greeted("user: size a\n C: SIZE a\n S: 213 99999999999999999999\n result: malformed 213");
    greeted("user: size a\n C: SIZE a\n S: 213 -1\n result: malformed 213");
    greeted("user: size a\n C: SIZE a\n S: 550 no\n result: refused 550");
    greeted("user: time a\n C: MDTM a\n S: 213 20240102030405\n result: modified 20240102030405");
    greeted("user: time a\n C: MDTM a\n S: 213 yesterday\n result: malformed 213");
}

#[test]
fn features_and_facts() {
    greeted(
        "user: features\n C: FEAT\n S: 211-Can\n S:  SIZE\n S:  REST STREAM\n S: 211 End\n result: features SIZE, REST STREAM",
    );
    greeted("user: features\n C: FEAT\n S: 211 none\n result: features ");
    greeted("user: features\n C: FEAT\n S: 500 What?\n result: refused 500");
    greeted(
        "user: facts of a\n C: MLST a\n S: 250-Facts\n S:  type=file;size=4; /a\n S: 250 End\n result: File \"/a\" Some(4)",
    );
    greeted("user: facts of a\n C: MLST a\n S: 250 none\n result: malformed 250");
}

#[test]
fn done_or_refused() {
    greeted("user: do DELE a\n C: DELE a\n S: 250 Gone.\n result: ok 250");
    greeted("user: do DELE a\n C: DELE a\n S: 450 Not now.\n result: refused 450");
    greeted("user: raw SITE WHO\n C: SITE WHO\n S: 200-Only\n S:  you\n S: 200 .\n result: ok 200");
    greeted("user: raw DELE a\n C: DELE a\n S: 550 No.\n result: ok 550");
    greeted("user: raw XYZ\n C: XYZ\n S: 150 Wait.\n S: 226 Done.\n result: ok 226");
}

#[test]
fn renaming() {
    greeted(
        "user: rename a b to c d\n C: RNFR a b\n S: 350 And?\n C: RNTO c d\n S: 250 Done.\n result: ok 250",
    );
    greeted("user: rename a to b\n C: RNFR a\n S: 550 No.\n result: refused 550");
    greeted(
        "user: rename a to b\n C: RNFR a\n S: 350 And?\n C: RNTO b\n S: 553 No.\n result: refused 553",
    );
}

/// What would move data or turn TLS on or off behind the session's back, however it is spelt.
#[test]
fn raw_commands_that_would_break_the_session() {
    for line in [
        "RETR a", "retr a", "STOR a", "LIST", "MLSD", "AUTH TLS", "ADAT x", "CCC", "ENC x",
    ] {
        greeted(&format!(
            "user: raw {line}\n refused: this session cannot do that\n user: do NOOP\n C: NOOP\n S: 200 Done.\n result: ok 200"
        ));
    }
}

/// Parameters that the user sets himself are known, and said again only where they differ.
#[test]
fn parameters() {
    greeted(
        r#"
        user: do TYPE I
        C: TYPE I
        S: 200 I.
        result: ok 200
        user: do MODE B
        C: MODE B
        S: 504 No.
        result: refused 504
        user: do STRU R
        C: STRU R
        S: 200 R.
        result: ok 200
        user: retrieve a
        C: STRU F
        S: 200 F.
        C: EPSV
        S: 550 No.
        C: PASV
        S: 550 No.
        result: refused 550
        "#,
    );
}

#[test]
fn digests_and_the_like() {
    greeted(
        r#"
        user: digest XCRC a
        C: XCRC a
        S: 250 DEADBEEF
        result: digest Some(Crc32) deadbeef
        user: digest HASH a
        C: HASH a
        S: 213 MD5 0-3 d41d8cd98f00b204e9800998ecf8427e a
        result: digest Some(Md5) d41d8cd98f00b204e9800998ecf8427e
        user: digest XMD5 a
        C: XMD5 a
        S: 250 nonsense
        result: malformed 250
        user: space
        C: AVBL
        S: 213 4096
        result: size 4096
        user: lines HELP
        C: HELP
        S: 214-These:
        S:  NOOP
        S:  QUIT
        S: 214 .
        result: lines NOOP, QUIT
        user: time a
        C: MDTM a
        S: 213 Modify=20020717210715; a
        result: modified 20020717210715
        "#,
    );
}
