//! Reading, listing and naming.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::{Kind, Zone};
use ftp_sansio::wire::VirtualPath;

use super::{Files, Shelf};
use crate::conformance::support::path;
use crate::storage::{Entries, Placement, Reader, Storage, StorageError};

/// What is known of a file, of a folder and of the root.
pub async fn describes_files(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "12345").await;
    files.make_folder("folder").await;
    let file = files.0.inspect(&path("file")).await.unwrap();
    assert_eq!(
        (&file.name[..], file.kind, file.size),
        (&b"file"[..], Kind::File, Some(5))
    );
    assert!(
        file.modified
            .is_none_or(|modified| modified.zone == Zone::Utc)
    );
    let folder = files.0.inspect(&path("folder")).await.unwrap();
    assert_eq!(
        (&folder.name[..], folder.kind),
        (&b"folder"[..], Kind::Folder)
    );
    let root = files.0.inspect(&VirtualPath::ROOT).await.unwrap();
    assert_eq!((&root.name[..], root.kind), (&b"/"[..], Kind::Folder));
    let listed: Vec<_> = files
        .list("/")
        .await
        .into_iter()
        .map(|entry| (entry.name, entry.kind, entry.size))
        .collect();
    assert_eq!(
        listed,
        [file, folder].map(|entry| (entry.name, entry.kind, entry.size))
    );
}

/// More entries than fit in one chunk; each once.
pub async fn lists_a_large_folder(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let mut expected = many(&files).await;
    expected.sort();
    assert_eq!(files.names("/").await, expected);
    let mut entries = files.0.list(&VirtualPath::ROOT).await.unwrap();
    // Removed after the listing began: left out, or told of from what was read ahead; never an error.
    for name in &expected {
        delete(&files, name).await;
    }
    while !entries.next().await.unwrap().is_empty() {}
    assert!(files.names("/").await.is_empty());
}

/// What nobody touches while a folder is listed is told of, and once.
pub async fn a_listing_survives_changes(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let names = many(&files).await;
    let mut told = BTreeMap::new();
    let mut entries = files.0.list(&VirtualPath::ROOT).await.unwrap();
    let mut left = names.iter().enumerate();
    loop {
        let chunk = entries.next().await.unwrap();
        if chunk.is_empty() {
            break;
        }
        for entry in chunk {
            *told.entry(entry.name).or_insert(0) += 1;
        }
        for (number, name) in left.by_ref().take(200) {
            if number % 2 == 1 {
                delete(&files, name).await;
            }
            files.put(&format!("a new {number}"), "").await;
        }
    }
    for name in names.iter().step_by(2) {
        assert_eq!(told.get(name), Some(&1), "{name:?}");
    }
    assert!(told.values().all(|&times| times == 1));
}

async fn many<S: Storage>(files: &Files<'_, S>) -> Vec<Bytes> {
    let mut names = Vec::new();
    for number in 0..1000 {
        let name = format!("file {number}");
        files.put(&name, "").await;
        names.push(name.into());
    }
    names
}

async fn delete<S: Storage>(files: &Files<'_, S>, name: &[u8]) {
    let path = VirtualPath::ROOT.child(name).unwrap();
    files.0.delete(&path).await.unwrap();
}

/// A file that is listed gives itself.
pub async fn lists_a_file_as_itself(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.make_folder("folder").await;
    files.put("folder/file", "123").await;
    let listed = files.list("folder/file").await;
    assert_eq!(listed.len(), 1);
    // Who knows it says so rightly.
    for (name, is_folder) in [("folder", true), ("folder/file", false)] {
        let entries = files.0.list(&path(name)).await.unwrap();
        let told = entries.is_folder();
        assert!(
            told.is_none_or(|told| told == is_folder),
            "{name}: {told:?}"
        );
    }
    assert_eq!(
        (&listed[0].name[..], listed[0].kind, listed[0].size),
        (&b"file"[..], Kind::File, Some(3))
    );
    assert_eq!(
        files.0.list(&path("none")).await.err(),
        Some(StorageError::NotFound)
    );
}

/// Reading from an offset, up to the end and not past it; into whatever room the buffer has.
pub async fn reads_from_an_offset(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let content = "0123456789".repeat(20_000);
    files.put("file", &content).await;
    for offset in [0, 1, 65_536, 199_999, 200_000] {
        let expected = &content.as_bytes()[offset..];
        let found = files.download("file", offset as u64).await.unwrap();
        assert!(found == expected, "from {offset}: {} bytes", found.len());
    }
    for offset in [200_001, u64::MAX] {
        let beyond = files.download("file", offset).await;
        assert_eq!(beyond, Err(StorageError::PastTheEnd));
    }
    let mut reader = files.0.open(&path("file"), 5).await.unwrap();
    assert!(reader.size().is_none_or(|size| size == 200_000));
    let mut buffer = BytesMut::with_capacity(100);
    buffer.extend_from_slice(b"kept");
    let room = buffer.capacity();
    let buffer = reader.read(buffer).await.unwrap();
    assert_eq!((&buffer[..9], buffer.len()), (&b"kept56789"[..], room));
    assert!(
        !reader.read(BytesMut::new()).await.unwrap().is_empty(),
        "a buffer without room gets some"
    );
    files.put("empty", "").await;
    assert_eq!(files.download("empty", 0).await.unwrap(), b"");
}

