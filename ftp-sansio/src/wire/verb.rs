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
    ($($(#[$doc:meta])+ $verb:ident = $name:literal $takes:ident $argument:literal;)+) => {
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
    User = "USER" Required " <user>";
    /// The password.
    Pass = "PASS" Optional " <password>";
    /// The account.
    Acct = "ACCT" Required " <account>";
    /// Change the folder.
    Cwd = "CWD" Required " <path>";
    /// Change to the parent folder.
    Cdup = "CDUP" Nothing "";
    /// Mount another file system.
    Smnt = "SMNT" Required " <path>";
    /// Log out, and begin again.
    Rein = "REIN" Nothing "";
    /// Log out, and end.
    Quit = "QUIT" Nothing "";
    /// Where to connect for data.
    Port = "PORT" Required " <h1,h2,h3,h4,p1,p2>";
    /// Listen for a data connection.
    Pasv = "PASV" Nothing "";
    /// The representation type.
    Type = "TYPE" Required " <A|E [N|T|C]> | I | L <bits>";
    /// The file structure.
    Stru = "STRU" Required " <F|R|P>";
    /// The transfer mode.
    Mode = "MODE" Required " <S|B|C|Z>";
    /// Send a file to the client.
    Retr = "RETR" Required " <path>";
    /// Store a file.
    Stor = "STOR" Required " <path>";
    /// Store a file under a name of its own.
    Stou = "STOU" Optional " [<path>]";
    /// Append to a file.
    Appe = "APPE" Required " <path>";
    /// Reserve space.
    Allo = "ALLO" Required " <bytes> [R <bytes>]";
    /// Where the next transfer begins.
    Rest = "REST" Required " <offset>";
    /// Rename: the old name.
    Rnfr = "RNFR" Required " <path>";
    /// Rename: the new name.
    Rnto = "RNTO" Required " <path>";
    /// Abort the transfer.
    Abor = "ABOR" Nothing "";
    /// Delete a file.
    Dele = "DELE" Required " <path>";
    /// Remove a folder.
    Rmd = "RMD" Required " <path>";
    /// Make a folder.
    Mkd = "MKD" Required " <path>";
    /// The current folder's path.
    Pwd = "PWD" Nothing "";
    /// A listing for people.
    List = "LIST" Optional " [<path>]";
    /// A listing of names.
    Nlst = "NLST" Optional " [<path>]";
    /// What only this server offers.
    Site = "SITE" Required " <command>";
    /// The system's type.
    Syst = "SYST" Nothing "";
    /// The status, or a listing over the control connection.
    Stat = "STAT" Optional " [<path>]";
    /// Help.
    Help = "HELP" Optional " [<verb>]";
    /// Nothing.
    Noop = "NOOP" Nothing "";
    /// The features (RFC 2389).
    Feat = "FEAT" Nothing "";
    /// A verb's options (RFC 2389).
    Opts = "OPTS" Required " <verb> [<options>]";
    /// A file's size (RFC 3659).
    Size = "SIZE" Required " <path>";
    /// When a file was modified (RFC 3659).
    Mdtm = "MDTM" Required " <path>";
    /// The facts of one file (RFC 3659).
    Mlst = "MLST" Optional " [<path>]";
    /// The facts of a folder's files (RFC 3659).
    Mlsd = "MLSD" Optional " [<path>]";
    /// Where to connect for data, of any network protocol (RFC 2428).
    Eprt = "EPRT" Required " |<1|2>|<address>|<port>|";
    /// Listen for a data connection of any network protocol (RFC 2428).
    Epsv = "EPSV" Optional " [1|2|ALL]";
    /// Begin a security mechanism (RFC 2228).
    Auth = "AUTH" Required " <mechanism>";
    /// The protection buffer's size (RFC 2228).
    Pbsz = "PBSZ" Required " <bytes>";
    /// The data connection's protection level (RFC 2228).
    Prot = "PROT" Required " <C|S|E|P>";
}

impl Verb {
    /// The verb of this name, in any case. The names of RFC 775 (`XCWD`, `XCUP`, `XMKD`, `XRMD`, `XPWD`) are taken for
    /// today's.
    #[must_use]
    pub const fn from_bytes(name: &[u8]) -> Option<Self> {
        const XCWD: u64 = key(b"XCWD");
        const XCUP: u64 = key(b"XCUP");
        const XMKD: u64 = key(b"XMKD");
        const XRMD: u64 = key(b"XRMD");
        const XPWD: u64 = key(b"XPWD");
        if !matches!(name.len(), 3 | 4) {
            return None;
        }
        match key(name) {
            XCWD => Some(Self::Cwd),
            XCUP => Some(Self::Cdup),
            XMKD => Some(Self::Mkd),
            XRMD => Some(Self::Rmd),
            XPWD => Some(Self::Pwd),
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
                matches!(verb.name().len(), 3 | 4),
                "the search relies on it"
            );
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
        fn only_its_name_names_a_verb(bytes in prop::collection::vec(any::<u8>(), 0..6), text in "[A-Za-z]{3,4}") {
            for name in [bytes, Vec::from(text)] {
                if let Some(verb) = Verb::from_bytes(&name) {
                    let tail = if name.len() == 4 { &name[1..] } else { &name[..] };
                    let old = [Verb::Cwd, Verb::Cdup, Verb::Mkd, Verb::Rmd, Verb::Pwd].contains(&verb);
                    prop_assert!(name.eq_ignore_ascii_case(verb.name().as_bytes())
                        || old && tail.len() == 3 && name[0].eq_ignore_ascii_case(&b'x'));
                }
            }
        }
    }
}
