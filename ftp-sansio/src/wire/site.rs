//! What `SITE` asks for. No document defines its words; these are the ones that several servers share.

use alloc::vec::Vec;

use super::argument::Arg;
use super::command::{Command, CommandErrorKind};
use super::date::{DateTime, ExactTimeVal, parse_time_val};
use super::modify::parse_mode;
use super::path::quote;
use super::text::{append, decimal};
use super::words::{append_word, arg, optional, split_at_space, take_word, two_names};

/// The argument of `SITE`, read. [`Command::Site`] carries it as it came.
///
/// A name that stands last and alone takes the rest of the line as it is, spaces and quotation marks included. Where two
/// names follow each other, one with a space is put in quotation marks. Names should not be empty: such a command can be
/// written, and the peer will answer it with a 501.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteCommand {
    /// `CHMOD mode path`.
    Chmod {
        /// The mode, at most 7777 octal.
        mode: u32,
        /// Of what.
        path: Arg,
    },
    /// `UMASK [mask]`: the bits that new files do not get, at most 777 octal, or the question for them.
    Umask(Option<u32>),
    /// `UTIME` in either of its forms.
    Utime {
        /// Of what.
        path: Arg,
        /// What to set.
        times: SiteTimes,
    },
    /// `SYMLINK target link`.
    Symlink {
        /// What the link says, not resolved.
        target: Arg,
        /// The link to make.
        link: Arg,
    },
    /// `MKDIR [-p] path`.
    Mkdir {
        /// `-p`: what is missing above it too.
        parents: bool,
        /// The folder.
        path: Arg,
    },
    /// `RMDIR [-p|-r] path`.
    Rmdir {
        /// What goes with it.
        removal: Removal,
        /// The folder.
        path: Arg,
    },
    /// `IDLE [seconds]`: how long the session may be idle, or the question for it.
    Idle(Option<u64>),
    /// `HELP [word]`.
    Help(Option<Arg>),
    /// `CPFR path`: what `CPTO` copies.
    CopyFrom(Arg),
    /// `CPTO path`: where to.
    CopyTo(Arg),
    /// `COPY from to`: both in one.
    Copy {
        /// What is copied.
        from: Arg,
        /// Where to.
        to: Arg,
    },
    /// `GROUP group path`, or `CHGRP`.
    Group {
        /// The group, by number or name.
        group: Arg,
        /// Of what.
        path: Arg,
    },
    /// Any other word. Written with one of the words above or with a space in `word`, it is read back as something else.
    Other {
        /// The first word.
        word: Arg,
        /// What follows the space behind it, if anything does.
        rest: Option<Arg>,
    },
}

/// The times that `SITE UTIME` sets, all in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteTimes {
    /// `UTIME YYYYMMDDhhmm[ss] path`: when it was modified. A fraction of a second does not travel.
    Modified(DateTime),
    /// `UTIME path accessed modified created UTC`.
    All {
        /// When it was read last.
        accessed: DateTime,
        /// When it was modified.
        modified: DateTime,
        /// When it was created.
        created: DateTime,
    },
}

/// What `SITE RMDIR` removes besides the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Removal {
    /// Nothing: it has to be empty.
    #[default]
    Alone,
    /// `-p`: the folders above it that are empty then, as rmdir(1) does.
    Parents,
    /// `-r`: all that is in it.
    Recursive,
}

impl SiteCommand {
    /// Reads the argument of `SITE`.
    ///
    /// # Errors
    ///
    /// [`CommandErrorKind::Argument`] where the word is one of these and what follows it is missing or malformed: a 501.
    pub fn parse(argument: &Arg) -> Result<Self, CommandErrorKind> {
        let (word, rest) = split_at_space(argument.as_bytes().trim_ascii_start());
        Self::parse_word(word, rest).ok_or(CommandErrorKind::Argument)
    }

