//! Every verb is answered: before a login, by a login that may only read, and by one that may do all.

use ftp_sansio::server::{Config, Tls};
use ftp_sansio::wire::Verb;

use crate::bare::Bare;

/// A line of each verb, and the code that it gets in each of the three cases. What a store answers is not the matter here: this one
/// has no files (550) and can do nothing that not every store can (502); and no data connection is prepared (425).
const LINES: &[(Verb, &str, [u16; 3])] = &[
    (Verb::User, "USER anna", [331, 331, 331]),
    (Verb::Pass, "PASS hush", [503, 503, 503]),
    (Verb::Acct, "ACCT books", [202, 202, 202]),
    (Verb::Cwd, "CWD a", [530, 550, 550]),
    (Verb::Cdup, "CDUP", [530, 550, 550]),
    (Verb::Smnt, "SMNT /", [530, 502, 502]),
    (Verb::Rein, "REIN", [220, 220, 220]),
    (Verb::Quit, "QUIT", [221, 221, 221]),
    (Verb::Port, "PORT 192,0,2,7,7,208", [530, 200, 200]),
    (Verb::Pasv, "PASV", [530, 227, 227]),
    (Verb::Type, "TYPE I", [530, 200, 200]),
    (Verb::Stru, "STRU F", [530, 200, 200]),
    (Verb::Mode, "MODE S", [530, 200, 200]),
    (Verb::Retr, "RETR a", [530, 425, 425]),
    (Verb::Stor, "STOR a", [530, 550, 425]),
    (Verb::Stou, "STOU", [530, 550, 425]),
    (Verb::Appe, "APPE a", [530, 550, 425]),
    (Verb::Allo, "ALLO 5", [530, 202, 202]),
    (Verb::Rest, "REST 0", [530, 350, 350]),
    (Verb::Rnfr, "RNFR a", [530, 550, 550]),
    (Verb::Rnto, "RNTO a", [530, 550, 503]),
    (Verb::Abor, "ABOR", [530, 226, 226]),
    (Verb::Dele, "DELE a", [530, 550, 550]),
    (Verb::Rmd, "RMD a", [530, 550, 550]),
    (Verb::Mkd, "MKD a", [530, 550, 550]),
    (Verb::Pwd, "PWD", [530, 257, 257]),
    (Verb::List, "LIST", [530, 425, 425]),
    (Verb::Nlst, "NLST", [530, 425, 425]),
    (Verb::Site, "SITE NONSENSE", [530, 504, 504]),
    (Verb::Syst, "SYST", [215, 215, 215]),
    (Verb::Stat, "STAT", [530, 211, 211]),
    (Verb::Help, "HELP", [214, 214, 214]),
    (Verb::Noop, "NOOP", [200, 200, 200]),
    (Verb::Feat, "FEAT", [211, 211, 211]),
    (Verb::Opts, "OPTS UTF8 ON", [200, 200, 200]),
    (Verb::Size, "SIZE a", [530, 550, 550]),
    (Verb::Mdtm, "MDTM a", [530, 550, 550]),
    (Verb::Mlst, "MLST a", [530, 550, 550]),
    (Verb::Mlsd, "MLSD a", [530, 425, 425]),
    (Verb::Eprt, "EPRT |1|192.0.2.7|2000|", [530, 200, 200]),
    (Verb::Epsv, "EPSV", [530, 229, 229]),
    (Verb::Auth, "AUTH TLS", [234, 234, 234]),
    (Verb::Pbsz, "PBSZ 0", [503, 503, 503]),
    (Verb::Prot, "PROT P", [503, 503, 503]),
    (Verb::Adat, "ADAT eA==", [503, 503, 503]),
    (Verb::Ccc, "CCC", [533, 533, 533]),
    (Verb::Mic, "MIC eA==", [503, 503, 503]),
    (Verb::Conf, "CONF eA==", [503, 503, 503]),
    (Verb::Enc, "ENC eA==", [503, 503, 503]),
    (Verb::Lprt, "LPRT 4,4,192,0,2,7,2,7,208", [530, 200, 200]),
    (Verb::Lpsv, "LPSV", [530, 228, 228]),
    (Verb::Lang, "LANG en", [200, 200, 200]),
    (Verb::Host, "HOST ftp.example.com", [220, 503, 503]),
    (Verb::Hash, "HASH a", [530, 502, 502]),
    (Verb::Rang, "RANG 1 0", [530, 350, 350]),
    (Verb::Xcrc, "XCRC a", [530, 502, 502]),
    (Verb::Xmd5, "XMD5 a", [530, 502, 502]),
    (Verb::Xsha1, "XSHA1 a", [530, 502, 502]),
    (Verb::Xsha256, "XSHA256 a", [530, 502, 502]),
    (Verb::Xsha512, "XSHA512 a", [530, 502, 502]),
    (Verb::Mfmt, "MFMT 20240102150405 a", [530, 550, 502]),
    (Verb::Mfct, "MFCT 20240102150405 a", [530, 550, 502]),
    (Verb::Mff, "MFF modify=20240102150405; a", [530, 550, 504]),
    (Verb::Avbl, "AVBL", [530, 502, 502]),
    (Verb::Comb, "COMB a b", [530, 550, 502]),
    (Verb::Clnt, "CLNT some client", [200, 200, 200]),
    (Verb::Csid, "CSID Name=some client;", [200, 200, 200]),
    (Verb::Pret, "PRET STOR a", [530, 550, 200]),
    (Verb::Cpsv, "CPSV", [530, 502, 502]),
    (Verb::Sscn, "SSCN", [530, 502, 502]),
];

