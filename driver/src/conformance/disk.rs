//! What [`LocalStorage`](crate::local::LocalStorage) leaves on the disk, as the system and its other programs see it.

use std::fs;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ftp_sansio::listing::{Kind, Permissions, Precision, Zone};
use ftp_sansio::wire::{DateTime, VirtualPath};

use super::site::arg;
use super::support::{Scratch, clean_end, path};
use crate::runtime::Runtime;
use crate::storage::{
    Capability, Changes, DigestAlgorithm, Placement, Storage, StorageError, Writer,
};

const DATA: Bytes = Bytes::from_static(b"new content");

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

/// Where names are bytes to the system, all are taken.
pub async fn takes_any_name<R: Runtime>(runtime: R) {
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

/// What the system says of a file in the place of a folder, and of a name that it has no room for.
pub async fn the_system_refuses<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    scratch.put("file", "");
    if cfg!(unix) {
        let inside = path("file/inside");
        let refused = Some(StorageError::NotAFolder);
        assert_eq!(store.inspect(&inside).await.err(), refused);
        for placement in [Placement::Replace, Placement::At(0), Placement::Append] {
            assert_eq!(store.create(&inside, placement).await.err(), refused);
        }
        let unique = store.create(&path("file"), Placement::Unique).await;
        assert_eq!(unique.err(), refused);
        let long = path(&"x".repeat(300));
        let refused = Some(StorageError::NameNotAllowed);
        assert_eq!(store.make_folder(&long).await.err(), refused);
        let created = store.create(&long, Placement::Replace).await;
        assert_eq!(created.err(), refused);
    }
    assert_eq!(scratch.names_on_disk(""), ["file"]);
}

/// Times, to the nanosecond where the file system has it, and the mode.
pub async fn changes_facts<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "x");
    fs::create_dir(scratch.root.join("folder")).unwrap();
    let date = DateTime::from_unix(1_000_000_000, 500_000_000).unwrap();
    let before = DateTime::from_unix(-1_000_000, 0).unwrap();
    for (name, date) in [("file", date), ("folder", date), ("file", before)] {
        let mut changes = Changes::default();
        changes.modified = Some(date);
        let entry = scratch.store.change(&path(name), changes).await.unwrap();
        assert_eq!(entry.modified.unwrap().date, date, "{name}");
        assert_eq!(
            entry,
            scratch.store.inspect(&path(name)).await.unwrap(),
            "{name}"
        );
    }
    #[cfg(unix)]
    changes_modes(&scratch).await;
}

#[cfg(unix)]
async fn changes_modes<R: Runtime>(scratch: &Scratch<R>) {
    use std::os::unix::fs::MetadataExt;

    let mode = |mode| {
        let mut changes = Changes::default();
        changes.permissions = Some(Permissions::new(mode));
        changes
    };
    for (name, bits) in [("file", 0o640), ("file", 0o000), ("folder", 0o1777)] {
        let entry = scratch.store.change(&path(name), mode(bits)).await.unwrap();
        assert_eq!(entry.permissions, Some(Permissions::new(bits)), "{name}");
    }
    // Nobody makes a program of the server's own rights.
    for bits in [0o4755, 0o2755] {
        let refused = scratch.store.change(&path("file"), mode(bits)).await;
        assert_eq!(refused, Err(StorageError::Denied));
    }
    // Times are set without opening: a file that nobody may read has some too.
    let mut times = Changes::default();
    times.modified = Some(DateTime::UNIX_EPOCH);
    times.accessed = DateTime::from_unix(86_400, 0);
    scratch.store.change(&path("file"), times).await.unwrap();
    let metadata = fs::metadata(scratch.root.join("file")).unwrap();
    assert_eq!(
        (metadata.mtime(), metadata.atime(), metadata.mode() & 0o777),
        (0, 86_400, 0)
    );
    // Owners may be allowed: to set the one that it is anyway is allowed to everybody.
    let store = scratch.store.clone().allow_ownership(true);
    assert!(store.capabilities().has(Capability::SetOwner));
    let mut owner = Changes::default();
    owner.owner = Some(arg(&metadata.uid().to_string()));
    owner.group = Some(arg(&metadata.gid().to_string()));
    let entry = store.change(&path("file"), owner).await.unwrap();
    assert_eq!(entry.owner, Some(metadata.uid().to_string().into()));
    for name in ["root", "4294967295", "4294967296", "-1", "+1", " 1"] {
        let mut owner = Changes::default();
        owner.owner = Some(arg(name));
        let refused = store.change(&path("file"), owner).await;
        assert_eq!(refused, Err(StorageError::NameNotAllowed), "{name}");
    }
}

/// The umask of the process is told where the system tells it, and what a session chose instead is what files really have.
pub async fn heeds_a_umask<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let store = scratch.store.with_umask(Permissions::new(0o077)).unwrap();
        store.make_folder(&path("folder")).await.unwrap();
        let writer = store.create(&path("file"), Placement::Replace).await;
        writer.unwrap().commit(&clean_end()).await.unwrap();
        for (name, mode) in [("folder", 0o700), ("file", 0o600)] {
            let metadata = fs::metadata(scratch.root.join(name)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode, "{name}");
        }
    }
    assert_eq!(
        scratch.store.umask().is_some(),
        cfg!(target_os = "linux"),
        "only Linux tells it"
    );
}

