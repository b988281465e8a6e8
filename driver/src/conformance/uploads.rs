//! [`LocalStorage`](crate::local::LocalStorage) on this runtime: what an upload leaves behind, complete or not.

use std::fs;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ftp_sansio::wire::VirtualPath;

use super::support::{Scratch, clean_end, path};
use crate::runtime::Runtime;
use crate::storage::{Placement, Storage, StorageError, Writer};

const DATA: Bytes = Bytes::from_static(b"new content");

/// Until the commit the old file is there, whole; after it the new one.
pub async fn replaces_whole<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "old");
    for name in ["file", "fresh"] {
        let mut writer = scratch.create(name, Placement::Replace).await.unwrap();
        assert_eq!(writer.path(), &path(name));
        writer.write(DATA).await.unwrap();
        writer.write(DATA).await.unwrap();
        assert_eq!(
            scratch.content("file"),
            if name == "file" {
                "old"
            } else {
                "new contentnew content"
            }
        );
        assert_eq!(scratch.root.join(name).exists(), name == "file");
        writer.commit(&clean_end()).await.unwrap();
        assert_eq!(scratch.content(name), "new contentnew content");
    }
    assert_eq!(scratch.names_on_disk(""), ["file", "fresh"]);
}

/// An upload that is dropped leaves the old file, and nothing else.
pub async fn a_dropped_upload_changes_nothing<R: Runtime>(runtime: R) {
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

/// A listing never shows an upload under way.
pub async fn an_upload_is_hidden<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "old");
    let mut writers = Vec::new();
    for name in 0..300 {
        writers.push(
            scratch
                .create(&name.to_string(), Placement::Replace)
                .await
                .unwrap(),
        );
    }
    assert_eq!(scratch.names("/").await, ["file"]);
    writers.pop().unwrap().commit(&clean_end()).await.unwrap();
    assert_eq!(scratch.names("/").await, ["299", "file"]);
}

/// What cannot be written is refused before the data comes.
pub async fn fails_at_once<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("folder")).unwrap();
    scratch.put("file", "old");
    for placement in [Placement::Replace, Placement::At(0), Placement::Append] {
        let refused = async |name| scratch.create(name, placement).await.err();
        assert_eq!(refused("folder").await, Some(StorageError::IsAFolder));
        assert_eq!(refused("none/file").await, Some(StorageError::NotFound));
        if cfg!(unix) {
            assert_eq!(refused("file/inside").await, Some(StorageError::NotAFolder));
        }
    }
    let refused = async |name| scratch.create(name, Placement::Unique).await.err();
    assert_eq!(refused("none").await, Some(StorageError::NotFound));
    if cfg!(unix) {
        assert_eq!(refused("file").await, Some(StorageError::NotAFolder));
    }
    // A folder that takes the name meanwhile is not replaced.
    let writer = scratch.create("late", Placement::Replace).await.unwrap();
    fs::create_dir(scratch.root.join("late")).unwrap();
    assert!(writer.commit(&clean_end()).await.is_err());
    assert_eq!(scratch.names_on_disk(""), ["file", "folder", "late"]);
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

/// A link is replaced as a rename does it: what it led to keeps its content. A link to a folder is refused.
pub async fn replaces_a_link_itself<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("folder")).unwrap();
    scratch.put("file", "old");
    #[cfg(unix)]
    {
        use super::support::symlink;

        fs::write(scratch.outside("secret"), "secret").unwrap();
        symlink("file", scratch.root.join("inside"));
        symlink("../secret", scratch.root.join("outside"));
        symlink("nothing", scratch.root.join("dangling"));
        symlink("folder", scratch.root.join("shortcut"));
        for link in ["inside", "outside", "dangling"] {
            scratch
                .upload(link, Placement::Replace, "new")
                .await
                .unwrap();
            assert!(
                fs::symlink_metadata(scratch.root.join(link))
                    .unwrap()
                    .is_file()
            );
        }
        assert_eq!(scratch.content("file"), "old");
        assert_eq!(
            fs::read_to_string(scratch.outside("secret")).unwrap(),
            "secret"
        );
        assert_eq!(
            scratch.create("shortcut", Placement::Replace).await.err(),
            Some(StorageError::IsAFolder)
        );
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

/// A restart writes from its offset on; what lies beyond the new end stays, unless the offset is 0.
pub async fn restarts_in_place<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "0123456789");
    scratch
        .upload("file", Placement::At(3), "abc")
        .await
        .unwrap();
    assert_eq!(scratch.content("file"), "012abc6789");
    scratch
        .upload("file", Placement::At(10), "more")
        .await
        .unwrap();
    assert_eq!(scratch.content("file"), "012abc6789more");
    assert_eq!(
        scratch.upload("file", Placement::At(15), "").await,
        Err(StorageError::PastTheEnd)
    );
    assert_eq!(
        scratch.upload("file", Placement::At(u64::MAX), "").await,
        Err(StorageError::PastTheEnd)
    );
    assert_eq!(
        scratch.upload("none", Placement::At(1), "").await,
        Err(StorageError::NotFound)
    );
    // What had arrived stays, and so does the old rest, when the upload is broken off.
    let mut writer = scratch.create("file", Placement::At(0)).await.unwrap();
    writer.write(Bytes::from_static(b"ABC")).await.unwrap();
    drop(writer);
    assert_eq!(scratch.content("file"), "ABCabc6789more");
    scratch
        .upload("file", Placement::At(0), "short")
        .await
        .unwrap();
    assert_eq!(scratch.content("file"), "short");
    scratch
        .upload("fresh", Placement::At(0), "made")
        .await
        .unwrap();
    assert_eq!(scratch.content("fresh"), "made");
}

/// Appending makes the file, or writes after its end, wherever that is by then.
pub async fn appends<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch
        .upload("file", Placement::Append, "a")
        .await
        .unwrap();
    let mut writer = scratch.create("file", Placement::Append).await.unwrap();
    scratch
        .upload("file", Placement::Append, "b")
        .await
        .unwrap();
    writer.write(Bytes::from_static(b"c")).await.unwrap();
    drop(writer);
    assert_eq!(scratch.content("file"), "abc");
}

/// STOU: a fresh name that is told at once, taken only by the commit, and never one that is in use by then.
pub async fn chooses_a_name<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::create_dir(scratch.root.join("folder")).unwrap();
    let first = scratch
        .upload("folder", Placement::Unique, "one")
        .await
        .unwrap();
    let second = scratch
        .upload("folder", Placement::Unique, "two")
        .await
        .unwrap();
    assert_ne!(first, second);
    assert_eq!(first.parent(), Some(path("folder")));
    let content = async |path: &VirtualPath| scratch.store.inspect(path).await.unwrap().size;
    assert_eq!(
        (content(&first).await, content(&second).await),
        (Some(3), Some(3))
    );
    assert_eq!(scratch.names_on_disk("folder").len(), 2);

    let writer = scratch.create("/", Placement::Unique).await.unwrap();
    let name = String::from_utf8(writer.path().name().unwrap().to_vec()).unwrap();
    scratch.put(&name, "somebody else's");
    assert_eq!(writer.commit(&clean_end()).await, Err(StorageError::Exists));
    assert_eq!(scratch.content(&name), "somebody else's");
    assert_eq!(scratch.names_on_disk("").len(), 2);
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
