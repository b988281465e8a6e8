//! lftp as the client.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ftp_peers::{
    Done, NAMES, Runtime, SIZES, assert_same, command, fill, finish, half_of, names_in, need,
    on_both_runtimes, run_fed, skip_without_ipv6, until,
};

use crate::House;

on_both_runtimes!(
    every_size_both_ways,
    every_kind_of_data_connection,
    ipv6,
    resume_both_ways,
    odd_names,
    lists,
    rename_delete_and_folders,
    permissions_links_and_patterns,
    mirror_both_ways,
    compressed_both_ways,
    an_abort,
);

/// No second tries: what fails is to be seen. The rest keeps lftp from waiting and from looking for TLS.
const SETTINGS: &str = "\
    set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\nset net:reconnect-interval-base 1\n\
    set ftp:ssl-allow no\nset xfer:clobber yes\nset xfer:log no\nset cmd:interactive no\n";

struct Lftp {
    program: PathBuf,
    house: House,
}

impl Lftp {
    fn new(program: PathBuf, runtime: Runtime) -> Self {
        Self {
            program,
            house: House::new(runtime),
        }
    }

    /// Runs these lines against the server. Local names are relative to the scratch folder.
    fn say(&self, script: &str) -> Done {
        self.say_at(&self.house.server.url(""), script)
    }

    fn say_at(&self, url: &str, script: &str) -> Done {
        let script = format!("{SETTINGS}open {url}\n{script}\n");
        let mut lftp = command(&self.program);
        lftp.arg("--norc").current_dir(self.house.here.path());
        run_fed(lftp.env("HOME", self.house.here.path()), script.as_bytes())
    }

    fn there_and_back(&self, settings: &str, length: u64) {
        let sent = self.house.here.at("sent");
        fill(&sent, length, 1);
        self.say(&format!("{settings}\nput sent -o file\nget file -o back"))
            .ok();
        self.assert_file(&sent);
        assert_same(&sent, &self.house.here.at("back"));
    }

    fn assert_file(&self, sent: &Path) {
        assert_same(sent, &self.house.server.at("file"));
    }
}

/// A name as lftp's shell takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn every_size_both_ways(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    for size in SIZES {
        lftp.there_and_back("", size);
    }
}

fn every_kind_of_data_connection(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let kinds = [
        "set ftp:passive-mode yes\nset ftp:prefer-epsv no",
        "set ftp:passive-mode yes\nset ftp:prefer-epsv yes",
        "set ftp:passive-mode no",
        // Its check of the data connection's port would want the server to use port 20.
    ];
    for kind in kinds {
        lftp.there_and_back(kind, (64 << 10) + 1);
    }
}

fn ipv6(runtime: Runtime) {
    if skip_without_ipv6() {
        return;
    }
    let lftp = Lftp::new(need!("lftp"), runtime);
    let sent = lftp.house.here.at("sent");
    for (seed, mode) in ["yes", "no"].into_iter().enumerate() {
        fill(&sent, (64 << 10) + 1, seed as u64);
        let script = format!("set ftp:passive-mode {mode}\nput sent -o file\nget file -o back");
        lftp.say_at(&lftp.house.server.url_v6(""), &script).ok();
        lftp.assert_file(&sent);
        assert_same(&sent, &lftp.house.here.at("back"));
    }
}

fn resume_both_ways(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let (whole, part, file) = (
        lftp.house.here.at("whole"),
        lftp.house.here.at("part"),
        lftp.house.server.at("file"),
    );
    fill(&whole, 3_000_001, 2);
    half_of(&whole, &file);
    lftp.say("put -c whole -o file").ok();
    assert_same(&whole, &file);
    half_of(&whole, &part);
    lftp.say("get -c file -o part").ok();
    assert_same(&whole, &part);
}

fn odd_names(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let sent = lftp.house.here.at("sent");
    for (seed, name) in NAMES.iter().enumerate() {
        fill(&sent, 1000, seed as u64);
        let name = quoted(name);
        lftp.say(&format!("put sent -o {name}\nget -- {name} -o back"))
            .ok();
        assert_same(&sent, &lftp.house.here.at("back"));
    }
    let mut wanted = NAMES;
    wanted.sort_unstable();
    assert_eq!(names_in(&lftp.house.server.root), wanted);
}

fn lists(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let server = &lftp.house.server;
    fs::create_dir(server.at("folder")).expect("a folder");
    fill(&server.at("file"), 12_345, 0);
    let long = lftp.say("ls").ok();
    assert!(
        long.lines()
            .iter()
            .any(|line| line.contains(" 12345 ") && line.ends_with(" file")),
        "{long:?}"
    );
    assert!(
        long.lines()
            .iter()
            .any(|line| line.starts_with('d') && line.ends_with(" folder")),
        "{long:?}"
    );
    let names = lftp.say("nlist").ok();
    let mut names = names.lines();
    names.sort_unstable();
    assert_eq!(names, ["file", "folder"]);
    // By MLSD and by LIST, lftp has to understand the same.
    for mlsd in ["yes", "no"] {
        let read = lftp
            .say(&format!(
                "set ftp:use-mlsd {mlsd}\ncls -1 -s --block-size=1"
            ))
            .ok();
        let read: Vec<_> = read
            .lines()
            .iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert!(read.contains(&"12345 file".to_owned()), "{read:?}");
        assert!(
            read.iter().any(|line| line.ends_with("folder/")),
            "{read:?}"
        );
    }
}

