use super::*;

const GIB: f64 = 1_073_741_824.0;

fn limits() -> Limits {
    Limits {
        replica_lag: Some(Band { slow: 10.0, pause: 30.0 }),
        slot_wal: Some(Band { slow: 10.0 * GIB, pause: 50.0 * GIB }),
        free_disk: Some(Band { slow: 10.0 * GIB, pause: 2.0 * GIB }),
        upkeep_share: 0.5,
        ignored: vec!["delayed".into()],
        ..Limits::default()
    }
}

fn reading(sign: Sign, value: f64) -> Reading {
    Reading { sign, value, capacity: None, name: "a".into(), shown: "standby a".into() }
}

fn look(judge: &mut Judge, readings: &[Reading]) -> Headroom {
    judge.judge(&Pressure { readings: readings.to_vec(), unseen: Vec::new() })
}

/// What a judge makes of one lag after the other.
fn shares(lags: &[f64]) -> Vec<f64> {
    let mut judge = Judge::new(limits());
    lags.iter()
        .map(|lag| (look(&mut judge, &[reading(Sign::ReplicaLag, *lag)]).share * 1_000.0).round() / 1_000.0)
        .collect()
}

#[test]
fn with_a_lag_that_rises_the_share_falls_in_a_straight_line_to_nothing() {
    assert_eq!(shares(&[0.0, 10.0, 15.0, 20.0, 30.0, 300.0]), [1.0, 1.0, 0.75, 0.5, 0.0, 0.0]);
}

#[test]
fn with_a_lag_that_falls_the_share_comes_back_in_steps() {
    assert_eq!(shares(&[60.0, 26.0, 25.0, 1.0, 1.0, 1.0, 1.0, 1.0]), [0.0, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]);
}

#[test]
fn a_lag_about_the_limit_does_not_make_the_verdict_go_up_and_down() {
    assert_eq!(shares(&[10.1, 9.9, 10.1, 9.5, 9.1, 8.9, 9.5, 9.9]), [0.995, 0.95, 0.95, 0.95, 0.95, 1.0, 1.0, 1.0]);
    assert_eq!(shares(&[30.1, 29.9, 30.1, 26.0]), [0.0; 4]);
}

#[test]
fn the_worst_reading_rules_and_the_reason_names_it_and_the_setting_to_change() {
    let mut judge = Judge::new(limits());
    let mild = Reading { shown: "standby b".into(), ..reading(Sign::ReplicaLag, 12.0) };
    let bad = reading(Sign::ReplicaLag, 20.0);
    let headroom = look(&mut judge, &[mild, bad, reading(Sign::SlotWal, GIB), reading(Sign::FreeDisk, 9.0 * GIB)]);
    let expected =
        "replica lag 20.0 s (standby a), slows from 10.0 s and pauses at 30.0 s: throttle.replica_lag_pause_ms";
    assert_eq!((headroom.share, headroom.reason.as_deref()), (0.5, Some(expected)));
    assert_eq!(judge.worst(), Some(Sign::ReplicaLag));
    assert_eq!(judge.shares(), [(Sign::ReplicaLag, 0.5), (Sign::SlotWal, 1.0), (Sign::FreeDisk, 0.875)]);
}

#[test]
fn nothing_seen_is_full_speed_without_a_reason() {
    let mut judge = Judge::new(limits());
    look(&mut judge, &[reading(Sign::ReplicaLag, 99.0)]);
    assert_eq!(look(&mut judge, &[]), Headroom::full());
    assert_eq!(judge.worst(), None);
}

#[test]
fn less_free_disk_is_worse() {
    let mut judge = Judge::new(limits());
    let mut share = |gib| look(&mut judge, &[reading(Sign::FreeDisk, gib * GIB)]).share;
    assert_eq!([share(11.0), share(10.0), share(6.0), share(2.0), share(1.0)], [1.0, 1.0, 0.5, 0.0, 0.0]);
    assert_eq!([share(3.0), share(9.0)], [0.0, 0.2]);
}

#[test]
fn a_slot_that_the_server_would_give_up_sooner_is_spared_sooner() {
    let mut judge = Judge::new(limits());
    let slot = |held: f64| Reading { capacity: Some(10.0 * GIB), ..reading(Sign::SlotWal, held * GIB) };
    let mut share = |held| look(&mut judge, &[slot(held)]).share;
    assert_eq!([share(4.9), share(6.5), share(8.0)], [1.0, 0.5, 0.0]);
}

#[test]
fn upkeep_slows_to_its_share_and_the_dbas_query_stops_at_once_and_both_let_go_at_once() {
    let mut judge = Judge::new(limits());
    let (upkeep, stop) = (reading(Sign::Upkeep, 1.0), reading(Sign::StopQuery, 1.0));
    let go = Reading { value: 0.0, ..stop.clone() };
    let seen = [vec![upkeep.clone()], vec![upkeep.clone(), stop], vec![upkeep, go.clone()], vec![go]];
    assert_eq!(seen.map(|readings| look(&mut judge, &readings).share), [0.5, 0.0, 0.5, 1.0]);
}

#[test]
fn what_is_off_or_ignored_is_not_minded() {
    let mut judge = Judge::new(limits());
    let delayed = Reading { name: "delayed".into(), ..reading(Sign::ReplicaLag, 3_600.0) };
    assert_eq!(look(&mut judge, &[delayed, reading(Sign::Blocked, 99.0)]), Headroom::full());
    assert_eq!(judge.shares(), []);
}

#[test]
fn a_verdict_is_told_in_words() {
    let told = |share| Headroom { share, reason: Some("why".into()) }.told();
    assert_eq!(told(1.0), None);
    assert_eq!(told(0.401).as_deref(), Some("slowed to 41 %: why"));
    assert_eq!(told(0.0).as_deref(), Some("paused: why"));
}
