use super::*;
use crate::tree::Stamp;

fn below(text: &str) -> Below {
    let names = text.split('/');
    names.fold(Below::default(), |folder, name| {
        folder.child(name.as_bytes()).unwrap()
    })
}

fn file(size: u64, seconds: i64) -> Node {
    let time = Some(Stamp { seconds, slack: 1 });
    Node::File(FileNode {
        size: Some(size),
        time,
    })
}

fn tree(nodes: &[(&str, Node)]) -> Tree {
    let mut tree = Tree::default();
    for (path, node) in nodes {
        tree.insert(&below(path), *node);
    }
    tree
}

fn rules(direction: Direction, delete: bool) -> Rules {
    Rules {
        direction,
        delete,
        only_files: false,
    }
}

const DOWN: Rules = Rules {
    direction: Direction::Down,
    delete: true,
    only_files: false,
};

/// The steps as words.
fn steps(plan: &Plan) -> Vec<String> {
    let words = plan.steps.iter().map(|step| match step {
        Step::DeleteFile(path) => format!("delete {path}"),
        Step::DeleteFolder(path) => format!("rmdir {path}"),
        Step::MakeFolder(path) => format!("mkdir {path}"),
        Step::Transfer(path, _) => format!("transfer {path}"),
    });
    words.collect()
}

#[test]
fn what_is_missing_is_made_from_the_top() {
    let source = tree(&[("a", Node::Folder), ("a/f", file(1, 0)), ("b", file(2, 0))]);
    let plan = plan(&source, &Tree::default(), DOWN);
    assert_eq!(steps(&plan), ["mkdir a", "transfer a/f", "transfer b"]);
}

#[test]
fn size_and_time_are_compared() {
    let source = tree(&[
        ("size", file(1, 0)),
        ("same", file(1, 0)),
        ("new", file(1, 9)),
        ("old", file(1, -9)),
    ]);
    let target = tree(&[
        ("size", file(2, 0)),
        ("same", file(1, 1)),
        ("new", file(1, 0)),
        ("old", file(1, 0)),
    ]);
    let down = plan(&source, &target, rules(Direction::Down, false));
    assert_eq!(
        steps(&down),
        ["transfer new", "transfer old", "transfer size"]
    );
    assert_eq!(down.unchanged, 1);
    let up = plan(&source, &target, rules(Direction::Up, false));
    assert_eq!(steps(&up), ["transfer new", "transfer size"]);
}

#[test]
fn what_is_not_known_does_not_differ_unless_all_of_it_is() {
    let node = |size, time: Option<i64>| {
        let time = time.map(|seconds| Stamp { seconds, slack: 1 });
        FileNode { size, time }
    };
    let one = |a, b| differs(&a, &b, Direction::Down);
    assert!(!one(node(Some(1), None), node(Some(1), Some(5))));
    assert!(one(node(None, None), node(Some(1), Some(5))));
    assert!(!one(node(None, Some(5)), node(Some(1), Some(5))));
    assert!(one(node(None, Some(9)), node(Some(1), Some(5))));
}

#[test]
fn deletes_go_from_the_leaves_and_only_when_asked_for() {
    let target = tree(&[
        ("a", Node::Folder),
        ("a-", file(1, 0)),
        ("a/b", Node::Folder),
        ("a/b/c", file(1, 0)),
    ]);
    let with = plan(&Tree::default(), &target, DOWN);
    assert_eq!(
        steps(&with),
        ["delete a/b/c", "rmdir a/b", "delete a-", "rmdir a"]
    );
    let without = plan(&Tree::default(), &target, rules(Direction::Down, false));
    assert!(without.steps.is_empty());
}

/// A delete in a mirror after a listing that was partial or not understood.
#[test]
fn nothing_is_deleted_on_a_doubt() {
    let target = tree(&[("a", file(1, 0))]);
    for doubtful in [true, false] {
        let (mut source, mut target) = (Tree::default(), tree(&[("a", file(1, 0))]));
        let doubts = if doubtful {
            &mut source.doubts
        } else {
            &mut target.doubts
        };
        doubts.push("two lines".to_owned());
        let plan = plan(&source, &target, DOWN);
        assert_eq!((plan.steps.len(), plan.problems.len()), (0, 1));
    }
    assert_eq!(plan(&Tree::default(), &target, DOWN).steps.len(), 1);
}

#[test]
fn what_was_skipped_stays_with_the_folders_around_it() {
    let source = tree(&[("skipped", Node::Skipped)]);
    let target = tree(&[
        ("skipped", Node::Folder),
        ("skipped/f", file(1, 0)),
        ("d", Node::Folder),
        ("d/link", Node::Skipped),
        ("d/f", file(1, 0)),
    ]);
    let plan = plan(&source, &target, DOWN);
    assert_eq!(steps(&plan), ["delete d/f"]);
    assert_eq!(plan.notes.len(), 1);
}

#[test]
fn names_that_a_server_may_hide_stay() {
    let mut source = Tree::default();
    source.may_hide_dots = true;
    let target = tree(&[
        ("d", Node::Folder),
        ("d/.git", Node::Folder),
        ("d/.git/x", file(1, 0)),
        ("f", file(1, 0)),
    ]);
    let down = plan(&source, &target, DOWN);
    assert_eq!(steps(&down), ["delete f"]);
    let up = plan(&source, &target, rules(Direction::Up, true));
    assert_eq!(up.steps.len(), 4);
}

#[test]
fn a_file_and_a_folder_change_places_only_with_delete() {
    let source = tree(&[("x", file(1, 0)), ("y", Node::Folder), ("y/f", file(1, 0))]);
    let target = tree(&[("x", Node::Folder), ("x/f", file(1, 0)), ("y", file(1, 0))]);
    let with = plan(&source, &target, DOWN);
    let expected = [
        "delete x/f",
        "rmdir x",
        "transfer x",
        "delete y",
        "mkdir y",
        "transfer y/f",
    ];
    assert_eq!(steps(&with), expected);
    let without = plan(&source, &target, rules(Direction::Down, false));
    assert_eq!((without.steps.len(), without.problems.len()), (0, 2));
}

#[test]
fn a_link_on_the_other_side_blocks_what_would_go_through_it() {
    let source = tree(&[("d", Node::Folder), ("d/f", file(1, 0)), ("e", file(1, 0))]);
    let target = tree(&[("d", Node::Skipped)]);
    let plan = plan(&source, &target, DOWN);
    assert_eq!(steps(&plan), ["transfer e"]);
    assert_eq!(plan.problems.len(), 1);
}

#[test]
fn folders_without_a_chosen_file_are_not_made() {
    let source = tree(&[
        ("d", Node::Folder),
        ("e", Node::Folder),
        ("e/f", file(1, 0)),
        ("d/f", Node::Skipped),
    ]);
    let plan = plan(
        &source,
        &Tree::default(),
        Rules {
            only_files: true,
            ..DOWN
        },
    );
    assert_eq!(steps(&plan), ["mkdir e", "transfer e/f"]);
}
