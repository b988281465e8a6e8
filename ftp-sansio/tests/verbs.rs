//! The table of verbs in ARCHITECTURE.md is made from the code: which verbs there are, where each is defined, and which file of each
//! machine carries it out. `UPDATE_TABLE=1 cargo test -p ftp-sansio --test verbs` writes it anew.
#![allow(clippy::unwrap_used, reason = "what fails in a test shall panic")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use ftp_sansio::wire::{DigestAlgorithm, Verb};

const BEGIN: &str = "<!-- verbs: made by ftp-sansio/tests/verbs.rs -->\n";
const END: &str = "<!-- end of verbs -->\n";

/// A file of a machine, by its name.
struct Source {
    name: String,
    text: String,
}

fn sources(role: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(role);
    let mut sources: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| Source {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// The command's variant for a verb.
fn variant(verb: Verb) -> String {
    match DigestAlgorithm::from_verb(verb) {
        Some(_) => "Checksum".to_owned(),
        None => format!("{verb:?}"),
    }
}

/// Where the text names this variant, and no longer one.
fn mentions(text: &str, path: &str) -> Option<usize> {
    text.match_indices(path)
        .map(|(at, _)| at)
        .find(|at| !text[at + path.len()..].starts_with(|next: char| next.is_alphanumeric()))
}

/// The server's file that carries a command out: where the method lives that its arm in the dispatch calls.
fn carried_out_in(verb: Verb, files: &[Source]) -> String {
    let arm = format!("\n            Command::{}", variant(verb));
    let also = format!("| Command::{}", variant(verb));
    let dispatch = ["access.rs", "information.rs", "transfer.rs"];
    let mut replied_in = None;
    for file in files.iter().filter(|file| dispatch.contains(&&*file.name)) {
        for method in methods(&file.text, &[&arm, &also]) {
            if method == "reply" || verb.moves_data() {
                replied_in = Some(file.name.clone());
                continue;
            }
            // A guard before the arm itself refuses, and does no more.
            if method.starts_with("refuse_without") {
                continue;
            }
            let home = files.iter().find(|file| has_method(&file.text, method));
            return home.map_or_else(|| panic!("{method} is nowhere"), |file| file.name.clone());
        }
    }
    replied_in.unwrap_or_else(|| panic!("{verb} is in no dispatch"))
}

/// Whether a method of this name is here, and no mere function.
fn has_method(text: &str, name: &str) -> bool {
    text.match_indices(&format!("fn {name}("))
        .any(|(at, found)| text[at + found.len()..].trim_start().starts_with('&'))
}

/// What the arms that begin so call, in order.
fn methods<'a>(text: &'a str, arms: &[&str]) -> Vec<&'a str> {
    let found = arms.iter().flat_map(|arm| text.match_indices(arm));
    let mut ends: Vec<_> = found.map(|(at, found)| at + found.len()).collect();
    ends.sort_unstable();
    ends.retain(|end| !text[*end..].starts_with(|next: char| next.is_alphanumeric()));
    let method = |end: usize| {
        let body = text[end..].split_once("=>")?.1.split_once("self.")?.1;
        body.split('(').next()
    };
    ends.into_iter().filter_map(method).collect()
}

/// The client's file that knows a verb by its name; the others are operations of one command.
fn asked_for_in(verb: Verb, files: &[Source]) -> String {
    let paths = ["Command", "Verb"].map(|kind| format!("{kind}::{}", variant(verb)));
    let homes: Vec<_> = files
        .iter()
        .filter(|file| !matches!(&*file.name, "mod.rs" | "exchange.rs" | "operation.rs"))
        .filter(|file| {
            paths
                .iter()
                .any(|path| mentions(&file.text, path).is_some())
        })
        .map(|file| &*file.name)
        .collect();
    match verb.moves_data() {
        true => "transfer.rs".to_owned(),
        false if homes.is_empty() => "single.rs".to_owned(),
        false => homes.join(", "),
    }
}

fn table() -> String {
    let (server, client) = (sources("server"), sources("client"));
    let mut table =
        String::from("| verb | defined in | `server/` | `client/` |\n|---|---|---|---|\n");
    for &verb in Verb::ALL {
        let (carried_out, asked_for) = (carried_out_in(verb, &server), asked_for_in(verb, &client));
        writeln!(
            table,
            "| {verb} | {} | {carried_out} | {asked_for} |",
            verb.source()
        )
        .unwrap();
    }
    table
}

#[test]
fn the_table_of_verbs_is_true() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the table's beginning");
    let (there, after) = rest.split_once(END).expect("the table's end");
    let table = table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        fs::write(&path, [before, BEGIN, &table, END, after].concat()).unwrap();
        return;
    }
    assert!(
        there == table,
        "ARCHITECTURE.md drifted; UPDATE_TABLE=1 cargo test -p ftp-sansio --test verbs mends it:\n{table}"
    );
}
