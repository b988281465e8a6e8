//! Transfers between two servers, whose data this side never sees (RFC 959 § 5.2).

use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ftp_sansio::client::{Meaning, Operation, OperationId, Outcome, TransferRequest};
use ftp_sansio::wire::{Arg, Command, EpsvArgument, Reply};

use super::connection::{Connection, Happened};
use super::error::Error;
use super::{Client, Options, unexpected};
use crate::runtime::{Runtime, within};

/// How long a server may take to give up a transfer that has failed at the other.
const LAST_WORD: Duration = Duration::from_secs(10);

/// How long a target may take to tell why the source has failed.
const REASON: Duration = Duration::from_millis(500);

/// Which of the two servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The one that has the file.
    Source,
    /// The one that gets it.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the source",
            Self::Target => "the target",
        })
    }
}

/// Why a transfer between two servers failed.
#[derive(Debug, thiserror::Error)]
#[error("{side}: {error}")]
pub struct BetweenError {
    /// Which of them told of it first.
    pub side: Side,
    /// What it told.
    #[source]
    pub error: Error,
    /// How far they had come.
    pub stage: Stage,
}

/// How far a transfer between two servers had come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// One was to listen and the other to hear of it: neither had heard of the file.
    Meeting,
    /// They were asked for the file: the target has not begun.
    Asking,
    /// Data was on its way: the target may have a part of the file, or what looks like a whole one.
    Moving,
}

impl Side {
    const fn failed(self, stage: Stage, error: Error) -> BetweenError {
        BetweenError {
            side: self,
            error,
            stage,
        }
    }
}

/// The final replies of both servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Of the one that has the file.
    pub source: Reply,
    /// Of the one that got it.
    pub target: Reply,
}

/// Copies a file from one server straight to another: the one listens for the data, and the other is told to go there (PASV and PORT,
/// over IPv6 EPSV and EPRT). The source is the one to go where it does as it is told; else the target. Whether the source has the file is
/// asked before the target hears of it.
///
/// # Errors
/// What the first of them to fail told. Servers forbid such transfers unless they are set up for them (RFC 2577 § 3).
pub async fn copy_between<R: Runtime>(
    source: (&mut Client<R>, Arg),
    target: (&mut Client<R>, Arg),
    options: Options,
) -> Result<Copied, BetweenError> {
    let retrieve = TransferRequest::file(Command::Retr(source.1), options);
    let store = TransferRequest::file(Command::Stor(target.1), options);
    let (source, target) = (source.0, target.0);
    let copied = copy(source, retrieve, target, store).await;
    if copied.is_err() {
        // What was given up is taken back at once, so that the target calls no part a whole.
        let runtime = source.connection.runtime.clone();
        for client in [source, target] {
            let _ = within(&runtime, LAST_WORD, client.connection.settle()).await;
        }
    }
    copied
}

async fn copy<R: Runtime>(
    source: &mut Client<R>,
    retrieve: TransferRequest,
    target: &mut Client<R>,
    store: TransferRequest,
) -> Result<Copied, BetweenError> {
    match meet((Side::Target, target), (Side::Source, source)).await {
        Ok(()) => from_active(source, retrieve, target, store).await,
        Err(first) if is_refusal(&first) => {
            match meet((Side::Source, source), (Side::Target, target)).await {
                Ok(()) => to_active(source, retrieve, target, store).await,
                // Who hears that neither goes to the other wants to know of the way that most servers know.
                Err(second) if is_refusal(&second) => Err(first),
                Err(second) => Err(second),
            }
        }
        Err(first) => Err(first),
    }
}

const fn is_refusal(failed: &BetweenError) -> bool {
    matches!(failed.error, Error::Refused(_) | Error::Malformed(_))
}

/// Has one server listen, and tells the other where.
async fn meet<R: Runtime>(
    (passive, listening): (Side, &mut Client<R>),
    (active, going): (Side, &mut Client<R>),
) -> Result<(), BetweenError> {
    let address = listening
        .listen()
        .await
        .map_err(|error| passive.failed(Stage::Meeting, error))?;
    let command = match address {
        SocketAddr::V4(address) if going.peer_addr().is_ipv4() => Command::Port(address),
        address => Command::Eprt(address),
    };
    let told = going.command(command).await;
    told.map(|_| ())
        .map_err(|error| active.failed(Stage::Meeting, error))
}

/// The source goes to the target. It is asked last: data that came before the STOR would find some servers without a place for it
/// (pyftpdlib breaks off).
async fn from_active<R: Runtime>(
    source: &mut Client<R>,
    retrieve: TransferRequest,
    target: &mut Client<R>,
    store: TransferRequest,
) -> Result<Copied, BetweenError> {
    expect_file(source, &retrieve).await?;
    if let Some(representation) = store.representation {
        // So that nothing has to be said between here and the STOR.
        let typed = target.command(Command::Type(representation)).await;
        typed.map_err(|error| Side::Target.failed(Stage::Asking, error))?;
    }
    let runtime = source.connection.runtime.clone();
    let receiving = async { target.third_party(store).await?.finish().await };
    let sending = async { source.third_party(retrieve).await?.finish().await };
    finish(&runtime, sending, receiving).await
}

