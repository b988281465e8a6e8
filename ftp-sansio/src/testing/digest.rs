//! The two digests that the store in memory has: small enough to be read, and far too slow for anything else.

use alloc::vec::Vec;

use crate::wire::DigestAlgorithm;

/// The digest, for CRC-32 and SHA-1.
pub(super) fn digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        DigestAlgorithm::Crc32 => Some(crc32(bytes).to_be_bytes().to_vec()),
        DigestAlgorithm::Sha1 => Some(sha1(bytes)),
        _ => None,
    }
}

/// The CRC of ISO 3309, as zip and Ethernet have it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
    let crc = bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), step)
    });
    !crc
}

/// FIPS 180-4 § 6.1.
fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut hash = [
        0x6745_2301_u32,
        0xEFCD_AB89,
        0x98BA_DCFE,
        0x1032_5476,
        0xC3D2_E1F0,
    ];
    let mut message = bytes.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
    for block in message.chunks_exact(64) {
        let mut words = [0; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, &byte| (word << 8) | u32::from(byte));
        }
        for at in 16..80 {
            words[at] =
                (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = hash;
        for (at, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match at {
                ..20 => ((b & c) | (!b & d), 0x5A82_7999),
                20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6_u32),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(mixed)
                .wrapping_add(e)
                .wrapping_add(constant)
                .wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, value) in hash.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(value);
        }
    }
    hash.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn hex(algorithm: DigestAlgorithm, text: &str) -> String {
        let digest = digest(algorithm, text.as_bytes()).unwrap();
        digest
            .iter()
            .map(|byte| alloc::format!("{byte:02x}"))
            .collect()
    }

    /// The check value of CRC-32, and the vectors of FIPS 180-4's examples.
    #[test]
    fn known_digests() {
        assert_eq!(hex(DigestAlgorithm::Crc32, "123456789"), "cbf43926");
        assert_eq!(
            hex(DigestAlgorithm::Sha1, "abc"),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex(
                DigestAlgorithm::Sha1,
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
            ),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(
            hex(DigestAlgorithm::Sha1, ""),
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        );
        assert_eq!(digest(DigestAlgorithm::Md5, b""), None);
    }
}
