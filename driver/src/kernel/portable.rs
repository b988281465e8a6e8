//! The same where there are no such calls: everything goes the ordinary way.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::path::Path;

use super::Purpose;
use crate::runtime::Stream;

pub(crate) const fn send_file<S: Stream>(
    _: &mut S,
    _: &File,
    _: u64,
    _: usize,
) -> Option<io::Result<usize>> {
    None
}

pub(crate) const fn send_held<S: Stream>(_: &mut S, _: &[u8]) -> Option<io::Result<usize>> {
    None
}

pub(crate) fn read_cached(_: &File, _: u64, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::WouldBlock.into())
}

pub(crate) const fn is_cached(_: &File, _: u64) -> bool {
    false
}

pub(crate) const fn open_cached<D>(_: &D, _: &Path, _: Purpose) -> Option<File> {
    None
}

pub(crate) const fn is_local<D>(_: &D) -> bool {
    false
}

/// There is none.
#[derive(Debug)]
pub(crate) struct Pipe(Infallible);

#[allow(clippy::needless_pass_by_ref_mut, reason = "as they are on Linux")]
impl Pipe {
    pub(crate) const fn take() -> Option<Self> {
        None
    }

    pub(crate) const fn fill<S: Stream>(&mut self, _: &mut S) -> Option<io::Result<usize>> {
        match self.0 {}
    }

    pub(crate) const fn drain(&mut self, _: &File) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) const fn held(&self) -> usize {
        match self.0 {}
    }

    pub(crate) const fn rest(&mut self) -> io::Result<Vec<u8>> {
        match self.0 {}
    }
}
