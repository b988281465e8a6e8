//! One transfer of the server: a chain of futures, each of which ends in an event for the machine.
//!
//! Dropping the chain at any point cancels the transfer: an upload that was not committed leaves the old file as it was.

use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use ftp_sansio::data::{CleanEnd, Codec, End, Status};
use ftp_sansio::listing::Entry;
use ftp_sansio::server::{Admission, Failure, ListForm, Pattern, Task, Transfer, TransferEvent};
use ftp_sansio::wire::VirtualPath;

use crate::moving::{PIECE, convert, poll_admit, poll_write_all, read_piece};
use crate::runtime::{Runtime, Stream};
use crate::storage::{Entries, Reader, Storage, StorageError, Writer};

/// What one link of the chain came to.
pub(super) struct Link {
    pub(super) event: TransferEvent,
    pub(super) next: Option<Chain>,
}

/// The next link, and whether it may still be dropped to stop the transfer.
pub(super) struct Chain {
    future: Pin<Box<dyn Future<Output = Link> + Send>>,
    /// Whether this link makes a finished upload visible: it waits for the session's word then.
    commits: bool,
    approved: bool,
    begun: bool,
}

impl Chain {
    fn new(future: impl Future<Output = Link> + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            commits: false,
            approved: false,
            begun: false,
        }
    }

    /// Whether dropping it stops the transfer. A commit that has begun must be waited for: nobody could say what became of it.
    pub(super) const fn can_stop(&self) -> bool {
        !(self.commits && self.begun)
    }

    /// The session wants the upload to be made visible.
    pub(super) const fn approve(&mut self) {
        self.approved = true;
    }

    /// Whether it waits for that.
    pub(super) const fn is_held(&self) -> bool {
        self.commits && !self.approved
    }

    /// Whether polling it would begin to make an upload visible.
    pub(super) const fn is_about_to_commit(&self) -> bool {
        self.commits && !self.begun
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Link> {
        self.begun = true;
        self.future.as_mut().poll(context)
    }
}

fn go_on(event: TransferEvent, next: Chain) -> Link {
    Link {
        event,
        next: Some(next),
    }
}

fn fail(failure: Failure) -> Link {
    Link {
        event: TransferEvent::Failed(failure),
        next: None,
    }
}

fn fail_storage(error: StorageError) -> Link {
    fail(Failure::Storage(error))
}

/// How the data connection is had.
pub(super) enum Path<R: Runtime> {
    Accept(R::Listener, Admission),
    Connect(std::net::SocketAddr),
    /// The listener is gone: a driver's fault, answered like a connection that never came.
    Nowhere,
}

