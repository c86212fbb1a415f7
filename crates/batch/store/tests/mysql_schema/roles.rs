//! `roles.sql`: before and after the migration, and what its roles may do.

use crate::place::{Place, fresh};

const ROLES: &str = include_str!("../../../../../sql/mysql/roles.sql");

/// An account that has this role from the start of its sessions.
fn account(place: &Place<'_>, role: &str) -> String {
    let name = fresh("account");
    let default = if place.run("SELECT VERSION() LIKE '%MariaDB%'") == "1\n" { "FOR" } else { "TO" };
    place.run(&format!("CREATE USER {name}; GRANT {role} TO {name}; SET DEFAULT ROLE {role} {default} {name}"));
    name
}

/// What this account gets from the server for a script.
async fn ask(place: &Place<'_>, account: &str, statement: &str) -> Result<u64, mysql_async::Error> {
    use mysql_async::prelude::Queryable;
    let opts = mysql_async::OptsBuilder::default()
        .socket(Some(place.server.socket().display().to_string()))
        .user(Some(account))
        .db_name(Some(&place.tables.source_schema));
    let mut session = mysql_async::Conn::new(opts).await?;
    session.query_drop(statement).await?;
    Ok(session.affected_rows())
}

#[tokio::test]
async fn the_roles_are_made_before_the_migration_and_get_what_is_new_after_it() {
    let mut place = Place::customers();
    let missing = place.run(ROLES);
    assert!(missing.contains("cardgenius_claims, for cardgenius_daemon"), "{missing}");
    place.account = Some(account(&place, "cardgenius_migrator"));
    place.migrate().await.unwrap();
    place.migrate().await.unwrap();
    let missing = place.run(ROLES);
    let missing: Vec<&str> = missing.lines().collect();
    let fence = format!("not there: {}.cardgenius_fence, for cardgenius_", place.tables.target_schema);
    assert_eq!(missing, [format!("{fence}daemon"), format!("{fence}reader")]);
}

#[tokio::test]
async fn the_migrator_may_not_drop_the_customers_table() {
    let place = Place::migrated().await;
    place.run(ROLES);
    let migrator = account(&place, "cardgenius_migrator");
    let error = ask(&place, &migrator, "DROP TABLE user_spending_data").await.unwrap_err();
    assert!(error.to_string().contains("1142"), "{error}");
}

#[tokio::test]
async fn the_daemon_may_do_its_work_and_no_more() {
    let place = Place::migrated().await;
    place.run(ROLES);
    place.run("INSERT INTO user_spending_data (user_id) VALUES ('a')");
    let daemon = account(&place, "cardgenius_daemon");
    for allowed in [
        "SELECT user_id, avg_ajio_gmv, attempts FROM user_spending_data WHERE processing_status = 'new' FOR UPDATE SKIP LOCKED",
        "UPDATE user_spending_data SET processing_status = 'pending', claim_id = UUID() WHERE user_id = 'a'",
        "INSERT INTO card_recommendations (user_id, `rank`, card_name, total_savings_yearly, joining_fees,
            total_extra_benefits, net_savings, amazon_points, flipkart_points, myntra_points, ajio_points, grocery_points,
            other_online_points, redemption_method, redemption_rate) VALUES ('a', 1, 'c', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, NULL, 1)",
        "DELETE FROM card_recommendations WHERE user_id IN ('a')",
        "UPDATE cardgenius_control SET paused = TRUE",
        "SELECT run_id FROM cardgenius_runs WHERE run_id = '' FOR UPDATE",
    ] {
        ask(&place, &daemon, allowed).await.unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    assert_eq!(place.run("SELECT COUNT(*) FROM cardgenius_audit WHERE action = 'pause'"), "1\n");
    for refused in [
        "UPDATE user_spending_data SET avg_ajio_gmv = 1",
        "DELETE FROM user_spending_data",
        "INSERT INTO user_spending_data (user_id) VALUES ('b')",
        "SELECT card_name FROM card_recommendations",
        "UPDATE cardgenius_audit SET actor = 'nobody'",
        "DROP TABLE cardgenius_runs",
    ] {
        let error = ask(&place, &daemon, refused).await.unwrap_err().to_string();
        assert!(error.contains("1142") || error.contains("1143"), "{refused}: {error}");
    }
}

#[tokio::test]
async fn the_reader_sees_all_but_the_spending() {
    let place = Place::migrated().await;
    place.run(ROLES);
    let reader = account(&place, "cardgenius_reader");
    for allowed in [
        "SELECT * FROM cardgenius_status",
        "SELECT * FROM cardgenius_progress",
        "SELECT * FROM cardgenius_stuck",
        "SELECT * FROM cardgenius_recent_runs",
        "SELECT * FROM cardgenius_slow_chunks",
        "SELECT * FROM cardgenius_audit",
        "SELECT user_id, processing_status, processing_error, claim_id FROM user_spending_data",
        "SELECT user_id, `rank`, card_name, joining_fees, redemption_method, redemption_rate FROM card_recommendations",
    ] {
        ask(&place, &reader, allowed).await.unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    // What users spend follows from the points and the rupees, divided by the catalogue's rates.
    let derived = [
        "total_savings_yearly",
        "total_extra_benefits",
        "net_savings",
        "amazon_points",
        "flipkart_points",
        "myntra_points",
        "ajio_points",
        "grocery_points",
        "other_online_points",
    ]
    .map(|column| format!("SELECT {column} FROM card_recommendations"));
    let spending = ["SELECT avg_ajio_gmv FROM user_spending_data", "UPDATE cardgenius_control SET paused = TRUE"];
    for refused in derived.iter().map(String::as_str).chain(spending) {
        let error = ask(&place, &reader, refused).await.unwrap_err().to_string();
        assert!(error.contains("1142") || error.contains("1143"), "{refused}: {error}");
    }
}
