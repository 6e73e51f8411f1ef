//! Signing in where credentials have expired: one action, a box, and every origin that shares it comes back.

use crate::{
    config::{aws::AwsFiles, place::Place, settings::Settings},
    console::{
        effect::{Effect, Source},
        origin::Origin,
        testing::Bench,
        update::{Fault, SignInUpdate, Trouble, Update},
    },
};

const CONFIG: &str = "\
[profile prod]
sso_session = corp
region = eu-west-1
[profile stage]
sso_session = corp
region = us-east-1
[profile ops]
source_profile = keys
role_arn = arn:aws:iam::123456789012:role/ops
mfa_serial = arn:aws:iam::123456789012:mfa/ann
region = eu-west-1
[profile keys]
region = eu-west-1
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
";

/// Looks at these profiles, the credentials of which are not taken.
fn expired(names: &[&str]) -> Bench {
    let mut bench = Bench::at(Settings::default(), vec![Place { name: "start".to_owned(), ..Place::default() }]);
    bench.state.catalogue.aws = AwsFiles::parse(CONFIG, "[keys]\naws_access_key_id = AKIA\n");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    bench.state.set_scope(&names, &mut bench.fx);
    for origin in bench.state.origins.scope().to_vec() {
        bench.connect(origin);
        let trouble = Trouble::new("no credentials: the session has ended", Some("Sign in again."));
        bench.fail_of(origin, Source::Nodes, Trouble { fault: Some(Fault::Credentials), ..trouble });
    }
    bench.fx.clear();
    bench
}

fn connects(bench: &Bench) -> Vec<Origin> {
    let connects = bench.fx.iter().filter_map(|effect| match effect {
        Effect::Connect { origin, .. } => Some(*origin),
        _ => None,
    });
    connects.collect()
}

fn say(bench: &mut Bench, update: SignInUpdate) {
    bench.apply(Update::SignIn { identifier: "corp".to_owned(), update });
}

#[test]
fn one_sign_in_serves_every_origin_of_its_session() {
    let mut bench = expired(&["prod/eu-west-1", "stage/us-east-1", "keys/eu-west-1"]);
    let [prod, stage, _] = bench.state.origins.scope()[..] else { panic!() };
    assert!(bench.screen(100, 24).contains("I sign in"));
    bench.press("shift-i");
    let begun =
        bench.fx.iter().filter(|effect| matches!(effect, Effect::SignIn(session) if session.region == "eu-central-1"));
    assert_eq!(begun.count(), 1);
    assert!(bench.screen(80, 24).contains("asking for a code"));
    let url = "https://device.sso.eu-central-1.amazonaws.com/?user_code=ABCD-EFGH".to_owned();
    say(&mut bench, SignInUpdate::Code { url: url.clone(), code: "ABCD-EFGH".to_owned() });
    insta::assert_snapshot!("signing_in_80x24", bench.screen(80, 24));
    insta::assert_snapshot!("signing_in_40x10", bench.screen(40, 10));
    bench.press("y");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::Copy { text, .. } if *text == url)));
    assert_eq!(bench.state.overlays.len(), 1, "the code is still to be compared");
    say(&mut bench, SignInUpdate::Done);
    assert!(bench.state.overlays.is_empty());
    assert_eq!(connects(&bench), [prod, stage]);
}

#[test]
fn a_sign_in_that_is_left_is_ended_and_one_that_fails_is_told() {
    let mut bench = expired(&["prod/eu-west-1"]);
    assert!(bench.screen(80, 24).contains("I sign in"));
    bench.press("shift-i esc");
    assert!(matches!(bench.fx.last(), Some(Effect::CancelSignIn)));
    // What comes too late opens nothing.
    say(&mut bench, SignInUpdate::Code { url: "https://x".to_owned(), code: "x".to_owned() });
    assert!(bench.state.overlays.is_empty());
    bench.press("shift-i");
    say(&mut bench, SignInUpdate::Failed(Trouble::new("access_denied: the user said no", None)));
    assert!(bench.state.overlays.is_empty());
    assert!(bench.screen(80, 24).contains("the user said no"));
}

#[test]
fn a_device_s_code_is_asked_for_in_the_console() {
    let mut bench = expired(&["ops/eu-west-1"]);
    bench.press("shift-i");
    assert!(bench.screen(80, 24).contains("mfa/ann"));
    bench.type_text("987321");
    bench.press("ctrl-s");
    let Some(Effect::EnterCode { profile, code, .. }) = bench.fx.last() else { panic!("{:?}", bench.fx) };
    assert_eq!((profile.source_profile.as_deref(), code.as_str()), (Some("keys"), "987321"));
    assert!(!format!("{:?}", bench.fx).contains("987321"));
    bench.apply(Update::CodeTaken(
        Origin::default(),
        Err(Trouble::new("AccessDenied: MultiFactorAuthentication failed", None)),
    ));
    assert!(bench.screen(80, 24).contains("MultiFactorAuthentication failed"));
}

#[test]
fn where_nobody_can_sign_in_it_is_said_what_to_do() {
    let mut bench = expired(&["keys/eu-west-1"]);
    let screen = bench.screen(80, 24);
    assert!(!screen.contains("sign in") && screen.contains("refresh"), "what leads nowhere is not offered\n{screen}");
    assert!(screen.contains("Put new keys for keys into ~/.aws/credentials"), "{screen}");
    bench.press("shift-i");
    assert!(bench.state.overlays.is_empty());
    let screen = bench.screen(80, 24);
    assert!(screen.contains("no way to sign in to keys/eu-west-1"), "{screen}");
    // Beside a place that one can sign in to, its own keys are meant all the same.
    let mut bench = expired(&["prod/eu-west-1", "keys/eu-west-1"]);
    let keys = bench.state.origins.scope()[1];
    let trouble = Trouble::new("InvalidClientTokenId: the security token is invalid", Some("Sign in again."));
    let trouble = Trouble { fault: Some(Fault::Credentials), ..trouble };
    bench.apply(Update::Unreachable(keys, trouble.clone()));
    let advice = bench.state.advice(&trouble).unwrap();
    assert!(advice.starts_with("Put new keys for keys"), "{advice}");
    assert!(!bench.state.can_sign_in_for(&trouble));
    // Among several, the one that one can sign in to is meant.
    let mut bench = expired(&["keys/eu-west-1", "prod/eu-west-1"]);
    assert!(bench.screen(80, 24).contains("I sign in"));
    bench.press("shift-i");
    assert!(bench.fx.iter().any(|effect| matches!(effect, Effect::SignIn(_))));
}
