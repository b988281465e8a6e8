//! Stores a file on async-std: `cargo run --example upload_async_std 127.0.0.1:2121 anna secret FILE`

use std::error::Error;

use ftp_runtime_async_std::client::{Config, Options};
use ftp_runtime_async_std::sansio::wire::Secret;
use ftp_runtime_async_std::{AsyncStd, Client};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, user, password, file] = &arguments[..] else {
        return Err("which server, user, password and file?".into());
    };
    async_std::task::block_on(async {
        let mut client =
            Client::connect(AsyncStd::new(), server.parse()?, Config::default()).await?;
        client
            .login(
                user.as_str().try_into()?,
                Secret::new(password.as_str().try_into()?),
            )
            .await?;

        let content = std::fs::read(file)?;
        let name = std::path::Path::new(file)
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a file has a name")?;
        let mut upload = client.store(name.try_into()?, Options::default()).await?;
        // Dropping the upload here would abort it, and the server would keep the file it had.
        upload.write(content.into()).await?;
        println!("{} bytes stored", upload.finish().await?.bytes);
        client.quit().await?;
        Ok(())
    })
}
