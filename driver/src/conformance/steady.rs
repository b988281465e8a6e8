//! A client that connects again: what it repeats, what it does not, and in which state it goes on.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use ftp_sansio::client::Credentials;

use super::peer::Peer;
use super::site::{ANNA, LONG, arg, client_config, pause, secret};
use super::support::{LOCALHOST, accept, beside, read_to_end, write_all};
use crate::client::{Backoff, Error, Options, Reconnect, Repeat, Site, Steady};
use crate::runtime::{Listener, Runtime, Stream};

const QUICK: Backoff = Backoff {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(20),
};

const TWICE: Reconnect = Reconnect::Times {
    times: 2,
    backoff: QUICK,
};

/// A server that takes a login and then follows a script, for each connection the next number; and what a client does with it. How many connections there
/// were is told, too.
async fn sessions<R: Runtime, T>(
    runtime: &R,
    policy: Reconnect,
    script: impl AsyncFn(usize, &mut Peer<R>),
    client: impl AsyncFnOnce(Steady<R>) -> T,
) -> (T, usize) {
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let mut site = Site::new(listener.local_addr().unwrap());
    site.config = client_config(LONG);
    site.config.pipelining = false;
    site.credentials = Some(Credentials {
        user: arg(ANNA.0),
        password: secret(ANNA.1),
        account: None,
    });
    let mut connections = 0;
    let server = async {
        loop {
            let (stream, _) = accept(&mut listener).await;
            let mut peer = Peer::of(runtime, stream);
            peer.say("220 Here.").await;
            peer.answer("USER anna", "331 Password?").await;
            peer.answer("PASS hush", "230 Welcome.").await;
            connections += 1;
            script(connections, &mut peer).await;
        }
    };
    let done = beside(client(Steady::new(runtime.clone(), site, policy)), server).await;
    (done, connections)
}

/// What only asks is asked again, in the folder where the lost session was.
pub async fn questions_are_repeated<R: Runtime>(runtime: R) {
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            peer.answer("CWD pub", "250 There.").await;
            peer.answer("PWD", "257 \"/home/pub\" it is.").await;
            peer.answer("TYPE I", "200 Yes.").await;
            // And gone.
            peer.line().await.unwrap();
            return;
        }
        peer.answer("CWD /home/pub", "250 There.").await;
        peer.answer("TYPE I", "200 Yes.").await;
        peer.answer("SIZE file", "213 7").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        steady.change_folder(arg("pub")).await.unwrap();
        steady.size(arg("file")).await
    };
    let (size, connections) = sessions(&runtime, TWICE, script, client).await;
    assert_eq!((size.unwrap(), connections), (7, 2));
}

/// What may have happened is not done again; neither is what was refused.
pub async fn changes_are_not<R: Runtime>(runtime: R) {
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            peer.answer("DELE", "450 Later.").await;
            peer.line().await.unwrap();
            return;
        }
        peer.answer("NOOP", "200 Yes.").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        let refused = steady.delete(arg("file")).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
        let lost = steady.delete(arg("file")).await.unwrap_err();
        assert!(
            lost.may_have_applied() && !lost.connection_usable(),
            "{lost:?}"
        );
        // What is asked next is asked of a new session.
        let noop = steady.run(Repeat::UnlessApplied, async |client| client.noop().await);
        noop.await.unwrap();
    };
    let ((), connections) = sessions(&runtime, TWICE, script, client).await;
    assert_eq!(connections, 2);
}

/// What finds the session over before it begins is done on a new one, even if it may be done only once.
pub async fn what_was_not_begun_is_repeated<R: Runtime>(runtime: R) {
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            peer.answer("NOOP", "421 Good night.").await;
            return;
        }
        peer.answer("DELE", "250 Gone.").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        let mut first = true;
        let delete = steady.run(Repeat::UnlessApplied, async |client| {
            if std::mem::take(&mut first) {
                let told = client.noop().await;
                assert!(matches!(told, Err(Error::Closed(_))), "{told:?}");
            }
            client.delete(arg("file")).await
        });
        delete.await.unwrap();
    };
    let ((), connections) = sessions(&runtime, TWICE, script, client).await;
    assert_eq!(connections, 2);
}

