//! The commands of the command line, each from its operands to its end.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use ftp_driver::Runtime;
use ftp_sansio::wire::{Arg, DateTime, Secret};

use crate::cli::{self, Command, Server};
use crate::download::{self, Wanted};
use crate::failure::{Exit, Failure, Shown};
use crate::fxp::{self, End};
use crate::login::secret;
use crate::opener::{How, Opener};
use crate::parallel::Sessions;
use crate::put::{Destination, put_all};
use crate::remote::RemotePath;
use crate::session::Settings;
use crate::show::{self, Form};
use crate::sync::{self, Direction, Filter, Job};
use crate::url::{self, Host, Target};
use crate::{attributes, change, find, names, raw, stat, upload};

/// Where the programs of this project meet when nothing is said.
pub(crate) const DEFAULT_HOST: &str = "127.0.0.1";
pub(crate) const DEFAULT_PORT: u16 = 2121;

/// Runs one command, over whatever runtime.
pub(crate) async fn run<R: Runtime>(
    runtime: R,
    settings: Settings,
    command: Command,
) -> Result<(), Failure> {
    let opener = Opener { runtime, settings };
    match command {
        Command::Ls { long, url } => opener.ls(&url, long).await,
        Command::Get {
            recursive,
            resume,
            mode,
            url,
            local,
        } => {
            let how = How {
                recursive,
                resume,
                mode: mode.into(),
            };
            opener.get(&url, local.as_deref(), how).await
        }
        Command::Put {
            recursive,
            resume,
            mode,
            local,
            url,
        } => {
            let how = How {
                recursive,
                resume,
                mode: mode.into(),
            };
            opener.put(&local, &url, how).await
        }
        Command::Cat { urls } => opener.cat(&urls).await,
        Command::Rm { recursive, urls } => opener.rm(&urls, recursive).await,
        Command::Mkdir { parents, urls } => opener.mkdir(&urls, parents).await,
        Command::Mv { url, to } => opener.mv(&url, &to).await,
        Command::Stat { urls } => opener.stat(&urls).await,
        Command::Chmod { mode, urls } => opener.chmod(mode.0, &urls).await,
        Command::Touch { date, urls } => opener.touch(date, &urls).await,
        Command::Du(du) => opener.du(&du).await,
        Command::Find(wish) => opener.find(&wish).await,
        Command::Fxp { from, to } => opener.fxp(&from, &to).await,
        Command::Raw {
            keep_going,
            url,
            commands,
        } => opener.raw(&url, &commands, keep_going).await,
        Command::Sync(sync) => opener.sync(sync).await,
        Command::Upload { server, file } => opener.upload(&server, &file).await,
        Command::Download { server, file } => opener.download(&server, &file).await,
        Command::Shell { url } => {
            crate::shell::run(opener.runtime, opener.settings, url.as_deref()).await
        }
        Command::ParseList => {
            let console = opener.console();
            let form = if console.json {
                Form::Json
            } else {
                Form::Names
            };
            show::parse_list(console, form)
        }
    }
}

impl<R: Runtime> Opener<R> {
    async fn ls(&self, url: &str, long: bool) -> Result<(), Failure> {
        let form = match (self.console().json, long) {
            (true, _) => Form::Json,
            (false, true) => Form::Long,
            (false, false) => Form::Names,
        };
        let target = url::parse(url)?;
        let mut session = self.open(&target).await?;
        let listing = match target.names_folder {
            true => session.list(&target.path).await?,
            false => session.list_any(&target.path).await?,
        };
        session.quit().await;
        show::folder(self.console(), form, listing)
    }

    async fn get(&self, url: &str, local: Option<&Path>, how: How) -> Result<(), Failure> {
        let target = url::parse(url)?;
        let path = &target.path;
        let to_stdout = !how.recursive && local == Some(Path::new("-"));
        let local = match local {
            _ if to_stdout => PathBuf::new(),
            Some(local) if how.recursive => local.to_owned(),
            None if how.recursive && path.name().is_none() => PathBuf::from("."),
            None if how.recursive => download::local_name(path)?.into(),
            local => download::destination(path, local)?,
        };
        let mut sessions = Sessions::open(self, &target).await?;
        let session = &mut sessions.first;
        session.prepare(how)?;
        if to_stdout {
            download::to_stdout(session, path).await?;
        } else if how.recursive {
            download::tree(&mut sessions, path, &local, how.resume).await?;
        } else {
            let wanted = Wanted::new(path.clone());
            let bytes = download::to_file(session, &wanted, &local, how.resume).await?;
            self.console().done("get", path.as_bytes(), Some(bytes));
        }
        sessions.quit().await;
        Ok(())
    }

