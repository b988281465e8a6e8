//! curl as the client.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use ftp_peers::{
    Done, NAMES, Runtime, SIZES, assert_same, command, fill, half_of, names_in, need,
    on_both_runtimes, ours, run, skip_without_ipv6,
};

use crate::{House, PROGRAM};

on_both_runtimes!(
    every_size_both_ways,
    every_kind_of_data_connection,
    ipv6,
    resume_a_download,
    resume_an_upload,
    append,
    odd_names,
    lists,
    rename_delete_and_folders,
    size_and_time,
    every_way_to_change_folders,
    digests_times_and_copies,
    a_reader_cannot_write,
    a_wrong_password,
);

struct Curl {
    program: PathBuf,
    house: House,
}

impl Curl {
    fn new(program: PathBuf, runtime: Runtime) -> Self {
        Self {
            program,
            house: House::new(runtime),
        }
    }

    fn command(&self) -> Command {
        let mut curl = command(&self.program);
        curl.args([
            "--silent",
            "--show-error",
            "--globoff",
            "--max-time",
            "60",
            "--disable",
        ]);
        curl
    }

    fn run(&self, options: &[&str], url: &str) -> Done {
        run(self.command().args(options).arg(url))
    }

    fn put(&self, options: &[&str], local: &Path, url: &str) -> Done {
        run(self
            .command()
            .args(options)
            .arg("--upload-file")
            .arg(local)
            .arg(url))
    }

    fn get(&self, options: &[&str], url: &str, local: &Path) -> Done {
        run(self
            .command()
            .args(options)
            .arg("--output")
            .arg(local)
            .arg(url))
    }

    /// Puts a file and gets it back; both have to be what it was.
    fn there_and_back(&self, options: &[&str], length: u64, url: &str) {
        let (sent, back) = (self.house.here.at("sent"), self.house.here.at("back"));
        fill(&sent, length, 1);
        self.put(options, &sent, url).ok();
        assert_same(&sent, &self.house.server.at("file"));
        // curl makes no file at all out of an empty one.
        fill(&back, 0, 0);
        self.get(options, url, &back).ok();
        assert_same(&sent, &back);
    }
}

fn every_size_both_ways(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    for size in SIZES {
        curl.there_and_back(&[], size, &curl.house.server.url("file"));
    }
    assert_eq!(names_in(&curl.house.server.root), ["file"]);
}

fn every_kind_of_data_connection(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let kinds: [&[&str]; 4] = [
        &[],
        &["--disable-epsv"],
        &["--ftp-port", "-"],
        &["--ftp-port", "-", "--disable-eprt"],
    ];
    for kind in kinds {
        curl.there_and_back(kind, (64 << 10) + 1, &curl.house.server.url("file"));
    }
}

fn ipv6(runtime: Runtime) {
    if skip_without_ipv6() {
        return;
    }
    let curl = Curl::new(need!("curl"), runtime);
    for kind in [&[][..], &["--ftp-port", "-"]] {
        curl.there_and_back(kind, (64 << 10) + 1, &curl.house.server.url_v6("file"));
    }
}

fn resume_a_download(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let (whole, part) = (curl.house.server.at("file"), curl.house.here.at("part"));
    fill(&whole, 3_000_001, 2);
    half_of(&whole, &part);
    curl.get(
        &["--continue-at", "-"],
        &curl.house.server.url("file"),
        &part,
    )
    .ok();
    assert_same(&whole, &part);
}

fn resume_an_upload(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let (whole, part) = (curl.house.here.at("whole"), curl.house.server.at("file"));
    fill(&whole, 3_000_001, 3);
    half_of(&whole, &part);
    curl.put(
        &["--continue-at", "-"],
        &whole,
        &curl.house.server.url("file"),
    )
    .ok();
    assert_same(&whole, &part);
}

fn append(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let more = curl.house.here.at("more");
    for text in ["one", "two"] {
        fs::write(&more, text).expect("room for a small file");
        curl.put(&["--append"], &more, &curl.house.server.url("log"))
            .ok();
    }
    assert_eq!(
        fs::read(curl.house.server.at("log")).expect("the file"),
        b"onetwo"
    );
}

