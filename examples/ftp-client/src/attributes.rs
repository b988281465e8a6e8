//! `chmod` and `touch`: the permissions and the time of what is on the server, by whichever command it knows for that.

use ftp_driver::Runtime;
use ftp_driver::client::{Error, Options};
use ftp_sansio::wire::date::TimeVal;
use ftp_sansio::wire::{DateTime, Features, Reply};

use crate::failure::{Exit, Failure};
use crate::remote::RemotePath;
use crate::session::Session;
use crate::show;

/// Sets the permissions of a file or folder.
pub(crate) async fn chmod<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    mode: u32,
) -> Result<(), Failure> {
    let mut reply = session.say(&format!("SITE CHMOD {mode:03o}"), path).await?;
    if is_unknown(&reply) {
        let other = session
            .say(&format!("MFF UNIX.mode={mode:03o};"), path)
            .await?;
        // Of two commands that are not known, the first is the one that people have heard of.
        if !is_unknown(&other) {
            reply = other;
        }
    }
    if reply.class().is_positive() {
        session.console.done("chmod", path.as_bytes(), None);
        return Ok(());
    }
    if is_unknown(&reply) {
        let text = format!("{path}: this server lets nobody set permissions ({reply})");
        return Err(Failure::new(Exit::Partial, text));
    }
    Err(Failure::server(path, &Error::Refused(reply)))
}

/// Whether a reply is about the command, and not about the file (RFC 959 § 4.2.1).
fn is_unknown(reply: &Reply) -> bool {
    matches!(reply.code().get(), 500 | 502 | 504)
}

/// Gives a file this time, or that of now; one that is not there is made, empty.
pub(crate) async fn touch<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    time: Option<DateTime>,
) -> Result<(), Failure> {
    if path.name().is_none() {
        return Err(Failure::usage(format!("{path} is no name of a file")));
    }
    let wanted = time
        .or_else(show::now)
        .ok_or_else(|| Failure::usage("this machine does not know the time: -d tells it"))?;
    let mut done = session.set_time(path, wanted).await?;
    if done != Timed::Set && session.look_up(path).await?.is_none() {
        make(session, path).await?;
        // What was made just now has the time of now.
        done = match time {
            Some(time) => session.set_time(path, time).await?,
            None => Timed::Set,
        };
    }
    match done {
        Timed::Set => {
            session.console.done("touch", path.as_bytes(), None);
            Ok(())
        }
        Timed::Refused(reply) => Err(Failure::server(path, &Error::Refused(reply))),
        Timed::Impossible => {
            let text = format!("{path}: this server lets nobody set the time of a file");
            Err(Failure::new(Exit::Partial, text))
        }
    }
}

/// Makes an empty file. APPE, and not STOR: should the file be there after all, it stays as it is.
async fn make<R: Runtime>(session: &mut Session<R>, path: &RemotePath) -> Result<(), Failure> {
    let failed = |error: Error| Failure::server(path, &error);
    let path_arg = path.to_arg();
    let appended = match session
        .client
        .append(path_arg.clone(), Options::default())
        .await
    {
        Ok(upload) => upload.finish().await,
        Err(error) => Err(error),
    };
    let done = match appended {
        Err(Error::Refused(reply)) if is_unknown(&reply) => {
            let stored = session.client.store(path_arg, Options::default()).await;
            stored.map_err(failed)?.finish().await
        }
        done => done,
    };
    done.map_err(failed)?;
    Ok(())
}

/// A way to set a file's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// MFMT, which has been made for it.
    Mfmt,
    /// MDTM with a time before the name. Where a server takes that for the question it usually is, nothing is set.
    Mdtm,
    /// SITE UTIME with one time before the name.
    Utime,
    /// SITE UTIME with three times behind the name.
    LongUtime,
}

impl Clock {
    /// The ways that a server may have, from the best. Not every one that knows SITE UTIME says so.
    fn of(features: &Features) -> Vec<Self> {
        let has = [
            (Self::Mfmt, features.has("MFMT")),
            (Self::Mdtm, features.has("MDTM")),
            (Self::Utime, true),
            (Self::LongUtime, true),
        ];
        let has = has.into_iter().filter(|(_, has)| *has);
        has.map(|(clock, _)| clock).collect()
    }
}

/// What became of a file's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    Set,
    /// The server could, and does not.
    Refused(Reply),
    /// It has no way to.
    Impossible,
}

impl<R: Runtime> Session<R> {
    /// Sets a file's time in the way that the server has.
    pub(crate) async fn set_time(
        &mut self,
        path: &RemotePath,
        time: DateTime,
    ) -> Result<Timed, Failure> {
        let clocks = match self.clocks.take() {
            Some(clocks) => clocks,
            None => Clock::of(&self.features().await?),
        };
        let mut left = &clocks[..];
        let mut done = Timed::Impossible;
        while let [clock, others @ ..] = left {
            match self.try_clock(*clock, path, time).await? {
                Timed::Impossible => left = others,
                other => {
                    done = other;
                    break;
                }
            }
        }
        // A way that is none needs no second try.
        self.clocks = Some(left.to_vec());
        Ok(done)
    }

    async fn try_clock(
        &mut self,
        clock: Clock,
        path: &RemotePath,
        time: DateTime,
    ) -> Result<Timed, Failure> {
        let stamp = TimeVal(whole(time));
        let reply = match clock {
            Clock::Mfmt => self.say(&format!("MFMT {stamp}"), path).await?,
            Clock::Mdtm => self.say(&format!("MDTM {stamp}"), path).await?,
            Clock::Utime => self.say(&format!("SITE UTIME {stamp}"), path).await?,
            Clock::LongUtime => {
                let times = format!(" {stamp} {stamp} {stamp} UTC");
                self.say_around("SITE UTIME", path, &times).await?
            }
        };
        if clock == Clock::Mdtm {
            // Only the file itself shows whether that was taken for a question.
            return Ok(match self.modified(path).await? {
                Some(now) if whole(now) == whole(time) => Timed::Set,
                Some(_) => Timed::Impossible,
                None => Timed::Refused(reply),
            });
        }
        Ok(match reply.code().get() {
            _ if reply.class().is_positive() => Timed::Set,
            500..=504 => Timed::Impossible,
            _ => Timed::Refused(reply),
        })
    }
}

/// The same second without its fraction, which not every server takes.
fn whole(time: DateTime) -> DateTime {
    DateTime::from_unix(time.to_unix(), 0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use ftp_sansio::wire::Code;

    use super::*;

    fn clocks(lines: &str) -> Vec<Clock> {
        let text = format!("Have\n{lines}\nEnd");
        Clock::of(&Features::from_reply(&Reply::new(
            Code::SYSTEM_STATUS,
            text,
        )))
    }

    #[test]
    fn the_best_way_goes_first() {
        use Clock::{LongUtime, Mdtm, Mfmt, Utime};
        assert_eq!(clocks(" MDTM\n MFMT"), [Mfmt, Mdtm, Utime, LongUtime]);
        assert_eq!(
            clocks(" MDTM YYYYMMDDHHMMSS[+-TZ];filename"),
            [Mdtm, Utime, LongUtime]
        );
        assert_eq!(clocks(" SITE UTIME"), [Utime, LongUtime]);
    }

    #[test]
    fn fractions_are_dropped() {
        let time = DateTime::new(2024, 1, 2, 3, 4, 5, 678_000_000).unwrap();
        assert_eq!(TimeVal(whole(time)).to_string(), "20240102030405");
    }
}
