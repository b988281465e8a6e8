//! What an upload leaves behind, complete or not.

use bytes::Bytes;
use ftp_sansio::listing::{Kind, Permissions};
use ftp_sansio::wire::VirtualPath;

use super::{Files, Shelf};
use crate::conformance::support::{clean_end, path};
use crate::storage::{Capability, Changes, Placement, Storage, StorageError, Writer};

const DATA: Bytes = Bytes::from_static(b"new content");

/// Until the commit the old file is there, whole; after it the new one.
pub async fn replaces_whole(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "old").await;
    for (name, before) in [("file", Some("old")), ("fresh", None)] {
        let mut writer = files.create(name, Placement::Replace).await.unwrap();
        assert_eq!((writer.path(), writer.start()), (&path(name), 0));
        writer.write(DATA).await.unwrap();
        writer.write(DATA).await.unwrap();
        match before {
            Some(before) => assert_eq!(files.content(name).await, before),
            None => assert_eq!(files.download(name, 0).await, Err(StorageError::NotFound)),
        }
        writer.commit(&clean_end()).await.unwrap();
        assert_eq!(files.content(name).await, "new contentnew content");
    }
    assert_eq!(files.names("/").await, ["file", "fresh"]);
}

/// An upload that is dropped leaves the old file, and nothing else.
pub async fn a_dropped_upload_changes_nothing(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "old").await;
    for (name, placement) in [
        ("file", Placement::Replace),
        ("fresh", Placement::Replace),
        ("/", Placement::Unique),
    ] {
        match files.create(name, placement).await {
            Ok(mut writer) => {
                writer.write(DATA).await.unwrap();
                drop(writer);
            }
            Err(error) => assert_eq!(
                (error, placement),
                (StorageError::Unsupported, Placement::Unique)
            ),
        }
        assert_eq!(files.names("/").await, ["file"]);
    }
    assert_eq!(files.content("file").await, "old");
}

/// A listing never shows an upload under way.
pub async fn an_upload_is_hidden(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "old").await;
    let mut writers = Vec::new();
    for name in 0..300 {
        let writer = files.create(&name.to_string(), Placement::Replace).await;
        writers.push(writer.unwrap());
    }
    assert_eq!(files.names("/").await, ["file"]);
    writers.pop().unwrap().commit(&clean_end()).await.unwrap();
    assert_eq!(files.names("/").await, ["299", "file"]);
}

/// What cannot be written is refused before the data comes.
pub async fn fails_at_once(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.make_folder("folder").await;
    files.put("file", "old").await;
    for placement in [
        Placement::Replace,
        Placement::At(0),
        Placement::Append,
        Placement::Within { start: 0, end: 9 },
    ] {
        if !files.takes("fails_at_once", "file", placement).await {
            continue;
        }
        for (name, wanted) in [
            ("folder", [StorageError::IsAFolder; 2]),
            ("none/file", [StorageError::NotFound; 2]),
            // Some systems do not tell a file in the place of a folder from nothing.
            (
                "file/inside",
                [StorageError::NotAFolder, StorageError::NotFound],
            ),
        ] {
            let refused = files.create(name, placement).await.err();
            let is_wanted = refused.is_some_and(|refused| wanted.contains(&refused));
            assert!(is_wanted, "{name} {placement:?}: {refused:?}");
        }
    }
    let unique = Placement::Unique;
    if files.takes("fails_at_once", "folder", unique).await {
        let refused = files.create("none", unique).await.err();
        assert_eq!(refused, Some(StorageError::NotFound));
        assert!(files.create("file", unique).await.is_err());
    }
    // A folder that takes the name meanwhile is not replaced.
    let writer = files.create("late", Placement::Replace).await.unwrap();
    files.make_folder("late").await;
    assert!(writer.commit(&clean_end()).await.is_err());
    assert_eq!(files.names("/").await, ["file", "folder", "late"]);
    let late = files.0.inspect(&path("late")).await.unwrap();
    assert_eq!(late.kind, Kind::Folder);
}

/// The new file has the old one's permissions.
pub async fn keeps_permissions(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    if !files.can("keeps_permissions", Capability::SetPermissions) {
        return;
    }
    files.put("file", "old").await;
    for mode in [0o600, 0o666, 0o751] {
        let mut changes = Changes::default();
        changes.permissions = Some(Permissions::new(mode));
        files.0.change(&path("file"), changes).await.unwrap();
        files.put("file", "new").await;
        let file = files.0.inspect(&path("file")).await.unwrap();
        assert_eq!(file.permissions, Some(Permissions::new(mode)));
    }
}

