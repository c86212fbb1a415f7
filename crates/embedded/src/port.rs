//! Ports on the loopback interface.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below the range from which Linux takes ports for outgoing connections, so that a server that is stopped for a
/// moment finds its port free again.
const LOWEST: u16 = 15_000;
const COUNT: u16 = 16_000;

/// A port that was free a moment ago, searched from a random place; `None` if all are taken. Whoever binds it must
/// be ready to find it taken in the meantime.
pub(crate) fn probably_free() -> Option<u16> {
    let offset = RandomState::new().build_hasher().finish() % u64::from(COUNT);
    let offset = u16::try_from(offset).unwrap_or(0);
    (0..COUNT)
        .map(|step| LOWEST + (offset + step) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_lies_outside_the_outgoing_range() {
        let port = probably_free().unwrap();
        assert!((LOWEST..LOWEST + COUNT).contains(&port), "{port}");
    }
}
