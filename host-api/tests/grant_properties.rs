//! What must hold of all grants.

use host_api::grant::{Access, Grant, GrantSet, Grants, Origin};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "/", "*", "\\*", "\\\\", "\\@", "=", "."]),
        1..6,
    )
    .prop_map(|parts| parts.concat())
}

fn operation() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec!["Get", "get", "_", "*", "Parameter", "s"]);
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

fn url() -> impl Strategy<Value = String> {
    let host = prop::sample::select(vec!["a.org", "*.org", "*", "b.a.org", "10.0.0.1", "[::1]"]);
    let port = prop::sample::select(vec!["", ":443", ":80", ":8080", ":*"]);
    let piece = prop::sample::select(vec!["a", "b", "/", "*", "%41", "%2a", "%", "é", "\\*"]);
    let query = prop::sample::select(vec!["", "?", "?a=*", "?a=%62", "?*"]);
    let scheme = prop::sample::select(vec!["http", "https", "*"]);
    (scheme, host, port, prop::collection::vec(piece, 0..5), query).prop_map(
        |(scheme, host, port, path, query)| {
            format!("{scheme}://{host}{port}/{}{query}", path.concat())
        },
    )
}

fn grant() -> impl Strategy<Value = Grant> {
    let network = prop::sample::select(vec!["*", "10.0.0.0/8", "10.1.0.0/16", "::1", "fd00::/8"]);
    prop_oneof![
        Just("*".to_owned()),
        Just("ops:create".to_owned()),
        Just("ops:*".to_owned()),
        (prop::sample::select(vec!["read", "write", "*"]), text())
            .prop_map(|(verb, resource)| format!("parameters:{verb}:{resource}")),
        text().prop_map(|document| format!("commands:send:{document}")),
        (text(), text())
            .prop_map(|(document, target)| format!("commands:send:{document}@{target}")),
        (prop::sample::select(vec!["GET", "POST", "*"]), url())
            .prop_map(|(verb, url)| format!("http:{verb}:{url}")),
        network.prop_map(|range| format!("network:connect:{range}")),
        (prop::sample::select(vec!["ssm", "*"]), operation())
            .prop_map(|(service, operation)| format!("api:{service}:{operation}")),
    ]
    .prop_map(|text| Grant::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn access() -> impl Strategy<Value = Access> {
    let new = |area: &str, verb: &str, resource: String, target| Access {
        area: area.to_owned(),
        verb: verb.to_owned(),
        resource,
        target,
    };
    let url = (
        prop::sample::select(vec!["http://a.org", "https://b.a.org:443", "http://10.0.0.1:8080"]),
        prop::sample::select(vec![
            "", "/", "/a", "/ab/b", "/a%2Fb", "/%41*", "/a/../b", "/a?a=b", "/?",
        ]),
    );
    prop_oneof![
        text().prop_map(move |name| new("parameters", "read", name, None)),
        (text(), prop::option::of(text()))
            .prop_map(move |(name, target)| new("commands", "send", name, target)),
        url.prop_map(move |(host, path)| new("http", "GET", format!("{host}{path}"), None)),
        Just(new("ops", "create", String::new(), None)),
        operation().prop_map(move |name| new("api", "ssm", name.replace('*', ""), None)),
        Just(new("network", "connect", "10.1.2.3".to_owned(), None)),
    ]
}

fn grants() -> impl Strategy<Value = Grants> {
    let set = || prop::collection::vec(grant(), 0..5).prop_map(GrantSet::from_iter);
    (set(), set()).prop_map(|(first, second)| {
        Grants::new(Origin::Document, first).under(Origin::Step, second)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn display_parses_to_the_same(grant in grant()) {
        prop_assert_eq!(Grant::parse(&grant.to_string()), Ok(grant));
    }

    #[test]
    fn covering_allows_more(wide in grant(), narrow in grant(), access in access()) {
        prop_assert!(wide.covers(&wide));
        if wide.covers(&narrow) && narrow.allows(&access) {
            prop_assert!(wide.allows(&access), "{wide} covers {narrow}");
        }
    }

    #[test]
    fn covering_is_transitive(a in grant(), b in grant(), c in grant()) {
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
    }

    #[test]
    fn what_both_allow_overlaps(a in grant(), b in grant(), access in access()) {
        prop_assert!(!(a.allows(&access) && b.allows(&access)) || a.overlaps(&b));
    }

    #[test]
    fn an_intersection_allows_what_both_allow(a in grants(), b in grants(), c in grants(), access in access()) {
        let allows = |grants: &Grants| grants.allows(&access).is_ok();
        let both = a.intersect(&b);
        prop_assert_eq!(allows(&both), allows(&a) && allows(&b));
        prop_assert_eq!(allows(&both), allows(&b.intersect(&a)));
        prop_assert_eq!(allows(&both.intersect(&c)), allows(&a.intersect(&b.intersect(&c))));
        prop_assert_eq!(a.intersect(&a), a);
    }

    #[test]
    fn the_effective_list_says_the_same(grants in grants(), access in access()) {
        let listed = grants.effective().iter().any(|line| {
            line.split(" and ").all(|text| Grant::parse(text).unwrap().allows(&access))
        });
        prop_assert_eq!(listed, grants.allows(&access).is_ok());
    }
}
