//! The client against servers that are broken, slow or hostile: each fault is the right error, and none hangs.

use std::net::SocketAddr;
use std::time::Duration;

use ftp_sansio::client::{Violation, Wait};

use super::by_hand::{ByHand, HOUR, unhurried_client};
use super::peer::{Peer, scripted};
use super::site::{LARGE, LONG, arg, client_config, get, pattern, pause, put, secret};
use super::support::{LOCALHOST, accept, read, write_all};
use crate::client::{Client, Config, DataPath, Error, Options};
use crate::runtime::{Listener, Runtime, Stream};

const SHORT: Duration = Duration::from_millis(400);

/// What connecting comes to with a server that says this first and then closes.
async fn greeted<R: Runtime>(runtime: &R, first: &[u8]) -> Result<Client<R>, Error> {
    let script = async |mut peer: Peer<R>| {
        // A client may be gone in the middle of an endless greeting.
        let _ = write_all(&mut peer.stream, first).await;
    };
    scripted(runtime, script, async |at| {
        Client::connect(runtime.clone(), at, client_config(LONG)).await
    })
    .await
}

/// What comes instead of a greeting.
pub async fn greetings_are_checked<R: Runtime>(runtime: R) {
    let none = greeted(&runtime, b"").await;
    assert!(matches!(none, Err(Error::Closed(None))), "{none:?}");
    let half = greeted(&runtime, b"220-Welcome\r\nto").await;
    assert!(matches!(half, Err(Error::Closed(None))), "{half:?}");
    let busy = greeted(&runtime, b"421 Too many.\r\n").await;
    assert!(
        matches!(&busy, Err(error @ Error::Closed(Some(_))) if error.is_retryable()),
        "{busy:?}"
    );
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.9\r\n"[..],
        b"\0\x01\x02\x03\r\n",
        b"22 x\r\n",
    ] {
        let told = greeted(&runtime, garbage).await;
        assert!(
            matches!(told, Err(Error::Protocol(Violation::NotAReply))),
            "{told:?}"
        );
    }
    for endless in [
        [b"x".repeat(1_000_000), b"\r\n".to_vec()].concat(),
        b"220-x\r\n".repeat(500_000),
    ] {
        let told = greeted(&runtime, &endless).await;
        assert!(
            matches!(told, Err(Error::Protocol(Violation::TooLong))),
            "{told:?}"
        );
    }
    let late = greeted(&runtime, b"120 In a minute.\r\n\r\n220 Here.\r\n").await;
    assert_eq!(late.unwrap().greeting().to_string(), "220 Here.");
}

/// A line that never ends is not kept, and is given up when the reply's time is over.
pub async fn an_endless_line_times_out<R: Runtime>(runtime: R) {
    let script = async |mut peer: Peer<R>| {
        while write_all(&mut peer.stream, &[b'2'; 65_536]).await.is_ok() {}
    };
    let reading = async |at| Client::connect(runtime.clone(), at, client_config(SHORT)).await;
    let told = scripted(&runtime, script, reading).await;
    assert!(matches!(told, Err(Error::Timeout(Wait::Reply))), "{told:?}");
}

/// Nobody listens, or nobody speaks.
pub async fn silent_servers_time_out<R: Runtime>(runtime: R) {
    let script = async |mut peer: Peer<R>| peer.outlive().await;
    let silent = async |at| Client::connect(runtime.clone(), at, client_config(SHORT)).await;
    let told = scripted(&runtime, script, silent).await;
    assert!(matches!(told, Err(Error::Timeout(Wait::Reply))), "{told:?}");
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&SocketAddr::new(LOCALHOST, 0).into()).unwrap();
    let at = taken.local_addr().unwrap().as_socket().unwrap();
    let told = silent(at).await;
    assert!(matches!(told, Err(Error::Connect(_))), "{told:?}");
}

/// Runs a script that begins after the login, and an operation of a client that is logged in. The script's peer is held until the
/// client is done.
pub(super) async fn after_login<R: Runtime>(
    runtime: &R,
    config: Config,
    script: impl AsyncFnOnce(&mut Peer<R>),
    operation: impl AsyncFnOnce(&mut Client<R>),
) {
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("USER anna", "331 Password?").await;
        peer.answer("PASS hush", "230 Welcome.").await;
        script(&mut peer).await;
        peer.outlive().await;
    };
    let client = async |at| {
        let mut client = Client::connect(runtime.clone(), at, config).await.unwrap();
        client.login(arg("anna"), secret("hush")).await.unwrap();
        operation(&mut client).await;
    };
    scripted(runtime, script, client).await;
}

