//! Paths within a tree, the same on both sides.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ftp_sansio::wire::Escaped;

use crate::failure::{Exit, Failure};
use crate::names::{self, Unsafe};
use crate::remote::RemotePath;

/// A path below the top of a tree: plain names with `/` between them; empty for the top itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Below(Vec<u8>);

impl Below {
    /// Something in this folder.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn child(&self, name: &[u8]) -> Result<Self, Unsafe> {
        names::check(name)?;
        let mut path = self.0.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Ok(Self(path))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its names, from the top.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .split(|&byte| byte == b'/')
            .filter(|name| !name.is_empty())
    }

    pub(crate) fn depth(&self) -> usize {
        self.names().count()
    }

    /// The folders it lies in, the top not counted.
    pub(crate) fn parents(&self) -> impl Iterator<Item = Self> {
        let slashes = self.0.iter().enumerate().filter(|&(_, &byte)| byte == b'/');
        slashes.map(|(at, _)| Self(self.0[..at].to_vec()))
    }

    /// What lies in it: all that begins with it and a `/`, the byte after which is `0`.
    pub(crate) fn inside(&self) -> Range<Self> {
        let end = |byte| Self([&self.0[..], &[byte]].concat());
        end(b'/')..end(b'0')
    }

    /// Where it is on the server, when the top is `base`.
    pub(crate) fn remote(&self, base: &RemotePath) -> Result<RemotePath, Failure> {
        match self.0.is_empty() {
            true => Ok(base.clone()),
            false => crate::upload::join(base, &self.0),
        }
    }

    /// Where it is here, when the top is `base`.
    pub(crate) fn local(&self, base: &Path) -> Result<PathBuf, Failure> {
        let mut path = base.to_owned();
        for name in self.names() {
            let name = names::to_local(name).map_err(|why| {
                let shown = Escaped(&self.0);
                Failure::new(
                    Exit::Partial,
                    format!("{shown} is not used as a local name: {why}"),
                )
            })?;
            path.push(name);
        }
        Ok(path)
    }
}

impl std::fmt::Display for Below {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// Some paths, and what lies in them.
#[derive(Debug, Default)]
pub(crate) struct Branches(BTreeSet<Below>);

impl Branches {
    pub(crate) fn add(&mut self, below: Below) {
        self.0.insert(below);
    }

    /// Whether it is one of them.
    pub(crate) fn contain(&self, below: &Below) -> bool {
        self.0.contains(below)
    }

    /// Whether it is one of them, or lies in one at any depth.
    pub(crate) fn hold(&self, below: &Below) -> bool {
        !self.0.is_empty()
            && (self.contain(below) || below.parents().any(|folder| self.contain(&folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(text: &str) -> Below {
        text.split('/').fold(Below::default(), |folder, name| {
            folder.child(name.as_bytes()).unwrap()
        })
    }

    #[test]
    fn paths_below() {
        let path = below("a/b");
        assert_eq!(path.as_bytes(), b"a/b");
        assert_eq!(
            below("a/b/c").parents().collect::<Vec<_>>(),
            [below("a"), below("a/b")]
        );
        assert_eq!(path.local(Path::new("x")).unwrap(), Path::new("x/a/b"));
        let base = RemotePath::new(b"/r").unwrap();
        assert_eq!(path.remote(&base).unwrap().as_bytes(), b"/r/a/b");
        assert!(path.child(b"..").is_err() && path.child(b"/x").is_err());
    }

    #[test]
    fn branches() {
        let mut branches = Branches::default();
        assert!(!branches.hold(&below("a")));
        branches.add(below("a"));
        assert!(branches.hold(&below("a")) && branches.hold(&below("a/b/c")));
        assert!(!branches.hold(&below("ab")) && !branches.contain(&below("a/b")));
        let inside = below("a").inside();
        let found =
            ["a", "a-", "a/b", "a/b/c", "a0", "b"].map(|path| inside.contains(&below(path)));
        assert_eq!(found, [false, false, true, true, false, false]);
    }
}
