use host_api::identifier::Digest;
use store::documents::{
    self, About, Attachment, NewAttachment, NewVersion, Review, ReviewStatus, Version,
};
use store::{ReadError, Tx, WriteError};

use crate::scene::Scene;

fn document(content: &str) -> NewVersion {
    NewVersion {
        name: "Deploy".to_owned(),
        kind: "Automation".to_owned(),
        format: "YAML".to_owned(),
        content: content.to_owned(),
        digest: Digest::of(content.as_bytes()),
        created_ms: 1,
        about: About::default(),
    }
}

impl Scene {
    fn add_version(&self, new: NewVersion) -> Result<u64, WriteError> {
        self.store.write_blocking(move |tx| documents::add_version(tx, &new))
    }

    fn try_change<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.store.write_blocking(body)
    }

    fn version(&self, version: Version) -> Option<(u64, String)> {
        let found = self.store.read_blocking(|tx| documents::get(tx, "Deploy", version)).unwrap();
        found.map(|found| (found.version, found.content))
    }
}

#[test]
fn document_versions_are_numbered_and_never_change() {
    let scene = Scene::new();
    assert_eq!(scene.add_version(document("a")), Ok(1));
    assert_eq!(scene.add_version(document("b")), Ok(2));
    assert_eq!(scene.version(Version::Default), Some((1, "a".to_owned())));
    assert_eq!(scene.version(Version::Latest), Some((2, "b".to_owned())));
    assert_eq!(scene.version(Version::Number(3)), None);
    let set_default =
        |version| scene.try_change(move |tx| documents::set_default(tx, "Deploy", version));
    set_default(2).unwrap();
    assert!(matches!(set_default(3), Err(WriteError::Read(ReadError::NotFound { .. }))));
    assert_eq!(scene.version(Version::Default), Some((2, "b".to_owned())));
    let command = NewVersion { kind: "Command".to_owned(), ..document("c") };
    assert!(matches!(
        scene.add_version(command),
        Err(WriteError::Invalid { what: "document", .. })
    ));
    scene.add_version(NewVersion { name: "Drain".to_owned(), ..document("a") }).unwrap();
    let names = |prefix, after| {
        let list = scene.store.read_blocking(|tx| documents::list(tx, prefix, after, 10)).unwrap();
        list.into_iter().map(|document| document.name).collect::<Vec<_>>()
    };
    assert_eq!(names("D", None), ["Deploy", "Drain"]);
    assert_eq!(names("De", None), ["Deploy"]);
    assert_eq!(names("", Some("Deploy")), ["Drain"]);
    let versions = scene.store.read_blocking(|tx| documents::versions(tx, "Deploy")).unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(scene.try_change(|tx| documents::delete(tx, "Deploy")), Ok(true));
    assert_eq!(names("", None), ["Drain"]);
}

