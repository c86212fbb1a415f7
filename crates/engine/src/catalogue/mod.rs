//! The catalogue of cards: its model, and how its text is read and checked.

pub mod model;
