//! Who is connected: lets everyone in, and shows the oldest of the largest group out where there are too many.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// A connection by its number, which grows with time.
type Number = u64;

#[derive(Debug, Default)]
struct Members {
    last: Number,
    inside: BTreeMap<Number, (IpAddr, CancellationToken)>,
}

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Crowd {
    members: Mutex<Members>,
    max: usize,
    max_of_a_peer: usize,
}

/// A connection's place, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: Number,
    ended: CancellationToken,
}

impl Crowd {
    pub(super) fn new(max: usize, max_of_a_peer: usize) -> Self {
        Self { members: Mutex::default(), max, max_of_a_peer }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection, which `ended` ends. It may be at the cost of an older one.
    pub(super) fn let_in(self: &Arc<Self>, address: IpAddr, ended: CancellationToken) -> Place {
        let peer = peer_of(address);
        let mut members = self.members();
        let of_peer = |peer: IpAddr| move |(_, (of, _)): &(&Number, &(IpAddr, CancellationToken))| *of == peer;
        let oldest = if members.inside.iter().filter(of_peer(peer)).count() >= self.max_of_a_peer {
            members.inside.iter().find(of_peer(peer))
        } else if members.inside.len() >= self.max {
            let largest = members.largest();
            members.inside.iter().find(|(_, (of, _))| Some(*of) == largest)
        } else {
            None
        };
        if let Some(number) = oldest.map(|(number, _)| *number)
            && let Some((_, ended)) = members.inside.remove(&number)
        {
            ended.cancel();
        }
        members.last += 1;
        let number = members.last;
        members.inside.insert(number, (peer, ended.clone()));
        Place { crowd: self.clone(), number, ended }
    }
}

impl Members {
    /// The peer with the most connections.
    fn largest(&self) -> Option<IpAddr> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for (peer, _) in self.inside.values() {
            *counts.entry(*peer).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(peer, _)| peer)
    }
}

impl Place {
    /// Does the connection's work until it is over or ended.
    pub(super) async fn until_ended(self, work: impl Future<Output = ()>) {
        self.ended.run_until_cancelled(work).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().inside.remove(&self.number);
    }
}

/// One client has as many IPv6 addresses as it likes, all with the same first half.
fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const SECOND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn ended(places: &[Place]) -> Vec<usize> {
        let ended = places.iter().enumerate().filter(|(_, place)| place.ended.is_cancelled());
        ended.map(|(number, _)| number).collect()
    }

    #[test]
    fn a_peer_that_has_its_share_loses_its_oldest_connection_for_its_newest() {
        let crowd = Arc::new(Crowd::new(10, 2));
        let places: Vec<Place> = [SECOND, FIRST, FIRST, FIRST, FIRST]
            .into_iter()
            .map(|peer| crowd.let_in(peer, CancellationToken::new()))
            .collect();
        assert_eq!(ended(&places), [1, 2]);
        assert_eq!(crowd.members().inside.len(), 3);
    }

    #[test]
    fn where_there_are_too_many_the_peer_with_the_most_loses_its_oldest() {
        let crowd = Arc::new(Crowd::new(4, 3));
        let mut places: Vec<Place> = [SECOND, FIRST, FIRST, FIRST]
            .into_iter()
            .map(|peer| crowd.let_in(peer, CancellationToken::new()))
            .collect();
        places.push(crowd.let_in(SECOND, CancellationToken::new()));
        assert_eq!(ended(&places), [1]);
        // A place that is left is free.
        drop(places.remove(2));
        places.push(crowd.let_in(IpAddr::from([7; 4]), CancellationToken::new()));
        assert_eq!(ended(&places), [1]);
    }

    #[test]
    fn addresses_of_one_network_and_of_both_kinds_are_one_peer() {
        let parsed = |text: &str| peer_of(text.parse().unwrap());
        assert_eq!(parsed("2001:db8:1:2:3::4"), parsed("2001:db8:1:2:ffff::"));
        assert_ne!(parsed("2001:db8:1:2::"), parsed("2001:db8:1:3::"));
        assert_eq!(parsed("::ffff:10.0.0.1"), FIRST);
    }
}