#[test]
fn versions_are_written_as_ssm_writes_them() {
    let cases = [
        ("$DEFAULT", Some(Version::Default)),
        ("$LATEST", Some(Version::Latest)),
        ("12", Some(Version::Number(12))),
        ("0", None),
        ("", None),
        ("+1", None),
        ("$latest", None),
        ("9223372036854775808", None),
        ("99999999999999999999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Version::parse(text), expected, "{text:?}");
    }
}

#[test]
fn a_number_is_not_given_twice() {
    let scene = Scene::new();
    for content in ["a", "b", "c"] {
        scene.add_version(document(content)).unwrap();
    }
    let delete =
        |version| scene.try_change(move |tx| documents::delete_version(tx, "Deploy", version));
    delete(3).unwrap();
    assert_eq!(scene.version(Version::Latest), Some((2, "b".to_owned())));
    assert!(matches!(delete(3), Err(WriteError::Read(ReadError::NotFound { .. }))));
    assert!(matches!(delete(1), Err(WriteError::InUse { .. })), "the default stays");
    assert_eq!(scene.add_version(document("d")), Ok(4));
    let page = |before, limit| {
        let read =
            move |tx: &store::ReadTx<'_>| documents::versions_before(tx, "Deploy", before, limit);
        let found = scene.store.read_blocking(read).unwrap();
        found.into_iter().map(|version| version.version).collect::<Vec<_>>()
    };
    assert_eq!((page(None, 2), page(Some(2), 9)), (vec![4, 2], vec![1]));
}

#[test]
fn a_version_name_is_taken_once() {
    let scene = Scene::new();
    let about = About { version_name: Some("base".to_owned()), ..About::default() };
    let named = |content| NewVersion { about: about.clone(), ..document(content) };
    scene.add_version(named("a")).unwrap();
    assert!(matches!(scene.add_version(named("b")), Err(WriteError::Exists { .. })));
    scene.add_version(NewVersion { name: "Drain".to_owned(), ..named("a") }).unwrap();
    let found = scene.store.read_blocking(|tx| documents::named(tx, "Deploy", "base"));
    assert_eq!(found, Ok(Some(1)));
}

#[test]
fn files_stay_while_a_version_has_them() {
    let scene = Scene::new();
    for content in ["a", "b"] {
        scene.add_version(document(content)).unwrap();
    }
    let digest = Digest::of(b"file");
    let file = |name: &str, content: Option<&[u8]>| NewAttachment {
        attachment: Attachment { file: name.to_owned(), digest: digest.clone(), bytes: 4 },
        content: content.map(<[u8]>::to_vec),
    };
    let attach = |version, file: NewAttachment| {
        scene.try_change(move |tx| {
            documents::attach(tx, "Deploy", version, std::slice::from_ref(&file))
        })
    };
    assert!(matches!(
        attach(1, file("one", None)),
        Err(WriteError::Read(ReadError::NotFound { .. }))
    ));
    attach(1, file("one", Some(b"file"))).unwrap();
    attach(2, file("two", None)).unwrap();
    let read = |version, name: &str| {
        let name = name.to_owned();
        let read =
            move |tx: &store::ReadTx<'_>| documents::attachment(tx, "Deploy", version, &name);
        scene.store.read_blocking(read).unwrap()
    };
    scene.try_change(|tx| documents::set_default(tx, "Deploy", 2)).unwrap();
    scene.try_change(|tx| documents::delete_version(tx, "Deploy", 1)).unwrap();
    assert_eq!((read(1, "one"), read(2, "two")), (None, Some(b"file".to_vec())));
    scene.try_change(|tx| documents::delete(tx, "Deploy")).unwrap();
    scene.add_version(document("a")).unwrap();
    assert!(attach(1, file("one", None)).is_err(), "the file went with its last version");
}

#[test]
fn shares_and_reviews_keep_their_order_and_go_with_the_document() {
    let scene = Scene::new();
    scene.add_version(document("a")).unwrap();
    for account in ["222222222222", "111111111111", "222222222222"] {
        scene.try_change(move |tx| documents::share(tx, "Deploy", account, "$ALL")).unwrap();
    }
    let shares = || {
        let found =
            scene.store.read_blocking(|tx| documents::shares(tx, "Deploy", None, 9)).unwrap();
        found.into_iter().map(|share| share.account_id).collect::<Vec<_>>()
    };
    assert_eq!(shares(), ["222222222222", "111111111111"]);
    for status in [ReviewStatus::Pending, ReviewStatus::Approved] {
        let review =
            Review { id: 0, status, reviewer: "os:1000".to_owned(), comment: None, created_ms: 1 };
        scene.try_change(move |tx| documents::add_review(tx, "Deploy", 1, &review)).unwrap();
    }
    let found =
        scene.store.read_blocking(|tx| documents::reviews(tx, "Deploy", 1, None, 9)).unwrap();
    assert_eq!(found[0].status, ReviewStatus::Approved);
    assert_eq!(found.len(), 2);
    let approved = ReviewStatus::Approved;
    let latest =
        scene.store.read_blocking(|tx| documents::latest_with_review(tx, "Deploy", approved));
    assert_eq!(latest, Ok(Some(1)));
    scene.try_change(|tx| documents::delete(tx, "Deploy")).unwrap();
    assert_eq!(scene.store.read_blocking(documents::count), Ok(0));
    assert!(shares().is_empty());
}
