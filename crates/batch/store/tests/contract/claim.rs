//! Claiming: whom, in which order, and what is left behind.

use std::collections::BTreeSet;

use cardgenius_engine::user::Spend;
use cardgenius_pipeline::ports::{ClaimRequest, Claimed, Store, Suspicion};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::backend::{Backend, Session};
use crate::postgres::Postgres;
use crate::world::{LEASE, World, number, patient, request, text, users};

pub fn ids(claimed: Claimed) -> Vec<String> {
    match claimed {
        Claimed::Chunk(chunk) => chunk.users.iter().map(|user| user.user_id.to_string()).collect(),
        Claimed::Nobody => Vec::new(),
        Claimed::Paused { .. } => panic!("claiming is paused"),
        Claimed::RunClosed => panic!("the run is closed"),
        Claimed::Refused { error, .. } => panic!("{error}"),
    }
}

pub async fn users_come_in_the_databases_order_after_the_cursor_and_no_more_than_asked_for<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["b", "a", "B", "A", "Z", "é", "e", "f", "CK_1", "ck1", "CK 2", "ü b", "~"]).await;
    let in_order = world.source.rows("SELECT user_id FROM user_spending_data ORDER BY user_id").await;
    let in_order: Vec<String> = in_order.iter().map(|row| text(row, 0)).collect();
    assert!(!in_order.is_sorted(), "the test wants an order that is not that of the bytes: {in_order:?}");
    let instance = world.instance().await;
    let run = instance.run().await;
    let after = |key: Option<&String>, rows| ClaimRequest { after_key: key.cloned(), ..request(&run, rows) };
    assert_eq!(ids(instance.store.claim(&after(Some(&in_order[3]), 3)).await.unwrap().claimed), in_order[4..7]);
    assert_eq!(ids(instance.store.claim(&after(None, 2)).await.unwrap().claimed), in_order[..2]);
    let rest = [&in_order[3..4], &in_order[7..]].concat();
    assert_eq!(
        ids(instance.store.claim(&after(Some(&in_order[2]), 100)).await.unwrap().claimed),
        rest,
        "not the key itself"
    );
}

pub async fn a_claim_begins_where_the_furthest_of_others_since_the_one_before_ends<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(10)).await;
    let (instance, other) = (world.instance().await, world.instance().await);
    let run = instance.run().await;
    let before = instance.claim(&run, 2).await;
    let (given_back, furthest) = (other.claim(&run, 2).await, other.claim(&run, 3).await);
    assert_eq!(ids(Claimed::Chunk(furthest.clone())), ["U4", "U5", "U6"]);
    other.store.give_back(given_back.claim_id).await.unwrap();
    let after = |key: &str, rows| {
        let (after_key, after_claim) = (Some(key.to_owned()), Some(before.claim_id));
        ClaimRequest { after_key, after_claim, ..request(&run, rows) }
    };
    assert_eq!(
        ids(instance.store.claim(&after("U1", 1)).await.unwrap().claimed),
        ["U7"],
        "not U2, given back behind it"
    );
    assert_eq!(ids(instance.store.claim(&after("U8", 1)).await.unwrap().claimed), ["U9"], "nor U8, before the cursor");
    assert_eq!(
        ids(instance.store.claim(&request(&run, 1)).await.unwrap().claimed),
        ["U2"],
        "the next pass skips nobody"
    );
}

pub async fn nobody_is_passed_by_for_a_claim_that_is_closed_or_older<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(9)).await;
    let (instance, other) = (world.instance().await, world.instance().await);
    let run = instance.run().await;
    let at_the_end = ClaimRequest { after_key: Some("U6".into()), ..request(&run, 2) };
    assert_eq!(ids(other.store.claim(&at_the_end).await.unwrap().claimed), ["U7", "U8"], "and it stays open");
    let before = instance.claim(&run, 1).await;
    let closed = other.claim(&run, 4).await;
    other.store.give_back(closed.claim_id).await.unwrap();
    let (after_key, after_claim) = (Some("U0".into()), Some(before.claim_id));
    let next = ClaimRequest { after_key, after_claim, ..request(&run, 2) };
    assert_eq!(ids(instance.store.claim(&next).await.unwrap().claimed), ["U1", "U2"]);
}

pub async fn further_on_is_said_in_the_order_of_the_column_whatever_that_of_the_database<
    B: Backend<Source = Postgres>,
