//! The shell as a person meets it: in a pseudo-terminal, against our server, by each family of words; and from a pipe.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use ftp_peers::{Runtime, Scratch, Server, assert_same, command, fill, names_in, on_both_runtimes};
use ftp_peers::{ours, own_ip, run_fed, sibling};
use rexpect::process::WaitStatus;
use rexpect::session::{Options, PtySession, spawn_with_options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ftp-client");
const PROMPT: &str = "ftp> ";
/// How long an answer may take, in milliseconds: far more than any does.
const PATIENCE: u64 = 20_000;

on_both_runtimes!(
    short_words,
    words_of_the_protocol,
    words_of_a_unix_shell,
    long_words,
    anonymous_at_once,
    two_users_in_turn,
    a_server_that_goes_away,
    keys,
    lines_ahead,
    a_pipe,
    words_about_files,
);

/// Our server beside the client. `cargo test --workspace` has built it; a test of this package alone has not.
fn our_server() -> Option<PathBuf> {
    static BUILT: Once = Once::new();
    let program = Path::new(PROGRAM);
    BUILT.call_once(|| {
        if !program.with_file_name("ftp-server").is_file() {
            build_server(program);
        }
    });
    sibling(program, "ftp-server")
}

/// Builds it in the profile and the folder that the client was built in. Should that fail, `sibling` says what is missing.
fn build_server(program: &Path) {
    let mut places = program.ancestors().skip(1);
    let (Some(profile), Some(target)) = (places.next(), places.next()) else {
        return;
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "ftp-server"]);
    cargo.arg("--target-dir").arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let _ = cargo.status();
}

fn client(here: &Path, runtime: Runtime) -> Command {
    let mut client = command(Path::new(PROGRAM));
    client.args(["shell", "--runtime", runtime.name()]);
    client.current_dir(here).env("TERM", "xterm");
    client
}

/// A person at a terminal.
struct Person(PtySession);

impl Person {
    fn sits_down(here: &Path, runtime: Runtime) -> Self {
        let options = Options::new()
            .timeout_ms(Some(PATIENCE))
            .strip_ansi_escape_codes(true);
        let session = spawn_with_options(client(here, runtime), options).expect("a terminal");
        let mut person = Self(session);
        person.reads(PROMPT);
        person
    }

    /// Waits for a text; gives what came before it.
    #[track_caller]
    fn reads(&mut self, text: &str) -> String {
        match self.0.exp_string(text) {
            Ok(before) => before,
            Err(error) => panic!("wanted {text:?}: {error}"),
        }
    }

    /// Types a line, and waits for an answer that holds `text`, and for the next prompt. Gives all that was shown.
    #[track_caller]
    fn types(&mut self, line: &str, text: &str) -> String {
        self.0
            .send_line(line)
            .expect("a terminal that takes a line");
        let before = self.reads(text);
        let after = self.reads(PROMPT);
        format!("{before}{text}{after}")
    }

    /// Leaves by this word, and sees the program end well.
    #[track_caller]
    fn leaves(mut self, word: &str) {
        self.0
            .send_line(word)
            .expect("a terminal that takes a line");
        self.0.exp_eof().expect("an end");
        let status = self.0.process().wait().expect("a process to wait for");
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    }
}

/// Words for the same things.
struct Family {
    connect: &'static str,
    upload: &'static str,
    download: &'static str,
    list: &'static str,
    delete: &'static str,
    enter: &'static str,
    make: &'static str,
    remove: &'static str,
    quit: &'static str,
    /// How a name with a space is written after them.
    name: &'static str,
}

const SHORT: Family = Family {
    connect: "CONN",
    upload: "UPLD",
    download: "DWLD",
    list: "LIST",
    delete: "DELF",
    enter: "CWD",
    make: "MKD",
    remove: "RMD",
    quit: "QUIT",
    name: "two words",
};

fn short_words(runtime: Runtime) {
    a_day(&SHORT, runtime);
}

fn words_of_the_protocol(runtime: Runtime) {
    let family = Family {
        connect: "connect",
        upload: "stor",
        download: "Retr",
        list: "list",
        delete: "DELE",
        quit: "exit",
        ..SHORT
    };
    a_day(&family, runtime);
}

fn words_of_a_unix_shell(runtime: Runtime) {
    let family = Family {
        connect: "CONNECT",
        upload: "put",
        download: "get",
        list: "ls",
        delete: "rm",
        enter: "cd",
        make: "mkdir",
        remove: "rmdir",
        quit: "bye",
        name: "'two words'",
    };
    a_day(&family, runtime);
}

