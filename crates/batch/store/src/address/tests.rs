use proptest::prelude::*;

use super::*;
use crate::family::read_address;

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn rule(text: &str) -> String {
    read_address(text).unwrap_err().to_string()
}

#[test]
fn what_would_end_a_user_or_a_password_too_early_is_refused_with_how_to_write_it() {
    for text in [
        "postgres://scr:abc@S3cretPart@127.0.0.1:5432/base",
        "mysql://scr:abc@S3cretPart@127.0.0.1:3306/base",
        "postgres://S3cretPart@scr:abc@127.0.0.1/base",
        "postgres://scr:abc/S3cretPart@127.0.0.1:5432/base",
        "postgres://scr:abc?S3cretPart@127.0.0.1:5432/base",
        "postgres://scr:abc#S3cretPart@127.0.0.1:5432/base",
        "postgres://scr:123/S3cretPart@127.0.0.1/base",
        "mysql://scr:12#S3cretPart@127.0.0.1/base",
    ] {
        let rule = rule(text);
        assert!(rule.contains("%40") && rule.contains("%2F") && !rule.contains("S3cret"), "{text}: {rule}");
    }
}

#[test]
fn a_percent_sign_that_begins_no_code_is_refused() {
    for text in [
        "postgres://ann:S3cr%t@db/x",
        "postgres://ann:S3cr%@db/x",
        "postgres://ann:S3cr%4@db/x",
        "postgres://ann:S3cr%4g%41@db/x",
        "postgres://ann:S3cr%é@db/x",
        "postgres://ann@db/x?password=S3cr%t",
        "mysql://ann:S3cr%%41@db/x",
        "postgres://S3cr%t@db/x",
    ] {
        let rule = rule(text);
        assert!(rule.contains("as %25") && !rule.contains("S3cr"), "{text}: {rule}");
    }
    assert_eq!(Address::parse("postgres://a:%41%25%2f@db/x").unwrap().password(), Some(b"A%/".as_slice()));
    assert_eq!(Address::parse("postgres://a:%FF@db/x").unwrap().password(), Some([0xff].as_slice()));
}

#[test]
fn hosts_are_names_numbers_or_sockets_and_nothing_that_could_be_a_password() {
    for text in [
        "postgres://ann@::1/x",
        "postgres://ann@[::1/x",
        "postgres://ann@[db]/x",
        "postgres://ann@[::1]5432/x",
        "postgres://ann@db:/x",
        "postgres://ann@db:0/x",
        "postgres://ann@db:65536/x",
        "postgres://ann@h1,,h2/x",
        "postgres://ann@:5432/x",
        "postgres://ann@a%40b/x",
        "postgres:///x?host=a%3Ab",
        "mysql://ann@%2Frun%2Fmysqld/x",
        "postgres:///x?user=ann",
        "postgres://ann@db/x?hostaddr=localhost",
        "postgres://ann@h1,h2/x?hostaddr=127.0.0.1",
        "postgres:///x?host=h1,h2,h3&port=1,2",
    ] {
        assert!(read_address(text).is_err(), "{text}");
    }
    let place = |text: &str| Address::parse(text).unwrap().place(5432);
    assert_eq!(place("postgres://ann@h1,[::1]:6000,%2Frun%2Fpg/x"), "h1:5432,[::1]:6000,/run/pg:5432/x");
    assert_eq!(place("postgresql:///x?host=/run/a%2Cb,h2&port=7"), "/run/a,b:7,h2:7/x");
    assert_eq!(place("postgres://h1,h2/x?port=1,2"), "h1:1,h2:2/x");
    assert_eq!(place("postgres:///x?host=::1"), "[::1]:5432/x");
}

#[test]
fn a_part_that_is_given_twice_is_refused() {
    for text in [
        "postgres://ann@db/x?user=bob",
        "postgres://ann:one@db/x?password=two",
        "postgres://ann@db/x?dbname=y",
        "postgres://ann@db/x?host=other",
        "postgres://ann@db:1/x?port=2",
        "postgres://ann@db/x?sslmode=require&sslmode=disable",
        "mysql://ann@db/x?ssl-mode=REQUIRED&ssl%2Dmode=DISABLED",
    ] {
        assert!(rule(text).contains("once"), "{text}: {}", rule(text));
    }
}