fn odd_names(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let (sent, back) = (curl.house.here.at("sent"), curl.house.here.at("back"));
    for (seed, name) in NAMES.iter().enumerate() {
        fill(&sent, 1000, seed as u64);
        curl.put(&[], &sent, &curl.house.server.url(name)).ok();
        assert_same(&sent, &curl.house.server.at(name));
        curl.get(&[], &curl.house.server.url(name), &back).ok();
        assert_same(&sent, &back);
    }
    let listed = curl.run(&["--list-only"], &curl.house.server.url("")).ok();
    let mut listed = listed.lines();
    listed.sort_unstable();
    assert_eq!(listed, names_in(&curl.house.server.root));
}

fn lists(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let server = &curl.house.server;
    assert_eq!(
        curl.run(&[], &server.url("")).ok().stdout,
        "",
        "an empty folder"
    );
    fs::create_dir(server.at("folder")).expect("a folder");
    fill(&server.at("file"), 12_345, 0);
    fill(&server.at("folder/within"), 1, 0);

    let names = curl.run(&["--list-only"], &server.url("")).ok();
    let mut names = names.lines();
    names.sort_unstable();
    assert_eq!(names, ["file", "folder"]);
    assert_eq!(
        curl.run(&["--list-only"], &server.url("folder/"))
            .ok()
            .lines(),
        ["within"]
    );

    let long = curl.run(&[], &server.url("")).ok();
    let line = |name: &str| {
        long.lines()
            .into_iter()
            .find(|line| line.ends_with(name))
            .map(str::to_owned)
    };
    let file = line(" file").expect("the file's line");
    assert!(
        file.starts_with("-rw") && file.contains(" 12345 "),
        "{file}"
    );
    assert!(
        line(" folder")
            .expect("the folder's line")
            .starts_with("drwx")
    );
    assert_eq!(long.lines().len(), 2, "{}", long.stdout);
}

fn rename_delete_and_folders(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let server = &curl.house.server;
    let say = |line: &str| curl.run(&["--list-only", "--quote", line], &server.url(""));
    fill(&server.at("old name"), 100, 4);
    run(curl.command().args([
        "--quote",
        "RNFR old name",
        "--quote",
        "RNTO new name",
        "--list-only",
        &server.url(""),
    ]))
    .ok();
    assert_eq!(names_in(&server.root), ["new name"]);
    say("DELE new name").ok();
    assert_eq!(names_in(&server.root), [""; 0]);
    say("MKD a b").ok();
    assert!(server.at("a b").is_dir());
    say("RMD a b").ok();
    assert_eq!(names_in(&server.root), [""; 0]);
    // 21 is curl's "a quoted command was refused".
    for refused in ["DELE none", "RMD none", "RNFR none", "CWD none"] {
        say(refused).exits(21);
    }
    // 78 is its "the file does not exist".
    curl.run(&[], &server.url("none")).exits(78);
}

fn size_and_time(runtime: Runtime) {
    let program = need!("curl");
    let here = ftp_peers::Scratch::new();
    let root = here.folder("root");
    // A server far from Greenwich, so that local time is noticed where RFC 3659 wants UTC.
    let mut command = ours(Path::new(PROGRAM), &root, runtime);
    let server = ftp_peers::Server::start(command.env("TZ", "Asia/Kolkata"), &root);
    let curl = Curl {
        program,
        house: House { server, here },
    };
    let file = curl.house.server.at("file");
    fill(&file, 3_000_000_017 % 70_001, 5);
    // 2001-09-09 01:46:40 UTC
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options()
        .write(true)
        .open(&file)
        .and_then(|file| file.set_modified(time))
        .expect("a time can be set");

    let head = curl
        .run(&["--head"], &curl.house.server.url("file"))
        .ok()
        .stdout;
    let length = fs::metadata(&file).expect("the file").len();
    assert!(
        head.contains(&format!("Content-Length: {length}\r\n")),
        "{head}"
    );
    assert!(
        head.contains("Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n"),
        "{head}"
    );
}

