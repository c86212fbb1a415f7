//! docker-compose.yml, as Debian's docker-compose reads it; what it sets up in the database is set up on a private server.

use std::collections::BTreeSet;
use std::fs;

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::{Counts, TestServer, audit};
use serde_json::Value;

use crate::documents::{are_settings, is_a_command_line, root, stop_seconds, told, yaml};
use crate::program::{Start, start};

/// What docker-compose makes of the file.
fn compose() -> Value {
    let text = told("docker-compose", "docker-compose", &["--file", "docker-compose.yml", "config"], "").well();
    yaml(&text).remove(0)
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
}

fn variables(service: &Value) -> Vec<(&str, &str)> {
    let map = service["environment"].as_object().into_iter().flatten();
    map.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

fn each_service(mut look: impl FnMut(&str, &Value)) {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        look(name, service);
    }
}

/// Those that end by themselves.
const ONCE: [&str; 3] = ["migrate", "rights", "backfill"];

#[test]
fn docker_compose_reads_the_file_and_everything_is_there() {
    let compose = compose();
    let services: BTreeSet<&str> = compose["services"].as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = ["postgres", "migrate", "rights", "daemon", "backfill", "prometheus", "alertmanager", "grafana"];
    assert_eq!(services, BTreeSet::from(wanted));
}

#[test]
fn every_file_that_is_mounted_exists_and_is_not_writable() {
    let root = root();
    let compose = compose();
    let mut mounted = 0;
    for (name, service) in compose["services"].as_object().unwrap() {
        for volume in words(&service["volumes"]).into_iter().filter(|volume| volume.starts_with('/')) {
            mounted += 1;
            let (from, to) = volume.split_once(':').unwrap();
            assert!(from.starts_with(root.to_str().unwrap()) && to.ends_with(":ro"), "{name}: {volume}");
            let metadata = fs::metadata(from).unwrap_or_else(|error| panic!("{name} mounts {from}: {error}"));
            assert!(metadata.is_file() || fs::read_dir(from).unwrap().next().is_some(), "{from} is empty");
        }
        if let Some(build) = service["build"].as_object() {
            let context = root.join(build["context"].as_str().unwrap());
            assert!(context.join(build["dockerfile"].as_str().unwrap()).is_file(), "{name}");
        }
    }
    assert!(mounted >= 8, "{mounted}");
}

