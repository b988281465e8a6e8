//! What the words do once somebody is logged in.

use std::env;
use std::path::{Path, PathBuf};

use ftp_driver::Runtime;
use ftp_sansio::wire::Escaped;

use super::sentence;
use super::words::{self, Word};
use crate::cli::Octal;
use crate::download::{self, Wanted};
use crate::failure::{Failure, Shown};
use crate::find::{self, Usage};
use crate::names;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::show::{self, Form};
use crate::{attributes, change, raw, stat, upload};

pub(super) async fn act<R: Runtime>(
    session: &mut Session<R>,
    word: Word,
    arguments: &[Vec<u8>],
) -> Result<(), Failure> {
    let arguments: Vec<&[u8]> = arguments.iter().map(|argument| &argument[..]).collect();
    match (word, &arguments[..]) {
        (Word::Upload, [file]) => store(session, file, None).await,
        (Word::Upload, [file, name]) => store(session, file, Some(name)).await,
        (Word::Download, [file]) => fetch(session, file, None).await,
        (Word::Download, [file, local]) => fetch(session, file, Some(local)).await,
        (Word::List, paths) => list(session, paths).await,
        (Word::Delete, [file]) => delete(session, file).await,
        (Word::Show, [file]) => show(session, file).await,
        (Word::Rename, [from, to]) => rename(session, from, to).await,
        (Word::Where, _) => tell_folder(session).await,
        (Word::Enter, [path]) => enter(session, path).await,
        (Word::Up, _) => {
            let entered = session.client.parent_folder().await;
            entered.map_err(|error| Failure::server("the folder above", &error))?;
            tell_folder(session).await
        }
        (Word::MakeFolder, [path]) => make_folder(session, path).await,
        (Word::RemoveFolder, [path]) => remove_folder(session, path).await,
        (Word::LocalEnter, [path]) => enter_local(session, path),
        (Word::LocalWhere, _) => tell_local_folder(session),
        (Word::Stat, [path]) => stat::stat(session, &remote_path(path)?).await,
        (Word::Chmod, [mode, path]) => chmod(session, mode, path).await,
        (Word::Touch, [file]) => {
            let path = remote_path(file)?;
            attributes::touch(session, &path, None).await?;
            session.console.say(format_args!("touched {path}"));
            Ok(())
        }
        (Word::Usage, words) => usage(session, words).await,
        (Word::Raw, [line]) => send(session, line).await,
        (Word::Site, [line]) => send(session, &[b"SITE ", *line].concat()).await,
        _ => Err(sentence(format!(
            "it goes like this: {}",
            words::usage(word)
        ))),
    }
}

async fn store<R: Runtime>(
    session: &mut Session<R>,
    file: &[u8],
    name: Option<&[u8]>,
) -> Result<(), Failure> {
    let local = local_path(file)?;
    let own = upload::remote_name(&local)?;
    let path = match name {
        None => remote_path(&own)?,
        Some(folder) if folder.ends_with(b"/") => upload::join(&remote_path(folder)?, &own)?,
        Some(name) => remote_path(name)?,
    };
    let bytes = upload::from_file(session, &local, &path, false).await?;
    session
        .console
        .say(format_args!("stored {path} ({bytes} bytes)"));
    Ok(())
}

async fn fetch<R: Runtime>(
    session: &mut Session<R>,
    file: &[u8],
    local: Option<&[u8]>,
) -> Result<(), Failure> {
    let path = remote_path(file)?;
    let local = local.map(local_path).transpose()?;
    let local = download::destination(&path, local.as_deref())?;
    let bytes = download::to_file(session, &Wanted::new(path), &local, false).await?;
    session
        .console
        .say(format_args!("saved {} ({bytes} bytes)", Shown(&local)));
    Ok(())
}

/// The folder that the session is in, or another; `ls` options, which people type from habit, change nothing.
async fn list<R: Runtime>(session: &mut Session<R>, words: &[&[u8]]) -> Result<(), Failure> {
    let paths: Vec<_> = words
        .iter()
        .map(|word| without_options(word))
        .filter(|word| !word.is_empty())
        .collect();
    let path = match paths[..] {
        [] => RemotePath::default(),
        [path] => remote_path(path)?,
        _ => return Err(sentence("one folder at a time is listed")),
    };
    let listing = session.list_any(&path).await?;
    show::folder(&session.console, Form::Long, listing)
}

fn without_options(word: &[u8]) -> &[u8] {
    let mut rest = word;
    while rest.starts_with(b"-") {
        let end = rest.iter().position(|&byte| byte == b' ');
        rest = end.map_or(&[], |end| &rest[end + 1..]);
    }
    rest
}

async fn delete<R: Runtime>(session: &mut Session<R>, file: &[u8]) -> Result<(), Failure> {
    let path = remote_path(file)?;
    change::remove(session, &path, false).await?;
    session.console.say(format_args!("deleted {path}"));
    Ok(())
}

