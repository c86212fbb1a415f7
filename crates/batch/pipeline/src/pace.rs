//! How fast: when the next chunk may be claimed, and how many users it may have. Nothing here waits or asks; the times are
//! passed in.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::chunk_size::ChunkSize;
use crate::config::PipelineConfig;

/// Where users a second are limited, a chunk is the users of so many seconds at most: the work goes on evenly.
const CHUNK_SECONDS: f64 = 1.0;

/// A claim that comes late, because of a timer or of a busy instance, is made up for by so many seconds at most.
const LATE_SECONDS: f64 = 0.25;

/// The full speed is that of the last while...
const FULL_WINDOW: Duration = Duration::from_secs(30);

/// ... and nothing is said of it before so much of it was seen.
const FULL_SEEN: Duration = Duration::from_secs(2);

/// No wait is longer: whoever waits asks again.
const LONGEST_WAIT_SECONDS: f64 = 60.0;

/// What the claim loop may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Claim, at most so many users.
    Claim(usize),
    /// Ask again then, or when a chunk has ended or the headroom has changed.
    NotBefore(Instant),
    /// Ask again when a chunk has ended or the headroom has changed.
    NotYet,
}

/// Users a second that may be claimed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    None,
    /// A share of a speed that nobody has seen yet.
    Unseen,
    Rate(f64),
}

/// The pace of an instance in a run.
///
/// What was claimed is a debt that is worked off at the rate in force, and nobody is claimed while there is any. So the users
/// claimed in any while are those of the rate, one chunk and a quarter of a second's at most.
#[derive(Debug)]
pub struct Pace {
    size: ChunkSize,
    /// Users a second over all instances.
    ceiling: Option<f64>,
    /// Who share it.
    instances: u64,
    sessions: usize,
    full: FullSpeed,
    limit: Limit,
    debt: f64,
    debt_as_of: Option<Instant>,
}

impl Pace {
    /// The pace at the start of an instance's part in a run; it counts as the only instance.
    #[must_use]
    pub fn new(config: &PipelineConfig) -> Self {
        Self {
            size: ChunkSize::new(config),
            ceiling: (config.max_users_per_second > 0).then_some(config.max_users_per_second as f64),
            instances: 1,
            sessions: config.sessions,
            full: FullSpeed::default(),
            limit: Limit::None,
            debt: 0.0,
            debt_as_of: None,
        }
    }

    /// So many instances share the ceiling, this one among them, which has so many sessions to load.
    pub fn shared_by(&mut self, instances: u64, sessions: usize) {
        (self.instances, self.sessions) = (instances.max(1), sessions);
    }

    /// What to do now, at this share of the full speed and with so many chunks in flight.
    pub fn next(&mut self, now: Instant, share: f64, in_flight: usize) -> Turn {
        self.work_off(now);
        self.full.is_now(is_all(share));
        if share <= 0.0 {
            return Turn::NotYet;
        }
        self.limit = self.limit_at(share);
        match self.limit {
            Limit::None => Turn::Claim(self.size.rows()),
            // One small chunk shows what the database can do.
            Limit::Unseen if in_flight == 0 => Turn::Claim(self.size.least()),
            Limit::Unseen => Turn::NotYet,
            // Less than a thousandth of a user is what is left of rounding.
            Limit::Rate(rate) if self.debt < 0.001 => Turn::Claim(rows_at(rate, self.size.rows())),
            Limit::Rate(rate) => {
                Turn::NotBefore(now + Duration::from_secs_f64((self.debt / rate).min(LONGEST_WAIT_SECONDS)))
            }
        }
    }

    /// So many users were claimed, by a call that began then.
    pub fn claimed(&mut self, at: Instant, users: usize) {
        self.work_off(at);
        self.debt += users as f64;
    }

    /// A chunk of so many users was settled. `took` is how long the database worked at it, if that is known.
    pub fn settled(&mut self, now: Instant, users: usize, took: Option<Duration>) {
        self.full.note(now, users);
        if let Some(took) = took {
            self.size.note(users, took);
            self.full.estimate(users, took, self.sessions);
        }
    }

    /// Nobody could be claimed for a while, for a reason that has nothing to do with speed.
    pub fn interrupted(&mut self) {
        self.full.interrupted();
    }

