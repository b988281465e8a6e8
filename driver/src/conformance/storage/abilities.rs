//! What not every store can do.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use ftp_sansio::listing::{Kind, Permissions};
use ftp_sansio::wire::{Arg, DateTime, VirtualPath};

use super::{Files, Shelf, skipped};
use crate::conformance::support::path;
use crate::storage::{
    Capability, Changes, ChecksumRange, DigestAlgorithm, FileDigest, Placement, Result, Storage,
    StorageError,
};

impl<S: Storage> Files<'_, S> {
    async fn digest(
        &self,
        name: &str,
        algorithm: DigestAlgorithm,
        range: Option<ChecksumRange>,
    ) -> Result<FileDigest> {
        self.0.digest(&path(name), algorithm, range).await
    }

    /// The digest of a whole file, in hexadecimal digits.
    async fn hex(&self, name: &str, algorithm: DigestAlgorithm) -> String {
        hex(&self.digest(name, algorithm, None).await.unwrap())
    }

    /// One that it has. It is said of the test that needs one where it has none.
    fn an_algorithm(&self, test: &str) -> Option<DigestAlgorithm> {
        let algorithm = self.0.capabilities().default_digest();
        if algorithm.is_none() {
            skipped(test, format_args!("digests"));
        }
        algorithm
    }
}