#[test]
fn none_is_forgotten() {
    for verb in Verb::ALL {
        let (_, line, expected) = LINES
            .iter()
            .find(|(listed, ..)| listed == verb)
            .unwrap_or_else(|| panic!("{verb} is not in the table"));
        assert!(line.starts_with(verb.name()));
        for (user, expected) in [None, Some("guest"), Some("anna")].iter().zip(expected) {
            let mut config = Config::default();
            config.tls = Tls::Allow;
            let mut bare = Bare::new(config);
            if let Some(user) = user {
                bare.receive(format!("USER {user}\r\nPASS hush\r\n").as_bytes());
            }
            bare.codes();
            bare.receive(format!("{line}\r\n").as_bytes());
            match bare.codes()[..] {
                [code] => assert_eq!(code, *expected, "{line} of {user:?}"),
                ref codes => panic!("{line} of {user:?} got {codes:?}"),
            }
        }
    }
}

/// Where TLS is required, nothing that needs a login is done without, whoever asks.
#[test]
fn none_slips_past_required_tls() {
    for (verb, line, [before, ..]) in LINES {
        let mut config = Config::default();
        config.tls = Tls::Require;
        let mut bare = Bare::new(config);
        bare.receive(b"USER anna\r\nPASS hush\r\n");
        assert_eq!(bare.codes(), [220, 530, 530]);
        bare.receive(format!("{line}\r\n").as_bytes());
        let expected = match verb {
            Verb::User | Verb::Pass | Verb::Acct => 530,
            _ => *before,
        };
        assert_eq!(bare.codes(), [expected], "{line}");
    }
}

/// A syntax error neither ends the session nor brings it out of step: whatever is wrong with a line, it gets one reply, and the next line
/// its own.
#[test]
fn a_bad_command_gets_its_one_reply() {
    for (_, line, _) in LINES {
        let verb = line.split(' ').next().unwrap_or_default();
        for bad in [
            verb.to_owned(),
            format!("{verb} "),
            format!("{verb} \0"),
            format!("{verb} a\rb"),
            format!("{verb} {}", "9".repeat(50)),
            format!("{verb} \u{ff}\u{fe} | ,,, = \t"),
            format!("{verb} {}", "a".repeat(100_000)),
            format!("{verb}x"),
            format!(" {verb}"),
        ] {
            let mut bare = Bare::new(Config::default());
            bare.receive(b"USER anna\r\nPASS hush\r\n");
            bare.codes();
            bare.receive(format!("{bad}\r\n").as_bytes());
            let codes = bare.codes();
            assert_eq!(codes.len(), 1, "{bad:?} got {codes:?}");
            if codes != [221] {
                bare.receive(b"NOOP\r\n");
                assert_eq!(bare.codes(), [200], "after {bad:?}");
            }
        }
    }
}
