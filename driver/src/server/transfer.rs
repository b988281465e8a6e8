//! One transfer of the server: a chain of futures, each of which ends in an event for the machine.
//!
//! Dropping the chain cancels the transfer: an upload that was not committed leaves the old file as it was. Only a link that changes what
//! others see is waited for: what it does may go on without it, on a thread for blocking work.

use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, Direction, End, Marker, Status};
use ftp_sansio::server::{Admission, Failure, Task, Transfer, TransferEvent};

use super::passive;
use super::source::{Direct, Lines, Source, find};
use crate::direct::{self, Received};
use crate::moving::{PIECE, convert, poll_admit};
use crate::runtime::{Runtime, Stream};
use crate::storage::{Entries, Reader, Storage, StorageError, Writer};
use crate::tls::{DataSession, Engine};
use crate::transport::Transport;

/// What one link of the chain came to.
pub(super) struct Link<S: Stream> {
    pub(super) event: TransferEvent,
    pub(super) next: Option<Chain<S>>,
    /// The data connection, where the end of the chain leaves it open.
    pub(super) kept: Option<Box<Kept<S>>>,
}

/// A data connection between two transfers (RFC 959 § 3.3).
pub(super) struct Kept<S: Stream> {
    stream: Guard<S>,
    /// What it brought beyond the end of the last transfer: the beginning of the next.
    early: Bytes,
}

/// How many bytes of a transfer that nobody has asked for yet are read, to see whether the peer has closed.
const EARLY: usize = 512;

impl<S: Stream> Kept<S> {
    /// Ends it in order.
    pub(super) fn end(mut self) {
        if self.stream.transport.tls().is_some() {
            self.stream.transport.close_now();
        }
    }

    /// Ready when it is of no use any more, because its peer has closed it or it broke.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.early.is_empty() {
            return Poll::Pending;
        }
        let mut room = [0; EARLY];
        match self.stream.transport.poll_read(context, &mut room) {
            Poll::Ready(Ok(count)) if count > 0 => {
                self.early = Bytes::copy_from_slice(&room[..count]);
                Poll::Pending
            }
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What a link does to what others see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Nothing,
    /// It makes a file that is written in place, or writes to it.
    Changes,
    /// It makes a finished upload visible: it waits for the session's word then.
    Commits,
}

/// The next link, and whether it may still be dropped to stop the transfer.
pub(super) struct Chain<S: Stream> {
    future: Pin<Box<dyn Future<Output = Link<S>> + Send>>,
    effect: Effect,
    approved: bool,
    begun: bool,
    /// Nothing follows this link.
    stopped: bool,
}

