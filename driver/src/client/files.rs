//! Folders and files: what is asked of them and changed by commands, and how they are listed.

use ftp_sansio::client::{Meaning, Operation, Outcome, TransferRequest};
use ftp_sansio::listing::{self, Dialect, Entry, Listing};
use ftp_sansio::wire::{Arg, Command, DateTime, Reply, Representation};

use super::entries::Entries;
use super::error::Error;
use super::transfer::{self, Download};
use super::{Client, reply, unexpected};
use crate::calendar::today;
use crate::runtime::Runtime;

impl<R: Runtime> Client<R> {
    /// The current folder (PWD).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn working_folder(&mut self) -> Result<Arg, Error> {
        match self.ask(Command::Pwd, Meaning::Path).await? {
            Outcome::Path(path) => Ok(path),
            other => Err(unexpected(other)),
        }
    }

    /// Changes the current folder (CWD).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn change_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.changed.folder = true;
        self.command(Command::Cwd(path)).await
    }

    /// Goes to the parent of the current folder (CDUP).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn parent_folder(&mut self) -> Result<Reply, Error> {
        self.changed.folder = true;
        self.command(Command::Cdup).await
    }

    /// Makes a folder (MKD).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn make_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.command(Command::Mkd(path)).await
    }

    /// Removes an empty folder (RMD).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn remove_folder(&mut self, path: Arg) -> Result<Reply, Error> {
        self.command(Command::Rmd(path)).await
    }

    /// Removes a file (DELE).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn delete(&mut self, path: Arg) -> Result<Reply, Error> {
        self.command(Command::Dele(path)).await
    }

    /// Gives a file or folder another name (RNFR, RNTO).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn rename(&mut self, from: Arg, to: Arg) -> Result<Reply, Error> {
        reply(self.connection.run(Operation::Rename { from, to }).await?)
    }

    /// A file's size in bytes (SIZE, under TYPE I).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn size(&mut self, path: Arg) -> Result<u64, Error> {
        // RFC 3659 § 4: SIZE counts what a transfer would send, so under TYPE A many servers refuse it.
        self.command(Command::Type(Representation::Image)).await?;
        match self.ask(Command::Size(path), Meaning::Size).await? {
            Outcome::Size(size) => Ok(size),
            other => Err(unexpected(other)),
        }
    }

    /// When a file last changed, in UTC (MDTM).
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn modified(&mut self, path: Arg) -> Result<DateTime, Error> {
        match self.ask(Command::Mdtm(path), Meaning::Modified).await? {
            Outcome::Modified(date) => Ok(date),
            other => Err(unexpected(other)),
        }
    }

    /// What the server knows of one file or folder (MLST).
    ///
    /// # Errors
    /// [`Error::Refused`], also where the server has no MLST; or what ended the session.
    pub async fn inspect(&mut self, path: Arg) -> Result<Entry, Error> {
        match self.ask(Command::Mlst(Some(path)), Meaning::Entry).await? {
            Outcome::Entry(entry) => Ok(*entry),
            other => Err(unexpected(other)),
        }
    }

    /// Lists a folder: by MLSD where the server has it, else by LIST in whichever dialect it comes. A server that says it has
    /// MLSD and then will not take the command is asked by LIST too: some answer 501 for what is not there, which LIST tells
    /// from what is not understood.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Incomplete`], or what ended the session.
    pub async fn list(&mut self, path: Option<Arg>) -> Result<Listing, Error> {
        if self.features().await?.has("MLST") {
            let parser = listing::Parser::with_dialect(Dialect::Mlsx, None);
            match self.read_listing(Command::Mlsd(path.clone()), parser).await {
                Err(Error::Refused(reply)) if reply.code().is_about_syntax() => {}
                result => return result,
            }
        }
        self.read_listing(Command::List(path), listing::Parser::new(Some(today())))
            .await
    }

    /// Lists a folder as [`list`](Self::list) does, and gives its entries as they arrive: a folder of any size takes constant
    /// memory.
    ///
    /// # Errors
    /// [`Error::Refused`], or what ended the session.
    pub async fn entries(&mut self, path: Option<Arg>) -> Result<Entries<'_, R>, Error> {
        if self.features().await?.has("MLST") {
            let request = TransferRequest::list(Command::Mlsd(path.clone()));
            let id = self.connection.begin(Operation::Transfer(request)).await?;
            match transfer::begin(&mut self.connection, id).await {
                Err(Error::Refused(reply)) if reply.code().is_about_syntax() => {}
                begun => {
                    let download = Download::new(&mut self.connection, id, begun?);
                    let reader = listing::Reader::with_dialect(Dialect::Mlsx, None);
                    return Ok(Entries::new(download, reader));
                }
            }
        }
        let request = TransferRequest::list(Command::List(path));
        let reader = listing::Reader::new(Some(today()));
        Ok(Entries::new(self.download(request).await?, reader))
    }

    async fn read_listing(
        &mut self,
        command: Command,
        mut parser: listing::Parser,
    ) -> Result<Listing, Error> {
        let mut download = self.download(TransferRequest::list(command)).await?;
        while let Some(bytes) = download.read().await? {
            parser.feed(&bytes);
        }
        download.finish().await?;
        Ok(parser.finish())
    }
}
