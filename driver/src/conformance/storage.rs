//! [`LocalStorage`](crate::local::LocalStorage) on this runtime: reading, listing, naming, and staying inside the root.

use std::fs;

use bytes::{Bytes, BytesMut};
use ftp_sansio::listing::{Kind, Precision, Zone};
use ftp_sansio::wire::VirtualPath;

use super::support::{Scratch, path};
use crate::runtime::Runtime;
use crate::storage::{Entries, Placement, Reader, Storage, StorageError};

/// What is known of a file, of a folder and of the root.
pub async fn describes_files<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "12345");
    fs::create_dir(scratch.root.join("folder")).unwrap();
    let file = scratch.store.inspect(&path("file")).await.unwrap();
    assert_eq!(
        (&file.name[..], file.kind, file.size),
        (&b"file"[..], Kind::File, Some(5))
    );
    let modified = file.modified.unwrap();
    assert_eq!(
        (modified.precision, modified.zone),
        (Precision::Subsecond, Zone::Utc)
    );
    let folder = scratch.store.inspect(&path("folder")).await.unwrap();
    assert_eq!(
        (&folder.name[..], folder.kind, folder.size),
        (&b"folder"[..], Kind::Folder, None)
    );
    let root = scratch.store.inspect(&VirtualPath::ROOT).await.unwrap();
    assert_eq!((&root.name[..], root.kind), (&b"/"[..], Kind::Folder));
    assert_eq!(scratch.list("/").await, [file.clone(), folder]);
    #[cfg(unix)]
    describes_unix(&scratch, &file);
}

#[cfg(unix)]
fn describes_unix<R>(scratch: &Scratch<R>, file: &ftp_sansio::listing::Entry) {
    use std::os::unix::fs::MetadataExt;

    let real = fs::metadata(scratch.root.join("file")).unwrap();
    assert_eq!(
        u32::from(file.permissions.unwrap().bits()),
        real.mode() & 0o7777
    );
    assert_eq!(file.links, Some(1));
    assert_eq!(file.owner, Some(real.uid().to_string().into()));
    assert_eq!(file.group, Some(real.gid().to_string().into()));
    assert_eq!(
        file.unique,
        Some(format!("{:x}:{:x}", real.dev(), real.ino()).into())
    );
    let date = file.modified.unwrap().date;
    assert_eq!(
        (date.to_unix(), i64::from(date.nanosecond())),
        (real.mtime(), real.mtime_nsec())
    );
}

/// More entries than fit in one chunk; each once.
pub async fn lists_a_large_folder<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let mut expected: Vec<_> = (0..1000)
        .map(|number| Bytes::from(format!("file {number}")))
        .collect();
    for name in &expected {
        scratch.put(std::str::from_utf8(name).unwrap(), "");
    }
    expected.sort();
    assert_eq!(scratch.names("/").await, expected);
    let mut entries = scratch.store.list(&VirtualPath::ROOT).await.unwrap();
    // Removed after the listing began: left out, or told of from what was read ahead; never an error.
    for name in &expected {
        fs::remove_file(scratch.root.join(std::str::from_utf8(name).unwrap())).unwrap();
    }
    while !entries.next().await.unwrap().is_empty() {}
}

/// A file that is listed gives itself.
pub async fn lists_a_file_as_itself<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("folder")).unwrap();
    scratch.put("folder/file", "123");
    assert_eq!(
        scratch.list("folder/file").await,
        [scratch.store.inspect(&path("folder/file")).await.unwrap()]
    );
    assert_eq!(
        scratch.store.list(&path("none")).await.err(),
        Some(StorageError::NotFound)
    );
}

/// Reading from an offset, up to the end and not past it; into whatever room the buffer has.
pub async fn reads_from_an_offset<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let content = "0123456789".repeat(1000);
    scratch.put("file", &content);
    for offset in [0, 1, 9_999, 10_000] {
        let expected = &content.as_bytes()[offset..];
        assert_eq!(
            scratch.download("file", offset as u64).await.unwrap(),
            expected
        );
    }
    assert_eq!(
        scratch.download("file", 10_001).await,
        Err(StorageError::PastTheEnd)
    );
    assert_eq!(
        scratch.download("file", u64::MAX).await,
        Err(StorageError::PastTheEnd)
    );
    let mut reader = scratch.store.open(&path("file"), 5).await.unwrap();
    assert_eq!(reader.size(), Some(10_000));
    let mut buffer = BytesMut::with_capacity(100);
    buffer.extend_from_slice(b"kept");
    let room = buffer.capacity();
    let buffer = reader.read(buffer).await.unwrap();
    assert_eq!((&buffer[..9], buffer.len()), (&b"kept56789"[..], room));
    assert!(
        !reader.read(BytesMut::new()).await.unwrap().is_empty(),
        "a buffer without room gets some"
    );
    scratch.put("empty", "");
    assert_eq!(scratch.download("empty", 0).await.unwrap(), b"");
}