/// What went well is not done again because the session ended behind it, before it could be asked where it is, or would not tell.
pub async fn what_went_well_is_not_repeated<R: Runtime>(runtime: R) {
    for lives in [false, true] {
        went_well(&runtime, lives).await;
    }
}

async fn went_well<R: Runtime>(runtime: &R, lives: bool) {
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            peer.answer("CWD pub", "250 There.").await;
            peer.answer("TYPE I", "200 Yes.").await;
            let mut data = peer.answer_transfer("APPE log", "150 Send it.").await;
            assert_eq!(read_to_end(&mut data).await.unwrap(), b"line");
            if lives {
                peer.say("226 Got it.").await;
                peer.answer("PWD", "450 Later.").await;
                return peer.outlive().await;
            }
            return peer.say("226 Got it.\r\n421 Good night.").await;
        }
        // In the folder where the new session is: nobody knows where the old one was.
        peer.answer("NOOP", "200 Yes.").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        let mut times = 0;
        let done = steady.run(Repeat::UnlessApplied, async |client| {
            times += 1;
            client.change_folder(arg("pub")).await?;
            let mut upload = client.append(arg("log"), Options::default()).await?;
            upload.write(Bytes::from_static(b"line")).await?;
            upload.finish().await
        });
        let told = done.await.unwrap_err();
        assert!(told.may_have_applied(), "{told:?}");
        assert_eq!(times, 1, "it was done once, and well");
        let noop = steady.run(Repeat::UnlessApplied, async |client| client.noop().await);
        noop.await.unwrap();
    };
    let ((), connections) = sessions(runtime, TWICE, script, client).await;
    assert_eq!(connections, 2);
}

/// Without a policy nothing is repeated, not even a question.
pub async fn the_default_is_never<R: Runtime>(runtime: R) {
    let script = async |_: usize, peer: &mut Peer<R>| drop(peer.line().await);
    let client = async |mut steady: Steady<R>| steady.working_folder().await.unwrap_err();
    let (told, connections) = sessions(&runtime, Reconnect::default(), script, client).await;
    assert!(matches!(told, Error::Closed(None)), "{told:?}");
    assert_eq!(connections, 1);
}

/// So many times, and then the last error; a login that is refused for good is not tried again.
pub async fn attempts_end<R: Runtime>(runtime: R) {
    let script = async |_: usize, peer: &mut Peer<R>| drop(peer.line().await);
    let client = async |mut steady: Steady<R>| steady.working_folder().await.unwrap_err();
    let (told, connections) = sessions(&runtime, TWICE, script, client).await;
    assert!(matches!(told, Error::Closed(None)), "{told:?}");
    assert_eq!(connections, 3);
    let mut listener = runtime.listen(SocketAddr::new(LOCALHOST, 0)).unwrap();
    let mut site = Site::new(listener.local_addr().unwrap());
    site.config = client_config(LONG);
    site.credentials = Some(Credentials {
        user: arg("eve"),
        password: secret("guess"),
        account: None,
    });
    let mut connections = 0;
    let server = async {
        loop {
            let mut peer = Peer::of(&runtime, accept(&mut listener).await.0);
            connections += 1;
            peer.say("220 Here.").await;
            peer.answer("USER", "331 Password?").await;
            peer.answer("PASS", "530 No.").await;
            peer.outlive().await;
        }
    };
    let mut steady = Steady::new(runtime.clone(), site, TWICE);
    let told = beside(steady.working_folder(), server).await.unwrap_err();
    assert!(matches!(told, Error::LoginRefused(_)), "{told:?}");
    assert_eq!(connections, 1);
}