#[test]
fn an_option_that_is_not_known_is_refused_with_those_that_are() {
    for option in ["schema", "pgbouncer", "ssl", "gssencmode", "currentSchema", "require_auth"] {
        let rule = rule(&format!("postgres://ann:S3cret@db/x?{option}=S3cret"));
        assert!(rule.contains(option) && rule.contains("sslmode") && !rule.contains("S3cret"), "{rule}");
    }
    for (scheme, option) in [("postgres", "sslcert"), ("postgres", "sslkey"), ("mysql", "ssl-key")] {
        assert!(
            rule(&format!("{scheme}://ann@db/x?{option}=a")).contains("certificate of the client is not supported")
        );
    }
    for option in POSTGRES_OPTIONS {
        let rule = read_address(&format!("postgres://ann@db/x?{option}=~")).map_err(|error| error.to_string());
        assert!(
            rule.err().is_none_or(|rule| !rule.contains("is not known:") || rule.contains(&format!("{option}=~"))),
            "{option}"
        );
    }
}

#[test]
fn addresses_of_other_tools_are_refused_by_their_form() {
    for text in [
        "jdbc:postgresql://ann:S3cret@db/x",
        "postgresql+psycopg2://ann:S3cret@db/x",
        "mysql+pymysql://ann:S3cret@db/x",
        "mariadb://ann:S3cret@db/x",
        "MYSQL://ann:S3cret@db/x",
        "host=db password=S3cret",
    ] {
        let rule = rule(text);
        assert!(rule.contains("postgres://") && !rule.contains("S3cret"), "{text}: {rule}");
    }
}

/// Any text but the empty one.
fn text() -> impl Strategy<Value = String> {
    prop::string::string_regex("(?s).{1,12}").unwrap()
}

fn host() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-z0-9][a-z0-9._-]{0,10}".prop_map(|name| (name.clone(), name)),
        any::<std::net::Ipv6Addr>().prop_map(|number| (format!("[{number}]"), number.to_string())),
        any::<std::net::Ipv4Addr>().prop_map(|number| (number.to_string(), number.to_string())),
        text().prop_map(|folder| (encoded(&format!("/{folder}")), format!("/{folder}"))),
    ]
}

proptest! {
    #[test]
    fn the_parts_that_are_written_are_the_parts_that_are_read_and_no_secret_is_shown(
        user in text(),
        secret in text().prop_map(|text| format!("S3cret{text}S3cret")),
        hosts in prop::collection::vec((host(), prop::option::of(1_u16..)), 1..4),
        database in text(),
        as_options in any::<bool>(),
    ) {
        let written: Vec<String> = hosts.iter().map(|((written, _), port)| match port {
            Some(port) => format!("{written}:{port}"),
            None => written.clone(),
        }).collect();
        let (user_code, secret_code, database_code) = (encoded(&user), encoded(&secret), encoded(&database));
        let url = if as_options {
            format!("postgres://{}/?user={user_code}&password={secret_code}&dbname={database_code}", written.join(","))
        } else {
            format!("postgres://{user_code}:{secret_code}@{}/{database_code}", written.join(","))
        };
        let address = Address::parse(&url).unwrap();
        prop_assert_eq!(address.user.as_deref(), Some(user.as_str()));
        prop_assert_eq!(address.password(), Some(secret.as_bytes()));
        prop_assert_eq!(address.database.as_deref(), Some(database.as_str()));
        let read: Vec<_> = address.hosts.iter().map(|host| (host.name.clone(), host.port)).collect();
        let expected: Vec<_> = hosts.into_iter().map(|((_, name), port)| (name, port)).collect();
        prop_assert_eq!(read, expected);
        for told in [address.to_string(), format!("{address:?}"), address.place(5432)] {
            prop_assert!(!told.contains("S3cret"), "{}", told);
        }
    }

    #[test]
    fn no_text_makes_a_refusal_or_a_host_of_a_password(
        family in prop_oneof![Just("postgres"), Just("mysql")],
        password in "S3cret[!-~]{0,8}S3cret",
        rest in "[a-z]{1,8}",
    ) {
        let read = read_address(&format!("{family}://ann:{password}@db.example/{rest}"));
        match read {
            Ok(address) => {
                let hosts: Vec<&str> = address.hosts.iter().map(|host| host.name.as_str()).collect();
                prop_assert_eq!(hosts, ["db.example"]);
                let told = [address.to_string(), format!("{address:?}"), address.place(1)].concat();
                prop_assert!(!told.contains("S3cret"), "{}", told);
                let decoded: Vec<u8> = percent_encoding::percent_decode_str(&password).collect();
                prop_assert_eq!(address.password().unwrap(), decoded.as_slice());
            }
            Err(error) => prop_assert!(!error.to_string().contains("S3cret"), "{}", error),
        }
    }
}