    fn parse_word(word: &[u8], rest: &[u8]) -> Option<Self> {
        let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
        let value = rest.trim_ascii();
        Some(if is(b"CHMOD") {
            let (mode, path) = split_at_space(rest.trim_ascii_start());
            Self::Chmod {
                mode: parse_mode(mode)?,
                path: optional(path)?,
            }
        } else if is(b"UMASK") {
            Self::Umask(match value {
                [] => None,
                mask => Some(parse_mode(mask).filter(|mask| *mask <= 0o777)?),
            })
        } else if is(b"UTIME") {
            parse_utime(rest)?
        } else if is(b"SYMLINK") {
            let (target, link) = two_names(rest)?;
            Self::Symlink { target, link }
        } else if is(b"MKDIR") {
            let (option, path) = take_option(rest, b"p")?;
            Self::Mkdir {
                parents: option.is_some(),
                path,
            }
        } else if is(b"RMDIR") {
            let (option, path) = take_option(rest, b"pr")?;
            let removal = match option {
                None => Removal::Alone,
                Some(b'p') => Removal::Parents,
                Some(_) => Removal::Recursive,
            };
            Self::Rmdir { removal, path }
        } else if is(b"IDLE") {
            Self::Idle(match value {
                [] => None,
                seconds => Some(decimal(seconds)?),
            })
        } else if is(b"HELP") {
            Self::Help(optional(value))
        } else if is(b"CPFR") {
            Self::CopyFrom(optional(rest)?)
        } else if is(b"CPTO") {
            Self::CopyTo(optional(rest)?)
        } else if is(b"COPY") {
            let (from, to) = two_names(rest)?;
            Self::Copy { from, to }
        } else if is(b"GROUP") || is(b"CHGRP") {
            let (group, path) = take_word(rest.trim_ascii_start())?;
            Self::Group {
                group: Some(group).filter(|group| !group.is_empty())?,
                path: optional(path)?,
            }
        } else {
            Self::Other {
                word: optional(word)?,
                rest: optional(rest),
            }
        })
    }

    /// The argument of `SITE` that reads as this.
    #[must_use]
    pub fn to_arg(&self) -> Arg {
        let mut out = Vec::new();
        self.write(&mut out);
        arg(&out)
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Chmod { mode, path } => {
                append(format_args!("CHMOD {mode:03o} "), out);
                out.extend_from_slice(path.as_bytes());
            }
            Self::Umask(None) => out.extend_from_slice(b"UMASK"),
            Self::Umask(Some(mask)) => append(format_args!("UMASK {mask:03o}"), out),
            Self::Utime { path, times } => write_utime(path, times, out),
            Self::Symlink { target, link } => two(b"SYMLINK ", target, link, out),
            Self::Mkdir { parents, path } => {
                out.extend_from_slice(if *parents { b"MKDIR -p" } else { b"MKDIR" });
                append_path(path, out);
            }
            Self::Rmdir { removal, path } => {
                out.extend_from_slice(match removal {
                    Removal::Alone => b"RMDIR",
                    Removal::Parents => b"RMDIR -p",
                    Removal::Recursive => b"RMDIR -r",
                });
                append_path(path, out);
            }
            Self::Idle(None) => out.extend_from_slice(b"IDLE"),
            Self::Idle(Some(seconds)) => append(format_args!("IDLE {seconds}"), out),
            Self::Help(topic) => with_rest(b"HELP", topic.as_ref(), out),
            Self::CopyFrom(path) => with_rest(b"CPFR", Some(path), out),
            Self::CopyTo(path) => with_rest(b"CPTO", Some(path), out),
            Self::Copy { from, to } => two(b"COPY ", from, to, out),
            Self::Group { group, path } => {
                out.extend_from_slice(b"CHGRP ");
                append_word(group, out);
                with_rest(b"", Some(path), out);
            }
            Self::Other { word, rest } => with_rest(word.as_bytes(), rest.as_ref(), out),
        }
    }

    /// The command that says so.
    #[must_use]
    pub fn to_command(&self) -> Command {
        Command::Site(self.to_arg())
    }
}

