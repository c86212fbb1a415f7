//! Finishing: rows and statuses in one go, exactly once, and everybody accounted for.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{ClaimTotals, Store};

use crate::backend::{Backend, Session};
use crate::world::{Instance, World, users};

const ROWS: [&str; 10] = ["1.00"; 10];

pub async fn a_finish_writes_ten_rows_and_settles_everybody<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    world.set("U0", "avg_amazon_gmv = 1, crashes = 2, processing_error = 'of last time'").await;
    world.set("U2", "avg_confirmed_gmv = -1, crashes = 1").await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 2, failed: 1, ..ClaimTotals::default() });
    assert_eq!(world.rows_of("U0").await, ROWS);
    let (completed, failed) = (world.user("U0").await, world.user("U2").await);
    assert_eq!((completed.status.as_str(), completed.error, completed.crashes), ("completed", None, 0));
    assert_eq!((completed.claim_id, completed.settled_before), (Some(chunk.claim_id), true), "the link to the run");
    assert_eq!((failed.status.as_str(), failed.error.as_deref()), ("failed", Some("negative spend")));
    assert_eq!((failed.crashes, failed.settled_before), (0, true));
    let claim = world.claim_seen(chunk.claim_id).await.unwrap();
    assert_eq!((claim.state.as_str(), claim.users, claim.totals), ("finished", 3, totals));
    assert_eq!((claim.parts, claim.rows, world.count_rows().await), (1, 20, 20));
}

/// What happens to a user between claim and finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Sound,
    Faulty,
    SetNew,
    Deleted,
    Locked,
    LockedAndFaulty,
}

const FATES: [Fate; 6] = [Fate::Sound, Fate::Faulty, Fate::SetNew, Fate::Deleted, Fate::Locked, Fate::LockedAndFaulty];

/// Two users of each fate, mixed.
struct Mixed {
    fates: Vec<Fate>,
    /// With the fate of each.
    users: Vec<(String, Fate)>,
}

impl Mixed {
    fn new(combination: usize) -> Self {
        let fates: Vec<Fate> = FATES
            .into_iter()
            .enumerate()
            .filter(|(place, _)| combination >> place & 1 == 1)
            .map(|(_, fate)| fate)
            .collect();
        let both = fates.iter().chain(&fates).enumerate();
        let users = both.map(|(place, fate)| (format!("U{combination:02}_{place:02}"), *fate)).collect();
        Self { fates, users }
    }

    fn of(&self, fates: &[Fate]) -> Vec<&str> {
        self.users.iter().filter(|(_, fate)| fates.contains(fate)).map(|(id, _)| id.as_str()).collect()
    }

    fn count(&self, fates: &[Fate]) -> u64 {
        self.of(fates).len() as u64
    }

    /// What the first finish says, and the second if there is one.
    fn totals(&self) -> (ClaimTotals, ClaimTotals) {
        let first = ClaimTotals {
            completed: self.count(&[Fate::Sound]),
            failed: self.count(&[Fate::Faulty]),
            superseded: self.count(&[Fate::SetNew, Fate::Deleted]),
            returned: 0,
            left: self.count(&[Fate::Locked, Fate::LockedAndFaulty]),
        };
        let second = ClaimTotals {
            completed: first.completed + self.count(&[Fate::Locked]),
            failed: first.failed + self.count(&[Fate::LockedAndFaulty]),
            left: 0,
            ..first
        };
        (first, second)
    }
}

pub async fn whatever_happens_to_users_in_the_middle_adds_up<B: Backend>() {
    let world = World::<B>::fresh().await;
    let instance = world.instance().await;
    let run = instance.run().await;
    for combination in 1..1 << FATES.len() {
        let mixed = Mixed::new(combination);
        world.add_users(mixed.users.iter().map(|(id, _)| id)).await;
        for id in mixed.of(&[Fate::Faulty, Fate::LockedAndFaulty]) {
            world.set(id, "avg_confirmed_gmv = -1").await;
        }
        let chunk = instance.claim_and_compute(&run, 100).await;
        assert_eq!(chunk.users.len(), mixed.users.len());
        for id in mixed.of(&[Fate::SetNew]) {
            world.set(id, "processing_status = 'new'").await;
        }
        for id in mixed.of(&[Fate::Deleted]) {
            world.run(&format!("DELETE FROM user_spending_data WHERE user_id = '{id}'")).await;
        }
        check_mixed(&world, &instance, &mixed, &chunk).await;
        // Out of the way of the next combination.
        world
            .run("UPDATE user_spending_data SET processing_status = 'completed' WHERE processing_status = 'new'")
            .await;
    }
}