/// Begins the chain: open what is asked for.
pub(super) fn begin<R: Runtime, S: Storage>(
    runtime: R,
    storage: Arc<S>,
    transfer: Transfer,
    path: Path<R>,
    local: IpAddr,
) -> Chain {
    Chain::new(async move {
        let Some(codec) = transfer.codec() else {
            return fail_storage(StorageError::Unsupported);
        };
        let opened = match transfer.task {
            Task::Retrieve { path, offset, end } => Source::open(&*storage, &path, offset, end)
                .await
                .map(|source| (None, source.size(offset), File::<S>::Read(source))),
            Task::Store { path, placement } => storage
                .create(&path, placement)
                .await
                .map(|writer| (Some(writer.path().clone()), None, File::Write(writer))),
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
        match opened {
            Ok((chosen, size, file)) => {
                let next = connect(runtime, file, codec, path, local);
                go_on(TransferEvent::Opened { path: chosen, size }, next)
            }
            Err(error) => fail_storage(error),
        }
    })
}

/// What was opened.
enum File<S: Storage> {
    Read(Source<S::Reader>),
    Write(S::Writer),
    List(S::Entries, Lines),
}

/// A file to send, or the range of it that RANG chose.
struct Source<F> {
    reader: F,
    /// How many bytes of the range are still to come, if there is one.
    left: Option<u64>,
}

impl<F: Reader> Source<F> {
    async fn open<S: Storage<Reader = F>>(
        storage: &S,
        path: &VirtualPath,
        offset: u64,
        end: Option<u64>,
    ) -> Result<Self, StorageError> {
        let left = end.map(|end| end.saturating_sub(offset));
        match storage.open(path, offset).await {
            // A range past the end is empty, and no error (draft-bryan-ftp-range § 4.3).
            Err(StorageError::PastTheEnd) if left.is_some() => Ok(Self {
                reader: storage.open(path, 0).await?,
                left: Some(0),
            }),
            reader => Ok(Self {
                reader: reader?,
                left,
            }),
        }
    }

    /// How many bytes will come, from `offset` on.
    fn size(&self, offset: u64) -> Option<u64> {
        let size = self.reader.size().map(|size| size.saturating_sub(offset));
        match (size, self.left) {
            (Some(size), Some(left)) => Some(size.min(left)),
            (size, _) => size,
        }
    }

    async fn read(&mut self, buffer: BytesMut) -> Result<BytesMut, StorageError> {
        if self.left == Some(0) {
            return Ok(buffer);
        }
        let mut piece = self.reader.read(buffer).await?;
        if let Some(left) = &mut self.left {
            piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= piece.len() as u64;
        }
        Ok(piece)
    }
}

/// In which lines a folder is told.
struct Lines {
    form: ListForm,
    pattern: Option<Pattern>,
}

/// What a listing goes through: the path itself, or, where there is none and its name is a pattern, the folder above it.
async fn find<S: Storage>(
    storage: &S,
    path: &VirtualPath,
    pattern: Option<Pattern>,
) -> Result<(S::Entries, Option<Pattern>), StorageError> {
    match (storage.list(path).await, pattern) {
        // A name that no file can have is none that a file has.
        (Err(StorageError::NotFound | StorageError::NameNotAllowed), Some(pattern)) => {
            let folder = path.parent().unwrap_or_default();
            Ok((storage.list(&folder).await?, Some(pattern)))
        }
        (entries, _) => Ok((entries?, None)),
    }
}

fn connect<R: Runtime, S: Storage>(
    runtime: R,
    file: File<S>,
    codec: Codec,
    path: Path<R>,
    local: IpAddr,
) -> Chain {
    Chain::new(async move {
        let stream = match path {
            Path::Accept(mut listener, admission) => {
                poll_fn(|context| poll_admit(&mut listener, admission, context)).await
            }
            Path::Connect(to) => runtime.connect(to, Some(local)).await,
            Path::Nowhere => Err(io::ErrorKind::NotConnected.into()),
        };
        let Ok(stream) = stream else {
            return fail(Failure::NotConnected);
        };
        let data = Data {
            stream: Guard {
                stream,
                ended: false,
            },
            codec,
            bytes: 0,
            input: Bytes::new(),
            follows: End::More,
            starved: true,
            pending: Bytes::new(),
            end: None,
            piece: Bytes::new(),
        };
        let next = match file {
            File::Read(source) => send(data, source),
            File::Write(writer) => receive(data, writer),
            File::List(entries, lines) => list(data, entries, lines),
        };
        go_on(TransferEvent::Connected, next)
    })
}

/// A stream that is reset when it is dropped before its end, so that the peer cannot take a part for the whole.
struct Guard<S: Stream> {
    stream: S,
    ended: bool,
}

impl<S: Stream> Drop for Guard<S> {
    fn drop(&mut self) {
        if !self.ended {
            self.stream.reset_on_drop();
        }
    }
}

struct Data<S: Stream> {
    stream: Guard<S>,
    codec: Codec,
    /// What went over the data connection so far.
    bytes: u64,
    /// What the codec is yet to take.
    input: Bytes,
    /// What follows the input.
    follows: End,
    /// The codec has nothing to give before it gets more.
    starved: bool,
    /// What is still to be sent, converted already.
    pending: Bytes,
    /// The codec's word that nothing follows what is pending.
    end: Option<CleanEnd>,
    /// The last piece of the file, kept so that its memory can be used again.
    piece: Bytes,
}

impl<S: Stream> Data<S> {
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

    /// Takes a piece of what the codec shall run over; nothing at all is its end.
    fn load(&mut self, piece: Bytes) {
        if piece.is_empty() {
            self.follows = End::Closed;
        }
        self.piece = piece.clone();
        self.input = piece;
    }

    /// One step of the codec: what comes of it, and whether the data makes sense. Nobody asks for restart markers yet, so that
    /// those of an upload are passed over.
    fn convert(&mut self) -> Result<Bytes, ()> {
        let (bytes, status) = convert(&mut self.codec, &mut self.input, self.follows);
        self.starved = false;
        match status {
            Status::Full | Status::Marker(_) => Ok(bytes),
            Status::Starved if self.follows == End::More => {
                self.starved = true;
                Ok(bytes)
            }
            Status::Ended(end) => {
                self.end = Some(end);
                Ok(bytes)
            }
            Status::Starved | Status::Failed(_) => Err(()),
        }
    }

    /// Whether the codec can do nothing before it gets more, and nothing waits to be sent.
    const fn wants_input(&self) -> bool {
        self.starved && self.pending.is_empty()
    }

    /// Sends some more, converting it first where nothing is ready; then the end, or `next`.
    async fn move_on(mut self, next: impl FnOnce(Self) -> Chain) -> Link {
        if self.pending.is_empty() {
            if let Some(end) = self.end.take() {
                return self.finish(end);
            }
            match self.convert() {
                Ok(bytes) => self.pending = bytes,
                Err(()) => return fail(Failure::Broken),
            }
        }
        match self.write_some().await {
            Ok(()) => go_on(self.progress(), next(self)),
            Err(_) => fail(Failure::Broken),
        }
    }

    /// Writes out some of what is pending: all that goes without waiting, after the first bytes. A slow peer takes a piece little by
    /// little, and each little is progress.
    async fn write_some(&mut self) -> io::Result<()> {
        let before = self.pending.len();
        let Self {
            stream, pending, ..
        } = self;
        poll_fn(
            |context| match poll_write_all(&mut stream.stream, context, pending) {
                Poll::Pending if pending.len() < before => Poll::Ready(Ok(())),
                written => written,
            },
        )
        .await?;
        self.bytes += (before - self.pending.len()) as u64;
        Ok(())
    }

    /// Ends what was sent with a FIN.
    fn finish(mut self, end: CleanEnd) -> Link {
        if self.stream.stream.shutdown().is_err() {
            return fail(Failure::Broken);
        }
        self.ended(end)
    }

    /// All is as it should be: the socket is let go of as any other.
    fn ended(mut self, end: CleanEnd) -> Link {
        self.stream.ended = true;
        Link {
            event: TransferEvent::Ended {
                bytes: self.bytes,
                end,
            },
            next: None,
        }
    }
}

fn send<S: Stream, F: Reader>(mut data: Data<S>, mut source: Source<F>) -> Chain {
    Chain::new(async move {
        if data.wants_input() {
            let buffer = data.buffer(PIECE);
            match source.read(buffer).await {
                Ok(piece) => data.load(piece.freeze()),
                Err(error) => return fail_storage(error),
            }
        }
        data.move_on(|data| send(data, source)).await
    })
}

fn receive<S: Stream, F: Writer>(mut data: Data<S>, mut writer: F) -> Chain {
    Chain::new(async move {
        if data.wants_input() {
            let mut buffer = data.buffer(PIECE);
            let Ok(ended) = read_piece(&mut data.stream.stream, &mut buffer).await else {
                return fail(Failure::Broken);
            };
            data.bytes += buffer.len() as u64;
            data.load(buffer.freeze());
            if ended {
                data.follows = End::Closed;
            }
        }
        let Ok(bytes) = data.convert() else {
            return fail(Failure::Broken);
        };
        if !bytes.is_empty()
            && let Err(error) = writer.write(bytes).await
        {
            return fail_storage(error);
        }
        match data.end.take() {
            None => go_on(data.progress(), receive(data, writer)),
            // Where the data itself says that it has ended, the peer need not close.
            Some(end) => {
                let received = TransferEvent::Received(data.bytes);
                go_on(received, commit(data, writer, end))
            }
        }
    })
}

fn commit<S: Stream, F: Writer>(data: Data<S>, writer: F, end: CleanEnd) -> Chain {
    let commit = Chain::new(async move {
        match writer.commit(&end).await {
            Ok(()) => data.ended(end),
            Err(error) => fail_storage(error),
        }
    });
    Chain {
        commits: true,
        ..commit
    }
}

fn list<S: Stream, F: Entries>(mut data: Data<S>, mut entries: F, lines: Lines) -> Chain {
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

impl Lines {
    fn write(&self, entries: Vec<Entry>) -> Bytes {
        let mut text = Vec::with_capacity(entries.len() * 80);
        let now = crate::calendar::today();
        for entry in entries {
            let pattern = self.pattern.as_ref();
            self.form.write_matching(entry, pattern, now, &mut text);
        }
        text.into()
    }
}