/// A copy has the permissions of what it is a copy of, without set-user-id; and neither a copy nor a COMB leaves anything else, whether it
/// was made or refused.
pub async fn copies_leave_nothing_else<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    scratch.put("file", "content");
    scratch.put("part", " and more");
    fs::create_dir(scratch.root.join("folder")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = fs::Permissions::from_mode(0o4640);
        fs::set_permissions(scratch.root.join("file"), mode).unwrap();
        store.copy(&path("file"), &path("copy")).await.unwrap();
        let copy = fs::metadata(scratch.root.join("copy")).unwrap();
        assert_eq!(copy.permissions().mode() & 0o7777, 0o640);
    }
    store.copy(&path("file"), &path("copy")).await.unwrap();
    let refused = store.copy(&path("file"), &path("folder")).await;
    assert_eq!(refused, Err(StorageError::IsAFolder));
    let parts = [path("part"), path("none")];
    let refused = store.combine(&path("copy"), &parts).await;
    assert_eq!(refused, Err(StorageError::NotFound));
    assert_eq!(
        scratch.names_on_disk(""),
        ["copy", "file", "folder", "part"]
    );
    store.combine(&path("copy"), &parts[..1]).await.unwrap();
    assert_eq!(scratch.content("copy"), "content and more");
    assert_eq!(scratch.names_on_disk(""), ["copy", "file", "folder"]);
}

/// A digest that was remembered is not told of a file that another program has written to, even where its size and its time are the same again.
pub async fn digests_are_not_stale<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "one");
    let old = SystemTime::now() - Duration::from_secs(3600);
    let set_back = || {
        let file = fs::File::options()
            .write(true)
            .open(scratch.root.join("file"))
            .unwrap();
        file.set_modified(old).unwrap();
    };
    set_back();
    let digest = async |store: &crate::local::LocalStorage<R>| {
        let path = path("file");
        let digest = store.digest(&path, DigestAlgorithm::Sha256, None);
        digest.await.unwrap().digest
    };
    let one = digest(&scratch.store).await;
    assert_eq!(digest(&scratch.store).await, one);
    fs::write(scratch.root.join("file"), "two").unwrap();
    set_back();
    let two = digest(&scratch.store).await;
    assert_ne!(two, one);
    // A clone remembers with it.
    assert_eq!(digest(&scratch.store.clone()).await, two);
}

/// An upload under way is a hidden file, and one that is dropped leaves none.
pub async fn a_dropped_upload_leaves_no_file<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "old");
    for placement in [Placement::Replace, Placement::Unique] {
        let name = if placement == Placement::Unique {
            "/"
        } else {
            "file"
        };
        let mut writer = scratch.create(name, placement).await.unwrap();
        writer.write(DATA).await.unwrap();
        assert_eq!(scratch.names_on_disk("").len(), 2);
        drop(writer);
        assert_eq!(scratch.names_on_disk(""), ["file"]);
    }
    assert_eq!(scratch.content("file"), "old");
}

/// The new file has the old one's permissions, from its first byte on, whatever the umask; not its set-user-id.
pub async fn keeps_permissions<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "old");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = |name: &str| {
            fs::metadata(scratch.root.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o7777
        };
        for (old, new) in [(0o600, 0o600), (0o666, 0o666), (0o4751, 0o751)] {
            fs::set_permissions(scratch.root.join("file"), fs::Permissions::from_mode(old))
                .unwrap();
            let writer = scratch.create("file", Placement::Replace).await.unwrap();
            assert_eq!(mode(&scratch.names_on_disk("")[0]), new);
            writer.commit(&clean_end()).await.unwrap();
            assert_eq!(mode("file"), new);
        }
    }
}

/// An upload belongs to its folder, whatever that is called when it is complete.
pub async fn follows_a_renamed_folder<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("before")).unwrap();
    let mut writer = scratch
        .create("before/file", Placement::Replace)
        .await
        .unwrap();
    writer.write(DATA).await.unwrap();
    // Windows does not rename a folder that holds an open file.
    if cfg!(unix) {
        fs::rename(scratch.root.join("before"), scratch.root.join("after")).unwrap();
        fs::create_dir(scratch.root.join("before")).unwrap();
        writer.commit(&clean_end()).await.unwrap();
        assert_eq!(scratch.names_on_disk("after"), ["file"]);
        assert!(scratch.names_on_disk("before").is_empty());
    }
}

/// The hidden files of killed processes are removed, at any depth; young ones and those of other names stay.
pub async fn removes_leftovers<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let left = |digit: &str| format!(".ftp-upload-{}~", digit.repeat(32));
    let folder = format!("a/b/{}", left("f"));
    fs::create_dir_all(scratch.root.join(&folder)).unwrap();
    let stays = ["file".to_owned(), ".ftp-upload-mine~".to_owned(), left("2")];
    let goes = [
        left("0"),
        format!("a/b/{}", left("1")),
        format!("{folder}/{}", left("3")),
    ];
    for name in stays.iter().chain(&goes) {
        scratch.put(name, "");
        if *name != left("2") {
            let file = fs::File::options()
                .write(true)
                .open(scratch.root.join(name))
                .unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(7200))
                .unwrap();
        }
    }
    assert_eq!(
        scratch
            .store
            .remove_leftovers(Duration::from_secs(3600))
            .await,
        Ok(3)
    );
    for (names, there) in [(&stays, true), (&goes, false)] {
        for name in names {
            assert_eq!(scratch.root.join(name).exists(), there, "{name}");
        }
    }
    assert_eq!(
        scratch.store.remove_leftovers(Duration::MAX).await,
        Err(StorageError::Failed)
    );
}
