//! Roles without rights that make things where ours look for names, or where ours shall stand.

use cardgenius_failure::error::ErrorKind;
use cardgenius_pipeline::ports::{Store, Swept};
use cardgenius_store::config::TableNames;
use cardgenius_store::family::Family;
use cardgenius_store::migrate::print;
use std::time::Duration;

use crate::database::{CUSTOMER, Database, SERVER, fresh};
use crate::protocol::run_everything;

/// How PostgreSQL 13 and 14 make a database, and how an upgrade keeps it.
const OPEN: &str = "GRANT CREATE ON SCHEMA public TO PUBLIC";
const CLOSED: &str = "REVOKE CREATE ON SCHEMA public FROM PUBLIC";

/// Operators and functions that fit our statements' types better than the server's own, for every pair of types for which the server
/// has no operator of its own. They tell when a session of ours or a printed script calls them, and compare texts for all others.
const OVERLOADS: &str = r#"
CREATE FUNCTION public.told() RETURNS void LANGUAGE plpgsql IMMUTABLE AS $f$
BEGIN
    IF current_setting('application_name') ~ '^cardgenius/' OR current_setting('test.printed', true) = 'on' THEN
        RAISE EXCEPTION 'a stranger was called';
    END IF;
END
$f$;
DO $do$
DECLARE
    of_left text; of_right text; operator text;
    types text[] := '{text,varchar,name,processing_status,smallint,integer,bigint,numeric,uuid,timestamptz,interval}';
