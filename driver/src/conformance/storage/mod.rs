//! The suite for a [`Storage`]: what clients, and the server, rely on whatever it is that keeps the files.
//!
//! Whoever writes a store of their own turns the feature `conformance` on in their dev-dependencies, and has one test file, with a store
//! in it that is empty, for each test a new one:
//!
//! ```
//! use ftp_driver::memory::MemoryStorage;
//!
//! ftp_driver::storage_tests!(MemoryStorage::new());
//! # fn main() {}
//! ```
//!
//! That makes a `#[test]` of every function in the modules here ([`files`], [`uploads`], [`abilities`]). The tests prepare all that they
//! need by way of the store itself.
//!
//! A store that has something to clean up afterwards, a folder or a bucket of its own, comes in a [`Shelf`]. One that waits for a runtime,
//! a blocking pool or a network brings the function that drives a future in that runtime; the expression for the store is evaluated there,
//! and may wait too:
//!
//! ```
//! use ftp_driver::conformance::storage::Shelf;
//! use ftp_driver::memory::MemoryStorage;
//!
//! /// A store that has a place for one test.
//! struct Place(MemoryStorage);
//!
//! impl Place {
//!     async fn reserve() -> Self {
//!         Self(MemoryStorage::new())
//!     }
//! }
//!
//! impl Shelf for Place {
//!     type Storage = MemoryStorage;
//!
//!     fn storage(&self) -> &MemoryStorage {
//!         &self.0
//!     }
//! }
//!
//! impl Drop for Place {
//!     fn drop(&mut self) { /* The place is given back. */ }
//! }
//!
//! // With tokio, it would build a runtime and have it drive the test.
//! fn block_on(test: impl Future<Output = ()>) {
//!     ftp_driver::conformance::storage::block_on(test);
//! }
//!
//! ftp_driver::storage_tests!(Place::reserve().await, block_on);
//! # fn main() {}
//! ```
//!
//! What a store cannot do is passed over, and said on standard error: abilities that its
//! [`capabilities`](Storage::capabilities) do not name, and placements of uploads that it refuses as [`StorageError::Unsupported`]. The
//! same goes for names that it refuses as [`StorageError::NameNotAllowed`]. All else is what every store does.

pub mod abilities;
pub mod files;
pub mod uploads;

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::Entry;
use ftp_sansio::wire::VirtualPath;

use super::support::{clean_end, path};
use crate::storage::{
    Capability, Entries, Placement, Reader, Result, Storage, StorageError, Writer,
};

/// A store for one test, with all that has to be cleaned up after it. Every [`Storage`] is one that cleans nothing up.
pub trait Shelf {
    /// The store.
    type Storage: Storage;

    /// The store: nothing was in it when the test began, and nobody else uses it.
    fn storage(&self) -> &Self::Storage;
}

impl<S: Storage> Shelf for S {
    type Storage = Self;

    fn storage(&self) -> &Self {
        self
    }
}

/// Drives a test to its end on this thread, which sleeps while the test waits. It is all that a store needs that brings its own threads,
/// or never waits.
pub fn block_on(test: impl Future<Output = ()>) {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut test = pin!(test);
    let mut context = Context::from_waker(&waker);
    while test.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}

/// Makes a `#[test]` of every test of the suite for a store. It takes an expression that makes an empty store, or a
/// [`Shelf`](crate::conformance::storage::Shelf) with one, and, if it needs a runtime, the path of a function that drives a future to its end
/// there.
#[macro_export]
macro_rules! storage_tests {
    (@all $how:tt) => {
        $crate::storage_tests! { @room $how, files:
            describes_files, lists_a_large_folder, a_listing_survives_changes, lists_a_file_as_itself, reads_from_an_offset,
            names_are_bytes, makes_and_removes, says_what_went_wrong, the_root_stays, nothing_is_above_the_root, renames
        }
        $crate::storage_tests! { @room $how, uploads:
            replaces_whole, a_dropped_upload_changes_nothing, an_upload_is_hidden, fails_at_once, keeps_permissions,
            replaces_a_link_itself, restarts_in_place, writes_within_a_range, appends, chooses_a_name
        }
        $crate::storage_tests! { @room $how, abilities:
            digests, digests_of_parts, digests_are_not_stale, changes_facts, changes_all_or_nothing, heeds_a_umask, copies,
            combines, combines_each_once, combining_loses_nothing, makes_folders, removes_trees, links, tells_what_is_available
        }
    };
    (@room $how:tt, $room:ident: $($test:ident),*) => {
        mod $room {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $test() {
                    $crate::storage_tests!(@run $how, $room, $test);
                }
            )*
        }
    };
    (@run (shelf $shelf:expr, $block_on:path), $room:ident, $test:ident) => {
        $block_on(async { $crate::conformance::storage::$room::$test($shelf).await })
    };
    (@run (local $runtime:expr, $block_on:path), $room:ident, $test:ident) => {
        $block_on(async {
            let runtime = $runtime;
            let shelf = $crate::conformance::local_shelf(runtime.clone());
            $crate::conformance::watched(&runtime, $crate::conformance::storage::$room::$test(shelf)).await;
        })
    };
    ($shelf:expr $(,)?) => {
        $crate::storage_tests!($shelf, $crate::conformance::storage::block_on);
    };
    ($shelf:expr, $block_on:path) => {
        $crate::storage_tests! { @all (shelf $shelf, $block_on) }
    };
}

