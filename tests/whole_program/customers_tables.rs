//! The customer's tables as they may be: other names, other types, further columns, few rights.

use cardgenius_testkit::{Counts, Database, Tables, populate};

use crate::comparison::{assert_as_the_oracle_says, users};
use crate::place::{CUSTOMER, SERVER, audited, backfill, migrate, migrated, on};
use crate::program::{Start, holds_all, start};

fn odd_names() -> Tables {
    Tables {
        input_schema: r#"Källa "1""#.into(),
        input: r#"User Spending; DROP TABLE "x" --"#.into(),
        output_schema: "Ziel.Schema".into(),
        output: "Card'Recommendations\\".into(),
    }
}

fn naming(start: Start, tables: &Tables) -> Start {
    start
        .variable("CARDGENIUS_SOURCE__SCHEMA", &tables.input_schema)
        .variable("CARDGENIUS_SOURCE__TABLE", &tables.input)
        .variable("CARDGENIUS_TARGET__SCHEMA", &tables.output_schema)
        .variable("CARDGENIUS_TARGET__TABLE", &tables.output)
}

fn with_odd_names() -> Database<'static> {
    let mut database = SERVER.empty();
    database.tables = odd_names();
    let table = CUSTOMER.replace("TABLE user_spending_data", "TABLE {{input}}");
    let schema = cardgenius_testkit::tables::quoted(&database.tables.input_schema);
    database.psql(&format!("CREATE SCHEMA {schema}; CREATE SCHEMA \"Ziel.Schema\"; {table}"));
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_and_tables_may_have_capitals_spaces_quotes_and_anything_else_in_their_names() {
    let database = with_odd_names();
    let tables = database.tables.clone();
    naming(on(&database, &["migrate"]), &tables).run().ended(0);
    naming(on(&database, &["check"]), &tables).run().ended(0);
    populate(&database.connect().await, &tables, 200, 101).await;
    naming(backfill(&database, 30), &tables).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(200));
    assert_as_the_oracle_says(&database, 10).await;
    let strays = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.psql(strays), "0", "something was made beside the table of users");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_migration_quotes_names_as_the_program_does() {
    let database = with_odd_names();
    let script = naming(start(&["migrate", "--print"]), &database.tables).run().ended(0).stdout;
    // Verbatim: the script holds braces of its own.
    SERVER.postgres.psql(&database.name, &script).unwrap();
    let answer = naming(on(&database, &["check"]), &database.tables).run().ended(0);
    holds_all(&answer.stdout, &["nothing is wrong"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn income_and_credit_score_decide_about_eligible_cards_where_their_columns_are_named() {
    let database = migrated();
    let client = database.connect().await;
    populate(&client, &database.tables, 300, 102).await;
    // Odd decimals and NULLs: what is unknown does not exclude.
    database.psql(
        "ALTER TABLE {{input}} ADD COLUMN monthly_income numeric(14, 3), ADD COLUMN credit_score smallint;
         UPDATE {{input}} SET monthly_income = CASE WHEN n % 7 = 0 THEN NULL ELSE n * 331.337 END,
             credit_score = CASE WHEN n % 5 = 0 THEN NULL ELSE 600 + n END
         FROM (SELECT user_id AS key, substr(user_id, 3)::integer AS n FROM {{input}}) AS numbered WHERE user_id = key",
    );
    let strict = |start: Start| start.variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1");
    let naming_both = |start: Start| {
        start
            .variable("CARDGENIUS_SOURCE__COLUMNS__MONTHLY_INCOME", "monthly_income")
            .variable("CARDGENIUS_SOURCE__COLUMNS__CREDIT_SCORE", "credit_score")
    };
    naming_both(strict(backfill(&database, 100))).run().ended(0);
    audited(&database).await;
    // The oracle reads both columns.
    assert_as_the_oracle_says(&database, 10).await;
    let with = database.psql("SELECT md5(string_agg(r::text, '' ORDER BY user_id, rank)) FROM {{output}} AS r");

    database.psql("UPDATE {{input}} SET processing_status = 'new'");
    strict(backfill(&database, 100)).run().ended(0);
    let without = database.psql("SELECT md5(string_agg(r::text, '' ORDER BY user_id, rank)) FROM {{output}} AS r");
    assert_ne!(with, without, "the columns made no difference");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_status_with_a_check_serves_as_well_as_an_enum() {
    let database = SERVER.empty();
    let table = CUSTOMER
        .replace("CREATE TYPE processing_status AS ENUM ('new', 'pending', 'completed', 'failed');", "")
        .replace(
            "processing_status processing_status NOT NULL DEFAULT 'new'",
            "processing_status varchar(10) NOT NULL DEFAULT 'new' \
             CHECK (processing_status IN ('new', 'pending', 'completed', 'failed'))",
        );
    assert!(table.contains("CHECK") && !table.contains("ENUM"), "{table}");
    database.psql(&table);
    migrate(&database);
    populate(&database.connect().await, &database.tables, 100, 103).await;
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = -1 WHERE user_id = 'CK0000009'");
    backfill(&database, 30).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1").run().ended(0);
    assert_eq!(audited(&database).await, Counts { users: 100, completed: 99, failed: 1, ..Counts::default() });
    assert_eq!(users(&database.connect().await, &database.tables).await["CK0000009"].status, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_may_come_from_database_url_a_flag_or_a_file() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 10, 104).await;
    let url = database.url();
    let again = || database.psql("UPDATE {{input}} SET processing_status = 'new'");
    start(&["--backfill"]).variable("DATABASE_URL", &url).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(10));
    again();
    start(&["--backfill", "--source-url", &url])
        .variable("DATABASE_URL", "postgres://nobody@127.0.0.1:1/x")
        .run()
        .ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(10));
    again();
    start(&["--backfill"]).file(&format!("[source]\nurl = \"{url}\"\n[pipeline]\nchunk_rows = 3\n")).run().ended(0);
    assert_eq!(audited(&database).await, Counts::all_completed(10));
    assert_eq!(
        database.psql(
            "SELECT count(*) FROM {{claims}} JOIN {{runs}} USING (run_id) GROUP BY run_id ORDER BY 1 DESC LIMIT 1"
        ),
        "4"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_check_asks_for_are_enough_for_a_whole_run() {
    let database = migrated();
    populate(&database.connect().await, &database.tables, 100, 105).await;
    database.psql("UPDATE {{input}} SET avg_ajio_gmv = -1 WHERE user_id = 'CK0000009'");
    let role = SERVER.fresh("guest");
    database.psql(&format!("CREATE ROLE {role} LOGIN"));
    let as_guest = |arguments: &[&str]| {
        let url = SERVER.postgres.url_as(&role, None, &database.name);
        start(arguments).variable("CARDGENIUS_SOURCE__URL", &url).variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
    };
    let asked = as_guest(&["check"]).run().ended(64);
    assert!(as_guest(&["--backfill"]).refused().contains("missing-right"));
    let grants: Vec<&str> = asked.stderr.lines().filter(|line| line.starts_with("GRANT ")).collect();
    assert!(!grants.is_empty(), "{}", asked.stderr);
    database.psql(&grants.join("\n"));
    as_guest(&["check"]).run().ended(0);
    as_guest(&["--backfill", "--chunk-rows", "20"]).run().ended(0);
    assert_eq!(audited(&database).await, Counts { users: 100, completed: 99, failed: 1, ..Counts::default() });
    // Replacing needs more than writing.
    database.psql("UPDATE {{input}} SET processing_status = 'new'");
    as_guest(&["--backfill", "--chunk-rows", "20"]).run().ended(0);
    assert_eq!(audited(&database).await, Counts { users: 100, completed: 99, failed: 1, ..Counts::default() });
}
