use sop::ManualClock;

use super::*;

const RIGHT: &str = "correct horse battery";

struct Test {
    accounts: Accounts,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir, clock: &Arc<ManualClock>) -> Accounts {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Accounts::open_with(folder.path().join("data/accounts.private"), clock).unwrap()
}

fn new(name: &str, role: Role) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: RIGHT.to_owned(),
        role,
        ..NewUser::default()
    }
}

fn test() -> Test {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(1_000_000));
    let accounts = open(&folder, &clock);
    Test {
        accounts,
        clock,
        folder,
    }
}

#[test]
fn nothing_is_made_before_there_is_somebody_and_the_first_manages() {
    let test = test();
    assert!(!test.accounts.is_on());
    assert!(test.accounts.recognise("ada", RIGHT).unwrap().is_none());
    assert!(!test.folder.path().join("data").exists());
    let refused = test.accounts.add_user(&new("ada", Role::Editor));
    assert!(refused.unwrap_err().to_string().contains("administrator"));
    test.accounts.add_user(&new("ada", Role::Admin)).unwrap();
    assert!(test.accounts.is_on());
    let taken = test.accounts.add_user(&new("ADA", Role::Viewer));
    assert!(matches!(taken, Err(AccountError::Exists { .. })));
    assert!(test.accounts.recognise("Ada", RIGHT).unwrap().is_some());
    assert!(test.accounts.recognise("ada", "wrong").unwrap().is_none());
}

#[test]
fn bad_names_and_passwords_are_refused_with_their_place() {
    let test = test();
    let at = |name: &str, password: &str| {
        let new = NewUser {
            password: password.to_owned(),
            ..new(name, Role::Admin)
        };
        match test.accounts.add_user(&new) {
            Err(AccountError::Invalid { at, .. }) => at,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(at("", RIGHT), "/name");
    assert_eq!(at("a b", RIGHT), "/name");
    assert_eq!(at("Token", RIGHT), "/name");
    assert_eq!(at("grace", "short"), "/password");
    assert_eq!(at("grace", "grace-hopper-1"), "/password");
    assert_eq!(at("ada", &"a".repeat(12)), "/password");
    assert_eq!(at("ada", &"ab".repeat(1_000)), "/password");
}

#[test]
fn the_last_administrator_stays() {
    let test = test();
    let accounts = &test.accounts;
    accounts.add_user(&new("ada", Role::Admin)).unwrap();
    let last = |result: Result<UserInfo>| matches!(result, Err(AccountError::LastAdmin { .. }));
    let role = |role| UserChange {
        role: Some(role),
        ..UserChange::default()
    };
    let disabled = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    assert!(last(accounts.remove_user("ada")));
    assert!(last(accounts.change_user("ada", &role(Role::Editor))));
    assert!(last(accounts.change_user("ada", &disabled)));
    accounts.add_user(&new("bob", Role::Admin)).unwrap();
    accounts.change_user("ada", &disabled).unwrap();
    assert!(last(accounts.remove_user("bob")));
    accounts.remove_user("ada").unwrap();
}

#[test]
fn sessions_end_by_time_by_hand_and_by_a_new_password() {
    let test = test();
    let accounts = &test.accounts;
    accounts.add_user(&new("ada", Role::Admin)).unwrap();
    let open = || accounts.open_session("ada", "10.0.0.1", "test").unwrap();
    let one = open();
    let two = open();
    assert_eq!(accounts.by_session(&one.secret).unwrap().user, "ada");
    assert!(accounts.by_session(&one.id).is_none());
    assert_eq!(accounts.sessions(Some("ADA")).len(), 2);
    let change = UserChange {
        password: Some("another long password".to_owned()),
        keep_session: Some(two.id.clone()),
        ..UserChange::default()
    };
    accounts.change_user("ada", &change).unwrap();
    assert!(accounts.by_session(&one.secret).is_none());
    assert!(accounts.by_session(&two.secret).is_some());
    assert!(accounts.end_session(&two.id, Some("bob")).is_err());
    accounts.end_session(&two.id, Some("ada")).unwrap();
    assert!(accounts.by_session(&two.secret).is_none());
    let three = open();
    test.clock.advance_ms(7 * 24 * 3_600_000);
    assert!(accounts.by_session(&three.secret).is_none());
    let four = open();
    for _ in 0..29 {
        test.clock.advance_ms(24 * 3_600_000);
        assert!(accounts.by_session(&four.secret).is_some());
    }
    test.clock.advance_ms(24 * 3_600_000);
    assert!(accounts.by_session(&four.secret).is_none());
}

#[test]
fn tokens_are_capped_end_and_are_revoked_at_once() {
    let test = test();
    let accounts = &test.accounts;
    accounts.add_user(&new("ada", Role::Admin)).unwrap();
    accounts.add_user(&new("eve", Role::Editor)).unwrap();
    let make = |role, life_ms| {
        let new = NewToken {
            user: "eve".to_owned(),
            name: "nightly".to_owned(),
            role,
            life_ms,
        };
        accounts.make_token(&new).unwrap()
    };
    let (info, text) = make(Some(Role::Analyst), Some(1_000));
    assert!(!info.id.is_empty() && !text.contains(&info.id));
    assert_eq!(accounts.by_token(&text).unwrap().role, Role::Analyst);
    assert_eq!(make(Some(Role::Admin), None).0.role, Role::Editor);
    test.clock.advance_ms(1_000);
    assert!(accounts.by_token(&text).is_none());
    let (info, text) = make(None, None);
    let demoted = UserChange {
        role: Some(Role::Viewer),
        ..UserChange::default()
    };
    accounts.change_user("eve", &demoted).unwrap();
    assert_eq!(accounts.by_token(&text).unwrap().role, Role::Viewer);
    assert!(accounts.remove_token(&info.id, Some("ada")).is_err());
    accounts.remove_token(&info.id, Some("eve")).unwrap();
    assert!(accounts.by_token(&text).is_none());
    let (_, text) = make(None, None);
    accounts.remove_user("eve").unwrap();
    assert!(accounts.by_token(&text).is_none() && accounts.tokens(None).is_empty());
}

#[test]
fn all_of_it_is_there_after_a_restart_and_no_secret_is_on_disk() {
    let test = test();
    test.accounts.add_user(&new("ada", Role::Admin)).unwrap();
    let session = test.accounts.open_session("ada", "::1", "test").unwrap();
    let new = NewToken {
        user: "ada".to_owned(),
        name: "t".to_owned(),
        ..NewToken::default()
    };
    let (_, token) = test.accounts.make_token(&new).unwrap();
    let held = Accounts::open(test.folder.path().join("data/accounts.private"));
    assert!(matches!(held, Err(AccountError::InUse { .. })));
    test.accounts.close();
    for file in std::fs::read_dir(test.folder.path().join("data/accounts.private")).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for secret in [RIGHT, &session.secret, &token] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    let again = open(&test.folder, &test.clock);
    assert!(again.is_on());
    assert!(again.by_session(&session.secret).is_some());
    assert!(again.by_token(&token).is_some());
    assert!(again.recognise("ada", RIGHT).unwrap().is_some());
}
