//! Each server over `[::1]`, in both modes: EPSV and EPRT.

use ftp_peers::{
    Pyftpdlib, Runtime, Scratch, Server, assert_same, fill, on_both_runtimes, run,
    skip_without_ipv6,
};

use crate::{client, our_server};

on_both_runtimes!(ours, vsftpd, proftpd, pyftpdlib);

fn there_and_back(here: &Scratch, server: &Server, runtime: Runtime) {
    let (sent, back) = (here.at("sent"), here.at("back"));
    let words = |words: &[&str]| run(client(runtime, words).current_dir(here.path())).ok();
    for (seed, mode) in [&[][..], &["--active"]].into_iter().enumerate() {
        fill(&sent, (64 << 10) + 1, seed as u64);
        words(&[&["put"], mode, &["sent", &server.url_v6("two words")]].concat());
        assert_same(&sent, &server.at("two words"));
        words(&[&["get"], mode, &[&server.url_v6("two words"), "back"]].concat());
        assert_same(&sent, &back);
        assert_eq!(
            words(&[&["ls"], mode, &[server.url_v6("").as_str()]].concat()).lines(),
            ["two words"]
        );
    }
}

fn on(runtime: Runtime, start: impl FnOnce(&Scratch) -> Option<Server>) {
    if skip_without_ipv6() {
        return;
    }
    let here = Scratch::new();
    if let Some(server) = start(&here) {
        there_and_back(&here, &server, runtime);
    }
}

fn ours(runtime: Runtime) {
    on(runtime, |here| {
        Some(Server::ours(&our_server()?, &here.folder("root"), runtime))
    });
}

fn vsftpd(runtime: Runtime) {
    on(runtime, |here| {
        Server::vsftpd(here.path(), &here.folder("root"), true)
    });
}

fn proftpd(runtime: Runtime) {
    on(runtime, |here| {
        Server::proftpd(here.path(), &here.folder("root"), true)
    });
}

fn pyftpdlib(runtime: Runtime) {
    on(runtime, |here| {
        Pyftpdlib {
            ipv6: true,
            ..Pyftpdlib::default()
        }
        .start(&here.folder("root"))
    });
}
