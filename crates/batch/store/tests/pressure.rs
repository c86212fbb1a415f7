//! What a look at real servers sees: a standby that falls behind, slots and an archiver that keep the log, who waits for us,
//! upkeep on the tables, the disk, and the DBA's own question; and how little of it a role may see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "pressure/place.rs"]
mod place;

use cardgenius_pipeline::ports::Store;
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use cardgenius_pipeline::verdict::{Band, Judge, Limits};
use cardgenius_store::config::application_name;
use cardgenius_testkit::{Standby, until};

use crate::place::{Place, SERVER, WRITE, server};

fn of(pressure: &Pressure, sign: Sign) -> Vec<&Reading> {
    pressure.readings.iter().filter(|reading| reading.sign == sign).collect()
}

fn only(pressure: &Pressure, sign: Sign) -> &Reading {
    match of(pressure, sign)[..] {
        [reading] => reading,
        ref other => panic!("expected one reading, found {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_standby_that_falls_behind_the_verdict_falls_to_nothing_and_it_comes_back_when_the_standby_does() {
    let primary = server();
    let place = Place::on(&primary);
    let standby = Standby::of(&primary.postgres, "reports");
    let store = place.store();
    let behind = Some(Band { slow: 1e6, pause: 8e6 });
    let mut judge = Judge::new(Limits { replica_behind: behind, upkeep_share: 1.0, ..Limits::default() });
    until("the standby to have applied everything", async || {
        let pressure = store.pressure(None).await.unwrap();
        (judge.judge(&pressure).share >= 1.0 && !of(&pressure, Sign::ReplicaBehind).is_empty()).then_some(())
    })
    .await;
    standby.pause();
    let mut shares = Vec::new();
    let reason = until("the verdict to be nothing", async || {
        place.database.psql(WRITE);
        let verdict = judge.judge(&store.pressure(None).await.unwrap());
        shares.push(verdict.share);
        (verdict.share <= 0.0).then_some(verdict.reason)
    })
    .await
    .unwrap();
    assert!(shares.is_sorted_by(|before, after| before >= after), "{shares:?}");
    assert!(shares.iter().any(|share| *share > 0.0 && *share < 1.0), "{shares:?}");
    assert!(reason.contains("(standby reports)") && reason.contains("throttle.replica_behind_pause_mib"), "{reason}");
    standby.resume();
    until("the verdict to be full again", async || {
        let pressure = store.pressure(None).await.unwrap();
        let lag = only(&pressure, Sign::ReplicaLag).value;
        (judge.judge(&pressure).share >= 1.0 && lag < 1.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_of_a_standby_grows_by_the_second_while_it_applies_nothing() {
    let primary = server();
    let place = Place::on(&primary);
    let standby = Standby::of(&primary.postgres, "reports");
    let store = place.store();
    place.database.psql(WRITE);
    until("the standby to have applied something", async || {
        let pressure = store.pressure(None).await.unwrap();
        of(&pressure, Sign::ReplicaBehind).first().is_some_and(|reading| reading.value == 0.0).then_some(())
    })
    .await;
    standby.pause();
    for seconds in [1.0, 2.0] {
        until("the lag to grow", async || {
            place.database.psql(WRITE);
            (only(&store.pressure(None).await.unwrap(), Sign::ReplicaLag).value > seconds).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_nobody_reads_is_seen_to_keep_what_is_written_and_to_be_given_up_some_day() {
    let place = Place::on(&SERVER);
    let slot = SERVER.fresh("slot");
    place.database.psql(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)"));
    let look = async |role: &str| {
        let pressure = place.store_as(role).pressure(None).await.unwrap();
        of(&pressure, Sign::SlotWal).into_iter().find(|reading| reading.name == slot).unwrap().clone()
    };
    let before = look("cardgenius").await;
    place.database.psql(WRITE);
    let after = look(&place.bare_role()).await;
    assert!(after.value - before.value > 1e6, "{before:?} {after:?}");
    assert!(after.shown.contains(&slot) && after.shown.contains("nobody reads"), "{after:?}");
    let most = after.capacity.unwrap();
    assert!((0.9e9..1.2e9).contains(&most), "max_slot_wal_keep_size is 1GB, not {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archiver_that_fails_is_seen_to_leave_more_and_more_behind() {
    let place = Place::on(&SERVER);
    let store = place.store_as(&place.bare_role());
    place.database.psql(&format!("{WRITE}; SELECT pg_switch_wal()"));
    let before = until("the archiver to fail", async || {
        let pressure = store.pressure(None).await.unwrap();
        let archive = of(&pressure, Sign::ArchiveBehind).into_iter().next()?;
        archive.shown.contains("which fails").then_some(archive.value)
    })
    .await;
    place.database.psql(WRITE);
    let after = only(&store.pressure(None).await.unwrap(), Sign::ArchiveBehind).value;
    assert!(after - before > 1e6, "{before} {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_row_of_ours_is_seen_to_wait_and_who_waits_for_others_is_not() {
    let place = Place::on(&SERVER);
    let role = place.bare_role();
    let store = place.store_as(&role);
    // A session of the same role: one of another role is none of ours, whatever its name.
    place.database.psql(&format!("GRANT ALL ON written TO {role}"));
    let (holder, waiter) = (place.connect_as(&role).await, place.database.connect().await);
    holder.batch_execute("BEGIN; LOCK TABLE written").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.batch_execute("SELECT count(*) FROM written").await });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("the other session to wait", async || (place.database.psql(waits) == "1").then_some(())).await;
    assert_eq!(only(&store.pressure(None).await.unwrap(), Sign::Blocked).value, 0.0);
    let ours = format!("SET application_name = '{}'", application_name(store.instance_id()));
    holder.batch_execute(&ours).await.unwrap();
    until("the wait to be long", async || {
        (only(&store.pressure(None).await.unwrap(), Sign::Blocked).value > 0.2).then_some(())
    })
    .await;
    holder.batch_execute("COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(only(&store.pressure(None).await.unwrap(), Sign::Blocked).value, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_on_our_tables_is_seen_whoever_does_it_and_on_other_tables_it_is_not() {
    let place = Place::on(&SERVER);
    let store = place.store_as(&place.bare_role());
    let upkeep = async |lock: &str| {
        let worker = place.database.connect().await;
        worker.batch_execute(&format!("BEGIN; LOCK TABLE {lock} IN SHARE UPDATE EXCLUSIVE MODE")).await.unwrap();
        let seen = of(&store.pressure(None).await.unwrap(), Sign::Upkeep).len();
        // A session that is only dropped may hold its lock a moment longer.
        worker.batch_execute("ROLLBACK").await.unwrap();
        seen
    };
    // The lock that a vacuum holds from its beginning to its end.
    assert_eq!(upkeep("user_spending_data").await, 1);
    assert_eq!(upkeep("card_recommendations").await, 1);
    assert_eq!(upkeep("written").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_free_disk_of_a_server_on_this_machine_is_seen_by_who_may_know_its_folder() {
    let place = Place::on(&SERVER);
    let pressure = place.store().pressure(None).await.unwrap();
    assert!(only(&pressure, Sign::FreeDisk).value > 0.0);
    assert_eq!(pressure.unseen, [""; 0]);
    let pressure = place.store_as(&place.bare_role()).pressure(None).await.unwrap();
    assert!(of(&pressure, Sign::FreeDisk).is_empty());
    assert!(pressure.unseen.iter().any(|unseen| unseen.starts_with("the free disk")), "{:?}", pressure.unseen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_see_lags_is_told_which_right_would_show_them_and_with_it_sees_them() {
    let primary = server();
    let place = Place::on(&primary);
    let _standby = Standby::of(&primary.postgres, "reports");
    let role = place.bare_role();
    until("the standby to be there", async || {
        (place.database.psql("SELECT count(*) FROM pg_stat_replication") == "1").then_some(())
    })
    .await;
    let pressure = place.store_as(&role).pressure(None).await.unwrap();
    assert!(of(&pressure, Sign::ReplicaLag).is_empty() && of(&pressure, Sign::ReplicaBehind).is_empty());
    let hidden = pressure.unseen.iter().find(|unseen| unseen.starts_with("the lag of standbys")).unwrap();
    assert!(hidden.contains("GRANT pg_read_all_stats"), "{hidden}");
    place.database.psql(&format!("GRANT pg_read_all_stats TO {role}"));
    let pressure = place.store_as(&role).pressure(None).await.unwrap();
    assert_eq!(only(&pressure, Sign::ReplicaLag).name, "reports");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_forbidden_is_left_out_and_said_and_everything_else_is_seen() {
    let place = Place::on(&SERVER);
    place.database.psql("REVOKE SELECT ON pg_replication_slots FROM PUBLIC");
    let store = place.store_as(&place.bare_role());
    for _ in 0..2 {
        let pressure = store.pressure(None).await.unwrap();
        assert!(of(&pressure, Sign::SlotWal).is_empty());
        only(&pressure, Sign::Blocked);
        assert!(pressure.unseen.iter().any(|unseen| unseen.contains("pg_replication_slots")), "{:?}", pressure.unseen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dbas_own_question_stops_and_a_question_that_fails_is_taken_for_a_stop() {
    let place = Place::on(&SERVER);
    let store = place.store();
    for (query, stops, shown) in [
        ("SELECT false", 0.0, "says stop"),
        ("SELECT count(*) >= 0 FROM written", 1.0, "says stop"),
        ("SELECT true FROM written WHERE false", 1.0, "returned 0"),
        ("SELECT NULL::boolean", 1.0, "returned NULL"),
        ("SELECT 1", 1.0, "returned int4"),
        ("SELECT false, false", 1.0, "one column"),
        ("SELECT nobody FROM nowhere", 1.0, "nowhere"),
        ("SELECT pg_sleep(60) IS NULL", 1.0, "57014"),
        ("WITH x AS (DELETE FROM written RETURNING 1) SELECT false FROM x LIMIT 1", 1.0, "read-only"),
        ("SELECT false; DELETE FROM written", 1.0, "multiple commands"),
    ] {
        let pressure = store.pressure(Some(query)).await.unwrap();
        let reading = only(&pressure, Sign::StopQuery);
        assert_eq!(reading.value, stops, "{query}: {reading:?}");
        assert!(reading.shown.contains(shown), "{query}: {reading:?}");
        let fault = store.try_stop_query(query).await.unwrap();
        assert_eq!(fault.is_some(), shown != "says stop", "{query}: {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_databases_both_are_looked_at_and_each_is_named() {
    let (source, target) = (Place::on(&SERVER), Place::on(&SERVER));
    let store = source.store_with(&target);
    let worker = target.database.connect().await;
    worker.batch_execute("BEGIN; LOCK TABLE card_recommendations IN SHARE UPDATE EXCLUSIVE MODE").await.unwrap();
    let pressure = store.pressure(None).await.unwrap();
    let shown: Vec<&str> = of(&pressure, Sign::Blocked).iter().map(|reading| reading.shown.as_str()).collect();
    assert_eq!(shown, ["process 0 of the source", "process 0 of the target"]);
    assert_eq!(of(&pressure, Sign::Upkeep).len(), 1);
}
