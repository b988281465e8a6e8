//! What a client does in a run, drawn from its seed; and what has to be so afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ftp_runtime_simulated::Client;
use ftp_runtime_simulated::client::Options;
use ftp_runtime_simulated::sansio::wire::{Mode, Representation};

use super::files::{NAMES, Shelf};
use super::{Run, arg};

impl<S: Shelf> Run<S> {
    fn name(&self) -> String {
        NAMES[self.draw(NAMES.len() as u64) as usize].to_owned()
    }

    /// The name of a file that is there, more often than not.
    fn known_name(&self) -> String {
        let names: Vec<_> = self.known.keys().collect();
        match names.len() as u64 {
            0 => self.name(),
            _ if self.one_in(8) => self.name(),
            count => names[self.draw(count) as usize].clone(),
        }
    }

    /// A file of any size, small ones more often; lines of text, so that every representation gives them back.
    fn content(&self) -> Bytes {
        let size = self.draw(1 << self.draw(19)) as usize;
        let line = format!("{:016x} a line\n", self.draw(u64::MAX));
        line.into_bytes().into_iter().cycle().take(size).collect()
    }

    fn options(&self) -> Options {
        let mode = [Mode::Stream, Mode::Stream, Mode::Block, Mode::Deflate][self.draw(4) as usize];
        let representation = match self.one_in(4) {
            true => Representation::default(),
            false => Representation::Image,
        };
        Options {
            mode,
            representation,
            ..Options::default()
        }
    }

    /// One operation, after which there still is a session or not.
    pub(crate) async fn any_operation(&mut self, client: Client) -> Option<Client> {
        match self.draw(12) {
            0..=3 => self.upload(client).await,
            4..=6 => self.download(client).await,
            7 => self.append(client).await,
            8 => self.list(client).await,
            9 => self.rename(client).await,
            10 => self.delete(client).await,
            _ => self.size(client).await,
        }
    }

    async fn upload(&mut self, mut client: Client) -> Option<Client> {
        let (name, content, options) = (self.name(), self.content(), self.options());
        let most = 1 + self.draw(1 << self.draw(19)) as usize;
        let is_slow = self.one_in(8);
        let told = self
            .operate("an upload", true, async {
                let mut upload = client.store(arg(&name), options).await?;
                for piece in content.chunks(most.max(content.len() / 50 + 1)) {
                    upload.write(content.slice_ref(piece)).await?;
                    if is_slow {
                        self.net.sleep(Duration::from_millis(700)).await;
                    }
                }
                upload.finish().await
            })
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let new = self.with(&name, Some(&content));
        match is_done {
            true => self.check("an upload", &[new]),
            false => self.check("an upload that failed", &[self.known.clone(), new]),
        }
        client
    }

    async fn append(&mut self, mut client: Client) -> Option<Client> {
        let (name, content) = (self.name(), self.content());
        let told = self
            .operate("an append", true, async {
                let mut upload = client.append(arg(&name), Options::default()).await?;
                upload.write(content.clone()).await?;
                upload.finish().await
            })
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let old = self.known.get(&name).cloned().unwrap_or_default();
        let whole: Bytes = [&old[..], &content].concat().into();
        let now = self.files.all().get(&name).cloned();
        match now {
            // In place, a break leaves what had arrived.
            Some(now) if !is_done && now.starts_with(&old) && whole.starts_with(&now) => {
                self.check("a broken append", &[self.with(&name, Some(&now))]);
            }
            _ if is_done => self.check("an append", &[self.with(&name, Some(&whole))]),
            _ => self.check("an append that never began", &[self.unchanged()]),
        }
        client
    }

    async fn download(&mut self, mut client: Client) -> Option<Client> {
        let (name, mut options) = (self.known_name(), self.options());
        let content = self.known.get(&name).cloned();
        let size = content.as_ref().map_or(0, Bytes::len) as u64;
        if options.mode == Mode::Stream && options.representation == Representation::Image {
            options.offset = self.draw(size + 1) * self.draw(2);
        }
        let is_slow = self.one_in(8);
        let told = self
            .operate("a download", content.is_some(), async {
                let mut download = client.retrieve(arg(&name), options).await?;
                let (mut all, mut pieces) = (Vec::new(), 0);
                while let Some(bytes) = download.read().await? {
                    all.extend_from_slice(&bytes);
                    pieces += 1;
                    if is_slow && pieces < 50 {
                        self.net.sleep(Duration::from_millis(700)).await;
                    }
                }
                download.finish().await?;
                Ok(all)
            })
            .await;
        if let Some(Ok(all)) = told {
            let content = content.unwrap();
            let wanted = &content[options.offset as usize..];
            assert!(
                all == wanted,
                "{} bytes came for {} ({options:?})",
                all.len(),
                wanted.len()
            );
        }
        let client = self.settle(client).await;
        self.check("a download", &[self.unchanged()]);
        client
    }

    async fn list(&mut self, mut client: Client) -> Option<Client> {
        let told = self.operate("a listing", true, client.list(None)).await;
        if let Some(Ok(listing)) = told {
            let entries = listing.entries.iter();
            let told: BTreeMap<_, _> = entries
                .map(|entry| (entry.name.to_vec(), entry.size.unwrap()))
                .collect();
            let known = self.known.iter();
            let known =
                known.map(|(name, content)| (name.clone().into_bytes(), content.len() as u64));
            assert_eq!(told, known.collect());
        }
        let client = self.settle(client).await;
        self.check("a listing", &[self.unchanged()]);
        client
    }

    async fn rename(&mut self, mut client: Client) -> Option<Client> {
        let (from, to) = (self.known_name(), self.name());
        let content = self.known.get(&from).cloned();
        let told = self
            .operate(
                "a rename",
                content.is_some(),
                client.rename(arg(&from), arg(&to)),
            )
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let old = self.known.clone();
        let mut new = old.clone();
        if let Some(content) = new.remove(&from) {
            new.insert(to, content);
        }
        match is_done {
            true => self.check("a rename", &[new]),
            false => self.check("a rename that failed", &[old, new]),
        }
        client
    }

    async fn delete(&mut self, mut client: Client) -> Option<Client> {
        let name = self.known_name();
        let is_there = self.known.contains_key(&name);
        let told = self
            .operate("a delete", is_there, client.delete(arg(&name)))
            .await;
        let is_done = matches!(told, Some(Ok(_)));
        let client = self.settle(client).await;
        let (old, new) = (self.known.clone(), self.with(&name, None));
        match is_done {
            true => self.check("a delete", &[new]),
            false => self.check("a delete that failed", &[old, new]),
        }
        client
    }

    async fn size(&mut self, mut client: Client) -> Option<Client> {
        let name = self.known_name();
        let size = self.known.get(&name).map(|content| content.len() as u64);
        let told = self
            .operate("a size", size.is_some(), client.size(arg(&name)))
            .await;
        if let Some(Ok(told)) = told {
            assert_eq!(Some(told), size);
        }
        let client = self.settle(client).await;
        self.check("a size", &[self.unchanged()]);
        client
    }
}
