//! FEAT (RFC 2389 § 3) and HELP: what is really there, for this server and for this login.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::capabilities::{Capabilities, Capability};
use super::changes::fact_name;
use super::replies::say;
use super::rights;
use super::session::{Login, Session};
use crate::wire::{Arg, Code, DigestAlgorithm, Mode, Reply, Verb};

impl Session {
    /// What the store can do: of who is logged in, or what the server's stores do in general.
    pub(super) fn capabilities(&self) -> Capabilities {
        match &self.login {
            Login::User(grant) => grant.capabilities,
            _ => self.config.capabilities,
        }
    }

    pub(super) fn can(&self, ability: Capability) -> bool {
        self.capabilities().has(ability)
    }

    /// One feature a line, behind a space, in the order of the alphabet.
    pub(super) fn features(&mut self) {
        let verbs = Verb::ALL.iter().filter(|verb| self.offers(**verb));
        let mut lines: Vec<_> = verbs.filter_map(|verb| self.feature(*verb)).collect();
        // SITE HELP would only say what stands here.
        let words = self.site_words().filter(|word| *word != "HELP");
        lines.extend(words.map(|word| format!("SITE {word}")));
        lines.extend(["TVFS", "UTF8"].map(String::from));
        lines.sort_unstable();
        let mut text = String::from("Features:");
        for line in lines {
            text.push_str("\n ");
            text.push_str(&line);
        }
        text.push_str("\nEnd");
        self.reply(Reply::new(Code::SYSTEM_STATUS, text));
    }

    /// What a verb that RFC 959 does not have is listed as, or one of its parameters.
    fn feature(&self, verb: Verb) -> Option<String> {
        Some(match verb {
            Verb::Mode if self.has_mode(Mode::Deflate) => "MODE Z".into(),
            // FactSet's own form marks with `*` what is on (RFC 3659 § 7.8).
            Verb::Mlst => format!("MLST {}", self.settings.facts.feature()),
            Verb::Rest | Verb::Rang => format!("{} STREAM", verb.name()),
            Verb::Hash => self.digest_list(),
            Verb::Mff => self.fact_list(),
            verb if is_listed(verb) => verb.name().into(),
            verb => return rights::feature(verb).map(String::from),
        })
    }

    /// `HASH SHA-1;SHA-256*;`, the chosen one marked (draft-bryan-ftpext-hash § 3.1).
    fn digest_list(&self) -> String {
        let chosen = self.digest_algorithm();
        let mut text = String::from("HASH ");
        for algorithm in self.capabilities().digests() {
            let star = if Some(algorithm) == chosen { "*" } else { "" };
            // Writing to a String does not fail.
            let _ = write!(text, "{algorithm}{star};");
        }
        text
    }

    /// `MFF Modify;UNIX.mode;` (draft-somers-ftp-mfxx § 5.6).
    fn fact_list(&self) -> String {
        let mut text = String::from("MFF ");
        let facts = FACTS.iter().filter(|fact| self.can(**fact));
        for name in facts.filter_map(|fact| fact_name(*fact)) {
            text.push_str(name);
            text.push(';');
        }
        text
    }

    pub(super) fn help(&mut self, topic: Option<&Arg>) {
        let Some(topic) = topic else {
            let text = self.verb_table();
            return self.reply(Reply::new(Code::HELP, text));
        };
        let words = topic.as_bytes();
        let verb = words.split(|&byte| byte == b' ').next().unwrap_or_default();
        let rest = words.get(verb.len() + 1..).map(<[u8]>::trim_ascii);
        match Verb::from_bytes(verb) {
            Some(Verb::Site) if rest.is_some_and(|rest| !rest.is_empty()) => {
                let topic = Arg::new(topic.clone().into_bytes().slice(verb.len() + 1..));
                self.site_help(topic.ok().as_ref());
            }
            Some(verb) if self.offers(verb) => {
                let text = format!("Syntax: {}", verb.syntax());
                self.reply(Reply::new(Code::HELP, text));
            }
            _ => self.reply(say(Code::NOT_IMPLEMENTED, "No such command.")),
        }
    }

    fn verb_table(&self) -> String {
        const A_LINE: usize = 8;
        let mut text = String::from("These commands are known:");
        let verbs = Verb::ALL.iter().filter(|verb| self.offers(**verb));
        for (index, verb) in verbs.enumerate() {
            text.push_str(if index % A_LINE == 0 { "\n " } else { " " });
            text.push_str(verb.name());
        }
        text.push_str("\nHELP with one of them tells its syntax.");
        text
    }

    /// Whether a verb does anything here but be refused.
    pub(super) fn offers(&self, verb: Verb) -> bool {
        let capabilities = self.capabilities();
        let ability = match verb {
            Verb::Hash => return capabilities.default_digest().is_some(),
            Verb::Mff => return FACTS.iter().any(|fact| capabilities.has(*fact)),
            Verb::Mfmt => Capability::SetModified,
            Verb::Mfct => Capability::SetCreated,
            Verb::Avbl => Capability::Available,
            Verb::Comb => Capability::Combine,
            verb => {
                return match DigestAlgorithm::from_verb(verb) {
                    Some(algorithm) => capabilities.has_digest(algorithm),
                    None => self.is_configured(verb),
                };
            }
        };
        capabilities.has(ability)
    }

    /// 502: neither the configuration nor the store lets this verb do what it is for.
    pub(super) fn refuse_verb(&mut self) {
        self.reply(say(Code::NOT_IMPLEMENTED, "Command not implemented."));
    }
}

/// What MFF may set.
const FACTS: [Capability; 5] = [
    Capability::SetModified,
    Capability::SetCreated,
    Capability::SetPermissions,
    Capability::SetOwner,
    Capability::SetGroup,
];

/// Whether FEAT has a line with the verb alone.
const fn is_listed(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Mdtm
            | Verb::Size
            | Verb::Mfmt
            | Verb::Mfct
            | Verb::Avbl
            | Verb::Comb
            | Verb::Xcrc
            | Verb::Xmd5
            | Verb::Xsha1
            | Verb::Xsha256
            | Verb::Xsha512
    )
}
