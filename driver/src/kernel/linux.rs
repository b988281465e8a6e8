//! Linux's own calls.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, ReadWriteFlags};
use rustix::net::SendFlags;
use rustix::pipe::{PipeFlags, SpliceFlags};

use super::{Purpose, RECEIVED, SENT};
use crate::runtime::{Interest, Stream};

/// Sends at most `count` bytes of a file from `at` on, without a copy of them here; 0 is the end of the file. Nothing where this socket or
/// this file cannot, and where the file could not be read: that shows again where it is read the ordinary way. An error is the socket's.
///
/// It waits for the disk where the file is not cached.
pub(crate) fn send_file<S: Stream>(
    socket: &mut S,
    file: &File,
    at: u64,
    count: usize,
) -> Option<io::Result<usize>> {
    let sent = socket.attempt(Interest::Write, |socket| send_to(&socket, file, at, count));
    sent.and_then(Result::transpose)
}

/// Nothing where it cannot be done in this way.
fn send_to(socket: &impl AsFd, file: &File, at: u64, count: usize) -> io::Result<Option<usize>> {
    let mut offset = at;
    match rustix::fs::sendfile(socket, file, Some(&mut offset), count) {
        Ok(count) => {
            SENT.fetch_add(count as u64, Ordering::Relaxed);
            Ok(Some(count))
        }
        Err(error) if is_of_the_socket(error) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Sends some of `data`, of which the last few bytes wait for what follows: more, or the end, which then leaves in the same segment. Nothing where this
/// socket cannot.
pub(crate) fn send_held<S: Stream>(socket: &mut S, data: &[u8]) -> Option<io::Result<usize>> {
    let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
    socket.attempt(Interest::Write, |socket| {
        rustix::net::send(socket, data, flags).map_err(Into::into)
    })
}

/// Whether an error of `sendfile` tells of the connection. All others (EIO, ESTALE, EUCLEAN, EINVAL …) tell of the file, or that this is not the
/// way; should one of a socket be among them, the next attempt to write fails too.
const fn is_of_the_socket(error: Errno) -> bool {
    matches!(
        error,
        // Nothing is wrong.
        Errno::AGAIN
            | Errno::INTR
            // It was ended by one side or the other (tcp(7)).
            | Errno::PIPE
            | Errno::CONNRESET
            | Errno::CONNABORTED
            | Errno::NOTCONN
            | Errno::TIMEDOUT
            // What routers told of it (`icmp_err_convert` in Linux's net/ipv4/icmp.c, `icmpv6_err_convert`).
            | Errno::CONNREFUSED
            | Errno::HOSTUNREACH
            | Errno::HOSTDOWN
            | Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::NONET
            | Errno::MSGSIZE
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::NOBUFS
    )
}

/// Reads from `at` on what is in memory already: it may be less than the file has; 0 is its end. `WouldBlock` where a disk is to be waited for. A file system that does not know the question has
/// nothing that is worth waiting for elsewhere (tmpfs), so it is read.
pub(crate) fn read_cached(file: &File, at: u64, room: &mut [u8]) -> io::Result<usize> {
    let outcome = rustix::io::preadv2(
        file,
        &mut [IoSliceMut::new(room)],
        at,
        ReadWriteFlags::NOWAIT,
    );
    match outcome {
        Err(Errno::OPNOTSUPP) => std::os::unix::fs::FileExt::read_at(file, room, at),
        Err(Errno::INTR | Errno::INVAL | Errno::NOSYS) => Err(io::ErrorKind::WouldBlock.into()),
        outcome => confirm(file, at, outcome?),
    }
}

/// Linux 5.9 and 5.10 may say that nothing is left where the rest is not in memory (preadv2(2), BUGS), and a part of the file would pass for
/// the whole. The file's size knows better.
fn confirm(file: &File, at: u64, count: usize) -> io::Result<usize> {
    if count == 0 && file.metadata()?.len() > at {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(count)
}

/// Whether the byte at `at` is in memory, and so most likely what comes before it.
pub(crate) fn is_cached(file: &File, at: u64) -> bool {
    read_cached(file, at, &mut [0]).is_ok()
}

/// Opens what is beneath `folder`, following links that stay beneath it, if no disk is needed for that and all lies on one file system. Any other
/// outcome is nothing, and says no more than that.
pub(crate) fn open_cached(folder: &impl AsFd, path: &Path, purpose: Purpose) -> Option<File> {
    let flags = match purpose {
        Purpose::Read => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
        Purpose::Look => OFlags::PATH,
        Purpose::Enter => OFlags::PATH | OFlags::DIRECTORY,
    };
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV
        | ResolveFlags::CACHED;
    rustix::fs::openat2(
        folder,
        path,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        resolve,
    )
    .ok()
    .map(File::from)
}

/// Whether a file's system is on a disk of this machine or in its memory: no network, and no program, answers for it.
pub(crate) fn is_local(file: &impl AsFd) -> bool {
    /// From statfs(2): ext2 to ext4, XFS, Btrfs, tmpfs, overlayfs.
    const LOCAL: [u64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];
    rustix::fs::fstatfs(file)
        .is_ok_and(|system| LOCAL.contains(&u64::try_from(system.f_type).unwrap_or(0)))
}

/// Empty pipes that nobody uses.
static POOL: Mutex<Vec<Pipe>> = Mutex::new(Vec::new());

/// How many of them are kept.
const MOST_POOLED: usize = 32;

/// How much a pipe shall hold: what an unprivileged user may ask for (`/proc/sys/fs/pipe-max-size`), in bytes.
const CAPACITY: usize = 1024 * 1024;

/// What bytes go through from a socket to a file.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// Nothing once it was given back.
    ends: Option<(OwnedFd, OwnedFd)>,
    /// How much lies in it.
    held: usize,
}

impl Pipe {
    /// An empty one; nothing where none can be had.
    pub(crate) fn take() -> Option<Self> {
        let pooled = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        pooled.or_else(|| {
            let ends = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
            // Who has many pipes may not have large ones; they serve all the same.
            let _ = rustix::pipe::fcntl_setpipe_size(&ends.1, CAPACITY);
            Some(Self {
                ends: Some(ends),
                held: 0,
            })
        })
    }

    /// Takes in what the socket has, as far as there is room; 0 is the peer's end. Nothing where this socket cannot. The pipe has to be empty.
    pub(crate) fn fill<S: Stream>(&mut self, socket: &mut S) -> Option<io::Result<usize>> {
        let (_, into) = self.ends.as_ref()?;
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let filled = socket.attempt(Interest::Read, |socket| {
            match rustix::pipe::splice(socket, None, into, None, CAPACITY, flags) {
                Err(Errno::INVAL | Errno::NOSYS) => Ok(None),
                filled => filled.map(Some).map_err(Into::into),
            }
        });
        let filled = filled.and_then(Result::transpose)?;
        self.held += filled.as_ref().map_or(0, |count| *count);
        Some(filled)
    }

    /// Writes what it holds to the file, at the file's own position. What stays in it after an error can be [read](Self::rest).
    pub(crate) fn drain(&mut self, file: &File) -> io::Result<()> {
        let Some((from, _)) = &self.ends else {
            return Ok(());
        };
        while self.held > 0 {
            match rustix::pipe::splice(from, None, file, None, self.held, SpliceFlags::MOVE) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.held -= count;
                    RECEIVED.fetch_add(count as u64, Ordering::Relaxed);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// How much lies in it, in bytes.
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Reads what lies in it.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = vec![0; self.held];
        if let Some((from, into)) = self.ends.take() {
            File::from(from).read_exact(&mut rest)?;
            drop(into);
        }
        self.held = 0;
        Ok(rest)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // What lies in it must not come out in another transfer.
        if self.held > 0 {
            return;
        }
        if let Some(ends) = self.ends.take() {
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            if pool.len() < MOST_POOLED {
                pool.push(Self {
                    ends: Some(ends),
                    held: 0,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with the file is told by reading it; what is wrong with the connection ends the transfer.
    #[test]
    fn errors_of_files_are_told_from_those_of_connections() {
        for error in [
            Errno::PIPE,
            Errno::CONNRESET,
            Errno::TIMEDOUT,
            Errno::HOSTUNREACH,
        ] {
            assert!(is_of_the_socket(error), "{error}");
        }
        for error in [
            Errno::IO,
            Errno::STALE,
            Errno::UCLEAN,
            Errno::BADMSG,
            Errno::BADF,
            Errno::INVAL,
            Errno::NOSYS,
        ] {
            assert!(!is_of_the_socket(error), "{error}");
        }
    }

    /// The same of what the system says: of a file that may not be read, and of a connection whose other end is gone.
    #[test]
    fn an_unreadable_file_breaks_no_connection() {
        let path = std::env::temp_dir().join(format!("ftp-driver-send-{}", std::process::id()));
        std::fs::write(&path, b"content").unwrap();
        let readable = File::open(&path).unwrap();
        let unreadable = File::options().write(true).open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (socket, peer) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(send_to(&socket, &unreadable, 0, 7).unwrap(), None);
        assert_eq!(send_to(&socket, &readable, 0, 7).unwrap(), Some(7));
        assert_eq!(send_to(&socket, &readable, 7, 7).unwrap(), Some(0));
        drop(peer);
        let broken = send_to(&socket, &readable, 0, 7).unwrap_err();
        assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    }

    /// Nothing read is the end only at the end.
    #[test]
    fn a_file_ends_where_its_size_says() {
        let path = std::env::temp_dir().join(format!("ftp-driver-end-{}", std::process::id()));
        std::fs::write(&path, b"content").unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for at in [0, 6] {
            let error = confirm(&file, at, 0).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        for at in [7, 8] {
            assert_eq!(confirm(&file, at, 0).unwrap(), 0);
        }
        assert_eq!(confirm(&file, 0, 3).unwrap(), 3);
        let read = read_cached(&file, 7, &mut [0; 4]);
        assert_eq!(read.unwrap(), 0);
    }
}
