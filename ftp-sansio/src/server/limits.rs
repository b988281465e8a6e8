//! How much a session holds at the most, and what it waits for only so long.

use super::lookahead;
use crate::timer::timers;
use crate::wire::VirtualPath;

/// The longest command line, in bytes, without its end: a path of full length and a verb.
pub(super) const MAX_LINE: usize = VirtualPath::MAX_LEN + 64;

/// No command is taken or begun while more than this waits to be sent, so that its worst reply always has room.
pub(super) const OUTBOX_GATE: usize = 16 * 1024;

/// The longest reply: a path with every byte doubled, or a STAT of a folder (which is cut to fit).
pub(super) const MAX_REPLY: usize = 12 * 1024;

/// No command is taken or begun while this many outputs wait to be polled.
pub(super) const OUTPUTS_GATE: usize = 32;

/// The most heap memory, in bytes, that one session's machine holds, whatever its peer and its driver do: one line, the
/// lookahead, the outbox (the gate, the reply in hand and one for each of ABOR and STAT beside it, doubled as a `Vec`
/// grows), the outputs, and a few paths and names of hosts.
pub const MEMORY_BOUND: usize = 2 * MAX_LINE
    + 2 * (lookahead::MAX_BYTES + MAX_LINE + lookahead::MAX_LINES * 128)
    + 2 * (OUTBOX_GATE + 3 * MAX_REPLY)
    + OUTPUTS_GATE * 1024
    + 24 * VirtualPath::MAX_LEN;

timers! {
    /// What a session may wait for only so long.
    Timer {
        /// A login that goes well.
        Login,
        /// The next command, or the peer to read its replies.
        Idle,
        /// The end of a failed login's penalty.
        LoginDelay,
        /// TLS on the control connection to begin or to end.
        Handshake,
        /// The data connection.
        DataOpen,
        /// The next byte on the data connection.
        DataProgress,
        /// A peer that has died to show it on the control connection too.
        Doubt,
        /// The last reply to be flushed.
        Linger,
    }
}
