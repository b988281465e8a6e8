//! Who is there: USER, PASS, ACCT, REIN, QUIT; and which commands need a login or the right to write.

use super::config::Grant;
use super::exchange::{Action, Ended, Event};
use super::parameters::Settings;
use super::replies::say;
use super::session::{Login, Session, Timer, Waiting};
use crate::session::RequestId;
use crate::time::Instant;
use crate::wire::{Arg, Code, Command, Reply, Secret};

impl Session {
    /// Carries out one command. Every path through here replies, or waits for something that does.
    pub(super) fn execute(&mut self, now: Instant, command: Command) {
        self.settings.follow(&command);
        if self.needs_login(&command) {
            return self.reply(say(Code::NOT_LOGGED_IN, "Log in with USER and PASS first."));
        }
        if changes_files(&command) && !self.may_write() {
            return self.refuse_write();
        }
        match command {
            Command::User(user) => self.user(now, user),
            Command::Pass(password) => self.pass(password),
            Command::Acct(_) => self.reply(say(Code::SUPERFLUOUS, "No account is needed.")),
            Command::Rein => self.reinitialise(now),
            Command::Quit => self.quit(now),
            command => self.execute_logged_in(now, command),
        }
    }

    fn needs_login(&self, command: &Command) -> bool {
        let open_to_all = matches!(
            command,
            Command::User(_)
                | Command::Pass(_)
                | Command::Acct(_)
                | Command::Rein
                | Command::Quit
                | Command::Feat
                | Command::Opts(_)
                | Command::Help(_)
                | Command::Noop
                | Command::Syst
                | Command::Auth(_)
                | Command::Pbsz(_)
                | Command::Prot(_)
                | Command::Adat(_)
                | Command::Ccc
                | Command::Mic(_)
                | Command::Conf(_)
                | Command::Enc(_)
                | Command::Lang(_)
                | Command::Host(_)
                | Command::Clnt(_)
                | Command::Csid(_)
                | Command::Unknown { .. }
        );
        !open_to_all && !matches!(self.login, Login::User(_))
    }

    pub(super) fn may_write(&self) -> bool {
        matches!(&self.login, Login::User(grant) if grant.write)
    }

    fn refuse_write(&mut self) {
        let advice = match &self.login {
            Login::User(grant) => grant.advice.clone(),
            _ => bytes::Bytes::new(),
        };
        let mut text = b"Permission denied: this login may only read.".to_vec();
        if !advice.is_empty() {
            text.push(b' ');
            text.extend_from_slice(&advice);
        }
        self.settings.forget_firsts();
        self.discard_route();
        self.reply(Reply::new(Code::FILE_UNAVAILABLE, text));
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

    /// REIN (RFC 959 § 4.1.1): all is as after the greeting. No transfer can be running here, since REIN waits for its end.
    fn reinitialise(&mut self, now: Instant) {
        self.log_out(now);
        self.reply(say(Code::SERVICE_READY, "Ready for a new user."));
    }

    fn log_out(&mut self, now: Instant) {
        self.discard_route();
        self.settings = Settings::default();
        if matches!(self.login, Login::User(_)) {
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

const fn changes_files(command: &Command) -> bool {
    matches!(
        command,
        Command::Stor(_)
            | Command::Stou(_)
            | Command::Appe(_)
            | Command::Dele(_)
            | Command::Mkd(_)
            | Command::Rmd(_)
            | Command::Rnfr(_)
            | Command::Rnto(_)
    )
}
