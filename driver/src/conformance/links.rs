//! [`LocalStorage`](crate::local::LocalStorage) and the links of its file system, which others made: none leads out of the root.

use std::fs;

use ftp_sansio::listing::{Kind, Permissions};
use ftp_sansio::wire::{DateTime, VirtualPath};

use super::support::{Scratch, path};
use crate::runtime::Runtime;
use crate::storage::{Capability, Changes, DigestAlgorithm, Placement, Storage, StorageError};

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

/// A link leads to where it says from where it really is, and its text alone leads nowhere out.
pub async fn links_stay_inside<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    #[cfg(unix)]
    {
        let store = &scratch.store;
        fs::create_dir_all(scratch.root.join("deep/er")).unwrap();
        scratch.put("deep/file", "content");
        super::support::symlink("deep/er", scratch.root.join("short"));
        super::support::symlink("../..", scratch.root.join("deep/er/home"));
        for (link, target, text) in [
            ("a", "deep/file", "deep/file"),
            ("deep/b", "deep/file", "file"),
            ("deep/er/c", "deep/file", "../file"),
            // The folder of the link is another than its path says: two levels down, or none at all.
            ("short/d", "deep/file", "../file"),
            ("deep/er/home/e", "deep/file", "deep/file"),
            ("short/f", "etc/passwd", "../../etc/passwd"),
            ("deep/er/home/g", "etc/passwd", "etc/passwd"),
        ] {
            store.link(&path(link), &path(target)).await.unwrap();
            let made = fs::read_link(scratch.root.join(link)).unwrap();
            assert_eq!(made, std::path::Path::new(text), "{link}");
            if target == "deep/file" {
                assert_eq!(scratch.download(link, 0).await.unwrap(), b"content");
            } else {
                let found = store.open(&path(link), 0).await.err();
                assert_eq!(found, Some(StorageError::NotFound), "{link}");
            }
        }
        // Renamed nearer to the root its text leads out, and still nothing is opened there.
        store.rename(&path("short/f"), &path("i")).await.unwrap();
        let outside = store.open(&path("i"), 0).await.err();
        assert_eq!(outside, Some(StorageError::Denied));
        store.link(&path("h"), &VirtualPath::ROOT).await.unwrap();
        assert!(store.inspect(&path("h/deep")).await.is_ok());
        for (link, error) in [
            ("a", StorageError::Exists),
            ("none/x", StorageError::NotFound),
            ("/", StorageError::Exists),
        ] {
            let refused = store.link(&path(link), &path("deep")).await;
            assert_eq!(refused, Err(error), "{link}");
        }
    }
    assert_eq!(
        scratch.store.capabilities().has(Capability::Links),
        cfg!(unix)
    );
}

/// No copy, no change, no digest, no part of a whole, and no tree lies outside of the root.
pub async fn nothing_is_done_outside<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    fs::write(scratch.outside("secret"), "secret").unwrap();
    fs::create_dir(scratch.outside("folder")).unwrap();
    scratch.put("mine", "mine");
    #[cfg(unix)]
    {
        use super::support::symlink;

        let store = &scratch.store;
        symlink(scratch.outside("secret"), scratch.root.join("absolute"));
        symlink("../secret", scratch.root.join("relative"));
        symlink("..", scratch.root.join("up"));
        let denied = StorageError::Denied;
        let before = fs::metadata(scratch.outside("secret")).unwrap();
        let mut changes = Changes::default();
        changes.permissions = Some(Permissions::new(0o777));
        let mut times = Changes::default();
        times.modified = Some(DateTime::UNIX_EPOCH);
        for name in ["absolute", "relative", "up/secret"] {
            let at = path(name);
            assert_eq!(
                store.change(&at, changes.clone()).await,
                Err(denied),
                "{name}"
            );
            assert_eq!(
                store.change(&at, times.clone()).await,
                Err(denied),
                "{name}"
            );
            let told = store.digest(&at, DigestAlgorithm::Md5, None).await;
            assert_eq!(told, Err(denied), "{name}");
            assert_eq!(store.copy(&at, &path("stolen")).await, Err(denied));
            let parts = [at.clone()];
            let stolen = store.combine(&path("stolen"), &parts).await;
            assert_eq!(stolen, Err(denied), "{name}");
            let joined = store.combine(&at, &[path("mine")]).await;
            assert_eq!(joined, Err(denied), "{name}");
        }
        for name in ["up", "up/folder"] {
            let inside = path(name).child(b"new").unwrap();
            assert_eq!(store.copy(&path("mine"), &inside).await, Err(denied));
            assert_eq!(store.link(&inside, &path("mine")).await, Err(denied));
            assert_eq!(store.make_folders(&inside).await, Err(denied));
            assert_eq!(store.available(&path(name)).await, Err(denied));
            assert!(store.remove_tree(&path(name)).await.is_err());
        }
        let after = fs::metadata(scratch.outside("secret")).unwrap();
        assert_eq!(before.permissions(), after.permissions());
        assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    }
    assert_eq!(
        fs::read_to_string(scratch.outside("secret")).unwrap(),
        "secret"
    );
    assert_eq!(fs::read_dir(scratch.outside("folder")).unwrap().count(), 0);
    assert_eq!(scratch.content("mine"), "mine");
    assert!(!scratch.root.join("stolen").exists());
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
