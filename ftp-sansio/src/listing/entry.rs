//! What a listing tells of one file; also what a server's storage tells the session.

use core::fmt;

use bytes::Bytes;

use super::Facts;
use crate::wire::date::DateTime;

/// One file, folder or link of a folder.
///
/// A field that is `None` was not told, or could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The name as the server spelt it, in whatever encoding; one component of a path unless the server listed more.
    ///
    /// It comes from the peer: print it through [`Escaped`](crate::wire::argument::Escaped).
    pub name: Bytes,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes; of a folder only where the server says so.
    pub size: Option<u64>,
    /// When its content last changed.
    pub modified: Option<Modified>,
    /// When it was made.
    pub created: Option<Modified>,
    /// Its Unix mode.
    pub permissions: Option<Permissions>,
    /// The user it belongs to: a name, or a number in decimal.
    pub owner: Option<Bytes>,
    /// The group it belongs to: a name, or a number in decimal.
    pub group: Option<Bytes>,
    /// How many hard links lead to it.
    pub links: Option<u64>,
    /// Where a symbolic link leads.
    pub target: Option<Bytes>,
    /// The `unique` fact of RFC 3659 § 7.5.2: two entries that share it are the same file.
    pub unique: Option<Bytes>,
    /// What else `MLSD` or `MLST` told of it: `perm`, `lang`, `media-type`, `charset`, and facts that nobody knows.
    pub facts: Facts,
}

impl Entry {
    /// An entry of which only the name and the kind are known.
    #[must_use]
    pub fn new(name: impl Into<Bytes>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            size: None,
            modified: None,
            created: None,
            permissions: None,
            owner: None,
            group: None,
            links: None,
            target: None,
            unique: None,
            facts: Facts::default(),
        }
    }

    /// The length of its texts, in bytes.
    pub(crate) fn text_len(&self) -> usize {
        let texts = [&self.owner, &self.group, &self.target, &self.unique];
        let texts = texts.into_iter().flatten().map(Bytes::len);
        self.name.len() + self.facts.as_bytes().len() + texts.sum::<usize>()
    }
}

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something that `RETR` gives.
    File,
    /// Something that `CWD` enters.
    Folder,
    /// A symbolic link, to either.
    Symlink,
    /// A device, a pipe, a socket, or what the server has no word for.
    Other,
}

/// When something changed, and how much of that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Modified {
    /// The date; what is finer than `precision` is zero.
    pub date: DateTime,
    /// The finest unit that the source told.
    pub precision: Precision,
    /// The clock it was read from.
    pub zone: Zone,
}

/// The finest unit of a date that is known, from the coarsest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// The day.
    Day,
    /// The minute.
    Minute,
    /// The second.
    Second,
    /// A fraction of the second.
    Subsecond,
}

/// Which clock a date was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// The server's, wherever that is: `LIST` does not say.
    Unknown,
}

/// The twelve bits of a Unix mode: set-user-id, set-group-id, sticky, and three times read, write, execute.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(u16);

impl Permissions {
    /// The low twelve bits of `mode`; the others, which tell the kind of a file, are dropped.
    #[must_use]
    pub const fn new(mode: u16) -> Self {
        Self(mode & 0o7777)
    }

    /// The bits, at most `0o7777`.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Reads nine characters as `ls -l` prints them, such as `rwxr-sr-t`; `None` for anything else.
    ///
    /// `l` or `L` in the group's last place is System V's mandatory locking, which is set-group-id without execute.
    #[must_use]
    pub fn from_symbolic(text: &[u8]) -> Option<Self> {
        let text: &[u8; 9] = text.try_into().ok()?;
        let mut mode = 0;
        for (index, triple) in text.chunks_exact(3).enumerate() {
            // The special bit of the first triple is 0o4000, of the second 0o2000, of the third 0o1000.
            let special = 0o4000 >> index;
            let bits = read_triple(triple, index, special)?;
            mode |= (bits & 0o7) << (6 - 3 * index) | bits & 0o7000;
        }
        Some(Self(mode))
    }
}

/// One `rwx`: its three bits, and `special` if its last place says so.
fn read_triple(triple: &[u8], index: usize, special: u16) -> Option<u16> {
    let read = match triple[0] {
        b'r' => 4,
        b'-' => 0,
        _ => return None,
    };
    let write = match triple[1] {
        b'w' => 2,
        b'-' => 0,
        _ => return None,
    };
    let execute = match (triple[2], index) {
        (b'x', _) => 1,
        (b'-', _) => 0,
        (b's', 0 | 1) | (b't', 2) => 1 | special,
        (b'S', 0 | 1) | (b'l' | b'L', 1) | (b'T', 2) => special,
        _ => return None,
    };
    Some(read | write | execute)
}

/// `rwxr-xr-x`, with `s`, `S`, `t` and `T` as `ls` has them.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"---------";
        for (place, byte) in text.iter_mut().enumerate() {
            if self.0 & (0o400 >> place) != 0 {
                *byte = b"rwx"[place % 3];
            }
        }
        for (index, (set, clear)) in [(b's', b'S'), (b's', b'S'), (b't', b'T')]
            .iter()
            .enumerate()
        {
            let place = 3 * index + 2;
            if self.0 & (0o4000 >> index) != 0 {
                text[place] = if text[place] == b'x' { *set } else { *clear };
            }
        }
        f.pad(core::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({:#o})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::Permissions;

    #[test]
    fn shows_special_bits() {
        for (mode, text) in [
            (0o755, "rwxr-xr-x"),
            (0o4755, "rwsr-xr-x"),
            (0o4644, "rwSr--r--"),
            (0o2771, "rwxrws--x"),
            (0o2700, "rwx--S---"),
            (0o1777, "rwxrwxrwt"),
            (0o1666, "rw-rw-rwT"),
            (0, "---------"),
        ] {
            assert_eq!(Permissions::new(mode).to_string(), text);
        }
        assert_eq!(
            Permissions::from_symbolic(b"rw-r-lr--"),
            Some(Permissions::new(0o2644))
        );
        for text in ["rwxrwxrwxr", "wwxr-xr-x", "rwtr-xr-x", "rwxr-xr-s", "rw"] {
            assert_eq!(Permissions::from_symbolic(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(mode: u16) {
            let permissions = Permissions::new(mode);
            prop_assert_eq!(permissions.bits(), mode & 0o7777);
            prop_assert_eq!(Permissions::from_symbolic(permissions.to_string().as_bytes()), Some(permissions));
        }

        #[test]
        fn never_panics(text: [u8; 9]) {
            let _ = Permissions::from_symbolic(&text);
        }
    }
}
