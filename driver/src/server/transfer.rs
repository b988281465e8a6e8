//! One transfer of the server: a chain of futures, each of which ends in an event for the machine.
//!
//! Dropping the chain cancels the transfer: an upload that was not committed leaves the old file as it was. Only a link that changes what
//! others see is waited for: what it does may go on without it, on a thread for blocking work.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use ftp_sansio::data::{CleanEnd, Codec, Direction, End};
use ftp_sansio::server::{Admission, Failure, Task, Transfer, TransferEvent};

use super::chain::{Chain, Effect, Left, Link, fail, fail_storage, go_on};
use super::data::{Data, Kept};
use super::passive;
use super::source::{Direct, Lines, Source, find};
use crate::direct::{self, Received};
use crate::moving::{PIECE, poll_admit};
use crate::parting::Guard;
use crate::runtime::{Runtime, Stream};
use crate::storage::{Entries, Reader, Storage, StorageError, Writer};
use crate::tls::{DataSession, Engine};
use crate::transport::Transport;

/// How the data connection is had.
pub(super) enum Path<R: Runtime> {
    Accept(passive::Lent<R::Listener>, Admission),
    Connect(std::net::SocketAddr),
    Kept(Box<Kept<R::Stream>>),
    /// The listener is gone: a driver's fault, answered like a connection that never came.
    Nowhere,
}

/// What is done about TLS on a new data connection.
pub(super) enum Secure {
    /// Nothing.
    Clear,
    /// A handshake.
    With(Box<DataSession>),
    /// There is none: a driver's fault, answered like a handshake that failed.
    Impossible,
}

/// Begins the chain: open what is asked for.
pub(super) fn begin<R: Runtime, S: Storage>(
    runtime: R,
    storage: Arc<S>,
    mut transfer: Transfer,
    secure: Secure,
    path: Path<R>,
    local: IpAddr,
) -> Chain<R::Stream> {
    let effect = match &transfer.task {
        // What is not there yet is made.
        Task::Store { placement, .. } if placement.is_in_place() => Effect::Changes,
        _ => Effect::Nothing,
    };
    let opening = async move {
        let direction = transfer.direction();
        let opened = match transfer.task.clone() {
            Task::Retrieve { path, offset, end } => Source::open(&*storage, &path, offset, end)
                .await
                .map(|source| (None, source.size(offset), File::<S>::Read(source))),
            Task::Store { path, placement } => {
                storage.create(&path, placement).await.map(|writer| {
                    let path = Some(writer.path().clone());
                    (path, None, File::Write(Upload { writer, effect }))
                })
            }
            Task::List {
                path,
                form,
                pattern,
            } => find(&*storage, &path, form, pattern)
                .await
                .map(|(entries, pattern)| {
                    (None, None, File::List(entries, Lines { form, pattern }))
                }),
        };
        let (chosen, size, file) = match opened {
            Ok(opened) => opened,
            Err(error) => return refuse(error, direction, path),
        };
        if let File::Write(upload) = &file {
            transfer.tuning.offset = upload.writer.start();
        }
        let Some(codec) = transfer.codec() else {
            return fail_storage(StorageError::Unsupported);
        };
        let next = connect(runtime, file, codec, transfer.keep, secure, path, local);
        go_on(TransferEvent::Opened { path: chosen, size }, next)
    };
    Chain::new(opening).having(effect)
}

/// Nothing was opened. A data connection that was there before stays, unless the peer may have sent an upload into it already.
fn refuse<R: Runtime>(error: StorageError, direction: Direction, path: Path<R>) -> Link<R::Stream> {
    let left = match path {
        Path::Kept(kept) if direction == Direction::Send => Left::Open(kept),
        _ => Left::Nothing,
    };
    Link {
        left,
        ..fail_storage(error)
    }
}

/// What was opened.
enum File<S: Storage> {
    Read(Source<S::Reader>),
    Write(Upload<S::Writer>),
    List(S::Entries, Lines),
}

/// What an upload is written by, and what each write does to what others see.
struct Upload<F> {
    writer: F,
    effect: Effect,
}

