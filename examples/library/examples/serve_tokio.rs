//! Serves a folder on tokio to one user, and stops after Enter: `cargo run --example serve_tokio DIR`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ftp_runtime_tokio::runtime::{Listener, Runtime};
use ftp_runtime_tokio::server::Grant;
use ftp_runtime_tokio::storage::{Account, Authenticator, Login};
use ftp_runtime_tokio::{LocalStorage, Server, Tokio};

/// One user: `anna`, who may write.
struct Anna {
    files: Arc<LocalStorage>,
}

impl Authenticator for Anna {
    type Storage = LocalStorage;

    async fn authenticate(&self, login: &Login) -> Option<Account<LocalStorage>> {
        let known =
            login.user.as_bytes() == b"anna" && login.password.expose().as_bytes() == b"secret";
        known.then(|| Account {
            storage: self.files.clone(),
            grant: Grant::read_write(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let runtime = Tokio::new();
    let files = Arc::new(LocalStorage::open(runtime.clone(), Path::new(&root))?);
    let server = Server::builder()
        .observe(|session, event| println!("{}: {event:?}", session.peer))
        .build(runtime.clone(), Anna { files })?;

    let listener = runtime.listen("127.0.0.1:0".parse()?)?;
    println!("ftp://anna:secret@{}/ until Enter", listener.local_addr()?);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener).await });

    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    server.stop(Duration::from_secs(5)).await;
    Ok(())
}
