//! Restart markers (RFC 959 § 3.5): what a sender puts into the data so that a broken transfer can go on from there.

use core::fmt;

use super::Fault;
use super::unit::{Flow, Mark, Stage, Stop, Unit};

/// A restart marker that came with the data, and where it stood.
///
/// Its text means something to the sender alone. A receiver notes it beside the [`offset`](Self::offset), and a server tells
/// both in a 110 reply; the transfer begins again with the sender given its text back, and the receiver its offset.
#[derive(Clone, PartialEq, Eq)]
pub struct Marker {
    text: MarkerText,
    offset: u64,
}

impl Marker {
    pub(super) const fn new(text: MarkerText, offset: u64) -> Self {
        Self { text, offset }
    }

    /// The marker itself: 1 to 255 bytes, all of them printable ASCII other than the space (RFC 959 § 3.4.2).
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Where it stood: bytes of the local file, decoded as it is stored, counted from the file's start if
    /// [`Tuning::offset`](super::Tuning::offset) says where the transfer started.
    ///
    /// If the peer cut a CRLF in two with it (which it should not), this is before the CR.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marker")
            .field("text", &self.text)
            .field("offset", &self.offset)
            .finish()
    }
}

/// Room for a marker's text.
#[derive(Clone)]
pub(super) struct MarkerText {
    bytes: [u8; 255],
    length: u8,
}

impl MarkerText {
    pub(super) const EMPTY: Self = Self {
        bytes: [0; 255],
        length: 0,
    };

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) const fn clear(&mut self) {
        self.length = 0;
    }

    /// Appends a byte of a marker that comes from a peer.
    pub(super) fn push(&mut self, byte: u8) -> Result<(), Fault> {
        if !byte.is_ascii_graphic() {
            return Err(Fault::Malformed);
        }
        let room = self.bytes.get_mut(usize::from(self.length));
        *room.ok_or(Fault::TooLong)? = byte;
        self.length += 1;
        Ok(())
    }

    /// This position, as this library's markers say it: in decimal.
    fn set(&mut self, mut position: u64) {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (position % 10) as u8;
            position /= 10;
            if position == 0 {
                break;
            }
        }
        let digits = &digits[first..];
        self.bytes[..digits.len()].copy_from_slice(digits);
        self.length = digits.len() as u8;
    }
}

impl PartialEq for MarkerText {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for MarkerText {}

impl fmt::Debug for MarkerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Puts markers between the bytes of a file that is sent.
#[derive(Debug)]
pub(super) struct Placer {
    every: u64,
    /// Where in the file the next byte is.
    position: u64,
    /// Where the next marker is due.
    due: u64,
    /// In a text no marker stands between CR and LF: whoever resumed there would send another line end.
    is_text: bool,
    after_cr: bool,
}

impl Placer {
    pub(super) fn new(every: u64, position: u64, is_text: bool) -> Self {
        let every = every.max(1);
        Self {
            every,
            position,
            due: position.saturating_add(every),
            is_text,
            after_cr: false,
        }
    }
}

impl Stage for Placer {
    fn step(&mut self, flow: &mut Flow<'_>) -> Stop {
        loop {
            // A marker is placed when it is known that something follows it.
            let Some(Unit::Byte(byte)) = flow.peek() else {
                return flow.pass_mark();
            };
            let cuts_line_end = self.is_text && self.after_cr && byte == b'\n';
            let is_due = self.position >= self.due;
            if is_due && !cuts_line_end {
                flow.marker.set(self.position);
                self.due = self.position.saturating_add(self.every);
                return Stop::Mark(Mark::Restart);
            }
            let until_due = usize::try_from(self.due - self.position.min(self.due));
            let text = flow.input();
            let count = flow.copy(if is_due {
                1
            } else {
                until_due.unwrap_or(usize::MAX)
            });
            if count == 0 {
                return Stop::Full;
            }
            self.position += count as u64;
            self.after_cr = text[count - 1] == b'\r';
        }
    }
}
