//! The verbs: one table with each one's name, whether it takes an argument, and its syntax.

use core::fmt;

/// Whether a verb is followed by an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Takes {
    /// It is not; one that a peer sends all the same is ignored.
    Nothing,
    /// It may be; an empty one counts as none.
    Optional,
    /// It is, by at least one byte.
    Required,
}

/// The name of up to seven letters as a number, for a search without comparing text: a one, so that a NUL in front
/// counts, and the upper-case letters.
const fn key(name: &[u8]) -> u64 {
    let mut key = 1;
    let mut rest = name;
    while let [letter, tail @ ..] = rest {
        key = (key << 8) | letter.to_ascii_uppercase() as u64;
        rest = tail;
    }
    key
}

macro_rules! verbs {
    ($($(#[$doc:meta])+ $verb:ident = $name:literal $takes:ident $argument:literal, $source:literal;)+) => {
        /// A verb that this crate knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Verb {
            $($(#[$doc])+ $verb,)+
        }

        impl Verb {
            /// Every verb, in the order of the RFCs.
            pub const ALL: &[Self] = &[$(Self::$verb),+];

            /// The name, in upper case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$verb => $name,)+ }
            }

            /// Whether an argument follows.
            #[must_use]
            pub const fn takes(self) -> Takes {
                match self { $(Self::$verb => Takes::$takes,)+ }
            }

            /// Whether it has a data connection: RETR, STOR, STOU, APPE, LIST, NLST, MLSD.
            #[must_use]
            pub const fn moves_data(self) -> bool {
                matches!(
                    self,
                    Self::Retr | Self::Stor | Self::Stou | Self::Appe | Self::List | Self::Nlst | Self::Mlsd
                )
            }

            /// The name and the form of its argument, for `HELP`: `RETR <path>`.
            #[must_use]
            pub const fn syntax(self) -> &'static str {
                match self { $(Self::$verb => concat!($name, $argument),)+ }
            }

            /// Where it comes from, such as `RFC 959 § 4.1.1`; `in no RFC` for what servers only agreed on.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$verb => $source,)+ }
            }

            #[allow(non_upper_case_globals, reason = "a pattern needs a constant, and the table has one name")]
            const fn from_key(number: u64) -> Option<Self> {
                $(
                    const $verb: u64 = key($name.as_bytes());
                )+
                match number {
                    $($verb => Some(Self::$verb),)+
                    _ => None,
                }
            }
        }
    };
}

