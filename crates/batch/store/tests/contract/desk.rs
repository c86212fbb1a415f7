//! The operator's desk: the switch, and what is forgotten in time.

use std::time::Duration;

use cardgenius_pipeline::ports::{Claimed, Closed, RunRequest, RunState, Store};
use cardgenius_store::desk::Pruned;
use uuid::Uuid;

use crate::backend::{Backend, Database, Session};
use crate::world::{World, request, run_request, text, users};

const DAY: u32 = 24 * 3600;

const KEEP: Duration = Duration::from_secs(90 * DAY as u64);

pub async fn nobody_claims_in_a_pause_and_it_is_said_who_wants_it_and_why<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let (instance, operator) = (world.instance().await, world.silent_instance());
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 2).await;
    let account = world.backend.source().account().await;
    operator.store.set_switch(true, Some("a test"), "alice@here").await.unwrap();
    for _ in 0..2 {
        match instance.store.claim(&request(&run, 2)).await.unwrap().claimed {
            Claimed::Paused { by, reason } => {
                assert_eq!((by, reason.as_deref()), (format!("{account} (alice@here)"), Some("a test")));
            }
            other => panic!("claimed {other:?}"),
        }
    }
    assert_eq!(world.statuses().await["new"], 2);
    assert_eq!(instance.finish(&chunk).await.unwrap().completed, 2, "what is in flight is finished");
    let switch = operator.store.switch().await.unwrap();
    assert!(switch.paused && switch.changed_at.is_some(), "{switch:?}");
    operator.store.set_switch(false, None, "bob@there").await.unwrap();
    instance.claim(&run, 2).await;
    // Plain SQL, with a name of its own, and twice with another reason.
    world.run("UPDATE cardgenius_control SET paused = true, reason = 'one', changed_by = 'the DBA'").await;
    world.run("UPDATE cardgenius_control SET reason = 'two'").await;
    world.run("UPDATE cardgenius_control SET paused = true").await;
    world.run("DELETE FROM cardgenius_control").await;
    operator.store.set_switch(true, Some("anew"), "alice@here").await.unwrap();
    let sql = "SELECT concat_ws('|', action, actor, detail) FROM cardgenius_audit WHERE action <> 'migrate' ORDER BY audit_id";
    let parts: Vec<String> = world.source.rows(sql).await.iter().map(|row| text(row, 0)).collect();
    let superuser = world.value(&format!("SELECT {}", B::Source::WHOAMI)).await;
    assert_eq!(parts.len(), 6, "{parts:?}");
    assert_eq!(parts[0], format!("pause|{account} (alice@here)|a test"));
    let resumed = format!("resume|{account} (bob@there)|paused since");
    assert!(parts[1].starts_with(&resumed) && parts[1].contains(": a test"), "{parts:?}");
    assert_eq!(parts[2..4], ["pause|the DBA|one".to_owned(), format!("pause|{superuser}|two")]);
    assert!(parts[4].starts_with(&format!("resume|{superuser}|")), "{parts:?}");
    assert_eq!(parts[5], format!("pause|{account} (alice@here)|anew"));
}

pub async fn a_run_is_not_abandoned_in_a_pause<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    world.run(&format!("UPDATE cardgenius_runs SET opened_at = {}", world.ago(2 * DAY))).await;
    instance.store.set_switch(true, Some("a long weekend"), "alice@here").await.unwrap();
    assert_eq!(instance.run().await.run_id, run.run_id);
    instance.store.set_switch(false, None, "alice@here").await.unwrap();
    assert!(instance.run().await.opened_here, "nobody had worked at it for two days");
}

/// Opens a run of this kind and catalogue, does `rows` users in it, one a claim, and closes it in this state.
async fn past_run<B: Backend>(world: &World<B>, kind: &str, catalogue: char, rows: usize, state: RunState) {
    let instance = world.instance().await;
    let hash = catalogue.to_string().repeat(64);
    let request = RunRequest { kind: kind.into(), catalogue_hash: hash, ..run_request() };
    let run = instance.store.open_or_join(&request).await.unwrap();
    for _ in 0..rows {
        let chunk = instance.claim_and_compute(&run, 1).await;
        instance.finish(&chunk).await.unwrap();
    }
    // With words, as users are left.
    let closed = instance.store.close_run(run.run_id, state, Some("a part of the users only")).await.unwrap();
    assert_eq!(closed, Closed::Closed(state));
    instance.store.deregister().await.unwrap();
}