/// A reply that is missing, or that nobody asked for, or that may not follow there, ends the session.
pub async fn replies_are_checked<R: Runtime>(runtime: R) {
    let ends = async |reply: &'static str, right: fn(&Error) -> bool| {
        let script = async |peer: &mut Peer<R>| peer.answer("NOOP", reply).await;
        let operation = async |client: &mut Client<R>| {
            let told = client.noop().await.unwrap_err();
            assert!(right(&told), "{told:?} after {reply:?}");
            assert!(!client.is_usable());
            let again = client.noop().await;
            assert!(matches!(again, Err(Error::NotBegun(_))), "{again:?}");
        };
        after_login(&runtime, client_config(LONG), script, operation).await;
    };
    ends("150 Data?", |error| {
        matches!(error, Error::Protocol(Violation::OutOfSequence(_)))
    })
    .await;
    ends("331 Password?", |error| {
        matches!(error, Error::Protocol(Violation::OutOfSequence(_)))
    })
    .await;
    ends("What?", |error| {
        matches!(error, Error::Protocol(Violation::NotAReply))
    })
    .await;
    ends("421 Good night.", |error| {
        matches!(error, Error::Closed(Some(_)))
    })
    .await;
}

/// A server that stops says so behind its 226, and is gone while what it sent is still on its way: the file is whole, and what is asked next is told
/// why there is no more.
pub async fn the_last_word_costs_no_data<R: Runtime>(runtime: R) {
    let content = pattern(300_000);
    let script = async |mut peer: Peer<R>| {
        peer.say("220 Here.").await;
        peer.answer("TYPE I", "200 Yes.").await;
        let mut data = peer.answer_transfer("RETR file", "150 Coming.").await;
        peer.say("226 Done.\r\n421 Good night.").await;
        drop(peer);
        pause(&runtime, Duration::from_millis(50)).await;
        write_all(&mut data, &content).await.unwrap();
    };
    scripted(&runtime, script, async |at| {
        let connected = Client::connect(runtime.clone(), at, client_config(LONG)).await;
        let mut client = connected.unwrap();
        let got = get(&mut client, "file", Options::default()).await;
        assert!(got.unwrap() == content);
        assert!(!client.is_usable());
        let told = client.noop().await.unwrap_err();
        assert!(
            matches!(&told, Error::NotBegun(why) if matches!(**why, Error::Closed(Some(_)))),
            "{told:?}"
        );
    })
    .await;
}

/// A reply that never comes.
pub async fn a_missing_reply_times_out<R: Runtime>(runtime: R) {
    let script = async |peer: &mut Peer<R>| peer.outlive().await;
    let operation = async |client: &mut Client<R>| {
        let told = client.noop().await;
        assert!(matches!(told, Err(Error::Timeout(Wait::Reply))), "{told:?}");
        assert!(!client.is_usable());
    };
    after_login(&runtime, client_config(SHORT), script, operation).await;
}

/// Answers up to a download's 150 and sends half of it; gives the data connection.
async fn half_a_download<R: Runtime>(peer: &mut Peer<R>) -> R::Stream {
    peer.answer("TYPE I", "200 Image.").await;
    let mut data = peer
        .answer_transfer("RETR file", "150 Here it comes.")
        .await;
    write_all(&mut data, b"half").await.unwrap();
    data
}