fn rename_delete_and_folders(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let server = &lftp.house.server;
    fill(&server.at("old name"), 100, 4);
    lftp.say("mkdir -p \"a b/c d\"\nmv \"old name\" \"a b/c d/new name\"")
        .ok();
    assert_eq!(names_in(&server.at("a b/c d")), ["new name"]);
    lftp.say("cd \"a b/c d\"\nrm \"new name\"\ncd ..\nrmdir \"c d\"\ncd ..\nrmdir \"a b\"")
        .ok();
    assert_eq!(names_in(&server.root), [""; 0]);
    for refused in [
        "rm none",
        "rmdir none",
        "mv none some",
        "cd none",
        "get none",
    ] {
        lftp.say(refused).exits(1);
    }
    fs::create_dir_all(server.at("tree/branch")).expect("folders");
    fill(&server.at("tree/branch/leaf"), 10, 4);
    lftp.say("rm -r tree").ok();
    assert_eq!(names_in(&server.root), [""; 0]);
}

fn mirror_both_ways(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let local = lftp.house.here.folder("tree/branch ü");
    let files: Vec<_> = (0..20).map(|number| format!("leaf {number}")).collect();
    for (seed, name) in files.iter().enumerate() {
        fill(&local.join(name), 1000 * seed as u64, seed as u64);
    }
    lftp.say("mirror --parallel=4 --reverse tree there\nmirror --parallel=4 there back")
        .ok();
    for name in &files {
        assert_same(
            &local.join(name),
            &lftp.house.server.at("there/branch ü").join(name),
        );
        assert_same(
            &local.join(name),
            &lftp.house.here.at("back/branch ü").join(name),
        );
    }
    // It compares sizes and times: after a mirror there is nothing to do, or the times are wrong.
    let again = lftp.say("mirror --dry-run --no-perms there back").ok();
    assert_eq!(again.stdout, "", "nothing had changed");
}

/// MODE Z, as lftp has spoken it for long: files and listings are zlib streams.
fn compressed_both_ways(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let compress = "set ftp:use-mode-z yes\nset ftp:mode-z-level 9\ndebug 5";
    for size in [0, 1, (64 << 10) + 1, 3_000_001] {
        lftp.there_and_back(compress, size);
    }
    // What deflate can do something with, and text whose line ends change on the way.
    let text = "All that travels is shorter than it was.\n".repeat(20_000);
    fs::write(lftp.house.here.at("text"), &text).expect("room for a test's file");
    let done = lftp
        .say(&format!(
            "{compress}\nput -a text -o file\nget -a file -o back\nls"
        ))
        .ok();
    let log = &done.stderr;
    assert!(log.contains("---> MODE Z"), "{log:?}");
    lftp.assert_file(&lftp.house.here.at("text"));
    assert_same(&lftp.house.here.at("text"), &lftp.house.here.at("back"));
    assert!(
        done.lines().iter().any(|line| line.ends_with(" file")),
        "{done:?}"
    );
}

fn permissions_links_and_patterns(runtime: Runtime) {
    let lftp = Lftp::new(need!("lftp"), runtime);
    let server = &lftp.house.server;
    for name in ["a.txt", "b.txt", "c.c", "[a].txt"] {
        fs::write(server.at(name), name).expect("room for a small file");
    }
    let done = lftp
        .say(
            "chmod 600 a.txt\nln -s c.c link\nsite umask 077\nmkdir -f private\nnlist ?.txt\nnlist [a].txt\nget link -o back",
        )
        .ok();
    let mut names: Vec<_> = done.lines().into_iter().skip(1).collect();
    names.sort_unstable();
    assert_eq!(names, ["[a].txt", "a.txt", "b.txt"], "{done:?}");
    let back = fs::read(lftp.house.here.at("back")).expect("the download");
    assert_eq!(back, b"c.c");
    #[cfg(unix)]
    for (name, expected) in [("a.txt", 0o600), ("private", 0o700)] {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(server.at(name)).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{name}");
    }
}

/// ABOR in the middle of a download; the session is used for what comes next.
fn an_abort(runtime: Runtime) {
    let Lftp { program, house } = &Lftp::new(need!("lftp"), runtime);
    let (length, here) = (50 << 20, house.here.at("file"));
    fill(&house.server.at("file"), length, 1);
    let mut lftp = command(program);
    lftp.arg("--norc")
        .current_dir(house.here.path())
        .env("HOME", house.here.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut lftp = lftp.spawn().expect("lftp");
    let mut input = lftp.stdin.take().expect("a pipe");
    // So slowly that it cannot end before it is stopped.
    let begin = format!(
        "{SETTINGS}set net:limit-rate 1000000\ndebug 5\nopen {}\nget file &\n",
        house.server.url("")
    );
    input.write_all(begin.as_bytes()).expect("lftp reads");
    until("some of the file is here", || {
        fs::metadata(&here).ok().filter(|file| file.len() > 0)
    });
    input
        .write_all(b"kill all\ncls\nexit\n")
        .expect("lftp reads");
    drop(input);
    let done = finish(lftp, "lftp").ok();
    let log = &done.stderr;
    assert!(log.contains("---> ABOR"), "{log}");
    assert_eq!(done.stdout.trim(), "file", "{log}");
    // It was the same session that went on.
    assert_eq!(log.matches("---> USER").count(), 1, "{log}");
    assert!(fs::metadata(&here).expect("a part").len() < length);
}
