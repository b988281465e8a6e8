//! Opening the sessions of a command, and doing the same for several URLs.

use std::rc::Rc;

use ftp_driver::Runtime;
use ftp_sansio::wire::{Format, Mode, Representation};

use crate::connecting;
use crate::console::Console;
use crate::failure::Failure;
use crate::login::Credentials;
use crate::session::{Session, Settings};
use crate::url::{self, Target};
use crate::verify;

/// How `get` and `put` move files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) recursive: bool,
    pub(crate) resume: bool,
    pub(crate) mode: Mode,
}

/// Opens the sessions of a command.
pub(crate) struct Opener<R: Runtime> {
    pub(crate) runtime: R,
    pub(crate) settings: Settings,
}

impl<R: Runtime> Opener<R> {
    pub(crate) fn console(&self) -> &Rc<Console> {
        &self.settings.console
    }

    /// Connects and logs in.
    pub(crate) async fn open(&self, target: &Target) -> Result<Session<R>, Failure> {
        let credentials = self.credentials(target)?;
        self.open_as(target, credentials).await
    }

    /// Who logs in; it may be that a person is asked.
    pub(crate) fn credentials(&self, target: &Target) -> Result<Credentials, Failure> {
        if self.is_text(target) && self.settings.verify {
            return Err(verify::not_as_text());
        }
        Credentials::find(target.user.as_ref(), target.password.as_ref())
    }

    fn is_text(&self, target: &Target) -> bool {
        target.ascii.unwrap_or(self.settings.ascii)
    }

    /// Connects, and logs in with what is known already.
    pub(crate) async fn open_as(
        &self,
        target: &Target,
        credentials: Credentials,
    ) -> Result<Session<R>, Failure> {
        let mut session = connecting::connect(&self.runtime, &self.settings, &target.host).await?;
        session
            .login(credentials.user, credentials.password)
            .await?;
        session.set_ascii(self.is_text(target));
        Ok(session)
    }

    /// Does the same for each URL, over one session as long as the server and the user are the same.
    pub(crate) async fn each(
        &self,
        urls: &[String],
        mut work: impl AsyncFnMut(&mut Session<R>, &Target) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let targets: Vec<_> = urls
            .iter()
            .map(|url| url::parse(url))
            .collect::<Result<_, _>>()?;
        let mut open: Option<(&Target, Session<R>)> = None;
        for target in &targets {
            let mut session = match open.take() {
                Some((last, session))
                    if session.client.is_usable() && last.is_same_login(target) =>
                {
                    session
                }
                _ => self.open(target).await?,
            };
            session.set_ascii(self.is_text(target));
            match work(&mut session, target).await {
                Err(failure) if targets.len() > 1 && !session.is_lost(&failure) => {
                    self.console().problem(failure);
                }
                done => done?,
            }
            open = Some((target, session));
        }
        if let Some((_, session)) = open {
            session.quit().await;
        }
        Ok(())
    }
}

impl Target {
    /// Whether a session opened for one serves the other: never across users or passwords.
    fn is_same_login(&self, other: &Self) -> bool {
        self.host == other.host && self.user == other.user && self.password == other.password
    }
}

impl<R: Runtime> Session<R> {
    pub(crate) fn set_ascii(&mut self, ascii: bool) {
        self.representation = match ascii {
            true => Representation::Ascii(Format::NonPrint),
            false => Representation::Image,
        };
    }

    /// Sets how files are moved from now on.
    ///
    /// A text transfer counts other bytes than the file has, and in MODE B and C a position is a marker of the server's own: there is no
    /// place to resume such a transfer from.
    pub(crate) fn prepare(&mut self, how: How) -> Result<(), Failure> {
        let is_text = self.representation != Representation::Image;
        if how.resume && is_text {
            return Err(Failure::usage(
                "-c cannot resume a text transfer (--ascii, ;type=a)",
            ));
        }
        if how.resume && matches!(how.mode, Mode::Block | Mode::Compressed) {
            return Err(Failure::usage(
                "-c cannot resume by bytes in --mode block or compressed",
            ));
        }
        self.mode = how.mode;
        Ok(())
    }
}
