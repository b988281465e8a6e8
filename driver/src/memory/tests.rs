//! What is this store's own; what every store does is tested by the suite in `conformance::storage`.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use ftp_sansio::data::{CleanEnd, Direction, End, Parameters, Status};
use ftp_sansio::listing::Kind;

use super::*;
use crate::storage::{Entries, Reader, Writer};

/// Drives a future that waits for nothing, and counts how often it gave others a turn.
fn turns<T>(future: impl Future<Output = T>) -> (T, usize) {
    let mut future = pin!(future);
    let mut turns = 0;
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return (value, turns);
        }
        turns += 1;
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    turns(future).0
}

fn path(text: &str) -> VirtualPath {
    VirtualPath::ROOT
        .join(&Arg::try_from(text).unwrap())
        .unwrap()
}

fn clean_end() -> CleanEnd {
    let mut codec = Parameters::IMAGE.codec(Direction::Receive).unwrap();
    match codec.step(&[], &mut [], End::Closed).status {
        Status::Ended(end) => end,
        other => panic!("{other:?}"),
    }
}

fn create(store: &MemoryStorage, name: &str, placement: Placement) -> MemoryWriter {
    run(store.create(&path(name), placement)).unwrap()
}

fn names(store: &MemoryStorage, folder: &str) -> Vec<Bytes> {
    let mut entries = run(store.list(&path(folder))).unwrap();
    let mut names = Vec::new();
    loop {
        let chunk = run(entries.next()).unwrap();
        if chunk.is_empty() {
            return names;
        }
        names.extend(chunk.into_iter().map(|entry| entry.name));
    }
}

#[test]
fn clones_are_one_tree() {
    let store = MemoryStorage::new();
    let other = store.clone();
    store.put(&path("a/b/file"), b"content").unwrap();
    assert_eq!(other.content(&path("a/b/file")).unwrap(), "content");
    assert_eq!(store.put(&path("a/b"), b""), Err(StorageError::IsAFolder));
    assert_eq!(
        store.put(&path("a/b/file/x"), b""),
        Err(StorageError::NotAFolder)
    );
    assert_eq!(
        store.put(&VirtualPath::ROOT, b""),
        Err(StorageError::IsAFolder)
    );
    assert_eq!(store.content(&path("a/b")), Err(StorageError::IsAFolder));
    assert_eq!(store.content(&path("c")), Err(StorageError::NotFound));
}

/// Whatever becomes of a file, who reads it reads it to its end as it was.
#[test]
fn a_reader_keeps_what_it_opened() {
    let store = MemoryStorage::new();
    let content: Vec<u8> = (0..300_000).map(|at| (at % 253) as u8).collect();
    let fates: [fn(&MemoryStorage); 5] = [
        |store| store.put(&path("file"), b"new").unwrap(),
        |store| run(store.delete(&path("file"))).unwrap(),
        |store| {
            let mut writer = create(store, "file", Placement::At(100_000));
            run(writer.write(Bytes::from_static(b"other"))).unwrap();
            run(writer.commit(&clean_end())).unwrap();
        },
        |store| {
            let mut writer = create(store, "file", Placement::Append);
            run(writer.write(Bytes::from_static(b"other"))).unwrap();
        },
        |store| run(create(store, "file", Placement::At(0)).commit(&clean_end())).unwrap(),
    ];
    for (number, fate) in fates.into_iter().enumerate() {
        store.put(&path("file"), &content).unwrap();
        let mut reader = run(store.open(&path("file"), 0)).unwrap();
        let mut all = run(reader.read(BytesMut::with_capacity(70_000))).unwrap();
        assert_eq!(all.len(), all.capacity());
        fate(&store);
        assert_ne!(
            store.content(&path("file")).ok().as_deref(),
            Some(&content[..])
        );
        loop {
            let buffer = run(reader.read(BytesMut::with_capacity(1000))).unwrap();
            if buffer.is_empty() {
                break;
            }
            all.extend_from_slice(&buffer);
        }
        assert!(all == content, "{number}");
    }
}

/// What an upload in place writes to a file that was removed or replaced would be nowhere: it is not called a success.
#[test]
fn an_upload_in_place_needs_its_file() {
    for placement in [Placement::Append, Placement::At(0), Placement::At(2)] {
        for replaced in [false, true] {
            let store = MemoryStorage::new();
            store.put(&path("file"), b"content").unwrap();
            let mut writer = create(&store, "file", placement);
            run(writer.write(Bytes::from_static(b"some"))).unwrap();
            let idle = create(&store, "file", placement);
            if replaced {
                store.put(&path("file"), b"new").unwrap();
            } else {
                run(store.delete(&path("file"))).unwrap();
            }
            let more = run(writer.write(Bytes::from_static(b"more")));
            assert_eq!(more, Err(StorageError::NotFound));
            assert_eq!(run(idle.commit(&clean_end())), Err(StorageError::NotFound));
            let left = store.content(&path("file")).ok();
            assert_eq!(left, replaced.then(|| Bytes::from_static(b"new")));
        }
    }
}

