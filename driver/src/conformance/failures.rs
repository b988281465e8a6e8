//! What an error says of what to do next: whether to try again, whether the session goes on, and whether the server may have done it.

use std::time::Duration;

use ftp_sansio::client::{Violation, Wait};

use super::peer::{Peer, scripted};
use super::servers::after_login;
use super::site::{LONG, Site, Tricky, arg, client_config, get, pattern, put, secret};
use super::support::{nowhere, read, write_all};
use crate::client::{Client, Config, Error, Options};
use crate::runtime::{Runtime, Stream};

const SHORT: Duration = Duration::from_millis(300);

/// What an error says: may be tried again, the session goes on, may have been done.
#[derive(PartialEq, Eq, Debug)]
struct Says(bool, bool, bool);

fn says(error: &Error) -> Says {
    Says(
        error.is_retryable(),
        error.connection_usable(),
        error.may_have_applied(),
    )
}

/// Runs a script after the login, and an operation that fails; the error must say this, and the client agree.
async fn fails<R: Runtime, T: std::fmt::Debug>(
    runtime: &R,
    config: Config,
    script: impl AsyncFnOnce(&mut Peer<R>),
    operation: impl AsyncFnOnce(&mut Client<R>) -> Result<T, Error>,
    is_right: impl FnOnce(&Error) -> bool,
    expected: Says,
) {
    let operation = async |client: &mut Client<R>| {
        let told = operation(client).await.unwrap_err();
        assert!(is_right(&told), "{told:?}");
        assert_eq!(says(&told), expected, "{told:?}");
        assert_eq!(client.is_usable(), told.connection_usable(), "{told:?}");
    };
    after_login(runtime, config, script, operation).await;
}

fn plain() -> Config {
    let mut config = client_config(LONG);
    config.pipelining = false;
    config
}

fn hasty() -> Config {
    let mut config = client_config(SHORT);
    config.pipelining = false;
    config
}

/// The server said no, or was never asked: nothing has changed.
pub async fn refusals_change_nothing<R: Runtime>(runtime: R) {
    for (reply, again) in [("550 No.", false), ("450 Later.", true)] {
        let script = async |peer: &mut Peer<R>| peer.answer("DELE", reply).await;
        let delete = async |client: &mut Client<R>| client.delete(arg("file")).await;
        let refused = |error: &Error| matches!(error, Error::Refused(_));
        fails(
            &runtime,
            plain(),
            script,
            delete,
            refused,
            Says(again, true, false),
        )
        .await;
    }
    let script = async |peer: &mut Peer<R>| {
        peer.answer("TYPE I", "200 Yes.").await;
        peer.answer_transfer("STOR", "553 Not that name.").await;
    };
    let store =
        async |client: &mut Client<R>| put(client, "file", b"new", Options::default()).await;
    let refused = |error: &Error| matches!(error, Error::Refused(_));
    fails(
        &runtime,
        plain(),
        script,
        store,
        refused,
        Says(false, true, false),
    )
    .await;
    let script = async |peer: &mut Peer<R>| {
        peer.answer("USER", "331 Password?").await;
        peer.answer("PASS", "530 No.").await;
    };
    let login = async |client: &mut Client<R>| client.login(arg("eve"), secret("guess")).await;
    let refused = |error: &Error| matches!(error, Error::LoginRefused(_));
    fails(
        &runtime,
        plain(),
        script,
        login,
        refused,
        Says(false, true, false),
    )
    .await;
    let raw = async |client: &mut Client<R>| client.raw(arg("RETR file")).await;
    let impossible = |error: &Error| matches!(error, Error::NotPossible(_));
    fails(
        &runtime,
        plain(),
        async |_| {},
        raw,
        impossible,
        Says(false, true, false),
    )
    .await;
}

/// The session ended before the answer: a DELE may have been carried out.
pub async fn lost_sessions_leave_doubt<R: Runtime>(runtime: R) {
    let delete = async |client: &mut Client<R>| client.delete(arg("file")).await;
    let cut = async |peer: &mut Peer<R>| {
        peer.line().await.unwrap();
        peer.stream.shutdown().unwrap();
    };
    let closed = |error: &Error| matches!(error, Error::Closed(None));
    fails(
        &runtime,
        plain(),
        cut,
        delete,
        closed,
        Says(true, false, true),
    )
    .await;
    let goodbye = async |peer: &mut Peer<R>| peer.answer("DELE", "421 Good night.").await;
    let closed = |error: &Error| matches!(error, Error::Closed(Some(_)));
    fails(
        &runtime,
        plain(),
        goodbye,
        delete,
        closed,
        Says(true, false, true),
    )
    .await;
    let nonsense = async |peer: &mut Peer<R>| peer.answer("DELE", "What?").await;
    let protocol = |error: &Error| matches!(error, Error::Protocol(Violation::NotAReply));
    fails(
        &runtime,
        plain(),
        nonsense,
        delete,
        protocol,
        Says(false, false, true),
    )
    .await;
}

/// No answer, or one that says nothing.
pub async fn missing_replies_leave_doubt<R: Runtime>(runtime: R) {
    let delete = async |client: &mut Client<R>| client.delete(arg("file")).await;
    let silent = async |peer: &mut Peer<R>| drop(peer.line().await);
    let timeout = |error: &Error| matches!(error, Error::Timeout(Wait::Reply));
    fails(
        &runtime,
        hasty(),
        silent,
        delete,
        timeout,
        Says(true, false, true),
    )
    .await;
    let empty = async |peer: &mut Peer<R>| peer.answer("PWD", "257 Here.").await;
    let folder = async |client: &mut Client<R>| client.working_folder().await;
    let malformed = |error: &Error| matches!(error, Error::Malformed(_));
    fails(
        &runtime,
        plain(),
        empty,
        folder,
        malformed,
        Says(false, true, true),
    )
    .await;
}