fn hex(digest: &FileDigest) -> String {
    let digits = digest.digest.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The digests of "abc", which FIPS 180-4 and RFC 1321 give, and of "123456789" for the CRC.
pub async fn digests(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("abc", "abc").await;
    files.put("digits", "123456789").await;
    for (algorithm, name, expected) in [
        (DigestAlgorithm::Crc32, "digits", "cbf43926"),
        (
            DigestAlgorithm::Md5,
            "abc",
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            DigestAlgorithm::Sha1,
            "abc",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            DigestAlgorithm::Sha256,
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            DigestAlgorithm::Sha512,
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        if !files.0.capabilities().has_digest(algorithm) {
            skipped("digests", format_args!("{algorithm}"));
            continue;
        }
        assert_eq!(files.hex(name, algorithm).await, expected);
        for (name, error) in [
            ("none", StorageError::NotFound),
            ("/", StorageError::IsAFolder),
        ] {
            let refused = files.digest(name, algorithm, None).await;
            assert_eq!(refused, Err(error), "{name}");
        }
    }
}

/// Parts of a file of several pieces; past its end there is nothing.
pub async fn digests_of_parts(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let Some(algorithm) = files.an_algorithm("digests_of_parts") else {
        return;
    };
    let content = "0123456789".repeat(100_000);
    files.put("file", &content).await;
    files.put("part", &content[5..700_000]).await;
    files.put("empty", "").await;
    let part = files.hex("part", algorithm).await;
    let part_of = async |start, end| {
        let range = Some(ChecksumRange { start, end });
        files.digest("file", algorithm, range).await
    };
    let found = part_of(5, Some(700_000)).await.unwrap();
    assert_eq!((hex(&found), found.start, found.end), (part, 5, 700_000));
    let rest = part_of(999_999, Some(u64::MAX)).await.unwrap();
    assert_eq!((rest.start, rest.end), (999_999, 1_000_000));
    let nothing = part_of(1_000_000, None).await.unwrap();
    assert_eq!(hex(&nothing), files.hex("empty", algorithm).await);
    assert_eq!(
        part_of(1_000_001, None).await,
        Err(StorageError::PastTheEnd)
    );
}

/// A digest that was remembered is not told of a file that has changed, even where its size and its time are the same again.
pub async fn digests_are_not_stale(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let Some(algorithm) = files.an_algorithm("digests_are_not_stale") else {
        return;
    };
    let mut seen: Vec<String> = Vec::new();
    for content in ["one", "two", "six"] {
        files.put("file", content).await;
        if files.0.capabilities().has(Capability::SetModified) {
            let mut times = Changes::default();
            times.modified = DateTime::from_unix(1_000_000_000, 0);
            files.0.change(&path("file"), times).await.unwrap();
        }
        let digest = files.hex("file", algorithm).await;
        assert_eq!(files.hex("file", algorithm).await, digest);
        assert!(!seen.contains(&digest), "{content}");
        seen.push(digest);
    }
}

/// Times, permissions and owners, as far as they can be set; and what is known then is told.
pub async fn changes_facts(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "x").await;
    let before = files.0.inspect(&path("file")).await.unwrap();
    for seconds in [1_000_000_000, 86_400] {
        let date = DateTime::from_unix(seconds, 0);
        if files.can("changes_facts", Capability::SetModified) {
            let mut changes = Changes::default();
            changes.modified = date;
            let entry = change(&files, changes).await;
            assert_eq!(entry.modified.map(|modified| modified.date), date);
        }
        if files.can("changes_facts", Capability::SetCreated) {
            let mut changes = Changes::default();
            changes.created = date;
            let entry = change(&files, changes).await;
            assert_eq!(entry.created.map(|created| created.date), date);
        }
    }
    if files.can("changes_facts", Capability::SetPermissions) {
        for mode in [0o640, 0o600, 0o755] {
            let mut changes = Changes::default();
            changes.permissions = Some(Permissions::new(mode));
            let entry = change(&files, changes).await;
            assert_eq!(entry.permissions, Some(Permissions::new(mode)));
        }
    }
    // To set those whom it belongs to anyway is what a store can do if it can do anything.
    let name = |name: Option<&Bytes>| name.map(|name| Arg::try_from(&name[..]).unwrap());
    if files.can("changes_facts", Capability::SetOwner) {
        let mut changes = Changes::default();
        changes.owner = name(before.owner.as_ref());
        assert_eq!(change(&files, changes).await.owner, before.owner);
    }
    if files.can("changes_facts", Capability::SetGroup) {
        let mut changes = Changes::default();
        changes.group = name(before.group.as_ref());
        assert_eq!(change(&files, changes).await.group, before.group);
    }
    assert_eq!(files.content("file").await, "x");
}

async fn change<S: Storage>(files: &Files<'_, S>, changes: Changes) -> ftp_sansio::listing::Entry {
    let entry = files.0.change(&path("file"), changes).await.unwrap();
    assert_eq!(Ok(&entry), files.0.inspect(&path("file")).await.as_ref());
    entry
}

/// What can never be set is refused, and nothing else that was asked for with it is done.
pub async fn changes_all_or_nothing(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "x").await;
    let before = files.0.inspect(&path("file")).await.unwrap();
    let mut changes = Changes::default();
    changes.modified = DateTime::from_unix(1_000_000_000, 0);
    changes.created = DateTime::from_unix(1_000_000_000, 0);
    changes.owner = Some("1".try_into().unwrap());
    let capabilities = files.0.capabilities();
    let needed = [
        Capability::SetModified,
        Capability::SetCreated,
        Capability::SetOwner,
    ];
    if !needed.iter().all(|&needed| capabilities.has(needed)) {
        let refused = files.0.change(&path("file"), changes.clone()).await;
        assert_eq!(refused, Err(StorageError::Unsupported));
        let after = files.0.inspect(&path("file")).await.unwrap();
        assert_eq!(after, before);
    }
    if files.can("changes_all_or_nothing", Capability::SetModified) {
        let mut times = Changes::default();
        times.modified = changes.modified;
        let none = files.0.change(&path("none"), times).await;
        assert_eq!(none, Err(StorageError::NotFound));
    }
}

