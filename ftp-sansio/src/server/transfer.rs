//! How transfers begin: RETR, STOR, STOU, APPE, LIST, NLST, MLSD.

use super::exchange::{Action, ListForm, Task, Transfer};
use super::pattern::Pattern;
use super::replies::say;
use super::running::Running;
use super::session::{Session, Waiting};
use super::storage::Placement;
use crate::data::{Direction, Parameters, Tuning};
use crate::session::TransferId;
use crate::time::Instant;
use crate::wire::{Arg, Code, Command, OctetRange, Representation, Structure, Verb, VirtualPath};

impl Session {
    pub(super) fn execute_transfer(&mut self, now: Instant, command: Command) {
        let restart = core::mem::take(&mut self.settings.restart);
        // A TYPE may have come between REST and this; under ASCII the position would count other bytes than the file's.
        if restart > 0 && !self.can_restart() {
            self.discard_refused(command.verb().map_or(Direction::Send, direction));
            return self.reply(say(
                Code::FILE_UNAVAILABLE,
                "Restarting needs TYPE I and STRU F, or MODE B.",
            ));
        }
        let range = self.settings.range.take();
        if range.is_some() && !self.is_plain() {
            self.discard_refused(command.verb().map_or(Direction::Send, direction));
            return self.reply(say(
                Code::PAGE_TYPE_UNKNOWN,
                "A range needs TYPE I, STRU F and MODE S.",
            ));
        }
        match command {
            Command::Retr(path) => self.begin(now, Verb::Retr, &path, |path| Task::Retrieve {
                path,
                offset: range.map_or(restart, OctetRange::first),
                end: range.map(end_of),
            }),
            Command::Stor(path) => {
                let placement = match range {
                    Some(range) => Placement::Within {
                        start: range.first(),
                        end: end_of(range),
                    },
                    None if restart > 0 => Placement::At(restart),
                    None => Placement::Replace,
                };
                self.begin(now, Verb::Stor, &path, |path| Task::Store {
                    path,
                    placement,
                });
            }
            Command::Appe(path) => {
                let placement = Placement::Append;
                self.begin(now, Verb::Appe, &path, |path| Task::Store {
                    path,
                    placement,
                });
            }
            // RFC 959 § 4.1.3: "in the current directory". A name that some clients send is no more than a wish.
            Command::Stou(_) => {
                let placement = Placement::Unique;
                self.begin(now, Verb::Stou, &Arg::EMPTY, |path| Task::Store {
                    path,
                    placement,
                });
            }
            Command::List(path) => self.list(now, Verb::List, path.as_ref(), ListForm::Long),
            Command::Nlst(path) => self.list(now, Verb::Nlst, path.as_ref(), ListForm::Names),
            Command::Mlsd(path) => {
                let form = ListForm::Facts {
                    set: self.settings.facts,
                    writable: self.may_write(),
                };
                self.begin(now, Verb::Mlsd, &path.unwrap_or(Arg::EMPTY), |path| {
                    Task::List {
                        path,
                        form,
                        pattern: None,
                    }
                });
            }
            _ => self.reply(say(Code::NOT_IMPLEMENTED, "Command not implemented.")),
        }
    }

    /// LIST and NLST take options as `ls` does, because clients send them (`LIST -la`); none changes anything here. A pattern is
    /// expanded in the last component, where no file is called so ([`Pattern`]).
    fn list(&mut self, now: Instant, verb: Verb, path: Option<&Arg>, form: ListForm) {
        let path = path.map_or(Arg::EMPTY, without_options);
        let pattern = Pattern::of(&path.clone().into_bytes());
        if pattern.as_ref().is_some_and(Pattern::is_too_long) {
            self.discard_refused(Direction::Send);
            return self.reply(say(Code::NAME_NOT_ALLOWED, "The pattern is too long."));
        }
        self.begin(now, verb, &path, |path| Task::List {
            path,
            form,
            pattern,
        });
    }

    /// A listing is text whatever TYPE says, in EBCDIC where TYPE says that (RFC 1123 § 4.1.2.7); MLSD is so never (RFC 3659 § 7.2). The
    /// writer has put CRLF into it already.
    const fn listing_parameters(&self, form: ListForm) -> Parameters {
        let Parameters {
            representation,
            mode,
            ..
        } = self.settings.parameters;
        Parameters {
            representation: match (representation, form) {
                (_, ListForm::Facts { .. }) => Representation::Image,
                (Representation::Ebcdic(_), _) => representation,
                _ => Representation::Image,
            },
            structure: Structure::File,
            mode,
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        verb: Verb,
        argument: &Arg,
        task: impl FnOnce(VirtualPath) -> Task,
    ) {
        let Some(path) = self.resolve(argument) else {
            return self.discard_refused(direction(verb));
        };
        let (route, protection) = match self.take_route() {
            Ok(found) => found,
            Err(refusal) => {
                self.discard_refused(direction(verb));
                return self.reply(refusal);
            }
        };
        let id = TransferId(self.serial.next());
        let task = task(path.clone());
        let parameters = match task {
            Task::List { form, .. } => self.listing_parameters(form),
            _ => self.settings.parameters,
        };
        let tuning = Tuning {
            level: self
                .settings
                .deflate_level
                .unwrap_or(self.config.tuning.level),
            offset: task.start(),
            ..self.config.tuning
        };
        let keep = self.config.keep_data && parameters.leaves_open();
        let transfer = Transfer {
            id,
            task,
            route,
            parameters,
            tuning,
            protection,
            keep,
        };
        self.waiting = Waiting::Transfer(Running::new(&transfer, verb, path, now));
        self.outputs.act(Action::Transfer(transfer));
        // An ABOR may have come before this had its turn: it would otherwise wait for the end of what it shall end.
        if self.lookahead.take_abort() {
            self.abort_transfer();
            self.trace(Command::Abor);
        }
    }
}

/// Which way a verb moves data.
pub(super) const fn direction(verb: Verb) -> Direction {
    match verb {
        Verb::Stor | Verb::Stou | Verb::Appe => Direction::Receive,
        _ => Direction::Send,
    }
}

/// The byte after the last one: there is one, since a range ends within 63 bits.
const fn end_of(range: OctetRange) -> u64 {
    range.last().saturating_add(1)
}

/// What follows the options: `-la pub` is `pub`, and `-la` nothing. A name that starts with a dash can be listed as `./-name`.
pub(super) fn without_options(argument: &Arg) -> Arg {
    let mut rest = argument.as_bytes();
    while rest.first() == Some(&b'-') {
        let word = rest
            .iter()
            .position(|&byte| byte == b' ')
            .unwrap_or(rest.len());
        rest = rest[word..].trim_ascii_start();
    }
    let start = argument.len() - rest.len();
    Arg::new(argument.clone().into_bytes().slice(start..)).unwrap_or(Arg::EMPTY)
}
