//! Changes where others see them: when the server says that an upload is over, or the session is gone, no file changes any more.

use std::time::Duration;

use ftp_sansio::server::TransferFailure;

use super::peer::Peer;
use super::site::{LONG, Site, Tricky, pattern};
use super::support::{read, write_all};
use crate::runtime::{Runtime, Stream};
use crate::server::Event;

const OLD: &[u8] = b"the old file";

/// What is sent before the first write begins: so little that no network cuts it.
const FIRST: &[u8] = b"+";

/// How an upload in place is asked for, and where in the old file it begins.
const WAYS: [(&[&str], usize); 3] = [
    (&["APPE held"], OLD.len()),
    (&["REST 4", "STOR held"], 4),
    (&["RANG 4 100000", "STOR held"], 4),
];

/// Begins an upload whose first write is held up by the site's gate.
async fn begin<R: Runtime>(site: &Site<R>, commands: &[&str]) -> (Peer<R>, R::Stream) {
    assert_eq!(Tricky::<R>::HELD, "held");
    site.put("held", OLD);
    let (command, before) = commands.split_last().unwrap();
    let mut peer = Peer::login(site).await;
    let at = peer.passive().await;
    for command in before {
        peer.ask(command, "350").await;
    }
    let mut data = site.runtime.connect(at, None).await.unwrap();
    peer.say(command).await;
    site.gate.let_pass();
    peer.hear("150").await;
    write_all(&mut data, FIRST).await.unwrap();
    site.gate.holds().await;
    (peer, data)
}

/// The old file with the one write.
fn written(start: usize) -> Vec<u8> {
    let after = OLD.get(start + FIRST.len()..).unwrap_or_default();
    [&OLD[..start], FIRST, after].concat()
}

fn is_ended(event: &Event) -> bool {
    matches!(event, Event::Ended(_))
}

/// An ABOR is answered when the write that was under way has ended, a STAT before; what had not been written then never is.
pub async fn an_abort_waits_for_a_write<R: Runtime>(runtime: R) {
    for (commands, start) in WAYS {
        let site = Site::new(runtime.clone());
        let (mut peer, mut data) = begin(&site, commands).await;
        write_all(&mut data, &pattern(200_000)).await.unwrap();
        peer.say("ABOR").await;
        // Had the ABOR been answered, that would come first.
        peer.ask("STAT", "211").await;
        assert_eq!(site.content("held"), OLD, "{commands:?}");
        site.gate.let_pass();
        peer.hear("426").await;
        peer.hear("226").await;
        assert!(site.content("held") == written(start), "{commands:?}");
        assert!(read(&mut data, &mut [0]).await.is_err(), "{commands:?}");
        peer.ask("NOOP", "200").await;
        drop(peer);
        assert!(site.close().await.content_of("held") == written(start));
    }
}

/// So it is where the file is only being made.
pub async fn an_abort_waits_for_a_new_file<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    peer.passive().await;
    peer.say("APPE held").await;
    site.gate.holds().await;
    peer.say("ABOR").await;
    peer.ask("STAT", "211").await;
    assert!(site.scratch.names_on_disk("").is_empty());
    site.gate.let_pass();
    peer.hear("426").await;
    peer.hear("226").await;
    assert!(site.content("held").is_empty());
    drop(peer);
    site.close().await;
}

/// What ends a session while its upload is being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaving {
    /// All its sockets are closed.
    Killed,
    /// The network resets both connections.
    Reset,
    /// The client has sent an ABOR already.
    AfterAbort,
}

/// A session whose client has vanished is there until its write has ended, and nothing is written after it.
pub async fn a_session_outlives_its_write<R: Runtime>(runtime: R) {
    for leaving in [Leaving::Killed, Leaving::Reset, Leaving::AfterAbort] {
        for (commands, start) in WAYS {
            let site = Site::new(runtime.clone());
            let (mut peer, mut data) = begin(&site, commands).await;
            write_all(&mut data, &pattern(200_000)).await.unwrap();
            match leaving {
                Leaving::Killed => {}
                Leaving::Reset => {
                    peer.stream.reset_on_drop();
                    data.reset_on_drop();
                }
                Leaving::AfterAbort => {
                    peer.say("ABOR").await;
                    peer.ask("STAT", "211").await;
                }
            }
            drop(peer);
            drop(data);
            site.log.wait_for(is_ended).await;
            goes_on_until_let_pass(&site).await;
            let left = site.content("held");
            assert!(left == written(start), "{leaving:?} {commands:?}");
            assert!(site.close().await.content_of("held") == left);
        }
    }
}

/// The session is there as long as the gate is shut, though others come meanwhile, and a stop waits for it.
async fn goes_on_until_let_pass<R: Runtime>(site: &Site<R>) {
    let other = Peer::login(site).await;
    assert_eq!(site.server.sessions(), 2, "it is gone before its write");
    drop(other);
    site.gate.let_pass();
    site.server.stop(LONG).await;
    assert_eq!(site.server.sessions(), 0);
}

/// So it is with a commit: it is part of the session that has asked for it.
pub async fn a_session_outlives_its_commit<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let (mut peer, data) = begin(&site, &["STOR held"]).await;
    site.gate.let_pass();
    drop(data);
    site.gate.holds().await;
    peer.stream.reset_on_drop();
    drop(peer);
    site.log.wait_for(is_ended).await;
    goes_on_until_let_pass(&site).await;
    assert!(site.content("held") == FIRST);
    let unconfirmed = |event: &Event| matches!(event, Event::TransferEnded(report) if report.outcome == Err(TransferFailure::Unconfirmed));
    assert!(site.log.has(unconfirmed));
    site.close().await;
}

/// And with what changes a name.
pub async fn a_session_outlives_its_removal<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("held", OLD);
    let mut peer = Peer::login(&site).await;
    peer.say("DELE held").await;
    site.gate.holds().await;
    peer.stream.reset_on_drop();
    drop(peer);
    site.log.wait_for(is_ended).await;
    goes_on_until_let_pass(&site).await;
    assert!(site.close().await.names_on_disk("").is_empty());
}

/// What nobody sees yet is not waited for: the old file stays as it is, whatever is still written.
pub async fn a_hidden_write_is_not_waited_for<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let (mut peer, data) = begin(&site, &["STOR held"]).await;
    peer.say("ABOR").await;
    peer.hear("426").await;
    peer.hear("226").await;
    assert_eq!(site.scratch.names_on_disk(""), ["held"]);
    site.gate.let_pass();
    drop(peer);
    drop(data);
    assert!(site.close().await.content_of("held") == OLD);
}

/// A write that never ends keeps a stop for its grace, and not for ever.
pub async fn a_stop_does_not_wait_for_ever<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let (mut peer, data) = begin(&site, &["APPE held"]).await;
    peer.say("ABOR").await;
    peer.ask("STAT", "211").await;
    site.server.stop(Duration::from_millis(10)).await;
    assert_eq!(site.server.sessions(), 0);
    peer.outlive().await;
    drop(data);
    assert_eq!(site.close().await.content_of("held"), OLD);
}