/// What a session chose holds for its files and folders to come, and for no other session.
pub async fn heeds_a_umask(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    if !files.can("heeds_a_umask", Capability::Umask) {
        return;
    }
    let usual = files.0.umask();
    for mask in [0o077, 0o002] {
        let store = files.0.with_umask(Permissions::new(mask)).unwrap();
        assert_eq!(store.umask(), Some(Permissions::new(mask)));
        let its = Files(&store);
        let names = [format!("folder {mask:o}"), format!("file {mask:o}")];
        its.make_folder(&names[0]).await;
        its.put(&names[1], "").await;
        for (name, all) in names.iter().zip([0o777, 0o666]) {
            let entry = files.0.inspect(&path(name)).await.unwrap();
            let left = Permissions::new(all & !mask);
            assert_eq!(entry.permissions, Some(left), "{name}");
        }
    }
    assert_eq!(files.0.umask(), usual);
}

/// A copy is whole or not there, is a file of its own, and replaces a file.
pub async fn copies(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can("copies", Capability::Copy) {
        return;
    }
    let content = "0123456789".repeat(100_000);
    files.put("file", &content).await;
    files.put("old", "old").await;
    files.put("empty", "").await;
    files.make_folder("folder").await;
    let copy = async |from, to| store.copy(&path(from), &path(to)).await;
    copy("file", "folder/copy").await.unwrap();
    assert!(files.content("folder/copy").await == content);
    copy("file", "old").await.unwrap();
    copy("empty", "file").await.unwrap();
    assert_eq!(files.content("file").await, "");
    copy("old", "old").await.unwrap();
    // Neither changes with the other.
    if files.takes("copies", "old", Placement::At(0)).await {
        copy("old", "file").await.unwrap();
        files.upload("old", Placement::At(1), "x").await.unwrap();
        assert!(files.content("file").await == content);
        copy("file", "old").await.unwrap();
    }
    assert!(files.content("old").await == content);
    assert!(files.content("folder/copy").await == content);
    for (from, to, error) in [
        ("none", "x", StorageError::NotFound),
        ("folder", "x", StorageError::IsAFolder),
        ("file", "folder", StorageError::IsAFolder),
        ("file", "none/x", StorageError::NotFound),
        ("file", "/", StorageError::IsAFolder),
        ("/", "x", StorageError::IsAFolder),
    ] {
        assert_eq!(copy(from, to).await, Err(error), "{from} {to}");
    }
    assert_eq!(files.names("/").await, ["empty", "file", "folder", "old"]);
    assert_eq!(files.names("folder").await, ["copy"]);
}

/// Parts are appended in their order, and gone; where one is missing, nothing has happened.
pub async fn combines(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can("combines", Capability::Combine) {
        return;
    }
    files.make_folder("folder").await;
    let long = "long ".repeat(20_000);
    for (name, content) in [("1", "one "), ("2", ""), ("folder/3", &long)] {
        files.put(name, content).await;
    }
    let parts = ["1", "2", "folder/3"].map(path);
    store.combine(&path("whole"), &parts).await.unwrap();
    assert!(files.content("whole").await == format!("one {long}"));
    assert_eq!(files.names("/").await, ["folder", "whole"]);
    assert!(files.names("folder").await.is_empty());
    files.put("4", "four").await;
    store.combine(&path("whole"), &[path("4")]).await.unwrap();
    let whole = format!("one {long}four");
    assert!(files.content("whole").await == whole);
    files.put("5", "five").await;
    for (target, parts) in [
        ("whole", ["5", "none"]),
        ("whole", ["5", "folder"]),
        ("folder", ["5", "5"]),
        ("none/whole", ["5", "5"]),
    ] {
        let refused = store.combine(&path(target), &parts.map(path)).await;
        assert!(refused.is_err(), "{target} {parts:?}");
    }
    assert!(files.content("whole").await == whole);
    assert_eq!(files.content("5").await, "five");
    assert_eq!(files.names("/").await, ["5", "folder", "whole"]);
}

