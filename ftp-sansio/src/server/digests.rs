//! Digests of files: HASH with RANG and OPTS HASH (draft-bryan-ftpext-hash, draft-bryan-ftp-range), and XCRC, XMD5, XSHA1, XSHA256,
//! XSHA512.

use alloc::format;
use alloc::vec::Vec;

use super::files::Purpose;
use super::replies::say;
use super::session::Session;
use super::storage::{FileDigest, Operation};
use crate::wire::{Arg, ChecksumRange, Code, DigestAlgorithm, OctetRange, Reply};

impl Session {
    /// RANG chooses what the next command is about: RETR, STOR or HASH. `None` is `RANG 1 0`, which takes that back.
    pub(super) fn choose_range(&mut self, range: Option<OctetRange>) {
        if range.is_some() && !self.is_plain() {
            // draft-bryan-ftp-range § 5.
            return self.reply(say(
                Code::PAGE_TYPE_UNKNOWN,
                "A range needs TYPE I, STRU F and MODE S.",
            ));
        }
        self.settings.range = range;
        let text = match range {
            Some(range) => format!("From {} to {}, both included.", range.first(), range.last()),
            None => "All of the file.".into(),
        };
        self.reply(Reply::new(Code::FILE_ACTION_PENDING, text));
    }

    /// The algorithm of HASH: what OPTS HASH chose, as long as the store has it.
    pub(super) fn digest_algorithm(&self) -> Option<DigestAlgorithm> {
        let capabilities = self.capabilities();
        let chosen = self.settings.digest;
        chosen
            .filter(|&chosen| capabilities.has_digest(chosen))
            .or_else(|| capabilities.default_digest())
    }

    pub(super) fn hash(&mut self, name: &Arg) {
        let range = self.settings.range.take();
        let Some(algorithm) = self.digest_algorithm() else {
            return self.refuse_verb();
        };
        let range = range.map(|range| ChecksumRange {
            start: range.first(),
            end: range.last().checked_add(1),
        });
        let Some(path) = self.resolve(name) else {
            return;
        };
        let purpose = Purpose::Hash {
            algorithm,
            path: path.clone(),
            name: name.clone(),
        };
        let digest = Operation::Digest {
            path,
            algorithm,
            range,
        };
        self.ask(digest, purpose);
    }

    pub(super) fn checksum(
        &mut self,
        algorithm: DigestAlgorithm,
        name: &Arg,
        range: Option<ChecksumRange>,
    ) {
        if !self.capabilities().has_digest(algorithm) {
            return self.refuse_verb();
        }
        if range.is_some_and(|range| range.end.is_some_and(|end| end < range.start)) {
            return self.reply(say(
                Code::ARGUMENT_SYNTAX_ERROR,
                "The end lies before the start.",
            ));
        }
        let Some(path) = self.resolve(name) else {
            return;
        };
        let purpose = Purpose::Checksum {
            path: path.clone(),
            end: range.and_then(|range| range.end),
        };
        let digest = Operation::Digest {
            path,
            algorithm,
            range,
        };
        self.ask(digest, purpose);
    }
}

/// `213 SHA-256 0-49 hex name` (draft-bryan-ftpext-hash § 3). Both ends belong to the range, which a file without a byte
/// has no words for: it is told as `0-0`, as other servers do.
pub(super) fn hash_reply(algorithm: DigestAlgorithm, name: &Arg, digest: &FileDigest) -> Reply {
    let last = digest.end.saturating_sub(1).max(digest.start);
    let mut text = format!("{algorithm} {}-{last} ", digest.start).into_bytes();
    append_hex(&digest.digest, &mut text);
    text.push(b' ');
    text.extend_from_slice(name.as_bytes());
    Reply::new(Code::FILE_STATUS, text)
}

/// 250 and the digest. What was asked for and is not there makes no digest: the reply has no room to say which bytes it is of.
pub(super) fn checksum_reply(digest: &FileDigest, end: Option<u64>) -> Reply {
    if end.is_some_and(|end| digest.end < end) {
        return say(Code::FILE_UNAVAILABLE, "The file ends before that.");
    }
    let mut text = Vec::with_capacity(digest.digest.len() * 2);
    append_hex(&digest.digest, &mut text);
    Reply::new(Code::FILE_ACTION_COMPLETED, text)
}

/// In lower case (draft-bryan-ftpext-hash § 3).
fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]),
    );
}