async fn check_mixed<B: Backend>(
    world: &World<B>,
    instance: &Instance<B>,
    mixed: &Mixed,
    chunk: &cardgenius_pipeline::compute::ComputedChunk,
) {
    let (first, second) = mixed.totals();
    let locked = mixed.of(&[Fate::Locked, Fate::LockedAndFaulty]);
    let claim = if locked.is_empty() {
        assert_eq!(instance.finish(chunk).await.unwrap(), first, "{:?}", mixed.fates);
        world.claim_seen(chunk.claim_id).await.unwrap()
    } else {
        let customer = world.lock(&locked).await;
        assert_eq!(instance.finish(chunk).await.unwrap(), first, "{:?}", mixed.fates);
        let claim = world.claim_seen(chunk.claim_id).await.unwrap();
        assert_eq!((claim.state.as_str(), claim.parts), ("open", 1), "{:?}", mixed.fates);
        World::<B>::let_go(customer).await;
        assert_eq!(instance.finish(chunk).await.unwrap(), second, "{:?}", mixed.fates);
        let claim = world.claim_seen(chunk.claim_id).await.unwrap();
        assert_eq!(claim.parts, 2, "{:?}", mixed.fates);
        claim
    };
    assert_eq!((claim.state.as_str(), claim.totals, claim.rows), ("finished", second, 10 * second.completed));
    for (id, fate) in &mixed.users {
        let rows = world.rows_of(id).await.len();
        assert_eq!(rows, if matches!(fate, Fate::Sound | Fate::Locked) { 10 } else { 0 }, "{id}, {fate:?}");
        let status = match fate {
            Fate::Sound | Fate::Locked => "completed",
            Fate::Faulty | Fate::LockedAndFaulty => "failed",
            Fate::SetNew => "new",
            Fate::Deleted => continue,
        };
        assert_eq!(world.user(id).await.status, status, "{id}, {fate:?}");
    }
}

pub async fn a_user_that_was_locked_and_then_set_new_is_superseded<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(3)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 3).await;
    let customer = world.lock(&["U1"]).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().left, 1);
    assert_eq!(instance.finish(&chunk).await.unwrap().left, 1, "as long as it takes");
    customer.rows("UPDATE user_spending_data SET processing_status = 'new' WHERE user_id = 'U1'").await;
    World::<B>::let_go(customer).await;
    let totals = instance.finish(&chunk).await.unwrap();
    assert_eq!(totals, ClaimTotals { completed: 2, superseded: 1, ..ClaimTotals::default() });
    assert_eq!((world.rows_of("U1").await.len(), world.user("U1").await.status.as_str()), (0, "new"));
    world.assert_adds_up().await;
}

pub async fn rows_of_an_earlier_time_are_replaced<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1"]).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 1).await;
    instance.finish(&chunk).await.unwrap();
    assert_eq!(world.rows_of("U1").await, ["100.00"; 10]);
    world.set("U1", "processing_status = 'new', avg_amazon_gmv = 1").await;
    let chunk = instance.claim_and_compute(&run, 1).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 1);
    assert_eq!(world.rows_of("U1").await, ROWS);
}

pub async fn rows_that_somebody_else_left_are_replaced<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(40)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 40).await;
    instance.finish(&chunk).await.unwrap();
    // Nothing in the users' columns tells of the rows any more.
    world.run("UPDATE user_spending_data SET processing_status = 'new', processed_at = NULL, avg_amazon_gmv = 1").await;
    world.target.rows("DELETE FROM card_recommendations WHERE user_id = 'U07' AND \"rank\" < 10").await;
    world.target.rows("DELETE FROM card_recommendations WHERE user_id > 'U10'").await;
    let chunk = instance.claim_and_compute(&run, 40).await;
    assert!(chunk.users.iter().all(|user| !user.may_have_rows));
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 40);
    assert_eq!(world.rows_of("U07").await, ROWS);
    world.assert_adds_up().await;
}

pub async fn a_user_that_fails_keeps_its_old_rows<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    instance.finish(&chunk).await.unwrap();
    world.run("UPDATE user_spending_data SET processing_status = 'new', avg_confirmed_gmv = -1").await;
    world.set("U1", "avg_confirmed_gmv = 0").await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().failed, 1);
    assert_eq!((world.user("U0").await.status.as_str(), world.rows_of("U0").await.len()), ("failed", 10));
}

pub async fn what_is_finished_cannot_be_finished_again<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 2).await;
    instance.finish(&chunk).await.unwrap();
    let before = world.claim_seen(chunk.claim_id).await;
    world.run("UPDATE user_spending_data SET avg_amazon_gmv = 5").await;
    assert_eq!(instance.finish(&chunk).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    assert_eq!((world.claim_seen(chunk.claim_id).await, world.count_rows().await), (before, 20));
}

pub async fn a_late_finish_that_nobody_swept_is_right<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1"]).await;
    let instance = world.dead_instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 1).await;
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 1);
    world.assert_adds_up().await;
}

pub async fn an_instance_finishes_only_its_own_claims<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1"]).await;
    let (instance, other) = (world.instance().await, world.instance().await);
    let chunk = instance.claim_and_compute(&instance.run().await, 1).await;
    assert_eq!(other.finish(&chunk).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    assert_eq!((world.user("U1").await.status.as_str(), world.count_rows().await), ("pending", 0));
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 1);
}

pub async fn a_claim_that_was_given_back_cannot_be_finished<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(2)).await;
    let instance = world.instance().await;
    let chunk = instance.claim_and_compute(&instance.run().await, 2).await;
    instance.store.give_back(chunk.claim_id).await.unwrap();
    assert_eq!(instance.finish(&chunk).await.unwrap_err().kind(), ErrorKind::ClaimLost);
    assert_eq!((world.statuses().await["new"], world.count_rows().await), (2, 0));
}