impl<S: Stream> Chain<S> {
    fn new(future: impl Future<Output = Link<S>> + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            effect: Effect::Nothing,
            approved: false,
            begun: false,
            stopped: false,
        }
    }

    fn having(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Stops the transfer. True where it is to be dropped for that. A change that has begun must be waited for instead, and the transfer ends
    /// with its link: else the file would change after the client was told that it is over, and nobody could say what became of a commit.
    pub(super) fn stop(&mut self) -> bool {
        self.stopped = true;
        !(self.begun && self.effect != Effect::Nothing)
    }

    /// The session wants the upload to be made visible.
    pub(super) const fn approve(&mut self) {
        self.approved = true;
    }

    /// Whether it waits for that.
    pub(super) fn is_held(&self) -> bool {
        self.effect == Effect::Commits && !self.approved
    }

    /// Whether polling it would begin to make an upload visible.
    pub(super) fn is_about_to_commit(&self) -> bool {
        self.effect == Effect::Commits && !self.begun
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Link<S>> {
        self.begun = true;
        let link = ready!(self.future.as_mut().poll(context));
        Poll::Ready(match link.next {
            Some(_) if self.stopped => fail(Failure::Aborted),
            _ => link,
        })
    }
}

fn go_on<S: Stream>(event: TransferEvent, next: Chain<S>) -> Link<S> {
    Link {
        event,
        next: Some(next),
        kept: None,
    }
}

fn fail<S: Stream>(failure: Failure) -> Link<S> {
    Link {
        event: TransferEvent::Failed(failure),
        next: None,
        kept: None,
    }
}

fn fail_storage<S: Stream>(error: StorageError) -> Link<S> {
    fail(Failure::Storage(error))
}

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
            } => find(&*storage, &path, pattern)
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
    let kept = match path {
        Path::Kept(kept) if direction == Direction::Send => Some(kept),
        _ => None,
    };
    Link {
        kept,
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
                let mut kept = *kept;
                kept.stream.ended = false;
                early = kept.early;
                Ok(kept.stream)
            }
            Path::Nowhere => Err(io::ErrorKind::NotConnected.into()),
        };
        let Ok(stream) = stream else {
            return fail(Failure::NotConnected);
        };
        let data = Data {
            stream,
            codec,
            keep,
            bytes: 0,
            early,
            starved: true,
            input: Bytes::new(),
            follows: End::More,
            pending: Bytes::new(),
            marker: None,
            end: None,
            piece: Bytes::new(),
            by_kernel: true,
        };
        match is_new {
            true => go_on(TransferEvent::Connected, handshake(data, secure, file)),
            // The session knows that it is there, and under TLS if it is to be.
            false => begin_to_move(data, file).future.await,
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

/// A stream that is reset when it is dropped before its end, so that the peer cannot take a part for the whole. Between two transfers it
/// is at an end.
struct Guard<S: Stream> {
    transport: Transport<S>,
    ended: bool,
}

impl<S: Stream> Guard<S> {
    const fn new(transport: Transport<S>) -> Self {
        Self {
            transport,
            ended: false,
        }
    }

    /// It may be dropped in order.
    const fn end(&mut self) {
        self.ended = true;
    }
}

impl<S: Stream> Drop for Guard<S> {
    fn drop(&mut self) {
        if !self.ended {
            self.transport.reset_on_drop();
        }
    }
}

struct Data<S: Stream> {
    stream: Guard<S>,
    codec: Codec,
    /// Whether it stays open after a clean end.
    keep: bool,
    /// What went over the data connection so far.
    bytes: u64,
    /// What the peer has sent ahead of its turn: the next upload's, and not what is sent to it.
    early: Bytes,
    /// What the codec is yet to take.
    input: Bytes,
    /// What follows the input.
    follows: End,
    /// The codec has nothing to give before it gets more.
    starved: bool,
    /// What is still to be sent, converted already.
    pending: Bytes,
    /// A restart marker that followed what the codec gave last.
    marker: Option<Box<Marker>>,
    /// The codec's word that nothing follows what is pending.
    end: Option<CleanEnd>,
    /// The last piece of the file, kept so that its memory can be used again.
    piece: Bytes,
    /// Whether the kernel may be asked to move the bytes by itself: until it says that it cannot.
    by_kernel: bool,
}

impl<S: Stream> Data<S> {
    /// What came early is this transfer's.
    fn with_early(self) -> Self {
        Self {
            bytes: self.early.len() as u64,
            starved: self.early.is_empty(),
            input: self.early,
            early: Bytes::new(),
            ..self
        }
    }

    fn progress(&self) -> TransferEvent {
        TransferEvent::Progress(self.bytes)
    }

    /// A buffer with room for a piece: the last one again, where nobody holds on to it.
    fn buffer(&mut self, size: usize) -> BytesMut {
        if self.pending.is_empty() {
            // What is written out still holds on to its memory.
            self.pending = Bytes::new();
        }
        let piece = std::mem::take(&mut self.piece);
        let mut buffer = piece.try_into_mut().unwrap_or_default();
        buffer.clear();
        buffer.reserve(size);
        buffer
    }

    /// The same, with room that may be written to at once: so much of it at least.
    fn room(&mut self, size: usize) -> BytesMut {
        if self.pending.is_empty() {
            self.pending = Bytes::new();
        }
        let piece = std::mem::take(&mut self.piece);
        let mut room = piece.try_into_mut().unwrap_or_default();
        if room.len() < size {
            // Not copied to a larger place, only to be written over.
            room.clear();
            room.resize(size, 0);
        }
        room
    }

    /// Whether the bytes of the file go over the connection as they are.
    fn is_direct(&mut self) -> bool {
        self.by_kernel && self.codec.is_identity() && self.stream.transport.as_clear().is_some()
    }

    /// Takes the beginning of a piece.
    fn load_part(&mut self, piece: Bytes, count: usize) {
        self.input = piece.slice(..count);
        self.piece = piece;
    }

    /// Takes a piece of what the codec shall run over; nothing at all is its end.
    fn load(&mut self, piece: Bytes) {
        if piece.is_empty() {
            self.follows = End::Closed;
        }
        self.piece = piece.clone();
        self.input = piece;
    }

    /// One step of the codec, and what comes of it.
    fn convert(&mut self) -> Result<Bytes, Failure> {
        let (bytes, status) = convert(&mut self.codec, &mut self.input, self.follows);
        self.starved = false;
        match status {
            Status::Full => {}
            Status::Marker(marker) => self.marker = Some(marker.into()),
            Status::Starved if self.follows == End::More => self.starved = true,
            Status::Ended(end) => self.end = Some(end),
            Status::Failed(fault) => return Err(Failure::Data(fault)),
            // A codec that wants more after the end: none does.
            Status::Starved => return Err(Failure::Broken),
        }
        Ok(bytes)
    }

    /// Whether the codec can do nothing before it gets more, and nothing waits to be sent.
    const fn wants_input(&self) -> bool {
        self.starved && self.pending.is_empty()
    }

    /// Sends some more, converting it first where nothing is ready; then the end, or `next`.
    async fn move_on(mut self, next: impl FnOnce(Self) -> Chain<S>) -> Link<S> {
        if self.pending.is_empty() && self.end.is_none() {
            match self.convert() {
                Ok(bytes) => self.pending = bytes,
                Err(failure) => return fail(failure),
            }
        }
        if self.write_some().await.is_err() {
            return fail(Failure::Broken);
        }
        if self.end.is_none() || !self.pending.is_empty() {
            return go_on(self.progress(), next(self));
        }
        // Under TLS a whole piece may wait yet, which a slow peer takes little by little.
        match self.flush_some().await {
            Ok(true) => {}
            Ok(false) => return go_on(self.progress(), next(self)),
            Err(_) => return fail(Failure::Broken),
        }
        match self.end.take() {
            Some(end) => self.finish(end).await,
            None => fail(Failure::Broken),
        }
    }

    /// Writes out some of what is pending: all that goes without waiting, after the first bytes. A slow peer takes a piece little by
    /// little, and each little is progress.
    async fn write_some(&mut self) -> io::Result<()> {
        let before = self.pending.len();
        let Self {
            stream, pending, ..
        } = self;
        poll_fn(|context| {
            let written = stream.transport.poll_write_all(context, pending);
            match written {
                Poll::Pending if stream.transport.has_sent() => Poll::Ready(Ok(())),
                written => written,
            }
        })
        .await?;
        self.bytes += (before - self.pending.len()) as u64;
        Ok(())
    }

    /// The same for what waits to be sent under TLS. True when nothing does any more.
    async fn flush_some(&mut self) -> io::Result<bool> {
        let transport = &mut self.stream.transport;
        poll_fn(|context| match transport.poll_flush(context) {
            Poll::Pending if transport.has_sent() => Poll::Ready(Ok(false)),
            flushed => flushed.map_ok(|()| true),
        })
        .await
    }

    /// Ends what was sent: with a FIN, unless its end was marked and more may follow on the same connection.
    async fn finish(mut self, end: CleanEnd) -> Link<S> {
        let transport = &mut self.stream.transport;
        if !self.keep
            && poll_fn(|context| transport.poll_close(context))
                .await
                .is_err()
        {
            return fail(Failure::Broken);
        }
        self.ended(end)
    }

    /// Under TLS, ends this side of a connection on which all was received: a client may wait for it.
    fn part(&mut self) {
        if !self.keep && self.stream.transport.tls().is_some() {
            self.stream.transport.close_now();
        }
    }

    /// All is as it should be: the socket is kept, or let go of as any other.
    fn ended(mut self, end: CleanEnd) -> Link<S> {
        self.stream.end();
        let Self { bytes, keep, .. } = self;
        // After an upload, what lies beyond its end; what is sent to the peer is taken to its end.
        let early = if self.input.is_empty() {
            self.early
        } else {
            self.input
        };
        Link {
            event: TransferEvent::Ended { bytes, end },
            next: None,
            kept: keep.then(|| {
                Box::new(Kept {
                    early,
                    stream: self.stream,
                })
            }),
        }
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
                    if count > 0 && rest.is_empty() {
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
            let mut buffer = data.buffer(size);
            let Ok(ended) = data.stream.transport.read_piece(&mut buffer).await else {
                return fail(Failure::Broken);
            };
            data.bytes += buffer.len() as u64;
            data.load(buffer.freeze());
            if ended {
                data.follows = End::Closed;
            }
        }
        let bytes = match data.convert() {
            Ok(bytes) => bytes,
            Err(failure) => return fail(failure),
        };
        if upload.effect == Effect::Nothing || bytes.is_empty() {
            return write(data, upload, bytes).await;
        }
        // A link of its own: to wait for the peer can be stopped, and to change a file cannot.
        let (received, effect) = (data.progress(), upload.effect);
        let write = Chain::new(write(data, upload, bytes));
        go_on(received, write.having(effect))
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
