//! Keeping the ten best of many.

use crate::published::RANKS;

/// A card's net, with its place in engine order, counted from the end, in the bits below: one comparison then ranks as
/// calculation.md, section 5, does. Savings are added to the key of what else the net consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(i64);

const PLACE_BITS: u32 = 17;
const PLACES: i64 = 1 << PLACE_BITS;

/// Most cards that can be told apart.
const MAX_CARDS: usize = 1 << PLACE_BITS;

/// Largest net, and largest savings, either way: more than can be published.
const LARGEST_NET_PAISE: i64 = (i64::MAX >> PLACE_BITS) / 4;

impl Key {
    /// Of a card that is not to be had: with any savings it stays below [`Key::NOTHING`].
    pub(super) const CLOSED: Self = Self((-3 * LARGEST_NET_PAISE) << PLACE_BITS);

    /// Below every net's, and above what is closed.
    const NOTHING: Self = Self((-LARGEST_NET_PAISE << PLACE_BITS) - 1);

    /// None beyond [`LARGEST_NET_PAISE`] or [`MAX_CARDS`].
    pub(super) fn new(net_paise: i64, place: usize) -> Option<Self> {
        let fits = (-LARGEST_NET_PAISE..=LARGEST_NET_PAISE).contains(&net_paise) && place < MAX_CARDS;
        fits.then_some(Self((net_paise << PLACE_BITS) | (PLACES - 1 - place as i64)))
    }

    #[inline]
    pub(super) fn with_savings(self, savings_paise: i64) -> Self {
        Self(self.0 + (savings_paise << PLACE_BITS))
    }

    pub(super) fn net_paise(self) -> i64 {
        self.0 >> PLACE_BITS
    }

    pub(super) fn place(self) -> usize {
        (PLACES - 1 - (self.0 & (PLACES - 1))) as usize
    }
}

/// The ten largest keys seen, the largest first.
#[derive(Debug)]
pub(super) struct Best {
    keys: [Key; RANKS],
}

impl Best {
    pub(super) fn none() -> Self {
        Self { keys: [Key::NOTHING; RANKS] }
    }

    /// Takes the key in if it is among the ten largest so far.
    #[inline]
    pub(super) fn offer(&mut self, key: Key) {
        if key > self.keys[RANKS - 1] {
            self.insert(key);
        }
    }

    /// Without branches: where a key belongs cannot be guessed.
    #[inline]
    fn insert(&mut self, key: Key) {
        for rank in (1..RANKS).rev() {
            self.keys[rank] = self.keys[rank].max(self.keys[rank - 1].min(key));
        }
        self.keys[0] = self.keys[0].max(key);
    }

    /// The ten, or how many there are if they are fewer.
    #[inline]
    pub(super) fn ten(self) -> Result<[Key; RANKS], usize> {
        if self.keys[RANKS - 1] == Key::NOTHING {
            return Err(self.keys.iter().take_while(|key| **key != Key::NOTHING).count());
        }
        Ok(self.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rank_by_net_and_then_by_place() {
        let mut best = Best::none();
        let nets = [-5, 7, 0, LARGEST_NET_PAISE, -LARGEST_NET_PAISE, 7, -1, 3, 3, 3, 2, -900, 7];
        for (place, net) in nets.into_iter().enumerate().rev() {
            best.offer(Key::new(net / 2, place).unwrap().with_savings(net - net / 2));
        }
        let ten = best.ten().unwrap();
        assert_eq!(ten.map(Key::place), [3, 1, 5, 12, 7, 8, 9, 10, 2, 6]);
        assert_eq!(ten.map(Key::net_paise), [LARGEST_NET_PAISE, 7, 7, 7, 3, 3, 3, 2, 0, -1]);
    }

    #[test]
    fn the_smallest_net_counts_and_what_is_closed_does_not() {
        let mut best = Best::none();
        for place in 0..9 {
            best.offer(Key::new(-LARGEST_NET_PAISE, MAX_CARDS - 1 - place).unwrap());
            best.offer(Key::CLOSED);
            best.offer(Key::CLOSED.with_savings(LARGEST_NET_PAISE));
        }
        assert_eq!(best.ten(), Err(9));
        assert_eq!(Key::new(LARGEST_NET_PAISE + 1, 0), None);
        assert_eq!(Key::new(-LARGEST_NET_PAISE - 1, 0), None);
        assert_eq!(Key::new(0, MAX_CARDS), None);
    }
}
