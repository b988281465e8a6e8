//! Small tools for text that is bytes: numbers in, displayed values out.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// A number of decimal digits alone: neither sign nor space. `None` also when it does not fit.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &digit| {
        if !digit.is_ascii_digit() {
            return None;
        }
        value
            .checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// Appends what `value` displays, without a string between.
pub(crate) fn append(value: impl fmt::Display, out: &mut Vec<u8>) {
    struct Appender<'a>(&'a mut Vec<u8>);

    impl fmt::Write for Appender<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    // Writing to memory does not fail; a `Display` that fails on its own would lose only its rest.
    let _ = write!(Appender(out), "{value}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimal_takes_digits_only() {
        for text in ["", "-1", "+1", " 1", "1 ", "1a", "18446744073709551616"] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decimal(b"007"), Some(7));
    }

    proptest! {
        #[test]
        fn numbers_come_back(number: u64) {
            let mut out = Vec::new();
            append(number, &mut out);
            prop_assert_eq!(decimal(&out), Some(number));
        }
    }
}