/// A new file belongs to its folder, whatever that is called by then; and there is none without it.
#[test]
fn an_upload_belongs_to_its_folder() {
    let store = MemoryStorage::new();
    run(store.make_folder(&path("before"))).unwrap();
    let writers = [(); 2].map(|()| create(&store, "before/file", Placement::Replace));
    run(store.rename(&path("before"), &path("after"))).unwrap();
    run(store.make_folder(&path("before"))).unwrap();
    let [first, second] = writers;
    run(first.commit(&clean_end())).unwrap();
    assert_eq!(names(&store, "after"), ["file"]);
    assert!(names(&store, "before").is_empty());
    run(store.remove_tree(&path("after"))).unwrap();
    assert_eq!(
        run(second.commit(&clean_end())),
        Err(StorageError::NotFound)
    );
    assert_eq!(names(&store, "/"), ["before"]);
}

/// The quota holds for all that clients can make, and everything comes back.
#[test]
fn a_quota_bounds_everything() {
    const QUOTA: u64 = 200_000;
    let store = MemoryStorage::new().with_quota(QUOTA);
    let full = Err(StorageError::NoSpace);
    assert_eq!(run(store.available(&VirtualPath::ROOT)), Ok(QUOTA));
    let mut writer = create(&store, "file", Placement::Replace);
    run(writer.write(Bytes::from(vec![1; 150_000]))).unwrap();
    let left = run(store.available(&VirtualPath::ROOT)).unwrap();
    assert!(left <= 50_000 - OVERHEAD, "{left}");
    run(writer.commit(&clean_end())).unwrap();
    assert_eq!(store.used(), 150_000 + OVERHEAD);
    // A replacement needs room for both.
    assert_eq!(store.put(&path("file"), &[2; 60_000]), full);
    assert_eq!(store.content(&path("file")).unwrap(), vec![1; 150_000]);
    // A copy shares what it holds, until it is written to.
    run(store.copy(&path("file"), &path("copy"))).unwrap();
    assert_eq!(store.used(), 150_000 + 2 * OVERHEAD);
    let mut writer = create(&store, "copy", Placement::At(0));
    assert_eq!(run(writer.write(Bytes::from(vec![3; 150_000]))), full);
    drop(writer);
    run(store.delete(&path("copy"))).unwrap();
    assert_eq!(store.used(), 150_000 + OVERHEAD);
    // What somebody still reads is not room for others.
    let reader = run(store.open(&path("file"), 0)).unwrap();
    run(store.delete(&path("file"))).unwrap();
    assert_eq!(store.put(&path("new"), &[2; 60_000]), full);
    drop(reader);
    assert_eq!(store.used(), 0);
    // Nothing is made for nothing.
    for number in 0..QUOTA {
        let name = path(&number.to_string());
        let made = match number % 3 {
            0 => run(store.make_folder(&name)),
            1 => run(store.link(&name, &path(&"x/".repeat(500)))),
            _ => run(create_in_place(&store, &name)),
        };
        if made.is_err() {
            assert_eq!(made, full);
            assert!(number < QUOTA / OVERHEAD, "{number}");
            break;
        }
    }
    for name in names(&store, "/") {
        let name = VirtualPath::ROOT.child(&name).unwrap();
        let removed = match run(store.remove_folder(&name)) {
            Err(StorageError::NotAFolder) => run(store.delete(&name)),
            removed => removed,
        };
        removed.unwrap();
    }
    assert_eq!(store.used(), 0);
}

async fn create_in_place(store: &MemoryStorage, path: &VirtualPath) -> Result<()> {
    let writer = store.create(path, Placement::Append).await?;
    writer.commit(&clean_end()).await
}

