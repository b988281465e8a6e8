//! Serves a folder on smol and lists it through a client on smol: `cargo run -p ftp-smol-example DIR`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ftp_driver::client::Config;
use ftp_driver::runtime::{Listener as _, Runtime as _};
use ftp_driver::server::Grant;
use ftp_driver::storage::{Account, Authenticator, Login};
use ftp_sansio::wire::Secret;
use ftp_smol_example::{Client, LocalStorage, Server, Smol};

/// Everybody may read.
struct Everybody(Arc<LocalStorage>);

impl Authenticator for Everybody {
    type Storage = LocalStorage;

    async fn authenticate(&self, _: &Login) -> Option<Account<LocalStorage>> {
        Some(Account {
            storage: self.0.clone(),
            grant: Grant::read_only("This example only shows files."),
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    smol::block_on(async {
        let runtime = Smol::new();
        let files = LocalStorage::open(runtime.clone(), Path::new(&folder))?;
        let server = Server::builder().build(runtime.clone(), Everybody(files.into()))?;
        let listener = runtime.listen("127.0.0.1:0".parse()?)?;
        let address = listener.local_addr()?;
        let serving = server.clone();
        runtime.spawn(async move { serving.serve(listener).await });

        let mut client = Client::connect(runtime, address, Config::default()).await?;
        client
            .login("anonymous".parse()?, Secret::new("me@example.org".parse()?))
            .await?;
        let mut entries = client.entries(None).await?;
        while let Some(entry) = entries.next().await? {
            println!("{}", entry.name.escape_ascii());
        }
        drop(entries);
        client.quit().await?;
        server.stop(Duration::from_secs(5)).await;
        Ok(())
    })
}
