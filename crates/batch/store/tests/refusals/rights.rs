//! Missing rights, and policies.

use cardgenius_store::config::TableNames;

use crate::database::{Database, fresh, grants};
use crate::protocol::run_everything;

/// Lets the owner run what the refusals ask for; how many statements that were.
async fn grant_all(database: &Database) -> usize {
    let refusals = database.inspect().await.refusals;
    let mut granted = 0;
    for refusal in &refusals {
        assert_eq!(refusal.name, "missing-right", "{refusals:#?}");
        let of_target = refusal.message.contains("in the target database: ");
        let place = if of_target { database.target() } else { database };
        for grant in grants(&refusal.message) {
            place.run(grant);
            granted += 1;
        }
    }
    granted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_rights_is_told_the_grants_with_exactly_which_the_whole_protocol_works() {
    let database = Database::sound().await.with_bare_role();
    let message = database.refused("missing-right").await;
    assert!(message.contains("USAGE on SCHEMA public; SELECT on public.user_spending_data (user_id, "), "{message}");
    assert_eq!(grants(&message).len(), 1 + 2 + 9 + 3);
    grant_all(&database).await;
    database.assert_sound().await;
    let held = "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.column_privileges
        WHERE grantee LIKE 'role %' AND table_name = 'user_spending_data' AND privilege_type = 'UPDATE'";
    assert_eq!(
        database.run(held),
        "attempts claim_id crashes processed_at processing_error processing_status",
        "nothing may be asked for beyond what is needed"
    );
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_two_databases_each_is_granted_for_itself_and_the_whole_protocol_works() {
    let database = Database::sound_pair().await.with_bare_role();
    let refusals = database.inspect().await.refusals;
    assert_eq!(refusals.len(), 2, "{refusals:#?}");
    assert!(
        refusals[0].message.contains("in the source database") && !refusals[0].message.contains("cardgenius_fence")
    );
    assert!(refusals[1].message.contains("in the target database") && refusals[1].message.contains("cardgenius_fence"));
    grant_all(&database).await;
    database.assert_sound().await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_need_quoting_are_granted_as_printed() {
    let mut database = Database::empty();
    database.run(
        r#"CREATE SCHEMA "Cash Karo"; CREATE SCHEMA "out""put";
        CREATE TABLE "Cash Karo"."Users; --" (user_id text PRIMARY KEY, avg_amazon_gmv float8, avg_flipkart_gmv int,
            avg_myntra_gmv numeric, avg_ajio_gmv numeric, avg_grocery_gmv numeric, avg_confirmed_gmv numeric,
            "Monthly ""Income""" int, processing_status text NOT NULL, processing_error text)"#,
    );
    database.tables = TableNames {
        source_schema: "Cash Karo".into(),
        source_table: "Users; --".into(),
        target_schema: "out\"put".into(),
        target_table: "Top 10".into(),
        monthly_income: Some("Monthly \"Income\"".into()),
        credit_score: None,
    };
    database.migrate().await;
    let database = database.with_bare_role();
    assert!(database.refused("missing-right").await.contains(r#"GRANT USAGE ON SCHEMA "out""put" TO "role ""x""_"#));
    assert_eq!(grant_all(&database).await, 2 + 2 + 9 + 3);
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_on_columns_count_like_rights_on_the_whole_table() {
    let database = Database::sound().await.with_bare_role();
    grant_all(&database).await;
    let role = database.role.replace('"', "\"\"");
    database.run(&format!("REVOKE UPDATE (crashes, claim_id) ON user_spending_data FROM \"{role}\""));
    let message = database.refused("missing-right").await;
    assert!(message.contains(r#"GRANT UPDATE ("claim_id", "crashes") ON "public"."user_spending_data""#), "{message}");
    database.run(&format!("GRANT UPDATE ON user_spending_data TO \"{role}\""));
    database.assert_sound().await;
    database.run(&format!("REVOKE USAGE ON SCHEMA public FROM \"{role}\""));
    assert_eq!(grants(&database.refused("missing-right").await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_behind_a_column_that_we_do_not_fill_is_granted_too() {
    let database = Database::sound().await;
    database
        .run("ALTER TABLE card_recommendations ADD COLUMN id bigserial, ADD COLUMN n int GENERATED ALWAYS AS IDENTITY");
    database.assert_sound().await;
    let database = database.with_bare_role();
    let message = database.refused("missing-right").await;
    assert!(message.ends_with(&format!(
        "\nGRANT USAGE ON SEQUENCE \"public\".\"card_recommendations_id_seq\" TO \"{}\";",
        database.role.replace('"', "\"\"")
    )));
    grant_all(&database).await;
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_would_hide_users_is_refused_and_the_owner_may_pass() {
    let database = Database::sound().await;
    database.run("ALTER TABLE user_spending_data ENABLE ROW LEVEL SECURITY");
    database.assert_sound().await;
    let mut database = database.with_bare_role();
    grant_all_but_policies(&database).await;
    let message = database.refused("row-security").await;
    assert!(message.contains("public.user_spending_data applies to role role \"x\"_"), "{message}");
    database.run(&format!("ALTER ROLE \"{}\" BYPASSRLS", database.role.replace('"', "\"\"")));
    database.assert_sound().await;
    let owner = fresh("owner");
    let own = database.run(
        "SELECT string_agg(format('ALTER TABLE %I OWNER TO me;', tablename), ' ') FROM pg_tables WHERE schemaname = 'public'",
    );
    database.run(&format!("CREATE ROLE {owner} LOGIN; GRANT USAGE ON SCHEMA public TO {owner}"));
    database.run(&own.replace("OWNER TO me", &format!("OWNER TO {owner}")));
    database.role = owner;
    database.assert_sound().await;
    database.run("ALTER TABLE user_spending_data FORCE ROW LEVEL SECURITY");
    database.refused("row-security").await;
}

async fn grant_all_but_policies(database: &Database) {
    let refusals = database.inspect().await.refusals;
    let lacking = refusals.iter().find(|refusal| refusal.name == "missing-right").unwrap();
    database.run(&grants(&lacking.message).join("\n"));
}
