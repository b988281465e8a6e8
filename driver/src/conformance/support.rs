//! What the tests share.

use std::fs;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use ftp_sansio::data::{CleanEnd, Direction, End, Parameters, Status};
use ftp_sansio::listing::Entry;
use ftp_sansio::wire::{Arg, VirtualPath};

use super::storage::{Files, Shelf};
use crate::local::{LocalStorage, LocalWriter};
use crate::runtime::{Interest, Listener, Runtime, Stream};
use crate::storage::{Placement, Result};

pub(super) const LOCALHOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Where nobody listens, for as long as the socket is held: bound, so that nobody else gets the port meanwhile.
pub(super) fn nowhere() -> (socket2::Socket, SocketAddr) {
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&SocketAddr::new(LOCALHOST, 0).into()).unwrap();
    let at = taken.local_addr().unwrap().as_socket().unwrap();
    (taken, at)
}

/// Both outcomes, worked for at the same time.
pub(super) async fn join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none() {
            first = ready(a.as_mut().poll(context));
        }
        if second.is_none() {
            second = ready(b.as_mut().poll(context));
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            outcomes => {
                (first, second) = outcomes;
                Poll::Pending
            }
        }
    })
    .await
}

/// What one future comes to while another runs beside it, which is dropped then.
pub(super) async fn beside<T>(
    foreground: impl Future<Output = T>,
    background: impl Future<Output = ()>,
) -> T {
    let (mut foreground, mut background) = (pin!(foreground), pin!(background));
    let mut is_over = false;
    poll_fn(|context| {
        is_over = is_over || background.as_mut().poll(context).is_ready();
        foreground.as_mut().poll(context)
    })
    .await
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

pub(super) async fn accept<L: Listener>(listener: &mut L) -> (L::Stream, SocketAddr) {
    poll_fn(|context| listener.poll_accept(context))
        .await
        .unwrap()
}

/// Two ends of one connection: the one that connected, and the one that was accepted.
pub(super) async fn pair<R: Runtime>(runtime: &R, at: IpAddr) -> (R::Stream, R::Stream) {
    let mut listener = runtime.listen(SocketAddr::new(at, 0)).unwrap();
    let connect = runtime.connect(listener.local_addr().unwrap(), None);
    let ((accepted, _), connected) = join(accept(&mut listener), connect).await;
    (connected.unwrap(), accepted)
}

pub(super) fn would_block<T>(outcome: &io::Result<T>) -> bool {
    matches!(outcome, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

pub(super) async fn wait(stream: &mut impl Stream, interest: Interest) -> io::Result<()> {
    poll_fn(|context| stream.poll_ready(context, interest)).await
}

pub(super) async fn read(stream: &mut impl Stream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let outcome = stream.try_read(buffer);
        if !would_block(&outcome) {
            return outcome;
        }
        wait(stream, Interest::Read).await?;
    }
}

/// Reads to the end, in pieces that divide nothing evenly.
pub(super) async fn read_to_end(stream: &mut impl Stream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 4099];
    loop {
        match read(stream, &mut buffer).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Writes all of it, three slices at a time.
pub(super) async fn write_all(stream: &mut impl Stream, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        let (head, rest) = data.split_at(data.len() / 3);
        let (middle, tail) = rest.split_at(rest.len() / 2);
        let slices = [head, middle, tail].map(IoSlice::new);
        let outcome = stream.try_write(&slices);
        if would_block(&outcome) {
            wait(stream, Interest::Write).await?;
        } else {
            data = &data[outcome?..];
        }
    }
    Ok(())
}

/// Polls once, with a waker that does nothing.
pub(super) fn poll_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    poll(&mut Context::from_waker(Waker::noop()))
}

pub(super) fn clean_end() -> CleanEnd {
    let mut codec = Parameters::IMAGE.codec(Direction::Receive).unwrap();
    match codec.step(&[], &mut [], End::Closed).status {
        Status::Ended(end) => end,
        other => panic!("{other:?}"),
    }
}

pub(super) fn path(text: &str) -> VirtualPath {
    VirtualPath::ROOT
        .join(&Arg::try_from(text).unwrap())
        .unwrap()
}

/// A store in a folder of its own, which goes away with it.
pub(super) struct Scratch<R> {
    pub(super) store: LocalStorage<R>,
    /// The root of the store, as the system knows it.
    pub(super) root: PathBuf,
    /// The folder that holds the root and what lies beside it.
    outer: PathBuf,
}

impl<R: Runtime> Scratch<R> {
    pub(super) fn new(runtime: R) -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let name = format!("ftp-conformance-{:016x}", u64::from_ne_bytes(random));
        let outer = std::env::temp_dir().join(name);
        let root = outer.join("root");
        fs::create_dir_all(&root).unwrap();
        let store = LocalStorage::open(runtime, &root).unwrap();
        Self { store, root, outer }
    }

    /// A path that lies outside of the root.
    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.outer.join(name)
    }

    pub(super) fn put(&self, name: &str, content: &str) {
        fs::write(self.root.join(name), content).unwrap();
    }

    pub(super) fn content(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).unwrap()
    }

    /// The same, as the bytes that it is.
    pub(super) fn content_of(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap()
    }

    /// Every name in a folder as the system has it, hidden ones too, in order.
    pub(super) fn names_on_disk(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(super) async fn list(&self, folder: &str) -> Vec<Entry> {
        Files(&self.store).list(folder).await
    }

    pub(super) async fn names(&self, folder: &str) -> Vec<Bytes> {
        Files(&self.store).names(folder).await
    }

    pub(super) async fn create(&self, name: &str, placement: Placement) -> Result<LocalWriter<R>> {
        Files(&self.store).create(name, placement).await
    }

    pub(super) async fn upload(
        &self,
        name: &str,
        placement: Placement,
        content: &str,
    ) -> Result<VirtualPath> {
        Files(&self.store).upload(name, placement, content).await
    }

    pub(super) async fn download(&self, name: &str, offset: u64) -> Result<Vec<u8>> {
        Files(&self.store).download(name, offset).await
    }
}

impl<R: Runtime> Shelf for Scratch<R> {
    type Storage = LocalStorage<R>;

    fn storage(&self) -> &LocalStorage<R> {
        &self.store
    }
}

impl<R> Drop for Scratch<R> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.outer);
    }
}

#[cfg(unix)]
pub(super) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, link).unwrap();
}
