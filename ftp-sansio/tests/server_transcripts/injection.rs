//! What was sent in clear text behind AUTH never runs (CVE-2011-0411 and its kin), and how the bytes were cut changes nothing.

use ftp_sansio::server::{Config, Tls};

use crate::bare::Bare;

fn config() -> Config {
    let mut config = Config::default();
    config.tls = Tls::Allow;
    config.trace = true;
    config
}

/// All that came of a run: what was sent, and what was asked for and told.
type Trace = (String, Vec<String>);

/// Brings the pieces, doing what is asked for after each of them or only at the end; then TLS comes up, and PWD under it.
fn run(pieces: &[&[u8]], at_once: bool, injected: usize) -> Trace {
    let mut bare = Bare::new(config());
    for piece in pieces {
        if at_once {
            bare.receive(piece);
        } else {
            bare.bring(piece);
        }
    }
    bare.drain();
    assert_eq!(bare.unread.len(), injected, "all of it is ciphertext");
    bare.tls_is_up();
    bare.receive(b"PWD\r\n");
    (bare.sent, bare.outputs)
}

/// Before AUTH: nothing, a command, a login, and one that is not complete yet.
const BEFORE: [&[u8]; 4] = [
    b"",
    b"NOOP\r\n",
    b"USER anna\r\nPASS hush\r\nTYPE I\r\nREST 5\r\n",
    b"USER anna\r\n",
];

const AUTHS: [&[u8]; 5] = [
    b"AUTH TLS\r\n",
    b"auth tls\n",
    b"AUTH SSL\r\n",
    b"AUTH \xff\xf1TLS-P\r\n",
    b"\xff\xf4\xff\xf2AUTH TLS-C\r\n",
];

/// Behind it: whole lines, half a line, an ABOR, another AUTH, what is no line at all, and very much.
fn injections() -> Vec<Vec<u8>> {
    let lines: [&[u8]; 8] = [
        b"",
        b"USER mallory\r\n",
        b"USER mallory\r\nPASS hush\r\nDELE a\r\nSITE x\r\n",
        b"USER mall",
        b"ABOR\r\nSTAT\r\n",
        b"AUTH TLS\r\nUSER mallory\r\n",
        b"\xff\xfd\x01\r\n\r\n",
        b"\x16\x03\x01\x00\xa5USER mallory\r\n",
    ];
    let mut injections = lines.map(<[u8]>::to_vec).to_vec();
    injections.push(b"USER mallory\r\n".repeat(3000));
    injections
}

#[test]
fn commands_smuggled_through_auth_tls() {
    for before in BEFORE {
        for auth in AUTHS {
            let alone = run(&[before, auth], true, 0);
            assert!(
                alone.0.contains("234 ") && alone.0.contains("530 "),
                "{}",
                alone.0
            );
            for injected in injections() {
                let stream = [before, auth, &injected].concat();
                let cuts = 0..(before.len() + auth.len() + 40).min(stream.len());
                for cut in cuts {
                    let (one, other) = stream.split_at(cut);
                    for at_once in [true, false] {
                        let trace = run(&[one, other], at_once, injected.len());
                        assert_eq!(trace, alone, "{before:?} {auth:?} {injected:?} at {cut}");
                    }
                }
                let bytes: Vec<_> = stream.chunks(1).collect();
                assert_eq!(run(&bytes, true, injected.len()), alone, "byte by byte");
            }
        }
    }
}

/// Where AUTH is refused, what follows it is read: it is as good as any other line.
#[test]
fn behind_an_auth_that_is_refused() {
    for line in ["AUTH GSSAPI", "AUTH"] {
        let mut bare = Bare::new(config());
        bare.receive(format!("{line}\r\nUSER anna\r\nPASS hush\r\nNOOP\r\n").as_bytes());
        assert_eq!(bare.codes()[2..], [331, 230, 200], "{line}");
    }
}

/// Under TLS nothing is held back behind an AUTH, which cannot begin anything there.
#[test]
fn behind_a_second_auth() {
    let mut bare = Bare::new(config());
    bare.receive(b"AUTH TLS\r\n");
    bare.tls_is_up();
    bare.receive(b"AUTH TLS\r\nUSER anna\r\nPASS hush\r\n");
    assert_eq!(bare.codes(), [220, 234, 503, 331, 230]);
}

/// What came under TLS behind REIN is carried out in clear text; the framer that begins there begins with a line.
#[test]
fn behind_rein_under_tls() {
    let stream = b"REIN\r\nUSER anna\r\nPASS hush\r\nPWD\r\n";
    for cut in 0..stream.len() {
        let mut bare = Bare::new(config());
        bare.receive(b"AUTH TLS\r\n");
        bare.tls_is_up();
        let (one, other) = stream.split_at(cut);
        bare.receive(one);
        bare.receive(other);
        assert_eq!(bare.codes(), [220, 234, 220, 331, 230, 257]);
    }
}
