//! What `OPTS` chooses (RFC 2389 § 4).

use alloc::vec::Vec;

use super::argument::Arg;
use super::command::{Command, CommandErrorKind};
use super::digest::DigestAlgorithm;
use super::facts::FactSet;
use super::text::{append, decimal};
use super::words::{arg, optional, split_at_space};

/// The argument of `OPTS`, read. [`Command::Opts`] carries it as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsCommand {
    /// `UTF8 ON`, or alone, and `UTF8 OFF`: in no RFC, and sent by many clients all the same.
    Utf8(bool),
    /// `MLST facts`: the facts that MLST and MLSD tell from now on (RFC 3659 § 7.9).
    Mlst(FactSet),
    /// `HASH [algorithm]`: the algorithm of HASH from now on, or the question for it (draft-bryan-ftpext-hash § 3.2).
    Hash(Option<DigestAlgorithm>),
    /// `MODE Z [LEVEL n]`: how hard to compress under MODE Z (draft-preston-ftpext-deflate).
    ModeZ {
        /// From 0, not at all, to 9; none is the server's own choice.
        level: Option<u8>,
    },
    /// Another verb's options. Written with one of the names above or with a space in `verb`, it is read back as
    /// something else.
    Other {
        /// The first word.
        verb: Arg,
        /// What follows the space behind it, if anything does.
        rest: Option<Arg>,
    },
}

impl OptionsCommand {
    /// Reads the argument of `OPTS`.
    ///
    /// # Errors
    ///
    /// [`CommandErrorKind::Argument`] where the verb is one of the above and its option is not understood: a 501, for an
    /// unknown algorithm too (draft-bryan-ftpext-hash § 3.5).
    pub fn parse(argument: &Arg) -> Result<Self, CommandErrorKind> {
        let (verb, rest) = split_at_space(argument.as_bytes().trim_ascii_start());
        let value = rest.trim_ascii();
        let is = |known: &[u8]| verb.eq_ignore_ascii_case(known);
        let read = || {
            if is(b"UTF8") || is(b"UTF-8") {
                return parse_switch(value).map(Self::Utf8);
            }
            if is(b"MLST") {
                return Some(Self::Mlst(FactSet::parse(value)));
            }
            if is(b"HASH") {
                if value.is_empty() {
                    return Some(Self::Hash(None));
                }
                return DigestAlgorithm::from_name(value).map(|name| Self::Hash(Some(name)));
            }
            if is(b"MODE") {
                return parse_mode_z(value);
            }
            Some(Self::Other {
                verb: optional(verb)?,
                rest: optional(rest),
            })
        };
        read().ok_or(CommandErrorKind::Argument)
    }

    /// The argument of `OPTS` that reads as this.
    #[must_use]
    pub fn to_arg(&self) -> Arg {
        let mut out = Vec::new();
        match self {
            Self::Utf8(true) => out.extend_from_slice(b"UTF8 ON"),
            Self::Utf8(false) => out.extend_from_slice(b"UTF8 OFF"),
            Self::Mlst(facts) => append(format_args!("MLST {facts}"), &mut out),
            Self::Hash(None) => out.extend_from_slice(b"HASH"),
            Self::Hash(Some(algorithm)) => append(format_args!("HASH {algorithm}"), &mut out),
            Self::ModeZ { level: None } => out.extend_from_slice(b"MODE Z"),
            Self::ModeZ { level: Some(level) } => {
                append(format_args!("MODE Z LEVEL {level}"), &mut out);
            }
            Self::Other { verb, rest } => {
                out.extend_from_slice(verb.as_bytes());
                if let Some(rest) = rest {
                    out.push(b' ');
                    out.extend_from_slice(rest.as_bytes());
                }
            }
        }
        arg(&out)
    }

    /// The command that says so.
    #[must_use]
    pub fn to_command(&self) -> Command {
        Command::Opts(self.to_arg())
    }
}

/// `ON`, nothing, which old clients mean by it, or `OFF`.
fn parse_switch(value: &[u8]) -> Option<bool> {
    let on = value.is_empty() || value.eq_ignore_ascii_case(b"ON");
    (on || value.eq_ignore_ascii_case(b"OFF")).then_some(on)
}

/// `Z` and `Z LEVEL n`: of the pairs of the draft, the level alone is of use to anybody.
fn parse_mode_z(value: &[u8]) -> Option<OptionsCommand> {
    let mut words = value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    words
        .next()
        .filter(|mode| mode.eq_ignore_ascii_case(b"Z"))?;
    let level = match words.next() {
        None => None,
        Some(name) if name.eq_ignore_ascii_case(b"LEVEL") => {
            let level = u8::try_from(decimal(words.next()?)?).ok()?;
            Some(level).filter(|level| *level <= 9).map(Some)?
        }
        Some(_) => return None,
    };
    words
        .next()
        .is_none()
        .then_some(OptionsCommand::ModeZ { level })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::facts::Fact;

    fn text(text: &str) -> Arg {
        Arg::try_from(text).unwrap()
    }

    #[test]
    fn reads_options() {
        let facts = FactSet::NONE.with(Fact::Size).with(Fact::Type);
        let sha = Some(DigestAlgorithm::Sha512);
        let table = [
            ("UTF8", OptionsCommand::Utf8(true)),
            ("utf8 on", OptionsCommand::Utf8(true)),
            ("UTF-8 OFF ", OptionsCommand::Utf8(false)),
            ("MLST Type;size;", OptionsCommand::Mlst(facts)),
            ("mlst", OptionsCommand::Mlst(FactSet::NONE)),
            ("HASH", OptionsCommand::Hash(None)),
            ("hash sha-512", OptionsCommand::Hash(sha)),
            ("MODE Z", OptionsCommand::ModeZ { level: None }),
            ("mode z level 9", OptionsCommand::ModeZ { level: Some(9) }),
            (
                "LIST -a",
                OptionsCommand::Other {
                    verb: text("LIST"),
                    rest: Some(text("-a")),
                },
            ),
            (
                "FOO ",
                OptionsCommand::Other {
                    verb: text("FOO"),
                    rest: None,
                },
            ),
        ];
        for (line, options) in table {
            assert_eq!(OptionsCommand::parse(&text(line)), Ok(options), "{line}");
        }
        for bad in [
            "",
            " ",
            "UTF8 NLST",
            "HASH CRC-37",
            "HASH SHA-1 x",
            "MODE",
            "MODE B",
            "MODE Z LEVEL",
            "MODE Z LEVEL 10",
            "MODE Z LEVEL 1 2",
            "MODE Z ENGINE x",
        ] {
            let expected = Err(CommandErrorKind::Argument);
            assert_eq!(OptionsCommand::parse(&text(bad)), expected, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(
            line in "(UTF8|MLST|HASH|MODE|FOO|[a-z ]{0,5})( ?(ON|OFF|Z|LEVEL|type;|perm|SHA-1|MD5|[0-9]|[ -~]{0,3})){0,4}",
        ) {
            if let Ok(options) = OptionsCommand::parse(&text(&line)) {
                prop_assert_eq!(OptionsCommand::parse(&options.to_arg()), Ok(options.clone()));
                prop_assert_eq!(options.to_command(), Command::Opts(options.to_arg()));
            }
        }
    }
}
