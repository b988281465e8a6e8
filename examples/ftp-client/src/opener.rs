//! Opening the sessions of a command, and doing the same for several URLs.

use std::rc::Rc;

use ftp_driver::Runtime;
use ftp_sansio::wire::{Format, Representation};

use crate::console::Console;
use crate::failure::Failure;
use crate::login::Credentials;
use crate::session::{self, Session, Settings};
use crate::url::{self, Target};
use crate::verify;

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
        let ascii = target.ascii.unwrap_or(self.settings.ascii);
        if ascii && self.settings.verify {
            return Err(verify::not_as_text());
        }
        let credentials = Credentials::find(target.user.as_ref(), target.password.as_ref())?;
        let mut session = session::connect(&self.runtime, &self.settings, &target.host).await?;
        session
            .login(credentials.user, credentials.password)
            .await?;
        session.set_ascii(ascii);
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
            session.set_ascii(target.ascii.unwrap_or(self.settings.ascii));
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

    /// A text transfer counts other bytes than the file has: there is no place to resume it from.
    pub(crate) fn check_resume(&self, resume: bool) -> Result<(), Failure> {
        match self.representation {
            Representation::Image => Ok(()),
            _ if !resume => Ok(()),
            _ => Err(Failure::usage(
                "-c cannot resume a text transfer (--ascii, ;type=a)",
            )),
        }
    }
}