/// Names that are no text, or look like syntax, are names; or they are refused, and never another name.
pub async fn names_are_bytes(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let mut taken: Vec<&[u8]> = Vec::new();
    for name in [
        &b"-rf"[..],
        b" x ",
        b"~",
        b"...",
        b"%s",
        b"%2F",
        b"|ls",
        b"*",
        b"a\\b",
        b"c:",
        b"caf\xe9",
        b"caf\xc3\xa9",
        b"\x1b[2J",
        b"\xff",
    ] {
        let path = VirtualPath::ROOT.child(name).unwrap();
        match files.0.make_folder(&path).await {
            Ok(()) => taken.push(name),
            Err(error) => assert_eq!(error, StorageError::NameNotAllowed, "{path}"),
        }
    }
    assert!(!taken.is_empty(), "no name was taken");
    for name in &taken {
        let path = VirtualPath::ROOT.child(name).unwrap();
        assert_eq!(files.0.inspect(&path).await.unwrap().name, *name);
    }
    taken.sort_unstable();
    assert_eq!(files.names("/").await, taken);
}

/// Folders are made and removed, files deleted.
pub async fn makes_and_removes(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    store.make_folder(&path("a")).await.unwrap();
    store.make_folder(&path("a/b")).await.unwrap();
    assert_eq!(
        store.make_folder(&path("a")).await,
        Err(StorageError::Exists)
    );
    assert_eq!(
        store.make_folder(&path("x/y")).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        store.remove_folder(&path("a")).await,
        Err(StorageError::NotEmpty)
    );
    store.remove_folder(&path("a/b")).await.unwrap();
    files.put("a/file", "").await;
    assert_eq!(
        store.make_folder(&path("a/file")).await,
        Err(StorageError::Exists)
    );
    assert_eq!(
        store.remove_folder(&path("a/file")).await,
        Err(StorageError::NotAFolder)
    );
    store.delete(&path("a/file")).await.unwrap();
    assert_eq!(store.delete(&path("a")).await, Err(StorageError::IsAFolder));
    store.remove_folder(&path("a")).await.unwrap();
    assert!(files.names("/").await.is_empty());
}

/// Each failure has its word.
pub async fn says_what_went_wrong(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    files.put("file", "").await;
    files.make_folder("folder").await;
    let (none, not_found) = (path("none"), StorageError::NotFound);
    assert_eq!(store.inspect(&none).await.err(), Some(not_found));
    assert_eq!(store.list(&none).await.err(), Some(not_found));
    assert_eq!(store.delete(&none).await.err(), Some(not_found));
    assert_eq!(store.remove_folder(&none).await.err(), Some(not_found));
    assert_eq!(store.open(&none, 0).await.err(), Some(not_found));
    assert_eq!(
        store.rename(&none, &path("new")).await.err(),
        Some(not_found)
    );
    for folder in [path("folder"), VirtualPath::ROOT] {
        assert_eq!(
            store.open(&folder, 0).await.err(),
            Some(StorageError::IsAFolder)
        );
    }
    // Some systems do not tell a file in the place of a folder from nothing.
    let inside = store.inspect(&path("file/inside")).await.err();
    assert!(
        matches!(
            inside,
            Some(StorageError::NotAFolder | StorageError::NotFound)
        ),
        "{inside:?}"
    );
}

/// The root is neither removed nor renamed nor replaced.
pub async fn the_root_stays(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    let root = VirtualPath::ROOT;
    files.make_folder("folder").await;
    assert_eq!(store.delete(&root).await, Err(StorageError::Denied));
    assert_eq!(store.remove_folder(&root).await, Err(StorageError::Denied));
    assert_eq!(
        store.rename(&root, &path("new")).await,
        Err(StorageError::Denied)
    );
    assert_eq!(
        store.rename(&path("folder"), &root).await,
        Err(StorageError::Denied)
    );
    assert_eq!(store.make_folder(&root).await, Err(StorageError::Exists));
    for placement in [Placement::Replace, Placement::At(0), Placement::Append] {
        let refused = store.create(&root, placement).await.err();
        assert!(
            matches!(
                refused,
                Some(StorageError::IsAFolder | StorageError::Unsupported)
            ),
            "{placement:?}: {refused:?}"
        );
    }
    assert_eq!(files.names("/").await, ["folder"]);
}

/// What leads above the root leads to it.
pub async fn nothing_is_above_the_root(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "content").await;
    for name in ["../file", "/../../file", "a/../../file"] {
        assert_eq!(files.content(name).await, "content", "{name}");
    }
    for name in ["../etc/passwd", "/../../etc/passwd"] {
        let found = files.download(name, 0).await;
        assert_eq!(found, Err(StorageError::NotFound), "{name}");
    }
}

/// A file replaces a file; nothing replaces a folder.
pub async fn renames(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let store = files.0;
    for folder in ["one", "two"] {
        files.make_folder(folder).await;
    }
    files.put("one/file", "new").await;
    files.put("old", "old").await;
    store.rename(&path("one/file"), &path("old")).await.unwrap();
    assert_eq!(files.content("old").await, "new");
    assert!(files.names("one").await.is_empty());
    assert_eq!(
        store.rename(&path("one"), &path("two")).await,
        Err(StorageError::Exists)
    );
    for (from, to) in [
        ("old", "two"),
        ("one", "old"),
        ("one", "one/inside"),
        ("old", "none/old"),
    ] {
        let refused = store.rename(&path(from), &path(to)).await;
        assert!(refused.is_err(), "{from} {to}");
    }
    store.rename(&path("one"), &path("one")).await.unwrap();
    store.rename(&path("old"), &path("old")).await.unwrap();
    assert_eq!(files.content("old").await, "new");
    files.put("one/file", "inside").await;
    store
        .rename(&path("one"), &path("two/inside"))
        .await
        .unwrap();
    assert_eq!(files.names("/").await, ["old", "two"]);
    assert_eq!(files.names("two").await, ["inside"]);
    assert_eq!(files.content("two/inside/file").await, "inside");
}
