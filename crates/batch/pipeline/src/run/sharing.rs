//! What the live instances share: the ceiling, and how much of the database is taken at once. However many there are, it
//! works at about as many chunks as it would for one of them.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::debug;

use super::Part;
use crate::compute::Recommend;
use crate::config::PipelineConfig;
use crate::ports::{Live, Slots, Store};
use cardgenius_failure::backoff::Backoff;

/// Between the first two looks at how many instances there are: those of a deployment start together.
const INSTANCES_FIRST_LOOK: Duration = Duration::from_millis(100);

/// Between two later ones.
const INSTANCES_LOOK: Duration = Duration::from_secs(2);

/// How many there are, and what that leaves to this one.
#[derive(Debug)]
pub(super) struct Sharing {
    /// When to look next.
    look: Instant,
    /// Looks so far.
    looks: u32,
    live: Live,
    /// Permits taken away from the sessions.
    withheld: usize,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { look: Instant::now(), looks: 0, live: Live { instances: 1, before: 0 }, withheld: 0 }
    }
}

impl Sharing {
    /// Chunks that load and finish at once here: the instance's share, rounded up, because one is the least.
    fn sessions(&self, config: &PipelineConfig) -> usize {
        config.sessions.div_ceil(self.divisor())
    }

    /// Chunks between claim and finish at once here. More in flight than one instance would have finish out of key order,
    /// and the database pays for it in the index of the recommendations.
    fn chunks_in_flight(&self, config: &PipelineConfig) -> usize {
        (config.chunks_in_flight / self.divisor()).max(self.sessions(config))
    }

    /// The slots to finish in: with one session each, more instances than sessions would load at once.
    fn slots(&self, config: &PipelineConfig) -> Option<Slots> {
        let count = u32::try_from(config.sessions).unwrap_or(u32::MAX).max(1);
        let home = u32::try_from(self.live.before % u64::from(count)).unwrap_or_default();
        (self.live.instances > u64::from(count)).then_some(Slots { count, home })
    }

    fn plan_next_look(&mut self) {
        let wait = Backoff::new(INSTANCES_FIRST_LOOK, INSTANCES_LOOK).ceiling(self.looks);
        self.look = Instant::now() + wait;
        self.looks = self.looks.saturating_add(1);
    }

    fn divisor(&self) -> usize {
        usize::try_from(self.live.instances.max(1)).unwrap_or(usize::MAX)
    }

    /// Brings the permits to what is ours. Those in use are withheld at a later call, when they have been given back.
    fn withhold(&mut self, sessions: &Semaphore, config: &PipelineConfig) {
        let wanted = config.sessions - self.sessions(config);
        if self.withheld < wanted {
            self.withheld += sessions.forget_permits(wanted - self.withheld);
        } else {
            sessions.add_permits(self.withheld - wanted);
            self.withheld = wanted;
        }
    }
}

impl<S: Store, R: Recommend> Part<S, R> {
    /// Learns now and then how many instances there are. Who cannot ask goes on with what is known.
    pub(super) async fn look_who_shares(&mut self) {
        if self.sharing.look <= Instant::now() {
            self.sharing.plan_next_look();
            let shared = self.shared.clone();
            match shared.stop.run_until_cancelled(shared.store.live_instances()).await {
                Some(Ok(live)) => {
                    self.sharing.live = live;
                    self.pace.shared_by(live.instances, self.sharing.sessions(&shared.config));
                    shared.slots.send_replace(self.sharing.slots(&shared.config));
                }
                Some(Err(error)) => {
                    shared.observer.failed(error.kind());
                    debug!(run.id = %self.run_id, kind = error.kind().name(), %error, "could not count the instances that share the work");
                }
                None => {}
            }
        }
        self.sharing.withhold(&self.shared.sessions, &self.shared.config);
    }

    /// Whether to claim in turn with those that live beside us. Whoever has sessions that stand idle for want of chunks does not
    /// wait: far from the server claims take long, and one after the other would be too few. In slots sessions stand idle anyway.
    pub(super) fn claims_in_turn(&self) -> bool {
        let (sharing, config) = (&self.sharing, &self.shared.config);
        let are_busy = self.lives.len() >= sharing.sessions(config) || sharing.slots(config).is_some();
        sharing.live.instances > 1 && are_busy
    }

    /// Whether as many chunks are in flight as are ours.
    pub(super) fn has_its_share(&self) -> bool {
        self.lives.len() >= self.sharing.chunks_in_flight(&self.shared.config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn together_the_instances_have_what_one_would_have_and_each_has_one_at_least() {
        let config = |sessions, chunks_in_flight| PipelineConfig { sessions, chunks_in_flight, ..Default::default() };
        for (instances, (sessions, chunks), expected) in [
            (0, (2, 4), (2, 4)),
            (1, (2, 4), (2, 4)),
            (2, (2, 4), (1, 2)),
            (3, (2, 4), (1, 1)),
            (4, (2, 4), (1, 1)),
            (u64::MAX, (2, 4), (1, 1)),
            (2, (5, 5), (3, 3)),
            (4, (16, 64), (4, 16)),
        ] {
            let sharing = Sharing { live: Live { instances, before: 0 }, ..Sharing::default() };
            let config = config(sessions, chunks);
            assert_eq!((sharing.sessions(&config), sharing.chunks_in_flight(&config)), expected, "{instances}");
        }
    }

    #[test]
    fn more_instances_than_sessions_finish_in_slots_and_wait_for_them_in_turn() {
        let config = PipelineConfig { sessions: 2, ..PipelineConfig::default() };
        let slots =
            |instances, before| Sharing { live: Live { instances, before }, ..Sharing::default() }.slots(&config);
        let in_slot = |home| Some(Slots { count: 2, home });
        assert_eq!([slots(1, 0), slots(2, 0), slots(2, 1)], [None; 3]);
        assert_eq!([slots(3, 0), slots(3, 1), slots(3, 2)], [in_slot(0), in_slot(1), in_slot(0)]);
        assert_eq!(slots(u64::MAX, u64::MAX), in_slot(1));
    }

    #[test]
    fn a_session_in_use_is_withheld_when_it_is_given_back_and_returned_when_the_others_have_gone() {
        let config = PipelineConfig { sessions: 2, ..PipelineConfig::default() };
        let sessions = Semaphore::new(2);
        let mut sharing = Sharing { live: Live { instances: 2, before: 0 }, ..Sharing::default() };
        let at_work = [sessions.try_acquire().unwrap(), sessions.try_acquire().unwrap()];
        sharing.withhold(&sessions, &config);
        assert_eq!(sharing.withheld, 0);
        drop(at_work);
        sharing.withhold(&sessions, &config);
        assert_eq!((sharing.withheld, sessions.available_permits()), (1, 1));
        sharing.live.instances = 1;
        sharing.withhold(&sessions, &config);
        assert_eq!((sharing.withheld, sessions.available_permits()), (0, 2));
    }
}