#[test]
fn every_service_is_confined_looked_after_and_reachable_from_this_machine_only() {
    each_service(|name, service| {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        for loose in ["cap_add", "privileged", "network_mode", "pid", "devices"] {
            assert_eq!(service[loose], Value::Null, "{name}: {loose}");
        }
        for port in words(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let check = words(&service["healthcheck"]["test"]);
        assert_eq!(check == ["NONE"], ONCE.contains(&name), "{name}: {check:?}");
        assert_eq!(service["restart"] == "no", ONCE.contains(&name), "{name}");
        let (_, tag) = service["image"].as_str().unwrap().split_once(':').unwrap();
        // Numbers of a release, and not a name that moves: `15.14-bookworm`, not `15`.
        let is_ours = !service["build"].is_null();
        assert!(is_ours || tag.trim_start_matches('v').matches('.').count() >= 1, "{name}: {tag}");
    });
}

#[test]
fn the_program_knows_what_it_is_told() {
    let mut told = 0;
    each_service(|name, service| {
        if service["build"].is_null() {
            return;
        }
        told += 1;
        is_a_command_line(&words(&service["command"]));
        are_settings(variables(service));
        if ["daemon", "backfill"].contains(&name) {
            let grace = service["stop_grace_period"].as_str().unwrap().strip_suffix('s').unwrap();
            assert!(grace.parse::<f64>().unwrap() > stop_seconds() + 5.0, "{name}");
        }
    });
    assert_eq!(told, 3);
    let compose = compose();
    let check = words(&compose["services"]["daemon"]["healthcheck"]["test"]);
    assert_eq!(check[..2], ["CMD", "cardgenius"]);
    is_a_command_line(&check[2..]);
}

#[test]
fn the_image_runs_as_nobody_and_asks_itself_how_it_is() {
    let dockerfile = crate::documents::read("deploy/Dockerfile").replace("\\\n", " ");
    let of = |instruction: &str| -> Vec<&str> {
        dockerfile.lines().filter_map(|line| line.strip_prefix(instruction)?.strip_prefix(' ')).collect()
    };
    assert_eq!(of("FROM"), ["${BUILD_IMAGE} AS build", "${RUN_IMAGE}"], "one stage builds, another runs");
    // Each can be replaced by a digest, and is an exact release otherwise.
    let images = of("ARG");
    for (image, name) in images.iter().zip(["BUILD_IMAGE=rust:", "RUN_IMAGE=debian:"]) {
        let tag = image.strip_prefix(name).unwrap_or_else(|| panic!("{image}"));
        assert!(tag.split('-').next().unwrap().contains('.'), "{image} is a name that moves");
    }
    assert_eq!(images.len(), 2);
    assert_eq!(of("USER"), ["65534:65534"]);
    let json = |text: &str| -> Vec<String> { serde_json::from_str(&text[text.find('[').unwrap()..]).unwrap() };
    let program = json(of("ENTRYPOINT")[0]);
    assert_eq!(program, ["cardgenius"]);
    let health = json(of("HEALTHCHECK")[0]);
    assert_eq!(health[..1], program);
    for arguments in [&health[1..], &json(of("CMD")[0])] {
        is_a_command_line(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }
    are_settings(of("ENV").iter().map(|line| line.split_once('=').unwrap()));
}

/// A service's start, with the server in the place of the host that Compose would find.
fn service(compose: &Value, name: &str, server: &TestServer) -> Start {
    let service = &compose["services"][name];
    // Any port, lest another program's be met.
    let command =
        words(&service["command"]).into_iter().map(|word| if word == "0.0.0.0:9187" { "127.0.0.1:0" } else { word });
    let mut told = start(&command.collect::<Vec<_>>());
    for (variable, value) in variables(service) {
        // Nothing here serves metrics, and no other service's port is to be met.
        if variable != "CARDGENIUS_HTTP__LISTEN" {
            let value = value.replace("@postgres/", &format!("@{}/", server.address()));
            told = told.variable(variable, &value);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn its_scripts_make_a_database_in_which_its_services_work_with_their_passwords() {
    let compose = compose();
    let server = TestServer::launch(PostgresOptions::for_tests().loopback_tcp().password("demo"));
    let mut database = server.empty();
    let name = compose["services"]["postgres"]["environment"]["POSTGRES_DB"].as_str().unwrap();
    server.postgres.create_database(name).unwrap();
    name.clone_into(&mut database.name);
    let mut scripts: Vec<(&str, &str)> = words(&compose["services"]["postgres"]["volumes"])
        .into_iter()
        .filter_map(|volume| {
            let (from, to) = volume.strip_suffix(":ro")?.split_once(':')?;
            Some((to.strip_prefix("/docker-entrypoint-initdb.d/")?, from))
        })
        .collect();
    scripts.sort_unstable();
    let order = ["customer/user_spending_data.sql", "postgres/roles.sql", "compose/demo.sql"];
    assert_eq!(scripts.len(), order.len());
    assert!(scripts.iter().zip(order).all(|((_, path), end)| path.ends_with(end)), "{scripts:?}");
    for (_, path) in scripts {
        server.postgres.psql(name, &fs::read_to_string(path).unwrap()).unwrap();
    }
    service(&compose, "migrate", &server).run().ended(0);
    let refused = service(&compose, "backfill", &server).refused();
    assert!(refused.contains("missing-right"), "the rights come after the migration: {refused}");
    let roles = words(&compose["services"]["rights"]["volumes"])[0].split(':').next().unwrap();
    server.postgres.psql(name, &fs::read_to_string(roles).unwrap()).unwrap();
    service(&compose, "backfill", &server).run().ended(0);
    let client = database.connect().await;
    assert_eq!(audit(&client, &client, &database.tables).await, Counts::all_completed(5_000));
    assert_eq!(variables(&compose["services"]["daemon"]), variables(&compose["services"]["backfill"]));
}
