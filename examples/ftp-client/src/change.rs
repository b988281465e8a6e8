//! Changing what is on the server without moving data: removing, and giving other names.

use ftp_driver::Runtime;
use ftp_driver::client::Error;

use crate::download::pass_on;
use crate::failure::Failure;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::sync::Filter;
use crate::tree::{Node, walk_remote};

/// Removes a file; with `recursive`, a folder and all that is in it. Links are removed, and not followed.
pub(crate) async fn remove<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    recursive: bool,
) -> Result<(), Failure> {
    if path.name().is_none() {
        return Err(Failure::usage(format!(
            "{path} is no name of a file or folder: name what shall be removed"
        )));
    }
    let error = match delete(session, path).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let refused = Failure::remote(path, &error);
    if session.is_lost(&refused) || !session.is_folder(path).await? {
        return Err(refused);
    }
    match recursive {
        true => remove_tree(session, path).await,
        false => Err(Failure::server(format_args!("{path} is a folder"), &error)),
    }
}

async fn delete<R: Runtime>(session: &mut Session<R>, path: &RemotePath) -> Result<(), Error> {
    session.client.delete(path.to_arg()).await?;
    session.console.done("delete", path.as_bytes(), None);
    Ok(())
}

async fn remove_folder<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
) -> Result<(), Error> {
    session.client.remove_folder(path.to_arg()).await?;
    session.console.done("rmdir", path.as_bytes(), None);
    Ok(())
}

async fn remove_tree<R: Runtime>(
    session: &mut Session<R>,
    top: &RemotePath,
) -> Result<(), Failure> {
    let tree = walk_remote(session, top, &Filter::default()).await?;
    for doubt in &tree.doubts {
        session.console.problem(doubt);
    }
    for (below, node) in tree.nodes().rev() {
        let path = below.remote(top)?;
        let removed = match node {
            Node::Folder => remove_folder(session, &path).await,
            Node::File(_) | Node::Skipped => delete(session, &path).await,
        };
        if let Err(error) = removed {
            pass_on(session, Failure::server(&path, &error))?;
        }
    }
    let removed = remove_folder(session, top).await;
    removed.map_err(|error| Failure::server(top, &error))
}

/// Gives a file or folder another name. Into a folder (`to_folder`) it keeps its last name.
pub(crate) async fn rename<R: Runtime>(
    session: &mut Session<R>,
    from: &RemotePath,
    to: &RemotePath,
    to_folder: bool,
) -> Result<(), Failure> {
    let to = match (to_folder, from.name()) {
        (true, Some(name)) => crate::upload::join(to, name)?,
        (true, None) => {
            return Err(Failure::usage(format!(
                "{from} is no name of a file or folder"
            )));
        }
        (false, _) => to.clone(),
    };
    let renamed = session.client.rename(from.to_arg(), to.to_arg()).await;
    renamed.map_err(|error| Failure::server(format_args!("{from} to {to}"), &error))?;
    session.console.done("mv", from.as_bytes(), None);
    Ok(())
}

/// Makes a folder that must not be there yet.
pub(crate) async fn make_new_folder<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
) -> Result<(), Failure> {
    let made = session.client.make_folder(path.to_arg()).await;
    made.map(|_| ())
        .map_err(|error| Failure::server(format_args!("the folder {path}"), &error))
}

/// Enters a folder.
pub(crate) async fn enter<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
) -> Result<(), Failure> {
    let entered = session.client.change_folder(path.to_arg()).await;
    entered
        .map(|_| ())
        .map_err(|error| Failure::server(format_args!("the folder {path}"), &error))
}
