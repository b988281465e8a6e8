//! Transfers from and to files of this machine: by the kernel's own calls where nothing stands between the file and the socket, and
//! otherwise piece by piece, the file's work being done where blocking hurts nobody.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use ftp_sansio::client::Options;
use ftp_sansio::wire::Arg;

use super::Client;
use super::error::Error;
use super::transfer::{Download, Transferred, Upload};
use crate::direct::{self, Received, Sent};
use crate::kernel;
use crate::moving::PIECE;
use crate::pace::Pace;
use crate::runtime::Runtime;

/// After how many pieces the control connection is looked at and other tasks get their turn, though there was no wait.
const ROUNDS: usize = 16;

impl<R: Runtime> Client<R> {
    /// Fetches a file (RETR) into a local one, which is written from its own position on. `progress` hears of every few bytes how many they
    /// were.
    ///
    /// To go on with an earlier download, set the [offset](Options) and the file's position alike.
    ///
    /// # Errors
    /// As [`retrieve`](Self::retrieve) and [`Download::save_to`].
    pub async fn retrieve_to(
        &mut self,
        path: Arg,
        file: impl Into<Arc<File>>,
        options: Options,
        progress: impl FnMut(u64),
    ) -> Result<Transferred, Error> {
        let download = self.retrieve(path, options).await?;
        download.save_to(file, progress).await
    }

    /// Stores a local file (STOR), which is read from its own position on: see [`Upload::send_from`] for one that changes meanwhile. `progress`
    /// hears of every few bytes how many they were.
    ///
    /// To go on with an earlier upload, set the [offset](Options) and the file's position alike.
    ///
    /// # Errors
    /// As [`store`](Self::store) and [`Upload::send_from`].
    pub async fn store_from(
        &mut self,
        path: Arg,
        file: impl Into<Arc<File>>,
        options: Options,
        progress: impl FnMut(u64),
    ) -> Result<Transferred, Error> {
        let upload = self.store(path, options).await?;
        upload.send_from(file, progress).await
    }
}

/// A local file, and how it is worked on.
struct Local<R> {
    runtime: R,
    file: Arc<File>,
    /// Whether it is on a disk of this machine, so that what is in memory is taken where it stands.
    is_local: bool,
    pace: Pace,
}

impl<R: Runtime> Local<R> {
    fn new(runtime: &R, file: Arc<File>) -> Self {
        Self {
            runtime: runtime.clone(),
            is_local: kernel::is_local(&*file) && file.metadata().is_ok_and(|file| file.is_file()),
            file,
            pace: Pace::default(),
        }
    }

    async fn write(&self, bytes: Bytes) -> Result<(), Error> {
        let file = Arc::clone(&self.file);
        let work = move || (&*file).write_all(&bytes);
        let written = self.pace.run(&self.runtime, self.is_local, work).await;
        written.map_err(Error::File)
    }

    /// Where a plain file is to be read, and how far; nothing for any other, and for one that tells no size (as in Linux's `/proc`): these
    /// are read where they stand, to their end.
    async fn place(&self) -> Result<Option<Place>, Error> {
        let (file, is_local) = (Arc::clone(&self.file), self.is_local);
        let look = move || {
            let known = file.metadata()?;
            if !known.is_file() || (known.len() == 0 && !is_local) {
                return Ok(None);
            }
            match (&*file).stream_position() {
                Ok(at) => Ok(Some(Place {
                    at,
                    end: known.len(),
                })),
                Err(error) if error.kind() == ErrorKind::NotSeekable => Ok(None),
                Err(error) => Err(error),
            }
        };
        let place = match is_local {
            true => look(),
            // A network may have to be asked.
            false => self.runtime.blocking(look).await,
        };
        place.map_err(Error::File)
    }

    /// Reads some bytes; nothing is the end. `piece` is a buffer that is used again.
    async fn read(&self, place: Option<&Place>, piece: &mut Bytes) -> Result<Bytes, Error> {
        let mut room = std::mem::take(piece).try_into_mut().unwrap_or_default();
        room.resize(PIECE, 0);
        let most = place.map_or(PIECE, |place| place.most(PIECE));
        let at = place.map(|place| place.at);
        // Elsewhere than on a local disk the question itself may be a wait.
        if self.is_local
            && let Some(at) = at
            && let Ok(count) = kernel::read_cached(&self.file, at, &mut room[..most])
        {
            *piece = room.freeze();
            return Ok(piece.slice(..count));
        }
        let file = Arc::clone(&self.file);
        let work = move || {
            if let Some(at) = at {
                (&*file).seek(SeekFrom::Start(at))?;
            }
            loop {
                match (&*file).read(&mut room[..most]) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    outcome => return outcome.map(|count| (room, count)),
                }
            }
        };
        let (room, count) = self.runtime.blocking(work).await.map_err(Error::File)?;
        *piece = room.freeze();
        Ok(piece.slice(..count))
    }
}

/// A place in a file, and where the file ended when the transfer began.
struct Place {
    at: u64,
    end: u64,
}