/// Takes an upload up to its end, without a word about it.
async fn take<R: Runtime>(peer: &mut Peer<R>) {
    peer.answer("TYPE I", "200 Yes.").await;
    let mut data = peer.answer_transfer("STOR", "150 Go.").await;
    while read(&mut data, &mut [0; 1000]).await.unwrap() > 0 {}
}

/// Transfers in their many ways to fail. A STOR that lacks its 226 may have replaced the file.
pub async fn transfers_leave_doubt<R: Runtime>(runtime: R) {
    let store =
        async |client: &mut Client<R>| put(client, "file", b"new", Options::default()).await;
    let silent = async |peer: &mut Peer<R>| take(peer).await;
    let timeout = |error: &Error| matches!(error, Error::Timeout(Wait::Reply));
    fails(
        &runtime,
        hasty(),
        silent,
        store,
        timeout,
        Says(true, false, true),
    )
    .await;
    let cut = async |peer: &mut Peer<R>| {
        take(peer).await;
        peer.stream.shutdown().unwrap();
    };
    let closed = |error: &Error| matches!(error, Error::Closed(None));
    fails(
        &runtime,
        plain(),
        cut,
        store,
        closed,
        Says(true, false, true),
    )
    .await;
    for (reply, again) in [
        ("452 The disk is full.", true),
        ("552 You have too much.", false),
    ] {
        let full = async |peer: &mut Peer<R>| {
            take(peer).await;
            peer.say(reply).await;
        };
        let incomplete = |error: &Error| matches!(error, Error::Incomplete(Some(_)));
        fails(
            &runtime,
            plain(),
            full,
            store,
            incomplete,
            Says(again, true, true),
        )
        .await;
    }
    let (_taken, at) = nowhere();
    let leads_nowhere = async |peer: &mut Peer<R>| {
        peer.answer("TYPE I", "200 Yes.").await;
        for command in ["EPSV", "PASV"] {
            let port = at.port();
            let reply = match command {
                "EPSV" => format!("229 Here (|||{port}|)"),
                _ => format!("227 Here (127,0,0,1,{},{})", port / 256, port % 256),
            };
            peer.answer(command, &reply).await;
        }
    };
    let none = |error: &Error| matches!(error, Error::NoDataConnection);
    fails(
        &runtime,
        plain(),
        leads_nowhere,
        store,
        none,
        Says(true, true, true),
    )
    .await;
    let stalling = async |peer: &mut Peer<R>| {
        peer.answer("TYPE I", "200 Yes.").await;
        let mut data = peer.answer_transfer("RETR", "150 Coming.").await;
        write_all(&mut data, b"some").await.unwrap();
        peer.answer("ABOR", "426 Stopped.").await;
        peer.say("226 Aborted.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    let fetch = async |client: &mut Client<R>| get(client, "file", Options::default()).await;
    let mut config = plain();
    config.timeouts.data_progress = SHORT;
    let stalled = |error: &Error| matches!(error, Error::Timeout(Wait::DataProgress));
    fails(
        &runtime,
        config,
        stalling,
        fetch,
        stalled,
        Says(true, true, true),
    )
    .await;
    gives_up(runtime).await;
}

/// A transfer that its own user gives up.
async fn gives_up<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    let name = arg(Tricky::<R>::ENDLESS);
    let download = client.retrieve(name, Options::default()).await.unwrap();
    let told = download.finish().await.unwrap_err();
    assert!(matches!(told, Error::Aborted), "{told:?}");
    assert_eq!(says(&told), Says(false, true, true));
    assert!(client.is_usable());
    let told = put(
        &mut client,
        Tricky::<R>::FULL,
        &pattern(Tricky::<R>::ROOM + 1),
        Options::default(),
    )
    .await;
    assert_eq!(says(&told.unwrap_err()), Says(true, true, true));
    client.quit().await.unwrap();
    site.close().await;
}

/// What is asked of a session that is over is not begun, and the error keeps what ended it.
pub async fn nothing_is_begun_on_the_dead<R: Runtime>(runtime: R) {
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("NOOP", "421 Good night.").await;
        peer.outlive().await;
    };
    let client = async |at| {
        let mut client = Client::connect(runtime.clone(), at, plain()).await.unwrap();
        assert!(matches!(client.noop().await, Err(Error::Closed(Some(_)))));
        let told = client.delete(arg("file")).await.unwrap_err();
        let Error::NotBegun(why) = &told else {
            panic!("{told:?}")
        };
        assert!(matches!(**why, Error::Closed(Some(_))));
        assert!(
            told.reply()
                .is_some_and(|reply| reply.to_string().starts_with("421"))
        );
        assert_eq!(says(&told), Says(true, false, false));
        // Wrapped once, however often it is asked.
        let again = client
            .retrieve(arg("file"), Options::default())
            .await
            .err()
            .unwrap();
        assert!(matches!(again, Error::NotBegun(why) if matches!(*why, Error::Closed(_))));
    };
    scripted(&runtime, script, client).await;
}
