//! TLS (RFC 2228, RFC 4217): when it begins and ends on the control connection, and how data connections are protected.
//!
//! A command that changes how the control connection travels (AUTH, CCC, REIN under TLS) is a *barrier*. Reading stops with its line,
//! when the line is framed and not when it is carried out, so that what follows it is never taken as the clear text, or the
//! protected text, that it may not be: the same for any way in which the bytes were cut. It waits its turn like any other command. If it is
//! refused, reading goes on. If not, its reply is the last that goes out the old way; once that is flushed the driver is asked to make
//! the change, and nothing is read, written or carried out until it says that the change is made. All that time the
//! [`Handshake`](Timer::Handshake) timer runs.

use super::config::{DataTls, Tls};
use super::exchange::{Action, Ended, Event};
use super::replies::say;
use super::session::{Session, Timer};
use crate::session::Close;
use crate::time::Instant;
use crate::tls::{Protection, TlsEvent, TlsFacts, TlsRole, TlsTicket};
use crate::wire::{Arg, Code, Command, ProtectionLevel, Reply, Verb};

/// How the control connection travels, and what was agreed on for data connections.
#[derive(Debug, Default)]
pub(super) struct Security {
    layer: Layer,
    change: Option<Change>,
    /// TLS was there from the first byte on, and was not asked for.
    implicit: bool,
    data: DataProtection,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Layer {
    #[default]
    Clear,
    Tls,
    /// In clear text again, by CCC: data connections are protected as before, and nothing of it can be changed (RFC 4217 § 5).
    Cleared,
}

/// A change of the layer on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    /// Its reply waits to be flushed.
    Announced(To),
    /// The driver was asked to make it.
    Asked(To),
}

/// What a change leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum To {
    /// TLS, in which data is private without a PROT where that was implied.
    Tls(DataProtection),
    /// Clear text with all else as it is (CCC).
    Cleared,
    /// The state of a new connection (REIN).
    New,
}

/// What PBSZ, PROT and SSCN have set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct DataProtection {
    /// PBSZ came, as PROT wants it.
    sized: bool,
    /// PROT P.
    private: bool,
    /// SSCN ON: this side is TLS's client.
    turned: bool,
}

impl DataProtection {
    /// What implicit TLS, and AUTH TLS-P and SSL, take for granted.
    const IMPLIED: Self = Self {
        sized: true,
        private: true,
        turned: false,
    };
}

/// What an AUTH asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mechanism {
    Tls,
    /// TLS that implies PROT P: what it meant before RFC 4217 (draft-murray-auth-ftp-ssl).
    PrivateTls,
}

impl Mechanism {
    fn parse(name: &Arg) -> Option<Self> {
        let name = name.as_bytes().trim_ascii();
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match () {
            () if is(b"TLS") || is(b"TLS-C") => Some(Self::Tls),
            () if is(b"SSL") || is(b"TLS-P") => Some(Self::PrivateTls),
            () => None,
        }
    }
}

impl Security {
    /// That of a connection on which TLS comes first: the driver is asked for it at once.
    const fn implicit() -> Self {
        Self {
            layer: Layer::Clear,
            change: Some(Change::Asked(To::Tls(DataProtection::IMPLIED))),
            implicit: true,
            data: DataProtection::IMPLIED,
        }
    }

    /// Whether a change is on its way: nothing is read, written or carried out until it is made.
    pub(super) const fn is_changing(&self) -> bool {
        self.change.is_some()
    }

    /// Whether commands come under TLS.
    pub(super) fn is_protected(&self) -> bool {
        self.layer == Layer::Tls
    }

    /// In words, for STAT.
    pub(super) const fn describe(&self) -> &'static str {
        match (self.layer, self.data.private) {
            (Layer::Tls, true) => "Commands and data travel under TLS",
            (Layer::Tls, false) => "Commands travel under TLS, data in clear text",
            (_, true) => "Commands travel in clear text, data under TLS",
            (_, false) => "Commands and data travel in clear text",
        }
    }
}

