//! Keeping the ten best of many.

use crate::published::RANKS;

/// The ten largest keys seen, the largest first. A key packs a card's net above its place in engine order, counted
/// from the end, so that one comparison ranks as calculation.md, section 5, does.
#[derive(Debug)]
pub(super) struct Best {
    keys: [i64; RANKS],
}

/// Below every key.
const EMPTY: i64 = i64::MIN;

/// How nets and places share a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    place_bits: u32,
}

impl Packing {
    /// For this many cards.
    pub(super) fn new(cards: usize) -> Self {
        Self { place_bits: usize::BITS - cards.leading_zeros() }
    }

    /// Largest net, either way, that a key holds.
    pub(super) fn largest_net(self) -> i64 {
        (i64::MAX >> self.place_bits) - 1
    }

    #[inline]
    pub(super) fn key(self, net_paise: i64, place: u32) -> i64 {
        (net_paise << self.place_bits) | (self.place_mask() - i64::from(place))
    }

    pub(super) fn place(self, key: i64) -> usize {
        (self.place_mask() - (key & self.place_mask())) as usize
    }

    fn place_mask(self) -> i64 {
        (1 << self.place_bits) - 1
    }
}

impl Best {
    pub(super) fn none() -> Self {
        Self { keys: [EMPTY; RANKS] }
    }

    /// Takes the key in if it is among the ten largest so far.
    #[inline]
    pub(super) fn offer(&mut self, key: i64) {
        if key > self.keys[RANKS - 1] {
            self.insert(key);
        }
    }

    /// Without branches: where a key belongs cannot be guessed.
    #[inline]
    fn insert(&mut self, key: i64) {
        for rank in (1..RANKS).rev() {
            self.keys[rank] = self.keys[rank].max(self.keys[rank - 1].min(key));
        }
        self.keys[0] = self.keys[0].max(key);
    }

    /// The ten, or how many there are if they are fewer.
    pub(super) fn ten(&self) -> Result<&[i64; RANKS], usize> {
        match self.keys.iter().position(|key| *key == EMPTY) {
            None => Ok(&self.keys),
            Some(count) => Err(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rank_by_net_and_then_by_place() {
        let packing = Packing::new(1_000);
        let mut best = Best::none();
        let nets = [-5_i64, 7, 0, packing.largest_net(), -packing.largest_net(), 7, -1, 3, 3, 3, 2, -900, 7];
        for (place, net) in nets.into_iter().enumerate().rev() {
            best.offer(packing.key(net, u32::try_from(place).unwrap()));
        }
        let places = best.ten().unwrap().map(|key| packing.place(key));
        assert_eq!(places, [3, 1, 5, 12, 7, 8, 9, 10, 2, 6]);
    }

    #[test]
    fn fewer_than_ten_are_counted() {
        let mut best = Best::none();
        for place in 0..9 {
            best.offer(Packing::new(9).key(-1, place));
        }
        assert_eq!(best.ten(), Err(9));
    }
}
