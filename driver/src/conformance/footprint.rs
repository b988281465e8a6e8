//! What a session of the server keeps while nothing happens.

use super::peer::Peer;
use super::site::Site;
use super::staged::Staged;
use crate::runtime::Runtime;

/// How large a session's future may be, in bytes. A transfer, a handshake and buffers are boxed and come when they are needed: most
/// of ten thousand sessions sleep.
const MOST: usize = 1536;

/// A session's future is small, whatever it may come to do.
pub async fn a_session_is_small<R: Runtime>(runtime: R) {
    let runtime = Staged::new(runtime);
    let site = Site::new(runtime.clone());
    let mut peer = Peer::login(&site).await;
    peer.ask("NOOP", "200").await;
    let size = runtime.largest_task();
    println!("a session takes {size} bytes");
    assert!((1..=MOST).contains(&size), "{size} bytes");
    site.close().await;
}
