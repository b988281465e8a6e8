//! What a server's transcript may be given, and how it tells the session's events.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::server::{
    Capabilities, Capability, Config, DataTls, Endpoints, Event, Grant, Hosts, Tls,
};
use crate::testing::store::Store;
use crate::tls::Resumption;
use crate::wire::Domain;

pub(super) fn config(given: &[&str]) -> Config {
    let mut config = Config {
        capabilities: Store::CAPABILITIES,
        ..Config::default()
    };
    for line in given {
        let words: Vec<_> = line.splitn(3, ' ').collect();
        match words[..] {
            ["active", "off"] => config.active = false,
            ["attempts", number] => {
                config.login_attempts = number.parse().expect("a number of attempts");
            }
            ["public", "ip", ip] => config.public_ip = Some(ip.parse().expect("an IPv4 address")),
            ["trace"] => config.trace = true,
            ["tls", "allowed"] => config.tls = Tls::Allow,
            ["tls", "required"] => config.tls = Tls::Require,
            ["data", "tls", "required"] => config.data_tls = DataTls::Require,
            ["resumption", "required"] => config.resumption = Resumption::Require,
            ["ccc"] => config.ccc = true,
            ["markers", "every", bytes] => {
                config.tuning.markers_every = Some(bytes.parse().expect("a number of bytes"));
            }
            ["fxp"] => config.fxp = true,
            ["data", "never", "kept"] => config.keep_data = false,
            ["host", name] => {
                let name = Domain::new(name).expect("a domain");
                match &mut config.hosts {
                    Hosts::Any => config.hosts = Hosts::Listed([name].into()),
                    Hosts::Listed(hosts) => hosts.push(name),
                }
            }
            ["plain", "store"] => config.capabilities = Capabilities::NONE,
            ["own", "words"] => config.capabilities = Store::CAPABILITIES.with(Capability::Site),
            ["file", ..] | ["folder", ..] | ["room", _] | ["logged", "in", ..] => {}
            ["implicit", "tls"] | ["private", "data"] | ["secured" | "logins"] => {}
            ["on", "one", "machine"]
            | ["too", "many", "sessions"]
            | ["no", "ports"]
            | ["slow", "answers" | "aborts"]
            | ["ipv6" | "events"] => {}
            _ => panic!("nobody knows what is given by {line:?}"),
        }
    }
    config
}

pub(super) fn ends(ipv6: bool) -> Endpoints {
    let end = |text: &str| text.parse().expect("an address");
    match ipv6 {
        true => Endpoints {
            local: end("[2001:db8::1]:21"),
            peer: end("[2001:db8::7]:40000"),
        },
        false => Endpoints {
            local: end("192.0.2.1:21"),
            peer: end("192.0.2.7:40000"),
        },
    }
}

pub(super) fn grant(user: &[u8], capabilities: Capabilities) -> Option<Grant> {
    let mut grant = match user {
        b"anna" => Grant::read_write(),
        b"guest" => Grant::read_only("Ask anna."),
        _ => return None,
    };
    grant.capabilities = capabilities;
    Some(grant)
}

pub(super) fn describe(event: &Event) -> String {
    match event {
        Event::Connected => "event: connected".into(),
        Event::Command(command) => format!("event: command {command:?}"),
        Event::Reply(reply) => format!("event: reply {}", reply.code()),
        Event::Secured(_) => "event: under TLS".into(),
        Event::Cleared => "event: in clear text".into(),
        Event::LoggedIn(user) => format!("event: {user} is in"),
        Event::LoggedOut => "event: nobody is in any more".into(),
        Event::LoginRefused(user) => format!("event: {user} is not let in"),
        Event::TransferBegan { verb, path, .. } => format!("event: {verb} {path} begins"),
        Event::TransferEnded(report) => {
            let (verb, path, bytes) = (report.verb, &report.path, report.bytes);
            match report.outcome {
                Ok(()) => format!("event: {verb} {path} is complete, {bytes} bytes"),
                Err(failure) => {
                    format!("event: {verb} {path} is not complete, {bytes} bytes: {failure:?}")
                }
            }
        }
        Event::Changed { verb, path } => format!("event: {verb} {path} is done"),
        Event::Ended(why) => format!("event: the session ends: {why:?}"),
    }
}
