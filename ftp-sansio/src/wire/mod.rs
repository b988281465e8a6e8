//! Bytes ↔ values: everything that travels on the control connection, and nothing of sessions or roles.
//!
//! A value of these types is well formed by construction. An [`Arg`] holds no CR, LF or NUL, so an encoded [`Command`]
//! holds exactly one CRLF, at its end; a [`VirtualPath`] is absolute and normalised, so it cannot name anything above
//! its root; a [`Secret`] does not print.

pub mod address;
pub mod argument;
pub mod code;
pub mod command;
/// Dates and times: time-val (RFC 3659 § 2.3) and the dates of a `LIST`.
pub mod date;
pub mod digest;
mod encode;
/// The facts of `MLST` and `MLSD` (RFC 3659 § 7).
pub mod facts;
pub mod feature;
pub mod host;
pub mod line;
pub mod modify;
pub mod options;
pub mod parameter;
pub mod path;
pub mod reply;
pub mod site;
pub mod telnet;
pub(crate) mod text;
pub mod verb;
mod words;

pub use address::EpsvArgument;
pub use argument::{Arg, Escaped, InvalidArg, Secret};
pub use command::{
    Command, CommandError, CommandErrorKind, Format, Mode, ProtectionLevel, Representation,
    Restart, Structure, Verb,
};
pub use date::DateTime;
pub use digest::{ChecksumRange, DigestAlgorithm, OctetRange};
pub use feature::Features;
pub use host::{Domain, Host, LanguageTag};
pub use line::{Frame, LineReader};
pub use modify::FactChange;
pub use options::OptionsCommand;
pub use path::{InvalidPath, VirtualPath};
pub use reply::{Class, Code, Reply, ReplyError, ReplyReader};
pub use site::{Removal, SiteCommand, SiteTimes};
