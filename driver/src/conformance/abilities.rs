//! What [`LocalStorage`](crate::local::LocalStorage) can do besides reading, writing and naming files; and that none of it leads out.

use std::fs;

use ftp_sansio::listing::Permissions;
use ftp_sansio::wire::{DateTime, VirtualPath};

use super::peer::Peer;
use super::site::{LONG, Site, arg};
use super::support::{Scratch, path};
use crate::runtime::{Runtime, Stream};
use crate::server::Event;
use crate::storage::{
    Capability, Changes, ChecksumRange, DigestAlgorithm, FileDigest, Placement, Result, Storage,
    StorageError,
};

/// The digests of "abc", which FIPS 180-4 and RFC 1321 give, and of "123456789" for the CRC.
pub async fn digests<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("abc", "abc");
    scratch.put("digits", "123456789");
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
        assert_eq!(hex(&scratch, name, algorithm).await, expected);
        assert_eq!(expected.len(), algorithm.digest_len() * 2);
    }
    for (name, error) in [
        ("none", StorageError::NotFound),
        ("/", StorageError::IsAFolder),
    ] {
        assert_eq!(
            digest(&scratch.store, name, DigestAlgorithm::Md5, None).await,
            Err(error),
            "{name}"
        );
    }
}

async fn digest(
    store: &impl Storage,
    name: &str,
    algorithm: DigestAlgorithm,
    range: Option<ChecksumRange>,
) -> Result<FileDigest> {
    store.digest(&path(name), algorithm, range).await
}

async fn hex<R: Runtime>(scratch: &Scratch<R>, name: &str, algorithm: DigestAlgorithm) -> String {
    let digest = digest(&scratch.store, name, algorithm, None).await.unwrap();
    text(&digest)
}

fn text(digest: &FileDigest) -> String {
    let digits = digest.digest.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// Parts of a file of several pieces; past its end there is nothing.
pub async fn digests_of_parts<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let content = "0123456789".repeat(100_000);
    scratch.put("file", &content);
    scratch.put("part", &content[5..700_000]);
    scratch.put("empty", "");
    let part = hex(&scratch, "part", DigestAlgorithm::Sha1).await;
    let part_of = async |start, end| {
        let range = Some(ChecksumRange { start, end });
        digest(&scratch.store, "file", DigestAlgorithm::Sha1, range).await
    };
    let found = part_of(5, Some(700_000)).await.unwrap();
    assert_eq!((text(&found), found.start, found.end), (part, 5, 700_000));
    let rest = part_of(999_999, Some(u64::MAX)).await.unwrap();
    assert_eq!((rest.start, rest.end), (999_999, 1_000_000));
    let nothing = part_of(1_000_000, None).await.unwrap();
    let empty = hex(&scratch, "empty", DigestAlgorithm::Sha1).await;
    assert_eq!(text(&nothing), empty);
    assert_eq!(
        part_of(1_000_001, None).await,
        Err(StorageError::PastTheEnd)
    );
}

/// A digest that was remembered is not told of a file that has changed, even where its size and its time are the same again.
pub async fn digests_are_not_stale<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "one");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let set_back = || {
        let file = fs::File::options()
            .write(true)
            .open(scratch.root.join("file"))
            .unwrap();
        file.set_modified(old).unwrap();
    };
    set_back();
    let one = hex(&scratch, "file", DigestAlgorithm::Sha256).await;
    assert_eq!(hex(&scratch, "file", DigestAlgorithm::Sha256).await, one);
    fs::write(scratch.root.join("file"), "two").unwrap();
    set_back();
    let two = hex(&scratch, "file", DigestAlgorithm::Sha256).await;
    assert_ne!(two, one);
    // A clone remembers with it.
    let clone = scratch.store.clone();
    let again = digest(&clone, "file", DigestAlgorithm::Sha256, None).await;
    assert_eq!(text(&again.unwrap()), two);
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
    let mut created = Changes::default();
    created.created = Some(date);
    let mut owner = Changes::default();
    owner.owner = Some(arg("0"));
    for changes in [created, owner] {
        let refused = scratch.store.change(&path("file"), changes).await;
        assert_eq!(refused, Err(StorageError::Unsupported));
    }
    let none = path("none");
    let refused = scratch.store.change(&none, Changes::default()).await;
    assert_eq!(refused, Err(StorageError::NotFound));
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