BEGIN
    FOREACH of_left IN ARRAY types LOOP
        FOREACH of_right IN ARRAY types LOOP
            EXECUTE format('CREATE FUNCTION public.trap(%1$s, %2$s) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $f$
                BEGIN PERFORM public.told(); RETURN $1::text = $2::text; END $f$', of_left, of_right);
            FOREACH operator IN ARRAY '{=,<>,<,<=,>,>=,||,+,-}'::text[] LOOP
                IF to_regoperator(format('pg_catalog.%s(%s,%s)', operator, of_left, of_right)) IS NULL THEN
                    EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.trap)',
                        operator, of_left, of_right);
                END IF;
            END LOOP;
        END LOOP;
        IF of_left NOT IN ('text', 'varchar') THEN
            EXECUTE format('CREATE FUNCTION public.count(%s) RETURNS bigint LANGUAGE plpgsql AS $f$
                BEGIN PERFORM public.told(); RETURN 0; END $f$', of_left);
        END IF;
    END LOOP;
END
$do$;
CREATE FUNCTION public.hashtextextended(text, integer) RETURNS bigint LANGUAGE plpgsql AS $f$
    BEGIN PERFORM public.told(); RETURN 0; END $f$;
"#;

/// The customer's table, and a role without any right that has run this script.
fn beside(stranger: &str, script: &str) -> Database {
    let database = Database::empty();
    database.run(CUSTOMER);
    database.run(OPEN);
    database.run(&format!("CREATE ROLE {stranger} LOGIN; SET ROLE {stranger}; {script}"));
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn overloads_of_a_stranger_are_called_neither_by_a_migration_nor_by_a_run() {
    for closed_again in [false, true] {
        let database = beside(&fresh("mallory"), OVERLOADS);
        if closed_again {
            database.run(CLOSED);
        }
        database.migrate().await;
        let warning = database.warned().await;
        let named = if closed_again { "holds functions or operators of other roles (mallory" } else { "FROM PUBLIC;" };
        assert!(warning.contains(named), "{warning}");
        run_everything(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_migration_calls_no_overload_of_a_stranger() {
    let database = beside(&fresh("mallory"), OVERLOADS);
    let printed = print(&TableNames::default(), Family::Postgres, None).unwrap();
    database.run(&format!("SET test.printed = 'on';\n{printed}"));
    run_everything(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_has_made_under_a_name_of_ours_is_refused_before_the_first_step() {
    let trap = "CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql SECURITY INVOKER AS
        $f$ BEGIN EXECUTE 'CREATE TABLE public.taken ()'; RETURN NEW; END $f$;";
    for (made, named) in [
        (
            "CREATE TABLE public.cardgenius_audit (audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                happened_at timestamptz NOT NULL DEFAULT clock_timestamp(), actor text NOT NULL, action text NOT NULL,
                run_id uuid, detail text);
             CREATE TRIGGER trap BEFORE INSERT ON public.cardgenius_audit FOR EACH ROW EXECUTE FUNCTION public.trap();",
            "table public.cardgenius_audit belongs to role",
        ),
        ("CREATE TABLE public.cardgenius_runs ();", "table public.cardgenius_runs belongs to role"),
        ("CREATE VIEW public.cardgenius_status AS SELECT 1;", "view public.cardgenius_status belongs to role"),
        ("CREATE TABLE public.cardgenius_status ();", "bears the name of a view of ours and is something else"),
        (
            "CREATE VIEW public.cardgenius_claims AS SELECT 1;",
            "bears the name of a table of ours and is something else",
        ),
        (
            "CREATE FUNCTION public.cardgenius_control_changed() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;",
            "function public.cardgenius_control_changed() belongs to role",
        ),
        (
            "CREATE TABLE public.cardgenius_unsettled_user_spending_data ();",
            "bears the name of an index of ours on user_spending_data and is something else",
        ),
        ("CREATE TABLE public.card_recommendations ();", "table public.card_recommendations belongs to role"),
        (
            "CREATE DOMAIN public.cardgenius_audit AS int;",
            "type public.cardgenius_audit stands in the way of our table",
        ),
        ("CREATE TYPE public.card_recommendations AS ENUM ();", "type public.card_recommendations stands in the way"),
        ("CREATE VIEW public.card_recommendations AS SELECT 1;", "public.card_recommendations is a view, and the"),
        ("CREATE SEQUENCE public.card_recommendations;", "public.card_recommendations is no table, and the"),
    ] {
        let stranger = fresh("mallory");
        let database = beside(&stranger, &format!("{trap}{made}"));
        let error = database.try_migrate().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains(named), "{error}");
        let printed = print(&TableNames::default(), Family::Postgres, None).unwrap();
        let refused = SERVER.psql(&database.name, &printed).unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
        assert_eq!(
            database.run("SELECT to_regclass('cardgenius_schema_version') IS NULL, to_regclass('taken') IS NULL"),
            "t|t"
        );
        database.run(&format!("DROP OWNED BY {stranger}"));
        database.migrate().await;
        run_everything(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_table_is_not_taken_for_the_recommendations_after_the_first_migration_either() {
    for mut database in [Database::sound().await, Database::sound_pair().await] {
        let stranger = fresh("mallory");
        let target = database.second.as_deref().unwrap_or(&database);
        target.run(&format!(
            "CREATE ROLE {stranger}; CREATE TABLE cards2 (LIKE card_recommendations INCLUDING ALL); ALTER TABLE cards2 OWNER TO {stranger}"
        ));
        database.tables.target_table = "cards2".into();
        let named = format!("table public.cards2 belongs to role {stranger}, which is a stranger here");
        assert!(database.refused("foreign-object").await.contains(&named));
        let error = database.try_migrate().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.to_string().contains(&named), "{error}");
        let target = database.second.as_deref().unwrap_or(&database);
        let printed = match &database.second {
            Some(_) => print(&database.tables, Family::Postgres, Some(Family::Postgres)).unwrap(),
            None => print(&database.tables, Family::Postgres, None).unwrap(),
        };
        let (_, of_target) = printed.rsplit_once("in the TARGET database =====").unwrap_or(("", &printed));
        let refused = SERVER.psql(&target.name, of_target).unwrap_err().to_string();
        assert!(refused.contains(&named), "{refused}");
        target.run("ALTER TABLE cards2 OWNER TO CURRENT_USER");
        database.assert_sound().await;
        database.migrate().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_table_in_the_source_is_nothing_to_us_where_the_recommendations_are_in_another_database() {
    let database = Database::sound_pair().await;
    let stranger = fresh("mallory");
    database.run(&format!("CREATE ROLE {stranger}; CREATE TABLE card_recommendations (); ALTER TABLE card_recommendations OWNER TO {stranger}"));
    database.assert_sound().await;
    database.migrate().await;
    let second = Some(Family::Postgres);
    let printed = print(&TableNames::default(), Family::Postgres, second).unwrap();
    let (of_source, _) = printed.split_once("\n-- ===== from here on").unwrap();
    database.run(of_source);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_default_privileges_open_is_closed_to_public_by_the_migration_and_others_are_named_by_the_check() {
    let stranger = fresh("mallory");
    let database = Database::empty();
    database.run(&format!(
        "{CUSTOMER}; CREATE ROLE {stranger};
         ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, {stranger};
         ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC"
    ));
    let open_to_public = "SELECT string_agg(o.name, ' ' ORDER BY o.name) FROM (
            SELECT c.relname AS name, c.relacl AS acl FROM pg_class AS c WHERE c.relname ~ '^card(genius_|_recommendations)'
            UNION ALL SELECT p.proname, p.proacl FROM pg_proc AS p WHERE p.proname ~ '^cardgenius_') AS o
        WHERE EXISTS (SELECT FROM aclexplode(o.acl) AS a WHERE a.grantee = 0)";
    let printed = print(&TableNames::default(), Family::Postgres, None).unwrap();
    database.run(&printed);
    assert_eq!(database.run(open_to_public), "");
    database.migrate().await;
    assert_eq!(database.run(open_to_public), "", "views are made anew by each migration");

    let revoke = |warning: &str| {
        let (_, advice) = warning.split_once("REVOKE ").unwrap();
        database.run(&format!("REVOKE {}", advice.split_once(';').unwrap().0));
    };
    let warning = database.warned().await;
    assert!(warning.contains(&format!("{stranger} may write to our tables (public.cardgenius_audit")), "{warning}");
    revoke(&warning);
    // What is documented for an operator's role.
    database.run(&format!("GRANT SELECT, UPDATE ON cardgenius_control TO {stranger}"));
    database.assert_sound().await;
    database.run("GRANT UPDATE ON cardgenius_control TO PUBLIC");
    let warning = database.warned().await;
    assert!(warning.contains("PUBLIC may write to our tables (public.cardgenius_control)"), "{warning}");
    revoke(&warning);
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_types_of_a_stranger_that_the_customers_tables_call_are_named_with_their_owner() {
    let database = Database::sound().await;
    let stranger = fresh("mallory");
    database.run(&format!(
        "CREATE ROLE {stranger}; CREATE SCHEMA mal;
         CREATE FUNCTION mal.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
         CREATE FUNCTION mal.g(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE DOMAIN mal.d AS numeric(12,2);
         CREATE TRIGGER zz BEFORE UPDATE ON user_spending_data FOR EACH ROW EXECUTE FUNCTION mal.f();
         ALTER TABLE user_spending_data ADD CONSTRAINT own CHECK (mal.g(processing_error)), ALTER avg_ajio_gmv TYPE mal.d;
         CREATE INDEX by_g ON card_recommendations (mal.g(card_name))"
    ));
    let of_strangers = |warnings: Vec<String>| warnings.into_iter().filter(|one| !one.contains("slows every run"));
    assert_eq!(of_strangers(database.inspect().await.warnings).count(), 0);
    database.run(&format!(
        "ALTER FUNCTION mal.f() OWNER TO {stranger}; ALTER FUNCTION mal.g(text) OWNER TO {stranger}; ALTER DOMAIN mal.d OWNER TO {stranger}"
    ));
    let inspection = database.inspect().await;
    assert_eq!(inspection.refusals, []);
    let warnings: Vec<String> = of_strangers(inspection.warnings).collect();
    for (warning, what) in warnings.iter().zip([
        "user_spending_data has the column avg_ajio_gmv, whose type mal.d belongs",
        "user_spending_data has the constraint own, whose function mal.g belongs",
        "user_spending_data has the trigger zz, whose function mal.f belongs",
        "card_recommendations has the index by_g, whose function mal.g belongs",
    ]) {
        assert!(warning.starts_with(&format!("public.{what} to role {stranger}: ")), "{warnings:#?}");
    }
    assert_eq!(warnings.len(), 4, "{warnings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_a_strangers_hands_later_is_refused_by_the_check() {
    let database = Database::sound().await;
    let stranger = fresh("mallory");
    database.run(&format!("CREATE ROLE {stranger}; ALTER TABLE cardgenius_control OWNER TO {stranger}"));
    assert!(database.refused("foreign-object").await.contains("table public.cardgenius_control belongs to role"));
    database.run("ALTER TABLE cardgenius_control OWNER TO CURRENT_USER");
    database.assert_sound().await;
    database.run(
        "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
         CREATE TRIGGER trap BEFORE INSERT ON cardgenius_runs FOR EACH ROW EXECUTE FUNCTION trap()",
    );
    database.assert_sound().await;
    database.run(&format!("ALTER FUNCTION trap() OWNER TO {stranger}"));
    let refusals = database.inspect().await.refusals;
    assert!(refusals[0].message.contains("has the trigger trap, whose function belongs to role"), "{refusals:?}");
    database.run_advice(&refusals[0].message);
    database.run("DROP FUNCTION trap; CREATE RULE swallow AS ON INSERT TO cardgenius_runs DO INSTEAD NOTHING");
    let message = database.refused("foreign-object").await;
    database.run_advice(&message);
    database.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_the_customers_own_that_are_named_as_ours_are_not_taken_over() {
    for column in [
        "attempts smallint NOT NULL DEFAULT 5",
        "crashes smallint NOT NULL DEFAULT 7",
        "claim_id uuid",
        "processed_at timestamptz",
    ] {
        let database = Database::empty();
        database.run(&format!("{CUSTOMER}; ALTER TABLE user_spending_data ADD COLUMN {column}"));
        let error = database.try_migrate().await.unwrap_err();
        assert!(
            error.kind() == ErrorKind::Refused && error.to_string().contains("of its own, in which we would write"),
            "{error}"
        );
        database.run(&format!(
            "ALTER TABLE user_spending_data RENAME COLUMN {} TO theirs",
            column.split(' ').next().unwrap()
        ));
        database.migrate().await;
        run_everything(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_ours_are_known_again_by_their_comments_or_where_a_dump_lost_those_by_our_index() {
    let database = Database::sound().await;
    database.migrate().await;
    database.run(
        "DO $do$ DECLARE c text; BEGIN FOREACH c IN ARRAY '{claim_id,attempts,crashes,processed_at}'::text[] LOOP
            EXECUTE format('COMMENT ON COLUMN user_spending_data.%I IS NULL', c); END LOOP; END $do$",
    );
    database.assert_sound().await;
    database.migrate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_write_into_the_audit_through_our_function() {
    let database = Database::sound().await;
    let stranger = fresh("mallory");
    let forge = |role: &str| {
        let script = format!(
            "{role} CREATE TEMP TABLE t (paused bool, reason text, changed_by text, changed_at timestamptz);
             CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION public.cardgenius_control_changed();
             INSERT INTO t VALUES (true, 'all users are to be deleted', 'the director', now())"
        );
        SERVER.psql(&database.name, &script).unwrap_err().to_string()
    };
    let refused = forge(&format!("CREATE ROLE {stranger}; SET ROLE {stranger};"));
    assert!(refused.contains("permission denied for function"), "{refused}");
    let refused = forge("");
    assert!(refused.contains("this function serves no table but"), "{refused}");
    database.run("UPDATE cardgenius_control SET paused = true; UPDATE cardgenius_control SET paused = false");
    assert_eq!(
        database.run("SELECT string_agg(action, ' ' ORDER BY audit_id) FROM cardgenius_audit"),
        "migrate pause resume"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_triggers_function_finds_names_by_the_roles_own_path_where_no_stranger_may_create_anything() {
    let database = Database::sound().await;
    database.run(
        "CREATE TABLE changes (user_id text);
         CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
            $f$ BEGIN INSERT INTO changes VALUES (NEW.user_id); RETURN NEW; END $f$;
         CREATE TRIGGER noted BEFORE UPDATE ON user_spending_data FOR EACH ROW EXECUTE FUNCTION noted()",
    );
    run_everything(&database).await;
    assert_ne!(database.run("SELECT count(*) FROM changes"), "0");

    // Where the schema is open the function has to say for itself where it looks, as the warning tells.
    database.run(&format!("TRUNCATE changes, user_spending_data, card_recommendations; {OPEN}"));
    let warnings = database.inspect().await.warnings;
    assert!(warnings.iter().any(|warning| warning.contains("your triggers (noted)")), "{warnings:?}");
    database.run("ALTER FUNCTION noted() SET search_path = public, pg_temp");
    run_everything(&database).await;
    assert_ne!(database.run("SELECT count(*) FROM changes"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_type_with_operators_of_its_own_are_worked_on_where_its_schema_is_closed_and_refused_where_it_is_open()
 {
    let database = Database::sound().await;
    database.run("CREATE EXTENSION citext; ALTER TABLE user_spending_data ALTER COLUMN user_id TYPE citext; ALTER TABLE card_recommendations ALTER COLUMN user_id TYPE text");
    run_everything(&database).await;
    database.run(OPEN);
    assert!(database.refused("hidden-key-type").await.contains("user_id is public.citext"));
    database.run(CLOSED);
    assert!(database.warned().await.contains("is citext"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_a_stranger_has_named_as_a_dead_instances_is_neither_counted_nor_in_the_way() {
    let database = Database::sound().await;
    let stranger = fresh("mallory");
    database.run(&format!("CREATE ROLE {stranger} LOGIN"));
    database.run(&format!(
        "CREATE ROLE {stranger}_daemon LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {stranger}_daemon"
    ));
    let dead = database.store();
    let (dead_id, name) = (dead.instance_id(), format!("cardgenius/{}", dead.instance_id()));
    let url = format!("{}&application_name={name}", SERVER.url_as(&stranger, None, &database.name));
    let (spoof, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let _driving = tokio::spawn(connection);
    spoof.batch_execute("SELECT 1").await.unwrap();
    dead.register(Duration::ZERO).await.unwrap();
    drop(dead);

    let mut daemon = database;
    daemon.role = format!("{stranger}_daemon");
    let store = daemon.store();
    store.register(Duration::from_secs(60)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), async {
        // A session that was only dropped may live a moment longer.
        while store.sweep(Duration::from_millis(1)).await.unwrap() != Swept::default() {}
    })
    .await
    .unwrap();
    let alive = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cardgenius/{dead_id}' AND usename = '{stranger}'"
    );
    assert_eq!(daemon.run(&alive), "1", "the stranger's own session is none of ours");
    spoof.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_waits_says_which_session_holds_its_lock() {
    let database = Database::sound().await;
    let stranger = fresh("mallory");
    database.run(&format!("CREATE ROLE {stranger} LOGIN"));
    let url = SERVER.url_as(&stranger, None, &database.name);
    let (holder, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let _driving = tokio::spawn(connection);
    holder
        .batch_execute("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('cardgenius migrate', 0))")
        .await
        .unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let migrating = tokio::spawn(async move {
        database.migrate_telling(&mut |step: &str| told.send(step.to_owned()).unwrap()).await.unwrap();
    });
    let first = heard.recv().await.unwrap();
    assert!(first.contains(&format!("role {stranger}")) && first.contains("waiting for that to end"), "{first}");
    holder.batch_execute("COMMIT").await.unwrap();
    migrating.await.unwrap();
}
