//! Whole transfers over loopback, our client against our server, on both runtimes.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ftp_driver::Runtime;
use ftp_driver::client::{Client, Config, Options};
use ftp_driver::local::LocalStorage;
use ftp_driver::runtime::Listener;
use ftp_driver::server::{Builder, Grant};
use ftp_driver::storage::{Account, Authenticator, Login};
use ftp_sansio::wire::{Arg, Secret};

const MIB: usize = 1024 * 1024;
const SIZES: [(&str, usize); 2] = [("1 KiB", 1024), ("64 MiB", 64 * MIB)];

struct Everybody<S>(Arc<S>);

impl<R: Runtime> Authenticator for Everybody<LocalStorage<R>> {
    type Storage = LocalStorage<R>;

    async fn authenticate(&self, _: &Login) -> Option<Account<Self::Storage>> {
        Some(Account {
            storage: self.0.clone(),
            grant: Grant::read_write(),
        })
    }
}

/// A server on `root`, and a client that is logged in.
async fn joined<R: Runtime>(runtime: R, root: &Path) -> Client<R> {
    let storage = LocalStorage::open(runtime.clone(), root).expect("the folder was just made");
    let server = Builder::new()
        .build(runtime.clone(), Everybody(Arc::new(storage)))
        .expect("a server without TLS");
    let listener = runtime
        .listen(([127, 0, 0, 1], 0).into())
        .expect("loopback has a free port");
    let at = listener.local_addr().expect("a listener has an address");
    runtime.spawn(async move { server.serve(listener).await });
    let mut client = Client::connect(runtime, at, Config::default())
        .await
        .expect("the server listens");
    client
        .login(arg("a"), Secret::new(arg("b")))
        .await
        .expect("everybody may log in");
    client
}

fn arg(text: &'static str) -> Arg {
    Arg::from_static(text).expect("no line ends in it")
}

async fn fetch<R: Runtime>(client: &mut Client<R>) {
    let mut download = client
        .retrieve(arg("file"), Options::default())
        .await
        .expect("it is there");
    while download.read().await.expect("it arrives").is_some() {}
    download.finish().await.expect("it is whole");
}

/// Replaces the same file each time: on ext4 the rename then starts writing it to the disk, which is most of what a small one costs.
async fn store<R: Runtime>(client: &mut Client<R>, content: &Bytes) {
    let mut upload = client
        .store(arg("stored"), Options::default())
        .await
        .expect("it may be stored");
    for start in (0..content.len()).step_by(MIB) {
        upload
            .write(content.slice(start..content.len().min(start + MIB)))
            .await
            .expect("it is taken");
    }
    upload.finish().await.expect("it is whole");
}

fn transfers<R: Runtime>(
    c: &mut Criterion,
    name: &str,
    runtime: &R,
    block_on: &dyn Fn(LocalFuture<'_>),
) {
    let root = std::env::temp_dir().join(format!("ftp-benches-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&root).expect("the temporary folder can be written to");
    for (label, size) in SIZES {
        let content = Bytes::from(vec![7_u8; size]);
        std::fs::write(root.join("file"), &content).expect("there is room");
        let mut client = None;
        block_on(Box::pin(async {
            client = Some(joined(runtime.clone(), &root).await)
        }));
        let mut client = client.expect("block_on runs to the end");
        let mut group = c.benchmark_group(label);
        group
            .throughput(Throughput::Bytes(size as u64))
            .sample_size(20);
        group.bench_function(BenchmarkId::new("RETR", name), |b| {
            b.iter(|| block_on(Box::pin(fetch(&mut client))));
        });
        group.bench_function(BenchmarkId::new("STOR", name), |b| {
            b.iter(|| block_on(Box::pin(store(&mut client, &content))));
        });
        group.finish();
    }
    // What is left in the system's temporary folder is the system's to clean.
    let _ = std::fs::remove_dir_all(&root);
}

type LocalFuture<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

fn on_tokio(c: &mut Criterion) {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("tokio starts");
    let runtime = {
        let _entered = executor.enter();
        ftp_runtime_tokio::Tokio::new()
    };
    transfers(c, "tokio", &runtime, &|future| executor.block_on(future));
}

fn on_async_std(c: &mut Criterion) {
    transfers(
        c,
        "async-std",
        &ftp_runtime_async_std::AsyncStd::new(),
        &|future| async_std::task::block_on(future),
    );
}

criterion_group!(benches, on_tokio, on_async_std);
criterion_main!(benches);
