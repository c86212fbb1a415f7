//! Which schedules are explored: all with few switches, and random ones.

use std::collections::{BTreeSet, HashSet};

use crate::explorer::Trace;

/// Who begins, and at which choices the other one goes on.
#[derive(Clone, Debug)]
pub enum Plan {
    Switches { first: usize, at: Vec<usize> },
    Random { first: usize, state: u64 },
}

impl Plan {
    pub const fn first(&self) -> usize {
        match self {
            Self::Switches { first, .. } | Self::Random { first, .. } => *first,
        }
    }

    /// Whether to switch at a choice, where `possible`.
    pub fn switches_at(&mut self, choice: usize, possible: bool) -> bool {
        possible
            && match self {
                Self::Switches { at, .. } => at.contains(&choice),
                Self::Random { state, .. } => next(state) & 1 == 1,
            }
    }
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn seed() -> u64 {
    std::env::var("RACES_SEED").map_or(1, |seed| seed.parse().expect("RACES_SEED is a number"))
}

/// How much of a race is explored.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// All schedules with at most so many switches that nothing forces.
    pub switches: usize,
    /// Besides, so many random ones.
    pub random: u64,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    pub schedules: usize,
    /// The ends that it came to, in the race's own words.
    pub ends: BTreeSet<String>,
    /// Schedules that broke something, and what.
    pub faults: Vec<String>,
}

/// One schedule: how it went, what it came to, and what it broke.
pub struct Outcome {
    pub trace: Trace,
    pub end: String,
    pub faults: Vec<String>,
}

/// Explores a race.
pub async fn explore(race: &str, extent: Extent, mut once: impl AsyncFnMut(&mut Plan) -> Outcome) -> Findings {
    let begun = std::time::Instant::now();
    let (mut findings, mut ways) = (Findings::default(), HashSet::new());
    let mut note = |findings: &mut Findings, plan: &Plan, outcome: &Outcome| {
        findings.schedules += 1;
        findings.ends.insert(outcome.end.clone());
        ways.insert(outcome.trace.letters());
        for fault in &outcome.faults {
            findings.faults.push(format!("{fault}\n    by {plan:?}: {:#?}", outcome.trace.events));
        }
    };
    let mut open: Vec<(usize, Vec<usize>)> = vec![(1, Vec::new()), (0, Vec::new())];
    while let Some((first, at)) = open.pop() {
        let mut plan = Plan::Switches { first, at: at.clone() };
        let outcome = once(&mut plan).await;
        note(&mut findings, &plan, &outcome);
        if at.len() < extent.switches {
            // To switch at the very first choice is to let the other one begin.
            let from = at.last().map_or(1, |last| last + 1);
            let more = (from..outcome.trace.choices.len()).rev().filter(|choice| outcome.trace.choices[*choice]);
            open.extend(more.map(|choice| (first, [at.clone(), vec![choice]].concat())));
        }
    }
    let systematic = findings.schedules;
    let seed = seed();
    for number in 0..extent.random {
        let mut plan =
            Plan::Random { first: usize::from(number % 2 == 1), state: seed.wrapping_mul(1_000_003) ^ number };
        let outcome = once(&mut plan).await;
        note(&mut findings, &plan, &outcome);
    }
    println!(
        "{race}: {systematic} schedules with at most {} switches, {} random ones (seed {seed}); {} different ones in {:?}; {:?}",
        extent.switches,
        extent.random,
        ways.len(),
        begun.elapsed(),
        findings.ends,
    );
    findings
}

impl Findings {
    /// Nothing was broken, and each of these ends was come to, and no other.
    pub fn assert_sound(&self, ends: &[&str]) {
        let shown: Vec<&String> = self.faults.iter().take(3).collect();
        let text = shown.iter().map(|fault| fault.as_str()).collect::<Vec<_>>().join("\n");
        assert!(shown.is_empty(), "{} faults in {} schedules, the first:\n{text}", self.faults.len(), self.schedules);
        assert_eq!(self.ends.iter().map(String::as_str).collect::<Vec<_>>(), ends);
    }
}
