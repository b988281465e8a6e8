//! Serves files that are in memory alone, on tokio, to a client in the same process; as a test of a program that speaks FTP would:
//! `cargo run --example serve_memory`

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ftp_runtime_tokio::client::{self, Options};
use ftp_runtime_tokio::memory::MemoryStorage;
use ftp_runtime_tokio::runtime::{Listener, Runtime};
use ftp_runtime_tokio::sansio::wire::{Arg, Secret, VirtualPath};
use ftp_runtime_tokio::server::Grant;
use ftp_runtime_tokio::storage::{Account, Authenticator, Login};
use ftp_runtime_tokio::{Client, Server, Tokio};

/// Whoever comes may write.
struct Anybody(MemoryStorage);

impl Authenticator for Anybody {
    type Storage = MemoryStorage;

    async fn authenticate(&self, _: &Login) -> Option<Account<MemoryStorage>> {
        Some(Account {
            storage: Arc::new(self.0.clone()),
            grant: Grant::read_write(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Tokio::new();
    // What a client may fill: 16 MiB, and no more.
    let files = MemoryStorage::new().with_quota(16 * 1024 * 1024);
    let inbox = VirtualPath::ROOT.join(&Arg::try_from("inbox/question.txt")?)?;
    files.put(&inbox, b"how much is six times seven?\n")?;

    let listener = runtime.listen("127.0.0.1:0".parse()?)?;
    let at = listener.local_addr()?;
    let server = Server::builder().build(runtime.clone(), Anybody(files.clone()))?;
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener).await });

    let mut client = Client::connect(runtime, at, client::Config::default()).await?;
    let password = Secret::new("me@example.org".parse()?);
    client.login("anonymous".parse()?, password).await?;
    let mut download = client
        .retrieve("inbox/question.txt".parse()?, Options::default())
        .await?;
    let mut question = Vec::new();
    while let Some(bytes) = download.read().await? {
        question.extend_from_slice(&bytes);
    }
    download.finish().await?;
    let mut upload = client
        .store("inbox/answer.txt".parse()?, Options::default())
        .await?;
    upload.write("42\n".into()).await?;
    upload.finish().await?;

    // The server's side sees what the client has left there.
    let answer = VirtualPath::ROOT.join(&Arg::try_from("inbox/answer.txt")?)?;
    let answer = files.content(&answer)?;
    print!("{}", String::from_utf8_lossy(&question));
    print!("{}", String::from_utf8_lossy(&answer));
    assert_eq!(answer, "42\n");
    server.stop(Duration::from_secs(5)).await;
    Ok(())
}
