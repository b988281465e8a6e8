//! The little of Telnet (RFC 854) that an FTP control connection needs: removing its commands and refusing its options.
//!
//! RFC 1123 § 4.1.2.12 asks every FTP implementation to take Telnet commands out of the stream and to refuse options.

use alloc::vec::Vec;

/// "Interpret as command": begins a Telnet command, and stands for itself when doubled.
pub const IAC: u8 = 255;
/// The peer asks us to stop an option.
pub const DONT: u8 = 254;
/// The peer asks us to begin an option.
pub const DO: u8 = 253;
/// The peer refuses an option.
pub const WONT: u8 = 252;
/// The peer offers an option.
pub const WILL: u8 = 251;
/// Begins a subnegotiation.
pub const SB: u8 = 250;
/// Interrupt process; a client sends it before `ABOR` (RFC 959 § 4.1.3).
pub const IP: u8 = 244;
/// The data mark of a Synch.
pub const DM: u8 = 242;
/// Ends a subnegotiation.
pub const SE: u8 = 240;

/// Where in a Telnet command the stream is. It remembers single bytes only, so any split of the stream will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Telnet {
    #[default]
    Data,
    /// After an IAC.
    Command,
    /// After IAC and this one of WILL, WONT, DO, DONT.
    Option(u8),
    /// Inside a subnegotiation.
    Subnegotiation,
    /// Inside a subnegotiation, after an IAC.
    SubnegotiationCommand,
}

/// What a byte inside a Telnet command turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Part of a command that asks for nothing.
    Nothing,
    /// The second byte of a doubled 0xFF: one byte of data.
    Doubled,
    /// No command at all: the IAC was data, and this byte still has to be looked at.
    Undoubled,
    /// The end of a request, with the refusal to send.
    Refuse([u8; 3]),
}

impl Telnet {
    /// Takes the byte after an IAC, and those that follow until the state is `Data` again.
    pub(super) fn hear(&mut self, byte: u8) -> Heard {
        let (next, heard) = match (*self, byte) {
            (Self::Data, _) => (Self::Command, Heard::Nothing),
            (Self::Command, IAC) => (Self::Data, Heard::Doubled),
            (Self::Command, WILL..=DONT) => (Self::Option(byte), Heard::Nothing),
            (Self::Command, SB) => (Self::Subnegotiation, Heard::Nothing),
            (Self::Command, SE..SB) => (Self::Data, Heard::Nothing),
            // A peer that does not double its 0xFF, as in a Latin-1 name: nothing below SE is a command in FTP.
            (Self::Command, _) => (Self::Data, Heard::Undoubled),
            (Self::Option(DO), _) => (Self::Data, Heard::Refuse([IAC, WONT, byte])),
            (Self::Option(WILL), _) => (Self::Data, Heard::Refuse([IAC, DONT, byte])),
            // Answering WONT or DONT could loop (RFC 854, "General Considerations").
            (Self::Option(_), _) => (Self::Data, Heard::Nothing),
            (Self::Subnegotiation, IAC) => (Self::SubnegotiationCommand, Heard::Nothing),
            (Self::SubnegotiationCommand, SE) => (Self::Data, Heard::Nothing),
            (Self::Subnegotiation | Self::SubnegotiationCommand, _) => {
                (Self::Subnegotiation, Heard::Nothing)
            }
        };
        *self = next;
        heard
    }
}

/// Appends `bytes` to `out` with every 0xFF doubled, so that none of them begins a Telnet command.
pub fn double_iac(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(IAC, rest) {
        let (clean, tail) = rest.split_at(at.saturating_add(1));
        out.extend_from_slice(clean);
        out.push(IAC);
        rest = tail;
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs a whole stream through: the data, and the refusals.
    fn strip(stream: &[u8]) -> (Vec<u8>, Vec<[u8; 3]>) {
        let (mut telnet, mut data, mut refusals) = (Telnet::Data, Vec::new(), Vec::new());
        for &byte in stream {
            if telnet == Telnet::Data && byte != IAC {
                data.push(byte);
                continue;
            }
            match telnet.hear(byte) {
                Heard::Nothing => {}
                Heard::Doubled => data.push(IAC),
                Heard::Undoubled => data.extend([IAC, byte]),
                Heard::Refuse(refusal) => refusals.push(refusal),
            }
        }
        (data, refusals)
    }

    #[test]
    fn refuses_requests_and_answers_no_refusal() {
        let stream = [
            b'a', IAC, DO, 1, IAC, WILL, IAC, IAC, DONT, 1, IAC, WONT, 1, b'b',
        ];
        let refusals = alloc::vec![[IAC, WONT, 1], [IAC, DONT, IAC]];
        assert_eq!(strip(&stream), (b"ab".to_vec(), refusals));
    }

    #[test]
    fn skips_commands_and_subnegotiations() {
        let stream = [
            IAC, IP, IAC, DM, b'A', IAC, SB, 24, b'\n', IAC, IAC, IAC, 7, SE, IAC, SE, b'B', IAC,
            SE,
        ];
        assert_eq!(strip(&stream), (b"AB".to_vec(), Vec::new()));
    }

    #[test]
    fn an_undoubled_ff_is_data() {
        assert_eq!(
            strip(b"\xffa\xff\xff\xff\n"),
            (b"\xffa\xff\xff\n".to_vec(), Vec::new())
        );
    }

    proptest! {
        #[test]
        fn doubling_is_undone(bytes in prop::collection::vec(prop_oneof![Just(IAC), any::<u8>()], 0..64)) {
            let mut doubled = Vec::new();
            double_iac(&bytes, &mut doubled);
            prop_assert_eq!(strip(&doubled), (bytes, Vec::new()));
        }
    }
}
