//! `fxp`: a file from one server straight to another.

use std::rc::Rc;

use ftp_driver::Runtime;
use ftp_driver::client::{BetweenError, Error, Options, Side, Stage, copy_between};
use ftp_sansio::wire::{Arg, Class};

use crate::failure::{Exit, Failure};
use crate::remote::RemotePath;
use crate::session::Session;
use crate::url::Host;

/// One of the two servers, and the file there.
#[derive(Debug)]
pub(crate) struct End<'a, R: Runtime> {
    pub(crate) session: &'a mut Session<R>,
    pub(crate) path: &'a RemotePath,
    pub(crate) host: &'a Host,
}

/// Copies the file, in the representation of the source's session.
pub(crate) async fn copy<R: Runtime>(
    mut source: End<'_, R>,
    mut target: End<'_, R>,
) -> Result<(), Failure> {
    agree_on_tls(&mut source, &mut target).await?;
    let options = Options {
        representation: source.session.representation,
        ..Options::default()
    };
    let from = (&mut source.session.client, source.path.to_arg());
    let to = (&mut target.session.client, target.path.to_arg());
    let copied = copy_between(from, to, options).await;
    copied.map_err(|failed| failure(&failed, &source, &target))?;
    match source.session.verify {
        true => compare(source, target).await,
        false => Ok(()),
    }
}

/// Has one of the servers be TLS's client on the data connection (SSCN): both would wait for the other to begin.
async fn agree_on_tls<R: Runtime>(
    source: &mut End<'_, R>,
    target: &mut End<'_, R>,
) -> Result<(), Failure> {
    let failed = |what: &str| {
        let text =
            format!("{what}: data between them cannot be protected (--tls off does without)");
        Err(Failure::new(Exit::Tls, text))
    };
    match (source.session.is_protected(), target.session.is_protected()) {
        (false, false) => return Ok(()),
        (true, true) => {}
        _ => return failed("only one of the two servers has TLS"),
    }
    if turns_around(target).await? || turns_around(source).await? {
        return Ok(());
    }
    failed("neither server takes TLS's other part (SSCN)")
}

/// Whether the server is TLS's client from now on.
async fn turns_around<R: Runtime>(end: &mut End<'_, R>) -> Result<bool, Failure> {
    let words = Arg::from_static("SSCN ON").unwrap_or_default();
    let asked = end.session.client.raw(words).await;
    let reply = asked.map_err(|error| Failure::server(end.host, &error))?;
    Ok(reply.class() == Class::Completion)
}

fn failure<R: Runtime>(failed: &BetweenError, source: &End<'_, R>, target: &End<'_, R>) -> Failure {
    let (end, role) = match failed.side {
        Side::Source => (source, "source"),
        Side::Target => (target, "target"),
    };
    let (path, host, error) = (end.path, end.host, &failed.error);
    let said = error
        .reply()
        .map_or_else(|| error.to_string(), |reply| format!("it says {reply}"));
    let no_connection = error.reply().is_some_and(|reply| reply.code().get() == 425);
    match (failed.stage, failed.side) {
        (Stage::Meeting, _) if matches!(error, Error::Refused(_)) => {
            let text = format!(
                "the {role} {host} does not take part in a transfer between two servers: {said}"
            );
            Failure::server_text(error, text)
        }
        (Stage::Asking | Stage::Moving, _) if no_connection => {
            let text = format!(
                "the two servers did not come together: the {role} {host} may forbid it ({said})"
            );
            Failure::server_text(error, text).in_transfer()
        }
        (Stage::Asking, Side::Source) => Failure::remote(path, error),
        (Stage::Meeting | Stage::Asking, _) => Failure::server(
            format_args!("the {role} {host} does not take {path}"),
            error,
        ),
        (Stage::Moving, _) => {
            let text = format!(
                "{path} at the {role} {host}: {said}; what the target has now may be a part of it. Servers that \
                 are not set up for transfers between two of them break off like that"
            );
            Failure::server_text(error, text).in_transfer()
        }
    }
}

/// Compares what the two servers have: by the strongest digest that both can compute, else by size.
async fn compare<R: Runtime>(source: End<'_, R>, target: End<'_, R>) -> Result<(), Failure> {
    let (path, console) = (target.path, Rc::clone(&source.session.console));
    let here = source.session.digest_algorithms().await?;
    let there = target.session.digest_algorithms().await?;
    let size = source.session.size(source.path).await?;
    if let Some(algorithm) = here.into_iter().find(|one| there.contains(one)) {
        let count = size.unwrap_or_default();
        let here = source.session.digest(source.path, algorithm, count).await?;
        let there = target.session.digest(path, algorithm, count).await?;
        if let (Some(here), Some(there)) = (here, there) {
            console.detail(format_args!("{path}: {algorithm} compared"));
            return same(here == there, path, format_args!("{algorithm} differs"));
        }
    }
    let there = target.session.size(path).await?;
    let (Some(here), Some(there)) = (size, there) else {
        console.problem(format_args!(
            "{path}: not verified: the servers tell neither a common digest nor both sizes"
        ));
        return Ok(());
    };
    console.note(format_args!(
        "{path}: verified by its size alone, for want of a common digest"
    ));
    same(
        here == there,
        path,
        format_args!("{here} and {there} bytes"),
    )
}

fn same(is_same: bool, path: &RemotePath, what: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    match is_same {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Incomplete,
            format!("{path} is not the same at both servers: {what}"),
        )),
    }
}
