//! Who is there: USER, PASS, ACCT, QUIT, LANG; and the way of every command past what it needs to whoever carries it out.

use super::config::Grant;
use super::exchange::{Action, Ended, Event};
use super::parameters::Settings;
use super::replies::say;
use super::rights::{Needs, needs};
use super::session::{Login, Session, Timer, Waiting};
use crate::data::Direction;
use crate::session::RequestId;
use crate::time::Instant;
use crate::wire::{Arg, Code, Command, LanguageTag, Reply, Secret, Verb};

impl Session {
    /// Carries out one command. Every path through here replies, or waits for something that does.
    pub(super) fn execute(&mut self, now: Instant, command: Command) {
        self.settings.follow(&command);
        let verb = command.verb();
        let needs = verb.map_or(Needs::Nothing, needs);
        if needs > Needs::Nothing && !self.is_logged_in() {
            return self.refuse_without_login();
        }
        if needs == Needs::Write && !self.may_write() {
            return self.refuse_write(verb);
        }
        match command {
            Command::User(_) | Command::Pass(_) | Command::Acct(_) if self.lacks_tls() => {
                self.refuse_without_login();
            }
            Command::User(user) => self.user(now, user),
            Command::Pass(password) => self.pass(password),
            Command::Acct(_) => self.reply(say(Code::SUPERFLUOUS, "No account is needed.")),
            Command::Rein => self.reinitialise(now),
            Command::Quit => self.quit(now),
            Command::Host(host) => self.choose_host(&host),
            Command::Lang(language) => self.choose_language(language.as_ref()),
            Command::Clnt(_) => self.reply(say(Code::OK, "Noted.")),
            Command::Csid(_) => {
                self.reply(Reply::new(Code::OK, self.config.identity.clone()));
            }
            Command::Auth(mechanism) => self.auth(now, &mechanism),
            Command::Pbsz(size) => self.pbsz(size),
            Command::Prot(level) => self.prot(level),
            Command::Ccc => self.clear_commands(now),
            Command::Adat(_) | Command::Mic(_) | Command::Conf(_) | Command::Enc(_) => {
                self.refuse_wrapped(verb);
            }
            Command::Lprt(to) => self.active(to),
            Command::Lpsv => self.lpsv(),
            Command::Cpsv => self.cpsv(),
            Command::Sscn(turned) => self.sscn(turned),
            Command::Pret { verb, path } => self.pret(verb, path.as_ref()),
            command => self.execute_logged_in(now, command),
        }
    }

    fn refuse_without_login(&mut self) {
        let text = match self.lacks_tls() {
            true => "TLS is required here: AUTH TLS first.",
            false => "Log in with USER and PASS first.",
        };
        self.reply(say(Code::NOT_LOGGED_IN, text));
    }

    pub(super) fn refuse_write(&mut self, verb: Option<Verb>) {
        self.settings.forget_firsts();
        if verb.is_some_and(Verb::moves_data) {
            self.discard_refused(Direction::Receive);
        }
        let refusal = self.write_refusal();
        self.reply(refusal);
    }

    pub(super) fn write_refusal(&self) -> Reply {
        let advice = match &self.login {
            Login::User(grant) => grant.advice.clone(),
            _ => bytes::Bytes::new(),
        };
        let mut text = b"Permission denied: this login may only read.".to_vec();
        if !advice.is_empty() {
            text.push(b' ');
            text.extend_from_slice(&advice);
        }
        Reply::new(Code::FILE_UNAVAILABLE, text)
    }

    /// LANG (RFC 2640 § 4.1): there is one language, and any variant of it will do.
    fn choose_language(&mut self, language: Option<&LanguageTag>) {
        let is_known =
            language.is_none_or(|language| language.primary().eq_ignore_ascii_case("en"));
        self.reply(match is_known {
            true => say(Code::OK, "English."),
            false => say(Code::PARAMETER_NOT_IMPLEMENTED, "English alone is spoken."),
        });
    }

    /// USER starts the login afresh, also for somebody who is logged in. What it says never depends on the name.
    fn user(&mut self, now: Instant, user: Arg) {
        self.log_out(now);
        self.login = Login::Named(user);
        self.reply(say(Code::NEED_PASSWORD, "Password, please."));
    }

    fn pass(&mut self, password: Secret<Arg>) {
        let Login::Named(user) = &self.login else {
            return self.reply(say(Code::BAD_SEQUENCE, "USER first."));
        };
        let user = user.clone();
        self.login = Login::Nobody;
        let request = RequestId(self.serial.next());
        self.waiting = Waiting::Login {
            request,
            user: user.clone(),
        };
        self.outputs.act(Action::Authenticate {
            request,
            user,
            password,
            host: self.host_of_login(),
            protected: self.security.is_protected(),
        });
    }

    pub(super) fn login_answered(
        &mut self,
        now: Instant,
        answered: RequestId,
        grant: Option<Grant>,
    ) {
        let user = match core::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Login { request, user } if request == answered => user,
            other => return self.waiting = other,
        };
        let Some(grant) = grant else {
            self.outputs.tell(Event::LoginRefused(user));
            self.waiting = Waiting::Penalty;
            return self
                .timers
                .start(Timer::LoginDelay, now, self.config.timeouts.login_delay);
        };
        self.timers.stop(Timer::Login);
        self.failed_logins = 0;
        self.settings.folder = grant.home.clone();
        self.login = Login::User(grant);
        self.outputs.tell(Event::LoggedIn(user));
        self.reply(say(Code::LOGGED_IN, "Logged in."));
    }

    pub(super) fn refuse_login(&mut self, now: Instant) {
        self.waiting = Waiting::Nothing;
        self.failed_logins += 1;
        if self.failed_logins >= self.config.login_attempts {
            return self.say_goodbye(now, Ended::NotLoggedIn, "Too many failed logins.");
        }
        self.reply(say(Code::NOT_LOGGED_IN, "Login incorrect."));
    }

    pub(super) fn log_out(&mut self, now: Instant) {
        self.discard_route();
        self.settings = Settings::default();
        if matches!(self.login, Login::User(_)) {
            self.outputs.tell(Event::LoggedOut);
            self.timers
                .start(Timer::Login, now, self.config.timeouts.login);
        }
        self.login = Login::Nobody;
    }

    fn quit(&mut self, now: Instant) {
        self.reply(say(Code::SERVICE_CLOSING, "Goodbye."));
        self.close(now, Ended::Quit);
    }
}
