//! A proxy before a server that throws the rows of every COPY away and tells the client that the server took them. All
//! else is real: what remains is the program without the database's main work.

mod relay;
mod tuples;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::{io, thread};

use cardgenius_embedded::PrivatePostgres;
use uuid::Uuid;

use crate::failure::{Doing, Outcome};

/// It serves as long as this program runs; its socket goes when this is dropped.
pub struct Discarding {
    folder: Folder,
}

/// A folder that no other account may enter.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Self> {
        // Short: the path of a socket has at most 107 bytes.
        let name = format!("cgp-{:08x}", Uuid::new_v4().as_fields().0);
        let path = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Discarding {
    /// Starts one, on a socket of its own.
    pub fn before(server: &PrivatePostgres) -> Outcome<Self> {
        let folder = Folder::make().doing("making a folder for the proxy's socket")?;
        let name = format!(".s.PGSQL.{}", server.port());
        let listener = UnixListener::bind(folder.0.join(&name)).doing("listening for the proxy")?;
        let target = server.socket_dir().join(name);
        thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            for client in listener.incoming().flatten() {
                // A client whose connection fails sees it end, as it would without a proxy.
                let _ = serve(client, target.clone());
            }
        })?;
        Ok(Self { folder })
    }

    /// A database's URL through the proxy.
    pub fn url(&self, server: &PrivatePostgres, database: &str) -> String {
        through(&server.url(database), &self.folder.0.to_string_lossy())
    }
}

/// The URL with another folder of sockets.
fn through(url: &str, folder: &str) -> String {
    match url.split_once("host=") {
        Some((before, rest)) => {
            let (_, after) = rest.split_once('&').unwrap_or((rest, ""));
            format!("{before}host={folder}&{after}")
        }
        None => url.to_owned(),
    }
}

fn serve(client: UnixStream, target: PathBuf) -> io::Result<()> {
    let server = UnixStream::connect(target)?;
    let counted = Arc::new(AtomicU64::new(relay::NOTHING));
    let (from_client, to_client) = (client.try_clone()?, client);
    let (from_server, to_server) = (server.try_clone()?, server);
    let count = Arc::clone(&counted);
    let answers = to_client.try_clone()?;
    thread::Builder::new().name("proxy-up".to_owned()).spawn(move || {
        let _ = relay::to_the_server(&from_client, &to_server, &answers, &count);
        let _ = to_server.shutdown(std::net::Shutdown::Both);
    })?;
    thread::Builder::new().name("proxy-down".to_owned()).spawn(move || {
        let _ = relay::to_the_client(&from_server, &to_client, &counted);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_through_the_proxy_differs_in_the_folder_only() {
        let url = "postgres:///d?host=/tmp/cg-1&port=5432&user=u";
        assert_eq!(through(url, "/tmp/x"), "postgres:///d?host=/tmp/x&port=5432&user=u");
    }
}
