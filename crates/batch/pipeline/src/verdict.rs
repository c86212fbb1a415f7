//! From what a look has found to how fast to go: pure. The worst sign rules.
//!
//! Between the value at which it slows and the one at which it pauses the share falls in a straight line. It falls at
//! once, and rises in steps; it comes back from a pause, and to full speed, only where there is some room to spare: or it
//! would go up and down with every look.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pressure::{Pressure, Reading, Sign};
use crate::throttle::Headroom;

/// A share rises by so much from one look to the next.
const RISE: f64 = 0.2;

/// After a pause a sign must allow so much before anybody is claimed again.
const RESUME: f64 = 0.25;

/// While a sign is not clearly below the value at which it slows.
const NOT_YET_FULL: f64 = 0.95;

/// Clearly below: by so much of the way from slow to pause, and of the value itself at most.
const CLEAR: f64 = 0.1;

/// Of what a slot may keep before the server gives it up, the share at which we slow, and that at which we pause.
const OF_CAPACITY: Band = Band { slow: 0.5, pause: 0.8 };

/// Where a value begins to slow us, and where it makes us pause. Of free disk the pause is the smaller one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// From here on slower.
    pub slow: f64,
    /// From here on nobody is claimed.
    pub pause: f64,
}

impl Band {
    /// How far a value is on the way from slow (0) to pause (1).
    fn way(self, value: f64) -> f64 {
        (value - self.slow) / (self.pause - self.slow)
    }

    /// How far before slow a value must be, on that way, to count as clearly out of it.
    fn clear(self) -> f64 {
        CLEAR.min((CLEAR * self.slow / (self.pause - self.slow)).abs())
    }

    /// The same, but within what the server itself allows.
    fn within(self, capacity: Option<f64>) -> Self {
        capacity.map_or(self, |most| Self {
            slow: self.slow.min(OF_CAPACITY.slow * most),
            pause: self.pause.min(OF_CAPACITY.pause * most),
        })
    }
}

/// How much of each sign is too much; without a band a sign is not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Seconds.
    pub replica_lag: Option<Band>,
    /// Bytes.
    pub replica_behind: Option<Band>,
    /// Bytes.
    pub slot_wal: Option<Band>,
    /// Bytes.
    pub archive_behind: Option<Band>,
    /// Seconds.
    pub blocked: Option<Band>,
    /// Bytes.
    pub free_disk: Option<Band>,
    /// The share, 0 to 1, while there is upkeep on one of the two tables.
    pub upkeep_share: f64,
    /// Standbys and slots, by name, that are none of our business.
    pub ignored: Vec<String>,
}

impl Limits {
    fn band(&self, reading: &Reading) -> Option<Band> {
        let band = match reading.sign {
            Sign::ReplicaLag => self.replica_lag,
            Sign::ReplicaBehind => self.replica_behind,
            Sign::SlotWal => self.slot_wal,
            Sign::ArchiveBehind => self.archive_behind,
            Sign::Blocked => self.blocked,
            Sign::FreeDisk => self.free_disk,
            Sign::Upkeep | Sign::StopQuery => None,
        };
        band.map(|band| band.within(reading.capacity))
    }
}

/// Judges one look after the other.
#[derive(Debug)]
pub struct Judge {
    limits: Limits,
    /// What each sign allowed at the last look, and which one ruled.
    allowed: BTreeMap<Sign, f64>,
    worst: Option<Sign>,
}

impl Judge {
    /// One that has seen nothing yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, allowed: BTreeMap::new(), worst: None }
    }

    /// How fast to go after this look.
    pub fn judge(&mut self, pressure: &Pressure) -> Headroom {
        let mut found: BTreeMap<Sign, (f64, &Reading)> = BTreeMap::new();
        for reading in &pressure.readings {
            let Some(share) = self.share(reading) else { continue };
            let worst = found.entry(reading.sign).or_insert((share, reading));
            if share < worst.0 {
                *worst = (share, reading);
            }
        }
        self.allowed = found.iter().map(|(sign, (share, _))| (*sign, *share)).collect();
        let worst =
            found.into_values().min_by(|one, other| one.0.total_cmp(&other.0)).filter(|(share, _)| *share < 1.0);
        self.worst = worst.map(|(_, reading)| reading.sign);
        worst.map_or_else(Headroom::full, |(share, reading)| Headroom { share, reason: Some(self.reason(reading)) })
    }

    /// As if nothing had ever been seen.
    pub fn forget(&mut self) {
        self.allowed.clear();
        self.worst = None;
    }

    /// What each sign that was seen allows by itself, 0 to 1.
    #[must_use]
    pub fn shares(&self) -> Vec<(Sign, f64)> {
        self.allowed.iter().map(|(sign, share)| (*sign, *share)).collect()
    }

    /// The sign that rules; none at full speed.
    #[must_use]
    pub const fn worst(&self) -> Option<Sign> {
        self.worst
    }

    /// What a reading allows; none if nobody is to mind it.
    fn share(&self, reading: &Reading) -> Option<f64> {
        if !reading.name.is_empty() && self.limits.ignored.contains(&reading.name) {
            return None;
        }
        match reading.sign {
            Sign::Upkeep => return Some(self.limits.upkeep_share),
            Sign::StopQuery => return Some(if reading.value > 0.0 { 0.0 } else { 1.0 }),
            _ => {}
        }
        let band = self.limits.band(reading)?;
        let (before, way) = (self.allowed.get(&reading.sign).copied().unwrap_or(1.0), band.way(reading.value));
        let allows = (1.0 - way).clamp(0.0, 1.0);
        if before >= 1.0 {
            return Some(allows);
        }
        if before <= 0.0 && allows < RESUME {
            return Some(0.0);
        }
        let held = if way > -band.clear() { allows.min(NOT_YET_FULL) } else { allows };
        Some(held.min(before + RISE))
    }

    fn reason(&self, reading: &Reading) -> Arc<str> {
        let (value, shown, setting) = (reading.value, &reading.shown, reading.sign.setting());
        let what = match reading.sign {
            Sign::ReplicaLag => format!("replica lag {} ({shown})", seconds(value)),
            Sign::ReplicaBehind => format!("replica {} behind ({shown})", bytes(value)),
            Sign::SlotWal => format!("{} of WAL held back ({shown})", bytes(value)),
            Sign::ArchiveBehind => format!("{} of WAL not archived ({shown})", bytes(value)),
            Sign::Blocked => format!("somebody has waited {} for our locks ({shown})", seconds(value)),
            Sign::FreeDisk => format!("{} of disk free ({shown})", bytes(value)),
            Sign::Upkeep => return format!("{shown}: {setting}").into(),
            Sign::StopQuery => return format!("{setting} {shown}").into(),
        };
        let unit = if matches!(reading.sign, Sign::ReplicaLag | Sign::Blocked) { seconds } else { bytes };
        let bounds = self.limits.band(reading).map_or_else(String::new, |band| {
            format!(", slows from {} and pauses at {}", unit(band.slow), unit(band.pause))
        });
        format!("{what}{bounds}: {setting}").into()
    }
}

fn seconds(value: f64) -> String {
    format!("{value:.1} s")
}

fn bytes(value: f64) -> String {
    const MIB: f64 = 1_048_576.0;
    if value >= 1024.0 * MIB { format!("{:.1} GiB", value / (1024.0 * MIB)) } else { format!("{:.0} MiB", value / MIB) }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
