//! Transfers through tokio's own traits.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::sync::Arc;
use std::time::Duration;

use ftp_runtime_tokio::runtime::{Listener, Runtime};
use ftp_runtime_tokio::sansio::wire::Secret;
use ftp_runtime_tokio::server::Grant;
use ftp_runtime_tokio::storage::{Account, Authenticator, Login};
use ftp_runtime_tokio::{Client, IntoTokio, LocalStorage, Server, Tokio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Lets everybody in.
struct Anybody(Arc<LocalStorage>);

impl Authenticator for Anybody {
    type Storage = LocalStorage;

    async fn authenticate(&self, _: &Login) -> Option<Account<LocalStorage>> {
        let (storage, grant) = (self.0.clone(), Grant::read_write());
        Some(Account { storage, grant })
    }
}

/// What is copied up by tokio's own `copy`, and closed, is there; what is read down to its end is the same. A transfer can still be asked about.
#[test]
fn copies_both_ways() {
    let folder = std::env::temp_dir().join(format!("ftp-tokio-io-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let run = async {
        let runtime = Tokio::new();
        let files = Arc::new(LocalStorage::open(runtime.clone(), &folder).unwrap());
        let server = Server::builder()
            .build(runtime.clone(), Anybody(files))
            .unwrap();
        let listener = runtime.listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let at = listener.local_addr().unwrap();
        let serving = server.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let mut client = Client::builder(runtime).connect(at).await.unwrap();
        let password = Secret::new("any".parse().unwrap());
        client
            .login("anna".parse().unwrap(), password)
            .await
            .unwrap();
        let name = || "file".parse().unwrap();
        let mut upload = client
            .store(name(), Default::default())
            .await
            .unwrap()
            .into_tokio();
        tokio::io::copy(&mut content.as_slice(), &mut upload)
            .await
            .unwrap();
        assert!(upload.get_ref().progress().bytes > 0);
        upload.shutdown().await.unwrap();
        assert_eq!(upload.into_inner().finish().await.unwrap().bytes, 4_000_000);
        assert!(std::fs::read(folder.join("file")).unwrap() == content);
        let mut back = Vec::new();
        let download = client.retrieve(name(), Default::default()).await.unwrap();
        download.into_tokio().read_to_end(&mut back).await.unwrap();
        assert!(back == content);
        client.quit().await.unwrap();
        server.stop(Duration::from_secs(5)).await;
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(run);
    std::fs::remove_dir_all(&folder).unwrap();
}
