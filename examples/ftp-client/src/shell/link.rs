//! The shell's way to a server: connecting, and who is logged in.

use std::rc::Rc;

use ftp_driver::Runtime;
use ftp_sansio::wire::{Arg, Escaped};

use super::sentence;
use crate::connecting;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::login::{Credentials, secret};
use crate::run::{DEFAULT_HOST, DEFAULT_PORT};
use crate::session::{Session, Settings};
use crate::url::{self, Host, Target};

pub(super) struct Link<R: Runtime> {
    runtime: R,
    settings: Settings,
    session: Option<Session<R>>,
    logged_in: bool,
    /// Somebody has logged in over the session. Not every server lets another follow: the next login has its own.
    spent: bool,
    /// The session was opened for active mode.
    active: bool,
    /// The server that is, or was last, connected to.
    host: Option<Host>,
    /// Who the next PASS is for.
    user: Option<Arg>,
    /// What USER and PASS said before there was a server to say it to.
    kept: Option<Credentials>,
}

/// Reads the address of CONN: none, `HOST`, `HOST PORT`, `HOST:PORT` or a URL.
pub(super) fn address(words: &[Vec<u8>]) -> Result<Host, Failure> {
    let bad = || sentence("CONN takes an address and a port, such as CONN 127.0.0.1 2121");
    let texts = words
        .iter()
        .map(|word| std::str::from_utf8(word).map_err(|_| bad()));
    let texts: Vec<_> = texts.collect::<Result<_, _>>()?;
    match texts[..] {
        [] => Ok(Host {
            name: DEFAULT_HOST.to_owned(),
            port: Some(DEFAULT_PORT),
            implicit: false,
        }),
        [name] if name.parse::<std::net::Ipv6Addr>().is_ok() => Ok(Host {
            name: name.to_owned(),
            port: None,
            implicit: false,
        }),
        [url] => {
            let target = url::parse(url)?;
            let plain = target.user.is_none() && target.path.is_here();
            plain.then_some(target.host).ok_or_else(bad)
        }
        [name, port] => Ok(Host {
            name: name.trim_matches(['[', ']']).to_owned(),
            port: Some(url::parse_port(port).ok_or_else(bad)?),
            implicit: false,
        }),
        _ => Err(bad()),
    }
}

impl<R: Runtime> Link<R> {
    pub(super) const fn new(runtime: R, settings: Settings) -> Self {
        Self {
            runtime,
            settings,
            session: None,
            logged_in: false,
            spent: false,
            active: false,
            host: None,
            user: None,
            kept: None,
        }
    }

    fn console(&self) -> &Rc<Console> {
        &self.settings.console
    }

    pub(super) const fn is_logged_in(&self) -> bool {
        self.logged_in && self.session.is_some()
    }

