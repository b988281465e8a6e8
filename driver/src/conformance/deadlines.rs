//! A user's own deadline: what it ends, what it leaves usable, and when.

use std::time::Duration;

use super::by_hand::{ByHand, HOUR, unhurried, unhurried_client};
use super::peer::Peer;
use super::servers::after_login;
use super::site::{LONG, Site, Tricky, arg, client_config, get, pattern, put};
use super::support::{read, read_to_end};
use crate::client::{Client, Error, Options};
use crate::runtime::Runtime;

const SHORT: Duration = Duration::from_millis(300);

/// A command without an answer cannot be taken back: the session is over a little after the deadline.
pub async fn end_commands<R: Runtime>(runtime: R) {
    let script = async |peer: &mut Peer<R>| drop(peer.line().await);
    let operation = async |client: &mut Client<R>| {
        let began = runtime.now();
        let told = client.with_deadline(SHORT).delete(arg("file")).await;
        let took = runtime.now().saturating_since(began);
        let expected = Error::Deadline {
            begun: true,
            usable: false,
        };
        assert_eq!(format!("{:?}", told.unwrap_err()), format!("{expected:?}"));
        assert!(took >= SHORT && took < LONG / 2, "{took:?}");
        assert!(!client.is_usable());
        assert!(expected.is_retryable() && expected.may_have_applied());
        assert!(!expected.connection_usable());
    };
    after_login(&runtime, client_config(LONG), script, operation).await;
}

/// A download that takes too long is aborted, wherever it is; the session goes on.
pub async fn end_downloads<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), unhurried);
    site.put("file", b"content");
    let mut client = site.client_with(unhurried_client()).await;
    let mut bounded = client.with_deadline(HOUR);
    let name = arg(Tricky::<R>::ENDLESS);
    let mut download = bounded.retrieve(name, Options::default()).await.unwrap();
    runtime.pass(HOUR);
    let told = loop {
        match download.read().await {
            Ok(bytes) => assert!(bytes.is_some(), "it has no end"),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(
            told,
            Error::Deadline {
                begun: true,
                usable: true
            }
        ),
        "{told:?}"
    );
    assert!(told.connection_usable());
    drop(download);
    // It has passed for what else is asked, too.
    let told = bounded.noop().await.unwrap_err();
    assert!(
        matches!(
            told,
            Error::Deadline {
                begun: false,
                usable: true
            }
        ),
        "{told:?}"
    );
    assert!(!told.may_have_applied());
    drop(bounded);
    assert!(client.is_usable());
    let content = get(&mut client, "file", Options::default()).await.unwrap();
    assert_eq!(content, b"content");
    client.quit().await.unwrap();
    site.close().await;
}

/// An upload that nobody takes is aborted, so that the server keeps the old file.
pub async fn end_uploads<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let script = async |peer: &mut Peer<_>| {
        peer.answer("TYPE I", "200 Yes.").await;
        let mut data = peer.answer_transfer("STOR", "150 Go.").await;
        runtime.pass(HOUR);
        // Not a byte is read before the client gives up; then there is no end in order.
        peer.answer("ABOR", "426 Stopped.").await;
        assert!(
            read_to_end(&mut data).await.is_err(),
            "a part must not look whole"
        );
        peer.say("226 Aborted.").await;
        peer.answer("NOOP", "200 Yes.").await;
        peer.answer("PWD", "257 \"/\" it is.").await;
    };
    let operation = async |client: &mut Client<_>| {
        let content = pattern(super::site::LARGE);
        let mut bounded = client.with_deadline(HOUR);
        let told = put(&mut bounded, "file", &content, Options::default()).await;
        let told = told.unwrap_err();
        assert!(
            matches!(
                told,
                Error::Deadline {
                    begun: true,
                    usable: true
                }
            ),
            "{told:?}"
        );
        drop(bounded);
        assert_eq!(client.working_folder().await.unwrap(), arg("/"));
    };
    let mut config = unhurried_client();
    config.pipelining = false;
    after_login(&runtime, config, script, operation).await;
}

/// An answer that comes while a command is given up is believed: it says what has happened.
pub async fn count_what_was_answered<R: Runtime>(runtime: R) {
    let script = async |peer: &mut Peer<R>| {
        let line = peer.line().await.unwrap().unwrap();
        assert!(line.starts_with("DELE"), "{line}");
        super::site::pause(&runtime, SHORT * 2).await;
        peer.say("250 Gone.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = client.with_deadline(SHORT).delete(arg("file")).await;
        assert!(told.is_ok(), "{told:?}");
        client.noop().await.unwrap();
    };
    after_login(&runtime, client_config(LONG), script, operation).await;
}

/// One deadline holds for all that is asked through it, listings and their several commands among it.
pub async fn hold_for_all_that_is_asked<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let script = async |peer: &mut Peer<_>| {
        peer.answer("FEAT", "211 Nothing.").await;
        peer.answer("TYPE A", "200 Yes.").await;
        let mut data = peer.answer_transfer("LIST", "150 Coming.").await;
        runtime.pass(HOUR);
        peer.answer("ABOR", "426 Stopped.").await;
        peer.say("226 Aborted.").await;
        peer.answer("NOOP", "200 Yes.").await;
        let _ = read(&mut data, &mut [0; 10]).await;
    };
    let operation = async |client: &mut Client<_>| {
        let told = client.with_deadline(HOUR).list(None).await.unwrap_err();
        assert!(
            matches!(
                told,
                Error::Deadline {
                    begun: true,
                    usable: true
                }
            ),
            "{told:?}"
        );
        assert!(client.is_usable());
    };
    let mut config = unhurried_client();
    config.pipelining = false;
    after_login(&runtime, config, script, operation).await;
}

/// Of two deadlines the earlier one holds, whichever was set first.
pub async fn the_earlier_one_holds<R: Runtime>(runtime: R) {
    for limits in [[SHORT, LONG], [LONG, SHORT]] {
        let script = async |peer: &mut Peer<R>| drop(peer.line().await);
        let operation = async |client: &mut Client<R>| {
            let at = runtime.now() + limits[0];
            let mut outer = client.with_deadline(at);
            let told = outer.with_deadline(limits[1]).noop().await.unwrap_err();
            assert!(matches!(told, Error::Deadline { .. }), "{told:?}");
        };
        after_login(&runtime, client_config(LONG), script, operation).await;
    }
}

/// A deadline that did not pass leaves nothing behind.
pub async fn are_lifted<R: Runtime>(runtime: R) {
    let site = Site::new(runtime.clone());
    let mut client = site.client().await;
    client.with_deadline(SHORT).noop().await.unwrap();
    super::site::pause(&runtime, SHORT * 2).await;
    client.noop().await.unwrap();
    let told = client
        .with_deadline(Duration::ZERO)
        .noop()
        .await
        .unwrap_err();
    assert!(
        matches!(
            told,
            Error::Deadline {
                begun: false,
                usable: true
            }
        ),
        "{told:?}"
    );
    client.noop().await.unwrap();
    client.quit().await.unwrap();
    site.close().await;
}