/// What a session chose holds for its files and folders to come, and for no other session.
pub async fn heeds_a_umask<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    #[cfg(unix)]
    {
        let mode = |name: &str| {
            use std::os::unix::fs::PermissionsExt;
            let metadata = fs::metadata(scratch.root.join(name)).unwrap();
            metadata.permissions().mode() & 0o777
        };
        let usual = scratch.store.umask();
        for mask in [0o077, 0o002] {
            let store = scratch.store.with_umask(Permissions::new(mask)).unwrap();
            assert_eq!(store.umask(), Some(Permissions::new(mask)));
            let name = format!("folder {mask:o}");
            store.make_folder(&path(&name)).await.unwrap();
            assert_eq!(mode(&name), 0o777 & !u32::from(mask));
            let name = format!("file {mask:o}");
            let writer = store
                .create(&path(&name), Placement::Replace)
                .await
                .unwrap();
            let end = super::support::clean_end();
            crate::storage::Writer::commit(writer, &end).await.unwrap();
            assert_eq!(mode(&name), 0o666 & !u32::from(mask));
        }
        assert_eq!(scratch.store.umask(), usual);
    }
    assert_eq!(
        scratch.store.umask().is_some(),
        cfg!(target_os = "linux"),
        "only Linux tells it"
    );
}

/// A copy is whole or not there, has the permissions of what it is a copy of, and replaces a file.
pub async fn copies<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    let content = "0123456789".repeat(100_000);
    scratch.put("file", &content);
    scratch.put("old", "old");
    scratch.put("empty", "");
    fs::create_dir(scratch.root.join("folder")).unwrap();
    #[cfg(unix)]
    fs::set_permissions(
        scratch.root.join("file"),
        std::os::unix::fs::PermissionsExt::from_mode(0o4640),
    )
    .unwrap();
    store
        .copy(&path("file"), &path("folder/copy"))
        .await
        .unwrap();
    assert_eq!(scratch.content("folder/copy"), content);
    store.copy(&path("file"), &path("old")).await.unwrap();
    assert_eq!(scratch.content("old"), content);
    store.copy(&path("empty"), &path("file")).await.unwrap();
    assert_eq!(scratch.content("file"), "");
    store.copy(&path("old"), &path("old")).await.unwrap();
    assert_eq!(scratch.content("old"), content);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let copy = fs::metadata(scratch.root.join("folder/copy")).unwrap();
        assert_eq!(copy.permissions().mode() & 0o7777, 0o640);
    }
    for (from, to, error) in [
        ("none", "x", StorageError::NotFound),
        ("folder", "x", StorageError::IsAFolder),
        ("file", "folder", StorageError::IsAFolder),
        ("file", "none/x", StorageError::NotFound),
        ("file", "/", StorageError::IsAFolder),
        ("/", "x", StorageError::IsAFolder),
    ] {
        let refused = store.copy(&path(from), &path(to)).await;
        assert_eq!(refused, Err(error), "{from} {to}");
    }
    assert_eq!(
        scratch.names_on_disk(""),
        ["empty", "file", "folder", "old"]
    );
    assert_eq!(scratch.names_on_disk("folder"), ["copy"]);
}

/// Parts are appended in their order, and gone; where one is missing, nothing has happened.
pub async fn combines<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    fs::create_dir(scratch.root.join("folder")).unwrap();
    for (name, content) in [("1", "one "), ("2", ""), ("folder/3", "three ")] {
        scratch.put(name, content);
    }
    let parts = ["1", "2", "folder/3"].map(path);
    store.combine(&path("whole"), &parts).await.unwrap();
    assert_eq!(scratch.content("whole"), "one three ");
    assert_eq!(scratch.names_on_disk(""), ["folder", "whole"]);
    scratch.put("4", "four");
    store.combine(&path("whole"), &[path("4")]).await.unwrap();
    assert_eq!(scratch.content("whole"), "one three four");
    scratch.put("5", "five");
    for (target, parts) in [
        ("whole", ["5", "none"]),
        ("whole", ["5", "folder"]),
        ("folder", ["5", "5"]),
        ("none/whole", ["5", "5"]),
    ] {
        let refused = store.combine(&path(target), &parts.map(path)).await;
        assert!(refused.is_err(), "{target} {parts:?}");
    }
    assert_eq!(scratch.content("whole"), "one three four");
    assert_eq!(scratch.names_on_disk(""), ["5", "folder", "whole"]);
    // What is joined into itself by another way would be removed as a part.
    #[cfg(unix)]
    {
        super::support::symlink(".", scratch.root.join("way"));
        super::support::symlink("5", scratch.root.join("alias"));
        for (target, parts) in [
            ("whole", ["5", "way/whole"]),
            ("new", ["5", "way/5"]),
            ("new", ["alias", "5"]),
        ] {
            let refused = store.combine(&path(target), &parts.map(path)).await;
            assert_eq!(refused, Err(StorageError::NameNotAllowed), "{parts:?}");
        }
        assert_eq!(scratch.content("whole"), "one three four");
        assert_eq!(
            scratch.names_on_disk(""),
            ["5", "alias", "folder", "way", "whole"]
        );
    }
}