impl Session {
    /// Whether there is TLS at all here.
    pub(super) fn knows_tls(&self) -> bool {
        self.config.tls != Tls::Off || self.security.implicit
    }

    /// Whether nobody may log in as the control connection is.
    pub(super) fn lacks_tls(&self) -> bool {
        self.config.tls == Tls::Require && !self.security.is_protected()
    }

    /// Whether a command may change the layer, so that nothing behind it can be read before it was carried out. It has to be known
    /// when the command comes, and commands that wait before it cannot make it one later: only a barrier brings TLS up or down, and that an
    /// AUTH after CCC is refused may be over by then, since a REIN begins anew.
    pub(super) fn is_barrier(&self, command: &Command) -> bool {
        match command {
            Command::Auth(name) => {
                self.config.tls != Tls::Off
                    && self.security.layer != Layer::Tls
                    && Mechanism::parse(name).is_some()
            }
            Command::Rein => self.security.is_protected() && !self.security.implicit,
            Command::Ccc => self.security.is_protected() && self.config.ccc,
            _ => false,
        }
    }

    /// AUTH (RFC 4217 § 4): also for somebody who is logged in, who has to log in again afterwards.
    pub(super) fn auth(&mut self, now: Instant, name: &Arg) {
        if !self.knows_tls() {
            return self.refuse_verb();
        }
        match (self.security.layer, Mechanism::parse(name)) {
            (Layer::Tls, _) => self.reply(say(Code::BAD_SEQUENCE, "TLS is up already.")),
            (Layer::Cleared, _) => self.reply(say(Code::BAD_SEQUENCE, "Not after CCC.")),
            (Layer::Clear, None) => self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "No such mechanism; TLS is one.",
            )),
            (Layer::Clear, Some(mechanism)) => {
                // RFC 4217 § 4.2: who it is and all parameters start afresh.
                self.log_out(now);
                let data = match mechanism {
                    Mechanism::Tls => DataProtection::default(),
                    Mechanism::PrivateTls => DataProtection::IMPLIED,
                };
                self.change_layer(
                    now,
                    To::Tls(data),
                    say(Code::SECURITY_ACCEPTED, "Begin TLS."),
                );
            }
        }
    }

    /// PBSZ (RFC 4217 § 8): TLS is a stream and has no buffers to protect; whatever is asked for, it is 0.
    pub(super) fn pbsz(&mut self, size: u64) {
        if let Some(refusal) = self.refuses_data_protection() {
            return self.reply(refusal);
        }
        if size > u64::from(u32::MAX) {
            return self.reply(say(
                Code::ARGUMENT_SYNTAX_ERROR,
                "That does not fit into 32 bits.",
            ));
        }
        self.security.data.sized = true;
        self.reply(say(Code::OK, "PBSZ=0"));
    }

    /// PROT (RFC 4217 § 9).
    pub(super) fn prot(&mut self, level: ProtectionLevel) {
        if let Some(refusal) = self.refuses_data_protection() {
            return self.reply(refusal);
        }
        if !self.security.data.sized {
            return self.reply(say(Code::BAD_SEQUENCE, "PBSZ 0 first."));
        }
        let private = match level {
            ProtectionLevel::Private => true,
            ProtectionLevel::Clear if self.config.data_tls == DataTls::Require => {
                return self.reply(say(
                    Code::DENIED_BY_POLICY,
                    "Data is protected here: PROT P.",
                ));
            }
            ProtectionLevel::Clear => false,
            ProtectionLevel::Safe | ProtectionLevel::Confidential => {
                return self.reply(say(
                    Code::PROTECTION_LEVEL_NOT_SUPPORTED,
                    "TLS knows C and P alone.",
                ));
            }
        };
        self.security.data.private = private;
        self.reply(match private {
            true => say(Code::OK, "Data travels under TLS."),
            false => say(Code::OK, "Data travels in clear text."),
        });
    }

    /// CCC (RFC 4217 § 5): 200 under TLS, and clear text from there on.
    pub(super) fn clear_commands(&mut self, now: Instant) {
        if !self.knows_tls() {
            return self.refuse_verb();
        }
        if !self.security.is_protected() {
            return self.reply(say(
                Code::COMMAND_PROTECTION_DENIED,
                "Commands travel in clear text already.",
            ));
        }
        if !self.config.ccc {
            return self.reply(say(
                Code::DENIED_BY_POLICY,
                "Commands are protected here to the end.",
            ));
        }
        let farewell = say(Code::OK, "In clear text from here on.");
        self.change_layer(now, To::Cleared, farewell);
    }

    /// ADAT, MIC, CONF, ENC (RFC 2228 § 3), which no client needs with TLS: its exchange is complete with the handshake, and it protects
    /// all commands together.
    pub(super) fn refuse_wrapped(&mut self, verb: Option<Verb>) {
        if !self.knows_tls() {
            return self.refuse_verb();
        }
        self.reply(match (self.security.layer, verb) {
            (Layer::Clear, _) => say(Code::BAD_SEQUENCE, "AUTH TLS first."),
            (_, Some(Verb::Adat)) => say(Code::BAD_SEQUENCE, "TLS asks for no more data."),
            (Layer::Tls, _) => say(
                Code::COMMAND_PROTECTION_NOT_SUPPORTED,
                "TLS protects commands as they are.",
            ),
            (Layer::Cleared, _) => say(
                Code::COMMAND_PROTECTION_DENIED,
                "Commands travel in clear text since CCC.",
            ),
        });
    }

    /// SSCN: whether this side is TLS's client on data connections, as one of two servers has to be.
    pub(super) fn sscn(&mut self, turned: Option<bool>) {
        if !self.config.fxp {
            return self.refuse_verb();
        }
        if let Some(refusal) = self.refuses_data_protection() {
            return self.reply(refusal);
        }
        let data = &mut self.security.data;
        data.turned = turned.unwrap_or(data.turned);
        let reply = match data.turned {
            true => say(Code::OK, "SSCN:CLIENT METHOD"),
            false => say(Code::OK, "SSCN:SERVER METHOD"),
        };
        self.reply(reply);
    }

    /// CPSV: PASV for the TLS client of two servers.
    pub(super) fn cpsv(&mut self) {
        if !self.config.fxp || !self.knows_tls() {
            return self.refuse_verb();
        }
        if !self.security.data.private {
            return self.reply(say(Code::BAD_SEQUENCE, "PROT P first."));
        }
        self.passive_ipv4_port(true);
    }

    /// What PBSZ, PROT and SSCN say where TLS is not up.
    fn refuses_data_protection(&self) -> Option<Reply> {
        if !self.knows_tls() {
            return Some(say(Code::NOT_IMPLEMENTED, "Command not implemented."));
        }
        match self.security.layer {
            Layer::Clear => Some(say(Code::BAD_SEQUENCE, "AUTH TLS first.")),
            Layer::Cleared => Some(say(Code::BAD_SEQUENCE, "Not after CCC.")),
            Layer::Tls => None,
        }
    }

    /// REIN (RFC 959 § 4.1.1): all is as after the greeting. No transfer can be running here, since REIN waits for its end. Under TLS
    /// the 220 goes out under TLS, which then ends (RFC 4217 § 13). Where TLS came first nothing can be as after the greeting without it.
    pub(super) fn reinitialise(&mut self, now: Instant) {
        if self.security.implicit {
            return self.reply(say(
                Code::NOT_IMPLEMENTED,
                "Not under implicit TLS: connect anew.",
            ));
        }
        self.log_out(now);
        let welcome = say(Code::SERVICE_READY, "Ready for a new user.");
        if self.security.is_protected() {
            self.change_layer(now, To::New, welcome);
        } else {
            self.forget_security();
            self.reply(welcome);
        }
    }

    /// All is as on a new connection.
    fn forget_security(&mut self) {
        self.security = Security::default();
        self.server_name = None;
        self.host = None;
    }

    /// Announces a change by the last reply that goes out the old way.
    fn change_layer(&mut self, now: Instant, to: To, reply: Reply) {
        self.reply(reply);
        self.security.change = Some(Change::Announced(to));
        self.start_handshake_timer(now);
    }

    /// Asks for TLS before anything is said.
    pub(super) fn begin_with_tls(&mut self, now: Instant) {
        self.security = Security::implicit();
        self.start_handshake_timer(now);
        self.outputs.act(Action::StartTls(TlsTicket::new()));
    }

    fn start_handshake_timer(&mut self, now: Instant) {
        self.timers
            .start(Timer::Handshake, now, self.config.timeouts.handshake);
    }

    /// All is on the wire: an announced change can be made.
    pub(super) fn ask_for_change(&mut self) {
        if let Some(Change::Announced(to)) = self.security.change {
            self.security.change = Some(Change::Asked(to));
            self.outputs.act(match to {
                To::Tls(_) => Action::StartTls(TlsTicket::new()),
                To::Cleared | To::New => Action::StopTls,
            });
        }
    }

    pub(super) fn tls_event(&mut self, now: Instant, event: TlsEvent) {
        match (self.security.change, event) {
            (Some(Change::Asked(To::Tls(data))), TlsEvent::Up(facts)) => {
                self.tls_is_up(now, data, facts);
            }
            (Some(Change::Asked(to @ (To::Cleared | To::New))), TlsEvent::Down) => {
                self.timers.stop(Timer::Handshake);
                self.security.change = None;
                match to {
                    To::Cleared => self.security.layer = Layer::Cleared,
                    _ => self.forget_security(),
                }
                self.read_afresh();
                self.outputs.tell(Event::Cleared);
            }
            // RFC 4217 § 10.1: the stream is in no state that anything could be said in.
            (Some(Change::Asked(_)), TlsEvent::Failed) => {
                self.give_up(now, Ended::TlsFailed, Close::Gracefully)
            }
            (None, TlsEvent::Failed) if self.security.is_protected() => {
                self.give_up(now, Ended::TlsFailed, Close::Gracefully);
            }
            _ => {}
        }
    }

    fn tls_is_up(&mut self, now: Instant, data: DataProtection, facts: TlsFacts) {
        self.timers.stop(Timer::Handshake);
        self.security.layer = Layer::Tls;
        self.security.change = None;
        self.security.data = data;
        self.read_afresh();
        let agrees = self.learn_server_name(&facts);
        self.outputs.tell(Event::Secured(facts));
        if agrees {
            self.greet();
        } else {
            let text = "HOST and TLS have named different hosts.";
            self.say_goodbye(now, Ended::OtherHost, text);
        }
    }

    /// How the data connection of a transfer that begins now is protected, or the reply that refuses it. The one place where that is
    /// decided, whatever the connection comes from (RFC 4217 § 10.2: on the transfer's own command, not on PORT or PASV).
    pub(super) fn data_protection(&self, turned: bool) -> Result<Protection, Reply> {
        let DataProtection {
            private,
            turned: all_turned,
            ..
        } = self.security.data;
        match (private, self.config.data_tls) {
            (true, _) if turned || all_turned => Ok(Protection::Tls(TlsRole::Client)),
            (true, _) => Ok(Protection::Tls(TlsRole::Server)),
            (false, DataTls::Allow) => Ok(Protection::Clear),
            (false, DataTls::Require) => Err(say(
                Code::PROTECTION_REFUSED,
                "Data is protected here: PROT P first.",
            )),
        }
    }
}