    fn limit_at(&self, share: f64) -> Limit {
        let ceiling = self.ceiling.map(|ceiling| ceiling / self.instances as f64);
        if is_all(share) {
            return ceiling.map_or(Limit::None, Limit::Rate);
        }
        match (self.full.rate(), ceiling) {
            (Some(full), Some(ceiling)) => Limit::Rate(ceiling.min(share * full)),
            (Some(full), None) if full.is_finite() => Limit::Rate(share * full),
            // Done in no time at all, as a test's clock has it.
            (Some(_), None) => Limit::None,
            (None, _) => Limit::Unseen,
        }
    }

    fn work_off(&mut self, now: Instant) {
        let since = self.debt_as_of.replace(now).unwrap_or(now);
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        self.debt = match self.limit {
            Limit::None => 0.0,
            Limit::Unseen => self.debt,
            Limit::Rate(rate) => rate.mul_add(-seconds, self.debt).max(-rate * LATE_SECONDS),
        };
    }
}

/// A share that is no number holds nobody back.
fn is_all(share: f64) -> bool {
    share >= 1.0 || share.is_nan()
}

fn rows_at(rate: f64, size: usize) -> usize {
    ((rate * CHUNK_SECONDS) as usize).clamp(1, size)
}

/// How fast the instance is when nothing but the ceiling slows it down.
#[derive(Debug, Default)]
struct FullSpeed {
    /// Whether that is so now.
    is_full: bool,
    /// Chunks that were settled meanwhile, without a break.
    seen: VecDeque<(Instant, usize)>,
    measured: Option<f64>,
    /// A chunk's users, and the rate that follows from how long the database worked at it: until enough was seen.
    estimated: Option<(usize, f64)>,
}

impl FullSpeed {
    fn rate(&self) -> Option<f64> {
        self.measured.or(self.estimated.map(|(_, rate)| rate))
    }

    fn is_now(&mut self, full: bool) {
        if !std::mem::replace(&mut self.is_full, full) {
            self.seen.clear();
        }
    }

    fn note(&mut self, now: Instant, users: usize) {
        if !self.is_full {
            return;
        }
        let gap = self.seen.back().map(|(last, _)| now.saturating_duration_since(*last));
        if gap.is_some_and(|gap| gap >= FULL_WINDOW) {
            // There was nobody to claim, or the database is so slow that one chunk tells more than many.
            self.seen.clear();
        }
        self.seen.push_back((now, users));
        while self.seen.len() > 2 && now.saturating_duration_since(self.seen[1].0) >= FULL_WINDOW {
            self.seen.pop_front();
        }
        let Some((first, _)) = self.seen.front() else { return };
        let span = now.saturating_duration_since(*first);
        if span >= FULL_SEEN {
            // The first one's users were done before the time that is looked at.
            let users: usize = self.seen.iter().skip(1).map(|(_, users)| users).sum();
            self.measured = Some(users as f64 / span.as_secs_f64());
        }
    }

    fn estimate(&mut self, users: usize, took: Duration, sessions: usize) {
        // A far smaller chunk would tell of fixed costs.
        if self.estimated.is_none_or(|(known, _)| users >= known / 2) {
            self.estimated = Some((users, (users * sessions) as f64 / took.as_secs_f64()));
        }
    }

    fn interrupted(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_users_per_second: u64) -> PipelineConfig {
        PipelineConfig { max_users_per_second, sessions: 2, ..PipelineConfig::default() }
    }

    /// Claims whenever it may, for so long; each claim finds as many users as it may. Returns when, and how many.
    fn claims(pace: &mut Pace, from: Instant, during: Duration, share: f64) -> Vec<(Instant, usize)> {
        let (mut now, mut claims) = (from, Vec::new());
        while now < from + during {
            match pace.next(now, share, 0) {
                Turn::Claim(rows) => {
                    pace.claimed(now, rows);
                    claims.push((now, rows));
                }
                Turn::NotBefore(then) => now = then,
                Turn::NotYet => break,
            }
        }
        claims
    }

    fn users(claims: &[(Instant, usize)]) -> usize {
        claims.iter().map(|(_, rows)| rows).sum()
    }