fn connect<R: Runtime, S: Storage>(
    runtime: R,
    file: File<S>,
    codec: Codec,
    keep: bool,
    secure: Secure,
    path: Path<R>,
    local: IpAddr,
) -> Chain<R::Stream> {
    Chain::new(async move {
        let mut early = Bytes::new();
        let is_new = !matches!(path, Path::Kept(_));
        let stream = match path {
            Path::Accept(mut lent, admission) => {
                let admitted =
                    poll_fn(|context| poll_admit(lent.listener(), admission, context)).await;
                if admitted.is_ok() {
                    lent.keep();
                }
                admitted.map(Guard::new)
            }
            Path::Connect(to) => {
                let connected = runtime.connect(to, Some(local)).await;
                connected.map(|socket| Guard::new(Transport::new(socket)))
            }
            Path::Kept(kept) => {
                let stream;
                (stream, early) = kept.again();
                Ok(stream)
            }
            Path::Nowhere => Err(io::ErrorKind::NotConnected.into()),
        };
        let Ok(stream) = stream else {
            return fail(Failure::NotConnected);
        };
        let data = Data::new(stream, early, codec, keep);
        match is_new {
            true => go_on(TransferEvent::Connected, handshake(data, secure, file)),
            // The session knows that it is there, and under TLS if it is to be.
            false => begin_to_move(data, file).run().await,
        }
    })
}

/// Brings TLS up, where the data is to be protected.
fn handshake<S: Stream, T: Storage>(mut data: Data<S>, secure: Secure, file: File<T>) -> Chain<S> {
    let session = match secure {
        Secure::Clear => return begin_to_move(data, file),
        Secure::With(session) => Some(session),
        Secure::Impossible => None,
    };
    Chain::new(async move {
        let Some(session) = session else {
            return fail(Failure::NotSecured);
        };
        let (session, brought) = session.into_parts();
        let transport = &mut data.stream.transport;
        transport.start_tls(Engine::data(session));
        if poll_fn(|context| transport.poll_handshake(context))
            .await
            .is_err()
        {
            // It has been told why, and could take nothing for a file.
            transport.close_now();
            data.stream.end();
            return fail(Failure::NotSecured);
        }
        let resumed = transport.tls().is_some_and(Engine::resumed);
        if resumed {
            brought.adopt();
        }
        go_on(
            TransferEvent::Secured { resumed },
            begin_to_move(data, file),
        )
    })
}

fn begin_to_move<S: Stream, T: Storage>(data: Data<S>, file: File<T>) -> Chain<S> {
    match file {
        File::Read(source) => send(data, source),
        File::Write(upload) => receive(data.with_early(), upload),
        File::List(entries, lines) => list(data, entries, lines),
    }
}

/// A file, or what is left of one, that is read and written out rather than sent by the kernel: with so few bytes that costs less.
const SMALL: u64 = 64 * 1024;

/// How much of an upload is received through a buffer, in pieces of [`FIRST`] bytes: few are longer, and a pipe costs more.
const SMALL_UPLOAD: u64 = 64 * 1024;
const FIRST: usize = 16 * 1024;

fn send<S: Stream, F: Reader>(mut data: Data<S>, mut source: Source<F>) -> Chain<S> {
    Chain::new(async move {
        if data.wants_input() {
            if data.is_direct() && source.remaining().is_none_or(|left| left > SMALL) {
                match source.send(&mut data.stream.transport).await {
                    Ok(Direct::Sent { count, is_end }) => {
                        data.bytes += count as u64;
                        if !is_end {
                            return go_on(data.progress(), send(data, source));
                        }
                        data.load(Bytes::new());
                        return data.move_on(|data| send(data, source)).await;
                    }
                    Ok(Direct::Cold) => {}
                    Ok(Direct::NotThisWay) => data.by_kernel = false,
                    Err(_) => return fail(Failure::Broken),
                }
            }
            if let Err(error) = read(&mut data, &mut source).await {
                return fail_storage(error);
            }
        }
        data.move_on(|data| send(data, source)).await
    })
}

/// Loads the next piece: at once where it is in memory, and else where waiting for a disk hurts nobody.
async fn read<S: Stream, F: Reader>(
    data: &mut Data<S>,
    source: &mut Source<F>,
) -> Result<(), StorageError> {
    if source.is_lent() {
        // A byte more than there should be finds the end.
        let left = source
            .remaining()
            .and_then(|left| usize::try_from(left).ok());
        let size = left.map_or(PIECE, |left| left.saturating_add(1).min(PIECE));
        let mut room = data.room(size);
        if let Some((count, is_end)) = source.read_cached(&mut room) {
            data.load_part(room.freeze(), count);
            if is_end {
                data.follows = End::Closed;
            }
            return Ok(());
        }
        data.piece = room.freeze();
    }
    let buffer = data.buffer(PIECE);
    data.load(source.read(buffer).await?.freeze());
    Ok(())
}