/// What is joined into itself by another way would be removed as a part.
pub async fn combines_each_once(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can("combines_each_once", Capability::Combine)
        || !files.can("combines_each_once", Capability::Links)
    {
        return;
    }
    files.put("whole", "whole").await;
    files.put("5", "five").await;
    store.link(&path("way"), &VirtualPath::ROOT).await.unwrap();
    store.link(&path("alias"), &path("5")).await.unwrap();
    for (target, parts) in [
        ("whole", ["5", "way/whole"]),
        ("new", ["5", "way/5"]),
        ("new", ["alias", "5"]),
    ] {
        let refused = store.combine(&path(target), &parts.map(path)).await;
        assert_eq!(refused, Err(StorageError::NameNotAllowed), "{parts:?}");
    }
    assert_eq!(files.content("whole").await, "whole");
    assert_eq!(files.content("5").await, "five");
    assert_eq!(files.names("/").await, ["5", "alias", "way", "whole"]);
}

/// What others write to the target and to the parts meanwhile, and were told is there, is not lost: it is in the whole, or where they wrote it.
pub async fn combining_loses_nothing(shelf: impl Shelf) {
    const TEST: &str = "combining_loses_nothing";
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can(TEST, Capability::Combine) {
        return;
    }
    let appends = files.takes(TEST, "tried", Placement::Append).await;
    let long = "long ".repeat(300_000);
    for (name, placement) in [
        ("whole", Placement::Replace),
        ("whole", Placement::Append),
        ("part", Placement::Replace),
        ("part", Placement::Append),
        ("new", Placement::Replace),
    ] {
        if placement == Placement::Append && !appends {
            continue;
        }
        for (name, content) in [("whole", "old "), ("first", &long), ("part", "part ")] {
            files.put(name, content).await;
        }
        let target = path(if name == "new" { "new" } else { "whole" });
        let parts = [path("first"), path("part")];
        let mut combining = pin!(store.combine(&target, &parts));
        // It has begun, and may be anywhere by now.
        let begun = polls(combining.as_mut(), 3).await;
        files.upload(name, placement, "late").await.unwrap();
        let done = match begun {
            Poll::Ready(done) => done,
            Poll::Pending => combining.await,
        };
        let (target, late) = (
            files.download(&target.to_string(), 0).await,
            files.download(name, 0).await,
        );
        let has_late =
            |content: Result<Vec<u8>>| content.is_ok_and(|content| content.ends_with(b"late"));
        assert!(
            has_late(target) || has_late(late),
            "{name} {placement:?} was lost: {done:?}"
        );
        if done.is_err() {
            assert_eq!(done, Err(StorageError::Busy));
            assert!(files.content("first").await == long);
        }
        for name in ["whole", "first", "part", "new"] {
            let _ = store.delete(&path(name)).await;
        }
    }
}

/// Polls it so often, whenever it asks for that.
async fn polls<T>(mut future: Pin<&mut impl Future<Output = T>>, times: usize) -> Poll<T> {
    let mut left = times;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            polled => Poll::Ready(polled),
        }
    })
    .await
}

/// Folders with those above them, which every store makes.
pub async fn makes_folders(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    for _ in 0..2 {
        store.make_folders(&path("a/b/c")).await.unwrap();
        store.make_folders(&VirtualPath::ROOT).await.unwrap();
    }
    assert_eq!(files.names("a/b").await, ["c"]);
    files.put("a/file", "").await;
    for name in ["a/file", "a/file/x"] {
        let refused = store.make_folders(&path(name)).await;
        assert_eq!(refused, Err(StorageError::NotAFolder), "{name}");
    }
}

