//! Rule 6: TLS cannot be injected into. Whatever stands in clear text around the 234, in whichever pieces it comes, no reply is made of
//! what was not taken before it (CVE-2021-22947).

use ftp_sansio::client::{
    Action, Config, Endpoints, Event, Failure, Input, Output, Session, TlsEvent, TlsFacts,
};
use ftp_sansio::time::Instant;
use proptest::prelude::*;

const NOW: Instant = Instant::EPOCH;

fn asked() -> Session {
    let ends = Endpoints {
        local: "192.0.2.7:40000".parse().unwrap(),
        peer: "192.0.2.1:21".parse().unwrap(),
    };
    let mut config = Config::default();
    config.trace = true;
    let mut session = Session::new(config.into(), ends, NOW);
    session.receive(NOW, b"220 Hello.\r\n");
    session.secure(NOW).unwrap();
    write(&mut session);
    while session.poll().is_some() {}
    session
}

fn write(session: &mut Session) -> Vec<u8> {
    let mut sent = Vec::new();
    while let Some(transmit) = session.transmit() {
        sent.extend_from_slice(transmit.bytes);
        let count = transmit.bytes.len();
        session.transmitted(NOW, count);
    }
    session.handle(NOW, Input::Flushed);
    sent
}

/// The replies that the session took, whether it wants to start TLS, and how it ended.
fn outputs(session: &mut Session) -> (Vec<u16>, bool, Option<Failure>) {
    let (mut replies, mut starts, mut end) = (Vec::new(), false, None);
    while let Some(output) = session.poll() {
        match output {
            Output::Event(Event::Received(reply)) => replies.push(reply.code().get()),
            Output::Event(Event::Closed(failure)) => end = failure,
            Output::Action(Action::StartTls(_)) => starts = true,
            _ => {}
        }
    }
    (replies, starts, end)
}

/// Offers the bytes in two pieces; how many were taken.
fn offer(session: &mut Session, bytes: &[u8], cut: usize) -> usize {
    let (first, second) = bytes.split_at(cut.min(bytes.len()));
    let mut taken = session.receive(NOW, first);
    if taken == first.len() {
        taken += session.receive(NOW, second);
    }
    taken
}

const LINE: &[u8] = b"234 Go on.\r\n";

#[test]
fn at_every_split_behind_the_234() {
    for injected in [
        &b"200 Fine.\r\n230 Welcome.\r\n"[..],
        b"250-",
        b"421 Enough.\r\n",
        b"\n\n",
        b"\xff\xfd\x01",
    ] {
        let bytes = [LINE, injected].concat();
        for cut in 0..=bytes.len() {
            let mut session = asked();
            assert_eq!(offer(&mut session, &bytes, cut), LINE.len());
            assert_eq!(outputs(&mut session), (vec![234], true, None));
            // However often it is offered.
            assert!(!session.wants_read());
            assert_eq!(session.receive(NOW, injected), 0);
            session.handle(NOW, Input::Tls(TlsEvent::Up(TlsFacts::default())));
            assert_eq!(write(&mut session), b"PBSZ 0\r\n");
            assert_eq!(outputs(&mut session), (vec![], false, None));
            // A part of a line from before is not the beginning of one after it.
            session.receive(NOW, b"200 Fine.\r\n");
            assert_eq!(write(&mut session), b"PROT P\r\n");
        }
    }
}

/// The driver is told to begin only when the last byte of this side is on the socket.
#[test]
fn not_before_everything_is_flushed() {
    let mut session = asked();
    // A Telnet option has to be refused first, and that refusal has not gone out.
    session.receive(NOW, b"\xff\xfd\x01234 Go on.\r\n");
    assert_eq!(outputs(&mut session), (vec![234], false, None));
    session.handle(NOW, Input::Flushed);
    assert_eq!(outputs(&mut session), (vec![], false, None));
    assert_eq!(write(&mut session), b"\xff\xfc\x01");
    assert_eq!(outputs(&mut session), (vec![], true, None));
}

proptest! {
    /// What comes before the 234 is read for what it is, and never for more: either TLS starts with nothing taken but the 234, or the session
    /// is over, or the answer to AUTH was another one.
    #[test]
    fn around_the_234(before in "(|1|2|200 |200-x\r\n|\r\n|150 x\r\n|500 No.\r\n|234 x\r\n)", after: Vec<u8>, cut in 0..80_usize) {
        let bytes = [before.as_bytes(), LINE, &after].concat();
        let mut session = asked();
        let taken = offer(&mut session, &bytes, cut);
        let (replies, starts, end) = outputs(&mut session);
        if starts {
            // A client acts on the first digit (RFC 1123 § 4.1.2.11); what comes of it is TLS or nothing.
            prop_assert!(replies.len() == 1 && replies[0] / 100 == 2, "{:?}", replies);
            let first = bytes.windows(2).position(|two| two == b"\r\n").map(|at| at + 2);
            prop_assert!(taken <= before.len() + LINE.len() && Some(taken) >= first);
        } else {
            prop_assert!(end.is_some() || replies == [500] || replies.is_empty());
        }
    }
}
