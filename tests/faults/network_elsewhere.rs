//! The network between the program and a MariaDB: the same faults at the same moments as before a PostgreSQL.

use cardgenius_testkit::{Counts, Fault, Proxy, Side};

use crate::combinations::{Kind, MARIADB, Pair, on_postgres};
use crate::instances::with_short_leases;
use crate::network::{Moment, arm, ends_well, side_by_side, strikes, watchful};
use crate::program::holds_all;
use crate::running::spawn;

const USERS: i64 = 60;

/// One run of three chunks, during which the fault strikes once. It must end well by itself.
async fn survives(
    (users, expected): (cardgenius_testkit::Database<'static>, Vec<String>),
    moment: Moment,
    fault: Fault,
) {
    println!("{fault:?} {moment:?}");
    let pair = Pair::migrated((Kind::Mariadb, None));
    pair.source.populate_from(&users);
    let Side::Mariadb(database) = &pair.source else { panic!("on MariaDB") };
    let proxy = Proxy::before_mariadb(MARIADB.address()).await;
    arm(&proxy, moment, fault);
    let start =
        with_short_leases(watchful(pair.backfill(20))).variable("CARDGENIUS_SOURCE__URL", &proxy.mariadb_url(database));
    let run = spawn(start);
    let answer = ends_well(run, strikes(&proxy, moment, fault)).await;
    // What is half open is closed.
    drop(proxy);
    if !matches!(fault, Fault::Slow { .. }) {
        holds_all(&answer.stderr, &[moment.is_noticed_as()]);
        let returned = pair.source.ask("SELECT count(*) FROM {{claims}} WHERE state = 'returned'");
        assert_eq!(returned, [i64::from(moment.leaves_a_claim(fault)).to_string()], "{}", answer.stderr);
    }
    assert_eq!(pair.audited(), Counts::all_completed(USERS), "{}", answer.stderr);
    assert!(pair.target().recommendations() == expected, "other rows");
    let completed = pair.source.ask("SELECT sum(completed) FROM {{claims}}");
    assert_eq!(completed, [USERS.to_string()], "somebody was done twice");
}

/// A run for each moment, all at the same time: most of it is waiting for limits.
fn a_mariadb_survives(fault: Fault, seed: i64) {
    let judged = tokio::runtime::Runtime::new().unwrap().block_on(on_postgres(USERS, seed));
    side_by_side(Moment::ALL.map(|moment| (moment, judged.clone())), move |(moment, judged)| {
        survives(judged, moment, fault)
    });
}

#[test]
fn connections_to_a_mariadb_that_are_cut_at_any_moment_cost_nobody_anything() {
    a_mariadb_survives(Fault::Cut, 381);
}

#[test]
fn connections_to_a_mariadb_that_are_reset_at_any_moment_cost_nobody_anything() {
    a_mariadb_survives(Fault::Reset, 382);
}

#[test]
fn connections_to_a_mariadb_that_fall_silent_at_any_moment_cost_nobody_anything() {
    a_mariadb_survives(Fault::BlackHole, 383);
}

#[test]
fn connections_of_whose_end_a_mariadb_never_learns_cost_nobody_anything() {
    a_mariadb_survives(Fault::HalfOpen, 384);
}

#[test]
fn a_mariadb_whose_answers_do_not_arrive_costs_nobody_anything() {
    a_mariadb_survives(Fault::MuteServer, 385);
}

#[test]
fn connections_to_a_mariadb_that_become_slow_at_any_moment_cost_nobody_anything() {
    a_mariadb_survives(Fault::Slow { bytes_per_second: 60_000 }, 386);
}