    /// Shows it a full speed: chunks of `rows` users, one each `every`, for ten seconds. Returns when that is over.
    fn run_at_full_speed(pace: &mut Pace, rows: usize, every: Duration) -> Instant {
        let mut now = Instant::now();
        let end = now + Duration::from_secs(10);
        while now < end {
            assert!(matches!(pace.next(now, 1.0, 3), Turn::Claim(_)));
            pace.claimed(now, rows);
            now += every;
            pace.settled(now, rows, None);
        }
        now
    }

    #[test]
    fn without_a_ceiling_and_a_throttle_the_next_chunk_is_due_at_once_and_whole() {
        let mut pace = Pace::new(&config(0));
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(pace.next(now, 1.0, 4), Turn::Claim(10_000));
            pace.claimed(now, 10_000);
        }
        assert_eq!(pace.next(now, f64::NAN, 4), Turn::Claim(10_000), "a share that is no number holds nobody back");
    }

    #[test]
    fn a_ceiling_is_kept_in_every_while_and_used_within_a_few_percent_over_a_minute() {
        for ceiling in [1, 7, 100, 1_000, 25_000] {
            let mut pace = Pace::new(&config(ceiling));
            let claims = claims(&mut pace, Instant::now(), Duration::from_secs(60), 1.0);
            let rate = users(&claims) as f64 / 60.0;
            let share = rate / ceiling as f64;
            assert!((0.97..=1.03).contains(&share), "{ceiling}: {rate}");
            let chunk = (ceiling as usize).min(10_000);
            for first in 0..claims.len() {
                for last in first..claims.len() {
                    let while_seconds = (claims[last].0 - claims[first].0).as_secs_f64();
                    let most = ceiling as f64 * (while_seconds + LATE_SECONDS) + chunk as f64 + 1.0;
                    assert!(users(&claims[first..=last]) as f64 <= most, "{ceiling}: from {first} to {last}");
                }
            }
        }
    }

    #[test]
    fn a_low_ceiling_makes_small_chunks_and_one_user_is_the_least() {
        let now = Instant::now();
        for (ceiling, instances, rows) in
            [(100, 1, 100), (100, 4, 25), (1, 3, 1), (9_000, 1, 9_000), (50_000, 2, 10_000)]
        {
            let mut pace = Pace::new(&config(ceiling));
            pace.shared_by(instances, 2);
            assert_eq!(pace.next(now, 1.0, 0), Turn::Claim(rows), "{ceiling} by {instances}");
        }
    }

    #[test]
    fn instances_that_share_a_ceiling_keep_it_together() {
        let now = Instant::now();
        let together: usize = (0..3)
            .map(|_| {
                let mut pace = Pace::new(&config(1_000));
                pace.shared_by(3, 2);
                users(&claims(&mut pace, now, Duration::from_secs(60), 1.0))
            })
            .sum();
        assert!((58_200..=61_800).contains(&together), "{together}");
    }

    #[test]
    fn an_idle_while_is_not_made_up_for_but_a_late_claim_is() {
        let mut pace = Pace::new(&config(100));
        let start = Instant::now();
        pace.claimed(start, 100);
        let after_an_hour = start + Duration::from_secs(3_600);
        let claims = claims(&mut pace, after_an_hour, Duration::from_secs(10), 1.0);
        assert!(users(&claims) <= 1_000 + 100 + 25, "{}", users(&claims));

        // Each claim comes a tenth of a second late, and the rate is kept.
        let mut pace = Pace::new(&config(100));
        let (mut now, mut users) = (start, 0);
        while now < start + Duration::from_secs(60) {
            match pace.next(now, 1.0, 0) {
                Turn::Claim(rows) => {
                    pace.claimed(now, rows);
                    users += rows;
                }
                Turn::NotBefore(then) => now = then + Duration::from_millis(100),
                Turn::NotYet => panic!("nothing holds it back"),
            }
        }
        assert!((5_800..=6_150).contains(&users), "{users}");
    }

    #[test]
    fn a_claim_that_finds_few_or_nobody_costs_what_it_found() {
        let mut pace = Pace::new(&config(100));
        let now = Instant::now();
        for found in [0, 0, 0] {
            assert!(matches!(pace.next(now, 1.0, 0), Turn::Claim(100)));
            pace.claimed(now, found);
        }
        pace.claimed(now, 10);
        let Turn::NotBefore(then) = pace.next(now, 1.0, 0) else { panic!("it owes ten users") };
        assert!((99..=101).contains(&(then - now).as_millis()), "{:?}", then - now);
    }

    #[test]
    fn at_a_share_of_its_full_speed_an_instance_claims_that_share_of_the_users() {
        for share in [0.9, 0.5, 0.1, 0.01] {
            let mut pace = Pace::new(&config(0));
            // 10,000 each half second.
            let now = run_at_full_speed(&mut pace, 10_000, Duration::from_millis(500));
            let claims = claims(&mut pace, now, Duration::from_secs(60), share);
            let of_full = users(&claims) as f64 / (60.0 * 20_000.0);
            assert!((share * 0.95..=share * 1.05).contains(&of_full), "{share}: {of_full}");
        }
    }

    #[test]
    fn at_no_share_nobody_is_claimed_and_the_full_speed_is_still_known_afterwards() {
        let mut pace = Pace::new(&config(0));
        let mut now = run_at_full_speed(&mut pace, 10_000, Duration::from_millis(500));
        assert_eq!(pace.next(now, 0.0, 2), Turn::NotYet);
        assert_eq!(pace.next(now, -1.0, 2), Turn::NotYet);
        // What was in flight ends at its leisure.
        now += Duration::from_secs(20);
        pace.settled(now, 10_000, Some(Duration::from_secs(1)));
        now += Duration::from_secs(3_600);
        assert_eq!(pace.next(now, 0.0, 0), Turn::NotYet);
        let half = users(&claims(&mut pace, now, Duration::from_secs(60), 0.5)) as f64 / 60.0;
        assert!((9_500.0..=10_700.0).contains(&half), "{half}");
        assert_eq!(pace.next(now, 1.0, 0), Turn::Claim(10_000), "and at once when there is no need to hold back");
    }

    #[test]
    fn what_is_settled_while_the_speed_is_held_back_does_not_count_as_full_speed() {
        let mut pace = Pace::new(&config(0));
        let mut now = run_at_full_speed(&mut pace, 10_000, Duration::from_millis(500));
        for _ in 0..60 {
            now += Duration::from_secs(1);
            pace.next(now, 0.1, 1);
            pace.settled(now, 2_000, None);
        }
        let half = users(&claims(&mut pace, now, Duration::from_secs(60), 0.5)) as f64 / 60.0;
        assert!((9_500.0..=10_500.0).contains(&half), "it does not spiral down: {half}");
    }

    #[test]
    fn a_while_without_work_does_not_make_the_full_speed_look_small() {
        let mut pace = Pace::new(&config(0));
        let now = run_at_full_speed(&mut pace, 10_000, Duration::from_millis(500)) + Duration::from_secs(3_600);
        pace.settled(now, 10, None);
        let half = users(&claims(&mut pace, now, Duration::from_secs(60), 0.5)) as f64 / 60.0;
        assert!((9_500.0..=10_500.0).contains(&half), "{half}");
    }

    #[test]
    fn before_its_full_speed_is_known_one_small_chunk_tries_it_out() {
        let mut pace = Pace::new(&config(0));
        let now = Instant::now();
        assert_eq!(pace.next(now, 0.5, 0), Turn::Claim(1_000));
        pace.claimed(now, 1_000);
        assert_eq!(pace.next(now, 0.5, 1), Turn::NotYet);
        // Given back for a fault: another one is tried.
        assert_eq!(pace.next(now, 0.5, 0), Turn::Claim(1_000));
        // Two sessions do 10,000 users a second.
        let now = now + Duration::from_millis(200);
        pace.settled(now, 1_000, Some(Duration::from_millis(200)));
        let half = users(&claims(&mut pace, now, Duration::from_secs(60), 0.5)) as f64 / 60.0;
        assert!((4_800.0..=5_200.0).contains(&half), "{half}");
    }

    #[test]
    fn a_ceiling_and_a_throttle_together_keep_the_lower_of_the_two() {
        for (ceiling, share, expected) in [(5_000, 0.5, 5_000.0), (15_000, 0.5, 10_000.0)] {
            let mut pace = Pace::new(&config(ceiling));
            pace.full.measured = Some(20_000.0);
            let rate = users(&claims(&mut pace, Instant::now(), Duration::from_secs(60), share)) as f64 / 60.0;
            assert!((expected * 0.97..=expected * 1.03).contains(&rate), "{ceiling}, {share}: {rate}");
        }
    }
}