/// With a clock of one's own, all that is told is a function of what was done.
#[test]
fn the_clock_is_the_embedders() {
    let told = || {
        let seconds = AtomicI64::new(1_000_000_000);
        let store = MemoryStorage::new().with_clock(move || {
            DateTime::from_unix(seconds.fetch_add(1, Ordering::Relaxed), 0).unwrap()
        });
        store.put(&path("folder/file"), b"content").unwrap();
        run(create(&store, "/", Placement::Unique).commit(&clean_end())).unwrap();
        let mut writer = create(&store, "folder/file", Placement::Append);
        run(writer.write(Bytes::from_static(b"more"))).unwrap();
        let inspected = ["/", "folder", "folder/file"].map(|name| run(store.inspect(&path(name))));
        (inspected.map(Result::unwrap), names(&store, "/"))
    };
    let ([root, folder, file], names) = told();
    let seconds = |modified: Option<ftp_sansio::listing::Modified>| {
        modified.unwrap().date.to_unix() - 1_000_000_000
    };
    let times = [root.clone(), folder.clone(), file.clone()]
        .map(|entry| (seconds(entry.created), seconds(entry.modified)));
    // Each changes when something is made in it, or written to it.
    assert_eq!(times[0].0, 0);
    assert!(times[0].1 > times[1].0 && times[1].1 == times[2].0 && times[2].1 > times[2].0);
    assert_eq!(told(), ([root, folder, file], names));
}

#[test]
fn facts_are_kept() {
    let store = MemoryStorage::new();
    store.put(&path("file"), b"").unwrap();
    let mut changes = Changes::default();
    changes.modified = DateTime::from_unix(-1_000_000, 5);
    changes.created = DateTime::from_unix(86_400, 0);
    changes.permissions = Some(Permissions::new(0o1640));
    changes.owner = Some("17".try_into().unwrap());
    changes.group = Some("4294967295".try_into().unwrap());
    for name in ["file", "/"] {
        let entry = run(store.change(&path(name), changes.clone())).unwrap();
        assert_eq!(run(store.inspect(&path(name))).unwrap(), entry);
        assert_eq!(
            entry.modified.map(|modified| modified.date),
            changes.modified
        );
        assert_eq!(entry.created.map(|created| created.date), changes.created);
        assert_eq!(entry.permissions, changes.permissions);
        assert_eq!(entry.owner.as_deref(), Some(&b"17"[..]));
        assert_eq!(entry.group.as_deref(), Some(&b"4294967295"[..]));
    }
    // Where one of them is refused, nothing is changed.
    let before = run(store.inspect(&path("file"))).unwrap();
    for (owner, mode, error) in [
        ("0", 0o4755, StorageError::Denied),
        ("0", 0o2755, StorageError::Denied),
        ("root", 0o755, StorageError::NameNotAllowed),
        ("4294967296", 0o755, StorageError::NameNotAllowed),
        ("-1", 0o755, StorageError::NameNotAllowed),
        ("+1", 0o755, StorageError::NameNotAllowed),
        ("", 0o755, StorageError::NameNotAllowed),
    ] {
        changes.modified = Some(DateTime::UNIX_EPOCH);
        changes.owner = Some(owner.try_into().unwrap());
        changes.permissions = Some(Permissions::new(mode));
        let refused = run(store.change(&path("file"), changes.clone()));
        assert_eq!(refused, Err(error), "{owner} {mode:o}");
    }
    assert_eq!(run(store.inspect(&path("file"))).unwrap(), before);
}

/// Links are counted along the whole path, and where a link leads is seen from the root, wherever the link is by now.
#[test]
fn links_end() {
    let store = MemoryStorage::new();
    store.put(&path("file"), b"content").unwrap();
    run(store.link(&path("0"), &path("file"))).unwrap();
    for number in 1..41 {
        let target = path(&(number - 1).to_string());
        run(store.link(&path(&number.to_string()), &target)).unwrap();
    }
    assert_eq!(store.content(&path("39")).unwrap(), "content");
    assert_eq!(store.content(&path("40")), Err(StorageError::Denied));
    run(store.link(&path("home"), &VirtualPath::ROOT)).unwrap();
    let winding = path(&"home/".repeat(40)).child(b"file").unwrap();
    assert_eq!(store.content(&winding).unwrap(), "content");
    let winding = path(&"home/".repeat(41)).child(b"file").unwrap();
    assert_eq!(store.content(&winding), Err(StorageError::Denied));

    run(store.make_folders(&path("deep/er"))).unwrap();
    run(store.rename(&path("0"), &path("deep/er/link"))).unwrap();
    assert_eq!(store.content(&path("deep/er/link")).unwrap(), "content");
    let mut listed = run(store.list(&path("deep/er"))).unwrap();
    let link = run(listed.next()).unwrap().remove(0);
    assert_eq!(
        (link.kind, link.target.as_deref()),
        (Kind::Symlink, Some(&b"/file"[..]))
    );
    // In place, a link is followed to what is not there yet.
    run(store.link(&path("to new"), &path("deep/new"))).unwrap();
    run(create_in_place(&store, &path("to new"))).unwrap();
    assert_eq!(names(&store, "deep"), ["er", "new"]);
    let folder = run(store.make_folders(&path("39/x")));
    assert_eq!(folder, Err(StorageError::NotFound));
}

