//! How long the storm is, how large its table, and how the instances are set: a short form for every test run, a long one on
//! demand.

use std::env;
use std::ops::Range;
use std::time::Duration;

use crate::faults::{ALL, Fault};
use crate::ground::Kind;
use crate::program::Start;

/// Instances that share each run.
pub const INSTANCES: usize = 3;

/// What a storm is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    pub on: Kind,
    pub seed: u64,
    /// `CHAOS_MINUTES`; none is the short form.
    pub minutes: Option<u64>,
    pub users: i64,
    pub chunk_rows: u32,
    pub lease: Duration,
    pub sweep: Duration,
    /// How long a fault lasts that lasts.
    pub lasting: Range<Duration>,
    /// From the end of a strike to the next one, for all faults but kills.
    pub pause: Range<Duration>,
    /// After a storm everybody must be completed within this time.
    pub patience: Duration,
    /// Users of each round that are compared with the oracle.
    pub sample: i64,
    /// What blows together, one after the other, and for how long.
    pub weathers: Vec<Weather>,
}

/// Faults that blow together for a time.
#[derive(Clone, Debug)]
pub struct Weather {
    pub faults: Vec<Fault>,
    pub time: Duration,
}

impl Weather {
    pub fn name(&self) -> String {
        match *self.faults.as_slice() {
            [fault] => fault.name().to_owned(),
            ref faults if faults.len() == ALL.len() => "all of them at once".to_owned(),
            ref faults => faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", "),
        }
    }

    pub fn is_mixed(&self) -> bool {
        self.faults.len() == ALL.len()
    }
}

/// From the environment: `CHAOS_MINUTES` and `CHAOS_SEED`.
pub fn from_environment(on: Kind) -> Plan {
    let seed = number("CHAOS_SEED").unwrap_or_else(rand::random);
    match number("CHAOS_MINUTES") {
        None => short(on, seed),
        Some(minutes) => long(on, seed, minutes),
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a whole number")))
}

fn short(on: Kind, seed: u64) -> Plan {
    let weather = |faults: Vec<Fault>, seconds| Weather { faults, time: Duration::from_secs(seconds) };
    let of = |theme| ALL.into_iter().filter(|fault| fault.theme() == theme).collect::<Vec<_>>();
    Plan {
        on,
        seed,
        minutes: None,
        users: 3_000,
        chunk_rows: 100,
        lease: Duration::from_secs(3),
        sweep: Duration::from_millis(300),
        lasting: Duration::from_millis(200)..Duration::from_millis(2_000),
        pause: Duration::from_millis(200)..Duration::from_millis(1_500),
        patience: Duration::from_secs(30),
        sample: 100,
        weathers: vec![
            weather(of("processes"), 10),
            weather(of("server"), 7),
            weather(of("sessions"), 5),
            weather(of("network"), 9),
            weather(of("moments"), 5),
            weather(ALL.to_vec(), 8),
        ],
    }
}

/// Each fault alone for a share of the time, those that wait for a lease for longer, and at last all of them.
fn long(on: Kind, seed: u64, minutes: u64) -> Plan {
    let share = |fault: &Fault| if fault.waits_for_leases() { 3 } else { 1 };
    let mixed = 4;
    let shares: u32 = mixed + ALL.iter().map(share).sum::<u32>();
    let part = Duration::from_secs(60 * minutes) / shares;
    let alone = ALL.into_iter().map(|fault| Weather { faults: vec![fault], time: part * share(&fault) });
    let mut weathers: Vec<Weather> = alone.collect();
    weathers.push(Weather { faults: ALL.to_vec(), time: part * mixed });
    Plan {
        on,
        seed,
        minutes: Some(minutes),
        users: 20_000,
        chunk_rows: 500,
        lease: Duration::from_secs(30),
        sweep: Duration::from_secs(5),
        lasting: Duration::from_millis(500)..Duration::from_millis(10_000),
        pause: Duration::from_millis(500)..Duration::from_millis(5_000),
        // A swallowed answer is waited for as long as a load may take, and a chunk may take until its deadline (300 s).
        patience: Duration::from_secs(330),
        sample: 200,
        weathers,
    }
}

impl Plan {
    /// The settings of an instance. In the long form all that recovery depends on has its default.
    pub fn set(&self, start: Start) -> Start {
        // An instance that ends and starts again must hold its lease for a full length anew before it may sweep: the
        // storm's customer never rests, and ten passes would be over every few seconds.
        let start = start.variable("CARDGENIUS_PIPELINE__MAX_PASSES", "1000");
        if self.minutes.is_some() {
            return start;
        }
        start
            .variable("CARDGENIUS_LEASE__LEASE_MS", "3000")
            .variable("CARDGENIUS_LEASE__RENEW_MS", "500")
            .variable("CARDGENIUS_LEASE__SWEEP_MS", "300")
            .variable("CARDGENIUS_LIMITS__RENEW_STATEMENT_MS", "400")
            .variable("CARDGENIUS_LIMITS__CONNECT_MS", "1000")
            .variable("CARDGENIUS_LIMITS__ACQUIRE_MS", "2000")
            .variable("CARDGENIUS_LIMITS__STATEMENT_MS", "3000")
            .variable("CARDGENIUS_LIMITS__LOAD_MS", "3000")
            .variable("CARDGENIUS_RETRY__BASE_MS", "50")
            .variable("CARDGENIUS_RETRY__MAX_MS", "500")
    }

    /// How this storm is made again.
    pub fn command(&self) -> String {
        match self.minutes {
            Some(minutes) => {
                format!("make chaos CHAOS_ON={} CHAOS_MINUTES={minutes} CHAOS_SEED={}", self.on.name(), self.seed)
            }
            None => {
                format!("CHAOS_SEED={} cargo test --package cardgenius --test chaos {}", self.seed, self.on.name())
            }
        }
    }
}