impl Place {
    const fn is_end(&self) -> bool {
        self.at >= self.end
    }

    /// `count`, or what is left.
    fn most(&self, count: usize) -> usize {
        let left = self.end.saturating_sub(self.at);
        usize::try_from(left).map_or(count, |left| left.min(count))
    }

    /// Where the next `count` bytes begin, and where the last of them is.
    const fn span(&self, count: usize) -> (u64, u64) {
        (self.at, self.at + (count as u64).saturating_sub(1))
    }
}

impl<R: Runtime> Download<'_, R> {
    /// Writes all that comes to a file, from the file's own position on, and waits for the server's final word. `progress` hears of every
    /// few bytes how many they were.
    ///
    /// On Linux the bytes of a plain image transfer go from the socket to the file without passing through this program, unless the file was opened
    /// for appending.
    ///
    /// Where the future is dropped, a piece that was being written may still come into the file, as long as somebody else than the caller holds
    /// the file's [`Arc`].
    ///
    /// # Errors
    /// [`Error::File`]; what made the transfer incomplete.
    pub async fn save_to(
        mut self,
        file: impl Into<Arc<File>>,
        mut progress: impl FnMut(u64),
    ) -> Result<Transferred, Error> {
        let local = Local::new(self.runtime(), file.into());
        let mut by_kernel = local.is_local;
        for round in 1_usize.. {
            let is_quick = local.pace.is_quick(local.runtime.now());
            if by_kernel && is_quick && self.is_direct() {
                match poll_fn(|context| self.poll_into(context, &local.file)).await {
                    Ok(Received::Some {
                        count, took, rest, ..
                    }) => {
                        local.pace.note(local.runtime.now(), took);
                        // An error of the file is met again on the ordinary way.
                        by_kernel = rest.is_empty();
                        if !rest.is_empty() {
                            local.write(rest).await?;
                        }
                        progress(count as u64);
                    }
                    Ok(Received::NotThisWay) => by_kernel = false,
                    Err(_) => self.break_off().await?,
                }
            } else {
                let Some(bytes) = self.read().await? else {
                    break;
                };
                let count = bytes.len();
                local.write(bytes).await?;
                progress(count as u64);
            }
            if round % ROUNDS == 0 {
                self.look_up().await;
            }
        }
        self.finish().await
    }
}

impl<R: Runtime> Upload<'_, R> {
    /// Sends what a file holds, from the file's own position on, and waits for the server's final word. `progress` hears of every few bytes
    /// how many they were. What the file's position is afterwards is not said.
    ///
    /// Of a plain file that is as much as it holds when this begins: of one that grows meanwhile a part that was whole once. (lftp sends what
    /// was added too, curl 7.88 sends it and tells of an error.) One that becomes shorter is an error, as it is for both, and no shorter
    /// file: the upload is aborted. So is one that tells a larger size than it has, as those of Linux's `/sys` do. What tells no size, such
    /// as a pipe or a file of `/proc`, is sent to its end.
    ///
    /// On Linux the bytes of a plain image transfer go from the file to the socket without passing through this program.
    ///
    /// # Errors
    /// [`Error::File`] where the file cannot be read, and with [`UnexpectedEof`](ErrorKind::UnexpectedEof) where it became shorter; what made
    /// the transfer incomplete.
    pub async fn send_from(
        mut self,
        file: impl Into<Arc<File>>,
        mut progress: impl FnMut(u64),
    ) -> Result<Transferred, Error> {
        let local = Local::new(self.runtime(), file.into());
        let mut place = local.place().await?;
        let mut by_kernel = local.is_local;
        let mut piece = Bytes::new();
        for round in 1_usize.. {
            if place.as_ref().is_some_and(Place::is_end) {
                break;
            }
            let mut sent = Sent::Cold;
            if let Some(place) = &place
                && by_kernel
                && self.is_direct()
            {
                let count = place.most(direct::PIECE);
                let span = place.span(count);
                let sending = poll_fn(|context| self.poll_from(context, &local.file, span, count));
                match sending.await {
                    Ok(outcome) => sent = outcome,
                    Err(_) => return self.break_off().await,
                }
            }
            let count = match sent {
                Sent::Bytes(count) => count,
                Sent::Cold | Sent::NotThisWay => {
                    by_kernel &= sent == Sent::Cold;
                    let bytes = local.read(place.as_ref(), &mut piece).await?;
                    let count = bytes.len();
                    self.write(bytes).await?;
                    count
                }
            };
            match &mut place {
                Some(_) if count == 0 => return Err(Error::File(became_shorter())),
                Some(place) => place.at += count as u64,
                None if count == 0 => break,
                None => {}
            }
            progress(count as u64);
            if round % ROUNDS == 0 {
                self.look_up().await;
            }
        }
        self.finish().await
    }
}

fn became_shorter() -> io::Error {
    let text = "it became shorter while it was sent";
    io::Error::new(ErrorKind::UnexpectedEof, text)
}