/// Folders with those above them, and a tree of more than one chunk with everything in it.
pub async fn makes_and_removes_trees<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    let store = &scratch.store;
    store.make_folders(&path("a/b/c")).await.unwrap();
    store.make_folders(&path("a/b/c")).await.unwrap();
    store.make_folders(&VirtualPath::ROOT).await.unwrap();
    scratch.put("a/file", "");
    for name in ["a/file", "a/file/x"] {
        let refused = store.make_folders(&path(name)).await;
        assert_eq!(refused, Err(StorageError::NotAFolder), "{name}");
    }
    let mut deep = scratch.root.join("a/b/c");
    for number in 0..600 {
        fs::write(deep.join(number.to_string()), "").unwrap();
        if number % 20 == 0 {
            deep.push("deeper");
            fs::create_dir(&deep).unwrap();
        }
    }
    scratch.put("kept", "kept");
    #[cfg(unix)]
    {
        super::support::symlink("../../kept", scratch.root.join("a/b/link"));
        super::support::symlink("../..", scratch.root.join("a/b/up"));
        super::support::symlink("a", scratch.root.join("way"));
        assert_eq!(
            store.remove_tree(&path("way")).await,
            Err(StorageError::NotAFolder)
        );
        fs::remove_file(scratch.root.join("way")).unwrap();
    }
    store.remove_tree(&path("a")).await.unwrap();
    assert_eq!(scratch.names_on_disk(""), ["kept"]);
    assert_eq!(scratch.content("kept"), "kept");
    for (name, error) in [
        ("a", StorageError::NotFound),
        ("kept", StorageError::NotAFolder),
        ("/", StorageError::Denied),
    ] {
        assert_eq!(store.remove_tree(&path(name)).await, Err(error), "{name}");
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
            let told = digest(store, name, DigestAlgorithm::Md5, None).await;
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

/// There is room somewhere, and a folder to ask for.
pub async fn tells_what_is_available<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "");
    if cfg!(unix) {
        assert!(scratch.store.available(&VirtualPath::ROOT).await.is_ok());
        for (name, error) in [
            ("none", StorageError::NotFound),
            ("file", StorageError::NotAFolder),
        ] {
            let refused = scratch.store.available(&path(name)).await;
            assert_eq!(refused, Err(error), "{name}");
        }
    }
}

/// A range is written where it is, and nothing beyond.
pub async fn writes_within_a_range<R: Runtime>(runtime: R) {
    let scratch = Scratch::new(runtime);
    scratch.put("file", "0123456789");
    let within = |start, end| Placement::Within { start, end };
    scratch.upload("file", within(2, 5), "abc").await.unwrap();
    assert_eq!(scratch.content("file"), "01abc56789");
    // Less is as much as came; more is cut off, and told.
    scratch.upload("file", within(0, 5), "x").await.unwrap();
    assert_eq!(scratch.content("file"), "x1abc56789");
    let refused = scratch.upload("file", within(8, 9), "YZ").await;
    assert_eq!(refused.err(), Some(StorageError::PastTheEnd));
    assert_eq!(scratch.content("file"), "x1abc567Y9");
    scratch.upload("file", within(10, 12), "!!").await.unwrap();
    assert_eq!(scratch.content("file"), "x1abc567Y9!!");
    let refused = scratch.upload("file", within(13, 14), "x").await;
    assert_eq!(refused.err(), Some(StorageError::PastTheEnd));
    scratch.upload("new", within(0, 5), "new").await.unwrap();
    assert_eq!(scratch.content("new"), "new");
}