/// A store in the hands of a test.
#[derive(Debug)]
pub(super) struct Files<'a, S>(pub(super) &'a S);

impl<S: Storage> Files<'_, S> {
    pub(super) async fn create(&self, name: &str, placement: Placement) -> Result<S::Writer> {
        self.0.create(&path(name), placement).await
    }

    pub(super) async fn upload(
        &self,
        name: &str,
        placement: Placement,
        content: &str,
    ) -> Result<VirtualPath> {
        let mut writer = self.create(name, placement).await?;
        let content = Bytes::copy_from_slice(content.as_bytes());
        writer.write(content).await?;
        let path = writer.path().clone();
        writer.commit(&clean_end()).await?;
        Ok(path)
    }

    pub(super) async fn put(&self, name: &str, content: &str) {
        let put = self.upload(name, Placement::Replace, content).await;
        assert_eq!(put, Ok(path(name)));
    }

    pub(super) async fn make_folder(&self, name: &str) {
        self.0.make_folder(&path(name)).await.unwrap();
    }

    pub(super) async fn download(&self, name: &str, offset: u64) -> Result<Vec<u8>> {
        let mut reader = self.0.open(&path(name), offset).await?;
        let mut all = Vec::new();
        loop {
            let buffer = reader.read(BytesMut::with_capacity(1000)).await?;
            if buffer.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&buffer);
        }
    }

    /// What a file of text holds.
    pub(super) async fn content(&self, name: &str) -> String {
        String::from_utf8(self.download(name, 0).await.unwrap()).unwrap()
    }

    pub(super) async fn list(&self, folder: &str) -> Vec<Entry> {
        let mut entries = self.0.list(&path(folder)).await.unwrap();
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let chunk = entries.next().await.unwrap();
            if chunk.is_empty() {
                break;
            }
            assert!(
                chunk.len() <= 512,
                "a chunk is at most a few hundred entries"
            );
            all.extend(chunk);
        }
        assert_eq!(
            entries.next().await,
            Ok(Vec::new()),
            "the end stays the end"
        );
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// What is in a folder, in order.
    pub(super) async fn names(&self, folder: &str) -> Vec<Bytes> {
        let entries = self.list(folder).await;
        entries.into_iter().map(|entry| entry.name).collect()
    }

    /// Whether it can do this. It is said of the test that needs it where it cannot.
    fn can(&self, test: &str, capability: Capability) -> bool {
        let can = self.0.capabilities().has(capability);
        if !can {
            skipped(test, format_args!("{capability:?}"));
        }
        can
    }

    /// Whether it takes uploads of this kind at all, asked with a name for one that it would take. It is said of the test that
    /// needs it where it does not.
    async fn takes(&self, test: &str, name: &str, placement: Placement) -> bool {
        let refused = self.create(name, placement).await.err();
        let takes = refused != Some(StorageError::Unsupported);
        if !takes {
            skipped(test, format_args!("{placement:?}"));
        }
        takes
    }
}

/// Says it past the test runner, which keeps to itself what tests that go well have printed.
fn skipped(test: &str, what: fmt::Arguments<'_>) {
    let said = writeln!(
        std::io::stderr(),
        "{test} (or a part of it) is skipped: this store has no {what}"
    );
    said.unwrap();
}