fn long_words(runtime: Runtime) {
    let family = Family {
        connect: "CONNECT",
        upload: "STORE",
        download: "RETRIEVE",
        ..SHORT
    };
    a_day(&family, runtime);
    let family = Family {
        upload: "upload",
        download: "DOWNLOAD",
        list: "LS",
        delete: "RM",
        name: "two\\ words",
        ..SHORT
    };
    // Capital words take the rest of the line as it stands, whatever their case; the others take shell quoting.
    a_day(
        &Family {
            make: "mkdir",
            enter: "cd",
            remove: "rmdir",
            ..family
        },
        runtime,
    );
}

/// Connect, log in, list, upload, download, delete, a missing file, help, quit.
fn a_day(family: &Family, runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let server = Server::ours(&program, &here.folder("root"), runtime);
    let port = server.address().port();
    let mut person = Person::sits_down(here.path(), runtime);
    let Family { name, .. } = family;

    person.types(
        family.list,
        "only USER, PASS, HELP, CONN and QUIT do anything",
    );
    person.types(
        &format!("{} 127.0.0.1 {port}", family.connect),
        "USER and PASS are wanted",
    );
    person.types(
        family.list,
        "only USER, PASS, HELP, CONN and QUIT do anything",
    );
    person.types("USER alice", "PASS is wanted");
    let shown = person.types("PASS secret", "logged in as alice");
    assert!(
        !shown.contains("secret"),
        "a password is never shown: {shown}"
    );

    person.types(&format!("{} {name}", family.make), "two words");
    person.types(&format!("{} {name}", family.enter), "/two words");
    assert_eq!(names_in(&server.root), ["two words"]);
    fill(&here.at("two words"), 100_001, 1);
    fs::copy(here.at("two words"), here.at("kept")).expect("room for a copy");
    person.types(
        &format!("{} {name}", family.upload),
        "stored two words (100001 bytes)",
    );
    assert_same(&here.at("kept"), &server.at("two words/two words"));
    person.types(family.list, "100001");

    person.types(
        &format!("{} nothing", family.upload),
        "there is no local file nothing",
    );
    person.types(
        &format!("{} nothing", family.download),
        "there is no remote file nothing",
    );
    person.types(
        &format!("{} nothing", family.delete),
        "there is no remote file nothing",
    );
    assert!(!here.at("nothing").exists());

    fs::remove_file(here.at("two words")).expect("a file that can be removed");
    person.types(
        &format!("{} {name}", family.download),
        "saved two words (100001 bytes)",
    );
    assert_same(&here.at("kept"), &here.at("two words"));
    person.types(&format!("{} {name}", family.delete), "deleted two words");
    assert_eq!(names_in(&server.at("two words")), [""; 0]);
    person.types("PASV", "passive mode");
    person.types("PWD", "/two words");
    person.types("CDUP", "/");
    person.types(
        &format!("{} {name}", family.remove),
        "removed the folder two words",
    );
    assert_eq!(names_in(&server.root), [""; 0]);

    let help = person.types("HELP", "CONN");
    assert!(
        help.contains("UPLD") && help.contains("DWLD") && help.contains("QUIT"),
        "{help}"
    );
    person.types(&format!("help {}", family.upload), "send a local file");
    person.types("frobnicate", "is no word of this shell");
    person.leaves(family.quit);
}

fn anonymous_at_once(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let root = here.folder("root");
    fill(&root.join("file"), 1000, 1);
    let server = Server::start(
        ours(&program, &root, runtime).args(["--anonymous", "ro"]),
        &root,
    );
    let port = server.address().port();
    let mut person = Person::sits_down(here.path(), runtime);
    person.types(&format!("CONN 127.0.0.1 {port}"), "logged in as anonymous");
    person.types("LIST", "file");
    person.types("DWLD file", "saved file (1000 bytes)");
    // The server's own words, which say how one may write.
    let shown = person.types("UPLD file", "does not take file: the server says 5");
    assert_eq!(names_in(&root), ["file"], "{shown}");
    person.leaves("QUIT");
}

fn two_users_in_turn(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let server = Server::ours(&program, &here.folder("root"), runtime);
    let port = server.address().port();
    fill(&here.at("file"), 1000, 1);
    let mut person = Person::sits_down(here.path(), runtime);
    person.types("PASS x", "USER comes first");
    // Before there is a server, USER and PASS are kept for it.
    person.types("USER bob", "PASS is wanted");
    person.types("PASS look", "CONN connects and logs in");
    person.types(&format!("conn 127.0.0.1 {port}"), "logged in as bob");
    person.types("put file", "does not take file: the server says 5");
    person.types("USER alice", "PASS is wanted");
    person.types("put file", "not logged in");
    person.types("PASS wrong", "the login was refused: 530");
    person.types("PASS secret", "logged in as alice");
    person.types("put file", "stored file");
    assert_same(&here.at("file"), &server.at("file"));
    person.leaves("exit");
}

