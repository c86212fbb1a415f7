//! The daemon's loop: looks at the database now and then, opens what is due, and takes part in whatever run is open.

use std::sync::Arc;
use std::time::Duration;

use crate::any_store::AnyStore;
use cardgenius_failure::backoff::Backoff;
use cardgenius_failure::error::DatabaseError;
use cardgenius_failure::taken_out;
use cardgenius_pipeline::ports::{Run, RunRequest, RunState, RunTotals, Store};
use cardgenius_pipeline::run::Ended;
use cardgenius_store::protocol::Tending;
use cardgenius_store::schedule::{Decision, Fired, KnownSchedule, LockedSchedule, Look, Tended};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::setbacks::Setbacks;
use super::supervisor::Supervisor;
use super::{State, catalogue_watch};
use crate::clocks;
use crate::config::WEEKLY;
use crate::instance::Instance;
use crate::run_request::Asked;
use crate::schedule::{Known, Times, due};
use crate::summary::{Summary, log_end};

/// A schedule's row is brought up to date at least so often, though nothing was due: what is configured anew then looks back
/// no further.
const REFRESH: TimeDelta = TimeDelta::hours(1);

/// After a part in a run that failed, before the next: first and longest.
const REST: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// After a part that left the closing of the run to another instance.
const OTHERS_REST: Duration = Duration::from_secs(60);

/// For what is only to be said at the end: a stop must not wait for it.
const LAST_WORD: Duration = Duration::from_secs(2);

/// A schedule of the configuration.
struct Schedule {
    name: String,
    times: Times,
    max_users: Option<u64>,
    /// The time that was said to wait.
    waiting: Option<DateTime<Utc>>,
}

impl Schedule {
    fn asked(&self) -> Asked {
        let kind = if self.name == WEEKLY { "weekly" } else { "scheduled" };
        Asked { kind, trigger: self.name.clone(), max_users: self.max_users }
    }

    /// Whether its row must be locked and looked at, and whether a time is due.
    fn wants(&self, known: Option<&KnownSchedule>, now: DateTime<Utc>) -> (bool, bool) {
        let Some(until) = known.and_then(|known| known.decided_until) else { return (true, false) };
        let is_due = self.times.next_after(until.min(now)).is_some_and(|time| time <= now);
        let is_stale = until > now || now - until > REFRESH;
        let is_told = known.and_then(|known| known.next_fire) == self.times.next_after(now);
        (is_due || is_stale || !is_told, is_due)
    }
}

/// Tends the schedules and this instance's part in runs.
pub struct Tender {
    state: Arc<State>,
    store: Arc<AnyStore>,
    instance: Arc<Instance>,
    supervisor: Supervisor,
    schedules: Vec<Schedule>,
    /// This instance's part in a run: at most one.
    part: JoinSet<(Run, Ended, Option<RunTotals>)>,
    /// Parts that failed one after the other.
    failures: u32,
    /// Those of them that were equal.
    setbacks: Setbacks,
    rest_until: Instant,
    /// Whether a part in a run may have left claims behind: one that failed, or that the database did not answer at its end.
    may_hold: bool,
    /// Whether the last look failed: said once, not at each.
    is_blind: bool,
    /// Whether this machine's clock differed from the database's: said once, not at each look.
    is_off: bool,
}

impl Tender {
    /// Tends what the configuration names.
    #[must_use]
    pub fn new(state: Arc<State>, store: Arc<AnyStore>, instance: Arc<Instance>, supervisor: Supervisor) -> Self {
        let zone = state.config.run.time_zone.clone();
        let schedules = state.config.schedule.all().into_iter().filter_map(|schedule| {
            // Both were checked with the configuration.
            let zone = schedule.time_zone.as_ref().unwrap_or(&zone).parse().ok()?;
            let times = Times::parse(&schedule.cron, zone).ok()?;
            Some(Schedule {
                name: schedule.name,
                times,
                max_users: Some(schedule.max_users).filter(|users| *users > 0),
                waiting: None,
            })
        });
        let schedules: Vec<Schedule> = schedules.collect();
        state.metrics.schedules(schedules.iter().map(|schedule| schedule.name.as_str()).chain([WEEKLY]));
        for schedule in &schedules {
            state.metrics.schedule_enabled(&schedule.name, true);
        }
        let (part, rest_until) = (JoinSet::new(), Instant::now());
        Self {
            state,
            store,
            instance,
            supervisor,
            schedules,
            part,
            failures: 0,
            setbacks: Setbacks::default(),
            rest_until,
            may_hold: false,
            is_blind: false,
            is_off: false,
        }
    }

    /// Goes round until `stop`; then lets this instance's part in a run end gracefully.
    pub async fn tend(mut self, stop: CancellationToken) {
        // By the monotonic clock: whatever the wall clock does, there is another look.
        let mut ticks = interval(Duration::from_millis(self.state.config.schedule.look_ms));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watching = tokio::spawn(catalogue_watch::watch(self.state.clone(), stop.clone()));
        while stop.run_until_cancelled(Box::pin(self.round(&mut ticks, &stop))).await.is_some() {
            self.supervisor.came_round();
        }
        self.supervisor.says("stopping: finishing what is in flight");
        watching.abort();
        while let Some(ended) = self.part.join_next().await {
            self.report(ended).await;
        }
    }

