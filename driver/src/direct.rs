//! Moving a file's bytes by the kernel's own calls, where nothing stands between the file and the socket: no codec, no TLS.

use std::fs::File;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::kernel::{self, Pipe};
use crate::runtime::{Interest, Stream, Unread};
use crate::transport::Transport;

/// The most that goes at once, in bytes: others on the same thread wait so long, and an ABOR too.
pub(crate) const PIECE: usize = 1024 * 1024;

/// What came of an attempt to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sent {
    /// So many bytes went; none means that the file has no more.
    Bytes(usize),
    /// What comes next has to be waited for where that hurts nobody; it may go this way again after that.
    Cold,
    /// It cannot go this way.
    NotThisWay,
}

/// Sends at most `count` bytes of a file from `at` on; `last` is where the last of them is, as far as is known.
pub(crate) fn poll_send<S: Stream>(
    transport: &mut Transport<S>,
    context: &mut Context<'_>,
    file: &File,
    (at, last): (u64, u64),
    count: usize,
) -> Poll<io::Result<Sent>> {
    let Some(socket) = transport.as_clear() else {
        return Poll::Ready(Ok(Sent::NotThisWay));
    };
    // Where the end of the piece is in memory, its beginning most likely is: a file is read ahead.
    if !kernel::is_cached(file, last) {
        return Poll::Ready(Ok(Sent::Cold));
    }
    loop {
        match kernel::send_file(socket, file, at, count) {
            None => return Poll::Ready(Ok(Sent::NotThisWay)),
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                ready!(socket.poll_ready(context, Interest::Write))?;
            }
            Some(sent) => return Poll::Ready(sent.map(Sent::Bytes)),
        }
    }
}

/// What came of an attempt to receive.
#[derive(Debug)]
pub(crate) enum Received {
    /// Something came in.
    Some {
        /// How many bytes.
        count: usize,
        /// How many of them are in the file.
        written: usize,
        /// How long the file took for that.
        took: Duration,
        /// What the file did not take in this way: it is to be written yet, by the ordinary one, where its error shows.
        rest: Bytes,
    },
    /// It cannot go this way; it may be the end that comes next.
    NotThisWay,
}

/// Receives some bytes into a file, at the file's own position.
///
/// `splice` stops at urgent data for good, though it is to stay in line: it has nothing then, and is at the end once the peer has closed. So neither is
/// believed where there may be something to read.
pub(crate) fn poll_receive<S: Stream>(
    transport: &mut Transport<S>,
    context: &mut Context<'_>,
    file: &File,
) -> Poll<io::Result<Received>> {
    let Some(socket) = transport.as_clear() else {
        return Poll::Ready(Ok(Received::NotThisWay));
    };
    let mut was_asked = false;
    // A pipe is held only while something moves, and not while the peer is waited for.
    let (mut pipe, count) = loop {
        let filled = {
            let Some(mut pipe) = Pipe::take() else {
                return Poll::Ready(Ok(Received::NotThisWay));
            };
            match pipe.fill(socket) {
                Some(Ok(0)) => None,
                Some(Ok(count)) => break (pipe, count),
                filled => filled,
            }
        };
        match filled {
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                match socket.unread()? {
                    Unread::Nothing => ready!(socket.poll_ready(context, Interest::Read))?,
                    // It may have come since.
                    _ if !was_asked => was_asked = true,
                    _ => return Poll::Ready(Ok(Received::NotThisWay)),
                }
            }
            Some(Err(error)) => return Poll::Ready(Err(error)),
            _ => return Poll::Ready(Ok(Received::NotThisWay)),
        }
    };
    // The disk's time is the real one, whatever the runtime's clock shows.
    let begun = Instant::now();
    let drained = pipe.drain(file);
    let took = begun.elapsed();
    let written = count - pipe.held();
    let rest = match drained {
        Ok(()) => Bytes::new(),
        Err(_) => pipe.rest()?.into(),
    };
    Poll::Ready(Ok(Received::Some {
        count,
        written,
        took,
        rest,
    }))
}

#[cfg(test)]
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod tests {
    use std::io::{IoSlice, Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::task::Waker;

    use super::*;
    use crate::socket;

    /// A socket whose peer resets it right after an attempt that found nothing: before anybody can wait.
    struct Unlucky {
        socket: TcpStream,
        peer: Option<TcpStream>,
    }

    impl Unlucky {
        fn new() -> Self {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (socket, _) = listener.accept().unwrap();
            socket.set_nonblocking(true).unwrap();
            Self {
                socket,
                peer: Some(peer),
            }
        }
    }

    impl Stream for Unlucky {
        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.socket.local_addr()
        }

        fn peer_addr(&self) -> io::Result<SocketAddr> {
            self.socket.peer_addr()
        }

        fn poll_ready(&mut self, _: &mut Context<'_>, _: Interest) -> Poll<io::Result<()>> {
            // Of a reset it is as of bytes.
            Poll::Ready(Ok(()))
        }

        fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.socket.read(buffer)
        }

        fn try_write(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
            self.socket.write_vectored(buffers)
        }

        fn try_write_urgent(&mut self, data: &[u8]) -> io::Result<usize> {
            self.socket.write(data)
        }

        fn shutdown(&mut self) -> io::Result<()> {
            socket::shutdown(&self.socket)
        }

        fn unread(&self) -> io::Result<Unread> {
            socket::unread(&self.socket)
        }

        fn reset_on_drop(&mut self) {
            socket::reset_on_drop(&self.socket);
        }

        fn attempt<T>(
            &mut self,
            _: Interest,
            call: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
        ) -> Option<io::Result<T>> {
            let outcome = call(self.socket.as_fd());
            if let Err(error) = &outcome
                && error.kind() == io::ErrorKind::WouldBlock
                && let Some(peer) = self.peer.take()
            {
                socket::reset_on_drop(&peer);
            }
            Some(outcome)
        }
    }

    /// Or a part of a file would pass for the whole: `splice` and `recv` call it the end once the reset was told of.
    #[test]
    fn a_reset_is_no_end() {
        let path = std::env::temp_dir().join(format!("ftp-driver-reset-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut unlucky = Unlucky::new();
        unlucky.peer.as_mut().unwrap().write_all(b"a part").unwrap();
        let mut transport = Transport::new(unlucky);
        let mut context = Context::from_waker(Waker::noop());
        let first = poll_receive(&mut transport, &mut context, &file);
        assert!(matches!(
            first,
            Poll::Ready(Ok(Received::Some { written: 6, .. }))
        ));
        let then = poll_receive(&mut transport, &mut context, &file);
        let Poll::Ready(Err(error)) = then else {
            panic!("{then:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
