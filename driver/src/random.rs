//! The system's random bits, asked for many at a time: a call for every port and every hidden name costs as much as reading a small file.

use std::cell::RefCell;
use std::io;

/// How many are kept, in bytes.
const BLOCK: usize = 256;

struct Block {
    bytes: [u8; BLOCK],
    /// So many of them were given away.
    used: usize,
}

thread_local! {
    static BITS: RefCell<Block> = const {
        RefCell::new(Block { bytes: [0; BLOCK], used: BLOCK })
    };
}

/// Bytes that nobody else in this process is given. (One that forks and goes on without exec would share what is kept.)
///
/// # Errors
/// The system has none.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    const { assert!(N <= BLOCK) };
    let mut given = [0; N];
    let kept = BITS.try_with(|block| {
        let mut block = block.borrow_mut();
        if BLOCK - block.used < N {
            getrandom::fill(&mut block.bytes)?;
            block.used = 0;
        }
        let from = block.used;
        let bytes = &mut block.bytes[from..from + N];
        given.copy_from_slice(bytes);
        bytes.fill(0);
        block.used += N;
        Ok(())
    });
    // A thread that ends may have none left.
    kept.unwrap_or_else(|_| getrandom::fill(&mut given))
        .map_err(|error: getrandom::Error| io::Error::other(error))?;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn gives_nothing_twice() {
        let mut seen = HashSet::new();
        for _ in 0..BLOCK {
            assert!(seen.insert(bytes::<16>().unwrap()));
            assert!(seen.insert({
                let mut longer = [0; 16];
                longer[..12].copy_from_slice(&bytes::<12>().unwrap());
                longer
            }));
        }
        let elsewhere = std::thread::spawn(|| bytes::<16>().unwrap());
        assert!(seen.insert(elsewhere.join().unwrap()));
        assert_eq!(bytes::<0>().unwrap(), [0; 0]);
    }
}
