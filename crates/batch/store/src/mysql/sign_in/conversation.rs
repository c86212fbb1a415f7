//! What driver and server say to each other until the server lets the driver in, with one rule: the password itself goes
//! only to a server whose certificate was verified.

use std::io;
use std::sync::Once;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tracing::warn;

use super::packets::Packet;
use super::{Fault, Security};
use crate::mysql::address::SslMode;
use crate::tls::Trust;

/// The first byte of the server's packets: let in, an error, another way to sign in, more about this way.
const OK: u8 = 0x00;
const ERROR: u8 = 0xff;
const OTHER_WAY: u8 = 0xfe;
const MORE: u8 = 0x01;

/// What `caching_sha2_password` says after [`MORE`]: the server knows the proof already, or it wants the password itself.
const KNOWN: u8 = 0x03;
const PASSWORD_WANTED: u8 = 0x04;

/// With this PARSEC's salt begins.
const SALT: u8 = b'P';

/// Serves one connection of the driver: until the server lets it in, and then for as long as it lasts.
pub(super) async fn serve(mut driver: UnixStream, mut server: TcpStream, security: &Security) -> Result<(), Fault> {
    let greeting = Packet::read(&mut server).await?;
    let tls = match &security.tls {
        Some(_)
            if security.mode == SslMode::Required
                && !greeting.offers_tls()
                && greeting.body.first() != Some(&ERROR) =>
        {
            return Err(Fault::NoTls);
        }
        Some(config) if greeting.offers_tls() => config.clone(),
        _ => {
            greeting.write(&mut driver, 0).await?;
            return converse(driver, server, 0, false).await;
        }
    };
    greeting.write(&mut driver, 0).await?;
    let mut answer = Packet::read(&mut driver).await?;
    answer.ask_for_tls()?.write(&mut server, 0).await?;
    let name = ServerName::try_from(security.host.clone()).map_err(|_| Fault::NoName)?;
    let mut server = TlsConnector::from(tls).connect(name, server).await.map_err(Fault::Handshake)?;
    answer.write(&mut server, 1).await?;
    // The request for TLS was a packet that the driver does not know of: their numbers differ by one until it is let in.
    converse(driver, server, 1, security.trust != Trust::Anything).await
}

async fn converse<S>(mut driver: UnixStream, mut server: S, apart: i8, is_verified: bool) -> Result<(), Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if apart == 0 {
        Packet::read(&mut driver).await?.write(&mut server, 0).await?;
    }
    loop {
        let packet = Packet::read(&mut server).await?;
        let driver_answers = match (packet.body.first(), packet.body.get(1)) {
            (Some(&(OK | ERROR)), _) => {
                packet.write(&mut driver, -apart).await?;
                return Ok(relay(driver, server).await?);
            }
            (Some(&MORE), Some(&PASSWORD_WANTED)) if !is_verified => return Err(Fault::PasswordWanted),
            (Some(&MORE), Some(&KNOWN)) => {
                if !is_verified {
                    warn_of_a_cold_start();
                }
                false
            }
            (Some(&OTHER_WAY), _) | (Some(&MORE), Some(&(PASSWORD_WANTED | SALT))) | (Some(&SALT), _) => true,
            // After a packet that the two read differently the rule could be passed by.
            _ => return Err(Fault::Unexpected),
        };
        packet.write(&mut driver, -apart).await?;
        if driver_answers {
            Packet::read(&mut driver).await?.write(&mut server, apart).await?;
        }
    }
}

/// From here on every byte goes as it comes. The end of either side is the end of both.
async fn relay<S>(driver: UnixStream, server: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_driver, mut to_driver) = driver.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (asked, answered) =
        (tokio::io::copy(&mut from_driver, &mut to_server), tokio::io::copy(&mut from_server, &mut to_driver));
    tokio::select! { done = asked => done, done = answered => done }.map(drop)
}

/// A sign-in that works now and will not after the server's next start is told once.
fn warn_of_a_cold_start() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        warn!(
            "the account signs in with caching_sha2_password over a connection whose server is not verified: when the server \
             has forgotten the proof, as after a restart, it asks for the password itself, and that will be refused; set \
             ssl-mode=VERIFY_CA or VERIFY_IDENTITY"
        );
    });
}
