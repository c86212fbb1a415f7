//! When runs are due, and the hours in which a backfill may claim: what an expression means in a time zone, and what a look
//! at the clock makes of it.
//!
//! Nothing here waits or asks; the times that were dealt with come from the schedule's row in the database.

#[cfg(test)]
mod clock_changes;
mod day_hours;
mod due;
mod times;

pub use self::day_hours::{DayHours, HoursError};
pub use self::due::{Due, Known, due};
pub use self::times::{Times, TimesError};
