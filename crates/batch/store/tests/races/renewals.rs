//! Renewals of a lease against a finish of the same instance, and against a sweep that takes its owner for dead.

use std::sync::Arc;

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::Store;
use cardgenius_store::config::TableNames;
use cardgenius_store::identifiers::Names;
use uuid::Uuid;

use crate::explorer::Trace;
use crate::place::Place;
use crate::schedules::{Extent, Findings, Outcome, explore};
use crate::world::{HELD, LEASE, NO_LEASE};

/// Part of the statement of a renewal.
const RENEWAL: &str = "renewed_at = pg_catalog.clock_timestamp()";

/// Part of the statement by which a sweep looks for claims of the dead.
const FIRST_LOOK: &str = "i.lease_until IS NULL OR";

/// Part of the statement by which it looks once more, with the claim locked.
const LOCKED_LOOK: &str = "instance_id = $1 AND lease_until >=";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_and_a_finish_never_wait_for_each_other() {
    let place = Place::fresh().await;
    let id = Uuid::new_v4();
    let [finisher, renewer] = [0, 1].map(|party| Arc::new(place.store(party, id)));
    let findings = explore("a finish against a renewal", Extent { switches: 3, random: 50 }, async |plan| {
        place.reset().await;
        renewer.register(LEASE).await.unwrap();
        let chunk = place.chunk_of(&finisher).await;
        let (finisher, renewer) = (finisher.clone(), renewer.clone());
        let finishing = async move { finisher.finish(&chunk, None).await.unwrap() };
        let renewing = async move { renewer.renew(LEASE).await.unwrap() };
        let (trace, ..) = place.race(plan, finishing, renewing).await;
        let mut faults = place.violations().await;
        if trace.blocked(0) + trace.blocked(1) > 0 {
            faults.push("one waited for the other".to_owned());
        }
        Outcome { trace, end: place.state().await, faults }
    })
    .await;
    findings.assert_sound(&["finished, completed/0, 30 rows"]);
}

/// Where the sweep looked a first time, and where the second, with the claim locked; and where the renewal was.
struct Moments {
    renewal: Option<usize>,
    look: Option<usize>,
    locked_look: Option<usize>,
}

impl Moments {
    fn of(trace: &Trace) -> Self {
        let [renewal, look] = [RENEWAL, FIRST_LOOK].map(|part| trace.place_of(part));
        // The same statement goes before the eviction, without the claim's lock.
        let locked_look = trace.last_place_of(LOCKED_LOOK);
        Self { renewal, look, locked_look }
    }

    /// Nobody looked later than it was renewed, and found it dead.
    fn in_time(&self) -> bool {
        self.renewal.is_some() && self.locked_look.is_none_or(|locked| self.renewal < Some(locked))
    }

    fn in_between(&self) -> bool {
        self.locked_look.is_some() && self.look < self.renewal && self.renewal < self.locked_look
    }
}

/// A sweep against whoever renews its owner's lease, which says whether it got an answer. How often the renewal came
/// between the looks.
async fn against_a_sweep<R: Future<Output = bool> + Send + 'static>(
    name: &str,
    place: &Place,
    id: Uuid,
    renew: impl Fn() -> R,
) -> (Findings, usize) {
    // The owner's other sessions are not stepped.
    let owner = Arc::new(place.store(0, id));
    let sweeper = Arc::new(place.store(1, Uuid::new_v4()));
    let mut in_between = 0;
    let findings = explore(name, Extent { switches: 2, random: 50 }, async |plan| {
        place.reset().await;
        owner.register(NO_LEASE).await.unwrap();
        sweeper.register(LEASE).await.unwrap();
        let chunk = place.chunk_of(&owner).await;
        let sweeping = {
            let sweeper = sweeper.clone();
            async move { sweeper.sweep(HELD).await.unwrap() }
        };
        let (trace, renewed, swept) = place.race(plan, renew(), sweeping).await;
        let mut faults = place.violations().await;
        let (moments, saved) = (Moments::of(&trace), swept.claims == 0);
        if renewed && moments.in_time() != saved {
            faults.push(format!("in time: {}, and {swept:?}", moments.in_time()));
        }
        in_between += usize::from(renewed && saved && moments.in_between());
        // Whoever was saved finishes; whoever was not writes nothing.
        let end = match owner.finish(&chunk, None).await {
            Ok(finished) => format!("saved, {} completed", finished.totals.completed),
            Err(error) if error.kind() == ErrorKind::ClaimLost => "swept".to_owned(),
            Err(error) => format!("{error:?}"),
        };
        if saved == (end == "swept") {
            faults.push(format!("{swept:?}, and then {end}"));
        }
        faults.extend(place.violations().await);
        Outcome { trace, end, faults }
    })
    .await;
    (findings, in_between)
}

/// The store's own way; its session may be ended in the middle, and then nobody knows whether it renewed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_before_its_session_is_ended_saves_the_claim() {
    let place = Place::fresh().await;
    let id = Uuid::new_v4();
    let renewer = Arc::new(place.store(0, id));
    let (findings, in_between) = against_a_sweep("a renewal against a sweep", &place, id, || {
        let renewer = renewer.clone();
        async move { renewer.renew(LEASE).await.is_ok() }
    })
    .await;
    findings.assert_sound(&["saved, 3 completed", "swept"]);
    assert!(in_between > 0, "no schedule renewed between the looks");
}

/// The same statement on a session that no sweep ends, as when the owner comes back with a new one: at any moment of the
/// sweep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_between_a_sweeps_look_and_its_lock_saves_the_claim() {
    let place = Place::fresh().await;
    let client = Arc::new(place.client(0).await);
    let renewal = Names::new(&TableNames::default()).render(include_str!("../../src/postgres/sql/lease_renew.sql"));
    let renewal = Arc::new(renewal.unwrap());
    let (name, id) = ("a renewal on a session of its own against a sweep", Uuid::new_v4());
    let (findings, in_between) = against_a_sweep(name, &place, id, || {
        let (client, renewal) = (client.clone(), renewal.clone());
        async move { client.execute(renewal.as_str(), &[&id, &LEASE.as_secs_f64()]).await.unwrap() == 1 }
    })
    .await;
    findings.assert_sound(&["saved, 3 completed", "swept"]);
    assert!(in_between > 3, "only {in_between} schedules renewed between the looks");
}