/// What a server says of the file, twice or more.
async fn describe<R: Runtime>(peer: &mut Peer<R>, size: &str, time: &str) {
    peer.answer("TYPE I", "200 Yes.").await;
    peer.answer("SIZE file", &format!("213 {size}")).await;
    peer.answer("MDTM file", &format!("213 {time}")).await;
}

/// Sends a part of the file, and breaks off everything when the client has it.
async fn break_off<R: Runtime>(runtime: &R, peer: &mut Peer<R>, has_part: &Cell<bool>) {
    let mut data = peer.answer_transfer("RETR file", "150 Coming.").await;
    write_all(&mut data, b"01234").await.unwrap();
    while !has_part.get() {
        pause(runtime, Duration::from_millis(5)).await;
    }
    data.reset_on_drop();
    peer.stream.reset_on_drop();
}

/// A download goes on where it was.
pub async fn downloads_go_on<R: Runtime>(runtime: R) {
    let has_part = Cell::new(false);
    let script = async |number: usize, peer: &mut Peer<R>| {
        describe(peer, "10", "20260101120000").await;
        if number == 1 {
            return break_off(&runtime, peer, &has_part).await;
        }
        let own = peer.stream.local_addr().unwrap().ip();
        let mut listener = runtime.listen(SocketAddr::new(own, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        peer.answer("EPSV", &format!("229 Here (|||{port}|)")).await;
        let (mut data, _) = accept(&mut listener).await;
        peer.answer("REST 5", "350 From there.").await;
        peer.answer("RETR file", "150 Coming.").await;
        write_all(&mut data, b"56789").await.unwrap();
        drop(data);
        peer.say("226 Done.").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        let mut all = Vec::new();
        let options = Options::default();
        let fetched = steady.retrieve(arg("file"), options, async |bytes| {
            all.extend_from_slice(&bytes);
            has_part.set(true);
            Ok(())
        });
        assert_eq!(fetched.await.unwrap(), 10);
        assert_eq!(all, b"0123456789");
    };
    let ((), connections) = sessions(&runtime, TWICE, script, client).await;
    assert_eq!(connections, 2);
}

/// Not if it is another file by now.
pub async fn changed_files_do_not<R: Runtime>(runtime: R) {
    let has_part = Cell::new(false);
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            describe(peer, "10", "20260101120000").await;
            return break_off(&runtime, peer, &has_part).await;
        }
        describe(peer, "10", "20260101120001").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        let mut all = Vec::new();
        let options = Options::default();
        let fetched = steady.retrieve(arg("file"), options, async |bytes| {
            all.extend_from_slice(&bytes);
            has_part.set(true);
            Ok(())
        });
        let told = fetched.await.unwrap_err();
        let error = told
            .get_ref()
            .and_then(|error| error.downcast_ref::<Error>());
        assert!(matches!(error, Some(Error::Aborted)), "{told:?}");
        assert_eq!(all, b"01234");
    };
    let ((), connections) = sessions(&runtime, TWICE, script, client).await;
    assert_eq!(connections, 2);
}

/// A session that cannot be put where the old one was is not used.
pub async fn a_folder_that_is_gone_is_told<R: Runtime>(runtime: R) {
    let script = async |number: usize, peer: &mut Peer<R>| {
        if number == 1 {
            peer.answer("CWD pub", "250 There.").await;
            peer.answer("PWD", "257 \"/pub\" it is.").await;
            peer.line().await.unwrap();
            return;
        }
        peer.answer("CWD /pub", "550 Gone.").await;
        peer.outlive().await;
    };
    let client = async |mut steady: Steady<R>| {
        steady.change_folder(arg("pub")).await.unwrap();
        steady.working_folder().await.unwrap_err()
    };
    let (told, connections) = sessions(&runtime, TWICE, script, client).await;
    assert!(
        matches!(&told, Error::NotBegun(why) if matches!(**why, Error::Refused(_))),
        "{told:?}"
    );
    assert!(!told.may_have_applied());
    assert_eq!(connections, 2);
}
