//! A client that connects again when its session was lost, by a policy of its user's.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use ftp_sansio::listing::{Entry, Listing};
use ftp_sansio::time::Instant;
use ftp_sansio::wire::{Arg, DateTime, DigestAlgorithm, Mode, Reply, Representation};

use super::{Client, Error, Options, Site};
use crate::runtime::{Runtime, sleep};
use crate::trace::note;

/// After so long without a word a session is asked whether it is there, before it gets what may not be done twice.
const IDLE: Duration = Duration::from_secs(5);

/// How long that may take.
const CHECK: Duration = Duration::from_secs(5);

/// Whether and how often to connect again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reconnect {
    /// What is lost stays lost.
    #[default]
    Never,
    /// For each operation up to so many times, after a rest.
    Times {
        /// How many new attempts there are.
        times: u32,
        /// How long to rest before each.
        backoff: Backoff,
    },
}

/// How long to rest: twice as long each time, half of it by chance, so that many clients do not come back at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// Before the first attempt.
    pub first: Duration,
    /// At the most.
    pub longest: Duration,
}

impl Default for Backoff {
    /// From half a second to half a minute.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

impl Backoff {
    /// The rest before an attempt, of which there were some before; `chance` is any number.
    fn rest(self, before: u32, chance: u32) -> Duration {
        let doubled = 2_u32
            .checked_pow(before)
            .and_then(|factor| self.first.checked_mul(factor));
        let rest = doubled.map_or(self.longest, |rest| rest.min(self.longest));
        rest / 2 + (rest / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

/// When an operation is done once more on a new session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Whenever the session was lost: to do it twice comes to the same as to do it once. So it is with what only asks, and with CWD, which the new
    /// session has to do anyhow.
    Always,
    /// Only where it is certain that the server has done nothing of it ([`Error::may_have_applied`]). What went well is not repeated; but where it
    /// has changed the folder, and the session would not tell to which, it is an error all the same.
    UnlessApplied,
}

/// A client that connects again: to the same [`Site`], with the same login, in the same folder.
///
/// | | repeated on a new session |
/// |---|---|
/// | [`list`](Self::list), [`size`](Self::size), [`modified`](Self::modified), [`inspect`](Self::inspect), [`digest`](Self::digest), [`working_folder`](Self::working_folder), [`change_folder`](Self::change_folder) | always |
/// | [`retrieve`](Self::retrieve) | always: it goes on where it was, if the file is the same |
/// | [`delete`](Self::delete), [`rename`](Self::rename), [`make_folder`](Self::make_folder), [`remove_folder`](Self::remove_folder) | unless the server may have done it |
/// | uploads | as the user says with [`run`](Self::run): [`Repeat::UnlessApplied`] repeats those that had not begun |
///
/// A session is made exactly as the site says, TLS and all; what cannot be restored, such as a folder that is gone, is an error. A refusal is never
/// a reason to connect again. Every method may be dropped at any time; [`within`](crate::runtime::within) sets a limit to one.
///
/// ```no_run
/// # async fn example<R: ftp_driver::Runtime>(runtime: R) -> Result<(), Box<dyn std::error::Error>> {
/// use ftp_driver::client::{Backoff, Reconnect, Repeat, Site, Steady, Target};
///
/// let site = Site::new(Target::new("ftp.example.org", 21)?);
/// let policy = Reconnect::Times { times: 3, backoff: Backoff::default() };
/// let mut steady = Steady::new(runtime, site, policy);
/// steady.change_folder("pub".parse()?).await?;
/// let listing = steady.list(None).await?;
/// steady.run(Repeat::UnlessApplied, async |client| client.raw("SITE CHMOD 600 notes".parse().unwrap()).await).await?;
/// # Ok(())
/// # }
/// ```
pub struct Steady<R: Runtime> {
    runtime: R,
    site: Site,
    policy: Reconnect,
    client: Option<Client<R>>,
    /// Where a new session has to go.
    folder: Option<Arg>,
    /// When the session was last known to be there.
    heard: Instant,
}

impl<R: Runtime> std::fmt::Debug for Steady<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steady")
            .field("site", &self.site)
            .field("policy", &self.policy)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The new attempts that an operation has left.
struct Attempts {
    policy: Reconnect,
    used: u32,
}

impl Attempts {
    /// Rests before another attempt; false where there is none.
    async fn another<R: Runtime>(&mut self, runtime: &R) -> bool {
        let Reconnect::Times { times, backoff } = self.policy else {
            return false;
        };
        if self.used >= times {
            return false;
        }
        let attempt = self.used + 1;
        note!(attempt, "connecting again");
        let chance = crate::random::bytes().map_or(0, u32::from_ne_bytes);
        sleep(runtime, backoff.rest(self.used, chance)).await;
        self.used = attempt;
        true
    }
}

impl<R: Runtime> Steady<R> {
    /// A client that connects when it is first needed.
    #[must_use]
    pub fn new(runtime: R, site: Site, policy: Reconnect) -> Self {
        Self {
            heard: runtime.now(),
            runtime,
            site,
            policy,
            client: None,
            folder: None,
        }
    }

    /// The session as it is, if there is one that can be used.
    pub fn client(&mut self) -> Option<&mut Client<R>> {
        self.client.as_mut().filter(|client| client.is_usable())
    }

    /// Does something with a session, and again with new ones as far as the policy and `repeat` allow. To which folder it goes is remembered.
    ///
    /// # Errors
    /// What went wrong the last time.
    pub async fn run<T>(
        &mut self,
        repeat: Repeat,
        mut operation: impl AsyncFnMut(&mut Client<R>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = Attempts {
            policy: self.policy,
            used: 0,
        };
        loop {
            let client = self.connected(repeat, &mut attempts).await?;
            let done = operation(&mut *client).await;
            let done = match done {
                Ok(value) if client.changed.folder => {
                    let remembered = self.remember().await;
                    remembered.map(|()| value).map_err(|error| match repeat {
                        Repeat::Always => error,
                        Repeat::UnlessApplied => error.after_success(),
                    })
                }
                done => done,
            };
            self.heard = self.runtime.now();
            let error = match done {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let is_lost = self.client().is_none();
            let is_safe = repeat == Repeat::Always || !error.may_have_applied();
            let is_worth_it = is_lost && is_safe && error.is_retryable();
            if !is_worth_it || !attempts.another(&self.runtime).await {
                return Err(error);
            }
        }
    }

    /// The session, or a new one.
    async fn connected(
        &mut self,
        repeat: Repeat,
        attempts: &mut Attempts,
    ) -> Result<&mut Client<R>, Error> {
        let is_idle = self.runtime.now().saturating_since(self.heard) >= IDLE;
        if is_idle
            && repeat == Repeat::UnlessApplied
            && let Some(client) = self.client()
        {
            // What is wrong is found out while nothing can be lost.
            let _ = client.with_deadline(CHECK).noop().await;
        }
        self.client = self.client.take().filter(Client::is_usable);
        while self.client.is_none() {
            match self.restored().await {
                Ok(client) => self.client = Some(client),
                Err(error) if !error.is_retryable() => return Err(error),
                Err(error) => {
                    if !attempts.another(&self.runtime).await {
                        return Err(error);
                    }
                }
            }
        }
        self.client.as_mut().ok_or(Error::Closed(None))
    }

    /// A new session in the old state. Whatever goes wrong, nothing of an operation has been begun.
    async fn restored(&self) -> Result<Client<R>, Error> {
        let builder = Client::builder(self.runtime.clone());
        let mut client = builder.connect_to(&self.site).await?;
        if let Some(folder) = &self.folder {
            let moved = client.change_folder(folder.clone()).await;
            moved.map_err(Error::before_begin)?;
            client.changed.folder = false;
        }
        Ok(client)
    }

    /// Asks where the session is now. If that does not become known, the session is given up rather than being left in a folder where
    /// no other would follow it.
    async fn remember(&mut self) -> Result<(), Error> {
        let Some(mut client) = self.client.take() else {
            return Ok(());
        };
        let folder = client.working_folder().await?;
        client.changed.folder = false;
        self.folder = Some(folder);
        self.client = Some(client);
        Ok(())
    }

    /// Lists a folder; see [`Client::list`].
    ///
    /// # Errors
    /// As there.
    pub async fn list(&mut self, path: Option<Arg>) -> Result<Listing, Error> {
        self.run(Repeat::Always, async |client| {
            client.list(path.clone()).await
        })
        .await
    }

    /// A file's size in bytes; see [`Client::size`].
    ///
    /// # Errors
    /// As there.
    pub async fn size(&mut self, path: Arg) -> Result<u64, Error> {
        self.run(Repeat::Always, async |client| {
            client.size(path.clone()).await
        })
        .await
    }

    /// When a file last changed; see [`Client::modified`].
    ///
    /// # Errors
    /// As there.
    pub async fn modified(&mut self, path: Arg) -> Result<DateTime, Error> {
        self.run(Repeat::Always, async |client| {
            client.modified(path.clone()).await
        })
        .await
    }

    /// What the server knows of a file or folder; see [`Client::inspect`].
    ///
    /// # Errors
    /// As there.
    pub async fn inspect(&mut self, path: Arg) -> Result<Entry, Error> {
        self.run(Repeat::Always, async |client| {
            client.inspect(path.clone()).await
        })
        .await
    }

    /// A file's digest; see [`Client::digest`].
    ///
    /// # Errors
    /// As there.
    pub async fn digest(
        &mut self,
        path: Arg,
        algorithm: DigestAlgorithm,
    ) -> Result<Vec<u8>, Error> {
        self.run(Repeat::Always, async |client| {
            client.digest(path.clone(), algorithm).await
        })
        .await
    }

    /// The current folder; see [`Client::working_folder`].
    ///
    /// # Errors
    /// As there.
    pub async fn working_folder(&mut self) -> Result<Arg, Error> {
        self.run(Repeat::Always, async |client| client.working_folder().await)
            .await
    }

    /// Changes the current folder, here and in every new session; see [`Client::change_folder`].
    ///
    /// # Errors
    /// As there.
    pub async fn change_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.run(Repeat::Always, async |client| {
            client.change_folder(path.clone()).await
        })
        .await
    }

    /// Makes a folder, unless it may have been made already; see [`Client::make_folder`].
    ///
    /// # Errors
    /// As there.
    pub async fn make_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.run(Repeat::UnlessApplied, async |client| {
            client.make_folder(path.clone()).await
        })
        .await
    }

    /// Removes a folder, unless it may have been removed already; see [`Client::remove_folder`].
    ///
    /// # Errors
    /// As there.
    pub async fn remove_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.run(Repeat::UnlessApplied, async |client| {
            client.remove_folder(path.clone()).await
        })
        .await
    }

    /// Removes a file, unless it may have been removed already; see [`Client::delete`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete(&mut self, path: Arg) -> Result<Reply, Error> {
        self.run(Repeat::UnlessApplied, async |client| {
            client.delete(path.clone()).await
        })
        .await
    }

