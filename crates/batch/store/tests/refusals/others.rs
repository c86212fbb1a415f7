//! The customer's other objects: foreign keys that reference the recommendations, rules, and publications.

use crate::database::Database;
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_that_would_delete_or_empty_other_rows_is_refused_unless_a_setting_permits_it() {
    let mut database = Database::sound().await;
    database.run("CREATE SCHEMA shop; CREATE TABLE shop.clicks (click_id int, user_id varchar(50) DEFAULT 'CK0', rank smallint DEFAULT 1)");
    for action in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        database.run(&format!(
            "ALTER TABLE shop.clicks ADD CONSTRAINT of_card FOREIGN KEY (user_id, rank) REFERENCES card_recommendations ON DELETE {action}"
        ));
        database.intent.allow_cascade = false;
        let message = database.refused("cascading-reference").await;
        assert!(message.contains("the foreign key of_card of shop.clicks references public.card_recommendations"));
        assert!(message.contains(action) && message.contains("target.allow_cascade"), "{message}");
        database.intent.allow_cascade = true;
        assert!(database.warned().await.contains("as target.allow_cascade permits"));
        database.run("ALTER TABLE shop.clicks DROP CONSTRAINT of_card");
        database.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_that_refuses_the_deletion_is_warned_of_and_one_that_waits_for_the_new_rows_is_not() {
    let database = Database::sound().await;
    database.run("CREATE TABLE clicks (user_id varchar(50), rank smallint)");
    for (action, warned) in [
        ("", true),
        ("ON DELETE RESTRICT", true),
        ("ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED", true),
        ("DEFERRABLE INITIALLY IMMEDIATE", true),
        ("DEFERRABLE INITIALLY DEFERRED", false),
    ] {
        database.run(&format!(
            "ALTER TABLE clicks ADD CONSTRAINT of_card FOREIGN KEY (user_id, rank) REFERENCES card_recommendations {action}"
        ));
        match warned {
            true => assert!(database.warned().await.contains("each user with a referenced row fails in every run")),
            false => database.assert_sound().await,
        }
        database.run("ALTER TABLE clicks DROP CONSTRAINT of_card");
    }
    // The one that waits does no harm: its rows reference what each run writes anew.
    database.run(
        "ALTER TABLE clicks ADD FOREIGN KEY (user_id, rank) REFERENCES card_recommendations DEFERRABLE INITIALLY DEFERRED;
        CREATE TABLE orders (user_id varchar(50) REFERENCES user_spending_data ON DELETE CASCADE)",
    );
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_are_found_at_partitions_too_and_each_once() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE card_recommendations RENAME TO kept;
        CREATE TABLE card_recommendations (LIKE kept INCLUDING INDEXES) PARTITION BY HASH (user_id);
        CREATE TABLE part_0 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE part_1 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE clicks (day date, user_id varchar(50), rank smallint,
            CONSTRAINT of_card FOREIGN KEY (user_id, rank) REFERENCES card_recommendations ON DELETE CASCADE) PARTITION BY LIST (day);
        CREATE TABLE monday PARTITION OF clicks FOR VALUES IN ('2026-11-30');
        CREATE TABLE seen (user_id varchar(50), rank smallint,
            CONSTRAINT of_part FOREIGN KEY (user_id, rank) REFERENCES part_1 ON DELETE SET NULL)",
    );
    let messages = database.all_refused("cascading-reference").await;
    assert_eq!(messages.len(), 2, "{messages:#?}");
    assert!(messages[0].contains("of_card of public.clicks") && messages[1].contains("of_part of public.seen"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_rewrite_our_statements_are_refused_and_others_are_warned_of() {
    let database = Database::sound().await;
    database.run("CREATE TABLE gone (user_id text)");
    for (rule, table) in [
        ("ON DELETE TO card_recommendations DO INSTEAD NOTHING", "card_recommendations"),
        ("ON DELETE TO card_recommendations WHERE OLD.rank = 1 DO INSTEAD NOTHING", "card_recommendations"),
        ("ON UPDATE TO user_spending_data DO INSTEAD NOTHING", "user_spending_data"),
        ("ON UPDATE TO user_spending_data DO ALSO INSERT INTO gone VALUES (OLD.user_id)", "user_spending_data"),
    ] {
        database.run(&format!("CREATE RULE swallow AS {rule}"));
        let message = database.refused("rewriting-rule").await;
        assert!(message.contains(&format!("the rule swallow on public.{table}")), "{message}");
        database.run_advice(&message);
        database.assert_sound().await;
    }
    database.run("CREATE RULE keep AS ON DELETE TO card_recommendations DO ALSO INSERT INTO gone VALUES (OLD.user_id)");
    assert!(database.warned().await.contains("adds a statement to every DELETE"));
    run_everything(&database).await;
    database.run("DROP RULE keep ON card_recommendations; CREATE RULE mirror AS ON INSERT TO card_recommendations DO ALSO NOTHING");
    assert!(database.warned().await.contains("COPY, which follows no rules"));
    database.run("ALTER TABLE card_recommendations DISABLE RULE mirror");
    database.assert_sound().await;
}

/// Refused for want of a replica identity, with the statement that gives the table one; then only warned of what is carried elsewhere.
async fn assert_mended(database: &Database, table: &str) {
    let message = database.refused("no-replica-identity").await;
    assert!(message.contains(&format!("of public.{table}, which has no replica identity")), "{message}");
    database.run_advice(&message);
    assert!(database.warned().await.contains("carried elsewhere too"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_table_without_a_replica_identity_is_refused_with_the_statement_that_gives_it_one() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE user_spending_data DROP CONSTRAINT user_spending_data_pkey, ADD UNIQUE (user_id);
        CREATE PUBLICATION everything FOR ALL TABLES",
    );
    assert_mended(&database, "user_spending_data").await;
    run_everything(&database).await;
    for spoilt in ["REPLICA IDENTITY NOTHING", "REPLICA IDENTITY USING INDEX wider"] {
        database.run(
            "DROP INDEX IF EXISTS wider; CREATE UNIQUE INDEX wider ON card_recommendations (user_id, rank, card_name)",
        );
        database.run(&format!("ALTER TABLE card_recommendations {spoilt}; DROP INDEX wider"));
        assert_mended(&database, "card_recommendations").await;
    }
    database.run("ALTER TABLE card_recommendations REPLICA IDENTITY NOTHING; ALTER PUBLICATION everything SET (publish = 'insert, update')");
    assert!(database.warned().await.contains("carried elsewhere too"), "a run updates no recommendation");
    database.run("ALTER TABLE cardgenius_runs REPLICA IDENTITY NOTHING");
    database.refused("no-replica-identity").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_partitioned_table_need_a_replica_identity_each_however_it_is_published() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE card_recommendations RENAME TO kept;
        CREATE TABLE card_recommendations (LIKE kept INCLUDING INDEXES) PARTITION BY HASH (user_id);
        CREATE TABLE part_0 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE part_1 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        ALTER TABLE part_1 REPLICA IDENTITY NOTHING;",
    );
    for published in [
        "FOR TABLE card_recommendations",
        "FOR TABLE card_recommendations WITH (publish_via_partition_root)",
        "FOR TABLE part_1",
        "FOR ALL TABLES WITH (publish_via_partition_root)",
        "FOR TABLES IN SCHEMA public",
    ] {
        database.run(&format!("DROP PUBLICATION IF EXISTS published; CREATE PUBLICATION published {published}"));
        let message = database.refused("no-replica-identity").await;
        assert!(message.contains("publication published carries the deletes of public.part_1"), "{message}");
    }
    database.run_advice(&database.refused("no-replica-identity").await);
    assert_eq!(database.inspect().await.refusals, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_filter_or_a_column_list_outside_the_replica_identity_is_refused() {
    let database = Database::sound().await;
    for (published, said) in [
        (
            "user_spending_data WHERE (avg_amazon_gmv > 0 AND user_id <> 'x')",
            "row filter looks at avg_amazon_gmv, outside",
        ),
        ("user_spending_data (processing_status)", "column list leaves out user_id of"),
        ("card_recommendations (rank, card_name)", "column list leaves out user_id of"),
    ] {
        database
            .run(&format!("DROP PUBLICATION IF EXISTS published; CREATE PUBLICATION published FOR TABLE {published}"));
        let message = database.refused("unfit-publication").await;
        assert!(message.contains(said), "{message}");
    }
    for fit in [
        "user_spending_data (user_id, processing_status) WHERE (user_id <> 'x')",
        "card_recommendations (user_id, rank)",
    ] {
        database.run(&format!("DROP PUBLICATION IF EXISTS published; CREATE PUBLICATION published FOR TABLE {fit}"));
        assert_eq!(database.inspect().await.refusals, []);
    }
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_inherit_from_the_users_or_the_recommendations_are_refused_and_partitions_are_not() {
    let database = Database::sound().await;
    database.run(
        "INSERT INTO user_spending_data (user_id) VALUES ('CK1');
         CREATE TABLE \"Old users\" () INHERITS (user_spending_data); INSERT INTO \"Old users\" (user_id) VALUES ('CK1')",
    );
    let message = database.refused("inheriting-table").await;
    assert!(
        message.starts_with("other tables inherit from public.user_spending_data (\"public\".\"Old users\")"),
        "{message}"
    );
    database.run(message.lines().last().unwrap());
    database.assert_sound().await;
    database.run("CREATE TABLE kept () INHERITS (card_recommendations)");
    assert!(
        database.refused("inheriting-table").await.contains("from public.card_recommendations (\"public\".\"kept\")")
    );
}