verbs! {
    /// The user's name.
    User = "USER" Required " <user>", "RFC 959 § 4.1.1";
    /// The password.
    Pass = "PASS" Optional " <password>", "RFC 959 § 4.1.1";
    /// The account.
    Acct = "ACCT" Required " <account>", "RFC 959 § 4.1.1";
    /// Change the folder.
    Cwd = "CWD" Required " <path>", "RFC 959 § 4.1.1";
    /// Change to the parent folder.
    Cdup = "CDUP" Nothing "", "RFC 959 § 4.1.1";
    /// Mount another file system.
    Smnt = "SMNT" Required " <path>", "RFC 959 § 4.1.1";
    /// Log out, and begin again.
    Rein = "REIN" Nothing "", "RFC 959 § 4.1.1";
    /// Log out, and end.
    Quit = "QUIT" Nothing "", "RFC 959 § 4.1.1";
    /// Where to connect for data.
    Port = "PORT" Required " <h1,h2,h3,h4,p1,p2>", "RFC 959 § 4.1.2";
    /// Listen for a data connection.
    Pasv = "PASV" Nothing "", "RFC 959 § 4.1.2";
    /// The representation type.
    Type = "TYPE" Required " <A|E [N|T|C]> | I | L <bits>", "RFC 959 § 4.1.2";
    /// The file structure.
    Stru = "STRU" Required " <F|R|P>", "RFC 959 § 4.1.2";
    /// The transfer mode.
    Mode = "MODE" Required " <S|B|C|Z>", "RFC 959 § 4.1.2";
    /// Send a file to the client.
    Retr = "RETR" Required " <path>", "RFC 959 § 4.1.3";
    /// Store a file.
    Stor = "STOR" Required " <path>", "RFC 959 § 4.1.3";
    /// Store a file under a name of its own.
    Stou = "STOU" Optional " [<path>]", "RFC 959 § 4.1.3";
    /// Append to a file.
    Appe = "APPE" Required " <path>", "RFC 959 § 4.1.3";
    /// Reserve space.
    Allo = "ALLO" Required " <bytes> [R <bytes>]", "RFC 959 § 4.1.3";
    /// Where the next transfer begins.
    Rest = "REST" Required " <offset>|<marker>", "RFC 959 § 4.1.3";
    /// Rename: the old name.
    Rnfr = "RNFR" Required " <path>", "RFC 959 § 4.1.3";
    /// Rename: the new name.
    Rnto = "RNTO" Required " <path>", "RFC 959 § 4.1.3";
    /// Abort the transfer.
    Abor = "ABOR" Nothing "", "RFC 959 § 4.1.3";
    /// Delete a file.
    Dele = "DELE" Required " <path>", "RFC 959 § 4.1.3";
    /// Remove a folder.
    Rmd = "RMD" Required " <path>", "RFC 959 § 4.1.3";
    /// Make a folder.
    Mkd = "MKD" Required " <path>", "RFC 959 § 4.1.3";
    /// The current folder's path.
    Pwd = "PWD" Nothing "", "RFC 959 § 4.1.3";
    /// A listing for people.
    List = "LIST" Optional " [<path>]", "RFC 959 § 4.1.3";
    /// A listing of names.
    Nlst = "NLST" Optional " [<path>]", "RFC 959 § 4.1.3";
    /// What only this server offers.
    Site = "SITE" Required " <command>", "RFC 959 § 4.1.3";
    /// The system's type.
    Syst = "SYST" Nothing "", "RFC 959 § 4.1.3";
    /// The status, or a listing over the control connection.
    Stat = "STAT" Optional " [<path>]", "RFC 959 § 4.1.3";
    /// Help.
    Help = "HELP" Optional " [<verb>]", "RFC 959 § 4.1.3";
    /// Nothing.
    Noop = "NOOP" Nothing "", "RFC 959 § 4.1.3";
    /// The features (RFC 2389).
    Feat = "FEAT" Nothing "", "RFC 2389 § 3";
    /// A verb's options (RFC 2389).
    Opts = "OPTS" Required " <verb> [<options>]", "RFC 2389 § 4";
    /// A file's size (RFC 3659).
    Size = "SIZE" Required " <path>", "RFC 3659 § 4";
    /// When a file was modified (RFC 3659).
    Mdtm = "MDTM" Required " <path>", "RFC 3659 § 3";
    /// The facts of one file (RFC 3659).
    Mlst = "MLST" Optional " [<path>]", "RFC 3659 § 7";
    /// The facts of a folder's files (RFC 3659).
    Mlsd = "MLSD" Optional " [<path>]", "RFC 3659 § 7";
    /// Where to connect for data, of any network protocol (RFC 2428).
    Eprt = "EPRT" Required " |<1|2>|<address>|<port>|", "RFC 2428 § 2";
    /// Listen for a data connection of any network protocol (RFC 2428).
    Epsv = "EPSV" Optional " [1|2|ALL]", "RFC 2428 § 3";
    /// Begin a security mechanism (RFC 2228).
    Auth = "AUTH" Required " <mechanism>", "RFC 2228 § 3";
    /// The protection buffer's size (RFC 2228).
    Pbsz = "PBSZ" Required " <bytes>", "RFC 2228 § 3";
    /// The data connection's protection level (RFC 2228).
    Prot = "PROT" Required " <C|S|E|P>", "RFC 2228 § 3";
    /// The data of a security mechanism (RFC 2228).
    Adat = "ADAT" Required " <base64>", "RFC 2228 § 3";
    /// End the protection of commands (RFC 2228).
    Ccc = "CCC" Nothing "", "RFC 2228 § 3";
    /// A command with its integrity protected (RFC 2228).
    Mic = "MIC" Required " <base64>", "RFC 2228 § 3";
    /// A command kept confidential (RFC 2228).
    Conf = "CONF" Required " <base64>", "RFC 2228 § 3";
    /// A command with both protections (RFC 2228).
    Enc = "ENC" Required " <base64>", "RFC 2228 § 3";
    /// Where to connect for data, of any address family (RFC 1639).
    Lprt = "LPRT" Required " <af,hal,h1,…,pal,p1,…>", "RFC 1639";
    /// Listen for a data connection of any address family (RFC 1639).
    Lpsv = "LPSV" Nothing "", "RFC 1639";
    /// The language of the replies (RFC 2640).
    Lang = "LANG" Optional " [<tag>]", "RFC 2640 § 4.1";
    /// The virtual host (RFC 7151).
    Host = "HOST" Required " <domain>|<IPv4>|[<IPv6>]", "RFC 7151 § 3";
    /// A file's digest by the chosen algorithm.
    Hash = "HASH" Required " <path>", "draft-bryan-ftpext-hash § 3";
    /// The first and the last octet of the next transfer or digest.
    Rang = "RANG" Required " <first> <last>", "draft-bryan-ftp-range § 3";
    /// A file's CRC-32.
    Xcrc = "XCRC" Required " <path> [<start> [<end>]]", "in no RFC";
    /// A file's MD5.
    Xmd5 = "XMD5" Required " <path> [<start> [<end>]]", "in no RFC";
    /// A file's SHA-1.
    Xsha1 = "XSHA1" Required " <path> [<start> [<end>]]", "in no RFC";
    /// A file's SHA-256.
    Xsha256 = "XSHA256" Required " <path> [<start> [<end>]]", "in no RFC";
    /// A file's SHA-512.
    Xsha512 = "XSHA512" Required " <path> [<start> [<end>]]", "in no RFC";
    /// Set when a file was modified.
    Mfmt = "MFMT" Required " <time> <path>", "draft-somers-ftp-mfxx § 3";
    /// Set when a file was created.
    Mfct = "MFCT" Required " <time> <path>", "draft-somers-ftp-mfxx § 4";
    /// Set a file's facts.
    Mff = "MFF" Required " <fact>=<value>;… <path>", "draft-somers-ftp-mfxx § 5";
    /// How much space is left.
    Avbl = "AVBL" Optional " [<path>]", "draft-peterson-streamlined-ftp-command-extensions";
    /// Join files into one.
    Comb = "COMB" Required " <target> <part> …", "in no RFC";
    /// The client's name.
    Clnt = "CLNT" Required " <name>", "in no RFC";
    /// The client's name and version, for the server's.
    Csid = "CSID" Required " Name=<name>;Version=<version>;…", "in no RFC";
    /// Which transfer follows, said before PASV.
    Pret = "PRET" Required " <verb> [<path>]", "in no RFC";
    /// Listen for a data connection on which the server is the TLS client.
    Cpsv = "CPSV" Nothing "", "in no RFC";
    /// Whether the server is the TLS client on data connections.
    Sscn = "SSCN" Optional " [ON|OFF]", "in no RFC";
}