pub async fn what_is_old_is_pruned_in_steps_and_what_must_stay_stays<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(20)).await;
    past_run(&world, "backfill", 'a', 5, RunState::Done).await;
    past_run(&world, "backfill", 'b', 2, RunState::Done).await;
    past_run(&world, "weekly", 'c', 1, RunState::Done).await;
    past_run(&world, "manual", 'd', 1, RunState::Failed).await;
    let decided_by = Uuid::new_v4();
    let fire = |day: u32| format!("('t', 'weekly', {0}, 'missed', '{decided_by}', {0})", world.ago(DAY * (100 + day)));
    let fires = (1..=3).map(fire).collect::<Vec<_>>().join(", ");
    let columns = "source_table, name, fire_at, outcome, decided_by, decided_at";
    world.run(&format!("INSERT INTO cardgenius_fires ({columns}) VALUES {fires}")).await;
    // A claim that was never closed, of an old run that is still open; all of it is a hundred days old.
    let instance = world.instance().await;
    let run = instance.run().await;
    instance.claim(&run, 2).await;
    let old = world.ago(100 * DAY);
    for what in [
        "cardgenius_runs SET opened_at = opened_at - interval '100' day, closed_at = closed_at - interval '100' day",
        "cardgenius_claims SET claimed_at = {old}, closed_at = CASE WHEN closed_at IS NOT NULL THEN {old} END",
        "cardgenius_instances SET lease_until = {old}",
        "cardgenius_catalogues SET stored_at = {old}",
        "cardgenius_audit SET happened_at = {old}",
    ] {
        world.run(&format!("UPDATE {}", what.replace("{old}", &old))).await;
    }
    // What is young stays: a run with its claim, its catalogue and its instance.
    let now = world.ago(0);
    world.run(&format!("UPDATE cardgenius_runs SET state = 'cancelled', closed_at = {now} WHERE state = 'open'")).await;
    past_run(&world, "manual", 'e', 1, RunState::Cancelled).await;
    world.run("UPDATE cardgenius_runs SET state = 'open', closed_at = NULL WHERE kind = 'backfill' AND state = 'cancelled'").await;

    assert_eq!(world.silent_instance().store.prune(KEEP + KEEP, 100).await.unwrap(), Pruned::default());
    let daemon = world.silent_instance();
    let mut sum = Pruned::default();
    for step in 0..20 {
        let pruned = daemon.store.prune(KEEP, 2).await.unwrap();
        for rows in
            [pruned.claims, pruned.runs, pruned.catalogues, pruned.audit, pruned.instances, pruned.fires, pruned.fence]
        {
            assert!(rows <= 2, "a step is bounded: {pruned:?}");
        }
        sum.claims += pruned.claims;
        sum.runs += pruned.runs;
        sum.catalogues += pruned.catalogues;
        sum.instances += pruned.instances;
        sum.fires += pruned.fires;
        if pruned.rows() == 0 {
            break;
        }
        assert!(step < 19, "it ends");
    }
    // Gone: the nine closed claims; the older backfill and the failed run, with their catalogues; the instances of the four.
    assert_eq!((sum.claims, sum.runs, sum.catalogues, sum.instances, sum.fires), (9, 2, 2, 4, 2), "{sum:?}");
    let left =
        world.source.rows("SELECT concat_ws(' ', kind, state, left(catalogue_hash, 1)) FROM cardgenius_runs").await;
    let left: Vec<String> = left.iter().map(|row| text(row, 0)).collect();
    for stays in ["backfill done b", "weekly done c", "backfill open 0", "manual cancelled e"] {
        assert!(left.iter().any(|run| run == stays), "{stays} is not in {left:?}");
    }
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_claims WHERE state = 'open'").await, "1");
    let young = "SELECT count(*) FROM user_spending_data AS u JOIN cardgenius_claims AS c ON c.claim_id = u.claim_id";
    assert_eq!(world.value(young).await, "3", "two that are pending, and one that was done lately");
    assert_eq!(world.statuses().await["pending"], 2);
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_audit").await, "0");
    let last_fire = format!("SELECT count(*) FROM cardgenius_fires WHERE fire_at > {}", world.ago(DAY * 101 + 3600));
    assert_eq!(world.value(&last_fire).await, "1", "the last fire stays");
}