/// The commands, over a real connection: what they answer, what they do, and what is told of it.
pub async fn commands_reach_the_store<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut peer = Peer::login(&site).await;
    peer.store("STOR part1", b"12345").await;
    peer.store("STOR part2", b"6789").await;
    for (command, reply) in [
        ("COMB whole part1 part2", "250 Done."),
        ("XCRC whole", "250 cbf43926"),
        ("OPTS HASH MD5", "200 MD5"),
        (
            "HASH whole",
            "213 MD5 0-8 25f9e794323b453885f5181f1b624d0b whole",
        ),
        ("RANG 0 0", "350 From 0 to 0, both included."),
        (
            "HASH whole",
            "213 MD5 0-0 c4ca4238a0b923820dcc509a6f75849b whole",
        ),
        (
            "MFMT 20240102150405 whole",
            "213 Modify=20240102150405; whole",
        ),
        ("MDTM 20230102150405 whole", "213 20230102150405"),
        ("SITE MKDIR -p a/b", "200 Done."),
        ("SITE COPY whole a/b/copy", "200 Done."),
        ("SITE RMDIR -r a", "200 Done."),
        ("SITE CPFR whole", "350 And where to? SITE CPTO, please."),
        ("SITE CPTO copy", "250 Done."),
        ("SITE WHAT", "504 SITE knows no such word here."),
        ("MFCT 20240102150405 whole", "502 Command not implemented."),
    ] {
        assert_eq!(peer.ask(command, &reply[..3]).await, reply, "{command}");
    }
    // Time and name together are longer than a name may be.
    let name = "n".repeat(250);
    peer.store(&format!("STOR {name}"), b"").await;
    let dated = peer
        .ask(&format!("MDTM 20240102150405 {name}"), "213")
        .await;
    assert_eq!(dated, "213 20240102150405");
    peer.ask(&format!("DELE {name}"), "250").await;
    peer.ask("RANG 2 4", "350").await;
    assert_eq!(peer.fetch("RETR whole").await, b"345");
    peer.ask("RANG 20 30", "350").await;
    assert_eq!(peer.fetch("RETR whole").await, b"");
    peer.ask("RANG 2 4", "350").await;
    peer.store("STOR whole", b"abc").await;
    assert_eq!(site.content("whole"), b"12abc6789");
    assert_eq!(site.content("copy"), b"123456789");
    site.log
        .wait_for(
            |event| matches!(event, Event::Changed { path, .. } if path.name() == Some(b"copy")),
        )
        .await;
    peer.ask("QUIT", "221").await;
    let scratch = site.close().await;
    assert_eq!(scratch.names_on_disk(""), ["copy", "whole"]);
}

/// A pattern lists what it matches, unless a file is called so.
pub async fn lists_what_matches<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    for name in ["a.txt", "b.txt", "c.c", ".d.txt"] {
        site.put(name, b"");
    }
    let mut peer = Peer::login(&site).await;
    let mut expected = vec![
        ("*.txt", vec!["a.txt", "b.txt"]),
        ("/[!a-b].?", vec!["/c.c"]),
        ("*x", vec![]),
    ];
    if cfg!(unix) {
        site.put("[ab].txt", b"");
        expected[0].1.insert(0, "[ab].txt");
        expected.push(("[ab].txt", vec!["[ab].txt"]));
    }
    for (pattern, expected) in expected {
        let listing = peer.fetch(&format!("NLST {pattern}")).await;
        let listing = String::from_utf8(listing).unwrap();
        let mut names: Vec<_> = listing.lines().collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{pattern}");
    }
    peer.ask("QUIT", "221").await;
    site.close().await;
}

/// A digest of much stops nobody else, and a session that ends does not wait for it.
pub async fn a_digest_is_given_up<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let file = fs::File::create(site.scratch.root.join("huge")).unwrap();
    // A hole, and still minutes of work.
    file.set_len(100 << 30).unwrap();
    site.put("small", b"abc");
    let mut peer = Peer::login(&site).await;
    peer.say("XSHA512 huge").await;
    let mut other = Peer::login(&site).await;
    other
        .ask("XMD5 small", "250 900150983cd24fb0d6963f7d28e17f72")
        .await;
    other.ask("QUIT", "221").await;
    peer.stream.reset_on_drop();
    drop(peer);
    let (runtime, began) = (site.runtime.clone(), site.runtime.now());
    site.close().await;
    assert!(
        runtime.now() < began + LONG,
        "the server had to cut the session off"
    );
}