/// A tree of more than one chunk with everything in it, and nothing that a link in it leads to.
pub async fn removes_trees(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can("removes_trees", Capability::RemoveTrees) {
        return;
    }
    files.make_folder("a").await;
    let mut deep = String::from("a");
    for number in 0..600 {
        files.put(&format!("{deep}/{number}"), "").await;
        if number % 20 == 0 {
            deep.push_str("/deeper");
            files.make_folder(&deep).await;
        }
    }
    files.make_folder("kept").await;
    files.put("kept/file", "kept").await;
    if files.can("removes_trees", Capability::Links) {
        for (link, target) in [("a/link", "kept/file"), ("a/up", "/"), ("way", "a")] {
            store.link(&path(link), &path(target)).await.unwrap();
        }
        assert_eq!(
            store.remove_tree(&path("way")).await,
            Err(StorageError::NotAFolder)
        );
        store.delete(&path("way")).await.unwrap();
    }
    store.remove_tree(&path("a")).await.unwrap();
    assert_eq!(files.names("/").await, ["kept"]);
    assert_eq!(files.content("kept/file").await, "kept");
    for (name, error) in [
        ("a", StorageError::NotFound),
        ("kept/file", StorageError::NotAFolder),
        ("/", StorageError::Denied),
    ] {
        assert_eq!(store.remove_tree(&path(name)).await, Err(error), "{name}");
    }
}

/// A listing tells of links; everything else follows them, from wherever they are, and not for ever.
pub async fn links(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    if !files.can("links", Capability::Links) {
        return;
    }
    store.make_folders(&path("deep/er")).await.unwrap();
    files.put("deep/file", "content").await;
    let link = async |at, to| store.link(&path(at), &path(to)).await;
    for (at, to) in [
        ("a", "deep/file"),
        ("deep/er/b", "deep/file"),
        ("short", "deep/er"),
        // The folder of this one is another than its path says.
        ("short/c", "deep/file"),
        ("home", "/"),
        ("chain", "home/short/b"),
    ] {
        link(at, to).await.unwrap();
        let entry = &files.list("/").await;
        let entry = entry.iter().find(|entry| entry.name == at.as_bytes());
        assert!(entry.is_none_or(|entry| entry.kind == Kind::Symlink));
    }
    assert_eq!(
        files.names("/").await,
        ["a", "chain", "deep", "home", "short"]
    );
    for name in ["a", "deep/er/b", "deep/er/c", "home/home/a", "chain"] {
        assert_eq!(files.content(name).await, "content", "{name}");
        let entry = store.inspect(&path(name)).await.unwrap();
        assert_eq!((entry.kind, entry.size), (Kind::File, Some(7)), "{name}");
        assert_eq!(entry.name, path(name).name().unwrap());
    }
    assert_eq!(files.names("short").await, ["b", "c"]);
    let short = store.inspect(&path("short")).await.unwrap();
    assert_eq!(short.kind, Kind::Folder);
    let alone = files.list("a").await;
    assert_eq!((alone.len(), alone[0].kind), (1, Kind::Symlink));

    link("dangling", "none").await.unwrap();
    link("one", "other").await.unwrap();
    link("other", "one").await.unwrap();
    let dangling = store.open(&path("dangling"), 0).await.err();
    assert_eq!(dangling, Some(StorageError::NotFound));
    assert!(store.inspect(&path("one")).await.is_err());
    for (at, error) in [
        ("a", StorageError::Exists),
        ("dangling", StorageError::Exists),
        ("none/x", StorageError::NotFound),
        ("/", StorageError::Exists),
    ] {
        assert_eq!(link(at, "deep").await, Err(error), "{at}");
    }
    // A link is renamed and removed, and not what it leads to.
    store.rename(&path("short"), &path("long")).await.unwrap();
    for name in ["a", "long", "dangling", "one", "other", "home", "chain"] {
        store.delete(&path(name)).await.unwrap();
    }
    assert_eq!(files.names("/").await, ["deep"]);
    assert_eq!(files.content("deep/er/c").await, "content");
}

/// There is room somewhere, and a folder to ask for.
pub async fn tells_what_is_available(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    if !files.can("tells_what_is_available", Capability::Available) {
        return;
    }
    files.put("file", "").await;
    assert!(files.0.available(&VirtualPath::ROOT).await.is_ok());
    for (name, error) in [
        ("none", StorageError::NotFound),
        ("file", StorageError::NotAFolder),
    ] {
        let refused = files.0.available(&path(name)).await;
        assert_eq!(refused, Err(error), "{name}");
    }
}
