//! OPTS (RFC 2389 § 4): how a verb behaves from now on.

use alloc::format;

use super::replies::{bad_command, say};
use super::session::Session;
use crate::data::Parameters;
use crate::wire::{Arg, Code, DigestAlgorithm, Mode, OptionsCommand, Reply};

impl Session {
    pub(super) fn options(&mut self, argument: &Arg) {
        match OptionsCommand::parse(argument) {
            Ok(options) => self.option(options),
            Err(kind) => self.reply(bad_command(kind)),
        }
    }

    fn option(&mut self, option: OptionsCommand) {
        match option {
            // What old clients send; it changes nothing.
            OptionsCommand::Utf8(true) => {
                self.reply(say(Code::OK, "Names are UTF-8, byte for byte."));
            }
            // RFC 2640 § 3.1 knows no other character set: names go on to be the bytes that they are.
            OptionsCommand::Utf8(false) => self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "Names are bytes; they are never converted.",
            )),
            OptionsCommand::Mlst(facts) => {
                self.settings.facts = facts;
                let text = format!("MLST OPTS {}", self.settings.facts);
                self.reply(Reply::new(Code::OK, text));
            }
            OptionsCommand::Hash(algorithm) => self.choose_digest(algorithm),
            OptionsCommand::ModeZ { level } if self.has_mode(Mode::Deflate) => {
                self.settings.deflate_level = level;
                self.reply(say(Code::OK, "Done."));
            }
            _ => self.reply(say(Code::ARGUMENT_SYNTAX_ERROR, "No such option.")),
        }
    }

    /// 200 and the name of the algorithm, 501 for one that the store does not have (draft-bryan-ftpext-hash § 3.2).
    fn choose_digest(&mut self, wanted: Option<DigestAlgorithm>) {
        if let Some(wanted) = wanted {
            if !self.capabilities().has_digest(wanted) {
                return self.reply(say(
                    Code::ARGUMENT_SYNTAX_ERROR,
                    "Unknown algorithm, nothing was changed.",
                ));
            }
            self.settings.digest = Some(wanted);
        }
        let reply = match self.digest_algorithm() {
            Some(algorithm) => say(Code::OK, algorithm.name()),
            None => say(Code::ARGUMENT_SYNTAX_ERROR, "No such option."),
        };
        self.reply(reply);
    }

    /// Whether there is a codec for this mode, both ways.
    pub(super) fn has_mode(&self, mode: Mode) -> bool {
        let parameters = Parameters {
            mode,
            ..Parameters::IMAGE
        };
        parameters.is_known()
    }
}