/// A download that the server breaks off, in whichever way, is not complete.
pub async fn broken_downloads_are_told<R: Runtime>(runtime: R) {
    let config = || client_config(LONG);
    let failed =
        async |client: &mut Client<R>| get(client, "file", Options::default()).await.unwrap_err();

    // The data is reset, and the server says so.
    let script = async |peer: &mut Peer<R>| {
        let mut data = half_a_download(peer).await;
        data.reset_on_drop();
        drop(data);
        peer.say("426 Sorry.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = failed(client).await;
        assert!(matches!(told, Error::Incomplete(Some(_))), "{told:?}");
        client.noop().await.unwrap();
    };
    after_login(&runtime, config(), script, operation).await;

    // The data ends as if it were whole, and only the reply tells.
    let script = async |peer: &mut Peer<R>| {
        drop(half_a_download(peer).await);
        peer.say("451 The disk is broken.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    after_login(&runtime, config(), script, operation).await;

    // The reply tells first, and the data connection stays open, silent.
    let script = async |peer: &mut Peer<R>| {
        let _data = half_a_download(peer).await;
        peer.say("426 Sorry.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    after_login(&runtime, config(), script, operation).await;

    // The data is reset, and yet it is called complete.
    let script = async |peer: &mut Peer<R>| {
        let mut data = half_a_download(peer).await;
        data.reset_on_drop();
        drop(data);
        peer.say("226 Done.").await;
        peer.answer("NOOP", "200 Yes.").await;
    };
    after_login(&runtime, config(), script, operation).await;
}

/// The control connection ends under a download.
pub async fn lost_sessions_are_told<R: Runtime>(runtime: R) {
    let whole = async |peer: &mut Peer<R>| {
        drop(half_a_download(peer).await);
        peer.stream.shutdown().unwrap();
    };
    let cut = async |peer: &mut Peer<R>| {
        half_a_download(peer).await.reset_on_drop();
        peer.stream.shutdown().unwrap();
    };
    let goodbye = async |peer: &mut Peer<R>| {
        let _data = half_a_download(peer).await;
        peer.say("421 Good night.").await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = get(client, "file", Options::default()).await.unwrap_err();
        assert!(matches!(told, Error::Closed(_)), "{told:?}");
        assert!(!client.is_usable());
    };
    after_login(&runtime, client_config(LONG), whole, operation).await;
    after_login(&runtime, client_config(LONG), cut, operation).await;
    after_login(&runtime, client_config(LONG), goodbye, operation).await;
}

/// Data that stands still is given up: the session goes on where the server answers the ABOR, and is over where it does not.
pub async fn stalled_data_times_out<R: Runtime>(runtime: R) {
    let mut config = client_config(LONG);
    config.timeouts.data_progress = SHORT;
    config.timeouts.abort = SHORT;
    let script = async |peer: &mut Peer<R>| {
        let _data = half_a_download(peer).await;
        peer.answer("ABOR", "426 Aborted.").await;
        peer.say("226 Abort done.").await;
        peer.answer("NOOP", "200 Yes.").await;
        peer.answer("PWD", "257 \"/\"").await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = get(client, "file", Options::default()).await.unwrap_err();
        assert!(
            matches!(told, Error::Timeout(Wait::DataProgress)),
            "{told:?}"
        );
        assert_eq!(client.working_folder().await.unwrap(), arg("/"));
    };
    after_login(&runtime, config.clone(), script, operation).await;
    let script = async |peer: &mut Peer<R>| {
        let _data = half_a_download(peer).await;
        peer.outlive().await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = get(client, "file", Options::default()).await.unwrap_err();
        assert!(matches!(told, Error::Timeout(_)), "{told:?}");
        assert!(!client.is_usable());
    };
    after_login(&runtime, config, script, operation).await;
}

/// A data connection that never comes.
pub async fn missing_data_times_out<R: Runtime>(runtime: R) {
    let mut config = client_config(LONG);
    config.timeouts.data_open = SHORT;
    config.data_path = DataPath::Active;
    let script = async |peer: &mut Peer<R>| {
        peer.answer("TYPE I", "200 Image.").await;
        peer.answer("PORT", "200 There.").await;
        peer.answer("RETR file", "150 Here it comes.").await;
        peer.answer("ABOR", "426 Aborted.").await;
        peer.answer("NOOP", "200 Yes.").await;
        // With one reply to the ABOR, the 200 might be a second one; the client makes sure.
        peer.answer("PWD", "257 \"/\"").await;
        peer.answer("PWD", "257 \"/\"").await;
    };
    let operation = async |client: &mut Client<R>| {
        let told = get(client, "file", Options::default()).await.unwrap_err();
        assert!(matches!(told, Error::Timeout(Wait::DataOpen)), "{told:?}");
        assert_eq!(client.working_folder().await.unwrap(), arg("/"));
    };
    after_login(&runtime, config, script, operation).await;
}

/// The host in a 227 is not believed (CVE-2020-8284): the port is sought at the server itself.
pub async fn a_host_in_a_227_is_ignored<R: Runtime>(runtime: R) {
    let mut config = client_config(LONG);
    config.data_path = DataPath::PassiveHostPort;
    let bound = runtime.clone();
    let script = async |peer: &mut Peer<R>| {
        let mut listener = bound.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
        let [high, low] = listener.local_addr().unwrap().port().to_be_bytes();
        peer.answer("TYPE I", "200 Image.").await;
        peer.answer("PASV", &format!("227 There (192,0,2,1,{high},{low})."))
            .await;
        let (mut data, _) = accept(&mut listener).await;
        peer.answer("RETR file", "150 Here it comes.").await;
        write_all(&mut data, b"content").await.unwrap();
        drop(data);
        peer.say("226 Done.").await;
    };
    let operation = async |client: &mut Client<R>| {
        assert_eq!(
            get(client, "file", Options::default()).await.unwrap(),
            b"content"
        );
    };
    after_login(&runtime, config, script, operation).await;
}

/// An upload that the server ends early is not complete, whatever it says of it.
pub async fn refused_uploads_are_told<R: Runtime>(runtime: R) {
    for (reply, code) in [("552 Too much.", "552"), ("226 Enough.", "226")] {
        let script = async |peer: &mut Peer<R>| {
            peer.answer("TYPE I", "200 Image.").await;
            let data = peer.answer_transfer("STOR file", "150 Go on.").await;
            drop(data);
            peer.say(reply).await;
            peer.answer("NOOP", "200 Yes.").await;
        };
        let operation = async |client: &mut Client<R>| {
            let told = put(client, "file", &vec![0; LARGE], Options::default())
                .await
                .unwrap_err();
            assert!(
                matches!(&told, Error::Incomplete(Some(last)) if last.to_string().starts_with(code)),
                "{told:?}"
            );
            client.noop().await.unwrap();
        };
        after_login(&runtime, client_config(LONG), script, operation).await;
    }
}

/// A server that does not know EPSV is asked with PASV, and only once.
pub async fn falls_back_to_pasv<R: Runtime>(runtime: R) {
    let bound = runtime.clone();
    let script = async |peer: &mut Peer<R>| {
        let mut listener = bound.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
        let [high, low] = listener.local_addr().unwrap().port().to_be_bytes();
        let passive = format!("227 There (127,0,0,1,{high},{low}).");
        peer.answer("TYPE I", "200 Image.").await;
        peer.answer("EPSV", "500 What?").await;
        for _ in 0..2 {
            peer.answer("PASV", &passive).await;
            let (mut data, _) = accept(&mut listener).await;
            peer.answer("RETR file", "150 Here it comes.").await;
            write_all(&mut data, b"content").await.unwrap();
            drop(data);
            peer.say("226 Done.").await;
        }
    };
    let operation = async |client: &mut Client<R>| {
        for _ in 0..2 {
            assert_eq!(
                get(client, "file", Options::default()).await.unwrap(),
                b"content"
            );
        }
    };
    after_login(&runtime, client_config(LONG), script, operation).await;
}

/// A server that takes a large upload slowly, and never stands still, is waited for: though all of it was given in one piece, and
/// takes longer than a stall may.
pub async fn slow_servers_are_waited_for<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let mut config = unhurried_client();
    config.timeouts.data_progress = HOUR;
    let script = async |peer: &mut Peer<_>| {
        peer.answer("TYPE I", "200 Image.").await;
        let mut data = peer.answer_transfer("STOR file", "150 Go on.").await;
        let (mut taken, mut buffer) = (0, vec![0; 65_536]);
        for part in 1..=8 {
            while taken < LARGE / 8 * part {
                taken += read(&mut data, &mut buffer).await.unwrap();
            }
            runtime.pass(HOUR / 4 * 3);
        }
        assert_eq!(read(&mut data, &mut buffer).await.unwrap(), 0);
        peer.say("226 Done.").await;
    };
    let operation = async |client: &mut Client<_>| {
        let upload = client.store(arg("file"), Options::default()).await;
        let mut upload = upload.unwrap();
        upload.write(vec![0; LARGE].into()).await.unwrap();
        assert_eq!(upload.finish().await.unwrap().bytes, LARGE as u64);
    };
    after_login(&runtime, config, script, operation).await;
}