    /// Waits for a tick or for the end of this instance's part in a run, and then looks.
    async fn round(&mut self, ticks: &mut Interval, stop: &CancellationToken) {
        tokio::select! {
            _ = ticks.tick() => {}
            Some(ended) = self.part.join_next() => self.report(ended).await,
        }
        match self.look(stop).await {
            Ok(()) if std::mem::take(&mut self.is_blind) => info!("the database answers again"),
            Ok(()) => {}
            Err(error) if self.is_blind => debug!(kind = error.kind().name(), %error, "still cannot look"),
            Err(error) => {
                self.is_blind = true;
                warn!(kind = error.kind().name(), %error, "cannot look what there is to do; trying again");
            }
        }
    }

    async fn look(&mut self, stop: &CancellationToken) -> Result<(), DatabaseError> {
        if self.may_hold && self.part.is_empty() {
            let claims = self.store.give_back_leftovers().await?;
            if claims > 0 {
                warn!(claims, "gave back what a part in a run had left behind");
            }
            self.may_hold = false;
        }
        let look = self.store.look().await?;
        self.compare_clocks(look.now);
        let (mut is_open, mut first_error) = (look.open_run.is_some(), None);
        if !is_open && self.part.is_empty() {
            // Whatever failed is over: the next run begins anew.
            self.setbacks.clear();
            self.state.parts_failed(0, None);
        }
        for place in 0..self.schedules.len() {
            // One that cannot be seen to, because somebody holds its row, keeps neither the others nor the work.
            match self.see_to(place, &look).await {
                Ok(opened) => is_open |= opened,
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        if is_open && self.part.is_empty() && Instant::now() >= self.rest_until {
            self.take_part(stop).await?;
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Says when this machine's clock begins to differ from the database's, and when it does no longer.
    fn compare_clocks(&mut self, now: DateTime<Utc>) {
        let fault = clocks::fault(clocks::ahead_of(now));
        match (&fault, self.is_off) {
            (Some(fault), false) => warn!("{fault}"),
            (None, true) => info!("this machine's clock and the database's agree again"),
            _ => {}
        }
        self.is_off = fault.is_some();
    }

    /// Deals with a schedule's times, if there are any to deal with; whether a run is open now because of it.
    async fn see_to(&mut self, place: usize, look: &Look) -> Result<bool, DatabaseError> {
        let schedule = &self.schedules[place];
        let known = look.schedules.iter().find(|known| known.name == schedule.name);
        let (wants, is_due) = schedule.wants(known, look.now);
        // The first that was not dealt with, so that a time which nobody can deal with shows as overdue.
        let undecided = known.and_then(|known| known.decided_until).unwrap_or(look.now).min(look.now);
        self.state.metrics.next_fire(&schedule.name, schedule.times.next_after(undecided));
        if !wants {
            return Ok(false);
        }
        let request = if is_due { self.request(schedule.asked(), look.now).await } else { None };
        let config = &self.state.config;
        let lateness = TimeDelta::milliseconds(i64::try_from(config.schedule.max_lateness_ms).unwrap_or(i64::MAX));
        let decide = |locked: &LockedSchedule| {
            let known = Known { decided_until: locked.decided_until, settled: locked.settled.clone() };
            let found = due(&schedule.times, &known, locked.now, lateness);
            Decision { due: found.due, missed: found.missed, next: found.next }
        };
        let tending = Tending {
            name: &schedule.name,
            decide: &decide,
            request: request.as_ref(),
            refresh: REFRESH,
            abandon_after: Duration::from_millis(config.run.abandon_after_ms),
        };
        let tended = self.store.tend(&tending).await?;
        if let Some((time, Fired::Waiting)) = tended.fired
            && is_due
            && self.schedules[place].waiting.replace(time) != Some(time)
        {
            let (schedule, fire) = (self.schedules[place].name.as_str(), time.to_rfc3339());
            warn!(schedule, fire, "due, but there is no sound catalogue to run with; it waits for one");
        }
        Ok(self.note(&self.schedules[place], &tended))
    }

    /// The run to open, with the catalogue as it is now; one that is faulty was said where it was read, and the time stays due
    /// until it is too late for it.
    async fn request(&self, asked: Asked, now: DateTime<Utc>) -> Option<RunRequest> {
        Some(catalogue_watch::read(&self.state, asked).await.ok()?.at(now, &self.state.config))
    }

    /// Says what became of a schedule's times; whether a run is open because of it.
    fn note(&self, schedule: &Schedule, tended: &Tended) -> bool {
        let name = schedule.name.as_str();
        tended.missed.iter().for_each(|_| self.state.metrics.fires(name, "missed"));
        if let (Some(first), Some(last)) = (tended.missed.first(), tended.missed.last()) {
            warn!(
                schedule = name, times = tended.missed.len(), first = %first.to_rfc3339(), last = %last.to_rfc3339(),
                "missed: nobody was there, and it is too late for it now"
            );
        }
        let Some((time, fired)) = &tended.fired else { return false };
        let fire = time.to_rfc3339();
        match fired {
            Fired::Opened(run) => {
                self.state.metrics.fires(name, "opened");
                info!(schedule = name, fire, run.id = %run.run_id, "due: opened a run");
            }
            Fired::Covered(run) => {
                self.state.metrics.fires(name, "covered");
                info!(schedule = name, fire, run.id = %run.run_id, kind = run.kind, "due, and covered by the open run");
            }
            Fired::Waiting => return false,
        }
        true
    }

    async fn take_part(&mut self, stop: &CancellationToken) -> Result<(), DatabaseError> {
        let Some(run) = self.store.find_open_run().await? else { return Ok(()) };
        self.may_hold = true;
        self.state.metrics.run_opened(&run);
        self.supervisor.says(&format!("at work: {} run {}", run.kind, run.run_id));
        let (instance, store, stop) = (self.instance.clone(), self.store.clone(), stop.clone());
        self.part.spawn(async move {
            let begun = Instant::now();
            let ended = instance.take_part(&run, stop).await;
            let totals = conclude(&store, &run, &ended, begun.elapsed()).await;
            (run, ended, totals)
        });
        Ok(())
    }

    /// Closes the run as failed where parts in it fail again and again in the same way, none of it an outage, and no user gets
    /// through: no time heals it.
    async fn give_up_if_it_fails_for_ever(&mut self, run: &Run, error: &DatabaseError, totals: Option<RunTotals>) {
        // Without the sums it is not known whether users got through.
        let Some(totals) = totals.filter(|totals| totals.state == Some(RunState::Open)) else { return };
        let Some(times) = self.setbacks.note(run.run_id, error, totals.users.settled()) else { return };
        let reason = format!("failed {times} times in the same way, and no user got through meanwhile: {error}");
        let closing = self.store.close_run(run.run_id, RunState::Failed, Some(&reason));
        match timeout(LAST_WORD, closing).await {
            Ok(Ok(_)) => {
                error!(run.id = %run.run_id, times, "closed the run as failed: it failed in the same way again and again; mend the cause, and open another with `cardgenius run-now`");
                self.state.metrics.run_closed(&run.kind, RunState::Failed);
                self.setbacks.clear();
            }
            Ok(Err(error)) => {
                warn!(run.id = %run.run_id, kind = error.kind().name(), %error, "could not close the run as failed");
            }
            Err(_) => warn!(run.id = %run.run_id, "could not close the run as failed in time"),
        }
    }

    /// Says how this instance's part ended, and how long it rests if it failed.
    async fn report(&mut self, ended: Result<(Run, Ended, Option<RunTotals>), JoinError>) {
        self.supervisor.says("waiting for what is due");
        let why = match ended {
            // It has had its passes, and another instance is still at work, which will close the run.
            Ok((_, Ended::Closed(RunState::Open), _)) => {
                self.rest_until = Instant::now() + OTHERS_REST;
                return;
            }
            Ok((run, Ended::Closed(state), _)) => {
                self.state.metrics.run_closed(&run.kind, state);
                (state == RunState::Failed).then(|| "the run was closed as failed".to_owned())
            }
            Ok((_, Ended::Stopped, _)) => None,
            Ok((run, Ended::Failed(error), totals)) => {
                error!(run.id = %run.run_id, kind = error.kind().name(), %error, "this instance's part in the run failed");
                self.give_up_if_it_fails_for_ever(&run, &error, totals).await;
                Some(error.to_string())
            }
            Err(error) => {
                error!(%error, "this instance's part in a run ended by a fault of the program");
                Some(error.to_string())
            }
        };
        let Some(why) = why else {
            self.failures = 0;
            self.setbacks.clear();
            self.state.parts_failed(0, None);
            return;
        };
        let rest =
            if taken_out!("rest") { Duration::ZERO } else { Backoff::new(REST.0, REST.1).ceiling(self.failures) };
        self.failures = self.failures.saturating_add(1);
        self.state.parts_failed(self.failures, Some(why));
        self.rest_until = Instant::now() + rest;
        warn!(rest_ms = rest.as_millis() as u64, "resting before taking part in a run again");
    }
}

/// The summary, in one line of the log; where the sums cannot be had, the little that is known here. The sums, if they were had.
async fn conclude(store: &AnyStore, run: &Run, ended: &Ended, elapsed: Duration) -> Option<RunTotals> {
    let totals = timeout(LAST_WORD, store.run_totals(run.run_id)).await.ok().and_then(Result::ok);
    if totals.is_none() {
        warn!(run.id = %run.run_id, "the run's sums could not be read");
    }
    let known = totals.clone().unwrap_or_default();
    log_end(store, &Summary { run, totals: &known, failures: &[], elapsed }, ended);
    totals
}