/// Names that are no text, or look like syntax, are names.
pub async fn names_are_bytes<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let mut names = vec![&b"-rf"[..], b" x ", b"~", b"...", b"%s", b"|ls"];
    if cfg!(target_os = "linux") {
        names.extend([&b"caf\xe9"[..], b"\x1b[2J", b"a\\b", b"c:"]);
    }
    names.sort_unstable();
    for name in &names {
        let path = VirtualPath::ROOT.child(name).unwrap();
        let writer = scratch
            .store
            .create(&path, Placement::Append)
            .await
            .unwrap();
        drop(writer);
        assert_eq!(scratch.store.inspect(&path).await.unwrap().name, *name);
    }
    if !cfg!(windows) {
        assert_eq!(scratch.names("/").await, names);
    }
}

/// Folders are made and removed, files deleted.
pub async fn makes_and_removes<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
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
    scratch.put("a/file", "");
    assert_eq!(
        store.remove_folder(&path("a/file")).await,
        Err(StorageError::NotAFolder)
    );
    store.delete(&path("a/file")).await.unwrap();
    assert_eq!(store.delete(&path("a")).await, Err(StorageError::IsAFolder));
    store.remove_folder(&path("a")).await.unwrap();
    assert_eq!(scratch.names("/").await, Vec::<Bytes>::new());
}

/// Each failure has its word.
pub async fn says_what_went_wrong<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    scratch.put("file", "");
    fs::create_dir(scratch.root.join("folder")).unwrap();
    assert_eq!(
        store.inspect(&path("none")).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        store.delete(&path("none")).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        store.remove_folder(&path("none")).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        store.rename(&path("none"), &path("new")).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        store.open(&path("none"), 0).await.err(),
        Some(StorageError::NotFound)
    );
    assert_eq!(
        store.open(&path("folder"), 0).await.err(),
        Some(StorageError::IsAFolder)
    );
    assert_eq!(
        store.open(&VirtualPath::ROOT, 0).await.err(),
        Some(StorageError::IsAFolder)
    );
    if cfg!(unix) {
        assert_eq!(
            store.inspect(&path("file/inside")).await,
            Err(StorageError::NotAFolder)
        );
        let long = path(&"x".repeat(300));
        assert_eq!(
            store.make_folder(&long).await,
            Err(StorageError::NameNotAllowed)
        );
        assert_eq!(
            store.create(&long, Placement::Replace).await.err(),
            Some(StorageError::NameNotAllowed)
        );
    }
}

/// The root is neither removed nor renamed nor replaced.
pub async fn the_root_stays<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    let root = VirtualPath::ROOT;
    fs::create_dir(scratch.root.join("folder")).unwrap();
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
        assert_eq!(
            store.create(&root, placement).await.err(),
            Some(StorageError::IsAFolder)
        );
    }
    assert_eq!(scratch.names_on_disk(""), ["folder"]);
}

/// A file replaces a file; nothing replaces a folder.
pub async fn renames<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    for folder in ["one", "two"] {
        fs::create_dir(scratch.root.join(folder)).unwrap();
    }
    scratch.put("one/file", "new");
    scratch.put("old", "old");
    store.rename(&path("one/file"), &path("old")).await.unwrap();
    assert_eq!(scratch.content("old"), "new");
    assert_eq!(
        store.rename(&path("one"), &path("two")).await,
        Err(StorageError::Exists)
    );
    assert!(store.rename(&path("old"), &path("two")).await.is_err());
    assert!(
        store
            .rename(&path("one"), &path("one/inside"))
            .await
            .is_err()
    );
    store.rename(&path("one"), &path("one")).await.unwrap();
    store
        .rename(&path("one"), &path("two/inside"))
        .await
        .unwrap();
    assert_eq!(scratch.names_on_disk(""), ["old", "two"]);
    assert_eq!(scratch.names_on_disk("two"), ["inside"]);
}

/// Neither `..` nor a link leads out of the root, to read, to write, to list or to rename.
pub async fn nothing_leads_out<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::write(scratch.outside("secret"), "secret").unwrap();
    fs::create_dir(scratch.outside("folder")).unwrap();
    assert_eq!(
        scratch.download("../secret", 0).await,
        Err(StorageError::NotFound)
    );
    assert_eq!(
        scratch.download("/../../secret", 0).await,
        Err(StorageError::NotFound)
    );
    #[cfg(unix)]
    links_lead_nowhere(&scratch).await;
    assert_eq!(
        fs::read_to_string(scratch.outside("secret")).unwrap(),
        "secret"
    );
    assert_eq!(fs::read_dir(scratch.outside("folder")).unwrap().count(), 0);
}