    async fn put(&self, locals: &[PathBuf], url: &str, how: How) -> Result<(), Failure> {
        let target = url::parse(url)?;
        // A file that is not there is told before anybody is asked for anything.
        if let [local] = locals
            && local.as_os_str() != "-"
        {
            std::fs::metadata(local).map_err(|error| Failure::local(local, &error))?;
        }
        let mut sessions = Sessions::open(self, &target).await?;
        sessions.first.prepare(how)?;
        let into = Destination {
            folder: target.names_folder || locals.len() > 1,
            several: locals.len() > 1,
            path: &target.path,
            recursive: how.recursive,
            resume: how.resume,
        };
        put_all(&mut sessions, locals, &into).await?;
        sessions.quit().await;
        Ok(())
    }

    async fn cat(&self, urls: &[String]) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            download::to_stdout(session, &target.path).await.map(|_| ())
        })
        .await
    }

    async fn rm(&self, urls: &[String], recursive: bool) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            change::remove(session, &target.path, recursive).await
        })
        .await
    }

    async fn mkdir(&self, urls: &[String], parents: bool) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            let path = &target.path;
            match parents {
                true => session.make_folders(path).await?,
                false => change::make_new_folder(session, path).await?,
            }
            session.console.done("mkdir", path.as_bytes(), None);
            Ok(())
        })
        .await
    }

    async fn stat(&self, urls: &[String]) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            stat::stat(session, &target.path).await
        })
        .await
    }

    async fn chmod(&self, mode: u32, urls: &[String]) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            attributes::chmod(session, &target.path, mode).await
        })
        .await
    }

    async fn touch(&self, time: Option<DateTime>, urls: &[String]) -> Result<(), Failure> {
        self.each(urls, async |session, target| {
            attributes::touch(session, &target.path, time).await
        })
        .await
    }

    async fn du(&self, du: &cli::Du) -> Result<(), Failure> {
        let form = find::Usage {
            total_alone: du.summarize,
            human: du.human_readable,
        };
        self.each(&du.urls, async |session, target| {
            find::du(session, &target.path, target.names_folder, form).await
        })
        .await
    }

    async fn find(&self, find: &cli::Find) -> Result<(), Failure> {
        let wish = find::Wish::new(find.name.as_deref(), find.kind)?;
        self.each(&find.urls, async |session, target| {
            find::find(session, target, &wish).await
        })
        .await
    }

    async fn fxp(&self, from: &str, to: &str) -> Result<(), Failure> {
        let (from, to) = (url::parse(from)?, url::parse(to)?);
        let name = from
            .path
            .name()
            .ok_or_else(|| Failure::usage(format!("{} is no name of a file", from.path)))?;
        let path = match to.names_folder {
            true => upload::join(&to.path, name)?,
            false => to.path.clone(),
        };
        let mut source = self.open(&from).await?;
        let mut target = self.open(&to).await?;
        source.set_ascii(from.ascii.or(to.ascii).unwrap_or(self.settings.ascii));
        fxp::copy(
            End {
                session: &mut source,
                path: &from.path,
                host: &from.host,
            },
            End {
                session: &mut target,
                path: &path,
                host: &to.host,
            },
        )
        .await?;
        self.console().done("fxp", path.as_bytes(), None);
        source.quit().await;
        target.quit().await;
        Ok(())
    }

    async fn raw(&self, url: &str, commands: &[OsString], keep_going: bool) -> Result<(), Failure> {
        // What cannot be sent is told before anything is.
        let lines = commands
            .iter()
            .map(|command| raw::line(&os_bytes(command)?))
            .collect::<Result<Vec<_>, _>>()?;
        let target = url::parse(url)?;
        let mut session = self.open(&target).await?;
        if !target.path.is_here() {
            change::enter(&mut session, &target.path).await?;
        }
        raw::run(&mut session, &lines, keep_going).await?;
        session.quit().await;
        Ok(())
    }

    async fn mv(&self, url: &str, to: &str) -> Result<(), Failure> {
        let from = url::parse(url)?;
        let (to, to_folder) = match url::is_url(to) {
            true => {
                let to = url::parse(to)?;
                let anybody = to.user.is_none();
                if to.host != from.host || !(anybody || to.user == from.user) {
                    return Err(Failure::usage("mv stays on one server, with one user"));
                }
                (to.path, to.names_folder)
            }
            false => (remote_path(to.as_ref())?, to.ends_with('/')),
        };
        let mut session = self.open(&from).await?;
        change::rename(&mut session, &from.path, &to, to_folder).await?;
        session.quit().await;
        Ok(())
    }

    async fn sync(&self, sync: cli::Sync) -> Result<(), Failure> {
        if self.settings.ascii {
            return Err(Failure::usage("sync compares sizes, which --ascii changes"));
        }
        let filter = Filter::new(&sync.include, &sync.exclude)?;
        let (local, target, direction) = sync_ends(&sync)?;
        if direction == Direction::Up && !local.is_dir() {
            let text = format!("there is no local folder {}", Shown(&local));
            return Err(Failure::new(Exit::NotFound, text));
        }
        let mut sessions = Sessions::open(self, &target).await?;
        sessions.first.set_ascii(false);
        let job = Job {
            local: &local,
            remote: &target.path,
            direction,
            delete: sync.delete,
            dry_run: sync.dry_run,
            filter,
        };
        sync::run(&mut sessions, &job).await?;
        sessions.quit().await;
        Ok(())
    }

    async fn upload(&self, server: &Server, file: &Path) -> Result<(), Failure> {
        std::fs::metadata(file).map_err(|error| Failure::local(file, &error))?;
        let target = server_target(server, &upload::remote_name(file)?)?;
        let mut session = self.open(&target).await?;
        let bytes = upload::from_file(&mut session, file, &target.path, false).await?;
        self.console()
            .done("put", target.path.as_bytes(), Some(bytes));
        self.console()
            .say(format_args!("uploaded {} ({bytes} bytes)", target.path));
        session.quit().await;
        Ok(())
    }

    async fn download(&self, server: &Server, file: &OsStr) -> Result<(), Failure> {
        let target = server_target(server, &os_bytes(file)?)?;
        let local = download::destination(&target.path, None)?;
        let mut session = self.open(&target).await?;
        let wanted = Wanted::new(target.path.clone());
        let bytes = download::to_file(&mut session, &wanted, &local, false).await?;
        self.console()
            .done("get", target.path.as_bytes(), Some(bytes));
        self.console()
            .say(format_args!("downloaded {} ({bytes} bytes)", Shown(&local)));
        session.quit().await;
        Ok(())
    }
}

