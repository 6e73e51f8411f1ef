//! Two engines as two contexts of one console, on a real terminal.

pub mod support;

use support::{BINARY, Engine, Terminal};

/// The contexts file that calls the engines by these names, in the first one's configuration.
fn contexts(engines: &[(&str, &Engine)]) {
    let config = engines[0].1.root.path().join("config/fleetdeck");
    std::fs::create_dir_all(&config).unwrap();
    let section = |(name, engine): &(&str, &Engine)| {
        let credentials = engine.root.path().join("data/credentials");
        format!(
            "[context.{name}]\nendpoint-url = '{}'\nregion = 'us-east-1'\ncredentials-file = '{}'\n",
            engine.url,
            credentials.display()
        )
    };
    std::fs::write(config.join("contexts.toml"), engines.iter().map(section).collect::<String>()).unwrap();
    let policy = "[[policy]]\nmatch = '*prod*'\naccent = 'production'\nread-only = true\n";
    std::fs::write(config.join("settings.toml"), format!("refresh = 1\n{policy}")).unwrap();
}

#[test]
fn two_engines_are_one_list_and_one_may_die() {
    let (mut prod, mut stage) = (Engine::start(), Engine::start());
    prod.agent("shop-1", &[]);
    stage.agent("trial-1", &[]);
    prod.wait_for_nodes(1);
    stage.wait_for_nodes(1);
    contexts(&[("eu-prod", &prod), ("stage", &stage)]);
    let script = format!("{BINARY} --context eu-prod,stage; echo left-with-$?");
    let mut terminal = Terminal::run(&script, &prod.environment(), prod.root.path(), 30, 120);

    for text in ["shop-1", "trial-1", "PRODUCTION", "eu-prod read-only", "● stage"] {
        terminal.wait_for(text);
    }
    // A command on both nodes goes to the one that may be changed, and says so.
    terminal.keys("a");
    terminal.wait_for("2 marked");
    terminal.keys("r");
    terminal.wait_for("AWS-RunShellScript");
    terminal.keys("echo only-$((40+2))\x13");
    terminal.wait_for("left out, read-only: eu-prod (1 node)");
    terminal.keys("y");
    terminal.wait_for("1 node");
    terminal.wait_for("success");
    terminal.keys("1");
    terminal.wait_for("shop-1");
    // One engine dies: it is said of its origin alone, and the rows of both stay.
    stage.kill();
    terminal.wait_for("stage: cannot reach");
    terminal.wait_for("✗ stage");
    for text in ["shop-1", "trial-1", "● eu-prod"] {
        terminal.wait_for(text);
    }
    // It comes back by itself.
    stage.restart();
    terminal.wait_until_gone("stage: cannot reach");
    terminal.wait_for("● stage");

    // The box: one place alone.
    terminal.keys("@");
    terminal.wait_for("What to look at");
    terminal.keys("stage\r");
    terminal.wait_until_gone("shop-1");
    terminal.wait_for("trial-1");
    terminal.wait_until_gone("PRODUCTION");
    terminal.keys("q");
    terminal.wait_for("left-with-0");
}

/// A helper that gives out credentials and asks on the terminal would paint over the screen and take the keys: it gets no
/// terminal, its place says so, and one that need not ask works.
#[test]
fn a_credential_helper_never_has_our_terminal() {
    let mut engine = Engine::start();
    engine.agent("shop-1", &[]);
    engine.wait_for_nodes(1);
    let root = engine.root.path();
    let keys = support::read(root.join("data/credentials"));
    let key =
        |name: &str| keys.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('=')).unwrap().trim();
    let (id, secret) = (key("aws_access_key_id"), key("aws_secret_access_key"));
    let given = format!(r#"{{"Version": 1, "AccessKeyId": "{id}", "SecretAccessKey": "{secret}"}}"#);
    std::fs::write(root.join("given"), given).unwrap();
    let profile = |name: &str, helper: &str| {
        let url = &engine.url;
        format!("[profile {name}]\nregion = us-east-1\nendpoint_url = {url}\ncredential_process = {helper}\n")
    };
    let asks = "sh -c 'printf \"MFA code: \" >/dev/tty && read code </dev/tty && cat given'";
    let files = [profile("asks", asks), profile("gives", "cat given")].concat();
    std::fs::write(root.join("aws"), files).unwrap();
    let mut environment = engine.environment();
    environment.retain(|(name, _)| !name.starts_with("AWS_SHARED") && !name.starts_with("AWS_CONFIG"));
    let aws = root.join("aws").display().to_string();
    environment.extend([("AWS_CONFIG_FILE", aws), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into())]);
    let script = format!("{BINARY} --context asks/us-east-1,gives/us-east-1; echo left-with-$?");
    let mut terminal = Terminal::run(&script, &environment, root, 30, 120);
    terminal.wait_for("shop-1");
    terminal.wait_for("✗ asks/us-east-1");
    assert!(!terminal.text().contains("MFA code"), "{}", terminal.text());
    terminal.keys(":quit\r");
    terminal.wait_for("left-with-0");
}