    /// The session of who is logged in; else the sentence that says what is missing.
    pub(super) fn session(&mut self) -> Result<&mut Session<R>, &'static str> {
        match &mut self.session {
            Some(session) if self.logged_in => Ok(session),
            Some(_) => Err("not logged in: USER and PASS are wanted"),
            None => Err("not connected: CONN connects"),
        }
    }

    /// Forgets a session that can do nothing more; says whether it did.
    pub(super) fn drop_if_lost(&mut self) -> bool {
        let lost = self
            .session
            .as_ref()
            .is_some_and(|session| !session.client.is_usable());
        if lost {
            self.session = None;
            self.logged_in = false;
        }
        lost
    }

    pub(super) async fn close(&mut self) {
        self.logged_in = false;
        if let Some(session) = self.session.take()
            && session.client.is_usable()
        {
            session.quit().await;
        }
    }

    /// Opens what a URL names, and enters its folder.
    pub(super) async fn open(&mut self, target: &Target) -> Result<(), Failure> {
        self.dial(&target.host).await?;
        let credentials = Credentials::find(target.user.as_ref(), target.password.as_ref())?;
        self.log_in(credentials).await?;
        if let (Some(session), false) = (&mut self.session, target.path.is_here()) {
            let entered = session.client.change_folder(target.path.to_arg()).await;
            entered.map_err(|error| Failure::remote(&target.path, &error))?;
        }
        Ok(())
    }

    /// CONN: anonymous at once, unless USER and PASS have said who.
    pub(super) async fn connect(&mut self, host: &Host) -> Result<(), Failure> {
        self.dial(host).await?;
        if let Some(credentials) = self.kept.take() {
            return self.log_in(credentials).await;
        }
        match self.log_in(Credentials::anonymous()).await {
            Err(failure) if failure.exit() == Exit::Login => Err(sentence(format!(
                "connected to {host}; {failure}: USER and PASS are wanted"
            ))),
            done => done,
        }
    }

    async fn dial(&mut self, host: &Host) -> Result<(), Failure> {
        self.close().await;
        self.host = Some(host.clone());
        let session = connecting::connect(&self.runtime, &self.settings, host).await?;
        self.session = Some(session);
        self.spent = false;
        self.active = self.settings.active;
        Ok(())
    }

    async fn log_in(&mut self, credentials: Credentials) -> Result<(), Failure> {
        let Some(session) = &mut self.session else {
            return Err(sentence("not connected: CONN connects"));
        };
        let user = credentials.user.clone();
        session
            .login(credentials.user, credentials.password)
            .await?;
        self.logged_in = true;
        self.spent = true;
        let host = self
            .host
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        self.console()
            .say(format_args!("connected to {host}, logged in as {user}"));
        Ok(())
    }

    /// USER: who the next PASS is for. Nobody is logged in until then.
    pub(super) fn user(&mut self, name: &[u8]) -> Result<(), Failure> {
        let user = Arg::try_from(name)
            .map_err(|error| sentence(format!("USER {}: {error}", Escaped(name))))?;
        self.console()
            .say(format_args!("user {user}: PASS is wanted"));
        self.user = Some(user);
        self.kept = None;
        self.logged_in = false;
        Ok(())
    }

    /// PASS: the login.
    pub(super) async fn pass(&mut self, password: &[u8]) -> Result<(), Failure> {
        let password = secret(password)?;
        let Some(user) = self.user.clone() else {
            return Err(sentence("USER comes first"));
        };
        let credentials = Credentials { user, password };
        let Some(host) = self.host.clone() else {
            self.kept = Some(credentials);
            self.console()
                .say("not connected yet: CONN connects and logs in");
            return Ok(());
        };
        if self.session.is_some() && !self.spent {
            match self.log_in(credentials.clone()).await {
                // The server has given up waiting, or the last refusal was one too many: once more, from the beginning.
                Err(failure) if failure.is_fatal() && failure.exit() == Exit::Connect => {}
                done => return done,
            }
        }
        self.dial(&host).await?;
        self.log_in(credentials).await
    }

    /// PASV: the server waits for the data connection. A session that was opened with `--active` stays as it is.
    pub(super) fn passive(&mut self) {
        self.settings.active = false;
        let from = if self.active {
            ", from the next CONN on"
        } else {
            ""
        };
        let text = format!("passive mode{from}: the server waits for the data connection");
        self.console().say(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(words: &[&str]) -> Option<String> {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        address(&words).ok().map(|host| host.to_string())
    }

    #[test]
    fn addresses() {
        assert_eq!(host(&[]).unwrap(), "127.0.0.1:2121");
        assert_eq!(host(&["10.0.0.1", "99"]).unwrap(), "10.0.0.1:99");
        assert_eq!(host(&["::1", "99"]).unwrap(), "[::1]:99");
        assert_eq!(host(&["::1"]).unwrap(), "[::1]:21");
        assert_eq!(host(&["h"]).unwrap(), "h:21");
        assert_eq!(host(&["h:99"]).unwrap(), "h:99");
        assert_eq!(host(&["ftp://h:99/"]).unwrap(), "h:99");
        assert_eq!(host(&["ftps://h/"]).unwrap(), "h:990");
        for words in [
            &["h", "x"][..],
            &["h", "0"],
            &["h", "1", "2"],
            &["ftp://u:p@h/"],
        ] {
            assert_eq!(host(words), None, "{words:?}");
        }
    }
}
