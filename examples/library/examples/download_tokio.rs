//! Fetches a file on tokio: `cargo run --example download_tokio 127.0.0.1:2121 hello.txt`

use std::error::Error;
use std::io::{Write, stdout};

use ftp_runtime_tokio::client::{Config, Options};
use ftp_runtime_tokio::sansio::wire::Secret;
use ftp_runtime_tokio::{Client, Tokio};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (server, path) = (
        arguments.next().ok_or("which server?")?,
        arguments.next().ok_or("which file?")?,
    );

    let mut client = Client::connect(Tokio::new(), server.parse()?, Config::default()).await?;
    client
        .login("anonymous".parse()?, Secret::new("me@example.org".parse()?))
        .await?;

    let mut download = client.retrieve(path.parse()?, Options::default()).await?;
    while let Some(bytes) = download.read().await? {
        stdout().write_all(&bytes)?;
    }
    // Only now is it known that nothing is missing.
    let transferred = download.finish().await?;
    eprintln!("{} bytes", transferred.bytes);
    client.quit().await?;
    Ok(())
}