async fn show<R: Runtime>(session: &mut Session<R>, file: &[u8]) -> Result<(), Failure> {
    let path = remote_path(file)?;
    download::to_stdout(session, &path).await.map(|_| ())
}

async fn rename<R: Runtime>(
    session: &mut Session<R>,
    from: &[u8],
    to: &[u8],
) -> Result<(), Failure> {
    let to_folder = to.ends_with(b"/");
    let (from, to) = (remote_path(from)?, remote_path(to)?);
    change::rename(session, &from, &to, to_folder).await?;
    session.console.say(format_args!("renamed {from}"));
    Ok(())
}

async fn tell_folder<R: Runtime>(session: &mut Session<R>) -> Result<(), Failure> {
    let folder = session.working_folder().await?;
    session.console.note(folder);
    Ok(())
}

async fn enter<R: Runtime>(session: &mut Session<R>, path: &[u8]) -> Result<(), Failure> {
    let path = remote_path(path)?;
    let entered = session.client.change_folder(path.to_arg()).await;
    entered.map_err(|error| Failure::server(format_args!("the folder {path}"), &error))?;
    tell_folder(session).await
}

async fn make_folder<R: Runtime>(session: &mut Session<R>, path: &[u8]) -> Result<(), Failure> {
    let path = remote_path(path)?;
    let made = session.client.make_folder(path.to_arg()).await;
    made.map_err(|error| Failure::server(format_args!("the folder {path}"), &error))?;
    session.console.say(format_args!("made the folder {path}"));
    Ok(())
}

async fn remove_folder<R: Runtime>(session: &mut Session<R>, path: &[u8]) -> Result<(), Failure> {
    let path = remote_path(path)?;
    let removed = session.client.remove_folder(path.to_arg()).await;
    removed.map_err(|error| Failure::server(format_args!("the folder {path}"), &error))?;
    session
        .console
        .say(format_args!("removed the folder {path}"));
    Ok(())
}

fn enter_local<R: Runtime>(session: &Session<R>, path: &[u8]) -> Result<(), Failure> {
    let path = local_path(path)?;
    env::set_current_dir(&path).map_err(|error| Failure::local(&path, &error))?;
    tell_local_folder(session)
}

fn tell_local_folder<R: Runtime>(session: &Session<R>) -> Result<(), Failure> {
    let folder = env::current_dir().map_err(|error| Failure::local(Path::new("."), &error))?;
    session.console.note(Shown(&folder));
    Ok(())
}

async fn chmod<R: Runtime>(
    session: &mut Session<R>,
    mode: &[u8],
    path: &[u8],
) -> Result<(), Failure> {
    let octal = std::str::from_utf8(mode).ok().map(str::parse::<Octal>);
    let octal = match octal {
        Some(Ok(octal)) => octal,
        Some(Err(why)) => return Err(sentence(why)),
        None => return Err(sentence(format!("{} are no permissions", Escaped(mode)))),
    };
    let path = remote_path(path)?;
    attributes::chmod(session, &path, octal.0).await?;
    session
        .console
        .say(format_args!("{path} has the permissions {:03o}", octal.0));
    Ok(())
}

async fn usage<R: Runtime>(session: &mut Session<R>, words: &[&[u8]]) -> Result<(), Failure> {
    let (options, paths): (Vec<&[u8]>, Vec<&[u8]>) = words
        .iter()
        .copied()
        .partition(|word| word.starts_with(b"-"));
    let has = |letter: u8| options.iter().any(|option| option.contains(&letter));
    let (path, names_folder) = match paths[..] {
        [] => (RemotePath::default(), true),
        [path] => (remote_path(path)?, path.ends_with(b"/")),
        _ => return Err(sentence("one folder at a time is summed up")),
    };
    let usage = Usage {
        total_alone: has(b's'),
        human: has(b'h'),
    };
    find::du(session, &path, names_folder, usage).await
}

/// Sends a line of the protocol, and shows the reply.
async fn send<R: Runtime>(session: &mut Session<R>, line: &[u8]) -> Result<(), Failure> {
    let line = raw::line(line)?;
    let reply = raw::ask(session, &line).await?;
    for line in raw::lines(&reply) {
        session.console.note(Escaped(&line));
    }
    Ok(())
}

fn remote_path(bytes: &[u8]) -> Result<RemotePath, Failure> {
    RemotePath::new(bytes).map_err(|error| sentence(format!("{}: {error}", Escaped(bytes))))
}

fn local_path(bytes: &[u8]) -> Result<PathBuf, Failure> {
    let path = names::os_string(bytes).map(PathBuf::from);
    path.ok_or_else(|| sentence(format!("{} is no path of this system", Escaped(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_ls_are_no_paths() {
        assert_eq!(without_options(b"-la"), b"");
        assert_eq!(without_options(b"-l -a my folder"), b"my folder");
        assert_eq!(without_options(b"my -folder"), b"my -folder");
    }
}
