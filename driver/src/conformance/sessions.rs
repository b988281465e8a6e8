//! Server and client together: logins, and sessions side by side.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use ftp_sansio::wire::Verb;

use super::by_hand::{ByHand, HOUR, unhurried};
use super::peer::Peer;
use super::site::{
    ANNA, LONG, Site, Tricky, arg, client_config, get, pattern, put, secret, settings,
};
use crate::client::{Client, DataPath, Error, Options, Trace};
use crate::runtime::Runtime;

/// From the greeting to the goodbye.
pub async fn logs_in<R: Runtime>(runtime: R) {
    let site = Site::configured(runtime, |config| config.greeting = "Well met.".into());
    let mut client = site.stranger().await.unwrap();
    assert_eq!(client.greeting().to_string(), "220 Well met.");
    client.noop().await.unwrap();
    assert!(matches!(
        client.working_folder().await,
        Err(Error::Refused(_))
    ));
    client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    assert_eq!(client.working_folder().await.unwrap(), arg("/"));
    assert!(client.is_usable());
    client.quit().await.unwrap();
    site.close().await;
}

/// A wrong password and an unknown user are told alike; the right one may follow. Too many end the session.
pub async fn refuses_wrong_logins<R: Runtime>(runtime: R) {
    let site = Site::configured(runtime, |config| config.login_attempts = 3);
    let mut client = site.stranger().await.unwrap();
    let refused = async |client: &mut Client<R>, user, password| match client
        .login(arg(user), secret(password))
        .await
    {
        Err(Error::LoginRefused(reply)) => reply.to_string(),
        other => panic!("{other:?}"),
    };
    let wrong = refused(&mut client, "anna", "hushed").await;
    assert_eq!(refused(&mut client, "nobody", "hush").await, wrong);
    client.login(arg(ANNA.0), secret(ANNA.1)).await.unwrap();
    for _ in 0..2 {
        refused(&mut client, "anna", "").await;
    }
    let last = client.login(arg("anna"), secret("x")).await;
    assert!(
        matches!(&last, Err(Error::Closed(Some(reply))) if reply.to_string().starts_with("421")),
        "{last:?}"
    );
    assert!(!client.is_usable());
    site.close().await;
}

/// Who guesses, waits; others do not meanwhile.
pub async fn a_refused_login_waits<R: Runtime>(runtime: R) {
    let runtime = ByHand::new(runtime);
    let site = Site::configured(runtime.clone(), |config| {
        unhurried(config);
        config.timeouts.login_delay = HOUR;
    });
    let mut guessing = Peer::connect(&site).await;
    guessing.hear("220").await;
    guessing.ask("USER anna", "331").await;
    let before = runtime.now();
    guessing.say("PASS guess").await;
    // No time passes for an honest login.
    site.client().await.quit().await.unwrap();
    runtime.passing(guessing.hear("530")).await;
    assert!(runtime.now().saturating_since(before) >= HOUR);
    drop(guessing);
    site.close().await;
}

/// Anybody may read, and is told why not more.
pub async fn anonymous_may_read<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let mut client = site.stranger().await.unwrap();
    client
        .login(arg("anonymous"), secret("me@here"))
        .await
        .unwrap();
    assert_eq!(
        get(&mut client, "file", Options::default()).await.unwrap(),
        b"content"
    );
    let refused = put(&mut client, "file", b"mine", Options::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, Error::Refused(reply) if reply.to_string().contains("Write to anna.")),
        "{refused:?}"
    );
    for refused in [
        client.delete(arg("file")).await,
        client.make_folder(arg("folder")).await,
        client.rename(arg("file"), arg("other")).await,
    ] {
        assert!(matches!(refused, Err(Error::Refused(_))));
    }
    assert_eq!(
        get(&mut client, "file", Options::default()).await.unwrap(),
        b"content"
    );
    drop(client);
    assert_eq!(site.close().await.names_on_disk(""), ["file"]);
}

/// Two users on one server, and in one session, have a store each; nothing of the first is left for the second.
pub async fn users_take_turns<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut client = site.client().await;
    put(&mut client, "file", b"anna's", Options::default())
        .await
        .unwrap();
    client.make_folder(arg("folder")).await.unwrap();
    client.change_folder(arg("folder")).await.unwrap();
    client.login(arg("bob"), secret("bell")).await.unwrap();
    assert_eq!(client.working_folder().await.unwrap(), arg("/"));
    assert!(matches!(
        get(&mut client, "file", Options::default()).await,
        Err(Error::Refused(_))
    ));
    put(&mut client, "file", b"bob's", Options::default())
        .await
        .unwrap();
    client.quit().await.unwrap();
    let mut client = site.client().await;
    assert_eq!(
        get(&mut client, "file", Options::default()).await.unwrap(),
        b"anna's"
    );
    client.quit().await.unwrap();
    site.close().await;
}