    /// Renames a file or folder, unless that may have happened already; see [`Client::rename`].
    ///
    /// # Errors
    /// As there.
    pub async fn rename(&mut self, from: Arg, to: Arg) -> Result<Reply, Error> {
        self.run(Repeat::UnlessApplied, async |client| {
            client.rename(from.clone(), to.clone()).await
        })
        .await
    }

    /// Fetches a file into `sink`; how many bytes that were. After a lost session it goes on where it was (REST), provided that the
    /// file's size, and its time where the server tells it, are still the same, and that it is fetched as it is (TYPE I, STRU F, MODE S). If not, what had
    /// arrived is all.
    ///
    /// # Errors
    /// What made it incomplete, with an [`Error`] within, or what the sink said.
    pub async fn retrieve(
        &mut self,
        path: Arg,
        options: Options,
        mut sink: impl AsyncFnMut(Bytes) -> io::Result<()>,
    ) -> io::Result<u64> {
        let (mut received, mut version, mut refusal) = (0, None, None);
        let can_resume = options.representation == Representation::Image
            && options.structure == Options::default().structure
            && options.mode == Mode::Stream
            && self.policy != Reconnect::Never;
        let fetched = self.run(Repeat::Always, async |client| {
            if can_resume {
                let found = Version::of(client, &path).await?;
                let known = *version.get_or_insert(found);
                if received > 0 && (known != found || known.size.is_none()) {
                    return Err(Error::Aborted);
                }
            } else if received > 0 {
                return Err(Error::Aborted);
            }
            let rest = Options {
                offset: options.offset + received,
                ..options
            };
            let mut download = client.retrieve(path.clone(), rest).await?;
            while let Some(bytes) = download.read().await? {
                let count = bytes.len() as u64;
                if let Err(error) = sink(bytes).await {
                    refusal = Some(error);
                    return Err(Error::Aborted);
                }
                received += count;
            }
            download.finish().await.map(drop)
        });
        let fetched = fetched.await;
        match refusal {
            Some(error) => Err(error),
            None => fetched.map(|()| received).map_err(io::Error::from),
        }
    }
}

/// What tells one version of a file from the next.
#[derive(Clone, Copy, PartialEq)]
struct Version {
    size: Option<u64>,
    modified: Option<DateTime>,
}

impl Version {
    /// As far as the server tells it.
    async fn of<R: Runtime>(client: &mut Client<R>, path: &Arg) -> Result<Self, Error> {
        fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
            match answer {
                Ok(value) => Ok(Some(value)),
                Err(Error::Refused(_) | Error::Malformed(_)) => Ok(None),
                Err(error) => Err(error),
            }
        }
        Ok(Self {
            size: told(client.size(path.clone()).await)?,
            modified: told(client.modified(path.clone()).await)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_up_to_a_limit() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
        };
        for (before, longest) in [(0, 1), (1, 2), (2, 4), (3, 8), (4, 10), (31, 10), (99, 10)] {
            let longest = Duration::from_secs(longest);
            assert_eq!(backoff.rest(before, u32::MAX), longest);
            assert_eq!(backoff.rest(before, 0), longest / 2);
        }
    }
}
