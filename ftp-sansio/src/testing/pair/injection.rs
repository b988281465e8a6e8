//! Somebody on the way who puts bytes of their own behind what one side says in clear text.

use alloc::vec::Vec;

/// Bytes in clear text behind a line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Injection {
    /// Whether it is the client's line, on its way to the server; or the server's.
    pub is_clients: bool,
    /// What the line begins with.
    pub line: Vec<u8>,
    /// What is put behind its end.
    pub bytes: Vec<u8>,
    /// Behind so many bytes of both together they are cut in two.
    pub cut: usize,
}

impl Injection {
    /// Bytes behind a line.
    #[must_use]
    pub fn new(is_clients: bool, line: &[u8], bytes: &[u8], cut: usize) -> Self {
        Self {
            is_clients,
            line: line.to_vec(),
            bytes: bytes.to_vec(),
            cut,
        }
    }
}

/// What is to be injected, and what of it was.
#[derive(Debug, Default)]
pub(super) struct Injections {
    waiting: Option<Injection>,
    pub(super) done: bool,
}

impl Injections {
    pub(super) fn wait_for(&mut self, injection: Injection) {
        self.waiting = Some(injection);
    }

    /// How many of these bytes are to be sent at once: all of them, where something is put behind them.
    pub(super) fn awaits(&self, is_clients: bool, bytes: &[u8]) -> bool {
        self.waiting.as_ref().is_some_and(|injection| {
            injection.is_clients == is_clients
                && bytes.starts_with(&injection.line)
                && bytes.ends_with(b"\r\n")
        })
    }

    /// Puts the bytes behind what is sent, and cuts it in two.
    pub(super) fn inject(&mut self, mut sent: Vec<u8>) -> [Vec<u8>; 2] {
        let Some(Injection { bytes, cut, .. }) = self.waiting.take() else {
            return [sent, Vec::new()];
        };
        self.done = true;
        sent.extend(bytes);
        let second = sent.split_off(cut.min(sent.len()));
        [sent, second]
    }
}
