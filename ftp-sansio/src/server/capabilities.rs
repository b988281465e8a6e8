//! What a store can do besides reading, writing and naming files.

use core::fmt;

use crate::wire::DigestAlgorithm;

/// One thing that not every store can do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Capability {
    /// To set when a file was modified: MFMT, MFF, MDTM with a time, SITE UTIME.
    SetModified,
    /// To set when a file was created: MFCT and MFF.
    SetCreated,
    /// To set a Unix mode: SITE CHMOD and MFF.
    SetPermissions,
    /// To set the owner: MFF.
    SetOwner,
    /// To set the group: SITE CHGRP and MFF.
    SetGroup,
    /// To take permissions from all files to come: SITE UMASK.
    Umask,
    /// Symbolic links: SITE SYMLINK.
    Links,
    /// To copy a file: SITE COPY, and SITE CPFR with SITE CPTO.
    Copy,
    /// To join files into one: COMB.
    Combine,
    /// To tell how much space is left: AVBL.
    Available,
    /// To remove a folder with all that it holds: SITE RMDIR -r.
    RemoveTrees,
    /// Words of SITE that are the store's own.
    Site,
}

/// Which of these things a store can do. FEAT and HELP list what belongs to them, and nothing else; what is not among
/// them is refused without asking the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities {
    /// A bit for each [`Capability`].
    abilities: u16,
    /// A bit for each [`DigestAlgorithm`].
    digests: u8,
}

impl Capabilities {
    /// None of them.
    pub const NONE: Self = Self {
        abilities: 0,
        digests: 0,
    };

    /// These and one more.
    #[must_use]
    pub const fn with(self, ability: Capability) -> Self {
        Self {
            abilities: self.abilities | 1 << ability as u16,
            ..self
        }
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, ability: Capability) -> Self {
        Self {
            abilities: self.abilities & !(1 << ability as u16),
            ..self
        }
    }

    /// These and the digests of this algorithm.
    #[must_use]
    pub const fn with_digest(self, algorithm: DigestAlgorithm) -> Self {
        Self {
            digests: self.digests | 1 << algorithm as u8,
            ..self
        }
    }

    /// These without any digest.
    #[must_use]
    pub const fn without_digests(self) -> Self {
        Self { digests: 0, ..self }
    }

    /// Whether this is among them.
    #[must_use]
    pub const fn has(self, ability: Capability) -> bool {
        self.abilities & 1 << ability as u16 != 0
    }

    /// Whether the digests of this algorithm are among them.
    #[must_use]
    pub const fn has_digest(self, algorithm: DigestAlgorithm) -> bool {
        self.digests & 1 << algorithm as u8 != 0
    }

    /// The digests, from the weakest.
    pub fn digests(self) -> impl Iterator<Item = DigestAlgorithm> {
        DigestAlgorithm::ALL
            .iter()
            .copied()
            .filter(move |&algorithm| self.has_digest(algorithm))
    }

    /// What HASH uses before anything is chosen: SHA-256, or the strongest there is. The draft wants nothing weaker than SHA-1
    /// (draft-bryan-ftpext-hash § 5); a CRC is no cryptographic hash at all, and only there when it is asked for.
    #[must_use]
    pub fn default_digest(self) -> Option<DigestAlgorithm> {
        if self.has_digest(DigestAlgorithm::Sha256) {
            return Some(DigestAlgorithm::Sha256);
        }
        self.digests().last()
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({:#b}", self.abilities)?;
        for algorithm in self.digests() {
            write!(f, ", {algorithm}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_set() {
        let set = Capabilities::NONE
            .with(Capability::Copy)
            .with(Capability::Site)
            .with_digest(DigestAlgorithm::Sha1)
            .with_digest(DigestAlgorithm::Crc32);
        assert!(set.has(Capability::Copy) && !set.has(Capability::Links));
        assert!(!set.without(Capability::Copy).has(Capability::Copy));
        assert_eq!(
            set.digests().collect::<Vec<_>>(),
            [DigestAlgorithm::Crc32, DigestAlgorithm::Sha1]
        );
        assert_eq!(set.default_digest(), Some(DigestAlgorithm::Sha1));
        let more = set
            .with_digest(DigestAlgorithm::Sha512)
            .with_digest(DigestAlgorithm::Sha256);
        assert_eq!(more.default_digest(), Some(DigestAlgorithm::Sha256));
        assert_eq!(more.without_digests().default_digest(), None);
        assert_eq!(Capabilities::NONE, Capabilities::default());
        assert_eq!(
            alloc::format!(
                "{:?}",
                set.without(Capability::Site).without(Capability::Copy)
            ),
            "Capabilities(0b0, CRC32, SHA-1)"
        );
    }
}