#[cfg(unix)]
async fn links_lead_nowhere<R: Runtime>(scratch: &Scratch<R>) {
    use super::support::symlink;

    let denied = Some(StorageError::Denied);
    let store = &scratch.store;
    symlink(scratch.outside("secret"), scratch.root.join("absolute"));
    symlink("../secret", scratch.root.join("relative"));
    symlink(scratch.outside("folder"), scratch.root.join("folder"));
    symlink("..", scratch.root.join("up"));
    symlink("circle", scratch.root.join("circle"));
    scratch.put("mine", "mine");
    for link in ["absolute", "relative", "circle", "up/secret"] {
        assert_eq!(store.open(&path(link), 0).await.err(), denied, "{link}");
        assert_eq!(store.inspect(&path(link)).await.err(), denied, "{link}");
        for placement in [Placement::At(0), Placement::Append] {
            assert_eq!(
                store.create(&path(link), placement).await.err(),
                denied,
                "{link}"
            );
        }
    }
    for folder in ["folder", "up"] {
        let inside = path(folder).child(b"new").unwrap();
        assert_eq!(store.list(&path(folder)).await.err(), denied, "{folder}");
        assert_eq!(
            store.create(&inside, Placement::Replace).await.err(),
            denied,
            "{folder}"
        );
        assert_eq!(
            store.create(&path(folder), Placement::Unique).await.err(),
            denied,
            "{folder}"
        );
        assert_eq!(store.make_folder(&inside).await.err(), denied, "{folder}");
        assert_eq!(
            store.rename(&path("mine"), &inside).await.err(),
            denied,
            "{folder}"
        );
    }
    assert_eq!(
        store
            .rename(&path("up/secret"), &path("stolen"))
            .await
            .err(),
        denied
    );
    assert_eq!(store.delete(&path("up/secret")).await.err(), denied);
    // What is listed of them tells nothing of the outside.
    for entry in scratch.list("/").await {
        assert_eq!(entry.target, None, "{:?}", entry.name);
    }
    store.delete(&path("absolute")).await.unwrap();
}

/// A listing tells of links; everything else follows them.
pub async fn links_are_listed<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("folder")).unwrap();
    scratch.put("file", "content");
    #[cfg(unix)]
    {
        use super::support::symlink;

        symlink("../file", scratch.root.join("folder/link"));
        symlink("folder", scratch.root.join("shortcut"));
        symlink("nothing", scratch.root.join("dangling"));
        let link = &scratch.list("folder").await[0];
        assert_eq!(
            (link.kind, link.target.as_deref()),
            (Kind::Symlink, Some(&b"../file"[..]))
        );
        assert_eq!(
            scratch.list("folder/link").await[0].target.as_deref(),
            Some(&b"../file"[..])
        );
        let followed = scratch.store.inspect(&path("folder/link")).await.unwrap();
        assert_eq!(
            (followed.kind, followed.size, &followed.name[..]),
            (Kind::File, Some(7), &b"link"[..])
        );
        assert_eq!(
            scratch.store.inspect(&path("shortcut")).await.unwrap().kind,
            Kind::Folder
        );
        assert_eq!(scratch.names("shortcut").await, ["link"]);
        let dangling = &scratch.list("/").await[0];
        assert_eq!((dangling.kind, &dangling.target), (Kind::Symlink, &None));
        assert_eq!(
            scratch.download("folder/link", 0).await.unwrap(),
            b"content"
        );
        // Deleting a link leaves what it leads to.
        scratch.store.delete(&path("folder/link")).await.unwrap();
        assert_eq!(scratch.content("file"), "content");
    }
}

/// A pipe is refused at once, and not waited for.
pub async fn opens_only_plain_files<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        mknodat(
            CWD,
            scratch.root.join("pipe"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let pipe = path("pipe");
        assert_eq!(
            scratch.store.inspect(&pipe).await.unwrap().kind,
            Kind::Other
        );
        assert_eq!(
            scratch.store.open(&pipe, 0).await.err(),
            Some(StorageError::Denied)
        );
        for placement in [Placement::Replace, Placement::At(0), Placement::Append] {
            assert_eq!(
                scratch.store.create(&pipe, placement).await.err(),
                Some(StorageError::Denied)
            );
        }
    }
    assert_eq!(
        scratch.download("none", 0).await,
        Err(StorageError::NotFound)
    );
}