>() {
    let world = World::<B>::fresh().await;
    world.run("ALTER TABLE user_spending_data ALTER user_id TYPE text COLLATE \"C\"").await;
    world.add_users(["B", "C", "D", "a", "b"]).await;
    assert_eq!(world.value("SELECT 'a' < 'B'").await, "t", "the test wants two orders");
    let instance = world.instance().await;
    let run = instance.run().await;
    let before = instance.claim(&run, 1).await;
    assert_eq!(ids(Claimed::Chunk(before.clone())), ["B"]);
    let since = instance.claim(&run, 1).await;
    assert_eq!(ids(Claimed::Chunk(since)), ["C"]);
    let behind_a = ClaimRequest { after_key: Some("a".into()), after_claim: Some(before.claim_id), ..request(&run, 9) };
    assert_eq!(ids(instance.store.claim(&behind_a).await.unwrap().claimed), ["b"]);
}

pub async fn users_that_somebody_holds_locked_are_passed_over<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(5)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let customer = world.lock(&["U0", "U2"]).await;
    assert_eq!(ids(instance.store.claim(&request(&run, 2)).await.unwrap().claimed), ["U1", "U3"]);
    assert_eq!(ids(instance.store.claim(&request(&run, 9)).await.unwrap().claimed), ["U4"]);
    assert_eq!(ids(instance.store.claim(&request(&run, 9)).await.unwrap().claimed), [""; 0]);
    World::<B>::let_go(customer).await;
    assert_eq!(ids(instance.store.claim(&request(&run, 9)).await.unwrap().claimed), ["U0", "U2"]);
}

pub async fn instances_that_claim_at_once_share_nobody<B: Backend>() {
    let world = World::<B>::fresh().await;
    let everybody = users(600);
    world.add_users(&everybody).await;
    let run = world.instance().await.run().await;
    let mut claiming = JoinSet::new();
    for _ in 0..4 {
        // Nobody waits for a user's row here; but they all make the same table larger.
        let (instance, run) = (world.instance_with(Uuid::new_v4(), patient()), run.clone());
        instance.store.register(LEASE).await.unwrap();
        claiming.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = ids(instance.store.claim(&request(&run, 7)).await.unwrap().claimed);
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        });
    }
    let claimed: Vec<String> = claiming.join_all().await.concat();
    assert_eq!(claimed.len(), everybody.len(), "somebody was claimed twice, or by nobody");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), everybody.into_iter().collect());
    let sql = "SELECT count(*) FROM cardgenius_claims AS c WHERE users <> (SELECT count(*) FROM user_spending_data AS u \
               WHERE u.claim_id = c.claim_id AND u.processing_status = 'pending')";
    assert_eq!(world.value(sql).await, "0");
}

pub async fn a_claim_marks_its_users_and_clears_their_old_error<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1", "U2"]).await;
    world.set("U1", "processing_error = 'of last time'").await;
    let instance = world.instance().await;
    let chunk = instance.claim(&instance.run().await, 1).await;
    let (claimed, other) = (world.user("U1").await, world.user("U2").await);
    assert_eq!((claimed.status.as_str(), claimed.error, claimed.claim_id), ("pending", None, Some(chunk.claim_id)));
    assert_eq!((other.status.as_str(), other.claim_id), ("new", None));
}

pub async fn a_claims_row_says_who_holds_whom<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["b", "C", "a", "D"]).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let request = request(&run, 3);
    instance.store.claim(&request).await.unwrap();
    let sql = format!(
        "SELECT run_id, owner, state, users, first_user_id, last_user_id FROM cardgenius_claims WHERE claim_id = '{}'",
        request.claim_id
    );
    let row = &world.source.rows(&sql).await[0];
    let row: Vec<String> = (0..6).map(|column| text(row, column)).collect();
    assert_eq!(row, [&run.run_id.to_string(), &instance.id.to_string(), "open", "3", "a", "C"]);
}

pub async fn users_are_claimed_apart_by_the_crashes_they_were_caught_in<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(9)).await;
    for crashes in 0..9 {
        world.set(&format!("U{crashes}"), &format!("crashes = {crashes}")).await;
    }
    let instance = world.instance().await;
    let run = instance.run().await;
    let of = |suspicion| ClaimRequest { suspicion, ..request(&run, 100) };
    assert_eq!(ids(instance.store.claim(&of(Suspicion::Some)).await.unwrap().claimed), ["U3", "U4", "U5"]);
    assert_eq!(ids(instance.store.claim(&of(Suspicion::None)).await.unwrap().claimed), ["U0", "U1", "U2"]);
    assert_eq!(ids(instance.store.claim(&of(Suspicion::Strong)).await.unwrap().claimed), ["U6", "U7", "U8"]);
}

pub async fn only_new_users_are_claimed<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(users(4)).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    for (user_id, status) in [("U0", "pending"), ("U1", "completed"), ("U3", "failed")] {
        world.set(user_id, &format!("processing_status = '{status}'")).await;
    }
    assert_eq!(ids(instance.store.claim(&request(&run, 9)).await.unwrap().claimed), ["U2"]);
}

