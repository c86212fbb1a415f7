//! The customer's two tables: there, tables, with keys, columns and types.

use cardgenius_failure::error::ErrorKind;

use crate::database::{CUSTOMER, Database};
use crate::protocol::run_everything;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_refused_by_its_name() {
    let mut database = Database::sound().await;
    database.tables.source_schema = "elsewhere".into();
    let refusals = database.inspect().await.refusals;
    assert_eq!(refusals[0].name, "missing-table");
    assert!(
        refusals[0].message.starts_with("the schema of the table elsewhere.user_spending_data is not in the database")
    );
    database.tables.source_schema = "public".into();
    database.tables.target_table = "recommendations".into();
    assert!(
        database.refused("missing-table").await.starts_with("the table public.recommendations is not in the database")
    );
    database.tables.target_table = "card_recommendations".into();
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_looks_like_the_table_but_is_none_is_refused() {
    let database = Database::sound().await;
    for (statement, called) in [
        ("CREATE VIEW card_recommendations AS SELECT * FROM kept", "a view"),
        ("CREATE MATERIALIZED VIEW card_recommendations AS SELECT * FROM kept", "a materialised view"),
        (
            "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
            CREATE FOREIGN TABLE card_recommendations (user_id text) SERVER nowhere",
            "a foreign table",
        ),
        ("CREATE SEQUENCE card_recommendations", "no table"),
    ] {
        database.run(&format!("BEGIN; ALTER TABLE card_recommendations RENAME TO kept; {statement}; COMMIT"));
        let message = database.refused("not-a-table").await;
        assert!(message.contains(called), "{message}");
        let kind = statement.rsplit_once("CREATE ").unwrap().1.rsplit_once(" card_recommendations").unwrap().0;
        database.run(&format!("DROP {kind} card_recommendations; ALTER TABLE kept RENAME TO card_recommendations"));
    }
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partitioned_table_of_recommendations_is_welcome() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE card_recommendations RENAME TO kept;
        CREATE TABLE card_recommendations (LIKE kept INCLUDING INDEXES) PARTITION BY HASH (user_id);
        CREATE TABLE part_0 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE part_1 PARTITION OF card_recommendations FOR VALUES WITH (MODULUS 2, REMAINDER 1);",
    );
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_need_a_key_that_holds_for_every_row_at_every_moment() {
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data DROP CONSTRAINT user_spending_data_pkey");
    for unfit in [
        "CREATE INDEX unfit ON user_spending_data (user_id)",
        "CREATE UNIQUE INDEX unfit ON user_spending_data (user_id) WHERE processing_status <> 'failed'",
        "CREATE UNIQUE INDEX unfit ON user_spending_data (lower(user_id))",
        "CREATE UNIQUE INDEX unfit ON user_spending_data (user_id, processing_status)",
        "ALTER TABLE user_spending_data ADD CONSTRAINT unfit UNIQUE (user_id) DEFERRABLE",
    ] {
        database.run(unfit);
        let message = database.refused("missing-key").await;
        assert!(
            message.starts_with("public.user_spending_data has no primary or unique key on (user_id)"),
            "{message}"
        );
        database.run("ALTER TABLE user_spending_data DROP CONSTRAINT IF EXISTS unfit; DROP INDEX IF EXISTS unfit");
    }
    database.run("CREATE UNIQUE INDEX fit ON user_spending_data (user_id) INCLUDE (avg_amazon_gmv)");
    database.assert_sound().await;
    database.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'fit'::regclass");
    let message = database.refused("missing-key").await;
    database.run("DROP INDEX fit");
    database.run_advice(&message);
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recommendations_need_a_key_of_user_and_rank_in_any_order() {
    let database = Database::sound().await;
    database.run("ALTER TABLE card_recommendations DROP CONSTRAINT card_recommendations_pkey");
    database.run("CREATE UNIQUE INDEX unfit ON card_recommendations (user_id, rank, card_name)");
    let message = database.refused("missing-key").await;
    assert!(message.contains("on (user_id, rank)"), "{message}");
    database.run("CREATE UNIQUE INDEX fit ON card_recommendations (rank, user_id)");
    database.assert_sound().await;
    database.run("DROP INDEX fit");
    database.run_advice(&message);
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn null_and_duplicate_users_are_found_where_no_key_keeps_them_out() {
    let database = Database::sound().await;
    database.run(
        "ALTER TABLE user_spending_data DROP CONSTRAINT user_spending_data_pkey;
        ALTER TABLE user_spending_data ALTER COLUMN user_id DROP NOT NULL;
        INSERT INTO user_spending_data (user_id) VALUES ('CK1'), ('CK2'), ('CK2'), (NULL), (NULL)",
    );
    let refusals = database.inspect().await.refusals;
    let names: Vec<&str> = refusals.iter().map(|refusal| refusal.name).collect();
    assert_eq!(names, ["missing-key", "null-user", "duplicate-user"], "{refusals:#?}");
    assert!(refusals[2].message.contains("more than one row with the user_id CK2"), "{}", refusals[2].message);
    database.run("DELETE FROM user_spending_data WHERE user_id = 'CK2'");
    database.run_advice(&refusals[0].message);
    database.refused("null-user").await;
    database.run("DELETE FROM user_spending_data WHERE user_id IS NULL");
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_missing_are_listed_all_of_them() {
    let mut database = Database::sound().await;
    database.tables.credit_score = Some("cibil".into());
    database.run(
        "ALTER TABLE user_spending_data DROP COLUMN avg_ajio_gmv, DROP COLUMN processing_error, DROP COLUMN crashes;
        ALTER TABLE card_recommendations DROP COLUMN net_savings, DROP COLUMN grocery_points",
    );
    let refusals = database.inspect().await.refusals;
    let [input, ours, output] = &refusals[..] else { panic!("{refusals:#?}") };
    assert!(input.message.contains("lacks the columns avg_ajio_gmv, processing_error, cibil:"), "{}", input.message);
    assert_eq!((ours.name, output.name), ("missing-own-column", "missing-column"));
    assert!(output.message.contains("card_recommendations lacks the columns net_savings, grocery_points:"));
    database.run(
        "ALTER TABLE user_spending_data ADD COLUMN avg_ajio_gmv numeric(12,2), ADD COLUMN processing_error text, ADD COLUMN cibil smallint;
        ALTER TABLE card_recommendations ADD COLUMN net_savings numeric(12,2), ADD COLUMN grocery_points numeric(12,2)",
    );
    assert!(database.refused("missing-own-column").await.contains("(crashes): run `cardgenius migrate`"));
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_we_cannot_read_or_that_would_round_are_refused_one_by_one() {
    let database = Database::made_by(
        "CREATE DOMAIN amount AS numeric(10,1) NOT NULL DEFAULT 0;
        CREATE TABLE user_spending_data (user_id varchar(50) PRIMARY KEY, avg_amazon_gmv text, avg_flipkart_gmv money,
            avg_myntra_gmv float8, avg_ajio_gmv bigint, avg_grocery_gmv amount, avg_confirmed_gmv numeric,
            processing_status varchar(9) NOT NULL, processing_error varchar(255));
        CREATE TABLE card_recommendations (user_id text, rank numeric(2), card_name bytea,
            total_savings_yearly numeric(12,1), joining_fees float8, total_extra_benefits numeric, net_savings amount,
            amazon_points numeric(14,4), flipkart_points numeric(12,3), myntra_points bigint, ajio_points numeric(12,2),
            grocery_points numeric(12,2), other_online_points numeric(12,2), redemption_method text,
            redemption_rate numeric(12,2), PRIMARY KEY (user_id, rank))",
    )
    .await;
    // Ours, changed by hand.
    database.run(
        "DROP VIEW cardgenius_stuck;
         ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE bigint USING NULL,
            ALTER COLUMN claim_id TYPE text, ALTER COLUMN crashes TYPE integer",
    );
    let refusals = database.inspect().await.refusals;
    assert!(refusals.iter().all(|refusal| refusal.name == "wrong-type"), "{refusals:#?}");
    let columns: Vec<&str> = refusals
        .iter()
        .map(|refusal| refusal.message.split(" is ").next().unwrap().rsplit('.').next().unwrap())
        .collect();
    assert_eq!(
        columns.join(" "),
        "user_id avg_amazon_gmv avg_flipkart_gmv processing_error claim_id crashes rank card_name \
         total_savings_yearly joining_fees net_savings flipkart_points myntra_points redemption_rate"
    );
    assert!(refusals[0].message.starts_with("public.user_spending_data.user_id is bigint: it must be varchar or text"));
    // With this status `migrate` does not begin.
    let database = Database::empty();
    database.run("CREATE TABLE user_spending_data (user_id text PRIMARY KEY, processing_status varchar(8) NOT NULL)");
    let refusals = database.inspect().await.refusals;
    let said = "public.user_spending_data.processing_status is character varying(8): it must be an enum";
    assert!(refusals.iter().any(|refusal| refusal.name == "wrong-type" && refusal.message.starts_with(said)));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_without_a_key_that_can_be_used_are_refused_before_the_first_step_of_a_migration() {
    let status = "processing_status text NOT NULL DEFAULT 'new'";
    for (table, said) in [
        (format!("(user_id bigint PRIMARY KEY, {status})"), "user_id is bigint: it must be varchar or text"),
        (format!("(user_id uuid PRIMARY KEY, {status})"), "user_id is uuid: it must be varchar or text"),
        (format!("(user_id text NOT NULL, {status})"), "has no primary or unique key on (user_id)"),
        (
            format!(
                "(user_id text, {status}, PRIMARY KEY (user_id, processing_status)) PARTITION BY LIST (processing_status)"
            ),
            "has no primary or unique key on (user_id)",
        ),
    ] {
        let database = Database::empty();
        database.run(&format!("CREATE TABLE user_spending_data {table}"));
        let error = database.try_migrate().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.to_string().contains(said), "{error}");
        let refusals = database.inspect().await.refusals;
        assert!(refusals.iter().any(|refusal| refusal.message.contains(said)), "{refusals:#?}");
        assert_eq!(database.run("SELECT count(*) FROM pg_class WHERE relname LIKE 'cardgenius%'"), "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_may_be_a_text_with_a_check_or_an_enum_with_all_four_labels() {
    let script = |column: &str| {
        let (_, table) = CUSTOMER.split_once(";\n").unwrap();
        format!(
            "CREATE TYPE status AS ENUM ('new', 'pending', 'done'); {}",
            table.replace("processing_status processing_status NOT NULL DEFAULT 'new'", column)
        )
    };
    let text = "processing_status varchar(9) NOT NULL DEFAULT 'new' CHECK (processing_status IN ('new', 'pending', 'completed', 'failed'))";
    let database = Database::made_by(&script(text)).await;
    database.assert_sound().await;
    run_everything(&database).await;
    let database = Database::empty();
    database.run(&script("processing_status status NOT NULL DEFAULT 'new'"));
    let refusals = database.inspect().await.refusals;
    let refusal = refusals.iter().find(|refusal| refusal.name == "wrong-type").unwrap();
    assert!(refusal.message.contains("processing_status is status: it must have the labels completed, failed"));
    database.run("ALTER TYPE status ADD VALUE 'completed'; ALTER TYPE status ADD VALUE 'failed'");
    database.migrate().await;
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_nobody_fills_or_that_we_may_not_fill_are_refused() {
    let database = Database::sound().await;
    database.run(
        "CREATE DOMAIN label AS text NOT NULL; CREATE DOMAIN origin AS text NOT NULL DEFAULT 'cardgenius';
        ALTER TABLE card_recommendations ADD COLUMN segment text NOT NULL, ADD COLUMN label label, ADD COLUMN origin origin,
            ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY, ADD COLUMN note text, ADD COLUMN made_at date NOT NULL DEFAULT now(),
            ADD COLUMN twice int NOT NULL GENERATED ALWAYS AS (rank * 2) STORED;",
    );
    assert!(database.refused("unfilled-column").await.contains("(segment, label)"));
    database.run("ALTER TABLE card_recommendations DROP COLUMN segment, DROP COLUMN label");
    database.assert_sound().await;
    run_everything(&database).await;
    database.run(
        "ALTER TABLE card_recommendations DROP COLUMN net_savings;
        ALTER TABLE card_recommendations ADD COLUMN net_savings numeric GENERATED ALWAYS AS (total_savings_yearly - joining_fees) STORED",
    );
    assert!(database.refused("generated-column").await.contains("card_recommendations.net_savings"));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_we_empty_must_be_allowed_to_be_empty() {
    let database = Database::sound().await;
    database.run("ALTER TABLE card_recommendations ALTER COLUMN redemption_method SET NOT NULL");
    let message = database.refused("not-null-column").await;
    assert!(message.contains("card_recommendations.redemption_method"), "{message}");
    database.run_advice(&message);
    database.assert_sound().await;
    database.run("ALTER TABLE user_spending_data ALTER COLUMN processing_error SET NOT NULL");
    database.refused("not-null-column").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_holds_two_users_for_one_is_refused_in_one_database_and_in_two() {
    for database in [Database::sound().await, Database::sound_pair().await] {
        let target = database.second.as_deref().unwrap_or(&database);
        target.run(
            "CREATE EXTENSION citext;
            CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        );
        for (of_type, said) in [
            ("citext", "(citext) may hold two users for one"),
            ("text COLLATE loose", "(text COLLATE public.loose) may hold"),
            ("char(50)", "with and without blanks at the end"),
        ] {
            target.run(&format!("ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE {of_type}"));
            let message = database.refused("coarser-target").await;
            assert!(message.contains(said), "{message}");
        }
        target.run("ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE text");
        database.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_told_by_blanks_are_refused_and_those_told_without_case_are_slow() {
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE char(50)");
    assert!(
        database
            .refused("wrong-type")
            .await
            .contains("user_spending_data.user_id is character(50): it must be varchar")
    );
    database.run("CREATE EXTENSION citext; ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE citext");
    database.run("ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE text");
    assert!(database.warned().await.contains("user_spending_data.user_id is citext"));
    run_everything(&database).await;
}