fn every_way_to_change_folders(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let (sent, back) = (curl.house.here.at("sent"), curl.house.here.at("back"));
    for method in ["multicwd", "singlecwd", "nocwd"] {
        let name = format!("{method}/deep ü/deeper/file");
        fill(&sent, 5000, 6);
        let url = curl.house.server.url(&name);
        curl.put(
            &["--ftp-create-dirs", "--ftp-method", "multicwd"],
            &sent,
            &url,
        )
        .ok();
        assert_same(&sent, &curl.house.server.at(&name));
        curl.get(&["--ftp-method", method], &url, &back).ok();
        assert_same(&sent, &back);
    }
}

/// What curl itself has no word for goes by `--quote`: any reply of 400 and more would end it with 21.
fn digests_times_and_copies(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let server = &curl.house.server;
    fs::write(server.at("digits"), "123456789").expect("room for a small file");
    fs::write(server.at("part"), "0").expect("room for a small file");
    let mut options = vec!["--list-only", "--verbose"];
    for line in [
        "OPTS HASH MD5",
        "HASH digits",
        "XCRC digits",
        "XSHA512 \"digits\" 0 9",
        "MFMT 20200102030405 digits",
        "SITE UTIME 202001020304 part",
        "SITE CHMOD 600 part",
        "SITE CPFR digits",
        "SITE CPTO copy",
        "SITE MKDIR -p a/b/c",
        "SITE SYMLINK ../../digits a/b/link",
        "COMB copy part",
        "AVBL",
    ] {
        options.extend(["--quote", line]);
    }
    let done = curl.run(&options, &server.url("")).ok();
    for said in [
        "213 MD5 0-8 25f9e794323b453885f5181f1b624d0b digits",
        "250 cbf43926",
        "213 Modify=20200102030405; digits",
    ] {
        assert!(done.stderr.contains(said), "{said}: {done:?}");
    }
    let copy = fs::read(server.at("copy")).expect("the copy");
    assert_eq!(copy, b"1234567890");
    let linked = fs::read(server.at("a/b/link")).expect("what the link leads to");
    assert_eq!(linked, b"123456789");
    let modified = fs::metadata(server.at("digits")).and_then(|metadata| metadata.modified());
    let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_934_245);
    assert_eq!(modified.expect("a time"), expected);
    curl.run(
        &["--quote", "SITE SYMLINK ../../etc/passwd out"],
        &server.url(""),
    )
    .exits(21);
    curl.run(&["--quote", "SITE RMDIR -r a"], &server.url(""))
        .ok();
    assert_eq!(names_in(&server.root), ["copy", "digits"]);
}

fn a_reader_cannot_write(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    let (old, new, back) = (
        curl.house.server.at("file"),
        curl.house.here.at("new"),
        curl.house.here.at("back"),
    );
    fill(&old, 10_000, 7);
    fill(&new, 10_000, 8);
    let url = curl
        .house
        .server
        .url("file")
        .replace("alice:secret", "bob:look");
    curl.get(&[], &url, &back).ok();
    assert_same(&old, &back);
    // 25 is curl's "the upload was refused".
    curl.put(&[], &new, &url).exits(25);
    curl.put(&["--append"], &new, &url).exits(25);
    for line in [
        "DELE file",
        "MKD folder",
        "RNFR file",
        "MFMT 20200102030405 file",
        "SITE CHMOD 777 file",
        "SITE COPY file copy",
        "COMB file file2",
    ] {
        curl.run(
            &["--list-only", "--quote", line],
            &url.replace("/file", "/"),
        )
        .exits(21);
    }
    assert_same(&old, &back);
    assert_eq!(names_in(&curl.house.server.root), ["file"]);
}

fn a_wrong_password(runtime: Runtime) {
    let curl = Curl::new(need!("curl"), runtime);
    // 67 is curl's "the login was refused". Anonymous has no business here either.
    for login in ["alice:wrong", "nobody:secret", "anonymous:me"] {
        let url = curl.house.server.url("").replace("alice:secret", login);
        curl.run(&[], &url).exits(67);
    }
    curl.run(&[], &curl.house.server.url("")).ok();
}