/// Fifty sessions, all open at once, each moving its own bytes both ways.
pub async fn serves_fifty_at_once<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(site.client().await);
    }
    assert_eq!(site.server.sessions(), 50);
    let mut running: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
    for (number, client) in clients.into_iter().enumerate() {
        running.push(Box::pin(there_and_back(client, number)));
    }
    poll_fn(|context| {
        running.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if running.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    site.close().await;
}

async fn there_and_back<R: Runtime>(mut client: Client<R>, number: usize) {
    let name = format!("file {number}");
    let content = pattern(300_000 + number)[number..].to_vec();
    put(&mut client, &name, &content, Options::default())
        .await
        .unwrap();
    let back = get(&mut client, &name, Options::default()).await.unwrap();
    assert!(back == content, "{name} came back changed");
    client.quit().await.unwrap();
}

/// PASV, EPSV and active mode, over IPv4 and (where this machine has it) IPv6: what was asked for is what is used.
pub async fn connects_in_every_way<R: Runtime>(runtime: R) {
    let ipv6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0);
    let ways = [
        (DataPath::Passive, Verb::Epsv),
        (DataPath::PassiveHostPort, Verb::Pasv),
        (DataPath::Active, Verb::Port),
    ];
    let site = Site::new(runtime.clone());
    for (path, verb) in ways {
        connects_by(&site, path, verb).await;
    }
    site.close().await;
    if runtime.listen(ipv6).is_ok() {
        let site = Site::at(runtime, settings(|_| {}), ipv6);
        for (path, verb) in [
            (DataPath::Passive, Verb::Epsv),
            (DataPath::Active, Verb::Eprt),
        ] {
            connects_by(&site, path, verb).await;
        }
        site.close().await;
    }
}

async fn connects_by<R: Runtime>(site: &Site<R>, path: DataPath, verb: Verb) {
    let mut config = client_config(LONG);
    config.data_path = path;
    let mut client = site.client_with(config).await;
    let used = Arc::new(Mutex::new(Vec::new()));
    let seen = used.clone();
    client.observe(move |trace| {
        if let Trace::Sent(command) = trace {
            seen.lock().unwrap().extend(command.verb());
        }
    });
    let content = pattern(70_000);
    put(&mut client, "file", &content, Options::default())
        .await
        .unwrap();
    assert!(get(&mut client, "file", Options::default()).await.unwrap() == content);
    assert_eq!(client.list(None).await.unwrap().entries.len(), 1);
    client.quit().await.unwrap();
    let ways = [Verb::Epsv, Verb::Pasv, Verb::Port, Verb::Eprt];
    let used: Vec<Verb> = used
        .lock()
        .unwrap()
        .iter()
        .copied()
        .filter(|verb| ways.contains(verb))
        .collect();
    assert_eq!(used, [verb; 3]);
}

/// What the server refuses is the end of that operation and not of the session.
pub async fn goes_on_after_refusals<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let mut client = site.client().await;
    for _ in 0..2 {
        assert!(matches!(
            get(&mut client, "none", Options::default()).await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            put(&mut client, "none/file", b"", Options::default()).await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            client.list(Some(arg("none"))).await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            client.size(arg("none")).await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            client.change_folder(arg("file")).await,
            Err(Error::Refused(_))
        ));
        let unknown = client.raw(arg("FIDDLE de dee")).await.unwrap();
        assert!(unknown.to_string().starts_with("50"), "{unknown}");
        assert!(matches!(
            client.raw(arg("RETR file")).await,
            Err(Error::NotPossible(_))
        ));
        assert_eq!(
            get(&mut client, "file", Options::default()).await.unwrap(),
            b"content"
        );
    }
    client.quit().await.unwrap();
    site.close().await;
}

/// A store that panics ends the session that asked it, and no other.
pub async fn a_panic_ends_one_session<R: Runtime>(runtime: R) {
    let site = Site::new(runtime);
    site.put("file", b"content");
    let mut witness = site.client().await;
    let mut asking = site.client().await;
    let mut reading = site.client().await;
    let asked = asking.inspect(arg(Tricky::<R>::PANICS)).await;
    assert!(matches!(asked, Err(Error::Closed(None))), "{asked:?}");
    let read = get(&mut reading, Tricky::<R>::PANICS, Options::default()).await;
    assert!(matches!(read, Err(Error::Closed(None))), "{read:?}");
    assert!(!asking.is_usable() && !reading.is_usable());
    assert_eq!(
        get(&mut witness, "file", Options::default()).await.unwrap(),
        b"content"
    );
    site.client().await.quit().await.unwrap();
    witness.quit().await.unwrap();
    site.close().await;
}
