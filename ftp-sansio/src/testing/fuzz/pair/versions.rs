//! What may be in a file after operations of which some failed.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::NAMES;

/// What may be in each file.
#[derive(Debug)]
pub(super) struct Versions(BTreeMap<&'static str, Vec<Version>>);

/// One thing that may be in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Version {
    Absent,
    File(Vec<u8>),
    /// At least so many bytes of this, and perhaps more.
    Part(usize, Vec<u8>),
    /// Nobody can say.
    Anything,
}

impl Version {
    pub(super) fn of(file: Option<&[u8]>) -> Self {
        file.map_or(Self::Absent, |bytes| Self::File(bytes.to_vec()))
    }

    /// Whether this may be what is there.
    fn admits(&self, file: Option<&[u8]>) -> bool {
        match (self, file) {
            (Self::Anything, _) | (Self::Absent, None) => true,
            (Self::File(bytes), Some(file)) => bytes == file,
            (Self::Part(least, whole), Some(file)) => {
                file.len() >= *least && whole.starts_with(file)
            }
            _ => false,
        }
    }

    /// Whether these may be its bytes from an offset on, as `read` has them.
    fn reads_as(&self, offset: usize, read: impl Fn(&[u8]) -> Vec<u8>, bytes: &[u8]) -> bool {
        match self {
            Self::Absent => false,
            Self::File(file) => file.get(offset..).is_some_and(|rest| read(rest) == bytes),
            Self::Part(least, whole) => (*least..=whole.len()).any(|length| {
                let rest = whole[..length].get(offset..);
                rest.is_some_and(|rest| read(rest) == bytes)
            }),
            Self::Anything => true,
        }
    }
}

impl Versions {
    /// What is there.
    pub(super) fn now<'a>(file: impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        Self(
            NAMES
                .iter()
                .map(|name| (*name, Vec::from([Version::of(file(name))])))
                .collect(),
        )
    }

    pub(super) fn of(&self, name: &str) -> &[Version] {
        &self.0[name]
    }

    pub(super) fn set(&mut self, name: &'static str, versions: Vec<Version>) {
        self.0.insert(name, versions);
    }

    /// It may be like this too.
    pub(super) fn or(&mut self, name: &'static str, version: Version) {
        let versions = self.0.entry(name).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }

    pub(super) fn admit(&self, name: &str, file: Option<&[u8]>) -> bool {
        self.of(name).iter().any(|version| version.admits(file))
    }

    pub(super) fn read_as(
        &self,
        name: &str,
        offset: usize,
        read: impl Fn(&[u8]) -> Vec<u8>,
        bytes: &[u8],
    ) -> bool {
        self.of(name)
            .iter()
            .any(|version| version.reads_as(offset, &read, bytes))
    }
}