/// A link is replaced as a rename does it: what it led to keeps its content. A link to a folder is refused.
pub async fn replaces_a_link_itself(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    if !files.can("replaces_a_link_itself", Capability::Links) {
        return;
    }
    files.make_folder("folder").await;
    files.put("file", "old").await;
    for (link, target) in [
        ("link", "file"),
        ("dangling", "nothing"),
        ("short", "folder"),
    ] {
        files.0.link(&path(link), &path(target)).await.unwrap();
    }
    for link in ["link", "dangling"] {
        files.put(link, "new").await;
        assert_eq!(files.content(link).await, "new");
    }
    assert_eq!(files.content("file").await, "old");
    assert_eq!(
        files.create("short", Placement::Replace).await.err(),
        Some(StorageError::IsAFolder)
    );
    let kinds: Vec<_> = files
        .list("/")
        .await
        .iter()
        .map(|entry| entry.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            Kind::File,
            Kind::File,
            Kind::Folder,
            Kind::File,
            Kind::Symlink
        ]
    );
}

/// A restart writes from its offset on; what lies beyond the new end stays, unless the offset is 0.
pub async fn restarts_in_place(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "0123456789").await;
    let at = Placement::At(3);
    if !files.takes("restarts_in_place", "file", at).await {
        return;
    }
    assert_eq!(files.create("file", at).await.unwrap().start(), 3);
    files.upload("file", at, "abc").await.unwrap();
    assert_eq!(files.content("file").await, "012abc6789");
    files
        .upload("file", Placement::At(10), "more")
        .await
        .unwrap();
    assert_eq!(files.content("file").await, "012abc6789more");
    for (name, offset, error) in [
        ("file", 15, StorageError::PastTheEnd),
        ("file", u64::MAX, StorageError::PastTheEnd),
        ("none", 1, StorageError::NotFound),
    ] {
        let refused = files.upload(name, Placement::At(offset), "").await;
        assert_eq!(refused, Err(error), "{name} {offset}");
    }
    // What had arrived stays, and so does the old rest, when the upload is broken off.
    let mut writer = files.create("file", Placement::At(0)).await.unwrap();
    writer.write(Bytes::from_static(b"ABC")).await.unwrap();
    drop(writer);
    assert_eq!(files.content("file").await, "ABCabc6789more");
    for (name, content) in [("file", "short"), ("fresh", "made")] {
        files.upload(name, Placement::At(0), content).await.unwrap();
        assert_eq!(files.content(name).await, content);
    }
}

/// A range is written where it is, and nothing beyond.
pub async fn writes_within_a_range(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.put("file", "0123456789").await;
    let within = |start, end| Placement::Within { start, end };
    if !files
        .takes("writes_within_a_range", "file", within(2, 5))
        .await
    {
        return;
    }
    files.upload("file", within(2, 5), "abc").await.unwrap();
    assert_eq!(files.content("file").await, "01abc56789");
    // Less is as much as came; more is cut off, and told.
    files.upload("file", within(0, 5), "x").await.unwrap();
    assert_eq!(files.content("file").await, "x1abc56789");
    let refused = files.upload("file", within(8, 9), "YZ").await;
    assert_eq!(refused.err(), Some(StorageError::PastTheEnd));
    assert_eq!(files.content("file").await, "x1abc567Y9");
    files.upload("file", within(10, 12), "!!").await.unwrap();
    assert_eq!(files.content("file").await, "x1abc567Y9!!");
    let refused = files.upload("file", within(13, 14), "x").await;
    assert_eq!(refused.err(), Some(StorageError::PastTheEnd));
    files.upload("new", within(0, 5), "new").await.unwrap();
    assert_eq!(files.content("new").await, "new");
}

/// Appending makes the file, or writes after its end, wherever that is by then.
pub async fn appends(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    let append = Placement::Append;
    if !files.takes("appends", "file", append).await {
        return;
    }
    files.upload("file", append, "a").await.unwrap();
    let mut writer = files.create("file", append).await.unwrap();
    assert_eq!(writer.start(), 1);
    files.upload("file", append, "b").await.unwrap();
    writer.write(Bytes::from_static(b"c")).await.unwrap();
    drop(writer);
    assert_eq!(files.content("file").await, "abc");
}

/// STOU: a fresh name that is told at once, taken only by the commit, and never one that is in use by then.
pub async fn chooses_a_name(shelf: impl Shelf) {
    let files = Files(shelf.storage());
    files.make_folder("folder").await;
    let unique = Placement::Unique;
    if !files.takes("chooses_a_name", "folder", unique).await {
        return;
    }
    let first = files.upload("folder", unique, "one").await.unwrap();
    let second = files.upload("folder", unique, "three").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(first.parent(), Some(path("folder")));
    let size = async |path: &VirtualPath| files.0.inspect(path).await.unwrap().size;
    assert_eq!(
        (size(&first).await, size(&second).await),
        (Some(3), Some(5))
    );
    assert_eq!(files.names("folder").await.len(), 2);

    let writer = files.create("/", unique).await.unwrap();
    let name = String::from_utf8(writer.path().name().unwrap().to_vec()).unwrap();
    files.put(&name, "somebody else's").await;
    assert_eq!(writer.commit(&clean_end()).await, Err(StorageError::Exists));
    assert_eq!(files.content(&name).await, "somebody else's");
    assert_eq!(files.names("/").await.len(), 2);
}
