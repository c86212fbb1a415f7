//! The manifests: against Kubernetes' own schemas, and whether they fit each other and the program.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::documents::{PYTHON, Said, are_settings, files, is_a_command_line, read, root, stop_seconds, told, yaml};

/// The newest that the validator knows, and the oldest that Kubernetes itself or its providers still keep.
const VERSIONS: [&str; 2] = ["1.37", "1.30"];

/// etcd takes no more in one object.
const LARGEST_OBJECT: usize = 1_000_000;

/// What `kubectl apply` keeps of an object in an annotation is no larger.
const LARGEST_APPLIED: usize = 262_144;

fn manifests() -> Vec<String> {
    let mut manifests = files("deploy/kubernetes", "yaml");
    manifests.extend(files("deploy/kubernetes/jobs", "yaml"));
    manifests.extend(files("deploy/kubernetes/examples", "yaml"));
    manifests
}

fn validated(version: &str, manifests: &[String]) -> Said {
    let mut arguments = vec!["-m", "kubernetes_validate", "--strict", "-k", version];
    arguments.extend(manifests.iter().map(String::as_str));
    told(&PYTHON, "python3-venv", &arguments, "")
}

/// Every object of the manifests.
fn objects() -> Vec<Value> {
    let mut objects = Vec::new();
    for path in manifests() {
        objects.extend(yaml(&read(&path)));
    }
    objects
}

fn object<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let found = objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// What runs pods: the name, and the pod's template.
fn workloads(objects: &[Value]) -> Vec<(&str, &Value)> {
    let with_template = objects.iter().filter(|object| object["spec"]["template"].is_object());
    let workloads: Vec<(&str, &Value)> = with_template
        .map(|object| (object["metadata"]["name"].as_str().unwrap(), &object["spec"]["template"]))
        .collect();
    assert_eq!(workloads.len(), 3);
    workloads
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn the_manifests_are_what_kubernetes_schemas_ask_for_of_two_versions() {
    let manifests = manifests();
    for version in VERSIONS {
        let said = validated(version, &manifests);
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(said.succeeded, "{text}");
        assert_eq!(text.matches(" passed for resource ").count(), objects().len(), "{text}");
    }
}

#[test]
fn a_misspelt_field_and_a_wrong_type_would_be_found() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("wrong.yaml");
    for (right, wrong) in [("readOnlyRootFilesystem:", "readonlyRootFilesystem:"), ("replicas: 2", "replicas: two")] {
        let text = read("deploy/kubernetes/deployment.yaml");
        assert!(text.contains(right));
        fs::write(&path, text.replace(right, wrong)).unwrap();
        let said = validated(VERSIONS[0], &[path.to_str().unwrap().to_owned()]);
        assert!(!said.succeeded, "{wrong} is not found: {}", said.stdout);
    }
}

#[test]
fn pods_are_confined_and_may_nothing_in_the_cluster() {
    let objects = objects();
    for (name, template) in workloads(&objects) {
        let pod = &template["spec"];
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        object(&objects, "ServiceAccount", pod["serviceAccountName"].as_str().unwrap());
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        let [container] = list(&pod["containers"]) else { panic!("{name}: one container") };
        let context = &container["securityContext"];
        assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(words(&context["capabilities"]["drop"]), ["ALL"], "{name}");
        assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        assert!(container["resources"]["requests"]["cpu"].is_string(), "{name}");
        assert_eq!(container["image"], format!("cardgenius:{}", env!("CARGO_PKG_VERSION")), "{name}");
    }
}

#[test]
fn what_pods_refer_to_is_there() {
    let objects = objects();
    for (name, template) in workloads(&objects) {
        let pod = &template["spec"];
        let container = &pod["containers"][0];
        for source in list(&container["envFrom"]) {
            object(&objects, "ConfigMap", source["configMapRef"]["name"].as_str().unwrap());
        }
        let mounted: Vec<&str> =
            list(&container["volumeMounts"]).iter().map(|mount| mount["name"].as_str().unwrap()).collect();
        for volume in list(&pod["volumes"]) {
            assert!(mounted.contains(&volume["name"].as_str().unwrap()), "{name}: {volume} is mounted nowhere");
            if let Some(secret) = volume["secret"]["secretName"].as_str() {
                let keys = &object(&objects, "Secret", secret)["stringData"];
                for item in list(&volume["secret"]["items"]) {
                    assert!(keys[item["key"].as_str().unwrap()].is_string(), "{name}: {item}");
                }
            } else {
                object(&objects, "ConfigMap", volume["configMap"]["name"].as_str().unwrap());
            }
        }
        assert_eq!(mounted.len(), list(&pod["volumes"]).len(), "{name}");
        for file in files_that_are_named(&objects, container) {
            let found = list(&container["volumeMounts"]).iter().any(|mount| has(&objects, pod, mount, file));
            assert!(found, "{name}: {file} is in no volume");
        }
    }
}

/// The files that the settings of a container name.
fn files_that_are_named<'o>(objects: &'o [Value], container: &'o Value) -> Vec<&'o str> {
    let of_itself = list(&container["env"]).iter().map(|variable| &variable["value"]);
    let settings = object(objects, "ConfigMap", "cardgenius")["data"].as_object().unwrap().values();
    let files: Vec<&str> =
        of_itself.chain(settings).map(|value| value.as_str().unwrap()).filter(|value| value.starts_with('/')).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    files
}

/// Whether this mount of the pod brings the file.
fn has(objects: &[Value], pod: &Value, mount: &Value, file: &str) -> bool {
    let Some(key) = file.strip_prefix(mount["mountPath"].as_str().unwrap()).and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    let volume = list(&pod["volumes"]).iter().find(|volume| volume["name"] == mount["name"]).unwrap();
    match volume["configMap"]["name"].as_str() {
        Some(map) => object(objects, "ConfigMap", map)["data"][key].is_string(),
        None => list(&volume["secret"]["items"]).iter().any(|item| item["path"] == key),
    }
}

