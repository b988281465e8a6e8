//! `-j` with a server that closes the sessions that have nothing to do while another is at work.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use ftp_peers::{Runtime, Scratch, on_both_runtimes, run};

use crate::client;

on_both_runtimes!(
    what_comes_last_goes_over_a_session_that_is_there,
    what_comes_last_goes_over_a_new_session,
);

/// How long a session may have nothing to do.
const IDLE: Duration = Duration::from_millis(500);

/// A server with a file `old`, which takes two uploads at once. The first session's ends when both have begun; the second's when the first
/// session was closed for having nothing to do.
struct Impatient {
    address: SocketAddr,
    deleted: Arc<Mutex<Vec<String>>>,
}

struct Gates {
    both_began: Barrier,
    first_closed: Barrier,
    /// The second is found to be closed too as soon as it is asked.
    is_second_closed: bool,
}

impl Impatient {
    fn new(is_second_closed: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let deleted = Arc::<Mutex<Vec<String>>>::default();
        let (log, gates) = (
            Arc::clone(&deleted),
            Arc::new(Gates {
                both_began: Barrier::new(2),
                first_closed: Barrier::new(2),
                is_second_closed,
            }),
        );
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (log, gates) = (Arc::clone(&log), Arc::clone(&gates));
                thread::spawn(move || serve(&stream, number, &gates, &log));
            }
        });
        Self { address, deleted }
    }
}

fn serve(stream: &TcpStream, number: usize, gates: &Gates, deleted: &Mutex<Vec<String>>) {
    let mut writer = stream;
    let mut say = |text: &str| drop(writer.write_all(format!("{text}\r\n").as_bytes()));
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let mut passive = listen();
    say("220 ready");
    for line in BufReader::new(stream).lines() {
        let line = match line {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                say("421 nothing was said for too long");
                let _ = stream.shutdown(std::net::Shutdown::Both);
                gates.first_closed.wait();
                return;
            }
            Err(_) => return,
            Ok(line) => line,
        };
        match line.split(' ').next() {
            Some("USER") => say("230 welcome"),
            Some("TYPE") => say("200 fine"),
            Some("NOOP") if number == 1 && gates.is_second_closed => {
                return say("421 nothing was said for too long");
            }
            Some("NOOP") => say("200 still here"),
            Some("EPSV") => {
                passive = listen();
                let address = passive.local_addr().expect("a listener has an address");
                say(&format!("229 go on (|||{}|)", address.port()));
            }
            Some("LIST") => {
                say("150 here it comes");
                if let Ok((mut data, _)) = passive.accept() {
                    let _ = data.write_all(b"-rw-r--r-- 1 a a 2 Jan 01 2020 old\r\n");
                }
                say("226 that was all");
            }
            Some("STOR") => {
                say("150 go on");
                if let Ok((data, _)) = passive.accept() {
                    BufReader::new(data).lines().for_each(drop);
                }
                gates.both_began.wait();
                match number {
                    0 => stream.set_read_timeout(Some(IDLE)).expect("a socket"),
                    _ => drop(gates.first_closed.wait()),
                }
                say("226 got it");
            }
            Some("DELE") => {
                deleted.lock().expect("no test panics with it").push(line);
                say("250 gone");
            }
            Some("QUIT") => return say("221 bye"),
            _ => say("502 not here"),
        }
    }
}

fn what_comes_last(runtime: Runtime, is_second_closed: bool) {
    let (server, here) = (Impatient::new(is_second_closed), Scratch::new());
    let folder = here.folder("site");
    for name in ["a", "b"] {
        fs::write(folder.join(name), "content").expect("room for a small file");
    }
    let url = format!("ftp://{}/", server.address);
    let words = ["--timeout", "20", "-j2", "sync", "--delete", "site", &url];
    run(client(runtime, &words).current_dir(here.path())).ok();
    let deleted = server.deleted.lock().expect("no test panics with it");
    assert_eq!(*deleted, ["DELE old"]);
}

fn what_comes_last_goes_over_a_session_that_is_there(runtime: Runtime) {
    what_comes_last(runtime, false);
}

fn what_comes_last_goes_over_a_new_session(runtime: Runtime) {
    what_comes_last(runtime, true);
}
