use std::collections::BTreeSet;
use std::time::Duration;

use host_api::identifier::{Digest, Principal};
use services::credentials::{GRACE_MAX, TokenRequest};
use services::{Actor, ErrorKind, NewAccessKey, Services};
use store::{credentials, principals};

use crate::fixture::{Fixture, actor};

fn roles(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn key_of(services: &Services, user: &str) -> NewAccessKey {
    services.create_access_key(&actor(), user, &roles(&["reader"])).await.unwrap()
}

async fn is_known(services: &Services, id: &str) -> bool {
    services.access_key(id).await.unwrap().is_some()
}

fn audit_text(fixture: &Fixture) -> String {
    let entries = fixture.store.read_blocking(|tx| store::audit::list(tx, 0, 1_000)).unwrap();
    format!("{entries:?}")
}

#[tokio::test]
async fn an_empty_installation_gets_an_administrator_once() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let (first, second) =
        tokio::join!(services.ensure_administrator(), services.ensure_administrator());
    let made: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].principal.as_str(), "arn:aws:iam::000000000000:user/administrator");
    assert!(services.ensure_administrator().await.unwrap().is_none());
    let key = services.access_key(&made[0].id).await.unwrap().unwrap();
    assert_eq!((&key.secret, &key.user), (&made[0].secret, &made[0].user));
    let users = services.list_users(&actor()).await.unwrap();
    assert_eq!(users.iter().map(|user| &user.roles).collect::<Vec<_>>(), [&roles(&["admin"])]);
    let audit = audit_text(&fixture);
    assert!(audit.contains(&key.id) && !audit.contains(key.secret.expose()), "{audit}");
}