/// Receives some of an upload into the file itself, if it is lent now.
async fn receive_directly<S: Stream, F: Writer>(
    transport: &mut Transport<S>,
    writer: &mut F,
) -> io::Result<Option<Received>> {
    // Exclusive, so that a writer need not be fit to be shared between threads.
    let lender = &mut *writer;
    let received = poll_fn(move |context| match lender.lend() {
        None => Poll::Ready(Ok(None)),
        Some(file) => direct::poll_receive(transport, context, file).map_ok(Some),
    });
    let received = received.await?;
    if let Some(Received::Some { written, took, .. }) = &received {
        writer.advance(*written as u64, *took);
    }
    Ok(received)
}

fn receive<S: Stream, F: Writer>(mut data: Data<S>, mut upload: Upload<F>) -> Chain<S> {
    Chain::new(async move {
        let mut is_loaded = !data.wants_input();
        if !is_loaded && data.bytes >= SMALL_UPLOAD && data.is_direct() {
            match receive_directly(&mut data.stream.transport, &mut upload.writer).await {
                Ok(Some(Received::Some { count, rest, .. })) => {
                    data.bytes += count as u64;
                    if rest.is_empty() {
                        return go_on(data.progress(), receive(data, upload));
                    }
                    data.by_kernel = false;
                    data.load(rest);
                    is_loaded = true;
                }
                Ok(Some(Received::NotThisWay)) => data.by_kernel = false,
                // Not now.
                Ok(None) => {}
                Err(_) => return fail(Failure::Broken),
            }
        }
        if !is_loaded {
            let size = match data.bytes < SMALL_UPLOAD {
                true => FIRST,
                false => PIECE,
            };
            let mut room = data.room(size);
            let Ok((count, ended)) = data.stream.transport.read_piece(&mut room).await else {
                return fail(Failure::Broken);
            };
            data.bytes += count as u64;
            data.load_part(room.freeze(), count);
            if ended {
                data.follows = End::Closed;
            }
        }
        let bytes = match data.convert() {
            Ok(bytes) => bytes,
            Err(failure) => return fail(failure),
        };
        let (received, effect, is_write) = (data.progress(), upload.effect, !bytes.is_empty());
        let mut write = Chain::new(write(data, upload, bytes)).having(effect);
        // A link of its own where it is waited for: what came has come, however long a disk takes. And to wait for the peer can be stopped, and to
        // change a file cannot.
        if effect == Effect::Nothing || !is_write {
            let written = poll_fn(|context| Poll::Ready(write.poll(context)));
            if let Poll::Ready(link) = written.await {
                return link;
            }
        }
        go_on(received, write)
    })
}

/// Writes what the codec gave last, and goes on with what followed it.
async fn write<S: Stream, F: Writer>(
    mut data: Data<S>,
    mut upload: Upload<F>,
    bytes: Bytes,
) -> Link<S> {
    if !bytes.is_empty()
        && let Err(error) = upload.writer.write(bytes).await
    {
        return fail_storage(error);
    }
    if let Some(marker) = data.marker.take() {
        return go_on(TransferEvent::Marker(marker), receive(data, upload));
    }
    match data.end.take() {
        None => go_on(data.progress(), receive(data, upload)),
        // Where the data itself says that it has ended, the peer need not close.
        Some(end) => {
            data.part();
            let received = TransferEvent::Received(data.bytes);
            go_on(received, commit(data, upload.writer, end))
        }
    }
}

fn commit<S: Stream, F: Writer>(data: Data<S>, writer: F, end: CleanEnd) -> Chain<S> {
    let commit = async move {
        match writer.commit(&end).await {
            Ok(()) => data.ended(end),
            Err(error) => fail_storage(error),
        }
    };
    Chain::new(commit).having(Effect::Commits)
}

fn list<S: Stream, F: Entries>(mut data: Data<S>, mut entries: F, lines: Lines) -> Chain<S> {
    Chain::new(async move {
        if data.wants_input() {
            match entries.next().await {
                Ok(some) if some.is_empty() => data.load(Bytes::new()),
                Ok(some) => match lines.write(some) {
                    // Nothing of it matched; that is not the end.
                    none if none.is_empty() => {
                        return go_on(data.progress(), list(data, entries, lines));
                    }
                    text => data.load(text),
                },
                Err(error) => return fail_storage(error),
            }
        }
        data.move_on(|data| list(data, entries, lines)).await
    })
}