fn with_rest(word: &[u8], rest: Option<&Arg>, out: &mut Vec<u8>) {
    out.extend_from_slice(word);
    if let Some(rest) = rest {
        out.push(b' ');
        out.extend_from_slice(rest.as_bytes());
    }
}

fn two(word: &[u8], first: &Arg, second: &Arg, out: &mut Vec<u8>) {
    out.extend_from_slice(word);
    append_word(first, out);
    out.push(b' ');
    append_word(second, out);
}

/// Appends a name behind possible options; `--` ends them where the name looks like one.
fn append_path(path: &Arg, out: &mut Vec<u8>) {
    if path.as_bytes().starts_with(b"-") {
        out.extend_from_slice(b" --");
    }
    with_rest(b"", Some(path), out);
}

/// The letter of an option, if one of these begins the text, and the name behind it and a possible `--`.
fn take_option(text: &[u8], letters: &[u8]) -> Option<(Option<u8>, Arg)> {
    let (word, after) = split_at_space(text);
    let (option, path) = match word {
        [b'-', letter] if letters.contains(letter) => (Some(*letter), after),
        _ => (None, text),
    };
    let path = path.strip_prefix(b"-- ").unwrap_or(path);
    Some((option, optional(path)?))
}

/// `YYYYMMDDhhmm[ss] path`, which goes before, or `path accessed modified created UTC`.
fn parse_utime(text: &[u8]) -> Option<SiteCommand> {
    let (first, path) = split_at_space(text);
    if let (Some(time), Some(path)) = (parse_stamp(first), optional(path)) {
        let times = SiteTimes::Modified(time);
        return Some(SiteCommand::Utime { path, times });
    }
    let (rest, zone) = split_last(text.trim_ascii_end())?;
    if !zone.eq_ignore_ascii_case(b"UTC") {
        return None;
    }
    let (rest, created) = split_last(rest)?;
    let (rest, modified) = split_last(rest)?;
    let (path, accessed) = split_last(rest)?;
    let path = match take_word(path) {
        Some((path, [])) => path,
        _ => arg(path),
    };
    let times = SiteTimes::All {
        accessed: parse_time_val(accessed)?,
        modified: parse_time_val(modified)?,
        created: parse_time_val(created)?,
    };
    (!path.is_empty()).then_some(SiteCommand::Utime { path, times })
}

/// Twelve digits or fourteen.
fn parse_stamp(digits: &[u8]) -> Option<DateTime> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match digits.len() {
        12 => parse_time_val(&[digits, b"00"].concat()),
        14 => parse_time_val(digits),
        _ => None,
    }
}

/// The last word, and what is before the space in front of it.
fn split_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, word) = text.split_at_checked(memchr::memrchr(b' ', text)?)?;
    Some((before, word.strip_prefix(b" ")?))
}

fn write_utime(path: &Arg, times: &SiteTimes, out: &mut Vec<u8>) {
    out.extend_from_slice(b"UTIME ");
    match times {
        SiteTimes::Modified(time) => {
            let whole = DateTime::new(
                time.year(),
                time.month(),
                time.day(),
                time.hour(),
                time.minute(),
                time.second(),
                0,
            );
            append(ExactTimeVal(whole.unwrap_or(*time)), out);
            with_rest(b"", Some(path), out);
        }
        SiteTimes::All {
            accessed,
            modified,
            created,
        } => {
            if parse_stamp(path.as_bytes()).is_some() {
                // Bare, it would be the time of the shorter form.
                quote(path.as_bytes(), out);
            } else {
                append_word(path, out);
            }
            for time in [accessed, modified, created] {
                append(format_args!(" {}", ExactTimeVal(*time)), out);
            }
            out.extend_from_slice(b" UTC");
        }
    }
}

#[cfg(test)]
#[path = "site_tests.rs"]
mod tests;