#[test]
fn names_have_an_end() {
    let store = MemoryStorage::new();
    store.put(&path(&"x".repeat(255)), b"").unwrap();
    let long = path(&"x".repeat(256));
    let refused = Err(StorageError::NameNotAllowed);
    assert_eq!(store.put(&long, b""), refused);
    assert_eq!(run(store.make_folder(&long)), refused);
    assert_eq!(run(store.link(&long, &VirtualPath::ROOT)), refused);
    assert_eq!(run(store.rename(&path(&"x".repeat(255)), &long)), refused);
}

/// Renaming makes trees that are deeper than any path, and no work on them needs a stack as deep.
#[test]
fn a_tree_of_any_depth() {
    let deep = "d/".repeat(500);
    for removes in [false, true] {
        let store = MemoryStorage::new();
        for _ in 0..40 {
            run(store.make_folders(&path(&deep))).unwrap();
            let end = path(&deep).child(b"next").unwrap();
            if run(store.inspect(&path("next"))).is_ok() {
                run(store.rename(&path("next"), &end)).unwrap();
            }
            run(store.rename(&path("d"), &path("next"))).unwrap();
        }
        assert_eq!(store.used(), 20_000 * OVERHEAD);
        if removes {
            let (removed, turns) = turns(store.remove_tree(&path("next")));
            removed.unwrap();
            assert!(turns > 70, "{turns}");
            assert_eq!((store.used(), names(&store, "/").len()), (0, 0));
        }
    }
}

/// A tree that is removed may change under it: what was moved away meanwhile stays.
#[test]
fn what_is_moved_away_is_not_removed() {
    let store = MemoryStorage::new();
    for number in 0..400 {
        store.put(&path(&format!("a/b/c/{number}")), b"").unwrap();
    }
    let tree = path("a");
    let mut removal = pin!(store.remove_tree(&tree));
    let mut context = Context::from_waker(Waker::noop());
    assert!(removal.as_mut().poll(&mut context).is_pending());
    let left = names(&store, "a/b/c").len();
    assert!(0 < left && left < 400, "{left}");
    run(store.rename(&path("a/b"), &path("kept"))).unwrap();
    run(removal).unwrap();
    assert_eq!(names(&store, "/"), ["kept"]);
    assert_eq!(names(&store, "kept/c").len(), left);

    let tree = path("kept");
    for number in 0..400 {
        store.put(&path(&format!("kept/c/{number}")), b"").unwrap();
    }
    let mut removal = pin!(store.remove_tree(&tree));
    assert!(removal.as_mut().poll(&mut context).is_pending());
    run(store.make_folder(&path("safe"))).unwrap();
    run(store.rename(&path("kept"), &path("safe/kept"))).unwrap();
    assert_eq!(run(removal), Err(StorageError::NotFound));
    assert_eq!(names(&store, "safe"), ["kept"]);
}

/// Long work leaves others their turn, and a COMB whose target or parts change meanwhile loses nothing.
#[test]
fn long_work_is_done_in_turns() {
    let store = MemoryStorage::new();
    let large = vec![7; 4 * 1024 * 1024];
    store.put(&path("large"), &large).unwrap();
    store.put(&path("part"), &large).unwrap();
    let name = path("large");
    let digest = store.digest(&name, DigestAlgorithm::Crc32, None);
    assert!(turns(digest).1 >= 15);
    let mut writer = create(&store, "other", Placement::Replace);
    assert!(turns(writer.write(Bytes::from(large.clone()))).1 >= 15);
    drop(writer);

    let (target, parts) = (path("whole"), [path("large"), path("part")]);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        let mut combine = pin!(store.combine(&target, &parts));
        assert!(combine.as_mut().poll(&mut context).is_pending());
        let mut writer = create(&store, "whole", Placement::Append);
        run(writer.write(Bytes::from_static(b"late"))).unwrap();
        assert_eq!(run(combine), Err(StorageError::Busy));
    }
    assert_eq!(store.content(&target).unwrap(), "latelate");
    let mut combine = pin!(store.combine(&target, &parts));
    assert!(combine.as_mut().poll(&mut context).is_pending());
    store.put(&path("part"), b"new").unwrap();
    run(combine).unwrap();
    // The part that was joined is gone, and what has its name by now is another file.
    assert_eq!(names(&store, "/"), ["part", "whole"]);
    assert_eq!(store.content(&path("part")).unwrap(), "new");
    assert_eq!(store.content(&target).unwrap().len(), 2 * large.len() + 8);
}