/// The target goes to the source.
async fn to_active<R: Runtime>(
    source: &mut Client<R>,
    retrieve: TransferRequest,
    target: &mut Client<R>,
    store: TransferRequest,
) -> Result<Copied, BetweenError> {
    expect_file(source, &retrieve).await?;
    let runtime = source.connection.runtime.clone();
    let receiving = target.third_party(store).await;
    let receiving = receiving.map_err(|error| Side::Target.failed(Stage::Asking, error))?;
    let sending = async { source.third_party(retrieve).await?.finish().await };
    finish(&runtime, sending, receiving.finish()).await
}

/// Asks the source whether it has the file, before the target hears of it: what a target makes of a source that then has nothing to send
/// is not known.
async fn expect_file<R: Runtime>(
    source: &mut Client<R>,
    retrieve: &TransferRequest,
) -> Result<(), BetweenError> {
    let Command::Retr(path) = &retrieve.command else {
        return Ok(());
    };
    match source.size(path.clone()).await {
        // A server that does not know the question may have the file all the same.
        Err(Error::Refused(reply)) if reply.code().is_about_syntax() => Ok(()),
        asked => asked
            .map(|_| ())
            .map_err(|error| Side::Source.failed(Stage::Asking, error)),
    }
}

/// Waits for both, the target being asked first. When one has failed, the other is given up.
async fn finish<R: Runtime>(
    runtime: &R,
    sending: impl Future<Output = Result<Reply, Error>>,
    receiving: impl Future<Output = Result<Reply, Error>>,
) -> Result<Copied, BetweenError> {
    let (mut sending, mut receiving) = (pin!(sending), pin!(receiving));
    let first = poll_fn(|context| {
        // The target's word counts for more: what it has is what there is.
        if let Poll::Ready(result) = receiving.as_mut().poll(context) {
            return Poll::Ready((Side::Target, result));
        }
        let sent = sending.as_mut().poll(context);
        sent.map(|result| (Side::Source, result))
    });
    let (side, failed) = match first.await {
        (Side::Target, Ok(target)) => match sending.await {
            Ok(source) => return Ok(Copied { source, target }),
            Err(error) => (Side::Source, error),
        },
        (Side::Source, Ok(source)) => match receiving.await {
            Ok(target) => return Ok(Copied { source, target }),
            Err(error) => (Side::Target, error),
        },
        (Side::Source, Err(error)) => {
            // A target that refuses lets go of its port, so the source may fail by that, and tell of it sooner.
            match within(runtime, REASON, receiving).await {
                Some(Err(reason @ Error::Refused(_))) => (Side::Target, reason),
                _ => (Side::Source, error),
            }
        }
        (side, Err(error)) => (side, error),
    };
    let stage = match (side, &failed) {
        (Side::Target, Error::Refused(_)) => Stage::Asking,
        _ => Stage::Moving,
    };
    Err(side.failed(stage, failed))
}

/// One server's part in a transfer between two. Dropped before its end, it is aborted.
struct ThirdParty<'a, R: Runtime> {
    connection: &'a mut Connection<R>,
    id: OperationId,
    over: Option<Result<Outcome, Error>>,
    told: bool,
}

impl<R: Runtime> ThirdParty<'_, R> {
    /// Waits for the server's final word.
    async fn finish(mut self) -> Result<Reply, Error> {
        let id = self.id;
        let outcome = match self.over.take() {
            Some(outcome) => outcome,
            None => poll_fn(|context| self.connection.poll_finished(context, id)).await,
        };
        self.told = true;
        match outcome? {
            Outcome::Reply(reply) => Ok(reply),
            other => Err(unexpected(other)),
        }
    }
}

impl<R: Runtime> Drop for ThirdParty<'_, R> {
    fn drop(&mut self) {
        if !self.told && self.over.is_none() {
            self.connection.abort();
        }
    }
}

impl<R: Runtime> Client<R> {
    /// Has the server listen for another one, and tells where. The host is the one that the server names: it is not this side that
    /// goes there.
    async fn listen(&mut self) -> Result<SocketAddr, Error> {
        let command = match self.peer_addr() {
            SocketAddr::V4(_) => Command::Pasv,
            SocketAddr::V6(_) => Command::Epsv(EpsvArgument::Default),
        };
        match self.ask(command, Meaning::Address).await? {
            Outcome::Address(mut address) => {
                if address.ip().is_unspecified() {
                    address.set_ip(self.peer_addr().ip());
                }
                Ok(address)
            }
            other => Err(unexpected(other)),
        }
    }

    /// Begins one server's part; the server has said that it is under way, or is done with it already.
    async fn third_party(&mut self, request: TransferRequest) -> Result<ThirdParty<'_, R>, Error> {
        let connection = &mut *self.connection;
        let id = connection.begin(Operation::ThirdParty(request)).await?;
        let over = poll_fn(|context| {
            loop {
                let happened = connection.poll(context);
                let is_underway = connection.underway == Some(id);
                return match happened {
                    Poll::Ready(Happened::Finished(finished, result)) if finished == id => {
                        Poll::Ready(match result {
                            Err(error) if !is_underway => Err(error),
                            result => Ok(Some(result)),
                        })
                    }
                    Poll::Ready(Happened::Closed(failure)) => {
                        Poll::Ready(Err(connection.closed(failure)))
                    }
                    _ if is_underway => Poll::Ready(Ok(None)),
                    Poll::Ready(_) => continue,
                    Poll::Pending => Poll::Pending,
                };
            }
        })
        .await?;
        Ok(ThirdParty {
            connection,
            id,
            over,
            told: false,
        })
    }
}
