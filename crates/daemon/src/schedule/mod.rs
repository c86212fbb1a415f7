//! When runs are due: what an expression means in a time zone, and what a look at the clock makes of it.
//!
//! Nothing here waits or asks; the times that were dealt with come from the schedule's row in the database.

#[cfg(test)]
mod clock_changes;
mod due;
mod times;

pub use self::due::{Due, Known, due};
pub use self::times::{Times, TimesError};