/// The two ends of a sync, and which way it goes.
fn sync_ends(sync: &cli::Sync) -> Result<(PathBuf, Target, Direction), Failure> {
    if let (Some(local), Some(remote)) = (&sync.local_dir, &sync.remote_dir) {
        let target = server_target(&sync.server, &os_bytes(remote)?)?;
        return Ok((local.clone(), target, Direction::Up));
    }
    if sync.server.is_named() {
        return Err(Failure::usage(
            "--host, --port and --user go with --local-dir and --remote-dir",
        ));
    }
    let url = |place: &OsString| {
        place
            .to_str()
            .filter(|text| url::is_url(text))
            .map(url::parse)
    };
    let [from, to] = &sync.places[..] else {
        return Err(Failure::usage("sync takes a source and a target"));
    };
    match (url(from), url(to)) {
        (None, Some(target)) => Ok((from.into(), target?, Direction::Up)),
        (Some(target), None) => Ok((to.into(), target?, Direction::Down)),
        _ => Err(Failure::usage(
            "sync takes a local folder and a URL (ftp://…), in either order",
        )),
    }
}

fn server_target(server: &Server, path: &[u8]) -> Result<Target, Failure> {
    let argument = |text: &OsString| {
        let user = Arg::try_from(&os_bytes(text)?[..]);
        user.map_err(|error| Failure::usage(format!("--user: {error}")))
    };
    let password = |text: &OsString| -> Result<Secret<Arg>, Failure> { secret(&os_bytes(text)?) };
    Ok(Target {
        host: Host {
            name: server
                .host
                .clone()
                .unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            port: Some(server.port.unwrap_or(DEFAULT_PORT)),
            implicit: false,
        },
        user: server.user.as_ref().map(argument).transpose()?,
        password: server.password.as_ref().map(password).transpose()?,
        path: remote_path(path)?,
        names_folder: false,
        ascii: None,
    })
}

fn remote_path(bytes: &[u8]) -> Result<RemotePath, Failure> {
    RemotePath::new(bytes).map_err(|error| Failure::usage(format!("the remote path: {error}")))
}

/// An operand as the bytes that are sent.
fn os_bytes(text: &OsStr) -> Result<Vec<u8>, Failure> {
    names::to_remote(text)
        .ok_or_else(|| Failure::usage(format!("{} is no text", Shown(text.as_ref()))))
}
