//! What a cron expression means in a time zone.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// Why an expression cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TimesError {
    /// It cannot be read.
    #[error("{0}")]
    Cron(#[from] croner::errors::CronError),
    /// A comma stands where no item is.
    #[error("a list has a comma too many, or an item too few")]
    EmptyItem,
    /// There is no such time, ever.
    #[error("it never comes")]
    Never,
}

/// The times at which a schedule is due.
///
/// The library is asked about clock faces only, as if there were no zones: across a gap its own zones doubled a time
/// that lies before it. What a face means is said here. One that a clock change leaves out means the first moment after
/// the gap; one that comes twice means the first time.
#[derive(Clone, Debug)]
pub struct Times {
    cron: Cron,
    zone: Tz,
}

impl Times {
    /// The times of an expression of five fields in a zone.
    ///
    /// # Errors
    /// The expression cannot be read, or names a day that never comes.
    pub fn parse(cron: &str, zone: Tz) -> Result<Self, TimesError> {
        if cron.split_whitespace().any(|field| field.split(',').any(str::is_empty)) {
            return Err(TimesError::EmptyItem);
        }
        // Without seconds: a run a minute is already more than anybody means.
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).dom_and_dow(false).build();
        let times = Self { cron: parser.parse(cron)?, zone };
        times.next_after(DateTime::<Utc>::UNIX_EPOCH).ok_or(TimesError::Never)?;
        Ok(times)
    }

    /// Whether an expression names days of the month and days of the week. It is due then on a day that is one of either,
    /// also where one of the two begins with a star (`*/2`), which other programs read as days that are both.
    #[must_use]
    pub fn names_days_of_both_kinds(cron: &str) -> bool {
        let fields: Vec<&str> = cron.split_whitespace().collect();
        matches!(fields[..], [_, _, day, _, weekday] if ![day, weekday].iter().any(|field| ["*", "?"].contains(field)))
    }

    /// The first time after this one.
    #[must_use]
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // The library leaves fractions of a second as they are, and every one would be another time.
        let face = time.with_timezone(&self.zone).naive_local().and_utc();
        let mut face = face.with_nanosecond(0).unwrap_or(face);
        loop {
            face = self.cron.find_next_occurrence(&face, false).ok()?;
            // Of an hour that comes twice the second pass lies behind the first.
            match self.moment(face.naive_utc())? {
                moment if moment > time => return Some(moment),
                _ => {}
            }
        }
    }

    /// The moment at which the zone's clocks show this face; they are never ahead of it for longer than a day.
    fn moment(&self, face: NaiveDateTime) -> Option<DateTime<Utc>> {
        let minutes = (0..=24 * 60).map(|minutes| face + TimeDelta::minutes(minutes));
        let mut shown = minutes.filter_map(|face| self.zone.from_local_datetime(&face).earliest());
        shown.next().map(|moment| moment.with_timezone(&Utc))
    }
}
