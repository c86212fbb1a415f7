//! Packets of the protocol, as far as signing in needs them ("Connection Phase", MySQL's protocol documentation).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// No packet of a sign-in is longer. A longer one could hide what follows it.
const LONGEST: usize = 1 << 20;

/// The client asks for TLS, or the server offers it.
const CLIENT_SSL: u32 = 0x0800;

/// The part of an answer to the greeting that is sent in the clear to ask for TLS.
const SSL_REQUEST_BYTES: usize = 32;

/// A packet with its number.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) number: u8,
    pub(super) body: Vec<u8>,
}

impl Packet {
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let [low, middle, high, number] = stream.read_u32().await?.to_be_bytes();
        let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the server's packet is too long for a sign-in"));
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(Self { number, body })
    }

    /// Sends it with a number that differs by this much.
    pub(super) async fn write(&self, stream: &mut (impl AsyncWrite + Unpin), by: i8) -> io::Result<()> {
        let [low, middle, high, _] = (self.body.len() as u32).to_le_bytes();
        let mut bytes = vec![low, middle, high, self.number.wrapping_add_signed(by)];
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes).await?;
        stream.flush().await
    }

    /// Of a greeting: whether the server offers TLS. An error in place of a greeting offers none.
    pub(super) fn offers_tls(&self) -> bool {
        // The version of the protocol, the server's version up to a zero, the connection's number, half of the challenge, a zero.
        let Some((10, rest)) = self.body.split_first() else { return false };
        let Some(end) = rest.iter().position(|byte| *byte == 0) else { return false };
        match rest.get(end + 1 + 4 + 8 + 1..end + 1 + 4 + 8 + 1 + 2) {
            Some([low, high]) => u32::from(u16::from_le_bytes([*low, *high])) & CLIENT_SSL != 0,
            _ => false,
        }
    }

    /// Of the driver's answer to the greeting: marks that there is TLS, and gives the request for it.
    pub(super) fn ask_for_tls(&mut self) -> io::Result<Self> {
        let head = self.body.get_mut(..SSL_REQUEST_BYTES);
        let head =
            head.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the driver's answer is too short"))?;
        head[1] |= (CLIENT_SSL >> 8) as u8;
        Ok(Self { number: self.number, body: head.to_vec() })
    }
}
