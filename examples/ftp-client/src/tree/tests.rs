use super::*;
use crate::scratch::{Scratch, write};

fn below(text: &str) -> Below {
    text.split('/').fold(Below::default(), |folder, name| {
        folder.child(name.as_bytes()).unwrap()
    })
}

fn listing(lines: &str) -> Listing {
    ftp_sansio::listing::parse(lines.as_bytes(), None)
}

fn take(lines: &str, above: Option<&str>) -> (Tree, Vec<Below>) {
    let mut tree = Tree::default();
    let above = Above(above.map(|path| path.as_bytes().to_vec()));
    let filter = Filter::default();
    let folders = tree.take_listing(
        &Below::default(),
        &listing(lines),
        &above,
        &filter,
        &mut |_, _| {},
    );
    (tree, folders)
}

/// CVE-2014-4877, CVE-2026-27699: names from a listing that leave the folder.
#[test]
fn hostile_names_are_refused_and_reported() {
    let (tree, folders) = take(
        "type=file;size=1; ../../evil\r\ntype=file; /etc/passwd\r\ntype=file; ..\r\n\
         type=dir; a/b\r\ntype=dir; ..\r\ntype=dir; .\r\ntype=file;size=2; good\r\n",
        None,
    );
    assert_eq!(tree.doubts.len(), 4, "{:?}", tree.doubts);
    assert!(folders.is_empty());
    assert_eq!(
        tree.nodes()
            .map(|(below, _)| below.to_string())
            .collect::<Vec<_>>(),
        ["good"]
    );
}

#[test]
fn a_folder_that_lists_itself_by_its_whole_path_is_no_harm() {
    let lines = "type=cdir; /home/bob/x\r\ntype=pdir; /home/bob\r\ntype=dir; /etc\r\n";
    let (tree, folders) = take(lines, Some("/home/bob/x"));
    assert_eq!(
        (tree.doubts.len(), folders.len(), tree.nodes.len()),
        (1, 0, 0)
    );
}

#[test]
fn links_are_skipped_and_folders_entered() {
    let lines = "drwxr-xr-x 2 u g 4096 Jan  2  2020 d\r\n\
                 lrwxrwxrwx 1 u g    4 Jan  2  2020 l -> /etc\r\n\
                 -rw-r--r-- 1 u g    7 Jan  2  2020 f\r\n";
    let (tree, folders) = take(lines, None);
    assert_eq!(folders, [below("d")]);
    assert_eq!(tree.get(&below("l")), Some(&Node::Skipped));
    assert_eq!(
        (tree.notes.len(), tree.doubts.len(), tree.may_hide_dots),
        (1, 0, true)
    );
    // The clock of a LIST is not known.
    let file = FileNode {
        size: Some(7),
        time: None,
    };
    assert_eq!(tree.get(&below("f")), Some(&Node::File(file)));
}

#[test]
fn what_is_not_understood_is_a_doubt() {
    let (tree, _) = take("drwxr-xr-x 2 u g 4096 Jan  2  2020 d\r\n??? what\r\n", None);
    assert_eq!(tree.doubts.len(), 1);
    let (tree, _) = take("type=file; a\r\ntype=file; a\r\n", None);
    assert_eq!(tree.doubts.len(), 1);
}

#[test]
fn depth_has_an_end() {
    let deep = below(&vec!["d"; DEPTH].join("/"));
    let mut tree = Tree::default();
    assert_eq!(tree.enter(deep, Node::Folder), None);
    assert_eq!(tree.doubts.len(), 1);
    assert!(tree.enter(below("d"), Node::Folder).is_some());
}

#[cfg(unix)]
#[test]
fn walks_what_is_here_and_follows_no_link() {
    let scratch = Scratch::new();
    write(&scratch, "a/b/c", b"123");
    write(&scratch, "d", b"");
    std::os::unix::fs::symlink("..", scratch.path().join("a/up")).unwrap();
    let tree = walk_local(scratch.path(), &Filter::default()).unwrap();
    let found: Vec<_> = tree.nodes().map(|(below, _)| below.to_string()).collect();
    assert_eq!(found, ["a", "a/b", "a/b/c", "a/up", "d"]);
    assert_eq!(tree.get(&below("a/up")), Some(&Node::Skipped));
    assert!(walk_local(&scratch.path().join("no"), &Filter::default()).is_err());
}

#[test]
fn stamps() {
    let date = DateTime::new(2024, 1, 2, 3, 4, 5, 0).unwrap();
    assert_eq!(Stamp::of_date(date).date(), Some(date));
    let coarse = Modified {
        date,
        precision: Precision::Day,
        zone: Zone::Utc,
    };
    assert_eq!(Stamp::of_listing(coarse).unwrap().date(), None);
    let unknown = Modified {
        date,
        precision: Precision::Second,
        zone: Zone::Unknown,
    };
    assert_eq!(Stamp::of_listing(unknown), None);
}