#[test]
fn whoever_selects_pods_finds_them() {
    let objects = objects();
    let labels = |name: &str, kind: &str| &object(&objects, kind, name)["spec"]["template"]["metadata"]["labels"];
    let daemon = labels("cardgenius", "Deployment");
    let finds = |selector: &Value, labels: &Value| {
        let wanted = selector.as_object().unwrap();
        !wanted.is_empty() && wanted.iter().all(|(key, value)| &labels[key] == value)
    };
    let deployment = &object(&objects, "Deployment", "cardgenius")["spec"];
    assert!(finds(&deployment["selector"]["matchLabels"], daemon));
    assert!(finds(
        &deployment["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        daemon
    ));
    let budget = &object(&objects, "PodDisruptionBudget", "cardgenius")["spec"];
    assert!(finds(&budget["selector"]["matchLabels"], daemon));
    assert!(budget["minAvailable"].as_u64() < deployment["replicas"].as_u64(), "no node could ever be drained");
    let service = &object(&objects, "Service", "cardgenius")["spec"];
    let policy = &object(&objects, "NetworkPolicy", "cardgenius")["spec"];
    for (name, template) in workloads(&objects) {
        assert!(finds(&policy["podSelector"]["matchLabels"], &template["metadata"]["labels"]), "{name}");
        let is_daemon = name == "cardgenius";
        assert_eq!(finds(&budget["selector"]["matchLabels"], &template["metadata"]["labels"]), is_daemon, "{name}");
        let serves = list(&template["spec"]["containers"][0]["ports"]).iter().any(|port| port["name"] == "http");
        assert_eq!(finds(&service["selector"], &template["metadata"]["labels"]), serves, "{name}");
    }
    let ports =
        |rule: &Value| list(&rule["ports"]).iter().map(|port| port["port"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ports(&policy["ingress"][0]), [9187]);
    assert!(policy["ingress"][0]["from"][0]["namespaceSelector"].is_object());
    assert_eq!(list(&policy["egress"]).iter().map(ports).collect::<Vec<_>>(), [vec![53, 53], vec![5432, 3306]]);
}

#[test]
fn the_daemon_is_asked_how_it_is_where_it_listens() {
    let objects = objects();
    let container = &object(&objects, "Deployment", "cardgenius")["spec"]["template"]["spec"]["containers"][0];
    let port = &container["ports"][0];
    assert_eq!((&port["name"], &port["containerPort"]), (&"http".into(), &9187.into()));
    for (probe, path) in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        let get = &container[probe]["httpGet"];
        assert_eq!((&get["path"], &get["port"]), (&path.into(), &"http".into()), "{probe}");
    }
    let settings = &object(&objects, "ConfigMap", "cardgenius")["data"];
    assert_eq!(settings["CARDGENIUS_HTTP__LISTEN"], "0.0.0.0:9187");
}

#[test]
fn the_program_knows_what_it_is_told_and_is_left_the_time_that_it_takes() {
    let objects = objects();
    let settings = object(&objects, "ConfigMap", "cardgenius")["data"].as_object().unwrap();
    // Each container's own variables name files with passwords.
    let folder = TempDir::new().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "secret").unwrap();
    for (name, template) in workloads(&objects) {
        let pod = &template["spec"];
        assert!(pod["terminationGracePeriodSeconds"].as_f64().unwrap() > stop_seconds() + 5.0, "{name}");
        let container = &pod["containers"][0];
        is_a_command_line(&words(&container["args"]));
        let own = list(&container["env"]).iter().map(|one| (one["name"].as_str().unwrap(), password.to_str().unwrap()));
        are_settings(settings.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).chain(own));
    }
}

#[test]
fn applying_the_folder_neither_overwrites_passwords_nor_starts_a_job() {
    let kinds: Vec<Value> = files("deploy/kubernetes", "yaml")
        .iter()
        .flat_map(|path| yaml(&read(path)))
        .map(|object| object["kind"].clone())
        .collect();
    assert!(kinds.contains(&"Deployment".into()), "{kinds:?}");
    assert!(!kinds.contains(&"Secret".into()) && !kinds.contains(&"Job".into()), "{kinds:?}");
}

#[test]
fn jobs_are_not_tried_again_where_that_mends_nothing() {
    let objects = objects();
    for (name, codes) in [("cardgenius-backfill", vec![1, 3, 4, 64]), ("cardgenius-migrate", vec![64])] {
        let job = &object(&objects, "Job", name)["spec"];
        assert_eq!(job["template"]["spec"]["restartPolicy"], "Never", "{name}: without it there is no policy");
        let rules = list(&job["podFailurePolicy"]["rules"]);
        let fails = rules.iter().find(|rule| rule["action"] == "FailJob").unwrap();
        assert_eq!(fails["onExitCodes"]["values"], Value::from(codes), "{name}");
        assert_eq!(fails["onExitCodes"]["containerName"], job["template"]["spec"]["containers"][0]["name"], "{name}");
    }
}

#[test]
fn the_catalogue_is_the_built_in_one_and_not_too_large() {
    let text = read("deploy/kubernetes/catalogue.yaml");
    let map = yaml(&text).remove(0);
    let catalogue = fs::read_to_string(root().join("catalog/cards.json")).unwrap();
    assert!(map["data"]["cards.json"] == catalogue.as_str(), "catalog/cards.json has changed: `make manifests`");
    assert!(text.len() < LARGEST_OBJECT && map.to_string().len() < LARGEST_APPLIED, "{}", map.to_string().len());
}