impl Verb {
    /// The verb of this name, in any case. The names of RFC 775 (`XCWD`, `XCUP`, `XMKD`, `XRMD`, `XPWD`) are taken for
    /// today's, and so is `XSHA` for `XSHA1`.
    #[must_use]
    pub const fn from_bytes(name: &[u8]) -> Option<Self> {
        const XCWD: u64 = key(b"XCWD");
        const XCUP: u64 = key(b"XCUP");
        const XMKD: u64 = key(b"XMKD");
        const XRMD: u64 = key(b"XRMD");
        const XPWD: u64 = key(b"XPWD");
        const XSHA: u64 = key(b"XSHA");
        if !matches!(name.len(), 3..=7) {
            return None;
        }
        match key(name) {
            XCWD => Some(Self::Cwd),
            XCUP => Some(Self::Cdup),
            XMKD => Some(Self::Mkd),
            XRMD => Some(Self::Rmd),
            XPWD => Some(Self::Pwd),
            XSHA => Some(Self::Xsha1),
            number => Self::from_key(number),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_verb_is_found_by_its_name() {
        for &verb in Verb::ALL {
            assert_eq!(Verb::from_bytes(verb.name().as_bytes()), Some(verb));
            assert_eq!(
                Verb::from_bytes(verb.name().to_ascii_lowercase().as_bytes()),
                Some(verb)
            );
            assert!(
                matches!(verb.name().len(), 3..=7),
                "the search relies on it"
            );
            assert!(!verb.source().is_empty());
            assert!(verb.syntax().starts_with(verb.name()));
        }
    }

    #[test]
    fn the_old_names_are_known() {
        let table = [
            ("XCWD", Verb::Cwd),
            ("xcup", Verb::Cdup),
            ("XMKD", Verb::Mkd),
            ("XRMD", Verb::Rmd),
            ("XPwd", Verb::Pwd),
            ("xsha", Verb::Xsha1),
            ("XSHA256", Verb::Xsha256),
        ];
        for (name, verb) in table {
            assert_eq!(Verb::from_bytes(name.as_bytes()), Some(verb));
        }
        assert_eq!(Verb::from_bytes(b"XRETR"), None);
        assert_eq!(Verb::from_bytes(b""), None);
        assert_eq!(Verb::from_bytes(b"\0PWD"), None);
    }

    proptest! {
        #[test]
        fn only_its_name_names_a_verb(bytes in prop::collection::vec(any::<u8>(), 0..9), text in "[A-Za-z]{3,4}") {
            for name in [bytes, Vec::from(text)] {
                if let Some(verb) = Verb::from_bytes(&name) {
                    let tail = if name.len() == 4 { &name[1..] } else { &name[..] };
                    let old = [Verb::Cwd, Verb::Cdup, Verb::Mkd, Verb::Rmd, Verb::Pwd].contains(&verb);
                    prop_assert!(name.eq_ignore_ascii_case(verb.name().as_bytes())
                        || verb == Verb::Xsha1 && name.eq_ignore_ascii_case(b"XSHA")
                        || old && tail.len() == 3 && name[0].eq_ignore_ascii_case(&b'x'));
                }
            }
        }
    }
}