#[tokio::test]
async fn users_that_are_there_keep_an_administrator_away() {
    let fixture = Fixture::new();
    fixture.services.put_user(&actor(), "ann", &roles(&[])).await.unwrap();
    assert!(fixture.services.ensure_administrator().await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_is_known_until_it_is_revoked() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let new = key_of(services, "ann").await;
    assert!(new.id.len() == 20 && new.secret.expose().len() == 40);
    let key = services.access_key(&new.id).await.unwrap().unwrap();
    assert_eq!(key.principal.as_str(), "arn:aws:iam::000000000000:user/ann");
    assert_eq!(key.secret, new.secret);
    assert_ne!(services.decoy_access_key().secret, new.secret);
    assert!(!is_known(services, "AKIAAAAAAAAAAAAAAAAA").await);
    services.revoke_access_key(&actor(), &new.id).await.unwrap();
    assert!(!is_known(services, &new.id).await);
    let again = services.revoke_access_key(&actor(), &new.id).await.unwrap_err();
    assert_eq!(again.code, "NoSuchEntity");
    let actions: Vec<_> = fixture.audit_actions().into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["CreateAccessKey", "DeleteAccessKey"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_look_while_a_key_is_revoked_do_not_bring_it_back() {
    let fixture = Fixture::new();
    for _ in 0..20 {
        let new = key_of(&fixture.services, "ann").await;
        let (services, id) = (fixture.services.clone(), new.id.clone());
        let looking = tokio::spawn(async move { while is_known(&services, &id).await {} });
        fixture.services.revoke_access_key(&actor(), &new.id).await.unwrap();
        assert!(!is_known(&fixture.services, &new.id).await);
        looking.await.unwrap();
    }
}

#[tokio::test]
async fn a_revocation_whose_caller_goes_away_is_all_or_nothing() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    for polls in 0..8 {
        let new = key_of(services, &format!("user-{polls}")).await;
        assert!(is_known(services, &new.id).await);
        let revoker = actor();
        let mut revocation = Box::pin(services.revoke_access_key(&revoker, &new.id));
        for _ in 0..polls {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if revocation.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(revocation);
        tokio::task::yield_now().await;
        // What was queued is committed before this is.
        fixture.store.write(|_| Ok(())).await.unwrap();
        let stored = |tx: &store::ReadTx<'_>| credentials::access_key(tx, &new.id);
        let is_stored = fixture.store.read_blocking(stored).unwrap().is_some();
        while is_known(services, &new.id).await != is_stored {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_user_has_two_active_keys_at_most() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let first = key_of(services, "ann").await;
    let second = key_of(services, "ann").await;
    key_of(services, "bob").await;
    let third = services.create_access_key(&actor(), "ann", &roles(&[])).await.unwrap_err();
    assert_eq!((&*third.code, third.kind), ("LimitExceeded", ErrorKind::Request));
    services.set_access_key_status(&actor(), &first.id, false).await.unwrap();
    assert!(!is_known(services, &first.id).await && is_known(services, &second.id).await);
    let third = key_of(services, "ann").await;
    let back = services.set_access_key_status(&actor(), &first.id, true).await.unwrap_err();
    assert_eq!(back.code, "LimitExceeded");
    services.set_access_key_status(&actor(), &third.id, true).await.unwrap();
    services.revoke_access_key(&actor(), &third.id).await.unwrap();
    services.set_access_key_status(&actor(), &first.id, true).await.unwrap();
    assert!(is_known(services, &first.id).await);
    let keys = services.list_access_keys(&actor(), Some("ann")).await.unwrap();
    let keys: BTreeSet<_> = keys.iter().map(|key| (key.id.as_str(), key.is_active)).collect();
    assert_eq!(keys, BTreeSet::from([(first.id.as_str(), true), (second.id.as_str(), true)]));
    assert_eq!(services.list_access_keys(&actor(), None).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_rotated_key_lives_as_long_as_it_is_given() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let first = key_of(services, "ann").await;
    let second =
        services.rotate_access_key(&actor(), &first.id, Duration::from_hours(1)).await.unwrap();
    assert!(is_known(services, &first.id).await && is_known(services, &second.id).await);
    let full = services.rotate_access_key(&actor(), &second.id, Duration::ZERO).await.unwrap_err();
    assert_eq!(full.code, "LimitExceeded");
    let keys = services.list_access_keys(&actor(), Some("ann")).await.unwrap();
    let old = keys.iter().find(|key| key.id == first.id).unwrap();
    assert!(old.expires_ms.unwrap() >= old.created_ms + 3_600_000 && old.is_active);
    services.revoke_access_key(&actor(), &first.id).await.unwrap();
    let third = services.rotate_access_key(&actor(), &second.id, Duration::ZERO).await.unwrap();
    assert!(!is_known(services, &second.id).await && is_known(services, &third.id).await);
    for (id, grace, code) in [
        (&*second.id, Duration::ZERO, "InvalidInput"),
        ("AKIAAAAAAAAAAAAAAAAA", Duration::ZERO, "NoSuchEntity"),
        (&*third.id, GRACE_MAX + Duration::from_secs(1), "ValidationException"),
    ] {
        let error = services.rotate_access_key(&actor(), id, grace).await.unwrap_err();
        assert_eq!(error.code, code, "{id}: {error}");
    }
}

#[tokio::test]
async fn a_token_is_known_until_it_is_revoked_or_expires() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let request = |expires_ms| TokenRequest {
        user: "ann".to_owned(),
        roles: roles(&["reader"]),
        description: "for the pipeline".to_owned(),
        expires_ms,
    };
    let new = services.create_token(&actor(), request(Some(u64::MAX >> 1))).await.unwrap();
    let bearer = services.bearer(new.token.expose()).await.unwrap().unwrap();
    assert_eq!((&bearer.principal, &bearer.token_id), (&new.principal, &new.id));
    let other = services.create_token(&actor(), request(None)).await.unwrap();
    let wrong = format!("{}0", &new.token.expose()[..new.token.expose().len() - 1]);
    for unknown in ["", "rwt_", &wrong, &new.id, &new.token.expose().to_ascii_uppercase()] {
        assert_eq!(services.bearer(unknown).await.unwrap(), None, "{unknown}");
    }
    let stored = fixture.store.read_blocking(|tx| credentials::tokens(tx, None)).unwrap();
    assert!(stored.iter().all(|token| token.hash != new.token.expose()));
    assert!(!audit_text(&fixture).contains(new.token.expose()));

    services.revoke_token(&actor(), &new.id).await.unwrap();
    assert_eq!(services.bearer(new.token.expose()).await.unwrap(), None);
    assert!(services.bearer(other.token.expose()).await.unwrap().is_some());
    let listed = services.list_tokens(&actor(), Some("ann")).await.unwrap();
    assert_eq!(listed.iter().map(|token| &token.id).collect::<Vec<_>>(), [&other.id]);
    let again = services.revoke_token(&actor(), &new.id).await.unwrap_err();
    assert_eq!(again.code, "NoSuchEntity");
    let past = services.create_token(&actor(), request(Some(1))).await.unwrap_err();
    assert_eq!(past.code, "ValidationException");
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_nobodys() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let request = TokenRequest { user: "ann".to_owned(), ..TokenRequest::default() };
    let new = services.create_token(&actor(), request).await.unwrap();
    let hash = Digest::of(new.token.expose().as_bytes()).to_string();
    let expired = move |tx: &mut store::Tx<'_>| {
        let mut token = credentials::tokens(tx, None)?.remove(0);
        assert_eq!(token.hash, hash);
        credentials::remove_token(tx, &token.id)?;
        token.expires_ms = Some(1);
        credentials::add_token(tx, &token)
    };
    fixture.store.write(expired).await.unwrap();
    assert_eq!(services.bearer(new.token.expose()).await.unwrap(), None);
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_user_does_not_open() {
    let fixture = Fixture::new();
    let new = key_of(&fixture.services, "ann").await;
    let moved = new.id.clone();
    let stolen = move |tx: &mut store::Tx<'_>| {
        let mut key = credentials::access_key(tx, &moved)?.unwrap();
        let user =
            principals::User { name: "root".to_owned(), roles: roles(&["admin"]), created_ms: 0 };
        principals::put(tx, &user)?;
        credentials::remove_access_key(tx, &moved)?;
        key.user = user.name;
        credentials::add_access_key(tx, &key)
    };
    fixture.store.write(stolen).await.unwrap();
    let error = fixture.services.access_key(&new.id).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
}

#[tokio::test]
async fn a_use_is_written_down_soon() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let new = key_of(services, "ann").await;
    let key = services.access_key(&new.id).await.unwrap().unwrap();
    let shown = services.list_access_keys(&actor(), None).await.unwrap();
    assert_eq!(shown[0].last_used_ms, None);
    services.access_key_used(&key);
    let noted = loop {
        let shown = services.list_access_keys(&actor(), None).await.unwrap();
        if let Some(used_ms) = shown[0].last_used_ms {
            break used_ms;
        }
    };
    services.access_key_used(&services.access_key(&new.id).await.unwrap().unwrap());
    // A write that comes after shows that none was queued before it.
    services.put_user(&actor(), "bob", &roles(&[])).await.unwrap();
    let shown = services.list_access_keys(&actor(), None).await.unwrap();
    assert_eq!(shown[0].last_used_ms, Some(noted));
}

#[tokio::test]
async fn a_removed_user_is_nobody() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let key = key_of(services, "ann").await;
    let request = TokenRequest { user: "ann".to_owned(), ..TokenRequest::default() };
    let token = services.create_token(&actor(), request).await.unwrap();
    let users = services.list_users(&actor()).await.unwrap();
    assert_eq!(users[0].roles, roles(&["reader"]), "a credential without roles leaves them");
    services.delete_user(&actor(), "ann").await.unwrap();
    assert!(!is_known(services, &key.id).await);
    assert_eq!(services.bearer(token.token.expose()).await.unwrap(), None);
    let again = services.delete_user(&actor(), "ann").await.unwrap_err();
    assert_eq!(again.code, "NoSuchEntity");
}

#[tokio::test]
async fn names_are_such_as_an_arn_can_carry() {
    let services = &Fixture::new().services;
    for name in ["", "a/b", "ä", "a:b", "*", &"x".repeat(65)] {
        let none = roles(&[]);
        let error = services.create_access_key(&actor(), name, &none).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{name}");
        let error = services.put_user(&actor(), "ann", &roles(&[name])).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{name}");
    }
}

#[tokio::test]
async fn a_request_done_before_shows_no_other_secret() {
    let services = &Fixture::new().services;
    let once = actor().under_token("t");
    let new = services.create_access_key(&once, "ann", &roles(&[])).await.unwrap();
    let again = services.create_access_key(&once, "ann", &roles(&[])).await.unwrap_err();
    assert!(again.code == "EntityAlreadyExists" && again.message.contains(&new.id), "{again}");
    assert_eq!(services.list_access_keys(&actor(), None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_gives_credentials_without_leave() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let key = key_of(services, "ann").await;
    let ann = Actor::new(Principal::new("arn:aws:iam::000000000000:user/ann"));
    let admin = roles(&["admin"]);
    let denied = [
        services.create_access_key(&ann, "ann", &admin).await.map(drop),
        services.put_user(&ann, "ann", &admin).await,
        services.delete_user(&ann, "bob").await,
        services.revoke_access_key(&ann, &key.id).await,
        services.revoke_access_key(&ann, "AKIAAAAAAAAAAAAAAAAA").await,
        services.rotate_access_key(&ann, &key.id, Duration::ZERO).await.map(drop),
        services.list_tokens(&ann, None).await.map(drop),
        services
            .create_token(&ann, TokenRequest { user: "ann".to_owned(), ..Default::default() })
            .await
            .map(drop),
    ];
    for answer in denied {
        assert_eq!(answer.unwrap_err().kind, ErrorKind::Denied);
    }
    assert!(is_known(services, &key.id).await);
}
