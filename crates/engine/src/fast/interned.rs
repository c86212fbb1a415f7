//! Things that are kept once, however often they occur.

use std::collections::HashMap;
use std::hash::Hash;

/// Distinct items in the order in which they were first seen.
#[derive(Debug)]
pub(super) struct Interned<T> {
    items: Vec<T>,
    places: HashMap<T, usize>,
}

impl<T: Clone + Eq + Hash> Interned<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), places: HashMap::new() }
    }

    /// The place of the item, which is added if it is new.
    pub(super) fn place(&mut self, item: T) -> usize {
        *self.places.entry(item).or_insert_with_key(|item| {
            self.items.push(item.clone());
            self.items.len() - 1
        })
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}