pub async fn nobody_to_claim_is_said_so_and_leaves_no_trace<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1"]).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let behind = ClaimRequest { after_key: Some("U2".into()), ..request(&run, 9) };
    assert!(matches!(instance.store.claim(&behind).await.unwrap().claimed, Claimed::Nobody));
    assert_eq!(world.value("SELECT count(*) FROM cardgenius_claims").await, "0");
    let elsewhere = ClaimRequest { run_id: Uuid::new_v4(), ..request(&run, 9) };
    assert!(
        matches!(instance.store.claim(&elsewhere).await.unwrap().claimed, Claimed::RunClosed),
        "there is no such run"
    );
    assert_eq!(world.user("U1").await.status, "new");
}

pub async fn amounts_arrive_exact<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1", "U2"]).await;
    world.set("U1", "avg_amazon_gmv = 9999999999.99, avg_flipkart_gmv = -0.01, avg_myntra_gmv = NULL").await;
    world.set("U1", "avg_ajio_gmv = 0.10, avg_grocery_gmv = 10000, avg_confirmed_gmv = -9999999999.99").await;
    let instance = world.instance().await;
    let chunk = instance.claim(&instance.run().await, 2).await;
    let spend: Vec<&Spend> = chunk.users.iter().map(|user| &user.user.spend).collect();
    let [one, other] = spend[..] else { panic!("{spend:?}") };
    assert_eq!(*one, Spend::Paise([999_999_999_999, -1, 0, 10, 1_000_000, -999_999_999_999]));
    assert_eq!(*other, Spend::Paise([10_000, 0, 0, 0, 0, 0]));
}

pub async fn a_user_that_was_settled_before_may_have_rows<B: Backend>() {
    let world = World::<B>::fresh().await;
    world.add_users(["U1", "U2"]).await;
    let instance = world.instance().await;
    let run = instance.run().await;
    let chunk = instance.claim_and_compute(&run, 1).await;
    assert!(!chunk.users[0].may_have_rows);
    instance.finish(&chunk).await.unwrap();
    world.set("U1", "processing_status = 'new'").await;
    let again = instance.claim(&run, 2).await;
    let may_have_rows: Vec<(&str, bool)> =
        again.users.iter().map(|user| (&*user.user_id, user.may_have_rows)).collect();
    assert_eq!(may_have_rows, [("U1", true), ("U2", false)]);
}

/// The table of users in three partitions, in which rows lie in the same places.
const IN_PARTITIONS: &str = "
    ALTER TABLE user_spending_data RENAME TO all_in_one;
    CREATE TABLE user_spending_data (LIKE all_in_one INCLUDING DEFAULTS, PRIMARY KEY (user_id)) PARTITION BY HASH (user_id);
    CREATE TABLE part_0 PARTITION OF user_spending_data FOR VALUES WITH (MODULUS 3, REMAINDER 0);
    CREATE TABLE part_1 PARTITION OF user_spending_data FOR VALUES WITH (MODULUS 3, REMAINDER 1);
    CREATE TABLE part_2 PARTITION OF user_spending_data FOR VALUES WITH (MODULUS 3, REMAINDER 2);
    CREATE INDEX ON user_spending_data (processing_status, user_id) WHERE processing_status <> 'completed';
    GRANT SELECT, UPDATE ON user_spending_data TO PUBLIC";

pub async fn users_in_partitions_are_claimed_in_order_each_once_and_with_their_own_amounts<
    B: Backend<Source = Postgres>,
>() {
    let world = World::<B>::fresh().await;
    world.run(IN_PARTITIONS).await;
    let everybody = users(60);
    world.add_users(&everybody).await;
    for (number, user_id) in everybody.iter().enumerate() {
        world.set(user_id, &format!("avg_amazon_gmv = {number}")).await;
    }
    let in_order = world.source.rows("SELECT user_id, avg_amazon_gmv::bigint FROM user_spending_data ORDER BY 1").await;
    let in_order: Vec<(String, i64)> =
        in_order.iter().map(|row| (text(row, 0), 100 * i64::try_from(number(row, 1)).unwrap())).collect();
    let instance = world.instance().await;
    let run = instance.run().await;
    let mut claimed = Vec::new();
    for claims in 1.. {
        let after_key = claimed.last().map(|(user_id, _): &(String, i64)| user_id.clone());
        let Claimed::Chunk(chunk) =
            instance.store.claim(&ClaimRequest { after_key, ..request(&run, 7) }).await.unwrap().claimed
        else {
            break;
        };
        claimed.extend(chunk.users.iter().map(|user| {
            let Spend::Paise(paise) = &user.user.spend else { panic!("{user:?}") };
            (user.user_id.to_string(), paise[0])
        }));
        let pending = world.statuses().await["pending"];
        assert_eq!(pending, claimed.len() as u64, "after {claims} claims");
    }
    assert_eq!(claimed, in_order);
}