fn a_server_that_goes_away(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let (root, ip) = (here.folder("root"), own_ip(runtime));
    let mut command = command(&program);
    command.args(["--listen", &format!("{ip}:0"), "--user", "alice:secret"]);
    command
        .args(["--runtime", runtime.name(), "--root"])
        .arg(&root);
    let mut server = Server::start(&mut command, &root);
    let port = server.address().port();
    let mut person = Person::sits_down(here.path(), runtime);
    person.types(&format!("CONN {ip} {port}"), "USER and PASS are wanted");
    person.types("USER alice", "PASS is wanted");
    person.types("PASS secret", "logged in as alice");
    server.daemon.kill();
    person.types("LIST", "the connection is closed; CONN connects again");
    person.types("LIST", "not connected");
    person.types(&format!("CONN {ip} {port}"), "could not connect");
    person.leaves("QUIT");
}

/// Completion, history, Ctrl-C and Ctrl-D.
fn keys(runtime: Runtime) {
    let here = Scratch::new();
    let mut person = Person::sits_down(here.path(), runtime);
    person.types("DWL\t x", "not connected");
    person.0.send("half a li").expect("a terminal");
    person.0.flush().expect("a terminal");
    person.reads("half a li");
    person.0.send_control('c').expect("a terminal");
    person.reads(PROMPT);
    // The line before the last, by the key that goes up.
    person.types("help mkd", "make a remote folder");
    person.types("\x1b[A", "make a remote folder");
    person.0.send_control('d').expect("a terminal");
    person.0.exp_eof().expect("an end");
    let status = person.0.process().wait().expect("a process to wait for");
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

/// What is typed while the shell is busy is carried out in its turn, all of it.
fn lines_ahead(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let server = Server::ours(&program, &here.folder("root"), runtime);
    let port = server.address().port();
    fill(&here.at("file"), 1000, 1);
    let mut person = Person::sits_down(here.path(), runtime);
    let lines = format!("CONN 127.0.0.1 {port}\nUSER alice\nPASS secret\nUPLD file\nLIST\n");
    person.0.send(&lines).expect("a terminal");
    person.0.flush().expect("a terminal");
    person.reads("USER and PASS are wanted");
    person.reads("PASS is wanted");
    person.reads("logged in as alice");
    person.reads("stored file (1000 bytes)");
    person.reads(" file");
    person.reads(PROMPT);
    assert_same(&here.at("file"), &server.at("file"));
    person.leaves("QUIT");
}

/// From a pipe: no prompt, one answer a command on stdout, and the end of the input ends it.
fn a_pipe(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let server = Server::ours(&program, &here.folder("root"), runtime);
    let port = server.address().port();
    fill(&here.at("file"), 1000, 1);
    let lines = format!(
        "USER alice\r\nPASS secret\r\nCONN 127.0.0.1 {port}\r\nUPLD file\r\nLIST\r\nDWLD none\r\nls"
    );
    let done = run_fed(&mut client(here.path(), runtime), lines.as_bytes()).ok();
    assert!(
        done.stderr.is_empty() && !done.stdout.contains(PROMPT),
        "{done:?}"
    );
    assert!(!done.stdout.contains("secret"), "{done:?}");
    let listed = done
        .lines()
        .into_iter()
        .filter(|line| line.ends_with(" file"));
    assert_eq!(listed.count(), 2, "{done:?}");
    assert!(
        done.stdout.contains("there is no remote file none"),
        "{done:?}"
    );
    assert_same(&here.at("file"), &server.at("file"));
}

fn words_about_files(runtime: Runtime) {
    let here = Scratch::new();
    let Some(program) = our_server() else { return };
    let server = Server::ours(&program, &here.folder("root"), runtime);
    fs::create_dir(server.at("a folder")).expect("a folder");
    fill(&server.at("a folder/two words"), 1000, 1);
    let lines = format!(
        "USER alice\nPASS secret\nCONN 127.0.0.1 {}\ncd 'a folder'\n\
         stat 'two words'\nchmod 604 'two words'\nSITE CHMOD 600 two words\nraw SIZE none\nquote NOOP\n\
         touch new\ndu\ndu -sh ..\nraw RETR two words\nchmod u+x new\nsite\nPWD\n",
        server.address().port()
    );
    let done = run_fed(&mut client(here.path(), runtime), lines.as_bytes()).ok();
    assert!(done.stderr.is_empty(), "{done:?}");
    for text in [
        " two words\n    type=file\n",
        "two words has the permissions 604\n",
        "\n200 ",
        "\n550 ",
        "touched new\n",
        "1000\t.\n1000\t..\n",
        "RETR two words is not sent: it moves data",
        "permissions are octal digits",
        "it goes like this: SITE COMMAND\n/a folder\n",
    ] {
        assert!(done.stdout.contains(text), "{text:?} is missing: {done:?}");
    }
    assert_eq!(names_in(&server.at("a folder")), ["new", "two words"]);
}
