//! Digests of files (HASH, XSHA256 and their like), computed as the bytes go by.

use bytes::Bytes;
use ftp_sansio::wire::DigestAlgorithm;
use sha2::Digest as _;

/// A digest under way: what a server gives for a file, and what a client compares with.
#[derive(Clone, Debug)]
pub struct Hasher {
    algorithm: DigestAlgorithm,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Crc32(crc32fast::Hasher),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// Nothing for an algorithm that is not known here.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Option<Self> {
        let state = match algorithm {
            DigestAlgorithm::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            DigestAlgorithm::Md5 => State::Md5(md5::Md5::new()),
            DigestAlgorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            DigestAlgorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            DigestAlgorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
            _ => return None,
        };
        Some(Self { algorithm, state })
    }

    /// By which algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Takes what comes next.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(state) => state.update(bytes),
            State::Md5(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all that was taken, as the bytes that a reply has in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> Bytes {
        match self.state {
            State::Crc32(state) => Bytes::copy_from_slice(&state.finalize().to_be_bytes()),
            State::Md5(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha1(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha256(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha512(state) => Bytes::copy_from_slice(&state.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `123456789`, the check value that CRC catalogues give; the others as sha512sum(1) and its kin have them.
    #[test]
    fn known_digests() {
        for (algorithm, start) in [
            (DigestAlgorithm::Crc32, "cbf43926"),
            (DigestAlgorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (
                DigestAlgorithm::Sha1,
                "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
            ),
            (
                DigestAlgorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
            (DigestAlgorithm::Sha512, "d9e6762dd1c8eaf6d61b3c6192fc408d"),
        ] {
            let mut hasher = Hasher::new(algorithm).unwrap();
            hasher.update(b"1234");
            hasher.update(b"56789");
            assert_eq!(hasher.algorithm(), algorithm);
            let hex: String = hasher
                .finish()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert!(hex.starts_with(start), "{algorithm}: {hex}");
        }
    }
}
