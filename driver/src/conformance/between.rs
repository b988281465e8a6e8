//! Files from one server straight to another, and digests of what is there then.

use std::future::Future;

use ftp_sansio::wire::DigestAlgorithm;

use super::polled;
use super::site::{Site, arg, pattern};
use crate::client::{BetweenError, Client, Copied, Error, Options, Side, Stage, copy_between};
use crate::runtime::Runtime;

/// Two servers, and a client at each.
struct Pair<R: Runtime> {
    source: Site<R>,
    target: Site<R>,
    from: Client<R>,
    to: Client<R>,
}

impl<R: Runtime> Pair<R> {
    async fn new(runtime: R) -> Self {
        let (source, target) = (Site::new(runtime.clone()), Site::new(runtime));
        let (from, to) = (source.client().await, target.client().await);
        Self {
            source,
            target,
            from,
            to,
        }
    }

    fn copy(&mut self, from: &str, to: &str) -> impl Future<Output = Result<Copied, BetweenError>> {
        let source = (&mut self.from, arg(from));
        copy_between(source, (&mut self.to, arg(to)), Options::default())
    }

    async fn close(mut self) {
        self.from.noop().await.unwrap();
        self.to.noop().await.unwrap();
        self.from.quit().await.unwrap();
        self.to.quit().await.unwrap();
        self.source.close().await;
        self.target.close().await;
    }
}

/// Files of all sizes, and every digest that both compute is the same.
pub async fn copies_between_servers<R: Runtime>(runtime: R) {
    let mut pair = Pair::new(runtime).await;
    for size in [0, 1, 3_000_001] {
        let content = pattern(size);
        pair.source.put("file", &content);
        pair.copy("file", "copy").await.unwrap();
        assert!(pair.target.content("copy") == content, "{size} bytes");
    }
    let algorithms = pair.from.digest_algorithms().await.unwrap();
    assert_eq!(
        algorithms[0],
        DigestAlgorithm::Sha512,
        "the strongest first"
    );
    assert_eq!(algorithms.len(), DigestAlgorithm::ALL.len());
    // The one in force changes from question to question, and back.
    for algorithm in algorithms.iter().chain(&algorithms) {
        let here = pair.from.digest(arg("file"), *algorithm).await.unwrap();
        let there = pair.to.digest(arg("copy"), *algorithm).await.unwrap();
        assert_eq!((here.len(), &here), (algorithm.digest_len(), &there));
    }
    let none = pair.to.digest(arg("none"), DigestAlgorithm::Md5).await;
    assert!(matches!(none, Err(Error::Refused(_))));
    pair.close().await;
}

/// It is told who refused what, and both sessions go on; the target is left as it is.
pub async fn refused_copies_are_told<R: Runtime>(runtime: R) {
    let mut pair = Pair::new(runtime).await;
    pair.source.put("file", b"file");
    pair.target.put("old", b"old");
    let failed = pair.copy("none", "old").await.unwrap_err();
    assert_eq!((failed.side, failed.stage), (Side::Source, Stage::Asking));
    let failed = pair.copy("file", "none/x").await.unwrap_err();
    assert_eq!((failed.side, failed.stage), (Side::Target, Stage::Asking));
    assert_eq!(pair.target.content("old"), b"old");
    pair.copy("file", "old").await.unwrap();
    assert_eq!(pair.target.content("old"), b"file");
    pair.close().await;
}

/// Dropped after any number of polls, both sessions are in step, and the file is the old one or the new one.
pub async fn a_dropped_copy_is_aborted<R: Runtime>(runtime: R) {
    let mut pair = Pair::new(runtime).await;
    let new = pattern(150_000);
    pair.source.put("file", &new);
    for times in 1..1000 {
        pair.target.put("file", b"old");
        let done = polled(times, pair.copy("file", "file")).await;
        pair.from.noop().await.unwrap();
        pair.to.noop().await.unwrap();
        let content = pair.target.content("file");
        assert!(
            content == b"old" || content == new,
            "half a file of {} bytes",
            content.len()
        );
        if let Some(done) = done {
            done.unwrap();
            assert!(content == new);
            return pair.close().await;
        }
    }
    panic!("a copy without an end");
}
